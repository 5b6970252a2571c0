"""Mathematical functions written by us, as LLVM's instructions: vectors where a loop is widened.

Every function is a formula (`formula.py`) in a file of its family, within 2 ulp of the exact value for any number,
most within one. `gammaln` and `digamma` below zero, and `logaddexp` where its result is near zero, are precise to a
few ulp of the terms that nearly cancel, and Bessel functions that swing to 2 ulp of their amplitude. float32 is
computed in float64 with shorter polynomials and rounded once. `tools/coefficients.py` derives the polynomials, and
the constants that are sums of two numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from .....records import record, replace
from ..ir.code import Code
from ..ir.functions import Written, framed
from ..ir.registers import DOUBLE, FLOAT, I64, NOALIAS, PTR, VOID, Register, vector
from . import (
    bessel,
    exponential,
    gamma,
    gauss,
    hyperbolic,
    inverse,
    inverse_hyperbolic,
    logarithm,
    power,
    second_kind,
    trigonometric,
)
from .formula import Formula


@record
class Function:
    """A function of one or two numbers.

    One that `branches` is called while LLVM widens a loop; one in `pieces` may be written there afterwards.
    """

    formula: Callable[..., Register]
    arguments: int = 1
    branches: bool = False
    pieces: bool = False


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
    "erfcx": Function(gauss.erfcx, branches=True, pieces=True),
    "log_ndtr": Function(gauss.log_ndtr, branches=True, pieces=True),
    "gammaln": Function(gamma.gammaln, branches=True, pieces=True),
    "digamma": Function(gamma.digamma, branches=True, pieces=True),
    "i0": Function(bessel.i0),
    "i1": Function(bessel.i1),
    "i2": Function(bessel.i2),
    "i0e": Function(bessel.i0e),
    "i1e": Function(bessel.i1e),
    "i2e": Function(bessel.i2e),
    **{name: Function(getattr(second_kind, name)) for name in ("k0", "k1", "k0e", "k1e")},
    "y0": Function(second_kind.y0, branches=True),
    "y1": Function(second_kind.y1, branches=True),
    "j0": Function(bessel.j0, branches=True),
    "j1": Function(bessel.j1, branches=True),
    "j2": Function(bessel.j2, branches=True),
}


def is_woven(name: str, lanes: int) -> bool:
    """Whether the several lanes of a function are to be written into loops that are made of vectors already.

    Around a call no vector stays in a register, and loads from a table wait for stores to the stack at addresses
    that end alike. With 16 registers, not 32, nothing is gained.
    """
    return FUNCTIONS[name].pieces and lanes == 8


@cache
def definition(name: str, kind: str, lanes: int, fused: bool, called: bool, linkage: str = "hidden") -> Written:
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
    linkage : str
        Of a function that is called.
    """
    function = FUNCTIONS[name]
    if not called and not function.branches:
        return _written(function, f"dragon.{name}.{kind}.inline", kind, 1, fused, "internal", "alwaysinline")
    symbol = f"dragon.{name}.{kind}"
    # Neither is internal: LLVM would remove the variant, to which nothing refers until loops are widened, and an
    # argument of the function that is the same in every call, after which the two no longer match.
    vectors = _of_vectors(name, kind, lanes, fused, linkage)
    mapped = f"_ZGV_LLVM_N{lanes}{'v' * function.arguments}_{symbol}({vectors.name})"
    attributes = f'noinline "vector-function-abi-variant"="{mapped}"'
    one = _written(function, symbol, kind, 1, fused, linkage, attributes)
    return replace(one, others={**one.others, **vectors.needs()})


def _of_vectors(name: str, kind: str, lanes: int, fused: bool, linkage: str) -> Written:
    function = FUNCTIONS[name]
    attributes = '"woven"' if is_woven(name, lanes) else "noinline"
    return _written(function, f"dragon.{name}.{kind}.x{lanes}", kind, lanes, fused, linkage, attributes)


@cache
def of_array(name: str, kind: str, lanes: int, fused: bool, linkage: str = "hidden") -> Written:
    """A function from arrays of numbers, a multiple of `lanes`, into an array: first that, then the arguments."""
    code, stored, size = Code(VOID), vector(kind, lanes), 8 if kind == DOUBLE else 4
    vectors = _of_vectors(name, kind, lanes, fused, linkage)
    out, *arrays = [Register(code, PTR, f"%x{k}") for k in range(FUNCTIONS[name].arguments + 1)]
    with code.loop(Register(code, I64, "%count"), step=lanes) as i:
        given = [array.element(kind, i).load(stored, align=size) for array in arrays]
        out.element(kind, i).store(code.call(vectors, *given), align=size)
    code.ret()
    own = f"dragon.{name}.{kind}.array"
    parameters = [*[f"{NOALIAS} nocapture {array.name}" for array in (out, *arrays)], f"{I64} %count"]
    text = framed(code.lines, own, VOID, parameters, linkage, "willreturn memory(argmem: readwrite) noinline #0")
    return Written(own, VOID, (PTR,) * (len(arrays) + 1) + (I64,), text, code.declared)


def _written(
    function: Function, name: str, kind: str, lanes: int, fused: bool, linkage: str, attributes: str
) -> Written:
    stored, real = vector(kind, lanes), vector(DOUBLE, lanes)
    m = Formula(stored, lanes, kind == FLOAT, fused)
    parameters = [Register(m, stored, f"%x{k}") for k in range(function.arguments)]
    out = function.formula(m, *[x.to("fpext", real) if m.narrow else x for x in parameters])
    m.ret(out.to("fptrunc", stored) if m.narrow else out)
    given = [f"{stored} {x.name}" for x in parameters]
    text = framed([*m.entry, *m.lines], name, stored, given, linkage, f"willreturn memory(none) {attributes} #0")
    return Written(name, stored, (stored,) * function.arguments, text, m.declared)
