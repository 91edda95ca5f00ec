-- name: answers
SELECT i.position, i.product_id, i.query_type, p.brand_name, s.product,
       CASE WHEN s.product IS NULL THEN left(coalesce(s.record, p.product_data)::text, 16777217) END AS record,
       i.provider, i.model, i.prompt_tokens, i.output_tokens, a.questions, a.current
FROM job_items i
JOIN products p USING (product_id)
LEFT JOIN jobselectedproducts s ON s.job_id = i.job_id AND s.product_id = i.product_id
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(q.query_text, q.intent, q.stage, q.style, q.persona, q.branded)
                     ORDER BY u.number) AS questions,
           bool_or(q.prompt_version = %(prompt_version)s) AS current
    FROM unnest(i.query_ids) WITH ORDINALITY AS u (query_id, number)
    JOIN queries q USING (query_id)
) a
WHERE i.job_id = %(job_id)s AND i.state = 'succeeded'
  AND (i.position, i.product_id, i.query_type) > (%(position)s, %(product_id)s, %(query_type)s)
ORDER BY i.position, i.product_id, i.query_type
LIMIT %(size)s

-- name: sums
SELECT stats -> 'cache' AS cache FROM query_generator_runs WHERE stats -> 'cache' IS NOT NULL
