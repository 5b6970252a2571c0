"""Views and writes: a Variable that NumPy would make a view of another shares what is written, in both directions.

Variables hold values, and a write gives its target a new value: what was computed before keeps the old one. So
that views behave as NumPy's do, each remembers what it is a view of. A write into a view goes back into what it is
a view of, at once; the other views of that are made anew when they are next read. Until then their class is another
one, so that reading a Variable costs nothing more. PyTorch calls this functionalisation
(`torch.func.functionalize`); JAX and HIPS autograd refuse such writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias
from weakref import ref

import numpy as np

from ..core.errors import ReadOnlyError, user_line
from ..core.level import PLAIN
from ..core.variable import Variable, value_of

# So many views of one Variable are remembered before the first look for those that are gone.
_MANY = 64


# What a Variable is a view of, and how: `(of, make, args, put, name)`. `make(of, *args)` is the view;
# `put(of, view, *args)` is what it is of, with the view's values in their place. Where the view is for reading
# alone, `name` is the function that gave it, and None elsewhere. A bare tuple, since every `x[1:]` makes one.
ViewOf: TypeAlias = tuple[Variable, Callable[..., Any], tuple[Any, ...], Callable[..., Any], str | None]


def viewed(
    out: Any, of: Any, make: Callable[..., Any], args: tuple[Any, ...], put: Callable[..., Any], name: Any = None
) -> Any:
    """A view, once it and what it is of know each other (see `ViewOf`); nothing is done where `of` is plain."""
    if isinstance(of, Variable):
        if of.level is PLAIN and out.__class__ is np.ndarray and of.__class__ is Variable:
            out = Variable(out, PLAIN)
        if isinstance(out, Variable) and out is not of:
            out.view_of = (of, make, args, put, name)
            _remember(of, out)
    return out


def _remember(of: Variable, view: Variable) -> None:
    try:
        views = of.views
    except AttributeError:
        of.views = [ref(view)]
        return
    views.append(ref(view))
    count = len(views)
    if count >= _MANY and not count & (count - 1):
        views[:] = [r for r in views if r() is not None]


def view_of(x: Any) -> ViewOf | None:
    """What a Variable is a view of; None where its values are its own."""
    found: ViewOf | None = getattr(x, "view_of", None)
    return found


def own(x: Any) -> Any:
    """The same value, which shares nothing with what it was made of."""
    return x.__copy__() if isinstance(x, Variable) else x


def is_shared(out: Any, x: Any, make: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether NumPy makes `out = make(x, *args)` as a view: that depends on how the memory of x lies."""
    value, of = value_of(out), value_of(x)
    if value.__class__ is np.ndarray and of.__class__ is np.ndarray:
        return value.base is of or (of.base is not None and value.base is of.base)
    if is_number(of):
        return False
    # Only the form is known while tracing.
    of = _stand_in(x)
    return bool(np.may_share_memory(make(of, *args), of))


def _stand_in(x: Any) -> Any:
    """An array that lies in memory as NumPy's would, of any values."""
    found = view_of(x)
    return np.empty(np.shape(x), bool) if found is None else found[1](_stand_in(found[0]), *found[2])


def is_number(value: Any) -> bool:
    """Whether a plain value is a number, which nothing shares, and no array of no axes."""
    return not isinstance(value, np.ndarray) or hasattr(value, "is_number")


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
    self.replace(other)
    _spread(self, None)


def _spread(written: Variable, known: Variable | None) -> None:
    """Tell the views of a Variable that was written, but for one that knows, and then what it is a view of."""
    views: list[Any] = getattr(written, "views", [])
    if views:
        others = [v for v in [r() for r in views] if v is not None and v is not known]
        views[:] = [] if known is None else [ref(known)]
        for view in others:
            _outdate(view)
    found = view_of(written)
    if found is not None:
        of, _, args, put, _ = found
        of.replace(put(of, written, *args))
        _spread(of, written)


def _outdate(view: Variable) -> None:
    """Mark a view, and the views of it, as made of what is there no more."""
    stack = [view]
    while stack:
        one = stack.pop()
        if not isinstance(one, _Outdated):
            one.__class__ = _outdated(one.__class__)
            stack += [v for v in [r() for r in getattr(one, "views", [])] if v is not None]
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
