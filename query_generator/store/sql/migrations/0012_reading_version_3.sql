-- Products that were not read yet, or not in the way of content hashes of version 3.
CREATE INDEX IF NOT EXISTS query_generator_jobselectedproducts_unread_3 ON jobselectedproducts (job_id, product_id)
    WHERE product IS NULL OR NOT starts_with(coalesce(product ->> 'content_hash', ''), '3:');
