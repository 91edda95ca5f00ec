"""Tables as earlier versions left them."""

from query_generator.store.database import Database


def back_to_version_1(db: Database) -> None:
    """Undo the migrations since 0008: no kept product, and content hashes of version 1, which nobody can make again."""
    db.run("ALTER TABLE jobselectedproducts DROP COLUMN product, DROP COLUMN record_hash")
    db.run("ALTER TABLE quotas DROP COLUMN noted_at")
    db.run("DELETE FROM schema_migrations WHERE version >= 8")
    db.run("UPDATE job_items SET content_hash = encode(sha256(content_hash::bytea), 'hex')")
