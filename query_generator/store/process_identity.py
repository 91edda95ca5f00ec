"""The identity of a process, by which others on the same machine can see that it has ended."""

import os
from pathlib import Path

PROC = Path("/proc")


def own_identity(proc: Path = PROC) -> str:
    """Return `boot/namespace/process id/start time` of this process; empty where /proc does not have them."""
    return _identity(os.getpid(), proc)


def is_surely_gone(identity: str, proc: Path = PROC) -> bool:
    """Return whether the process with an identity has ended; False if this machine cannot know."""
    mine, other = own_identity(proc).split("/"), identity.split("/")
    if not identity or mine[:2] != other[:2]:
        return False
    return _identity(int(other[2]), proc) != identity


def _identity(process_id: int, proc: Path) -> str:
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink(proc / "self/ns/pid")
        fields = (proc / str(process_id) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, started = fields[0], fields[19]
    return "" if state in "ZX" else f"{boot}/{namespace}/{process_id}/{started}"
