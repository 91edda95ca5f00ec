"""A job from its input to its result; `job.py` knows the order of the stages."""
