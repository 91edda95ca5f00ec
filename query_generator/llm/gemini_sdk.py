"""The import of google-generativeai, which takes longer than all other imports of a job together."""

import gc
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

_lock = threading.Lock()
_NOTICE = "google.api_core._python_version_support"


def import_sdk() -> tuple[Any, Any]:
    """Import the SDK without its notices that its upstream and Python 3.11 end: the package, and its service client."""
    with _lock:
        return _import()


def _import() -> tuple[Any, Any]:
    _spare_the_search_for_a_notice()
    for notice in (r"\s*All support for the `google\.generativeai` package", "You are using a Python version"):
        warnings.filterwarnings("ignore", message=notice, category=FutureWarning)
    import google.generativeai as genai
    from google.ai.generativelanguage import GenerativeServiceClient

    return genai, GenerativeServiceClient


def _spare_the_search_for_a_notice() -> None:
    """Keep google.api_core from a look into every installed package, by which it names itself in a notice.

    On a Python that ends within a year it takes 20 ms of CPU time among the 42 packages of the image, and 180 ms among
    the 160 of a development environment. The one module that looks is loaded before its package, and its own function
    changed; nothing else can see that, and where a later version has no such module all stays as it is.
    """
    package = find_spec("google.api_core")
    if _NOTICE in sys.modules or not package or not package.submodule_search_locations:
        return
    file = Path(package.submodule_search_locations[0], f"{_NOTICE.rpartition('.')[2]}.py")
    spec = spec_from_file_location(_NOTICE, file) if file.is_file() else None
    if spec and spec.loader:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        vars(module)["_cached_packages_distributions"] = dict
        sys.modules[_NOTICE] = module


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
