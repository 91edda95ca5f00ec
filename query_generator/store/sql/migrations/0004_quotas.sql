-- The limit that all runs of a job share: when the next call to a provider may start, and the calls of the day.
CREATE TABLE query_generator_quotas (
    job_id VARCHAR(255) NOT NULL,
    provider TEXT NOT NULL,
    next_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    day DATE NOT NULL DEFAULT CURRENT_DATE,
    day_calls BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, provider)
) WITH (fillfactor = 10);

-- How often an item went to the back of the queue, which is sorted by it.
DROP INDEX IF EXISTS job_items_pending;
ALTER TABLE job_items ALTER COLUMN deferred DROP DEFAULT;
ALTER TABLE job_items ALTER COLUMN deferred TYPE INTEGER USING deferred::int;
ALTER TABLE job_items ALTER COLUMN deferred SET DEFAULT 0;
CREATE INDEX job_items_pending ON job_items (job_id, deferred, position, product_id, query_type)
    WHERE state = 'pending';
