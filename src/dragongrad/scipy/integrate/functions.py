"""Integrals of functions: Leibniz' rule, with an integral that QUADPACK computes for each derivative.

The derivative of an integral is the integral of the derivative, to its own tolerance, and the function at the
limits that move. What the function closes over is found and counts as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as scipys
from scipy.special import roots_legendre

from ...core.block import general
from ...core.errors import ArgumentError, ClosureError, NoRuleError, describe, user_line
from ...core.variable import Variable, bottom, plain
from ...transforms.forward import jvp
from ...transforms.gradients import vjp
from ..chapters import double, holds_variable, one_of, real
from ..closures import Opened
from .chapter import constant, own

Integrand = Callable[..., Any]
# SciPy's least relative tolerance.
_LEAST = 50 * float(np.finfo(float).eps)
Options = tuple[tuple[str, Any], ...]


def _value(
    a: Any, b: Any, *leaves: Any, f: Integrand, options: Options, several: bool, moving: tuple[bool, bool]
) -> Any:
    given = dict(options)

    def at(x: float) -> Any:
        out = f(x, *leaves)
        if holds_variable(out):
            raise ClosureError(
                f"the function that is integrated uses a Variable in a place that is not looked at\n"
                f"  at {user_line()}\nPass it as one of args"
            )
        return _wide(out) if several else _lone(out)

    if several:
        given.pop("points", None)
        known = {k: v for k, v in given.items() if k != "limit"}
        found, error = scipys.quad_vec(at, float(a), float(b), norm="max", limit=10000, **known)[:2]
    else:
        found, error = scipys.quad(at, float(a), float(b), **given)[:2]
    return _wide(found)[()], np.float64(error)


def _wide(out: Any) -> Any:
    """A value of an integrand in double precision."""
    out = np.asarray(out)
    return out.astype(np.complex128 if out.dtype.kind == "c" else np.float64)


def _lone(out: Any) -> float:
    """The value of an integrand of which QUADPACK finds the integral."""
    out = np.asarray(out)
    if out.size != 1 or out.dtype.kind == "c":
        raise ArgumentError(
            f"the function that is integrated gives {describe(out)}, and not one real number\n  at {user_line()}\n"
            "Write integrate.quad_vec, which takes arrays and complex numbers"
        )
    return float(np.reshape(out, ()))


def _at_limit(f: Integrand, x: Any, leaves: Any) -> Any:
    """An integrand at a limit: an array also where it is a number of Python's, or a buffer that the user filled."""
    out = plain(f(x, *leaves))
    return out if isinstance(out, Variable) else _wide(out)[()]


def _along(f: Integrand, count: int) -> Integrand:
    """The derivative of an integrand along a direction, which stands behind its arguments."""

    def slope(x: Any, *both: Any) -> Any:
        return jvp(lambda *leaves: f(x, *leaves), tuple(both[:count]), tuple(both[count:]))[1]

    return slope


def _across(f: Integrand, count: int, many: bool) -> Integrand:
    """The cotangents of an integrand's arguments, in one vector or number; that of its value stands behind them."""

    def slopes(x: Any, *both: Any) -> Any:
        bars = vjp(lambda *leaves: f(x, *leaves) * 1.0, *both[:count])[1](both[count])
        whole = np.concatenate([np.reshape(bar, (-1,)) for bar in bars])
        return whole if many else whole[0]

    return slopes


# In single precision an integrand is too rough for the tolerance of an integral of its derivative.


def _pushforward(
    xs_dot: Any, xs: Any, f: Any = None, options: Any = (), several: Any = False, moving: Any = (False, False)
) -> Any:
    (a, b, *leaves), (a_dot, b_dot, *dots) = xs, xs_dot
    if not (leaves or any(moving)):
        return None, None
    total: Any = 0.0
    leaves, dots = [double(leaf) for leaf in leaves], [double(dot) for dot in dots]
    if leaves:
        slope = _along(f, len(leaves))
        total = _integral(a, b, *leaves, *dots, f=slope, options=options, several=several, moving=moving)[0]
    if moving[1]:
        total = total + _at_limit(f, b, leaves) * b_dot
    if moving[0]:
        total = total - _at_limit(f, a, leaves) * a_dot
    return total, None


def _pullback(
    out_bar: Any, xs: Any, f: Any = None, options: Any = (), several: Any = False, moving: Any = (False, False)
) -> Any:
    (a, b, *leaves), bar = xs, out_bar[0]
    if bar is None:
        return (None,) * len(xs)
    given, leaves = leaves, [double(leaf) for leaf in leaves]
    a_bar = -np.sum(_at_limit(f, a, leaves) * bar) if moving[0] else None
    b_bar = np.sum(_at_limit(f, b, leaves) * bar) if moving[1] else None
    if not leaves:
        return a_bar, b_bar
    # Of one number QUADPACK itself finds the integral, in a fraction of the time.
    whirls = any(leaf.dtype.kind == "c" for leaf in leaves)
    many = whirls or sum(int(np.prod(np.shape(leaf))) for leaf in leaves) > 1
    slopes = _across(f, len(leaves), many)
    whole = _integral(a, b, *leaves, bar, f=slopes, options=options, several=many, moving=moving)[0]
    whole = whole if many else np.reshape(whole, (1,))
    bars, begin = [], 0
    for leaf in given:
        end = begin + int(np.prod(np.shape(leaf)))
        part = np.reshape(whole[begin:end], np.shape(leaf))
        bars.append((part if leaf.dtype.kind == "c" else np.real(part)).astype(leaf.dtype))
        begin = end
    return a_bar, b_bar, *bars


