"""Sphinx: the manual. The table of Blocks is written here from the table itself."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

import dragongrad as ad
from dragongrad.core.block import BLOCKS, COMPOSITES, UNSUPPORTED

project = "dragongrad"
author = "the dragongrad developers"
release = ad.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["dollarmath", "deflist"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "dragongrad"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_numpy_docstring = True
napoleon_google_docstring = False


_MODULES = {
    np: "np", np.linalg: "np.linalg", np.fft: "np.fft", np.emath: "np.emath", np.strings: "np.strings",
    np.char: "np.char", np.lib.stride_tricks: "np.lib.stride_tricks",
}  # fmt: skip


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
    lines += [_listed(_names(COMPOSITES)), "", "## without a rule", "", "These raise, and say why.", ""]
    lines += ["| function | reason |", "|---|---|"]
    reasons = {}
    for fn, reason in UNSUPPORTED.items():
        reasons.setdefault(reason, []).append(fn)
    rows = [(_names(fns), reason) for reason, fns in reasons.items()]
    lines += [f"| {_listed(names)} | {reason} |" for names, reason in sorted(rows) if names]
    _write("blocks.md", "\n".join(lines) + "\n")


def _write_picture():
    def f(x, y):
        return np.exp(-x * x) * np.sin(x + y)

    _write("graph.svg", ad.graph(f, 0.5, np.ones(3)).svg() + "\n")


def _write(name, text):
    path = Path(__file__).parent / name
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


_write_blocks()
_write_picture()
