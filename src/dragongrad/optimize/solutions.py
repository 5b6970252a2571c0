"""Solutions with derivatives: what an optimizer finds, with respect to the arguments of the function.

A run itself works on plain numbers. Where an argument is a Variable, the run is the solver of an implicit function,
and its answer is differentiated through the conditions for a root or a minimum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..classic.variable import is_classic
from ..core.errors import ArgumentError, SolutionError, user_line
from ..core.nests import flatten
from ..core.variable import Variable, plain
from ..transforms import implicit
from ..transforms.implicit.constraints import (
    listed,
    one_function,
    own_arguments,
    with_arguments,
    without_arguments,
)
from ..transforms.implicit.roots import refuse_closed
from ..transforms.implicit.vectors import pack
from .bounds import read_bounds
from .objective import Packing
from .result import Result, Status

Run = Callable[[Any, tuple[Any, ...]], Result]


def depends(f: Any, *nests: Any) -> bool:
    """Whether the solution has a derivative: whether an argument is a Variable of a transform.

    Raises
    ------
    ClosureError
        The function closes over one instead.

    """
    if callable(f):
        refuse_closed(getattr(f, "__name__", "the function"), f)
    return any(isinstance(v := plain(leaf), Variable) and not is_classic(v) for leaf in flatten(nests)[0])


class Differentiated:
    """A run as a solver of the arguments: it keeps the results, and refuses those that are no solution."""

    def __init__(self, name: str, run: Run) -> None:
        self.__name__ = name
        self.run = run
        self.results: list[Result] = []

    def __call__(self, x0: Any, *args: Any) -> Any:
        """The solution of a run on plain values."""
        found = self.run(x0, args)
        if not found.success:
            raise SolutionError(
                f"ad.{self.__name__} found no solution, which then has no derivative: {found.message}\n"
                f"  at {user_line()}\nTry another start or method, or look at the result for plain arguments"
            )
        self.results.append(found)
        return found.x

    def result(self, x: Any, fun: Any, cost: Any = None) -> Result:
        """The result around x with its derivative; what runs counted is added up."""
        counts = {name: sum(getattr(r, name) for r in self.results) for name in ("nit", "nfev", "njev", "nhev")}
        message = self.results[-1].message if self.results else "x is that of the compiled program's own run"
        return Result(
            x=x, fun=fun, jac=None, cost=cost, success=True, status=Status.CONVERGED, message=message, **counts
        )


def root(f: Any, x0: Any, args: tuple[Any, ...], run: Run) -> Result:
    """The result of `root` with derivatives."""
    solver = Differentiated("root", run)
    x = implicit.root(solver, lambda x, x0, *args: f(x, *args))(x0, *args)
    return solver.result(x, pack(f(x, *args), "the equations"))


def least_squares(
    residuals: Any, cost: Any, x0: Any, args: tuple[Any, ...], bounds: Any, run: Run
) -> Result:  # fmt: skip
    """The result of `least_squares` with derivatives; `cost` of the residuals, which are a vector."""
    solver = Differentiated("least_squares", run)
    within = (lambda x0, *args: _box(bounds, x0, True)) if bounds is not None else None
    x = implicit.minimizer(solver, lambda x, x0, *args: cost(residuals(x, *args)), bounds=within)(x0, *args)
    found = residuals(x, *args)
    return solver.result(x, found, cost(found))


def minimum(
    f: Any, x0: Any, args: tuple[Any, ...], run: Callable[..., Result], pair: bool, bounds: Any, constraints: Any
) -> Result:  # fmt: skip
    """The result of `minimize` with derivatives; of a function that gives its own gradient with `pair`."""
    if pair:
        return _of_pair(f, x0, args, run, bounds, constraints)
    bare = without_arguments(constraints)
    equal, greater = one_function(bare, True), one_function(bare, False)
    solver = Differentiated("minimize", lambda x0, both: run(x0, both[0], with_arguments(bare, both[1])))
    found = implicit.minimizer(
        solver, lambda x, x0, args, own: np.reshape(f(x, *args), ()),
        equality=equal and (lambda x, x0, args, own: equal(x, own)),
        inequality=greater and (lambda x, x0, args, own: greater(x, own)),
        bounds=(lambda x0, *rest: _box(bounds, x0, False)) if bounds is not None else None,
    )  # fmt: skip
    x = found(x0, args, own_arguments(constraints))
    return solver.result(x, f(x, *args))


def _of_pair(f: Any, x0: Any, args: Any, run: Callable[..., Result], bounds: Any, constraints: Any) -> Result:
    if bounds is not None or listed(constraints):
        raise ArgumentError(
            "x has no derivative within bounds or constraints where f gives its own gradient: leave out jac, and "
            f"the gradient is found by itself\n  at {user_line()}"
        )
    solver = Differentiated("minimize", lambda x0, args: run(x0, args, ()))
    x = implicit.root(solver, lambda x, x0, *args: f(x, *args)[1])(x0, *args)
    return solver.result(x, f(x, *args)[0])


def _box(bounds: Any, x0: Any, sides_first: bool) -> tuple[Any, Any]:
    box = read_bounds(bounds, Packing(_plain_like(x0)), sides_first)
    return (-np.inf, np.inf) if box is None else (box.low, box.high)


def _plain_like(nest: Any) -> Any:
    """Zeros like a nest: only its structure counts."""
    leaves, structure = flatten(nest)
    shaped = [np.zeros(np.shape(leaf), getattr(leaf, "dtype", float)) for leaf in leaves]
    return shaped[0] if structure is None else structure.unflatten(shaped)
