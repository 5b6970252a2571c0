"""Two sparse matrices in one: their sum, their products, and what needs one entry at each place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import NoRuleError, ShapeError, user_line
from .blocks import product
from .pattern import Pattern, placed


def canonical(a: Any) -> Any:
    """The same with one entry at each place."""
    return a if a.pattern.is_canonical else summed(a.entries, a.pattern.rows, a.pattern.indices, a)


def summed(data: Any, rows: Any, cols: Any, like: Any, shape: tuple[int, int] | None = None) -> Any:
    """A matrix of entries in any order, those at one place added up."""
    m, n = like.shape if shape is None else shape
    keys, places = np.unique(np.asarray(rows, np.int64) * n + cols, return_inverse=True)
    adding, order = placed(places, np.arange(places.size), (keys.size, places.size))
    total = product(np.ones(places.size, data.dtype), data[:, None], pattern=adding)[:, 0]
    pattern, order = placed(keys // max(n, 1), keys % max(n, 1), (m, n))
    return type(like)(total[order], pattern.like(like.pattern.is_matrix, like.pattern.format))


def compressed(a: Any) -> Any:
    """The same in the format that SciPy has for what it makes of two: by columns of such a one, else by rows."""
    return type(a)(a.entries, a.pattern.like(format="csc" if a.pattern.format == "csc" else "csr"))


def together(a: Any, b: Any) -> Any:
    """The sum of two sparse matrices."""
    check_same(a, b, "+")
    a = compressed(a)
    if (a.pattern.indptr is b.pattern.indptr and a.pattern.indices is b.pattern.indices) or a.pattern == b.pattern:
        return type(a)(a.entries + b.entries, a.pattern)
    rows, cols = [np.concatenate([getattr(v.pattern, n) for v in (a, b)]) for n in ("rows", "indices")]
    return summed(np.concatenate([a.entries, b.entries]), rows, cols, a)


def of_two(a: Any, b: Any) -> Any:
    """The product of two sparse matrices: each entry of the one with each of the row of the other that it meets."""
    if a.shape[1] != b.shape[0]:
        raise ShapeError(f"sparse {a.shape} @ {b.shape}: the shapes do not fit\n  at {user_line()}")
    counts = np.diff(b.pattern.indptr)[a.pattern.indices]
    first = np.repeat(np.arange(a.nnz), counts)
    within = np.arange(first.size) - np.repeat(np.cumsum(counts) - counts, counts)
    second = b.pattern.indptr[a.pattern.indices][first] + within
    rows, cols = a.pattern.rows[first], b.pattern.indices[second]
    return summed(a.entries[first] * b.entries[second], rows, cols, compressed(a), (a.shape[0], b.shape[1]))


def of_both(a: Any, b: Any) -> Any:
    """The product of two sparse matrices element by element, where both have one."""
    shape = common_shape(a.shape, b.shape)
    a, b = canonical(spread(compressed(a), shape)), canonical(spread(b, shape))
    left, right = map(_keys, (a, b))
    keys, i, j = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    return type(a)(a.entries[i] * b.entries[j], _of_keys(keys, a))


def of_either(a: Any, b: Any, choose: Any) -> Any:
    """A function of two sparse matrices element by element, which is zero of two zeros."""
    check_same(a, b, choose.__name__)
    a, b = canonical(compressed(a)), canonical(b)
    left, right = map(_keys, (a, b))
    keys = np.union1d(left, right)
    filled = []
    for v, own in ((a, left), (b, right)):
        # The first is the zero of what is not stored.
        place = np.zeros(keys.size, int)
        place[np.searchsorted(keys, own)] = np.arange(1, own.size + 1)
        filled.append(np.concatenate([np.zeros(1, v.dtype), v.entries])[place])
    return type(a)(choose(*filled), _of_keys(keys, a))


def common_shape(*shapes: tuple[int, ...]) -> tuple[int, int]:
    """The shape to which matrices are broadcast."""
    try:
        made = np.broadcast_shapes(*shapes)
    except ValueError:
        made = ()
    if len(made) != 2:
        raise ShapeError(f"sparse {' * '.join(map(str, shapes))}: the shapes do not fit\n  at {user_line()}")
    return made


def spread(a: Any, shape: tuple[int, int]) -> Any:
    """A sparse matrix of one row or column as many times as a shape says."""
    for axis in (0, 1):
        if a.shape[axis] == shape[axis]:
            continue
        size, which = shape[axis], np.tile(np.arange(a.nnz), shape[axis])
        places = [a.pattern.rows[which], a.pattern.indices[which]]
        places[axis] = np.repeat(np.arange(size), a.nnz)
        wide = (size, a.shape[1]) if axis == 0 else (a.shape[0], size)
        pattern, order = placed(places[0], places[1], wide)
        a = type(a)(a.entries[which[order]], pattern.like(a.pattern.is_matrix, a.pattern.format))
    return a


def _keys(a: Any) -> Any:
    """One number for each place, in the order of the entries."""
    return a.pattern.rows.astype(np.int64) * a.shape[1] + a.pattern.indices


def _of_keys(keys: Any, like: Any) -> Pattern:
    n = max(like.shape[1], 1)
    pattern, _ = placed(keys // n, keys % n, like.shape)
    return pattern.like(like.pattern.is_matrix, like.pattern.format)


def check_same(a: Any, b: Any, sign: str) -> None:
    """Refuse two matrices of different shapes."""
    if a.shape != b.shape:
        raise ShapeError(f"sparse {a.shape} {sign} {b.shape}: the shapes differ\n  at {user_line()}")


def refused(what: str, instead: str) -> NoRuleError:
    """The error for what would be no sparse matrix, or no smooth function."""
    return NoRuleError(f"{what}: this has no derivative rule\n  at {user_line()}\n{instead}")
