"""`dragongrad.scipy.stats`: a table of distributions times what they give times the properties that all have."""

import pickle

import numpy as np
import pytest
import scipy.stats
from scipy_cases import case, properties

import dragongrad as ad
from dragongrad.scipy import stats
from dragongrad.scipy.stats.families import Family
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(12)
WHOLE = np.array([-1.3, 0.2, 0.9, 2.4])
POSITIVE = np.array([0.3, 0.8, 1.7, 3.1])
UNIT = np.array([0.12, 0.35, 0.81])
Q = np.array([0.07, 0.43, 0.83])

# Shapes, and places of the standard member.
TABLE = {
    "norm": ((), WHOLE), "cauchy": ((), WHOLE), "laplace": ((), WHOLE), "logistic": ((), WHOLE),
    "gumbel_r": ((), WHOLE), "gumbel_l": ((), WHOLE), "hypsecant": ((), WHOLE), "moyal": ((), WHOLE),
    "t": ((3.4,), WHOLE), "skewnorm": ((1.6,), WHOLE), "exponnorm": ((0.8,), WHOLE), "gennorm": ((1.6,), WHOLE),
    "genlogistic": ((0.7,), WHOLE), "loggamma": ((1.4,), WHOLE), "johnsonsu": ((0.4, 1.3), WHOLE),
    "laplace_asymmetric": ((1.3,), WHOLE), "vonmises": ((1.7,), WHOLE), "truncnorm": ((-1.7, 3.1), WHOLE),
    "expon": ((), POSITIVE), "gamma": ((1.7,), POSITIVE), "chi2": ((3.4,), POSITIVE),
    "chi": ((2.4,), POSITIVE), "f": ((3.2, 5.7), POSITIVE), "lognorm": ((0.7,), POSITIVE),
    "weibull_min": ((1.6,), POSITIVE), "weibull_max": ((1.6,), -POSITIVE), "exponweib": ((1.3, 1.6), POSITIVE),
    "invweibull": ((2.6,), POSITIVE), "pareto": ((2.7,), 1 + POSITIVE), "lomax": ((2.7,), POSITIVE),
    "rayleigh": ((), POSITIVE), "maxwell": ((), POSITIVE), "halfnorm": ((), POSITIVE),
    "halfcauchy": ((), POSITIVE), "halflogistic": ((), POSITIVE), "invgamma": ((2.7,), POSITIVE),
    "invgauss": ((0.8,), POSITIVE), "wald": ((), POSITIVE), "levy": ((), POSITIVE), "fisk": ((2.6,), POSITIVE),
    "burr": ((2.2, 1.3), POSITIVE), "burr12": ((2.2, 1.3), POSITIVE), "nakagami": ((1.4,), POSITIVE),
    "rice": ((0.9,), POSITIVE), "foldnorm": ((0.9,), POSITIVE), "betaprime": ((1.7, 3.2), POSITIVE),
    "genpareto": ((0.2,), POSITIVE), "genextreme": ((-0.2,), POSITIVE), "uniform": ((), UNIT),
    "beta": ((1.7, 2.3), UNIT), "arcsine": ((), UNIT), "powerlaw": ((1.7,), UNIT), "triang": ((0.4,), UNIT),
    "loguniform": ((0.05, 1.4), UNIT), "johnsonsb": ((0.4, 1.3), UNIT), "semicircular": ((), 2 * UNIT - 1),
    "cosine": ((), WHOLE),
}  # fmt: skip
COUNTS = {
    "bernoulli": ((0.3,), [0.0, 1.0]), "binom": ((5.0, 0.3), [0.0, 2.0, 5.0]), "poisson": ((2.3,), [0.0, 2.0, 5.0]),
    "geom": ((0.3,), [1.0, 2.0, 5.0]), "nbinom": ((2.6, 0.4), [0.0, 2.0, 5.0]),
    "betabinom": ((5.0, 1.3, 2.2), [0.0, 2.0, 5.0]), "logser": ((0.6,), [1.0, 2.0, 5.0]),
    "zipf": ((3.6,), [1.0, 2.0, 5.0]), "planck": ((0.7,), [0.0, 2.0, 5.0]), "dlaplace": ((0.7,), [-2.0, 0.0, 5.0]),
    "yulesimon": ((2.6,), [1.0, 2.0, 5.0]),
}  # fmt: skip


def parameters(shapes):
    """Shapes, location and scale, each an argument of its own."""
    return tuple(np.array(s) for s in (*shapes, 0.4, 1.3))


def by(dist, *names):
    """The methods of one distribution, as a function of a module and arrays."""
    return lambda m, *args: tuple(getattr(getattr(m, dist), name)(*args) for name in names)


