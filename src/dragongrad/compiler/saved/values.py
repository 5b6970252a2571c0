"""Constants, parameters and static arguments as JSON has them, with arrays beside it.

Texts, truths, None, whole numbers, finite floats and lists stand for themselves. All else is an object of one key,
which says what it is: `{"slice": [0, 3, null]}`, `{"tuple": [1, 2]}`, `{"number": ["<f4", 0.5]}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...records import RECORDS, names_of
from ..constants import memory_of, place_of, seen_as
from .names import functions_by_name, name_of

# Arrays of so many bytes are written into the text.
_SHORT = 256
# Numbers of these dtypes are written as Python's own, with all their digits.
_WRITTEN = frozenset(map(np.dtype, "?bhilqBHILQfd"))


class UnsavableError(Exception):
    """What no file can hold, in words."""


def told(what: str, pack: Callable[..., Any], *args: Any) -> Any:
    """What is packed; where it cannot be, the error says what part it had."""
    try:
        return pack(*args)
    except UnsavableError as error:
        raise UnsavableError(f"{what} {error}") from None


class Packer:
    """What writes values; `arrays` are those that go beside the text, and `short` those that are written in it."""

    def __init__(self) -> None:
        self.arrays: list[Any] = []
        self.short: list[Any] = []
        # With the array that lies there, so that no other comes to lie there meanwhile.
        self._places: dict[Any, tuple[Any, Any]] = {}

    def pack(self, value: Any) -> Any:
        """A value as JSON has it.

        Raises
        ------
        UnsavableError
            It is none of those that a file can hold.
        """
        kind = value.__class__
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if abs(value) < 2**63 else {"int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": np.float64(value).tobytes().hex()}
        found = _PACKED.get(kind)
        if found is not None:
            return found(self, value)
        if kind is np.ndarray:
            return self._array(value)
        if isinstance(value, np.generic):
            return _number(value)
        if isinstance(value, np.dtype):
            return {"dtype": _dtype(value)}
        known: Any = RECORDS.get(type(value).__name__)
        if known is type(value):
            held = {name: self.pack(getattr(value, name)) for name in names_of(value)}
            return {"record": [known.__name__, held]}
        if callable(value) and not isinstance(value, type) and (name := name_of(value)) in functions_by_name():
            return {"function": name}
        raise UnsavableError(f"{_article(type(value))} {type(value).__name__}")

    def _array(self, array: Any) -> Any:
        """Where the elements of an array are, along which of its axes, and its shape."""
        memory, order = memory_of(array)
        key = place_of(memory)
        if key not in self._places:
            self._places[key] = array, self._placed(np.array(memory, order="C"))
        return {"array": [self._places[key][1], order, list(array.shape)]}

    def _placed(self, array: Any) -> Any:
        text = _dtype(array.dtype)
        if array.nbytes <= _SHORT:
            self.short.append([text, list(array.shape), array.tobytes().hex()])
            return [len(self.short) - 1]
        self.arrays.append(array)
        return len(self.arrays) - 1


def _article(kind: type) -> str:
    return "an" if kind.__name__[:1].lower() in "aeiou" else "a"


def _dtype(dtype: Any) -> str:
    if dtype.hasobject or dtype.names or dtype.subdtype:
        raise UnsavableError(f"an array or number of dtype {dtype}")
    return str(dtype.str)


def _number(value: Any) -> Any:
    text, dtype = _dtype(value.dtype), value.dtype
    plain = dtype in _WRITTEN and (dtype.kind != "f" or math.isfinite(value))
    return {"number": [text, value.item() if plain else value.tobytes().hex()]}


_PACKED: dict[type, Callable[[Packer, Any], Any]] = {
    complex: lambda packer, v: {"complex": [packer.pack(v.real), packer.pack(v.imag)]},
    list: lambda packer, v: [packer.pack(part) for part in v],
    tuple: lambda packer, v: {"tuple": [packer.pack(part) for part in v]},
    frozenset: lambda packer, v: {"frozenset": [packer.pack(part) for part in v]},
    dict: lambda packer, v: {"dict": [[packer.pack(key), packer.pack(part)] for key, part in v.items()]},
    slice: lambda packer, v: {"slice": [packer.pack(part) for part in (v.start, v.stop, v.step)]},
    type(Ellipsis): lambda packer, v: {"ellipsis": True},
    bytes: lambda packer, v: {"bytes": v.hex()},
}


class Unpacker:
    """What reads values that a `Packer` wrote; what is no such value raises any of Python's errors."""

    def __init__(self, arrays: list[Any], short: list[Any]) -> None:
        self._arrays = arrays
        self._short = [np.frombuffer(bytes.fromhex(data), plain_dtype(text)).reshape(n) for text, n, data in short]
        # One array that is met in several places is one.
        self._made: dict[str, Any] = {}

    def unpack(self, packed: Any) -> Any:
        """The value."""
        if packed.__class__ is list:
            return [self.unpack(part) for part in packed]
        if packed.__class__ is not dict:
            return packed
        ((kind, held),) = packed.items()
        if kind == "array":
            known = str(held)
            if known not in self._made:
                self._made[known] = self._array(*held)
            return self._made[known]
        return _UNPACKED[kind](self.unpack, held)

    def _array(self, where: Any, order: list[int], shape: Any) -> Any:
        found, place = (self._arrays, where) if where.__class__ is int else (self._short, where[0])
        if place < 0:
            raise IndexError(place)
        return seen_as(found[place], order, shape)


def plain_dtype(text: Any) -> Any:
    """A dtype by its name, of those that hold no objects."""
    dtype = np.dtype(str(text))
    if dtype.hasobject:
        raise TypeError(f"the dtype {text}")
    return dtype


def _numeral(unpack: Any, held: Any) -> Any:
    text, value = held
    dtype = plain_dtype(text)
    if value.__class__ is str:
        (number,) = np.frombuffer(bytes.fromhex(value), dtype)
        return number
    return np.asarray(value, dtype)[()]


def _record(unpack: Any, held: Any) -> Any:
    name, fields = held
    return RECORDS[name](**{field: unpack(value) for field, value in fields.items()})


_UNPACKED: dict[str, Callable[[Any, Any], Any]] = {
    "int": lambda unpack, held: int(held, 16),
    "float": lambda unpack, held: float(np.frombuffer(bytes.fromhex(held), np.float64)[0]),
    "complex": lambda unpack, held: complex(*map(unpack, held)),
    "tuple": lambda unpack, held: tuple(map(unpack, held)),
    "frozenset": lambda unpack, held: frozenset(map(unpack, held)),
    "dict": lambda unpack, held: {unpack(key): unpack(value) for key, value in held},
    "slice": lambda unpack, held: slice(*map(unpack, held)),
    "ellipsis": lambda unpack, held: ...,
    "bytes": lambda unpack, held: bytes.fromhex(held),
    "dtype": lambda unpack, held: plain_dtype(held),
    "number": _numeral,
    "record": _record,
    "function": lambda unpack, held: functions_by_name()[held],
}
