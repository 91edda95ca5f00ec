"""The import of google-generativeai, which takes longer than all other imports of a job together."""

import gc
import importlib.metadata
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
    with _no_search_for_a_notice(), _no_search_for_garbage():
        for notice in (r"\s*All support for the `google\.generativeai` package", "You are using a Python version"):
            warnings.filterwarnings("ignore", message=notice, category=FutureWarning)
        import google.generativeai as genai
        from google.ai.generativelanguage import GenerativeServiceClient
    return genai, GenerativeServiceClient


def import_sdk_in_background(turn: AbstractContextManager[None] | None = None) -> None:
    """Begin the import while the job waits for other services; whoever needs the SDK waits for the rest of it.

    The thread is no daemon: the end of the process in the middle of an import could crash it.

    Args:
        turn: is waited for before the import, also by whoever needs the SDK.
    """
    threading.Thread(target=_try_import, args=(turn or nullcontext(),), name="sdk-import").start()


def _try_import(turn: AbstractContextManager[None]) -> None:
    with suppress(ImportError), _lock, turn:  # it is raised again where the SDK is used
        _import()


@contextmanager
def _no_search_for_a_notice() -> Iterator[None]:
    """Spare a look into every installed package, a quarter of the import.

    On a Python that ends within a year, google.api_core takes it to name its own package in the notice about that.
    """
    search = importlib.metadata.packages_distributions
    importlib.metadata.packages_distributions = dict
    try:
        yield
    finally:
        importlib.metadata.packages_distributions = search


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Spare the searches among all that an import makes and keeps, an eighth of it, and leave it out of later ones."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
