"""Providers around providers that keep a fault small: retries, limits."""
