"""Indexing, and item assignment by value.

`x[i]` is linear in `x`; its transpose (`scatter`) adds what arrives at the same place. Where an index is
itself a Variable (an `argmax` under `vmap`) it is an array argument of the Block: all index arrays are
stacked into one, and `At(0)`, `At(1)` ... hold their places in the index.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import TABLE, composite, constant, linear
from ..core.errors import BatchError, ConversionError, user_line
from ..core.level import PLAIN
from ..core.variable import Variable, plain
from ..records import record
from .axes import front, normal
from .indices import At, Index, Spelling, adjacent, is_basic, is_mask, is_mask_of_all, moving_slices, spell
from .memory import lying, relaid, view_of
from .storing import LISTS, as_written, elements, storable
from .views import array_of_no_axes, follow, is_array, is_outdated, own, unwritable, viewed, written_in_place


def _filled(index: Index, stack: Any) -> Index:
    return tuple([stack[p.position] if isinstance(p, At) else p for p in index])


def _may_repeat(index: Index) -> bool:
    """Whether an index may name a place twice; masks and slices cannot."""
    return any(isinstance(p, At) or (isinstance(p, np.ndarray) and p.dtype.kind in "iu") for p in index)


# The values, of plain arrays


def _getitem(x: Any, index: Index) -> Any:
    if isinstance(x, Variable) and any(map(_may_move, index)) and moving_slices(index, x.shape)[1]:
        raise ConversionError("the bounds of a slice differ from row to row: `read` says it in places")
    return x[index]


def _scatter(x: Any, index: Index, shape: tuple[int, ...]) -> Any:
    out = np.zeros(shape, np.asarray(x).dtype)
    if not _may_repeat(index):
        out[index] = x
        return out
    # One flat index is what `np.add.at` is quick at.
    places = np.arange(out.size).reshape(shape)[index]
    np.add.at(out.reshape(-1), places.ravel(), np.asarray(x).ravel())
    return out


def _setitem(x: Any, y: Any, index: Index) -> Any:
    out = np.array(x)
    out[index] = y
    return out


# The same at any level; the index arrays are None where the index is plain


def _read(x: Any, stack: Any, index: Index) -> Any:
    return getitem(x, index=index) if stack is None else gather(x, stack, index=index)


def _add(x: Any, stack: Any, index: Index, shape: tuple[int, ...]) -> Any:
    if stack is None:
        return scatter(x, index=index, shape=shape)
    return scatter_at(x, stack, index=index, shape=shape)


def _write(x: Any, y: Any, stack: Any, index: Index) -> Any:
    x, y = plain(x), plain(y)
    return setitem(x, y, index=index) if stack is None else setitem_at(x, y, stack, index=index)


def _written(out_bar: Any, stack: Any, index: Index) -> Any:
    """The cotangent of the values written; of several written to one place the last one stays."""
    arrived = _read(out_bar, stack, index)
    if not _may_repeat(index):
        return arrived
    order = np.arange(arrived.size).reshape(arrived.shape)
    last = _write(np.zeros(out_bar.shape, order.dtype), order, stack, index)
    return np.where(_read(last, stack, index) == order, arrived, 0.0)


# Batches: one gather for all rows, whether the index differs from row to row or not


@record
class _Layout:
    """Where the advanced part of an index lands in the result."""

    before: int  # axes of the result before the advanced ones, where those stay in place
    together: bool  # the advanced parts stand side by side, so their axes stay in place
    axes: int  # axes that the advanced parts make


def _layout(index: Index, stack: Any, stack_batched: bool = False) -> _Layout:
    stack_ndim = 0 if stack is None else stack.ndim - 1 - stack_batched
    arrays = [p for p in index if isinstance(p, (At, np.ndarray))]
    if not arrays:
        return _Layout(0, True, 0)
    advanced = [i for i, p in enumerate(index) if not (p is None or isinstance(p, slice))]
    axes = max(stack_ndim if isinstance(p, At) else 1 if is_mask(p) else p.ndim for p in arrays)
    return _Layout(advanced[0], adjacent(advanced), axes)


def _batch_index(
    size: int, batched: bool, stack: Any, stack_batched: bool, index: Index
) -> tuple[Any, Index, Any, Any]:
    """The stack and index for all rows at once, and the axes to move after reading, from and to.

    `batched` says whether what is indexed has the batch along its axis 0.
    """
    row = _layout(index, stack, stack_batched)
    if not stack_batched:
        moved = (0, 0) if row.together else (row.axes, 0)
        return stack, (slice(None), *index), *moved
    stack_ndim = stack.ndim - 2
    stack = np.moveaxis(stack, 1, 0)
    stack = np.reshape(stack, (*stack.shape[:2], *(1,) * (row.axes - stack_ndim), *stack.shape[2:]))
    if not batched:
        return stack, index, *((row.before, 0) if row.together else (0, 0))
    rows = np.arange(size).reshape((1, size) + (1,) * row.axes)
    stack = np.concatenate([np.broadcast_to(rows, (1, *stack.shape[1:])), stack])
    shifted = [At(p.position + 1) if isinstance(p, At) else p for p in index]
    # The index of the row and that of the element are apart, so NumPy puts their axes first.
    there = row.before if row.together else 0
    return stack, (At(0), *shifted), range(1, row.axes + 1), range(1 + there, 1 + there + row.axes)


def _batch_read(size: int, values: list[Any], batched: Any, index: Index) -> Any:
    x, stack = (*values, None)[:2]
    x_batched, stack_batched = (*batched, False)[:2]
    whole, spelled, source, target = _batch_index(size, x_batched, stack, stack_batched, index)
    out = np.moveaxis(_read(x, whole, spelled), source, target)
    if np.ndim(out) < 3 or not size or (stack is None and is_basic(index)):
        return out
    # What index arrays choose lies in memory as they lie, and as the axes of what they are taken from do; whatever
    # places they name.
    places = None if stack is None else np.zeros_like(lying(stack)[0 if stack_batched else ...])
    return relaid(out, lying(x)[0 if x_batched else ...][_filled(index, places)])


def _batch_add(size: int, values: list[Any], batched: Any, index: Index, shape: tuple[int, ...]) -> Any:
    x, stack = (*values, None)[:2]
    stack_batched = (*batched, False)[1]
    stack, index, source, target = _batch_index(size, True, stack, stack_batched, index)
    arrived = np.moveaxis(front(size, x, batched[0]), target, source)
    return _add(arrived, stack, index, (size, *shape))


def _batch_write(size: int, values: list[Any], batched: Any, index: Index) -> Any:
    x, y, stack = (*values, None)[:3]
    stack_batched = (*batched, False)[2]
    x, y = front(size, x, batched[0]), front(size, y, batched[1])
    stack_shape = None if stack is None else stack.shape[1:] if stack_batched else stack.shape
    shape = _shape_of(x.shape[1:], stack_shape, index)
    # As NumPy does, add leading axes of length one, or drop those that the place does not have.
    missing = len(shape) + 1 - y.ndim
    if missing < 0 and len(index) == x.ndim - 1 and all(isinstance(p, int) for p in index):
        raise ValueError("setting an array element with a sequence.")
    dropped = max(-missing, 0)
    if any(n != 1 for n in y.shape[1 : 1 + dropped]) and is_basic(index):
        # By arrays of places NumPy writes nothing of any shape.
        raise ValueError(f"could not broadcast input array from shape {y.shape[1:]} into shape {shape}")
    y = np.reshape(y, (size, *(1,) * missing, *y.shape[1 + dropped :]))
    y = np.broadcast_to(y, (size, *shape))
    stack, index, source, target = _batch_index(size, True, stack, stack_batched, index)
    return _write(x, np.moveaxis(y, target, source), stack, index)


def _shape_of(shape: tuple[int, ...], stack_shape: Any, index: Index) -> tuple[int, ...]:
    """The shape of `x[index]`."""
    if stack_shape is not None:
        index = _filled(index, np.zeros(stack_shape, int))
    found: tuple[int, ...] = np.shape(np.broadcast_to(0.0, shape)[index])
    return found


getitem = linear("getitem", lambda out_bar, x, index: _add(out_bar, None, index, x.shape), value=_getitem,
                 parameters=("index",), symbol="[]", batch=_batch_read)  # fmt: skip
scatter = linear("scatter", lambda out_bar, index, shape: _read(out_bar, None, index), names=("x",),
                 value=_scatter, dispatches=False, parameters=("index", "shape"), batch=_batch_add)  # fmt: skip
setitem = linear("setitem", lambda out_bar, index: _write(out_bar, 0.0, None, index),
                 lambda out_bar, index: _written(out_bar, None, index), names=("x", "y"), value=_setitem,
                 dispatches=False, symbol="[]=", parameters=("index",), batch=_batch_write)  # fmt: skip

gather = linear("gather", lambda out_bar, x, y, index: _add(out_bar, y, index, x.shape), None, names=("x", "y"),
                value=lambda x, y, index: x[_filled(index, y)], dispatches=False, symbol="[]",
                parameters=("index",), batch=_batch_read)  # fmt: skip
scatter_at = linear("scatter_at", lambda out_bar, y, index, shape: _read(out_bar, y, index), None,
                    names=("x", "y"), dispatches=False, parameters=("index", "shape"), batch=_batch_add,
                    value=lambda x, y, index, shape: _scatter(x, _filled(index, y), shape))  # fmt: skip
setitem_at = linear("setitem_at", lambda out_bar, z, index: _write(out_bar, 0.0, z, index),
                    lambda out_bar, z, index: _written(out_bar, z, index), None, names=("x", "y", "z"),
                    value=lambda x, y, z, index: _setitem(x, y, _filled(index, z)), dispatches=False,
                    symbol="[]=", parameters=("index",), batch=_batch_write)  # fmt: skip


# As users write them


def read(x: Any, index: Any) -> Any:
    """`x[index]`, where either may be a Variable."""
    index = index if isinstance(index, tuple) else (index,)
    try:
        return part(x, index) if is_basic(index) else _read_spelled(x, index)
    except ConversionError:
        # Slices learn only here, and at no cost to all others, that a bound differs from row to row.
        rest, places = moving_slices(index, x.shape)
        if not places:
            raise
    for axis, at in places:
        x = read(x, (slice(None),) * axis + (at,))
    return read(x, rest)


def read_by_row(x: Any, index: Any) -> Any:
    """As `read`, of an index whose numbers and slices may be Variables: these choose a view, as plain ones do."""
    out = read(x, index)
    parts = index if isinstance(index, tuple) else (index,)
    moves = any(isinstance(p, Variable) or _may_move(p) for p in parts)
    if not moves or not isinstance(out, Variable) or not all(map(_chooses_a_view, parts)):
        return out
    return viewed(out, x, read, (parts,), write) if out.shape or any(p is Ellipsis for p in parts) else out


def _chooses_a_view(part: Any) -> bool:
    if isinstance(part, Variable):
        return not part.shape and part.dtype.kind in "iu" and not is_array(part)
    return part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice))


def _read_spelled(x: Any, index: Index) -> Any:
    spelling = spell(index, x.ndim)
    if spelling.stack is None and spelling.axes is None and is_basic(spelling.parts):
        out = part(x, spelling.parts)
        # What an array chooses is a copy, also where it has no axes.
        return own(out) if any(isinstance(p, np.ndarray) for p in index) else out
    if spelling.axes is not None:
        x = getitem(x, index=spelling.axes)
    out = _read(x, spelling.stack, spelling.parts)
    return np.moveaxis(out, *_moved(spelling)) if spelling.parted else out


def part(x: Any, index: Index) -> Any:
    """What plain numbers, slices, None and dots choose, which is a view."""
    if not isinstance(x, Variable):
        return getitem(x, index=index)
    out = x.level.apply(getitem, (x,), {"index": index})
    if follow(out, x, _part, (index,), _put):
        return out
    if isinstance(getattr(out, "data", out), np.generic) or _is_number(out, index):
        return out
    if not is_array(x):
        return array_of_no_axes(out)
    return viewed(out, x, _part, (index,), _put)


def _is_number(out: Any, index: Index) -> bool:
    """Whether an index names one element: NumPy then gives a number, which is no view."""
    return (not index or index[-1].__class__ is int) and not out.shape and Ellipsis not in index


def _part(x: Any, index: Index) -> Any:
    return getitem(x, index=index)


def _put(x: Any, y: Any, index: Index) -> Any:
    if x.level is PLAIN and written_in_place(x, index, y):
        return x
    return _write(x, y, None, index)


def _moved(spelling: Spelling) -> tuple[range, range]:
    """Where the axes that index arrays make lie among others, and where they come first."""
    row = _layout(spelling.parts, spelling.stack)
    return range(row.before, row.before + row.axes), range(row.axes)


def add_at(x: Any, index: Index, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape, with `x` added at an index of arrays: the transpose of `read`."""
    spelling = spell(index, len(shape))
    return _add(x, spelling.stack, spelling.parts, shape)


