"""Colours and style that every picture shares, and the way to matplotlib."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import MissingExtraError
from .notebook import teach_figures

#: Colours told apart by the colour-blind: Okabe and Ito, "Color universal design" (2008).
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
# Their yellow is hardly seen as a line on white: the wine of Tol's muted scheme (2021) stands in.
LINES = (*OKABE_ITO[:6], "#000000", "#882255")
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

#: What the pages and pictures of the library share: ink, paper, what is less, rules, what has the focus.
LIGHT = {"ink": "#16181d", "paper": "#ffffff", "faint": "#4b5159", "rule": "#d9dce1", "focus": "#0072B2"}
DARK = {"ink": "#e8eaed", "paper": "#17181a", "faint": "#b4b9c0", "rule": "#3d4148", "focus": "#56B4E9"}

# Large enough to be read when a picture of 7 inches is shown at half its size.
_STYLE: dict[Any, Any] = {
    "font.size": 13,
    "axes.titlesize": 14,
    "axes.labelsize": 13,
    "legend.fontsize": 11.5,
    "legend.framealpha": 0.9,
    "text.color": LIGHT["ink"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.edgecolor": LIGHT["ink"],
    "xtick.color": LIGHT["ink"],
    "ytick.color": LIGHT["ink"],
    "legend.edgecolor": LIGHT["rule"],
    "grid.color": LIGHT["rule"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 2.2,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "figure.constrained_layout.use": True,
}


def page_style() -> str:
    """The colours of a page as variables of CSS, as its reader's system has it: light or dark."""
    light, dark = (" ".join(f"--{k}: {v};" for k, v in theme.items()) for theme in (LIGHT, DARK))
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"  @media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    )


def ground() -> Any:
    """The colours of contours and surfaces, low to high: viridis from its light end, mixed with white.

    It is perceptually uniform (Smith and van der Walt 2015), and lines are seen on all of it.
    """
    with drawing() as matplotlib:
        colors = matplotlib.colormaps["viridis"](np.linspace(1, 0.12, 256))
        colors[:, :3] = 1 - 0.62 * (1 - colors[:, :3])
        return matplotlib.colors.ListedColormap(colors, "dragongrad")


def hues(count: int) -> list[str]:
    """So many colours, no two alike: the first seven are Okabe and Ito's, the others lie between them.

    Parameters
    ----------
    count : int

    Examples
    --------
    >>> from dragongrad.views.palette import hues
    >>> len(set(hues(300)))
    300

    """
    found = list(OKABE_ITO[:7])
    turn = 0
    while len(found) < count:
        # By the golden angle each new hue is far from the last ones; three strengths tell close ones apart.
        hue, light = (0.11 + 0.61803398875 * turn) % 1.0, (0.46, 0.62, 0.36)[turn // 13 % 3]
        color = "#" + "".join(f"{round(255 * c):02x}" for c in colorsys.hls_to_rgb(hue, light, 0.62))
        found += [color] if color not in found else []
        turn += 1
    return found[:count]


def style_of(position: int) -> dict[str, Any]:
    """The colour, dashes and marker of the series at a position, each alone telling neighbours apart."""
    return {
        "color": LINES[position % len(LINES)],
        "linestyle": DASHES[(position + position // len(LINES)) % len(DASHES)],
        "marker": MARKERS[(position + position // len(LINES)) % len(MARKERS)],
    }


def styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """A style for each name."""
    return {name: style_of(i) for i, name in enumerate(names)}


@contextmanager
def drawing() -> Iterator[Any]:
    """Matplotlib with the common style, inside a `with` block.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.

    """
    try:
        import matplotlib
        import matplotlib.backends.backend_agg
        import matplotlib.figure
        import matplotlib.patches
    except ImportError:
        raise MissingExtraError(
            "pictures need matplotlib, which is not installed: pip install 'dragongrad[plot]'"
        ) from None
    teach_figures(matplotlib, _STYLE)
    with matplotlib.rc_context(_STYLE):
        yield matplotlib


def save(figure: Any, path: str | Path | None) -> None:
    """Write a figure to a file, if one is named; its ending says in what format."""
    if path is not None:
        figure.savefig(path)
