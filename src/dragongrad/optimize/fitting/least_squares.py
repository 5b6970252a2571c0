"""`least_squares`: one call from a function of residuals to the parameters that fit best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ..limits import Iteration
from ..loop import run
from ..optimizer import Optimizer, find_method
from ..options import arguments, check_watching, choice, limits_asked, positive, refuse_unknown, switch
from ..progress import Watch
from ..result import Result
from ..solutions import depends
from ..solutions import least_squares as least_squares_of
from .damping import triangle_of
from .evaluations import flat
from .fitted import Fitted
from .gauss_newton import GaussNewton
from .levenberg import LevenbergMarquardt
from .residuals import Residuals, needs_residuals
from .robust import LOSSES, Loss, Weights

LEAST_SQUARES: dict[str, type[Optimizer]] = {
    "lm": LevenbergMarquardt, "levenberg-marquardt": LevenbergMarquardt, "gauss-newton": GaussNewton,
}  # fmt: skip


def least_squares(
    residual: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | type[Optimizer] = "lm",
    *,
    bounds: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    loss: str = "linear",
    f_scale: float = 1.0,
    gtol: float | None = None,
    xtol: float | None = None,
    ftol: float | None = None,
    max_iter: int | None = None,
    max_time: float | None = None,
    callback: Callable[[Iteration], Any] | None = None,
    progress: bool = False,
    watch: Watch = False,
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
        Further arguments of `residual`, such as the data. While they are differentiated, `x`, `fun` and `cost` of
        the result have derivatives with respect to them.
    method : str or type
        "lm" (Levenberg-Marquardt), "gauss-newton", or a class of yours.
    bounds : optional
        `(low, high)`, each a number, None, or an array or nest like `x0`; or `scipy.optimize.Bounds`. Of a nest
        also a nest of pairs, in which a dict may leave out what has no bounds. Of "lm" only.
    sigma : array or nest, optional
        The standard deviations of the data, one for each residual or one for all, by which the residuals are
        divided; or the covariance matrix, of shape (m, m), of m residuals.
    absolute_sigma : bool
        Whether `sigma` holds the deviations themselves; otherwise only their ratios count, and the residuals tell
        how large they are.
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"}
        What is summed: squares, or as SciPy has them functions that grow more slowly, so that outliers count less.
    f_scale : float
        Residuals below this count (nearly) as they do with "linear".
    gtol : float
        Ends the run where the cosine of the angle between the residuals and every column of their Jacobian is at
        most this, and that of the angle to all columns together (1e-10).
    xtol : float
        Ends it where a step is at most this long relative to the parameters, in scaled parameters (1e-10); such a
        step is not made where rounding would hide all that it gains.
    ftol : float
        Ends it where the sum of squares falls, in truth and as predicted, by at most this relatively (1e-15). A
        tolerance of 0 switches its test off.
    max_iter, max_time : int, float
        The largest number of steps (2000), of seconds.
    callback : callable, optional
        Called with an `Iteration` after every step; it returns True to stop.
    progress : bool
        Show a progress bar, where the output is a terminal.
    watch : bool or callable
        True: a bar with a curve at a terminal, a plot that grows in a notebook. A function is called with what is
        seen, a `dragongrad.optimize.Glimpse`, at most ten times a second and at the end.
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
        `x` of the structure of `x0`, `fun` the residuals there, of shape (m,), over `sigma`, `cost` half their sum
        of squares (or the loss), `jac` their Jacobian, of shape (m, n), `grad` the gradient of the cost, `hess_inv`
        the inverse of `jac' jac` (None where the parameters are not determined, as `message` then says), and `nit
        nfev njev nhev success status message tests`. `result.covariance()` and `result.standard_errors()` follow
        from it, and `print(result)` shows a report of the fit.

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

    An outlier, and what it does under a robust loss:

    >>> y[1] = 5.0
    >>> start = {"height": 1.0, "rate": 1.0}
    >>> model = lambda p: p["height"] * np.exp(-p["rate"] * t) - y
    >>> for loss in ("linear", "cauchy"):
    ...     print(round(float(ad.least_squares(model, start, loss=loss, f_scale=0.1).x["rate"]), 3))
    0.42
    0.501

    """
    check_watching(callback, progress, watch, path, compile)
    asked = limits_asked(gtol=gtol, xtol=xtol, ftol=ftol, max_iter=max_iter, max_time=max_time)
    chosen = find_method(method, LEAST_SQUARES, " of least squares", "'lm', 'gauss-newton'")
    known = [*_KEYWORDS, *(name for name in chosen.options if name != "bounds")]
    refuse_unknown(chosen.__name__, options, known)
    if depends(residual, x0, args, sigma):

        def plainly(x0: Any, args: tuple[Any, ...]) -> Result:
            return least_squares(
                residual, x0, args, method, bounds=bounds, sigma=sigma, absolute_sigma=absolute_sigma, loss=loss,
                f_scale=f_scale, callback=callback, progress=progress, watch=watch, path=path, compile=compile,
                **asked, **options,
            )  # fmt: skip

        return _differentiated(residual, x0, arguments(args), plainly, bounds, sigma, loss, f_scale)
    if bounds is not None:
        if "bounds" not in chosen.options:
            raise ArgumentError(f"{chosen.__name__} takes no bounds: leave out method, or choose 'lm'")
        options["bounds"] = bounds
    switch("absolute_sigma", absolute_sigma)
    robust = _robust(loss, f_scale, absolute_sigma)
    weights = None if sigma is None else Weights(sigma)
    fit = Residuals(residual, x0, arguments(args), compile=compile, sigma=weights, loss=robust)
    optimizer = chosen(fit, **options)
    limits = replace(optimizer.limits, **asked)
    result = run(optimizer, limits, callback=callback, progress=progress, watch=watch, path=path)
    with np.errstate(all="ignore"):
        return with_residuals(result, optimizer, absolute_sigma)


