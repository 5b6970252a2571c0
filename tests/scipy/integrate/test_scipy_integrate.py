"""`dragongrad.scipy.integrate`: a table of cases times the properties that all of them have, and integrals."""

import functools

import numpy as np
import pytest
import scipy.integrate
from grid import BACKENDS
from scipy_cases import case, properties

import dragongrad as ad
from dragongrad.scipy import integrate
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(6)
Y = RNG.normal(size=(2, 5))
EVEN = RNG.normal(size=(2, 6))
X, X_EVEN = np.cumsum(0.3 + RNG.random(5)), np.cumsum(0.3 + RNG.random(6))

SAMPLES = {
    "trapezoid": case(lambda m, y: m.trapezoid(y, dx=0.3), Y),
    "trapezoid x": case(lambda m, y, x: m.trapezoid(y, x), Y, X),
    "trapezoid axis": case(lambda m, y, x: m.trapezoid(y, x, axis=0), Y.T, X),
    "cumulative_trapezoid": case(lambda m, y: m.cumulative_trapezoid(y, axis=0, initial=0), Y),
    "cumulative_trapezoid x": case(lambda m, y, x: m.cumulative_trapezoid(y, x), Y, X),
    "simpson": case(lambda m, y: m.simpson(y, dx=0.5), Y),
    "simpson x": case(lambda m, y, x: m.simpson(y, x=x), Y, X),
    "simpson even": case(lambda m, y: m.simpson(y), EVEN),
    "simpson even x": case(lambda m, y, x: m.simpson(y, x=x, axis=0), EVEN.T, X_EVEN),
    "simpson of two": case(lambda m, y, x: m.simpson(y, x=x), Y[:, :2], X[:2]),
    "cumulative_simpson": case(lambda m, y: m.cumulative_simpson(y, dx=0.4), Y),
    "cumulative_simpson x": case(lambda m, y, x: m.cumulative_simpson(y, x=x), EVEN, X_EVEN, since=(1, 15)),
    "cumulative_simpson of two": case(lambda m, y: m.cumulative_simpson(y, axis=0, initial=2.0), Y),
    "romb": case(lambda m, y: m.romb(y, dx=0.2), Y),
}
FUNCTIONS = {
    "fixed_quad": case(lambda m, a, b: m.fixed_quad(lambda x: np.sin(a * x), 0.1, b)[0], np.array(0.7),
                       np.array(1.2)),
}  # fmt: skip
CASES = SAMPLES | FUNCTIONS
globals().update(properties("integrate", CASES))

