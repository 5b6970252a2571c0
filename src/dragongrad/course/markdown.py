"""Pages of the course as HTML: the part of Markdown that the manual's course uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from .formulas import to_mathml

Link = Callable[[str], str | None]

#: A block between fences: its kind, and what is in it.
FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\$(?P<math>[^$]+)\$|!\[(?P<alt>[^\]]*)\]\((?P<source>[^)]+)\)"
    r"|\[(?P<words>[^\]]+)\]\((?P<target>[^)]+)\)|\*\*(?P<strong>.+?)\*\*|\*(?P<stress>[^*\s](?:[^*]*[^*\s])?)\*",
    re.DOTALL,
)


def to_html(text: str, link: Link) -> str:
    r"""The body of a page.

    Parameters
    ----------
    text : str
        Headings, paragraphs, lists, quotations, tables, code, formulas, pictures and links.
    link : callable
        Where a link or picture of the text leads on this page; None leaves the words without a link.

    Returns
    -------
    str

    Examples
    --------
    >>> from dragongrad.course.markdown import to_html
    >>> to_html("# Of $x$\n\nSee [there](there.md).", {"there.md": "there.html"}.get)
    '<h1>Of <math><mi>x</mi></math></h1>\n<p>See <a href="there.html">there</a>.</p>'

    """
    made: list[str] = []
    start = 0
    for block in FENCED.finditer(text):
        made += _paragraphs(text[start : block.start()], link)
        kind, inside = block[1], block[2]
        if kind.startswith("{raw}"):
            made.append(inside.strip())
        elif not kind.startswith("{"):
            shown = inside.strip().replace("<BLANKLINE>", "")
            made.append(f"<pre>{escape(shown)}</pre>")
        start = block.end()
    return "\n".join([*made, *_paragraphs(text[start:], link)])


def _paragraphs(text: str, link: Link) -> Iterator[str]:
    for part in re.split(r"\n\s*\n", text.strip()):
        if part.strip():
            yield _paragraph(part, link)


def _paragraph(part: str, link: Link) -> str:
    if heading := re.fullmatch(r"(#+) (.*)", part):
        level = len(heading[1])
        return f"<h{level}>{inline(heading[2], link)}</h{level}>"
    if part.startswith("$$"):
        formula, rest = part[2:].rsplit("$$", 1)
        return f"<p>{to_mathml(formula, display=True)}{inline(rest, link)}</p>"
    if part.startswith("|"):
        return _table(part.splitlines(), link)
    if part.startswith("> "):
        words = re.sub(r"^> ?", "", part, flags=re.MULTILINE)
        return f"<blockquote>{inline(words, link)}</blockquote>"
    if part.startswith("* "):
        items = re.split(r"^\* ", part, flags=re.MULTILINE)[1:]
        return "<ul>" + "".join(f"<li>{inline(item.strip(), link)}</li>" for item in items) + "</ul>"
    # A list may follow its first line at once.
    head, star, rest = part.partition("\n* ")
    if star:
        return f"<p>{inline(head, link)}</p>\n{_paragraph('* ' + rest, link)}"
    return f"<p>{inline(part, link)}</p>"


def _table(lines: list[str], link: Link) -> str:
    rows = [_cells(line) for line in lines]
    head, body = rows[0], rows[2:]
    made = f"<thead>{_row(head, 'th', link)}</thead>" if any(head) else ""
    return f"<table>{made}<tbody>{''.join(_row(row, 'td', link) for row in body)}</tbody></table>"


def _row(cells: list[str], tag: str, link: Link) -> str:
    return f"<tr>{''.join(f'<{tag}>{inline(cell, link)}</{tag}>' for cell in cells)}</tr>"


def _cells(line: str) -> list[str]:
    """The cells of a line of a table; a bar in a formula or in code is none of its borders."""
    whole = re.sub(r"\$[^$]*\$|`[^`]*`", lambda found: found[0].replace("|", "\0"), line)
    return [cell.strip().replace("\0", "|") for cell in whole.strip().strip("|").split("|")]


def inline(text: str, link: Link) -> str:
    """The words of a paragraph: code, formulas, pictures, links and stress."""
    made, start = [], 0
    for found in _INLINE.finditer(text):
        made.append(escape(text[start : found.start()], quote=False))
        made.append(_marked(found, link))
        start = found.end()
    return "".join(made) + escape(text[start:], quote=False)


def _marked(found: re.Match[str], link: Link) -> str:
    kind = found.lastgroup
    if kind == "code":
        return f"<code>{escape(found['code'])}</code>"
    if kind == "math":
        return to_mathml(found["math"])
    if kind == "source":
        source = link(found["source"])
        return f'<img src="{source}" alt="{escape(found["alt"])}">' if source else ""
    if kind == "target":
        target, words = link(found["target"]), inline(found["words"], link)
        return f'<a href="{target}">{words}</a>' if target else words
    tag = "strong" if kind == "strong" else "em"
    return f"<{tag}>{inline(found[kind or 'stress'], link)}</{tag}>"
