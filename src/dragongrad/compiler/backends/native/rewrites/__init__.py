"""Rewrites of a Graph that know what machine code is good at."""
