"""Loops and branches as functions: `scan`, `fori_loop`, `while_loop`, `map`, `cond` and `switch`."""
