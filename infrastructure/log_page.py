"""Prints a page of a job's log: `aws logs get-log-events … --output json | python3 infrastructure/log_page.py`.

The events go to standard error, the token of the next page to standard output; CloudWatch Logs returns the same token
again if there are no more events. Standard library and Python 3.6: the submit script runs it with its user's Python.
"""

import json
import sys
from typing import Any, List, Mapping


def messages(page: Mapping[str, Any]) -> List[str]:
    """Return the messages of a page of GetLogEvents in order, without their line ends, and none steers a terminal."""
    return [_printable(event["message"].rstrip("\n")) for event in page["events"]]


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode() for char in text
    )


def main() -> int:
    """Print the page on standard input. Returns 1 if it is none."""
    try:
        page = json.load(sys.stdin)
        shown, token = messages(page), page["nextForwardToken"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return 1
    for message in shown:
        print(message, file=sys.stderr)
    print(token)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
