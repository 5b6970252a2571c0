"""The explorer's page: one HTML file that needs nothing else."""

from __future__ import annotations

import json
import tempfile
import webbrowser
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ...core.errors import ArgumentError
from ...hints import check_callable
from ..notebook import framed
from ..saving import save
from ..table import TraceTable, forward_table, reverse_table
from .data import Derivatives, differentiate, page_data
from .exercise import with_blanks
from .export import latex, three_views
from .picture import Picture
from .recording import Recording, record
from .widget import is_installed, widget

_WEB = Path(__file__).parent / "web"
# In this order: each uses only what comes before it.
_SCRIPTS = (
    "arrays.js", "elementwise.js", "engine.js", "complex.js", "matrices.js", "linalg.js", "decompositions.js",
    "eig.js", "places.js", "fourier.js", "model.js", "values.js", "layout.js", "code.js", "table.js", "graph.js",
    "panel.js", "inputs.js", "exercise.js", "main.js",
)  # fmt: skip
_STYLES = ("page.css", "views.css")
_BLOCK = '<script id="data" type="application/json">'
_MODES = ("value", "forward", "reverse")
_HEIGHT = 760


class Exploration:
    """A recording of a function, to be watched: shown in a notebook, saved, or opened in a browser.

    Attributes
    ----------
    recording : Recording
    data : dict
        What the page reads.
    title : str

    """

    def __init__(self, recording: Recording, found: Derivatives, mode: str, exercise: bool) -> None:
        self.recording, self.mode, self.exercise = recording, mode, exercise
        self._found = found
        self.title = recording.graph.title

    @cached_property
    def data(self) -> dict[str, Any]:
        """What the page reads."""
        return page_data(self.recording, self._found, self.mode, self.exercise)

    @cached_property
    def html(self) -> str:
        """The page, with its styles, its scripts and the recording in it."""
        # The page reads everything, its title too, from one block of JSON, in which no mark of HTML is left.
        data = json.dumps(self.data, allow_nan=False, separators=(",", ":"))
        for mark in "<>&\u2028\u2029":
            data = data.replace(mark, f"\\u{ord(mark):04x}")
        head, block, tail = _page().partition(_BLOCK)
        return f"{head}{block}{data}{tail}"

    @property
    def solution(self) -> Exploration:
        """The sheet with the solutions of an exercise: the same recording without blanks."""
        return Exploration(self.recording, self._found, self.mode, False)

    def save(self, path: str | Path) -> Path:
        """Write the page, or a picture of the three views: the ending says which.

        Parameters
        ----------
        path : str or Path
            `.html` is the page, `.svg` and `.pdf` are pictures, `.tex` is the trace table and the graph for LaTeX.
            On paper an exercise has lines to write on.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            The name has another ending, or there is no such folder.
        MissingExtraError
            A `.pdf` is asked for and Matplotlib is not installed.

        """
        graph = self.recording.graph
        return save(path, "an exploration", {
            ".html": lambda: self.html,
            ".svg": lambda: self.picture().svg(),
            ".pdf": lambda: self.picture().pdf(),
            ".tex": lambda: latex(graph, self.table(), graph.to_tikz()),
        })  # fmt: skip

    def table(self) -> TraceTable:
        """The trace table of the mode that the page begins with; that of an exercise has lines in blank cells."""
        table = self._filled_in()
        return with_blanks(table, self.data) if self.exercise else table

    def _filled_in(self) -> TraceTable:
        swept, tangents = self._found.swept, self._found.tangents
        if self.mode == "reverse":
            return reverse_table(self.recording.graph, swept)
        # Without derivatives there is no column for any seed.
        count = len(tangents) if self.mode == "forward" else 0
        return forward_table(self.recording.graph, self._found.seeds[:count], tangents[:count])

    def picture(self, name: str | None = None) -> Picture:
        """Source, trace table and graph side by side, with one step marked.

        Parameters
        ----------
        name : str, optional
            The step to mark, by its name in the table; the last operation if not given.

        Returns
        -------
        Picture
            `.svg()` and `.pdf()` write it.

        Raises
        ------
        ArgumentError
            The name is unknown, or the recording has more operations than a picture can show.

        """
        graph = self.recording.graph
        known = {graph.names[node]: node for node in [*graph.inputs, *graph.nodes]}
        if not known:
            raise ArgumentError(f"{graph.title} has no arguments: there is nothing to draw")
        if name is not None and name not in known:
            raise ArgumentError(f"no row is called {name!r}: choose one of {', '.join(list(known)[:20])}")
        now = known[name] if name is not None else list(known.values())[-1]
        given = self._found.swept.given.get(now, []) if self.mode == "reverse" else []
        if now.pick is not None:
            given = [(maker, parts[now.pick]) for maker, parts in given]
        if self.exercise:
            place = {node: i for i, node in enumerate([*graph.inputs, *graph.nodes])}
            given = [(maker, g) for maker, g in given if ["bar", place[maker]] not in self.data["blanks"]]
        places = [node.get("at") for node in self.data["nodes"][len(graph.inputs) :]]
        return three_views(graph, self.table(), self.data["sources"], places, now, given)

    def show(self) -> Path:
        """Open the page in a browser; the path of the file that it is read from is returned."""
        with tempfile.NamedTemporaryFile(suffix=".html", prefix="explore-", delete=False) as file:
            file.write(self.html.encode())
        webbrowser.open(Path(file.name).as_uri())
        return Path(file.name)

    def widget(self) -> Any:
        """The page as a widget, which Python can ask: `.step` (also to be set), `.mode`, and `.inputs` that moved.

        Raises
        ------
        MissingExtraError
            Anywidget is not installed.

        """
        return widget(self.html, _HEIGHT)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """For a notebook: the widget where there is anywidget, and the page in a frame elsewhere."""
        if not is_installed():
            return {"text/html": self._repr_html_(), "text/plain": repr(self)}
        data, described = self.widget()._repr_mimebundle_(**options)
        return {"text/html": self._repr_html_(), **data, "text/plain": repr(self)}, described

    def _repr_html_(self) -> str:
        """The page for a notebook, in a frame of its own."""
        return framed(self.html, _HEIGHT)

    def __repr__(self) -> str:
        count = len(self.recording.graph.nodes)
        return f"<exploration of {self.title}: {count} operation{'s' * (count != 1)}; .save('{self.title}.html')>"


