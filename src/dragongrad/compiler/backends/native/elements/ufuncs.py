"""How each elementwise Block is computed, with the special values of NumPy's function."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .....core.block import BLOCKS, Block
from .... import forms
from ....graph import Op, Value
from ....lowering import LOWERINGS, Role, declare, same_place
from ....rewrite import first, shape_of
from ..ir.affine import Index
from ..ir.builder import Text, literal, supported, type_of, wide
from ..math import calls
from ..tuning import FUNCTION_COST
from .expressions import Expressions, spread


def _own_dtype(node: Op, values: tuple[Value, ...]) -> Any:
    return np.dtype(node.dtype)


def _common_dtype(node: Op, values: tuple[Value, ...]) -> Any:
    try:
        return np.result_type(*[v.dtype if isinstance(v, Op) else v for v in values])
    except TypeError:
        # A set or a text: NumPy compares no number with them, but an array without elements.
        return np.dtype(object)


def _element(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    """An element, computed from those of the operands at the same place."""
    known, values = LOWERINGS[node.block], node.operands
    assert known.instructions is not None
    assert known.dtype is not None
    kind = wide(known.dtype(node, values))
    registers = [to.element(v, spread(index, shape_of(v)), kind) for v in values]
    return known.instructions(to.text, kind, registers, values)


def is_supported(node: Op) -> bool:
    """Whether there are instructions for numbers of this dtype."""
    known = LOWERINGS[node.block]
    assert known.dtype is not None
    dtype = known.dtype(node, node.operands)
    return supported(wide(dtype)) and _has_instructions(node.block, wide(dtype), len(node.operands))


@cache
def _has_instructions(block: Block, dtype: Any, count: int) -> bool:
    instructions = LOWERINGS[block].instructions
    assert instructions is not None
    try:
        instructions(Text(), dtype, ["%x"] * count, (1.0,) * count)
    except calls.UnsupportedError:
        return False
    return True


def enter(
    fn: Any, instructions: Any, dtype: Any = _own_dtype, cost: float | None = None,
    cost_of: Callable[[Op], float] | None = None, element: Callable[..., str] = _element,
) -> None:  # fmt: skip
    """Enter how a Block is computed; one that has a derivative costs as much as a mathematical function."""
    if cost is None:
        cost = FUNCTION_COST if BLOCKS[fn].kind == "elementwise" else 1
    declare(
        fn, role=Role.ELEMENTWISE, access=same_place, form=forms.elementwise, element=element,
        instructions=instructions, dtype=dtype, cost=cost, cost_of=cost_of, fits=is_supported,
    )  # fmt: skip


def _instruction(floating: str, integer: str | None = None, boolean: str | None = None) -> Any:
    names = {"f": floating, "i": integer, "b": boolean}

    def write(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        name = names[dtype.kind]
        if name is None:
            raise calls.UnsupportedError(f"{floating} of {dtype}")
        return text.op(f"{name} {type_of(dtype)} {', '.join(registers)}")

    return write


def _compare(floating: str, integer: str) -> Any:
    def write(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        if dtype.kind == "f":
            return text.op(f"fcmp {floating} {type_of(dtype)} {', '.join(registers)}")
        sign = integer if dtype.kind == "i" else integer.replace("s", "u")
        return text.op(f"icmp {sign} {type_of(dtype)} {', '.join(registers)}")

    return write


def _intrinsic(name: str) -> Any:
    def write(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        if dtype.kind != "f":
            raise calls.UnsupportedError(f"{name} of {dtype}")
        return text.intrinsic(name, type_of(dtype), *registers)

    return write


def _rounded(name: str) -> Any:
    """Rounding, which leaves whole numbers as they are."""

    def write(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        return registers[0] if dtype.kind != "f" else text.intrinsic(name, type_of(dtype), *registers)

    return write


def _scaled(factor: float) -> Any:
    def write(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        return text.op(f"fmul {type_of(dtype)} {registers[0]}, {literal(factor, dtype)}")

    return write


def _select(text: Text, test: str, kind: str, x: str, y: str) -> str:
    return text.op(f"select i1 {test}, {kind} {x}, {kind} {y}")


def _extremum(order: str, integer: str) -> Any:
    """The greater (less) of two numbers; NaN where either is NaN, as NumPy has it."""

    def write(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        x, y = registers
        kind = type_of(dtype)
        if dtype.kind == "b":
            return text.op(f"{'or' if order == 'ogt' else 'and'} i1 {x}, {y}")
        if dtype.kind != "f":
            return _select(text, text.op(f"icmp {integer} {kind} {x}, {y}"), kind, x, y)
        # NaN where either is NaN, as NumPy has it.
        return text.intrinsic("maximum" if order == "ogt" else "minimum", kind, x, y)

    return write


def _known_extremum(name: str, order: str, integer: str) -> Any:
    """The greater (less) of two numbers; that which is a number where one is NaN."""
    whole = _extremum(order, integer)

    def write(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        if dtype.kind != "f":
            return str(whole(text, dtype, registers, values))
        return text.intrinsic(name, type_of(dtype), *registers)

    return write


def _negative(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    if dtype.kind == "f":
        return text.op(f"fneg {type_of(dtype)} {registers[0]}")
    return text.op(f"sub {type_of(dtype)} 0, {registers[0]}")


def _absolute(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    if dtype.kind == "f":
        return text.intrinsic("fabs", type_of(dtype), *registers)
    kind = type_of(dtype)
    below = text.op(f"icmp slt {kind} {registers[0]}, 0")
    return _select(text, below, kind, text.op(f"sub {kind} 0, {registers[0]}"), registers[0])


def _isfinite(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    if dtype.kind != "f":
        return "true"
    size = text.intrinsic("fabs", type_of(dtype), registers[0])
    return text.op(f"fcmp olt {type_of(dtype)} {size}, {literal(np.inf, dtype)}")


def _isinf(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    if dtype.kind != "f":
        return "false"
    size = text.intrinsic("fabs", type_of(dtype), registers[0])
    return text.op(f"fcmp oeq {type_of(dtype)} {size}, {literal(np.inf, dtype)}")


def _isnan(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    if dtype.kind != "f":
        return "false"
    return text.op(f"fcmp uno {type_of(dtype)} {registers[0]}, {registers[0]}")


def _signbit(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    kind = type_of(dtype)
    if dtype.kind == "b":
        return "false"
    if dtype.kind != "f":
        return text.op(f"icmp slt {kind} {registers[0]}, 0")
    whole = "i64" if kind == "double" else "i32"
    return text.op(f"icmp slt {whole} {text.op(f'bitcast {kind} {registers[0]} to {whole}')}, 0")


def _sign(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    kind, x = type_of(dtype), registers[0]
    if dtype.kind != "f":
        raise calls.UnsupportedError(f"sign of {dtype}")
    zero, one = literal(0, dtype), literal(1, dtype)
    positive = text.op(f"fcmp ogt {kind} {x}, {zero}")
    negative = text.op(f"fcmp olt {kind} {x}, {zero}")
    # What is neither is a zero (made positive, as NumPy's is) or NaN.
    rest = _select(text, text.op(f"fcmp oeq {kind} {x}, {zero}"), kind, zero, x)
    return _select(text, positive, kind, one, _select(text, negative, kind, literal(-1, dtype), rest))


def _not(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    if dtype.kind == "f":
        raise calls.UnsupportedError("not of a float")
    return text.op(f"xor {type_of(dtype)} {registers[0]}, {'true' if dtype.kind == 'b' else '-1'}")


def _quotient(which: str) -> Any:
    """The quotient of whole numbers rounded down, or what it leaves; of a division by zero both are 0."""

    def instruction(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
        if dtype.kind != "i":
            raise calls.UnsupportedError(f"{which} of {dtype}")
        (x, y), kind = registers, type_of(dtype)
        # The processor stops at these, and at the least number divided by -1.
        special = text.op(f"or i1 {text.op(f'icmp eq {kind} {y}, 0')}, {text.op(f'icmp eq {kind} {y}, -1')}")
        safe = _select(text, special, kind, "1", y)
        rest = text.op(f"srem {kind} {x}, {safe}")
        signs = text.op(f"icmp slt {kind} {text.op(f'xor {kind} {rest}, {safe}')}, 0")
        below = text.op(f"and i1 {text.op(f'icmp ne {kind} {rest}, 0')}, {signs}")
        if which == "remainder":
            found = text.op(f"add {kind} {rest}, {_select(text, below, kind, safe, '0')}")
            return _select(text, special, kind, "0", found)
        down = text.op(f"sub {kind} {text.op(f'sdiv {kind} {x}, {safe}')}, {_select(text, below, kind, '1', '0')}")
        turned = _select(text, text.op(f"icmp eq {kind} {y}, 0"), kind, "0", text.op(f"sub {kind} 0, {x}"))
        return _select(text, special, kind, turned, down)

    return instruction


def _logical(name: str) -> Any:
    return lambda text, dtype, registers, values: text.op(f"{name} i1 {', '.join(registers)}")


def _truth_dtype(node: Op, values: tuple[Value, ...]) -> Any:
    return np.dtype(bool)


def _square(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    return _instruction("fmul", "mul")(text, dtype, [registers[0]] * 2, values)


def _reciprocal(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    if dtype.kind != "f":
        raise calls.UnsupportedError(f"reciprocal of {dtype}")
    return text.op(f"fdiv {type_of(dtype)} {literal(1, dtype)}, {registers[0]}")


def _hypot(text: Text, dtype: Any, registers: list[str], values: Any) -> str:
    return calls.call(text, "hypot", dtype, registers)


def _power(text: Text, dtype: Any, registers: list[str], values: tuple[Value, ...]) -> str:
    if dtype.kind != "f":
        raise calls.UnsupportedError(f"power of {dtype}")
    p = _exponent(values)
    if _is_product(p):
        return _whole_power(text, dtype, registers[0], int(p))
    if abs(p) in _HALVES:
        return _half_power(text, dtype, registers[0], p)
    return calls.call(text, "pow", dtype, registers)


# Roots, and products with one: of more factors the error would be more than that of the function.
_HALVES = (0.5, 1.5, 2.5)


def _exponent(values: tuple[Value, ...]) -> float:
    """The one number that an exponent is everywhere; NaN where it is not known."""
    if not values or isinstance(values[1], Op):
        return np.nan
    exponent = np.asarray(values[1])
    return float(first(exponent)) if exponent.size and np.all(exponent == first(exponent)) else np.nan


def _is_product(p: float) -> bool:
    """Whether a power is few products, or one over them."""
    return p.is_integer() and 2 <= abs(p) <= 8


def _power_cost(node: Op) -> float:
    p = _exponent(node.operands)
    return 5.0 if _is_product(p) else 12.0 if abs(p) in _HALVES else 40.0


def _half_power(text: Text, dtype: Any, x: str, p: float) -> str:
    """A power by its square root; a zero of either sign and minus infinity go where NumPy's function takes them."""
    kind = type_of(dtype)
    root = text.intrinsic("fabs", kind, text.intrinsic("sqrt", kind, x))
    least = text.op(f"fcmp oeq {kind} {x}, {literal(-np.inf, dtype)}")
    root = text.op(f"select i1 {least}, {kind} {literal(np.inf, dtype)}, {kind} {root}")
    whole = int(abs(p))
    if p < 0:
        # Not one over a product, which may be too large for a number where its parts are not.
        root = text.op(f"fdiv {kind} {literal(1, dtype)}, {root}")
    if not whole:
        return root
    size = text.intrinsic("fabs", kind, x)
    factor = size if whole == 1 else text.op(f"fmul {kind} {size}, {size}")
    return text.op(f"{'fmul' if p > 0 else 'fdiv'} {kind} {root}, {factor}")


