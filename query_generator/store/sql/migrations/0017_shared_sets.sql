-- Questions that are bought once for several products of a job: `scope` is a hash of a category or a family of variants,
-- `questions` are arrays as `ledger.save_set` writes them, `calls` the replies that brought them.
CREATE TABLE IF NOT EXISTS query_generator_shared_sets (
    job_id VARCHAR(255) NOT NULL,
    query_type VARCHAR(50) NOT NULL,
    scope TEXT NOT NULL,
    questions JSONB NOT NULL DEFAULT '[]',
    dropped JSONB NOT NULL DEFAULT '{}',
    calls INTEGER NOT NULL DEFAULT 0,
    is_complete BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (job_id, query_type, scope)
);

-- `lot`: items of one are claimed together. `waits`: an item that takes from a set which is not complete, and does not
-- buy it itself. `shared`: how many questions it has taken.
ALTER TABLE job_items
    ADD COLUMN IF NOT EXISTS scope TEXT,
    ADD COLUMN IF NOT EXISTS lot BIGINT,
    ADD COLUMN IF NOT EXISTS waits BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS shared INTEGER NOT NULL DEFAULT 0;
DROP INDEX IF EXISTS job_items_pending;
CREATE INDEX job_items_pending ON job_items (job_id, waits, deferred, lot, position, product_id, query_type)
    WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS job_items_scopes ON job_items (job_id, scope) WHERE scope IS NOT NULL;
