-- name: of_column
-- The sequence that numbers a column, if it does so plainly: an identity, a serial, or a default that is the next number.
SELECT s.oid::regclass::text AS sequence, q.seqincrement AS increment
FROM pg_attribute a
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''
JOIN pg_depend p ON p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i' AND a.attidentity <> ''
                    AND p.classid = 'pg_class'::regclass
                 OR p.objid = d.oid AND p.classid = 'pg_attrdef'::regclass AND p.refclassid = 'pg_class'::regclass
                    AND pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\(''.*''::regclass\)$'
JOIN pg_class s ON s.oid = CASE WHEN p.classid = 'pg_class'::regclass THEN p.objid ELSE p.refobjid END AND s.relkind = 'S'
JOIN pg_sequence q ON q.seqrelid = s.oid
WHERE a.attrelid = to_regclass(%(table)s) AND a.attname = %(column)s AND q.seqincrement > 0

-- name: taken_products
-- Rows are seen as of before the number is taken, so that those of other sessions bear smaller ones.
WITH n AS MATERIALIZED (SELECT nextval(%(sequence)s::text::regclass) AS next)
SELECT n.next, (SELECT min(product_id) FROM products
                WHERE product_id >= n.next AND product_id < n.next + %(ahead)s AND (product_id - n.next) %% %(increment)s = 0) AS taken
FROM n

-- name: taken_queries
WITH n AS MATERIALIZED (SELECT nextval(%(sequence)s::text::regclass) AS next)
SELECT n.next, (SELECT min(query_id) FROM queries
                WHERE query_id >= n.next AND query_id < n.next + %(ahead)s AND (query_id - n.next) %% %(increment)s = 0) AS taken
FROM n
