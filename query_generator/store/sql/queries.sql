-- name: save
WITH input AS (
    SELECT * FROM unnest(%(product_ids)s::int[], %(types)s::text[], %(texts)s::text[], %(hashes)s::text[],
                         %(providers)s::text[], %(models)s::text[], %(versions)s::text[])
        WITH ORDINALITY AS i (product_id, query_type, query_text, query_hash, provider, model, prompt_version, place)
), older AS (
    SELECT i.place, min(q.query_id) AS query_id
    FROM input i
    JOIN queries q ON q.product_id = i.product_id AND q.query_type = i.query_type AND q.query_hash IS NULL
                  AND lower(q.query_text) = lower(i.query_text)
    GROUP BY i.place
), added AS (
    INSERT INTO queries (product_id, query_text, query_type, query_hash, provider, model, prompt_version)
    SELECT i.product_id, i.query_text, i.query_type, i.query_hash, i.provider, i.model, i.prompt_version
    FROM input i
    WHERE NOT EXISTS (SELECT FROM older o WHERE o.place = i.place)
    ORDER BY i.product_id, i.query_type, i.query_hash
    ON CONFLICT (product_id, query_type, query_hash) DO NOTHING
    RETURNING query_id, product_id, query_type, query_hash
)
SELECT i.place, coalesce(o.query_id, a.query_id, q.query_id) AS query_id
FROM input i
LEFT JOIN older o USING (place)
LEFT JOIN added a USING (product_id, query_type, query_hash)
LEFT JOIN queries q USING (product_id, query_type, query_hash)
ORDER BY i.place

-- name: find
SELECT i.place, q.query_id
FROM unnest(%(product_ids)s::int[], %(types)s::text[], %(hashes)s::text[])
    WITH ORDINALITY AS i (product_id, query_type, query_hash, place)
JOIN queries q USING (product_id, query_type, query_hash)
ORDER BY i.place
