-- Runs look for the living ones of their job; those that have ended are many.
CREATE INDEX IF NOT EXISTS runs_alive ON runs (job_id) WHERE state = 'alive';
