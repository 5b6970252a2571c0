"""`root` and `fixed_point`: solvers whose answers are differentiated through the equations that they satisfy."""

from __future__ import annotations

import functools
import types
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, BatchError, ShapeError, user_line
from ...core.nests import flatten, unflatten
from ...core.variable import Variable, plain
from ..flat_rules import apply_flat
from ..forward import jvp
from ..gradients import vjp
from ..options import Transform
from .systems import System, closes, solve
from .vectors import layout_of, leaves_of, pack, unpack

# A cell of a closure that holds nothing yet.
_EMPTY = types.CellType()
# Containers in closures that hold more than this are data.
_FEW = 100
SOLVERS = ("auto", "dense", "gmres", "cg")


def root(solver: Any = None, F: Any = None, *, linear_solver: str = "auto") -> Any:  # noqa: N803
    """Differentiate a solver of equations `F(x, *args) = 0` through the equations, not through its steps.

    Parameters
    ----------
    solver : callable
        `solver(*args)` returns x: a number, an array or a nest of them. It is called with plain values, so it may
        be code of any kind; under `vmap` it is called for each row. Keyword arguments are options of its own.
    F : callable
        `F(x, *args)` returns as many numbers as `x` holds, zero at the solution, in NumPy functions that have
        derivatives. It takes all positional arguments of the solver; what it does not depend on, such as a
        start, has a derivative of zero.
    linear_solver : {"auto", "dense", "gmres", "cg"}
        How linear systems with the Jacobian of F are solved: by its factors, or by GMRES or conjugate gradients
        (for symmetric positive definite ones), which need only products with it. "auto" is "dense" up to 500
        numbers in x and "gmres" above.

    Returns
    -------
    callable
        Called as `solver`. Without `solver` it is a decorator: `@ad.implicit.root(F=F)`.

    Raises
    ------
    SolutionError
        What the solver returned does not solve the equations; seen where a derivative is asked for.
    FactorizationError
        The Jacobian is singular or nearly so, with its condition number: the solution is not unique.
    ClosureError
        The solver or F uses a Variable that is not among the arguments.
    ShapeError
        F does not return as many numbers as x holds.

    Notes
    -----
    From `F(x(a), a) = 0` follows `dx = -(dF/dx)^-1 dF/da da`. Both directions are built of differentiable
    operations, so that derivatives of any order follow. Where x or the Jacobian holds NaN, so has the derivative.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from scipy import optimize
    >>> def cosine(x, a):
    ...     return np.cos(a * x) - x
    >>> def solver(a):
    ...     return optimize.brentq(cosine, 0, 1, args=(a,))
    >>> x = ad.implicit.root(solver, cosine)
    >>> ad.grad(x)(1.0).round(6)
    np.float64(-0.297474)
    >>> ad.grad(ad.grad(x))(1.0).round(6)
    np.float64(0.153338)

    """
    _check("root", F, linear_solver)
    if solver is None:
        return functools.partial(root, F=F, linear_solver=linear_solver)
    return Transform(root, _run_root, solver, {"F": F, "linear_solver": linear_solver})


def fixed_point(solver: Any = None, T: Any = None, *, linear_solver: str = "auto") -> Any:  # noqa: N803
    """Differentiate a solver of `T(x, *args) = x` through that equation; otherwise as `root`.

    Parameters
    ----------
    solver : callable
        `solver(*args)` returns x, a nest of arrays.
    T : callable
        `T(x, *args)` returns a nest like x.
    linear_solver : {"auto", "dense", "gmres", "cg"}
        As for `root`.

    Returns
    -------
    callable
        Called as `solver`; without `solver` a decorator.

    Raises
    ------
    SolutionError, FactorizationError, ClosureError, ShapeError
        As `root`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> def heron(x, a):
    ...     return (x + a / x) / 2
    >>> @ad.implicit.fixed_point(T=heron)
    ... def square_root(a):
    ...     x = a
    ...     while abs(heron(x, a) - x) > 1e-12:
    ...         x = heron(x, a)
    ...     return x
    >>> ad.grad(square_root)(4.0).round(12)
    np.float64(0.25)

    """
    _check("fixed_point", T, linear_solver)
    if solver is None:
        return functools.partial(fixed_point, T=T, linear_solver=linear_solver)
    return Transform(fixed_point, _run_fixed_point, solver, {"T": T, "linear_solver": linear_solver})


def _check(name: str, condition: Any, linear_solver: Any) -> None:
    if not callable(condition):
        letter = {"root": "F", "fixed_point": "T"}.get(name, "f")
        raise ArgumentError(
            f"ad.implicit.{name} needs {letter}, a function called as {letter}(x, *args), got {condition!r}"
        )
    if linear_solver not in SOLVERS:
        raise ArgumentError(f"linear_solver must be one of {', '.join(map(repr, SOLVERS))}, got {linear_solver!r}")


def _run_fixed_point(solver: Any, args: Any, kwargs: Any, T: Any, linear_solver: str) -> Any:  # noqa: N803
    def equations(x: Any, *args: Any) -> Any:
        return pack(T(x, *args), "what T returns") - pack(x, "x")

    return _run_root(solver, args, kwargs, equations, linear_solver)


