"""When a request has gone out: a transport says so, and whoever wants to know it on the same thread is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Listener(threading.local):
    on_sent: Callable[[], None] | None = None


_listener = _Listener()


@contextmanager
def told_when_sent(on_sent: Callable[[], None]) -> Iterator[None]:
    """Make one call inside, on this thread; `on_sent` is called once, as soon as its request is written."""
    _listener.on_sent = on_sent
    try:
        yield
    finally:
        _listener.on_sent = None


def request_sent() -> None:
    """Say that the request of this thread's call is written, whole; saying it again does nothing."""
    on_sent, _listener.on_sent = _listener.on_sent, None
    if on_sent:
        on_sent()
