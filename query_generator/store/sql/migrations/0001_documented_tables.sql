-- A table that is found anywhere in the search path is used; the others are made where the documented ones belong.
DO $$
BEGIN
    IF to_regclass('products') IS NULL THEN
        CREATE TABLE products (
            product_id SERIAL PRIMARY KEY,
            product_data JSONB NOT NULL,
            brand_name VARCHAR(255),
            product_hash VARCHAR(64) UNIQUE
        );
    END IF;
    IF to_regclass('queries') IS NULL THEN
        CREATE TABLE queries (
            query_id SERIAL PRIMARY KEY,
            product_id INTEGER REFERENCES products (product_id),
            query_text TEXT NOT NULL,
            query_type VARCHAR(50) NOT NULL,
            is_active BOOLEAN DEFAULT TRUE,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        );
    END IF;
    IF to_regclass('jobselectedproducts') IS NULL THEN
        CREATE TABLE jobselectedproducts (
            job_id VARCHAR(255) NOT NULL,
            product_id INTEGER REFERENCES products (product_id),
            selected_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
            PRIMARY KEY (job_id, product_id)
        );
    END IF;
    IF to_regclass('batch_operations') IS NULL THEN
        CREATE TABLE batch_operations (
            id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
            job_id VARCHAR(255),
            operation_type TEXT NOT NULL,
            status TEXT NOT NULL,
            total_items INTEGER NOT NULL DEFAULT 0,
            processed_items INTEGER DEFAULT 0,
            successful_items INTEGER DEFAULT 0,
            failed_items INTEGER DEFAULT 0,
            error_message TEXT,
            metadata JSONB DEFAULT '{}',
            created_at TIMESTAMPTZ DEFAULT now(),
            updated_at TIMESTAMPTZ DEFAULT now(),
            completed_at TIMESTAMPTZ
        );
    END IF;
END $$
