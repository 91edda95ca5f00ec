"""The documented tables as their owners may have made them."""

from query_generator.store.connect import get_db_connection
from tests.support.site import Site

QUERIES = """
CREATE TABLE queries (
    query_id {id} {key}, product_id {id}, query_text TEXT NOT NULL, query_type VARCHAR(50) NOT NULL{more},
    is_active BOOLEAN DEFAULT TRUE, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
) {partition};
"""
PRODUCT_TABLES = """
CREATE TABLE products (
    product_id {id} {key}, product_data JSONB NOT NULL, brand_name VARCHAR(255), product_hash VARCHAR(64) UNIQUE
);
CREATE TABLE jobselectedproducts (
    job_id VARCHAR(255) NOT NULL, product_id {id} REFERENCES products(product_id),
    selected_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (job_id, product_id)
);
"""
IDENTITY = "GENERATED ALWAYS AS IDENTITY PRIMARY KEY"


def tables(id: str = "integer", key: str = IDENTITY, partition: str = "", more: str = "", queries_key: str = "") -> str:
    """The documented tables with other ids, a partitioned `queries`, or more columns."""
    texts = PRODUCT_TABLES.format(id=id, key=key)
    return texts + QUERIES.format(id=id, key=queries_key or key, partition=partition, more=more)


def change(site: Site, sql: str, *, as_role: bool) -> None:
    """Change the database as its owner, or as somebody who may do everything."""
    with get_db_connection(site.server.config if as_role else site.rds) as connection:
        connection.execute(sql.encode())
