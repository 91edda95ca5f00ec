-- Gives what an earlier version made as superuser to the role that jobs log in as.
DO $$
DECLARE change text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'query_generator') THEN
    CREATE ROLE query_generator LOGIN;
  END IF;
  FOR change IN
    SELECT format('ALTER SCHEMA %I', nspname) FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_'
    UNION ALL
    SELECT format('ALTER TABLE %s', c.oid::regclass) FROM pg_class c
    WHERE c.oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relnamespace::regnamespace::text !~ '^pg_'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND relkind = 'S' AND deptype IN ('a', 'i'))
    UNION ALL
    SELECT format('ALTER ROUTINE %s', oid::regprocedure) FROM pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT format('ALTER DATABASE %I', 'query_generator')
  LOOP
    EXECUTE change || ' OWNER TO query_generator';
  END LOOP;
END $$;

