-- name: products
SELECT a.position, a.product_id, p.brand_name, p.product_key, s.product - '{description,attributes,others,earlier}'::text[] AS product,
       CASE WHEN s.product IS NULL THEN left(coalesce(s.record, p.product_data)::text, 16777217) END AS record,
       coalesce(a.provider, m.provider) AS provider, coalesce(a.model, m.model) AS model,
       a.error AS product_error, m.error AS market_error,
       a.dropped AS product_dropped, m.dropped AS market_dropped,
       (SELECT coalesce(json_agg(json_build_object(
                  'query_id', q.query_id, 'type', u.type, 'text', q.query_text, 'intent', q.intent, 'stage', q.stage,
                  'style', q.style, 'persona', q.persona, 'branded', q.branded, 'locale', q.locale,
                  'grounded_in', coalesce(q.grounded_in, '{}')) ORDER BY u.type DESC, u.number), '[]')
        FROM (SELECT query_id, number, 'product' AS type FROM unnest(a.query_ids) WITH ORDINALITY AS x (query_id, number)
              UNION ALL
              SELECT query_id, number, 'market' FROM unnest(m.query_ids) WITH ORDINALITY AS x (query_id, number)) u
        JOIN queries q USING (query_id)
        WHERE q.is_active IS NOT FALSE) AS questions
FROM job_items a
JOIN job_items m ON m.job_id = a.job_id AND m.product_id = a.product_id AND m.query_type = 'market'
JOIN products p ON p.product_id = a.product_id
LEFT JOIN jobselectedproducts s ON s.job_id = a.job_id AND s.product_id = a.product_id
WHERE a.job_id = %(job_id)s AND a.query_type = 'product' AND a.state <> 'skipped'
  AND (a.position, a.product_id) > (%(position)s, %(product_id)s)
ORDER BY a.position, a.product_id
LIMIT %(size)s

-- name: unanswered
SELECT a.position, a.product_id, p.brand_name, s.product - '{description,attributes,others,earlier}'::text[] AS product,
       CASE WHEN s.product IS NULL THEN left(coalesce(s.record, p.product_data)::text, 16777217) END AS record,
       (SELECT coalesce(json_agg(q.query_text ORDER BY u.number), '[]')
        FROM unnest(a.query_ids) WITH ORDINALITY AS u (query_id, number) JOIN queries q USING (query_id)
        WHERE q.is_active IS NOT FALSE AND q.grounded_in = '{}') AS texts
FROM job_items a
JOIN products p ON p.product_id = a.product_id
LEFT JOIN jobselectedproducts s ON s.job_id = a.job_id AND s.product_id = a.product_id
WHERE a.job_id = %(job_id)s AND a.query_type = 'product' AND a.state <> 'skipped'
  AND (a.position, a.product_id) > (%(position)s, %(product_id)s)
ORDER BY a.position, a.product_id
LIMIT %(size)s

-- name: rejected
SELECT position, field, reason, product_key
FROM query_generator_rejected_records r
JOIN batch_operations b USING (job_id, load_id)
WHERE r.job_id = %(job_id)s AND position > %(position)s
ORDER BY position
LIMIT %(size)s

-- name: failed
SELECT i.position, i.product_id, i.query_type, i.error_stage, i.error, p.product_key
FROM job_items i
LEFT JOIN products p USING (product_id)
WHERE i.job_id = %(job_id)s AND i.state = 'failed'
  AND (i.position, i.product_id, i.query_type) > (%(position)s, %(product_id)s, %(query_type)s)
ORDER BY i.position, i.product_id, i.query_type
LIMIT %(size)s

-- name: brands
SELECT DISTINCT p.brand_name
FROM job_items i
JOIN products p USING (product_id)
WHERE i.job_id = %(job_id)s AND i.query_type = 'market' AND p.brand_name > %(brand)s
ORDER BY p.brand_name
LIMIT %(size)s
