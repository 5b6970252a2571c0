"""A function of SciPy's as a solver of its arguments."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import dropwhile
from traceback import walk_tb
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, DragongradError, NoRuleError, SolutionError, user_line
from ...core.nests import NAMESPACE, flatten
from ...core.variable import Variable, plain
from ...pytrees import register_pytree_node
from ...transforms.implicit.roots import refuse_closed
from ..chapters import settled


def moves(function: Any, *nests: Any) -> bool:
    """Whether an argument is a Variable; one that the function closes over is refused."""
    refuse_closed(getattr(function, "__name__", "the function"), function)
    return any(isinstance(plain(leaf), Variable) for leaf in flatten(nests)[0])


def as_tuple(args: Any) -> tuple[Any, ...]:
    """Further arguments of a function, as SciPy takes them."""
    return args if isinstance(args, tuple) else (args,)


class _Plainly:
    """A user's function that gives the arrays which its buffers hold; a process may be sent one."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__name__ = getattr(function, "__name__", "the function")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return settled(self.function(*args, **kwargs))


def plainly(function: Any) -> Any:
    """A user's function as SciPy calls it: what `np.array` made is a buffer here, which SciPy takes for none."""
    return _Plainly(function) if callable(function) else function


def constraints_plainly(constraints: Any) -> Any:
    """Constraints whose functions are called so."""
    if isinstance(constraints, dict):
        return {k: plainly(v) if k in ("fun", "jac") else v for k, v in constraints.items()}
    if isinstance(constraints, (list, tuple)):
        return [constraints_plainly(one) for one in constraints]
    if not hasattr(constraints, "fun"):
        return constraints
    again = copy.copy(constraints)
    again.fun, again.jac, again.hess = map(plainly, (constraints.fun, constraints.jac, constraints.hess))
    return again


def without_class(bounds: Any) -> Any:
    """The pair of sides of `scipy.optimize.Bounds`, or bounds in another form as they are."""
    return (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds


def plain_bounds(name: str, bounds: Any) -> None:
    """Refuse bounds that are Variables, of which SciPy would make numbers."""
    if moves(None, without_class(bounds)):
        raise NoRuleError(
            f"scipy.optimize.{name} has no derivative by its bounds\n  at {user_line()}\n"
            "Write ad.implicit.minimizer with bounds= a function of the arguments"
        )


def named(theirs: Callable[..., Any], more: tuple[Any, ...], options: dict[str, Any], after: str) -> dict[str, Any]:
    """Options by their names: those that were given by place stand in SciPy's signature behind one of a name."""
    names = list(inspect.signature(theirs).parameters)
    names = names[names.index(after) + 1 :]
    given = dict(zip(names, more, strict=False))
    if len(more) > len(names) or given.keys() & options.keys():
        raise ArgumentError(
            f"scipy.optimize.{theirs.__name__} takes each of {', '.join(names)} once\n  at {user_line()}\n"
            "Give options by their names"
        )
    return {**given, **options}


@cache
def nest_of_numbers(cls: Any) -> None:
    """Let results of a class of SciPy's, which are dicts, be nests of their numbers: a function may return them."""

    def parts(found: Any) -> tuple[list[Any], Any, list[str]]:
        moving = [k for k, v in found.items() if isinstance(v, (Variable, np.ndarray, np.floating, float))]
        static = tuple([(k, v) for k, v in found.items() if k not in moving])
        return [found[k] for k in moving], (tuple(moving), static), moving

    def made(known: Any, children: Any) -> Any:
        again = cls.__new__(cls)
        dict.update(again, dict(known[1]), **dict(zip(known[0], children, strict=True)))
        return again

    # In this process it may be known already.
    with suppress(ValueError):
        register_pytree_node(cls, parts, made, NAMESPACE)


def _is_scipys(error: Exception) -> bool:
    """Whether an error is raised by SciPy itself, and not by a function of the user's that it called."""
    frames = [str(frame.f_globals.get("__name__", "")) for frame, _ in walk_tb(error.__traceback__)]
    inner = list(dropwhile(lambda name: name.startswith(__package__), frames))
    return bool(inner) and all(name.partition(".")[0] in ("scipy", "numpy") for name in inner)


def _restated(name: str, error: Exception) -> DragongradError:
    reason = f"{error} is not known" if isinstance(error, KeyError) else str(error)
    if isinstance(error, RuntimeError):
        return _no_solution(name, reason)
    return ArgumentError(
        f"scipy.optimize.{name} refuses its arguments: {reason}\n  at {user_line()}\n"
        f"help(scipy.optimize.{name}) says what it takes"
    )


def _no_solution(name: str, reason: str) -> SolutionError:
    return SolutionError(
        f"scipy.optimize.{name} found no solution, which then has no derivative: {reason}\n"
        f"  at {user_line()}\nTry another start or method, or more steps"
    )


# What a result has that is known of plain values only.
_OF_PLAIN = frozenset({
    "jac", "hess", "hess_inv", "grad", "fjac", "r", "qtf", "active_mask", "optimality", "multipliers",
})  # fmt: skip


class Solver:
    """A call of SciPy's that keeps its result, gives the solution in it, and refuses what is none."""

    def __init__(self, name: str, run: Callable[..., Any], field: str | int | None = "x") -> None:
        self.__name__ = name
        self.run, self.field = run, field
        self.found: Any = None

    def __call__(self, *args: Any) -> Any:
        """The solution for plain arguments."""
        try:
            found = self.run(*args)
        except (ValueError, TypeError, KeyError, RuntimeError) as error:
            if not _is_scipys(error):
                raise
            raise _restated(self.__name__, error) from None
        if self.field is None:
            return found
        if not getattr(found, "success", getattr(found, "converged", True)):
            reason = getattr(found, "message", getattr(found, "flag", ""))
            raise _no_solution(self.__name__, reason)
        self.found = found
        return found[self.field]

    def result(self, **fields: Any) -> Any:
        """SciPy's result with other fields; what would be that of plain values is left out."""
        made = copy.copy(self.found)
        for name in _OF_PLAIN & made.keys():
            del made[name]
        made.update(fields)
        nest_of_numbers(made.__class__)
        return made
