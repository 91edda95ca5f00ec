-- What a job was told of a product, read once, at intake; record_hash tells from which record. NULL: not read yet.
ALTER TABLE jobselectedproducts
    ADD COLUMN IF NOT EXISTS product JSONB,
    ADD COLUMN IF NOT EXISTS record_hash BIGINT;
CREATE INDEX IF NOT EXISTS jobselectedproducts_unread ON jobselectedproducts (job_id, product_id) WHERE product IS NULL;
