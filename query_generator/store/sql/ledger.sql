-- name: open_job
INSERT INTO batch_operations (id, job_id, operation_type, status, total_items, metadata, query_generator)
VALUES (gen_random_uuid(), %(job_id)s, 'query_generation', 'pending', 0, %(metadata)s::jsonb, TRUE)
ON CONFLICT (job_id) WHERE query_generator DO UPDATE SET metadata = EXCLUDED.metadata || coalesce(batch_operations.metadata, '{}')

-- name: job
SELECT job_id, status, metadata, loader::text, coalesce(load_id::text, 'none') AS load_id, error_message, created_at, completed_at
FROM batch_operations
WHERE job_id = %(job_id)s AND query_generator

-- name: is_known
SELECT EXISTS (SELECT FROM batch_operations WHERE job_id = %(job_id)s AND query_generator)
    OR EXISTS (SELECT FROM jobselectedproducts WHERE job_id = %(job_id)s) AS known

-- name: add_metadata
UPDATE batch_operations
SET metadata = coalesce(metadata, '{}') || %(metadata)s::jsonb, updated_at = now()
WHERE job_id = %(job_id)s AND query_generator

-- name: set_status
UPDATE batch_operations b
SET status = %(status)s, error_message = %(error)s, updated_at = now(),
    completed_at = CASE WHEN %(status)s IN ('completed', 'failed') THEN coalesce(b.completed_at, now()) END,
    total_items = c.total, processed_items = c.succeeded + c.failed,
    successful_items = c.succeeded, failed_items = c.failed
FROM (
    SELECT count(*) AS total, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE state = 'failed') AS failed
    FROM job_items WHERE job_id = %(job_id)s AND state <> 'skipped'
) c
WHERE b.job_id = %(job_id)s AND b.query_generator

-- name: note_progress
UPDATE batch_operations b
SET total_items = c.items, processed_items = c.succeeded + c.failed, successful_items = c.succeeded, failed_items = c.failed,
    updated_at = now()
FROM (
    SELECT count(*) AS items, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE state = 'failed') AS failed, coalesce(sum(cardinality(query_ids)), 0)::bigint AS questions
    FROM job_items WHERE job_id = %(job_id)s AND state <> 'skipped'
) c
WHERE b.job_id = %(job_id)s AND b.query_generator
RETURNING c.items, c.succeeded, c.failed, c.questions

-- name: begin_progress
-- One run reports for all, also after the clock was set back.
UPDATE batch_operations SET updated_at = now()
WHERE job_id = %(job_id)s AND query_generator AND abs(extract(epoch FROM now() - updated_at)) >= %(seconds)s
RETURNING job_id

-- name: job_size
SELECT total_items AS items, coalesce(processed_items, 0) AS done,
       EXISTS (SELECT FROM job_items WHERE job_id = %(job_id)s AND state = 'pending')
       OR EXISTS (SELECT FROM query_generator_runs r JOIN job_items i USING (run_id) WHERE r.job_id = %(job_id)s AND r.state = 'alive' AND i.state = 'running') AS is_open
FROM batch_operations
WHERE job_id = %(job_id)s AND query_generator

-- name: begin_finish
UPDATE batch_operations
SET finisher = %(run_id)s
WHERE job_id = %(job_id)s AND query_generator AND status <> 'completed'
  AND (finisher IS NULL OR finisher = %(run_id)s
       OR finisher NOT IN (SELECT run_id FROM query_generator_runs WHERE job_id = %(job_id)s AND state = 'alive'))
RETURNING job_id

-- name: has_open_items
SELECT EXISTS (SELECT FROM job_items WHERE job_id = %(job_id)s AND state = 'pending')
    OR EXISTS (SELECT FROM query_generator_runs r JOIN job_items i USING (run_id) WHERE r.job_id = %(job_id)s AND r.state = 'alive' AND i.state = 'running') AS found

-- name: complete
UPDATE batch_operations SET status = 'completed', completed_at = now()
WHERE job_id = %(job_id)s AND query_generator AND status <> 'completed'
RETURNING job_id

-- name: reopen_items
-- What was paid for in vain is paid for again only if a person began this run. A heartbeat in the future is that of a
-- clock which was set back since.
UPDATE job_items
SET state = 'pending', run_id = NULL, deferred = 0, error = NULL, error_stage = NULL,
    answered = CASE WHEN query_ids = '{}' OR %(all)s::bool THEN 0 ELSE answered END