def _differentiated(
    residual: Any, x0: Any, args: tuple[Any, ...], run: Any, bounds: Any, sigma: Any, loss: Any, f_scale: Any
) -> Result:
    if depends(None, sigma):
        raise ArgumentError("sigma is a Variable: fit residual(x) / sigma, and pass it among args")
    weights, robust = None if sigma is None else Weights(sigma), _robust(loss, f_scale, False)

    def residuals(x: Any, *args: Any) -> Any:
        return flat(residual(x, *args), weights)

    cost = (lambda r: 0.5 * np.sum(r**2)) if robust is None else robust.cost
    return least_squares_of(residuals, cost, x0, args, bounds, run)


# What `least_squares` takes for every method.
_KEYWORDS = ("bounds", "sigma", "absolute_sigma", "loss", "f_scale", "gtol", "xtol", "ftol", "max_iter", "max_time")


def _robust(loss: Any, f_scale: Any, absolute: bool) -> Loss | None:
    name, scale = choice("loss", loss, ("linear", *LOSSES)), positive("f_scale", f_scale)
    if name == "linear":
        return None
    if absolute:
        raise ArgumentError(
            "absolute_sigma goes with loss='linear': under a robust loss the standard errors come from the scatter "
            "of the residuals themselves"
        )
    return replace(LOSSES[name], scale=scale)


def with_residuals(result: Result, optimizer: Optimizer, absolute: bool = False) -> Result:
    """The result of a run on half the sum of squares, told of the residuals."""
    fit = needs_residuals(optimizer)
    m, n = fit.slopes.shape
    message = result.message
    if not fit.slopes.size or not np.isfinite(fit.slopes).all() or not np.isfinite(fit.plain).all():
        return replace(result, fun=fit.plain, jac=fit.slopes, cost=result.fun, grad=result.jac)
    x, box = np.ravel(fit.packing.pack(result.x)), optimizer.box
    start = np.ravel(fit.start if box is None else box.clip(fit.start))
    varied = np.ones(n, bool) if box is None else box.low < box.high
    n = int(np.sum(varied))
    r = (fit.triangle() if fit.loss is None else triangle_of(fit.slopes, fit.plain))[0]
    fitted = Fitted(
        fit.packing.names(), x, start, None if box is None else box.at_bounds(x), varied,
        fit.plain, r, absolute, fit.loss, result.fun, type(optimizer).__name__, result.nfev,
    )  # fmt: skip
    rank = fitted.rank
    if m < n:
        message += f"; there are fewer residuals ({m}) than parameters ({n}), so that x is one answer of many"
    elif rank == 0 and result.success:
        message += "; the residuals do not depend on the parameters here"
    elif rank < n and result.success:
        message += (
            f"; the Jacobian has rank {rank} at x for {n} parameters, so that some combination of them is not "
            "determined"
        )
    places = np.zeros(x.size) if fitted.places is None else fitted.places * varied
    if places.any():
        held = [name for name, place in zip(fitted.names, places, strict=True) if place]
        message += f"; at a bound: {', '.join(held[:5])}{' ...' if len(held) > 5 else ''}"
    return replace(
        result, fun=fit.plain, jac=fit.slopes, cost=result.fun, grad=result.jac, message=message, fitted=fitted
    )
