"""How a minimization ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ..core.errors import ArgumentError
from ..core.nests import flatten, unflatten
from ..hints import Elsewhere
from .fitting.fitted import Fitted

Array: TypeAlias = np.ndarray[Any, Any]


class Status(IntEnum):
    """Why a run ended; 0 is convergence, as in SciPy."""

    CONVERGED = 0
    MAX_ITER = 1
    NO_DESCENT = 2
    NON_FINITE = 3
    UNBOUNDED = 4
    MAX_TIME = 5
    INTERRUPTED = 6
    CALLBACK = 7
    NOT_A_ROOT = 8


@dataclass(frozen=True)
class Test:
    """One test of convergence: what was measured against its tolerance."""

    # pytest need not look into it.
    __test__: ClassVar[bool] = False

    measured: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the measured number is within the tolerance; a tolerance of zero switches the test off."""
        return self.tolerance > 0 and self.measured <= self.tolerance


@dataclass(frozen=True)
class Result:
    """Where a run arrived, with the field names of `scipy.optimize.OptimizeResult`; `result["x"]` works too.

    Attributes
    ----------
    x : nest
        The best parameters, of the structure of the start.
    fun : float or ndarray
        The value there; of `least_squares` and `root` the residuals.
    jac : nest or ndarray
        The gradient there; of `least_squares` and `root` the Jacobian of the residuals.
    hess_inv : ndarray or None
        The inverse Hessian, or an estimate, from methods that have one.
    nit, nfev, njev, nhev : int
        Steps; evaluations of the value, of the gradient (or Jacobian), of second derivatives.
    success : bool
    status : Status
    message : str
        Why the run ended.
    tests : dict of str to Test
        The tests of convergence at the end: gradient, step, value.
    seconds : float
        Wall time.
    cost : float or None
        Of `least_squares`: half the sum of squares.
    grad : nest or None
        Of `least_squares`: the gradient of the cost, of the structure of the start.
    fitted : Fitted or None
        Of `least_squares`: the statistics of the fit, which `report` prints.
    path : ndarray or None
        The parameters at the start and after every step along axis 0, if asked for.
    losses : ndarray or None
        The value at each of them.
    times : ndarray or None
        Seconds from the start to each of them.

    """

    x: Any
    fun: Any
    jac: Any
    nit: int
    nfev: int
    njev: int
    success: bool
    status: Status
    message: str
    nhev: int = 0
    hess_inv: Array | None = None
    tests: dict[str, Test] = field(default_factory=dict)
    seconds: float = 0.0
    cost: float | None = None
    grad: Any = None
    fitted: Fitted | None = None
    path: Array | None = None
    losses: Array | None = None
    times: Array | None = None

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def keys(self) -> list[str]:
        """The names of the fields."""
        return [f.name for f in fields(self)]

    def covariance(self) -> Array:
        """The covariance matrix of fitted parameters: `inv(jac' jac)` times the variance of the residuals.

        Of a least-squares fit of m residuals that determines n parameters the variance is `2 cost / (m - n)`, or 1
        with `absolute_sigma`. What the data does not determine, alone or together with other parameters, has an
        infinite variance and NaN beside it; the rest is right. Under a robust loss the covariance is that of Huber,
        "Robust Statistics" (1981), equation (6.5) of chapter 7. Its rows are in the order of the report: a dict's
        keys sorted, whatever their order in the start.

        Raises
        ------
        ArgumentError
            The result is of no fit, or there are no more residuals than parameters.

        Examples
        --------
        >>> import numpy as np, dragongrad as ad
        >>> ad.least_squares(lambda mean: mean - np.array([1.0, 2.0, 3.0]), 0.0).covariance().round(6)
        array([[0.333333]])

        """
        return self._statistics().covariance()

    def standard_errors(self) -> Any:
        """The standard deviations of fitted parameters, of the structure of `x`; errors as `covariance`.

        That of a parameter which the data does not determine is infinite.
        """
        deviations = np.sqrt(np.diag(self.covariance()))
        leaves, structure = flatten(self.x)
        ends = np.cumsum([np.size(leaf) for leaf in leaves])
        parts = np.split(deviations, ends[:-1])
        shaped = [
            float(p[0]) if type(x) is float else np.reshape(p, np.shape(x))[()]
            for p, x in zip(parts, leaves, strict=True)
        ]
        return unflatten(structure, shaped)

    def report(self) -> str:
        """A fit as a text: statistics, parameters with standard errors, correlations; `print` shows it too.

        Raises
        ------
        ArgumentError
            The result is of no fit.

        """
        return self._statistics().report()

    # What lmfit calls what is here

    fit_report = Elsewhere("lmfit", "print(fit), or fit.report()")
    params = Elsewhere("lmfit", "fit.x, of the structure of the start")
    best_values = Elsewhere("lmfit", "fit.x, of the structure of the start")
    covar = Elsewhere("lmfit", "fit.covariance()")
    chisqr = Elsewhere("lmfit", "2 * fit.cost")

    def _statistics(self) -> Fitted:
        if self.fitted is None:
            raise ArgumentError("covariance and standard errors are those of a fit: see ad.least_squares")
        return self.fitted

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __str__(self) -> str:
        if self.fitted is None:
            return repr(self)
        return f"{self.message}\n{self.fitted.report()}"

    def __repr__(self) -> str:
        hidden = ("tests", "fitted", "path", "losses", "times")
        shown = [k for k in self.keys() if getattr(self, k) is not None and k not in hidden]
        width = max(len(k) for k in shown)
        lines = []
        for k in ["message", "success", *[k for k in shown if k not in ("message", "success")]]:
            value = getattr(self, k)
            text = f"{int(value)} ({value.name})" if isinstance(value, Status) else _shorten(value)
            lines.append(f"{k:>{width}}: " + text.replace("\n", "\n" + " " * (width + 2)))
        return "\n".join(lines)


def _shorten(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, threshold=8, suppress_small=False)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
