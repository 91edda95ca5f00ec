"""No call is sent by a run that another one may have declared dead."""

import pytest

from query_generator.errors import RunFencedError
from query_generator.store.database import Database
from query_generator.store.lease import Lease
from tests.support.virtual_time import VirtualTime


def test_a_run_that_was_frozen_spends_nothing_before_its_next_beat(db: Database) -> None:
    """Within a lease of a beat a call goes at once; after that it waits for the next beat, or ends with the run."""
    time = VirtualTime()
    lease = Lease(db, "job", "00000000-0000-0000-0000-000000000001", 30.0, time.clock)
    lease.wait_until_confirmed(time.sleep)
    time.sleep(29.0)
    lease.wait_until_confirmed(time.sleep)
    assert time.now == 1029
    time.sleep(1.0)
    waits = 0

    def wait(seconds: float) -> None:
        nonlocal waits
        waits += 1
        time.sleep(seconds)
        if waits == 3:
            lease.confirm(time.now)

    lease.wait_until_confirmed(wait)
    assert waits == 3
    time.sleep(60.0)
    lease.lost.set()
    with pytest.raises(RunFencedError, match="declared dead"):
        lease.wait_until_confirmed(time.sleep)
