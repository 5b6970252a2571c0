"""Calls of BLAS and LAPACK in LLVM's language: their addresses, and the numbers that they read from memory."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from importlib import import_module

from ....graph import Op
from ....process import address_of, once, python_function

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
    """Writes calls into the lines of a function.

    Parameters
    ----------
    node : Op
        What is computed.
    prefix : str
        What its registers and labels begin with.
    """

    def __init__(self, node: Op, prefix: str) -> None:
        self.node = node
        self.prefix = prefix
        self.letter = LETTERS[node.dtype.name]
        self.kind = "double" if self.letter == "d" else "float"
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self._count = 0

    def _call(self, routine: str, *pointers: str, library: str = "blas") -> None:
        name = f"@{library}.{self.letter}{routine}"
        self.declared[name] = f"declare void {name}({', '.join(['ptr'] * len(pointers))})"
        self.lines.append(f"  call void {name}({', '.join(f'ptr {p}' for p in pointers)})")

    # Registers, and the numbers that BLAS reads from memory

    def _fresh(self) -> str:
        self._count += 1
        return f"%{self.prefix}r{self._count}"

    def _put(self, instruction: str) -> str:
        name = self._fresh()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def _shifted(self, pointer: str, elements: str) -> str:
        if elements == "0":
            return pointer
        return self._put(f"getelementptr {self.kind}, ptr {pointer}, i64 {elements}")

    def _int(self, n: int) -> str:
        self.declared[f"@blas.int{n}"] = f"@blas.int{n} = private constant i32 {n}"
        return f"@blas.int{n}"

    def _real(self, x: float) -> str:
        name = f"@blas.{self.kind}{int(x)}"
        self.declared[name] = f"{name} = private constant {self.kind} {x:e}"
        return name

    def _letter(self, letter: str) -> str:
        self.declared[f"@blas.{letter}"] = f"@blas.{letter} = private constant i8 {ord(letter)}"
        return f"@blas.{letter}"
