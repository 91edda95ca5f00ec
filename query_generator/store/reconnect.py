"""Work on a database that is away is repeated as a whole until it is back, or the time for that is over."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from query_generator.store.connection_errors import DatabaseAwayError

T = TypeVar("T")

# The longest statements are counts over a whole job (seconds), and waits for another run's lock (half a lease). A
# server that says nothing for so long does not come back, or somebody has to look at its locks.
SILENCE_SECONDS = 300.0
LONGEST_WAIT = 2.0  # seconds between two tries


@dataclass(frozen=True)
class ReconnectPolicy:
    """How long to wait for a database that is away; `give_up` ends the waiting early.

    `silence_seconds`: a server that is silent for so long, while an answer is waited for, is away.
    """

    seconds: float = 0.0
    give_up: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    silence_seconds: float = SILENCE_SECONDS


def with_reconnect(
    work: Callable[[], T],
    policy: ReconnectPolicy,
    on_failure: Callable[[DatabaseAwayError, bool], float],
    before_retry: Callable[[DatabaseAwayError, bool], None] = lambda exc, is_first: None,
) -> T:
    """Do work that may be repeated as a whole. The waits get longer, up to 2 s, with jitter.

    Args:
        work: raises DatabaseAwayError while the database is away.
        policy: for how long, and how, to wait.
        on_failure: told of each failure, and whether it is the first one; returns for how many seconds after the first
            one it is worth another try.
        before_retry: called after each wait with the failure before it, to connect again.

    Raises:
        DatabaseAwayError: the database stayed away for longer than the policy allows.
    """
    failed_at: float | None = None
    while True:
        try:
            return work()
        except DatabaseAwayError as exc:
            now = policy.clock()
            is_first = failed_at is None
            failed_at = now if failed_at is None else failed_at
            away = now - failed_at
            if away >= on_failure(exc, is_first) or policy.give_up():
                raise
            policy.sleep(policy.uniform(0.02, min(LONGEST_WAIT, 0.1 + away)))
            before_retry(exc, is_first)
