"""Roots and fixed points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...blocks.axes import as_array
from ...transforms import implicit
from ...transforms.jacobians import jacobian
from .solver import Solver, as_tuple, moves, named, plainly


def root(
    fun: Callable[..., Any], x0: Any, args: Any = (), method: str = "hybr", jac: Any = None,
    tol: float | None = None, callback: Any = None, options: Any = None,
) -> Any:  # fmt: skip
    """`scipy.optimize.root`; `x` of the result has derivatives with respect to `args`.

    Parameters
    ----------
    fun : callable
        `fun(x, *args)` in NumPy functions that have derivatives; `x` of shape (n,), as many values.
    x0, args, method, jac, tol, callback, options
        As SciPy's. The Jacobian is found by itself where the method takes one and `args` are differentiated.

    Returns
    -------
    scipy.optimize.OptimizeResult

    Raises
    ------
    SolutionError, FactorizationError
        There is no solution, or its derivative does not exist; as `ad.implicit.root`.
    ClosureError
        `fun` closes over a Variable: pass it in `args`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> def corner(a):
    ...     return optimize.root(lambda x, a: np.stack([x[0] * x[1] - a, x[0] - x[1]]), [1.0, 1.0], args=(a,)).x
    >>> ad.jacobian(corner)(4.0).round(6)
    array([0.25, 0.25])

    """
    from scipy import optimize

    rest = {"method": method, "tol": tol, "callback": callback, "options": options}
    args = as_tuple(args)
    if not moves(fun, x0, args):
        return optimize.root(plainly(fun), x0, args=args, jac=plainly(jac), **rest)
    value = _first(fun) if jac is True else fun
    if not jac and method in ("hybr", "lm"):
        jac, rest["options"] = _exact(fun, options or {})
    solver = Solver("root", lambda x0, args: optimize.root(plainly(fun), x0, args=args, jac=plainly(jac), **rest))
    x = implicit.root(solver, lambda x, x0, args: value(x, *args))(x0, args)
    return solver.result(x=x, fun=value(x, *args))


def _exact(fun: Callable[..., Any], options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The Jacobian of a function without one, and the options of MINPACK's that fit it.

    Who gives the options of differences has differences. Which way a Jacobian lies is said of the user's own.
    """
    if options.get("band") is not None or options.get("eps") is not None:
        return None, options
    return jacobian(fun), {name: value for name, value in options.items() if name != "col_deriv"}


def fsolve(
    func: Callable[..., Any], x0: Any, args: Any = (), fprime: Any = None, full_output: Any = False,
    col_deriv: Any = False, xtol: float = 1.49012e-8, maxfev: int = 0, band: Any = None, epsfcn: Any = None,
    factor: float = 100, diag: Any = None,
) -> Any:  # fmt: skip
    """`scipy.optimize.fsolve`; the root has derivatives with respect to `args`.

    Parameters
    ----------
    func : callable
        `func(x, *args)` in NumPy functions that have derivatives.
    x0, args, fprime, full_output, col_deriv, xtol, maxfev, band, epsfcn, factor, diag
        As SciPy's. The Jacobian is found by itself where `args` are differentiated, unless `fprime` gives it or
        `band` or `epsfcn` ask for differences.

    Returns
    -------
    array of shape (n,)
        With `full_output` also a dict, of which `fvec` has derivatives too, SciPy's number and its message.

    Raises
    ------
    SolutionError, FactorizationError, ClosureError
        As `root`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> ad.jacobian(lambda a: optimize.fsolve(lambda x, a: x**3 - a, 1.0, args=(a,)))(8.0).round(6)
    array([0.083333])

    """
    from scipy import optimize

    args = as_tuple(args)
    options = {"col_deriv": col_deriv, "xtol": xtol, "maxfev": maxfev, "band": band, "factor": factor, "diag": diag}
    if not moves(func, x0, args):
        theirs: Any = {"fprime": fprime, "full_output": full_output, "epsfcn": epsfcn, **options}
        return optimize.fsolve(plainly(func), x0, args=args, **theirs)
    options["eps"] = epsfcn
    jac, options = _exact(func, options) if fprime is None else (fprime, options)
    start = np.reshape(as_array(x0), (-1,))
    solver = Solver(
        "root", lambda x0, args: optimize.root(plainly(func), x0, args=args, jac=plainly(jac), options=options)
    )
    x = implicit.root(solver, lambda x, x0, args: func(x, *args))(start, args)
    if not full_output:
        return x
    found = solver.result(x=x)
    known = {name: found[name] for name in ("nfev", "njev") if name in found}
    return x, {**known, "fvec": func(x, *args)}, found.status, found.message


