-- name: questions
-- What an item `c` (product_id, query_type, query_ids) has: the questions that it lists, those that people added or rewrote
-- and that it does not list yet, and those that its product has from elsewhere. Columns that came with later migrations are
-- named alone, so that a statement that reads tables without them can put its own around.
-- A question without a hash that is younger than the first of ours was added by a person; older ones are of another
-- program. What a person did comes first, since only so many are read.
SELECT (SELECT coalesce(jsonb_agg(jsonb_build_array(q.query_id, q.query_text, intent, stage, style, persona, branded, grounded_in,
                                                    q.query_hash IS NULL OR text_md5 <> md5(q.query_text))
                                  ORDER BY u.number), '[]')
        FROM unnest(c.query_ids) WITH ORDINALITY AS u (query_id, number) JOIN queries q USING (query_id)
        WHERE q.is_active IS NOT FALSE) AS existing,
       coalesce(jsonb_agg(jsonb_build_array(e.query_text, e.counts AND NOT e.is_added AND NOT e.is_rewritten,
                                            CASE WHEN e.is_rewritten THEN e.query_hash ELSE '' END)), '[]') AS stored,
       coalesce(jsonb_agg(jsonb_build_array(e.query_id, e.query_text, intent, stage, style, persona, branded, grounded_in, TRUE)
                          ORDER BY e.query_id)
                    FILTER (WHERE e.counts AND (e.is_added OR e.is_rewritten) AND NOT e.is_listed), '[]') AS by_person
FROM (SELECT f.*
      FROM (SELECT q.*, q.query_id = ANY (c.query_ids) AS is_listed, q.is_active IS FALSE AS is_off,
                   q.is_active IS NOT FALSE AND q.query_type = c.query_type AS counts,
                   coalesce(text_md5 <> md5(q.query_text), FALSE) AS is_rewritten,
                   q.query_hash IS NULL
                       AND q.query_id > min(q.query_id) FILTER (WHERE q.query_hash IS NOT NULL) OVER () AS is_added
            FROM queries q
            WHERE q.product_id = c.product_id AND (q.is_active IS NOT FALSE OR off_reason IS NULL)) f
      WHERE NOT f.is_listed OR f.is_rewritten OR f.is_off
      ORDER BY f.is_off OR f.is_rewritten OR f.is_added DESC, f.query_id DESC
      LIMIT 500) e
