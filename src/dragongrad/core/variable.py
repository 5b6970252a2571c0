"""The Variable: an array under differentiation, which answers NumPy's protocols and operators."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ConversionError, DtypeError, ShapeError, user_line
from .level import PLAIN, Level
from .nests import flatten, unflatten

_LEAVE = (float, int, complex, np.generic, bool, type(None), str, bytes)


class Variable:
    """An array under differentiation: NumPy's functions, Python's operators and ndarray's methods work on it.

    Attributes
    ----------
    data : ndarray or Variable
        The value without this Variable's derivative.
    level : Level
        The transform that made it.
    link
        What that transform keeps beside the value: a tangent, a Node, or None.
    shape, dtype, ndim, size, T
        As for ndarray.
    """

    # data: the payload, an array or a Variable of a lower level. link: what the level keeps beside it
    # (a tangent, a Node). origin: the application that made it, where a careful level looks at pairs of Blocks.
    # view_of: what it is a view of, and how. views: those of it, or None. The other two are unset where there is
    # nothing to hold; `views` is read for every `x[1:]`, and reading an unset slot takes ten times as long.
    __slots__ = ("__weakref__", "data", "level", "link", "origin", "view_of", "views")

    if TYPE_CHECKING:
        origin: Any
        view_of: Any
        views: list[Any] | None
        defers: Any

        # The rest of what an array has is set by dispatch.install, from the table, and so are NumPy's protocols.
        def __getitem__(self, index: Any) -> Any: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def rebind(self, other: Any) -> None: ...
        def astype(self, dtype: Any) -> Any: ...
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any: ...
        def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Any: ...

    def __init__(self, data: Any, level: Level, link: Any = None) -> None:
        self.data = data
        self.level = level
        self.link = link
        self.views = None

    # What an array has

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        shape: tuple[int, ...] = np.shape(self.data)
        return shape[self.level.batch_axes :]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        """The dtype of the elements."""
        try:
            return self.data.dtype
        except AttributeError:  # a Python number, as a compiled function may be given
            return np.asarray(self.data).dtype

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self.size * self.itemsize

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a Variable of shape ()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a Variable of shape ()")
        return (self[i] for i in range(self.shape[0]))

    # Conversions: allowed where they keep the derivative, or where Python's control flow needs them

    def __bool__(self) -> bool:
        return self.level.truth(self)

    def __float__(self) -> float:
        return float(self.level.number(self, "float"))

    def __int__(self) -> int:
        return int(self.level.number(self, "int"))

    def __complex__(self) -> complex:
        return complex(self.level.number(self, "complex"))

    def __index__(self) -> int:
        return operator.index(self.level.number(self, "an index"))

    def item(self, *args: Any) -> Any:
        """Refuse: a plain number would lose the derivative."""
        return self.level.number(self, "item()")

    def tolist(self) -> Any:
        """Refuse: a list of plain numbers would lose the derivative."""
        return self.level.number(self, "tolist()")

    def replace(self, other: Any) -> None:
        """Let this object alone stand for another value (`rebind` tells those that share its memory)."""
        self.origin = None
        if isinstance(other, Variable):
            self.data, self.level, self.link = other.data, other.level, other.link
        else:
            self.data, self.link = other, None

    def __copy__(self, memo: Any = None) -> Variable:
        return Variable(self.data, self.level, self.link)

    __deepcopy__ = __copy__

    def __reduce__(self) -> Any:
        raise ConversionError(
            "a Variable cannot be pickled: its derivative belongs to this process; pickle its .data"
        )

    def __hash__(self) -> int:
        return object.__hash__(self.level.number(self, "a hash") if self.level.stages else self)

    # Printing

    def __repr__(self) -> str:
        low = bottom(self)
        return f"Variable({low.level.number(low, 'text') if isinstance(low, Variable) else low!r})"

    def __format__(self, spec: str) -> str:
        text, value = str(self), value_of(self)
        if not spec or np.ndim(value) == self.ndim:
            return format(value, spec) if spec else text
        # A number of each row of a batch.
        return f"Variable({np.array2string(value, formatter={'all': lambda v: format(v, spec)})})"


# Filled by dispatch.py, which knows the table: the class above stays free of it.
GATHER: Any = None
# What is asked of an array of a subclass, and of what else stands beside a Variable: `subclasses.py` gives them.
UNMASKED: Any = None
FOREIGN: Any = None


def top_level(arrays: Any) -> Level | None:
    """The highest level among some arrays; None where all are plain."""
    top: Level | None = None
    for a in arrays:
        if isinstance(a, Variable):
            level: Level = a.level
            if top is None or level.serial > top.serial:
                top = level
    return top


def plain(value: Any) -> Any:
    """An argument as Blocks take it: lists become arrays, object arrays that hold Variables one Variable."""
    if value.__class__ is np.ndarray:
        return GATHER(value) if value.dtype.hasobject else value
    if isinstance(value, Variable):
        return value.data if value.level is PLAIN else value
    if isinstance(value, np.ndarray):
        value = UNMASKED(value)
        return GATHER(value) if value.dtype.hasobject else value
    if isinstance(value, _LEAVE):
        return value
    if isinstance(value, (list, tuple)):
        try:
            array = np.asarray(value, dtype=object) if holds_variable(value) else np.asarray(value)
        except (ValueError, TypeError) as error:
            raise ShapeError(f"a list is no array: {error}\n  at {user_line()}") from None
        return GATHER(array) if array.dtype.hasobject else array
    if hasattr(value, "__array__") and not hasattr(value, "__array_function__"):
        # What labels arrays may hold a Variable, which NumPy would make an array of objects.
        held = getattr(value, "data", None)
        # Its method may make a buffer by NumPy's functions, which here is a Variable, and for NumPy no array.
        return plain(held if isinstance(held, Variable) else value.__array__())
    return value


def holds_variable(values: Any) -> bool:
    """Whether nested lists hold a Variable."""
    for v in values:
        known = v.__class__ in _LEAVE  # as most are
        if not known and (isinstance(v, Variable) or (isinstance(v, (list, tuple)) and holds_variable(v))):
            return True
    return False


def settle(out: Any) -> Any:
    """A function's output with every object array in its nest stacked into one Variable."""
    if out.__class__ is Variable:
        return out
    leaves, structure = flatten(out)
    top_level(leaves)  # a view that is to be made anew is made so while its level is open
    objects = any(isinstance(leaf, np.ndarray) and leaf.dtype.hasobject for leaf in leaves)
    if not objects:
        return out
    leaves = [np.asarray(leaf) if isinstance(leaf, np.matrix) else leaf for leaf in leaves]
    return unflatten(structure, [plain(leaf) for leaf in leaves])


