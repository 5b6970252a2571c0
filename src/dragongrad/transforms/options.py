"""What all transforms share: the wrapper that keeps a function's name, and the choice of arguments."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, overload

import numpy as np

from ..core.errors import ArgumentError, DtypeError, ShapeError, describe, user_line
from ..core.nests import Structure, flatten
from ..core.variable import Variable, as_input, value_of
from ..typevars import P, R

if TYPE_CHECKING:
    from ..typevars import Rest

Argnums = int | tuple[int, ...]


class Transform(Generic[P, R]):
    """A transformed function: callable, named and documented as the original, and pickled when it is."""

    __name__: str
    __qualname__: str

    def __init__(self, maker: Callable[..., Any], run: Callable[..., Any], f: Any, options: dict[str, Any]):
        if not callable(f):
            name = maker.__name__
            raise ArgumentError(
                f"{name} takes a function, got {f!r}\n  at {user_line()}\n"
                f"Data go to the function that it returns: ad.{name}(f)(x), not ad.{name}(f(x))"
            )
        functools.update_wrapper(self, f, updated=())
        self._maker = maker
        self._run = run
        self._f = f
        self._options = options

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._run(self._f, args, kwargs, **self._options)

    def of(self, f: Any) -> Transform[..., Any]:
        """The same transform of another function."""
        return Transform(self._maker, self._run, f, self._options)

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Transform[P, R]: ...
    @overload
    def __get__(
        self: Transform[Concatenate[Any, Rest], R], instance: object, owner: Any = None
    ) -> Callable[Rest, R]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    @property
    def of_what(self) -> tuple[str, Any]:
        """The name of the transform, and the function that it was given."""
        return self._maker.__name__, self._f

    def __reduce__(self) -> Any:
        return _remake, (self._maker, self._f, self._options)

    def __repr__(self) -> str:
        return f"{self._maker.__name__}({getattr(self._f, '__qualname__', self._f)!s})"


def _remake(maker: Callable[..., Any], f: Any, options: dict[str, Any]) -> Any:
    return maker(f, **options)


def check_argnums(argnums: Any, asked: str) -> Argnums:
    """Check that the `argnums` of a transform is an integer or a non-empty sequence of them."""
    if _is_position(argnums):
        return int(argnums)
    if isinstance(argnums, (tuple, list)) and argnums and all(map(_is_position, argnums)):
        return tuple([int(a) for a in argnums])
    # Whoever takes the transform for the derivative itself gives the data here.
    data = isinstance(argnums, (float, complex, np.ndarray, np.generic, list, tuple, dict))
    write = f"\n  at {user_line()}\nData go to the function that it returns: ad.{asked}(f)(x), not ad.{asked}(f, x)"
    raise ArgumentError(
        f"argnums must be a position or a tuple of positions, got {argnums!r}{write if data else ''}"
    )


def _is_position(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def bind_argnums(f: Any, args: tuple[Any, ...], argnums: Argnums) -> tuple[int, ...]:
    """The positions that `argnums` names among the arguments of this call."""
    positions = (argnums,) if isinstance(argnums, int) else argnums
    n = len(args)
    bound = []
    for p in positions:
        if not -n <= p < n:
            name = getattr(f, "__name__", "the function")
            raise ArgumentError(
                f"argnums={argnums} names argument {p}, but {name} was called with {n} positional "
                f"argument{'s' * (n != 1)}: pass what is differentiated by position"
            )
        bound.append(p % n)
    if len(set(bound)) != len(bound):
        raise ArgumentError(f"argnums={argnums} names an argument twice")
    return tuple(bound)


def input_leaves(f: Any, value: Any, position: int) -> tuple[list[Any], Structure]:
    """Take a differentiated argument apart into numeric leaves; a list of numbers is one array."""
    if value.__class__ is np.ndarray and value.dtype.kind == "f":
        return [value], None
    if value.__class__ is list:
        value = of_numbers(value, f"argument {position}{_argument_name(f, position)}")
    leaves, structure = flatten(value)
    if value is None:
        raise DtypeError(
            f"argument {position}{_argument_name(f, position)} is None, which cannot be differentiated\n"
            f"  at {user_line()}\nPass numbers there, or name other arguments with argnums"
        )
    if not leaves and is_dataclass(value):
        raise DtypeError(
            f"argument {position}{_argument_name(f, position)} is a {type(value).__name__} without parameters: "
            f"whole numbers and names are not trained\n  at {user_line()}\nWrite 1.0, or declare its fields float"
        )
    try:
        return [as_input(leaf) for leaf in leaves], structure
    except DtypeError as error:
        raise _not_numeric(f, position, leaves, error) from None


def _is_number(value: Any) -> bool:
    """Whether a value is a number, of Python's, NumPy's or under a transform, or lists of such."""
    if value.__class__ in (list, tuple):
        return bool(value) and all(map(_is_number, value))
    while value.__class__ is Variable:
        if value.shape or value.level.batch_axes:
            # A number of each row of a batch is one.
            return not value.shape
        value = value.data
    return isinstance(value, (float, complex, int, np.number, np.bool_)) or getattr(value, "is_number", False)


def of_numbers(value: Any, what: str) -> Any:
    """One array where a value is a list of numbers, or of lists of them; what it is where it is not.

    Raises
    ------
    ShapeError
        The lists have different lengths.
    """
    if value.__class__ is not list or not _is_number(value):
        return value
    leaves, _ = flatten(value)
    try:
        shape = np.asarray(value, object).shape
    except ValueError:
        shape = ()
    if len(leaves) != np.prod(shape):
        raise ShapeError(
            f"{what} is a list of lists of different lengths\n  at {user_line()}\n"
            "Pass a list of arrays, [np.array(...), np.array(...)], or lists of one length"
        )
    held = any(leaf.__class__ is Variable for leaf in leaves)
    return np.reshape(np.stack(leaves), shape) if held else np.asarray(value)


def _not_numeric(f: Any, position: int, leaves: list[Any], error: DtypeError) -> DtypeError:
    wrong = [leaf for leaf in leaves if np.asarray(value_of(leaf)).dtype.kind not in "fciub"]
    if not wrong:
        return error
    return DtypeError(
        f"argument {position}{_argument_name(f, position)} holds {describe(wrong[0])}, which cannot be "
        f"differentiated\n  at {user_line()}\nPass numbers there, or name other arguments with argnums"
    )


def _argument_name(f: Any, position: int) -> str:
    try:
        names = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return ""
    return f" ({names[position]!r})" if position < len(names) else ""
