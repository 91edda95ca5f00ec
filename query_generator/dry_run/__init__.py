"""Checks and prices a job without buying or writing anything: what is open, what a run needs, what it would cost."""
