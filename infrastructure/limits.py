"""The limits of AWS Batch, from limits.json: each with the page of AWS that says it."""

import json
from pathlib import Path
from typing import Any

_LIMITS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "limits.json").read_text(encoding="utf-8"))


def limit(name: str) -> Any:
    """Return the value of a limit."""
    return _LIMITS[name]["value"]


def broken(name: str, problem: str) -> str:
    """Return the problem with the page that says the limit."""
    return f"{problem} ({_LIMITS[name]['page']})"


def size_of(document: object) -> int:
    """Return the size of a document as compact JSON, in bytes of UTF-8."""
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
