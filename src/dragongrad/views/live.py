"""A plot of a run that grows in a notebook, in the colours of the page around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from ..optimize.progress import Glimpse
from .palette import LINES

_WIDTH, _HEIGHT = 640, 300
# Around the curves: left, top, right, bottom.
_FRAME = (64, 34, 24, 58)
_DASHES = ("", "6 4", "2 3", "8 3 2 3")
# From this quotient on a curve is drawn over the logarithm.
_WIDE = 30.0
# So many times above the highest begin a curve leaves the picture.
_TALLEST = 1e3

Curve = tuple[Sequence[float], Sequence[float]]


class Plot:
    """What is called with each `Glimpse`: the curves of all runs that it has seen, by title.

    Parameters
    ----------
    display : callable, optional
        `display(picture, display_id=True)` returns what has an `update(picture)`: IPython's if not given.

    """

    #: Seconds between two pictures.
    every = 0.25

    def __init__(self, display: Callable[..., Any] | None = None) -> None:
        self._display = display
        self._handle: Any = None
        self.curves: dict[str, Curve] = {}

    def __call__(self, glimpse: Glimpse) -> None:
        """Draw what is seen, in place of the last picture."""
        self.curves[glimpse.title] = glimpse.steps, glimpse.losses
        self.curves.update({f"{glimpse.title}, {name}": curve for name, curve in glimpse.also.items()})
        picture = Picture(curves(self.curves, "step", glimpse.measure, str(glimpse)))
        if self._handle is not None:
            self._handle.update(picture)
        else:
            self._handle = (self._display or _ipythons())(picture, display_id=True)


def _ipythons() -> Any:
    return import_module("IPython.display").display


class Picture:
    """An SVG picture, as notebooks show it."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_html_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return "<the plot of a run: a notebook shows it>"


def curves(series: Mapping[str, Curve], xlabel: str, ylabel: str, title: str) -> str:
    """Curves as an SVG picture without a ground of its own; the second axis is logarithmic where that shows more.

    Parameters
    ----------
    series : mapping of str to (x, y)
        What is not finite leaves a gap.
    xlabel, ylabel, title : str

    Examples
    --------
    >>> from dragongrad.views.live import curves
    >>> curves({"adam": ([0, 1, 2], [9.0, 1.0, 0.1])}, "step", "loss", "adam step 2").count('stroke-width="2"')
    1

    """
    finite = [float(v) for _, ys in series.values() for v in ys if math.isfinite(v)]
    firsts = [float(ys[0]) for _, ys in series.values() if len(ys) and math.isfinite(ys[0]) and ys[0] > 0]
    if len(firsts) > 1:
        # A run that shoots off is followed only as far as the others can still be seen.
        finite = [v for v in finite if v <= _TALLEST * max(firsts)]
    wide = bool(finite) and min(finite) > 0 and max(finite) / min(finite) > _WIDE
    scale = math.log10 if wide else float
    low, high = (scale(min(finite)), scale(max(finite))) if finite else (0.0, 1.0)
    # A curve that is flat lies in the middle.
    margin = 0.04 * (high - low) or max(abs(high), 1.0) * 0.05
    low, high = low - margin, high + margin
    last = max((float(x) for xs, _ in series.values() for x in xs), default=0.0)
    first = min((float(x) for xs, _ in series.values() for x in xs), default=0.0)
    last = last if last > first else first + 1
    left, top, right, bottom = _FRAME

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / (last - first)
        return left + across * (_WIDTH - left - right), top + (high - y) / (high - low) * (_HEIGHT - top - bottom)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        'style="max-width: 100%; height: auto; color: inherit" font-family="system-ui, sans-serif" font-size="12" '
        f'fill="currentColor" role="img"><title>{escape(title)}</title>',
        f'<text x="{left}" y="18" font-size="13">{escape(title)}</text>',
        *_grid(place, (first, last), (low, high), wide),
        f'<text x="{(_WIDTH + left - right) / 2}" y="{_HEIGHT - bottom + 34}" text-anchor="middle">{escape(xlabel)}'
        f'</text><text transform="translate(14 {(_HEIGHT - bottom + top) / 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(ylabel)}</text>',
    ]
    for k, (xs, ys) in enumerate(series.values()):
        stroke, dash = _look(k)
        seen = [math.isfinite(y) and (y > 0 or not wide) and scale(y) <= high for y in ys]
        path = _path([place(float(x), scale(y)) if s else None for x, y, s in zip(xs, ys, seen, strict=True)])
        parts.append(f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="2"{dash}/>')
    return "".join([*parts, *_legend(list(series)), "</svg>"])


def _look(k: int) -> tuple[str, str]:
    """The colour and dashes of a curve; black is that of the text, which is light on a dark page."""
    color = LINES[k % len(LINES)]
    dash = _DASHES[k % len(_DASHES)]
    return "currentColor" if color == "#000000" else color, f' stroke-dasharray="{dash}"' if dash else ""


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    text, pen = [], "M"
    for k, point in enumerate(points):
        if point is None:
            pen = "M"
            continue
        text.append(f"{pen}{point[0]:.1f} {point[1]:.1f}")
        alone = pen == "M" and (k + 1 == len(points) or points[k + 1] is None)
        text += ["h0.1"] if alone else []
        pen = "L"
    return "".join(text)


def _grid(place: Any, x: tuple[float, float], y: tuple[float, float], wide: bool) -> list[str]:
    """Lines and numbers along both axes."""
    parts = []
    left, _, right, bottom = _FRAME
    for tick in _ticks(*y, 5, whole=wide):
        height = place(x[0], tick)[1]
        text = power(tick) if wide else f"{tick:.4g}"
        parts.append(
            f'<path d="M{left} {height:.1f}H{_WIDTH - right}" stroke="currentColor" stroke-opacity=".18"/>'
            f'<text x="{left - 6}" y="{height + 4:.1f}" text-anchor="end">{text}</text>'
        )
    for tick in _ticks(*x, 6, whole=True):
        across = place(tick, y[0])[0]
        parts.append(f'<text x="{across:.1f}" y="{_HEIGHT - bottom + 17}" text-anchor="middle">{tick:,.0f}</text>')
    return parts


def _ticks(low: float, high: float, about: int, whole: bool) -> list[float]:
    """Round numbers between two others."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next((m * power for m in (1, 2, 5, 10) if m * power >= rough), 10 * power)
    step = max(step, 1.0) if whole else step
    found = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step
    return [float(v) + 0.0 for v in found]


def power(exponent: float) -> str:
    """A power of ten, with raised digits."""
    raised = "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(d)] if d.isdigit() else "⁻" for d in f"{exponent:.0f}")
    return f"10{raised}"


def _legend(names: list[str]) -> list[str]:
    """The names of the curves in a row below, where there is more than one."""
    if len(names) < 2:
        return []
    widths = [46 + 7.0 * len(name) for name in names]
    # As many as there is room for: the others are told by nothing that would cover the curves.
    total = np.cumsum(widths)
    parts, y = [], _HEIGHT - 8
    for k, (name, (begin, end)) in enumerate(zip(names, pairwise([0.0, *total.tolist()]), strict=True)):
        if end > _WIDTH - _FRAME[0]:
            break
        stroke, dash = _look(k)
        x = _FRAME[0] + begin
        parts.append(
            f'<path d="M{x:.0f} {y - 4}h20" fill="none" stroke="{stroke}" stroke-width="2.5"{dash}/>'
            f'<text x="{x + 25:.0f}" y="{y}">{escape(name)}</text>'
        )
    return parts