# SciPy computes all of them in double precision; these are differentiated in single precision as well.
NARROW = {"norm", "t", "truncnorm", "gamma", "beta"}
# Their functions are large programs, which the tests of `scipy.special` compile.
LARGE = {"f", "betaprime", "t", "beta", "chi", "chi2", "gennorm", "invgamma", "nakagami", "loggamma"}


def cases():
    """A case for each distribution and each kind of method that it has."""
    options = {"single": False, "near": 1e-8, "batches": False}
    for name, (shapes, x) in TABLE.items():
        known = getattr(stats, name)._found()
        args = parameters(shapes)
        x = x * 1.3 + 0.4
        density, large = options | {"single": name in NARROW}, options | {"compiles": name not in LARGE}
        yield f"{name} density", case(by(name, "logpdf", "pdf"), x, *args, **density | {"batches": True})
        if "cdf" in known:
            yield (
                f"{name} cumulative",
                case(by(name, "cdf", "sf", "logcdf", "logsf"), x, *args, order=1, rtol=2e-6, **large),
            )
            yield f"{name} quantiles", case(by(name, "ppf", "isf"), Q, *args, order=1, rtol=2e-6, **large)
        moments = [n for n in known if n in ("mean", "var", "std", "entropy")]
        if moments and np.isfinite(getattr(scipy.stats, name).var(*shapes)):
            yield f"{name} moments", case(by(name, *moments), *args, order=1, **options)
    for name, (shapes, k) in COUNTS.items():
        args = tuple(map(np.array, shapes))
        known = getattr(stats, name)._found()
        methods = [n for n in ("logpmf", "pmf", "cdf", "sf") if n in known]
        yield f"{name} counts", case(lambda m, p, *r, n=name, w=methods, k=k: counted(m, n, w, k, p, *r), args[-1],
                                     *args[:-1], order=1, **options)  # fmt: skip


def counted(m, name, methods, k, last, *first):
    """Probabilities of whole numbers, by the last shape: the first may be a whole number too."""
    shapes = (*first, last) if name not in ("binom", "betabinom") else (5.0, *first[1:], last)
    dist = getattr(m, name)
    moments = [n for n in ("mean", "var") if name != "zipf" or n == "mean"]
    known = [n for n in moments if n in getattr(stats, name)._found()]
    places = [getattr(dist, n)(np.array(k), *shapes) for n in methods]
    return tuple(places + [getattr(dist, n)(*shapes) for n in known])


