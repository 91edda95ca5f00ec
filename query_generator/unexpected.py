"""The net under foreign data: an error that nobody foresaw costs one record or one call, not the run."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from query_generator.errors import QueryGeneratorError

_LOG = logging.getLogger("unexpected")


@contextmanager
def unexpected_as(error: Callable[[str], QueryGeneratorError], *through: type[Exception]) -> Iterator[None]:
    """Turn an exception that is not ours, and not one of `through`, into the given error, made of the reason.

    The traceback is logged at DEBUG.
    """
    ours: tuple[type[Exception], ...] = (QueryGeneratorError, *through)
    try:
        yield
    except ours:
        raise
    except Exception as exc:
        _LOG.debug("[BATCH] unexpected error", exc_info=True)
        reason = f"unexpected {type(exc).__name__}, a fault of this program; LOG_LEVEL=DEBUG shows where"
        raise error(reason) from exc
