"""The remainder of a huge number by pi/2 (Payne and Hanek), one number at a time: rare, so never in line.

`x = M 2**e` with a whole `M`: of the bits of `2/pi`, those whose product with `x` is a multiple of 4 are left out.
192 bits of the rest leave 137 correct bits behind the point, and no float64 is nearer than 2**-62 to a multiple.
"""

from __future__ import annotations

import math

from ..ir.code import Code
from ..ir.functions import External, Variable, defined
from ..ir.registers import DOUBLE, I64, I128, Register, constant
from .formula import MANTISSA

TWO_OVER_PI = 0.6366197723675814
# The first 1280 bits of 2/pi, after 64 zeros.
_DIGITS = (
    "0000000000000000a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921c"
    "fe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f"
    "6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6babf0cfbc209af4361d"
)
_WORDS = [int(_DIGITS[i : i + 16], 16) for i in range(0, len(_DIGITS), 16)]

_TABLE = Variable(
    "dragon.two_over_pi", f"[{len(_WORDS)} x i64]", f"[{', '.join(f'i64 {w}' for w in _WORDS)}]",
    "private unnamed_addr", constant=True,
)  # fmt: skip
# The bits of two words, the first the higher, from a place on.
_SHIFTED = External("llvm.fshl.i64", I64, (I64, I64, I64))


@defined("dragon.reduce_large", "{ double, double, double }", DOUBLE, attributes="noinline optnone cold #0")
def reduce_large(code: Code, x: Register) -> None:
    """`n` in its lowest two bits, and the remainder in units of pi/2 in two parts."""
    bits = x.bits()
    field = bits >> 52
    # A number that is not large comes here beside one that is: any place in the table will do.
    offset = field - 1013
    position = offset.below(1034).choose(offset, code.register(I64, "0"))
    mantissa = bits & MANTISSA | 1 << 52
    words = code.pointer_to(_TABLE).element(I64, position >> 6).array(I64)
    w0, w1, w2, w3 = (words[k] for k in range(4))
    c0, c1, c2 = (code.call(_SHIFTED, a, b, position & 63) for a, b in ((w0, w1), (w1, w2), (w2, w3)))
    # The product modulo 2**192: its two highest bits are whole.
    wide = mantissa.to("zext", I128)
    last = wide * c2.to("zext", I128)
    upper = wide * c1.to("zext", I128) + (last >> 64)
    low, middle = last.to("trunc", I64), upper.to("trunc", I64)
    high = mantissa * c0 + (upper >> 64).to("trunc", I64)
    # The rest as a signed fraction from -1/2 to 1/2, in four pieces of 32 bits.
    g0, g1 = code.call(_SHIFTED, high, middle, 2), code.call(_SHIFTED, middle, low, 2)
    n = ((high >> 62) + (g0 >> 63)).to("uitofp", DOUBLE)
    pieces = g0.binary("ashr", 32), g0 & 0xFFFFFFFF, g1 >> 32, g1 & 0xFFFFFFFF
    a0, a1, a2, a3 = (
        piece.to("sitofp", DOUBLE) * 2.0 ** (-32 * k) for k, piece in enumerate(pieces, start=1)
    )  # fmt: skip
    total = a0 + a1
    small = (a1 - (total - a0)) + (a2 + a3)
    result = total + small
    rest = (total - result) + small
    endless = field.equals(2047)
    code.ret_record(n, endless.choose(code.register(DOUBLE, constant(math.nan, DOUBLE)), result), rest)
