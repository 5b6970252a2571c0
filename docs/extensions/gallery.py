"""The gallery's pictures, made by the code that stands above each of them on the page.

After a block of examples the directive `picture NAME` shows what the examples left in the variable `picture`: a
figure or axes of Matplotlib, an SVG as text, or anything that a notebook shows as HTML. The tests run the same
examples.
"""

import doctest
import hashlib
import linecache
import re
from pathlib import Path

import numpy as np
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

_DIRECTIVE = re.compile(r"^```\{picture\} (\S+)\n```$", re.M)
_WIDTH = 640
# The theme leaves no space between the columns of tables that are not its own.
_TABLES = (
    "<style>.from-gallery :is(td, th) { padding: 0.1rem 0.7rem 0.1rem 0; white-space: nowrap; "
    "text-align: left; font-size: 0.75rem; }</style>"
)


def run(text):
    """Run the examples of a page; give what `picture` was at each directive, by name."""
    parser, names, found, done = doctest.DocTestParser(), {"__name__": "gallery"}, {}, 0
    for place in _DIRECTIVE.finditer(text):
        for example in parser.get_examples(text[done : place.start()]):
            # The explorer shows the source of functions, which Python's own modules look for here.
            file = f"{place[1]}-{example.lineno}.py"
            linecache.cache[file] = len(example.source), None, example.source.splitlines(True), file
            exec(compile(example.source, file, "exec"), names)
        found[place[1]], done = names["picture"], place.end()
    return found


def write(picture, folder, name):
    """Write a picture as a file that a page can hold; the ending says what it is."""
    if isinstance(picture, str):
        path = folder / f"{name}.svg"
        path.write_text(picture, encoding="utf-8")
    elif (
        figure := picture if hasattr(picture, "savefig") else getattr(_first(picture), "figure", None)
    ) is not None:
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=110)
    else:
        path = folder / f"{name}.html"
        path.write_text(picture._repr_html_(), encoding="utf-8")
    return path


def _first(things):
    """The first of an array of axes, or nothing where it is no array."""
    return things[0] if isinstance(things, np.ndarray) else None


def _digest(root, text):
    digest = hashlib.sha256(text.encode())
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in (".py", ".html", ".js", ".css"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _make(app):
    source = Path(app.srcdir)
    page = source / "gallery.md"
    folder = source / "_build" / "gallery"
    if not page.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    text = page.read_text(encoding="utf-8")
    stamp, digest = folder / "made-of.txt", _digest(source.parent, text)
    # All pictures are made again when the library or the page has changed, and only then.
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != digest:
        for old in folder.iterdir():
            old.unlink()
        for name, picture in run(text).items():
            write(picture, folder, name)
        stamp.write_text(digest, encoding="utf-8")


class Picture(SphinxDirective):
    """Show the picture of that name."""

    required_arguments = 1

    def run(self):
        """An image, or HTML as it is."""
        name = self.arguments[0]
        folder = Path(self.env.srcdir) / "_build" / "gallery"
        self.env.note_dependency(str(folder / "made-of.txt"))
        (path,) = folder.glob(f"{name}.*")
        if path.suffix == ".html":
            html = _TABLES + path.read_text(encoding="utf-8")
            return [nodes.raw("", f'<div class="from-gallery">{html}</div>', format="html")]
        image = nodes.image(uri=f"/_build/gallery/{path.name}", alt=name.replace("-", " "))
        if path.suffix == ".png":
            image["width"] = f"{_WIDTH}px"
        self.set_source_info(image)
        return [image]


def setup(app):
    """Make the pictures before any page is read."""
    app.connect("builder-inited", _make)
    app.add_directive("picture", Picture)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
