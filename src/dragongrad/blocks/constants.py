"""Functions whose derivative is zero wherever it exists."""

from __future__ import annotations

import numpy as np

from ..core.block import constant
from .kinks import kink

for _fn in (
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.bitwise_count,
    np.isfinite, np.isinf, np.isnan, np.isnat, np.signbit,
    np.floor, np.ceil, np.trunc, np.rint, np.floor_divide, np.spacing, np.gcd, np.lcm,
):  # fmt: skip
    constant(_fn)

for _fn in (np.floor, np.ceil, np.trunc, np.rint):
    kink(_fn, "where the value jumps", "0, as on both sides", [0.0, 1.0, -1.5], 0)
kink(np.floor_divide, "a multiple of the divisor", "0, though the value jumps", [4.0], 0, lambda x: x // 2.0)
kink(np.spacing, "a power of 2", "0, though the value jumps", [2.0], 0)
