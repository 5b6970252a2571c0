"""Sphinx: the manual. The tables of Blocks and of test functions are written here from the tables themselves.

The notebooks are run while the manual is built. With DRAGONGRAD_SMALL=1 they are in their quick form, and the pages
of the library's source are left out.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
from docutils import nodes

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
sys.path.insert(0, str(Path(__file__).parent / "extensions"))

import dragongrad as ad
from dragongrad import course
from dragongrad.blocks.kinks import KINKS
from dragongrad.core.block import BLOCKS, COMPOSITES, UNSUPPORTED
from dragongrad.optimize.zoo import MORE_GARBOW_HILLSTROM, ZOO

ROOT = Path(__file__).parent.parent

project = "dragongrad"
author = "the dragongrad developers"
release = ad.__version__
# The last three are in the folder `extensions`.
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "offline", "gallery"]
html_math_renderer = "mathml"
# A page for each file of the library takes most of the time, and says nothing of the manual.
SMALL = os.environ.get("DRAGONGRAD_SMALL") == "1"
extensions += [] if SMALL else ["sphinx.ext.viewcode"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "dragongrad"
html_show_copyright = False
html_static_path = ["manual"]
html_css_files = ["manual.css"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_numpy_docstring = True
napoleon_google_docstring = False


_MODULES = {
    np: "np", np.linalg: "np.linalg", np.fft: "np.fft", np.emath: "np.emath", np.strings: "np.strings",
    np.char: "np.char", np.lib.stride_tricks: "np.lib.stride_tricks", np.ufunc: "np.ufunc",
}  # fmt: skip


def _notebook_cache():
    """Where the results of the notebooks are kept: a folder for each form, and for each state of the library.

    By the notebooks' text alone it would show old results of a changed library, and hide a cell that now fails.
    """
    form = "small" if SMALL else "full"
    digest = hashlib.sha256(np.__version__.encode())
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix in (".py", ".html", ".js", ".css"):
            digest.update(path.read_bytes())
    folder = ROOT / "docs/_build/notebooks" / f"{form}-{digest.hexdigest()[:16]}"
    for old in folder.parent.glob(f"{form}-*"):
        if old != folder:
            shutil.rmtree(old)
    return str(folder)


def _write_kernel():
    """Let the notebooks run with the Python and the library that build the manual, whatever else is installed."""
    folder = ROOT / "docs/_build/jupyter"
    (folder / "kernels/python3").mkdir(parents=True, exist_ok=True)
    # Its warning that processes of one machine talk without encryption is no news here.
    arguments = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
    kernel = {"argv": arguments, "display_name": "Python 3", "language": "python",
              "env": {"PYTHONPATH": str(ROOT / "src")}}  # fmt: skip
    (folder / "kernels/python3/kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    os.environ["JUPYTER_PATH"] = str(folder)


logging.getLogger("traitlets").setLevel(logging.WARNING)
nb_execution_mode = "cache"
nb_execution_cache_path = _notebook_cache()
nb_execution_raise_on_error = True
nb_execution_timeout = 900
nb_output_stderr = "warn"
nb_merge_streams = True


def _name(fn):
    name = getattr(fn, "__name__", str(fn))
    for module, prefix in _MODULES.items():
        if getattr(module, name, None) is fn:
            return f"{prefix}.{name}"
    return name


def _names(functions):
    """Sorted names; NumPy's private ufuncs stand behind public functions that are listed themselves."""
    return sorted({name for name in map(_name, functions) if not name.startswith("_")})


def _listed(names):
    return ", ".join(f"`{name}`" for name in names)


def _rule_row(block):
    lines = [line.strip().replace("|", "\\|") for line in str(ad.explain(block)).splitlines()[1:]]
    lines = [line for line in lines if not line.startswith("at ")]  # the kinks have a table of their own
    limits = [line.removeprefix("domain: ").split(" (")[0] for line in lines if line.startswith("domain: ")]
    rules = "<br>".join(f"`{line}`" for line in lines if not line.startswith("domain: "))
    return f"| `{_name(block.fn)}` | {rules} | {', '.join(f'`{limit}`' for limit in limits)} |"


