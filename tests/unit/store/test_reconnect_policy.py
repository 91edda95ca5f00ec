"""Work on a database that is away is repeated as a whole until it is back, or the policy is at its end."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from query_generator.errors import FatalError, PermissionRefusedError, SkippableError
from query_generator.store.connection_errors import DatabaseAwayError, TransactionConflictError
from query_generator.store.database import Database
from query_generator.store.reconnect import SILENCE_SECONDS, ReconnectPolicy

AWAY = DatabaseAwayError("gone")
CONFLICT = TransactionConflictError("deadlock")


class Connection:
    """A connection that notes whether it was closed, and how long the server may be silent on it."""

    def __init__(self) -> None:
        self.closed = False
        self.silence_seconds: float | None = -1.0

    def close(self) -> None:
        """Close it."""
        self.closed = True


class Scene:
    """A database whose connections and time follow a script.

    Args:
        connects: what each try to connect brings: an error, or None for a connection; after the script it connects.
        seconds: of policy.
        give_up: ends the policy, told the time.
    """

    def __init__(
        self,
        connects: Sequence[Exception | None] = (),
        seconds: float = 180.0,
        give_up: Callable[[float], bool] = lambda _: False,
    ) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.made = [Connection()]
        self._connects = list(connects)
        policy = ReconnectPolicy(
            seconds, lambda: give_up(self.now), lambda: self.now, self._sleep, lambda least, most: most
        )
        self.db = Database(cast("Any", self.made[0]), self._connect, policy)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _connect(self) -> Any:
        step = self._connects.pop(0) if self._connects else None
        if step:
            raise step
        self.made.append(Connection())
        return self.made[-1]


class Work:
    """Work that fails as scripted and then brings its number of tries."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.tries = 0

    def __call__(self) -> int:
        self.tries += 1
        if self._errors:
            raise self._errors.pop(0)
        return self.tries


def test_work_that_succeeds_is_done_once() -> None:
    """A database that is there costs no wait."""
    scene = Scene()
    assert scene.db.with_reconnect(Work()) == 1
    assert (scene.slept, scene.db.connection_number) == ([], 1)


def test_a_conflict_is_repeated_at_once_on_the_same_connection() -> None:
    """Two transactions in each other's way are a matter of moments, and the whole transaction is made again."""
    scene = Scene()
    assert scene.db.with_reconnect(Work(CONFLICT, CONFLICT)) == 3
    assert (len(scene.slept), sum(scene.slept) < 0.5) == (2, True)
    assert (len(scene.made), scene.made[0].closed) == (1, False)


@pytest.mark.parametrize("seconds", [0.0, 180.0])
def test_a_conflict_is_no_outage(seconds: float) -> None:
    """Conflicts are repeated even by a run that has no policy with outages, but not without end."""
    scene = Scene(seconds=seconds)
    assert scene.db.with_reconnect(Work(CONFLICT, CONFLICT, CONFLICT)) == 4
    with pytest.raises(TransactionConflictError):
        scene.db.with_reconnect(Work(*[CONFLICT] * 1000))


def test_a_conflict_needs_no_way_to_connect() -> None:
    """A connection that cannot be replaced can still repeat a transaction."""
    assert (
        Database(cast("Any", Connection()), None, ReconnectPolicy(sleep=lambda _: None)).with_reconnect(Work(CONFLICT))
        == 2
    )


def test_a_lost_connection_is_replaced_and_the_work_repeated() -> None:
    """When the database is back the work is done as a whole on a new connection, whose age begins then."""
    scene = Scene()
    scene.now = 50.0
    assert scene.db.connected_for() == 50.0
    assert scene.db.with_reconnect(Work(AWAY)) == 2
    assert [connection.closed for connection in scene.made] == [True, False]
    assert (scene.db.connection_number, scene.db.connected_for()) == (2, 0.0)


def test_the_waits_grow_to_two_seconds() -> None:
    """A database that is away for long is asked now and then, and found soon after its return."""
    scene = Scene([AWAY] * 20)
    assert scene.db.with_reconnect(Work(*[AWAY] * 21)) == 22
    assert scene.slept[0] < 0.5
    assert scene.slept == sorted(scene.slept)
    assert scene.slept[-1] == 2.0
    assert scene.db.connection_number == 2


def test_patience_ends() -> None:
    """A database that stays away ends the run when the time for it is over, with the error that says to run again."""
    scene = Scene([AWAY] * 1000, seconds=180.0)
    with pytest.raises(DatabaseAwayError) as caught:
        scene.db.with_reconnect(Work(*[AWAY] * 1000))
    assert caught.value.exit_code == 75
    assert 180.0 <= scene.now <= 182.0


