"""The entry point: a compiled program as a function object of CPython, called in a tenth of a microsecond.

It reads arrays where they lie, by the layout of CPython's and NumPy's objects. `layout` asks whether that layout is
the one it knows; where it is not, programs are called through ctypes.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from .....records import mutable, record
from ....process import address_of, keep_forever, once, python_function
from ..jit.engine import Library, provide
from . import abi, entry

# What an entry point returns where the arguments are not those it was made for, or a decision goes the other way.
MISSING = keep_forever(type("Missing", (), {"__repr__": lambda self: "<other arguments, or another path>"})())

# Numbers of functions in NumPy's table, the same in every release since 1.7.
_VERSION, _NEW = 0, 93
_KINDS = "biufc"
_FROM_PYTHON = (
    "PyTuple_New", "PyTuple_SetItem", "PyFloat_FromDouble", "PyLong_FromLongLong", "PyLong_AsLongLongAndOverflow",
    "PyErr_NoMemory", "Py_IncRef", "Py_DecRef",
    "PyEval_SaveThread", "PyEval_RestoreThread", "PyMem_RawMalloc", "PyMem_RawFree", "PyErr_Occurred",
)  # fmt: skip
_METH_FASTCALL = 0x0080
_TP_ALLOC = 47


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


@record
class Argument:
    """What an entry point accepts in one place: `kind`, the place in the table, and the object, type or dtype."""

    kind: int
    place: int
    known: Any
    shape: tuple[int, ...] = ()


@record
class Output:
    """What an entry point makes in one place of its result."""

    kind: int
    place: int
    dtype: Any = None
    shape: tuple[int, ...] = ()
    value: Any = None


@mutable
class Program:
    """What an entry point calls, and how its block of memory is laid out.

    `table` is the table of pointers as every call finds it, `temporaries` are places with their offsets from the
    start of the block (which lie behind the table and `outputs` slots), `keeps` is what must live as long.
    """

    address: int
    table: Any
    temporaries: list[tuple[int, int]]
    size: int
    long: bool
    keeps: Any


@mutable
class _Owner:
    """What an entry point holds on to: the description, the machine code, and the blocks that calls left."""

    description: Any
    address: int
    keeps: Any
    release: Callable[[int], None]

    def __del__(self) -> None:
        # Blocks in use belong to a call, and a call holds the entry point: here all of them hang on the list.
        self.release(self.address)


def block_start(table: int, outputs: int) -> int:
    """Where temporaries begin in a block with so many pointers, and outputs and integers together."""
    return -(-(abi.Block.table.offset + 8 * (table + outputs + 1)) // 64) * 64


@once
def layout() -> str:
    """Why objects cannot be read in place; empty where they can."""
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} lays out objects in its own way"
    # Without a lock of the interpreter, and where every object is listed, the head of an object is longer.
    if object.__basicsize__ == 32:
        return "this build of CPython lays out objects in its own way"
    if ctypes.sizeof(ctypes.c_void_p) != 8 or object.__basicsize__ != 16 or sys.byteorder != "little":
        return "pointers are not of 64 bits, in little-endian order"
    if _numpy_function(_VERSION, ctypes.c_uint)() != 0x02000000:
        return "this NumPy has another C interface"
    return _compare()


def _compare() -> str:
    """Read objects in place and compare with what they say of themselves."""

    def at(where: int, kind: Any) -> Any:
        return kind.from_address(where).value

    fields = abi.Array
    for array in (np.zeros(()), np.zeros((2, 3)), np.ones((3, 0, 2), np.float32), np.arange(6)[::2]):
        start, pointer = id(array), ctypes.c_size_t
        shape = at(start + fields.shape.offset, pointer)
        flags = at(start + fields.flags.offset, ctypes.c_int)
        fits = (
            at(start + fields.type.offset, pointer) == id(np.ndarray)
            and at(start + fields.data.offset, pointer) == array.ctypes.data
            and at(start + fields.ndim.offset, ctypes.c_int) == array.ndim
            and all(at(shape + 8 * k, pointer) == n for k, n in enumerate(array.shape))
            and at(start + fields.descr.offset, pointer) == id(array.dtype)
            and (flags & abi.WELL == abi.WELL) == array.flags.carray
        )
        if not fits:
            return "this NumPy lays out arrays in its own way"
    for number in (1.25, np.float64(1.25), np.float32(1.25), np.int64(-3), np.int32(-3), np.bool_(True)):
        kind = np.asarray(number).dtype
        read = np.frombuffer(ctypes.string_at(id(number) + abi.Scalar.value.offset, kind.itemsize), kind)[0]
        if read != number or at(id(number) + abi.Scalar.type.offset, ctypes.c_size_t) != id(type(number)):
            return "numbers are laid out in another way"
    return ""


def _numpy_function(number: int, result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *arguments)(_numpy_address(number))


@once
def _numpy_table() -> Any:
    capsule = import_module("numpy._core._multiarray_umath")._ARRAY_API
    pointer_of = python_function("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    return ctypes.cast(pointer_of(capsule, None), ctypes.POINTER(ctypes.c_void_p))


def _numpy_address(number: int) -> int:
    return int(_numpy_table()[number])


@once
def _entry_point() -> tuple[Any, Callable[[int], None], Library]:
    """The method that all function objects point to, what frees the blocks of one, and their code."""
    for name in _FROM_PYTHON:
        provide(name, address_of(ctypes.pythonapi[name]))
    provide("PyArray_New", _numpy_address(_NEW))
    library = Library(entry.text(), 1, plain=True)
    method = _Method(b"compiled", library.address("dragongrad.entry"), _METH_FASTCALL, None)
    return method, ctypes.CFUNCTYPE(None, ctypes.c_void_p)(library.address("dragongrad.release")), library


@once
def _allocator(scalar: type) -> int:
    """What allocates a NumPy scalar."""
    slot = python_function("PyType_GetSlot", ctypes.c_void_p, ctypes.py_object, ctypes.c_int)
    return int(slot(scalar, _TP_ALLOC))


def can_read(dtype: Any) -> bool:
    """Whether numbers of a dtype are read in place."""
    return isinstance(dtype, np.dtype) and dtype.kind in _KINDS and dtype.isnative and dtype is np.dtype(dtype.str)


def make(program: Program, arguments: Sequence[Argument], outputs: Sequence[Output], steps: Sequence[int]) -> Any:
    """The function object through which a program is called."""
    method, release, _ = _entry_point()
    body: list[int] = []
    keeps: list[Any] = [program.keeps, program.table]

    def append(values: Sequence[int]) -> int:
        start = len(abi.Description.fields) + len(body)
        body.extend(values)
        return start

    def append_records(records: list[list[int]]) -> int:
        return append([w for record in records for w in [*record, *[0] * (abi.RECORD // 8 - len(record))]])

    # Integers are kept behind the outputs.
    free, pairs = program.table.nbytes + 8 * len(outputs), program.temporaries
    header = abi.Description.words(
        program=program.address, long=program.long, miss=id(MISSING), array_type=id(np.ndarray),
        arguments=len(arguments),
        first_argument=append_records([
            _argument(a, append, keeps, free + 8 * k) for k, a in enumerate(arguments)
        ]),
        outputs=len(outputs), first_output=append_records([_output(o, append, keeps) for o in outputs]),
        steps=len(steps), first_step=append(steps),
        block_size=program.size + 64, table=program.table.ctypes.data, table_size=program.table.nbytes,
        temporaries=len(pairs),
        first_temporary=append([w for p, o in pairs for w in abi.Temporary.words(place=p, offset=o)]),
        large=program.size > 1 << 16,
    )  # fmt: skip
    description = np.array(header + body, np.int64)
    owner = _Owner(description, description.ctypes.data, keeps, release)
    new = python_function(
        "PyCFunction_NewEx", ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.py_object
    )
    # A function object holds on to its `self` and its module: the module's place keeps what the code needs.
    return new(ctypes.addressof(method), description, owner)


Append = Callable[[Sequence[int]], int]


def _argument(a: Argument, append: Append, keeps: list[Any], kept: int) -> list[int]:
    keeps.append(a.known)
    common = {"kind": a.kind, "place": a.place, "known": id(a.known)}
    if a.kind == abi.INTEGER:
        return abi.IntegerArgument.words(**common, kept=kept)
    return abi.ArrayArgument.words(**common, ndim=len(a.shape), shape=append(a.shape))


def _output(o: Output, append: Append, keeps: list[Any]) -> list[int]:
    size = o.dtype.itemsize * int(np.prod(o.shape)) if o.dtype is not None else 0
    common = {"kind": o.kind, "place": o.place, "bytes": size}
    if o.kind in (abi.FRESH_ARRAY, abi.COPIED_ARRAY):
        return abi.ArrayOutput.words(**common, ndim=len(o.shape), shape=append(o.shape), dtype=o.dtype.num)
    if o.kind in (abi.FRESH_NUMBER, abi.COPIED_NUMBER):
        return abi.NumberOutput.words(**common, type=id(o.dtype.type), allocate=_allocator(o.dtype.type))
    if o.kind == abi.TRUTH:
        false, true = (False, True) if o.value is bool else (np.False_, np.True_)
        return abi.TruthOutput.words(**common, false=id(false), true=id(true))
    keeps.append(o.value)
    return abi.ObjectOutput.words(**common, value=id(o.value))
