"""Distributions at the ends of their support and far out, and means of zeros and infinities."""

import mpmath
import numpy as np
import pytest
import scipy.stats

import dragongrad as ad
from dragongrad.scipy import stats
from dragongrad.testing import check_derivatives

# Where formulas of textbooks overflow, cancel, or divide zero by zero.
BREAKING = [
    ("moyal", "cdf", (), -1e8), ("moyal", "sf", (), -1e8), ("loggamma", "cdf", (1.4,), 1e8),
    ("loggamma", "cdf", (0.2,), -2e3), ("loggamma", "ppf", (0.2,), 1e-250), ("loggamma", "sf", (0.2,), -2e3),
    ("f", "sf", (1.0, 1.0), 2.5e-18), ("f", "cdf", (3.2, 5.7), 1e30), ("f", "ppf", (3.2, 5.7), 1e-30),
    ("exponweib", "sf", (1.3, 1.6), 1e-12), ("exponweib", "logcdf", (1.3, 1.6), 9.9),
    ("skewnorm", "cdf", (1.6,), -11.9), ("skewnorm", "logsf", (-3.0,), 2.57), ("invgauss", "logsf", (0.8,), 1e8),
    ("truncnorm", "isf", (-1.7, 3.1), 1e-30),
    ("truncnorm", "cdf", (-np.inf, 1.0), 0.3), ("truncnorm", "ppf", (-np.inf, 1.0), 0.3),
    ("truncnorm", "logsf", (-1.0, np.inf), 0.3),
    ("truncnorm", "ppf", (-1.0, np.inf), 0.9999999), ("halflogistic", "logcdf", (), 39.0),
    ("burr", "ppf", (2.2, 1.3), 1e-100), ("genextreme", "cdf", (-2.0,), 1e150), ("triang", "cdf", (0.0,), 1e-12),
    ("betaprime", "ppf", (1.7, 3.2), 1e-30),
]  # fmt: skip


@pytest.mark.parametrize(("name", "method", "shapes", "x"), BREAKING)
@pytest.mark.filterwarnings("ignore")
def test_places_where_formulas_break(name, method, shapes, x):
    theirs, args = getattr(scipy.stats, name), (x, *shapes, 0.0, 1.0)
    f = lambda *a: getattr(getattr(stats, name), method)(*a)
    value, slopes = ad.value_and_grad(f, tuple(range(len(args))))(*args)
    np.testing.assert_allclose(value, getattr(theirs, method)(*args), rtol=2e-7, atol=0)
    forward = [ad.jvp(lambda t, i=i: f(*args[:i], t, *args[i + 1 :]), (v,), (1.0,))[1] for i, v in enumerate(args)]
    assert np.all(np.isfinite(slopes))
    np.testing.assert_allclose(slopes, forward, rtol=1e-7, atol=1e-300)
    if method == "ppf" or method == "isf":
        slope = (1 if method == "ppf" else -1) / theirs.pdf(value, *shapes)
    else:
        log = theirs.logpdf(x, *shapes) - (value if method.startswith("log") else 0.0)
        slope = np.exp(log) * (1 if method.endswith("cdf") else -1)
    np.testing.assert_allclose(slopes[0], slope, rtol=1e-7, atol=0)