def _first(pair: Callable[..., Any]) -> Callable[..., Any]:
    """The value alone of a function that returns its derivatives too."""
    return lambda x, *args: pair(x, *args)[0]


def root_scalar(
    f: Callable[..., Any], args: Any = (), method: str | None = None, bracket: Any = None, fprime: Any = None,
    fprime2: Any = None, x0: Any = None, x1: Any = None, *more: Any, **options: Any,
) -> Any:  # fmt: skip
    """`scipy.optimize.root_scalar`; `root` of the result has derivatives with respect to `args`.

    Parameters
    ----------
    f : callable
        `f(x, *args)` in NumPy functions that have derivatives.
    args, method, bracket, fprime, fprime2, x0, x1, *more, **options
        As SciPy's.

    Returns
    -------
    scipy.optimize.RootResults

    Raises
    ------
    SolutionError, FactorizationError, ClosureError
        As `root`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> ad.grad(lambda a: optimize.root_scalar(lambda x, a: x**3 - a, args=(a,), bracket=(0, 9)).root)(8.0).round(6)
    np.float64(0.083333)

    """
    from scipy import optimize

    args, options = as_tuple(args), named(optimize.root_scalar, more, options, "x1")

    def run(bracket: Any, x0: Any, x1: Any, args: Any) -> Any:
        rest = {"fprime": fprime, "fprime2": fprime2, "x0": x0, "x1": x1, **options}
        return optimize.root_scalar(plainly(f), args=args, method=method, bracket=bracket, **rest)

    if not moves(f, bracket, x0, x1, args):
        return run(bracket, x0, x1, args)
    value = _first(f) if fprime is True else f
    solver = Solver("root_scalar", run, "root")
    found = implicit.root(solver, lambda x, bracket, x0, x1, args: value(x, *args))(bracket, x0, x1, args)
    return solver.result(root=found)


def _bracketed(name: str, f: Any, a: Any, b: Any, args: Any, more: Any, options: dict[str, Any]) -> Any:
    from scipy import optimize

    theirs, args = getattr(optimize, name), as_tuple(args)
    options = named(theirs, more, options, "args")
    if not moves(f, a, b, args):
        return theirs(f, a, b, args=args, **options)
    wanted = {**options, "full_output": True}
    solver = Solver(name, lambda a, b, args: theirs(f, a, b, args=args, **wanted), 0)
    x = implicit.root(solver, lambda x, a, b, args: f(x, *args))(a, b, args)
    return (x, *solver.found[1:]) if options.get("full_output") else x


def brentq(f: Callable[..., Any], a: Any, b: Any, args: Any = (), *more: Any, **options: Any) -> Any:
    """`scipy.optimize.brentq`; the root has derivatives with respect to `args`.

    Parameters
    ----------
    f : callable
        `f(x, *args)` in NumPy functions that have derivatives.
    a, b : number
        Where `f` has different signs; the root does not depend on them.
    args, *more, **options
        As SciPy's.

    Returns
    -------
    number, or with `full_output` the pair of it and SciPy's `RootResults`

    Raises
    ------
    SolutionError, FactorizationError, ClosureError
        As `root`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> def anomaly(M, e):
    ...     return optimize.brentq(lambda E, M, e: E - e * np.sin(E) - M, 0, 4, args=(M, e))
    >>> ad.grad(anomaly)(1.0, 0.5).round(6), ad.grad(ad.grad(anomaly))(1.0, 0.5).round(6)
    (np.float64(1.037362), np.float64(-0.556713))

    """
    return _bracketed("brentq", f, a, b, args, more, options)


