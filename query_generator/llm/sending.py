"""Tells a listener on the same thread when a transport has sent its request."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Listener(threading.local):
    on_sent: Callable[[], None] | None = None


_listener = _Listener()


@contextmanager
def told_when_sent(on_sent: Callable[[], None]) -> Iterator[None]:
    """Make one call inside, on this thread; `on_sent` is called once, when the request has been written."""
    _listener.on_sent = on_sent
    try:
        yield
    finally:
        _listener.on_sent = None


def request_sent() -> None:
    """Report that the whole request of this thread's call has been written; only the first report counts."""
    on_sent, _listener.on_sent = _listener.on_sent, None
    if on_sent:
        on_sent()
