-- name: begin
-- Whatever is set for the role: notices are not read, dates are as psycopg reads them, and each statement sees what
-- others have committed. The schemas of the search path stay as the role has them, but PostgreSQL's own names come first
-- (as they do where the path does not name them), and temporary tables last. A session that waits for a model or for its
-- input stays: in a transaction for a minute at least. With DB_SCHEMA that schema comes first.
SELECT pg_catalog.set_config('lock_timeout', %(lock)s, FALSE) AS lock, pg_catalog.set_config('statement_timeout', %(statement)s, FALSE) AS statement,
       pg_catalog.set_config('client_min_messages', 'error', FALSE) AS notices,
       pg_catalog.set_config('DateStyle', 'ISO', FALSE) AS dates,
       CASE WHEN pg_catalog.current_setting('idle_in_transaction_session_timeout') OPERATOR(pg_catalog.<>) '0'
                 AND pg_catalog.current_setting('idle_in_transaction_session_timeout')::pg_catalog.interval OPERATOR(pg_catalog.<) '1 min'
            THEN pg_catalog.set_config('idle_in_transaction_session_timeout', '1min', FALSE) END AS idle_in_transaction,
       CASE WHEN pg_catalog.current_setting('idle_session_timeout', TRUE) OPERATOR(pg_catalog.<>) '0'
            THEN pg_catalog.set_config('idle_session_timeout', '0', FALSE) END AS idle,
       CASE WHEN pg_catalog.current_setting('transaction_timeout', TRUE) OPERATOR(pg_catalog.<>) '0'
            THEN pg_catalog.set_config('transaction_timeout', '0', FALSE) END AS longest_transaction,
       pg_catalog.set_config('default_transaction_isolation', 'read committed', FALSE) AS isolation,
       pg_catalog.set_config('query_generator.schema', %(schema)s, FALSE) AS schema,
       pg_catalog.set_config('search_path', coalesce(nullif(pg_catalog.quote_ident(%(schema)s), '""') OPERATOR(pg_catalog.||) ', ', '') OPERATOR(pg_catalog.||) coalesce((
           SELECT pg_catalog.string_agg(pg_catalog.quote_ident(s.name::pg_catalog.text), ', ' ORDER BY s.number)
           FROM ROWS FROM (pg_catalog.unnest(pg_catalog.current_schemas(FALSE))) WITH ORDINALITY AS s (name, number)
           WHERE s.name OPERATOR(pg_catalog.<>) 'pg_catalog' AND s.name OPERATOR(pg_catalog.<>) %(schema)s AND s.name OPERATOR(pg_catalog.!~) '^pg_temp'
       ) OPERATOR(pg_catalog.||) ', pg_temp', ''), FALSE) AS path

-- name: take_any_time
SELECT set_config('statement_timeout', '0', TRUE)

-- name: own
-- Own names only until the end of the transaction.
SELECT pg_catalog.current_schemas(FALSE)::pg_catalog.text[] AS schemas, pg_catalog.current_setting('server_encoding') AS encoding,
       pg_catalog.current_database() AS name,
       pg_catalog.set_config('search_path', 'pg_catalog', TRUE) AS path

-- name: shadows
-- Functions and operators that may be taken for PostgreSQL's own, as they have the name of one and its types only, made
-- by somebody who may not do everything here anyway.
WITH searched AS MATERIALIZED (
    SELECT oid FROM pg_namespace WHERE nspname = ANY(%(schemas)s::text[]::name[]) AND nspname <> 'pg_catalog'
), found AS (
    SELECT pronamespace AS namespace, proname AS name, proowner AS owner, oid AS object, 'pg_proc'::regclass AS class
    FROM pg_proc p
    WHERE proname = ANY(%(functions)s::text[]::name[]) AND pronamespace IN (SELECT oid FROM searched)
      AND NOT EXISTS (SELECT FROM unnest(proargtypes) AS a (type) JOIN pg_type t ON t.oid = a.type
                      WHERE t.typnamespace <> 'pg_catalog'::regnamespace)
    UNION ALL
    SELECT oprnamespace, oprname, oprowner, o.oid, 'pg_operator'::regclass
    FROM pg_operator o
    WHERE oprname = ANY(%(operators)s::text[]::name[]) AND oprnamespace IN (SELECT oid FROM searched)
      AND NOT EXISTS (SELECT FROM pg_type t
                      WHERE t.oid IN (oprleft, oprright) AND t.typnamespace <> 'pg_catalog'::regnamespace)
)
SELECT n.nspname AS schema, f.name, pg_get_userbyid(f.owner) AS owner
FROM found f
JOIN pg_namespace n ON n.oid = f.namespace
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = f.class AND d.objid = f.object AND d.deptype = 'e')
  AND pg_get_userbyid(f.owner) <> current_user
  AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = f.owner AND r.rolsuper)
  AND NOT EXISTS (SELECT FROM pg_database b WHERE b.datname = current_database() AND b.datdba = f.owner)
LIMIT 1
