"""Functions of `scipy.special` that are written in Python, with SciPy's signatures.

They answer to SciPy's own names too, where a Variable is among the arguments. Of plain arrays they give what SciPy
gives, up to its errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sp

from ...blocks import special as stable
from ...blocks.axes import as_array
from ...core.block import elementwise
from ...core.errors import ArgumentError, user_line
from ...core.variable import Variable, bottom, is_constant, plain, value_of
from .verbs import of_special, order


def _guarded(name: str, argument: str, value: Any) -> Any:
    """An order, which must not be under differentiation."""
    value = plain(value)
    if not is_constant(value):
        order(argument).partial(name)(value)
    return value


def _whole(name: str, argument: str, value: Any) -> Any:
    """A plain whole number, or several."""
    return np.asarray(value_of(_guarded(name, argument, value)))


# Sums of exponentials


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """The logarithm of a sum of exponentials, as `scipy.special.logsumexp`.

    Parameters
    ----------
    a : array
        The exponents.
    axis : int, tuple of int, or None
        What is summed over; None: all.
    b : array, optional
        Factors of the exponentials.
    keepdims : bool
        Whether the reduced axes stay, with length one.
    return_sign : bool
        Whether to give the logarithm of the absolute value, and the sign.

    Returns
    -------
    array, or a pair of them
        Of the shape of `np.sum(a, axis, keepdims=keepdims)`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from scipy import special
    >>> ad.grad(special.logsumexp)(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])

    """
    a = _floating(a)
    if b is not None:
        b = plain(b)
        a, b = np.broadcast_arrays(a, b)
        # A factor of zero is that of a term which is not there.
        a = np.where(b == 0, -np.inf, a)
    if not a.size:
        return _of_nothing(a, axis, keepdims, return_sign)
    if not return_sign and b is None:
        return stable.logsumexp(a, axis=axis, keepdims=keepdims)
    peak = stable.stop_gradient(np.max(np.real(a), axis=axis, keepdims=True))
    peak = np.where(np.isfinite(peak), peak, 0.0)
    powers = np.exp(a - peak)
    total = np.sum(powers if b is None else b * powers, axis=axis, keepdims=True)
    sign = np.sign(total)
    out = np.log(total * np.conj(sign) if return_sign else total) + peak
    out = np.real(out) if return_sign else out
    if not keepdims:
        out, sign = (np.squeeze(v, axis)[()] for v in (out, sign))
    return (out, sign) if return_sign else out


def _floating(x: Any) -> Any:
    x = plain(x)
    x = x if isinstance(x, (Variable, np.ndarray)) else np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


def _of_nothing(a: Any, axis: Any, keepdims: bool, return_sign: bool) -> Any:
    empty = np.sum(a, axis=axis, keepdims=keepdims)
    out = empty - np.inf
    return (out, empty) if return_sign else out


def softmax(x: Any, axis: Any = None) -> Any:
    """Exponentials that sum to one, as `scipy.special.softmax`: over all axes where none is given.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.scipy import special
    >>> special.softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])

    """
    return stable.softmax(_floating(x), axis=axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """The logarithm of `softmax`, as `scipy.special.log_softmax`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.scipy import special
    >>> special.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])

    """
    return stable.log_softmax(_floating(x), axis=axis)


# Gamma functions


def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the multivariate gamma function, as `scipy.special.multigammaln`.

    Parameters
    ----------
    a : array
        Where; more than `(d - 1) / 2`.
    d : int
        The dimension, a constant.

    Raises
    ------
    ArgumentError
        `d` is no positive whole number, or `a` is too small.

    Examples
    --------
    >>> import dragongrad as ad
    >>> from dragongrad.scipy import special
    >>> ad.grad(lambda a: special.multigammaln(a, 2))(2.0).round(6)
    np.float64(0.459274)

    """
    a, size = plain(a), _whole("multigammaln", "d", d)
    if size.ndim or size != np.floor(size) or size < 1:
        raise ArgumentError(
            f"multigammaln: the dimension d is a positive whole number, not {d!r}\n  at {user_line()}"
        )
    if np.any(bottom(a) <= 0.5 * (size - 1)):
        raise ArgumentError(
            f"multigammaln: a must be more than {0.5 * (size - 1)}, (d - 1) / 2\n  at {user_line()}"
        )
    shifts = 0.5 * np.arange(int(size))
    start = 0.25 * float(size * (size - 1)) * float(np.log(np.pi))
    return start + np.sum(
        sp.gammaln(np.asarray(a)[..., None] - shifts if np.isscalar(a) else a[..., None] - shifts), axis=-1
    )


