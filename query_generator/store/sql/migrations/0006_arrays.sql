-- The run that writes the result of a job whose items are all terminal.
ALTER TABLE batch_operations ADD COLUMN IF NOT EXISTS finisher UUID;