def test_each_outage_has_the_whole_patience() -> None:
    """A second outage hours later is waited for like the first."""
    scene = Scene([AWAY] * 50 + [None] + [AWAY] * 50, seconds=150.0)
    assert scene.db.with_reconnect(Work(*[AWAY] * 51)) == 52
    assert scene.db.with_reconnect(Work(*[AWAY] * 51)) == 52
    assert scene.db.connection_number == 3


def test_a_stop_ends_the_waiting() -> None:
    """A run that was told to stop does not wait for the database beyond its time."""
    scene = Scene([AWAY] * 1000, give_up=lambda now: now >= 25.0)
    with pytest.raises(DatabaseAwayError):
        scene.db.with_reconnect(Work(*[AWAY] * 1000))
    assert 25.0 <= scene.now <= 27.0


@pytest.mark.parametrize(
    "db",
    [Scene(seconds=0.0).db, Database(cast("Any", Connection()), None, ReconnectPolicy(180.0))],
    ids=["no policy", "no way back"],
)
def test_without_patience_or_a_way_back_the_first_loss_is_the_end(db: Database) -> None:
    """Who cannot wait, or cannot connect, learns of the loss at once."""
    work = Work(AWAY)
    with pytest.raises(DatabaseAwayError):
        db.with_reconnect(work)
    assert work.tries == 1


@pytest.mark.parametrize("error", [SkippableError("NUL"), PermissionRefusedError("no right")])
def test_what_another_try_does_not_mend_is_not_repeated(error: SkippableError | FatalError) -> None:
    """A bad row or a missing right is told at once."""
    scene, work = Scene(), Work(error)
    with pytest.raises(type(error)):
        scene.db.with_reconnect(work)
    assert (work.tries, scene.slept) == (1, [])


def test_a_login_that_is_refused_on_the_way_back_ends_the_waiting() -> None:
    """A password that does not hold any more is exit 77 and not three minutes of waiting."""
    scene = Scene([AWAY, PermissionRefusedError("refused")])
    with pytest.raises(PermissionRefusedError):
        scene.db.with_reconnect(Work(AWAY, AWAY))
    assert scene.now < 1.0


def test_every_connection_is_watched_for_silence_by_the_policy() -> None:
    """Also one that was made after an outage."""
    scene = Scene()
    scene.db.with_reconnect(Work(AWAY))
    first, second = scene.made
    assert [first.silence_seconds, second.silence_seconds] == [SILENCE_SECONDS, SILENCE_SECONDS]


def silent(error: type[DatabaseAwayError], seconds: float) -> DatabaseAwayError:
    """The error of a server that said nothing for so long before."""
    made = error("no answer")
    made.waited = seconds
    return made


@pytest.mark.parametrize("error", [DatabaseAwayError, TransactionConflictError])
def test_a_silence_is_part_of_the_outage(error: type[DatabaseAwayError]) -> None:
    """The time for which nothing came back counts, also where it was another session's lock that was waited for."""
    scene, work = Scene(seconds=180.0), Work(*[silent(error, 30.0)] * 1000)

    def wait_and_fail() -> int:
        scene.now += 30.0
        return work()

    with pytest.raises(error):
        scene.db.with_reconnect(wait_and_fail)
    assert 180.0 <= scene.now <= 212.0


def test_a_database_that_was_given_up_is_not_waited_for_again() -> None:
    """What is still to be done at the end of the run is tried once each; a success makes the next outage a new one."""
    scene = Scene([AWAY] * 1000, seconds=180.0)
    with pytest.raises(DatabaseAwayError):
        scene.db.with_reconnect(Work(*[AWAY] * 1000))
    until, last = scene.now, Work(AWAY)
    with pytest.raises(DatabaseAwayError):
        scene.db.with_reconnect(last)
    assert (scene.now, last.tries) == (until, 1)
    assert scene.db.with_reconnect(Work()) == 1
    assert scene.db.with_reconnect(Work(AWAY)) == 2


@pytest.mark.parametrize(("seconds", "silence", "lock"), [(180, 120, 30), (3600, 120, 30), (20, 20, 16), (0, 5, 4)])
def test_a_run_that_waits_less_for_its_database_waits_less_for_an_answer(
    seconds: float, silence: float, lock: float
) -> None:
    """DATABASE_RECONNECT_SECONDS is for a silent server as well, and a lock is given up before the connection is."""
    policy = ReconnectPolicy.of_run(seconds, lambda: False)
    assert (policy.silence_seconds, policy.lock_seconds) == (silence, lock)
