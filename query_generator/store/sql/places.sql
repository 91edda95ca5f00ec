-- name: mine
-- Of other roles' sessions a role may not see the type, and not the start.
-- Runs hold their place by their first connection, which bears the name; others' connections count too.
WITH mine AS (
    SELECT pid, backend_start, set_config('application_name', %(application)s, FALSE) FROM pg_stat_activity WHERE pid = pg_backend_pid()
)
SELECT %(a_run)s * (1 + count(*) FILTER (WHERE a.application_name = %(application)s AND (a.backend_start, a.pid) < (m.backend_start, m.pid)))
       + count(*) FILTER (WHERE a.application_name NOT LIKE 'query-generator%%') AS needed,
       current_setting('max_connections')::int AS most
FROM pg_stat_activity a, mine m
WHERE coalesce(a.backend_type, 'client backend') = 'client backend' AND a.datid IS NOT NULL AND a.pid <> m.pid
