"""What type checkers know of users' functions: a transformed or compiled one is called as it is.

A gradient has the type of its argument where that is a number, an array, a tuple, a dict or a dataclass. A list of
numbers becomes an array, so the gradient of any other argument is `Any`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, ParamSpec, Protocol, TypeAlias, TypeVar

# The arguments of a function, its result, and any value.
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    class Dataclass(Protocol):
        """An instance of a dataclass."""

        __dataclass_fields__: ClassVar[dict[str, Any]]

    class Ufunc(Protocol):
        """A ufunc, of whose several signatures a `ParamSpec` would hold the first alone."""

        @property
        def nin(self) -> int:
            """The number of arguments."""

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """The value."""

    class Nothing:
        """What only functions without annotations may return, as far as a type checker knows."""

    # Functions that are called with anything. Matched with a type variable, a lambda could use the operators of the
    # bound alone, says pyright.
    Untyped: TypeAlias = Ufunc | Callable[..., Nothing]
    Array: TypeAlias = np.ndarray[Any, Any]
    Number: TypeAlias = complex | np.inexact[Any]
    Zero: TypeAlias = Literal[0]
    Yes: TypeAlias = Literal[True]
    No: TypeAlias = Literal[False]

    # The arguments after the first, and what a function returns beside its value.
    Rest = ParamSpec("Rest")
    Aux = TypeVar("Aux")
    # A differentiated argument, whose gradient is of the same type; one that is an array; a dtype.
    X = TypeVar("X", bound=Array | Number | tuple[Any, ...] | dict[Any, Any] | Dataclass)
    ArrayX = TypeVar("ArrayX", bound=Array)
    Dtype = TypeVar("Dtype", bound=np.dtype[Any])
