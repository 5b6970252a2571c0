"""Real and imaginary parts and conjugates: linear over the real numbers.

The gradient of a real function of z = a + ib is df/da - i df/db, as HIPS autograd and JAX define it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, linear
from .kinks import kink


def _elementwise_batch(fn: Any) -> Any:
    return lambda size, values, batched: fn(values[0])


linear(np.real, lambda out_bar: out_bar, names=("x",), batch=_elementwise_batch(np.real))
linear(np.imag, lambda out_bar: -1j * out_bar, names=("x",), batch=_elementwise_batch(np.imag))
linear(np.conjugate, lambda out_bar: np.conjugate(out_bar), names=("x",), batch=_elementwise_batch(np.conjugate))


def conjugated(x: Any) -> Any:
    """The conjugate; real numbers and truths are their own."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


@composite(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The argument of complex numbers."""
    out = np.arctan2(np.imag(z), np.real(z)) if z.dtype.kind == "c" else np.arctan2(0, z)
    return out * (180 / np.pi) if deg else out


# Promises at kinks and singularities, of complex numbers by both parts


def _by_parts(fn: Any) -> Any:
    return lambda x: fn(x[0] + 1j * x[1])


_log_part, _root_part = _by_parts(lambda z: np.imag(np.log(z))), _by_parts(lambda z: np.imag(np.sqrt(z)))
kink(np.absolute, "complex 0", "0, the mean over all directions", [0.0, 0.0], 0, _by_parts(np.absolute))
kink(np.sign, "complex 0", "0, as everywhere", [0.0, 0.0], 0, _by_parts(lambda z: np.real(np.sign(z))))
kink(np.angle, "0", "0, the mean over all directions", [0.0, 0.0], 0, _by_parts(np.angle))
kink(np.angle, "a negative real number", "as on both sides, though the value jumps", [-2.0, 0.0], [0, -0.5],
     _by_parts(np.angle))  # fmt: skip
kink(np.log, "a negative real number, as complex", "as on both sides, though the value jumps", [-2.0, 0.0],
     [0, -0.5], _log_part)  # fmt: skip
kink(np.sqrt, "a negative real number, as complex", "as on the side of its value", [-4.0, 0.0], [-0.25, 0],
     _root_part)  # fmt: skip
