"""Minima, and fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.errors import NoRuleError, user_line
from ...transforms import implicit
from ...transforms.gradients import grad
from ...transforms.implicit.constraints import one_function, own_arguments, with_arguments, without_arguments
from ...transforms.jacobians import hessian, jacobian
from .solver import Solver, as_tuple, constraints_plainly, moves, named, plain_bounds, plainly, without_class

_WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")
_WITH_HESSIAN = ("dogleg", "newton-cg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr")


def minimize(
    fun: Callable[..., Any], x0: Any, args: Any = (), method: str | None = None, jac: Any = None, hess: Any = None,
    hessp: Any = None, bounds: Any = None, constraints: Any = (), *more: Any, **options: Any,
) -> Any:  # fmt: skip
    """`scipy.optimize.minimize`; `x` and `fun` of the result have derivatives with respect to `args`.

    Parameters
    ----------
    fun : callable
        `fun(x, *args)` in NumPy functions that have derivatives, x of shape (n,); with `jac=True` it returns the
        pair of value and gradient.
    x0, args, method, jac, hess, hessp, bounds, constraints, *more, **options
        As SciPy's. The gradient and Hessian that the method wants are found by themselves where `args` are
        differentiated. The `args` of constraints count as those of the function.

    Returns
    -------
    scipy.optimize.OptimizeResult

    Raises
    ------
    SolutionError, FactorizationError
        There is no solution, or its derivative does not exist; as `ad.implicit.minimizer`.
    ClosureError
        A function closes over a Variable: pass it in `args`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> def nearest(a):
    ...     disc = {"type": "ineq", "fun": lambda x: 1 - x @ x}
    ...     return optimize.minimize(lambda x, a: np.sum((x - a) ** 2), [0.1, 0.1], args=(a,), constraints=disc).x
    >>> ad.jacobian(nearest)(np.array([0.0, 2.0])).round(3) + 0.0
    array([[0.5, 0. ],
           [0. , 0. ]])

    """
    from scipy import optimize

    args, options = as_tuple(args), named(optimize.minimize, more, options, "constraints")
    plain_bounds("minimize", bounds)
    if not moves(fun, x0, args, own_arguments(constraints)):
        return optimize.minimize(
            plainly(fun), x0, args=args, method=method, jac=plainly(jac), hess=plainly(hess), hessp=plainly(hessp),
            bounds=bounds, constraints=constraints_plainly(constraints), **options,
        )  # fmt: skip
    value: Any = (lambda x, *args: fun(x, *args)[0]) if jac is True else fun
    scalar: Any = lambda x, *args: np.reshape(value(x, *args), ())
    bare, name = without_arguments(constraints), (method or "").lower()
    given = {"jac": grad(scalar) if jac is None and name not in _WITHOUT_GRADIENT else jac, "hessp": hessp}
    given["hess"] = hessian(scalar) if hess is None and hessp is None and name in _WITH_HESSIAN else hess

    def run(x0: Any, args: Any, own: Any) -> Any:
        known = constraints_plainly(with_arguments(bare, own))
        asked = {name: plainly(function) for name, function in given.items()}
        return optimize.minimize(
            plainly(fun), x0, args=args, method=method, bounds=bounds, constraints=known, **asked, **options
        )

    equal, greater = one_function(bare, True), one_function(bare, False)
    solver = Solver("minimize", run)
    x = implicit.minimizer(
        solver, lambda x, x0, args, own: scalar(x, *args),
        equality=equal and (lambda x, x0, args, own: equal(x, own)),
        inequality=greater and (lambda x, x0, args, own: greater(x, own)), bounds=_sides(bounds),
    )(x0, args, own_arguments(constraints))  # fmt: skip
    return solver.result(x=x, fun=value(x, *args))


def _sides(bounds: Any) -> tuple[Any, Any] | None:
    """Bounds as SciPy takes them, as two vectors."""
    if bounds is None:
        return None
    if hasattr(bounds, "lb"):
        return np.asarray(bounds.lb, float), np.asarray(bounds.ub, float)
    low, high = zip(*bounds, strict=True)
    ends = [[end if b is None else b for b in side] for side, end in ((low, -np.inf), (high, np.inf))]
    return np.array(ends[0], float), np.array(ends[1], float)


def minimize_scalar(
    fun: Callable[..., Any], bracket: Any = None, bounds: Any = None, args: Any = (), *more: Any, **options: Any
) -> Any:
    """`scipy.optimize.minimize_scalar`; `x` and `fun` of the result have derivatives with respect to `args`.

    Parameters
    ----------
    fun : callable
        `fun(x, *args)` of one number, in NumPy functions that have derivatives.
    bracket, bounds, args, *more, **options
        As SciPy's.

    Returns
    -------
    scipy.optimize.OptimizeResult

    Raises
    ------
    SolutionError, FactorizationError, ClosureError
        As `minimize`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> def deepest(a):
    ...     return optimize.minimize_scalar(lambda x, a: np.exp(x) - a * x, args=(a,)).x
    >>> ad.grad(deepest)(2.0).round(6)
    np.float64(0.5)

    """
    from scipy import optimize

    args, options = as_tuple(args), named(optimize.minimize_scalar, more, options, "args")
    plain_bounds("minimize_scalar", bounds)
    if not moves(fun, args):
        return optimize.minimize_scalar(plainly(fun), bracket, bounds, args=args, **options)
    solver = Solver(
        "minimize_scalar",
        lambda args: optimize.minimize_scalar(plainly(fun), bracket, bounds, args=args, **options),
    )
    x = implicit.minimizer(solver, lambda x, args: np.reshape(fun(x, *args), ()), bounds=bounds)(args)
    return solver.result(x=x, fun=fun(x, *args))


def least_squares(
    fun: Callable[..., Any], x0: Any, jac: Any = "2-point", bounds: Any = (-np.inf, np.inf), method: str = "trf",
    *more: Any, loss: Any = "linear", args: Any = (), kwargs: Any = None, **options: Any,
) -> Any:  # fmt: skip
    """`scipy.optimize.least_squares`; `x`, `fun` and `cost` of the result have derivatives with respect to `args`.

    Parameters
    ----------
    fun : callable
        `fun(x, *args, **kwargs)` in NumPy functions that have derivatives returns the residuals.
    x0, jac, bounds, method, *more, args, kwargs, **options
        As SciPy's. The Jacobian is found by itself where `args` are differentiated; `kwargs` are not.
    loss : str or callable
        As SciPy's; "linear" where `args` are differentiated.

    Returns
    -------
    scipy.optimize.OptimizeResult

    Raises
    ------
    NoRuleError
        The solution under another loss is to be differentiated.
    SolutionError, FactorizationError, ClosureError
        As `minimize`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> slope = lambda y: optimize.least_squares(lambda p, y: p[0] + p[1] * t - y, [0.0, 0.0], args=(y,)).x[1]
    >>> ad.grad(slope)(np.array([1.0, 2.0, 4.0])).round(6) + 0.0
    array([-0.5,  0. ,  0.5])

    """
    from scipy import optimize

    plain_bounds("least_squares", bounds)
    given = {"loss": loss, "args": args, "kwargs": kwargs or {}}
    given |= named(optimize.least_squares, more, options, "method")
    loss, args, keys = given["loss"], as_tuple(given.pop("args")), given.pop("kwargs")
    rest = {"bounds": bounds, "method": method, **given}
    if not moves(fun, x0, args, keys):
        return optimize.least_squares(plainly(fun), x0, jac=plainly(jac), args=args, kwargs=keys, **rest)
    if moves(None, keys):
        raise NoRuleError(f"kwargs of least_squares have no derivative: pass them in args\n  at {user_line()}")
    if loss != "linear":
        raise NoRuleError(
            f"the solution of scipy.optimize.least_squares has a derivative with loss='linear' only, not {loss!r}\n"
            f"  at {user_line()}\nWrite ad.least_squares(fun, x0, args=..., loss=...), which has it for every loss"
        )
    residuals: Any = lambda x, *args: np.ravel(fun(x, *args, **keys))
    exact = (lambda x, *args: jac(x, *args, **keys)) if callable(jac) else jacobian(residuals)

    def run(x0: Any, args: Any) -> Any:
        return optimize.least_squares(plainly(residuals), x0, jac=plainly(exact), args=args, **rest)

    solver = Solver("least_squares", run)
    half: Any = lambda x, x0, args: 0.5 * np.sum(residuals(x, *args) ** 2)
    sides = tuple(np.asarray(side, float) for side in without_class(bounds))
    x = implicit.minimizer(solver, half, bounds=sides)(x0, args)
    found = residuals(x, *args)
    return solver.result(x=x, fun=found, cost=0.5 * np.sum(found**2))


def linprog(c: Any, *args: Any, **options: Any) -> Any:
    """`scipy.optimize.linprog`; its solution has no derivative that would be of use, and is refused one.

    Parameters
    ----------
    c, *args, **options
        As SciPy's, plain arrays.

    Returns
    -------
    scipy.optimize.OptimizeResult

    Raises
    ------
    NoRuleError
        An argument is being differentiated.

    Examples
    --------
    >>> from dragongrad.scipy import optimize
    >>> optimize.linprog([1.0, 2.0], bounds=(1, 3)).x
    array([1., 1.])

    """
    from scipy import optimize

    if moves(None, c, args, options):
        raise NoRuleError(
            "scipy.optimize.linprog has no derivative: the solution of a linear program is a corner, which stays "
            f"where it is or jumps to another as c changes\n  at {user_line()}\n"
            "Add a quadratic term and use ad.implicit.minimizer, or differentiate the active constraints as "
            "equations with ad.implicit.root"
        )
    return optimize.linprog(c, *args, **options)
