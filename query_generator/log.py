"""Log lines: text that begins with `[COMPONENT]`, or JSON; secrets are masked."""

import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from query_generator.llm.registry import PROVIDERS
from query_generator.masking import without_secret

MASK = "***"
CHATTY = (
    *("boto3", "botocore", "s3transfer", "urllib3", "tenacity", "pyrate_limiter", "httpx2", "httpcore2"),
    *(logger for entry in PROVIDERS.values() for logger in entry.loggers),
)
_COMPONENT = re.compile(r"^\[([A-Z][A-Z ]*)\] ?")


def configure_logging(level: str, log_format: str, secret_values: Callable[[], frozenset[str]]) -> None:
    """Send log lines to standard error.

    Args:
        level: of this project's lines; SDKs log at WARNING or above, since some print whole bodies at DEBUG.
        log_format: `text` or `json`.
        secret_values: returns the values to mask; called for each line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_MaskingFormatter(log_format, secret_values))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))


class _MaskingFormatter(logging.Formatter):
    def __init__(self, log_format: str, secret_values: Callable[[], frozenset[str]]) -> None:
        super().__init__()
        self._json = log_format == "json"
        self._secret_values = secret_values

    def format(self, record: logging.LogRecord) -> str:
        text = self._masked(super().format(record))
        if self._json:
            component = _COMPONENT.match(text)
            entry = {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname,
                "component": component.group(1) if component else record.name,
                "message": text[component.end() :] if component else text,
            }
            return json.dumps(entry, ensure_ascii=False)
        return text if _COMPONENT.match(text) else f"[{record.name.rpartition('.')[2].upper()}] {text}"

    def _masked(self, text: str) -> str:
        for value in sorted(self._secret_values(), key=len, reverse=True):
            text = without_secret(text, value, MASK)
        return text
