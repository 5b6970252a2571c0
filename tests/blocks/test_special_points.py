"""Every elementwise Block, differentiated up to three times at its special points, against mpmath."""

import itertools
from functools import cache

import mpmath as mp
import numpy as np
import pytest
from grid import BACKENDS, covering

import dragongrad as ad
from dragongrad.blocks.special import erfc
from dragongrad.core.block import BLOCKS
from dragongrad.late import is_late

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

UNARY = {
    np.negative: lambda x: -x, np.positive: lambda x: x, np.reciprocal: lambda x: 1 / x, np.square: lambda x: x * x,
    np.sqrt: mp.sqrt, np.cbrt: lambda x: mp.sign(x) * mp.cbrt(abs(x)), np.absolute: abs, np.fabs: abs,
    np.exp: mp.exp, np.exp2: lambda x: mp.mpf(2) ** x, np.expm1: lambda x: mp.exp(x) - 1, np.log: mp.log,
    np.log2: lambda x: mp.log(x) / mp.log(2), np.log10: lambda x: mp.log(x) / mp.log(10),
    np.log1p: lambda x: mp.log(1 + x), np.sin: mp.sin, np.cos: mp.cos, np.tan: mp.tan, np.arcsin: mp.asin,
    np.arccos: mp.acos, np.arctan: mp.atan, np.sinh: mp.sinh, np.cosh: mp.cosh, np.tanh: mp.tanh,
    np.arcsinh: mp.asinh, np.arccosh: mp.acosh, np.arctanh: mp.atanh, np.degrees: mp.degrees,
    np.rad2deg: mp.degrees, np.radians: mp.radians, np.deg2rad: mp.radians, np.sinc: lambda x: mp.sincpi(x),
    ad.logistic: lambda x: 1 / (1 + mp.exp(-x)), erfc: mp.erfc, np.i0: lambda x: mp.besseli(0, x),
}  # fmt: skip
BINARY = {
    np.add: lambda x, y: x + y, np.subtract: lambda x, y: x - y, np.multiply: lambda x, y: x * y,
    np.divide: lambda x, y: x / y, np.power: mp.power, np.float_power: mp.power, np.hypot: mp.hypot,
    np.arctan2: mp.atan2, np.logaddexp: lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    np.logaddexp2: lambda x, y: mp.log(mp.mpf(2) ** x + mp.mpf(2) ** y) / mp.log(2),
    np.remainder: lambda x, y: x - y * mp.floor(x / y),
    np.fmod: lambda x, y: x - y * (mp.floor(x / y) if x * y > 0 else mp.ceil(x / y)),
    np.maximum: max, np.minimum: min, np.fmax: max, np.fmin: min,
}  # fmt: skip
# Piecewise constant in an argument, or taking an integer: their own tests know them. I1 is the derivative of I0.
ELSEWHERE = {"copysign", "heaviside", "sign", "ldexp", "nextafter", "i1"}

POINTS = (0.0, -0.0, 0.5, -0.5, 0.19999, 1.0, -1.0, 2.0, -3.0, 1e-8, 700.0, -700.0, 800.0, -800.0)
PAIRS = tuple(itertools.product((0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.0, 800.0, -800.0), repeat=2))
ORDERS = [orders for orders in itertools.product(range(4), repeat=2) if 0 < sum(orders) <= 3]
DIGITS, STEP = 100, mp.mpf(10) ** -20  # in units of the point


def moved(point, steps):
    """A point moved by some steps along each axis."""
    numbers = [mp.mpf(float(x)) for x in point]
    return [x + n * STEP * max(abs(x), 1) for x, n in zip(numbers, steps, strict=True)]


def value(f, point, steps):
    """A real number, or None."""
    try:
        found = f(*moved(point, steps))
    except (ZeroDivisionError, ValueError):
        return None
    return found if not isinstance(found, mp.mpc) and mp.isfinite(found) else None


@cache
def is_smooth(f, point):
    """Whether the function is continuous there and its slopes on either side agree."""
    with mp.workdps(DIGITS):
        centre = value(f, point, (0,) * len(point))
        for signs in itertools.product((-1, 1), repeat=len(point)):
            near, far, other, beyond = (value(f, point, [k * sign for sign in signs]) for k in (3, 4, -3, -4))
            if None in (centre, near, far, other, beyond) or abs(near - other) > mp.mpf(10) ** -15 * (
                1 + abs(near)
            ):
                return False
            slope, opposite = (far - near) / STEP, (other - beyond) / STEP
            if abs(slope) > 1e12 * (1 + abs(centre)) or abs(slope - opposite) > mp.mpf(10) ** -10 * (
                1 + abs(slope)
            ):
                return False
    return True