def value_of(value: Any) -> Any:
    """The plain value at the bottom of a Variable, without any derivative."""
    while isinstance(value, Variable):
        value = value.data
    return value


def is_number(value: Any) -> bool:
    """Whether a plain value is a number, which nothing shares, and no array of no axes; an outline says which."""
    return not isinstance(value, np.ndarray) or hasattr(value, "is_number")


def is_constant(value: Any) -> bool:
    """Whether no level differentiates a value."""
    while isinstance(value, Variable):
        if value.level.differentiates(value):
            return False
        value = value.data
    return True


def bottom(value: Any) -> Any:
    """As `value_of`, but a Variable that is being staged stays one: what is asked of it becomes a guard."""
    while isinstance(value, Variable) and not value.level.stages:
        value = value.data
    return value


def as_input(value: Any, what: str = "the input") -> Any:
    """A numeric input ready to be differentiated: integers and booleans become float64."""
    try:
        value = plain(value)
        if not isinstance(value, (Variable, np.ndarray, np.generic)):
            value = np.asarray(value)
            value = value if value.dtype.hasobject else value[()]
    except ValueError as error:
        raise ShapeError(f"{what} is not an array: {error}") from None
    if not isinstance(value, Variable):
        kind = value.dtype.kind
        if kind in "iub":
            return value.astype(np.float64)
        if kind not in "fc":
            raise DtypeError(f"{what} has dtype {value.dtype}, which cannot be differentiated: pass numbers")
        return value
    if value.data.__class__ is float or value.data.__class__ is complex:
        # Python's numbers take the dtype of what they meet; an array under differentiation has its own.
        return value.astype(value.dtype)
    return value if value.dtype.kind in "fc" else value.astype(np.float64)
