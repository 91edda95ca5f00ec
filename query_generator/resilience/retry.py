"""Retries of transient faults, limited by a budget."""

import random
import threading
import time
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from query_generator.errors import CircuitOpenError, RateLimitedError, RetryableError, UnusableReplyError
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider, ProviderAround

FIRST_DELAY = 1.0  # seconds
LONGEST_DELAY = 60.0  # seconds
SHARE = 0.1  # retries per call
RESERVE = 10.0  # retries


class RetryBudget:
    """Allows retries for a tenth of a run's calls, plus ten for small runs.

    So a service that fails often does not get many more calls: the item goes to the back of the queue instead.
    """

    def __init__(self, share: float = SHARE, reserve: float = RESERVE) -> None:
        self._share = share
        self._left = reserve
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Count a call."""
        with self._lock:
            self._left += self._share

    def spend(self) -> bool:
        """Take a retry out of the budget; return False if none is left."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


class RetryingProvider(ProviderAround):
    """Retries a call with exponential backoff and full jitter, and never before the service asks for it.

    Backoff: a random time between 0 and min(60 s, 1 s x 2^(attempts - 1)), after the whole delay that the service asked
    for. After a rate limit, the governor decides when the next call may start, or has set how long this call has to
    wait alone. An open circuit is not retried, and an unusable reply, which was paid for, is a matter of its item.
    """

    def __init__(
        self,
        provider: Provider,
        max_attempts: int,
        budget: RetryBudget,
        sleep: Callable[[float], None] = time.sleep,
        on_retry: Callable[[], None] = lambda: None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._provider = provider
        self._budget = budget
        self._uniform = uniform
        self._retrying = Retrying(
            stop=lambda state: stop_after_attempt(max_attempts)(state) or not budget.spend(),
            wait=self._delay,
            retry=retry_if_exception(_is_worth_a_retry),
            sleep=sleep,
            before_sleep=lambda _: on_retry(),
            reraise=True,
        )

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make the call. Raises what the last attempt raised."""
        self._budget.earn()
        return self._retrying.copy()(self._provider.generate, request)

    def _delay(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimitedError):
            return error.wait_alone
        jitter = self._uniform(0.0, min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (state.attempt_number - 1)))
        asked = error.retry_after if isinstance(error, RetryableError) else None
        return (asked or 0.0) + jitter


def _is_worth_a_retry(error: BaseException) -> bool:
    return isinstance(error, RetryableError) and not isinstance(error, CircuitOpenError | UnusableReplyError)
