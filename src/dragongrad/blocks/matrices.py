"""What the rules of linear algebra share: the matrices that LAPACK takes, transposes and triangles."""

from __future__ import annotations

from typing import Any

import numpy as np


def inexact(a: Any) -> Any:
    """A matrix as LAPACK takes it: whole numbers in double precision, half and extended precision refused."""
    if a.dtype.kind in "biu":
        return a.astype(np.float64)
    if a.dtype.char not in "fdFD":
        raise TypeError(f"numbers of {a.dtype} are unsupported in np.linalg")
    return a


def square(a: Any, name: str) -> int:
    """The size of a square matrix."""
    if np.ndim(a) < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"{name} needs square matrices, got shape {np.shape(a)}")
    return int(a.shape[-1])


def transposed(x: Any) -> Any:
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


def adjoint(x: Any) -> Any:
    """The conjugate transpose of the last two axes."""
    return np.conj(np.swapaxes(x, -1, -2))


def half(x: Any) -> Any:
    """The lower triangle with half the diagonal."""
    return np.where(np.eye(x.shape[-1], dtype=bool), 0.5 * x, np.tril(x))


def diagonal_matrix(d: Any) -> Any:
    """The matrix with a given diagonal."""
    return d[..., :, None] * np.eye(d.shape[-1], dtype=np.finfo(d.dtype).dtype)


# Of a Hermitian matrix NumPy reads one triangle, and the real part of the diagonal. The derivative is that of what
# is read: the other triangle changes nothing, and an element beside the diagonal stands for two.


def from_triangle(x: Any, UPLO: str = "L") -> Any:  # noqa: N803 - NumPy's name
    """The Hermitian matrix that is read."""
    lower = half(x if UPLO == "L" else adjoint(x))
    return lower + adjoint(lower)


def into_triangle(x_bar: Any, UPLO: str = "L") -> Any:  # noqa: N803
    """The transpose: the cotangent of a Hermitian matrix, in the triangle that is read."""
    lower = half(x_bar + adjoint(x_bar))
    return lower if UPLO == "L" else adjoint(lower)