WHERE job_id = %(job_id)s
  AND (state = 'pending' AND deferred > 0
       OR state = 'failed' AND (%(all)s::bool OR passing AND (%(paid)s::bool OR answered = 0 OR query_ids <> '{}')))
  AND (NOT %(only_alone)s::bool OR NOT EXISTS (
      SELECT FROM query_generator_runs
      WHERE job_id = %(job_id)s AND state = 'alive' AND run_id <> %(run_id)s
        AND abs(extract(epoch FROM clock_timestamp() - heartbeat_at)) < lease_seconds))

-- name: resume
UPDATE batch_operations SET status = 'processing', completed_at = NULL
WHERE job_id = %(job_id)s AND query_generator AND status = 'completed'
  AND EXISTS (SELECT FROM job_items WHERE job_id = %(job_id)s AND state = 'pending')

-- name: reopen_unfilled_items
UPDATE job_items
SET state = 'pending', run_id = NULL, deferred = 0, answered = 0, error = NULL, error_stage = NULL
WHERE job_id = %(job_id)s AND (state = 'failed' OR state = 'succeeded' AND cardinality(query_ids) < %(wanted)s)

-- name: begin_load
UPDATE batch_operations
SET loader = %(run_id)s, updated_at = now(), load_id = coalesce(load_id, %(run_id)s)
WHERE job_id = %(job_id)s AND query_generator
  AND (loader = %(run_id)s
       OR %(seen)s IN ('', coalesce(load_id::text, 'none'))
          AND (loader IS NULL OR loader NOT IN (SELECT run_id FROM query_generator_runs WHERE job_id = %(job_id)s AND state = 'alive')))
RETURNING job_id

-- name: is_being_loaded
SELECT EXISTS (
    SELECT FROM batch_operations b JOIN query_generator_runs r ON r.run_id = b.loader
    WHERE b.job_id = %(job_id)s AND b.query_generator AND r.state = 'alive' AND r.run_id <> %(run_id)s
) AS loading

-- name: end_load
UPDATE batch_operations
SET loader = NULL, load_id = %(run_id)s, updated_at = now(),
    metadata = coalesce(metadata, '{}') || jsonb_build_object('input_source', %(source)s::text, 'input_complete', TRUE)
WHERE job_id = %(job_id)s AND query_generator

-- name: keep_rejected
UPDATE query_generator_rejected_records r
SET load_id = %(run_id)s
FROM batch_operations b
WHERE r.job_id = %(job_id)s AND b.job_id = r.job_id AND r.load_id = b.load_id AND b.load_id <> %(run_id)s
  AND NOT EXISTS (SELECT FROM query_generator_rejected_records o WHERE o.job_id = r.job_id AND o.load_id = %(run_id)s AND o.position = r.position)

-- name: forget_rejected
DELETE FROM query_generator_rejected_records WHERE job_id = %(job_id)s AND load_id <> %(run_id)s

-- name: add_rejected
INSERT INTO query_generator_rejected_records (job_id, load_id, position, field, reason, product_key)
SELECT %(job_id)s, %(run_id)s, r.*
FROM unnest(%(positions)s::bigint[], %(fields)s::text[], %(reasons)s::text[], %(keys)s::text[]) AS r
ON CONFLICT (job_id, load_id, position) DO NOTHING

-- name: add_items
-- What takes from a set waits until that is complete, or until it is elected to buy it; with `joins`, product questions
-- wait with the market questions that they are bought together with.
INSERT INTO job_items (job_id, product_id, query_type, position, content_hash, state, lot, scope, waits)
SELECT %(job_id)s::varchar, i.product_id, t.query_type, i.position, i.content_hash,
       CASE WHEN i.skipped THEN 'skipped' ELSE 'pending' END, i.lot, o.scope,
       a.awaited IS NOT NULL AND NOT EXISTS (SELECT FROM query_generator_shared_sets s
                                             WHERE s.job_id = %(job_id)s::varchar AND s.scope = a.awaited AND s.is_complete)
FROM unnest(%(product_ids)s::bigint[], %(positions)s::bigint[], %(content_hashes)s::text[], %(skipped)s::bool[],
            %(lots)s::bigint[], %(product_scopes)s::text[], %(market_scopes)s::text[])
    AS i (product_id, position, content_hash, skipped, lot, product_scope, market_scope)
