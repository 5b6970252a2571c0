"""Batches: parts of a data set in an order that one Generator draws."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.nests import flatten, map_nest


def batches(rng: np.random.Generator, count: int, size: int, drop: bool = True) -> Iterator[Any]:
    """The rows of each batch of one epoch, in a random order.

    Parameters
    ----------
    rng : numpy.random.Generator
        What draws the order.
    count : int
        How many examples there are.
    size : int
        How many are in a batch.
    drop : bool
        Whether the last batch is left out where it would be smaller: a batch of another size is another program
        of a compiled step. (What is left out is another part in each epoch.)

    Yields
    ------
    ndarray of int
        The rows of a batch.

    Raises
    ------
    ArgumentError
        A batch has no rows, or more than there are.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> [rows.tolist() for rows in nn.batches(np.random.default_rng(0), 5, 2)]
    [[2, 4], [3, 0]]

    """
    check_batch(count, size)
    order = rng.permutation(count)
    for start in range(0, count - size + 1 if drop else count, size):
        yield order[start : start + size]


def check_batch(count: int, size: int) -> None:
    """Refuse batches that no step could be made of."""
    if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
        raise ArgumentError(f"a batch has one example or more, got batch={size!r}")
    if size > count:
        raise ArgumentError(f"a batch of {size} is more than the {count} examples: batch={count}")


def examples(data: Any) -> int:
    """How many examples a nest of arrays holds along their first axes.

    Raises
    ------
    ShapeError
        They differ, or there is an array without axes.
    """
    leaves, _ = flatten(data)
    lengths = {np.shape(leaf)[0] if np.ndim(leaf) else None for leaf in leaves}
    if len(lengths) != 1 or None in lengths:
        shapes = ", ".join(str(np.shape(leaf)) for leaf in leaves)
        raise ShapeError(
            f"the arrays of a data set have one example a row, and as many of them: got shapes {shapes}"
        )
    return int(lengths.pop() or 0)


def taken(data: Any, rows: Any) -> Any:
    """Some rows of every array."""
    return map_nest(lambda leaf: np.asarray(leaf)[rows], data)


def in_order(count: int, size: int) -> Iterator[tuple[Any, int]]:
    """All rows in order, in batches of one size: the last is filled with its first row; and how many count."""
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        yield np.concatenate([rows, np.full(size - len(rows), rows[0])]), len(rows)


def digest(data: Any) -> str:
    """A hash of some of the examples, by which another data set of as many is known."""
    count = examples(data)
    rows = np.linspace(0, max(count - 1, 0), min(count, 64)).astype(int)
    found = hashlib.blake2b(digest_size=8)
    for leaf in flatten(taken(data, rows))[0]:
        found.update(f"{leaf.dtype} {leaf.shape}".encode() + leaf.tobytes())
    return found.hexdigest()
