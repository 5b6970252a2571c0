"""`autograd.scipy`: dragongrad's SciPy, with the one function whose arguments HIPS autograd has of its own.

from dragongrad.interop.autograd import scipy

scipy.signal.convolve(images, filters, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode="valid")
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .convolve import convolve


class _Signal:
    """`scipy.signal`, with autograd's `convolve`."""

    convolve = staticmethod(convolve)

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("dragongrad.scipy.signal"), name)


class SciPy:
    """The modules of `autograd.scipy`: those of `dragongrad.scipy`, imported when they are first asked for."""

    signal = _Signal()

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("dragongrad.scipy"), "special" if name == "misc" else name)


scipy = SciPy()