def _may_move(part: Any) -> bool:
    return part.__class__ is slice and (part.start.__class__ is Variable or part.stop.__class__ is Variable)


def write(x: Any, y: Any, index: Any) -> Any:
    """The value of `x` after `x[index] = y`."""
    index = index if isinstance(index, tuple) else (index,)
    if y.__class__ in LISTS or (x.dtype.kind in "iu" and y.__class__ is not Variable):
        y = as_written(x, y, lambda: _shape_of_place(x, index)) if is_basic(index) else elements(x, y)
    elif y.__class__ is int and y.bit_length() > 64:
        # Too large for a double it is refused, also where nothing is written.
        y = elements(x, y)
    y = storable(x, plain(y))
    if any([_may_move(part) for part in index]) and moving_slices(index, x.shape)[1]:
        places = read(np.arange(x.size).reshape(x.shape), index)
        return np.reshape(write(np.ravel(x), np.broadcast_to(y, places.shape), places), x.shape)
    mask = index[0] if len(index) == 1 else None
    if isinstance(mask, Variable) and mask.dtype.kind == "b" and np.ndim(y) <= x.ndim - mask.ndim:
        # No count of the mask is needed, so it may differ from row to row.
        kept = np.reshape(mask, (*mask.shape, *(1,) * (x.ndim - mask.ndim)))
        out = np.where(kept, y, x)
        return out if out.dtype == x.dtype else out.astype(x.dtype)
    if np.ndim(y) > 1 and is_mask_of_all(index, x.ndim):
        raise TypeError(f"a mask of all axes takes a number or a vector, got an array of shape {np.shape(y)}")
    spelling = Spelling(index) if is_basic(index) else spell(index, x.ndim)
    base = x if spelling.axes is None else getitem(x, index=spelling.axes)
    if spelling.parted or (np.ndim(y) > min(base.ndim, 1) and not _has_no_spare_axes(index, spelling, x.ndim)):
        y = _fitted(base, y, spelling)
    elif np.ndim(y) and is_basic(spelling.parts) and Ellipsis in spelling.parts:
        y = _narrowed(y, len(_shape_of(base.shape, None, spelling.parts)))
    out = _write(base, y, spelling.stack, spelling.parts)
    return out if spelling.axes is None else np.reshape(out, x.shape)


