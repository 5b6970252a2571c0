"""`np.emath`: functions of real numbers that turn to complex ones where some number asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import scimath

from ..core.block import composite
from ..core.variable import bottom
from .axes import as_array
from .kinks import kink

# What NumPy takes to single precision; all else becomes double.
_SHORT = frozenset("fbhBH")


def _occurs(condition: Any) -> bool:
    """Whether a condition holds anywhere; under `vmap`, in any row, for all rows have one dtype."""
    return bool(np.any(bottom(condition)))


def _as_complex(x: Any) -> Any:
    return x.astype(np.complex64 if x.dtype.char in _SHORT else np.complex128)


def _beside_negative(value: Any) -> Any:
    x = as_array(value)
    return _as_complex(x) if x.dtype.kind != "c" and _occurs(x < 0) else x


def _beside_large(value: Any) -> Any:
    x = as_array(value)
    return _as_complex(x) if x.dtype.kind != "c" and _occurs(np.absolute(x) > 1) else x


def _after(prepare: Callable[[Any], Any], fn: Any) -> Callable[[Any], Any]:
    return lambda x: fn(prepare(x))


for _name in ("sqrt", "log", "log2", "log10"):
    composite(getattr(scimath, _name))(_after(_beside_negative, getattr(np, _name)))
for _name in ("arccos", "arcsin", "arctanh"):
    composite(getattr(scimath, _name))(_after(_beside_large, getattr(np, _name)))


@composite(scimath.logn)
def logn(n: Any, x: Any) -> Any:
    """The logarithm to a base."""
    return np.log(_beside_negative(x)) / np.log(_beside_negative(n))


@composite(scimath.power)
def power(x: Any, p: Any) -> Any:
    """A power, whose exponent is a float where a whole one is negative."""
    exponent = as_array(p)
    exponent = exponent * 1.0 if exponent.dtype.kind in "iu" and _occurs(exponent < 0) else exponent
    return np.power(_beside_negative(x), exponent)


kink(scimath.sqrt, "0", "infinite", [0.0], np.inf)
kink(scimath.log, "0", "infinite", [0.0], np.inf)
