"""Differential equations by SciPy's signatures: SciPy's own solvers, and dragongrad's where Variables are met."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import scipy.integrate as scipys

from ...core.errors import NoRuleError, user_line
from ..chapters import holds_variable, settled
from ..closures import Opened
from .chapter import own, refused

# SciPy's methods, and those of dragongrad that stand for them.
_METHODS = {
    "RK45": "Tsit5", "RK23": "Tsit5", "DOP853": "Tsit5", "Radau": "Rodas5P", "BDF": "Rodas5P", "LSODA": "auto",
}  # fmt: skip
# Options of SciPy's that a solver with exact Jacobians has no use for.
_JACOBIANS = ("jac", "jac_sparsity", "lband", "uband", "min_step")


def _meets_variable(functions: list[Any], *values: Any) -> bool:
    """Whether a Variable is among the values, or in what the functions read."""
    return holds_variable(values) or any(Opened(f, ()).leaves for f in functions if callable(f))


@own
def solve_ivp(
    fun: Callable[..., Any], t_span: Any, y0: Any, method: Any = "RK45", t_eval: Any = None,
    dense_output: bool = False, events: Any = None, vectorized: bool = False, args: Any = None, **options: Any,
) -> Any:  # fmt: skip
    """Solve dy/dt = fun(t, y, *args); with Variables by `dragongrad.integrate.solve_ivp`.

    Parameters
    ----------
    fun, t_span, y0, method, t_eval, dense_output, events, args, **options
        As SciPy's. With Variables Tsit5 stands for SciPy's explicit methods and Rodas5P for Radau and BDF; options
        of Jacobians change nothing. `fun` may close over Variables.

    Returns
    -------
    Solution
        With SciPy's fields.

    Raises
    ------
    NoRuleError
        A vectorized function, or a method that is no name of SciPy's, with Variables.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> def left(k):
    ...     found = integrate.solve_ivp(lambda t, y: -k * y, (0, 2), [1.0], t_eval=[2.0], rtol=1e-8, atol=1e-8)
    ...     return found.y[0, 0]
    >>> print(f"{ad.grad(left)(0.5):.6f}")
    -0.735759

    """
    watched = events if isinstance(events, (list, tuple)) else [events]
    if not _meets_variable([fun, *watched], t_span, y0, t_eval, args):
        given = (t_span, y0, method, t_eval, dense_output, events, vectorized, args)
        return scipys.solve_ivp(fun, *map(settled, given), **options)
    if vectorized or method not in _METHODS:
        raise NoRuleError(
            f"scipy.integrate.solve_ivp with Variables takes the methods {', '.join(_METHODS)} by name, and no "
            f"vectorized function\n  at {user_line()}\nWrite fun(t, y) of one state"
        )
    known = {k: v for k, v in options.items() if k not in _JACOBIANS}
    return import_module("dragongrad.integrate").solve_ivp(
        fun, t_span, y0, _METHODS[method], t_eval, dense_output, events, args=args, **known
    )


@own
def odeint(
    func: Callable[..., Any], y0: Any, t: Any, args: Any = (), Dfun: Any = None,  # noqa: N803 - SciPy's name
    col_deriv: int = 0, full_output: int = 0, ml: Any = None, mu: Any = None, rtol: Any = None, atol: Any = None,
    *, tfirst: bool = False, mxstep: int = 0, h0: float = 0.0, hmax: float = 0.0, **options: Any,
) -> Any:  # fmt: skip
    """Solve dy/dt = func(y, t, *args) at times t; with Variables by `dragongrad.integrate.solve_ivp`.

    Parameters
    ----------
    func, y0, t, args, rtol, atol, tfirst, mxstep, h0, hmax
        As SciPy's; other options change nothing with Variables. `func` may close over Variables.

    Returns
    -------
    array of shape (len(t), len(y0))

    Raises
    ------
    NoRuleError
        `full_output` with Variables.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> ad.grad(lambda k: integrate.odeint(lambda y, t, k: -k * y, 1.0, t, (k,))[-1, 0])(0.5).round(6)
    np.float64(-0.735759)

    """
    if not _meets_variable([func], y0, t, args):
        plain = (settled(y0), settled(t), settled(args), Dfun, col_deriv, full_output, ml, mu, rtol, atol)
        return scipys.odeint(func, *plain, tfirst=tfirst, mxstep=mxstep, h0=h0, hmax=hmax, **options)
    if full_output:
        raise NoRuleError(
            f"scipy.integrate.odeint has no full_output with Variables\n  at {user_line()}\n"
            "Write ad.integrate.solve_ivp, whose result has nfev and njev"
        )
    more = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    limits: dict[str, Any] = {"max_steps": mxstep, "max_step": hmax, "first_step": h0}
    tolerance = 1.49012e-8
    found = import_module("dragongrad.integrate").solve_ivp(
        func if tfirst else lambda t, y, *args: func(y, t, *args), (t[0], t[-1]), np.atleast_1d(y0), "auto", t,
        args=more, rtol=tolerance if rtol is None else rtol, atol=tolerance if atol is None else atol,
        **{name: limit for name, limit in limits.items() if limit},
    )  # fmt: skip
    return np.transpose(found.y)


ode, complex_ode = (
    refused(
        name, "it is written into, a step at a time",
        "Write integrate.solve_ivp(f, (t0, t1), y0, args=..., t_eval=...), whose solution has derivatives",
    )
    for name in ("ode", "complex_ode")
)  # fmt: skip
solve_bvp = refused(
    "solve_bvp", "its mesh is chosen by a tolerance",
    "Write the equations at the places of a mesh, and solve them with ad.root, whose solution has derivatives",
)  # fmt: skip