def _shape_of_place(x: Any, index: Index) -> Any:
    """The shape of `x[index]`; None of one element."""
    found = np.broadcast_to(False, x.shape)[index]
    return np.shape(found) if isinstance(found, np.ndarray) else None


def is_itself(target: Variable, index: Any, value: Any) -> bool:
    """Whether `target[index] = value` writes what a view of this place has written before: `y[:2] += 1`."""
    found = view_of(value)
    if found is None or found[0] is not target or found[3] is not _put or is_outdated(value):
        return False
    index = index if isinstance(index, tuple) else (index,)
    return _is_fixed(index) and index == found[2][0]


def _is_fixed(index: tuple[Any, ...]) -> bool:
    parts = [v for p in index for v in ((p.start, p.stop, p.step) if isinstance(p, slice) else (p,))]
    return all(isinstance(v, (int, type(None), type(Ellipsis))) for v in parts)


def _has_no_spare_axes(index: Index, spelling: Spelling, ndim: int) -> bool:
    """Whether an index names one element: NumPy then drops no axes of what is written."""
    return len(spelling.parts) == ndim and all(isinstance(p, int) for p in spelling.parts)


def _narrowed(y: Any, ndim: int) -> Any:
    """As NumPy does, drop leading axes of length one that the place of a write does not have."""
    shape = np.shape(y)
    extra = len(shape) - ndim
    return np.reshape(y, shape[extra:]) if extra > 0 and set(shape[:extra]) == {1} else y