@pytest.mark.parametrize(("name", "shapes", "x", "value"), [
    ("gamma", (1.7,), 0.0, 0.0), ("gamma", (3.0,), 0.0, 0.0), ("beta", (1.7, 2.3), 1.0, 0.0),
    ("weibull_max", (1.6,), 0.0, 0.0), ("gumbel_r", (), -1e8, 0.0), ("betaprime", (1.0, 1.0), 0.0, 0.0),
    ("powerlaw", (0.5,), 0.0, 0.0), ("genpareto", (-0.5,), 2.0, 0.0), ("exponnorm", (0.8,), 1e4, 0.0),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_where_the_density_is_zero_it_does_not_move(name, shapes, x, value):
    f = lambda p: getattr(stats, name).pdf(*p)
    args = (x, *shapes, 0.0, 1.0)
    assert ad.value_and_grad(f)(args) == (value, (0.0,) * len(args))
    assert getattr(scipy.stats, name).pdf(*args) == value


@pytest.mark.parametrize(("name", "shapes", "x", "slope"), [
    ("triang", (1.0,), 1.0, 2.0), ("genpareto", (-1.0,), 1.0, None), ("genextreme", (1.0,), 1.0, None),
    ("fisk", (1.0,), 0.0, -2.0), ("burr12", (1.0, 1.0), 0.0, -2.0),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_ends_where_the_density_jumps(name, shapes, x, slope):
    value, found = ad.value_and_grad(lambda x: getattr(stats, name).pdf(x, *shapes))(x)
    assert value == pytest.approx(getattr(scipy.stats, name).pdf(x, *shapes))
    assert slope is None or found == pytest.approx(slope)


def test_a_second_derivative_at_a_cusp_is_an_array():
    # The quantile's rule takes a derivative itself.
    slope = ad.grad(lambda q: np.sum(stats.gennorm.ppf(q, 0.6)))
    found = ad.jvp(slope, (np.array([0.01, 0.5]),), (np.ones(2),))[1]
    assert type(found) is np.ndarray
    assert found[0] == pytest.approx(ad.grad(ad.grad(lambda q: stats.gennorm.ppf(q, 0.6)))(0.01))


@pytest.mark.filterwarnings("ignore")
def test_counts_of_sure_events_and_at_infinity():
    k = np.array([1.0, 2.0, 5.0])
    for method, slopes in (("cdf", [1.0, 0.0, 0.0]), ("sf", [-1.0, 0.0, 0.0])):
        f = lambda p, m=method: getattr(stats.geom, m)(k, p)
        value, dots = ad.jvp(f, (1.0,), (1.0,))
        np.testing.assert_array_equal(value, getattr(scipy.stats.geom, method)(k, 1.0))
        np.testing.assert_array_equal(dots, slopes)
        assert ad.value_and_grad(lambda a, m=method: getattr(stats.dlaplace, m)(-np.inf, a))(0.7) == (
            float(method == "sf"),
            0.0,
        )


MEANS = [
    ("gmean", [0.0, 1.0, 4.0], [np.inf, 0.0, 0.0]), ("gmean", [0.0], [1.0]),
    ("hmean", [0.0, 1.0, 4.0], [3.0, 0.0, 0.0]),
    ("gmean", [np.inf, 1.0, 4.0], [0.0, np.inf, np.inf]), ("hmean", [np.inf, 1.0, 4.0], [0.0, 1.92, 0.12]),
    ("hmean", [0.0, np.inf, 1.0], [3.0, 0.0, 0.0]), ("hmean", [-1.0, 2.0, 3.0], [np.nan] * 3),
    ("gmean", [-1.0, 2.0, 3.0], [np.nan] * 3), ("gmean", [np.nan, 2.0], [np.nan] * 2),
    ("pmean", [0.0, 1.0, 4.0], [3**0.5, 0.0, 0.0]), ("pmean", [0.0], [1.0]), ("pmean", [-1.0, 2.0], [np.nan] * 2),
    ("pmean", [0.0, np.inf], [2**0.5, 0.0]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "slopes"), MEANS)
@pytest.mark.filterwarnings("ignore")
def test_means_of_zeros_infinities_and_nan(name, x, slopes):
    options = {"p": -2} if name == "pmean" else {}
    f, x = lambda x: getattr(stats, name)(x, **options), np.array(x)
    value, found = ad.value_and_grad(f)(x)
    np.testing.assert_array_equal(value, getattr(scipy.stats, name)(x, **options))
    np.testing.assert_allclose(found, slopes)
    np.testing.assert_allclose(ad.jacfwd(f)(x), slopes)


@pytest.mark.parametrize("p", [0.0, 1e-17, 1e-9, -1e-5, 0.15, 0.16, -1.0])
def test_power_means_by_exponents_near_zero(p):
    x, w = [mpmath.mpf(v) for v in (1, 2, 5)], (1, 2, 3)
    f = lambda q: stats.pmean(np.array([1.0, 2.0, 5.0]), q, weights=np.array([1.0, 2.0, 3.0]))
    with mpmath.workdps(60):
        mean = lambda q: (sum(u * v**q for u, v in zip(w, x, strict=True)) / 6) ** (1 / q)
        h = mpmath.mpf(10) ** -15
        low, high = mean(mpmath.mpf(p) - h), mean(mpmath.mpf(p) + h)
        value, slope = float((low + high) / 2), float((high - low) / (2 * h))
    np.testing.assert_allclose(ad.value_and_grad(f)(p), (value, slope), rtol=1e-12)
    np.testing.assert_allclose(ad.jvp(f, (p,), (1.0,)), (value, slope), rtol=1e-12)


def test_weights_of_means_are_broadcast():
    x, w = 0.5 + np.arange(9.0).reshape(3, 3), np.array([1.0, 2.0, 3.0])
    for name, first in (("gmean", ()), ("hmean", ()), ("pmean", (2.5,))):
        f = lambda x, w, n=name, p=first: getattr(stats, n)(x, *p, axis=0, weights=w)
        value = ad.jvp(f, (x, w), (x, w))[0]
        np.testing.assert_allclose(value, getattr(scipy.stats, name)(x, *first, axis=0, weights=w), rtol=1e-14)
        check_derivatives(f, x, w)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_long_program_with_tables_of_functions():
    # Written out in a module of straight code, functions bring their tables, which nobody else has.
    methods, args = ("cdf", "sf", "logcdf", "logsf"), (1.4, 0.4, 1.3)
    one = lambda x, *p: [
        ad.grad(lambda *a, m=m: getattr(stats.loggamma, m)(*a), (0, 1, 2, 3))(x, *p) for m in methods
    ]
    rows = ad.vmap(one, in_axes=(0, None, None, None))
    x = np.array([-20.0, -1.0, 0.3, 2.0, 0.0, np.inf, -np.inf, 30.0, -30.0, 1.0, 0.5, 0.7, 0.9])
    compiled = ad.compile(rows)
    for _ in range(2):
        for a, b in zip(compiled(x, *args), rows(x, *args), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "method", "shapes", "x", "slope"), [
    ("gumbel_r", "logsf", (), 900.0, -1.0), ("gumbel_l", "logcdf", (), -900.0, 1.0),
    ("hypsecant", "logcdf", (), -900.0, 1.0), ("hypsecant", "logsf", (), 900.0, -1.0),
    ("moyal", "logsf", (), 1600.0, -0.5), ("moyal", "logcdf", (), -8.0, 1490.9786586195),
    ("genlogistic", "logsf", (0.7,), 900.0, -1.0),
    ("halflogistic", "logsf", (), 900.0, -1.0), ("halfnorm", "logsf", (), 1e8, -1e8),
    ("levy", "logcdf", (), 1e-6, 5.000005e11), ("johnsonsu", "logsf", (0.0, 2.0), 1e30, -2.79097e-28),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_logarithms_of_probabilities_go_on_moving_where_those_are_too_small(name, method, shapes, x, slope):
    f = lambda x: getattr(getattr(stats, name), method)(x, *shapes)
    value, found = ad.value_and_grad(f)(x)
    assert value == getattr(getattr(scipy.stats, name), method)(x, *shapes) == -np.inf
    assert found == pytest.approx(slope, rel=1e-5, abs=0)
    assert ad.jvp(f, (x,), (1.0,))[1] == pytest.approx(found, abs=0)
    # Before that, too, where its square is.
    assert ad.grad(ad.grad(lambda x: stats.halfnorm.logsf(x)))(30.0) == pytest.approx(-0.99889623, rel=1e-8)
    # The squares of these probabilities are no numbers; where a probability is subnormal its reciprocal is none.
    assert ad.grad(ad.grad(lambda x: stats.gamma.logsf(x, 3.0)))(700.0) == pytest.approx(-4.069970773e-6, rel=1e-8)
    assert ad.grad(ad.grad(lambda x: stats.t.logcdf(x, 4.0)))(-1e60) == pytest.approx(4e-120, rel=1e-8)


def _gamma_above(x, a):
    return mpmath.log(mpmath.gammainc(a, x, regularized=True))


def _gamma_below(x, a):
    # P(a, x) = x**a exp(-x) M(1, a + 1, x) / G(a + 1)
    return a * mpmath.log(x) - x - mpmath.loggamma(a + 1) + mpmath.log(mpmath.hyp1f1(1, a + 1, x))


def _beta_below(x, a, b):
    series = mpmath.hyp2f1(1, a + b, a + 1, x)
    return a * mpmath.log(x) + b * mpmath.log(1 - x) - mpmath.log(a * mpmath.beta(a, b)) + mpmath.log(series)


def _normal(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _skewed_below(x, a):
    # The integral of the density, by the length over which it falls.
    step = 1 / (-x * (1 + (a * a if a > 0 else 0)))
    density = lambda s: mpmath.exp(x * s - s * s / 2) * mpmath.erfc(a * (s - x) / mpmath.sqrt(2))
    mass = mpmath.quad(density, [k * step for k in (0, 1, 3, 8, 20, 60, 200)])
    return mpmath.log(mass) - x * x / 2


def _exponnorm_below(x, k):
    return mpmath.log(_normal(x) - mpmath.exp((1 / (2 * k) - x) / k) * _normal(x - 1 / k))


FAR_OUT = [
    ("gamma", "logcdf", (1.7,), 1e-250, _gamma_below), ("gamma", "logsf", (1.7,), 900.0, _gamma_above),
    ("gamma", "logsf", (400.0,), 3e4, _gamma_above), ("gamma", "logcdf", (400.0,), 20.0, _gamma_below),
    ("chi2", "logsf", (3.4,), 4e3, lambda x, v: _gamma_above(x / 2, v / 2)),
    ("chi", "logsf", (2.4,), 60.0, lambda x, v: _gamma_above(x * x / 2, v / 2)),
    ("chi", "logcdf", (2.4,), 1e-180, lambda x, v: _gamma_below(x * x / 2, v / 2)),
    ("nakagami", "logsf", (1.4,), 60.0, lambda x, v: _gamma_above(v * x * x, v)),
    ("maxwell", "logsf", (), 60.0, lambda x: _gamma_above(x * x / 2, mpmath.mpf(1.5))),
    ("invgamma", "logcdf", (2.7,), 1e-4, lambda x, a: _gamma_above(1 / x, a)),
    ("invgamma", "logsf", (2.7,), 1e150, lambda x, a: _gamma_below(1 / x, a)),
    ("loggamma", "logsf", (1.4,), 8.0, lambda x, c: _gamma_above(mpmath.exp(x), c)),
    ("gennorm", "logcdf", (1.6,), -200.0, lambda x, b: _gamma_above((-x) ** b, 1 / b)),
    ("beta", "logcdf", (1.7, 2.3), 1e-200, _beta_below),
    ("beta", "logsf", (90.0, 30.0), 1 - 1e-7, lambda x, a, b: _beta_below(1 - x, b, a)),
    ("betaprime", "logsf", (1.7, 3.2), 1e120, lambda x, a, b: _beta_below(1 / (1 + x), b, a)),
    ("f", "logcdf", (3.2, 5.7), 1e-220, lambda x, n, m: _beta_below(n * x / (m + n * x), n / 2, m / 2)),
    ("t", "logcdf", (3.4,), -1e120, lambda x, v: _beta_below(v / (v + x * x), v / 2, mpmath.mpf(0.5))),
    ("t", "logsf", (200.0,), 1e3, lambda x, v: _beta_below(v / (v + x * x), v / 2, mpmath.mpf(0.5))),
    ("skewnorm", "logcdf", (3.0,), -12.0, _skewed_below), ("skewnorm", "logcdf", (-3.0,), -40.0, _skewed_below),
    ("skewnorm", "logsf", (-2.0,), 30.0, lambda x, a: _skewed_below(-x, -a)),
    ("exponnorm", "logcdf", (0.8,), -40.0, _exponnorm_below),
    ("exponnorm", "logcdf", (1e7,), -40.0, _exponnorm_below),
    ("exponnorm", "logcdf", (90.0,), -40.0, _exponnorm_below),
    ("exponnorm", "logsf", (0.8,), 900.0, lambda x, k: (1 / (2 * k) - x) / k + mpmath.log(_normal(x - 1 / k))),
    ("foldnorm", "logsf", (0.9,), 45.0, lambda x, c: mpmath.log(_normal(c - x) + _normal(-c - x))),
    ("johnsonsb", "logcdf", (0.4, 1.3), 1e-100, lambda x, a, b: mpmath.log(_normal(a + b * mpmath.log(x)))),
    ("genextreme", "logsf", (-0.2,), 1e100, lambda x, c: 1 / c * mpmath.log1p(-c * x)),
    ("burr", "logsf", (2.2, 1.3), 1e200, lambda x, c, d: mpmath.log(d) - c * mpmath.log(x)),
    ("burr12", "logcdf", (2.2, 1.3), 1e-200, lambda x, c, d: mpmath.log(d) + c * mpmath.log(x)),
    ("weibull_min", "logcdf", (1.6,), 1e-300, lambda x, c: c * mpmath.log(x)),
    ("exponweib", "logcdf", (1.3, 1.6), 1e-300, lambda x, a, c: a * c * mpmath.log(x)),
    ("exponweib", "logsf", (1.3, 1.6), 90.0, lambda x, a, c: mpmath.log(a) - x**c),
    ("invweibull", "logsf", (2.6,), 1e200, lambda x, c: -c * mpmath.log(x)),
    ("laplace", "logcdf", (), -900.0, lambda x: x), ("rayleigh", "logcdf", (), 1e-200, lambda x: 2 * mpmath.log(x)),
    ("laplace_asymmetric", "logsf", (1.3,), 900.0, lambda x, k: -k * x - mpmath.log1p(k * k)),
    ("triang", "logcdf", (0.4,), 1e-200, lambda x, c: 2 * mpmath.log(x) - mpmath.log(c)),
    ("invgauss", "logcdf", (0.8,), 1e-50, lambda x, m: -1 / (2 * x) + 1 / m + mpmath.log(x) / 2 - x / (2 * m * m)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "method", "shapes", "x", "log"), FAR_OUT)
@pytest.mark.filterwarnings("ignore")
def test_logarithms_of_probabilities_far_out(name, method, shapes, x, log):
    f, args = lambda *p: getattr(getattr(stats, name), method)(*p), (x, *shapes)
    value, slopes = ad.value_and_grad(f, tuple(range(len(args))))(*args)
    want = getattr(getattr(scipy.stats, name), method)(*args)
    assert value == pytest.approx(want, rel=1e-8) or want == -np.inf
    for i in range(len(args)):
        one = lambda t, i=i: f(*args[:i], t, *args[i + 1 :])
        with mpmath.workdps(130):
            at = [mpmath.mpf(v) for v in args]
            h = at[i] * mpmath.mpf(10) ** -18
            low, mid, high = (log(*at[:i], at[i] + k * h, *at[i + 1 :]) for k in (-1, 0, 1))
            slope, bend = float((high - low) / (2 * h)), float((high - 2 * mid + low) / h**2)
        assert slopes[i] == pytest.approx(slope, rel=1e-11, abs=0)
        np.testing.assert_allclose(ad.jvp(one, (args[i],), (1.0,))[1], slope, rtol=1e-11)
        # Of what is linear only rounding is left.
        if abs(bend * args[i]) > 1e-40 * abs(slope) and abs(bend) < 1e290:
            assert ad.grad(ad.grad(one))(args[i]) == pytest.approx(bend, rel=1e-9, abs=0)


STARTS = {
    "gamma": (1.7,), "chi2": (1.4,), "chi": (2.4,), "f": (1.2, 5.7), "weibull_min": (0.6,), "weibull_max": (1.6,),
    "exponweib": (1.3, 1.6), "maxwell": (), "fisk": (2.6,), "burr": (0.7, 0.6), "burr12": (0.4, 1.3),
    "nakagami": (1.4,), "rice": (0.9,), "beta": (0.7, 2.3), "powerlaw": (1.7,), "triang": (0.4,), "arcsine": (),
    "expon": (), "triang of zero": (0.0,),
}  # fmt: skip


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.filterwarnings("ignore")
def test_where_a_density_begins_it_moves_with_the_scale_as_beside(name):
    shapes, family = STARTS[name], getattr(stats, name.split()[0])
    f = lambda x: lambda *p: family.logpdf(x, *p[:-1], 0.0, p[-1])
    beside = -1e-90 if name == "weibull_max" else 1e-90
    wanted = ad.grad(f(beside), len(shapes))(*shapes, 1.3)
    value, slopes = ad.value_and_grad(f(0.0), tuple(range(len(shapes) + 1)))(*shapes, 1.3)
    assert value == getattr(scipy.stats, name.split()[0]).logpdf(0.0, *shapes, 0.0, 1.3)
    assert not np.any(np.isnan(slopes))
    assert slopes[-1] == pytest.approx(wanted)
    assert ad.jvp(lambda s: f(0.0)(*shapes, s), (1.3,), (1.0,))[1] == pytest.approx(wanted)
    density = lambda s: family.pdf(0.0, *shapes, 0.0, s)
    # An infinite density falls infinitely steeply with the scale, one of zero stays.
    if np.isinf(value):
        assert ad.grad(density)(1.3) == ad.jvp(density, (1.3,), (1.0,))[1] == (-np.inf if value > 0 else 0.0)
    if name in ("expon", "triang of zero"):
        found = ad.hessian(lambda p: family.logpdf(p[0], *shapes, 0.0, p[1]))(np.array([0.0, 1.3]))
        near = ad.hessian(lambda p: family.logpdf(p[0], *shapes, 0.0, p[1]))(np.array([1e-9, 1.3]))
        np.testing.assert_allclose(found, near, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method", "shapes", "x", "log"), FAR_OUT)
@pytest.mark.filterwarnings("ignore")
def test_logarithms_of_probabilities_far_out_in_batches_and_compiled(name, method, shapes, x, log):
    f, near = getattr(getattr(stats, name), method), 0.3 * np.sign(x)
    at = lambda t: ad.value_and_grad(f, tuple(range(len(shapes) + 3)))(t, *shapes, 0.0, 1.3)
    flat = lambda found: [float(v) for v in (found[0], *found[1])]
    rows, wanted = np.array([x, near, x]), [flat(at(v)) for v in (x, near, x)]
    one, many = ad.compile(at), ad.compile(ad.vmap(at))
    for run in (ad.vmap(at), many, many):
        value, slopes = run(rows)
        np.testing.assert_allclose(np.transpose([value, *slopes]), wanted, rtol=1e-8)
    for v, want in zip((x, x, near, x), (*wanted[:1], *wanted), strict=True):
        np.testing.assert_allclose(flat(one(v)), want, rtol=1e-8)


COUNTED = [
    ("poisson", "logcdf", 0.0, (900.0,), lambda k, mu: -mu),
    ("poisson", "logsf", 400.0, (3.0,), lambda k, mu: mpmath.log(mpmath.gammainc(k + 1, 0, mu, regularized=True))),
    ("binom", "logcdf", 900.0, (2000.0, 0.9), lambda k, n, p: mpmath.log(mpmath.betainc(n - k, k + 1, 0, 1 - p))),
    ("binom", "logsf", 4.0, (5.0, 1e-80), lambda k, n, p: 5 * mpmath.log(p)),
    ("nbinom", "logsf", 2000.0, (2.6, 0.4), lambda k, n, p: mpmath.log(mpmath.betainc(k + 1, n, 0, 1 - p))),
    ("nbinom", "logcdf", 0.0, (800.0, 0.1), lambda k, n, p: n * mpmath.log(p)),
    ("dlaplace", "logsf", 2000.0, (0.7,), lambda k, a: -a * k - mpmath.log1p(mpmath.exp(a))),
    ("dlaplace", "logcdf", -2000.0, (0.7,), lambda k, a: a * (k + 1) - mpmath.log1p(mpmath.exp(a))),
    ("yulesimon", "logsf", 1e5, (90.0,), lambda k, a: mpmath.log(mpmath.beta(k, a + 1))),
]


@pytest.mark.parametrize(("name", "method", "k", "shapes", "log"), COUNTED)
@pytest.mark.filterwarnings("ignore")
def test_logarithms_of_probabilities_of_counts_far_out(name, method, k, shapes, log):
    f = lambda p: getattr(getattr(stats, name), method)(k, *shapes[:-1], p)
    value, slope = ad.value_and_grad(f)(shapes[-1])
    want = getattr(getattr(scipy.stats, name), method)(k, *shapes)
    assert value == pytest.approx(want, rel=1e-8) or want == -np.inf
    with mpmath.workdps(60):
        *rest, p = (mpmath.mpf(v) for v in (k, *shapes))
        h = p * mpmath.mpf(10) ** -18
        exact = float((log(*rest, p + h) - log(*rest, p - h)) / (2 * h))
    assert slope == pytest.approx(exact, rel=1e-11)
    assert ad.jvp(f, (shapes[-1],), (1.0,))[1] == pytest.approx(exact, rel=1e-11)


def test_a_slope_of_a_slope_where_little_is_left():
    # The squares of what is left there are no numbers.
    bend = ad.grad(ad.grad(lambda x: stats.norm.logcdf(x)))(30.0)
    assert bend == pytest.approx(-30 * scipy.stats.norm.pdf(30.0), rel=1e-12)
    by_both = ad.grad(ad.grad(lambda x, b: stats.betaprime.logsf(x, 30.0, b)), 1)(1e150, 0.2)
    assert by_both == pytest.approx(-1e-150, rel=1e-6)


# By the size of a shape, at the middle: of quantiles what moves them, times the density there.
LARGE = [
    ("gamma", lambda n: (n, n), lambda n: -scipy.stats.norm.pdf(0.0) / n**0.5 * (1 + 1 / (6 * n))),
    ("chi2", lambda n: (n, n), lambda n: -scipy.stats.norm.pdf(0.0) / (2 * n) ** 0.5 * (1 + 1 / (3 * n))),
    ("beta", lambda n: (0.5, n, n), lambda n: -scipy.stats.norm.pdf(0.0) / (2 * n) ** 0.5),
]


@pytest.mark.parametrize("size", [1e11, 1e14, 1e30, 1e200])
@pytest.mark.parametrize(("name", "args", "slope"), LARGE)
def test_distributions_by_enormous_shapes(name, args, slope, size):
    f, at = getattr(stats, name).cdf, args(size)
    assert ad.grad(f, 1)(*at) == pytest.approx(slope(size), rel=1e-4 if size == 1e14 else 1e-5)
    assert ad.jvp(lambda s: f(at[0], s, *at[2:]), (at[1],), (1.0,))[1] == pytest.approx(slope(size), rel=1e-4)


def test_the_distribution_of_f_by_large_shapes():
    # Two slopes of it cancel there; they agree with those of smaller ones to the next order in 1 / n.
    for n in (2e8, 1e12, 1e50):
        by_first, by_second = ad.grad(lambda a, b: stats.f.cdf(1.0, a, b), (0, 1))(n, n)
        density = np.sqrt(n / (4 * np.pi))
        assert by_first == pytest.approx(-density * 2 / 3 / n / n, rel=1e-6)
        assert by_second == pytest.approx(density * 2 / 3 / n / n, rel=1e-6)


@pytest.mark.parametrize("shape", [(3,), (4, 3), (4, 4, 3), (2, 1, 3)])
def test_probabilities_that_are_none_are_told_in_their_own_rows(shape):
    p, x = np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [1.2, -0.1, -0.1], [0.3, 0.3, 0.4]]), np.ones(shape)
    found = ad.jvp(lambda p: stats.multinomial.logpmf(x, 3, p), (p,), (np.zeros_like(p),))[0]
    np.testing.assert_allclose(found, scipy.stats.multinomial.logpmf(x, 3, p))
