"""Rotations between others, in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.spatial.transform as scipys

from ....blocks.axes import as_array
from ....blocks.indexing import read
from ....core.errors import ArgumentError, user_line
from ...chapters import holds_variable, settled
from ...checks import checked
from . import quaternions as of
from .chapter import CHAPTER
from .rotation import Rotation, for_scipy, held, moves, quat_of


def _check_within(x: Any) -> None:
    if not np.all((x >= 0) & (x <= 1)):
        raise ArgumentError(f"a Slerp was asked outside of its times\n  at {user_line()}")


# A time, from 0 at the first to 1 at the last.
_within = checked("time of a Slerp", _check_within)


class Slerp:
    """`scipy.spatial.transform.Slerp`: the shortest way from rotation to rotation, in time.

    Parameters
    ----------
    times : array of shape (n,)
        Increasing, plain numbers.
    rotations : Rotation
        Of shape (n,).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial.transform import Rotation, Slerp
    >>> ends = Rotation.from_rotvec([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> ad.grad(lambda t: Slerp([0.0, 2.0], ends)(t).as_rotvec()[2])(0.5).round(12)
    np.float64(0.5)

    """

    def __init__(self, times: Any, rotations: Any) -> None:
        if holds_variable(times):
            raise ArgumentError(f"the times of a Slerp are plain numbers\n  at {user_line()}")
        self._given = held(rotations)
        if not moves(self._given):
            self.times = scipys.Slerp(settled(times), for_scipy(rotations)).times
            return
        self.times = np.asarray(settled(times), float)
        q = quat_of(self._given)
        many = self.times.ndim == 1 and np.ndim(q) == 2 and np.shape(q)[0] == self.times.size > 1
        if not many or not np.all(np.diff(self.times) > 0):
            raise ArgumentError(
                f"a Slerp of rotations of shape {np.shape(q)[:-1]} at times of shape {self.times.shape}: two or "
                f"more, as many of the one as of the other, and times that increase\n  at {user_line()}"
            )

    def __call__(self, times: Any) -> Rotation:
        """The rotations at other times, plain or Variables, within the first ones: one time, or a vector."""
        if not moves(times) and not moves(self._given):
            return held(scipys.Slerp(self.times, for_scipy(self._given))(settled(times)))
        times, q = as_array(times), self._given.quat
        if np.ndim(times) > 1:
            raise ArgumentError(f"a Slerp takes one time or a vector of them\n  at {user_line()}")
        times = times + 0 * _within((times - self.times[0]) / (self.times[-1] - self.times[0]))
        here = np.clip(np.searchsorted(self.times, times) - 1, 0, len(self.times) - 2)
        part = (times - read(self.times, here)) / read(np.diff(self.times), here)
        steps = of.to_rotvec(of.product(of.inverse(q[:-1]), q[1:]))
        moved = of.from_rotvec(read(steps, here) * part[..., None])
        return Rotation(of.normalized(of.product(read(q, here), moved)), normalize=False)


CHAPTER.states["Slerp"] = "exact derivatives"
