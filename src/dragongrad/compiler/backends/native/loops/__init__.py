"""Loops: the functions of a schedule, in LLVM's language."""
