-- The composite key of a product, and its record as given to one job (NULL: the same as products.product_data).
ALTER TABLE products ADD COLUMN IF NOT EXISTS product_key TEXT;
-- A hash index: keys may be longer than a B-tree entry can be.
CREATE INDEX IF NOT EXISTS query_generator_products_product_key ON products USING hash (product_key);

ALTER TABLE jobselectedproducts
    ADD COLUMN IF NOT EXISTS position BIGINT,
    ADD COLUMN IF NOT EXISTS load_id UUID,
    ADD COLUMN IF NOT EXISTS record JSONB;

-- Older rows have no hash, and NULLs are distinct: duplicates among them stay as they are.
ALTER TABLE queries
    ADD COLUMN IF NOT EXISTS query_hash VARCHAR(64),
    ADD COLUMN IF NOT EXISTS provider TEXT,
    ADD COLUMN IF NOT EXISTS model TEXT,
    ADD COLUMN IF NOT EXISTS prompt_version TEXT;
CREATE UNIQUE INDEX IF NOT EXISTS query_generator_queries_once ON queries (product_id, query_type, query_hash);

-- loader is the run that reads the input; load_id is the reading whose rejected records count.
ALTER TABLE batch_operations
    ADD COLUMN IF NOT EXISTS job_id VARCHAR(255),
    ADD COLUMN IF NOT EXISTS loader UUID,
    ADD COLUMN IF NOT EXISTS load_id UUID;

CREATE TABLE query_generator_runs (
    run_id UUID PRIMARY KEY,
    job_id VARCHAR(255) NOT NULL,
    -- A run is alive until it ends, or until another run declares it dead, which is final.
    state TEXT NOT NULL DEFAULT 'alive' CHECK (state IN ('alive', 'ended', 'dead')),
    process TEXT NOT NULL,
    lease_seconds DOUBLE PRECISION NOT NULL,
    heartbeat_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    ended_at TIMESTAMPTZ,
    stats JSONB NOT NULL DEFAULT '{}'
);
CREATE INDEX query_generator_runs_job ON query_generator_runs (job_id);

CREATE TABLE job_items (
    job_id VARCHAR(255) NOT NULL,
    product_id BIGINT NOT NULL,
    query_type VARCHAR(50) NOT NULL,
    position BIGINT NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'skipped')),
    run_id UUID REFERENCES query_generator_runs (run_id),
    attempts INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0,
    deferred BOOLEAN NOT NULL DEFAULT FALSE,
    passing BOOLEAN NOT NULL DEFAULT FALSE,
    error_stage TEXT,
    error TEXT,
    query_ids BIGINT[] NOT NULL DEFAULT '{}',
    dropped JSONB NOT NULL DEFAULT '{}',
    provider TEXT,
    model TEXT,
    prompt_tokens BIGINT NOT NULL DEFAULT 0,
    output_tokens BIGINT NOT NULL DEFAULT 0,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    PRIMARY KEY (job_id, product_id, query_type)
);
CREATE INDEX job_items_pending ON job_items (job_id, deferred, position, product_id, query_type)
    WHERE state = 'pending';
CREATE INDEX job_items_running ON job_items (run_id) WHERE state = 'running';
CREATE INDEX job_items_products ON job_items (job_id, position, product_id) WHERE query_type = 'product';

CREATE TABLE query_generator_rejected_records (
    job_id VARCHAR(255) NOT NULL,
    load_id UUID NOT NULL,
    position BIGINT NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    product_key TEXT NOT NULL,
    PRIMARY KEY (job_id, load_id, position)
);

-- Events wait here until they are published; id and time are fixed before the first try.
CREATE TABLE query_generator_event_outbox (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id VARCHAR(255) NOT NULL,
    event_timestamp_id TEXT NOT NULL,
    event_name TEXT NOT NULL,
    details JSONB NOT NULL
);
CREATE INDEX query_generator_event_outbox_job ON query_generator_event_outbox (job_id, event_id);
