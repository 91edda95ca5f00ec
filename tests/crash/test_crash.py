"""A short version of `python -m tests.crash`: each way to break a run once, on a small job."""

from random import Random

import pytest

from tests.conftest import Cloud
from tests.crash.harness import Size, Trial
from tests.crash.kills import POINTS, kill_at_random
from tests.crash.outages import freeze

SIZE = Size(products=15, concurrency=8, latency=0.04)


@pytest.mark.parametrize("seed", [0, 1, 3, 5, 6])  # moments at which the run works
def test_killed_at_any_moment_the_job_loses_doubles_and_rebuys_nothing(cloud: Cloud, seed: int) -> None:
    """After a SIGKILL at a random moment the same job id finishes the job; only calls in flight are paid again."""
    verdict = kill_at_random(Trial(cloud, SIZE), Random(seed))
    assert not verdict.broken, verdict


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_the_worst_moments_the_job_loses_doubles_and_rebuys_nothing(cloud: Cloud, point: str) -> None:
    """Neither does a SIGKILL after a claim, at a call, a reply, an INSERT, a COMMIT, the result or an event."""
    verdict = POINTS[point](Trial(cloud, SIZE), Random(1))
    assert not verdict.broken, verdict


def test_a_frozen_run_that_wakes_up_after_its_successor_began_writes_nothing(cloud: Cloud) -> None:
    """A run frozen past its lease is succeeded by another one; thawed, it stops with 75, and nothing is doubled."""
    verdict = freeze(Trial(cloud, SIZE), Random(1))
    assert not verdict.broken, verdict
