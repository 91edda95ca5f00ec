"""A process that has ended, by the name that it gave itself while it lived."""

import subprocess
import sys

from tests.support.paths import ROOT

NAME_YOURSELF = "from query_generator.store.process_identity import own_identity; print(own_identity())"


def ended() -> str:
    """Start a process, wait for its end, and return its identity."""
    command = [sys.executable, "-c", NAME_YOURSELF]
    root = ROOT
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
