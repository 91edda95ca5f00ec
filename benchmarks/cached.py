"""Microseconds of a cached reply: from memory, from Redis on loopback, from a folder; and what a miss adds."""

import time
from collections.abc import Iterator
from statistics import median, quantiles

from benchmarks.lab import Lab
from benchmarks.table import Goal, Row
from query_generator.cache.disk_tier import DiskTier
from query_generator.cache.provider import CachedProvider
from query_generator.cache.redis_tier import RedisTier
from query_generator.cache.stats import CacheMeter
from query_generator.cache.store import LayeredStore
from query_generator.cache.tiers import MemoryTier, Tier
from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.llm.prices import cost_usd
from query_generator.models import Product, QueryType
from query_generator.questions.judged import judged
from query_generator.questions.prompts import build_prompt
from query_generator.stopping import StopSignal
from tests.fakes.redis_server import RedisServer
from tests.support.catalog import products
from tests.support.item_provider import ItemProvider

QUESTIONS = 25
GOALS = {"memory": 50.0, "Redis": 1000.0, "folder": 1000.0}


def measure(lab: Lab) -> Iterator[Row]:
    """Ask for replies of 25 questions that a tier holds, in one thread, the tiers in turns."""
    requests = [_request(product) for product in products(100 if lab.quick else 1000)]
    with RedisServer() as server:
        places: dict[str, Tier] = {
            "memory": MemoryTier(64 << 20),
            "Redis": RedisTier(server.url),
            "folder": DiskTier(lab.folder / "cache"),
        }
        hits: dict[str, list[float]] = {place: [] for place in places}
        plain = median(_times(_Judged(ItemProvider()), requests))
        missed = {place: median(_times(_Judged(_provider(tier)), requests)) for place, tier in places.items()}
        for _ in range(1 if lab.quick else 5):
            for place, tier in places.items():
                hits[place] += _times(_provider(tier), requests)
    for place, times in hits.items():
        yield Row(f"hit from {place}, median", median(times), "µs", Goal("<=", GOALS[place]), in_chart=True)
        yield Row(f"hit from {place}, 99th percentile", quantiles(times, n=100)[98], "µs")
    for place, microseconds in missed.items():
        yield Row(f"a miss adds to a call: look into {place} and keep the reply", microseconds - plain, "µs")


class _Judged:
    """Judges each reply, as whoever has asked does; the cache does it in their place for a reply that it may keep."""

    def __init__(self, provider: CachedProvider | ItemProvider) -> None:
        self._provider = provider

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Ask, and judge what has not been judged."""
        return judged(request, self._provider.generate(request))


def _request(product: Product) -> GenerationRequest:
    prompt = build_prompt(product, QueryType.PRODUCT, QUESTIONS)
    return GenerationRequest(product, QueryType.PRODUCT, QUESTIONS, prompt)


def _provider(tier: Tier) -> CachedProvider:
    """Put one tier before a provider that answers at once."""
    meter = CacheMeter()
    return CachedProvider(
        ItemProvider(),
        LayeredStore([tier], 3600, meter),
        meter,
        models=dict.fromkeys(QueryType, "gemini-3.5-flash-lite"),
        parameters={"temperature": 1.0},
        price_of=cost_usd,
        stop=StopSignal(),
    )


def _times(provider: CachedProvider | _Judged, requests: list[GenerationRequest]) -> list[float]:
    """Return the microseconds of each call."""
    times = []
    for request in requests:
        began = time.perf_counter()
        provider.generate(request)
        times.append((time.perf_counter() - began) * 1e6)
    return times