def brenth(f: Callable[..., Any], a: Any, b: Any, args: Any = (), *more: Any, **options: Any) -> Any:
    """`scipy.optimize.brenth`; as `brentq`."""
    return _bracketed("brenth", f, a, b, args, more, options)


def bisect(f: Callable[..., Any], a: Any, b: Any, args: Any = (), *more: Any, **options: Any) -> Any:
    """`scipy.optimize.bisect`; as `brentq`."""
    return _bracketed("bisect", f, a, b, args, more, options)


def ridder(f: Callable[..., Any], a: Any, b: Any, args: Any = (), *more: Any, **options: Any) -> Any:
    """`scipy.optimize.ridder`; as `brentq`."""
    return _bracketed("ridder", f, a, b, args, more, options)


def toms748(f: Callable[..., Any], a: Any, b: Any, args: Any = (), *more: Any, **options: Any) -> Any:
    """`scipy.optimize.toms748`; as `brentq`."""
    return _bracketed("toms748", f, a, b, args, more, options)


def newton(
    func: Callable[..., Any], x0: Any, fprime: Any = None, args: Any = (), *more: Any, **options: Any
) -> Any:
    """`scipy.optimize.newton`; the root has derivatives with respect to `args`.

    Parameters
    ----------
    func : callable
        `func(x, *args)` in NumPy functions that have derivatives; of an array x0 element by element.
    x0 : number or array
        Where to start.
    fprime, args, *more, **options
        As SciPy's.

    Returns
    -------
    number or array
        With `full_output` also what SciPy tells of it.

    Raises
    ------
    SolutionError, FactorizationError, ClosureError
        As `root`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> roots = lambda a: optimize.newton(lambda x, a: x**2 - a, np.ones(2), args=(a,))
    >>> ad.jacobian(roots)(np.array([4.0, 9.0])).round(6) + 0.0
    array([[0.25    , 0.      ],
           [0.      , 0.166667]])

    """
    from scipy import optimize

    args, options = as_tuple(args), named(optimize.newton, more, options, "args")
    if not moves(func, x0, args):
        return optimize.newton(plainly(func), x0, fprime=plainly(fprime), args=args, **options)
    wanted = {**options, "full_output": True}

    def run(x0: Any, args: Any) -> tuple[Any, ...]:
        # Of arrays it is a named tuple, whose elements converge or not one by one.
        return tuple(optimize.newton(plainly(func), x0, fprime=plainly(fprime), args=args, **wanted))

    solver = Solver("newton", run, 0)
    x = implicit.root(solver, lambda x, x0, args: func(x, *args))(x0, args)
    return (x, *solver.found[1:]) if options.get("full_output") else x


def fixed_point(func: Callable[..., Any], x0: Any, args: Any = (), *more: Any, **options: Any) -> Any:
    """`scipy.optimize.fixed_point`; the point has derivatives with respect to `args`.

    Parameters
    ----------
    func : callable
        `func(x, *args)` in NumPy functions that have derivatives.
    x0, args, *more, **options
        As SciPy's.

    Returns
    -------
    number or array

    Raises
    ------
    SolutionError, FactorizationError, ClosureError
        As `root`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> ad.grad(lambda a: optimize.fixed_point(lambda x, a: np.cos(a * x), 0.5, args=(a,)))(1.0).round(6)
    np.float64(-0.297474)

    """
    from scipy import optimize

    args, options = as_tuple(args), named(optimize.fixed_point, more, options, "args")
    if not moves(func, x0, args):
        return optimize.fixed_point(plainly(func), x0, args=args, **options)

    def run(x0: Any, args: Any) -> Any:
        return np.asarray(optimize.fixed_point(plainly(func), x0, args=args, **options))[()]

    return implicit.fixed_point(Solver("fixed_point", run, None), lambda x, x0, args: func(x, *args))(x0, args)
