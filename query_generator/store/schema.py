"""Creates and migrates the tables."""

import logging
from collections.abc import Sequence

from query_generator.errors import ConfigurationError, PermissionRefusedError
from query_generator.store.connection_errors import TransactionConflictError
from query_generator.store.database import Database
from query_generator.store.process_identity import is_surely_gone
from query_generator.store.sql import migrations, names_used, statement

DOCUMENTED = "0001_documented_tables"
ENCODINGS = ("UTF8", "SQL_ASCII")
_LOG = logging.getLogger("store")


def migrate(db: Database) -> list[str]:
    """Bring the tables to the newest version; return the names of the migrations that were applied.

    Safe to run again, in several processes at once, and on documented tables that hold data: no row of others is
    changed.

    Raises:
        ConfigurationError: the database cannot hold every text, a documented table cannot hold what a job stores, or a
            stranger's function or operator would be called in place of one of PostgreSQL's own.
        PermissionRefusedError: the role may not create tables.
        ServiceAwayError: the connection is lost, or a run of an earlier version is at work; nothing was changed.
    """
    _require_trust(db)
    require_fit(db)
    known = migrations()
    _require_own_schema(db)
    if db.one("schema.has_versions").found and len(db.rows("schema.versions")) >= len(known):
        return []
    try:
        applied = db.with_reconnect(lambda: _apply(db, known))
    except PermissionRefusedError as exc:
        raise PermissionRefusedError(
            f"{exc} The tables are missing or out of date: run `init-db` once as a role that may make and change them."
        ) from exc
    for name in applied:
        _LOG.info("[DB] Applied migration %s", name)
    return applied


def require_fit(db: Database) -> None:
    """Make sure that the documented tables that are there can hold what a job stores. Reads only.

    Raises:
        ConfigurationError: a column is of another type or too short, or a table is partitioned in a way that is no use.
    """
    for misfit in db.rows("schema.misfits"):
        raise ConfigurationError(f"PostgreSQL, table {misfit.name}: {misfit.what}.")


def _require_trust(db: Database) -> None:
    functions, operators = names_used()
    with db.transaction():
        own = db.one("session.own")
        found = db.rows("session.shadows", schemas=own.schemas, functions=functions, operators=operators)
    if own.encoding not in ENCODINGS:
        raise ConfigurationError(
            f"PostgreSQL: the encoding of the database {own.name} is {own.encoding}, which cannot hold every text "
            "that an input or a reply may have; use a database whose encoding is UTF8."
        )
    for row in found:
        raise ConfigurationError(
            f"PostgreSQL: {row.schema}.{row.name} of role {row.owner} has a name of PostgreSQL's own and may be "
            "called in its place, with the rights of the job. Drop it, or take the schema out of the search_path."
        )


def _apply(db: Database, known: Sequence[tuple[int, str, str]]) -> list[str]:
    applied = []
    with db.migrating():
        db.rows("schema.lock")
        db.run(statement("schema.create_own"), name="schema.create_own")
        _rename_earlier(db)
        _require_own_schema(db)
        db.rows("schema.create_versions")
        there = {row.version for row in db.rows("schema.versions")}
        for version, name, sql in known:
            if version not in there:
                if name == DOCUMENTED:
                    path = db.one("schema.leave_own").before
                    db.run(sql, name=f"migration {name}")
                    db.rows("schema.return_to_own", path=path)
                else:
                    db.run(sql, name=f"migration {name}")
                db.rows("schema.add_version", version=version, name=name)
                applied.append(name)
    return applied


def _rename_earlier(db: Database) -> None:
    """Give the tables of an earlier version their present names, once its runs have ended; other tables stay.

    Raises:
        TransactionConflictError: a run of the earlier version is at work, and would lose replies that are paid.
    """
    for schema in db.rows("earlier.schema"):
        db.rows("earlier.look_there", schema=schema.name)
        living = [run for run in db.rows("earlier.living") if not is_surely_gone(run.process)]
        if living:
            raise TransactionConflictError(
                f"PostgreSQL: {len(living)} run(s) of an earlier version are at work on these tables, which get other "
                "names now. Let them end, or stop them and wait until their lease is over "
                f"({max(run.lease_seconds for run in living):g} s); then run this again."
            )
        db.run(statement("earlier.rename"), name="earlier.rename")
        _LOG.info("[DB] The tables of an earlier version have got names that begin with query_generator_")


def _require_own_schema(db: Database) -> None:
    for found in db.rows("schema.elsewhere"):
        raise ConfigurationError(
            f"PostgreSQL: DB_SCHEMA is {found.wanted}, but the tables of the jobs until now are in {found.schema}. "
            "Leave DB_SCHEMA out, or take that schema out of the search_path of the role to begin anew."
        )
