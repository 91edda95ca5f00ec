"""Log lines: text that begins with `[COMPONENT]`, or JSON. Secrets are masked, and no text forges a line."""

import errno
import io
import json
import logging
import os
import re
import select
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

from query_generator.llm.registry import PROVIDERS
from query_generator.masking import masked
from query_generator.one_line import one_line

CHATTY = (
    *("boto3", "botocore", "s3transfer", "urllib3", "tenacity", "pyrate_limiter", "httpx2", "httpcore2"),
    *(logger for entry in PROVIDERS.values() for logger in entry.loggers),
)
_COMPONENT = re.compile(r"^\[([A-Z][A-Z ]*)\] ?")
_TRACE_INDENT = "  | "  # before each line of a traceback, which then cannot pass for a line of its own


def configure_logging(level: str, log_format: str) -> None:
    """Send log lines to standard error, warnings of Python and exceptions of threads included.

    Args:
        level: of this project's lines; SDKs log at WARNING or above, since some print whole bodies at DEBUG.
        log_format: `text` or `json`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if log_format == "json" else _TextLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # or a line that a full disk refuses comes again, unmasked, once there is room
    threading.excepthook = _log_exception


def begin_outputs() -> None:
    """Make the standard streams wait for a slow reader, and write what their encoding lacks as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
            with suppress(OSError):
                os.set_blocking(stream.fileno(), True)


def tell(text: str) -> None:
    """Print what a command has to say. An output that takes no more costs no command its exit code."""
    try:
        print(text, flush=True)
    except OSError as exc:
        _give_up(sys.stdout, exc)


def end_outputs() -> None:
    """Flush what is left, or drop it where it cannot be written: Python would end with 120."""
    for stream in (sys.stdout, sys.stderr):
        if stream:
            try:
                stream.flush()
            except OSError as exc:
                _give_up(stream, exc)


def last_words(*lines: str) -> None:
    """Write lines that hold no secret in a signal handler, right before the process ends: no lock is taken, and no
    reader waited for. The lines must not be longer than a pipe takes at once, 4,096 bytes.
    """
    handler = logging.getLogger().handlers[0]
    form = _json_line if isinstance(handler.formatter, _JsonLines) else str
    text = "".join(f"{form(line)}\n" for line in lines)
    with suppress(OSError, ValueError):
        descriptor = sys.stderr.fileno()
        if select.select([], [descriptor], [], 0)[1]:
            os.write(descriptor, text.encode())


def _give_up(stream: TextIO, error: OSError) -> None:
    """Drop what waits in the stream and all that follows. A reader that has gone, such as `head`, wanted no more."""
    if stream is sys.stdout and error.errno != errno.EPIPE:
        logging.getLogger("log").warning(
            "[BATCH WARNING] standard output takes no more: %s; what was to be shown there is lost", error.strerror
        )
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _log_exception(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value:
        name = failed.thread.name if failed.thread else ""
        logging.getLogger("thread").error("Unexpected error in thread %s", name, exc_info=failed.exc_value)


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        head, *trace = _masked_lines(self, record)
        line = one_line(head)
        if not _COMPONENT.match(line):
            line = f"[{record.name.rpartition('.')[2].upper()}] {line}"
        return "\n".join((line, *(_TRACE_INDENT + one_line(part) for part in trace)))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = "\n".join(_masked_lines(self, record))
        return _json_line(text, record.levelname, record.name, record.created)


def _json_line(text: str, level: str = "ERROR", name: str = "", created: float | None = None) -> str:
    component = _COMPONENT.match(text)
    at = datetime.now(UTC) if created is None else datetime.fromtimestamp(created, UTC)
    entry = {
        "time": at.isoformat(timespec="milliseconds"),
        "level": level,
        "component": component.group(1) if component else name,
        "message": text[component.end() :] if component else text,
    }
    return one_line(json.dumps(entry, ensure_ascii=False))


def _masked_lines(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    """Return the message, which may hold line breaks, and then the lines of its traceback and stack."""
    traces = (
        formatter.formatException(record.exc_info) if record.exc_info else record.exc_text,
        formatter.formatStack(record.stack_info) if record.stack_info else "",
    )
    below = masked("\n".join(trace for trace in traces if trace))
    return [masked(record.getMessage()), *(below.split("\n") if below else ())]
