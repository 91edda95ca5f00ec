"""The limits of AWS Batch from limits.json, each with the AWS page that states it, and the project's own limits.

Standard library and Python 3.6 only: the submit script imports it through plan.py with whatever Python its user has.
"""

import json
from pathlib import Path
from typing import Any, Dict

_LIMITS: Dict[str, Dict[str, Any]] = json.loads((Path(__file__).parent / "limits.json").read_text(encoding="utf-8"))

# The project's own limits, both below AWS's overrides_characters. ECS counts the characters when it starts the
# container, after AWS Batch has accepted the job and added its AWS_BATCH_* variables, for which this leaves room.
SUBMITTED_CHARACTERS = 7500
INLINE_CHARACTERS = 6000  # of overrides with the products in them; longer products go through S3


def limit(name: str) -> Any:
    """Return the value of a limit as it is in limits.json. Raises KeyError if there is no such limit."""
    return _LIMITS[name]["value"]


def broken(name: str, problem: str) -> str:
    """Return the problem with the page that states the limit. Raises KeyError if there is no such limit."""
    return f"{problem} ({_LIMITS[name]['page']})"


def size_of(document: object) -> int:
    """Return the size of a document as compact JSON, in bytes of UTF-8. Raises UnicodeEncodeError for surrogates."""
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
