"""Pictures for a page: curves as SVG in the page's own colours, films and maps as PNG within the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from .pixels import pillow

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 360, 250, 54, 40, 10


@dataclass(frozen=True)
class Line:
    """A curve: points, a name, a class of the page's style ("one", "two", "faint"), and a band of intervals."""

    x: Any
    y: Any
    name: str = ""
    style: str = "one"
    low: Any = None
    high: Any = None
    marks: bool = False


def chart(
    lines: Sequence[Line], title: str, x: str, y: str, xs: tuple[float, float] = (0, 1),
    ys: tuple[float, float] = (0, 1), least: float = 0.0,
) -> str:  # fmt: skip
    """Curves in a frame, as SVG that scales with the page; numbers along x stand at least so far apart."""

    def at(px: Any, py: Any) -> Any:
        right = _LEFT + (np.asarray(px, float) - xs[0]) / (xs[1] - xs[0]) * (_WIDTH - _LEFT - 12)
        up = (np.asarray(py, float) - ys[0]) / (ys[1] - ys[0]) * (_HEIGHT - _BOTTOM - _TOP)
        return [f"{a:.1f},{b:.1f}" for a, b in zip(right, _HEIGHT - _BOTTOM - up, strict=True)]

    parts = [_rule(at([*xs, xs[1], xs[0], xs[0]], [ys[0], ys[0], ys[1], ys[1], ys[0]]))]
    for u in ticks(*xs, least):
        parts += [_rule(at([u, u], ys)), _number(at([u], ys[:1])[0], 0, 15, "middle", u)]
    for v in ticks(*ys):
        parts += [_rule(at(xs, [v, v])), _number(at(xs[:1], [v])[0], -6, 4, "end", v)]
    for line in lines:
        if line.marks and line.low is not None:  # single points have an interval each
            for x1, low, high in zip(line.x, line.low, line.high, strict=True):
                points = " ".join(at([x1, x1], [low, high]))
                parts.append(f'<polyline class="line {line.style}" points="{points}"/>')
        elif line.low is not None:
            around = [*at(line.x, line.low), *reversed(at(line.x, line.high))]
            parts.append(f'<polygon class="band {line.style}" points="{" ".join(around)}"/>')
        points = at(*inside(line.x, line.y, ys))
        parts.append(f'<polyline class="line {line.style}" points="{" ".join(points)}"/>')
        for point in points if line.marks else ():
            cx, cy = point.split(",")
            parts.append(f'<circle class="{line.style}" cx="{cx}" cy="{cy}" r="3"/>')
    middle = (_LEFT + _WIDTH - 12) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x)}</text>')
    up = (_HEIGHT - _BOTTOM + _TOP) / 2
    parts.append(f'<text transform="translate(12,{up:.0f}) rotate(-90)" text-anchor="middle">{escape(y)}</text>')
    keys = "".join(f'<span class="key {line.style}">{escape(line.name)}</span>' for line in lines if line.name)
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'role="img" aria-label="{escape(title)}">{"".join(parts)}</svg><div class="keys">{keys}</div></figure>'
    )


def ticks(low: float, high: float, least: float = 0.0) -> Any:
    """About five round numbers from one to another, at least so far apart."""
    step = max((high - low) / 5, least)
    power = 10.0 ** np.floor(np.log10(step))
    step = power * next(k for k in (1, 2, 2.5, 5, 10) if k * power >= step * (1 - 1e-9))
    return np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step + 0.0


def inside(x: Any, y: Any, ys: tuple[float, float]) -> tuple[Any, Any]:
    """The part of a curve within the frame: what leaves it ends there, and does not go on along the edge."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    kept = (y >= ys[0]) & (y <= ys[1])
    return x[kept], y[kept]


def _rule(points: Sequence[str]) -> str:
    return f'<polyline class="grid" points="{" ".join(points)}"/>'


def _number(point: str, right: int, down: int, anchor: str, value: float) -> str:
    x, y = map(float, point.split(","))
    return f'<text x="{x + right:.1f}" y="{y + down:.1f}" text-anchor="{anchor}">{value:.4g}</text>'


def picture(pixels: Any, caption: str, note: str = "") -> str:
    """A film (H, W) in [0, 1], or a coloured one (H, W, 3), with what stands below it."""
    data = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    out = io.BytesIO()
    pillow().Image.fromarray(data).save(out, "PNG")
    code = base64.b64encode(out.getvalue()).decode()
    small = f"<small>{escape(note)}</small>" if note else ""
    return (
        f'<figure class="film"><img alt="{escape(caption)}" src="data:image/png;base64,{code}">'
        f"<figcaption>{escape(caption)}{small}</figcaption></figure>"
    )


def overlaid(film: Any, values: Any) -> Any:
    """A film with a map over it: orange where it is positive, blue where negative, as far as it is large."""
    top = np.quantile(np.abs(values), 0.99) or 1.0
    strength = np.clip(np.abs(values) / top, 0, 1)[..., None] * 0.75
    colours = np.where((values >= 0)[..., None], [1.0, 0.45, 0.0], [0.1, 0.45, 1.0])
    return film[..., None] * (1 - strength) + colours * strength
