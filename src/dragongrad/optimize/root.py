"""Newton's method for systems of equations, and `root`: one call from a function to where it is zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ..core.errors import ShapeError
from .fitting.backtracking import backtrack
from .fitting.damping import LinearModel, norm
from .fitting.levenberg import LevenbergMarquardt
from .fitting.residuals import Residuals, needs_residuals
from .limits import Iteration, Limits
from .loop import run
from .objective import Array, Objective
from .optimizer import Optimizer, find_method
from .options import arguments, check_watching, limits_asked, refuse_unknown
from .progress import Watch
from .result import Result, Status, Test
from .solutions import depends
from .solutions import root as root_of
from .stalled import Stalled

# A line search that had to shorten Newton's step this much was on a poor line.
_SHORT = 0.01
# |f| is stationary where f has no greater component than this along any column of its Jacobian, relative to the
# lengths of both, that of the column being the greatest it had.
_STATIONARY = 1e-8
# At a root Newton's step is at most this long, relative to each unknown, here or at the start.
_STILL = 1e-4


class NewtonRoot(Optimizer):
    """Newton's method for f(x) = 0: each step solves `J p = -f`, shortened until `|f|` falls.

    Dennis and Schnabel, *Numerical Methods for Unconstrained Optimization and Nonlinear Equations* (1983),
    algorithm D6.1.3 with a line search. Where the Jacobian is singular the shortest least-squares solution is
    taken; where the line search shortens it to less than a hundredth, damped steps of that length instead, which
    turn towards the steepest descent of `|f|²`.

    Parameters
    ----------
    loss_func : callable
        `f(params)` returns as many numbers as there are parameters.
    params, max_iter
        As `Optimizer`; `lr` and `clip` are refused.

    Raises
    ------
    ShapeError
        There are not as many equations as parameters.
    ArgumentError
        The method is given a function that returns one value to be minimized.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import NewtonRoot
    >>> NewtonRoot(lambda x: np.stack([x[0] ** 2 + x[1] ** 2 - 2, x[0] - x[1]]), [2.0, 0.5]).minimize().x
    array([1., 1.])

    """

    limits: Limits = Limits(gtol=0.0, xtol=1e-10, ftol=1e-14, max_iter=1000)
    objective_class: ClassVar[type[Objective]] = Residuals
    without = ("lr", "clip")

    def setup(self) -> None:
        """Take hold of the equations."""
        self.fit = needs_residuals(self)
        self.step_test = math.inf
        self.first = 0.0
        self.scale: Array = np.zeros(1)

    def tests(self) -> dict[str, Test]:
        """The length of Newton's whole step relative to x, and the largest `|f|` relative to that at the start."""
        limits, largest = self.limits, float(np.max(np.abs(self.fit.residual)))
        self.first = self.first or largest or 1.0
        finest = 4 * float(np.finfo(self.params.dtype).eps)
        return {
            "step": Test(self.step_test, limits.xtol and max(limits.xtol, finest)),
            "value": Test(largest / self.first, limits.ftol),
        }

    def step(self) -> None:
        """Solve the linear system and search along its answer."""
        fit, x = self.fit, self.params.ravel()
        _check_square(fit)
        self.scale = np.maximum(self.scale, fit.norms())
        scale = np.where(self.scale > 0, self.scale, 1.0)
        slope = float(np.max(np.abs(self.gradient.ravel()) / scale)) / norm(fit.residual)
        if slope <= _STATIONARY:
            raise Stalled(not_a_root(fit), Status.NOT_A_ROOT)
        model = LinearModel(*fit.triangle(), scale, fit.residual.size)
        z = model.undamped()
        p = model.step(z)
        length, size = norm(p), norm(scale * x)
        with np.errstate(all="ignore"):
            found = backtrack(fit, x, p / scale, self.loss, -(model.shift(z) ** 2), _SHORT)
            if found is None and model.full and length <= max(self.limits.xtol, 1e-12) * size:
                message = "Newton's step is too short to lower |f|: x is a root within rounding"
                raise Stalled(message, Status.CONVERGED)
            found = found or self._damped(model, x, scale, min(_SHORT * length, size or length))
        if found is None:
            raise self._news(slope)
        new, loss, t = found
        self.step_test = length / max(size, 1e-300) if model.full and t == 1 else math.inf
        gradient = fit.jacobian(new).T @ fit.residual
        self.arrive(new.reshape(self.params.shape), loss, gradient.reshape(self.params.shape))

    def _news(self, slope: float) -> Stalled:
        """How a run ends that is stuck."""
        # At the least |f| that rounding lets it reach, the slope is about the root of the precision.
        if slope <= 1e-5:
            return Stalled(not_a_root(self.fit), Status.NOT_A_ROOT)
        return Stalled(
            "no step along the derivatives lowers |f|: f is not smooth here, or its derivative is not right "
            "(ad.testing.check_derivatives finds out)"
        )

    def _damped(
        self, model: LinearModel, x: Array, scale: Array, length: float
    ) -> tuple[Array, float, float] | None:
        """The best of the damped steps from a length on, each a tenth of the last, until one is worse."""
        fit, best, kept = self.fit, None, self.fit.known()
        for k in range(17):
            _, z = model.damped(length * 0.1**k, 0.0)
            new = (x + model.step(z) / scale).astype(x.dtype)
            loss = fit.value(new.reshape(self.params.shape))
            if loss < (self.loss if best is None else best[1]):
                best, kept = (new, loss, 0.0), fit.known()
            elif best is not None:
                break
        fit.recall(kept)
        return best