K = np.array([0.7, 1.4])
SHARP = {"epsabs": 1e-13, "epsrel": 1e-12}
INTEGRALS = {
    "closure": lambda k: integrate.quad(lambda x: np.exp(-k[0] * x) * np.cos(k[1] * x), 0.0, 2.0)[0],
    "args": lambda k: integrate.quad(lambda x, a, b: np.sin(a * x) * b, 0.0, 1.0, args=(k[0], k[1]))[0],
    "array args": lambda k: integrate.quad(lambda x, k: k[0] * x ** k[1], 0.0, 1.0, args=(k,), **SHARP)[0],
    "infinite": lambda k: integrate.quad(lambda x: np.exp(-k[1] * x * x), -np.inf, np.inf)[0],
    "limits": lambda k: integrate.quad(np.cos, k[0], k[1] ** 2)[0],
    "limits and parameters": lambda k: integrate.quad(lambda x: np.cos(k[0] * x), k[0], k[1])[0],
    "singular end": lambda k: integrate.quad(lambda x: k[0] / np.sqrt(x), 0.0, k[1], **SHARP)[0],
    "partial": lambda k: integrate.quad(functools.partial(lambda a, x: np.sin(a[0] * x), k), 0.0, 1.0)[0],
    "default": lambda k: integrate.quad(lambda x, a=k: np.sin(a[0] * x), 0.0, 1.0)[0],
    "nest": lambda k, d=None: integrate.quad(lambda x, d: np.sin(d["a"] * x), 0.0, 1.0, args=({"a": k[0]},))[0],
    "vector": lambda k: integrate.quad_vec(lambda x: np.exp(-k * x), 0.0, 1.0)[0],
    "limits of a constant vector": lambda k: np.sum(
        integrate.quad_vec(lambda x: np.exp(-x * x) * np.ones(2), k[0], k[1])[0]
    ),
    "double": lambda k: integrate.dblquad(lambda y, x: k[0] * x * y, 0.0, 1.0, 0.0, lambda x: k[1] * x)[0],
    "nested": lambda k: integrate.nquad(lambda x, y: np.exp(-k[0] * x * y), [(0.0, 1.0), (0.0, k[1])])[0],
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_integrals(name):
    f = INTEGRALS[name]
    np.testing.assert_allclose(ad.jvp(f, (K,), (K,))[0], f(K), rtol=1e-9)
    check_derivatives(f, K, order=1 if name in ("double", "nested", "singular end") else 2)


@pytest.mark.parametrize("f", [
    lambda a: integrate.quad(lambda x: 1 / (1 + x * x), -a, a)[0],
    lambda a: integrate.dblquad(lambda y, x: np.exp(-x * x - y * y), -1.0, a, 0.0, 1.0)[0],
    lambda a: integrate.quad_vec(lambda x: np.exp(-x * x) * np.ones(2), 0.0, a)[0],
])  # fmt: skip
def test_limits_at_infinity(f):
    value, slope = ad.jvp(f, (np.inf,), (1.0,))
    np.testing.assert_allclose(value, f(np.inf), rtol=1e-9)
    np.testing.assert_array_equal(slope, np.zeros_like(value))


@pytest.mark.parametrize("name", ["closure", "limits and parameters", "vector"])
def test_a_batch_of_integrals_is_its_rows(name):
    f = lambda k: np.sum(INTEGRALS[name](k))
    rows = np.stack([K, 1.1 * K])
    np.testing.assert_allclose(ad.vmap(ad.grad(f))(rows), [ad.grad(f)(k) for k in rows], rtol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["closure", "limits and parameters"])
def test_compiled_integrals(name, backend):
    f = ad.compile(ad.value_and_grad(INTEGRALS[name]), backend=backend)
    for k in (K, K, 1.1 * K):
        value, bar = f(k)
        np.testing.assert_allclose(value, INTEGRALS[name](k), rtol=1e-10)
        np.testing.assert_allclose(bar, ad.grad(INTEGRALS[name])(k), rtol=1e-10)


def test_the_derivative_has_an_error_of_its_own():
    # The function is zero and its derivative a narrow peak: intervals that suit the function would miss it.
    f = lambda a: integrate.quad(lambda x: a * np.exp(-((x - 0.3) ** 2) * 1e6), 0.0, 1.0, points=[0.3])[0]
    np.testing.assert_allclose(ad.jvp(f, (0.0,), (1.0,))[1], np.sqrt(np.pi) / 1e3, rtol=1e-7)


def test_plain_integrals_are_scipys():
    f = lambda x: np.sin(x) * x
    assert integrate.quad(f, 0, 2) == scipy.integrate.quad(f, 0, 2)
    assert integrate.quad(f, 0, 2, weight="cos", wvar=3) == scipy.integrate.quad(f, 0, 2, weight="cos", wvar=3)
    assert integrate.fixed_quad(f, 0, 2) == scipy.integrate.fixed_quad(f, 0, 2)
    assert integrate.dblquad(lambda y, x: x * y, 0, 1, 0, 1) == scipy.integrate.dblquad(
        lambda y, x: x * y, 0, 1, 0, 1
    )


class Holder:
    """An object whose attribute is not looked at."""

    def __init__(self, value):
        self.value = value

    def __call__(self, x):
        return self.value * x


def pendulum(y, t, b, c):
    """The example of SciPy's manual."""
    theta, omega = y
    return [omega, -b * omega - c * np.sin(theta)]


def test_equations_by_scipys_signatures():
    t, start = np.array([0.0, 0.7, 1.5]), np.array([3.0, 0.0])
    exact = lambda y, b: scipy.integrate.odeint(pendulum, y, t, (b, 5.0), rtol=1e-12, atol=1e-12)[1:]
    value, slope = ad.jvp(lambda y, b: integrate.odeint(pendulum, y, t, args=(b, 5.0)), (start, 0.25), (start, 1.0))
    np.testing.assert_allclose(value[1:], exact(start, 0.25), rtol=1e-6)
    step = 1e-5
    moved = (exact(start * (1 + step), 0.25 + step) - exact(start * (1 - step), 0.25 - step)) / (2 * step)
    np.testing.assert_allclose(slope[1:], moved, rtol=2e-5)
    # In what the function closes over, with the time first, and in reverse.
    found = ad.grad(lambda b: integrate.odeint(lambda t, y: pendulum(y, t, b, 5.0), start, t, tfirst=True)[2, 0])(
        0.25
    )
    assert found == pytest.approx(ad.grad(lambda b: integrate.odeint(pendulum, start, t, (b, 5.0))[2, 0])(0.25))
    for method in ("RK45", "Radau"):
        left = lambda k, m=method: integrate.solve_ivp(
            lambda t, y: -k * y, (0, 2), [1.0], m, [2.0], rtol=1e-8, atol=1e-8, jac=None).y[0, 0]  # fmt: skip
        assert ad.derivative(ad.derivative(left))(0.5) == pytest.approx(4 * np.exp(-1), rel=1e-5)
    # Of plain arguments they are SciPy's own.
    assert integrate.odeint(pendulum, start, t, (0.25, 5.0)).tolist() == scipy.integrate.odeint(
        pendulum, start, t, (0.25, 5.0)).tolist()  # fmt: skip
    assert type(integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0])).__module__.startswith("scipy.")