def _whole_power(text: Text, dtype: Any, x: str, p: int) -> str:
    kind = type_of(dtype)
    power, total = x, None
    for bit in bin(abs(p))[:1:-1]:
        if bit == "1":
            total = power if total is None else text.op(f"fmul {kind} {total}, {power}")
        power = text.op(f"fmul {kind} {power}, {power}")
    assert total is not None
    return total if p > 0 else text.op(f"fdiv {kind} {literal(1, dtype)}, {total}")


def _function(name: str) -> Any:
    return lambda text, dtype, registers, values: calls.call(text, name, dtype, registers)


enter(np.add, _instruction("fadd", "add"), cost=1)
enter(np.subtract, _instruction("fsub", "sub"), cost=1)
enter(np.multiply, _instruction("fmul", "mul", "and"), cost=1)
enter(np.divide, _instruction("fdiv"), cost=5)
enter(np.remainder, _quotient("remainder"), cost=20)
enter(np.floor_divide, _quotient("floor_divide"), cost=20)
enter(np.negative, _negative, cost=1)
enter(np.positive, lambda text, dtype, registers, values: registers[0], cost=0)
enter(np.square, _square, cost=1)
enter(np.reciprocal, _reciprocal, cost=5)
enter(np.absolute, _absolute, cost=1)
enter(np.fabs, _absolute, cost=1)
enter(np.copysign, _intrinsic("copysign"), cost=1)
enter(np.sqrt, _intrinsic("sqrt"), cost=6)
enter(np.floor, _rounded("floor"))
enter(np.ceil, _rounded("ceil"))
enter(np.trunc, _rounded("trunc"))
enter(np.rint, _intrinsic("rint"))
enter(np.sign, _sign)
enter(np.maximum, _extremum("ogt", "sgt"), cost=2)
enter(np.minimum, _extremum("olt", "slt"), cost=2)
enter(np.fmax, _known_extremum("maxnum", "ogt", "sgt"), cost=2)
enter(np.fmin, _known_extremum("minnum", "olt", "slt"), cost=2)
enter(np.power, _power, cost=40, cost_of=_power_cost)
enter(np.float_power, _power, cost=40, cost_of=_power_cost)
enter(np.hypot, _hypot)
for _degrees in (np.degrees, np.rad2deg):
    enter(_degrees, _scaled(180 / np.pi), cost=1)