CASES = dict(cases()) | {
    "moment": case(lambda m, x: (m.moment(x, 3), m.moment(x, 2, axis=1, center=0.4), m.variation(x + 3, ddof=1)),
                   RNG.normal(size=(4, 3))),
    "directions": case(lambda m, x: (m.circmean(x), m.circvar(x, axis=0), m.circstd(x, 3.0, -1.0, axis=1)),
                       RNG.normal(size=(4, 3))),
    "linregress": case(lambda m, x, y: tuple(m.linregress(x, y)), np.arange(5.0) ** 1.5, RNG.normal(size=5)),
    "linregress one-sided": case(lambda m, y: m.linregress(np.arange(5.0), y, alternative="less").pvalue,
                                 RNG.normal(size=5)),
    "gaussian_kde": case(lambda m, x, w, p: m.gaussian_kde(x, "silverman", w)(p), RNG.normal(size=(2, 5)),
                         0.5 + RNG.random(5), RNG.normal(size=(2, 3))),
    "gaussian_kde logpdf": case(lambda m, x, p: m.gaussian_kde(x, 0.4).logpdf(p), RNG.normal(size=6),
                                RNG.normal(size=3)),
    "entropy": case(lambda m, p, q: (m.entropy(p, base=2), m.entropy(p, q, axis=1)), 0.2 + RNG.random((3, 4)),
                    0.2 + RNG.random((3, 4))),
    "means": case(lambda m, x: (m.gmean(x), m.hmean(x, axis=1), m.pmean(x, 1.5, axis=None)),
                  0.5 + RNG.random((3, 4))),
    "power mean": case(lambda m, x: (m.pmean(x, 0), m.pmean(x, -2, axis=1, keepdims=True)),
                       0.5 + RNG.random((3, 4)), compiles=False),
    "moments": case(lambda m, x: (m.skew(x), m.kurtosis(x, axis=1), m.skew(x, bias=False, axis=1),
                                  m.kurtosis(x, bias=False, axis=1, fisher=False)), RNG.normal(size=(4, 5))),
    "scores": case(lambda m, x: (m.zscore(x, ddof=1), m.sem(x, axis=1)), RNG.normal(size=(4, 5))),
}  # fmt: skip
MEAN, COV = np.array([0.3, -0.4]), np.array([[2.0, 0.4], [0.4, 1.0]])
PLACES = RNG.normal(size=(3, 2))
SCATTER = np.array([[3.0, 0.5], [0.5, 2.0]])
RANGE = np.array([[0.6, 0.0], [0.0, 1.0], [0.8, 0.0]])
CASES |= {
    "multivariate_normal": case(
        lambda m, x, mean, c: (
            m.multivariate_normal.logpdf(x, mean, c @ c.T), m.multivariate_normal.entropy(mean, c @ c.T)
        ),
        PLACES, MEAN, COV,
    ),
    "multivariate_normal diagonal": case(
        lambda m, x, c: m.multivariate_normal.pdf(x, np.zeros(2), c**2), PLACES, MEAN
    ),
    "multivariate_normal of one": case(
        lambda m, x, s: m.multivariate_normal.logpdf(x, 0.3, s), PLACES[:, 0], np.array(1.4)
    ),
    # Its range does not move: beside it a covariance has no density.
    "multivariate_normal singular": case(
        lambda m, x, mean, c: m.multivariate_normal.logpdf(
            x @ RANGE.T, mean @ RANGE.T, RANGE @ (c @ c.T) @ RANGE.T, allow_singular=True
        ),
        PLACES, MEAN, COV,
    ),
    "multivariate_t": case(
        lambda m, x, mean, c, df: m.multivariate_t.logpdf(x, mean, c @ c.T, df), PLACES, MEAN, COV, np.array(3.4),
        compiles=False,
    ),
    "dirichlet": case(
        lambda m, a: (m.dirichlet.logpdf(UNIT / np.sum(UNIT), a), m.dirichlet.mean(a), m.dirichlet.var(a),
                      m.dirichlet.entropy(a)), np.array([1.3, 2.4, 0.8]),
    ),
    "wishart": case(lambda m, x, df, c: m.wishart.logpdf(x @ x.T, 1.0 * df, c @ c.T), SCATTER, np.array(3.4), COV),
    "invwishart": case(lambda m, x, df, c: m.invwishart.logpdf(x @ x.T, 1.0 * df, c @ c.T), SCATTER,
                       np.array(3.4), COV),
    "matrix_normal": case(lambda m, x, mean, r, c: m.matrix_normal.logpdf(x, mean, r @ r.T, c @ c.T), PLACES[:2],
                          SCATTER, COV, SCATTER),
    "multivariate_normal of single places": case(
        lambda m, x, c: (m.multivariate_normal.logpdf(x[:, None], MEAN, c @ c.T),
                         m.multivariate_normal.pdf(x[:1, None, :1], MEAN[:1], c[:1, :1] ** 2)), PLACES, COV,
    ),
    "invwishart beside symmetry": case(lambda m, x, c: m.invwishart.logpdf(x, 4, c), SCATTER + 0.0, COV,
                                       compiles=False),
    "wishart of numbers": case(
        lambda m, x, c: (m.wishart.logpdf(x**2, 3.0, c**2), m.wishart.mean(3.0, c**2)), MEAN, np.array(1.3)
    ),
    "multivariate_t entropy": case(
        lambda m, c, df: tuple(m.multivariate_t.entropy(None, c @ c.T, k * df) for k in (1.0, 900.0)),
        COV, np.array(3.4), batches=False,
    ),
    "covariances": case(lambda m, a: (m.dirichlet.cov(a), m.multinomial.cov(6, a / np.sum(a)),
                                      m.multinomial.entropy(6, a / np.sum(a))), np.array([1.3, 2.4, 0.8])),
    "matrix_normal entropy": case(lambda m, r, c: m.matrix_normal.entropy(r @ r.T, c @ c.T), SCATTER, COV),
    "wishart moments": case(
        lambda m, df, c: tuple(
            getattr(getattr(m, n), k)(1.0 * df, c @ c.T) for n in ("wishart", "invwishart")
            for k in ("mean", "mode", "var", "entropy")
        ),
        np.array(7.4), COV,
    ),
    "multinomial mean": case(lambda m, p: m.multinomial.mean(6, p / np.sum(p)), UNIT),
    "multinomial": case(lambda m, p: m.multinomial.logpmf([2, 1, 3], 6, p / np.sum(p)), UNIT),
}  # fmt: skip
globals().update(properties("stats", CASES))


