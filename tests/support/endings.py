"""What a command said at its end, taken from its log."""

from typing import NamedTuple

from query_generator.errors import ExitCode

BEGIN = "[BATCH] Exit code "


class Said(NamedTuple):
    """The last lines of a command that did not succeed."""

    happened: str
    why: str
    to_type: str


def ending_of(log: str) -> Said:
    """Find the lines: what happened, why (one line for each cause, and a traceback), and what to type."""
    lines = log.splitlines()
    begins = [number for number, line in enumerate(lines) if line.startswith(BEGIN)]
    if not begins:
        return Said("", log, "")
    return Said(lines[begins[-1]], "\n".join(lines[begins[-1] + 1 : -1]), lines[-1])


def lacks(code: int, log: str) -> str:
    """Say what is missing at the end of a log; nothing if it teaches, or has to teach nothing."""
    if code not in {*ExitCode} - {ExitCode.SUCCEEDED} or log.startswith("{"):
        return ""
    happened, why, to_type = ending_of(log)
    if not happened.startswith(f"{BEGIN}{code}: "):
        return "what happened"
    prefix = "[INPUT ERROR] " if code == ExitCode.BAD_CONFIGURATION else "[BATCH ERROR] "
    if not why or not all(line.startswith((prefix, "  | ")) for line in why.splitlines()):
        return "why"
    is_told = to_type.startswith("[BATCH] ") and " type" in f" {to_type.lower()}"
    return "" if is_told and "{" not in to_type else "what to type"
