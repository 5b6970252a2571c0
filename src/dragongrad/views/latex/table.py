"""A table for LaTeX that fits the text of a page, whatever it holds.

In this order: as it is; in small letters, with cells that wrap; the same on a turned page; in several tables one
below the other, each with the first column. A table of many lines goes on over the pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import fmean

import numpy as np

from .letters import latex_text, letters

# A cell of so many underscores, or more, is left to be filled in by hand.
BLANK = "_" * 8


@dataclass(frozen=True)
class _Page:
    """How many letters stand side by side in small type, and how many lines go on a page."""

    room: int
    lines: int
    turned: bool = False


# The class `article` at 10pt has the narrowest text of the standard ones, 345 by 550 points; letters of 8 points
# are at most 4.8 points wide. In a longer line the columns are wider.
_UPRIGHT, _TURNED = _Page(70, 46), _Page(112, 26, turned=True)
# As many letters of normal size stand in the line, 5.25 points each, with room for the indent of a paragraph; and
# what is between two columns there and in small type, in letters.
_LETTERS, _BETWEEN, _GAP = 58, 2.4, 1.3
# A table of more lines is broken over pages; one of less is moved to the next as a whole.
_SHORT = 30
# Of a word of this length a column shows at least so many letters in a line.
_WORD = 24
# What is longer, say the hundred arguments of a `stack`, is shortened: its beginning and its end.
_TALLEST, _END = 16, 4
# As many rows are looked at to find how wide the columns are best.
_SEEN = 150
# Above this mean number of lines in a row, a turned page is read better.
_DENSE = 4.0
_NUMBER = re.compile(r"(?<![\w.'\"])\d+\.\d+(?:e[+-]\d+)?")
_PIECE = re.compile(r".+?(?:[(\[{,_=/](?=.)|(?<=[0-9])(?=[+-])|$)")
_SHORTENED = r"\par\noindent\emph{\dots{} stands for what is left out of long cells.}"
_SMALL = r"\fontsize{8}{9.5}\selectfont\setlength{\tabcolsep}{3pt}\renewcommand{\arraystretch}{1.15}%"


def latex_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as LaTeX; the lines before it say which packages it needs.

    Parameters
    ----------
    title : str
        It is written as a comment.
    columns : sequence of str
    rows : sequence of sequence of str
        As plain text: marks that LaTeX reads are escaped here. A `BLANK` is a line to write on.

    Returns
    -------
    str

    """
    cells = [[_tidy(cell) for cell in row] for row in rows]
    body = _plain(columns, cells) or "\n\\par\\bigskip\n".join(_fitted(columns, cells))
    packages = [
        name for name, mark in (
            ("array", r"\arraybackslash"), ("booktabs", r"\toprule"), ("longtable", r"{longtable}"),
            ("pdflscape", "{landscape}"),
        ) if mark in body
    ]  # fmt: skip
    return f"% {' '.join(title.split())}\n% \\usepackage{{{','.join(packages)}}}\n{body}"


def _tidy(cell: str) -> str:
    """A cell in one line, its long numbers with six digits."""
    return _NUMBER.sub(lambda m: m[0] if len(m[0]) <= 9 else f"{float(m[0]):.6g}", " ".join(cell.split()))


# Where everything stands in one line


def _plain(columns: Sequence[str], cells: list[list[str]]) -> str:
    """The table in letters of normal size, or nothing where it is too wide."""
    widths = [max(map(_width, column)) for column in zip(columns, *cells, strict=True)]
    if sum(widths) + _BETWEEN * (len(widths) - 1) > _LETTERS:
        return ""
    typed = [" & ".join([_typed(cell, latex_text(cell)) for cell in row]) for row in cells]
    head = " & ".join(map(latex_text, columns))
    return "\n".join(_environment(len(cells) > _SHORT, "l" * len(columns), head, typed, len(columns)))


def _environment(long: bool, spec: str, head: str, rows: Iterable[str], count: int) -> list[str]:
    """The lines of a table; those of a long one are told which of them stand on every page."""
    name = "longtable" if long else "tabular"
    lines = [rf"\begin{{{name}}}{{{spec}}}", r"  \toprule", rf"  {head} \\", r"  \midrule"]
    if long:
        note = rf"  \multicolumn{{{count}}}{{r@{{}}}}{{\emph{{continued on the next page}}}} \\"
        lines += [r"  \endhead", r"  \midrule", note, r"  \endfoot", r"  \bottomrule", r"  \endlastfoot"]
    lines += [rf"  {row} \\" for row in rows]
    return [*lines, *([] if long else [r"  \bottomrule"]), rf"\end{{{name}}}"]


def _is_blank(cell: str) -> bool:
    # A name may be an underscore or two.
    return len(cell) >= len(BLANK) and not cell.strip("_")


def _typed(cell: str, text: str) -> str:
    """A cell in LaTeX: its text, or a line to write on."""
    return cell and (_line(cell) if _is_blank(cell) else rf"\texttt{{{text}}}")


def _line(cell: str) -> str:
    """A line to write on, with room above it for a hand."""
    return rf"\rule{{0pt}}{{3ex}}\rule[-0.4ex]{{{len(cell) / 2:g}em}}{{0.4pt}}"


def _width(text: str) -> int:
    return len(letters(text))


# Where cells wrap


