"""Views and writes: a Variable that NumPy would make a view of another shares what is written, in both directions.

Variables hold values, and a write gives its target a new value: what was computed before keeps the old one. So
that views behave as NumPy's do, each remembers what it is a view of. A write into a view goes back into what it is
a view of, at once; the other views of that are made anew when they are next read. Until then their class is another
one, so that reading a Variable costs nothing more. PyTorch calls this functionalisation
(`torch.func.functionalize`); JAX and HIPS autograd refuse such writes.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any
from weakref import ref

import numpy as np

from ..core.errors import NUMPY_ERRORS, ReadOnlyError, user_line
from ..core.level import PLAIN
from ..core.variable import Variable, is_number, value_of
from .memory import announce_write, decided_by_memory, lying, lying_as_before, relaid, view_of

# Read for every `x[1:]`, as a name of this module and not of NumPy's, which takes a third of the time.
_ARRAY = np.ndarray
# So many views of one Variable are remembered before the first look for those that are gone.
_MANY = 64


def viewed(
    out: Any, of: Any, make: Callable[..., Any], args: tuple[Any, ...], put: Callable[..., Any], name: Any = None
) -> Any:
    """A view, once it and what it is of know each other (see `ViewOf`); nothing is done where `of` is plain."""
    if isinstance(of, Variable):
        if of.level is PLAIN and out.__class__ is np.ndarray and of.__class__ is Variable:
            out = Variable(out, PLAIN)
        if isinstance(out, Variable) and out is not of and _may_be_shared(of):
            out.view_of = (of, make, args, put, name)
            _remember(of, out)
    return out


def _may_be_shared(of: Variable) -> bool:
    data = of.data
    # An array of some axes, which most are, is seen at once.
    return (data.__class__ is np.ndarray and data.ndim > of.level.batch_axes) or is_array(of)


def _remember(of: Variable, view: Variable) -> None:
    views = of.views
    if views is None:
        of.views = [ref(view)]
        return
    views.append(ref(view))
    count = len(views)
    if count >= _MANY and not count & (count - 1):
        views[:] = [r for r in views if r() is not None]


def follow(
    out: Any, of: Variable, make: Callable[..., Any], args: tuple[Any, ...], put: Callable[..., Any]
) -> bool:
    """As `viewed`, of two arrays of some axes under a transform; whether they are that, as nearly always."""
    data: Any = getattr(out, "data", None)
    level, whole = of.level, of.data
    if data.__class__ is not _ARRAY or whole.__class__ is not _ARRAY or level is PLAIN:
        return False
    axes = level.batch_axes
    if data.ndim <= axes or whole.ndim <= axes:
        return False
    out.view_of = (of, make, args, put, None)
    _remember(of, out)
    return True


def own(x: Any) -> Any:
    """The same value, which shares nothing with what it was made of."""
    if isinstance(x, Variable):
        return x.__copy__()
    return x.copy() if x.__class__ is _ARRAY and x.base is not None else x


def is_shared(out: Any, x: Any, make: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether NumPy makes `out = make(x, *args)` as a view: that depends on how the memory of x lies."""
    if not is_array(x):
        return False
    value, of = value_of(out), value_of(x)
    # A view that was written has memory of its own here, and NumPy's lies as before.
    if value.__class__ is np.ndarray and of.__class__ is np.ndarray and (of.base is not None or view_of(x) is None):
        return value.base is of or (of.base is not None and value.base is of.base)
    of = lying(x)
    return bool(np.may_share_memory(make(of, *args), of))


def lying_together(x: Any, y: Any) -> tuple[Variable, Any, Any] | None:
    """What two Variables are views of, and the places in it of the elements of each; None if they share no memory.

    The places lie in memory as NumPy's elements would: what NumPy does to them, it would do to the elements.
    """
    if not (isinstance(x, Variable) and isinstance(y, Variable) and is_array(x)):
        return None
    (root, x_steps), (other, y_steps) = _steps(x), _steps(y)
    if root is not other:
        return None
    decided_by_memory(root)
    a = b = relaid(np.arange(root.size).reshape(root.shape), lying(root))
    for make, args in x_steps:
        a = make(a, *args)
    for make, args in y_steps:
        b = make(b, *args)
    return (root, a, b) if np.shares_memory(a, b) else None


def _steps(x: Variable) -> tuple[Variable, list[tuple[Callable[..., Any], tuple[Any, ...]]]]:
    """The Variable that x is a view of in the end, and how x is made of it."""
    steps = []
    found = view_of(x)
    while found is not None:
        x, make, args, *_ = found
        steps.append((make, args))
        found = view_of(x)
    return x, steps[::-1]


def is_array(x: Any) -> bool:
    """Whether NumPy would have an array here, and no number.

    A number of each row of a batch counts as a number, unless it is marked as an array (see `array_of_no_axes`).
    """
    if x.shape or view_of(x) is not None or getattr(x, "views", None) is not None:
        return True
    while isinstance(x, Variable):
        if x.level.batch_axes:
            return False
        x = x.data
    return not is_number(x)


