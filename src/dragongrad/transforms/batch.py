"""Batches: a function of one example applied to many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, overload

import numpy as np

from .. import elsewhere
from ..context import WATCH
from ..core.block import Block
from ..core.errors import (
    NUMPY_ERRORS,
    ArgumentError,
    BatchError,
    ConversionError,
    DragongradError,
    ShapeError,
    describe,
    operation_error,
    user_line,
)  # fmt: skip
from ..core.level import PLAIN, Level
from ..core.nests import broadcast_prefix, flatten, unflatten
from ..core.variable import Variable, plain, value_of
from ..lines import within_vectorize
from ..subclasses import MATRIX, refuse_matrix
from .evaluate import call, refuse_escaped, rewrap
from .options import Transform
from .watch import check_forward

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..typevars import Array, Dtype, Number, P, Rest, Untyped


# What to write where Python asks a batch for one number.
_INSTEAD = {
    "float": 'write np.sin(x) for math.sin(x), f"{x:.3f}" for "%.3f" % x, and into a copy of an array from '
    "outside, np.array(a)",
    "int": 'write x[np.argmax(x)] for x[int(np.argmax(x))], np.trunc(x) for int(x), f"{x}" for "%d" % x; range() '
    "and slices take numbers that are the same in every row",
}


class Batch(Level):
    """The level of one `vmap`; the payload of its Variables has the batch along axis 0."""

    __slots__ = ("size",)
    batch_axes = 1

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def constant(self, value: Any) -> Variable:
        """The same value in every row."""
        if np.ndim(value) == MOST_AXES:
            raise one_axis_too_many(value)
        return Variable(np.broadcast_to(value, (self.size, *np.shape(value))), self)

    def truth(self, x: Variable) -> bool:
        raise BatchError(
            f"the truth value of a batched Variable may differ from row to row\n  at {user_line()}\n"
            "Under vmap write np.where(condition, a, b) instead of if, and ad.while_loop instead of while"
        )

    def number(self, x: Variable, what: str) -> Any:
        if what != "an index" and within_vectorize():
            return super().number(x, what)
        if what != "an index":
            line = user_line()
            cure = elsewhere.of_line(line) or f"Under vmap {_INSTEAD.get(what, _INSTEAD['float'])}"
            lost = f"converting a batched Variable to {what} would make one number of many"
            raise ConversionError(f"{lost}\n  at {line}\n{cure}")
        raise ConversionError(
            f"a batched integer differs from row to row, and is no one index\n  at {user_line()}\n"
            "Of a plain array write ad.take(a, i) for a[i], and ad.take(a, i + np.arange(n)) for a[i:i + n]"
        )

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if self.ended:
            refuse_escaped()
        batched = tuple([isinstance(a, Variable) and a.level is self for a in args])
        values = [
            a.data if b or (isinstance(a, Variable) and a.level is PLAIN) else a
            for a, b in zip(args, batched, strict=True)
        ]
        try:
            if block.partials or (block.kind == "constant" and isinstance(block.fn, np.ufunc)):
                if block.fn is np.power:
                    values = _counted(values, batched)
                out = block.forward(*align(values, batched))
            elif block.batch is not None:
                out = block.batch(self.size, values, batched, **params)
            elif block.signature is not None and _has_cores(values, batched, block.signature):
                out = block.forward(*align_core(values, batched, block.signature), **params)
            else:
                out = row_by_row(self.size, block, values, batched, params)
        except DragongradError:
            raise
        except NUMPY_ERRORS as error:
            if not block.dispatches:
                raise
            raise operation_error(block.name, args, error) from None
        if isinstance(out, (tuple, list)):
            return rewrap(out, [Variable(o, self) for o in out])
        if not block.partials and not all(batched) and MATRIX in map(type, values):
            row = [v[0] if b and len(v) else v for v, b in zip(values, batched, strict=True)]
            if block.forward(*row, **params).__class__ is MATRIX:
                refuse_matrix()
            out = np.asarray(out)
        return Variable(out, self)


class WatchedBatch(Batch):
    """The same under `debug_nans`."""

    __slots__ = ()

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        out = super().apply(block, args, params)
        check_forward(block, args, out)
        return out


def _counted(values: list[Any], batched: tuple[bool, ...]) -> list[Any]:
    """The operands of a power: one truth value a row counts as a whole number, where arrays are int8."""
    x, y = values
    if batched[0] and y.__class__ is int and np.ndim(x) == 1 and x.dtype.kind == "b":
        return [x.astype(np.dtype(int)), y]
    return values


def align(values: list[Any], batched: tuple[bool, ...]) -> list[Any]:
    """Insert axes after the batch so that the rows broadcast as the examples do."""
    if len(values) == 1:
        return values
    ndim = max(np.ndim(v) - b for v, b in zip(values, batched, strict=True))
    return [
        np.reshape(v, (v.shape[0], *(1,) * (ndim + 1 - v.ndim), *v.shape[1:])) if b and v.ndim <= ndim else v
        for v, b in zip(values, batched, strict=True)
    ]


def _cores(signature: str) -> list[int]:
    """How many core axes each argument has."""
    return [len([a for a in part.strip("() ").split(",") if a]) for part in signature.split("->")[0].split("),")]


def _has_cores(values: list[Any], batched: tuple[bool, ...], signature: str) -> bool:
    """Whether every row has the core axes: else the batch would be taken for one, where NumPy refuses a row."""
    return all(np.ndim(v) - b >= c for v, b, c in zip(values, batched, _cores(signature), strict=True))


def align_core(values: list[Any], batched: tuple[bool, ...], signature: str) -> list[Any]:
    """As `align`, before the core axes of a function that broadcasts over leading axes."""
    cores = _cores(signature)
    loops = max(np.ndim(v) - b - c for v, b, c in zip(values, batched, cores, strict=True))
    return [
        np.reshape(v, (v.shape[0], *(1,) * (loops + c + 1 - v.ndim), *v.shape[1:]))
        if b and v.ndim <= loops + c
        else v
        for v, b, c in zip(values, batched, cores, strict=True)
    ]


def row_by_row(
    size: int, block: Block, values: list[Any], batched: tuple[bool, ...], params: dict[str, Any]
) -> Any:
    """The batch of a Block without a rule for it: a loop, stacked."""
    if size == 0:
        return _no_rows(block, values, batched, params)
    rows = [
        block.forward(*[v[i] if b else v for v, b in zip(values, batched, strict=True)], **params)
        for i in range(size)
    ]
    if isinstance(rows[0], (tuple, list)):
        return rewrap(rows[0], [_stacked(block, part) for part in zip(*rows, strict=True)])
    return _stacked(block, rows)


def _stacked(block: Block, rows: Any) -> Any:
    shapes = sorted({np.shape(row) for row in rows})
    if len(shapes) > 1:
        raise BatchError(
            f"{block.name} gives arrays of shapes {', '.join(map(str, shapes))} in different rows, which are no "
            f"batch\n  at {user_line()}\n"
            f"Without vmap: np.stack([f(row) for row in rows]), of what has one shape in all rows"
        )
    return np.stack(rows)


def _no_rows(block: Block, values: list[Any], batched: tuple[bool, ...], params: dict[str, Any]) -> Any:
    """What a loop over no rows gives: the shape and dtype of a row of ones tell."""
    ones = [np.ones(np.shape(v)[1:], v.dtype) if b else value_of(v) for v, b in zip(values, batched, strict=True)]
    try:
        out = block.value(*ones, **params)
    except NUMPY_ERRORS as error:
        raise BatchError(f"{block.name} cannot be batched over no rows: a row of ones has no value") from error
    parts = out if isinstance(out, (tuple, list)) else [out]
    empty = [np.zeros((0, *np.shape(o)), np.asarray(o).dtype) for o in parts]
    return rewrap(out, empty) if isinstance(out, (tuple, list)) else empty[0]


@overload
def vmap(f: Untyped, in_axes: Any = 0, out_axes: Any = 0) -> Transform[..., Any]: ...
@overload
def vmap(
    f: Callable[Concatenate[float, Rest], Array | Number], in_axes: Any = 0, out_axes: Any = 0
) -> Transform[Concatenate[ArrayLike, ...], Array]: ...
@overload
def vmap(  # type: ignore[overload-overlap]
    f: Callable[P, np.ndarray[Any, Dtype]], in_axes: Any = 0, out_axes: Any = 0
) -> Transform[P, np.ndarray[Any, Dtype]]: ...
@overload
def vmap(f: Callable[P, Number], in_axes: Any = 0, out_axes: Any = 0) -> Transform[P, Array]: ...
@overload
def vmap(
    f: Callable[Concatenate[float, Rest], Any], in_axes: Any = 0, out_axes: Any = 0
) -> Transform[Concatenate[ArrayLike, ...], Any]: ...
@overload
def vmap(f: Callable[P, Any], in_axes: Any = 0, out_axes: Any = 0) -> Transform[P, Any]: ...
def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Transform[..., Any]:
    """Map a function of single examples over a batch of them, in whole-array operations.

    Parameters
    ----------
    f : callable
        A function of nests of arrays.
    in_axes : int, None, or a tuple of them or of nests, one an argument
        The axis of each argument that runs over the batch; None: the same value for every row. Keyword
        arguments are batched along axis 0 as they are in `jax.vmap`.
    out_axes : int, None, or a nest of them
        Where the batch axis goes in the output; None where the output does not depend on the row.

    Returns
    -------
    callable

    Raises
    ------
    BatchError
        The sizes of the batch axes differ, or Python control flow depends on a row.
    ArgumentError
        `in_axes` does not fit the arguments.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> ad.vmap(ad.grad(lambda x: np.sum(x**2)))(rows)
    array([[2., 4.],
           [6., 8.]])

    """
    return Transform(vmap, _run_vmap, f, {"in_axes": in_axes, "out_axes": out_axes})


def _run_vmap(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], in_axes: Any, out_axes: Any) -> Any:
    leaves, structure = flatten((args, kwargs))
    if not (in_axes is None or isinstance(in_axes, (int, np.integer, tuple, list))):
        raise ArgumentError(f"in_axes must be an axis, None or a tuple of them, one an argument, got {in_axes!r}")
    if isinstance(in_axes, (tuple, list)) and len(in_axes) != len(args):
        raise ArgumentError(f"in_axes has {len(in_axes)} entries for {len(args)} arguments: give one each")
    axes = [
        _whole(axis, "in_axes")
        for position, arg in enumerate(args)
        for axis in broadcast_prefix(
            in_axes[position] if isinstance(in_axes, (tuple, list)) else in_axes, arg, "in_axes"
        )
    ]
    axes += [0] * (len(leaves) - len(axes))
    sizes: dict[int, tuple[int, ...]] = {}
    moved = []
    for leaf, axis in zip(leaves, axes, strict=True):
        if axis is None:
            moved.append(leaf)
            continue
        leaf = plain(leaf)
        leaf = leaf if isinstance(leaf, (Variable, np.ndarray)) else np.asarray(leaf)
        if not -leaf.ndim <= axis < leaf.ndim:
            raise _no_such_axis(axis, leaf, args, kwargs, in_axes)
        moved.append(_batch_first(leaf, axis) if axis else leaf)
        sizes.setdefault(leaf.shape[axis], leaf.shape)
    if len(sizes) != 1:
        if not sizes:
            raise ArgumentError("vmap needs at least one batched argument: every entry of in_axes is None")
        raise BatchError(f"the batch axes differ in length: {sizes} (length: shape)")
    level = (WatchedBatch if WATCH.get() else Batch)(next(iter(sizes)))
    rows = [Variable(m, level) if axis is not None else m for m, axis in zip(moved, axes, strict=True)]
    call_args, call_kwargs = unflatten(structure, rows)
    try:
        out = call(f, call_args, call_kwargs)
    finally:
        level.ended = True
    out_leaves, out_structure = flatten(out)
    places = [_whole(axis, "out_axes") for axis in broadcast_prefix(out_axes, out, "out_axes")]
    return unflatten(
        out_structure, [_place(leaf, axis, level) for leaf, axis in zip(out_leaves, places, strict=True)]
    )


def _whole(axis: Any, what: str) -> Any:
    """An axis or None; anything else is refused."""
    if axis is None or isinstance(axis, (int, np.integer)):
        return axis
    raise ArgumentError(f"{what} holds axes, whole numbers, or None, got {axis!r}")


def _no_such_axis(axis: int, leaf: Any, args: tuple[Any, ...], kwargs: dict[str, Any], in_axes: Any) -> BatchError:
    """The error for an argument without the axis of the batch, with what to write where it is a number."""
    if leaf.ndim:
        return BatchError(f"in_axes names axis {axis} of an array of shape {leaf.shape}\n  at {user_line()}")
    given = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
    pairs = [*zip(args, given, strict=True), *((value, 0) for value in kwargs.values())]
    better = tuple([k if any(map(np.ndim, flatten(value)[0])) else None for value, k in pairs])
    same = f"The same number in all rows: vmap(f, in_axes={better}){', called by position' if kwargs else ''}"
    none = "There are no rows here: call the function itself"
    return BatchError(
        f"vmap maps over an axis of each argument, and one is a single number\n  at {user_line()}\n"
        f"{same if any(k is not None for k in better) else none}"
    )


# NumPy's arrays have no more axes, and a batch needs one beside those of a row.
MOST_AXES = 64


def one_axis_too_many(row: Any) -> ShapeError:
    """The error for a row that has as many axes as an array can have."""
    return ShapeError(
        f"{describe(row)} has {np.ndim(row)} axes, as many as an array can have: a batch needs one more\n"
        f"  at {user_line()}\nJoin some of them: x.reshape(-1, ...)"
    )


def _place(leaf: Any, axis: int | None, level: Batch) -> Any:
    leaf = plain(leaf)
    mine = isinstance(leaf, Variable) and leaf.level is level
    if not mine and isinstance(leaf, Variable) and leaf.level.serial > level.serial:
        refuse_escaped()
    if axis is None:
        if mine:
            raise BatchError("out_axes is None for an output that differs from row to row")
        return leaf
    if np.ndim(leaf) == MOST_AXES:
        raise one_axis_too_many(leaf)
    data = leaf.data if mine else np.broadcast_to(leaf, (level.size, *np.shape(leaf)))
    if not mine and isinstance(data, np.ndarray):
        data = data.copy()
    if np.shape(data)[0] != level.size:
        data = np.broadcast_to(data, (level.size, *np.shape(data)[1:]))
    if not -np.ndim(data) <= axis < np.ndim(data):
        raise BatchError(f"out_axes names axis {axis} of a result of shape {np.shape(data)}, the batch counted")
    return np.moveaxis(data, 0, axis) if axis else data


def _batch_first(leaf: Any, axis: int) -> Any:
    """The batch along axis 0. In memory each row lies as one that is computed from it does: without gaps."""
    moved = np.moveaxis(leaf, axis, 0)
    if moved.ndim < 2:
        return moved
    strides = value_of(moved).strides[-moved.ndim + 1 :]
    order = (0, *sorted(range(1, moved.ndim), key=lambda a: -abs(strides[a - 1])))
    return np.transpose(np.copy(np.transpose(moved, order), "C"), np.argsort(order))