def _run_root(solver: Any, args: Any, kwargs: Any, F: Any, linear_solver: str) -> Any:  # noqa: N803
    name = getattr(solver, "__name__", "the solver")
    if _any_variable(kwargs):
        raise ArgumentError(
            f"a keyword argument of {name} is a Variable, but keyword arguments are options without a derivative"
            f"\n  at {user_line()}\nPass it by position, and let the equations take it too"
        )
    leaves, structure = flatten(args)
    leaves = [plain(leaf) for leaf in leaves]
    moving = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Variable)]
    refuse_closed(name, F)
    if not moving:
        out = solver(*args, **kwargs)
        if _any_variable(out):
            raise closes(name)
        return out
    rule = _Rule(name, F, linear_solver, leaves, structure, moving)

    def value(*values: Any) -> Any:
        if any(isinstance(v, Variable) for v in values):
            raise BatchError(f"{name} is called for each row")
        return rule.floats(solver(*rule.rebuilt(values), **kwargs))

    fixed = [leaf for i, leaf in enumerate(leaves) if i not in moving]
    told = (solver, F, linear_solver, kwargs, fixed)
    return apply_flat(name, value, tuple([leaves[i] for i in moving]), rule.pull, rule.push, told=told)


def _any_variable(nest: Any) -> bool:
    return any(isinstance(plain(leaf), Variable) for leaf in flatten(nest)[0])


def refuse_closed(name: str, *functions: Any) -> None:
    """Refuse functions that hold a Variable in their closures."""
    if any(_closes(f) for f in functions):
        raise closes(name)


def _closes(function: Any, depth: int = 3) -> bool:
    held = [cell.cell_contents for cell in getattr(function, "__closure__", None) or () if cell != _EMPTY]
    owner = getattr(function, "__self__", function)
    if getattr(type(owner), "holds_parts", False):
        # A spline or a distribution of SciPy's names, or a method of one.
        held += vars(owner).values()
    return any(
        _closes(h, depth - 1) if callable(h) and depth else _any_variable(h)
        for h in held
        if callable(h) or isinstance(h, Variable) or (isinstance(h, (list, tuple, dict)) and len(h) <= _FEW)
    )


class _Rule:
    """Both directions of the derivative of a solution, over the arguments that are Variables."""

    def __init__(self, name: str, F: Any, method: str, leaves: Any, structure: Any, moving: Any) -> None:  # noqa: N803
        self.name, self.F, self.method = name, F, method
        self.leaves, self.structure, self.moving = leaves, structure, moving

    def rebuilt(self, values: Any) -> Any:
        """The arguments with other values in the place of the Variables."""
        full = list(self.leaves)
        for i, value in zip(self.moving, values, strict=True):
            full[i] = value
        return unflatten(self.structure, full)

    def floats(self, out: Any) -> Any:
        """A solution with its whole numbers in float64."""
        leaves, structure = leaves_of(out, f"what {self.name} returns")
        return unflatten(structure, leaves)

    def _opened(self, out: Any, values: Any) -> tuple[Any, Any, Any, list[int], list[Any]]:
        """The system at a solution: itself, the layout and vector of x, and which values it depends on smoothly."""
        real = [k for k, value in enumerate(values) if value.dtype.kind in "fc"]
        what = f"what {self.name} returns"
        layout, u = layout_of(out, what), pack(out, what)

        def equations(u: Any, *reals: Any) -> Any:
            full = list(values)
            for k, value in zip(real, reals, strict=True):
                full[k] = value
            got = pack(self.F(unpack(layout, u), *self.rebuilt(full)), "what F returns")
            if np.shape(got) != np.shape(u):
                raise ShapeError(
                    f"{np.size(got)} equations for the {np.size(u)} numbers that {self.name} returns: there must "
                    f"be as many of the one as of the other\n  at {user_line()}"
                )
            return got

        return System(self.name, equations, self.method, self.F), layout, u, real, [values[k] for k in real]

    def pull(self, out_bar: Any, out: Any, values: Any) -> Any:
        """The cotangents of the values."""
        system, layout, u, real, reals = self._opened(out, values)
        u_bar = vjp(lambda u: unpack(layout, u), u)[1](out_bar)[0]
        adjoint = solve(system, True, u_bar, u, reals)
        bars = vjp(lambda *reals: system.equations(u, *reals), *reals)[1](-adjoint)
        found: list[Any] = [None] * len(values)
        for k, bar in zip(real, bars, strict=True):
            found[k] = bar
        return tuple(found)

    def push(self, dots: Any, out: Any, values: Any) -> Any:
        """The tangent of the solution."""
        system, layout, u, real, reals = self._opened(out, values)
        wanted = tuple([dots[k] for k in real])
        moved = jvp(lambda *reals: system.equations(u, *reals), tuple(reals), wanted)[1]
        return jvp(lambda u: unpack(layout, u), (u,), (-solve(system, False, moved, u, reals),))[1]
