"""The conditions of a measurement."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from query_generator.local.postgres import _find_binaries

SHOWN = ("google-generativeai", "psycopg", "requests")


def conditions(quick: bool) -> str:
    """Name the time, the machine, its load at this moment, and the versions that matter."""
    postgres = subprocess.run([_find_binaries() / "postgres", "--version"], capture_output=True, text=True, check=True)
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"{os.cpu_count()} cores, {_processor()}",
        f"load {os.getloadavg()[0]:.1f} before",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        "PostgreSQL " + postgres.stdout.split()[2],
        *(f"{name} {version(name)}" for name in SHOWN),
    ]
    return ("Quick sizes, for trying. " if quick else "") + "Measured " + "; ".join(parts) + "."


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
