-- The product as read once, at intake, and the hash of the record that it was read from. NULL: not read yet.
ALTER TABLE jobselectedproducts
    ADD COLUMN IF NOT EXISTS product JSONB,
    ADD COLUMN IF NOT EXISTS record_hash BIGINT;
CREATE INDEX IF NOT EXISTS query_generator_jobselectedproducts_unread ON jobselectedproducts (job_id, product_id) WHERE product IS NULL;
