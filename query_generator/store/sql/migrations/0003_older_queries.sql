-- Questions stored before there were hashes are found by product; rows with a hash are not in this index.
CREATE INDEX IF NOT EXISTS query_generator_queries_without_hash ON queries (product_id) WHERE query_hash IS NULL;
