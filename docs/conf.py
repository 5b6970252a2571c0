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


def _name(fn):
    name = getattr(fn, "__name__", str(fn))
    for module, prefix in ((np, "np"), (np.linalg, "np.linalg"), (np.fft, "np.fft")):
        if getattr(module, name, None) is fn:
            return f"{prefix}.{name}"
    return name


def _write_blocks():
    lines = ["# Table of Blocks", "", "Generated from the table itself; `ad.explain(np.arcsin)` prints a rule.", ""]
    for kind in ("elementwise", "linear", "multilinear", "general", "constant"):
        found = sorted((_name(b.fn), b) for b in BLOCKS.values() if b.kind == kind)
        lines += [f"## {kind}", ""]
        if kind == "elementwise":
            lines += ["| function | rule |", "|---|---|"]
            for name, block in found:
                rules = [text.strip() for text in str(ad.explain(block)).splitlines()[1:]]
                cells = ", ".join(f"`{r}`".replace("|", "\\|") for r in rules)
                lines.append(f"| `{name}` | {cells} |")
        else:
            lines.append(", ".join(f"`{name}`" for name, _ in found))
        lines.append("")
    lines += ["## composite", "", ", ".join(f"`{n}`" for n in sorted(map(_name, COMPOSITES))), ""]
    lines += ["## without a rule", "", "These raise, and say why.", "", "| function | reason |", "|---|---|"]
    lines += [
        f"| `{_name(fn)}` | {reason} |" for fn, reason in sorted(UNSUPPORTED.items(), key=lambda p: _name(p[0]))
    ]
    path = Path(__file__).parent / "blocks.md"
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


_write_blocks()
