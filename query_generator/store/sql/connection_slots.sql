-- name: turn
-- One run at a time checks and takes a slot; a run that is frozen here loses its turn after a second.
SELECT set_config('application_name', %(waiting)s || coalesce(substring(current_setting('application_name') FROM ' \(.*'), ''), FALSE) AS name,
       set_config('idle_in_transaction_session_timeout', '1000', TRUE) AS longest_turn,
       pg_advisory_xact_lock(hashtextextended('query_generator.places', 0))

-- name: take
-- A role may not see the backend type of other roles' sessions.
-- What DATABASE_URL has as application_name follows ours in brackets. A run's slot is its first connection, which has the application name, and counts as both of its connections before
-- the other one is open. A run that has reconnected is counted by its connections. Connections of other programs count,
-- those of waiting runs do not.
WITH used AS (
    SELECT %(a_run)s + count(*) FILTER (WHERE application_name NOT LIKE 'query-generator%%')
           + greatest(%(a_run)s * count(*) FILTER (WHERE application_name LIKE %(running)s || '%%'),
                      count(*) FILTER (WHERE application_name LIKE 'query-generator%%' AND application_name NOT LIKE %(waiting)s || '%%')) AS needed,
           current_setting('max_connections')::int AS most
    FROM pg_stat_activity
    WHERE coalesce(backend_type, 'client backend') = 'client backend' AND datid IS NOT NULL AND pid <> pg_backend_pid()
)
SELECT needed, most,
       CASE WHEN needed <= %(share)s * most THEN set_config('application_name', %(running)s || coalesce(substring(current_setting('application_name') FROM ' \(.*'), ''), FALSE) IS NOT NULL ELSE FALSE END AS taken
FROM used

-- name: is_over
-- What a run that begins now would find: the result is written, no item is open, and there is none that it would reopen,
-- which a run does only if no other run is alive.
SELECT coalesce(metadata, '{}') AS metadata,
       CASE WHEN status <> 'completed' OR EXISTS (SELECT FROM job_items WHERE job_id = %(job_id)s AND state = 'pending') THEN FALSE
            WHEN failed_items = 0 THEN TRUE
            ELSE EXISTS (SELECT FROM query_generator_runs WHERE job_id = %(job_id)s AND state = 'alive'
                         AND abs(extract(epoch FROM clock_timestamp() - heartbeat_at)) < lease_seconds)
                 OR NOT EXISTS (SELECT FROM job_items WHERE job_id = %(job_id)s AND state = 'failed' AND passing)
       END AS is_over
FROM batch_operations
WHERE job_id = %(job_id)s AND query_generator
