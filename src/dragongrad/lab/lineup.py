"""What a study is asked to run: problems, optimizers and starts in the forms that a user writes them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ..core.errors import ArgumentError
from ..optimize.minimize import METHODS, family_of, method_class
from ..optimize.objective import Array
from ..optimize.optimizer import Optimizer
from ..optimize.zoo import Problem, get


@dataclass(frozen=True)
class Case:
    """A function to be minimized in a certain dimension, under the name that tables and pictures show."""

    label: str
    problem: Problem
    n: int | None = None

    def starts(self, given: Any = None) -> list[Array]:
        """Those given for this function, or its standard ones, each a vector.

        Raises
        ------
        ArgumentError
            None are given and the function has none, or one has a dimension in which it is not defined.

        """
        if isinstance(given, Mapping):
            given = given.get(self.label)
        found = self.problem.starts(self.n) if given is None else _vectors(given)
        if not found:
            raise ArgumentError(f"{self.label} has no standard start: pass starts=[[1.0, 2.0]]")
        for start in found:
            self.problem.starts(start.size)
        return found


@dataclass(frozen=True)
class Entry:
    """An optimizer with its options, under the name that tables and pictures show."""

    label: str
    method: str | type[Optimizer]
    options: dict[str, Any] = field(default_factory=dict)


T = TypeVar("T", Case, Entry)


def _vectors(given: Any) -> list[Array]:
    rows = (
        given if isinstance(given, (list, tuple)) and np.ndim(given[0]) else np.atleast_2d(np.asarray(given, float))
    )
    return [np.array(row, float) for row in rows]


def cases(functions: Any) -> list[Case]:
    """The functions of a study.

    Parameters
    ----------
    functions : name, Problem, callable, pair of one and a dimension, list of these, or dict of label to one
        Names are those of `dragongrad.optimize.zoo.ZOO`; a callable is of a vector, `f(x)`, or of numbers,
        `f(x, y)`.

    Raises
    ------
    ArgumentError
        A name is unknown, nothing is given, or two have the same label.

    """
    found = [_case(item, label) for label, item in _listed(functions, _is_function)]
    return _distinct(found, "functions")


def optimizers(asked: Any) -> list[Entry]:
    """The optimizers of a study.

    Parameters
    ----------
    asked : name, Optimizer class, pair of one and its options, list of these, or dict of label to one
        Names are those of `ad.minimize`.

    Raises
    ------
    ArgumentError
        A name is unknown, nothing is given, or two have the same label.

    """
    found = [_entry(item, label) for label, item in _listed(asked, _is_optimizer)]
    return _distinct(found, "optimizers")


def _listed(given: Any, single: Callable[[Any], bool]) -> list[tuple[str | None, Any]]:
    if isinstance(given, Mapping):
        return [(str(label), item) for label, item in given.items()]
    return [(None, item) for item in ([given] if single(given) else given)]


def _is_function(item: Any) -> bool:
    pair = isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], (int, np.integer))
    return isinstance(item, str) or callable(item) or pair


def _is_optimizer(item: Any) -> bool:
    pair = isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Mapping)
    return isinstance(item, (str, type)) or pair


def _distinct(found: Sequence[T], what: str) -> list[T]:
    labels = [item.label for item in found]
    if not labels:
        raise ArgumentError(f"there are no {what}: name at least one")
    for label in labels:
        if labels.count(label) > 1:
            raise ArgumentError(f"two of the {what} are called {label!r}: pass a dict from labels to {what}")
    return list(found)


def _case(item: Any, label: str | None) -> Case:
    n = None
    if isinstance(item, tuple):
        item, n = item
    if isinstance(item, str):
        item = get(item)
    if isinstance(item, Problem):
        return Case(label or (item.name if n in (None, item.n) else f"{item.name} {n}-d"), item, n)
    if not callable(item):
        raise ArgumentError(f"a function is a name of the zoo, a Problem or a callable, got {item!r}")
    problem = _unpublished(item, n)
    return Case(label or str(getattr(item, "__name__", type(item).__name__)), problem, n)


def _unpublished(f: Callable[..., Any], n: int | None) -> Problem:
    """A user's own function, of a vector or of several numbers, of which no minimum and no start is known."""
    numbers = _numbers_of(f)
    return Problem(
        name=getattr(f, "__name__", "f"), f=f if numbers == 1 else _of_vector(f, numbers),
        n=numbers if numbers > 1 else n or 2, formula="", source="", bounds=(-5.0, 5.0), at=lambda n: [],
        least=math.nan, begin=lambda n: [], any_n=numbers == 1,
    )  # fmt: skip


def _numbers_of(f: Callable[..., Any]) -> int:
    """How many arguments a function must be given: one is a vector, more are its numbers, as in `f(x, y)`."""
    if isinstance(f, np.ufunc):
        return f.nin
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell
        return 1
    needed = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return max(1, sum(p.default is p.empty for p in needed))


def _of_vector(f: Callable[..., Any], n: int) -> Callable[[Any], Any]:
    def of_vector(x: Any) -> Any:
        return f(*[x[k] for k in range(n)])

    return of_vector


def _entry(item: Any, label: str | None) -> Entry:
    method, options = item if isinstance(item, tuple) else (item, {})
    if isinstance(method, str) and ":" in method:
        family_of(method.partition(":")[0])
        name = method
    else:
        method = method_class(method)
        name = next((name for name, known in METHODS.items() if known is method), method.__name__)
    shown = " ".join(f"{k}={_named(v)}" for k, v in options.items())
    return Entry(label or f"{name} {shown}".strip(), method, dict(options))


def _named(value: Any) -> str:
    """An option as labels show it: functions by their names, `clip_by_norm(1.0)` by what it was given."""
    if isinstance(value, partial):
        return f"({', '.join(f'{k}={v}' for k, v in value.keywords.items())})"
    return str(getattr(value, "__name__", value) if callable(value) else value)
