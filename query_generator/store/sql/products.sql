-- name: selected_page
SELECT p.product_id, p.product_data, p.brand_name, p.product_key, s.record
FROM jobselectedproducts s
JOIN products p USING (product_id)
WHERE s.job_id = %(job_id)s AND p.product_id > %(after)s
ORDER BY p.product_id
LIMIT %(size)s

-- name: unkeyed_selected_page
SELECT p.product_id, p.product_data, p.brand_name
FROM jobselectedproducts s
JOIN products p USING (product_id)
WHERE s.job_id = %(job_id)s AND p.product_key IS NULL AND p.product_id > %(after)s
ORDER BY p.product_id
LIMIT %(size)s

-- name: unkeyed_by_id
SELECT product_id, product_data, brand_name
FROM products
WHERE product_id = ANY(%(product_ids)s) AND product_key IS NULL

-- name: set_keys
UPDATE products p
SET product_key = i.product_key
FROM unnest(%(product_ids)s::int[], %(keys)s::text[]) AS i (product_id, product_key)
WHERE p.product_id = i.product_id

-- name: keys_by_id
SELECT product_id, product_key FROM products WHERE product_id = ANY(%(product_ids)s)

-- name: ids_by_hash
SELECT product_id, product_hash FROM products WHERE product_hash = ANY(%(hashes)s)

-- name: selected_by_key
SELECT p.product_key, min(p.product_id) AS product_id
FROM products p
JOIN jobselectedproducts s USING (product_id)
WHERE s.job_id = %(job_id)s AND p.product_key = ANY(%(keys)s)
GROUP BY p.product_key

-- name: add
INSERT INTO products (product_data, brand_name, product_hash, product_key)
SELECT i.record::jsonb, nullif(i.brand, ''), i.product_hash, i.product_key
FROM unnest(%(records)s::text[], %(brands)s::text[], %(hashes)s::text[], %(keys)s::text[])
    AS i (record, brand, product_hash, product_key)
ORDER BY i.product_hash
ON CONFLICT (product_hash) DO NOTHING

-- name: link
INSERT INTO jobselectedproducts (job_id, product_id, position, load_id, record)
SELECT %(job_id)s, i.product_id, i.position, %(load_id)s, nullif(i.record::jsonb, p.product_data)
FROM unnest(%(product_ids)s::int[], %(positions)s::bigint[], %(records)s::text[]) AS i (product_id, position, record)
JOIN products p USING (product_id)
ORDER BY i.product_id
ON CONFLICT (job_id, product_id) DO UPDATE
    SET position = EXCLUDED.position, load_id = EXCLUDED.load_id, record = EXCLUDED.record
    WHERE jobselectedproducts.load_id IS DISTINCT FROM EXCLUDED.load_id
       OR jobselectedproducts.position = EXCLUDED.position
RETURNING product_id

-- name: with_enough_queries
SELECT product_id
FROM queries
WHERE product_id = ANY(%(product_ids)s) AND is_active AND query_type IN ('product', 'market')
GROUP BY product_id
HAVING count(*) FILTER (WHERE query_type = 'product') >= %(wanted)s
   AND count(*) FILTER (WHERE query_type = 'market') >= %(wanted)s