def array_of_no_axes(x: Any) -> Any:
    """A row's number as an array of no axes, which is its own; that it could have views, if none yet, marks it."""
    if not isinstance(x, Variable) or x.shape or is_array(x):
        return x
    out = x.__copy__()
    out.views = []
    return out


def rebind(self: Variable, other: Any) -> None:
    """Let this object, and all that share its memory, stand for another value (item assignment, `x += 1`)."""
    found = view_of(self)
    while found is not None:
        of, *_, name = found
        if name is not None:
            raise ReadOnlyError(
                f"what np.{name} gives is a view for reading, and cannot be written to\n  at {user_line()}\n"
                "Write into a copy, out = x.copy(), or into the array that it is a view of"
            )
        found = view_of(of)
    if not isinstance(other, Variable):
        other = Variable(other, PLAIN) if self.level is PLAIN else self.level.constant(other)
    if other.data.__class__ is not np.ndarray and not self.shape and is_array(self):
        # What is computed of an array of no axes is a number; the array stays one.
        other = Variable(np.asarray(other.data), PLAIN) if other.level is PLAIN else np.reshape(other[None], ())
    found = view_of(self)
    announce_write(self)
    self.replace(lying_as_before(other, self) if found is None else other)
    tell(self)
    written = self
    while found is not None:
        of, _, args, put, _ = found
        # The other views first: what nobody holds any longer can be written where it is.
        tell(of, written)
        found = view_of(of)
        value = put(of, written, *args)
        of.replace(lying_as_before(value, of) if found is None else value)
        written = of


def tell(written: Variable, known: Variable | None = None) -> None:
    """Tell the views of a Variable that is written, but for one that knows."""
    views = written.views
    if views:
        others = [v for v in [r() for r in views] if v is not None and v is not known]
        views[:] = [] if known is None else [ref(known)]
        for view in others:
            _outdate(view)


def _references(x: Any) -> int:
    data = x.data
    return getrefcount(data)


# What `_references` says of an array that only one Variable holds; CPython releases differ.
_UNSHARED = _references(Variable(np.empty(0), PLAIN))
_REAL = frozenset({float, int, bool, np.float64})


def written_in_place(x: Variable, index: tuple[Any, ...], value: Any) -> bool:
    """Write into the memory of a buffer of constants, where nobody else holds it; whether that was done."""
    data = x.data
    if value.__class__ not in _REAL:
        value = value.data if getattr(value, "level", None) is PLAIN else value
        if value.__class__ is not np.ndarray or value.dtype.kind not in "fiub":
            return False
    if data.__class__ is not np.ndarray or data.base is not None or not data.flags.writeable:
        return False
    del data
    if _references(x) > _UNSHARED:
        return False
    try:
        x.data[index] = value
    except NUMPY_ERRORS:
        # The other way says what is wrong.
        return False
    return True


def _outdate(view: Variable) -> None:
    """Mark a view, and the views of it, as made of what is there no more."""
    stack = [view]
    while stack:
        one = stack.pop()
        if not isinstance(one, _Outdated):
            # Its values are of no use to anybody, and may keep large arrays alive.
            one.data = one.link = None
            one.__class__ = _outdated(one.__class__)
            stack += [v for v in [r() for r in one.views or []] if v is not None]
            one.views = []


class _Outdated:
    """Mixed into the class of a view that is to be made anew: whoever reads it makes it so."""

    __slots__ = ()


def is_outdated(x: Any) -> bool:
    """Whether a Variable is a view that is made anew when it is next read."""
    return isinstance(x, _Outdated)


_OUTDATED: dict[type, type] = {}


def _outdated(kind: type) -> Any:
    """The class of such a view; its slots are those of its own class, read in another way."""
    found = _OUTDATED.get(kind)
    if found is None:
        slots = {name for base in kind.__mro__ for name in getattr(base, "__slots__", ())}
        read = {name: _renewing(kind, name) for name in slots - {"__weakref__", "view_of", "views"}}
        found = type(kind.__name__, (_Outdated, kind), {"__slots__": (), "__doc__": kind.__doc__, **read})
        _OUTDATED[kind] = found
    return found


def _renewing(kind: type, name: str) -> property:
    def read(self: Variable) -> Any:
        self.__class__ = kind
        of, make, args, *_ = self.view_of
        made = make(of, *args)
        if isinstance(made, Variable):
            self.replace(made)
        else:
            self.data, self.level, self.link = made, PLAIN, None
        _remember(of, self)
        return getattr(self, name)

    def write(self: Variable, value: Any) -> None:
        read(self)
        setattr(self, name, value)

    return property(read, write)


def unwritable(x: Any, y: Any, *args: Any) -> Any:
    """Stands where a write would go back: `rebind` refuses it before."""
    raise ReadOnlyError("a view for reading cannot be written to")
