"""Cosine and sine transforms of the four types, and Hankel's.

The transform of a type, without any scaling, is a Block whose transpose is a transform of the same kind: type 3 is
the transpose of type 2 but for one weight, types 1 and 4 are their own. Scaling and the weights that make it
orthogonal stand around it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft as scipys

from ...blocks.axes import as_array, shift, single
from ...blocks.fourier import SWAPPED, fitted
from ...core.block import linear
from ...core.errors import ArgumentError, DtypeError, NoRuleError, ShapeError, describe, user_line
from ..chapters import double, holds_variable, settled
from .chapter import smooth
from .fourier import numbers, unrepeated

_FUNCTIONS = {"cosine": scipys.dct, "sine": scipys.dst}


def _value(x: Any, kind: str, type: int, axis: int) -> Any:
    return _FUNCTIONS[kind](x, type=type, axis=axis)


def _weighted(x: Any, kind: str, weight: float, axis: int, both: bool = False) -> Any:
    """The first element along an axis times a weight, of sines the last one; with `both`, the last one too."""
    n = x.shape[axis]
    factors = np.ones(n, np.finfo(x.dtype).dtype)
    factors[0 if kind == "cosine" else -1] = weight
    if both:
        factors[-1] = weight
    return x * np.reshape(factors, (n,) + (1,) * (x.ndim - 1 - single(axis, x.ndim)))


def _transpose(out_bar: Any, kind: str = "cosine", type: int = 2, axis: int = -1) -> Any:
    if type == 2:
        return _plain(_weighted(out_bar, kind, 2.0, axis), kind=kind, type=3, axis=axis)
    if type == 3:
        return _weighted(_plain(out_bar, kind=kind, type=2, axis=axis), kind, 0.5, axis)
    if type == 1 and kind == "cosine":
        inner = _plain(_weighted(out_bar, kind, 2.0, axis, both=True), kind=kind, type=1, axis=axis)
        return _weighted(inner, kind, 0.5, axis, both=True)
    return _plain(out_bar, kind=kind, type=type, axis=axis)


def _batch(size: int, values: list[Any], batched: Any, kind: str, type: int, axis: int) -> Any:
    return _plain(values[0], kind=kind, type=type, axis=shift(axis, values[0].ndim - 1))


_plain: Any = linear("cosine transform", _transpose, value=_value, names=("x",), batch=_batch, mixes=True,
                     dispatches=False, parameters=("kind", "type", "axis"))  # fmt: skip


def _transform(
    x: Any, kind: str, inverse: bool, type: int, n: Any, axis: int, norm: Any, orthogonalize: Any
) -> Any:
    x = numbers(x)
    if x.dtype.kind not in "fc":
        x = x.astype(np.float64)
    if norm not in SWAPPED:
        raise ArgumentError(f"norm is 'backward', 'ortho' or 'forward', not {norm!r}\n  at {user_line()}")
    type = operator.index(type)
    if type not in (1, 2, 3, 4):
        raise ArgumentError(f"the type of the transform is 1, 2, 3 or 4, not {type!r}\n  at {user_line()}")
    if n is not None and operator.index(n) < 1:
        raise ArgumentError(f"a transform has a length of 1 or more, not {n}\n  at {user_line()}")
    if n is not None:
        x = fitted(x, operator.index(n), axis)
    count = x.shape[axis]
    if count < (2 if (kind, type) == ("cosine", 1) else 1):
        raise ShapeError(f"{describe(x)}: too few elements along axis {axis}\n  at {user_line()}")
    kept = type if not inverse else {2: 3, 3: 2}.get(type, type)
    whole = 2 * (count + {("cosine", 1): -1, ("sine", 1): 1}.get((kind, type), 0))
    norm = norm or "backward"
    scale = {"ortho": whole**-0.5, "backward" if inverse else "forward": 1 / whole}.get(norm, 1.0)
    unitary = norm == "ortho" if orthogonalize is None else orthogonalize
    ends = (kind, kept) == ("cosine", 1)
    if unitary and (kept == 3 or ends):
        x = _weighted(x, kind, 2**0.5, axis, both=ends)
    out = _plain(x, kind=kind, type=kept, axis=axis)
    if scale != 1.0:
        out = out * scale
    return _weighted(out, kind, 0.5**0.5, axis, both=ends) if unitary and (kept == 2 or ends) else out


def _each(
    transform: Callable[..., Any], x: Any, type: int, s: Any, axes: Any, norm: Any, orthogonalize: Any
) -> Any:  # fmt: skip
    """One transform along each of several axes."""
    x = as_array(x)
    if axes is None:
        axes = tuple(range(x.ndim) if s is None else range(-np.size(s), 0))
    axes = unrepeated(axes, x.ndim)
    lengths = [None] * len(axes) if s is None else np.reshape(s, (-1,)).tolist()
    for n, axis in zip(lengths, axes, strict=True):
        x = transform(x, type, n, axis, norm, orthogonalize=orthogonalize)
    return x


@smooth
def dct(
    x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, orthogonalize: Any = None,
) -> Any:  # fmt: skip
    """The discrete cosine transform of one of four types, along an axis.

    Parameters
    ----------
    x : array
        What is transformed.
    type : {1, 2, 3, 4}
        Its type.
    n : int, optional
        The length to which the axis is cut or filled with zeros.
    axis : int
        The axis.
    norm : {"backward", "ortho", "forward"}, optional
        The scaling.
    overwrite_x, workers
        Of SciPy's; they change nothing here.
    orthogonalize : bool, optional
        Whether the ends are weighted so that the matrix is orthogonal; with `norm="ortho"` they are.

    Returns
    -------
    array of the shape of `x`, with `n` elements along the axis

    Raises
    ------
    ArgumentError
        There is no such type or scaling.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jacobian(lambda x: fft.dct(x, norm="ortho"))(np.ones(2)).round(3)
    array([[ 0.707,  0.707],
           [ 0.707, -0.707]])

    """
    return _transform(x, "cosine", False, type, n, axis, norm, orthogonalize)


@smooth
def idct(
    x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, orthogonalize: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `dct`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jacobian(lambda x: fft.idct(fft.dct(x)))(np.ones(2)).round(6)
    array([[1., 0.],
           [0., 1.]])

    """
    return _transform(x, "cosine", True, type, n, axis, norm, orthogonalize)


