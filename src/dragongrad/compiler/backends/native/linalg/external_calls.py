"""Calls of BLAS and LAPACK in LLVM's language: their addresses, and the numbers that they read from memory."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from importlib import import_module

from ....graph import Op
from ....process import address_of, once, python_function
from ..ir.code import Code
from ..ir.functions import External, Variable
from ..ir.registers import DOUBLE, FLOAT, I8, I32, PTR, VOID, Register

# What the routines for each dtype begin with.
LETTERS = {"float64": "d", "float32": "s"}


def exported(module: str, library: str, routines: Sequence[str]) -> dict[str, int]:
    """The addresses that a module of SciPy exports, by the names that native code knows them by."""
    table = import_module(module).__pyx_capi__
    name_of = python_function("PyCapsule_GetName", ctypes.c_char_p, ctypes.py_object)
    pointer_of = python_function("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    found = {}
    for letter in LETTERS.values():
        for routine in routines:
            capsule = table[letter + routine]
            found[f"{library}.{letter}{routine}"] = int(pointer_of(capsule, name_of(capsule)) or 0)
    return found


@once
def thread_controls() -> tuple[int, int] | None:
    """The addresses of what tells and sets how many threads BLAS itself uses, where it has any."""
    library = ctypes.CDLL(import_module("scipy.linalg.cython_blas").__file__)
    for prefix, suffix in itertools.product(("scipy_openblas", "openblas"), ("", "64_")):
        try:
            found = [getattr(library, f"{prefix}_{verb}_num_threads{suffix}") for verb in ("get", "set")]
        except AttributeError:
            continue
        get, put = map(address_of, found)
        return get, put
    return None


class RoutineWriter:
    """Writes calls into the code of a function.

    Parameters
    ----------
    node : Op
        What is computed.
    code : Code
        The function.
    away : str
        The attributes of what is called outside its module.
    """

    def __init__(self, node: Op, code: Code, away: str = "") -> None:
        self.node = node
        self.code = code
        self.away = away
        self.letter = LETTERS[node.dtype.name]
        self.kind = DOUBLE if self.letter == "d" else FLOAT

    def _call(self, routine: str, *pointers: Register, library: str = "blas", result: str = VOID) -> Register:
        name = f"{library}.{self.letter}{routine}"
        return self.code.call(External(name, result, (PTR,) * len(pointers), self.away), *pointers)

    # The numbers that BLAS reads from memory

    def _int(self, n: int) -> Register:
        return self._constant(f"int{n}", I32, str(n))

    def _real(self, x: float) -> Register:
        return self._constant(f"{self.kind}{int(x)}", self.kind, f"{x:e}")

    def _letter(self, letter: str) -> Register:
        return self._constant(letter, I8, str(ord(letter)))

    def _constant(self, name: str, kind: str, value: str) -> Register:
        return self.code.pointer_to(Variable(f"blas.{name}", kind, value, "private", constant=True))
