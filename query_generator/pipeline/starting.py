"""The start of a process, whose imports cost more than all else it does before its first call."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LONGEST_WAIT = 10.0  # seconds
LOOK_SECONDS = 0.01


@contextmanager
def in_turn(
    work: str,
    places: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Do some work that keeps a core busy when a core is free of such work by this user's other processes.

    Children that start together on one machine would else share its cores and all be late: sixteen on two cores make
    their first call after five seconds, and in turn the first ones do so after one. A killed process leaves its place.
    Where there is no place within ten seconds, or no way to have one, the work is done all the same.

    Args:
        work: its name; each has places of its own.
        places: how many may do it at a time; by default half as many as there are cores: the rest is for those at work.
        clock: seconds, monotonic.
        sleep: waits.
    """
    held = None
    with suppress(ImportError, OSError):
        held = _wait_for_place(work, places or max(1, (os.cpu_count() or 1) // 2), clock, sleep)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def _wait_for_place(work: str, places: int, clock: Callable[[], float], sleep: Callable[[float], None]) -> int | None:
    import fcntl
    import tempfile

    end = clock() + LONGEST_WAIT
    while True:
        for number in range(places):
            path = os.path.join(tempfile.gettempdir(), f"query-generator-{os.getuid()}-{work}-{number}.lock")
            place = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(place)
            else:
                return place
        if clock() >= end:
            return None
        sleep(LOOK_SECONDS)
