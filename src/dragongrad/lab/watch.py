"""What becomes of many runs: since when each stays within a radius, where it ends, whether it is lost."""

from __future__ import annotations

import numpy as np

from ..optimize.objective import Array

# A start that makes a step of this many times the size of the region is given up.
_FAR = 1e3


class Watch:
    """Follows many runs: since when each stays within a radius, where it ends, whether it is lost."""

    def __init__(self, starts: Array, radius: float) -> None:
        self.ends = starts.copy()
        self.since = np.zeros(len(starts), int)
        self.lost = np.zeros(len(starts), bool)
        self.begun = np.zeros(len(starts), bool)
        self.anchor = starts.copy()
        self.radius, self.near = radius, radius**2
        self.far = (_FAR * (1 + float(np.abs(starts).max()))) ** 2

    def look(self, step: int, params: Array, moving: Array) -> None:
        """Note where the runs that still move stand after a step; what is lost moves no longer."""
        # By columns: NumPy is slow along an axis of two.
        dx, dy = params[:, 0] - self.anchor[:, 0], params[:, 1] - self.anchor[:, 1]
        away = dx * dx + dy * dy
        # A comparison with NaN is false, so that what is not finite is lost.
        gone = moving & ~(away < self.far)
        if gone.any():
            self.lost |= gone
            self.ends[gone] = self.anchor[gone]
            moving &= ~gone
        left = moving & (away > self.near)
        if left.any():
            self.since[left] = step
            self.anchor[left] = params[left]