_integral: Any = general(
    "integral", value=_value, pullback=_pullback, pushforward=_pushforward, names=("xs",), outputs=2,
    parameters=("f", "options", "several", "moving"), dispatches=False,
)  # fmt: skip


def _integrated(f: Any, a: Any, b: Any, args: Any, options: dict[str, Any], several: bool) -> Any:
    """The integral and its error, or None where nothing moves."""
    opened = Opened(f, args if isinstance(args, tuple) else (args,))
    moving = tuple(isinstance(v, Variable) and bool(np.any(np.isfinite(bottom(v)))) for v in (a, b))
    if not opened.leaves and not any(moving):
        return None
    a, b = (real(v, "limits of an integral")[()] for v in (a, b))

    def at(x: Any, *leaves: Any) -> Any:
        return opened.call((x,), leaves)

    known = tuple(options.items())
    return _integral(a, b, *opened.leaves, f=at, options=known, several=several, moving=moving)


def _check(limit: Any, epsabs: Any, epsrel: Any, points: Any, a: Any, b: Any) -> None:
    """Refuse what QUADPACK refuses."""
    wrong = ""
    if np.ndim(a) or np.ndim(b):
        wrong = "the limits are numbers, not arrays"
    elif limit < 1:
        wrong = f"limit={limit!r}: there is at least one interval"
    elif epsabs <= 0 and epsrel < _LEAST:
        wrong = f"epsabs={epsabs!r} and epsrel={epsrel!r}: one of them is positive, epsrel at least {_LEAST:.2g}"
    elif points is not None and (np.any(np.isinf(bottom(a))) or np.any(np.isinf(bottom(b)))):
        wrong = "points= are given between finite limits only"
    if wrong:
        raise ArgumentError(f"quad: {wrong}\n  at {user_line()}")


@own
def quad(
    func: Any, a: Any, b: Any, args: Any = (), full_output: int = 0, epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8, limit: int = 50, points: Any = None, weight: Any = None, wvar: Any = None,
    wopts: Any = None, maxp1: int = 50, limlst: int = 50, complex_func: bool = False,
) -> Any:  # fmt: skip
    """The integral of a function of one number between two limits, and an estimate of its error.

    Derivatives are by the limits, by `args` and by what the function closes over. Each is an integral of its own,
    which QUADPACK computes to the same tolerance; that by many parameters is one integral of a vector in reverse
    mode.

    Parameters
    ----------
    func : callable
        `func(x, *args)` in plain NumPy returns one number.
    a, b : float
        The limits, which may be infinite.
    args : tuple
        Further arguments of `func`.
    epsabs, epsrel, limit, points
        As SciPy's.
    full_output, weight, wvar, wopts, maxp1, limlst, complex_func
        As SciPy's, where nothing is differentiated.

    Returns
    -------
    y, abserr : float
        The integral, and an estimate of its error, which is a constant.

    Raises
    ------
    NoRuleError
        An option without a rule is given together with a Variable.
    ClosureError
        The function uses a Variable that was not found in it, such as an attribute of an object.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.grad(lambda k: integrate.quad(lambda x: np.exp(-k * x), 0, np.inf)[0])(2.0).round(6)
    np.float64(-0.25)
    >>> ad.grad(lambda b: integrate.quad(np.cos, 0.0, b)[0])(0.0)
    np.float64(1.0)

    """
    options = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points}
    _check(limit, epsabs, epsrel, points, a, b)
    found = _integrated(func, a, b, args, options, False)
    if found is None:
        a, b = bottom(a), bottom(b)
        return scipys.quad(func, a, b, args, full_output, epsabs, epsrel, limit, points, weight, wvar, wopts, maxp1,
                           limlst, complex_func)  # fmt: skip
    if full_output or weight is not None or complex_func:
        raise NoRuleError(
            "scipy.integrate.quad has no derivative rule for full_output=, weight= or complex_func=\n"
            f"  at {user_line()}\nWrite the weight into the function, and real and imaginary part apart"
        )
    return found


