"""What answers for a module of SciPy's: functions with rules, functions that are refused, and names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from numbers import Number
from types import ModuleType
from typing import Any

import numpy as np

from ..blocks.axes import as_array
from ..core.errors import (
    NUMPY_ERRORS,
    AbsentError,
    ArgumentError,
    DragongradError,
    DtypeError,
    NoRuleError,
    describe,
    operation_error,
    user_line,
)
from ..core.variable import Variable, plain, top_level
from .kinds import as_class

SMOOTH, CONSTANT, REFUSED = "exact derivatives", "no derivative: plain arrays only", "refused"


class Chapter:
    """The functions that answer for one module of SciPy's.

    Attributes
    ----------
    module : module
        SciPy's own.
    title : str
        Its name, without `scipy.`.
    states : dict
        What each function does with Variables, for the manual.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.title = module.__name__.removeprefix("scipy.")
        self.states: dict[str, str] = {}

    def own(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Let a function that takes functions answer always: these may hold Variables."""
        name = rule.__name__
        self.states[name] = SMOOTH

        @wraps(rule)
        def call(*args: Any, **kwargs: Any) -> Any:
            return answered(f"scipy.{self.title}.{name}", rule, args, kwargs)

        return self._as_scipys(call)

    def smooth(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Let a function answer for SciPy's of the same name: on plain arrays SciPy's own does."""
        name = rule.__name__
        scipys: Any = getattr(self.module, name, None)
        self.states[name] = SMOOTH

        @wraps(rule)
        def call(*args: Any, **kwargs: Any) -> Any:
            # A function that this release of SciPy lacks is ours for plain arrays too.
            if scipys is not None and not holds_variable((args, kwargs)):
                return scipys(*map(settled, args), **{k: settled(v) for k, v in kwargs.items()})
            return answered(f"scipy.{self.title}.{name}", rule, args, kwargs)

        return self._as_scipys(call)

    def refused(
        self, name: str, reason: str, instead: str, has: Callable[[Any], bool] = lambda value: False
    ) -> Any:
        """A function of SciPy's that takes plain arrays, and says why it takes no Variables.

        A class of SciPy's gives a class, by which `isinstance` knows what it `has` beside SciPy's.
        """
        scipys: Any = getattr(self.module, name, None)
        self.states[name] = f"{REFUSED}: {reason}. {instead}"

        def call(*args: Any, **kwargs: Any) -> Any:
            if holds_variable((args, kwargs)):
                raise NoRuleError(
                    f"scipy.{self.title}.{name} has no derivative rule: {reason}\n  at {user_line()}\n{instead}"
                )
            if scipys is None:
                raise self.absent(name)
            return scipys(*map(settled, args), **{k: settled(v) for k, v in kwargs.items()})

        call.__name__ = call.__qualname__ = name
        call.__doc__ = f"As `scipy.{self.title}.{name}`, of plain arrays: {reason}."
        call = self._as_scipys(call)
        return as_class(call, scipys, has) if isinstance(scipys, type) else call

    def _as_scipys(self, call: Any) -> Any:
        """Give a function SciPy's module and, where this release has it, its signature."""
        call.__module__ = f"dragongrad.scipy.{self.title}"
        scipys = getattr(self.module, call.__name__, None)
        if scipys is not None:
            # `inspect.signature` follows it when it is asked, which is cheaper than to ask for all on import.
            call.__wrapped__ = scipys
        return call

    def constant(self, *names: str) -> list[Any]:
        """Functions of SciPy's, or what is no function, that take no arrays whose derivative anybody wants."""
        found = []
        for name in names:
            what = getattr(self.module, name)
            alone = callable(what) and not isinstance(what, type)
            found.append(self.refused(name, "it makes constants", "Pass plain numbers") if alone else what)
            self.states[name] = CONSTANT
        return found

    def absent(self, name: str) -> AbsentError:
        """The error for a name that is not there."""
        here = f"dragongrad.scipy.{self.title}"
        if hasattr(self.module, name):
            return AbsentError(
                f"{here} has no {name!r}, which has no derivative rule\n  at {user_line()}\n"
                f"Of plain arrays write scipy.{self.title}.{name}, or give it a rule with @ad.custom_rule"
            )
        return AbsentError(
            f"neither {here} nor this release of SciPy has {name!r}\n  at {user_line()}\n"
            f"dir({here}) names what is there"
        )

    def getattr(self) -> Callable[[str], Any]:
        """What answers for names that the module does not have."""

        def find(name: str) -> Any:
            if name.startswith("__"):
                # Python itself asks for such names, and takes no for an answer.
                raise AttributeError(name)
            raise self.absent(name)

        return find


def one_of(name: str, option: str, value: Any, *known: Any) -> None:
    """Refuse an option that SciPy does not know either."""
    if value not in known:
        named = ", ".join(map(repr, known))
        raise ArgumentError(f"{name}: {option}={value!r} is none of {named}\n  at {user_line()}")


def holds_variable(value: Any) -> bool:
    """Whether a Variable that some level follows is among the values of a nest."""
    if isinstance(value, Variable):
        return plain(value) is value
    if isinstance(value, (list, tuple)):
        return any(map(holds_variable, value))
    if isinstance(value, dict):
        return any(map(holds_variable, value.values()))
    if isinstance(value, np.ndarray):
        return value.dtype.hasobject and top_level(value.ravel().tolist()) is not None
    # What holds arrays of its own: sparse matrices, rotations, splines.
    return getattr(value, "answers_variables", False) or isinstance(getattr(value, "data", None), Variable)


def settled(value: Any) -> Any:
    """A plain value, without the buffers in which it may stand."""
    if isinstance(value, Variable):
        return plain(value)
    if type(value) in (list, tuple) and any(isinstance(v, (Variable, list, tuple)) for v in value):
        return type(value)(map(settled, value))
    return value


def numbers(value: Any) -> Any:
    """An array of numbers: texts, None and what else NumPy would read as one are refused, as SciPy refuses them."""
    a = as_array(value)
    objects = a.dtype.kind == "O" and not isinstance(a, Variable)
    if a.dtype.kind not in "biufcO" or (objects and not all(isinstance(v, Number) for v in a.ravel().tolist())):
        raise DtypeError(f"{describe(a)} where numbers are expected\n  at {user_line()}\nPass an array of numbers")
    return a


def real(value: Any, name: str) -> Any:
    """An array of real numbers, as `numbers`."""
    a = numbers(value)
    if a.dtype.kind == "c":
        raise DtypeError(f"{name} are real, not {describe(a)}\n  at {user_line()}\nTake np.real of them")
    return a


def double(value: Any) -> Any:
    """An array in double precision, in which SciPy computes some functions of any array."""
    a = numbers(value)
    dtype = np.complex128 if a.dtype.kind == "c" else np.float64
    return a if a.dtype == dtype else a.astype(dtype)


def answered(name: str, rule: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call what answers; an error of NumPy's or SciPy's is restated, of a function of the user's passed on."""
    try:
        out = rule(*args, **kwargs)
    except NUMPY_ERRORS as error:
        if isinstance(error, DragongradError) or any(callable(a) and not isinstance(a, type) for a in args):
            raise
        raise operation_error(name, args, error) from None
    top = top_level([v for v in (*args, *kwargs.values()) if isinstance(v, Variable)])
    return out if top is None or not top.stages else top.from_numpy(out)
