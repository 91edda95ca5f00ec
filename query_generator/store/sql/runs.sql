-- name: start
INSERT INTO query_generator_runs (run_id, job_id, process, lease_seconds)
VALUES (%(run_id)s, %(job_id)s, %(process)s, %(lease_seconds)s)

-- name: hold
-- A run that is frozen inside a transaction loses its locks after half its lease, or at least one second.
SELECT run_id,
       set_config('idle_in_transaction_session_timeout', greatest(1000, lease_seconds * 500)::int::text, TRUE)
FROM query_generator_runs WHERE run_id = %(run_id)s AND state = 'alive' FOR NO KEY UPDATE

-- name: beat
UPDATE query_generator_runs SET heartbeat_at = clock_timestamp() WHERE run_id = %(run_id)s AND state = 'alive' RETURNING run_id

-- name: save_stats
UPDATE query_generator_runs SET stats = %(stats)s::jsonb WHERE run_id = %(run_id)s AND state = 'alive'
RETURNING run_id,
          set_config('idle_in_transaction_session_timeout', greatest(1000, lease_seconds * 500)::int::text, TRUE)

-- name: stats
SELECT stats FROM query_generator_runs WHERE job_id = %(job_id)s ORDER BY started_at

-- name: others
SELECT run_id::text, process, lease_seconds, heartbeat_at::text AS heartbeat
FROM query_generator_runs
WHERE job_id = %(job_id)s AND state = 'alive' AND run_id <> %(run_id)s

-- name: declare_dead
-- Not those that have sent a heartbeat meanwhile.
WITH silent AS (
    SELECT run_id FROM query_generator_runs
    JOIN unnest(%(run_ids)s::uuid[], %(heartbeats)s::text[]) AS seen (run_id, heartbeat) USING (run_id)
    WHERE state = 'alive' AND heartbeat_at::text = heartbeat
    ORDER BY run_id
    FOR NO KEY UPDATE OF query_generator_runs
)
UPDATE query_generator_runs r SET state = 'dead', ended_at = clock_timestamp()
FROM silent
WHERE r.run_id = silent.run_id
RETURNING r.run_id::text

-- name: free_items
UPDATE job_items SET state = 'pending', run_id = NULL
WHERE run_id = ANY(%(run_ids)s::uuid[]) AND state = 'running'

-- name: end
UPDATE query_generator_runs SET state = 'ended', ended_at = clock_timestamp() WHERE run_id = %(run_id)s AND state = 'alive'
