"""The remainder of a huge number by pi/2 (Payne and Hanek), one number at a time: rare, so never in line.

`x = M 2**e` with a whole `M`: of the bits of `2/pi`, those whose product with `x` is a multiple of 4 are left out.
192 bits of the rest leave 137 correct bits behind the point, and no float64 is nearer than 2**-62 to a multiple.
"""

from __future__ import annotations

TWO_OVER_PI = 0.6366197723675814
REDUCE = "@dragon.reduce_large"

# The first 1280 bits of 2/pi, after 64 zeros.
_DIGITS = (
    "0000000000000000a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921c"
    "fe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f"
    "6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6babf0cfbc209af4361d"
)
_WORDS = [int(_DIGITS[i : i + 16], 16) for i in range(0, len(_DIGITS), 16)]

_DEFINITION = f"""define internal {{ double, double, double }} {REDUCE}(double %x) noinline optnone cold #0 {{
  %bits = bitcast double %x to i64
  %field = lshr i64 %bits, 52
  %endless = icmp eq i64 %field, 2047
  ; A number that is not large comes here beside one that is: any place in the table will do.
  %offset = sub i64 %field, 1013
  %inside = icmp ult i64 %offset, 1034
  %position = select i1 %inside, i64 %offset, i64 0
  %fraction = and i64 %bits, {(1 << 52) - 1}
  %whole = or i64 %fraction, {1 << 52}
  %first = lshr i64 %position, 6
  %shift = and i64 %position, 63
  %at0 = getelementptr i64, ptr @dragon.two_over_pi, i64 %first
  %at1 = getelementptr i64, ptr %at0, i64 1
  %at2 = getelementptr i64, ptr %at0, i64 2
  %at3 = getelementptr i64, ptr %at0, i64 3
  %w0 = load i64, ptr %at0
  %w1 = load i64, ptr %at1
  %w2 = load i64, ptr %at2
  %w3 = load i64, ptr %at3
  %c0 = call i64 @llvm.fshl.i64(i64 %w0, i64 %w1, i64 %shift)
  %c1 = call i64 @llvm.fshl.i64(i64 %w1, i64 %w2, i64 %shift)
  %c2 = call i64 @llvm.fshl.i64(i64 %w2, i64 %w3, i64 %shift)
  ; The product modulo 2**192: its two highest bits are whole.
  %wide = zext i64 %whole to i128
  %d1 = zext i64 %c1 to i128
  %d2 = zext i64 %c2 to i128
  %p0 = mul i64 %whole, %c0
  %p1 = mul i128 %wide, %d1
  %p2 = mul i128 %wide, %d2
  %low = trunc i128 %p2 to i64
  %carried = lshr i128 %p2, 64
  %upper = add i128 %p1, %carried
  %middle = trunc i128 %upper to i64
  %top = lshr i128 %upper, 64
  %over = trunc i128 %top to i64
  %high = add i64 %p0, %over
  %quadrant = lshr i64 %high, 62
  %g0 = call i64 @llvm.fshl.i64(i64 %high, i64 %middle, i64 2)
  %g1 = call i64 @llvm.fshl.i64(i64 %middle, i64 %low, i64 2)
  ; The rest as a signed fraction from -1/2 to 1/2, in four pieces of 32 bits.
  %negative = lshr i64 %g0, 63
  %nearest = add i64 %quadrant, %negative
  %n = uitofp i64 %nearest to double
  %i0 = ashr i64 %g0, 32
  %i1 = and i64 %g0, 4294967295
  %i2 = lshr i64 %g1, 32
  %i3 = and i64 %g1, 4294967295
  %f0 = sitofp i64 %i0 to double
  %f1 = sitofp i64 %i1 to double
  %f2 = sitofp i64 %i2 to double
  %f3 = sitofp i64 %i3 to double
  %a0 = fmul double %f0, {2.0**-32!r}
  %a1 = fmul double %f1, {2.0**-64!r}
  %a2 = fmul double %f2, {2.0**-96!r}
  %a3 = fmul double %f3, {2.0**-128!r}
  %sum = fadd double %a0, %a1
  %kept = fsub double %sum, %a0
  %lost = fsub double %a1, %kept
  %tail = fadd double %a2, %a3
  %small = fadd double %lost, %tail
  %result = fadd double %sum, %small
  %back = fsub double %sum, %result
  %rest = fadd double %back, %small
  %valid = select i1 %endless, double 0x7FF8000000000000, double %result
  %r0 = insertvalue {{ double, double, double }} undef, double %n, 0
  %r1 = insertvalue {{ double, double, double }} %r0, double %valid, 1
  %r2 = insertvalue {{ double, double, double }} %r1, double %rest, 2
  ret {{ double, double, double }} %r2
}}"""

DEFINITIONS = {
    "@dragon.two_over_pi": "@dragon.two_over_pi = private unnamed_addr constant "
    f"[{len(_WORDS)} x i64] [{', '.join(f'i64 {w}' for w in _WORDS)}]",
    "@llvm.fshl.i64": "declare i64 @llvm.fshl.i64(i64, i64, i64)",
    REDUCE: _DEFINITION,
}
"""What a module needs to call it: `n` in its lowest two bits, and the remainder in units of pi/2 in two parts."""
