"""Catalogs become products: sources, formats and field names, read as a stream."""
