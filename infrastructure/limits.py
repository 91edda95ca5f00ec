"""The limits of AWS Batch, from limits.json: each with the page of AWS that says it; and what the project keeps to.

Standard library and Python 3.6: the submit script reads it, through plan.py, with whatever Python its user has.
"""

import json
from pathlib import Path
from typing import Any, Dict

_LIMITS: Dict[str, Dict[str, Any]] = json.loads((Path(__file__).parent / "limits.json").read_text(encoding="utf-8"))

# The project's own, both below AWS's overrides_characters. ECS counts when it starts the container, after AWS Batch has
# taken the job and added its AWS_BATCH_* variables: what is submitted stays short enough to leave room for these.
SUBMITTED_CHARACTERS = 7500
INLINE_CHARACTERS = 6000  # of overrides up to which products travel with the request; longer ones go through S3


def limit(name: str) -> Any:
    """Return the value of a limit in limits.json, in the shape that it has there; KeyError if it has no such name."""
    return _LIMITS[name]["value"]


def broken(name: str, problem: str) -> str:
    """Return the problem with the page that says the limit; KeyError if there is no such limit."""
    return f"{problem} ({_LIMITS[name]['page']})"


def size_of(document: object) -> int:
    """Return the size of a document as compact JSON, in bytes of UTF-8; UnicodeEncodeError if it is no Unicode text."""
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
