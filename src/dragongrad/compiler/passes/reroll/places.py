"""Indices that move from step to step, as one index of all steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...indexing import parts_of
from ...rewrite import is_place
from ..indices import as_slice
from .errors import NoLoopError


def joined_index(indices: Sequence[tuple[Any, ...]], shape: tuple[int, ...]) -> tuple[tuple[Any, ...], int]:
    """The index of what several indices of one kind name, and the axis of the result along which these follow.

    Parameters
    ----------
    indices : sequence of tuple
        They differ in whole numbers only.
    shape : tuple of int
        Of what is indexed.

    Raises
    ------
    NoLoopError
        There is no such index whose axes keep their order.
    """
    first = _spelled(indices[0], len(shape))
    if any(not (part is None or isinstance(part, slice) or is_place(part)) for part in first):
        raise NoLoopError("an index holds arrays and moves")
    tables = _tables(indices, shape)
    whole = list(tables)
    moving = [k for k in whole if np.any(tables[k] != tables[k][0])] or whole
    parts = list(first)
    line = as_slice(tables[moving[0]]) if len(moving) == 1 else None
    if isinstance(line, slice):
        parts[moving[0]] = line
    elif moving != list(range(moving[0], moving[-1] + 1)) or len(whole) > len(moving):
        # Numbers beside arrays are arrays too, and arrays that do not stand together put their axis first.
        raise NoLoopError("an index moves along axes that do not stand together")
    else:
        for k in moving:
            parts[k] = tables[k]
    before = first[: moving[0]]
    return tuple(parts), sum(not is_place(part) for part in before)


def numbers_in(indices: Sequence[tuple[Any, ...]], shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The whole numbers in indices of one kind, counted from the front."""
    return [tuple(row) for row in np.stack([*_tables(indices, shape).values()], 1).tolist()]


def soft_index(index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """What indices of one kind have in common, however they are spelled."""
    return tuple([part.axis if part.kind == "take" else part for part in parts_of(index, shape)])


def _tables(indices: Sequence[tuple[Any, ...]], shape: tuple[int, ...]) -> dict[int, Any]:
    """The whole numbers in indices of one kind, counted from the front, by their positions in these."""
    spelled = [_spelled(index, len(shape)) for index in indices]
    axes = np.cumsum([part is not None for part in spelled[0]]) - 1
    return {
        k: np.array([index[k] for index in spelled]) % max(1, shape[axes[k]])
        for k, part in enumerate(spelled[0])
        if is_place(part)
    }


def _spelled(index: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """An index without dots."""
    given = sum(part is not None and part is not Ellipsis for part in index)
    rest = (slice(None),) * (ndim - given)
    if not any(part is Ellipsis for part in index):
        return (*index, *rest)
    at = next(k for k, part in enumerate(index) if part is Ellipsis)
    return (*index[:at], *rest, *index[at + 1 :])


def places_of(index: tuple[Any, ...], shape: tuple[int, ...]) -> dict[int, int] | None:
    """The whole numbers in an index that takes all other axes as they are, by their axes; None for any other."""
    parts = parts_of(index, shape)
    if any(part.kind != "take" and not part.whole for part in parts):
        return None
    return {part.axis: part.start for part in parts if part.kind == "take"}
