"""The explorer as a widget of a notebook, where anywidget is installed: Python hears and says the step."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ...core.errors import MissingExtraError

_ESM = Path(__file__).parent / "web" / "widget.js"


def is_installed() -> bool:
    """Whether there is anywidget."""
    try:
        _kind()
    except MissingExtraError:
        return False
    return True


def widget(html: str, height: int) -> Any:
    """A widget that shows a page.

    Raises
    ------
    MissingExtraError
        Anywidget is not installed.

    """
    return _kind()(html=html, height=height)


@cache
def _kind() -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise MissingExtraError(
            "a widget needs anywidget, which is not installed: pip install 'dragongrad[widget]'"
        ) from None

    class Explorer(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
        """The page and where it stands: the step, the mode, and the inputs that were moved."""

        _esm = _ESM.read_text(encoding="utf-8")
        html = traitlets.Unicode().tag(sync=True)
        height = traitlets.Int(760).tag(sync=True)
        step = traitlets.Int(0).tag(sync=True)
        mode = traitlets.Unicode("reverse").tag(sync=True)
        inputs = traitlets.Dict().tag(sync=True)

    return Explorer
