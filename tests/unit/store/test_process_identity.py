"""Whether a process of this machine has ended for sure."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from query_generator.store.process_identity import is_surely_gone, own_identity
from tests.conftest import wait_until
from tests.support.paths import ROOT

OWN, OTHER = os.getpid(), os.getpid() + 1


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with this process and another one."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "self/ns").mkdir(parents=True)
    boot(tmp_path, "boot-1")
    namespace(tmp_path, "pid:[1]")
    process(tmp_path, OWN)
    process(tmp_path, OTHER)
    return tmp_path


def boot(proc: Path, name: str) -> None:
    """Let the machine have been started under this name."""
    (proc / "sys/kernel/random/boot_id").write_text(f"{name}\n")


def namespace(proc: Path, name: str) -> None:
    """Let this process live in a container of this name."""
    (proc / "self/ns/pid").unlink(missing_ok=True)
    (proc / "self/ns/pid").symlink_to(name)


def process(proc: Path, number: int, name: str = "python", state: str = "S", started: int = 100) -> None:
    """Let a process be there."""
    (proc / str(number)).mkdir(exist_ok=True)
    between = " ".join(["0"] * 18)
    (proc / str(number) / "stat").write_text(f"{number} ({name}) {state} {between} {started} 0 0 0\n")


def other(proc: Path, started: int = 100) -> str:
    """The identity that the other process has given itself."""
    return own_identity(proc).replace(f"/{OWN}/100", f"/{OTHER}/{started}")


def test_a_process_is_named_by_machine_container_number_and_start(proc: Path) -> None:
    """Two processes never have one name, whatever is restarted."""
    assert own_identity(proc) == f"boot-1/pid:[1]/{OWN}/100"


@pytest.mark.parametrize("name", ["python", "a) S 7 (b", "tmux: server", ""])
def test_a_living_process_is_not_gone(proc: Path, name: str) -> None:
    """A process that runs, whatever it is called, is left alone."""
    process(proc, OTHER, name)
    assert not is_surely_gone(other(proc), proc)
    assert not is_surely_gone(own_identity(proc), proc)


def test_an_ended_process_is_gone(proc: Path) -> None:
    """A process that is not there any more, is dead but not yet buried, or whose number another one has, is gone."""
    identity = other(proc)
    for state in "ZX":
        process(proc, OTHER, state=state)
        assert is_surely_gone(identity, proc)
    process(proc, OTHER, started=101)
    assert is_surely_gone(identity, proc)
    (proc / str(OTHER) / "stat").unlink()
    assert is_surely_gone(identity, proc)


def test_what_this_machine_cannot_know_is_not_gone(proc: Path, tmp_path: Path) -> None:
    """A process of another machine, of another container or without a name may live, and so may all without /proc."""
    identity = other(proc, started=99)
    assert is_surely_gone(identity, proc)
    namespace(proc, "pid:[2]")
    assert not is_surely_gone(identity, proc)
    namespace(proc, "pid:[1]")
    boot(proc, "boot-2")
    assert not is_surely_gone(identity, proc)
    assert not is_surely_gone("", proc)
    nowhere = tmp_path / "nowhere"
    assert own_identity(nowhere) == ""
    assert not is_surely_gone(identity, nowhere)
    assert not is_surely_gone("", nowhere)


@pytest.fixture
def child() -> Iterator["subprocess.Popen[str]"]:
    """A process that says its name and waits."""
    command = "from query_generator.store.process_identity import own_identity as me; print(me(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", command], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        yield started
        started.kill()


def test_a_real_process_is_gone_when_it_is_killed(child: "subprocess.Popen[str]") -> None:
    """A run that was killed on this machine is known to be dead at once, even before its parent has noticed."""
    assert child.stdout is not None
    identity = child.stdout.readline().strip()
    assert not is_surely_gone(identity)
    child.kill()
    wait_until(lambda: is_surely_gone(identity))
    child.wait()
    assert is_surely_gone(identity)
