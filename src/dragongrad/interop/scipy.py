"""SciPy's solvers fed with exact derivatives: `minimize least_squares curve_fit root solve_ivp`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.nests import flatten, unflatten
from ..optimize.fitting.residuals import Residuals
from ..optimize.minimize import FAMILIES
from ..optimize.objective import Array, Objective
from ..optimize.options import arguments
from ..transforms.jacobians import jacobian
from .constraints import exact_constraints, scipys_bounds
from .methods import find, suitable
from .minimizers import minimize_family, solve
from .watched import Watched

FAMILIES["scipy"] = minimize_family


def minimize(
    f: Callable[..., Any], x0: Any, args: tuple[Any, ...] = (), method: str | None = None, *, jac: bool = False,
    bounds: Any = None, constraints: Any = (), tol: float | None = None,
    callback: Callable[..., Any] | None = None, options: dict[str, Any] | None = None, mode: str = "reverse",
) -> Any:  # fmt: skip
    """`scipy.optimize.minimize` with the gradient, Hessian or Hessian products that the method wants.

    Parameters
    ----------
    f : callable
        `f(params, *args)` in plain NumPy returns one number; with `jac=True`, `(value, gradient)`.
    x0 : nest of arrays
        Where to start.
    args : tuple
        Further arguments of `f`.
    method : str, optional
        Any of SciPy's: Nelder-Mead, Powell, CG, BFGS, Newton-CG, L-BFGS-B, TNC, COBYLA, COBYQA, SLSQP,
        trust-constr, dogleg, trust-ncg, trust-exact, trust-krylov. Without it BFGS, L-BFGS-B where there are
        bounds, SLSQP where there are constraints.
    jac : bool
        Whether `f` returns its gradient too.
    bounds : Bounds, sequence of pairs, or tuple of two nests
        As SciPy's; of a nest `(low, high)`, each a number or a nest like `x0`.
    constraints : constraint or sequence of them
        SciPy's `LinearConstraint`, `NonlinearConstraint`, or dicts; their functions take the nest and are
        differentiated, twice where the method is trust-constr.
    tol, callback, options
        As SciPy's; the callback is given vectors.
    mode : "forward" or "reverse"
        How the gradient is found.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's own, with `x` of the structure of `x0`.

    Raises
    ------
    ArgumentError
        SciPy has no such method, or the method takes no bounds or constraints.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.interop import scipy
    >>> def rosenbrock(x):
    ...     return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> scipy.minimize(rosenbrock, np.array([-1.2, 1.0]), method="trust-exact").x.round(6)
    array([1., 1.])
    >>> disc = {"type": "ineq", "fun": lambda x: 1.5 - np.sum(x**2)}
    >>> scipy.minimize(rosenbrock, np.array([-1.2, 1.0]), method="SLSQP", constraints=disc).x.round(4)
    array([0.9072, 0.8228])

    """
    objective = Objective(f, x0, arguments(args), mode=mode, form="pair" if jac else "value")
    chosen = find(method) if method else suitable(bounds is not None, bool(constraints))
    conditions = exact_constraints(constraints, x0, chosen.name == "trust-constr")
    given = {"tol": tol, "callback": callback, "options": options}
    found = solve(
        Watched(objective), chosen, scipys_bounds(bounds, objective.packing), conditions,
        **{k: v for k, v in given.items() if v is not None},
    )  # fmt: skip
    found.x = _shaped(found.x, objective)
    return found


def least_squares(
    residual: Callable[..., Any], x0: Any, args: tuple[Any, ...] = (), *, bounds: Any = (-np.inf, np.inf),
    method: str = "trf", **options: Any,
) -> Any:  # fmt: skip
    """`scipy.optimize.least_squares` with the exact Jacobian.

    Parameters
    ----------
    residual : callable
        `residual(params, *args)` in plain NumPy returns the residuals.
    x0 : nest of arrays
        Where to start.
    args : tuple
        Further arguments of `residual`.
    bounds : tuple of two
        `(low, high)`, each a number or a nest like `x0`.
    method : "trf", "dogbox" or "lm"
        As SciPy's.
    **options
        SciPy's: `loss`, `f_scale`, `x_scale`, `ftol`, `xtol`, `gtol`, `max_nfev`, `verbose` ….

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's own, with `x` of the structure of `x0`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.interop import scipy
    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> fit = scipy.least_squares(lambda p: p["a"] * np.exp(-p["b"] * t) - 5 * np.exp(-t / 2), {"a": 1.0, "b": 1.0})
    >>> round(float(fit.x["a"]), 6), round(float(fit.x["b"]), 6)
    (5.0, 0.5)

    """
    from scipy import optimize

    fit = Residuals(residual, x0, arguments(args))
    sides = scipys_bounds(bounds, fit.packing, sides_first=True)
    found = optimize.least_squares(
        fit.residuals, _vector(fit), jac=fit.jacobian, bounds=sides, method=method, **options
    )
    found.x = _shaped(found.x, fit)
    return found


def curve_fit(f: Callable[..., Any], xdata: Any, ydata: Any, p0: Any = None, **options: Any) -> Any:
    """`scipy.optimize.curve_fit` with the exact Jacobian.

    Parameters
    ----------
    f : callable
        `f(xdata, *params)` in plain NumPy; where `p0` is a nest (dict, dataclass …), `f(xdata, params)`.
    xdata, ydata : array
        The data.
    p0 : sequence of numbers or nest, optional
        Where to start; ones by default, as many as `f` has parameters.
    **options
        SciPy's: `sigma`, `absolute_sigma`, `bounds`, `method`, `full_output`, `nan_policy` ….

    Returns
    -------
    popt : ndarray or nest
        The parameters, of the structure of `p0`.
    pcov : ndarray
        Their covariance; more with `full_output`, as SciPy's.

    Raises
    ------
    ArgumentError
        The number of parameters is not known from `f`'s signature, and `p0` is not given.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.interop import scipy
    >>> t = np.linspace(0, 3, 7)
    >>> popt, pcov = scipy.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, 5 * np.exp(-t / 2))
    >>> popt.round(6)
    array([5. , 0.5])

    """
    from scipy import optimize

    start = np.ones(_number_of_parameters(f)) if p0 is None else p0
    spread = flatten(start)[1] is None or _is_flat(start)
    fit = Residuals((lambda p, x: f(x, *p)) if spread else (lambda p, x: f(x, p)), start, (xdata,))
    # SciPy calls the model and its Jacobian with the data that it has checked.
    if options.get("bounds") is not None:
        options["bounds"] = scipys_bounds(options["bounds"], fit.packing, sides_first=True)

    def model(x: Any, *params: float) -> Array:
        fit.args = (x,)
        return np.asarray(fit.residuals(np.array(params)))

    def derivative(x: Any, *params: float) -> Array:
        fit.args = (x,)
        return fit.jacobian(np.array(params))

    jac = options.pop("jac", derivative)
    found = optimize.curve_fit(model, xdata, ydata, p0=_vector(fit), jac=jac, **options)
    return (fit.packing.unpack(found[0]) if not spread else found[0], *found[1:])


def _is_flat(start: Any) -> bool:
    plain = isinstance(start, (list, tuple)) and not hasattr(start, "_fields")
    return plain and all(np.ndim(v) == 0 for v in start)


def _number_of_parameters(f: Callable[..., Any]) -> int:
    kinds = [p.kind for p in inspect.signature(f).parameters.values()]
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(kinds) < 2 or any(k not in plain for k in kinds):
        raise ArgumentError("how many parameters there are is not known from f's signature: give p0, the start")
    return len(kinds) - 1


def root(
    f: Callable[..., Any], x0: Any, args: tuple[Any, ...] = (), *, method: str = "hybr", tol: float | None = None,
    callback: Callable[..., Any] | None = None, options: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """`scipy.optimize.root` with the exact Jacobian, for the methods that use one (hybr, lm).

    Parameters
    ----------
    f : callable
        `f(params, *args)` in plain NumPy returns as many numbers as `x0` holds.
    x0 : nest of arrays
        Where to start.
    args : tuple
        Further arguments of `f`.
    method, tol, callback, options
        As SciPy's.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's own, with `x` of the structure of `x0`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.interop import scipy
    >>> scipy.root(lambda x: np.cos(x) - x, np.array([1.0])).x.round(6)
    array([0.739085])

    """
    from scipy import optimize

    system = Residuals(f, x0, arguments(args))
    exact = {"jac": system.jacobian} if method in ("hybr", "lm") else {}
    found = optimize.root(
        system.residuals, _vector(system), method=method, tol=tol, callback=callback, options=options, **exact
    )
    found.x = _shaped(found.x, system)
    return found


def solve_ivp(
    fun: Callable[..., Any], t_span: tuple[float, float], y0: Any, method: Any = "RK45", *,
    args: tuple[Any, ...] = (), events: Any = None, **options: Any,
) -> Any:  # fmt: skip
    """`scipy.integrate.solve_ivp`, with the exact Jacobian for the methods of stiff equations.

    Parameters
    ----------
    fun : callable
        `fun(t, y, *args)` in plain NumPy returns the derivative of `y`: an array, a list of numbers, or a nest
        like `y0`.
    t_span : tuple of float
        From when to when.
    y0 : nest of arrays
        The state at the beginning.
    method : str or OdeSolver
        As SciPy's. Radau, BDF and LSODA are given the Jacobian.
    args : tuple
        Further arguments of `fun`, and of the events.
    events : callable or list of callables
        As SciPy's; they take the nest.
    **options
        SciPy's: `t_eval`, `rtol`, `atol`, `dense_output`, `max_step` ….

    Returns
    -------
    SciPy's bunch
        With `y` of shape (n, times); where `y0` is a nest, the nest of arrays of shape `leaf.shape + (times,)`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.interop import scipy
    >>> def van_der_pol(t, y):
    ...     return [y[1], 1000 * (1 - y[0] ** 2) * y[1] - y[0]]
    >>> scipy.solve_ivp(van_der_pol, (0, 100), [2.0, 0.0], method="Radau").y[0, -1].round(3)
    np.float64(1.931)

    """
    from scipy import integrate

    system = Residuals(lambda y, t: fun(t, y, *args), y0)

    def right(t: float, y: Array) -> Array:
        system.args = (t,)
        return np.asarray(system.residuals(y))

    def jac(t: float, y: Array) -> Array:
        system.args = (t,)
        return np.asarray(jacobian(system.vector)(y))

    stiff = getattr(method, "__name__", str(method)) in ("Radau", "BDF", "LSODA")
    if stiff:
        options.setdefault("jac", jac)
    if events is not None:
        several = isinstance(events, (list, tuple))
        events = [_event(e, system, args) for e in (events if several else [events])]
    found = integrate.solve_ivp(right, t_span, _vector(system), method=method, events=events, **options)
    if system.packing.structure is not None:
        found.y = _columns(found.y, system)
    return found


def _event(event: Any, system: Residuals, args: tuple[Any, ...]) -> Any:
    def watched(t: float, y: Array) -> float:
        return float(np.reshape(event(t, system.packing.unpack(y.reshape(system.start.shape)), *args), ()))

    for name in ("terminal", "direction"):
        if hasattr(event, name):
            setattr(watched, name, getattr(event, name))
    return watched


def _columns(y: Array, system: Residuals) -> Any:
    """A nest of the rows of y, each leaf with the times along its last axis."""
    packing = system.packing
    begins = [0, *packing.ends[:-1]]
    leaves = [y[i:j].reshape(*shape, -1) for i, j, shape in zip(begins, packing.ends, packing.shapes, strict=True)]
    return unflatten(packing.structure, leaves)


def _vector(fit: Objective) -> Array:
    return fit.start.ravel().astype(float)


def _shaped(x: Array, fit: Objective) -> Any:
    return fit.packing.unpack(np.reshape(x, fit.start.shape))
