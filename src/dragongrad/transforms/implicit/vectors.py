"""Nests of arrays as one real vector, in which a system of equations is solved."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ...core.nests import Structure, flatten, unflatten
from ...core.variable import Variable, as_input, plain
from ...records import record

_NUMBERS = (Variable, np.ndarray, np.generic, float, int, complex)


@record
class Layout:
    """What a nest looks like: its structure, and the shape and dtype of each of its arrays."""

    structure: Structure
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[Any, ...]


def leaves_of(nest: Any, what: str) -> tuple[list[Any], Structure]:
    """The arrays of a nest, those of whole numbers in float64."""
    leaves, structure = flatten(nest)
    leaves = [plain(leaf) for leaf in leaves]
    # The result of a solver is a nest once its class has been through a transform, but never the solution itself.
    strange = nest if hasattr(nest, "success") else None
    strange = next((leaf for leaf in leaves if not isinstance(leaf, _NUMBERS)), strange)
    if strange is not None:
        hint = ": return its x" if hasattr(strange, "x") else ""
        raise ArgumentError(f"{what} must be numbers, arrays or nests of them, got {type(strange).__name__}{hint}")
    return [as_input(leaf, what) for leaf in leaves], structure


def layout_of(nest: Any, what: str) -> Layout:
    """The layout of a nest of arrays."""
    leaves, structure = leaves_of(nest, what)
    return Layout(structure, tuple([np.shape(leaf) for leaf in leaves]), tuple([leaf.dtype for leaf in leaves]))


def pack(nest: Any, what: str) -> Any:
    """One real vector of all numbers of a nest; a complex number is two of them."""
    parts = []
    for leaf in leaves_of(nest, what)[0]:
        flat = np.reshape(leaf, (-1,))
        parts += [np.real(flat), np.imag(flat)] if leaf.dtype.kind == "c" else [flat]
    return np.concatenate(parts) if parts else np.zeros(0)


def unpack(layout: Layout, vector: Any) -> Any:
    """The nest of a vector."""
    leaves, start = [], 0
    for shape, dtype in zip(layout.shapes, layout.dtypes, strict=True):
        count = int(np.prod(shape))
        part = vector[start : start + count]
        start += count
        if dtype.kind == "c":
            part = part + 1j * vector[start : start + count]
            start += count
        leaves.append(np.reshape(part, shape).astype(dtype))
    return unflatten(layout.structure, leaves)
