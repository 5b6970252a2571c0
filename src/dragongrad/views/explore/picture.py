"""A picture as a list of rectangles, texts and curves, written as SVG or, through Matplotlib, as PDF."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from html import escape
from typing import Any

from ..palette import drawing

MONO, SANS = "monospace", "sans-serif"
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
        """The picture as SVG, which loads nothing from elsewhere."""
        size = (
            f'width="{self.width:.0f}" height="{self.height:.0f}" viewBox="0 0 {self.width:.0f} {self.height:.0f}"'
        )
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
        ground = f'<rect width="{self.width:.0f}" height="{self.height:.0f}" rx="8" fill="#ffffff"/>'
        return "\n".join(
            [head, f"<title>{escape(self.title)}</title>", ground, *map(_svg, self.shapes), "</svg>\n"]
        )

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