def polygamma(n: Any, x: Any) -> Any:
    """The derivatives of the digamma function, as `scipy.special.polygamma`; their order is a constant.

    Examples
    --------
    >>> import dragongrad as ad
    >>> from dragongrad.scipy import special
    >>> ad.grad(lambda x: special.polygamma(1, x))(1.0) == special.polygamma(2, 1.0)
    np.True_

    """
    n, x = _guarded("polygamma", "n", n), plain(x)
    zero = n == 0
    if not isinstance(zero, Variable):
        if np.all(zero):
            return sp.psi(x) + np.zeros(np.shape(n))[()]
        if not np.any(zero):
            return _higher(n, x)
    return np.where(zero, sp.psi(x), _higher(np.where(zero, 1, n), x))


def _higher(n: Any, x: Any) -> Any:
    sign = 1.0 - 2.0 * np.remainder(np.add(n, 1), 2)
    return sign * sp.gamma(n + 1.0) * sp.zeta(n + 1.0, x)


# Combinations


def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:  # noqa: N803 - SciPy's name
    """How many combinations there are of `k` among `N` things, as `scipy.special.comb`, for real numbers too."""
    _refuse_exact("comb", exact)
    N, k = plain(N), plain(k)  # noqa: N806
    if repetition:
        return np.where(np.logical_and(k == 0, N >= 0), 1.0, comb(N + k - 1, k))
    known = np.logical_and(np.logical_and(k <= N, N >= 0), k >= 0)
    return np.where(known, sp.binom(N, k), 0.0)


def perm(N: Any, k: Any, exact: bool = False) -> Any:  # noqa: N803 - SciPy's name
    """How many permutations there are of `k` among `N` things, as `scipy.special.perm`, for real numbers too."""
    _refuse_exact("perm", exact)
    N, k = plain(N), plain(k)  # noqa: N806
    known = np.logical_and(np.logical_and(k <= N, N >= 0), k >= 0)
    return np.where(known, sp.poch(N - k + 1, k), 0.0)


def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """The gamma function of `n + 1`, as `scipy.special.factorial`; zero below zero unless `extend` is "complex"."""
    _refuse_exact("factorial", exact)
    n = plain(n)
    if extend == "complex":
        return sp.gamma(n + 1.0)
    if as_array(n).dtype.kind == "c":
        raise ArgumentError(
            f"scipy.special.factorial of complex numbers wants extend='complex'\n  at {user_line()}\nGive it"
        )
    below = n < 0
    return np.where(below, 0.0, sp.gamma(np.where(below, 0.0, n) + 1.0))


def _refuse_exact(name: str, exact: bool) -> None:
    if exact:
        raise ArgumentError(
            f"scipy.special.{name}(exact=True) counts with integers, which have no derivative\n"
            f"  at {user_line()}\nWrite exact=False"
        )


# Functions of an angle, and of Bessel's kind


def _diric_slope(x: Any, y: Any) -> Any:
    """Of `U_(n-1)(cos(x/2)) / n`, a polynomial of Chebyshev's."""
    below = np.maximum(y - 2.0, 0.0)
    slope = -np.sin(0.5 * x) * sp.eval_gegenbauer(below, 2.0, np.cos(0.5 * x)) / y
    return np.where(y < 2, 0.0, slope)


_diric = elementwise(sp.diric, _diric_slope, order("n").partial("diric"), singular=True, dispatches=False)


def diric(x: Any, n: Any) -> Any:
    """The periodic sinc function `sin(n x/2) / (n sin(x/2))`, as `scipy.special.diric`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import special
    >>> ad.grad(lambda x: special.diric(x, 3))(np.pi / 2)
    np.float64(-0.6666666666666666)

    """
    return _diric.call(plain(x), plain(n))


def _spherical(letter: str) -> Callable[..., Any]:
    name = f"spherical_{letter}n"

    def function(n: Any, z: Any, derivative: bool = False) -> Any:
        n, z = _guarded(name, "n", n), plain(z)
        n = n.astype(int) if isinstance(n, Variable) else np.asarray(n, dtype=np.dtype("long"))[()]
        of, slope = of_special(f"_{name}"), of_special(f"_{name}_d")
        return _reflected(letter, slope if derivative else of, n, z, derivative)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"As `scipy.special.{name}`, with its derivative by `z`; the order is a constant."
    return function


