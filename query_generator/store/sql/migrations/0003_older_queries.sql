-- Questions from before the hash are looked for by product; a row with a hash costs this index nothing.
CREATE INDEX IF NOT EXISTS queries_without_hash ON queries (product_id) WHERE query_hash IS NULL;
