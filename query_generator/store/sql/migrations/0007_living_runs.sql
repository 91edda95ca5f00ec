-- Runs check for other living runs of their job; most rows are of runs that have ended.
CREATE INDEX IF NOT EXISTS runs_alive ON runs (job_id) WHERE state = 'alive';
