-- Ids of documented tables may be bigint. A view of somebody's over the ledger keeps the column as it was.
DO $$
BEGIN
    ALTER TABLE job_items ALTER COLUMN product_id TYPE BIGINT;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$
