"""Questions that shoppers ask about products and about their markets, made by an LLM and kept in PostgreSQL."""
