"""Processes that are measured by the kernel's own account of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Usage(NamedTuple):
    """What a process took: times by the monotonic clock, CPU time of user and system together, memory at its peak."""

    started: float
    ended: float
    cpu_seconds: float
    peak_mb: float
    code: int


class Measured:
    """A process that is measured; what it says on standard error is kept for the case that it fails."""

    def __init__(self, report: Path, command: list[str], environment: dict[str, str]) -> None:
        self._report = report
        launcher = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "measured.py"), str(report)]
        with report.with_suffix(".log").open("wb") as log:
            self._process = subprocess.Popen(
                [*launcher, sys.executable, *command],
                cwd=ROOT, env={"PATH": os.environ["PATH"], **environment}, stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        """Kill the process, which must not have ended; there is nothing to wait for then."""
        launcher = self._process.pid
        for process_id in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
            os.kill(int(process_id), signal.SIGKILL)
        self._process.wait()

    def wait(self, *codes: int) -> Usage:
        """Wait for the end.

        Raises:
            RuntimeError: it ended with another exit code than one of these (0 if none is given).
        """
        self._process.wait()
        usage = Usage(**json.loads(self._report.read_text()))
        if usage.code not in (codes or (0,)):
            log = self._report.with_suffix(".log").read_text(errors="replace")
            raise RuntimeError(f"{self._process.args!r} ended with {usage.code}:\n{log[-2000:]}")
        return usage


@contextmanager
def other_cores_busy() -> Iterator[None]:
    """Keep all cores but one busy, wherever the kernel puts that work; it ends with this process, however that ends."""
    work = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(10_000))"
    command = [sys.executable, "-I", "-S", "-c", work]
    busy = [subprocess.Popen(command) for _ in range(max(1, (os.cpu_count() or 1) - 1))]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()