def _fitted(columns: Sequence[str], cells: list[list[str]]) -> list[str]:
    """One table, or several where not even a turned page has room for all columns."""
    table = [list(columns), *cells]
    least = [max(_longest(cell) for cell in column) for column in zip(*table, strict=True)]
    fits = []
    for page in (_UPRIGHT, _TURNED):
        room = _room(page, least)
        if sum(least) <= room:
            fits.append((page, *_best(least, table, room)))
            if fmean(fits[-1][2]) <= _DENSE:
                break
    if fits:
        return [_wrapped(*min(fits, key=lambda fit: sum(fit[2]) / fit[0].lines), table)]
    parts, taken = [], 1
    while taken < len(columns):
        end = taken + 1
        while end < len(columns) and sum(n := [least[0], *least[taken : end + 1]]) <= _room(_UPRIGHT, n):
            end += 1
        chosen = [0, *range(taken, end)]
        parts += _fitted([columns[k] for k in chosen], [[row[k] for k in chosen] for row in cells])
        taken = end
    return parts


def _room(page: _Page, least: list[int]) -> int:
    return int(page.room - _GAP * (len(least) - 1))


def _best(least: list[int], table: list[list[str]], room: int) -> tuple[list[int], list[int]]:
    """The letters that each column gets, and the lines that each row then has: as few as a short search finds."""
    wish = [max(map(_width, column)) for column in zip(*table, strict=True)]
    if sum(wish) <= room:
        return wish, [1] * len(table)
    # Of a long table some rows stand for all.
    columns = list(zip(*table[:: 1 + len(table) // _SEEN], strict=True))
    known: dict[tuple[int, int], np.ndarray] = {}

    def total(widths: list[int]) -> int:
        for k, width in enumerate(widths):
            if (k, width) not in known:
                known[k, width] = np.array([_height(cell, width) for cell in columns[k]])
        return int(np.max([known[pair] for pair in enumerate(widths)], axis=0).sum())

    widths = _filled(least, wish, room)
    fewest, moved = total(widths), 16
    while moved:
        # Letters go from one column to another while that saves lines.
        offers = [
            [w - moved * (k == i) + moved * (k == j) for k, w in enumerate(widths)]
            for i, j in permutations(range(len(widths)), 2)
            if widths[i] - moved >= least[i] and widths[j] + moved <= wish[j]
        ]
        found, offer = min(((total(offer), offer) for offer in offers), default=(fewest, widths))
        widths, moved = (offer, moved) if found < fewest else (widths, moved // 2)
        fewest = min(found, fewest)
    return widths, [max(map(_height, row, widths)) for row in table]


def _filled(least: list[int], wish: list[int], room: int) -> list[int]:
    """All columns as wide as one level, but for what is narrower by its wish or wider by need."""
    widths = list(least)
    for level in range(room):
        raised = [min(w, max(n, level)) for n, w in zip(least, wish, strict=True)]
        if sum(raised) > room:
            break
        widths = raised
    for k, w in enumerate(wish):
        widths[k] += min(w - widths[k], room - sum(widths))
    return widths


def _height(cell: str, width: int) -> int:
    return min(len(_lines(cell, width)), _TALLEST + 1)


def _wrapped(page: _Page, widths: list[int], tall: list[int], table: list[list[str]]) -> str:
    # The length of a line is LaTeX's: of it each column has its part, with what is between the columns.
    whole = page.room
    spec = [
        rf"  >{{\raggedright\arraybackslash}}p{{\dimexpr{(w + _GAP) / whole:.4f}\linewidth-2\tabcolsep\relax}}"
        for w in widths
    ]
    head, *rows = [[_broken(cell, w) for cell, w in zip(row, widths, strict=True)] for row in table]
    typed = [list(map(_typed, row, texts)) for row, texts in zip(table[1:], rows, strict=True)]
    long = sum(tall) > min(_SHORT, page.lines)
    lines = _environment(
        long, "\n".join(["@{}", *spec, "@{}"]), " & ".join(head), map(" & ".join, typed), len(head)
    )
    if max(tall) > _TALLEST:
        lines.append(_SHORTENED)
    lines = [(r"\par" if long else r"\par\noindent") + r"\begingroup" + _SMALL, *lines, r"\par\endgroup"]
    return "\n".join([r"\begin{landscape}", *lines, r"\end{landscape}"] if page.turned else lines)


def _longest(cell: str) -> int:
    """How wide a column must be to show this cell well: its longest word, or piece of a long word."""
    if not cell or _is_blank(cell):
        return len(cell)
    words = [word if _width(word) <= _WORD // 2 else max(_PIECE.findall(word), key=_width) for word in cell.split()]
    return min(max(map(_width, words)), _WORD)


def _units(cell: str, width: int) -> list[tuple[str, list[str]]]:
    """What stays together in a line, each with what is before it where it does not begin a line."""
    units = []
    for word in cell.split():
        pieces = [word] if _width(word) <= width else _PIECE.findall(word)
        whole = [[letters(piece)] if _width(piece) <= width else [[c] for c in letters(piece)] for piece in pieces]
        flat = [unit for piece in whole for unit in piece]
        units += [(" " if k == 0 else r"\allowbreak{}", unit) for k, unit in enumerate(flat)]
    return units


def _lines(cell: str, width: int) -> list[list[tuple[str, list[str]]]]:
    """The lines of a cell in a column that shows so many letters side by side."""
    found: list[list[tuple[str, list[str]]]] = []
    used = width
    for unit in _units(cell, width):
        needed = len(unit[1]) + (unit[0] == " ")
        if used + needed > width:
            found.append([])
            used, needed = 0, len(unit[1])
        found[-1].append(unit)
        used += needed
    return found or [[]]


def _broken(cell: str, width: int) -> str:
    """A cell with the places where a line may end; a tall one keeps its beginning and its end."""
    lines = _lines(cell, width)
    if len(lines) > _TALLEST:
        lines = [*lines[: _TALLEST - _END - 1], [(" ", letters("…"))], *lines[-_END:]]
    text = "".join(before + "".join(unit) for line in lines for before, unit in line)
    return text.removeprefix(" ")
