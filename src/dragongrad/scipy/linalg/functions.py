"""Functions of matrices: exponential, logarithm, roots, and those of trigonometry.

Of every such function f the Frechet derivative L along E stands in f([[A, E], [0, A]]), above the diagonal
(Mathias, "A chain rule for matrix functions and applications", 1996; Al-Mohy and Higham, "The complex step
approximation to the Frechet derivative of a matrix function", 2010). So f is its own rule, of every order. The
transpose of L is that of the transposed matrix.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.matrices import square, transposed
from ...core.block import constant, general
from ...core.errors import NoRuleError, ShapeError, describe, user_line
from ...core.variable import bottom
from ..chapters import double, one_of
from ..stacks import stacked
from .chapter import matrix, refused, smooth, together, whole
from .equations import sylvester


def _pair(x: Any, corner: Any, below: Any = None) -> Any:
    """The matrix [[x, corner], [0, below]]; what stands below on the diagonal is x itself if not given."""
    below = x if below is None else below
    dtype = np.result_type(x.dtype, corner.dtype)
    shape = np.broadcast_shapes(x.shape, corner.shape)
    x, corner, below = (np.broadcast_to(v, shape).astype(dtype) for v in (x, corner, below))
    zeros = np.zeros_like(x)
    top, bottom = np.concatenate([x, corner], axis=-1), np.concatenate([zeros, below], axis=-1)
    return np.concatenate([top, bottom], axis=-2)


def _corner(whole: Any) -> Any:
    n = whole.shape[-1] // 2
    return whole[..., :n, n:]


def _diagonal_pair(x: Any) -> Any:
    return _pair(x, np.zeros_like(x))


def _off_cut(x: Any) -> Any:
    """A turn of the plane after which no eigenvalue of a real matrix is negative, and none has crossed the cut."""
    angles = np.angle(np.linalg.eigvals(x)) if np.isfinite(x).all() else np.zeros(0)
    gap = np.min(angles[(angles < 0) & (angles > -np.pi)] + np.pi, initial=1.0)
    return np.exp(-0.5j * gap)


_turn: Any = constant("turn", value=stacked(_off_cut, 2), names=("x",), parameters=(), dispatches=False,
                      signature="(n,n)->()")  # fmt: skip


def _primary(
    name: str, value: Callable[..., Any], parameters: tuple[str, ...] = (), back: Callable[..., Any] | None = None
) -> Any:  # fmt: skip
    """The Block of a function of matrices, whose derivative stands in its value of a matrix of twice the size.

    Where a real matrix has a complex value, eigenvalues lie on the cut of the function. `back` says what undoes a
    turn of the matrix, after which those of the matrix of twice the size are on one side.
    """

    def moved(x: Any, along: Any, out: Any, params: dict[str, Any]) -> Any:
        if back is None or x.dtype.kind == "c" or out.dtype.kind != "c":
            return _corner(block(_pair(x, along), **params))
        turn = _turn(x)[..., None, None]
        return back(turn, **params) * _corner(block(_pair(x * turn, along * turn), **params))

    def pushforward(x_dot: Any, out: Any, x: Any, **params: Any) -> Any:
        return moved(x, x_dot, out, params)

    def pullback(out_bar: Any, out: Any, x: Any, **params: Any) -> Any:
        return moved(transposed(x), out_bar, out, params)

    block: Any = general(name, value=stacked(value, 2), pushforward=pushforward, pullback=pullback, names=("x",),
                         parameters=parameters, dispatches=False, signature="(n,n)->(n,n)")  # fmt: skip
    return block


# The exponential, whose derivative SciPy computes in three times the time of the value


def _frechet_value(x: Any, y: Any) -> Any:
    dtype = np.result_type(x, y)
    if not x.size:
        return np.zeros(x.shape, dtype)
    return scipys.expm_frechet(x, y, compute_expm=False, check_finite=False).astype(dtype)


def _second(x: Any, y: Any, z: Any) -> Any:
    """The derivative of L(x, y) along z by x."""
    return _corner(frechet(_pair(x, y), _diagonal_pair(z)))


frechet: Any = general(
    "expm_frechet", value=stacked(_frechet_value, 2, 2), names=("x", "y"), parameters=(), dispatches=False,
    pushforward=lambda x_dot, y_dot, x, y: frechet(x, y_dot) + _second(x, y, x_dot),
    pullback=lambda out_bar, x, y: (
        _second(transposed(x), transposed(y), out_bar), frechet(transposed(x), out_bar)
    ),
    signature="(n,n),(n,n)->(n,n)",
)  # fmt: skip
_expm: Any = general(
    "expm", value=lambda x: scipys.expm(x), names=("x",), parameters=(), dispatches=False,
    pushforward=lambda x_dot, x: frechet(x, x_dot), pullback=lambda out_bar, x: frechet(transposed(x), out_bar),
    signature="(n,n)->(n,n)",
)  # fmt: skip


def _square(value: Any, name: str) -> Any:
    a = matrix(value)
    square(a, name)
    return a


@smooth
def expm(A: Any) -> Any:  # noqa: N803 - SciPy's name
    """The exponential of a matrix, or of each of a stack, of shape (..., n, n).

    Derivative: Al-Mohy and Higham, "Computing the Frechet derivative of the matrix exponential" (2009).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(la.expm, (np.zeros((2, 2)),), (np.array([[0.0, 1.0], [2.0, 0.0]]),))[1]
    array([[0., 1.],
           [2., 0.]])

    """
    return _expm(_square(whole(A), "expm"))


@smooth
def expm_frechet(
    A: Any, E: Any, method: str | None = None, compute_expm: bool = True, check_finite: bool = True  # noqa: N803
) -> Any:  # fmt: skip
    """The exponential of `A` and its derivative along `E`, or the latter alone; both of shape (n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda e: la.expm_frechet(np.zeros((1, 1)), e)[1][0, 0])(np.ones((1, 1)))
    array([[1.]])

    """
    one_of("expm_frechet", "method", method, None, "SPS", "blockEnlarge")
    a, e = together(A, E)
    if method != "blockEnlarge":
        a, e = double(a), double(e)
    square(a, "expm_frechet")
    if e.shape[-2:] != a.shape[-2:]:
        raise ShapeError(f"expm_frechet({describe(a)}, {describe(e)}): equal shapes\n  at {user_line()}")
    slope = frechet(a, e)
    return (np.broadcast_to(_expm(a), slope.shape), slope) if compute_expm else slope


def _without_drawing(fn: Callable[..., Any], *args: Any) -> Any:
    """The value of a function of SciPy's that estimates norms with random numbers, as if it drew none.

    Equal calls then give equal bits, and a program that is compiled does not count as one that draws.
    """
    drawn = np.random.get_state()
    try:
        return fn(*args)
    finally:
        np.random.set_state(drawn)


def _logm_value(x: Any) -> Any:
    return _kept(_without_drawing(scipys.logm, x), x)


def _kept(out: Any, x: Any) -> Any:
    """In the precision of the argument, whether it has come out complex or not."""
    wide = np.iscomplexobj(out)
    return out.astype(np.result_type(x.dtype, np.complex64) if wide else x.dtype)


_logm = _primary("logm", _logm_value, back=lambda turn: 1.0)
_is_complex: Any = constant("is_complex", value=lambda x: np.bool_(np.iscomplexobj(x)), names=("x",), parameters=(),
                            dispatches=False)  # fmt: skip


def _asked(out: Any, x: Any) -> Any:
    """A value of which its elements decide whether it is complex: a program that is traced asks that again."""
    if x.dtype.kind != "c":
        bool(np.any(bottom(_is_complex(out))))
    return out


def _no_estimate(name: str, disp: Any) -> None:
    if not disp:
        raise NoRuleError(
            f"scipy.linalg.{name} has no derivative rule for the estimate of its error, which disp=False asks for\n"
            f"  at {user_line()}\nLeave disp= out"
        )


@smooth
def logm(A: Any, disp: Any = True) -> Any:  # noqa: N803
    """The principal logarithm of a matrix; complex where an eigenvalue is negative.

    Of a real matrix the derivative there is that among real ones, of which a simple eigenvalue stays negative.

    Derivative: Al-Mohy, Higham and Relton, "Computing the Frechet derivative of the matrix logarithm" (2013).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(la.logm, (np.eye(2),), (np.array([[0.0, 1.0], [2.0, 0.0]]),))[1].round(6)
    array([[0., 1.],
           [2., 0.]])

    """
    _no_estimate("logm", disp)
    a = double(_square(A, "logm"))
    return _asked(_logm(a), a)


def _sqrtm_value(x: Any) -> Any:
    return _kept(scipys.sqrtm(x), x)


def _sqrtm_pushforward(x_dot: Any, out: Any) -> Any:
    """From X X = A: X dX + dX X = dA."""
    return sylvester(out, out, x_dot.astype(out.dtype))


def _sqrtm_pullback(out_bar: Any, out: Any) -> Any:
    return sylvester(transposed(out), transposed(out), out_bar)


_sqrtm: Any = general("sqrtm", value=stacked(_sqrtm_value, 2), pushforward=_sqrtm_pushforward,
                      pullback=_sqrtm_pullback, names=("x",), parameters=(), dispatches=False,
                      signature="(n,n)->(n,n)")  # fmt: skip


@smooth
def sqrtm(A: Any, disp: Any = None, blocksize: Any = None) -> Any:  # noqa: N803
    """The principal square root of a matrix; a singular matrix has no derivative, and raises.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(la.sqrtm, (4 * np.eye(2),), (np.array([[0.0, 1.0], [2.0, 0.0]]),))[1]
    array([[0.  , 0.25],
           [0.5 , 0.  ]])

    """
    _no_estimate("sqrtm", disp is None or disp)
    a = _square(A, "sqrtm")
    return _asked(_sqrtm(a), a)


_sinm, _cosm, _tanm = (_primary(n, getattr(scipys, n)) for n in ("sinm", "cosm", "tanm"))
_sinhm, _coshm, _tanhm = (_primary(n, getattr(scipys, n)) for n in ("sinhm", "coshm", "tanhm"))


@smooth
def sinm(A: Any) -> Any:  # noqa: N803
    """The sine of a matrix of shape (n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.trace(la.sinm(a)))(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])

    """
    return _sinm(_square(A, "sinm"))


@smooth
def cosm(A: Any) -> Any:  # noqa: N803
    """The cosine of a matrix of shape (n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.cosm(a)[0, 0])(np.array([[np.pi / 2]]))
    array([[-1.]])

    """
    return _cosm(_square(A, "cosm"))


@smooth
def tanm(A: Any) -> Any:  # noqa: N803
    """The tangent of a matrix of shape (n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.tanm(a)[0, 0])(np.array([[0.0]]))
    array([[1.]])

    """
    return _tanm(_square(A, "tanm"))


@smooth
def sinhm(A: Any) -> Any:  # noqa: N803
    """The hyperbolic sine of a matrix of shape (n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.sinhm(a)[0, 0])(np.array([[0.0]]))
    array([[1.]])

    """
    return _sinhm(_square(A, "sinhm"))


@smooth
def coshm(A: Any) -> Any:  # noqa: N803
    """The hyperbolic cosine of a matrix of shape (n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.coshm(a)[0, 0])(np.array([[0.0]]))
    array([[0.]])

    """
    return _coshm(_square(A, "coshm"))


@smooth
def tanhm(A: Any) -> Any:  # noqa: N803
    """The hyperbolic tangent of a matrix of shape (n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.tanhm(a)[0, 0])(np.array([[0.0]]))
    array([[1.]])

    """
    return _tanhm(_square(A, "tanhm"))


def _power_value(x: Any, t: float) -> Any:
    with warnings.catch_warnings():
        # NumPy's matrix powers of real numbers that SciPy warns of in a release that is to come.
        warnings.simplefilter("ignore", DeprecationWarning)
        return _kept(_without_drawing(scipys.fractional_matrix_power, x, t), x)


_power = _primary("fractional_matrix_power", _power_value, ("t",), back=lambda turn, t: np.conj(turn) ** t)


@smooth
def fractional_matrix_power(A: Any, t: Any) -> Any:  # noqa: N803
    """A matrix of shape (n, n) to a real power; a power that moves is `la.expm(t * la.logm(A))`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.fractional_matrix_power(a, 0.5)[0, 0])(np.array([[4.0]]))
    array([[0.25]])

    """
    if hasattr(t, "level"):
        raise NoRuleError(
            f"scipy.linalg.fractional_matrix_power has no derivative rule for its power\n  at {user_line()}\n"
            "Write la.expm(t * la.logm(A))"
        )
    a = _square(A, "fractional_matrix_power")
    # Whole powers are products, in the precision of the matrix.
    a = a if t == int(t) else double(a)
    return _asked(_power(a, t=float(t)), a)


expm_cond = refused(
    "expm_cond", "it is a norm of a derivative, found by iteration",
    "Write la.norm of ad.jacobian(la.expm)(A), times la.norm(A) / la.norm(la.expm(A))",
)  # fmt: skip
funm = refused(
    "funm", "its function of numbers would have to be differentiated as often as the matrix is large",
    "Take la.expm, la.logm, la.sqrtm, la.sinm, or v @ np.diag(f(w)) @ la.inv(v) with w, v = la.eig(A)",
)  # fmt: skip
signm = refused("signm", "it is constant but where it jumps", "Take A @ la.inv(la.sqrtm(A @ A))")
