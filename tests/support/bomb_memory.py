"""Calls a service that sends bombs from many threads at once; prints what came of it and the peak memory.

`python -m tests.support.bomb_memory PROVIDER BOMB`, each a name below; the service is a process of its own.
"""

import subprocess
import sys
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

from query_generator.errors import QueryGeneratorError
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.llm.reply_size import MOST_VALUES
from query_generator.models import Product, QueryType
from tests.fakes.raw_server import RawServer, response

CALLS = 32
MB = 1 << 20
VALUES = (MOST_VALUES - 10) // 2  # objects, just few enough to be read
_PARTS = b'{"candidates": [{"content": {"parts": [%b]}}]}'
_TEXT = _PARTS % b'{"text": "%b"}'
REQUEST = GenerationRequest(Product(name="Aero"), QueryType.PRODUCT, 5, Prompt("You write.", "exactly 5 questions"))


def _compressed(part: bytes, times: int, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join(packer.compress(part) for _ in range(times)) + packer.flush()


def _endless(head: str, part: bytes) -> Iterator[bytes]:
    yield head.encode()
    yield from repeat(part)


def _packed(coding: str, status: str = "200 OK") -> Callable[[int], Iterable[bytes]]:
    bomb = _compressed(b" " * MB, 100, 31 if coding == "gzip" else 15)
    reply = response(bomb, f"Content-Encoding: {coding}", "Content-Type: application/json", status=status)
    return lambda _: [reply]


def _stacked() -> Callable[[int], Iterable[bytes]]:
    bomb = _compressed(_compressed(b" " * MB, 100, 31), 1, 31)
    reply = response(bomb, "Content-Encoding: gzip, gzip", "Content-Type: application/json")
    return lambda _: [reply]


def bomb(name: str) -> Callable[[int], Iterable[bytes]]:
    """Return what makes the bytes of the bomb of this name."""
    head = "HTTP/1.1 {}\r\nContent-Type: application/json\r\n"
    chunked, long = "Transfer-Encoding: chunked\r\n\r\n", "Content-Length: 9000000000000\r\n\r\n"
    ok, bad = head.format("200 OK"), head.format("500 Oh")
    filler = b" " * 65_536
    bombs: dict[str, Callable[[], Callable[[int], Iterable[bytes]]]] = {
        "gzip": lambda: _packed("gzip"),
        "deflate": lambda: _packed("deflate"),
        "gzip-error": lambda: _packed("gzip", "500 Oh"),
        "gzip-gzip": _stacked,
        "endless": lambda: lambda _: _endless(ok + long, filler),
        "endless-error": lambda: lambda _: _endless(bad + long, filler),
        "endless-redirect": lambda: lambda _: _endless(head.format("302 Found") + long, filler),
        "chunked": lambda: lambda _: _endless(ok + chunked, b"10000\r\n" + filler + b"\r\n"),
        "chunked-bytes": lambda: lambda _: _endless(ok + chunked, b"1;" + b"x" * 1000 + b"\r\n \r\n"),
        "headers": lambda: lambda _: _endless(ok, b"X-A: " + b"x" * 60_000 + b"\r\n"),
        "one-header": lambda: lambda _: _endless(ok + "X-A: ", filler),
        "status-line": lambda: lambda _: _endless("HTTP/1.1 200 ", filler),
        "continue": lambda: lambda _: repeat(b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"),
        "until-closed": lambda: lambda _: _endless(ok + "\r\n", filler),
        "emoji": lambda: lambda _: [response(b'{"model":"' + "\U0001f4a3".encode() * (MB // 4) + b'"}')],
        "one-emoji": lambda: lambda _: [response(_TEXT % ("\U0001f4a3".encode() + b"a" * MB))],
        "one-escape": lambda: lambda _: [response(_TEXT % (rb"\ud83d\udca3" + b"a" * MB))],
        "candidates": lambda: lambda _: [response(b'{"candidates": [' + b'{"index": 1},' * VALUES + b"{}]}")],
        "parts": lambda: lambda _: [response(_PARTS % (b'{"text": "abcdefgh"},' * VALUES + b"{}"))],
        "lists": lambda: lambda _: [response(b"[" + b"[]," * ((MB - 60) // 3) + b"[]]")],
    }
    return bombs[name]()


BOMBS = (
    *("gzip", "deflate", "gzip-error", "gzip-gzip", "endless", "endless-error", "endless-redirect", "chunked"),
    *("chunked-bytes", "headers", "one-header", "status-line", "continue", "until-closed", "lists", "emoji"),
    *("one-emoji", "one-escape", "candidates", "parts"),
)


def provider(name: str, url: str, **limits: Any) -> Any:
    """Make a provider of this name for a service at an address."""
    models = dict.fromkeys(QueryType, "small-1")
    if name == "gemini":
        from query_generator.llm.gemini import GeminiProvider

        return GeminiProvider("sk-TheTestsKey", models, endpoint=url, **limits)
    if name == "google-genai":
        from query_generator.llm.google_genai import GoogleGenAIProvider

        return GoogleGenAIProvider("sk-TheTestsKey", models, endpoint=url, **limits)
    if name == "openai":
        from query_generator.llm.openai_chat import OpenAIProvider

        return OpenAIProvider("sk-TheTestsKey", "small-1", base_url=f"{url}/v1", **limits)
    from query_generator.llm.anthropic_messages import AnthropicProvider

    return AnthropicProvider("sk-TheTestsKey", "small-1", base_url=url, **limits)


def main(name: str, kind: str) -> None:
    """Make the calls, and print the outcomes and the peak of resident memory in MB."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.bomb_memory", "serve", kind], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        made = provider(name, process.stdout.readline().strip(), timeout_seconds=10.0, deadline_seconds=20.0)

        def outcome(_: int) -> str:
            try:
                return f"{len(made.generate(REQUEST).texts)} texts"
            except QueryGeneratorError as exc:
                return f"{type(exc).__name__}: {exc}"

        try:
            with ThreadPoolExecutor(CALLS) as pool:
                outcomes = Counter(pool.map(outcome, range(CALLS)))
        finally:
            process.kill()
    print(_peak(), dict(outcomes))


def _peak() -> int:
    """Return the peak of resident memory in MB; that of getrusage may be what the parent had before the exec."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def serve(kind: str) -> None:
    """Send a bomb to everyone, until this process is killed."""
    with RawServer(bomb(kind)) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1] == "serve" else main(*sys.argv[1:])
