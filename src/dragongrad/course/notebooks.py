"""Pages of the course as Jupyter notebooks, to be run and changed."""

from __future__ import annotations

import doctest
import json
import re
from typing import Any

from .markdown import FENCED, Link

_LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)]+)\)")


def to_notebook(text: str, link: Link) -> str:
    r"""A page as a notebook without results.

    Parameters
    ----------
    text : str
        Markdown with examples.
    link : callable
        As for `to_html`.

    Returns
    -------
    str
        The file.

    Examples
    --------
    >>> import json
    >>> from dragongrad.course.notebooks import to_notebook
    >>> page = "# One\n\n```python\n>>> 1 + 1\n2\n\n```\n"
    >>> [cell["source"] for cell in json.loads(to_notebook(page, {}.get))["cells"]]
    ['# One', '1 + 1']

    """
    cells: list[dict[str, Any]] = []
    start = 0
    for block in FENCED.finditer(text):
        _add_words(cells, text[start : block.start()], link)
        if block[1] == "python":
            for code in _steps(block[2]):
                _add(cells, "code", code, execution_count=None, outputs=[])
        start = block.end()
    _add_words(cells, text[start:], link)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _add_words(cells: list[dict[str, Any]], words: str, link: Link) -> None:
    if words.strip():
        _add(cells, "markdown", _LINK.sub(lambda found: _linked(found, link), words.strip()))


def _add(cells: list[dict[str, Any]], kind: str, source: str, **more: Any) -> None:
    cells.append({"cell_type": kind, "id": f"cell-{len(cells)}", "metadata": {}, "source": source, **more})


def _linked(found: re.Match[str], link: Link) -> str:
    target = link(found[3])
    if target:
        return f"{found[1]}[{found[2]}]({target})"
    return "" if found[1] else found[2]


def _steps(block: str) -> list[str]:
    """The code of a block, cut after each example that shows something, as a cell shows its last line only."""
    steps, code = [], ""
    for example in doctest.DocTestParser().get_examples(block):
        code += example.source
        if example.want:
            steps.append(code.rstrip())
            code = ""
    return [*steps, code.rstrip()] if code else steps
