"""Colours and style that every picture shares, and the way to matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.errors import MissingExtraError
from .notebook import teach_figures

#: Colours told apart by the colour-blind: Okabe and Ito, "Color universal design" (2008).
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
# Their yellow is hardly seen as a line on white: the wine of Tol's muted scheme (2021) stands in.
LINES = (*OKABE_ITO[:6], "#000000", "#882255")
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

# Large enough to be read when a picture of 7 inches is shown at half its size.
_STYLE: dict[Any, Any] = {
    "font.size": 13,
    "axes.titlesize": 14,
    "axes.labelsize": 13,
    "legend.fontsize": 11.5,
    "legend.framealpha": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 2.2,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "figure.constrained_layout.use": True,
}


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