@pytest.mark.parametrize("name", [n for n, (s, _) in TABLE.items() if n != "vonmises"])
@pytest.mark.filterwarnings("ignore")
def test_outside_at_the_ends_and_without_a_member(name):
    ours, scipys = getattr(stats, name), getattr(scipy.stats, name)
    shapes = TABLE[name][0]
    low, high = scipys.support(*shapes)
    x = np.array([v for v in (low - 1, high + 1, np.nan) if not np.isinf(v)])
    zero = np.zeros_like(x)
    for method in ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf"):
        if method not in ours._found():
            continue
        f = lambda x, m=method: getattr(ours, m)(x, *shapes)
        value, dot = ad.jvp(f, (x,), (zero + 1,))
        np.testing.assert_array_equal(value, getattr(scipys, method)(x, *shapes))
        np.testing.assert_array_equal(dot[:-1], 0.0)
    if "ppf" in ours._found():
        q = np.array([0.0, 1.0, -0.2, 1.2])
        for method in ("ppf", "isf"):
            value = ad.jvp(lambda q, m=method: getattr(ours, m)(q, *shapes), (q,), (q,))[0]
            np.testing.assert_allclose(value, getattr(scipys, method)(q, *shapes), rtol=1e-12)
    assert np.isnan(ad.jvp(lambda s: ours.logpdf(TABLE[name][1][0], *shapes, 0.0, s), (-1.0,), (1.0,))[0])


def test_smooth_where_formulas_have_two_branches():
    check_derivatives(lambda c: stats.genpareto.logpdf(POSITIVE, c), np.array(0.0))
    check_derivatives(lambda c: stats.genextreme.logpdf(WHOLE, c), np.array(0.0))
    check_derivatives(lambda c: stats.genpareto.ppf(Q, c), np.array(1e-9), order=1)
    check_derivatives(lambda x: stats.logistic.logpdf(x), np.array([-800.0, 0.0, 800.0]))
    check_derivatives(lambda a: stats.truncnorm.logpdf(9.5, a, np.inf), np.array(9.0), order=1)
    check_derivatives(lambda a: stats.truncnorm.logpdf(-9.5, -np.inf, a), np.array(-9.0), order=1)


@pytest.mark.parametrize(("name", "shapes"), [("cauchy", ()), ("t", (3.4,)), ("gennorm", (2.6,))])
def test_second_derivatives_at_the_median(name, shapes):
    quantile = getattr(stats, name).ppf
    for q in (0.5, 0.5 + 1e-9):
        at = (np.array(q), *map(np.array, shapes), np.array(1.3))
        found = ad.hessian(lambda *args: quantile(*args[:-1], 0.2, args[-1]), tuple(range(len(at))))(*at)
        density = lambda *s: 1 / getattr(scipy.stats, name).pdf(0.0, *s)
        assert found[0][-1] == pytest.approx(density(*shapes), rel=1e-7)
        assert found[0][0] == pytest.approx(0.0, abs=1e-6)
        if shapes:
            slope = (density(shapes[0] + 1e-4) - density(shapes[0] - 1e-4)) / 2e-4
            assert found[0][1] == pytest.approx(1.3 * slope, rel=1e-6)


def test_the_distribution_of_student_is_smooth_at_its_middle():
    check_derivatives(lambda df, x: stats.t.cdf(x, df), np.array(3.4), np.array([-0.3, -1e-5, 0.0, 1e-3, 0.2]))
    check_derivatives(
        lambda b, x: stats.gennorm.cdf(x, b), np.array(3.0), np.array([-0.01, 0.0, 0.02, 0.7]), rtol=1e-6
    )


def test_samples_keep_their_precision():
    x = np.array([[0.5, 1.5, 2.5], [0.25, 4.0, 1.0]], np.float32)
    names = ("zscore", "gmean", "hmean", "skew", "kurtosis", "sem", "variation", "entropy", "circmean", "moment")
    for name in names:
        first = ([1, 2],) if name == "moment" else ()
        want = getattr(scipy.stats, name)(x, *first, axis=1)
        value, slope = ad.jvp(lambda x, f=name, k=first: getattr(stats, f)(x, *k, axis=1), (x,), (np.ones_like(x),))
        assert value.dtype == slope.dtype == want.dtype == np.float32
        np.testing.assert_allclose(value, want, rtol=2e-6, atol=1e-6)


def test_a_line_is_a_nest_of_its_numbers():
    x, y = np.arange(4.0), np.array([0.0, 1.0, 1.5, 4.0])
    value, slope = ad.jvp(lambda y: stats.linregress(x, y), (y,), (np.ones(4),))
    assert value.intercept_stderr == scipy.stats.linregress(x, y).intercept_stderr
    assert type(slope) is type(value)
    np.testing.assert_allclose(slope[:2], [0.0, 1.0], atol=1e-12)


