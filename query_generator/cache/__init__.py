"""The response cache: a provider around a provider, over tiers of memory, Redis and disk."""
