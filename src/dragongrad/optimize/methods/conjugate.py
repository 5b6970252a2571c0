"""The nonlinear conjugate gradient method of Hager and Zhang."""

from __future__ import annotations

import numpy as np

from ..limits import Limits
from ..line_search.method import LineSearchOptimizer
from ..objective import Array
from ..optimizer import check_positive
from ..vectors import dot, vector

_TINY = float(np.finfo(float).tiny)


class ConjugateGradient(LineSearchOptimizer):
    """Nonlinear conjugate gradients: a direction from the gradient and the last direction, and no matrix.

    Equations (1.3) to (1.6) of Hager and Zhang, "A new conjugate gradient method with guaranteed descent and an
    efficient line search", SIAM J. Optim. 16 (2005) 170-192: for a quadratic the method of Hestenes and Stiefel.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, decrease, curvature, max_trials
        As `LineSearchOptimizer`; `curvature` is small, for conjugacy needs nearly exact searches.
    floor : float
        The bound from below of the factor of the last direction.

    Raises
    ------
    ArgumentError
        `floor` is not positive; otherwise as `LineSearchOptimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import ConjugateGradient
    >>> ConjugateGradient(lambda x: np.sum((x - 3) ** 2 * [1, 100]), [0.0, 1.0]).solve().round(6)
    array([3., 3.])

    """

    floor: float = 0.01
    curvature: float = 0.1
    limits: Limits = Limits(gtol=1e-6, max_iter=50000)

    def setup(self) -> None:
        """Know no direction yet."""
        super().setup()
        check_positive(self, "floor")
        self.last: Array = np.zeros(self.params.size)
        self.next: Array | None = None
        self.length = 0.0

    def direction(self) -> Array:
        """The conjugate direction, worked out when the last step was taken in."""
        self.last = -vector(self.gradient) if self.next is None else self.next
        return self.last

    def first_trial(self, direction: Array) -> float:
        """The step that would gain as much, to first order, as the last one (Nocedal and Wright, eq. 3.60)."""
        size = max(float(np.linalg.norm(direction)), _TINY)
        if self.next is None or not self.length:
            return self.lr / size
        return min(self.length / dot(self.gradient, direction), 1e10 / size)

    def learn(self, moved: Array, turned: Array) -> None:
        """Turn the direction by what the gradient did along it."""
        d, g = self.last, vector(self.gradient)
        before = g - turned
        step = float(np.linalg.norm(moved)) / max(float(np.linalg.norm(d)), _TINY)
        self.length = step * float(before @ d)
        dy = float(d @ turned)
        if not dy > 0:
            self.next = None
            return
        beta = float((turned - d * (2 * float(turned @ turned) / dy)) @ g) / dy
        least = -1 / max(float(np.linalg.norm(d)) * min(self.floor, float(np.linalg.norm(before))), _TINY)
        self.next = -g + max(beta, least) * d

    def forget(self) -> bool:
        """Drop the last direction."""
        known, self.next = self.next is not None, None
        return known
