"""Commands as forks of a process that has imported what they import, which is most of what a short one costs.

A fork is a process of its own with exactly the environment and the streams that it is given, and runs `batch_job.py` as
Python runs a script. What only a new interpreter can show (its own variables, what an import does, memory) is for tests
that start one, and `TEST_NEW_INTERPRETERS=1` gives every command one.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

import boto3

from tests.support.paths import ROOT

NEW_INTERPRETERS = "TEST_NEW_INTERPRETERS"
_ENDED: list[object] = []  # the exit code of a fork that ends as it should
SCRIPT = str(ROOT / "batch_job.py")
READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ")  # a fork would know these variables too late
IMPORTED = (
    "boto3.dynamodb.types",
    "multiprocessing.shared_memory",
    "psycopg",
    "query_generator.api",
    "query_generator.cli",
    "query_generator.commands.cache",
    "query_generator.commands.init_db",
    "query_generator.commands.report",
    "query_generator.commands.run",
    "query_generator.config",
    "query_generator.llm.gemini",
    "query_generator.llm.offline",
    "query_generator.pipeline.job",
    "query_generator.report.metrics",
)


def start(
    arguments: Sequence[str], env: Mapping[str, str], *, stdin: int = subprocess.DEVNULL
) -> "subprocess.Popen[str]":
    """Start `batch_job.py` with exactly this environment; what it writes is piped."""
    anew = bool(os.environ.get(NEW_INTERPRETERS)) or any(name.startswith(READ_AT_START) for name in env)
    kind = subprocess.Popen if anew else _Forked
    return kind(
        [sys.executable, SCRIPT, *arguments],
        env=env,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class _Forked(subprocess.Popen[str]):
    """A process that another one forks, and waits for, on our behalf."""

    def _execute_child(self, args: Sequence[str], *rest: Any) -> None:
        """Have it forked; Popen has made the pipes, and closes our copies of the other ends."""
        env, streams = rest[5], rest[9:15]
        theirs = (streams[0], streams[3], streams[5])
        self._told, told = socket.socketpair()
        with tempfile.TemporaryFile() as request:
            request.write(json.dumps([args[2:], dict(env), os.getcwd()]).encode())
            request.flush()
            socket.send_fds(_server(), [b"+"], [request.fileno(), told.fileno(), *theirs])
        told.close()
        self._child_created = True
        self.pid = int(self._line())
        self._close_pipe_fds(*streams)  # type: ignore[attr-defined]

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            piece = self._told.recv(1)
            assert piece, f"see what `python -m {__name__}` says"
            line += piece
        return line

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        """Answer as os.waitpid does."""
        if wait_flags & os.WNOHANG and not select.select([self._told], [], [], 0)[0]:
            return 0, 0
        status = int(self._line())
        self._told.close()
        return self.pid, status

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self._handle_exitstatus(status)  # type: ignore[attr-defined]
        return self.returncode


@cache
def _server() -> socket.socket:
    """Start the process that forks; it ends with this one, which holds the other end of its socket."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(theirs.fileno())],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.PIPE,  # pipes as those of a command, because Python's streams remember what they are on
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(control: socket.socket) -> list[Any]:
    """Fork for each request until there are no more; returns the request in the fork alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        _, handles, _, _ = socket.recv_fds(control, 1, 5)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                """Those that have ended."""
        if not handles:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            return _forked(*handles)
        for handle in handles:
            os.close(handle)


def _forked(request: int, told: int, *streams: int) -> list[Any]:
    """Fork the command itself; what is here only waits for it, and tells how it ended."""
    pid = os.fork()
    if pid:
        for handle in (request, *streams):
            os.close(handle)
        os.write(told, b"%d\n" % pid)
        os.write(told, b"%d\n" % os.waitpid(pid, 0)[1])
        os._exit(0)
    os.close(told)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, handle in enumerate(streams):
        os.dup2(handle, number)
        os.close(handle)
    with open(request, "rb", closefd=True) as file:
        file.seek(0)
        told_of: list[Any] = json.loads(file.read())
    return told_of


def _become(arguments: Sequence[str], env: Mapping[str, str], folder: str) -> None:
    """Run the script as if this process had been started for it."""
    locale = os.environ.get("LC_CTYPE")  # Python itself sets it where no other variable tells the encoding
    os.environ.clear()
    os.environ.update(env)
    if locale:
        os.environ.setdefault("LC_CTYPE", locale)
    os.chdir(folder)
    sys.argv = [SCRIPT, *arguments]
    sys.path[0] = str(ROOT)
    try:
        runpy.run_path(SCRIPT, run_name="__main__")
    except SystemExit as end:
        _ENDED.append(end.code)
        raise


def _leave() -> None:
    """End before Python takes its modules to pieces, for which a fork would copy them all."""
    (code,) = _ENDED or (1,)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else 1)


def _import_all() -> None:
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # as batch_job.py does
    for name in IMPORTED:
        import_module(name)
    from query_generator.llm.gemini_sdk import import_sdk

    import_sdk()
    session = boto3.Session(aws_access_key_id="-", aws_secret_access_key="-", region_name="us-east-1")
    for service in ("dynamodb", "s3", "secretsmanager"):
        session.client(service)  # what a client needs is imported when it is made
    gc.freeze()  # a search for garbage in a fork would copy all of it


if __name__ == "__main__":
    atexit.register(_leave)  # the first one is called last
    _import_all()
    _become(*_serve(socket.socket(fileno=int(sys.argv[1]))))
