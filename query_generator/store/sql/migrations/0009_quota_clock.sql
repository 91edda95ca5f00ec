-- When the row was written last: a later reading of the clock that is earlier tells by how much it was set back.
ALTER TABLE query_generator_quotas ADD COLUMN noted_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp();
