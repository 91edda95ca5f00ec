"""A job that buys and writes nothing: what is open, what a run needs, and what it would cost."""
