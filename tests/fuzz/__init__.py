"""Fuzzers: random programs, arguments that do not fit, formulas, problems for optimizers, threads and forks.

`make fuzz MINUTES=10` explores; `tests/test_fuzz.py` runs a fixed part. Each case is a script that runs by itself,
so that what is printed of a failure is all that it takes to see it again.
"""
