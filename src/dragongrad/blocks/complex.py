"""Real and imaginary parts and conjugates: linear over the real numbers.

The gradient of a real function of z = a + ib is df/da - i df/db, as HIPS autograd and JAX define it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import Block, composite, linear
from ..core.variable import Variable
from .kinks import kink
from .special import stop_gradient
from .views import is_array, viewed


def _elementwise_batch(fn: Any) -> Any:
    return lambda size, values, batched: fn(values[0])


_real = linear(np.real, lambda out_bar: out_bar, names=("x",), batch=_elementwise_batch(np.real))
_imag = linear(np.imag, lambda out_bar: -1j * out_bar, names=("x",), batch=_elementwise_batch(np.imag))


def _part(block: Block, put: Callable[..., Any]) -> Callable[..., Any]:
    """A part of complex numbers, which is a view of them; real numbers are their own real part."""

    def part(val: Any) -> Any:
        if not isinstance(val, Variable):
            return block.apply(val)
        if block is _imag and val.data.__class__ in (float, int):
            return val.data.__class__(0)
        if val.dtype.kind != "c":
            return val if block is _real else np.zeros_like(val)[... if is_array(val) else ()]
        return block.apply(val) if not is_array(val) else viewed(block.apply(val), val, block.apply, (), put)

    return part


_real.call = composite(np.real)(_part(_real, lambda x, y: y + 1j * _imag.apply(x)))
_imag.call = composite(np.imag)(_part(_imag, lambda x, y: _real.apply(x) + 1j * y))
linear(np.conjugate, lambda out_bar: np.conjugate(out_bar), names=("x",), batch=_elementwise_batch(np.conjugate))


def conjugated(x: Any) -> Any:
    """The conjugate; real numbers and truths are their own."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


@composite(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The argument of complex numbers."""
    # That of real numbers is constant on both sides of zero, where it jumps.
    out = np.arctan2(np.imag(z), np.real(z)) if z.dtype.kind == "c" else np.arctan2(0, stop_gradient(z))
    return out * (180 / np.pi) if deg else out


# Promises at kinks and singularities, of complex numbers by both parts


def _by_parts(fn: Any) -> Any:
    return lambda x: fn(x[0] + 1j * x[1])


_log_part, _root_part = _by_parts(lambda z: np.imag(np.log(z))), _by_parts(lambda z: np.imag(np.sqrt(z)))
kink(np.absolute, "complex 0", "0, the mean over all directions", [0.0, 0.0], 0, _by_parts(np.absolute))
kink(np.sign, "complex 0", "0, as everywhere", [0.0, 0.0], 0, _by_parts(lambda z: np.real(np.sign(z))))
kink(np.angle, "0", "0, the mean over all directions", [0.0, 0.0], 0, _by_parts(np.angle))
kink(np.angle, "0, of real numbers", "0, as on both sides, though the value jumps", [0.0, -2.0], 0)
kink(np.angle, "a negative real number", "as on both sides, though the value jumps", [-2.0, 0.0], [0, -0.5],
     _by_parts(np.angle))  # fmt: skip
kink(np.log, "a negative real number, as complex", "as on both sides, though the value jumps", [-2.0, 0.0],
     [0, -0.5], _log_part)  # fmt: skip
kink(np.sqrt, "a negative real number, as complex", "as on the side of its value", [-4.0, 0.0], [-0.25, 0],
     _root_part)  # fmt: skip
