"""Prints a page of a job's log: `aws logs get-log-events … --output json | python3 infrastructure/log_page.py`.

The events go to standard error, the token of the next page to standard output; CloudWatch Logs returns the same token
again if there are no more events. Standard library and Python 3.6: the submit script runs it with its user's Python.
"""

import json
import sys
from typing import Any, List, Mapping


def messages(page: Mapping[str, Any]) -> List[str]:
    """Return the messages of a page of GetLogEvents in order, without their line ends."""
    return [event["message"].rstrip("\n") for event in page["events"]]


def main() -> int:
    """Print the page on standard input. Raises ValueError or KeyError if it is not a page."""
    page = json.load(sys.stdin)
    for message in messages(page):
        print(message, file=sys.stderr)
    print(page["nextForwardToken"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
