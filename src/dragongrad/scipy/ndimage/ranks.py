"""Filters that choose among neighbours: the greatest, the least, the one in the middle.

The derivative goes to the chosen one; the greatest or the least of equal ones share it.
"""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from ...blocks.axes import single
from ...core.errors import ArgumentError, DtypeError, user_line
from .chapter import axes_of, each, framed, image, ordered, smooth, written


def neighbours(
    x: Any, size: Any, footprint: Any, mode: Any, cval: Any, origin: Any, axes: Any
) -> Any:  # fmt: skip
    """The neighbours of each place along a new axis 0, those of a footprint row by row."""
    along = axes_of(axes, x.ndim)
    if x.dtype.kind == "c":
        raise DtypeError(f"complex numbers have no order\n  at {user_line()}\nFilter np.real and np.imag of them")
    if (size is None) == (footprint is None):
        raise ArgumentError(f"a filter needs size= or footprint=, and not both\n  at {user_line()}")
    if footprint is None:
        sizes = each(size, len(along), "size")
        if any(n != int(n) for n in sizes):
            raise ArgumentError(f"size={size!r} is not made of whole numbers\n  at {user_line()}")
        footprint = np.ones([int(n) for n in sizes], dtype=bool)
    chosen = np.asarray(footprint, dtype=bool)
    if chosen.ndim != len(along) or not chosen.any():
        raise ArgumentError(
            f"the footprint has {chosen.ndim} axes, for {len(along)} of the image, and is not empty\n"
            f"  at {user_line()}"
        )
    along, origins, modes = ordered(x, origin, mode, axes)
    wide, shape = x, list(x.shape)
    for axis, n, o, how in zip(along, chosen.shape, origins, modes, strict=True):
        before = n // 2 + o
        if not 0 <= before < n:
            raise ArgumentError(f"origin={o} lies outside of {n} neighbours\n  at {user_line()}")
        pads = [(before, n - 1 - before) if i == axis else (0, 0) for i in range(x.ndim)]
        wide = framed(wide, pads, how, cval)
    found = []
    for place in itertools.product(*map(range, chosen.shape)):
        if chosen[place]:
            begin = dict(zip(along, place, strict=True))
            found.append(wide[tuple(slice(begin.get(i, 0), begin.get(i, 0) + n) for i, n in enumerate(shape))])
    return np.stack(found)


def separable(
    x: Any, size: Any, footprint: Any, mode: Any, cval: Any, origin: Any, axes: Any
) -> Any:  # fmt: skip
    """The neighbours as `neighbours` has them, but a full footprint lies as `axes` names its axes."""
    if (size is None) == (footprint is None) or (footprint is not None and not np.all(footprint)):
        return neighbours(x, size, footprint, mode, cval, origin, axes)
    along = axes_of(axes, x.ndim)
    options = (np.shape(footprint) if size is None else size, mode, origin)
    named = zip(("size", "mode", "origin"), options, strict=True)
    order = sorted(range(len(along)), key=along.__getitem__)
    sizes, modes, origins = ([each(v, len(along), name)[i] for i in order] for name, v in named)
    return neighbours(x, sizes, None, modes, cval, origins, sorted(along))


@smooth
def maximum_filter(
    input: Any, size: Any = None, footprint: Any = None, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The greatest of the neighbours of each place, `size` of them along each axis or those of a footprint.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.maximum_filter(x, 3)[1])(np.array([1.0, 3.0, 2.0]))
    array([0., 1., 0.])

    """
    x = image(input)
    return written(np.max(separable(x, size, footprint, mode, cval, origin, axes), axis=0), output)


@smooth
def minimum_filter(
    input: Any, size: Any = None, footprint: Any = None, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The least of the neighbours of each place.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.minimum_filter(x, 3)[1])(np.array([1.0, 3.0, 2.0]))
    array([1., 0., 0.])

    """
    x = image(input)
    return written(np.min(separable(x, size, footprint, mode, cval, origin, axes), axis=0), output)


@smooth
def maximum_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: int = 0,
) -> Any:  # fmt: skip
    """The greatest of `size` neighbours along one axis.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.maximum_filter1d(x, 3)[2])(np.array([1.0, 3.0, 2.0]))
    array([0., 1., 0.])

    """
    x = image(input)
    near = neighbours(x, size, None, mode, cval, origin, single(axis, x.ndim))
    return written(np.max(near, axis=0), output)


@smooth
def minimum_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: int = 0,
) -> Any:  # fmt: skip
    """The least of `size` neighbours along one axis.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.minimum_filter1d(x, 3)[2])(np.array([1.0, 3.0, 2.0]))
    array([0., 0., 1.])

    """
    x = image(input)
    near = neighbours(x, size, None, mode, cval, origin, single(axis, x.ndim))
    return written(np.min(near, axis=0), output)


def _ranked(near: Any, rank: int) -> Any:
    """The element of a rank among the neighbours, which are counted from the end where it is negative."""
    count = near.shape[0]
    if not -count <= rank < count:
        raise ArgumentError(f"rank={rank} of {count} neighbours\n  at {user_line()}")
    return np.sort(near, axis=0)[rank]


@smooth
def rank_filter(
    input: Any, rank: int, size: Any = None, footprint: Any = None, output: Any = None, mode: Any = "reflect",
    cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The neighbour of each place that has a rank, from 0 for the least.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.rank_filter(x, 1, 3)[1])(np.array([1.0, 3.0, 2.0]))
    array([0., 0., 1.])

    """
    near = neighbours(image(input), size, footprint, mode, cval, origin, axes)
    return written(_ranked(near, int(operator.index(rank))), output)


@smooth
def median_filter(
    input: Any, size: Any = None, footprint: Any = None, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The neighbour of each place in the middle; of an even number the upper one of two.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.median_filter(x, 3)[1])(np.array([1.0, 3.0, 2.0]))
    array([0., 0., 1.])

    """
    near = neighbours(image(input), size, footprint, mode, cval, origin, axes)
    return written(_ranked(near, near.shape[0] // 2), output)


@smooth
def percentile_filter(
    input: Any, percentile: float, size: Any = None, footprint: Any = None, output: Any = None,
    mode: Any = "reflect", cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The neighbour of each place below which a part of them lies, from 0 to 100, or from the end if negative.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.percentile_filter(x, 100, 3)[1])(np.array([1.0, 3.0, 2.0]))
    array([0., 1., 0.])

    """
    near = neighbours(image(input), size, footprint, mode, cval, origin, axes)
    part = percentile + 100 if percentile < 0 else percentile
    if not 0 <= part <= 100:
        raise ArgumentError(f"percentile={percentile} is none from -100 to 100\n  at {user_line()}")
    count = near.shape[0]
    return written(_ranked(near, count - 1 if part == 100 else int(count * part / 100)), output)
