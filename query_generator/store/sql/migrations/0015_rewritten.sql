-- What a question's text was when it was stored: one that differs was rewritten by a person.
ALTER TABLE queries ADD COLUMN IF NOT EXISTS text_md5 TEXT;
CREATE INDEX IF NOT EXISTS query_generator_queries_switched_off ON queries (product_id) WHERE is_active IS FALSE;
