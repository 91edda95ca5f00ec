"""The cache that a configuration asks for."""

import re
from pathlib import Path

from query_generator.cache.entries import Entry, key_of
from query_generator.cache.identity import parameters_of
from query_generator.cache.provider import CachedProvider, PriceOf
from query_generator.cache.stats import CacheMeter, CacheStats
from query_generator.cache.store import LayeredStore
from query_generator.cache.tiers import MemoryTier, Tier
from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError
from query_generator.llm.base import GenerationRequest, Provider
from query_generator.llm.prices import cost_usd
from query_generator.llm.registry import models_of
from query_generator.stopping import StopSignal


class ResponseCache:
    """The cache of a run, shared by all its providers."""

    def __init__(self, config: JobConfig) -> None:
        """Make the tiers; nothing is connected or opened before it is used.

        Raises:
            ConfigurationError: CACHE_URL names nothing that can be a tier.
        """
        self._config = config
        self.is_on = config.cache_ttl_completions != 0
        self.persistent = persistent_tiers(config.cache_url.get_secret_value() if config.cache_url else "")
        self._meter = CacheMeter()
        memory: list[Tier] = []
        if config.cache_memory_mb:
            memory = [MemoryTier(config.cache_memory_mb << 20, lambda: self._meter.count(evictions=1))]
        self.store = LayeredStore([*memory, *self.persistent], config.cache_ttl_completions, self._meter)

    def around(self, provider: Provider, stop: StopSignal, price_of: PriceOf = cost_usd) -> Provider:
        """Put the cache before the retries of one provider; with a TTL of 0 the provider itself comes back.

        Args:
            provider: of a name in `LLM_PROVIDERS`.
            stop: ends the wait for a request in flight.
            price_of: US dollars of a kept reply from provider, model and usage; None: not known.
        """
        if not self.is_on:
            return provider
        return CachedProvider(
            provider,
            self.store,
            self._meter,
            models=models_of(provider.name, self._config),
            parameters=parameters_of(provider.name, self._config),
            price_of=price_of,
            stop=stop,
        )

    def add(self, request: GenerationRequest, entry: Entry, model: str) -> bool:
        """Keep a reply as that of its provider's `model` to this request; False if there is one already."""
        provider = entry.reply.provider
        key = key_of(request, provider, model, parameters_of(provider, self._config))
        missing = self.store.get(key) is None
        if missing:
            self.store.put(key, entry)
        return missing

    def stats(self) -> CacheStats:
        """Return the sums up to now."""
        return self._meter.stats()


# A folder that could be a mistyped address of a Redis has to begin with `/` or `.`, or be told with `file://`.
_FOLDER = re.compile(r"(?!//)(?:[/.][^@]*|[/.][^:]*|[^:@]+)")


def persistent_tiers(cache_url: str) -> list[Tier]:
    """Make the tiers that CACHE_URL names: a Redis, a folder, or both with a comma between, the faster first.

    Raises:
        ConfigurationError: one of them is neither. The message does not repeat it, since it may hold a password.
    """
    return [_tier(part.strip()) for part in cache_url.split(",") if part.strip()]


def _tier(address: str) -> Tier:
    scheme, separator, rest = address.partition("://")
    if scheme in ("redis", "rediss") and separator:
        from query_generator.cache.redis_tier import RedisTier

        return RedisTier(address)
    is_file = bool(separator) and scheme == "file"
    if not is_file and not _FOLDER.fullmatch(address):
        raise ConfigurationError(
            "CACHE_URL: this is neither the address of a Redis nor a folder; right is, for example: "
            "redis://cache.example.internal:6379/0, rediss://… with TLS, /var/cache/answers, or file:///var/cache/a@b"
        )
    from query_generator.cache.disk_tier import DiskTier

    return DiskTier(Path(rest if is_file else address))
