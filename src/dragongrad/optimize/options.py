"""Options: each is of one kind, and what is not of it is refused by name before any work is done."""

from __future__ import annotations

import difflib
import inspect
import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np

from ..core.errors import ArgumentError

# What users of other libraries write, and what to write here.
_ELSEWHERE = {
    "learning_rate": "write lr=, which most methods take: minimize(f, x0, method='adam', lr=0.01)",
    "epochs": "max_iter limits the steps",
    "steps": "max_iter limits the steps",
    "optimizer": "write method='adam'",
    "hess": "second derivatives are found by themselves",
    "hessp": "second derivatives are found by themselves",
    "options": "write its entries as arguments of their own",
    "tol": "give gtol, xtol or ftol, the tolerances of the gradient, of the step and of the value",
    "disp": "progress=True shows a bar, watch=True a curve, print(result) the result",
    "verbose": "progress=True shows a bar, print(result) the result",
    "maxfun": "max_iter limits the steps, max_time the seconds",
    "max_nfev": "max_iter limits the steps, max_time the seconds",
    "lb": "write bounds=(low, high)",
    "ub": "write bounds=(low, high)",
    "weights": "write sigma=, the standard deviations: 1 / weights",
}


def shown(value: Any) -> str:
    """A value as a message shows it: short, with its type where that is what is wrong."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    text = repr(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return text if isinstance(value, (int, float, type(None))) else f"{text} ({type(value).__name__})"


def _refuse(name: str, taken: str, value: Any) -> NoReturn:
    raise ArgumentError(f"{name} must be {taken}, got {shown(value)}")


def real(value: Any) -> float | None:
    """A real number as a float; None for anything else, booleans among them."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, numbers.Real) or isinstance(value, (bool, np.bool_)):
        return None
    return float(value)


def positive(name: str, value: Any, *, example: str = "") -> float:
    """A finite number above zero."""
    found = real(value)
    if found is None:
        _refuse(name, f"a positive number{f' ({example})' if example else ''}", value)
    if not 0 < found < math.inf:
        _refuse(name, "positive and finite" if found > 0 else "positive", value)
    return found


def not_negative(name: str, value: Any, *, infinite: bool = False) -> float:
    """A number that is at least zero."""
    found = real(value)
    if found is None:
        _refuse(name, "a number that is not negative", value)
    if not found >= 0:
        raise ArgumentError(f"{name} must not be negative, got {shown(value)}")
    if found == math.inf and not infinite:
        _refuse(name, "finite", value)
    return found


def fraction(name: str, value: Any) -> float:
    """A number in [0, 1)."""
    found = real(value)
    if found is None or not 0 <= found < 1:
        raise ArgumentError(f"{name} must lie in [0, 1), got {shown(value)}")
    return found


def whole(name: str, value: Any) -> int:
    """A whole number."""
    found = real(value)
    if found is None or not found.is_integer():
        _refuse(name, "a whole number", value)
    return int(found)


def count(name: str, value: Any) -> int:
    """A positive whole number, which may be written as 1e4."""
    found = real(value)
    if found is None or not (found.is_integer() and found > 0):
        _refuse(name, "a positive whole number", value)
    return int(found)


def switch(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        _refuse(name, "True or False", value)
    return bool(value)


def function(name: str, value: Any, call: str) -> Any:
    """A function of one argument, or None; `call` is how it will be called."""
    if value is not None and not (callable(value) and _takes_one(value)):
        _refuse(name, f"a function, called as {call}", value)
    return value


def _takes_one(value: Callable[..., Any]) -> bool:
    try:
        inspect.signature(value).bind(None)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell
        return True
    return True


def rate(schedule: Callable[[int], Any], steps: int) -> float:
    """The learning rate that a schedule gives after so many steps."""
    given = schedule(steps)
    found = real(given)
    if found is None or not 0 <= found < math.inf:
        raise ArgumentError(
            f"the schedule gave the learning rate {shown(given)} after {steps} steps: return a positive number"
        )
    return found


def choice(name: str, value: Any, known: Iterable[str]) -> str:
    """One of several words."""
    names = list(known)
    if not isinstance(value, str) or value not in names:
        raise ArgumentError(
            f"{name} must be one of {', '.join(map(repr, names))}, got {shown(value)}{near(value, names)}"
        )
    return value


def near(word: Any, known: Iterable[str]) -> str:
    """A question for the known word that is nearest to another, or nothing."""
    found = difflib.get_close_matches(str(word).lower(), list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def elsewhere(name: str) -> str:
    """What to write in place of an option of another library, or nothing."""
    return f"; {_ELSEWHERE[name]}" if name in _ELSEWHERE else ""


def refuse_unknown(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse options that nobody takes, with what was perhaps meant."""
    names = list(known)
    unknown = sorted(set(given) - set(names))
    if unknown:
        first = unknown[0]
        hint = elsewhere(first) or near(first, names)
        raise ArgumentError(f"{owner} has no option {', '.join(unknown)}; it has: {', '.join(names)}{hint}")


_KINDS: dict[str, Callable[[str, Any], Any]] = {"bool": switch, "int": count}


def of_its_kind(name: str, value: Any, annotation: Any) -> Any:
    """An option of an optimizer as its annotation has it: `bool`, `int`, `float`, the latter also with `| None`."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    if value is None and "None" in text:
        return None
    first = text.partition("|")[0].strip()
    if first == "float":
        found = real(value)
        if found is None or math.isnan(found):
            _refuse(name, "a number", value)
        return found
    return _KINDS[first](name, value) if first in _KINDS else value


def check_watching(callback: Any, progress: Any, watch: Any, path: Any, compile: Any) -> None:
    """Refuse what every way to run an optimizer takes, where it is of the wrong kind."""
    function("callback", callback, "callback(iteration)")
    switch("progress", progress)
    if not isinstance(watch, (bool, np.bool_, type(None))):
        function("watch", watch, "watch(glimpse)")
    switch("path", path)
    switch("compile", compile)


def arguments(args: Any) -> tuple[Any, ...]:
    """Further arguments of a function: a tuple of them, or a single one."""
    return args if isinstance(args, tuple) else (args,)


def limits_asked(**given: Any) -> dict[str, Any]:
    """The tolerances and limits that are not None, checked."""
    asked = {name: value for name, value in given.items() if value is not None}
    for name, value in asked.items():
        asked[name] = (
            count(name, value) if name == "max_iter" else not_negative(name, value, infinite=name == "max_time")
        )
    return asked
