"""Retries of passing faults."""

import random
import time
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from query_generator.errors import RetryableError
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0


class RetryingProvider:
    """Tries a call again, with exponential backoff and full jitter, and never before the service wants it.

    Backoff: a random time between 0 and min(60 s, 1 s x 2^(tries - 1)); the delay that a service asks for is waited out
    in full before that.
    """

    def __init__(
        self,
        provider: Provider,
        max_attempts: int,
        sleep: Callable[[float], None] = time.sleep,
        on_retry: Callable[[], None] = lambda: None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._provider = provider
        self._uniform = uniform
        self._retrying = Retrying(
            stop=stop_after_attempt(max_attempts),
            wait=self._delay,
            retry=retry_if_exception_type(RetryableError),
            sleep=sleep,
            before_sleep=lambda _: on_retry(),
            reraise=True,
        )

    @property
    def name(self) -> str:
        """Name of the provider inside."""
        return self._provider.name

    @property
    def model(self) -> str:
        """Model of the provider inside."""
        return self._provider.model

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make the call; raises what the last try raised."""
        return self._retrying.copy()(self._provider.generate, request)

    def _delay(self, state: RetryCallState) -> float:
        jitter = self._uniform(0.0, min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (state.attempt_number - 1)))
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RetryableError) else None
        return (asked or 0.0) + jitter
