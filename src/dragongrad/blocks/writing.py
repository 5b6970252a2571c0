"""Functions and methods that write into an array in place: a Variable then stands for its new value."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.block import composite
from ..core.errors import (
    NUMPY_ERRORS,
    ConversionError,
    DragongradError,
    NoRuleError,
    OutOfBoundsError,
    operation_error,
    user_line,
)
from ..core.level import PLAIN
from ..core.variable import Variable, plain
from .axes import as_array, mask_of
from .choosing import index_along, whole, within
from .memory import decided_by_memory, lying, relaid, root_of, view_of
from .storing import as_numpy_refuses, elements, is_complex_number, refused_as_numpy_refuses, storable
from .views import array_of_no_axes, is_array, lying_together, own


def refuse_plain(name: str, target: Any) -> None:
    """Refuse to write a Variable into an array that is none."""
    if not isinstance(target, Variable):
        raise ConversionError(
            f"{name} cannot write a Variable into a plain ndarray: the derivative would be lost\n"
            f"  at {user_line()}\nWrite into a copy made in the function: np.array(a)"
        )


def _written_or_lost(name: str, target: Any) -> Any:
    """What is written into: of a number, which NumPy makes an array of first, what is written is lost."""
    if isinstance(target, np.generic):
        return Variable(np.asarray(target), PLAIN)
    refuse_plain(name, target)
    return target if is_array(target) else array_of_no_axes(own(target))


def _written_in_turn(
    name: str, target: Any, values: Any, known: Any, write: Callable[[Any, Any, Any], None]
) -> bool:
    """Write values that lie in the memory that is written, which NumPy reads as it writes; whether that was so.

    NumPy does to the places of the elements what it would do to them. `known` is the mask or index.
    """
    found = lying_together(target, values)
    if found is None or target.dtype != values.dtype:
        return False
    while isinstance(known, Variable):
        if known.level.batch_axes or known.level.stages:
            raise NoRuleError(
                f"{name} reads values in the memory that it writes, in an order that depends on the mask or index\n"
                f"  at {user_line()}\nGive it a copy of the values: values.copy()"
            )
        known = known.data
    written_as_places(target, found, lambda places, read: write(places, known, read))
    return True


def written_as_places(target: Any, found: tuple[Any, Any, Any], write: Callable[[Any, Any], None]) -> None:
    """Write what NumPy would write, which it does to the places of the elements (see `lying_together`)."""
    root, places, read = found
    # Our einsum reads a diagonal by `diagonal`, which NumPy's einsum, unlike that, lets one write into.
    places.flags.writeable = True
    write(places, read)
    target[...] = np.ravel(root)[places]


def assigned_in_turn(target: Any, index: Any, values: Any) -> bool:
    """`target[index] = values` where NumPy reads values that it has written just before; whether that was so.

    It takes a copy of values that overlap what is written, but for one axis with steps of another length in the
    same direction (`y[::2] = y[:3]`), and for a mask. Only a view can overlap.
    """
    if view_of(values) is None or values.ndim != 1 or target.dtype != values.dtype:
        return False
    if root_of(values) is not root_of(target):
        return False
    mask = index[0] if index.__class__ is tuple and len(index) == 1 else index
    if mask.__class__ in (np.ndarray, Variable):
        if mask.dtype.kind != "b" or mask.ndim != target.ndim:
            return False
        return _written_in_turn("x[mask] = v", target, values, mask, _set_item)
    place = target[index]
    if view_of(place) is None or place.ndim != 1:
        return False
    steps = lying(place).strides[0], lying(values).strides[0]
    found = None if steps[0] == steps[1] or steps[0] * steps[1] < 0 else lying_together(place, values)
    if found is None:
        return False
    written_as_places(place, found, lambda places, read: _set_item(places, Ellipsis, read))
    return True


def _set_item(array: Any, index: Any, values: Any) -> None:
    array[index] = values


def _fitting(target: Any, values: Any) -> Any:
    """What is written, in the dtype of the array that it is written into."""
    values = storable(target, values)
    values = values if isinstance(values, Variable) else np.asarray(values)
    return values if values.dtype == target.dtype else values.astype(target.dtype)


def _refuse_complex(target: Any, values: Any, arrays: bool = False) -> None:
    """Refuse Python's complex numbers where real ones are, and where NumPy casts safely arrays of them too."""
    if is_complex_number(values) or (arrays and as_array(values).dtype.kind == "c"):
        storable(target, 1j)


def _refuse_unsafe(target: Any, values: Any) -> None:
    """Refuse arrays that NumPy does not cast here, since they could lose something; numbers and lists it does."""
    of_many = is_array(values) if isinstance(values, Variable) else isinstance(values, np.ndarray)
    if of_many and not values.dtype.hasobject and not np.can_cast(values.dtype, target.dtype, "safe"):
        raise TypeError(f"an array of {values.dtype} cannot be cast to {target.dtype} according to the rule 'safe'")


