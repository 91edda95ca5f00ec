"""Threads for blocking calls, which do not keep the process from exiting."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Workers(Generic[T]):
    """A pool of daemon threads, each started when it is needed.

    `concurrent.futures.ThreadPoolExecutor` joins its threads at exit, so that one hanging call would keep an
    interrupted run from ending in time.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self._tasks: SimpleQueue[tuple[Future[T], Callable[[], T]]] = SimpleQueue()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Make a call on a thread of the pool; the future holds what it returns or raises."""
        future: Future[T] = Future()
        self._tasks.put((future, call))
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._size:
            thread = threading.Thread(target=self._work, name=f"call-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def _work(self) -> None:
        while True:
            future, call = self._tasks.get()
            try:
                future.set_result(call())
            except BaseException as exc:  # noqa: BLE001  whatever a call raises belongs to the reader of the future
                future.set_exception(exc)
            self._idle.release()


def take_ended(ended: "SimpleQueue[Future[T]]", at_most: int) -> list[Future[T]]:
    """Wait up to 0.5 s for a finished call; return it with the others that have finished, at most `at_most`."""
    finished: list[Future[T]] = []
    try:
        finished.append(ended.get(timeout=0.5))
        while len(finished) < at_most:
            finished.append(ended.get_nowait())
    except Empty:
        pass
    return finished