@smooth
def dst(
    x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, orthogonalize: Any = None,
) -> Any:  # fmt: skip
    """The discrete sine transform of one of four types, along an axis; its arguments are those of `dct`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jacobian(lambda x: fft.dst(x, type=1))(np.ones(1))
    array([[2.]])

    """
    return _transform(x, "sine", False, type, n, axis, norm, orthogonalize)


@smooth
def idst(
    x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, orthogonalize: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `dst`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jacobian(lambda x: fft.idst(x, type=1))(np.ones(1))
    array([[0.5]])

    """
    return _transform(x, "sine", True, type, n, axis, norm, orthogonalize)


@smooth
def dctn(
    x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, orthogonalize: Any = None,
) -> Any:  # fmt: skip
    """The cosine transform along several axes.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: fft.dctn(x)[0, 0])(np.ones((1, 2)))
    array([[4., 4.]])

    """
    return _each(dct, x, type, s, axes, norm, orthogonalize)


@smooth
def idctn(
    x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, orthogonalize: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `dctn`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: fft.idctn(fft.dctn(x))[0, 0])(np.ones((1, 2))).round(6)
    array([[1., 0.]])

    """
    return _each(idct, x, type, s, axes, norm, orthogonalize)


@smooth
def dstn(
    x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, orthogonalize: Any = None,
) -> Any:  # fmt: skip
    """The sine transform along several axes.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: fft.dstn(x, type=1)[0, 0])(np.ones((1, 1)))
    array([[4.]])

    """
    return _each(dst, x, type, s, axes, norm, orthogonalize)


@smooth
def idstn(
    x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, orthogonalize: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `dstn`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: fft.idstn(x, type=1)[0, 0])(np.ones((1, 1)))
    array([[0.25]])

    """
    return _each(idst, x, type, s, axes, norm, orthogonalize)


# Hankel's transform: Hamilton, "Uncorrelated modes of the non-linear power spectrum" (2000)


def _hankel(a: Any, transform: Callable[..., Any], options: tuple[Any, ...]) -> Any:
    """By the matrix of the transform, whose rows are what it gives of each place."""
    name = transform.__name__
    if holds_variable(options):
        raise NoRuleError(
            f"scipy.fft.{name} has derivatives by its sequence alone\n  at {user_line()}\n"
            "Pass plain numbers for dln, mu, offset and bias"
        )
    options = tuple(map(settled, options))
    if as_array(a).dtype.kind == "c":
        raise DtypeError(f"{name} takes a sequence of real numbers\n  at {user_line()}\nTransform its parts")
    # SciPy's factors of a bias are in double precision.
    a = double(a) if options[-1] else numbers(a)
    matrix = transform(np.eye(a.shape[-1]), *options)
    return a @ (matrix.astype(np.float32) if a.dtype == np.float32 else matrix)


@smooth
def fht(a: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:
    """Hankel's transform of a logarithmic sequence, along the last axis; derivatives are by the sequence alone.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jacobian(lambda a: fft.fht(a, 0.1, 0.5))(np.ones(4)).shape
    (4, 4)

    """
    return _hankel(a, scipys.fht, (dln, mu, offset, bias))


@smooth
def ifht(A: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:  # noqa: N803 - SciPy's name
    """The inverse of `fht`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda a: fft.ifht(fft.fht(a, 0.1, 0.5), 0.1, 0.5)[0])(np.ones(1)).round(6)
    array([1.])

    """
    return _hankel(A, scipys.ifht, (dln, mu, offset, bias))
