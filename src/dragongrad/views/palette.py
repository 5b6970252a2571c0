"""Colours and style that every picture shares, and the way to matplotlib."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.errors import MissingExtraError

#: Eight colours told apart by the colour-blind: Okabe and Ito, "Color universal design" (2008), black last.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
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
        "color": OKABE_ITO[position % len(OKABE_ITO)],
        "linestyle": DASHES[(position + position // len(OKABE_ITO)) % len(DASHES)],
        "marker": MARKERS[(position + position // len(OKABE_ITO)) % len(MARKERS)],
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
        import matplotlib.figure
    except ImportError:
        raise MissingExtraError(
            "pictures need matplotlib, which is not installed: pip install 'dragongrad[plot]'"
        ) from None
    with matplotlib.rc_context(_STYLE):
        yield matplotlib


def save(figure: Any, path: str | Path | None) -> None:
    """Write a figure to a file, if one is named; its ending says in what format."""
    if path is not None:
        figure.savefig(path)
