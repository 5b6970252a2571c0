"""What is typed in on the command line, as values: functions, optimizers, starts, regions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..optimize.minimize import method_class, minimize
from ..optimize.searching import LineSearchOptimizer
from ..optimize.trust import TrustRegion
from ..optimize.zoo import Problem, get
from .formula import Formula

_TRIAL_STEPS = 60
_TRIALS = 14


def read_function(text: str) -> Problem:
    """A test function of the zoo by its name, or a formula of several variables (in alphabetical order).

    Raises
    ------
    ArgumentError
        The text is neither.
    """
    if text.replace("-", "_").isidentifier():
        return get(text)
    formula = Formula(text)
    names = sorted(formula.names)
    if not names:
        raise ArgumentError(f"the formula {text!r} has no variable: there is nothing to minimize")

    def f(x: Any) -> Any:
        return formula(**{name: x[k] for k, name in enumerate(names)})

    return Problem(
        name=text, f=f, n=len(names), formula=text, source="typed in", bounds=(-3.0, 3.0), at=lambda n: [],
        least=math.nan, begin=lambda n: [np.ones(n)],
    )  # fmt: skip


def read_numbers(text: str, what: str) -> np.ndarray[Any, Any]:
    """Numbers separated by commas.

    Raises
    ------
    ArgumentError
        One of them is not a number.
    """
    parts = text.split(",")
    try:
        return np.array([float(p) for p in parts])
    except ValueError:
        wrong = next(p for p in parts if not _is_number(p))
        raise ArgumentError(f"{what} is a list of numbers such as -1.5,2, and {wrong!r} is not a number") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_region(text: str) -> np.ndarray[Any, Any]:
    """A region of the plane, `x_low,x_high,y_low,y_high`, of shape (2, 2).

    Raises
    ------
    ArgumentError
        These are not four numbers.
    """
    numbers = read_numbers(text, "a region")
    if numbers.size != 4:
        raise ArgumentError(f"a region is x_low,x_high,y_low,y_high: four numbers, got {numbers.size}")
    return numbers.reshape(2, 2)


def read_optimizers(text: str, lr: float | None = None) -> dict[str, tuple[str, dict[str, Any]]]:
    """Optimizers by name with their options, as `gd,adam:lr=0.1:beta1=0.8,scipy:bfgs`.

    Raises
    ------
    ArgumentError
        An option is not `name=number`.
    """
    found = {}
    for part in text.split(","):
        words = part.strip().split(":")
        head = 2 if words[0] == "scipy" else 1
        options: dict[str, Any] = {"lr": lr} if lr is not None and _has_rate(words[0]) else {}
        for word in words[head:]:
            name, equals, value = word.partition("=")
            if not equals or not _is_number(value):
                raise ArgumentError(f"the options of an optimizer are written adam:lr=0.1:beta1=0.8, not {part!r}")
            options[name] = int(value) if value.isdigit() else float(value)
        found[part.strip()] = (":".join(words[:head]), options)
    return found


def _has_rate(name: str) -> bool:
    # To a method that searches for the length of its step the learning rate means little.
    return not name.startswith("scipy") and not issubclass(method_class(name), (LineSearchOptimizer, TrustRegion))


def tame(
    problem: Problem, start: np.ndarray[Any, Any], entries: dict[str, tuple[str, dict[str, Any]]]
) -> tuple[dict[str, tuple[str, dict[str, Any]]], list[str]]:
    """Make smaller the learning rates that nobody chose and with which a method flies off; and a note of each."""
    tamed, notes = {}, []
    for label, (method, options) in entries.items():
        tamed[label] = (method, options)
        if "lr" in options or not _has_rate(method):
            continue
        usual = rate = float(method_class(method).lr)
        for _ in range(_TRIALS):
            if _stays(problem, start, method, {**options, "lr": rate}):
                break
            rate /= 2
        if rate != usual:
            tamed[label] = (method, {**options, "lr": rate})
            notes.append(f"{label}: lr = {rate:.3g}, since {usual:g} flies off from here")
    return tamed, notes


def _stays(problem: Problem, start: np.ndarray[Any, Any], method: str, options: dict[str, Any]) -> bool:
    with np.errstate(all="ignore"):
        run = minimize(problem.f, start, method=method, max_iter=_TRIAL_STEPS, path=True, **options)
    assert run.losses is not None
    return bool(np.isfinite(run.losses).all() and run.losses[-1] <= run.losses[0])
