"""Tells a page of a job's log: `aws logs get-log-events … --output json | python3 infrastructure/log_page.py`.

Each event goes to standard error, the token of the next page to standard output: CloudWatch Logs gives the same token
again when there is no more. Standard library and Python 3.6: the submit script calls it with its user's Python.
"""

import json
import sys
from typing import Any, List, Mapping


def messages(page: Mapping[str, Any]) -> List[str]:
    """Return the messages of a page of GetLogEvents in order, without the line ends that they come with."""
    return [event["message"].rstrip("\n") for event in page["events"]]


def main() -> int:
    """Copy the page on standard input; ValueError or KeyError if it is none."""
    page = json.load(sys.stdin)
    for message in messages(page):
        print(message, file=sys.stderr)
    print(page["nextForwardToken"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
