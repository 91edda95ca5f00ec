-- name: try_lock_job
SELECT pg_try_advisory_lock(hashtext('query_generator.job'), hashtext(%(job_id)s)) AS locked

-- name: open_job
INSERT INTO batch_operations (id, job_id, operation_type, status, total_items, metadata)
VALUES (gen_random_uuid(), %(job_id)s, 'query_generation', 'pending', 0, %(metadata)s::jsonb)
ON CONFLICT (job_id) DO UPDATE SET metadata = EXCLUDED.metadata || coalesce(batch_operations.metadata, '{}')

-- name: job
SELECT job_id, status, metadata, error_message, created_at, completed_at
FROM batch_operations
WHERE job_id = %(job_id)s

-- name: is_known
SELECT EXISTS (SELECT FROM batch_operations WHERE job_id = %(job_id)s)
    OR EXISTS (SELECT FROM jobselectedproducts WHERE job_id = %(job_id)s) AS known

-- name: add_metadata
UPDATE batch_operations
SET metadata = coalesce(metadata, '{}') || %(metadata)s::jsonb, updated_at = now()
WHERE job_id = %(job_id)s

-- name: set_status
UPDATE batch_operations b
SET status = %(status)s, error_message = %(error)s, updated_at = now(),
    completed_at = CASE WHEN %(status)s IN ('completed', 'failed') THEN now() END,
    total_items = c.total, processed_items = c.succeeded + c.failed,
    successful_items = c.succeeded, failed_items = c.failed
FROM (
    SELECT count(*) AS total, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE state = 'failed') AS failed
    FROM job_items WHERE job_id = %(job_id)s AND state <> 'skipped'
) c
WHERE b.job_id = %(job_id)s

-- name: add_progress
UPDATE batch_operations
SET processed_items = processed_items + %(succeeded)s + %(failed)s, successful_items = successful_items + %(succeeded)s,
    failed_items = failed_items + %(failed)s, updated_at = now()
WHERE job_id = %(job_id)s

-- name: start_run
INSERT INTO runs (run_id, job_id) VALUES (%(run_id)s, %(job_id)s)

-- name: save_run_stats
UPDATE runs SET stats = %(stats)s::jsonb, updated_at = now() WHERE run_id = %(run_id)s

-- name: run_stats
SELECT stats FROM runs WHERE job_id = %(job_id)s ORDER BY started_at

-- name: reopen_items
UPDATE job_items
SET state = 'pending', run_id = NULL, deferred = FALSE, error = NULL, error_stage = NULL
WHERE job_id = %(job_id)s AND (state = 'running' OR state = 'failed' AND passing OR state = 'pending' AND deferred)

-- name: forget_rejected
DELETE FROM rejected_records WHERE job_id = %(job_id)s

-- name: add_rejected
INSERT INTO rejected_records (job_id, position, field, reason, product_key)
SELECT %(job_id)s, r.*
FROM unnest(%(positions)s::bigint[], %(fields)s::text[], %(reasons)s::text[], %(keys)s::text[]) AS r
ON CONFLICT (job_id, position) DO NOTHING

-- name: add_items
INSERT INTO job_items (job_id, product_id, query_type, position, content_hash, state)
SELECT %(job_id)s, i.product_id, t.query_type, i.position, i.content_hash,
       CASE WHEN i.skipped THEN 'skipped' ELSE 'pending' END
FROM unnest(%(product_ids)s::int[], %(positions)s::bigint[], %(content_hashes)s::text[], %(skipped)s::bool[])
    AS i (product_id, position, content_hash, skipped)
CROSS JOIN unnest(%(query_types)s::text[]) AS t (query_type)
ORDER BY i.product_id, t.query_type
ON CONFLICT (job_id, product_id, query_type) DO UPDATE
    SET content_hash = EXCLUDED.content_hash, position = EXCLUDED.position, state = EXCLUDED.state,
        attempts = 0, deferred = FALSE, passing = FALSE, error = NULL, error_stage = NULL, query_ids = '{}', dropped = '{}'
    WHERE job_items.content_hash <> EXCLUDED.content_hash
       OR job_items.state = 'skipped' AND EXCLUDED.state = 'pending'