def _fitted(x: Any, y: Any, spelling: Spelling) -> Any:
    """The values written at an index, in the shape of what the Blocks read there."""
    stack = spelling.stack
    shape = _shape_of(x.shape, None if stack is None else stack.shape, spelling.parts)
    y = _narrowed(y, len(shape))
    if not spelling.parted:
        return y
    source, target = _moved(spelling)
    rest = [n for i, n in enumerate(shape) if i not in source]
    return np.moveaxis(np.broadcast_to(y, (*[shape[i] for i in source], *rest)), target, source)


for _block, _call in ((getitem, read), (scatter, add_at), (setitem, write)):
    _block.call = TABLE[_block.fn] = _call


def _batch_nonzero(size: int, values: list[Any], batched: Any) -> Any:
    raise BatchError(
        "a batched mask may select another number of elements in every row, so the result has no shape\n"
        f"  at {user_line()}\nUnder vmap write np.where(mask, x, 0.0) instead of x[mask]"
    )


constant(np.nonzero, batch=_batch_nonzero, parameters=())


def _repeated_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axes: tuple[int, ...] = np.lib.array_utils.normalize_axis_tuple(axis, ndim, allow_duplicate=True)
    return axes


@composite(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """Every window of a shape, as the last axes."""
    out = _windows(x, window_shape, axis)
    return viewed(out, x, _windows, (window_shape, axis), unwritable, "lib.stride_tricks.sliding_window_view")


def _windows(x: Any, window_shape: Any, axis: Any) -> Any:
    windows = (window_shape,) if isinstance(window_shape, (int, np.integer)) else tuple(window_shape)
    if any(n < 0 for n in windows):
        raise ValueError(f"sliding_window_view: a window cannot be negative, got {windows}")
    axes = normal(axis, x.ndim) if axis is None else _repeated_axes(axis, x.ndim)
    if len(windows) != len(axes):
        raise ValueError(f"sliding_window_view: {len(windows)} window lengths for {len(axes)} axes")
    for n, at in zip(windows, axes, strict=True):
        if n > x.shape[at]:
            raise ValueError(f"sliding_window_view: a window of {n} is longer than axis {at} of shape {x.shape}")
        places = np.arange(x.shape[at] - n + 1)[:, None] + np.arange(n)
        x = np.moveaxis(x[(slice(None),) * at + (places,)], at + 1, -1)
    return x