@own
def quad_vec(
    f: Any, a: Any, b: Any, epsabs: float = 1e-200, epsrel: float = 1e-8, norm: Any = "2", cache_size: float = 1e8,
    limit: int = 10000, workers: int = 1, points: Any = None, quadrature: Any = None, full_output: bool = False,
    *, args: Any = (),
) -> Any:  # fmt: skip
    """The integral of a function of one number whose values are arrays, and an estimate of its error.

    Derivatives are those of `quad`; of Variables, the norm of errors is the greatest one.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> f = lambda k: integrate.quad_vec(lambda x: x**k, 0.0, 1.0)[0]
    >>> np.diagonal(ad.jacobian(f)(np.array([1.0, 2.0]))).round(6)
    array([-0.25    , -0.111111])

    """
    one_of("quad_vec", "norm", norm, "2", "max")
    one_of("quad_vec", "quadrature", quadrature, None, "gk15", "gk21", "trapezoid")
    found = _integrated(f, a, b, args, {"epsabs": epsabs, "epsrel": epsrel}, True)
    if found is None:
        a, b = bottom(a), bottom(b)
        options = {"norm": norm, "cache_size": cache_size, "limit": limit, "workers": workers, "points": points}
        rest = {"quadrature": quadrature, "full_output": full_output, "args": args}
        return scipys.quad_vec(f, a, b, epsabs, epsrel, **options, **rest)
    if full_output or points is not None:
        raise NoRuleError(
            "scipy.integrate.quad_vec has no derivative rule for full_output= or points=\n"
            f"  at {user_line()}\nAdd the integrals between the points"
        )
    return found


def _limit(value: Any, *at: Any) -> Any:
    return value(*at) if callable(value) else value


@own
def dblquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (), epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:  # fmt: skip
    """The integral of `func(y, x)` for x from a to b and y from gfun(x) to hfun(x), and an estimate of its error.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.grad(lambda k: integrate.dblquad(lambda y, x: k * x * y, 0, 1, 0, 2)[0])(3.0).round(6)
    np.float64(1.0)

    """
    return nquad(
        func, [lambda x, *rest: (_limit(gfun, x), _limit(hfun, x)), (a, b)], args,
        {"epsabs": epsabs, "epsrel": epsrel},
    )  # fmt: skip


@own
def tplquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any, args: Any = (), epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:  # fmt: skip
    """The integral of `func(z, y, x)`, with z between qfun(x, y) and rfun(x, y), and an estimate of its error.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> f = lambda k: integrate.tplquad(lambda z, y, x: k * x, 0, 1, 0, 1, 0, 1, epsabs=1e-6)[0]
    >>> ad.grad(f)(3.0).round(6)
    np.float64(0.5)

    """
    ranges = [
        lambda y, x, *rest: (_limit(qfun, x, y), _limit(rfun, x, y)),
        lambda x, *rest: (_limit(gfun, x), _limit(hfun, x)),
        (a, b),
    ]
    return nquad(func, ranges, args, {"epsabs": epsabs, "epsrel": epsrel})


@own
def nquad(func: Any, ranges: Any, args: Any = (), opts: Any = None, full_output: bool = False) -> Any:
    """The integral of `func(x0, x1, ...)` over ranges, of which each may depend on the arguments behind it.

    `opts` is one dictionary of the options of `quad` for all of them, or one for each, or functions that give them.
    The estimate of the error is the greatest.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.grad(lambda k: integrate.nquad(lambda x, y: k * x * y, [(0, 1), (0, 2)])[0])(3.0).round(6)
    np.float64(1.0)

    """
    if not Opened(lambda: (func, ranges, args), ()).leaves:
        return scipys.nquad(func, ranges, args, opts, full_output)
    if full_output:
        raise NoRuleError(
            "scipy.integrate.nquad has no derivative rule for full_output=\n"
            f"  at {user_line()}\nWrite full_output=False"
        )
    each = [opts or {}] * len(ranges) if opts is None or isinstance(opts, dict) or callable(opts) else list(opts)
    if not len(ranges) or len(each) != len(ranges):
        raise ArgumentError(
            f"nquad: {len(ranges)} ranges and {len(each)} opts, of which there are as many\n  at {user_line()}"
        )
    rest = args if isinstance(args, tuple) else (args,)
    return _nested(func, list(ranges), (), rest, each)


def _nested(func: Any, ranges: list[Any], behind: tuple[Any, ...], args: tuple[Any, ...], opts: list[Any]) -> Any:
    """The integral by the last argument that is left, of the integral by those before it."""
    low, high = _limit(ranges[-1], *behind, *args)
    known = _limit(opts[-1], *behind, *args)
    if len(ranges) == 1:
        return quad(lambda x: func(x, *behind, *args), low, high, **known)

    def inner(x: Any) -> Any:
        return _nested(func, ranges[:-1], (x, *behind), args, opts[:-1])[0]

    return quad(inner, low, high, **known)


@own
def fixed_quad(func: Any, a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """The integral of a function of vectors by Gauss' rule with n places, and None.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.grad(lambda b: integrate.fixed_quad(np.cos, 0.0, b)[0])(0.5).round(6)
    np.float64(0.877583)

    """
    if np.any(np.isinf(bottom(a))) or np.any(np.isinf(bottom(b))):
        raise ArgumentError(f"fixed_quad: the limits are finite\n  at {user_line()}\nWrite quad for infinite ones")
    if n <= 0 or int(n) != n:
        raise ArgumentError(f"fixed_quad: n={n!r} is a positive whole number\n  at {user_line()}")
    x, w = roots_legendre(n)
    places = (b - a) * (np.real(x) + 1) / 2.0 + a
    return (b - a) / 2.0 * np.sum(w * func(places, *args), axis=-1), None


(newton_cotes,) = constant("newton_cotes")