def not_a_root(fit: Residuals) -> str:
    """What is said of a stationary point of |f| where f is not zero."""
    return (
        f"x is a stationary point of |f| but no root: |f| is {norm(fit.residual):.6g} there and the Jacobian has "
        f"rank {fit.rank()} of {fit.matrix.shape[1]}; try another start, or f may have no root"
    )


ROOTS: dict[str, type[Optimizer]] = {"newton": NewtonRoot, "lm": LevenbergMarquardt}


def root(
    f: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | type[Optimizer] | None = None,
    *,
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
    """Find where a system of equations is zero; its Jacobian is found by itself.

    Parameters
    ----------
    f : callable
        `f(params, *args)` in plain NumPy returns as many numbers as `x0` holds: an array of any shape, or a nest.
    x0 : nest of arrays
        Where to start: a number, a list or array, or a nest (dict, tuple, dataclass) of them.
    args : tuple
        Further arguments of `f`. While they are differentiated, `x` of the result has derivatives with respect to
        them.
    method : str or type, optional
        "newton", "lm" (Levenberg-Marquardt on `|f|²`), or a class of yours; without it Newton's, and where that
        ends without a root, Levenberg-Marquardt from `x0`.
    xtol : float
        Ends the run where Newton's whole step is at most this long relative to x (1e-10).
    ftol : float
        Ends it where the largest `|f|` is at most this much of the largest at the start (1e-14).
    max_iter, max_time : int, float
        The largest number of steps (1000), of seconds.
    callback, progress, watch, path
        As `least_squares`.
    compile : bool
        Compile the derivatives once they have run for about as long as compiling takes; what `f` prints or stores
        then happens no more. Compiled and eager values are compared when the one takes over from the other and at
        the result: where they differ, a CompileWarning says so and the run goes on eagerly.
    **options
        Those of the method.

    Returns
    -------
    Result
        `x` of the structure of `x0`, `fun` the values of f there, of shape (n,), `jac` their Jacobian, of shape
        (n, n), and `nit nfev njev success status message tests`. A stationary point of `|f|` that is no root has
        `success` False and the status NOT_A_ROOT.

    Raises
    ------
    ShapeError
        There are not as many equations as unknowns.
    ArgumentError
        The method or an option is unknown, of the wrong kind or out of its range, or `f` returns nothing.
    DtypeError
        Unknowns or equations are not real numbers.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.root(lambda x: np.cos(x) - x, 1.0).x.round(6)
    np.float64(0.739085)
    >>> ad.root(lambda x: x**2 + 1, 3.0).status
    <Status.NOT_A_ROOT: 8>

    """
    check_watching(callback, progress, watch, path, compile)
    asked = limits_asked(xtol=xtol, ftol=ftol, max_iter=max_iter, max_time=max_time)
    chosen = find_method("newton" if method is None else method, ROOTS, " of root", "'newton', 'lm'")
    refuse_unknown(chosen.__name__, options, ["xtol", "ftol", "max_iter", "max_time", *chosen.options])
    if depends(f, x0, args):

        def plainly(x0: Any, args: tuple[Any, ...]) -> Result:
            return root(f, x0, args, method, compile=compile, callback=callback, progress=progress,
                        watch=watch, path=path, **asked, **options)  # fmt: skip

        return root_of(f, x0, arguments(args), plainly)
    fit = Residuals(f, x0, arguments(args), compile=compile)
    show: dict[str, Any] = {"callback": callback, "progress": progress, "watch": watch, "path": path}
    result = _run(chosen, fit, asked, show, options)
    if method is None and result.status in (Status.NOT_A_ROOT, Status.NO_DESCENT, Status.MAX_ITER):
        # The counts of `fit` go on, and the start is the same.
        second = _run(LevenbergMarquardt, fit, asked, show, {})
        if second.success or norm(second.fun) < norm(result.fun):
            return second
        return replace(result, nfev=second.nfev, njev=second.njev, nhev=second.nhev)
    return result


def _run(
    method: type[Optimizer], fit: Residuals, asked: dict[str, Any], show: dict[str, Any], options: dict[str, Any]
) -> Result:
    optimizer = method(fit, **options)
    own = {k: v for k, v in asked.items() if k != "ftol" or isinstance(optimizer, NewtonRoot)}
    result = run(optimizer, replace(optimizer.limits, **own), **show)
    _check_square(fit)
    is_root = isinstance(optimizer, NewtonRoot) or (result.success and _is_root(fit, result.x))
    if result.success and not (is_root and _ends(fit, result.x)):
        result = replace(result, success=False, status=Status.NOT_A_ROOT, message=not_a_root(fit))
    return replace(result, fun=fit.residual, jac=fit.matrix, hess_inv=None)


def _check_square(fit: Residuals) -> None:
    m, n = fit.matrix.shape
    if m != n:
        raise ShapeError(
            f"{m} equation{'s' * (m != 1)} in {n} unknown{'s' * (n != 1)}: a root needs as many of the one as of "
            "the other; fit them with ad.least_squares(f, x0)"
        )


def _ends(fit: Residuals, x: Any) -> bool:
    """Whether Newton's step is short for every unknown.

    One whose root is at infinity, as that of `exp(x)`, or that is still on its way, is easily forgotten beside
    another that is large.
    """
    f, matrix, x = fit.residual, fit.matrix, np.ravel(fit.packing.pack(x))
    rough = max(1e-12, 10 * float(np.finfo(f.dtype).eps))
    with np.errstate(all="ignore"):
        if np.all(np.abs(f) <= rough * (np.abs(matrix) @ np.abs(x))):
            return True
        columns = np.max(np.abs(matrix), axis=0)
        columns = np.where(columns > 0, columns, 1.0)
        rows = np.max(np.abs(matrix / columns), axis=1)
        rows = np.where(rows > 0, rows, 1.0)
        scaled, left = matrix / columns / rows[:, None], f / rows
    if not (np.isfinite(scaled).all() and np.isfinite(left).all()):
        return True
    step = np.linalg.lstsq(scaled, left)[0] / columns
    start = np.abs(np.ravel(fit.start))
    # A zero at the start tells of no size.
    size = np.maximum(np.abs(x), np.where(start > 0, start, 1.0))
    return bool(np.all(np.abs(step) <= _STILL * size))


def _is_root(fit: Residuals, x: Any) -> bool:
    """Whether f is zero up to rounding where its fit ended, or a short step of Newton's away."""
    f, matrix, x = fit.residual, fit.matrix, np.ravel(fit.packing.pack(x))
    if np.all(np.abs(f) <= 1e-12 * (np.abs(matrix) @ np.abs(x))):
        return True
    norms = fit.norms()
    if not norms.all():
        return False
    model = LinearModel(*fit.triangle(), norms, f.size)
    # Both are as small as f may be: their squares must not vanish.
    largest = np.max(norms)
    return model.full and norm(model.undamped() / largest) <= 1e-6 * norm(norms / largest * x)
