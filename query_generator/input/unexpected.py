"""The net under the reading of foreign data: an error that nobody foresaw costs one record, not the run."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from query_generator.errors import QueryGeneratorError

_LOG = logging.getLogger("input")


@contextmanager
def unexpected_as(error: Callable[[str], QueryGeneratorError]) -> Iterator[None]:
    """Turn an exception that is neither ours nor of a file or connection into the given error, made of the reason.

    The traceback is logged at DEBUG.
    """
    try:
        yield
    except (QueryGeneratorError, OSError):
        raise
    except Exception as exc:
        _LOG.debug("[INPUT] unexpected error", exc_info=True)
        reason = f"unexpected {type(exc).__name__}, a fault of this program; LOG_LEVEL=DEBUG shows where"
        raise error(reason) from exc
