"""Distinct values and sets: which elements are taken is constant, the elements themselves are not.

How many there are depends on the values, as in `x[x > 0]`: under `vmap` that is refused, and a compiled function
runs eagerly.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.block import composite, constant
from ..core.variable import plain
from .axes import as_array, front, reduced, single


def _batch_lexsort(size: int, values: list[Any], batched: Any, axis: int = -1) -> Any:
    rows, axis = [front(size, v, b) for v, b in zip(values, batched, strict=True)], operator.index(axis)
    if rows[0].ndim == 1:
        # One number is in order.
        reduced(axis, 0)
        return np.zeros(size, np.intp)
    single(axis, rows[0].ndim - 1)
    return np.lexsort(rows, axis=axis if axis < 0 else axis + 1)


constant(np.lexsort, names=("xs",), parameters=("axis",), batch=_batch_lexsort,
         bind=lambda keys, axis=-1: (tuple([plain(k) for k in keys]), {"axis": axis}),
         value=lambda *xs, axis=-1: np.lexsort(xs, axis=axis))  # fmt: skip


def _starts(changes: Any, length: int) -> Any:
    """Where a sorted array has a value for the first time, from where neighbours differ."""
    return np.concatenate([np.ones(min(length, 1), bool), changes])


def _is_new(x: Any, equal_nan: bool) -> Any:
    changes = x[1:] != x[:-1]
    if equal_nan and x.dtype.kind in "fc":
        changes = np.logical_and(changes, np.logical_not(np.logical_and(np.isnan(x[1:]), np.isnan(x[:-1]))))
    return _starts(changes, x.shape[0])


@composite(np.unique)
def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    """The distinct values in ascending order, each the first one of those that are equal."""
    x = as_array(ar)
    if axis is None:
        lines = np.ravel(x)
        order = np.argsort(lines, kind="stable")
        lines = lines[order]
        new = _is_new(lines, equal_nan)
    else:
        axis = single(axis, x.ndim)
        lines = np.moveaxis(x, axis, 0)
        rows = np.reshape(lines, (lines.shape[0], -1)) if lines.size else np.zeros((lines.shape[0], 1))
        order = np.lexsort([rows[:, i] for i in range(rows.shape[1])][::-1])
        rows, lines = rows[order], lines[order]
        new = _starts(np.any(rows[1:] != rows[:-1], axis=1), rows.shape[0])
    places = np.nonzero(new)[0]
    values = lines[places]
    found = [values if axis is None else np.moveaxis(values, 0, axis)]
    if return_index:
        found.append(order[places])
    if return_inverse:
        inverse = np.take(np.cumsum(new) - 1, np.argsort(order))
        found.append(np.reshape(inverse, x.shape) if axis is None else inverse)
    if return_counts:
        found.append(np.diff(np.append(places, order.shape[0])))
    return found[0] if len(found) == 1 else tuple(found)


def _named(fn: Any) -> Any:
    """The class of what a function returns."""
    return type(fn(np.zeros(0)))


_ALL, _COUNTS, _INVERSE = map(_named, (np.unique_all, np.unique_counts, np.unique_inverse))
composite(np.unique_all)(lambda x, /: _ALL(*unique(x, True, True, True, equal_nan=False)))
composite(np.unique_counts)(lambda x, /: _COUNTS(*unique(x, return_counts=True, equal_nan=False)))
composite(np.unique_inverse)(lambda x, /: _INVERSE(*unique(x, return_inverse=True, equal_nan=False)))
composite(np.unique_values)(lambda x, /: unique(x, equal_nan=False))


@composite(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """The distinct values of two arrays."""
    return unique(np.concatenate([plain(ar1), plain(ar2)], axis=None))


@composite(np.intersect1d)
def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """The distinct values that both arrays hold; they are those of the first."""
    x, y = np.ravel(plain(ar1)), np.ravel(plain(ar2))
    first, second = np.arange(x.size), np.arange(y.size)
    if not assume_unique:
        (x, first), (y, second) = (unique(v, return_index=True) for v in (x, y))
    both = np.concatenate([x, y])
    order = np.argsort(both, kind="stable")
    both = both[order]
    places = np.nonzero(both[1:] == both[:-1])[0]
    values = both[places]
    return (values, first[order[places]], second[order[places + 1] - x.shape[0]]) if return_indices else values


@composite(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The distinct values of the first array that the second does not hold."""
    x = np.ravel(plain(ar1)) if assume_unique else unique(ar1)
    return x[np.nonzero(np.isin(x, ar2, invert=True))[0]]


@composite(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The distinct values that one of two arrays holds, and not the other."""
    parts = [np.ravel(plain(v)) if assume_unique else unique(v) for v in (ar1, ar2)]
    both = np.sort(np.concatenate(parts))
    new = _starts(both[1:] != both[:-1], both.shape[0])
    last = np.concatenate([new[1:], np.ones(min(new.shape[0], 1), bool)])
    return both[np.nonzero(np.logical_and(new, last))[0]]
