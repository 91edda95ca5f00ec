"""Run a command and write what it took as JSON: `python -I -S measured.py REPORT COMMAND…`.

A process of its own, since Linux counts the peak memory of the process that starts a command as the command's: this
one is smaller than any that is measured.
"""

import json
import os
import sys
import time

report, *command = sys.argv[1:]
started = time.monotonic()
pid = os.posix_spawn(command[0], command, os.environ)
_, status, usage = os.wait4(pid, 0)
with open(report, "w") as file:
    json.dump(
        {
            "started": started,
            "ended": time.monotonic(),
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss / 1024,
            "code": os.waitstatus_to_exitcode(status),
        },
        file,
    )