@cache
def difference(f, point, orders):
    """A central difference; None where there is no such derivative."""
    with mp.workdps(DIGITS):
        total = mp.mpf(0)
        for steps in itertools.product(*[range(n + 1) for n in orders]):
            found = value(f, point, [mp.mpf(n) / 2 - k for n, k in zip(orders, steps, strict=True)])
            if found is None:
                return None
            total += (
                (-1) ** sum(steps) * mp.fprod(mp.binomial(n, k) for n, k in zip(orders, steps, strict=True)) * found
            )
        for x, n in zip(point, orders, strict=True):
            total /= (STEP * max(abs(mp.mpf(float(x))), 1)) ** n
        return float(total) if abs(total) < 1e300 else None


def nested(f, orders, mode):
    """The partial derivative of each element, taken once an order."""
    for i, n in enumerate(orders):
        for step in range(n):
            if mode == "reverse" or (mode == "reverse over forward" and step):
                f = ad.grad(lambda *args, f=f: np.sum(f(*args)), argnums=i)
            else:
                f = _forward(f, i)
    return f


def _forward(f, i):
    return lambda *args: ad.jvp(
        lambda x: f(*args[:i], x, *args[i + 1 :]), (args[i],), (np.ones(np.shape(args[i])),)
    )[1]


def test_every_block_is_in_a_table():
    known = {getattr(fn, "__name__", "") for fn in (*UNARY, *BINARY)} | ELSEWHERE
    # SciPy's functions enter the table when they are met, and have tables of their own.
    assert {b.name for b in BLOCKS.values() if b.kind == "elementwise" and not is_late(b.fn)} <= known


def check(f, reference, points, orders, derivative):
    smooth = [p for p in points if is_smooth(reference, p)]
    expected = [(p, difference(reference, p, orders)) for p in smooth]
    kept = [(p, e) for p, e in expected if e is not None]
    args = [np.array(column) for column in zip(*[p for p, _ in kept], strict=True)]
    got = derivative(f, orders)(*args)
    for (point, wanted), found in zip(kept, got, strict=True):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-11), (point, orders)


MODES = ("forward", "reverse", "reverse over forward")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("f", UNARY, ids=lambda f: f.__name__)
def test_functions_of_one_number(f, mode):
    for n in (1, 2, 3):
        check(f, UNARY[f], [(x,) for x in POINTS], (n,), lambda f, orders: nested(f, orders, mode))


@pytest.mark.parametrize(("f", "mode"), covering([*BINARY], MODES))
def test_functions_of_two_numbers(f, mode):
    for orders in ORDERS:
        check(f, BINARY[f], PAIRS, orders, lambda f, orders: nested(f, orders, mode))


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", {**UNARY, **BINARY}, ids=lambda f: f.__name__)
def test_compiled(f, backend):
    unary = f in UNARY
    for orders in [(n,) for n in (1, 2, 3)] if unary else ORDERS:
        points = [(x,) for x in POINTS] if unary else PAIRS
        check(
            f,
            {**UNARY, **BINARY}[f],
            points,
            orders,
            lambda f, o: ad.compile(nested(f, o, "reverse"), backend=backend),
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.complex64])
def test_at_singular_points_dtypes_are_kept(dtype):
    functions = [
        lambda x: np.abs(x) ** 2, lambda x: np.sqrt(x * x), lambda x: np.log(np.exp(x - 1e4)), lambda x: np.abs(x),
        lambda x: np.sqrt(x) ** 2,
    ]  # fmt: skip
    if dtype is not np.complex64:
        functions += [
            np.sign, lambda x: np.heaviside(x, dtype(0.5)), lambda x: np.sign(x) * x, lambda x: np.copysign(x, x),
            lambda x: np.maximum(x, 0), lambda x: np.hypot(x, x), lambda x: np.cos(np.sqrt(x)),
        ]  # fmt: skip
    x = np.array([1, 0, 2], dtype)
    for f in functions:
        value, slope = ad.jvp(f, (x,), (x - 1,))
        assert value.dtype == slope.dtype == f(x).dtype
        np.testing.assert_array_equal(value, f(x))


def test_what_a_step_takes_at_its_jump_may_be_any_constant():
    """An argument of a compiled function, or one of each row, is as constant as a number."""
    zeros, given = np.zeros(2), np.array([0.2, 0.7])
    for f, expected in ((np.heaviside, [0.0, 0.0]), (lambda x, y: np.heaviside(x, y) * x, [0.5, 0.5])):
        total = lambda x, y, f=f: np.sum(f(x, y))
        for found in (
            ad.grad(total)(zeros, given), ad.compile(ad.grad(total))(zeros, given),
            ad.vmap(ad.grad(f))(zeros, given), ad.compile(ad.vmap(ad.grad(f)))(zeros, given),
        ):  # fmt: skip
            np.testing.assert_array_equal(found, expected)
    assert ad.grad(np.heaviside, argnums=1)(0.0, 0.3) == 1.0
