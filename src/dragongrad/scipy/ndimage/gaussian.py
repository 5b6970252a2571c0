"""Filters by Gauss' function and its derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import single
from ...core.errors import ArgumentError, user_line
from ...core.variable import Variable, bottom
from .chapter import axes_of, each, image, smooth, written
from .filters import slid


def _gaussian_weights(sigma: Any, order: int, radius: int) -> list[Any]:
    """The derivative of Gauss' function, as a polynomial times the function."""
    x = np.arange(-radius, radius + 1)
    phi = np.exp(-0.5 / (sigma * sigma) * x**2)
    phi = phi / np.sum(phi)
    q: list[Any] = [1.0]
    for _ in range(order):
        above = [(i + 1) * q[i + 1] for i in range(len(q) - 1)] + [0.0, 0.0]
        below = [0.0] + [-c / (sigma * sigma) for c in q]
        q = [a + b for a, b in zip(above, below, strict=True)]
    polynomial = sum(c * x**i for i, c in enumerate(q))
    weights = polynomial * phi
    # The correlation reads them backwards.
    return [weights[i] for i in range(2 * radius, -1, -1)]


def _radius(sigma: Any, truncate: float, radius: Any) -> int:
    """How many neighbours count, which is constant between jumps of the plain value."""
    if radius is not None:
        if radius < 0 or radius != int(radius):
            raise ArgumentError(
                f"gaussian_filter: radius={radius} is no whole number from 0 on\n  at {user_line()}"
            )
        return int(radius)
    plain: Any = bottom(sigma)
    if np.ndim(plain):
        raise ArgumentError(
            f"gaussian_filter: the radius would differ from row to row of a batch\n  at {user_line()}\nGive radius="
        )
    if not isinstance(plain, Variable):
        return int(truncate * float(plain) + 0.5)
    # While a program is traced, each question becomes a guard of it.
    found = 0
    while bottom(truncate * sigma) + 0.5 >= found + 1:
        found += 1
    return found


@smooth
def gaussian_filter1d(
    input: Any, sigma: Any, axis: int = -1, order: int = 0, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, truncate: float = 4.0, *, radius: Any = None,
) -> Any:  # fmt: skip
    """An image smoothed along one axis by Gauss' function, or by its derivative; `sigma` may move too.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda s: ndimage.gaussian_filter1d(np.arange(5.0) ** 2, s)[2])(0.5).round(4)
    np.float64(1.4009)

    """
    x = image(input)
    if order < 0:
        raise ArgumentError(f"gaussian_filter1d: order is 0 or more, not {order}\n  at {user_line()}")
    weights = _gaussian_weights(sigma, order, _radius(sigma, truncate, radius))
    real = np.zeros(0, x.dtype).real.dtype
    narrow = [w.astype(real) if real == np.float32 else w for w in weights]
    return written(slid(x, narrow, single(axis, x.ndim), mode, cval, 0), output)


@smooth
def gaussian_filter(
    input: Any, sigma: Any, order: Any = 0, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    truncate: float = 4.0, *, radius: Any = None, axes: Any = None,
) -> Any:  # fmt: skip
    """An image smoothed by Gauss' function along several axes, or by its derivatives; `sigma` may move too.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.gaussian_filter(x, 0.5)[1, 1])(np.eye(3)).round(3)
    array([[0.011, 0.084, 0.011],
           [0.084, 0.619, 0.084],
           [0.011, 0.084, 0.011]])

    """
    x = image(input)
    along = axes_of(axes, x.ndim)
    names = ((sigma, "sigma"), (order, "order"), (mode, "mode"), (radius, "radius"))
    for axis, s, o, how, r in zip(along, *[each(v, len(along), n) for v, n in names], strict=True):
        if np.any(bottom(s) > 1e-15):
            x = gaussian_filter1d(x, s, axis, o, None, how, cval, truncate, radius=r)
    return written(x, output)


def _smoothed(x: Any, sigmas: Any, order: int, mode: Any, cval: Any, axes: Any, options: Any) -> list[Any]:
    """The derivative of one order along each of some axes, of the smoothed image."""
    along = axes_of(axes, x.ndim)
    modes = each(mode, len(along), "mode")
    return [
        gaussian_filter(x, sigmas, [order * (i == axis) for i in range(x.ndim)], None, how, cval, **options)
        for axis, how in zip(along, modes, strict=True)
    ]


@smooth
def gaussian_laplace(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """The sum of second derivatives of an image smoothed by Gauss' function.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.gaussian_laplace(x, 1.0)[0])(np.ones(2)).round(3)
    array([-0.359,  0.359])

    """
    x = image(input)
    along, sigmas = axes_of(axes, x.ndim), [0.0] * x.ndim
    for axis, s in zip(along, each(sigma, len(along), "sigma"), strict=True):
        sigmas[axis] = s
    parts = _smoothed(x, sigmas, 2, mode, cval, axes, kwargs)
    return written(sum(parts[1:], parts[0]) if parts else x, output)


@smooth
def gaussian_gradient_magnitude(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """The length of the gradient of an image smoothed by Gauss' function; where it is zero its derivative is zero.

    `axes` are those of the gradient: the image is smoothed along all.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.gaussian_gradient_magnitude(x, 1.0)[1])(np.arange(3.0)).round(3)
    array([-0.349,  0.   ,  0.349])

    """
    x = image(input)
    parts = _smoothed(x, sigma, 1, mode, cval, axes, kwargs)
    if x.dtype.kind == "c" and parts:
        # SciPy takes the root of the sum of squares, which is no length.
        return written(np.sqrt(sum((p * p for p in parts[1:]), parts[0] * parts[0])), output)
    return written(np.linalg.norm(np.stack(parts), axis=0) if parts else x, output)
