"""Learning-rate schedules: functions of the number of steps made so far, for the `lr` of any optimizer.

They are plain NumPy, so that a count may also be an array inside a compiled training step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from .options import count, not_negative, positive, real, shown, switch

Schedule = Callable[[Any], Any]


def _check_rate(**rates: float) -> None:
    for name, value in rates.items():
        positive(name, value)


def _check_steps(**numbers: int) -> None:
    for name, value in numbers.items():
        count(name, value)


def _check_factor(factor: float) -> None:
    _check_part(factor=factor)


def _check_part(**parts: float) -> None:
    for name, value in parts.items():
        found = real(value)
        if found is None or not 0 < found <= 1:
            raise ArgumentError(f"{name} must lie in (0, 1], got {shown(value)}")


def _half_wave(begin: float, end: float, part: Any) -> Any:
    """From `begin` to `end` along half a wave of the cosine, `part` of the way, and then staying."""
    return end + (begin - end) * 0.5 * (1 + np.cos(math.pi * np.minimum(part, 1.0)))


def _rate(value: Any, count: Any) -> Any:
    """A rate: a number of Python's for a count that is one."""
    return float(value) if isinstance(count, (int, float, np.number)) else value


@dataclass(frozen=True)
class ConstantRate:
    """The same rate at every step; what a plain number for `lr` means.

    Attributes
    ----------
    lr : float
        The rate.

    Raises
    ------
    ArgumentError
        `lr` is not positive.

    Examples
    --------
    >>> ConstantRate(0.1)(1000)
    0.1

    """

    lr: float

    def __post_init__(self) -> None:
        _check_rate(lr=self.lr)

    def __call__(self, count: Any) -> Any:
        """The rate after `count` steps."""
        return self.lr


