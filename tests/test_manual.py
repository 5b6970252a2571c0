"""The manual: every public name has its entry, every picture its place, and nothing is loaded from a network."""

import re
import sys
from importlib import import_module
from inspect import ismodule
from pathlib import Path

import pytest

import dragongrad as ad
import dragongrad.optimize.zoo

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS / "extensions"))
PAGES = [DOCS / "api.md", DOCS / "lab.md"]

# The public modules. The names of `dragongrad.scipy` are SciPy's, which `docs/scipy.md` has.
MODULES = (
    "dragongrad", "dragongrad.optimize", "dragongrad.optimize.zoo", "dragongrad.nn", "dragongrad.nn.activations",
    "dragongrad.nn.initializers", "dragongrad.nn.images", "dragongrad.lab", "dragongrad.integrate",
    "dragongrad.testing", "dragongrad.implicit", "dragongrad.interop.autograd", "dragongrad.interop.jax",
    "dragongrad.interop.scipy", "dragongrad.interop.torch", "dragongrad.scipy.optimize", "dragongrad.variable",
)  # fmt: skip


def module(name):
    return ad.implicit if name == "dragongrad.implicit" else import_module(name)


def documented():
    """The objects that the reference has an entry for."""
    found, directive = [], re.compile(r"^\.\. (?:auto|py:)(\w+):: (\S+)\n((?:^ +\S.*\n)*)", re.M)
    for kind, name, options in directive.findall("\n".join(p.read_text(encoding="utf-8") for p in PAGES)):
        if kind == "module":
            own, listed = module(name), re.search(r":members:(( .*\n|$)(?:^ {6}.*\n)*)", options, re.M)
            names = re.findall(r"\w+", listed[1]) if listed else []
            found += [getattr(own, n) for n in names or public(own)]
        else:
            parent, _, last = name.rpartition(".")
            found.append(getattr(module(parent), last))
    return found


def public(own):
    """What a module offers: `__all__`, or what is defined in it."""
    defined = [n for n in vars(own) if n[0] != "_" and getattr(getattr(own, n), "__module__", "") == own.__name__]
    return getattr(own, "__all__", defined)


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_in_the_reference(name):
    own, known = module(name), {id(thing) for thing in documented()}
    assert [n for n in public(own) if not ismodule(getattr(own, n)) and id(getattr(own, n)) not in known] == []


# The gallery


def test_every_picture_stands_in_the_gallery_below_its_code():
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    drawn = [f"ad.lab.{name}(" for name in ad.lab.__all__ if name.startswith("draw_") or name == "race"]
    drawn += [
        "ad.graph(",
        ".svg()",
        "ad.trace_table(",
        "ad.explore(",
        ".picture(",
        "exercise=True",
        ".plot()",
        "images.maps(",
    ]
    assert [call for call in drawn if call not in text] == []
    names = re.findall(r"^```\{picture\} (\S+)\n```$", text, re.M)
    assert len(set(names)) == len(names) == text.count("picture = ") - text.count("...     picture = ")
    # Each picture has a section, and stands below a block that makes it.
    for section in text.split("\n## ")[1:]:
        code, _, rest = section.partition("```{picture}")
        assert re.search(r"^>>> picture = ", code, re.M), section.splitlines()[0]
        assert rest


def test_the_gallery_runs_the_examples_of_a_page(tmp_path):
    gallery = pytest.importorskip("gallery")
    page = '```python\n>>> def f(x):\n...     return x\n>>> picture = f("<svg/>")\n\n```\n\n```{picture} one\n```\n'
    page += "\n```python\n>>> class Table:\n...     def _repr_html_(self):\n...         return '<b>2</b>'\n"
    page += ">>> picture = Table()\n```\n\n```{picture} two\n```\n"
    files = [gallery.write(picture, tmp_path, name) for name, picture in gallery.run(page).items()]
    assert [(file.name, file.read_text()) for file in files] == [("one.svg", "<svg/>"), ("two.html", "<b>2</b>")]


# Nothing is loaded from a network


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<script src="https://cdn.net/a.js"></script>', 1),
        ('<script async="async" src="//cdn.net/a.js"></script>', 1),
        ('<link rel="stylesheet" href="http://a.net/x.css">', 1),
        ('<link rel="preconnect" href="https://fonts.net">', 1),
        ('<link rel="icon" href="https://a.net/i.png">', 1),
        ('<img src="https://a.net/i.png">', 1),
        ('<img srcset="https://a.net/i.png 2x" src="i.png">', 1),
        ('<div style="background: url(https://a.net/i.png)">', 1),
        ("<style>@import 'https://a.net/x.css'; @font-face { src: url(\"//a.net/f.woff\") }</style>", 2),
        ('<iframe srcdoc="&lt;script src=&quot;https://a.net/x.js&quot;&gt;&lt;/script&gt;"></iframe>', 1),
        ('<svg><image href="https://a.net/i.png"/></svg>', 1),
        ('<a href="https://a.net/">a link</a><link rel="canonical" href="https://a.net/page.html">', 0),
        ('<script src="_static/a.js"></script><img src="data:image/png;base64,AA=="><img src="../i.png">', 0),
        ('<svg xmlns="http://www.w3.org/2000/svg"></svg><pre>&lt;script src="https://a.net/x.js"&gt;</pre>', 0),
    ],
)
def test_what_a_page_loads_is_found(page, found):
    offline = pytest.importorskip("offline")
    assert len(offline.in_page(page)) == found


def test_pages_and_style_sheets_of_a_folder_are_looked_at(tmp_path):
    offline = pytest.importorskip("offline")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.html").write_text('<img src="https://a.net/i.png">')
    (tmp_path / "b.css").write_text("@font-face { src: url(https://a.net/f.woff) }")
    (tmp_path / "c.html").write_text("<p>https://a.net</p>")
    assert sorted(offline.in_folder(tmp_path)) == ["b.css", "sub/a.html"]


# Formulas


def test_formulas_become_mathml():
    mathml = pytest.importorskip("mathml")
    assert mathml.converted("x^2", display=False).startswith("<math><msup>")
    assert mathml.converted(r"\frac{1}{2}", display=True).startswith('<math display="block"><mfrac>')
    for problem in ad.optimize.zoo.ZOO.values():
        assert "<math" in mathml.converted(f"f = {problem.formula}", display=True)


@pytest.mark.parametrize("latex", [r"\frac{1}{2", r"\foo x", r"\left( x", "a}"])
def test_a_formula_with_a_mistake_fails_the_build(latex):
    mathml = pytest.importorskip("mathml")
    with pytest.raises(mathml.ExtensionError, match="is not understood"):
        mathml.converted(latex, display=False)


# Links of pages that Sphinx does not read


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name):
    text = (DOCS.parent / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", re.sub(r"`[^`]*`", "", text)) if "://" not in link]
    generated = {"docs/blocks.md", "docs/zoo.md", "docs/graph.svg"}
    assert [link for link in links if link not in generated and not (DOCS.parent / link).exists()] == []
