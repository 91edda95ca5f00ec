"""Builders: what tests make their products, jobs and set-ups with."""
