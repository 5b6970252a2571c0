"""Calls of BLAS and LAPACK in LLVM's language: their addresses, and the numbers that they read from memory."""

from __future__ import annotations

import ctypes
import itertools
import sys
from importlib import import_module
from typing import Any

from ....graph import Op
from ....process import address_of, once, python_function
from ..ir.code import Code
from ..ir.functions import External, Variable
from ..ir.registers import DOUBLE, FLOAT, I8, I32, I64, PTR, VOID, Register

# What the routines for each dtype begin with.
LETTERS = {"float64": "d", "float32": "s"}


# The routines that native code calls, by the library that they belong to.
ROUTINES = {
    "blas": ("gemm", "gemv", "dot", "trsm"),
    "lapack": ("potrf", "getrf", "getrs", "getri"),
}
# Whole numbers, of which the routines read and write 32 bits or 64: where the lower half comes first, and none is
# negative, both read the same from 64.
INTEGER = I64 if sys.byteorder == "little" else I32
# How OpenBLAS names its routines in NumPy's wheels, and in builds that count with 64 bits beside others.
_FORMS = ("scipy_{}_64_", "scipy_{}_", "{}_64_")


def symbols(library: str) -> dict[str, int]:
    """The addresses of the routines of BLAS or LAPACK, by the names that native code knows them by."""
    return {name: address for name, address in _symbols().items() if name.startswith(f"{library}.")}


@once
def _symbols() -> dict[str, int]:
    return _of_numpy() or _of_scipy()


def _of_numpy() -> dict[str, int]:
    """Those of NumPy's own OpenBLAS, which is in memory already; none where NumPy has another library."""
    library = _numpys_library()
    for form in _FORMS if library is not None and INTEGER == I64 else ():
        found = {}
        for name, routine in _names():
            function = getattr(library, form.format(routine), None)
            if function is None:
                break
            found[name] = address_of(function)
        else:
            return found
    return {}


def _of_scipy() -> dict[str, int]:
    """Those that SciPy exports; its import takes longer than all else at the start of a process."""
    name_of = python_function("PyCapsule_GetName", ctypes.c_char_p, ctypes.py_object)
    pointer_of = python_function("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    found = {}
    for name, routine in _names():
        capsule = import_module(f"scipy.linalg.cython_{name.partition('.')[0]}").__pyx_capi__[routine]
        found[name] = int(pointer_of(capsule, name_of(capsule)) or 0)
    return found


def _names() -> list[tuple[str, str]]:
    """The names of the routines, in native code and in a library."""
    return [
        (f"{library}.{letter}{routine}", f"{letter}{routine}")
        for library, routines in ROUTINES.items()
        for routine in routines
        for letter in LETTERS.values()
    ]


def _numpys_library() -> Any:
    """What NumPy's own linear algebra is linked with."""
    try:
        return ctypes.CDLL(import_module("numpy.linalg._umath_linalg").__file__)
    except (ImportError, OSError):
        return None


@once
def thread_controls() -> tuple[int, int] | None:
    """The addresses of what tells and sets how many threads BLAS itself uses, where it has any."""
    library = _numpys_library() if _of_numpy() else ctypes.CDLL(import_module("scipy.linalg.cython_blas").__file__)
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
        return self._constant(f"int{n}", INTEGER, str(n))

    def _real(self, x: float) -> Register:
        return self._constant(f"{self.kind}{int(x)}", self.kind, f"{x:e}")

    def _letter(self, letter: str) -> Register:
        return self._constant(letter, I8, str(ord(letter)))

    def _constant(self, name: str, kind: str, value: str) -> Register:
        return self.code.pointer_to(Variable(f"blas.{name}", kind, value, "private", constant=True))
