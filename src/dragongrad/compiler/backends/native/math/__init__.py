"""Mathematical functions written by us, as LLVM's instructions: vectors where a loop is widened.

Every function is a formula (`formula.py`) in a file of its family, within 2 ulp of the exact value for any number,
most within one. `gammaln` and `digamma` below zero, and `logaddexp` where its result is near zero, are precise to a
few ulp of the terms that nearly cancel. float32 is computed in float64 with shorter polynomials and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from . import exponential, gamma, gauss, hyperbolic, inverse, inverse_hyperbolic, logarithm, power, trigonometric
from .formula import Formula, Value


@dataclass(frozen=True)
class Function:
    """A function of one or two numbers; one that `branches` is called, never written into a loop."""

    formula: Callable[..., Value]
    arguments: int = 1
    branches: bool = False


FUNCTIONS: dict[str, Function] = {
    "exp": Function(exponential.exp),
    "exp2": Function(exponential.exp2),
    "expm1": Function(exponential.expm1),
    "logistic": Function(exponential.logistic),
    "log": Function(logarithm.log),
    "log2": Function(logarithm.log2),
    "log10": Function(logarithm.log10),
    "log1p": Function(logarithm.log1p),
    "logaddexp": Function(logarithm.logaddexp, 2),
    "pow": Function(power.power, 2),
    "cbrt": Function(power.cbrt),
    "hypot": Function(power.hypot, 2),
    "sin": Function(trigonometric.sin, branches=True),
    "cos": Function(trigonometric.cos, branches=True),
    "tan": Function(trigonometric.tan, branches=True),
    "sinh": Function(hyperbolic.sinh),
    "cosh": Function(hyperbolic.cosh),
    "tanh": Function(hyperbolic.tanh),
    "arcsin": Function(inverse.arcsin),
    "arccos": Function(inverse.arccos),
    "arctan": Function(inverse.arctan),
    "arctan2": Function(inverse.arctan2, 2),
    "arcsinh": Function(inverse_hyperbolic.arcsinh),
    "arccosh": Function(inverse_hyperbolic.arccosh),
    "arctanh": Function(inverse_hyperbolic.arctanh),
    "erf": Function(gauss.erf),
    "erfc": Function(gauss.erfc),
    "gammaln": Function(gamma.gammaln, branches=True),
    "digamma": Function(gamma.digamma, branches=True),
}


@dataclass(frozen=True)
class Definitions:
    """The name of a function to call, and the texts its module needs, by their symbols."""

    symbol: str
    texts: dict[str, str]


@cache
def definitions(name: str, kind: str, lanes: int, fused: bool, called: bool) -> Definitions:
    """A function of LLVM's type "double" or "float" for a processor.

    Parameters
    ----------
    name, kind : str
        The function and the type of its numbers.
    lanes : int
        How many doubles a register of the processor holds.
    fused : bool
        Whether it multiplies and adds in one instruction.
    called : bool
        Whether to call it rather than write it where it is used. A loop then calls a variant of several lanes.
    """
    function = FUNCTIONS[name]
    called = called or function.branches
    symbol = f"@dragon.{name}.{kind}{'' if called else '.inline'}"
    if not called:
        texts = _define(function, symbol, kind, 1, fused, "alwaysinline", "internal")
        return Definitions(symbol, texts)
    many = f"{symbol}.x{lanes}"
    mapped = (
        f'"vector-function-abi-variant"="_ZGV_LLVM_N{lanes}{"v" * function.arguments}_{symbol[1:]}({many[1:]})"'
    )
    # Neither is internal: LLVM would remove the variant, to which nothing refers until loops are widened, and an
    # argument of the function that is the same in every call, after which the two no longer match.
    texts = _define(function, symbol, kind, 1, fused, f"noinline {mapped}", "hidden")
    texts |= _define(function, many, kind, lanes, fused, "noinline", "hidden")
    return Definitions(symbol, texts)


def _define(
    function: Function, symbol: str, kind: str, lanes: int, fused: bool, attributes: str, linkage: str
) -> dict[str, str]:
    m = Formula(lanes, kind == "float", fused)
    stored = kind if lanes == 1 else f"<{lanes} x {kind}>"
    names = [f"%x{k}" for k in range(function.arguments)]
    numbers = [Value(m, "real", name) for name in names]
    if m.narrow:
        numbers = [m.emit("real", f"fpext {stored} {name} to {m.types['real']}") for name in names]
    out = function.formula(m, *numbers)
    if m.narrow:
        out = m.emit("narrow", f"fptrunc {m.types['real']} {out.name} to {stored}")
    parameters = ", ".join(f"{stored} {name}" for name in names)
    head = f"define {linkage} {stored} {symbol}({parameters}) willreturn memory(none) {attributes} #0 {{"
    return {**m.needs, symbol: "\n".join([head, "entry:", *m.lines, f"  ret {stored} {out.name}", "}"])}