def _reflected(letter: str, fn: Any, n: Any, z: Any, derivative: bool) -> Any:
    """SciPy turns negative real arguments into positive ones, by DLMF 10.47(v)."""
    if z.dtype.kind == "c" if hasattr(z, "dtype") else isinstance(z, complex):
        return fn(n, z)
    negative = z < 0
    if not isinstance(negative, Variable) and not np.any(negative):
        out = fn(n, z)
        # SciPy multiplies by a sign in double precision.
        return out if letter == "k" or out.dtype != np.float32 else out.astype(np.float64)
    if letter == "k":
        # It is not odd or even, but goes on as a sum with the growing one.
        growing = of_special("_spherical_in_d" if derivative else "_spherical_in")(n, np.absolute(z))
        sign = 1.0 - 2.0 * np.remainder(n, 2)
        other = (-np.pi * growing - sign * fn(n, np.absolute(z))) * (-1.0 if derivative else 1.0)
        return np.where(negative, other, fn(n, np.where(negative, 1.0, z)))[()]
    steps = n + (1 if letter == "y" else 0) + (1 if derivative else 0)
    return fn(n, np.absolute(z)) * np.where(negative, 1.0 - 2.0 * np.remainder(steps, 2), 1.0)


spherical_jn, spherical_yn, spherical_in, spherical_kn = map(_spherical, "jyik")

# Legendre functions


def legendre_p(n: Any, z: Any, *, diff_n: int = 0) -> Any:
    """Legendre polynomials and `diff_n` derivatives along a new first axis, as `scipy.special.legendre_p`.

    Examples
    --------
    >>> import dragongrad as ad
    >>> from dragongrad.scipy import special
    >>> ad.jacobian(lambda z: special.legendre_p(2, z, diff_n=1))(0.5)
    array([1.5, 3. ])

    """
    n, z = _guarded("legendre_p", "n", n), plain(z)
    found, factor = [sp.eval_legendre(n, z)], 1.0
    for k in range(1, diff_n + 1):
        factor *= 2 * k - 1
        value = factor * sp.eval_gegenbauer(np.maximum(n - k, 0), k + 0.5, z)
        found.append(np.where(n < k, 0.0, value))
    return np.stack(found)


def _sph_legendre_slope(x: Any, y: Any, z: Any) -> Any:
    """Between the orders above and below, which holds at the poles too; the value is even beyond them."""
    above = np.sqrt(np.maximum((x - y) * (x + y + 1.0), 0.0)) * _sph_legendre.call(x, y + 1, z)
    below = np.sqrt(np.maximum((x + y) * (x - y + 1.0), 0.0)) * _sph_legendre.call(x, y - 1, z)
    return np.where(np.sin(z) < 0, -0.5, 0.5) * (above - below)


def _sph_legendre_value(n: Any, m: Any, theta: Any) -> Any:
    return sp.sph_legendre_p(np.asarray(n, int), np.asarray(m, int), theta)[0]


_sph_legendre = elementwise(
    _sph_legendre_value,
    order("n").partial("sph_legendre_p"),
    order("m").partial("sph_legendre_p"),
    _sph_legendre_slope,
    name="sph_legendre_p",
    dispatches=False,
)


def _refuse_diff_n(name: str, diff_n: int) -> None:
    if diff_n:
        raise ArgumentError(
            f"scipy.special.{name}(diff_n={diff_n}) is not there for Variables\n  at {user_line()}\n"
            f"Differentiate {name} itself: ad.derivative(lambda theta: special.{name}(n, m, theta))"
        )


def sph_legendre_p(n: Any, m: Any, theta: Any, *, diff_n: int = 0) -> Any:
    """Spherical Legendre polynomials, as `scipy.special.sph_legendre_p` without its derivatives (`diff_n`)."""
    _refuse_diff_n("sph_legendre_p", diff_n)
    return _sph_legendre.call(plain(n), plain(m), plain(theta))[None]


def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """Spherical harmonics, as `scipy.special.sph_harm_y` without its derivatives (`diff_n`).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import special
    >>> slope = ad.grad(lambda t: np.real(special.sph_harm_y(1, 0, t, 0.0)))(np.pi / 2)
    >>> np.isclose(slope, -np.sqrt(3 / (4 * np.pi)))
    np.True_

    """
    _refuse_diff_n("sph_harm_y", diff_n)
    m = _guarded("sph_harm_y", "m", m)
    return _sph_legendre.call(plain(n), m, plain(theta)) * np.exp(1j * m * plain(phi))


def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Any:
    """Lambert's function, as `scipy.special.lambertw`; its branch `k` is a constant.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from scipy import special
    >>> ad.grad(lambda x: np.real(special.lambertw(x)))(0.0)
    np.float64(1.0)

    """
    k = _whole("lambertw", "k", k).astype(np.dtype("long"))[()]
    return of_special("_lambertw")(plain(z), k, tol)


__all__ = [
    "comb", "diric", "factorial", "lambertw", "legendre_p", "log_softmax", "logsumexp", "multigammaln", "perm",
    "polygamma", "softmax", "sph_harm_y", "sph_legendre_p", "spherical_in", "spherical_jn", "spherical_kn",
    "spherical_yn",
]  # fmt: skip
