"""The manual is read without a network: a page that would load something from one fails the build.

Links that a reader may follow are no matter; scripts, style sheets, pictures, fonts and frames are.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

from sphinx.errors import ExtensionError

_REMOTE = re.compile(r"^\s*(?:https?:)?//", re.I)
_IN_STYLE = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])\s*((?:https?:)?//[^'")\s]*)""", re.I)
# Attributes whose address a browser loads by itself, with the element that has them.
_LOADED = {
    "script": ("src",), "img": ("src", "srcset"), "source": ("src", "srcset"), "iframe": ("src",),
    "embed": ("src",), "video": ("src", "poster"), "audio": ("src",), "track": ("src",), "object": ("data",),
    "input": ("src",),
    "image": ("href", "xlink:href"), "use": ("href", "xlink:href"),
}  # fmt: skip
# Of the kinds of `<link>` these are names of other pages, which nothing loads.
_ONLY_NAMED = {"canonical", "alternate", "author", "license", "index", "search", "next", "prev", "help"}


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.in_style = False

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        self.in_style = tag == "style"
        names = _LOADED.get(tag, ())
        if tag == "link" and not set(given.get("rel", "").lower().split()) <= _ONLY_NAMED:
            names = ("href",)
        self.found += [f"<{tag}> {given[name]}" for name in names if _REMOTE.match(given.get(name, ""))]
        self.found += in_style(given.get("style", ""))
        # The page of a frame stands in an attribute.
        self.found += in_page(given.get("srcdoc", ""))

    def handle_endtag(self, tag):
        self.in_style = False

    def handle_data(self, data):
        if self.in_style:
            self.found += in_style(data)


def in_style(text):
    """What a style sheet would load from a network."""
    return [f"style {address}" for address in _IN_STYLE.findall(text)]


def in_page(text):
    """What a page would load from a network."""
    if not text:
        return []
    page = _Page()
    page.feed(text)
    page.close()
    return page.found


def in_folder(folder):
    """What the pages and style sheets of a folder would load, by file."""
    folder, found = Path(folder), {}
    for path in sorted(folder.rglob("*")):
        look = {".html": in_page, ".css": in_style}.get(path.suffix)
        if look is not None and (loads := look(path.read_text(encoding="utf-8"))):
            found[path.relative_to(folder).as_posix()] = loads
    return found


def _check(app, exception):
    if exception is None and app.builder.format == "html" and (found := in_folder(app.outdir)):
        lines = [f"{name}: {', '.join(loads)}" for name, loads in found.items()]
        raise ExtensionError("these pages need a network:\n" + "\n".join(lines))


def setup(app):
    """Look at the pages when all are written."""
    app.connect("build-finished", _check)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
