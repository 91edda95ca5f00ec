"""Tables as earlier versions left them."""

from query_generator.store.database import Database


def back_to_version_1(db: Database) -> None:
    """Undo the migrations since 0008: no kept product, and content hashes of version 1, which nobody can make again."""
    db.run("ALTER TABLE jobselectedproducts DROP COLUMN product, DROP COLUMN record_hash")
    db.run("ALTER TABLE query_generator_quotas DROP COLUMN noted_at")
    db.run("DELETE FROM query_generator_schema_migrations WHERE version >= 8 AND version <> 10")
    db.run("UPDATE job_items SET content_hash = encode(sha256(content_hash::bytea), 'hex')")


def back_to_version_2(db: Database) -> None:
    """Undo migration 0012: products were kept as they were read before formats and variants were known."""
    db.run("DROP INDEX query_generator_jobselectedproducts_unread_3")
    db.run("DELETE FROM query_generator_schema_migrations WHERE version = 12")
    db.run("UPDATE job_items SET content_hash = '2:' || left(encode(sha256(content_hash::bytea), 'hex'), 62)")
    db.run(
        "UPDATE jobselectedproducts SET product = product || jsonb_build_object('brand', 'of old', 'content_hash',"
        " '2:' || left(encode(sha256((product ->> 'content_hash')::bytea), 'hex'), 62))"
    )
    db.run("UPDATE products SET product_key = 'of old' || product_key")


def back_to_common_names(db: Database) -> None:
    """Undo migration 0010: tables of ours had the names that others use as well, and a job had one row at most."""
    db.run("ALTER TABLE batch_operations DROP COLUMN query_generator")
    db.run("CREATE UNIQUE INDEX batch_operations_job ON batch_operations (job_id)")
    db.run("DELETE FROM query_generator_schema_migrations WHERE version >= 10 AND version <> 12")
    db.run(
        """
        DO $$
        DECLARE change text;
        BEGIN
          FOR change IN
            SELECT format('ALTER %s %I RENAME TO %I', CASE relkind WHEN 'i' THEN 'INDEX'
                          WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                          relname, replace(relname, 'query_generator_', ''))
            FROM pg_class WHERE relname LIKE 'query\\_generator\\_%' AND relkind IN ('r', 'i', 'S')
          LOOP
            EXECUTE change;
          END LOOP;
        END $$
        """
    )
