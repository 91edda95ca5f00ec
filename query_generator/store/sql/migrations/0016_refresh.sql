-- `changed`: the product has changed since the item got its questions. `off_reason`: why the program switched one off.
ALTER TABLE job_items ADD COLUMN IF NOT EXISTS changed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE queries ADD COLUMN IF NOT EXISTS off_reason TEXT;
