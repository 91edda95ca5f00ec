-- name: turn
-- One looks and takes its place at a time; one that is frozen at that loses its turn after a second.
SELECT set_config('application_name', %(looking)s, FALSE) AS name,
       set_config('idle_in_transaction_session_timeout', '1000', TRUE) AS longest_turn,
       pg_advisory_xact_lock(hashtextextended('query_generator.places', 0))

-- name: take
-- Of other roles' sessions a role may not see the type.
-- A run holds its place by its first connection, which bears the name, before it opens the other; when it has lost them
-- and made new ones, these count. Others' connections count too, and those that look do not.
WITH used AS (
    SELECT %(a_run)s + count(*) FILTER (WHERE application_name NOT LIKE 'query-generator%%')
           + greatest(%(a_run)s * count(*) FILTER (WHERE application_name = %(running)s),
                      count(*) FILTER (WHERE application_name LIKE 'query-generator%%' AND application_name <> %(looking)s)) AS needed,
           current_setting('max_connections')::int AS most
    FROM pg_stat_activity
    WHERE coalesce(backend_type, 'client backend') = 'client backend' AND datid IS NOT NULL AND pid <> pg_backend_pid()
)
SELECT needed, most,
       CASE WHEN needed <= %(share)s * most THEN set_config('application_name', %(running)s, FALSE) IS NOT NULL ELSE FALSE END AS taken
FROM used

-- name: is_over
-- What a run that begins now would find: the result written, no open item, and nothing that it would open again, which a
-- run does only when it is alone.
SELECT coalesce(metadata, '{}') AS metadata,
       CASE WHEN status <> 'completed' OR EXISTS (SELECT FROM job_items WHERE job_id = %(job_id)s AND state = 'pending') THEN FALSE
            WHEN failed_items = 0 THEN TRUE
            ELSE EXISTS (SELECT FROM runs WHERE job_id = %(job_id)s AND state = 'alive'
                         AND heartbeat_at > clock_timestamp() - make_interval(secs => lease_seconds))
                 OR NOT EXISTS (SELECT FROM job_items WHERE job_id = %(job_id)s AND state = 'failed' AND passing)
       END AS is_over
FROM batch_operations
WHERE job_id = %(job_id)s
