"""A link to a Unix socket that takes its time: `python -m benchmarks.slow_link FOLDER PORT SECONDS`.

It listens on the socket that PostgreSQL clients look for in FOLDER, and delays each direction by SECONDS. What is on
its way does not hold up what follows: the link is long, not narrow.
"""

import contextlib
import socket
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

CHUNK = 1 << 16


def main(argv: list[str]) -> int:
    """Serve until terminated: `FOLDER PORT SECONDS TARGET`, where TARGET is the folder of the server's socket."""
    folder, port, seconds, target = argv
    name = f".s.PGSQL.{port}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(Path(folder) / name))
        listener.listen()
        print("ready", flush=True)
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(Path(target) / name))
            _carry(client, server, float(seconds))
            _carry(server, client, float(seconds))


def _carry(source: socket.socket, target: socket.socket, seconds: float) -> None:
    """Pass on what comes, each piece so long after it came; in two threads, so that waiting does not stop reading."""
    on_the_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()

    def read() -> None:
        while data := _received(source):
            on_the_way.put((time.monotonic() + seconds, data))
        on_the_way.put((0.0, b""))

    def write() -> None:
        with contextlib.suppress(OSError):
            while (piece := on_the_way.get())[1]:
                time.sleep(max(0.0, piece[0] - time.monotonic()))
                target.sendall(piece[1])
            target.shutdown(socket.SHUT_WR)

    for work in (read, write):
        threading.Thread(target=work, daemon=True).start()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(CHUNK)
    except OSError:
        return b""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