def _cycled(values: Any, count: int) -> Any:
    """The elements of an array from the first on, and again from the first on, as many as are wanted."""
    flat = np.ravel(values)
    return flat if flat.shape[0] == count else flat[np.arange(count) % flat.shape[0]]


def _write_flattened(a: Any, index: Any, values: Any) -> None:
    """Write at an index of the flattened array."""
    flat = own(np.ravel(a))
    flat[index] = values
    a[...] = np.reshape(flat, a.shape)


@composite(np.copyto)
@refused_as_numpy_refuses(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Write values into an array, everywhere or where a mask says so."""
    refuse_plain("np.copyto", dst)
    value = plain(src)
    # Only of a number that has no dtype the least is asked for: of a Variable it may differ from row to row.
    dtype = value.dtype if hasattr(value, "dtype") else np.min_scalar_type(value)
    if not np.can_cast(dtype, dst.dtype, casting):
        raise TypeError(f"values cannot be cast to {dst.dtype} according to the rule {casting!r}")
    if where is True:
        dst[...] = value
        return
    dst[...] = np.where(np.broadcast_to(mask_of(where), dst.shape), _fitting(dst, value), dst)


@composite(np.put)
@refused_as_numpy_refuses(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Write values at places of the flattened array; values that are too few are taken again."""
    a = _written_or_lost("np.put", a)
    _refuse_complex(a, v)
    places, values = np.ravel(whole(ind)), as_array(elements(a, v))
    if not places.size:
        return
    if not a.size:
        raise IndexError("cannot replace elements of an empty array")
    if not values.size:
        return
    if mode != "raise":
        places = within(places, a.size, mode)
    _write_flattened(a, places, _cycled(values, places.shape[0]))


@composite(np.place)
@refused_as_numpy_refuses(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Write values one after another where a mask holds; values that are too few are taken again."""
    refuse_plain("np.place", arr)
    _refuse_complex(arr, vals, arrays=True)
    _refuse_unsafe(arr, vals)
    if _written_in_turn("np.place", arr, vals, plain(mask), np.place):
        return
    chosen, values = np.ravel(as_array(mask)).astype(bool), np.ravel(as_array(elements(arr, vals)))
    if chosen.shape[0] != arr.size:
        raise ValueError(f"a mask of shape {np.shape(mask)} for an array of shape {arr.shape}")
    if not values.shape[0]:
        if np.any(chosen):
            raise ValueError("there is nothing to be written")
        return
    turns = np.remainder(np.cumsum(chosen) - 1, values.shape[0])
    written = np.take(_fitting(arr, values), turns)
    arr[...] = np.reshape(np.where(chosen, written, np.ravel(arr)), arr.shape)


@composite(np.putmask)
@refused_as_numpy_refuses(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """Write where a mask holds, each element the value at its own place; values that are too few are repeated."""
    refuse_plain("np.putmask", a)
    _refuse_complex(a, values, arrays=True)
    _refuse_unsafe(a, values)
    chosen, found = as_array(mask).astype(bool), as_array(elements(a, values))
    if chosen.size != a.size:
        raise ValueError(f"a mask of shape {chosen.shape} for an array of shape {a.shape}")
    if not found.size:
        return
    written = np.reshape(_cycled(_fitting(a, found), a.size), a.shape)
    a[...] = np.where(np.reshape(chosen, a.shape), written, a)


@composite(np.fill_diagonal)
@refused_as_numpy_refuses(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write the diagonal, of all axes together; of a tall matrix with `wrap` also those below the first."""
    refuse_plain("np.fill_diagonal", a)
    _refuse_complex(a, val)
    if a.ndim < 2:
        raise ValueError(f"a diagonal needs two axes or more, got shape {a.shape}")
    if a.ndim > 2 and len(set(a.shape)) > 1:
        raise ValueError(f"all axes must be of one length, got shape {a.shape}")
    stop = None if wrap or a.ndim > 2 else a.shape[1] * a.shape[1]
    step = 1 + sum(math.prod(a.shape[i:]) for i in range(1, a.ndim))
    Flat(a)[:stop:step] = val


@composite(np.put_along_axis)
@refused_as_numpy_refuses(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    """Write values at places along an axis, which differ from one line to the next."""
    if axis is None:
        arr = _written_or_lost("np.put_along_axis", arr)
    refuse_plain("np.put_along_axis", arr)
    if axis is not None:
        arr[index_along(arr, plain(indices), axis)] = values
        return
    _write_flattened(arr, index_along(np.ravel(arr), plain(indices), 0), values)


# Methods


class Flat:
    """The elements of a Variable in one axis, as `ndarray.flat`: read, written and iterated over."""

    __slots__ = ("base",)

    def __init__(self, base: Any) -> None:
        self.base = base

    def __len__(self) -> int:
        return int(self.base.size)

    def __iter__(self) -> Iterator[Any]:
        return iter(np.ravel(self.base))

    def __getitem__(self, index: Any) -> Any:
        if index is None or (index.__class__ is tuple and any(part is None for part in index)):
            raise OutOfBoundsError(f"x.flat has one axis, and None adds another\n  at {user_line()}")
        return own(np.ravel(self.base)[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        try:
            base = _written_or_lost("x.flat[i] = v", self.base)
            _refuse_complex(base, value)
            value = value.item() if isinstance(value, np.generic) else value
            Flat(base)._write(index, as_array(elements(base, value)))
        except (DragongradError, *NUMPY_ERRORS) as error:
            found = as_numpy_refuses(error, _set_flat, self.base, (index, value), {})
            raise operation_error("x.flat[i] = v", (self.base, index, value), found) from None

    def _write(self, index: Any, value: Any) -> None:
        if _written_in_turn("x.flat[i] = v", self.base, value, index, _set_flat):
            return
        shape = np.shape(self[index])
        if not shape and value.ndim:
            raise ValueError("one element takes one number")
        if value.size:
            _write_flattened(self.base, index, np.reshape(_cycled(value, math.prod(shape)), shape))

    def copy(self) -> Any:
        """The elements, as a vector."""
        return np.ravel(self.base)


class Iterated:
    """The elements of arrays one after another, as `np.nditer` gives them of one or several; each is a view."""

    __slots__ = ("_arrays", "_places")

    def __init__(self, iterator: Any, op: Any, flags: Any = (), op_flags: Any = None, order: str = "K") -> None:
        arrays = list(op) if isinstance(op, (list, tuple)) else [op]
        refused = set(flags) & {"external_loop", "buffered", "ranged", "copy_if_overlap", "common_dtype"}
        if refused or any(x is None for x in arrays):
            what = (
                f"takes no flags {sorted(refused)}"
                if refused
                else "makes no arrays: write np.zeros_like(x) for None"
            )
            raise NoRuleError(f"np.nditer of a Variable {what}\n  at {user_line()}")
        self._arrays = [x if isinstance(x, (Variable, np.ndarray)) else np.asarray(x) for x in arrays]
        numbers = []
        for x in self._arrays:
            # It goes through the elements as they lie in memory.
            numbers.append(relaid(np.arange(x.size).reshape(x.shape), lying(x)))
            if isinstance(x, Variable):
                decided_by_memory(x)
        self._places = iterator(numbers, list(flags), [["readonly"]] * len(numbers), order=order)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._at(next(self._places))

    def __getitem__(self, operand: int) -> Any:
        return self._element(operand, self._places[operand])

    def _at(self, places: Any) -> Any:
        places = places if isinstance(places, tuple) else (places,)
        found = tuple([self._element(k, place) for k, place in enumerate(places)])
        return found[0] if len(found) == 1 else found

    def _element(self, operand: int, place: Any) -> Any:
        x = self._arrays[operand]
        return x[(*map(int, np.unravel_index(int(place), x.shape)), ...)]

    def __enter__(self) -> Iterated:
        return self

    def __exit__(self, *exc: object) -> None:
        self._places.close()

    def __getattr__(self, name: str) -> Any:
        return self._at(self._places.value) if name == "value" else getattr(self._places, name)


def _set_flat(array: Any, index: Any, values: Any) -> None:
    array.flat[index] = values


def _write_flat(self: Any, value: Any) -> None:
    found = lying_together(self, value)
    if not is_array(self):
        self[...] = value
    elif found is None or self.dtype != value.dtype:
        Flat(self)[:] = own(value)
    else:
        written_as_places(self, found, _set_all_flat)


def _set_all_flat(array: Any, values: Any) -> None:
    array.flat = values


# Not in the table of dispatch: it is no function.
setattr(Variable, "flat", property(Flat, _write_flat))  # noqa: B010


@composite("x.sort")
def sort(self: Any, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
    """Sort in place."""
    self[...] = np.sort(self, operator.index(axis), kind, order, stable=stable)


@composite("x.partition")
def partition(self: Any, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None) -> None:
    """Partition in place."""
    self[...] = np.partition(self, kth, operator.index(axis), kind, order)


@composite("x.fill")
def fill(self: Any, value: Any) -> None:
    """Let every element be one value."""
    if np.ndim(value):
        raise ValueError(f"a fill value is one number, got shape {np.shape(value)}")
    _written_or_lost("x.fill", self)[...] = value


@composite("x.put")
def put_into(self: Any, indices: Any, values: Any, mode: str = "raise") -> None:
    """Write values at places of the flattened array."""
    np.put(self, indices, values, mode)


@composite("x.resize")
def resize(self: Any, *new_shape: Any, refcheck: bool = True) -> None:
    """Take another shape in place; elements that are new are zero."""
    shape = new_shape[0] if len(new_shape) == 1 else new_shape
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if any(n < 0 for n in shape):
        raise ValueError(f"a shape cannot be negative, got {shape}")
    flat, count = np.ravel(self), math.prod(shape)
    if count > flat.shape[0]:
        flat = np.concatenate([flat, np.zeros(count - flat.shape[0], self.dtype)])
    if is_array(self):
        self.rebind(np.reshape(flat[:count], shape))
