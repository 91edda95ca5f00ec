"""Lets processes take turns at their imports, which cost more than anything else before the first call."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LONGEST_WAIT = 10.0  # seconds
CHECK_SECONDS = 0.01


@contextmanager
def in_turn(
    work: str,
    slots: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Wait until few enough other processes of this user do the same CPU-bound work, then do it inside.

    Children that start together on one machine would otherwise share its cores and all be late: of sixteen on two
    cores, all make their first call after five seconds, but in turn the first ones do so after one. A process that is
    killed frees its slot. The work is done anyway if no slot is free within ten seconds, or slots cannot be used.

    Args:
        work: the name of the work; each has slots of its own.
        slots: how many processes may do the work at a time; by default half as many as there are cores, which leaves
            the others to processes that make calls.
        clock: seconds, monotonic.
        sleep: waits for some seconds.
    """
    held = None
    with suppress(ImportError, OSError):
        held = _wait_for_slot(work, slots or max(1, (os.cpu_count() or 1) // 2), clock, sleep)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def _wait_for_slot(work: str, slots: int, clock: Callable[[], float], sleep: Callable[[float], None]) -> int | None:
    import fcntl
    import tempfile

    end = clock() + LONGEST_WAIT
    while True:
        for number in range(slots):
            path = os.path.join(tempfile.gettempdir(), f"query-generator-{os.getuid()}-{work}-{number}.lock")
            slot = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(slot)
            else:
                return slot
        if clock() >= end:
            return None
        sleep(CHECK_SECONDS)
