"""Crash tests that count the bill: the job as a process, broken in every way, continued and judged."""
