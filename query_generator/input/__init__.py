"""Reads products from catalogs, as a stream: sources, formats and field names."""
