"""What type checkers know of users' functions: a transformed or compiled one is called as it is.

A gradient has the type of its argument where that is a number, an array, a tuple, a dict or a dataclass. A list of
numbers becomes an array, so the gradient of any other argument is `Any`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, ParamSpec, Protocol, TypeAlias, TypeVar

import numpy as np


class Dataclass(Protocol):
    """An instance of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class Ufunc(Protocol):
    """A ufunc, whose overloads no `ParamSpec` holds: of several signatures it would take the first."""

    @property
    def nin(self) -> int:
        """The number of arguments."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value."""


Array: TypeAlias = "np.ndarray[Any, Any]"
Number: TypeAlias = "complex | np.inexact[Any]"
Zero: TypeAlias = Literal[0]
Yes: TypeAlias = Literal[True]
No: TypeAlias = Literal[False]

# The arguments of a function, all of them or those after the first, and its result.
P = ParamSpec("P")
Rest = ParamSpec("Rest")
R = TypeVar("R")
Aux = TypeVar("Aux")
T = TypeVar("T")
# A differentiated argument, whose gradient is of the same type; one that is an array.
X = TypeVar("X", bound="Array | Number | tuple[Any, ...] | dict[Any, Any] | Dataclass")
ArrayX = TypeVar("ArrayX", bound=Array)
Dtype = TypeVar("Dtype", bound="np.dtype[Any]")