_VERBS = {
    "elementwise": "One partial derivative per argument; `domain` is where it is finite, everywhere if empty.",
    "linear": "Each is its own derivative; the rule is its transpose.",
    "multilinear": "Linear in each argument while the others stay.",
    "general": "A pushforward or a pullback in full.",
    "constant": "The derivative is zero wherever it exists.",
}


def _write_blocks():
    lines = [
        "# Table of Blocks", "",
        "Generated from the table itself; `ad.explain(np.arcsin)` prints a rule. A name without `np.` is a Block",
        "of dragongrad's own, behind an operator or a function: `getitem` is `x[i]`, `setitem` is `x[i] = v`,",
        "`gather` is `x[i]` with a Variable as index.", "",
    ]  # fmt: skip
    for kind, says in _VERBS.items():
        found = [b for b in BLOCKS.values() if b.kind == kind]
        lines += [f"## {kind}", "", says, ""]
        if kind == "elementwise":
            lines += ["| function | derivative | domain |", "|---|---|---|"]
            lines += [_rule_row(b) for b in sorted(found, key=lambda b: _name(b.fn))]
        else:
            lines.append(_listed(_names(b.fn for b in found)))
        lines.append("")
    lines += ["## composite", "", "Restated through other Blocks: no rule at all.", ""]
    lines += [_listed(_names(COMPOSITES)), "", *_kink_rows()]
    lines += ["## without a rule", "", "These raise, and say why.", ""]
    lines += ["| function | reason |", "|---|---|"]
    reasons = {}
    for fn, reason in UNSUPPORTED.items():
        reasons.setdefault(reason, []).append(fn)
    rows = [(_names(fns), reason) for reason, fns in reasons.items()]
    lines += [f"| {_listed(names)} | {reason} |" for names, reason in sorted(rows) if names]
    _write("blocks.md", "\n".join(lines) + "\n")


def _kink_rows():
    """What is promised where a function has no derivative, or more than one."""
    lines = ["## Kinks and singularities", "",
             "What the derivative is where a function has none, or more than one: the same in every mode, batched",
             "and compiled. Each line is held to by a test.", "",
             "| function | at | derivative |", "|---|---|---|"]  # fmt: skip
    for fn in sorted(KINKS, key=_name):
        lines += [f"| `{_name(fn)}` | {kink.at} | {kink.derivative} |" for kink in KINKS[fn]]
    return [*lines, ""]


def _write_picture():
    def f(x, y):
        return np.exp(-x * x) * np.sin(x + y)

    _write("graph.svg", ad.graph(f, 0.5, np.ones(3)).svg() + "\n")


def _write(name, text):
    path = Path(__file__).parent / name
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _point(x):
    return "(" + ", ".join(f"{v:.6g}" for v in x[:6]) + (", ..." if len(x) > 6 else "") + ")"


def _points(points, most=4):
    shown = [_point(x) for x in points[:most]]
    return "; ".join(shown) + (f"; and {len(points) - most} more" if len(points) > most else "")


def _domain(problem):
    boxes = problem.domain()
    if np.all(boxes == boxes[0]):
        return f"[{boxes[0, 0]:.6g}, {boxes[0, 1]:.6g}] each"
    return " x ".join(f"[{low:.6g}, {high:.6g}]" for low, high in boxes)


