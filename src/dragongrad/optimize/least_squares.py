"""`least_squares`: one call from a function of residuals to the parameters that fit best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .gauss_newton import GaussNewton
from .levenberg import LevenbergMarquardt
from .limits import Iteration
from .loop import run
from .optimizer import Optimizer, find_method
from .options import arguments, check_watching, limits_asked, refuse_unknown
from .residuals import Residuals
from .result import Result

LEAST_SQUARES: dict[str, type[Optimizer]] = {
    "lm": LevenbergMarquardt, "levenbergmarquardt": LevenbergMarquardt, "gaussnewton": GaussNewton,
}  # fmt: skip


def least_squares(
    residual: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | type[Optimizer] = "lm",
    *,
    gtol: float | None = None,
    xtol: float | None = None,
    ftol: float | None = None,
    max_iter: int | None = None,
    max_time: float | None = None,
    callback: Callable[[Iteration], Any] | None = None,
    progress: bool = False,
    path: bool = False,
    compile: bool = True,
    **options: Any,
) -> Result:
    """Fit: minimize half the sum of squares of residuals; their Jacobian is found by itself.

    Parameters
    ----------
    residual : callable
        `residual(params, *args)` in plain NumPy returns the residuals: an array of any shape, or a nest of them.
    x0 : nest of arrays
        Where to start: a number, a list or array, or a nest (dict, tuple, dataclass) of them.
    args : tuple
        Further arguments of `residual`, such as the data.
    method : str or type
        "lm" (Levenberg-Marquardt), "gauss-newton", or a class of yours.
    gtol : float
        Ends the run where the cosine of the angle between the residuals and every column of their Jacobian is at
        most this (1e-10).
    xtol : float
        Ends it where a step is at most this long relative to the parameters, in scaled parameters (1e-10).
    ftol : float
        Ends it where the sum of squares falls, in truth and as predicted, by at most this relatively (1e-15). A
        tolerance of 0 switches its test off.
    max_iter, max_time : int, float
        The largest number of steps (2000), of seconds.
    callback : callable, optional
        Called with an `Iteration` after every step; it returns True to stop.
    progress : bool
        Show a progress bar, where the output is a terminal.
    compile : bool
        Compile the derivatives once they have run for about as long as compiling takes; what `residual` prints or
        stores then happens no more. Compiled and eager values are compared when the one takes over from the other
        and at the result: where they differ, a CompileWarning says so and the run goes on eagerly.
    path : bool
        Keep the parameters of every step, in `result.path`.
    **options
        Those of the method: `factor` and `second_order` of `LevenbergMarquardt`.

    Returns
    -------
    Result
        `x` of the structure of `x0`, `fun` the residuals there, of shape (m,), `cost` half their sum of squares,
        `jac` their Jacobian, of shape (m, n), `grad` the gradient of the cost, `hess_inv` the inverse of `jac' jac`
        (None where the parameters are not determined, as `message` then says), and `nit nfev njev nhev success
        status message tests`. `result.covariance()` and `result.standard_errors()` follow from it.

    Raises
    ------
    ArgumentError
        The method or an option is unknown, of the wrong kind or out of its range, or the function returns no
        residuals.
    ShapeError
        The number of residuals depends on the parameters.
    DtypeError
        Parameters or residuals are not real numbers.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = np.array([5.1, 2.9, 1.9, 1.1])
    >>> fit = ad.least_squares(lambda p: p["height"] * np.exp(-p["rate"] * t) - y, {"height": 1.0, "rate": 1.0})
    >>> round(float(fit.x["height"]), 4), round(float(fit.x["rate"]), 4)
    (5.0603, 0.5141)
    >>> fit.success
    True

    """
    check_watching(callback, progress, path, compile)
    asked = limits_asked(gtol=gtol, xtol=xtol, ftol=ftol, max_iter=max_iter, max_time=max_time)
    chosen = find_method(method, LEAST_SQUARES, " of least squares: choose 'lm', 'gauss-newton'")
    refuse_unknown(chosen.__name__, options, ["gtol", "xtol", "ftol", "max_iter", "max_time", *chosen.options])
    fit = Residuals(residual, x0, arguments(args), compile=compile)
    optimizer = chosen(fit, **options)
    limits = replace(optimizer.limits, **asked)
    result = run(optimizer, limits, callback=callback, progress=progress, path=path)
    return with_residuals(result, fit)


def with_residuals(result: Result, fit: Residuals) -> Result:
    """The result of a run on half the sum of squares, told of the residuals."""
    m, n = fit.matrix.shape
    message = result.message
    rank = fit.rank()
    if m < n:
        message += f"; there are fewer residuals ({m}) than parameters ({n}), so that x is one answer of many"
    elif rank == 0 and result.success:
        message += "; the residuals do not depend on the parameters here"
    elif rank < n and result.success:
        message += (
            f"; the Jacobian has rank {rank} at x for {n} parameters, so that some combination of them is not "
            "determined"
        )
    return replace(result, fun=fit.residual, jac=fit.matrix, cost=result.fun, grad=result.jac, message=message)
