"""Installs exactly what a lock file lists into .venv: `python infrastructure/install.py LOCK STAMP …`.

The Makefile runs it with the user's Python before anything is installed: standard library only. Its log file is also
its lock: every process that writes to it holds the lock, pip included, so that a second `make` waits for a pip whose
parent was killed, but never for a process that has ended. A log without the line WHOLE means that an installation was
interrupted; it is then started anew.
"""

import fcntl
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path
from typing import IO

VENV = Path(".venv")
LOG = Path(".venv.log")
PYTHON = VENV / "bin" / "python"
WHOLE = "The environment is whole.\n"
PIP = [str(PYTHON), "-I", "-m", "pip", "--disable-pip-version-check"]
# --no-deps: pip before 23.3 does not take name[extra]==1.0 as a pin of name, and would look for its newest release.
INSTALL = [*PIP, "install", "--no-deps", "--require-hashes", "--no-compile", "--no-user", "--progress-bar", "off", "-r"]

AGAIN = "then run the same command again"
# A pattern of pip's output, the cause in one line (filled in with the groups), and what the user can do.
KINDS = [
    (
        r"DO NOT MATCH THE HASHES.*\n\s+(\S+)(?: \(from [^)]*\))? from ([^\s#]+)",
        "{0} from {1} is not the file that was locked: its SHA-256 differs",
        "an index, mirror or proxy gives another file. Use another index, or ask who runs it; "
        "`.venv/bin/python -m pip config list` shows which is set",
    ),
    (
        r"No space left on device|Disk quota exceeded",
        "no space is left on the device",
        f"free 1 GB where .venv is and in the folder for temporary files (TMPDIR), {AGAIN}",
    ),
    (
        r"(?:Permission denied|Read-only file system|Operation not permitted)(?:: ('[^']*'|\S+))?",
        "{0} may not be written",
        f"make it writable for this user, {AGAIN}",
    ),
    (
        r"apt install (python3\S*-venv)",
        "this Python cannot make virtual environments: {0} is not installed",
        f"install it (`sudo apt install {{0}}`), {AGAIN}",
    ),
    (
        r"^User for (\S+?):",
        "the index {0} asks for a user and a password",
        f"put them into pip's configuration or ~/.netrc, {AGAIN}",
    ),
    (
        r"connection broken by (.*): /\S*$",
        "the package index cannot be reached: {0}",
        "check the network, and index, proxy and certificate in `.venv/bin/python -m pip config list`, " + AGAIN,
    ),
    (
        r"Could not find a version that satisfies the requirement (\S+).*\(from versions: none\)",
        "the package index offers no release of {0}",
        "check which index `.venv/bin/python -m pip config list` shows: it must be reachable and have all of PyPI",
    ),
    (
        r"No matching distribution found for (\S+)",
        "the package index has no file of {0} for this Python and this system ({python} on {system})",
        "use Python 3.11 to 3.14 (make PYTHON=python3.11) on a system with glibc, or macOS",
    ),
    (
        r"conflict is caused by:\s*\n\s*The user requested (\S+)\s*\n\s*The user requested \(constraint\) (.*)",
        "a constraint of your pip configuration, {1}, forbids the locked {0}",
        "`.venv/bin/python -m pip config list` shows where it is set; run with PIP_CONSTRAINT= or change it",
    ),
    (
        r"^(\S+ \S+ (?:requires|has requirement) .*)$",
        "the locked packages do not fit together: {0}",
        "make the lock file again (`make lock`)",
    ),
]


def explain(output: str) -> tuple[str, str]:
    """Return the cause of a failure in one line and what to do about it, from the output of the failed command."""
    here = {"python": f"{sys.implementation.name} {sys.version.split()[0]}", "system": sysconfig.get_platform()}
    for pattern, cause, advice in KINDS:
        if found := re.search(pattern, output, re.MULTILINE):
            groups = [(group or "a folder").strip("'\"") for group in found.groups()]
            return cause.format(*groups, **here), advice.format(*groups)
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["there was no output"]
    errors = [at for at, line in enumerate(lines) if re.match(r"(ERROR|Error|\w+Error)\b", line)] or [len(lines) - 1]
    end = errors[-1] + (2 if lines[errors[-1]].endswith(":") else 1)
    return " ".join(lines[errors[-1] : end]).removeprefix("ERROR: "), f"read {LOG}"