for _radians in (np.radians, np.deg2rad):
    enter(_radians, _scaled(np.pi / 180), cost=1)
for _fn, _floating, _integer in (
    (np.less, "olt", "slt"), (np.less_equal, "ole", "sle"), (np.greater, "ogt", "sgt"),
    (np.greater_equal, "oge", "sge"), (np.equal, "oeq", "eq"), (np.not_equal, "une", "ne"),
):  # fmt: skip
    enter(_fn, _compare(_floating, _integer), _common_dtype)
for _fn, _test in ((np.isfinite, _isfinite), (np.isinf, _isinf), (np.isnan, _isnan), (np.signbit, _signbit)):
    enter(_fn, _test, _common_dtype)
for _fn, _name in ((np.logical_and, "and"), (np.logical_or, "or"), (np.logical_xor, "xor")):
    enter(_fn, _logical(_name), _truth_dtype)
enter(np.logical_not, _not, _truth_dtype)
enter(np.invert, _not)
enter(np.bitwise_and, _instruction("and", "and", "and"))
enter(np.bitwise_or, _instruction("or", "or", "or"))
enter(np.bitwise_xor, _instruction("xor", "xor", "xor"))
for _fn in (
    np.exp, np.exp2, np.expm1, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan, np.sinh, np.cosh,
    np.tanh, np.arcsin, np.arccos, np.arctan, np.arcsinh, np.arccosh, np.arctanh, np.cbrt, np.logaddexp,
):  # fmt: skip
    enter(_fn, _function(_fn.__name__))
enter(np.log, _function("log"))
enter(np.arctan2, _function("arctan2"), cost=40)
for _block in BLOCKS.values():
    if _block.kind == "elementwise" and _block.name in ("logistic", "erfc"):
        enter(_block.fn, _function(_block.name))
