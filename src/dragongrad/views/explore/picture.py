"""A picture as a list of rectangles, texts and curves, as SVG or, through Matplotlib, as PDF; several as a film."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from ..palette import drawing

MONO, SANS = "monospace", "sans-serif"
# What stands for a colour where the reader's system is dark. Programs that know no style keep the first.
_DARK = {
    "#ffffff": "#15181c", "#14181d": "#e8ebee", "#55606c": "#a3adb8", "#d5dbe1": "#373e46", "#94a3b8": "#8894a3",
    "#B34700": "#F0A04B", "#ffe9a8": "#5a4a10", "#dcecf6": "#1c3242", "#d9ece5": "#1b3a32",
}  # fmt: skip
_KIND = "dragongrad-steps"
# The width of a letter in parts of its size: of fixed width, and of a sans-serif on average.
_WIDE = {MONO: 0.605, SANS: 0.56}
# Matplotlib's DejaVu is as wide as that, and without serifs wider.
_SCALE = {MONO: 0.605 / 0.602, SANS: 0.93}


@dataclass(frozen=True)
class Rect:
    """A rectangle with rounded corners."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    line: str = "none"
    radius: float = 0.0
    thick: float = 1.0


@dataclass(frozen=True)
class Text:
    """A line of text; `anchor` says whether it begins, ends or is centred at its place."""

    x: float
    y: float
    text: str
    size: float = 13.0
    color: str = "#14181d"
    family: str = SANS
    bold: bool = False
    anchor: str = "start"


@dataclass(frozen=True)
class Curve:
    """A curve from a point on, each piece with two points that bend it and its end; a tip at the end."""

    start: tuple[float, float]
    pieces: tuple[tuple[tuple[float, float], tuple[float, float], tuple[float, float]], ...]
    color: str
    thick: float = 1.4
    dashed: bool = False


Shape = Rect | Text | Curve


@dataclass
class Picture:
    """Shapes on a white ground, in pixels."""

    width: float
    height: float
    title: str
    shapes: list[Shape] = field(default_factory=list)

    def svg(self) -> str:
        """The picture as SVG, which loads nothing from elsewhere; it is dark where the reader's system is."""
        return "\n".join([*_opening(self), *map(_svg, self.shapes), "</svg>\n"])

    def pdf(self) -> bytes:
        """The picture as PDF.

        Raises
        ------
        MissingExtraError
            Matplotlib is not installed.

        """
        with drawing() as matplotlib:
            inches = self.width / 72, self.height / 72
            figure = matplotlib.figure.Figure(figsize=inches, layout="none")
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set(xlim=(0, self.width), ylim=(self.height, 0))
            axes.set_axis_off()
            for shape in self.shapes:
                _plot(matplotlib, axes, shape)
            file = io.BytesIO()
            # Letters that stay letters can be searched and copied.
            with matplotlib.rc_context({"pdf.fonttype": 42, "text.parse_math": False}):
                figure.savefig(file, format="pdf", metadata={"CreationDate": None, "Title": self.title})
        return file.getvalue()


def film(pictures: Sequence[Picture], seconds: float) -> str:
    """Pictures of one size as one SVG, which shows each for so long, again and again.

    Where there is no motion, since the reader wants none or a program knows none, the middle one is seen.

    Parameters
    ----------
    pictures : sequence of Picture
    seconds : float

    Examples
    --------
    >>> from dragongrad.views.explore.picture import Picture, Text, film
    >>> film([Picture(50, 20, "one, two", [Text(4, 14, word)]) for word in ("one", "two")], 1.5).count("<g")
    2

    """
    share, still = 100 / len(pictures), len(pictures) // 2
    style = (
        f".{_KIND} g {{ opacity: 0; animation: turn {seconds * len(pictures):g}s infinite step-end }} "
        f"@keyframes turn {{ 0% {{ opacity: 1 }} {share:.3f}% {{ opacity: 0 }} }} "
        f"@media (prefers-reduced-motion: reduce) {{ .{_KIND} g {{ animation: none }} "
        f".{_KIND} g.still {{ opacity: 1 }} }}"
    )
    lines = [*_opening(pictures[0]), f"<style>{style}</style>"]
    for k, picture in enumerate(pictures):
        seen = 'class="still"' if k == still else 'opacity="0"'
        lines += [f'<g {seen} style="animation-delay: {seconds * k:g}s">', *map(_svg, picture.shapes), "</g>"]
    return "\n".join([*lines, "</svg>\n"])


