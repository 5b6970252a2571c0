"""BFGS: a dense inverse Hessian learned from the gradients."""

from __future__ import annotations

import numpy as np

from ..line_search.method import LineSearchOptimizer
from ..objective import Array
from ..vectors import vector


class BFGS(LineSearchOptimizer):
    """BFGS: a quasi-Newton method that builds the inverse Hessian from changes of the gradient.

    Algorithm 6.1 of Nocedal and Wright, "Numerical Optimization" (2006): update (6.17), the identity scaled by
    (6.20) before the first one, steps by the strong Wolfe conditions.
    (Broyden, Fletcher, Goldfarb and Shanno 1970.)

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, decrease, curvature, max_trials
        As `LineSearchOptimizer`.

    Raises
    ------
    ArgumentError
        As `LineSearchOptimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import BFGS
    >>> BFGS(lambda x: np.sum((x - 3) ** 2 * [1, 100]), [0.0, 1.0]).solve()
    array([3., 3.])

    """

    def setup(self) -> None:
        """Know nothing yet."""
        super().setup()
        self.inverse: Array | None = None

    def direction(self) -> Array:
        """The quasi-Newton direction `-H g`."""
        g = vector(self.gradient)
        return -g if self.inverse is None else -(self.inverse @ g)

    def first_trial(self, direction: Array) -> float:
        """One, but for the first step, which is of length one."""
        return self.lr if self.inverse is not None else self.lr / float(np.linalg.norm(direction))

    def learn(self, moved: Array, turned: Array) -> None:
        """Update the inverse Hessian where the curvature along the step is positive."""
        sy, yy = float(moved @ turned), float(turned @ turned)
        if not (yy > 0 and sy > np.finfo(float).eps * float(np.linalg.norm(moved)) * np.sqrt(yy)):
            return
        if self.inverse is None:
            self.inverse = np.eye(moved.size) * (sy / yy)
        h = self.inverse
        hy = h @ turned
        h += np.outer(moved, moved) * ((1 + float(turned @ hy) / sy) / sy)
        cross = np.outer(hy, moved / sy)
        h -= cross + cross.T

    def forget(self) -> bool:
        """Drop the inverse Hessian."""
        known, self.inverse = self.inverse is not None, None
        return known

    def inverse_hessian(self) -> Array | None:
        """The estimate of the inverse Hessian."""
        return self.inverse
