"""`autograd.scipy`: dragongrad's SciPy, with the one function whose arguments HIPS autograd has of its own.

from dragongrad.interop.autograd import scipy

scipy.signal.convolve(images, filters, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode="valid")
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError, describe, user_line

Axes = Sequence[Sequence[int]]


def convolve(A: Any, B: Any, axes: Axes | None = None, dot_axes: Axes = ((), ()), mode: str = "full") -> Any:  # noqa: N803
    """The convolution along some axes of two arrays, summed over others: `autograd.scipy.signal.convolve`.

    Parameters
    ----------
    A, B : array
        What is convolved.
    axes : pair of sequences of int, optional
        The axes of A and those of B along which they are convolved; by default all.
    dot_axes : pair of sequences of int
        The axes of A and those of B whose products are summed.
    mode : "full" or "valid"
        Of "valid" one array is the longer one along all axes.

    Returns
    -------
    array
        The axes of A that are in neither, then those of B, then those of the convolution.

    Raises
    ------
    ArgumentError
        The mode is another, or the axes are not as many.
    ShapeError
        Neither array is the longer one.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.interop.autograd import grad, scipy
    >>> images, filters = np.ones((5, 1, 4, 4)), np.ones((1, 2, 3, 3))
    >>> f = lambda w: scipy.signal.convolve(images, w, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode="valid")
    >>> f(filters).shape, grad(lambda w: np.sum(f(w)))(filters)[0, 0, 0]
    ((5, 2, 2, 2), array([20., 20., 20.]))

    """
    if axes is None:
        axes = (range(np.ndim(A)), range(np.ndim(A)))
    along, summed = [[list(of) for of in pair] for pair in (axes, dot_axes)]
    if mode not in ("full", "valid") or len(along[0]) != len(along[1]) or len(summed[0]) != len(summed[1]):
        raise ArgumentError(
            f"convolve takes mode='full' or 'valid' and as many axes of A as of B, not {mode!r}, {axes}, {dot_axes}"
            f"\n  at {user_line()}"
        )
    lengths = [[np.shape(x)[i] for i in of] for x, of in zip((A, B), along, strict=True)]
    if mode == "valid" and any(b > a for a, b in zip(*lengths, strict=True)):
        if any(a > b for a, b in zip(*lengths, strict=True)):
            raise ShapeError(
                f"convolve({describe(A)}, {describe(B)}): one array is to be the longer along all axes\n"
                f"  at {user_line()}"
            )
        turned = convolve(B, A, (along[1], along[0]), (summed[1], summed[0]), mode)
        last = len(along[0])
        of_b = np.ndim(B) - last - len(summed[1])
        of_a = turned.ndim - of_b - last
        order = [*range(of_b, of_b + of_a), *range(of_b), *range(of_a + of_b, turned.ndim)]
        return np.transpose(turned, order)
    if mode == "full":
        pads = dict(zip(along[0], lengths[1], strict=True))
        A = np.pad(A, [(pads.get(i, 1) - 1,) * 2 for i in range(np.ndim(A))])  # noqa: N806 - autograd's name
    return _joined(A, B, along, summed)


def _joined(a: Any, b: Any, along: list[list[int]], summed: list[list[int]]) -> Any:
    """The products of all windows of the first with the second, turned around."""
    sizes = tuple(np.shape(b)[i] for i in along[1])
    windows = np.lib.stride_tricks.sliding_window_view(a, sizes, axis=tuple(along[0])) if sizes else a
    inner = list(range(np.ndim(a), np.ndim(a) + len(sizes)))
    turned = np.flip(b, tuple(along[1])) if sizes else b
    out = np.tensordot(windows, turned, (inner + summed[0], along[1] + summed[1]))
    # First stand the axes of `a` that are not summed, in their order, and then those of `b`.
    left = [i for i in range(np.ndim(a)) if i not in summed[0]]
    alone = [k for k, i in enumerate(left) if i not in along[0]]
    return np.transpose(out, [*alone, *range(len(left), out.ndim), *[left.index(i) for i in along[0]]])


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
