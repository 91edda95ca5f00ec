-- Runs check for other living runs of their job; most rows are of runs that have ended.
CREATE INDEX IF NOT EXISTS query_generator_runs_alive ON query_generator_runs (job_id) WHERE state = 'alive';
