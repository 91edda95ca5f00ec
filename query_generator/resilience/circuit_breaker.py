"""The circuit breaker: a service that keeps failing is not called for a while."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from query_generator.errors import (
    CircuitOpenError,
    RateLimitedError,
    RetryableError,
    SkippableError,
    UnusableReplyError,
)

PROBE_SECONDS = 1.0  # between two checks on the call that probes


class CircuitBreaker:
    """Opens after `threshold` failures in a row, and then lets one call through every `timeout` seconds as a probe.

    A failure is a fault of the service. A rate limit, a refusal by the model and an unusable reply are not failures,
    since the service answered. Libraries (pybreaker, circuitbreaker, purgatory) either hold a lock during the call,
    which allows one call at a time, or let every waiting thread probe.

    Args:
        name: provider and model, for the error message.
        threshold: failures in a row that open the circuit.
        timeout: seconds that the circuit stays open.
        clock: seconds, monotonic.
    """

    def __init__(self, name: str, threshold: int, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._threshold = threshold
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._last = ""
        self._openings = 0
        self._opened_at: float | None = None
        self._probing = False

    def check(self) -> None:
        """Check whether a call would be made now.

        Raises:
            CircuitOpenError: the circuit is open.
        """
        with self._lock:
            self._require_closed_or_probe()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Make the call inside, and count its success or failure.

        Raises:
            CircuitOpenError: the circuit is open; the call is not made.
        """
        with self._lock:
            self._require_closed_or_probe()
            probe = self._probing = self._opened_at is not None
        try:
            yield
        except (RateLimitedError, UnusableReplyError, SkippableError):
            self._close()
            raise
        except RetryableError as exc:
            self._fail(probe, str(exc))
            raise
        except BaseException:
            with self._lock:
                self._probing = self._probing and not probe
            raise
        self._close()

    def _require_closed_or_probe(self) -> None:
        if self._opened_at is None:
            return
        rest = self._opened_at + self._timeout - self._clock()
        if rest > 0 or self._probing:
            raise CircuitOpenError(
                f"{self._name} has failed {self._failures} times in a row and is not called for now; "
                f"the last time: {self._last}",
                max(rest, PROBE_SECONDS),
                self._openings,
            )

    def _fail(self, probe: bool, reason: str) -> None:
        with self._lock:
            self._last = reason
            self._failures += 1
            if probe or (self._opened_at is None and self._failures >= self._threshold):
                self._opened_at = self._clock()
                self._openings += 1
            self._probing = self._probing and not probe

    def _close(self) -> None:
        with self._lock:
            self._failures = self._openings = 0
            self._opened_at = None
            self._probing = False
