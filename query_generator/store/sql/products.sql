-- name: selected_page
-- `record` is NULL unless the product was not read from it yet, or not in today's way, or the record has changed since. It is the record's text,
-- cut where it is larger than a record may be (16 MB). Rows are taken one by one, so that a page ends when the records in
-- it reach a number of bytes.
WITH RECURSIVE page AS (
    SELECT %(after)s::bigint AS product_id, NULL::bigint AS position, NULL::text AS brand_name, NULL::text AS product_key,
           NULL::jsonb AS product, NULL::text AS record, 0 AS number, 0::bigint AS bytes
    UNION ALL
    SELECT r.product_id::bigint, r.position, r.brand_name, r.product_key, r.product, r.record, page.number + 1,
           page.bytes + coalesce(octet_length(r.record), 0)
    FROM page
    CROSS JOIN LATERAL (
        SELECT p.product_id, coalesce(s.position, p.product_id)::bigint AS position, p.brand_name::text, p.product_key::text,
               s.product,
               CASE WHEN s.product IS NULL OR NOT starts_with(coalesce(s.product ->> 'content_hash', ''), '3:')
                         OR s.record_hash IS DISTINCT FROM jsonb_hash_extended(coalesce(s.record, p.product_data), 0)
                    THEN left(coalesce(s.record, p.product_data)::text, 16777217) END AS record
        FROM jobselectedproducts s
        JOIN products p USING (product_id)
        WHERE s.job_id = %(job_id)s AND s.product_id > page.product_id
        ORDER BY s.product_id
        LIMIT 1
    ) r
    WHERE page.number < %(size)s AND page.bytes < %(bytes)s
)
SELECT product_id, position, brand_name, product_key, CASE WHEN record IS NULL THEN product END AS product, record
FROM page
WHERE number > 0
ORDER BY product_id

-- name: keys_page
SELECT product_id, p.product_key
FROM jobselectedproducts s
JOIN products p USING (product_id)
WHERE s.job_id = %(job_id)s AND product_id > %(after)s AND p.product_key IS NOT NULL
ORDER BY product_id
LIMIT %(size)s

-- name: unread_page
-- Products that were not read from their records yet, or not in today's way; the page ends as in selected_page. Before migration 0008 there is
-- no column `product`, and the name refers to `absent`: no product was read yet.
WITH RECURSIVE page AS (
    SELECT %(after)s::bigint AS product_id, NULL::bigint AS position, NULL::text AS brand_name, NULL::text AS record,
           0 AS number, 0::bigint AS bytes
    UNION ALL
    SELECT r.product_id::bigint, r.position, r.brand_name, r.record, page.number + 1, page.bytes + coalesce(octet_length(r.record), 0)
    FROM page
    CROSS JOIN LATERAL (
        SELECT product_id, coalesce(s.position, product_id)::bigint AS position, p.brand_name::text,
               left(coalesce(s.record, p.product_data)::text, 16777217) AS record
        FROM (SELECT NULL::jsonb AS product) absent
        CROSS JOIN LATERAL (
            SELECT product_id, position, record
            FROM jobselectedproducts
            WHERE job_id = %(job_id)s AND product_id > page.product_id
              AND (product IS NULL OR NOT starts_with(coalesce(product ->> 'content_hash', ''), '3:'))
            ORDER BY product_id
            LIMIT 1
        ) s
        JOIN products p USING (product_id)
    ) r
    WHERE page.number < %(size)s AND page.bytes < %(bytes)s
)
SELECT product_id, position, brand_name, NULL AS product, record
FROM page
WHERE number > 0
ORDER BY product_id

-- name: keep_earlier
-- To be sent before products are kept anew. What a product was stays until its items were compared with what it is.
UPDATE jobselectedproducts s
SET product = s.product || jsonb_build_object('earlier', s.product - 'earlier')
FROM unnest(%(product_ids)s::bigint[], %(content_hashes)s::text[]) AS i (product_id, content_hash)
WHERE s.job_id = %(job_id)s AND s.product_id = i.product_id AND s.product ->> 'content_hash' <> i.content_hash
  AND NOT EXISTS (SELECT FROM job_items t
                  WHERE t.job_id = s.job_id AND t.product_id = s.product_id AND t.changed)

