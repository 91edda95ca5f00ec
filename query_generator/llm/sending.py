"""Tells a listener on the same thread when a transport is about to send its request, and when it has sent it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Listener(threading.local):
    on_sent: Callable[[], None] | None = None
    before_sending: Callable[[], None] | None = None


_listener = _Listener()


@contextmanager
def told_when_sent(on_sent: Callable[[], None], before_sending: Callable[[], None]) -> Iterator[None]:
    """Make one call inside, on this thread.

    Args:
        on_sent: called once, when the request has been written.
        before_sending: called just before it is written, after all that an SDK does first; it may wait, and nothing is
            written if it raises.
    """
    _listener.on_sent, _listener.before_sending = on_sent, before_sending
    try:
        yield
    finally:
        _listener.on_sent = _listener.before_sending = None


def about_to_send() -> None:
    """Ask whether the request of this thread's call may be written; raises what the listener raises."""
    if _listener.before_sending:
        _listener.before_sending()


def request_sent() -> None:
    """Report that the whole request of this thread's call has been written; only the first report counts."""
    on_sent, _listener.on_sent = _listener.on_sent, None
    if on_sent:
        on_sent()