CROSS JOIN unnest(%(query_types)s::text[]) AS t (query_type)
CROSS JOIN LATERAL (SELECT nullif(CASE t.query_type WHEN 'product' THEN i.product_scope ELSE i.market_scope END, '')
                    AS scope) o
CROSS JOIN LATERAL (SELECT coalesce(o.scope, CASE WHEN %(joins)s::bool THEN nullif(i.market_scope, '') END) AS awaited) a
ORDER BY i.product_id, t.query_type
ON CONFLICT (job_id, product_id, query_type) DO UPDATE
    SET content_hash = EXCLUDED.content_hash, position = EXCLUDED.position, state = EXCLUDED.state,
        lot = EXCLUDED.lot, scope = EXCLUDED.scope, waits = EXCLUDED.waits,
        answered = 0, deferred = 0, passing = FALSE, error = NULL, error_stage = NULL, dropped = '{}',
        query_ids = CASE WHEN EXCLUDED.state = 'skipped' THEN '{}' ELSE job_items.query_ids END, changed = TRUE
    WHERE job_items.content_hash <> EXCLUDED.content_hash
       OR job_items.state = 'skipped' AND EXCLUDED.state = 'pending'

-- name: count_items
SELECT count(*) AS items FROM job_items WHERE job_id = %(job_id)s AND product_id = ANY(%(product_ids)s::bigint[])

-- name: lock_pending
SELECT product_id FROM job_items WHERE job_id = %(job_id)s AND state = 'pending' AND NOT waits LIMIT 1 FOR UPDATE SKIP LOCKED

-- name: has_changed_items
SELECT product_id FROM job_items WHERE job_id = %(job_id)s AND changed LIMIT 1

-- name: claim
WITH next AS (
    SELECT job_id, product_id, query_type
    FROM job_items
    WHERE job_id = %(job_id)s AND state = 'pending' AND NOT waits
    ORDER BY deferred, lot, position, product_id, query_type DESC
    LIMIT %(size)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE job_items i
    SET state = 'running', run_id = %(run_id)s, attempts = i.attempts + 1, started_at = clock_timestamp()
    FROM next
    WHERE i.job_id = next.job_id AND i.product_id = next.product_id AND i.query_type = next.query_type
    RETURNING i.product_id, i.query_type, i.position, i.deferred, i.query_ids, i.attempts, i.answered, i.dropped,
              i.changed, i.lot, i.scope
)
SELECT c.product_id, c.query_type, c.position, c.deferred, c.attempts, c.answered, c.dropped, c.changed, c.scope,
       h.questions AS shared, coalesce(h.calls, 0) AS shared_calls, coalesce(h.is_complete, FALSE) AS is_complete,
       c.scope IS NOT NULL AND EXISTS (SELECT FROM job_items m
                                       WHERE m.job_id = %(job_id)s AND m.scope = c.scope AND m.query_type = c.query_type
                                         AND m.product_id <> c.product_id AND m.state <> 'skipped') AS has_others,
       CASE WHEN c.changed THEN s.product -> 'earlier' END AS earlier, s.product - 'earlier' AS product,
       CASE WHEN s.product IS NULL THEN left(coalesce(s.record, p.product_data)::text, 16777217) END AS record, p.brand_name,
       o.existing, o.stored, o.by_person
FROM claimed c
LEFT JOIN products p USING (product_id)
LEFT JOIN jobselectedproducts s ON s.job_id = %(job_id)s AND s.product_id = c.product_id
LEFT JOIN query_generator_shared_sets h
    ON h.job_id = %(job_id)s AND h.query_type = c.query_type AND h.scope = c.scope
CROSS JOIN LATERAL (
-- include: item.questions
) o
ORDER BY c.deferred, c.lot, c.position, c.product_id, c.query_type DESC

-- name: lock_job
-- One run at a time elects who buys the sets of a job.
SELECT job_id FROM batch_operations WHERE job_id = %(job_id)s AND query_generator FOR NO KEY UPDATE

-- name: elect
-- Of the items that wait for a set which nobody buys, the first one buys it, before all other items are begun.
UPDATE job_items i SET waits = FALSE, lot = i.lot - (1::bigint << 62)
FROM (SELECT DISTINCT ON (w.query_type, w.scope) w.product_id, w.query_type
      FROM job_items w
      WHERE w.job_id = %(job_id)s AND w.state = 'pending' AND w.waits AND w.scope IS NOT NULL
        AND NOT EXISTS (SELECT FROM job_items b
                        WHERE b.job_id = %(job_id)s AND b.scope = w.scope AND b.query_type = w.query_type
                          AND b.state IN ('pending', 'running') AND NOT b.waits)
      ORDER BY w.query_type, w.scope, w.deferred, w.position, w.product_id) first
