"""Grey morphology: the greatest and the least of neighbours, raised or lowered by a structure.

The derivative goes to the chosen neighbour and to what raised it; equal ones share it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import as_array
from ...core.errors import ArgumentError, NoRuleError, describe, user_line
from .chapter import axes_of, each, image, refused, smooth, written
from .ranks import neighbours, separable


def _near(name: str, x: Any, size: Any, footprint: Any, structure: Any, options: tuple[Any, ...], sign: int) -> Any:
    """The neighbours of each place along a new axis 0, with the structure added or taken off."""
    if size is None and footprint is None and structure is None:
        raise ArgumentError(f"{name} needs size=, footprint= or structure=\n  at {user_line()}")
    # As SciPy has it, a footprint goes before a size.
    size = size if footprint is None and structure is None else None
    if structure is None:
        return separable(x, size, footprint, *options)
    structure = as_array(structure).astype(x.dtype)
    footprint = np.ones(structure.shape, bool) if footprint is None else np.asarray(footprint, bool)
    if footprint.shape != structure.shape:
        raise ArgumentError(
            f"{name}: a footprint of shape {footprint.shape} beside a structure {describe(structure)}\n"
            f"  at {user_line()}"
        )
    heights = np.reshape(structure, (-1,))[np.flatnonzero(footprint)]
    near = neighbours(x, None, footprint, *options)
    return near + sign * np.reshape(heights, (-1,) + (1,) * x.ndim)


def _eroded(x: Any, size: Any, footprint: Any, structure: Any, options: tuple[Any, ...]) -> Any:
    return np.min(_near("grey_erosion", x, size, footprint, structure, options, -1), axis=0)


def _dilated(x: Any, size: Any, footprint: Any, structure: Any, options: tuple[Any, ...]) -> Any:
    mode, cval, origin, axes = options
    count = len(axes_of(axes, x.ndim))
    # The neighbours lie the other way round.
    footprint, structure = (None if v is None else np.flip(as_array(v)) for v in (footprint, structure))
    shapes = [np.shape(v) for v in (footprint, structure) if v is not None]
    lengths = shapes[0] if shapes else each(size, count, "size") if size is not None else (1,) * count
    if len(lengths) != count:
        raise ArgumentError(f"grey_dilation: {len(lengths)} axes of neighbours for {count}\n  at {user_line()}")
    turned = [-o - (n % 2 == 0) for o, n in zip(each(origin, count, "origin"), lengths, strict=True)]
    near = _near("grey_dilation", x, size, footprint, structure, (mode, cval, turned, axes), 1)
    return np.max(near, axis=0)


def _grey(name: str, title: str, example: str, do: Any) -> Any:
    """One function of the chapter: `do` of an image, its dilation and its erosion."""

    def filtered(
        input: Any, size: Any = None, footprint: Any = None, structure: Any = None, output: Any = None,
        mode: Any = "reflect", cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
    ) -> Any:  # fmt: skip
        x = image(input)
        if x.dtype.kind == "c":
            raise NoRuleError(
                f"scipy.ndimage.{name} of complex numbers\n  at {user_line()}\nTake np.abs or np.real"
            )
        given = (size, footprint, structure, (mode, cval, origin, axes))
        return written(do(x, lambda x: _dilated(x, *given), lambda x: _eroded(x, *given)), output)

    filtered.__name__ = filtered.__qualname__ = name
    filtered.__doc__ = f"""{title}

    Parameters
    ----------
    input : array
    size, footprint : optional
        How many neighbours along each axis, or which.
    structure : array, optional
        What is added to the neighbours of a dilation and taken off those of an erosion; it has derivatives too.
    output, mode, cval, origin, axes
        As those of the other filters.

    Returns
    -------
    array of the shape of `input`

    Raises
    ------
    ArgumentError
        Neighbours are not named, or do not fit.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.{name}(x, 3)[1])(np.array([1.0, 3.0, 2.0])) + 0.0
    {example}

    """
    return smooth(filtered)


grey_erosion = _grey(
    "grey_erosion", "The least of the neighbours of each place, less the structure.", "array([1., 0., 0.])",
    lambda x, dilated, eroded: eroded(x),
)  # fmt: skip
grey_dilation = _grey(
    "grey_dilation", "The greatest of the neighbours of each place, plus the structure.", "array([0., 1., 0.])",
    lambda x, dilated, eroded: dilated(x),
)  # fmt: skip
grey_opening = _grey(
    "grey_opening", "An erosion and then a dilation.", "array([0., 0., 1.])",
    lambda x, dilated, eroded: dilated(eroded(x)),
)  # fmt: skip
grey_closing = _grey(
    "grey_closing", "A dilation and then an erosion.", "array([0., 1., 0.])",
    lambda x, dilated, eroded: eroded(dilated(x)),
)  # fmt: skip
white_tophat = _grey(
    "white_tophat", "An image less its opening.", "array([ 0.,  1., -1.])",
    lambda x, dilated, eroded: x - dilated(eroded(x)),
)  # fmt: skip
black_tophat = _grey(
    "black_tophat", "The closing of an image less the image.", "array([0., 0., 0.])",
    lambda x, dilated, eroded: eroded(dilated(x)) - x,
)  # fmt: skip
morphological_gradient = _grey(
    "morphological_gradient", "A dilation less an erosion.", "array([-1.,  1.,  0.])",
    lambda x, dilated, eroded: dilated(x) - eroded(x),
)  # fmt: skip
morphological_laplace = _grey(
    "morphological_laplace", "A dilation and an erosion, less the image twice.", "array([ 1., -1.,  0.])",
    lambda x, dilated, eroded: dilated(x) + eroded(x) - 2 * x,
)  # fmt: skip

_TRUTH, _GREY = "truth values have no derivative", "Take grey_{} of numbers"
binary_dilation, binary_erosion, binary_opening, binary_closing = (
    refused(f"binary_{name}", _TRUTH, _GREY.format(name)) for name in ("dilation", "erosion", "opening", "closing")
)
binary_fill_holes, binary_hit_or_miss, binary_propagation = (
    refused(name, _TRUTH, "Compare the plain image") for name in
    ("binary_fill_holes", "binary_hit_or_miss", "binary_propagation")
)  # fmt: skip
_TO_ZERO, _NEAREST = "it is the distance to the nearest zero, and jumps", "Take it of the plain image"
distance_transform_bf, distance_transform_cdt, distance_transform_edt = (
    refused(f"distance_transform_{name}", _TO_ZERO, _NEAREST) for name in ("bf", "cdt", "edt")
)
