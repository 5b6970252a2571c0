"""How pictures show themselves in a notebook."""

from __future__ import annotations

import io
import sys
from html import escape
from typing import Any


def teach_figures(matplotlib: Any, style: dict[Any, Any]) -> None:
    """Let a notebook show figures as pictures; without pyplot it knows only their names.

    Parameters
    ----------
    matplotlib : module
    style : dict
        What the figures are drawn with, so that they look as in a file.

    """
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if not shell:
        return
    formatter = shell.display_formatter.formatters["image/png"]
    figure_class = matplotlib.figure.Figure
    # Where pyplot has come first, or a user has chosen a format, it stays at that.
    if figure_class in formatter.type_printers:
        return

    def png(figure: Any) -> bytes:
        file = io.BytesIO()
        with matplotlib.rc_context(style):
            figure.savefig(file, format="png")
        return file.getvalue()

    formatter.for_type(figure_class, png)


def framed(page: str, height: int) -> str:
    """A whole HTML page as an element of a notebook, in a frame where its styles and scripts meet no others."""
    style = f"width: 100%; height: {height}px; border: 0"
    return f'<iframe srcdoc="{escape(page)}" style="{style}" sandbox="allow-scripts allow-downloads"></iframe>'
