"""The chapters: where their text is, its sections, and the explorations that its examples make."""

from __future__ import annotations

import doctest
import linecache
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import dragongrad as ad

from ..core.errors import AbsentError
from ..views.explore.page import Exploration
from .markdown import FENCED

_HERE = Path(__file__).parent
# Installed, the text lies beside this file; in a checkout it is a folder of the manual.
TEXT = next((p for p in (_HERE / "text", _HERE.parents[2] / "docs" / "course") if p.is_dir()), _HERE / "text")


@dataclass(frozen=True)
class Chapter:
    """A chapter of the course.

    Attributes
    ----------
    number : int
    name : str
        A word or two, for the names of its files.
    title : str

    """

    number: int
    name: str
    title: str

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return f"{self.number}-{self.name}"

    @property
    def text(self) -> str:
        """The chapter as it stands in the manual, in Markdown."""
        return read(self.stem)

    @property
    def solutions(self) -> str:
        """The solutions of its exercises, in Markdown."""
        return read(f"{self.number}-solutions")

    def section(self, heading: str) -> str:
        """One section of the text, its heading included.

        Raises
        ------
        AbsentError
            There is no section of that name.

        Examples
        --------
        >>> from dragongrad.course import CHAPTERS
        >>> CHAPTERS[0].section("Exercises").splitlines()[0]
        '## Exercises'

        """
        found = re.search(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", self.text, re.MULTILINE | re.DOTALL)
        if found is None:
            raise AbsentError(f"chapter {self.number} has no section {heading!r}")
        return found[0]

    def explorations(self) -> dict[str, Exploration]:
        """The explorer's pages that the chapter makes: `page`, and `sheet`, which has blanks.

        They are made by the very lines that the chapter prints, so that both show the same program.

        Examples
        --------
        >>> from dragongrad.course import CHAPTERS
        >>> CHAPTERS[1].explorations()["page"]
        <exploration of f: 4 operations; .save('f.html')>

        """
        blocks = [code_of(block) for kind, block in FENCED.findall(self.text) if kind == "python"]
        code = next(block for block in blocks if "ad.explore(" in block)
        # The explorer reads the source of functions from there, as it does in a notebook.
        file = f"{self.stem}.py"
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        names: dict[str, Any] = {"np": np, "ad": ad, "__name__": self.name}
        exec(compile(code, file, "exec"), names)
        return {name: made for name, made in names.items() if isinstance(made, Exploration)}


def read(stem: str) -> str:
    """The text of a page of the course.

    Raises
    ------
    AbsentError
        This installation came without the course.

    """
    path = TEXT / f"{stem}.md"
    if not path.is_file():
        raise AbsentError(f"{path} is not there: install dragongrad again, or run in a checkout of it")
    return path.read_text(encoding="utf-8")


def code_of(block: str) -> str:
    r"""The code of the examples in a block, without prompts and results.

    Examples
    --------
    >>> from dragongrad.course.chapters import code_of
    >>> code_of(">>> x = 1\n>>> x\n1\n")
    'x = 1\nx\n'

    """
    return "".join(example.source for example in doctest.DocTestParser().get_examples(block))


#: In the order in which they are taught.
CHAPTERS = (
    Chapter(1, "derivatives", "What a derivative is"),
    Chapter(2, "chain-rule", "The chain rule as a graph"),
    Chapter(3, "forward-mode", "Forward mode"),
    Chapter(4, "reverse-mode", "Reverse mode"),
    Chapter(5, "jacobians", "Vectors: Jacobians and products with them"),
    Chapter(6, "hessians", "Hessians, Newton and least squares"),
    Chapter(7, "descent", "Descent: step sizes, momentum, Adam, and what goes wrong"),
    Chapter(8, "networks", "Networks: a layer, a loss, training, a convolution"),
)
