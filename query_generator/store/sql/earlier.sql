-- name: schema
-- The schema where an earlier version has made its tables, under names that others use as well: they are ours only if
-- they say so by columns and contents.
SELECT quote_ident(s.name) AS name
FROM unnest(current_schemas(FALSE)) WITH ORDINALITY AS s (name, number)
JOIN pg_namespace n ON n.nspname = s.name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'schema_migrations' AND c.relkind = 'r'
WHERE to_regclass('query_generator_schema_migrations') IS NULL
  AND (SELECT array_agg(a.attname::text || ' ' || format_type(a.atttypid, NULL) ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
      = ARRAY['version integer', 'name text', 'applied_at timestamp with time zone']
  AND EXISTS (SELECT FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid
              WHERE r.relnamespace = n.oid AND r.relname = 'runs' AND a.attname = 'lease_seconds')
ORDER BY s.number
LIMIT 1

-- name: look_there
SELECT set_config('search_path', %(schema)s || ', ' || current_setting('search_path'), TRUE)

-- name: living
-- Runs of an earlier version whose lease is not over.
SELECT process, lease_seconds
FROM runs
WHERE state = 'alive' AND abs(extract(epoch FROM clock_timestamp() - heartbeat_at)) < lease_seconds

-- name: rename
DO $$
DECLARE change text;
BEGIN
  FOR change IN
    WITH here AS (SELECT relnamespace AS schema FROM pg_class WHERE oid = to_regclass('schema_migrations')),
    named AS (
        SELECT c.oid, c.relname FROM pg_class c JOIN here ON here.schema = c.relnamespace
        WHERE c.relkind = 'r'
          AND c.relname IN ('runs', 'quotas', 'budgets', 'rejected_records', 'event_outbox', 'schema_migrations')
    ), indexes AS (
        SELECT i.indexrelid AS oid, x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid IN (SELECT oid FROM named)
           OR i.indrelid IN (to_regclass('products'), to_regclass('queries'), to_regclass('jobselectedproducts'))
              AND x.relname IN ('products_product_key', 'queries_once', 'queries_without_hash',
                                'jobselectedproducts_unread', 'jobselectedproducts_unread_3')
    ), sequences AS (
        SELECT q.oid, q.relname FROM pg_depend d JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
        WHERE d.refobjid IN (SELECT oid FROM named)
    )
    SELECT format('ALTER TABLE %s RENAME TO %I', oid::regclass, 'query_generator_' || relname) FROM named
    UNION ALL
    SELECT format('ALTER INDEX %s RENAME TO %I', oid::regclass, 'query_generator_' || relname) FROM indexes
    UNION ALL
    SELECT format('ALTER SEQUENCE %s RENAME TO %I', oid::regclass, 'query_generator_' || relname) FROM sequences
    UNION ALL
    SELECT format('DROP INDEX %s', i.indexrelid::regclass) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indrelid = to_regclass('batch_operations') AND x.relname = 'batch_operations_job' AND i.indisunique
  LOOP
    EXECUTE change;
  END LOOP;
END $$
