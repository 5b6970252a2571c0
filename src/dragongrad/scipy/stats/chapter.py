"""What the files of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MethodType
from typing import Any

import numpy as np
import scipy.stats as scipys

from ...core.errors import NoRuleError, user_line
from ..chapters import Chapter, answered, holds_variable, numbers, real, settled
from ..closures import Opened
from ..kinds import seen_as

CHAPTER = Chapter(scipys)
smooth, refused = CHAPTER.smooth, CHAPTER.refused


def parameter(value: Any) -> Any:
    """A place or a parameter, which is a real number or an array of them."""
    return real(value, "places and parameters of distributions")


def double(value: Any) -> Any:
    """A place or a parameter in double precision, in which SciPy computes distributions."""
    a = parameter(value)
    return a if a.dtype == np.float64 else a.astype(np.float64)


def floating(value: Any) -> Any:
    """An array of floating point, in whose precision SciPy describes samples."""
    a = numbers(value)
    return a if a.dtype.kind in "fc" else a.astype(np.float64)


def method_of(family: Any, name: str, rule: Callable[..., Any] | None, plain: str, first: str = "") -> Any:
    """A method of a family of distributions: SciPy's own on plain arrays, and on Variables by its rule.

    Without a rule its error says that what is `plain` may be passed. `first` is SciPy's name for its first
    argument. What is no method is SciPy's as it is.
    """
    if name.startswith("__"):
        # Python itself asks for such names, and takes no for an answer.
        raise AttributeError(name)
    if name.startswith("_"):
        # SciPy's functions of a family ask for such names.
        return getattr(vars(family)["scipys"], name)
    missing = object()
    method: Any = getattr(family.scipys, name, missing)
    if method is missing:
        raise CHAPTER.absent(f"{family.name}.{name}")
    if not callable(method):
        return method

    def call(_family: Any, /, *args: Any, **kwargs: Any) -> Any:
        # A function that an expectation is of may hold Variables of its own.
        held = name == "expect" and Opened(lambda: (args, kwargs), ()).leaves
        if not held and not holds_variable((args, kwargs)):
            return method(*map(settled, args), **{k: settled(v) for k, v in kwargs.items()})
        title = f"scipy.stats.{family.name}.{name}"
        if rule is None:
            raise NoRuleError(f"{title} has no derivative rule\n  at {user_line()}\nPass plain {plain}")
        if first in kwargs:
            args = (kwargs.pop(first), *args)
        return answered(title, rule, args, kwargs)

    call.__name__ = name
    call.__doc__ = method.__doc__
    # A method is pickled by its name.
    return MethodType(call, family)


# The generator of those that were given none.
_GLOBAL = np.random.random.__self__


def _again(name: str, theirs: Any) -> Any:
    """A family like the one of that name, with its own of SciPy's."""
    family = getattr(import_module(__package__), name)
    made = object.__new__(type(family))
    vars(made).update(vars(family), scipys=theirs)
    return made


class Standing:
    """A family of distributions that stands for SciPy's of the same name.

    Attributes
    ----------
    name : str
        SciPy's name for it.
    scipys : object
        SciPy's own.
    """

    name: str
    scipys: Any
    __class__ = seen_as(lambda self: vars(self).get("scipys"))

    def __reduce__(self) -> Any:
        if self.random_state is _GLOBAL and getattr(import_module(self.__module__), self.name) is self:
            return self.name
        # A generator of its own goes along with SciPy's.
        return _again, (self.name, self.scipys)

    def __repr__(self) -> str:
        return f"<{self.name}: a family of distributions>"

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *dir(self.scipys)})

    @property
    def random_state(self) -> Any:
        """SciPy's generator of random numbers for this family, which may be set."""
        return self.scipys.random_state

    @random_state.setter
    def random_state(self, seed: Any) -> None:
        self.scipys.random_state = seed
