"""What NumPy's functions that make arrays give while a transform runs: `np.asarray(x)`, `np.zeros(n)`, their kin.

`namespace.py` puts them where the user's code finds them. A Variable passes through as an array would; a list that
holds Variables becomes one Variable; a buffer of floating point becomes a Variable of the plain level, into which
others can be written, and which is an array to whoever asks for one until that is done.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..core import dispatch
from ..core.block import TABLE, Block
from ..core.dispatch import as_method
from ..core.errors import NUMPY_ERRORS, ConversionError, describe, operation_error, user_line
from ..core.level import PLAIN, Plain
from ..core.nests import flatten, map_nest
from ..core.variable import Variable, bottom, holds_variable, plain, top_level
from ..namespace import is_answering, replace
from .creation import assembled
from .memory import lying, relaid
from .shaping import in_order, memory_order
from .views import is_array, own
from .writing import Iterated

# By these names they are NumPy's own, also while a transform runs.
_FULL_LIKE = np.full_like
_COPY, _ARRAY, _ASANYARRAY, _CHKFINITE = np.copy, np.array, np.asanyarray, np.asarray_chkfinite
_PLAIN_CLASSES = frozenset({np.ndarray, float, int, bool, complex, np.float64})
_NOTHING = object()
_ndarray, _DOUBLE = np.ndarray, np.dtype(float)
# Given an array and nothing else, these return it.
_IDENTITIES = (np.asarray, np.asanyarray)


def buffer(out: Any) -> Any:
    """An array that is the function's own, as one that Variables can be written into."""
    return Variable(out, PLAIN) if out.__class__ is np.ndarray and out.dtype.kind in "fc" else out


def _own_of_buffers(args: tuple[Any, ...], out: Any) -> Any:
    """What a function gives of buffers alone is the caller's own, and can be written into as they can."""
    given = [v for a in args for v in (a if isinstance(a, (list, tuple)) else (a,)) if isinstance(v, Variable)]
    if not given or not all(v.level is PLAIN for v in given):
        return out
    return tuple(map(buffer, out)) if out.__class__ is tuple else buffer(out)