-- name: set_read
WITH read AS (
    SELECT * FROM unnest(%(product_ids)s::bigint[], %(products)s::text[], %(keys)s::text[], %(content_hashes)s::text[])
        AS i (product_id, product, product_key, content_hash)
), keyed AS (
    UPDATE products p SET product_key = i.product_key
    FROM read i
    WHERE p.product_id = i.product_id AND p.product_key IS DISTINCT FROM i.product_key
), rehashed AS (
    -- Another version of the hash means another way of reading, not another record, unless that has changed as well.
    UPDATE job_items t SET content_hash = i.content_hash
    FROM read i
    JOIN products p USING (product_id)
    JOIN jobselectedproducts s ON s.job_id = %(job_id)s AND s.product_id = i.product_id
    WHERE t.job_id = %(job_id)s AND t.product_id = i.product_id AND NOT starts_with(t.content_hash, %(version)s)
      AND coalesce(s.record_hash = jsonb_hash_extended(coalesce(s.record, p.product_data), 0), TRUE)
)
UPDATE jobselectedproducts s
SET product = i.product::jsonb || jsonb_strip_nulls(jsonb_build_object('earlier', s.product -> 'earlier')),
    record_hash = jsonb_hash_extended(coalesce(s.record, p.product_data), 0)
FROM read i
JOIN products p USING (product_id)
WHERE s.job_id = %(job_id)s AND s.product_id = i.product_id

-- name: unkeyed_page
-- The page ends as in selected_page.
WITH RECURSIVE page AS (
    SELECT %(after)s::bigint AS product_id, NULL::text AS brand_name, NULL::text AS record, 0 AS number, 0::bigint AS bytes
    UNION ALL
    SELECT r.product_id::bigint, r.brand_name, r.record, page.number + 1, page.bytes + coalesce(octet_length(r.record), 0)
    FROM page
    CROSS JOIN LATERAL (
        SELECT p.product_id, p.brand_name::text, left(p.product_data::text, 16777217) AS record
        FROM products p
        WHERE p.product_id = ANY(%(product_ids)s::bigint[]) AND p.product_id > page.product_id AND p.product_key IS NULL
        ORDER BY p.product_id
        LIMIT 1
    ) r
    WHERE page.number < %(size)s AND page.bytes < %(bytes)s
)
SELECT product_id, 0 AS position, brand_name, NULL AS product, record
FROM page
WHERE number > 0
ORDER BY product_id

-- name: set_keys
UPDATE products p
SET product_key = i.product_key
FROM unnest(%(product_ids)s::bigint[], %(keys)s::text[]) AS i (product_id, product_key)
WHERE p.product_id = i.product_id

-- name: keys_by_id
SELECT product_id, product_key FROM products WHERE product_id = ANY(%(product_ids)s::bigint[])

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
RETURNING product_hash

-- name: link
-- A product that was just added comes without its record, which is in its row of `products`.
WITH given AS MATERIALIZED (
    SELECT product_id, position, record::jsonb AS record, product::jsonb AS product
    FROM unnest(%(product_ids)s::bigint[], %(positions)s::bigint[], %(records)s::text[], %(products)s::text[])
        AS i (product_id, position, record, product)
)
INSERT INTO jobselectedproducts (job_id, product_id, position, load_id, record, product, record_hash)
SELECT %(job_id)s, i.product_id, i.position, %(load_id)s, nullif(i.record, p.product_data), i.product,
       jsonb_hash_extended(coalesce(i.record, p.product_data), 0)
FROM given i
JOIN products p USING (product_id)
ORDER BY i.product_id
ON CONFLICT (job_id, product_id) DO UPDATE
    SET position = EXCLUDED.position, load_id = EXCLUDED.load_id, record = EXCLUDED.record,
        product = EXCLUDED.product || jsonb_strip_nulls(jsonb_build_object('earlier', jobselectedproducts.product -> 'earlier')),
        record_hash = EXCLUDED.record_hash
    WHERE jobselectedproducts.load_id IS DISTINCT FROM EXCLUDED.load_id
       OR jobselectedproducts.position = EXCLUDED.position
RETURNING product_id

-- name: with_enough_queries
SELECT product_id
FROM queries
WHERE product_id = ANY(%(product_ids)s::bigint[]) AND is_active IS NOT FALSE AND query_type IN ('product', 'market')
GROUP BY product_id
HAVING count(*) FILTER (WHERE query_type = 'product') >= %(wanted)s
   AND count(*) FILTER (WHERE query_type = 'market') >= %(wanted)s
