-- What a question carries by the plan that it was asked for by, and the product's fields that it is about.
ALTER TABLE queries
    ADD COLUMN IF NOT EXISTS intent TEXT,
    ADD COLUMN IF NOT EXISTS stage TEXT,
    ADD COLUMN IF NOT EXISTS style TEXT,
    ADD COLUMN IF NOT EXISTS persona TEXT,
    ADD COLUMN IF NOT EXISTS branded BOOLEAN,
    ADD COLUMN IF NOT EXISTS locale TEXT,
    ADD COLUMN IF NOT EXISTS grounded_in TEXT[];
