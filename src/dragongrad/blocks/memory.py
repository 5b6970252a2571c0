"""How the memory of values lies, which decides what NumPy makes a view of.

A Variable has no memory of its own: the arrays that hold its values lie as NumPy's would. What is written keeps the
order of what it replaces, and levels that stage are told what was asked, since it holds for such arguments alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..core.variable import Variable, bottom, value_of

# What a Variable is a view of, and how: `(of, make, args, put, name)`. `make(of, *args)` is the view;
# `put(of, view, *args)` is what it is of, with the view's values in their place. Where the view is for reading
# alone, `name` is the function that gave it, and None elsewhere. A bare tuple, since every `x[1:]` makes one.
ViewOf: TypeAlias = tuple[Variable, Callable[..., Any], tuple[Any, ...], Callable[..., Any], str | None]


def view_of(x: Any) -> ViewOf | None:
    """What a Variable is a view of; None where its values are its own."""
    found: ViewOf | None = getattr(x, "view_of", None)
    return found


def lying(x: Any) -> Any:
    """An array that lies in memory as NumPy's would, of any values: only the form is known while tracing."""
    found = view_of(x)
    return _row(x) if found is None else found[1](lying(found[0]), *found[2])


def _row(x: Any) -> Any:
    """The array that holds the values, or one like it."""
    value, shape = value_of(x), np.shape(x)
    if value.__class__ is np.ndarray:
        # Of a batch, one row.
        before = value.ndim - len(shape)
        if value.shape[before:] == shape and 0 not in value.shape[:before]:
            return value[(0,) * before + (...,)]
    return np.empty(shape, x.dtype)


def _layouts(x: Any) -> Any:
    """What a level that stages knows of how memory lies; None where no such level is."""
    low = bottom(x)
    if not isinstance(low, Variable):
        return None
    level: Any = low.level
    return level.layouts


def ask_memory(x: Any, *alike: Any) -> None:
    """Tell a level that stages that the way of the function may depend on how the memory of x lies.

    `alike` are copies, which share memory with x where it lies otherwise.
    """
    layouts = _layouts(x)
    if layouts is not None:
        layouts.ask(root_of(x), *alike)


def decided_by_memory(x: Any) -> None:
    """Tell a level that stages that how the memory of x lies decides something here and now."""
    layouts = _layouts(x)
    if layouts is not None:
        layouts.decide(root_of(x))


def announce_write(written: Variable) -> None:
    """Tell a level that stages of a write."""
    layouts = _layouts(written)
    if layouts is not None:
        layouts.write(root_of(written))


def remember_memory(x: Any, of: Any) -> None:
    """Tell a level that stages that the memory of x lies as that of another value does."""
    layouts = _layouts(x)
    if layouts is not None and isinstance(of, Variable):
        layouts.remember(x, root_of(of))


def root_of(x: Variable) -> Variable:
    """What a Variable is a view of, or what that is one of, and so on."""
    found = view_of(x)
    while found is not None:
        x = found[0]
        found = view_of(x)
    return x


def relaid(x: Any, like: Any) -> Any:
    """The same value in memory that lies as that of another array does, which has its shape."""
    if isinstance(x, Variable):
        data = relaid(x.data, like)
        if data is x.data:
            return x
        x = x.__copy__()
        x.data = data
        return x
    if x.__class__ is not np.ndarray or x.strides[x.ndim - like.ndim :] == like.strides:
        return x
    out = _lying_as(like, x.shape[: x.ndim - like.ndim], x.dtype)
    out[...] = x
    return out


def in_rows(x: Any, order: Any = "C") -> Any:
    """The same value in memory that lies row after row, as in what functions of NumPy's make."""
    return relaid(x, np.empty(np.shape(x), x.dtype, order)) if np.ndim(x) > 1 else x


def _lying_as(like: Any, batch: tuple[int, ...], dtype: Any) -> Any:
    """An array whose memory runs through the axes in the same order, with gaps where there are some."""
    strides, step, expected = [0] * like.ndim, 1, like.itemsize
    for axis in sorted(range(like.ndim), key=lambda a: (abs(like.strides[a]), -a)):
        # A gap of one element says as much as a longer one.
        step += abs(like.strides[axis]) != expected and like.shape[axis] > 1
        strides[axis] = step * np.dtype(dtype).itemsize
        if like.shape[axis] > 1:
            step, expected = step * like.shape[axis], abs(like.strides[axis]) * like.shape[axis]
    memory = np.empty((*batch, step), dtype)
    out = np.ndarray((*batch, *like.shape), dtype, memory, 0, (*memory.strides[:-1], *strides))
    return out[(..., *[slice(None, None, -1 if s < 0 else 1) for s in like.strides])]


def lying_as_before(other: Any, x: Variable) -> Any:
    """What a Variable stands for from now on, in memory that lies as its memory lay."""
    old, new = value_of(x), value_of(other)
    if old.__class__ is not np.ndarray or new.__class__ is not np.ndarray or old.strides == new.strides:
        return other
    if old.flags.c_contiguous and new.flags.c_contiguous:
        return other
    old, new = _row(x), _row(other)
    spread = any(s == 0 and n > 1 for s, n in zip(old.strides, old.shape, strict=True))
    return other if spread or old.strides == new.strides or old.shape != new.shape else relaid(other, old)