def _describe(problem):
    dimensions = f"{problem.n} numbers"
    if problem.any_n:
        allowed = problem.dimensions
        last = f", ..., {allowed[-1]}" if len(allowed) < 1000 else ", ..."
        dimensions = f"n = {allowed[0]}, {allowed[1]}{last}; the values here are for n = {problem.n}"
    facts = [("dimension", dimensions), ("domain", _domain(problem))]
    at = f" at {_points(problem.minima())}" if problem.minima() else ""
    facts.append(("minimum", f"{problem.minimum():.10g}" + at))
    local = [f"{v:.10g} at " + ("infinity" if x is None else _point(x)) for v, x in problem.local_minima()]
    facts += [("also", "; ".join(local))] if local else []
    facts.append(("starts", _points(problem.starts())))
    facts += [("residuals", "yes")] if problem.residuals else []
    facts += [("not smooth", problem.kinks)] if problem.kinks else []
    facts.append(("source", problem.source))
    lines = [f"## {problem.name}", "", f"$$f = {problem.formula}$$", "", "| | |", "|---|---|"]
    return [*lines, *[f"| {name} | {text} |" for name, text in facts], ""]


def _write_zoo():
    lines = [
        "# The zoo of test functions", "",
        f"{len(ZOO)} published functions, generated from the table itself. `zoo.get(name)` gives one, called",
        "with a vector; `.starts()`, `.minima()`, `.minimum()`, `.local_minima()`, `.domain()` tell what is known,",
        "in `n` dimensions where any are allowed, and `.residuals` gives the residuals of a sum of squares.", "",
        "```python",
        ">>> import numpy as np",
        ">>> import dragongrad as ad",
        ">>> from dragongrad.optimize import zoo",
        '>>> problem = zoo.get("rosenbrock")',
        ">>> ad.grad(problem)(problem.starts()[0])",
        "array([-215.6,  -88. ])",
        ">>> problem.minimum(5), problem.minima(5)",
        "(0.0, [array([1., 1., 1., 1., 1.])])", "",
        "```", "",
        f"`zoo.MORE_GARBOW_HILLSTROM` holds the names of the {len(MORE_GARBOW_HILLSTROM)} problems of that",
        "collection, in its order.", "",
    ]  # fmt: skip
    for name in ZOO:
        lines += _describe(ZOO[name])
    _write("zoo.md", "\n".join(lines) + "\n")


def _copy_notebooks():
    """Sphinx reads what lies under its own folder; links from the notebooks to the manual become shorter."""
    folder = Path(__file__).parent / "notebooks"
    folder.mkdir(exist_ok=True)
    for source in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text = source.read_text(encoding="utf-8").replace("](../docs/", "](../")
        _write(f"notebooks/{source.name}", text)


# Pages that are no part of the manual's own and are copied as they are: the explorer's, of the course.
EXTRA = Path(__file__).parent / "_build/extra"
html_extra_path = [str(EXTRA)]


def _write_course(_):
    """The explorer's pages and the pictures of the course, which only a build of the manual needs."""
    explore, pictures = EXTRA / "course/explore", Path(__file__).parent / "pictures"
    explore.mkdir(parents=True, exist_ok=True)
    pictures.mkdir(exist_ok=True)
    course.write_explorations(explore, course.CHAPTERS)
    course.draw(course.CHAPTERS, pictures)


def _trim(app, doctree):
    """Leave out the blank line that ends an example for doctest."""
    for block in doctree.findall(nodes.literal_block):
        text = block.astext()
        if text.endswith("\n"):
            block.rawsource = text.rstrip("\n")
            block[:] = [nodes.Text(block.rawsource)]


_UNIT = re.compile(r"(?<=\d) (?=(?:ns|µs|ms|s|kB|MB|GB)\b)|(?<=s) (?=/ )|(?<=/) (?=\d)")


def _join_units(app, doctree):
    """Let no line of a table end between a number and its unit, or within a pair of times."""
    for entry in doctree.findall(nodes.entry):
        for text in list(entry.findall(nodes.Text)):
            joined = _UNIT.sub("\u00a0", text.astext())
            if joined != text.astext():
                text.parent.replace(text, nodes.Text(joined))


def setup(app):
    """Tell Sphinx what to do before it builds, and with each page that was read."""
    EXTRA.mkdir(parents=True, exist_ok=True)
    app.connect("builder-inited", _write_course)
    app.connect("doctree-read", _trim)
    app.connect("doctree-read", _join_units)


_write_blocks()
_write_picture()
_write_zoo()
_write_kernel()
_copy_notebooks()