WHERE i.job_id = %(job_id)s AND i.product_id = first.product_id AND i.query_type = first.query_type

-- name: end_waiting_alone
-- Product questions wait for nothing when no other item of their category is open that could make a set worth buying.
UPDATE job_items p SET waits = FALSE
FROM job_items m
WHERE p.job_id = %(job_id)s AND p.query_type = 'product' AND p.state = 'pending' AND p.waits AND p.scope IS NULL
  AND m.job_id = p.job_id AND m.product_id = p.product_id AND m.query_type = 'market'
  AND NOT EXISTS (SELECT FROM job_items o
                  WHERE o.job_id = p.job_id AND o.scope = m.scope AND o.query_type = 'market'
                    AND o.product_id <> p.product_id AND o.state IN ('pending', 'running'))

-- name: save_set
-- Counts each call once: the same one again changes nothing.
INSERT INTO query_generator_shared_sets AS s (job_id, query_type, scope, questions, dropped, calls, is_complete)
VALUES (%(job_id)s, %(query_type)s, %(scope)s, %(questions)s::jsonb, %(dropped)s::jsonb, 1, %(is_complete)s)
ON CONFLICT (job_id, query_type, scope) DO UPDATE
SET questions = s.questions || EXCLUDED.questions, calls = s.calls + 1, is_complete = EXCLUDED.is_complete,
    dropped = (SELECT coalesce(jsonb_object_agg(d.key, d.count), '{}')
               FROM (SELECT e.key, sum(e.value::bigint) AS count
                     FROM (SELECT * FROM jsonb_each_text(s.dropped)
                           UNION ALL SELECT * FROM jsonb_each_text(EXCLUDED.dropped)) e
                     GROUP BY e.key) d)
WHERE s.calls = %(calls_before)s AND NOT s.is_complete

-- name: close_set
INSERT INTO query_generator_shared_sets AS s (job_id, query_type, scope, is_complete)
VALUES (%(job_id)s, %(query_type)s, %(scope)s, TRUE)
ON CONFLICT (job_id, query_type, scope) DO UPDATE SET is_complete = TRUE

-- name: shared_set
SELECT questions, calls, is_complete FROM query_generator_shared_sets
WHERE job_id = %(job_id)s AND query_type = %(query_type)s AND scope = %(scope)s

-- name: end_waiting
-- The item that has bought the set takes its turn beside its product's other one.
UPDATE job_items
SET waits = FALSE, lot = CASE WHEN lot < 0 THEN lot + (1::bigint << 62) ELSE lot END,
    state = CASE WHEN state = 'running' AND run_id = %(run_id)s AND lot < 0 THEN 'pending' ELSE state END,
    run_id = CASE WHEN state = 'running' AND run_id = %(run_id)s AND lot < 0 THEN NULL ELSE run_id END
WHERE job_id = %(job_id)s AND scope = %(scope)s AND query_type = %(query_type)s AND (waits OR lot < 0)

-- name: end_waiting_beside
UPDATE job_items p SET waits = FALSE
FROM job_items m
WHERE m.job_id = %(job_id)s AND m.scope = %(scope)s AND m.query_type = 'market'
  AND p.job_id = m.job_id AND p.product_id = m.product_id AND p.query_type = 'product' AND p.waits AND p.scope IS NULL

-- name: open_sets
-- Sets of a job that wants more questions than it began with.
UPDATE query_generator_shared_sets SET is_complete = FALSE, calls = 0 WHERE job_id = %(job_id)s

-- name: wait_for_sets
UPDATE job_items SET waits = TRUE WHERE job_id = %(job_id)s AND state = 'pending' AND scope IS NOT NULL

-- name: shared_sums
SELECT s.query_type, s.sets, s.calls, coalesce(i.items, 0) AS items, coalesce(i.questions, 0) AS questions
FROM (SELECT query_type, count(*) AS sets, sum(calls)::bigint AS calls
      FROM query_generator_shared_sets WHERE job_id = %(job_id)s AND questions <> '[]' GROUP BY query_type) s
