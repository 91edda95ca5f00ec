"""Repeats work as a whole while the database is away, up to a limit of time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from query_generator.store.connection_errors import DatabaseAwayError

T = TypeVar("T")

# Longer than any statement takes but those that read or write a whole job. A server that is silent for so long is gone.
SILENCE_SECONDS = 120.0
LOCK_SECONDS = 30.0  # for a lock that another session holds
LEAST_SECONDS = 5.0
LONGEST_WAIT = 2.0  # seconds between two attempts


@dataclass(frozen=True)
class ReconnectPolicy:
    """For how many `seconds` to wait for a database that is away; `give_up` ends the wait early.

    A server that leaves a statement unanswered for `silence_seconds` counts as away.
    """

    seconds: float = 0.0
    give_up: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    silence_seconds: float = SILENCE_SECONDS

    @classmethod
    def of_run(cls, seconds: float, give_up: Callable[[], bool]) -> "ReconnectPolicy":
        """Return the policy of a run, for which a silence counts as well."""
        return cls(seconds, give_up, silence_seconds=min(SILENCE_SECONDS, max(LEAST_SECONDS, seconds)))

    @property
    def lock_seconds(self) -> float:
        """For how long to wait for a lock: the server ends the wait before it counts as silent."""
        return min(LOCK_SECONDS, 0.8 * self.silence_seconds)


def with_reconnect(
    work: Callable[[], T],
    policy: ReconnectPolicy,
    on_failure: Callable[[DatabaseAwayError, bool], float],
    before_retry: Callable[[DatabaseAwayError, bool], None] = lambda exc, is_first: None,
) -> T:
    """Do work that may be repeated as a whole. The waits between attempts grow up to 2 s, with jitter.

    Args:
        work: raises DatabaseAwayError while the database is away.
        policy: how to wait, and when to give up early.
        on_failure: called with each error and whether it is the first; returns for how many seconds to retry, from
            the first error on, or from the server's last word before it.
        before_retry: called after each wait with the same two arguments, to reconnect.

    Raises:
        DatabaseAwayError: the database stayed away for too long.
    """
    failed_at: float | None = None
    while True:
        try:
            return work()
        except DatabaseAwayError as exc:
            now = policy.clock()
            is_first = failed_at is None
            failed_at = now - exc.waited if failed_at is None else failed_at
            away = now - failed_at
            if away >= on_failure(exc, is_first) or policy.give_up():
                raise
            policy.sleep(policy.uniform(0.02, min(LONGEST_WAIT, 0.1 + away)))
            before_retry(exc, is_first)
