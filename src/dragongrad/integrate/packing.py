"""States as vectors: nests of arrays laid behind one another, complex numbers as their two parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DtypeError, ShapeError, describe, user_line
from ..core.nests import flatten, unflatten
from ..core.variable import Variable, plain


class Packing:
    """How the nest of a state lies in a vector of float64.

    Parameters
    ----------
    nest : nest of arrays
        A state. Lists of numbers are arrays.
    """

    def __init__(self, nest: Any) -> None:
        leaves, self.structure = flatten(as_state(nest))
        if not leaves:
            raise ArgumentError(f"y0 holds no array\n  at {user_line()}\nGive a number, an array or a nest of them")
        self.shapes = [np.shape(leaf) for leaf in leaves]
        self.complex = [_dtype(leaf).kind == "c" for leaf in leaves]
        sizes = [int(np.prod(s)) * (1 + c) for s, c in zip(self.shapes, self.complex, strict=True)]
        ends = [sum(sizes[: k + 1]) for k in range(len(sizes))]
        self.places = [(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def pack(self, nest: Any) -> Any:
        """The vector of a state."""
        leaves, structure = flatten(as_state(nest))
        if structure != self.structure:
            raise ShapeError(f"a state of another structure than y0\n  at {user_line()}\nReturn a nest like y0")
        return self._vector(leaves)

    def unpack(self, vector: Any) -> Any:
        """The state of a vector; of a matrix with a column for each time, the times along the last axis."""
        behind = np.shape(vector)[1:]
        leaves = []
        for (start, end), shape, both in zip(self.places, self.shapes, self.complex, strict=True):
            if len(self.shapes) == 1 and shape == np.shape(vector)[:1] and not both:
                return unflatten(self.structure, [vector])
            part = vector[start:end]
            if both:
                half = (end - start) // 2
                part = part[:half] + 1j * part[half:]
            leaves.append(np.reshape(part, (*shape, *behind)) if shape or behind else part[0])
        return unflatten(self.structure, leaves)

    def right(self, f: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[Any, Any], Any]:
        """A function of the time and a state as a function of the time and a vector."""

        def right(t: Any, y: Any) -> Any:
            found = f(t, self.unpack(y), *args)
            leaves, structure = flatten(as_state(found))
            if structure != self.structure:
                raise ShapeError(
                    "f returns a nest of another structure than y0\n"
                    f"  at {user_line()}\nReturn the derivative of each array of y0 in its place"
                )
            for leaf, shape in zip(leaves, self.shapes, strict=True):
                if np.shape(leaf) != shape:
                    raise ShapeError(
                        f"f returns {describe(leaf)} where y0 has the shape {shape}\n  at {user_line()}\n"
                        "Return the derivative of y, of the shape of y0"
                    )
            return self._vector(leaves)

        return right

    def _vector(self, leaves: list[Any]) -> Any:
        parts = []
        for leaf, both in zip(leaves, self.complex, strict=True):
            flat = np.reshape(leaf, (-1,))
            kind = _dtype(flat).kind
            if kind == "c" and not both:
                raise DtypeError(
                    f"a complex derivative of a real state\n  at {user_line()}\nStart with y0.astype(complex)"
                )
            parts += [_real(np.real(flat)), _real(np.imag(flat))] if both else [_real(flat)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def as_state(nest: Any) -> Any:
    """A state whose lists of numbers are arrays."""
    if isinstance(nest, (list, tuple)) and not hasattr(nest, "_fields") and _is_flat(nest):
        nest = plain(list(nest))
        return np.asarray(nest, float) if not len(nest) else nest
    leaves, structure = flatten(nest)
    found = [plain(leaf) for leaf in leaves]
    for leaf in found:
        if _dtype(leaf).kind not in "biufc":
            raise DtypeError(
                f"a state of {describe(leaf)}\n  at {user_line()}\nGive numbers, arrays or nests of them"
            )
    return unflatten(structure, found)


def _is_flat(nest: Any) -> bool:
    return all(not isinstance(v, (list, tuple, dict)) and np.ndim(v) == 0 for v in nest)


def _dtype(value: Any) -> Any:
    return value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype


def _real(vector: Any) -> Any:
    if _dtype(vector) == np.float64:
        return vector
    return vector.astype(np.float64) if isinstance(vector, (Variable, np.ndarray)) else np.asarray(vector, float)