def test_beside_the_support_of_a_singular_distribution_the_density_is_zero():
    f = lambda x: stats.multivariate_normal.logpdf(x, None, np.diag([2.0, 0.0]), allow_singular=True)
    value, slope = ad.value_and_grad(f)(np.array([0.3, 0.1]))
    assert value == -np.inf
    assert slope.tolist() == [0.0, 0.0]
    np.testing.assert_allclose(ad.vmap(ad.grad(f))(np.array([[0.3, 0.0], [1.0, 1.0]])), [[-0.15, 0.0], [0.0, 0.0]])


ENDS = {
    "invgamma": (5.2,), "levy": (), "invgauss": (0.8,), "wald": (), "lognorm": (0.6,), "invweibull": (5.2,),
    "johnsonsb": (0.4, 1.2), "genpareto": (0.3,), "genextreme": (0.3,), "rayleigh": (), "betaprime": (2.0, 5.0),
    "fisk": (2.5,), "logistic": (), "genlogistic": (1.5,), "cauchy": (), "burr": (5.0, 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.filterwarnings("ignore")
def test_where_the_density_vanishes_it_is_zero_and_its_slope_finite(name):
    x = np.array([-np.inf, 0.0, 0.3, np.inf])
    density = lambda x: getattr(stats, name).pdf(x, *ENDS[name])
    value, slope = ad.jvp(density, (x,), (np.ones(4),))
    np.testing.assert_allclose(value, getattr(scipy.stats, name).pdf(x, *ENDS[name]), rtol=1e-10)
    assert np.isfinite(slope[[0, 2, 3]]).all()
    assert not np.isnan(ad.value_and_grad(lambda x: getattr(stats, name).logpdf(x, *ENDS[name]))(1e80)).any()


# Those where SciPy's search ends early are compared by their probabilities.
FROM_ABOVE = {
    "laplace_asymmetric": False, "burr": False, "exponweib": False, "halflogistic": False, "exponnorm": True,
    "foldnorm": True, "moyal": True, "genlogistic": True, "invgauss": True, "wald": True,
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_ABOVE)
@pytest.mark.filterwarnings("ignore:Error in function boost")
def test_quantiles_from_above_are_precise_far_out(name):
    shapes, theirs = TABLE[name][0], getattr(scipy.stats, name)
    q = np.array([1e-200, 1e-20, 0.3])
    value, slope = ad.jvp(lambda q: getattr(stats, name).isf(q, *shapes), (q,), (np.ones(3),))
    if FROM_ABOVE[name]:
        np.testing.assert_allclose(theirs.sf(value, *shapes), q, rtol=1e-10)
    else:
        np.testing.assert_allclose(value, theirs.isf(q, *shapes), rtol=1e-10)
    np.testing.assert_allclose(slope, -1 / getattr(scipy.stats, name).pdf(value, *shapes), rtol=1e-8)


@pytest.mark.parametrize(("name", "method", "shapes", "x"), [
    ("gamma", "logcdf", (2.2,), 200.0), ("chi2", "logcdf", (3.0,), 1000.0), ("invweibull", "logsf", (5.2,), 0.3),
    ("beta", "logsf", (2.0, 3.0), 1e-90),
])  # fmt: skip
def test_logarithms_of_probabilities_near_one(name, method, shapes, x):
    value, slope = ad.value_and_grad(lambda x: getattr(getattr(stats, name), method)(x, *shapes))(x)
    assert value == pytest.approx(getattr(getattr(scipy.stats, name), method)(x, *shapes), rel=1e-9, abs=0)
    density = getattr(scipy.stats, name).pdf(x, *shapes)
    assert slope == pytest.approx(density if method == "logcdf" else -density, rel=1e-9, abs=0)


@pytest.mark.parametrize(("name", "method", "shapes", "x"), [
    ("betaprime", "ppf", (1.7, 0.1), 0.05), ("cauchy", "ppf", (), 1 - 1e-16),
    ("exponweib", "logsf", (1.3, 1.6), 40.0), ("cosine", "logsf", (), np.pi - 1e-4), ("cosine", "pdf", (), np.pi),
    ("genextreme", "logpdf", (-0.2,), -5.0), ("binom", "logcdf", (5.0, -0.1), 7.0), ("norm", "support", (), np.inf),
    ("gamma", "var", (1.7,), np.inf), ("poisson", "logcdf", (2.3,), 2.5),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_values_far_out_and_at_the_ends(name, method, shapes, x):
    args = (*shapes, x) if method in ("support", "var") else (x, *shapes)
    want = getattr(getattr(scipy.stats, name), method)(*args)
    ours = lambda *a: getattr(getattr(stats, name), method)(*a)
    got = ad.jvp(ours, args, tuple(np.ones(len(args))))[0]
    np.testing.assert_allclose(got, want, rtol=1e-9)
    assert type(got) is type(want)


@pytest.mark.parametrize("name", ["norm", "gamma", "betaprime", "poisson"])
def test_of_no_places_the_derivative_is_zero(name):
    shapes = (TABLE | COUNTS)[name][0]
    for method in ("pmf", "cdf") if name == "poisson" else ("pdf", "cdf", "ppf", "isf"):
        f = lambda *p, m=method: np.sum(getattr(getattr(stats, name), m)(np.zeros(0), *p))
        args = (*shapes, 0.4) if name == "poisson" else (*shapes, 0.4, 1.3)
        assert ad.grad(f, tuple(range(len(args))))(*args) == (0.0,) * len(args)


def test_laplaces_distribution_is_smooth_at_its_middle():
    for name, shapes in (("laplace", ()), ("laplace_asymmetric", (1.3,))):
        for method, sign in (("cdf", 1), ("sf", -1)):
            slope = ad.grad(lambda x, n=name, m=method, s=shapes: getattr(getattr(stats, n), m)(x, *s))(0.0)
            assert slope == pytest.approx(sign * getattr(scipy.stats, name).pdf(0.0, *shapes))
    one = ad.jvp(lambda x: stats.multivariate_normal.pdf(x, 2.5, 0.5), (np.ones(1),), (np.ones(1),))
    assert [type(v) for v in one] == [np.float64, np.float64]


def test_erlang_is_gamma():
    assert ad.grad(lambda a: stats.erlang.logpdf(0.7, a))(2.0) == ad.grad(lambda a: stats.gamma.logpdf(0.7, a))(2.0)


def test_a_fit_by_maximum_likelihood():
    data = scipy.stats.gamma.rvs(2.5, scale=1.4, size=200, random_state=1)
    loss = lambda p: -np.sum(stats.gamma.logpdf(data, np.exp(p[0]), scale=np.exp(p[1])))
    found = ad.minimize(loss, np.zeros(2))
    shape, _, scale = scipy.stats.gamma.fit(data, floc=0)
    np.testing.assert_allclose(np.exp(found.x), [shape, scale], rtol=1e-3)


def test_members_names_and_pickles():
    f = lambda s: stats.norm(0.3, scale=s).logpdf(0.9)
    np.testing.assert_allclose(ad.grad(f)(1.7), ad.grad(lambda s: stats.norm.logpdf(0.9, 0.3, s))(1.7))
    assert stats.norm(1.0, 2.0).rvs(3, 0).tolist() == scipy.stats.norm(1.0, 2.0).rvs(3, 0).tolist()
    g = lambda c: stats.multivariate_normal(MEAN, c).logpdf(PLACES[0])
    check_derivatives(lambda c: g(c @ c.T), COV)
    assert pickle.loads(pickle.dumps(stats.norm)) is stats.norm
    assert pickle.loads(pickle.dumps(stats.wishart)) is stats.wishart
    assert "norm" in repr(stats.norm)
    assert all(isinstance(getattr(stats, name), Family) for name in TABLE)


@pytest.mark.parametrize("counts", [[2.5, 1.5, 2.0], [-1.0, 5.0, 2.0], [2.0, 2.0, 2.0]])
def test_counts_of_a_multinomial_are_whole_and_do_not_move(counts):
    chances = np.array([0.1, 0.2, 0.7])
    f = lambda x, p: stats.multinomial.logpmf(x, 6, p / np.sum(p))
    value, (by_count, _) = ad.value_and_grad(f, argnums=(0, 1))(np.array(counts), chances)
    np.testing.assert_allclose(value, scipy.stats.multinomial.logpmf(counts, 6, chances))
    assert not np.any(by_count)


def test_a_covariance_fits_the_mean():
    for of in (stats.multivariate_normal, stats.multivariate_t):
        with pytest.raises(ad.ShapeError, match=r"covariance float64 \(1, 1\) beside(.|\n)*test_scipy_stats"):
            ad.grad(lambda c, of=of: of.logpdf([1.0, 2.0], np.zeros(2), c))(np.eye(1))


def test_attributes_are_scipys():
    for name in ("norm", "gamma", "binom", "betabinom"):
        shapes = (TABLE | COUNTS)[name][0]
        ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
        assert set(dir(theirs)) <= set(dir(ours))
        assert {n for n in dir(theirs(*shapes)) if n[0] != "_"} <= set(dir(ours(*shapes)))
        for attribute in ("name", "shapes", "numargs", "a", "b", "inc" if name in COUNTS else "xtol"):
            assert getattr(ours, attribute) == getattr(theirs, attribute)
        assert (ours(*shapes).a, ours(*shapes).b) == (theirs(*shapes).a, theirs(*shapes).b)
        assert ours(*shapes).expect(lambda x: x * x) == theirs(*shapes).expect(lambda x: x * x)
    assert stats.multivariate_normal(MEAN, COV).mean is MEAN
    with pytest.raises(TypeError):
        stats.norm(1.0, 2.0, 3.0)


def test_places_by_name_and_members_of_variables():
    density = lambda x: stats.norm(0.3, 1.7).pdf(x=x)
    assert ad.grad(density)(0.9) == ad.grad(lambda x: stats.norm.pdf(x, 0.3, 1.7))(0.9)
    chance = lambda m: stats.poisson(mu=m).pmf(k=2)
    assert ad.grad(chance)(1.5) == ad.grad(lambda m: stats.poisson.pmf(k=2, mu=m))(1.5)
    member = lambda a, s: stats.gamma(a, scale=s)
    check_derivatives(lambda a, s: (*member(a, s).stats(), member(a, s).moment(2)), 1.7, 0.6, order=1)
    check_derivatives(lambda a, s: member(a, s).expect(lambda x: x**3 * a), 1.7, 0.6, order=1)
    check_derivatives(lambda c: stats.norm(0.2).expect(lambda x: x * x * c, lb=0.0, conditional=True), 1.7, order=1)
    assert float(ad.jvp(lambda a: member(a, 1.0).b, (1.7,), (1.0,))[0]) == np.inf
    with pytest.raises(ad.NoRuleError, match="moments='mv'"):
        ad.grad(lambda a: member(a, 1.0).stats("s"))(1.7)


# Far shapes and far places, where formulas of textbooks cancel.
FAR = {
    "gamma.entropy": (1.0, 49.0, 51.0, 1e6, 1e100),
    "chi2.entropy": (3.0, 1e15),
    "chi.entropy": (3.0, 1e15),
    "invgamma.entropy": (3.0, 1e15),
    "loggamma.entropy": (3.0, 1e15),
    "t.entropy": (3.0, 149.0, 151.0, 1e15, np.inf),
    "t.mean": (3.0, np.inf),
    "t.var": (3.0, np.inf),
}


@pytest.mark.parametrize("name", FAR)
def test_shapes_that_are_large(name):
    family, method = name.split(".")
    shapes = np.array(FAR[name])
    f, theirs = getattr(getattr(stats, family), method), getattr(getattr(scipy.stats, family), method)
    value, slope = ad.jvp(f, (shapes,), (np.ones_like(shapes),))
    np.testing.assert_allclose(value, theirs(shapes), rtol=1e-12)
    assert np.all(np.isfinite(slope))


@pytest.mark.parametrize(("f", "x"), [
    (lambda m, x: m.t.pdf(x, np.array([3.0, 1e10, np.inf])), np.array([0.3, -1.0, 2.0])),
    (lambda m, x: m.t.ppf(x, np.array([3.0, 1e10, np.inf])), np.array([0.3, 0.6, 0.2])),
    (lambda m, x: m.binom.cdf(0, 2.5e22, x), np.array(1e-21)),
    (lambda m, x: m.betaprime.sf(x, 0.05, 0.1), np.array([1e-22, 0.7, 1e20])),
    (lambda m, x: m.betaprime.cdf(x, 0.05, 0.1), np.array([1e-22, 0.7, 1e20])),
    (lambda m, x: m.betaprime.ppf(x, 2.0, 0.4), np.array([0.1, 0.9, 0.9992])),
])  # fmt: skip
def test_places_that_are_far(f, x):
    value, slope = ad.jvp(lambda x: f(stats, x), (x,), (x,))
    np.testing.assert_allclose(value, f(scipy.stats, x), rtol=1e-11)
    h = 1e-6
    np.testing.assert_allclose(
        slope, (f(scipy.stats, x * (1 + h)) - f(scipy.stats, x * (1 - h))) / (2 * h), rtol=1e-5
    )


@pytest.mark.parametrize("name", ["norm", "t", "cauchy", "laplace", "gennorm", "johnsonsu", "skewnorm", "foldnorm"])
def test_densities_at_infinity_do_not_move(name):
    shapes = {"t": (3.0,), "gennorm": (1.5,), "johnsonsu": (1.0, 2.0), "skewnorm": (1.0,), "foldnorm": (1.0,)}
    for x in (np.inf, -np.inf):
        f = lambda p, x=x: getattr(stats, name).pdf(x, *p)
        value, slopes = ad.value_and_grad(f)((*shapes.get(name, ()), 0.3, 1.2))
        assert value == 0.0
        assert not np.any(slopes)


@pytest.mark.parametrize("name", ["lognorm", "gumbel_r", "weibull_min"])
def test_quantiles_of_nothing_have_the_derivative_zero(name):
    shapes = (0.5,) if name != "gumbel_r" else ()
    f = lambda p: np.sum(getattr(stats, name).ppf(np.zeros(0), *p) + getattr(stats, name).isf(np.zeros(0), *p))
    assert not np.any(ad.grad(f)((*shapes, 0.3, 1.2)))


def test_covariances_of_scipys_and_options_of_members():
    cov = scipy.stats.Covariance.from_diagonal([2.0, 1.0])
    matrix = np.diag([2.0, 1.0])
    f = lambda x, c: stats.multivariate_normal.logpdf(x, MEAN, c)
    np.testing.assert_allclose(ad.grad(f)(PLACES[0], cov), ad.grad(f)(PLACES[0], matrix))
    flat = np.diag([2.0, 0.0])
    frozen = stats.multivariate_normal(MEAN, flat, allow_singular=True, seed=0)
    plain = scipy.stats.multivariate_normal(MEAN, flat, allow_singular=True).entropy()
    np.testing.assert_allclose(frozen.entropy(), plain)
    g = lambda s: stats.multivariate_normal(MEAN, flat * s, allow_singular=True, seed=0).entropy()
    np.testing.assert_allclose(ad.value_and_grad(g)(1.0), (plain, 0.5))
    far = ad.jvp(lambda x: stats.multivariate_t.logpdf(x, df=np.inf), (PLACES[0],), (PLACES[0],))[0]
    np.testing.assert_allclose(far, scipy.stats.multivariate_t.logpdf(PLACES[0], df=np.inf))


@pytest.mark.parametrize(("f", "error"), [
    (lambda x: stats.norm.logpdf(x, 0.0, 1.0, 2.0), ad.ArgumentError),
    (lambda x: stats.gamma.logpdf(x), ad.ArgumentError),
    (lambda x: stats.gamma.logpdf(x, b=2.0), ad.ArgumentError),
    (lambda x: stats.norm.fit(x), ad.NoRuleError),
    (lambda x: stats.vonmises.cdf(x, 1.0), ad.NoRuleError),
    (lambda x: stats.poisson.ppf(0.3, x), ad.NoRuleError),
    (lambda x: stats.rice.mean(x), ad.NoRuleError),
    (lambda x: stats.multivariate_normal.cdf(x), ad.NoRuleError),
    (lambda x: stats.multivariate_normal.logpdf(x, MEAN), ad.ShapeError),
    (lambda x: stats.dirichlet.logpdf(x, [1.0, 2.0, 3.0]), ad.ArgumentError),
    (lambda x: stats.dirichlet.logpdf([0.2, 0.3, 0.5], x - 1.0), ad.ArgumentError),
    (lambda x: stats.skew(x, nan_policy="omit"), ad.ArgumentError),
    (lambda x: stats.norm.other(x), ad.AbsentError), (lambda x: stats.pmean(x, [1.0]), ad.ArgumentError),
    (lambda x: stats.pmean(x, np.inf), ad.ArgumentError),
    (lambda x: stats.wilcoxon(x), ad.AbsentError),
])  # fmt: skip
def test_what_cannot_be_is_an_error_that_names_the_line(f, error):
    with pytest.raises(error, match="test_scipy_stats"):
        ad.jvp(f, (np.ones(3),), (np.ones(3),))


@pytest.mark.parametrize("name", ["chi2", "norm", "uniform", "genextreme", "truncnorm", "binom"])
def test_the_support_is_scipys_and_moves_with_the_parameters(name):
    shapes = (TABLE | COUNTS)[name][0]
    args = (*shapes, 1.5) if name in COUNTS else (*shapes, 1.5, 2.0)
    ours, want = getattr(stats, name), getattr(scipy.stats, name).support(*args)
    for plain in (ours.support(*args), ours(*args).support()):
        assert repr(plain) == repr(want)
    value, moved = ad.jvp(lambda *a: list(ours.support(*a)), args, tuple(np.ones(len(args))))
    np.testing.assert_array_equal(value, want)
    assert np.all(np.asarray(moved)[np.isinf(want)] == 0)
    if name not in COUNTS:
        check_derivatives(
            lambda *a: [e for e in ours.support(*a) if np.isfinite(ad.stop_gradient(e))], *args, rtol=1e-8
        )