@dataclass(frozen=True)
class StepDecay:
    """A rate that is multiplied by a factor every so many steps: `lr * factor ** (count // every)`.

    Attributes
    ----------
    lr : float
        The rate of the first step.
    every : int
        How many steps each rate holds for.
    factor : float
        What it is multiplied by then, in (0, 1].

    Raises
    ------
    ArgumentError
        An attribute is out of its range.

    Examples
    --------
    >>> [StepDecay(0.5, every=10, factor=0.5)(count) for count in (0, 9, 10, 25)]
    [0.5, 0.5, 0.25, 0.125]

    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check_rate(lr=self.lr)
        _check_steps(every=self.every)
        _check_factor(self.factor)

    def __call__(self, count: Any) -> Any:
        """The rate after `count` steps."""
        return _rate(self.lr * self.factor ** (count // self.every), count)


@dataclass(frozen=True)
class ExponentialDecay:
    """A rate that is multiplied by a factor at every step: `lr * factor**count`.

    Attributes
    ----------
    lr : float
        The rate of the first step.
    factor : float
        What it is multiplied by at each step, in (0, 1].

    Raises
    ------
    ArgumentError
        An attribute is out of its range.

    Examples
    --------
    >>> [ExponentialDecay(0.5, 0.5)(count) for count in (0, 1, 2)]
    [0.5, 0.25, 0.125]

    """

    lr: float
    factor: float

    def __post_init__(self) -> None:
        _check_rate(lr=self.lr)
        _check_factor(self.factor)

    def __call__(self, count: Any) -> Any:
        """The rate after `count` steps."""
        return _rate(self.lr * self.factor**count, count)


@dataclass(frozen=True)
class CosineDecay:
    """A rate that falls from `lr` to `end` along half a wave of the cosine, once or again and again.

    Equation 5 of Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (ICLR 2017).

    Attributes
    ----------
    lr : float
        The rate of the first step.
    steps : int
        How many steps the fall takes.
    end : float
        Where it falls to, and stays without restarts. With 0 an optimizer stops there.
    restarts : bool
        Whether the rate starts again from `lr` after each fall.
    growth : float
        How many times longer each fall is than the one before, at least 1.

    Raises
    ------
    ArgumentError
        An attribute is out of its range.

    Examples
    --------
    >>> once, again = CosineDecay(1.0, 4), CosineDecay(1.0, 4, restarts=True)
    >>> [round(once(count), 3) for count in range(7)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0, 0.0]
    >>> [round(again(count), 3) for count in range(7)]
    [1.0, 0.854, 0.5, 0.146, 1.0, 0.854, 0.5]

    """

    lr: float
    steps: int
    end: float = 0.0
    restarts: bool = False
    growth: float = 1.0

    def __post_init__(self) -> None:
        _check_rate(lr=self.lr)
        _check_steps(steps=self.steps)
        switch("restarts", self.restarts)
        if not 0 <= not_negative("end", self.end) <= self.lr:
            raise ArgumentError(f"end must lie between 0 and lr = {self.lr}, got {self.end!r}")
        if not positive("growth", self.growth) >= 1:
            raise ArgumentError(f"growth must be at least 1, got {self.growth!r}")
        if self.growth > 1 and not self.restarts:
            raise ArgumentError("growth is of the restarts: add restarts=True")

    def __call__(self, count: Any) -> Any:
        """The rate after `count` steps."""
        since, period = 1.0 * count, float(self.steps)
        if self.restarts and self.growth == 1:
            since = since % period
        elif self.restarts:
            # The falls before took steps * (growth**k - 1) / (growth - 1); a little more than k is k.
            grown = np.log(1 + since * (self.growth - 1) / period) / math.log(self.growth)
            k = np.floor(grown + 1e-9)
            since = since - period * (self.growth**k - 1) / (self.growth - 1)
            period = period * self.growth**k
        return _rate(_half_wave(self.lr, self.end, since / period), count)


@dataclass(frozen=True)
class WarmUp:
    """A rate that rises evenly to where another schedule begins, and then follows that one.

    Section 2.2 of Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (arXiv:1706.02677,
    2017).
    After `count` of the `steps` the rate is `(count + 1) / (steps + 1)` of the peak, so that the first step moves.

    Attributes
    ----------
    steps : int
        How many steps are made below the peak.
    after : float or callable
        The rate from there on, or the schedule, which then counts its steps from the peak.

    Raises
    ------
    ArgumentError
        `steps` is not a positive whole number, or the rate at the peak is not positive.

    Examples
    --------
    >>> schedule = WarmUp(3, CosineDecay(1.0, 4))
    >>> [round(schedule(count), 3) for count in range(8)]
    [0.25, 0.5, 0.75, 1.0, 0.854, 0.5, 0.146, 0.0]

    """

    steps: int
    after: float | Schedule

    def __post_init__(self) -> None:
        _check_steps(steps=self.steps)
        _check_rate(after=self.after(0) if callable(self.after) else self.after)

    def _then(self, count: Any) -> Any:
        return self.after(count) if callable(self.after) else self.after

    def __call__(self, count: Any) -> Any:
        """The rate after `count` steps."""
        rising = self._then(0) * (count + 1) / (self.steps + 1)
        after = self._then(np.maximum(count - self.steps, 0))
        return _rate(np.where(count < self.steps, rising, after), count)


@dataclass(frozen=True)
class OneCycle:
    """One rise to a high rate and one long fall far below where it began.

    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning rates"
    (arXiv:1708.07120, 2018), and Smith, "A disciplined approach to neural network hyper-parameters: part 1"
    (arXiv:1803.09820, 2018); along half waves of the cosine in place of straight lines, as PyTorch has it.

    Attributes
    ----------
    peak : float
        The highest rate.
    steps : int
        All steps of the cycle; after them the last rate stays.
    rise : float
        The part of the steps that the rise takes, in (0, 1).
    begin : float
        The first rate as a part of the peak.
    end : float
        The last rate as a part of the first one.

    Raises
    ------
    ArgumentError
        An attribute is out of its range, or there are too few steps for a rise and a fall.

    Examples
    --------
    >>> schedule = OneCycle(peak=1.0, steps=11)
    >>> [round(schedule(count), 3) for count in (0, 1, 2, 6, 10)]
    [0.04, 0.422, 0.96, 0.531, 0.0]

    """

    peak: float
    steps: int
    rise: float = 0.3
    begin: float = 0.04
    end: float = 1e-4

    def __post_init__(self) -> None:
        _check_rate(peak=self.peak)
        _check_steps(steps=self.steps)
        _check_part(begin=self.begin, end=self.end)
        if not 0 < positive("rise", self.rise) < 1:
            raise ArgumentError(f"rise must lie in (0, 1), got {self.rise!r}")
        if not 0 < self._top < self.steps - 1:
            raise ArgumentError(
                f"{self.steps} steps are too few for a rise of {self.rise} of them: give more steps"
            )

    @property
    def _top(self) -> float:
        """The count of the peak: counts from 0 make `steps - 1` the last."""
        return self.rise * self.steps - 1

    def __call__(self, count: Any) -> Any:
        """The rate after `count` steps."""
        first = self.peak * self.begin
        part = np.maximum(count - self._top, 0) / (self.steps - 1 - self._top)
        rising = _half_wave(first, self.peak, count / self._top)
        return _rate(np.where(count <= self._top, rising, _half_wave(self.peak, first * self.end, part)), count)
