-- name: begin
-- Notices are not read. The schemas of the search path stay as the role has them, but PostgreSQL's own names come first
-- (as they do where the path does not name them), and temporary tables last.
SELECT pg_catalog.set_config('lock_timeout', %(lock)s, FALSE) AS lock, pg_catalog.set_config('statement_timeout', %(statement)s, FALSE) AS statement,
       pg_catalog.set_config('client_min_messages', 'error', FALSE) AS notices,
       pg_catalog.set_config('search_path', coalesce((
           SELECT pg_catalog.string_agg(pg_catalog.quote_ident(s.name::pg_catalog.text), ', ' ORDER BY s.number)
           FROM ROWS FROM (pg_catalog.unnest(pg_catalog.current_schemas(FALSE))) WITH ORDINALITY AS s (name, number)
           WHERE s.name OPERATOR(pg_catalog.<>) 'pg_catalog' AND s.name OPERATOR(pg_catalog.!~) '^pg_temp'
       ) OPERATOR(pg_catalog.||) ', pg_temp', ''), FALSE) AS path

-- name: take_any_time
SELECT set_config('statement_timeout', '0', TRUE)
