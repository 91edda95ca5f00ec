-- name: read_only
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY

-- name: items
SELECT i.product_id, i.query_type, i.state, i.passing, i.content_hash, cardinality(i.query_ids) AS questions,
       coalesce((to_jsonb(i) ->> 'changed')::bool, FALSE) AS changed
FROM job_items i
WHERE i.job_id = %(job_id)s AND i.product_id = ANY(%(product_ids)s::bigint[])

-- name: listed
-- What items have, whether the job has them or not. `earlier` is the product as it was when their questions were asked for.
SELECT c.product_id, c.query_type, c.earlier, o.existing, o.by_person
FROM (SELECT NULL::text AS intent, NULL::text AS stage, NULL::text AS style, NULL::text AS persona, NULL::bool AS branded,
             NULL::text[] AS grounded_in, NULL::text AS text_md5, NULL::text AS off_reason) absent
CROSS JOIN LATERAL (
    SELECT p.product_id, t.query_type, coalesce(i.query_ids, '{}') AS query_ids,
           CASE WHEN (to_jsonb(i) ->> 'changed')::bool THEN to_jsonb(s) -> 'product' -> 'earlier'
                ELSE to_jsonb(s) -> 'product' END AS earlier
    FROM unnest(%(product_ids)s::bigint[]) AS p (product_id)
    CROSS JOIN unnest(%(query_types)s::text[]) AS t (query_type)
    LEFT JOIN job_items i ON i.job_id = %(job_id)s AND i.product_id = p.product_id AND i.query_type = t.query_type
    LEFT JOIN jobselectedproducts s ON s.job_id = %(job_id)s AND s.product_id = p.product_id
) c
CROSS JOIN LATERAL (
-- include: item.questions
) o

-- name: complete_scopes
SELECT scope FROM query_generator_shared_sets WHERE job_id = %(job_id)s AND is_complete

-- name: records
SELECT s.product_id, coalesce(s.position, s.product_id) AS position, p.brand_name, NULL AS product,
       left(coalesce(s.record, p.product_data)::text, 16777217) AS record
FROM jobselectedproducts s
JOIN products p USING (product_id)
WHERE s.job_id = %(job_id)s AND s.product_id = ANY(%(product_ids)s::bigint[])

-- name: experience
-- Statistics of the replies for items of a job, or of any job; some thousands are enough.
SELECT count(*) AS items,
       coalesce(sum(output_tokens)::float8 / nullif(sum(cardinality(query_ids) + unusable), 0), 0) AS tokens_a_question,
       coalesce(avg((answered > 1)::int), 0)::float8 AS second_calls
FROM (
    SELECT output_tokens, query_ids, answered,
           (SELECT coalesce(sum(d.value::int), 0) FROM jsonb_each_text(dropped) d) AS unusable
    FROM job_items
    WHERE (%(job_id)s::text IS NULL OR job_id = %(job_id)s) AND state = 'succeeded' AND answered > 0 AND provider = %(provider)s AND starts_with(model, %(model)s)
    LIMIT 5000
) i
