"""The folder for a class: chapters, explorer pages, exercises, notebooks, and what is for the teacher alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

from ..core.errors import ArgumentError
from ..views.palette import page_style
from .chapters import CHAPTERS, Chapter, read
from .markdown import to_html
from .notebooks import to_notebook
from .pictures import draw

#: What a pack holds, as `Path.glob` takes it.
WRITTEN = ("*.html", "*/*.html", "*/*.svg", "*/*.ipynb", "*/*.tex")
_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_TEACHER = "For the teacher"


def write(folder: str | Path, numbers: Iterable[int] | None = None) -> list[Path]:
    """Write the course, or some of its chapters, into a folder that needs no network.

    Parameters
    ----------
    folder : str or Path
        It is made if it is not there; files of the same names are overwritten.
    numbers : iterable of int, optional
        The chapters; all of them if not given.

    Returns
    -------
    list of Path
        The files, `index.html` first.

    Raises
    ------
    ArgumentError
        There is no such chapter.
    AbsentError
        This installation came without the course's text.
    MissingExtraError
        Matplotlib, which draws the pictures, is not installed.

    """
    chapters, out = chosen(numbers), Path(folder)
    for name in ("", "explore", "pictures", "exercises", "notebooks", "teacher"):
        (out / name).mkdir(parents=True, exist_ok=True)
    made = [_page(out / "index.html", "A course", _contents(chapters)), _references(out, chapters)]
    made.append(_page(out / "teacher" / "index.html", "For the teacher", _for_the_teacher(chapters), "../"))
    made += write_explorations(out / "explore", chapters, out / "teacher")
    made += draw(chapters, out / "pictures")
    for chapter in chapters:
        made += _write_chapter(out, chapter, chapters)
    return made


def chosen(numbers: Iterable[int] | None) -> list[Chapter]:
    """The chapters of some numbers, in the order of the course.

    Raises
    ------
    ArgumentError
        There is no such chapter.

    """
    wanted = [chapter.number for chapter in CHAPTERS] if numbers is None else list(numbers)
    for number in wanted:
        if number not in range(1, len(CHAPTERS) + 1):
            raise ArgumentError(f"there is no chapter {number}: choose from 1 to {len(CHAPTERS)}")
    return [chapter for chapter in CHAPTERS if chapter.number in wanted]


def write_explorations(folder: Path, chapters: Iterable[Chapter], solutions: Path | None = None) -> list[Path]:
    """Write the explorer's pages of some chapters.

    With a folder for the solutions, the sheets with all cells go there, and all sheets are written for paper too.
    """
    made = []
    for chapter in chapters:
        found = chapter.explorations()
        made.append(found["page"].save(folder / f"{chapter.stem}.html"))
        if "sheet" in found:
            sheet, name = found["sheet"], f"{chapter.number}-sheet"
            made.append(sheet.save(folder / f"{name}.html"))
            if solutions is not None:
                made.append(sheet.solution.save(solutions / f"{name}.html"))
                made += [sheet.save(folder / f"{name}.tex"), sheet.solution.save(solutions / f"{name}.tex")]
    return made


def _write_chapter(out: Path, chapter: Chapter, chapters: list[Chapter]) -> list[Path]:
    title = f"{chapter.number} {chapter.title}"
    exercises, note = chapter.section("Exercises"), chapter.section(_TEACHER)
    text = chapter.text.replace(note, "")
    pages = {
        out / f"{chapter.stem}.html": (title, text, ""),
        out / "exercises" / f"{chapter.stem}.html": (
            f"Exercises {chapter.number}",
            f"# {title}\n\n{exercises}",
            "../",
        ),
        out / "teacher" / f"{chapter.stem}.html": (f"Teacher {chapter.number}", f"# {title}\n\n{note}", "../"),
        out / "teacher" / f"{chapter.number}-solutions.html": (
            f"Solutions {chapter.number}",
            chapter.solutions,
            "../",
        ),
    }
    made = [
        _page(path, name, to_html(words, _Links(chapters, up).to), up) for path, (name, words, up) in pages.items()
    ]
    # The frame of the explorer has no place in a notebook; a link to it is on the chapter's page.
    links = _Links(chapters, "../").to
    for path, words in (
        (out / "notebooks" / f"{chapter.stem}.ipynb", text),
        (out / "teacher" / f"{chapter.number}-solutions.ipynb", chapter.solutions),
    ):
        path.write_text(to_notebook(words, links), encoding="utf-8")
        made.append(path)
    return made


class _Links:
    """Where links of the manual lead within the pack, from a page that is so far below its top."""

    def __init__(self, chapters: list[Chapter], up: str) -> None:
        self.up = up
        self.pages = {"references.md": "references.html"}
        for chapter in chapters:
            self.pages[f"{chapter.stem}.md"] = f"{chapter.stem}.html"
            self.pages[f"{chapter.number}-solutions.md"] = f"teacher/{chapter.number}-solutions.html"

    def to(self, target: str) -> str | None:
        """The address, or None for a page of the manual that is not in the pack."""
        if target.startswith("https://"):
            return target
        if target.startswith("../pictures/"):
            return self.up + target.removeprefix("../")
        return self.up + self.pages[target] if target in self.pages else None


def _references(out: Path, chapters: list[Chapter]) -> Path:
    return _page(out / "references.html", "References", to_html(read("references"), _Links(chapters, "").to))


def _contents(chapters: list[Chapter]) -> str:
    rows = []
    for chapter in chapters:
        paper = f'<a href="explore/{chapter.number}-sheet.tex">for paper</a>'
        page = f'<a href="explore/{chapter.number}-sheet.html">sheet</a>'
        sheet = f"{page}, {paper}" if _has_sheet(chapter) else ""
        rows.append(
            f'<tr><td>{chapter.number}</td><td><a href="{chapter.stem}.html">{escape(chapter.title)}</a></td>'
            f'<td><a href="explore/{chapter.stem}.html">explorer</a></td><td>{sheet}</td>'
            f'<td><a href="exercises/{chapter.stem}.html">exercises</a></td>'
            f'<td><a href="notebooks/{chapter.stem}.ipynb">notebook</a></td></tr>'
        )
    return (
        f'<h1>From the chain rule to a convolution</h1>\n<table class="chapters">{"".join(rows)}</table>\n'
        "<p>The pages need a browser and no network. The notebooks need Python with dragongrad and Jupyter. On a "
        "sheet, fill in the blanks: the page checks them.</p>\n"
        '<p><a href="references.html">References</a></p>'
    )


def _for_the_teacher(chapters: list[Chapter]) -> str:
    rows = []
    for chapter in chapters:
        number = chapter.number
        paper = f'<a href="{number}-sheet.tex">for paper</a>'
        sheet = f'<a href="{number}-sheet.html">sheet, filled in</a>, {paper}' if _has_sheet(chapter) else ""
        rows.append(
            f'<tr><td>{number}</td><td><a href="{chapter.stem}.html">{escape(chapter.title)}</a></td>'
            f'<td>{sheet}</td><td><a href="{number}-solutions.html">solutions</a></td>'
            f'<td><a href="{number}-solutions.ipynb">notebook</a></td></tr>'
        )
    table = f'<table class="chapters">{"".join(rows)}</table>'
    return f"<h1>For the teacher</h1>\n{table}\n<p>Do not hand out this folder.</p>"


def _has_sheet(chapter: Chapter) -> bool:
    return re.search(r"^>>> sheet = ", chapter.text, re.MULTILINE) is not None


def _page(path: Path, title: str, body: str, up: str = "") -> Path:
    """Write a page with its style in it."""
    top = "" if path.name == "index.html" and not up else f'<nav><a href="{up}index.html">the course</a></nav>\n'
    path.write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{page_style()}\n{_STYLE}</style>\n</head>\n<body>\n{top}{body}\n</body>\n</html>\n",
        encoding="utf-8",
    )
    return path
