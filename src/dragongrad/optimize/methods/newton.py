"""Newton's method with a line search, on a Hessian made positive definite."""

from __future__ import annotations

import numpy as np

from ..hessians import Curvature, equilibrate
from ..limits import Limits
from ..line_search.method import LineSearchOptimizer
from ..objective import Array
from ..optimizer import check_positive
from ..vectors import vector


class Newton(LineSearchOptimizer):
    """Newton's method: the exact Hessian, its eigenvalues made positive, and a line search.

    Section 3.4 of Nocedal and Wright, "Numerical Optimization" (2006): where Cholesky's decomposition fails, each
    eigenvalue is replaced by its absolute value, or more where that would send the step too far (eq. 3.41 and
    after), which turns a saddle point from a trap into a way out. The Hessian is scaled first (`equilibrate`), so
    that units do not matter.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, decrease, curvature, max_trials
        As `LineSearchOptimizer`; the loss must be a NumPy function that returns just the value.
    reach : float
        How far a step may go where the Hessian is not positive definite, relative to the size of the parameters.

    Raises
    ------
    ArgumentError
        The loss returns its own gradient; otherwise as `LineSearchOptimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import Newton
    >>> Newton(lambda x: np.sum((x - 3) ** 4 + x**2), [0.0, 1.0]).solve().round(6)
    array([2., 2.])

    """

    reach: float = 1.0
    limits: Limits = Limits(gtol=1e-8, max_iter=1000)

    def setup(self) -> None:
        """Know no curvature yet."""
        super().setup()
        check_positive(self, "reach")
        self.here = Curvature(self)
        self.steepest = False

    def direction(self) -> Array:
        """The Newton direction of the modified Hessian."""
        g = vector(self.gradient)
        if self.steepest:
            self.steepest = False
            return -g
        hessian = self.here.hessian
        try:
            factor = np.linalg.cholesky(hessian)
            return -np.linalg.solve(factor.T, np.linalg.solve(factor, g))
        except np.linalg.LinAlgError:
            return -_solve_positive(hessian, g, vector(self.params), self.reach)

    def forget(self) -> bool:
        """Take the direction of steepest descent once."""
        self.steepest = True
        return True

    def hessian(self) -> Array:
        """The exact Hessian, which the next step will use too."""
        return self.here.exact

    def inverse_hessian(self) -> Array | None:
        """The exact inverse Hessian, where the run converged."""
        return self.here.inverse()


def _solve_positive(hessian: Array, g: Array, x: Array, reach: float) -> Array:
    """Solve with the Hessian whose eigenvalues, once it is scaled, are made positive."""
    scale = equilibrate(hessian)
    values, vectors = np.linalg.eigh(hessian / np.outer(scale, scale))
    c = vectors.T @ (g / scale)
    farthest = reach * max(float(np.linalg.norm(scale * x)), float(np.linalg.norm(scale)))
    least = float(np.linalg.norm(c)) / farthest
    return (vectors @ (c / np.maximum(np.abs(values), least))) / scale
