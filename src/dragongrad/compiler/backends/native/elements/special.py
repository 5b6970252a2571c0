"""How ufuncs of `scipy.special` are computed natively: by functions of our own, or a few instructions around those.

Their Blocks are declared late, and so are their lowerings.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..... import late
from .....core.block import BLOCKS
from ....lowering import LOWERINGS
from ..ir.builder import Text, literal, type_of
from ..math import calls
from .ufuncs import enter

_LIBRARY = "scipy.special"
Instructions = Callable[[Text, Any, list[str], Any], str]


class _Numbers:
    """The instructions on numbers of one dtype, by name."""

    def __init__(self, text: Text, dtype: Any) -> None:
        self.text, self.dtype, self.kind = text, dtype, type_of(dtype)

    def constant(self, value: float) -> str:
        return literal(value, self.dtype)

    def op(self, name: str, x: str, y: str) -> str:
        return self.text.op(f"{name} {self.kind} {x}, {y}")

    def negative(self, x: str) -> str:
        return self.text.op(f"fneg {self.kind} {x}")

    def test(self, order: str, x: str, y: str) -> str:
        return self.text.op(f"fcmp {order} {self.kind} {x}, {y}")

    def both(self, x: str, y: str) -> str:
        return self.text.op(f"and i1 {x}, {y}")

    def select(self, test: str, x: str, y: str) -> str:
        return self.text.op(f"select i1 {test}, {self.kind} {x}, {self.kind} {y}")

    def call(self, name: str, *x: str) -> str:
        return calls.call(self.text, name, self.dtype, list(x))


def _function(name: str) -> Instructions:
    return lambda text, dtype, registers, values: calls.call(text, name, dtype, registers)


def _times_log(name: str) -> Instructions:
    """`x` times a logarithm of `y`, zero where `x` is and `y` is a number."""

    def write(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        m, (x, y) = _Numbers(text, dtype), registers
        zero = m.constant(0.0)
        nothing = m.both(m.test("oeq", x, zero), m.test("ord", y, y))
        return m.select(nothing, zero, m.op("fmul", x, m.call(name, y)))

    return write


def _entr(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    m, (x,) = _Numbers(text, dtype), registers
    zero = m.constant(0.0)
    inside = m.negative(m.op("fmul", x, m.call("log", x)))
    ends = m.select(m.test("oeq", x, zero), zero, m.constant(-np.inf))
    return m.select(m.test("ugt", x, zero), inside, ends)


def _logit(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    """`log(x / (1 - x))`; about 1/2 `log1p(s) - log1p(-s)` with `s = 2x - 1`, which is small there."""
    m, (x,) = _Numbers(text, dtype), registers
    one = m.constant(1.0)
    far = m.call("log", m.op("fdiv", x, m.op("fsub", one, x)))
    s = m.op("fmul", m.constant(2.0), m.op("fsub", x, m.constant(0.5)))
    near = m.op("fsub", m.call("log1p", s), m.call("log1p", m.negative(s)))
    middle = m.both(m.test("ogt", x, m.constant(0.3)), m.test("olt", x, m.constant(0.65)))
    return m.select(middle, near, far)


def _log_expit(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    m, (x,) = _Numbers(text, dtype), registers
    return m.negative(m.call("logaddexp", m.constant(0.0), m.negative(x)))


def _ndtr(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    m, (x,) = _Numbers(text, dtype), registers
    turned = m.op("fmul", x, m.constant(-np.sqrt(0.5)))
    return m.op("fmul", m.constant(0.5), m.call("erfc", turned))


# By SciPy's names.
NATIVE: dict[str, Instructions] = {
    **{name: _function(name) for name in ("erf", "erfc", "erfcx", "log_ndtr", "gammaln")},
    **{name: _function(name) for name in ("exp2", "expm1", "log1p", "cbrt")},
    **{name: _function(name) for name in ("i0", "i1", "i0e", "i1e", "j0", "j1")},
    **{name: _function(name) for name in ("k0", "k1", "k0e", "k1e", "y0", "y1")},
    "psi": _function("digamma"),
    "expit": _function("logistic"),
    "xlogy": _times_log("log"),
    "xlog1py": _times_log("log1p"),
    "entr": _entr,
    "logit": _logit,
    "log_expit": _log_expit,
    "ndtr": _ndtr,
}


# Functions of fixed orders, of which derivatives are made.
_INNER = ("i2", "i2e", "j2")


def _enter_all() -> None:
    library = sys.modules.get(_LIBRARY)
    for fn in [fn for fn, block in BLOCKS.items() if block.name in _INNER and block not in LOWERINGS]:
        enter(fn, _function(BLOCKS[fn].name))
    for name, instructions in NATIVE.items():
        fn = getattr(library, name, None)
        block = BLOCKS.get(fn) if fn is not None else None
        if block is not None and block not in LOWERINGS:
            enter(fn, instructions)


late.follow(_enter_all)
