"""Processes of one machine start in turn."""

import fcntl
import os
import tempfile
from pathlib import Path
from threading import Event, Thread

import pytest

from query_generator.pipeline.starting import LONGEST_WAIT, in_turn
from tests.support.virtual_time import VirtualTime


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_as_many_work_at_a_time_as_there_are_places() -> None:
    """With two places two work and the third begins when one of them has ended; other work has places of its own."""
    started, go_on = [Event(), Event()], [Event(), Event()]

    def work(number: int) -> None:
        with in_turn("imports", 2):
            started[number].set()
            go_on[number].wait(60)

    threads = [Thread(target=work, args=(number,)) for number in range(2)]
    for number, thread in enumerate(threads):
        thread.start()
        assert started[number].wait(60)
    looked, go_and_look = Event(), Event()
    done: list[str] = []

    def wait(_: float) -> None:
        looked.set()
        go_and_look.wait(60)

    def third() -> None:
        with in_turn("imports", 2, sleep=wait):
            done.append("third")

    late = Thread(target=third)
    late.start()
    assert looked.wait(60)
    assert not done
    with in_turn("other", 1, sleep=lambda _: pytest.fail("it waits")):
        done.append("other work")
    go_on[0].set()
    threads[0].join(60)
    go_and_look.set()
    late.join(60)
    assert done == ["other work", "third"]
    go_on[1].set()
    threads[1].join(60)
    with in_turn("imports", 1):
        pass


def test_a_place_that_is_never_free_holds_nobody_up() -> None:
    """A process that is frozen in its turn keeps the others for ten seconds, and a failure gives the place back."""
    time = VirtualTime()
    with in_turn("imports", 1), in_turn("imports", 1, time.clock, time.sleep):
        assert LONGEST_WAIT <= time.now - 1000 < LONGEST_WAIT + 1
    with pytest.raises(RuntimeError), in_turn("imports", 1):
        raise RuntimeError
    before = time.now
    with in_turn("imports", 1, time.clock, time.sleep):
        assert time.now == before


def test_a_folder_that_cannot_be_used_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder for the places, or with somebody's link in the place of one, the work is done at once."""
    target = tmp_path / "precious"
    target.write_text("as it was")
    (tmp_path / f"query-generator-{os.getuid()}-imports-0.lock").symlink_to(target)
    done = []
    with in_turn("imports", 1):
        done.append("beside the link")
    with target.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with in_turn("imports", 1):
        done.append("without a folder")
    assert (target.read_text(), len(done)) == ("as it was", 2)
