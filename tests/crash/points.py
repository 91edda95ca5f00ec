"""Finds, from outside the product, the moments at which it is broken."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from query_generator.store.connect import get_db_connection
from query_generator.store.database import Database
from query_generator.store.schema import migrate
from tests.conftest import wait_until
from tests.crash.harness import Trial

NOTIFY_CLAIMS = """
CREATE FUNCTION crash_claimed() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NOTIFY crash_claimed; RETURN NULL; END $$;
CREATE TRIGGER crash_claimed AFTER UPDATE ON job_items FOR EACH ROW
    WHEN (NEW.state = 'running' AND OLD.state <> 'running') EXECUTE FUNCTION crash_claimed();
"""
_GATE = 20261122  # an advisory lock: shared by transactions that pass the gate, exclusive for who closes it
_GATE_FUNCTION = f"""
CREATE FUNCTION crash_gate() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared({_GATE}); RETURN NULL; END $$;
"""
GATE_IN_INSERT = f"""{_GATE_FUNCTION}
CREATE TRIGGER crash_gate AFTER INSERT ON queries FOR EACH STATEMENT EXECUTE FUNCTION crash_gate();
"""
GATE_IN_COMMIT = f"""{_GATE_FUNCTION}
CREATE CONSTRAINT TRIGGER crash_gate AFTER INSERT ON queries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION crash_gate();
"""


class AtCount:
    """Does something once, when it is told for the n-th time; callable from any thread."""

    def __init__(self, number: int, action: Callable[[], object]) -> None:
        self._left = number
        self._action = action
        self._lock = threading.Lock()

    def __call__(self, *_: object) -> None:
        with self._lock:
            self._left -= 1
            due = self._left == 0
        if due:
            self._action()


def prepare(trial: Trial, sql: str) -> None:
    """Make the tables, and triggers in them that tell where the run is."""
    with get_db_connection(trial.cloud.rds) as connection:
        migrate(Database(connection))
        connection.execute(sql.encode())


@contextmanager
def own_connection(trial: Trial) -> Iterator[Any]:
    """Connect under another name than the runs."""
    with get_db_connection(trial.cloud.rds) as connection:
        connection.execute("SET application_name = 'crash test'")
        yield connection


@contextmanager
def standing_at_gate(trial: Trial, process: "subprocess.Popen[str]", saved: int) -> Iterator[Callable[[], None]]:
    """Close the gate when some items are saved, and wait until a transaction of the run stands there, or it has ended.

    The gate opens when the context is left. Gives a function that breaks the transaction instead of letting it pass.
    """
    waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
    with own_connection(trial) as connection:
        wait_until(lambda: trial.saved() >= saved or process.poll() is not None)
        connection.execute("SELECT pg_advisory_lock(%s)", [_GATE])
        wait_until(lambda: bool(trial.cloud.rows(waiting, _GATE)) or process.poll() is not None)
        yield lambda: connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({waiting})", [_GATE])
        connection.execute("SELECT pg_advisory_unlock_all()")
