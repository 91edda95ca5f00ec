"""Who a process is, so that another one on the same machine can tell that it is gone."""

import os
from pathlib import Path

PROC = Path("/proc")


def own_identity(proc: Path = PROC) -> str:
    """Name this process: boot, process namespace, process id and its start. Empty where /proc does not tell."""
    return _identity(os.getpid(), proc)


def is_surely_gone(identity: str, proc: Path = PROC) -> bool:
    """Tell whether the process of an identity has ended. False where this machine cannot know."""
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