-- name: claim
WITH next AS (
    SELECT job_id, product_id, query_type
    FROM job_items
    WHERE job_id = %(job_id)s AND state = 'pending'
    ORDER BY deferred, position, product_id, query_type DESC
    LIMIT %(size)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE job_items i
    SET state = 'running', run_id = %(run_id)s, attempts = i.attempts + 1, started_at = clock_timestamp()
    FROM next
    WHERE i.job_id = next.job_id AND i.product_id = next.product_id AND i.query_type = next.query_type
    RETURNING i.product_id, i.query_type, i.position, i.deferred, i.query_ids
)
SELECT c.product_id, c.query_type, c.position, c.deferred, c.query_ids,
       coalesce(s.record, p.product_data) AS record, p.brand_name,
       ARRAY(SELECT q.query_text FROM unnest(c.query_ids) WITH ORDINALITY AS u (query_id, place)
             JOIN queries q USING (query_id) ORDER BY u.place) AS existing
FROM claimed c
JOIN products p USING (product_id)
LEFT JOIN jobselectedproducts s ON s.job_id = %(job_id)s AND s.product_id = c.product_id
ORDER BY c.deferred, c.position, c.product_id, c.query_type DESC

-- name: finish_items
UPDATE job_items i
SET state = o.state, deferred = o.deferred, passing = o.passing, error_stage = o.error_stage, error = o.error,
    query_ids = i.query_ids || o.query_ids::bigint[], dropped = o.dropped::jsonb,
    provider = coalesce(o.provider, i.provider), model = coalesce(o.model, i.model),
    prompt_tokens = i.prompt_tokens + o.prompt_tokens, output_tokens = i.output_tokens + o.output_tokens,
    finished_at = clock_timestamp()
FROM unnest(%(product_ids)s::int[], %(query_types)s::text[], %(states)s::text[], %(deferred)s::bool[],
            %(passing)s::bool[], %(error_stages)s::text[], %(errors)s::text[], %(query_ids)s::text[],
            %(dropped)s::text[], %(providers)s::text[], %(models)s::text[],
            %(prompt_tokens)s::bigint[], %(output_tokens)s::bigint[])
    AS o (product_id, query_type, state, deferred, passing, error_stage, error, query_ids, dropped, provider, model,
          prompt_tokens, output_tokens)
WHERE i.job_id = %(job_id)s AND i.product_id = o.product_id AND i.query_type = o.query_type
  AND i.run_id = %(run_id)s AND i.state = 'running'

-- name: counts
SELECT count(DISTINCT product_id) FILTER (WHERE state <> 'skipped') AS products,
       count(*) FILTER (WHERE state <> 'skipped') AS items,
       count(*) FILTER (WHERE state = 'pending' OR state = 'running') AS open_items,
       count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
       count(*) FILTER (WHERE state = 'failed') AS failed,
       count(*) FILTER (WHERE state = 'failed' AND passing) AS failed_for_passing_reason,
       count(DISTINCT product_id) FILTER (WHERE state = 'skipped') AS skipped_products,
       count(DISTINCT product_id) FILTER (WHERE state IN ('succeeded', 'failed')) AS processed_products,
       coalesce(sum(cardinality(query_ids)) FILTER (WHERE state <> 'skipped'), 0)::bigint AS questions,
       (SELECT count(*) FROM rejected_records r WHERE r.job_id = %(job_id)s) AS rejected_records
FROM job_items
WHERE job_id = %(job_id)s

-- name: dropped
SELECT d.key AS reason, sum(d.value::bigint)::bigint AS count
FROM job_items i, jsonb_each_text(i.dropped) d
WHERE i.job_id = %(job_id)s
GROUP BY d.key
ORDER BY d.key
