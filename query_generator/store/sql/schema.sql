-- name: lock
-- Another process may migrate large tables meanwhile, which takes its time; all other locks are waited for briefly.
WITH patient AS MATERIALIZED (SELECT current_setting('lock_timeout') AS usual, set_config('lock_timeout', '0', TRUE) AS none),
     locked AS MATERIALIZED (SELECT usual, pg_advisory_xact_lock(hashtext('query_generator.migrations')) AS lock FROM patient)
SELECT set_config('lock_timeout', usual, TRUE) FROM locked

-- name: create_versions
CREATE TABLE IF NOT EXISTS query_generator_schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
)

-- name: has_versions
SELECT to_regclass('query_generator_schema_migrations') IS NOT NULL AS found

-- name: versions
SELECT version FROM query_generator_schema_migrations ORDER BY version

-- name: add_version
INSERT INTO query_generator_schema_migrations (version, name) VALUES (%(version)s, %(name)s)

-- name: misfits
-- Columns and partitions of the documented tables that no job can work with, whatever the rows are.
WITH tables AS (
    SELECT oid, relname, relkind FROM pg_class
    WHERE oid IN (to_regclass('products'), to_regclass('queries'), to_regclass('jobselectedproducts'), to_regclass('job_items'))
)
SELECT t.relname AS name,
       format('its column %%s is %%s, but it has to be %%s', a.attname, format_type(a.atttypid, a.atttypmod), w.wanted) AS what
FROM tables t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type y ON y.oid = a.atttypid
JOIN (VALUES ('product_id', 'integer or bigint', 0), ('query_id', 'integer or bigint', 0),
             ('query_type', 'text, or varchar for 7 characters or more', 7),
             ('query_hash', 'text, or varchar for 64 characters', 64), ('product_hash', 'text, or varchar for 64 characters', 64),
             ('query_text', 'text, or varchar for some hundred characters', 60)) AS w (name, wanted, width)
    ON w.name = a.attname
WHERE w.width = 0 AND y.typtype <> 'd' AND a.atttypid::regtype::text NOT IN ('integer', 'bigint', 'smallint', 'numeric')
   OR w.width > 0 AND a.atttypid::regtype::text IN ('character varying', 'character') AND a.atttypmod - 4 BETWEEN 0 AND w.width - 1
UNION ALL
SELECT t.relname, format('it is partitioned by %%s, but a question can be unique only where the key is of product_id, '
                         'query_type and query_hash: partition it by these, or put a plain table in its place',
                         pg_get_partkeydef(t.oid))
FROM tables t
JOIN pg_partitioned_table p ON p.partrelid = t.oid
WHERE t.relname = 'queries'
  AND EXISTS (SELECT FROM unnest(p.partattrs::int2[]) AS k (number)
              LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
              WHERE coalesce(a.attname, '') NOT IN ('product_id', 'query_type', 'query_hash'))
LIMIT 1
