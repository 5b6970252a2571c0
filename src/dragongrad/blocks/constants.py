"""Functions whose derivative is zero wherever it exists."""

from __future__ import annotations

import numpy as np

from ..core.block import constant

for _fn in (
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.bitwise_count,
    np.isfinite, np.isinf, np.isnan, np.isnat, np.signbit, np.sign,
    np.floor, np.ceil, np.trunc, np.rint, np.floor_divide, np.spacing, np.gcd, np.lcm,
):  # fmt: skip
    constant(_fn)
