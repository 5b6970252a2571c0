"""Histograms and counts: constants by the elements, linear in the weights, differentiable in computed edges."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.block import composite, constant
from ..core.errors import BatchError, user_line
from ..core.variable import Variable, bottom, plain, value_of
from .axes import as_array, promoted_as
from .choosing import within
from .indexing import add_at
from .kinks import kink


@composite(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """The sums of the weights of each integer."""
    x, weights = plain(x), plain(weights)
    if isinstance(x, Variable):
        raise BatchError(f"bincount of integers that differ from row to row has no one length\n  at {user_line()}")
    # NumPy's own complaints of integers, lengths and dtypes.
    np.bincount(x, np.broadcast_to(np.zeros((), weights.dtype), weights.shape), minlength)
    return add_at(weights.astype(np.float64), (x,), (max(minlength, int(np.max(x, initial=-1)) + 1),))


def _summed(places: Any, weights: Any, length: int) -> Any:
    """The sum of the weights at each place, or how often it is named."""
    if weights is None and not isinstance(places, Variable):
        return np.bincount(places, minlength=length)
    return add_at(np.ones(places.shape, np.intp) if weights is None else weights, (places,), (length,))


def _batch_bins(size: int, values: list[Any], batched: Any, bins: Any, range: Any) -> Any:
    raise BatchError(
        f"bins={bins!r} may mean another number of bins in every row\n  at {user_line()}\n"
        "Under vmap pass the number of bins, or their edges"
    )


# How many bins an estimator takes: a whole number that depends on the values.
_bin_count = constant(
    "histogram_bins", names=("x",), parameters=("bins", "range"), dispatches=False, batch=_batch_bins,
    value=lambda x, bins, range: len(np.histogram_bin_edges(x, bins, range)) - 1,
)  # fmt: skip


def _limits(x: Any, range: Any) -> tuple[Any, Any]:
    """The outer edges of bins: given, or the smallest and the greatest element."""
    if range is None:
        first, last = (np.min(x), np.max(x)) if x.size else (0, 1)
    else:
        first, last = range
        if np.any(bottom(first > last)):
            raise ValueError("range=(first, last) must ascend")
    if not (np.all(bottom(np.isfinite(first))) and np.all(bottom(np.isfinite(last)))):
        raise ValueError("the outer edges of the bins must be finite")
    equal = first == last
    if np.any(bottom(equal)):
        first, last = np.where(equal, first - 0.5, first)[()], np.where(equal, last + 0.5, last)[()]
    return first, last


def _is_number(bins: Any) -> bool:
    return not isinstance(bins, (str, list, tuple)) and np.ndim(bins) == 0


def _ascending(bins: Any) -> Any:
    edges = as_array(bins)
    if edges.ndim != 1:
        raise ValueError(f"bins is a number or a vector of edges, got shape {edges.shape}")
    if np.any(bottom(edges[:-1] > edges[1:])):
        raise ValueError("the edges of bins must ascend")
    return edges


def _edges(x: Any, bins: Any, range: Any, weighted: bool) -> Any:
    """The edges of the bins of a flat array."""
    if not isinstance(bins, str) and np.ndim(bins):
        return _ascending(bins)
    if isinstance(bins, str):
        if weighted:
            raise TypeError(f"bins={bins!r} is not for data with weights")
        count = int(_bin_count(x, bins=bins, range=None if range is None else tuple(map(value_of, range))))
    else:
        count = operator.index(bins)
    if count < 1:
        raise ValueError(f"there must be at least one bin, got bins={bins!r}")
    first, last = _limits(x, range)
    dtype = np.result_type(promoted_as(first), promoted_as(last), x.dtype)
    edges = np.linspace(first, last, count + 1, dtype=np.result_type(dtype, float) if dtype.kind in "iu" else dtype)
    if np.any(bottom(edges[:-1] >= edges[1:])):
        raise ValueError(f"{count} bins between these limits would have no width in {edges.dtype}")
    return edges


def _flat(a: Any, weights: Any) -> tuple[Any, Any]:
    x, w = as_array(a), None if weights is None else as_array(weights)
    if w is not None and w.shape != x.shape:
        raise ValueError(f"weights of shape {w.shape} for elements of shape {x.shape}")
    if w is not None and w.dtype.kind == "b":
        raise TypeError("weights are numbers, these are truths")
    x = x.astype(np.uint8) if x.dtype.kind == "b" else x
    return np.ravel(x), None if w is None else np.ravel(w)


@composite(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """The edges of the bins of a histogram."""
    x, w = _flat(a, weights)
    return _edges(x, bins, range, w is not None)


@composite(np.histogram)
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """How many elements lie in each bin, or the sum of their weights, and the edges of the bins."""
    x, w = _flat(a, weights)
    edges = _edges(x, bins, range, w is not None)
    count = edges.shape[0] - 1
    place = np.where(x == edges[-1], count, np.searchsorted(edges, x, side="right"))
    place = np.where(np.logical_or(place == 0, place > count), count, place - 1)
    double = w is None or w.dtype.kind == "c" or w.dtype == np.float64
    sums = _summed(place, w if double else w.astype(np.float64), count + 1)[:count]
    sums = sums if double else sums.astype(w.dtype)
    return (sums / np.diff(edges).astype(np.float64) / np.sum(sums) if density else sums), edges


def _columns(sample: Any) -> list[Any]:
    """The coordinates of points: the columns of a matrix, or a sequence of vectors."""
    if isinstance(sample, (list, tuple)) or np.ndim(sample) != 2:
        rows = [as_array(r) for r in sample] if isinstance(sample, (list, tuple)) else [plain(sample)]
        if not any(row.ndim for row in rows):
            # Numbers are one coordinate of as many points.
            rows = [np.stack(rows)]
        if any(row.ndim > 1 for row in rows):
            raise ValueError(f"the coordinates of points are vectors, got shapes {[row.shape for row in rows]}")
        return [np.atleast_1d(row) for row in rows]
    points = plain(sample)
    return [points[:, i] for i in range(points.shape[1])]


@composite(np.histogramdd)
def histogramdd(sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """How many points lie in each box, or the sum of their weights, and the edges of the boxes along each axis."""
    columns = _columns(sample)
    count = len(columns)
    bins = [bins] * count if _is_number(bins) else list(bins)
    range = [None] * count if range is None else list(range)
    if len(bins) != count or len(range) != count:
        raise ValueError(f"{len(bins)} bins and {len(range)} ranges for points of {count} coordinates")
    edges = []
    place: Any = 0
    for x, limits, number in zip(columns, range, bins, strict=True):
        if _is_number(number):
            if number < 1:
                raise ValueError(f"there must be at least one bin, got {number!r}")
            found = np.linspace(*_limits(x, limits), operator.index(number) + 1)
        else:
            found = _ascending(number)
        edges.append(found)
        inside = np.searchsorted(found, x, side="right")
        place = place * (found.shape[0] + 1) + np.where(x == found[-1], inside - 1, inside)
    w = None if weights is None else as_array(weights).astype(np.float64, casting="safe")
    shape = tuple(e.shape[0] + 1 for e in edges)
    if w is not None and w.shape != place.shape:
        raise ValueError(f"weights of shape {w.shape} for {place.shape[0]} points")
    sums = np.reshape(_summed(place, w, math.prod(shape)), shape)[(slice(1, -1),) * count].astype(np.float64)
    if density:
        total = np.sum(sums)
        for i, e in enumerate(edges):
            sums = sums / np.reshape(np.diff(e), (-1,) + (1,) * (count - i - 1))
        sums = sums / total
    return sums, edges


@composite(np.histogram2d)
def histogram2d(x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """How many points of a plane lie in each box, and the edges of the boxes."""
    if len(x) != len(y):
        raise ValueError(f"x and y must have one length, got {len(x)} and {len(y)}")
    if not _is_number(bins) and len(bins) not in (1, 2):
        bins = [bins, bins]
    sums, edges = histogramdd([x, y], bins, range, density, weights)
    return sums, edges[0], edges[1]


@composite(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """The flat indices that places in an array of a shape mean."""
    parts = [plain(part) for part in multi_index]
    dims = (dims,) if isinstance(dims, (int, np.integer)) else tuple(dims)
    modes = (mode,) * len(dims) if isinstance(mode, str) else tuple(mode)
    if len(parts) != len(dims) or len(modes) != len(dims):
        raise ValueError(f"{len(parts)} indices with {len(modes)} modes for {len(dims)} axes")
    out: Any = 0
    axes = list(zip(parts, dims, modes, strict=True))
    for part, length, how in axes if order == "C" else axes[::-1]:
        out = out * length + within(part, length, how)
    return out


kink(np.histogram, "the edge of a bin", "0, though the value jumps", [0.0, 1.0], 0,
     lambda x: 1.0 * np.histogram(x, [0.0, 1.0, 2.0])[0])  # fmt: skip