def explore(
    f: Callable[..., Any], *args: Any, mode: str = "reverse", tangent: Any = None, cotangent: Any = None,
    exercise: bool = False, **kwargs: Any,
) -> Exploration:  # fmt: skip
    """One recording of a function, to be played: its source, its trace table and its graph move in step.

    The page plays forward mode with a seed, and reverse mode with the contributions that arrive at each adjoint.
    Its inputs are sliders: where all Blocks that follow an input have forms in JavaScript, the page computes again.

    Parameters
    ----------
    f : callable
        A function of nests of arrays.
    *args
        Its arguments; keyword arguments that are not listed here are passed through.
    mode : {"value", "forward", "reverse"}
        What the page begins with; it can change between them.
    tangent : list of arrays, optional
        The seed of forward mode, an array an input. Without it each element of the inputs is one, or, where there
        are more than six, the direction of ones.
    cotangent : array, optional
        The cotangent of the output; ones by default.
    exercise : bool
        Leave cells of the trace table blank, to be filled in: the page checks them. `.solution` is the sheet
        without blanks.

    Returns
    -------
    Exploration
        `.save(path)`, `.show()`, `.html`; a notebook shows it.

    Raises
    ------
    ArgumentError
        The function is none, the mode is unknown, or a cotangent was given for several outputs.
    ShapeError
        A tangent or the cotangent does not have the shape of what it belongs to.
    DtypeError
        An argument is not numeric.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> page = ad.explore(lambda x, y: np.sin(x) * y, 0.0, 3.0)
    >>> page
    <exploration of f: 2 operations; .save('f.html')>
    >>> page.data["nodes"][2]["o"], page.data["bars"][0]
    ('sin(x)', 3)

    """
    if mode not in _MODES:
        raise ArgumentError(f"unknown mode {mode!r}: choose {', '.join(map(repr, _MODES))}")
    check_callable(f, "explore")
    recording = record(f, args, kwargs)
    return Exploration(recording, differentiate(recording, tangent, cotangent), mode, exercise)


@cache
def _page() -> str:
    """The page without its data."""
    page = (_WEB / "page.html").read_text(encoding="utf-8")
    styles = "\n".join((_WEB / name).read_text(encoding="utf-8") for name in _STYLES)
    scripts = "\n".join((_WEB / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    return page.replace("/*styles*/", styles).replace("/*scripts*/", f'(() => {{ "use strict";\n{scripts}\n}})();')
