"""Creates and migrates the tables."""

import logging

from query_generator.store.database import Database
from query_generator.store.sql import migrations

_LOG = logging.getLogger("store")


def migrate(db: Database) -> list[str]:
    """Bring the tables to the newest version; return the names of the migrations that were applied.

    Safe to run again, in several processes at once, and on documented tables that hold data: nothing is dropped and no
    row is changed.

    Raises:
        PermissionRefusedError: the role may not create tables.
        ServiceAwayError: the connection is lost; nothing was changed.
    """
    known = migrations()
    if db.one("schema.has_versions").found and len(db.rows("schema.versions")) >= len(known):
        return []
    applied = []
    with db.waiting_without_end(), db.transaction():
        db.rows("schema.lock")
        db.rows("schema.create_versions")
        there = {row.version for row in db.rows("schema.versions")}
        for version, name, sql in known:
            if version not in there:
                db.run(sql)
                db.rows("schema.add_version", version=version, name=name)
                applied.append(name)
    for name in applied:
        _LOG.info("[DB] Applied migration %s", name)
    return applied