def _of_buffers(self: Plain, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """A Block of what buffers hold: it gives a buffer, as NumPy gives an array that can be written into."""
    values = [a.data if getattr(a, "level", None) is self else a for a in args]
    try:
        return buffer(block(*values, **params))
    except NUMPY_ERRORS as error:
        raise operation_error(block.name, tuple(values), error) from None


# NumPy calls these methods on the elements of an object array: np.sin(np.array([x[0], x[1]])) works.
_OBJECT_LOOPS = """
sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1 log log2 log10 log1p sqrt
cbrt square reciprocal rint floor ceil trunc fabs radians degrees deg2rad rad2deg arctan2 hypot logical_and
logical_or logical_not
"""


def _array(self: Variable) -> Any:
    """For code of others, and for buffers alone that hold no derivative: NumPy sees no attribute elsewhere."""
    if self.level is PLAIN:
        return self.data.__array__
    if 0 in self.shape:
        # NumPy would take it for an empty list, which has no other axes; and as an index it takes what it is given
        # for whole numbers then, also a mask.
        return np.empty(self.shape, self.dtype).__array__ if self.dtype.kind != "b" else partial(_refused, self)
    raise AttributeError("a Variable is no array: its derivative would be lost")


def _refused(x: Variable, *args: Any, **kwargs: Any) -> Any:
    raise ConversionError(
        f"what takes plain arrays alone met {describe(x)} in a Variable\n  at {user_line()}\n"
        "For a plain array, ad.stop_gradient(x); where it is a mask of a plain array, np.where(mask, array, 0.0)"
    )


def _of_arrays(call: Any, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function without a rule gives of buffers that hold no derivative; it is refused of all else."""
    args, kwargs = map_nest(plain, (args, kwargs))
    if top_level(flatten((args, kwargs))[0]) is not None:
        raise dispatch.no_rule(fn)
    return call(*args, **kwargs)


_refuse_pickle = Variable.__reduce__


def _reduced(self: Variable) -> Any:
    """A buffer that holds no derivative is pickled as the array that it holds."""
    return self.data.__reduce__() if self.level is PLAIN else _refuse_pickle(self)


def _of_an_array(name: str) -> property:
    """An attribute of the array that a buffer of constants holds."""
    refused = getattr(Variable, name, None)

    def attribute(self: Variable) -> Any:
        if self.level is PLAIN:
            return getattr(self.data, name)
        if refused is None:
            raise AttributeError(f"a Variable has no {name}: it has no memory of its own")
        return refused.__get__(self)

    return property(attribute)


# What arrays have and Variables have not.
_OF_ARRAYS = [
    "base",
    "ctypes",
    "dump",
    "dumps",
    "flags",
    "getfield",
    "strides",
    "to_device",
    "tobytes",
    "tofile",
]


def _viewing(fallback: property) -> Callable[..., Any]:
    """As `numpy.ndarray.view`, of the same dtype."""

    def view(self: Variable, *args: Any, **kwargs: Any) -> Any:
        wanted = [*args, *kwargs.values()]
        if all(kind is np.ndarray or (kind is not None and self.dtype == kind) for kind in wanted):
            return self[...] if is_array(self) else self
        return fallback.__get__(self)(*args, **kwargs)

    return view


def install() -> None:
    """Give Variables what code of others asks of arrays, once the table is complete."""
    dispatch.WITHOUT_RULE = _of_arrays
    dispatch.OWN = _own_of_buffers
    Variable.__reduce__ = _reduced  # type: ignore[method-assign]
    for name in _OF_ARRAYS:
        if hasattr(np.ndarray, name):
            setattr(Variable, name, _of_an_array(name))
    setattr(Variable, "view", _viewing(_of_an_array("view")))  # noqa: B010
    setattr(Plain, "apply", _of_buffers)  # noqa: B010
    setattr(Plain, "constant", lambda self, value: Variable(value, self))  # noqa: B010
    setattr(Variable, "__array__", property(_array))  # noqa: B010
    for name in _OBJECT_LOOPS.split():
        if getattr(np, name) in TABLE:
            setattr(Variable, name, as_method(name, TABLE[getattr(np, name)]))


def _asked(original: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What NumPy's function gives; it looks up by its name what it asks of `like=x`, so we ask ourselves."""
    if kwargs and isinstance(kwargs.get("like"), Variable):
        return TABLE[original](*args, **kwargs)
    return original(*args, **kwargs)


def _making(original: Any) -> Callable[..., Any]:
    """As NumPy's function; what it makes can be written into."""

    def made(*args: Any, **kwargs: Any) -> Any:
        out = _asked(original, args, kwargs) if kwargs else original(*args)
        if out.__class__ is _ndarray and is_answering():
            return Variable(out, PLAIN) if out.dtype is _DOUBLE else buffer(out)
        return out

    return made


def _filled(original: Any) -> Callable[..., Any]:
    """As `np.full`, whose value may be a Variable."""

    def full(shape: Any, fill_value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(fill_value, (Variable, list, tuple)) and is_answering():
            value = plain(fill_value)
            if isinstance(value, Variable):
                kwargs.setdefault("like", value)
                return _asked(original, (shape, value, *args), kwargs)
        out = _asked(original, (shape, fill_value, *args), kwargs)
        return buffer(out) if is_answering() else out

    return full


def _like(original: Any) -> Callable[..., Any]:
    """As `np.zeros_like`, of a buffer too."""

    def like(a: Any, *args: Any, **kwargs: Any) -> Any:
        if a.__class__ is _ndarray and a.dtype is _DOUBLE and not args and not kwargs:
            return Variable(original(a), PLAIN) if is_answering() else original(a)
        value = kwargs.get("fill_value", args[0] if args else None) if original is _FULL_LIKE else None
        if isinstance(value, (Variable, list, tuple)) and is_answering():
            return TABLE[original](a, *args, **kwargs)
        out = original(plain(a), *args, **kwargs)
        return buffer(out) if out.__class__ is np.ndarray and is_answering() else out

    return like


def _converting(original: Any, copies: bool) -> Callable[..., Any]:
    """As `np.asarray` (or `np.array`, which copies) and their kin."""
    returned = original in _IDENTITIES

    # Plain arrays and lists of numbers are nearly all of what these are given: the first part is for them alone.
    def convert(a: Any = _NOTHING, dtype: Any = None, *rest: Any, **kwargs: Any) -> Any:
        if not rest and not kwargs:
            kind = a.__class__
            if kind is _ndarray:
                if returned and (dtype is None or (dtype is float and a.dtype is _DOUBLE)):
                    return a
                if not copies:
                    return original(a, dtype)
                if dtype is None and a.dtype is _DOUBLE:
                    return Variable(original(a), PLAIN) if is_answering() else original(a)
            elif (kind is list or kind is tuple) and not holds_variable(a):
                out = original(a, dtype)
                return buffer(out) if copies and is_answering() else out
        args = () if a is _NOTHING else (a, dtype, *rest) if dtype is not None or rest else (a,)
        if dtype is not None and not args:
            kwargs["dtype"] = dtype
        if (not copies and args and args[0].__class__ in _PLAIN_CLASSES) or not is_answering():
            return _asked(original, args, kwargs) if kwargs else original(*args)
        return converted(original, copies, *args, **kwargs)

    return convert


def converted(original: Any, copies: bool, *args: Any, **kwargs: Any) -> Any:
    """An array of whatever is given, as `original` makes it of plain things."""
    if not args:
        # By name, as np.array(object=...) and np.asarray(a=...).
        args = (kwargs.pop("object" if original is _ARRAY else "a"),)
    return _converted(original, copies, *args, **kwargs)


def _converted(original: Any, copies: bool, a: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    kept = a
    if isinstance(kwargs.get("like"), Variable):
        return TABLE[original](a, dtype, *args, **kwargs)
    if not isinstance(a, Variable):
        holds = isinstance(a, (list, tuple)) and holds_variable(a)
        if not holds and not (isinstance(a, np.ndarray) and a.dtype.hasobject):
            out = original(a, dtype, *args, **kwargs) if dtype is not None or args else original(a, **kwargs)
            return buffer(out) if copies and kwargs.get("copy", True) else out
        if dtype is not None and np.dtype(dtype).hasobject:
            return original(a, dtype, *args, **kwargs)
        a = assembled(a) if holds else plain(a)
        copies = False
    if not isinstance(a, Variable):
        return original(a, dtype, *args, **kwargs)
    memory_order(kwargs.get("order"))
    wanted = None if dtype is None else np.dtype(dtype)
    copy, ndmin = kwargs.get("copy", True if copies else None), kwargs.get("ndmin", 0)
    if wanted is not None and wanted != a.dtype:
        if copy is False:
            raise ValueError("Unable to avoid copy while creating an array as requested.")
        a = a.astype(wanted) if a.level is not PLAIN else buffer(np.array(a.data, wanted))
    elif copy and a is kept:
        a = relaid(own(a), np.empty_like(lying(a), order=kwargs.get("order") or "K"))
    if not is_array(a):
        # NumPy makes an array of no axes of a number.
        a = TABLE[_COPY](a)
    if original is _CHKFINITE and not np.all(np.isfinite(bottom(a))):
        raise ValueError("array must not contain infs or NaNs")
    a = in_order(a, _ORDERED.get(original, kwargs.get("order")))
    ndmin = 1 if original in _ORDERED else ndmin
    return np.reshape(a, (1,) * (ndmin - a.ndim) + a.shape) if ndmin > a.ndim else a


# These give at least one axis.
_ORDERED = {np.ascontiguousarray: "C", np.asfortranarray: "F"}


def _iterating(original: Any) -> Callable[..., Any]:
    """As `np.nditer`, of Variables, or of arrays some of which are."""

    def nditer(op: Any, *args: Any, **kwargs: Any) -> Any:
        several = isinstance(op, (list, tuple))
        if (any(isinstance(x, Variable) for x in op) if several else isinstance(op, Variable)) and is_answering():
            return Iterated(original, op, *args, **kwargs)
        return original(op, *args, **kwargs)

    return nditer


def _required(original: Any) -> Callable[..., Any]:
    """As `np.require`; a Variable meets every requirement on memory."""

    def require(a: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        if a.__class__ is np.ndarray or not is_answering():
            return original(a, dtype, *args, **kwargs)
        return _converted(_ASANYARRAY, False, a, dtype)

    return require


def _scalar(original: Any) -> Callable[..., Any]:
    """As `np.isscalar`, also of a number that is differentiated."""

    def isscalar(element: Any) -> Any:
        return not is_array(element) if isinstance(element, Variable) else original(element)

    return isscalar


replace("isscalar", _scalar(np.isscalar))
for _name in ("zeros", "ones", "empty", "eye", "identity"):
    replace(_name, _making(getattr(np, _name)))
for _name in ("zeros_like", "ones_like", "empty_like", "full_like", "copy"):
    replace(_name, _like(getattr(np, _name)))
for _name in ("asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "asarray_chkfinite"):
    replace(_name, _converting(getattr(np, _name), copies=False))
replace("array", _converting(np.array, copies=True))
replace("full", _filled(np.full))
replace("nditer", _iterating(np.nditer))
replace("require", _required(np.require))