def test_what_cannot_be_is_an_error_that_names_the_line():
    with pytest.raises(ad.ClosureError, match=r"test_scipy_integrate(.|\n)*args"):
        ad.grad(lambda k: integrate.quad(Holder(k), 0.0, k)[0])(1.0)
    with pytest.raises(ad.NoRuleError, match="test_scipy_integrate"):
        ad.grad(lambda k: integrate.quad(lambda x: k * x, 0.0, 1.0, weight="cos", wvar=1)[0])(1.0)
    with pytest.raises(ad.NoRuleError, match=r"test_scipy_integrate(.|\n)*fun\(t, y\)"):
        ad.grad(lambda k: integrate.solve_ivp(lambda t, y: y, (0, 1), k, vectorized=True))(np.ones(1))
    with pytest.raises(ad.NoRuleError, match=r"test_scipy_integrate(.|\n)*nfev"):
        ad.grad(lambda k: integrate.odeint(lambda y, t: y, k, [0, 1], full_output=1)[0][0])(1.0)
    with pytest.raises(ad.ShapeError, match="test_scipy_integrate"):
        ad.grad(lambda y: integrate.trapezoid(y, np.arange(3.0)))(np.ones(4))
    with pytest.raises(ad.ShapeError):
        ad.grad(lambda y: integrate.romb(y))(np.ones(4))
    with pytest.raises(ZeroDivisionError):
        ad.grad(lambda k: integrate.quad(lambda x: 1 // 0, 0.0, k)[0])(1.0)


@pytest.mark.parametrize("f", [
    lambda m, k: m.quad(lambda x: k * x, 0, 1, limit=0), lambda m, k: m.quad(np.cos, 0, k, epsabs=0, epsrel=0),
    lambda m, k: m.quad(lambda x: k * x, 0, np.inf, points=[1.0]), lambda m, k: m.quad(np.cos, 0, k * np.ones(1)),
    lambda m, k: m.nquad(lambda: k, []), lambda m, k: m.nquad(lambda x, y: k * x, [(0, 1), (0, 1)], opts=[{}]),
    lambda m, k: m.fixed_quad(np.cos, 0, k, n=0), lambda m, k: m.fixed_quad(lambda x: k * x, 0, np.inf),
    lambda m, k: m.cumulative_simpson(k * np.zeros(0)),
    lambda m, k: m.cumulative_simpson(k * np.ones(3), dx=np.ones(2)),
    lambda m, k: m.cumulative_simpson(k * np.ones(3), x=[0.0, 2.0, 1.0]),
])  # fmt: skip
def test_what_scipy_refuses_is_refused(f):
    with pytest.raises((ValueError, TypeError, IndexError)):
        f(scipy.integrate, 1.5)
    with pytest.raises((ad.ArgumentError, ad.ShapeError), match="test_scipy_integrate"):
        ad.grad(lambda k: np.sum(f(integrate, k)[0]))(1.5)


def test_a_limit_at_infinity_and_options_for_each_range():
    f = lambda x, y, k: k * x * y
    opts = [lambda y, k: {"epsabs": 1e-9}, {"limit": 40}]
    assert ad.grad(lambda k: integrate.nquad(f, [(0, 1), (0, 2)], (k,), opts)[0])(3.0) == pytest.approx(1.0)
    value, slope = ad.jvp(lambda b: integrate.quad(lambda x: np.exp(-x), 0, b)[0], (np.inf,), (1.0,))
    assert value == pytest.approx(1.0)
    assert slope == 0.0


@pytest.mark.parametrize("name", ["simpson", "romb"])
def test_several_steps_are_those_of_the_results(name):
    y, dx = np.arange(5.0) ** 2, np.array([0.5, 2.0])
    want = getattr(scipy.integrate, name)(y, dx=dx)
    value, slope = ad.jvp(lambda dx: getattr(integrate, name)(y, dx=dx), (dx,), (np.ones(2),))
    np.testing.assert_allclose(value, want)
    np.testing.assert_allclose(slope, want / dx)


def test_complex_numbers_and_single_precision():
    z = np.array([0.7 + 0.2j, 1.3 - 0.4j])
    several = lambda z: integrate.quad_vec(lambda x: np.exp(-z * x), 0.0, 1.0)[0]
    np.testing.assert_allclose(ad.jvp(several, (z,), (z,))[0], (1 - np.exp(-z)) / z)
    check_derivatives(several, z)
    check_derivatives(lambda z: integrate.quad(lambda x: np.abs(np.exp(-z[0] * x) + z[1]), 0.0, 1.0)[0], z)
    # Of rough numbers the integral of a slope would take tens of thousands of steps.
    narrow = z.real.astype(np.float32)
    f = lambda k: integrate.quad(lambda x: np.exp(-k[0] * x) * np.cos(k[1] * x), 0, 2)[0]
    slopes = ad.grad(f)(narrow)
    assert slopes.dtype == np.float32
    np.testing.assert_allclose(slopes, ad.grad(f)(narrow.astype(float)), rtol=1e-6)
