"""Real and imaginary parts and conjugates: linear over the real numbers.

The gradient of a real function of z = a + ib is df/da - i df/db, as HIPS autograd and JAX define it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, linear


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
