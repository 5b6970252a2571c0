"""Calls: a compiled program as a function object of CPython (its calling convention), and the memory of a call."""
