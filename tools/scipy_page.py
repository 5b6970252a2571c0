"""Writes the tables of docs/scipy.md: what each function of `dragongrad.scipy` does with Variables.

Run it as `.venv/bin/python tools/scipy_page.py` after a function has come or changed; a test compares.
"""

import re
from importlib import import_module
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "scipy.md"
PARTS = (
    "linalg", "sparse", "sparse.linalg", "signal", "fft", "stats", "integrate", "interpolate", "ndimage",
    "spatial.distance", "spatial.transform",
)  # fmt: skip
BEGIN, END = "<!-- {} -->", "<!-- end -->"


def table(part):
    """The rows of one part: the functions with derivatives in one, those that are refused each in its own."""
    states = import_module(f"dragongrad.scipy.{part}.chapter").CHAPTER.states
    import_module(f"dragongrad.scipy.{part}")
    rows = ["| | with Variables |", "|---|---|"]
    groups = {}
    for name, state in sorted(states.items()):
        groups.setdefault(state, []).append(name)
    order = sorted(groups, key=lambda state: (state.startswith("refused"), -len(groups[state]), state))
    for state in order:
        names = ", ".join(f"`{name}`" for name in groups[state])
        rows.append(f"| {names} | {state.replace('|', '/')} |")
    return "\n".join(rows)


def written(text):
    """The page with its tables made anew."""
    for part in PARTS:
        begin = BEGIN.format(part)
        text = re.sub(
            rf"{re.escape(begin)}\n.*?\n{END}",
            lambda _, p=part, b=begin: f"{b}\n{table(p)}\n{END}",
            text,
            flags=re.S,
        )
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
