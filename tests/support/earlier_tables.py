"""Tables as earlier versions left them."""

from query_generator.store.database import Database


def back_to_version_1(db: Database) -> None:
    """Undo the migrations since 0008: no kept product, and content hashes of version 1, which nobody can make again."""
    db.run("ALTER TABLE jobselectedproducts DROP COLUMN product, DROP COLUMN record_hash")
    db.run("ALTER TABLE quotas DROP COLUMN noted_at")
    db.run("DELETE FROM schema_migrations WHERE version >= 8")
    db.run("UPDATE job_items SET content_hash = encode(sha256(content_hash::bytea), 'hex')")


def back_to_version_2(db: Database) -> None:
    """Undo migration 0012: products were kept as they were read before formats and variants were known."""
    db.run("DROP INDEX jobselectedproducts_unread_3")
    db.run("DELETE FROM schema_migrations WHERE version >= 12")
    db.run("UPDATE job_items SET content_hash = '2:' || left(encode(sha256(content_hash::bytea), 'hex'), 62)")
    db.run(
        "UPDATE jobselectedproducts SET product = product || jsonb_build_object('brand', 'of old', 'content_hash',"
        " '2:' || left(encode(sha256((product ->> 'content_hash')::bytea), 'hex'), 62))"
    )
    db.run("UPDATE products SET product_key = 'of old' || product_key")
