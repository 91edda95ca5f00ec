-- name: add
-- Older rows have no hash: a text that one of them has is not added. Only added rows are returned.
INSERT INTO queries (product_id, query_text, query_type, query_hash, provider, model, prompt_version,
                     intent, stage, style, persona, branded, locale, grounded_in, text_md5)
SELECT i.*, md5(i.query_text)
FROM ROWS FROM (
    unnest(%(product_ids)s::bigint[]), unnest(%(texts)s::text[]), unnest(%(types)s::text[]),
    unnest(%(hashes)s::text[]), unnest(%(providers)s::text[]), unnest(%(models)s::text[]),
    unnest(%(versions)s::text[]),
    jsonb_to_recordset(%(facets)s::jsonb)
        AS (intent text, stage text, style text, persona text, branded bool, locale text, grounded_in text[])
) AS i (product_id, query_text, query_type, query_hash, provider, model, prompt_version,
        intent, stage, style, persona, branded, locale, grounded_in)
WHERE (i.product_id, i.query_type, lower(i.query_text)) NOT IN (
    SELECT q.product_id, q.query_type, lower(q.query_text)
    FROM queries q
    WHERE q.product_id = ANY(%(product_ids)s::bigint[]) AND q.query_hash IS NULL
)
ON CONFLICT (product_id, query_type, query_hash) DO NOTHING
RETURNING query_id, query_hash, FALSE AS is_off, FALSE AS is_dormant

-- name: switch_off
-- What a person has rewritten or switched off meanwhile is left alone.
UPDATE queries q
SET is_active = FALSE, off_reason = o.reason
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS o (query_id, reason)
WHERE q.query_id = o.query_id AND q.is_active IS NOT FALSE AND q.query_hash IS NOT NULL
  AND coalesce(q.text_md5 = md5(q.query_text), TRUE)

-- name: switch_on
UPDATE queries SET is_active = TRUE, off_reason = NULL
WHERE query_id = ANY(%(ids)s::bigint[]) AND is_active IS FALSE AND off_reason IS NOT NULL

-- name: find
-- `is_off`: a person switched the question off, or rewrote it; it does not count as this text. `is_dormant`: the program
-- switched it off.
SELECT coalesce(o.query_id, q.query_id) AS query_id,
       coalesce(o.is_off, q.is_active IS FALSE AND q.off_reason IS NULL OR q.text_md5 <> md5(q.query_text), FALSE) AS is_off,
       coalesce(o.query_id IS NULL AND q.is_active IS FALSE AND q.off_reason IS NOT NULL, FALSE) AS is_dormant
FROM unnest(%(product_ids)s::bigint[], %(types)s::text[], %(hashes)s::text[], %(texts)s::text[])
    WITH ORDINALITY AS i (product_id, query_type, query_hash, query_text, number)
LEFT JOIN queries q USING (product_id, query_type, query_hash)
LEFT JOIN LATERAL (
    SELECT o.query_id, o.is_active IS FALSE AS is_off FROM queries o
    WHERE o.product_id = i.product_id AND o.query_type = i.query_type AND o.query_hash IS NULL
      AND lower(o.query_text) = lower(i.query_text)
    ORDER BY o.is_active IS FALSE DESC, o.query_id
    LIMIT 1
) o ON TRUE
ORDER BY i.number