def _opening(picture: Picture) -> list[str]:
    size = f"{picture.width:.0f}", f"{picture.height:.0f}"
    dark = " ".join(f".{_KIND} [{a}='{x}'] {{ {a}: {y} }}" for x, y in _DARK.items() for a in ("fill", "stroke"))
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="0 0 {size[0]} {size[1]}" role="img" class="{_KIND}">',
        f"<title>{escape(picture.title)}</title>",
        f"<style>@media (prefers-color-scheme: dark) {{ {dark} }}</style>",
        f'<rect width="{size[0]}" height="{size[1]}" rx="8" fill="#ffffff"/>',
    ]


def width_of(text: str, size: float, family: str = SANS) -> float:
    """About how wide a text is."""
    return len(text) * size * _WIDE[family]


def _svg(shape: Shape) -> str:
    if isinstance(shape, Rect):
        return (
            f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}" '
            f'rx="{shape.radius:g}" fill="{shape.fill}" stroke="{shape.line}" stroke-width="{shape.thick:g}"/>'
        )
    if isinstance(shape, Text):
        families = {MONO: "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
                    SANS: "Helvetica, Arial, 'DejaVu Sans', sans-serif"}  # fmt: skip
        weight = ' font-weight="bold"' if shape.bold else ""
        # Fixed to its width, a line stays in its column whatever font the reader has.
        fixed = f' textLength="{width_of(shape.text, shape.size, MONO):.1f}"' if shape.family == MONO else ""
        return (
            f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size:g}" fill="{shape.color}" '
            f'font-family="{families[shape.family]}" text-anchor="{shape.anchor}" xml:space="preserve"'
            f"{weight}{fixed}>{escape(shape.text)}</text>"
        )
    path = f"M{shape.start[0]:.1f},{shape.start[1]:.1f}"
    path += "".join(" C" + " ".join(f"{x:.1f},{y:.1f}" for x, y in piece) for piece in shape.pieces)
    dash = ' stroke-dasharray="6 3"' if shape.dashed else ""
    return (
        f'<path d="{path}" fill="none" stroke="{shape.color}" stroke-width="{shape.thick:g}"{dash}/>'
        f'<path d="{_tip(shape)}" fill="{shape.color}"/>'
    )


def _tip(shape: Curve) -> str:
    (_, before), (x, y) = shape.pieces[-1][1], shape.pieces[-1][2]
    way = 1 if y >= before else -1
    return f"M{x - 4:.1f},{y:.1f} L{x + 4:.1f},{y:.1f} L{x:.1f},{y + 6 * way:.1f} Z"


def _plot(matplotlib: Any, axes: Any, shape: Shape) -> None:
    patches, path = matplotlib.patches, matplotlib.path.Path
    if isinstance(shape, Rect):
        style = f"round,pad=0,rounding_size={shape.radius}" if shape.radius else "square,pad=0"
        box = (shape.x, shape.y), shape.width, shape.height
        axes.add_patch(patches.FancyBboxPatch(
            *box, boxstyle=style, facecolor=shape.fill, edgecolor=shape.line, linewidth=shape.thick,
        ))  # fmt: skip
    elif isinstance(shape, Text):
        family = "DejaVu Sans Mono" if shape.family == MONO else "DejaVu Sans"
        size = shape.size * _SCALE[shape.family]
        axes.text(
            shape.x, shape.y, shape.text, fontsize=size, color=shape.color, family=family, va="baseline",
            ha={"start": "left", "middle": "center", "end": "right"}[shape.anchor],
            weight="bold" if shape.bold else "normal",
        )  # fmt: skip
    else:
        points = [shape.start, *[point for piece in shape.pieces for point in piece]]
        codes = [path.MOVETO] + [path.CURVE4] * (len(points) - 1)
        dashes = "--" if shape.dashed else "-"
        axes.add_patch(patches.PathPatch(
            path(points, codes), facecolor="none", edgecolor=shape.color, linewidth=shape.thick, linestyle=dashes,
        ))  # fmt: skip
        x, y = shape.pieces[-1][2]
        way = 1 if y >= shape.pieces[-1][1][1] else -1
        axes.add_patch(patches.Polygon([(x - 4, y), (x + 4, y), (x, y + 6 * way)], color=shape.color))
