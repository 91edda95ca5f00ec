"""Time limits that others set on the server: ours go before them where a session may set them, the rest is named."""

import time

import pytest

from query_generator.errors import ConfigurationError
from query_generator.store.connect import open_database
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from secrets_cache import RdsConfig

LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


def test_limits_of_role_or_database_do_not_end_a_session_of_ours(rds: RdsConfig, db: Database) -> None:
    """A transaction that waits for a moment, and a statement that takes one, are not ended by what is set."""
    for limit in LIMITS:
        db.run(f"ALTER DATABASE {rds['dbname']} SET {limit} = 40")
    ours = open_database(rds)
    with ours.transaction():
        ours.run("SELECT pg_sleep(0.1)")
        time.sleep(0.1)
        assert ours.run("SELECT 1 AS one") == [(1,)]
    ours.close()


def test_a_longer_limit_for_idle_transactions_stays(rds: RdsConfig, db: Database) -> None:
    """Who wants idle transactions to end after two minutes gets that."""
    db.run(f"ALTER DATABASE {rds['dbname']} SET idle_in_transaction_session_timeout = '2min'")
    ours = open_database(rds)
    assert ours.run("SHOW idle_in_transaction_session_timeout")[0][0] == "2min"
    ours.close()


def test_a_statement_that_another_limit_ends_is_a_matter_of_configuration(db: Database) -> None:
    """It is named with what to type, since another try would end likewise."""
    db.run("SET statement_timeout = 20")
    with pytest.raises(
        ConfigurationError, match=r"statement_timeout of the role.*ALTER ROLE .postgres. SET statement_timeout"
    ):
        db.run("SELECT pg_sleep(5)")


def test_a_statement_that_a_person_cancels_is_tried_again(db: Database) -> None:
    """That is no matter of configuration."""
    with pytest.raises(DatabaseAwayError, match="cancelled it"):
        db.run("DO $$ BEGIN RAISE 'canceling statement due to user request' USING ERRCODE = '57014'; END $$")
