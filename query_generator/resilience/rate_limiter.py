"""The requests-a-minute limit in front of a provider."""

import threading
import time
from collections.abc import Callable
from typing import cast

from pyrate_limiter import Decision, Duration, InMemoryBucket, Rate, RateItem

from query_generator.llm.base import GenerationReply, GenerationRequest, Provider


class RateLimitedProvider:
    """Lets at most `requests_per_minute` calls begin in any 60 seconds."""

    def __init__(
        self,
        provider: Provider,
        requests_per_minute: int,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._bucket = InMemoryBucket([Rate(requests_per_minute, Duration.MINUTE)])

    @property
    def name(self) -> str:
        """Name of the provider inside."""
        return self._provider.name

    @property
    def model(self) -> str:
        """Model of the provider inside."""
        return self._provider.model

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Wait for a place in the minute, then make the call."""
        while delay := self._take_place():
            self._sleep(delay)
        return self._provider.generate(request)

    def _take_place(self) -> float:
        """Take a place and return 0, or return the seconds until the next may be free."""
        with self._lock:
            now = int(self._clock() * 1000)
            self._bucket.leak(now)
            decision = cast(Decision, self._bucket.put_decision(RateItem("call", now)))
            return 0.0 if decision.allowed else max(decision.retry_after_ms or 0, 1) / 1000
