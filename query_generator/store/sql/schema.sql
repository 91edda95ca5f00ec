-- name: lock
-- Another process may migrate large tables meanwhile, which takes its time; all other locks are waited for briefly.
WITH patient AS MATERIALIZED (SELECT current_setting('lock_timeout') AS usual, set_config('lock_timeout', '0', TRUE) AS none),
     locked AS MATERIALIZED (SELECT usual, pg_advisory_xact_lock(hashtext('query_generator.migrations')) AS lock FROM patient)
SELECT set_config('lock_timeout', usual, TRUE) FROM locked

-- name: create_versions
CREATE TABLE IF NOT EXISTS query_generator_schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
)

-- name: has_versions
SELECT to_regclass('query_generator_schema_migrations') IS NOT NULL AS found

-- name: versions
SELECT version FROM query_generator_schema_migrations ORDER BY version

-- name: add_version
INSERT INTO query_generator_schema_migrations (version, name) VALUES (%(version)s, %(name)s)
