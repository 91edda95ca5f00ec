"""The import of google-generativeai, which takes longer than all other imports of a job together."""

import gc
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

_lock = threading.Lock()


def import_sdk() -> tuple[Any, Any]:
    """Import the SDK without its notices that its upstream and Python 3.11 end: the package, and its service client."""
    with _lock:
        return _import()


def _import() -> tuple[Any, Any]:
    for notice in (r"\s*All support for the `google\.generativeai` package", "You are using a Python version"):
        warnings.filterwarnings("ignore", message=notice, category=FutureWarning)
    import google.generativeai as genai
    from google.ai.generativelanguage import GenerativeServiceClient

    return genai, GenerativeServiceClient


def import_sdk_in_background(turn: AbstractContextManager[None] | None = None) -> None:
    """Begin the import while the job waits for other services; whoever needs the SDK waits for the rest of it.

    Only for a process that is the job's own: the garbage collector of the whole process rests for the time of the
    import. The thread is no daemon: the end of the process in the middle of an import could crash it.

    Args:
        turn: is waited for before the import, also by whoever needs the SDK.
    """
    threading.Thread(target=_try_import, args=(turn or nullcontext(),), name="sdk-import").start()


def _try_import(turn: AbstractContextManager[None]) -> None:
    with suppress(ImportError), _lock, turn, _no_search_for_garbage():  # it is raised again where the SDK is used
        _import()


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Spare the searches among all that an import makes and keeps, and leave it out of later ones.

    Measured on Python 3.11 with the locked packages: 80 ms of the import's 345 ms of CPU time, at which the first call
    of a job has to wait, and 60 ms of each later full search, in which all threads stand still.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
