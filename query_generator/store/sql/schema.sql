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

-- name: create_own
-- The schema of DB_SCHEMA, if there is one; a role that may not create it need not, where it is there.
DO $$
BEGIN
    IF current_setting('query_generator.schema', TRUE) <> ''
        AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = current_setting('query_generator.schema')) THEN
        EXECUTE format('CREATE SCHEMA %I', current_setting('query_generator.schema'));
    END IF;
END $$

-- name: leave_own
-- For the documented tables, which do not belong there.
SELECT current_setting('search_path') AS before,
       set_config('search_path', array_to_string(ARRAY(
           SELECT quote_ident(s.name) FROM unnest(current_schemas(FALSE)) WITH ORDINALITY AS s (name, number)
           WHERE s.name <> current_setting('query_generator.schema', TRUE) ORDER BY s.number), ', '), TRUE)

-- name: return_to_own
SELECT set_config('search_path', %(path)s, TRUE)

-- name: elsewhere
SELECT n.nspname AS schema, current_setting('query_generator.schema') AS wanted
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('query_generator_schema_migrations')
  AND current_setting('query_generator.schema', TRUE) NOT IN ('', n.nspname)

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
    WHERE oid IN (to_regclass('products'), to_regclass('queries'), to_regclass('jobselectedproducts'))
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
UNION ALL
SELECT 'job_items', 'it is of another program: set DB_SCHEMA to the name of a schema for the tables of the jobs'
WHERE to_regclass('job_items') IS NOT NULL AND current_setting('query_generator.schema', TRUE) = ''
  AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('job_items') AND attname = 'content_hash')
LIMIT 1
