"""A server is silent when it neither says something nor takes what it is sent, and from its last word on."""

from collections.abc import Generator
from typing import Any, cast

import psycopg
import pytest

from query_generator.store.connection import LOGGED_AFTER_SECONDS, WatchedConnection

WANTED = "to be told of the socket"


class Watching:
    """What a watched connection looks at while it waits: a clock that the test sets, and a connection to give up."""

    doing = "ledger.claim"
    silence_seconds = 60.0

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[str] = []
        self.pgconn = self
        self._check_silence = WatchedConnection._check_silence.__get__(self)

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def cancel_safe(self, timeout: float) -> None:
        """Ask the server to cancel what it does."""
        self.done.append("asked the server to cancel")

    def finish(self) -> None:
        """Close the connection."""
        self.done.append("closed")


def statement(looks: int) -> Generator[Any, Any, str]:
    """A statement as psycopg waits for it: it looks so often at the socket before it has its answer."""
    for _ in range(looks):
        yield WANTED
    return "answer"


def wait(watching: Watching, *looks: tuple[float, bool]) -> str:
    """Wait for a statement, with looks at these times at which there was something or nothing; its answer."""
    waiting = WatchedConnection._watched(cast("Any", watching), statement(len(looks)))
    assert next(waiting) == WANTED
    for watching.now, ready in looks[:-1]:
        assert waiting.send(ready) == WANTED
    watching.now, ready = looks[-1]
    with pytest.raises(StopIteration) as end:
        waiting.send(ready)
    return cast("str", end.value.value)


def test_a_large_answer_over_a_slow_network_is_no_silence(caplog: pytest.LogCaptureFixture) -> None:
    """However long it takes in all: each piece that comes or goes begins the silence anew."""
    watching = Watching()
    pieces = [(at + pause, ready) for at in range(0, 600, 10) for pause, ready in ((1, False), (9, False), (9.5, True))]
    assert wait(watching, *pieces) == "answer"
    assert (caplog.messages, watching.done) == ([], [])


def test_a_long_silence_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    """The first line comes after ten seconds without a word, by the name of the statement, and none after it."""
    watching = Watching()
    assert wait(watching, (5, False), (14.9, False), (15, False), (40, False), (41, True)) == "answer"
    assert LOGGED_AFTER_SECONDS == 10
    assert caplog.messages == [
        "[DB] Waiting for PostgreSQL's answer to ledger.claim for 10 s",
        "[DB] PostgreSQL has answered ledger.claim",
    ]


def test_a_silence_without_end_gives_the_connection_up() -> None:
    """The server is asked to cancel, and the connection is closed, when it was silent for as long as is allowed."""
    watching = Watching()
    with pytest.raises(psycopg.OperationalError, match=r"no answer to ledger\.claim for 60 s; the connection was"):
        wait(watching, (5, False), (64.9, False), (65, False), (66, True))
    assert watching.done == ["asked the server to cancel", "closed"]
