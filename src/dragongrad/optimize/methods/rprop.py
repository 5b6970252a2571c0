"""Rprop: resilient propagation."""

from __future__ import annotations

import numpy as np

from ...core.errors import ArgumentError
from .first_order import FirstOrder
from .formulas import FORMULAS
from .pieces import pieces


class Rprop(FirstOrder):
    """Rprop: a step of its own for each coordinate, longer while the slope keeps its sign, else shorter.

    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm" (ICNN
    1993), in the form without going back, iRprop⁻, of Igel and Hüsken, "Empirical evaluation of the improved Rprop
    learning algorithms" (Neurocomputing 50, 2003), which is also PyTorch's: where the sign has turned, the step
    shrinks and the coordinate stands still for one step. Only signs of the gradient count, never its size.

    Parameters
    ----------
    loss_func, params, max_iter, tol, clip
        As `Optimizer`.
    lr : float
        The length of the first step in every coordinate; no schedule, since the method finds its own lengths.
    increase, decrease : float
        What a step is multiplied by: above 1, and between 0 and 1.
    smallest, largest : float
        Bounds of the steps. 1993's 1e-6 for the smallest would hold exact gradients back from converging.

    Raises
    ------
    ArgumentError
        `lr` is a schedule, or the other options do not lie as said; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import Rprop
    >>> Rprop(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0]).solve().round(6)
    array([3., 3.])

    """

    increase: float = 1.2
    decrease: float = 0.5
    smallest: float = 0.0
    largest: float = 50.0
    formula = FORMULAS["rprop"]

    def setup(self) -> None:
        """Check the options and start every step at the same length."""
        if self.schedule is not None:
            raise ArgumentError("Rprop finds its own step lengths: give the first one as a number, lr=0.01")
        if not (self.increase > 1 and 0 < self.decrease < 1):
            raise ArgumentError(
                f"increase must be above 1 and decrease between 0 and 1, got {self.increase} and {self.decrease}"
            )
        super().setup()
        if not self.smallest < self.largest:
            raise ArgumentError(f"smallest must be less than largest, got {self.smallest} and {self.largest}")

    def step(self) -> None:
        """Move, and see whether every coordinate that would have moved has turned."""
        super().step()
        moved = turned = False
        for g, sign, length in pieces(self.gradient, self.memory["sign"], self.memory["length"]):
            moved = moved or bool(np.any(sign * length))
            turned = turned or bool(np.any((sign == 0) & (g != 0)))
        self.resting = turned and not moved
        if self.resting:
            self.arrive(self.params, self.loss, self.gradient)
