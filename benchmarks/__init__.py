"""The job measured against the usual ways and against the limit: `python -m benchmarks --help`."""
