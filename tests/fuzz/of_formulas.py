"""The fuzzer of what is typed in: formulas, right and spoilt, beside Python's own reading of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from dragongrad.command.formula import CONSTANTS, OPERATORS, functions

_TWO = {"hypot", "arctan2", "logaddexp", "logaddexp2", "maximum", "minimum", "fmax", "fmin", "power", "float_power"}
_ONE = sorted(set(functions()) - _TWO)
_NUMBERS = ("0", "1", "2", "0.5", "3.", ".25", "1e3", "2E-2", "1e400", "007", "1_000", "0x1F", "1j")
_MARKS = (
    *OPERATORS,
    ",",
    "(",
    ")",
    ".",
    "=",
    "!",
    "[",
    "'",
    "\\",
    "\x00",
    "\n",
    "é",
    "π",
    "²",
    "😀",
    "\u202e",
    " ",
    "__",
    "e",
    "x",
)

# `formula` compares with Python, which reads the same grammar: the same value and derivative where both read it.
SCRIPT = '''
import contextlib, io, re, sys, warnings

import numpy as np

import dragongrad as ad
from dragongrad.command import app
from dragongrad.command import app as app  # so that no child has to import it
from dragongrad.command.formula import CONSTANTS, Formula, FormulaError, functions

np.seterr(all="ignore")
warnings.simplefilter("ignore")
TEXT = {text!r}
NUMBER = re.compile(r"(?<![\\w.])(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?")
VALUES = list(np.array([0.7, -1.3, 2.5, 0.1]))


def outcome(call, *args):
    """The value, or the error."""
    try:
        return call(*args)
    except Exception as error:
        return error


def formula():
    """What the parser reads, Python reads in the same way; and only errors of the library come out."""
    try:
        f = Formula(TEXT)
    except FormulaError:
        return
    code = NUMBER.sub(lambda m: f"np.float64({{m[0]!r}})", TEXT.strip())
    g = eval(f"lambda {{', '.join(f.names)}}: ({{code}})", {{"np": np, **CONSTANTS, **functions()}})
    for at in (VALUES, VALUES[::-1]):
        at = [at[k % 4] for k in range(len(f.names))]
        for way in (lambda h: h, lambda h: ad.grad(h, argnums=tuple(range(len(at))))) if at else (lambda h: h,):
            # The parser leaves out two signs, so that a gradient may add its terms up in another order.
            close = 0.0 if way(f) is f else 1e-9
            got, want = outcome(way(f), *at), outcome(way(g), *at)
            if isinstance(got, Exception) or isinstance(want, Exception):
                known = ad.DragongradError, *([type(want)] if isinstance(want, Exception) else [])
                assert isinstance(got, known) and isinstance(want, Exception), f"{{got!r}}, Python: {{want!r}}"
            else:
                np.testing.assert_allclose(got, want, rtol=close, atol=close)


def command(*words):
    """The command ends with status 0, 1 or 2 and without a traceback."""
    told, sys.argv = io.StringIO(), ["dragongrad", *words]
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            app.main()
        except SystemExit as end:
            assert end.code in (0, 1, 2, None), end.code
    assert "Traceback" not in told.getvalue(), told.getvalue()
'''


@dataclass(frozen=True)
class Typed:
    """A text, and what is done with it."""

    text: str
    steps: tuple[str, ...] = ("formula()", "command('trace', TEXT)", "command('explain', TEXT)")

    @property
    def script(self) -> str:
        """The functions that read the text."""
        return SCRIPT.format(text=self.text)

    @property
    def words(self) -> frozenset[str]:
        """What the text is made of."""
        return frozenset(re.findall(r"[^\W\d]\w*|\W", self.text))

    def smaller(self, step: str) -> Iterator[Typed]:
        """With a piece left out, long ones first."""
        for length in (16, 8, 4, 2, 1):
            for k in range(0, len(self.text) - length + 1, max(length // 2, 1)):
                yield Typed(self.text[:k] + self.text[k + length :], (step,))


def prepare() -> None:
    """Run a command, so that not every child has to import what Typer needs."""
    space: dict[str, Any] = {}
    exec(SCRIPT.format(text=""), space)
    space["command"]("explain", "sin")


def typed(draw: Random) -> Typed:
    """A formula; half of them with something spoilt."""
    text = _formula(draw, draw.randint(0, 4))
    for _ in range(draw.choice([0, 0, 1, 2])):
        k, n = draw.randint(0, len(text)), draw.choice([0, 0, 1, 3])
        text = text[:k] + draw.choice(_MARKS) + text[k + n :]
    if draw.random() < 0.03:
        text = draw.choice([text * 40, "(" * 300 + text, "-" * 300 + text, text + "**2" * 90, f"{text},{text}", ""])
    return Typed(text)


def _formula(draw: Random, depth: int) -> str:
    if depth == 0:
        return draw.choice(["x", "x", "y", "z", "lambda_", draw.choice(_NUMBERS), draw.choice([*CONSTANTS])])
    a, b = _formula(draw, depth - 1), _formula(draw, draw.randint(0, depth - 1))
    return draw.choice([
        f"{a} {draw.choice([*OPERATORS])} {b}", f"{a}{draw.choice([*OPERATORS])}{b}", f"({a})", f"-{a}", f"+{a}",
        f"{draw.choice(_ONE)}({a})", f"{draw.choice(_ONE)}({a})", f"{draw.choice(sorted(_TWO))}({a}, {b})",
    ])  # fmt: skip