LEFT JOIN (SELECT query_type, count(*) FILTER (WHERE shared > 0) AS items, sum(shared)::bigint AS questions
           FROM job_items WHERE job_id = %(job_id)s AND scope IS NOT NULL GROUP BY query_type) i USING (query_type)
ORDER BY s.query_type DESC

-- name: forget_claims
UPDATE job_items i SET state = 'pending', run_id = NULL
WHERE i.job_id = %(job_id)s AND i.run_id = %(run_id)s AND i.state = 'running'
  AND (i.product_id, i.query_type) NOT IN (SELECT * FROM unnest(%(product_ids)s::bigint[], %(query_types)s::text[]))

-- name: save_outcomes
-- Questions that are off, by a person or since the product has changed, are not listed any more.
UPDATE job_items i
SET state = o.state, run_id = CASE WHEN o.state = 'pending' THEN NULL ELSE i.run_id END,
    deferred = o.deferred, passing = o.transient, error_stage = o.error_stage, error = o.error,
    query_ids = ARRAY(SELECT u.query_id FROM unnest(i.query_ids::bigint[]) WITH ORDINALITY AS u (query_id, number)
                      WHERE NOT EXISTS (SELECT FROM queries q WHERE q.query_id = u.query_id AND q.is_active IS FALSE)
                      ORDER BY u.number) || o.query_ids,
    changed = FALSE, dropped = o.dropped, answered = o.answered, shared = i.shared + o.shared,
    provider = coalesce(o.provider, i.provider), model = coalesce(o.model, i.model),
    prompt_tokens = i.prompt_tokens + o.prompt_tokens, output_tokens = i.output_tokens + o.output_tokens,
    finished_at = CASE WHEN o.state IN ('succeeded', 'failed') THEN clock_timestamp() END
FROM jsonb_to_recordset(%(outcomes)s::jsonb)
    AS o (product_id bigint, query_type text, state text, deferred int, transient bool, error_stage text, error text,
          query_ids bigint[], dropped jsonb, attempts int, answered_before int, answered int, provider text, model text,
          prompt_tokens bigint, output_tokens bigint, shared int)
WHERE i.job_id = %(job_id)s AND i.product_id = o.product_id AND i.query_type = o.query_type
  AND i.run_id = %(run_id)s AND i.state = 'running'
  AND i.attempts = o.attempts AND i.answered = o.answered_before
RETURNING i.product_id, i.query_type

-- name: retry_refused
UPDATE job_items SET passing = TRUE
WHERE job_id = %(job_id)s AND run_id = %(run_id)s AND state = 'failed' AND error_stage = 'persist' AND query_ids = '{}'

-- name: counts
SELECT count(*) FILTER (WHERE query_type = 'product' AND state <> 'skipped') AS products,
       count(*) FILTER (WHERE state <> 'skipped') AS items,
       count(*) FILTER (WHERE state = 'pending' OR state = 'running') AS open_items,
       count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
       count(*) FILTER (WHERE state = 'failed') AS failed,
       count(*) FILTER (WHERE state = 'failed' AND passing) AS failed_transiently,
       count(*) FILTER (WHERE query_type = 'product' AND state = 'skipped') AS skipped_products,
       count(DISTINCT product_id) FILTER (WHERE state IN ('succeeded', 'failed')) AS processed_products,
       coalesce(sum(cardinality(query_ids)) FILTER (WHERE state <> 'skipped'), 0)::bigint AS questions,
       (SELECT count(*) FROM query_generator_rejected_records r JOIN batch_operations b USING (job_id, load_id)
        WHERE r.job_id = %(job_id)s) AS rejected_records
FROM job_items
WHERE job_id = %(job_id)s

-- name: switched_off
-- Questions of the job's products that the program switched off, since the products are others now.
SELECT q.off_reason AS reason, count(*) AS count
FROM queries q JOIN job_items i USING (product_id, query_type)
WHERE i.job_id = %(job_id)s AND q.is_active IS FALSE AND q.off_reason IS NOT NULL
GROUP BY q.off_reason
ORDER BY q.off_reason

-- name: dropped
SELECT d.key AS reason, sum(d.value::bigint)::bigint AS count
FROM (SELECT dropped FROM job_items WHERE job_id = %(job_id)s
      UNION ALL SELECT dropped FROM query_generator_shared_sets WHERE job_id = %(job_id)s) i,
     jsonb_each_text(i.dropped) d
GROUP BY d.key
ORDER BY d.key
