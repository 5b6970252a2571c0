"""HIPS autograd's `scipy.signal.convolve`, which chooses the axes that are convolved, summed over and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError, user_line
from ..core.variable import plain

_MODES = ("full", "valid", "same")


def convolve(
    a: Any,
    b: Any,
    axes: Sequence[Sequence[int]] | None = None,
    dot_axes: Sequence[Sequence[int]] = ((), ()),
    mode: str = "full",
) -> Any:
    """`autograd.scipy.signal.convolve`: the convolution along some axes, of sums of products along others.

    Parameters
    ----------
    a, b : array
        Of any numbers of axes.
    axes : pair of lists of int, optional
        The axes of `a` and those of `b` that are convolved with each other; all of them by default.
    dot_axes : pair of lists of int
        The axes of `a` and those of `b` whose products are summed, as in `numpy.tensordot`.
    mode : str
        "full", "valid" or "same", as in `scipy.signal.convolve`.

    Returns
    -------
    array
        The axes of `a` that are in neither list, those of `b`, and then the convolved ones.

    Raises
    ------
    ArgumentError, ShapeError
        There is no such mode, the lists do not fit each other or the arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.interop.autograd import grad, scipy
    >>> convolve = scipy.signal.convolve
    >>> images, filters = np.ones((8, 1, 5, 5)), np.ones((1, 4, 3, 3))
    >>> convolve(images, filters, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode="valid").shape
    (8, 4, 3, 3)
    >>> grad(lambda f: np.sum(convolve(images[0, 0], f)))(np.zeros((2, 2)))
    array([[25., 25.],
           [25., 25.]])

    """
    a, b = plain(a), plain(b)
    if mode not in _MODES:
        raise ArgumentError(f"mode must be one of {', '.join(_MODES)}, got {mode!r}\n  at {user_line()}")
    if axes is None:
        axes = (range(np.ndim(a)), range(np.ndim(b)))
    along = [_places(axes[0], a, "axes[0]"), _places(axes[1], b, "axes[1]")]
    summed = [_places(dot_axes[0], a, "dot_axes[0]"), _places(dot_axes[1], b, "dot_axes[1]")]
    _check(a, b, along, summed)
    sizes = [[np.shape(x)[i] for i in at] for x, at in zip((a, b), along, strict=True)]
    if mode == "valid":
        shorter = [m < n for m, n in zip(*sizes, strict=True)]
        if any(shorter):
            if not all(m <= n for m, n in zip(*sizes, strict=True)):
                raise ShapeError(
                    f"one of two arrays is at least as long along each convolved axis where mode is 'valid', got "
                    f"lengths {sizes[0]} and {sizes[1]}\n  at {user_line()}"
                )
            return _windows(b, a, along[::-1], summed[::-1], swapped=True)
        return _windows(a, b, along, summed)
    width = [(0, 0)] * np.ndim(a)
    for i, n in zip(along[0], sizes[1], strict=True):
        width[i] = (n - 1, n - 1)
    out = _windows(np.pad(a, width) if width else a, b, along, summed)
    if mode == "full":
        return out
    kept = [slice(None)] * (out.ndim - len(along[0]))
    return out[(*kept, *[slice((n - 1) // 2, (n - 1) // 2 + m) for m, n in zip(*sizes, strict=True)])]


def _places(axes: Sequence[int], x: Any, name: str) -> list[int]:
    """Axes counted from the first."""
    count = np.ndim(x)
    if not all(-count <= i < count for i in axes):
        raise ShapeError(f"{name} names an axis that an array of shape {np.shape(x)} has not: {list(axes)}\n"
                         f"  at {user_line()}")  # fmt: skip
    return [i % count for i in axes]


def _check(a: Any, b: Any, along: list[list[int]], summed: list[list[int]]) -> None:
    for name, (of_a, of_b) in (("axes", along), ("dot_axes", summed)):
        if len(of_a) != len(of_b):
            raise ShapeError(
                f"{name} names {len(of_a)} axes of an array of shape {np.shape(a)}, and {len(of_b)} of one of "
                f"shape {np.shape(b)}\n  at {user_line()}"
            )
    for convolved, dotted in zip(along, summed, strict=True):
        if len({*convolved, *dotted}) < len(convolved) + len(dotted):
            raise ShapeError(f"an axis is named twice: axes {convolved}, dot_axes {dotted}\n  at {user_line()}")
    lengths = [[np.shape(x)[i] for i in at] for x, at in zip((a, b), summed, strict=True)]
    if lengths[0] != lengths[1]:
        raise ShapeError(f"products are summed along axes of unequal lengths {lengths[0]} and {lengths[1]}\n"
                         f"  at {user_line()}")  # fmt: skip


def _windows(a: Any, b: Any, along: list[list[int]], summed: list[list[int]], swapped: bool = False) -> Any:
    """Sums of products of b turned round with each window of a.

    Returns
    -------
    array
        The axes that a alone has, those of b (before them where `swapped`), and the convolved ones.

    """
    left = [i for i in range(np.ndim(a)) if i not in summed[0]]
    if along[0]:
        sizes = [np.shape(b)[i] for i in along[1]]
        views = np.lib.stride_tricks.sliding_window_view(a, tuple(sizes), axis=tuple(along[0]))
        behind = list(range(np.ndim(a), np.ndim(a) + len(sizes)))
        out = np.tensordot(views, np.flip(b, tuple(along[1])), (summed[0] + behind, summed[1] + along[1]))
    else:
        out = np.tensordot(a, b, (summed[0], summed[1]))
    own = [k for k, i in enumerate(left) if i not in along[0]]
    convolved = [left.index(i) for i in along[0]]
    others = list(range(len(left), np.ndim(out)))
    return np.transpose(out, [*others, *own, *convolved] if swapped else [*own, *others, *convolved])
