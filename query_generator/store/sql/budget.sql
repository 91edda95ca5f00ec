-- name: lock
-- A run that is frozen inside the transaction loses the lock after one second.
SELECT pg_try_advisory_xact_lock(hashtextextended('query_generator.budget.' || %(job_id)s, 0)) AS taken,
       set_config('idle_in_transaction_session_timeout', '1000', TRUE)

-- name: raise
-- A run without a cap has no allowance; what it has spent counts.
WITH others AS (
    SELECT coalesce(sum(greatest(b.allowance_usd, (r.stats #>> '{llm,cost_usd}')::float8)), 0) AS usd
    FROM query_generator_runs r
    LEFT JOIN query_generator_budgets b USING (run_id)
    WHERE r.job_id = %(job_id)s AND r.run_id <> %(run_id)s
)
INSERT INTO query_generator_budgets (run_id, allowance_usd)
SELECT %(run_id)s, least(%(wanted)s, %(cap)s - usd)
FROM others
WHERE %(needed)s <= %(cap)s - usd
ON CONFLICT (run_id) DO UPDATE SET allowance_usd = greatest(query_generator_budgets.allowance_usd, EXCLUDED.allowance_usd)
RETURNING allowance_usd

-- name: lower
UPDATE query_generator_budgets SET allowance_usd = %(spent)s WHERE run_id = %(run_id)s AND allowance_usd > %(spent)s

-- name: status
SELECT (SELECT coalesce(sum(greatest(b.allowance_usd, (r.stats #>> '{llm,cost_usd}')::float8)), 0)
        FROM query_generator_runs r LEFT JOIN query_generator_budgets b USING (run_id) WHERE r.job_id = %(job_id)s) AS spent_usd,
       count(*) FILTER (WHERE state IN ('succeeded', 'failed')) AS done_items,
       count(*) FILTER (WHERE state IN ('pending', 'running')) AS open_items
FROM job_items
WHERE job_id = %(job_id)s
