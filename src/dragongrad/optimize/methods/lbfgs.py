"""L-BFGS: BFGS that remembers its last steps instead of a matrix."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..limits import Limits
from ..line_search.method import LineSearchOptimizer
from ..objective import Array
from ..optimizer import check_positive
from ..vectors import vector


class LBFGS(LineSearchOptimizer):
    """L-BFGS: the inverse Hessian that the last `memory` steps say, never formed.

    The two-loop recursion, algorithm 7.4 of Nocedal and Wright, "Numerical Optimization" (2006), with the scaling
    (7.20); Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", Math. Program. 45
    (1989).

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, decrease, curvature, max_trials
        As `LineSearchOptimizer`.
    memory : int
        How many steps are remembered.

    Raises
    ------
    ArgumentError
        `memory` is not positive; otherwise as `LineSearchOptimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import LBFGS
    >>> LBFGS(lambda x: np.sum((x - 3) ** 2 * [1, 100]), [0.0, 1.0]).solve()
    array([3., 3.])

    """

    memory: int = 10
    decrease: float = 1e-3
    limits: Limits = Limits(gtol=1e-5, ftol=2.220446e-9, max_iter=15000)

    def setup(self) -> None:
        """Know nothing yet."""
        super().setup()
        check_positive(self, "memory")
        self.past: deque[tuple[Array, Array, float]] = deque(maxlen=self.memory)

    def direction(self) -> Array:
        """The quasi-Newton direction, by the two-loop recursion."""
        q = -vector(self.gradient)
        if not self.past:
            return q
        weights = []
        for moved, turned, sy in reversed(self.past):
            weight = float(moved @ q) / sy
            q -= weight * turned
            weights.append(weight)
        _, turned, sy = self.past[-1]
        q *= sy / float(turned @ turned)
        for (moved, turned, sy), weight in zip(self.past, reversed(weights), strict=True):
            q += (weight - float(turned @ q) / sy) * moved
        return q

    def first_trial(self, direction: Array) -> float:
        """One, but for the first step, which is of length one."""
        return self.lr if self.past else self.lr / float(np.linalg.norm(direction))

    def learn(self, moved: Array, turned: Array) -> None:
        """Remember a step along which the curvature is positive."""
        sy, lengths = float(moved @ turned), float(np.linalg.norm(moved) * np.linalg.norm(turned))
        if sy > np.finfo(float).eps * lengths > 0:
            self.past.append((moved, turned, sy))

    def forget(self) -> bool:
        """Drop the steps."""
        known = bool(self.past)
        self.past.clear()
        return known
