"""Retries of transient faults, with a budget."""

import random
import threading
import time
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from query_generator.errors import CircuitOpenError, RateLimitedError, RetryableError
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider, ProviderAround

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
SHARE = 0.1
RESERVE = 10.0


class RetryBudget:
    """Allows retries up to a tenth of the calls of a run, and ten besides for small runs.

    A service that fails often is not asked more often for that: the item goes to the back of the queue instead.
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
        """Take a retry out of the budget; False when there is none."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


class RetryingProvider(ProviderAround):
    """Tries a call again, with exponential backoff and full jitter, and never before the service wants it.

    Backoff: a random time between 0 and min(60 s, 1 s x 2^(tries - 1)); the delay that a service asks for is waited out
    in full before that. After a rate limit the governor inside knows when the next call may start, or has said how long
    this one has to wait by itself. An open circuit is not tried again.
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
        """Make the call; raises what the last try raised."""
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
    return isinstance(error, RetryableError) and not isinstance(error, CircuitOpenError)
