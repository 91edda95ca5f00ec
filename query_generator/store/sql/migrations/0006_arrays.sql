-- The run that writes the result of a job whose items have all ended.
ALTER TABLE batch_operations ADD COLUMN IF NOT EXISTS finisher UUID;
