"""Providers around providers: limits, retries, circuit breaker, fallback and budget."""
