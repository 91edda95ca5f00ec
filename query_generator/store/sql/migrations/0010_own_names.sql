-- Whether a row is a job of ours; there may be other operations of the same job, and other rows of the same type.
ALTER TABLE batch_operations ADD COLUMN IF NOT EXISTS query_generator BOOLEAN;
UPDATE batch_operations b SET query_generator = TRUE
WHERE b.operation_type = 'query_generation' AND EXISTS (SELECT FROM query_generator_runs r WHERE r.job_id = b.job_id);
CREATE UNIQUE INDEX IF NOT EXISTS query_generator_batch_operations_job ON batch_operations (job_id) WHERE query_generator;
