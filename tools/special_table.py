"""Write the table of `docs/special.md` again: each function of `scipy.special`, its state, and how precise it is.

    python tools/special_table.py

Errors are the greatest relative ones of first and second derivatives over the points of
`tests/scipy/special/special_cases.py`, beside mpmath. It takes some minutes, most of them mpmath's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy import special

from dragongrad import late
from dragongrad.compiler.backends.native.elements.special import NATIVE
from dragongrad.scipy.names import PYTHON, REFUSED
from dragongrad.scipy.special.verbs import RULES

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/special.md"
START, END = "<!-- the table -->\n", "<!-- its end -->\n"
_HEAD = (
    "| function | state | constant arguments | error, first | error, second | native |\n|---|---|---|---|---|---|\n"
)


def states() -> dict[str, tuple[str, str, str]]:
    """By the name of each function: its state, the arguments without a derivative, whether it is native."""
    late.declared("scipy.special.erf")
    found = {}
    for name, rule in RULES.items():
        if name.startswith("_"):
            continue
        state, constants = rule.state, ", ".join(f"`{a}`" for a in rule.refused)
        if state == "refused":
            state, constants = f"refused: {rule.refused['']}", ""
        found[name] = (state, constants, "yes" if name in NATIVE else "")
    found |= {name: ("Python", "", "") for name in sorted(PYTHON) if name not in found}
    found |= {name: (f"refused: {reason}", "", "") for name, reason in REFUSED.items()}
    return dict(sorted(found.items()))


def errors() -> dict[str, tuple[float, float]]:
    """The greatest relative errors of first and second derivatives, of the functions that have cases."""
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/scipy/special")]
    from special_cases import ALL
    from test_special_slopes import worst

    found: dict[str, tuple[float, float]] = {}
    for case in ALL:
        print(case.id, file=sys.stderr)
        # Of a function of two numbers mpmath takes long to find second derivatives.
        some = case.points if len(case.points) < 8 else case.points[::3]
        first, second = worst(case, 1, case.points), worst(case, 2, some)
        name = {"_zeta": "zeta", "_riemann_zeta": "zeta"}.get(case.name, case.name.removeprefix("_"))
        before = found.get(name, (0.0, 0.0))
        found[name] = max(before[0], first), max(before[1], second)
    return found


def rows(measured: dict[str, tuple[float, float]]) -> str:
    """The table."""
    lines = []
    for name, (state, constants, native) in states().items():
        precision = [f"{e:.0e}" for e in measured[name]] if name in measured else ["", ""]
        lines.append(f"| `{name}` | {state} | {constants} | {precision[0]} | {precision[1]} | {native} |\n")
    return _HEAD + "".join(lines)


def main() -> None:
    """Write it."""
    with np.errstate(all="ignore"):
        table = rows(errors())
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}{table}{END}{after}", encoding="utf-8")
    print(len(special.__all__), "names of SciPy's,", len(states()), "functions in the table")


if __name__ == "__main__":
    main()
