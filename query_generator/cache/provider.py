"""A provider that asks another one only for what the cache does not have."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import Any

from query_generator.cache.entries import Entry, key_of
from query_generator.cache.stats import CacheMeter
from query_generator.cache.store import LayeredStore
from query_generator.errors import InterruptedRunError
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider, ProviderAround, Usage
from query_generator.models import QueryType
from query_generator.questions.judged import JudgedReply, judged
from query_generator.stopping import STEP_SECONDS, StopSignal

PriceOf = Callable[[str, str, Usage], float | None]


class CachedProvider(ProviderAround):
    """Gives a reply from the store where it can; the same request that is in flight is waited for, not bought again.

    A reply that was not bought now bills no tokens and costs nothing. A bought one has its price from the meter, and
    brings along the verdict by which it was kept or not. It stands outside the retries of one provider, and inside the
    fallback, so that an answer is kept under the provider that gave it.
    """

    def __init__(
        self,
        provider: Provider,
        store: LayeredStore,
        meter: CacheMeter,
        *,
        models: Mapping[QueryType, str],
        parameters: Mapping[str, Any],
        price_of: PriceOf,
        stop: StopSignal,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Put the store before a provider.

        Args:
            provider: who is asked for what is missing.
            store: where replies are kept.
            meter: counts what was saved.
            models: the model that is asked for each type of question.
            parameters: whatever else changes a reply: temperature, limit of tokens, address of the service.
            price_of: US dollars of a kept reply from provider, model and usage; None: not known.
            stop: ends the wait for a request in flight.
            now: seconds since 1970.
        """
        self._provider = provider
        self._store = store
        self._meter = meter
        self._models = models
        self._parameters = parameters
        self._price_of = price_of
        self._stop = stop
        self._now = now
        self._lock = threading.Lock()
        self._in_flight: dict[str, Future[GenerationReply]] = {}

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Return a reply from the store, or from the provider; raises what that raises."""
        key = key_of(request, self.name, self._models[request.query_type], self._parameters)
        with self._lock:
            flight = self._in_flight.get(key)
            leads = flight is None
            if flight is None:
                flight = self._in_flight[key] = Future()
        return self._lead(key, request, flight) if leads else self._follow(flight)

    def _lead(self, key: str, request: GenerationRequest, flight: "Future[GenerationReply]") -> GenerationReply:
        try:
            stored = self._stored(key)
            reply = stored or self._bought(key, request)
        except BaseException as exc:
            flight.set_exception(exc)
            raise
        else:
            flight.set_result(reply)
            return _free(reply) if stored else reply
        finally:
            with self._lock:
                del self._in_flight[key]

    def _follow(self, flight: "Future[GenerationReply]") -> GenerationReply:
        """Wait for the reply to the same request; raises the same error, or InterruptedRunError."""
        while not wait([flight], STEP_SECONDS).done:
            if self._stop.is_set():
                raise InterruptedRunError(f"stopped: {self._stop.reason}")
        reply = flight.result()
        self._saved(reply, coalesced=1)
        return _free(reply)

    def _stored(self, key: str) -> GenerationReply | None:
        found = self._store.get(key)
        if not found:
            return None
        entry, tier = found
        kept = entry.reply
        reply = replace(kept, cost_usd=self._price_of(kept.provider, kept.model, kept.usage))
        self._saved(reply, **{f"{tier}_hits": 1})
        return reply

    def _bought(self, key: str, request: GenerationRequest) -> GenerationReply:
        self._meter.count(misses=1)
        reply = judged(request, self._provider.generate(request))
        if is_worth_keeping(request, reply):
            self._store.put(key, Entry(reply, self._now()))
        return reply

    def _saved(self, reply: GenerationReply, **counts: int) -> None:
        usd = reply.cost_usd
        self._meter.count(calls_saved=1, usd_saved=usd or 0.0, unpriced_calls_saved=usd is None, **counts)


def _free(reply: GenerationReply) -> GenerationReply:
    return replace(reply, usage=Usage(), cost_usd=0.0)


def is_worth_keeping(request: GenerationRequest, reply: JudgedReply) -> bool:
    """Tell whether a reply should be given again.

    The first reply for an item is when it holds a question that can be used: a second call, which names that one, mends
    what it lacks. Without one the second call is the same request, and would get the same reply. A second reply that
    leaves the item without its questions is not, or the item would fail in the same way for as long as it is kept.
    """
    return len(reply.verdict.questions) >= request.count if request.exclusions else reply.is_of_use
