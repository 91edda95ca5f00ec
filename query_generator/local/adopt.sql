-- Gives what an earlier version made as superuser to the role that jobs log in as.
DO $$
DECLARE change text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'query_generator') THEN
    CREATE ROLE query_generator LOGIN;
  END IF;
  FOR change IN
    WITH ours AS (SELECT * FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
    SELECT format('SCHEMA %I', nspname) FROM ours WHERE nspname <> 'public'
    UNION ALL
    SELECT format('TABLE %s', c.oid::regclass) FROM pg_class c JOIN ours ON ours.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND relkind = 'S' AND deptype IN ('a', 'i'))
    UNION ALL
    SELECT format('ROUTINE %s', p.oid::regprocedure) FROM pg_proc p JOIN ours ON ours.oid = pronamespace
    UNION ALL
    SELECT format('DATABASE %I', 'query_generator')
  LOOP
    EXECUTE format('ALTER %s OWNER TO query_generator', change);
  END LOOP;
END $$;

