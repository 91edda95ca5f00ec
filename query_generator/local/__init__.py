"""The embedded PostgreSQL of local mode."""
