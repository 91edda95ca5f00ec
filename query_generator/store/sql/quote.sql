-- name: read_only
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY

-- name: items
SELECT i.product_id, i.query_type, i.state, i.passing, i.content_hash, cardinality(i.query_ids) AS questions,
       CASE WHEN i.state IN ('succeeded', 'skipped') THEN '[]'
            ELSE (SELECT coalesce(jsonb_agg(jsonb_build_array(q.query_text, j.o -> 'intent', j.o -> 'stage',
                                                              j.o -> 'style', j.o -> 'persona', j.o -> 'branded')
                                            ORDER BY u.number), '[]')
                  FROM unnest(i.query_ids) WITH ORDINALITY AS u (query_id, number)
                  JOIN queries q USING (query_id)
                  CROSS JOIN LATERAL (SELECT to_jsonb(q) AS o) j
                  WHERE q.is_active IS NOT FALSE) END AS existing
FROM job_items i
WHERE i.job_id = %(job_id)s AND i.product_id = ANY(%(product_ids)s::bigint[])

-- name: listed
SELECT i.product_id, i.query_type,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(q.query_id, q.query_text, j.o -> 'intent', j.o -> 'stage',
                                                    j.o -> 'style', j.o -> 'persona', j.o -> 'branded',
                                                    j.o -> 'grounded_in',
                                                    q.query_hash IS NULL OR j.o ->> 'text_md5' <> md5(q.query_text))
                                  ORDER BY u.number), '[]')
        FROM unnest(i.query_ids) WITH ORDINALITY AS u (query_id, number)
        JOIN queries q USING (query_id)
        CROSS JOIN LATERAL (SELECT to_jsonb(q) AS o) j
        WHERE q.is_active IS NOT FALSE) AS existing
FROM job_items i
WHERE i.job_id = %(job_id)s AND i.product_id = ANY(%(product_ids)s::bigint[])

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
