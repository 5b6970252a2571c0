"""The line search of Moré and Thuente: a step along a direction that meets the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Found:
    """What a line search found.

    Attributes
    ----------
    step : float
        The best step tried; 0 where none decreased the value.
    value, slope : float
        The value and its derivative along the direction there.
    trials : int
        How many steps were tried.
    wolfe : bool
        Whether the step meets the strong Wolfe conditions.
    reason : str
        Otherwise, why the search ended.
    curvature : float
        The second derivative along the direction, over the shortest step that changed the slope by a hundredth
        (over shorter ones its change is rounding); NaN where none did.

    """

    step: float
    value: float
    slope: float
    trials: int
    wolfe: bool
    reason: str = ""
    curvature: float = math.nan


@dataclass
class _Ends:
    """The interval of uncertainty: its best end `x`, its other end `y`, the next trial, and what encloses it."""

    x: float
    fx: float
    dx: float
    y: float
    fy: float
    dy: float
    step: float
    bracketed: bool = False
    low: float = 0.0
    high: float = math.inf
    widths: list[float] = field(default_factory=lambda: [math.inf, math.inf])


def strong_wolfe(
    phi: Callable[[float], tuple[float, float]], value: float, slope: float, step: float, *,
    decrease: float = 1e-4, curvature: float = 0.9, width: float = 0.1, most: float = 1e10, max_trials: int = 40,
    noise: float = 0.0,
) -> Found:  # fmt: skip
    """Find a step where the value is less by a part of the first slope, and the slope has flattened.

    The strong Wolfe conditions: `phi(t) <= phi(0) + decrease * t * phi'(0)` and
    `|phi'(t)| <= curvature * |phi'(0)|`. Where values differ by rounding alone, the approximate condition on slopes
    of Hager and Zhang (2005, eq. 4.1) stands for the first. A trial without a finite value shortens the step.

    Parameters
    ----------
    phi : callable
        `phi(t)` returns the value and the slope at the step `t`; not finite where there is none.
    value, slope : float
        Those at 0; the slope is negative.
    step : float
        The first trial.
    decrease, curvature : float
        The constants of the two conditions, `0 < decrease < curvature < 1`.
    width : float
        The search ends when the interval is this part of its upper end.
    most : float
        The longest step.
    max_trials : int
        How many steps are tried.
    noise : float
        The part of the value that may be rounding.

    Returns
    -------
    Found
        The step, or the best one tried where the conditions were not met, with the reason.

    Notes
    -----
    Moré and Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM TOMS 20 (1994) 286-307: the
    modified function of section 2 and the trial values of section 4.

    Examples
    --------
    >>> from dragongrad.optimize.line_search.more_thuente import strong_wolfe
    >>> found = strong_wolfe(lambda t: ((t - 3) ** 2, 2 * (t - 3)), 9.0, -6.0, 1.0, curvature=0.1)
    >>> found.step, found.wolfe
    (3.0, True)

    """
    ends = _Ends(0.0, value, slope, 0.0, value, slope, min(step, most))
    ends.high = 5 * ends.step
    test = decrease * slope
    best = (0.0, value, slope)
    modified, reason, bend, shortest = (
        True,
        f"no step met the Wolfe conditions in {max_trials} trials",
        math.nan,
        math.inf,
    )
    trial = 0
    while trial < max_trials:
        trial += 1
        t = ends.step
        f, d = phi(t)
        if not (math.isfinite(f) and math.isfinite(d)):
            if not _shorten(ends, t):
                reason = "the value is not finite at any step, however short"
                break
            most = min(most, ends.x + 0.5 * (t - ends.x)) if t > ends.x else most
            continue
        if 0 < t < shortest and abs(d - slope) > -0.01 * slope:
            shortest, bend = t, (d - slope) / t
        ceiling = value + t * test
        if f < best[1]:
            best = t, f, d
        if abs(d) <= -curvature * slope and (
            f <= ceiling or (abs(f - value) <= noise and d <= (2 * decrease - 1) * slope)
        ):
            return Found(t, f, d, trial, True, curvature=bend)
        if t >= most and f <= ceiling and d <= test:
            reason = "the value still decreases at the longest step"
            break
        if modified and f <= ceiling and d >= 0:
            modified = False
        if modified and ceiling < f <= ends.fx:
            _next_modified(ends, f, d, test)
        else:
            _next(ends, f, d)
        if not _enclose(ends, most, width):
            reason = "the interval became too short: rounding hides what is left"
            break
    return Found(*best, trial, False, reason, bend)


def _shorten(ends: _Ends, t: float) -> bool:
    """Take the trial nearer to the best end, below a step that had no value."""
    ends.step = ends.x + 0.1 * (t - ends.x)
    ends.high = min(ends.high, t)
    return ends.x < ends.step < t or t < ends.step < ends.x


def _next_modified(ends: _Ends, f: float, d: float, test: float) -> None:
    """Choose the next trial by `phi(t) - phi(0) - decrease * t * phi'(0)`, until it has a minimizer in sight."""
    t = ends.step
    ends.fx, ends.fy, f = ends.fx - ends.x * test, ends.fy - ends.y * test, f - t * test
    ends.dx, ends.dy = ends.dx - test, ends.dy - test
    _next(ends, f, d - test)
    ends.fx, ends.fy = ends.fx + ends.x * test, ends.fy + ends.y * test
    ends.dx, ends.dy = ends.dx + test, ends.dy + test


def _next(ends: _Ends, f: float, d: float) -> None:
    """Choose the next trial and the interval that holds it (section 4, cases 1 to 4)."""
    t = ends.step
    opposite = d * math.copysign(1.0, ends.dx) < 0
    new, bracketed = _choose(ends, t, f, d, opposite)
    if f > ends.fx:
        ends.y, ends.fy, ends.dy = t, f, d
    else:
        if opposite:
            ends.y, ends.fy, ends.dy = ends.x, ends.fx, ends.dx
        ends.x, ends.fx, ends.dx = t, f, d
    ends.step, ends.bracketed = new, bracketed


def _choose(ends: _Ends, t: float, f: float, d: float, opposite: bool) -> tuple[float, bool]:
    x, fx, dx = ends.x, ends.fx, ends.dx
    if f > fx:
        # Case 1: higher, so a minimizer lies between; near x the cubic's step is the one to believe.
        theta, gamma = _cubic(x, fx, dx, t, f, d)
        gamma = -gamma if t < x else gamma
        r = _ratio((gamma - dx) + theta, ((gamma - dx) + gamma) + d)
        cubic = x + r * (t - x)
        quadratic = x + _ratio(dx, (fx - f) / (t - x) + dx) / 2 * (t - x)
        return (cubic if abs(cubic - x) < abs(quadratic - x) else (cubic + quadratic) / 2), True
    secant = t + d / (d - dx) * (x - t) if d != dx else (ends.high if t > x else ends.low)
    if opposite:
        # Case 2: lower, and past a minimizer.
        theta, gamma = _cubic(x, fx, dx, t, f, d)
        gamma = -gamma if t > x else gamma
        r = _ratio((gamma - d) + theta, ((gamma - d) + gamma) + dx)
        cubic = t + r * (x - t)
        return (cubic if abs(cubic - t) > abs(secant - t) else secant), True
    if abs(d) < abs(dx):
        # Case 3: lower and flatter; the cubic counts only where it tends to infinity along the step.
        theta, gamma = _cubic(x, fx, dx, t, f, d)
        gamma = -gamma if t > x else gamma
        r = _ratio((gamma - d) + theta, (gamma + (dx - d)) + gamma)
        cubic = t + r * (x - t) if r < 0 and gamma else (ends.high if t > x else ends.low)
        if ends.bracketed:
            new = cubic if abs(cubic - t) < abs(secant - t) else secant
            # Stay well within the interval.
            bound = t + 0.66 * (ends.y - t)
            return (min(bound, new) if t > x else max(bound, new)), True
        new = cubic if abs(cubic - t) > abs(secant - t) else secant
        return max(min(new, ends.high), ends.low), False
    # Case 4: lower and no flatter.
    if ends.bracketed:
        theta, gamma = _cubic(t, f, d, ends.y, ends.fy, ends.dy)
        gamma = -gamma if t > ends.y else gamma
        r = _ratio((gamma - d) + theta, ((gamma - d) + gamma) + ends.dy)
        return t + r * (ends.y - t), True
    return (ends.high if t > x else ends.low), False


def _cubic(x: float, fx: float, dx: float, t: float, f: float, d: float) -> tuple[float, float]:
    """The numbers theta and gamma of the cubic through two values and slopes (scaled, so that none overflows)."""
    theta = 3 * (fx - f) / (t - x) + dx + d
    s = max(abs(theta), abs(dx), abs(d))
    if s == 0:
        return theta, 0.0
    inside = (theta / s) ** 2 - (dx / s) * (d / s)
    return theta, s * math.sqrt(max(inside, 0.0))


def _ratio(p: float, q: float) -> float:
    return p / q if q else 0.0


def _enclose(ends: _Ends, most: float, width: float) -> bool:
    """Shrink the interval by a third at least in two trials; False where it has become too short."""
    if ends.bracketed:
        span = abs(ends.y - ends.x)
        if span >= 0.66 * ends.widths[0]:
            ends.step = ends.x + (ends.y - ends.x) / 2
        ends.widths = [ends.widths[1], span]
        ends.low, ends.high = min(ends.x, ends.y), max(ends.x, ends.y)
        ends.step = float(np.clip(ends.step, 0.0, most))
        return ends.low < ends.step < ends.high and ends.high - ends.low > width * ends.high
    t = ends.x
    ends.low = ends.step + 1.1 * (ends.step - t)
    ends.high = ends.step + 4 * (ends.step - t)
    ends.step = float(np.clip(ends.step, 0.0, most))
    return ends.step != t