def locked(text: str) -> dict[str, set[str]]:
    """Return name → the versions in a lock file; "" is one of them if a marker may leave the package out."""
    found: dict[str, set[str]] = {}
    for name, version, marker in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;\\]+) *(;?)", text, re.MULTILINE):
        found.setdefault(_plain(name), set()).update({version, ""} if marker else {version})
    return found


def installed() -> dict[str, str]:
    """Return name → version of the packages in the environment, without pip and setuptools."""
    folders = [str(path) for path in VENV.glob("lib/python3*/site-packages")]
    found = {_plain(item.metadata["Name"]): item.version for item in distributions(path=folders)}
    return {name: version for name, version in found.items() if name not in ("pip", "setuptools")}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class _StepError(Exception):
    """A step failed; the message is its output."""


def _run(log: IO[str], *command: str) -> str:
    """Run a command without input and log its output; return the output. Raises _StepError."""
    start = log.seek(0, os.SEEK_END)
    code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode
    log.seek(start)
    output = log.read()
    if code:
        raise _StepError(output or f"ERROR: {command[0]} ended with {code}")
    return output


def _install(log: IO[str], lock: Path) -> None:
    """Make the environment match the lock file. Raises _StepError."""
    _run(log, *INSTALL, str(lock))
    _mend_scripts()
    with suppress(_StepError):  # some packages contain files for another Python, which do not compile
        _run(log, str(PYTHON), "-I", "-m", "compileall", "-q", "-j", "0", str(VENV / "lib"))
    known = {name for file in {lock, *Path().glob("requirements*.txt")} for name in locked(file.read_text())}
    if foreign := sorted(installed().keys() - known):
        print(f"Removing what no lock holds: {', '.join(foreign)}", flush=True)
        _run(log, *PIP, "uninstall", "--yes", *foreign)
    found = installed()
    wrong = [name for name, versions in locked(lock.read_text()).items() if found.get(name, "") not in versions]
    if wrong:
        raise _StepError(f"ERROR: pip has put elsewhere, or nowhere, what is locked: {', '.join(wrong)}")
    _run(log, *PIP, "check")


def _mend_scripts() -> None:
    """Let sh start the Python of scripts whose first line the system cannot use, because it has spaces or is too long.

    pip does this itself, but not for scripts that are part of a wheel, such as `aws`.
    """
    for script in (VENV / "bin").iterdir():
        first, _, rest = script.read_bytes().partition(b"\n") if script.is_file() else (b"", b"", b"")
        if (b" " in first or len(first) > 127) and first.startswith(b"#!") and os.path.exists(first[2:]):
            script.write_bytes(b"#!/bin/sh\n'''exec' \"" + first[2:] + b'" "$0" "$@"\n\' \'\'\'\n' + rest)


def _set_up(log: IO[str], lock: Path) -> None:
    """Install a lock file into the environment, creating that if needed. Raises _StepError."""
    log.seek(0)
    before = log.read()
    log.truncate(0)
    log.write(f"Installing {lock}\n")
    log.flush()
    if not os.access(PYTHON, os.X_OK) or (before and not before.endswith(WHOLE)):
        _run(log, sys.executable, "-I", "-m", "venv", "--clear", str(VENV))
    try:
        _install(log, lock)
    except _StepError as failed:
        if "Installing collected packages" not in str(failed):
            log.write(WHOLE)
        raise
    log.write(WHOLE)


def main(arguments: Sequence[str]) -> int:
    """Install a lock file and touch the stamps; only one process does so at a time. Returns the exit code."""
    lock, *stamps = map(Path, arguments)
    with LOG.open("a+", encoding="utf-8", errors="replace") as log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Another make is installing into {VENV}: waiting for it to end", flush=True)
            fcntl.flock(log, fcntl.LOCK_EX)
        if os.access(PYTHON, os.X_OK) and all(_newer(stamp, lock) for stamp in stamps):
            return 0
        print(f"Installing {lock} into {VENV} (log: {LOG})", flush=True)
        try:
            _set_up(log, lock)
        except (_StepError, OSError) as failed:
            cause, advice = explain(str(failed))
            print(f"Installing {lock} failed\nWhy:   {cause}\nTo do: {advice}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
        for stamp in stamps:
            stamp.touch()
    return 0


def _newer(stamp: Path, lock: Path) -> bool:
    return stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
