"""The quota governor: decides when a call may start."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from query_generator.errors import BudgetExhaustedError, RateLimitedError, ServiceAwayError
from query_generator.resilience.concurrency_limit import ConcurrencyLimit
from query_generator.resilience.rate_estimator import FIRST_RATE, MARGIN, RateEstimator
from query_generator.resilience.schedule import AHEAD_SECONDS, LocalSchedule, Schedule
from query_generator.resilience.sent import SentCalls
from query_generator.resilience.strays import Strays

FIRST_PAUSE = 0.25  # seconds, after a refusal that names no delay
LONGEST_PAUSE = 60.0
STARVED_SECONDS = 600.0
SMOOTHING = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """The known quota: as configured, or as named by the service if that is lower; None is no known limit."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


class Governor:
    """Keeps calls under the known limits, finds the unknown ones, and uses them as fully as possible.

    Calls start one by one, evenly spaced: at most the limit in any minute, and a 60th of it, rounded up, in any second.
    The windows are a little longer, so that network jitter never moves a call into the window of the call that it
    replaces. Windows count calls when their requests are written, not when they were admitted, so that a late call
    delays the one that replaces it. Tokens are reserved as estimated and settled as used. A refused call stops all
    starts for exactly the delay that the service asked for; the pause doubles with each further refusal. A stray
    refusal at a known limit delays only its own call.

    Args:
        limits: the configured quota.
        max_in_flight: calls in flight at most; refusals and overload lower that for a while.
        schedule: hands out the start slots; may be shared with other processes. By default this process has its own.
        share: this process's part of the limits (0 to 1) while the shared schedule is out of reach.
        sleep: waits for some seconds; raises if the run is asked to stop.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        limits: Limits,
        max_in_flight: int,
        schedule: Schedule | None = None,
        *,
        share: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._own = LocalSchedule(clock)
        self._schedule = schedule or self._own
        self._share = share
        self._sleep = sleep
        self._clock = clock
        self._turn = threading.Lock()
        self._state = threading.Condition()
        self._waiting = 0
        self._window = ConcurrencyLimit(max_in_flight)
        self._estimator = RateEstimator(clock(), _first_rate(limits))
        self._start_slots: deque[float] = deque()
        self._unused = 0  # slots that have passed, which the next reservation gives back to the day
        self._sent = SentCalls(60)
        self._strays = Strays()
        self._last_start = -math.inf
        self._paused_until = clock()
        self._refused_since: float | None = None
        self._tokens_a_call = 0.0
        self._token_debt = 0.0
        self._settled = False

    @contextmanager
    def admit(self, tokens: int) -> Iterator[float]:
        """Wait until a call may start; inside, it is in flight.

        Args:
            tokens: an estimate of the tokens that the call will use.

        Yields:
            The time at which the call starts, by which the other methods identify it.

        Raises:
            BudgetExhaustedError: the calls of the day are used up.
        """
        with self._state:
            self._waiting += 1
        try:
            with self._turn:
                self._wait_for_room()
                started = self._wait_for_start_slot(tokens)
        finally:
            with self._state:
                self._waiting -= 1
        try:
            yield started
        finally:
            with self._state:
                self._sent.sent(started, self._clock())
                self._window.in_flight -= 1
                self._state.notify()

    def sent(self, started: float) -> None:
        """Note that the request of a call was written; otherwise it counts as sent when the call ends."""
        with self._state:
            self._sent.sent(started, self._clock())

    def _wait_for_room(self) -> None:
        with self._state:
            while not self._window.has_room():
                self._state.wait(0.1)
                self._sleep(0.0)
            self._window.in_flight += 1

    def _wait_for_start_slot(self, tokens: int) -> float:
        """Sleep until the next start slot, and again if a pause has begun meanwhile."""
        try:
            while True:
                now = self._clock()
                with self._state:
                    wait = self._seconds_to_wait(now)
                    if wait <= 0 and self._start_slots:
                        self._start_slots.popleft()
                        self._note_start(now)
                        return now
                if wait > 0:
                    self._sleep(wait)
                else:
                    self._reserve(tokens)
        except BaseException:
            with self._state:
                self._window.in_flight -= 1
                self._state.notify()
            raise

    def _note_start(self, now: float) -> None:
        self._last_start = now
        self._sent.started(now)
        self._strays.started(now)
        self._estimator.started(now)

    def _seconds_to_wait(self, now: float) -> float:
        is_paused = self._paused_until > now
        while self._start_slots and (is_paused or self._start_slots[0] < now - AHEAD_SECONDS):
            self._start_slots.popleft()
            self._unused += 1
        if is_paused:
            return self._paused_until - now
        if self._start_slots:
            own = max(self._earliest_in_windows(now), self._estimator.earliest(now), self._earliest_by_own_gap(now))
            return max(self._start_slots[0], own) - now
        return max(0.0, self._earliest_by_own_gap(now) - AHEAD_SECONDS - now)

    def _earliest_by_own_gap(self, now: float) -> float:
        """Return when this process may start a call by the rate that it has found, if the schedule is shared.

        The rate that one of several processes has found is its part of a limit, not a gap for all of them to keep.
        """
        if self._schedule is self._own:
            return -math.inf
        return self._last_start + 1 / self._estimator.rate(now)

    def _earliest_in_windows(self, now: float) -> float:
        """Return when a start keeps to the known limit in each minute and second, even if other calls were late."""
        limit = int(self._limits.requests_per_minute or 0)
        if not limit:
            return -math.inf
        return max(self._sent.earliest(math.ceil(limit / 60), 1, now), self._sent.earliest(limit, 60, now))

    def _reserve(self, tokens: int) -> None:
        with self._state:
            self._tokens_a_call = self._tokens_a_call or float(tokens)
            gap, token_seconds = self._gaps()
            own_gap = max(gap, 1 / self._estimator.rate(self._clock()))
            calls = max(1, min(self._waiting, int(AHEAD_SECONDS / own_gap)))
            extra = max(0.0, self._token_debt * token_seconds)
        try:
            gap = own_gap if self._schedule is self._own else gap
            delays, wait = self._schedule.reserve(calls, gap, extra, self._unused)
        except ServiceAwayError:
            delays, wait = self._own.reserve(1, own_gap / self._share, extra)
        now = self._clock()
        if not delays:
            self._sleep(wait)
            return
        with self._state:
            self._start_slots.extend(now + delay for delay in delays)
            self._unused = 0
            self._token_debt -= extra / token_seconds if token_seconds else 0.0

    def _gaps(self) -> tuple[float, float]:
        """Return the seconds between two starts by the known limits, and the seconds of the limit that a token takes.

        Both are 0 where no limit is known.
        """
        limit = self._limits.requests_per_minute
        gap = 60 / limit * (1 + MARGIN) if limit else 0.0
        if not self._limits.tokens_per_minute:
            return gap, 0.0
        # A window can hold one call more than the spacing allows, and so the tokens of one call more.
        usable = max(self._limits.tokens_per_minute - self._tokens_a_call, self._limits.tokens_per_minute / 2)
        token_seconds = 60 * (1 + MARGIN) / usable
        return max(gap, self._tokens_a_call * token_seconds), token_seconds

    def answered(self, started: float, tokens: int) -> None:
        """Settle a call that the service accepted and that used `tokens` tokens.

        Calls that used less than their share do not make later calls start faster, which would bring more tokens into
        the next minute than the limit allows. At most the tokens of one call are credited to later calls.
        """
        with self._state:
            self._refused_since = None
            self._estimator.answered(started)
            self._window.answered()
            if self._limits.tokens_per_minute:
                self._token_debt = max(self._token_debt + tokens - self._tokens_a_call, -self._tokens_a_call)
                self._tokens_a_call = (
                    self._tokens_a_call + SMOOTHING * (tokens - self._tokens_a_call)
                    if self._settled
                    else min(self._tokens_a_call, float(tokens))
                )
                self._settled = True
            self._state.notify()

    def refused(self, started: float, error: RateLimitedError) -> None:
        """Slow down: start no call for as long as the service asks, or delay this call alone if the refusal is stray.

        A refusal can be stray if calls are spaced by the known limits, since the service should accept such calls. Then
        `error.wait_alone` is set to the seconds that the call has to wait.

        Raises:
            BudgetExhaustedError: the service has refused every call for ten minutes.
        """
        now = self._clock()
        asked = error.retry_after or 0.0
        with self._state:
            at_limit = self._is_at_known_limit(now)
            stray = self._strays.refused(started) and at_limit
            self._window.refused(started, now)
            self._refused_since = now if self._refused_since is None else self._refused_since
            starved = now - self._refused_since
            learnt = self._learn(error)
            if stray and not learnt:
                self._estimator.not_taken(started)
                error.wait_alone = asked or FIRST_PAUSE
                pause = 0.0
            elif at_limit and not learnt and self._strays.is_first_row(started, now, asked):
                self._estimator.not_taken(started)
                pause = asked or FIRST_PAUSE
            else:
                longer = min((asked or FIRST_PAUSE) * 2**self._estimator.refusals, LONGEST_PAUSE)
                pause = max(asked, longer) if self._estimator.refused(started, now, asked) else asked
            self._paused_until = max(self._paused_until, now + pause)
            if learnt:
                self._estimator.forget()
        if pause:
            self._hold(pause)
        if starved > STARVED_SECONDS:
            raise BudgetExhaustedError(
                f"the provider has refused every call for {starved:.0f} s: {error}; run the same job id again later, "
                "or raise the quota"
            ) from error

    def _hold(self, pause: float) -> None:
        try:
            self._schedule.hold(pause)
        except ServiceAwayError:
            self._own.hold(pause)

    def _is_at_known_limit(self, now: float) -> bool:
        gap, _ = self._gaps()
        return gap > 0 and self._estimator.rate(now) * gap >= 1

    def overloaded(self, started: float) -> None:
        """Lower the limit of calls in flight, since the service is overloaded."""
        with self._state:
            self._window.refused(started, self._clock())

    def _learn(self, error: RateLimitedError) -> bool:
        """Take over the quota that the service names if it is lower than the known one; return whether it is."""
        requests = (self._limits.requests_per_minute, error.requests_per_minute)
        tokens = (self._limits.tokens_per_minute, error.tokens_per_minute)
        limits = Limits(min(filter(None, requests), default=None), min(filter(None, tokens), default=None))
        is_new, self._limits = limits != self._limits, limits
        return is_new


def _first_rate(limits: Limits) -> float:
    limit = limits.requests_per_minute
    return min(FIRST_RATE, limit / 60 * (1 + MARGIN)) if limit else FIRST_RATE
