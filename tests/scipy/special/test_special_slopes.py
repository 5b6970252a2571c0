"""First and second derivatives of SciPy's functions, against mpmath."""

import itertools

import mpmath as mp
import numpy as np
import pytest
from grid import thinned
from scipy import special
from special_cases import ALL

import dragongrad as ad


def function(case):
    """The ufunc of a case as a function with one output."""
    fn = getattr(special, case.name, None)
    fn = fn if isinstance(fn, np.ufunc) else getattr(special._ufuncs, case.name)
    return fn if case.output is None else lambda *args: fn(*args)[case.output]


def exact(case, point, orders):
    """A derivative as mpmath finds it, of so many orders by each argument."""
    with mp.workdps(40):
        given = [mp.mpf(p) if isinstance(p, float) else p for p in point]
        which = [i for i, n in enumerate(orders) if n]

        def f(*moved):
            args = list(given)
            for i, value in zip(which, moved, strict=True):
                args[i] = value
            return case.exact(*args)

        if len(which) == 1:
            return mp.re(mp.diff(f, given[which[0]], orders[which[0]]))
        return mp.re(mp.diff(f, tuple([given[i] for i in which]), tuple([orders[i] for i in which])))


def error(case, point, found, expected):
    """The relative error; where a derivative is zero, its terms are not."""
    if abs(expected) < 1e-30 and found == 0:
        return 0.0
    size = max(abs(float(expected)), 1e-3 * abs(float(mp.re(case.exact(*point)))), 1e-300)
    return abs(float(mp.mpf(float(found)) - expected)) / size


def errors(case, order, points):
    """The relative errors of all derivatives of an order, with what they were of."""
    f = function(case)
    for which in itertools.combinations_with_replacement(case.active, order):
        slope = f
        for i in which:
            slope = ad.grad(slope, i)
        for point in points:
            expected = exact(case, point, [which.count(i) for i in range(len(point))])
            with np.errstate(under="ignore"):
                found = slope(*point)
            yield error(case, point, found, expected), which, point, found, expected


def worst(case, order, points):
    """The greatest of them."""
    return max(found[0] for found in errors(case, order, points))


# mpmath takes long where it integrates.
LONG = frozenset({
    "chndtrinc", "chndtrix", "elliprj", "itj0y0[1]", "iv", "ive", "jv", "jve", "k0", "k1", "kn", "kv", "kve",
    "lpmv", "owens_t", "yn", "yv", "yve",
})  # fmt: skip


@pytest.mark.parametrize("case", ALL, ids=lambda c: c.id)
def test_slopes_are_those_of_mpmath(case):
    for found in errors(case, 1, case.points[::2] if case.id in LONG else case.points):
        assert found[0] <= case.rtol, found


@pytest.mark.parametrize("case", thinned([c for c in ALL if c.id not in LONG]))
def test_curvatures_are_those_of_mpmath(case):
    for found in errors(case, 2, case.points[1::3] or case.points):
        assert found[0] <= case.second, found


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in ALL if c.id in LONG], ids=lambda c: c.id)
def test_slopes_are_those_of_mpmath_everywhere(case):
    for found in errors(case, 1, case.points):
        assert found[0] <= case.rtol, found


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=lambda c: c.id)
def test_curvatures_are_those_of_mpmath_everywhere(case):
    for found in errors(case, 2, case.points):
        assert found[0] <= case.second, found


@pytest.mark.parametrize("name", ["i0e", "i1e", "k0e", "k1e"])
def test_slopes_of_scaled_functions_have_all_digits_far_out(name):
    bessel, sign = (mp.besseli, -1) if name[0] == "i" else (mp.besselk, 1)
    fn = getattr(special, name)
    for x in (99.0, 101.0, 1e6):
        with mp.workdps(40):
            scaled = lambda t: bessel(int(name[1]), t) * mp.exp(sign * t)
            want = [float(mp.diff(scaled, mp.mpf(x), k, h=mp.mpf(10) ** -9 * x)) for k in (1, 2)]
        assert ad.grad(fn)(x) == pytest.approx(want[0], rel=1e-12)
        assert ad.grad(ad.grad(fn))(x) == pytest.approx(want[1], rel=1e-10)
        assert ad.grad(lambda x: getattr(special, name[0] + "ve")(int(name[1]), x))(x) == pytest.approx(
            want[0], rel=1e-12
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_curvature_of_log_ndtr_vanishes_far_out(dtype):
    slope = ad.grad(lambda x: np.sum(special.log_ndtr(x)))
    x = np.array([2.0, 14.0, 37.0, 50.0, np.inf], dtype)
    found = ad.grad(lambda x: np.sum(slope(x)))(x)
    assert found.dtype == dtype
    ratio = np.exp(-(x[:3].astype(float) ** 2) / 2) / np.sqrt(2 * np.pi) / special.ndtr(x[:3].astype(float))
    np.testing.assert_allclose(found[:3], -x[:3] * ratio - ratio**2, rtol=1e-5, atol=1e-36)
    assert not np.any(found[3:])


@pytest.mark.parametrize(("f", "x", "slope"), [
    (lambda x: special.sici(x)[0], np.inf, 0.0), (lambda x: special.sici(x)[0], -np.inf, 0.0),
    (lambda x: special.sici(x)[1], np.inf, 0.0), (lambda x: special.voigt_profile(x, 0.1, 0.3), -np.inf, 0.0),
    (lambda x: special.voigt_profile(x, 0.1, 0.3), 1e200, 0.0),
    (lambda x: special.voigt_profile(0.3, x, 0.3), np.inf, 0.0),
    (lambda x: special.voigt_profile(0.3, 0.1, x), np.inf, 0.0), (special.zetac, np.inf, 0.0),
    (special.zetac, 1e300, 0.0), (special.rgamma, np.inf, 0.0), (special.kolmogorov, np.inf, 0.0),
    (special.wrightomega, np.inf, 1.0), (lambda x: special.pseudo_huber(2.0, x), -np.inf, -2.0),
    (special.it2struve0, 0.0, -2 / np.pi), (lambda x: special.fresnel(x)[0], np.inf, np.nan),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_slopes_have_their_limits(f, x, slope):
    assert ad.grad(f)(x) == pytest.approx(slope, nan_ok=True, rel=1e-15)
    assert ad.grad(ad.grad(f))(x) == pytest.approx(0.0 * slope, nan_ok=True)


# Where a formula would cancel, overflow, or take too few steps; the slopes are mpmath's.
FAR = [
    ("chndtr", (11000.0, 10000.0, 1000.0), 0, 0.002575117136349026),
    ("chndtr", (50.0, 50.0, 1e-5), 2, -0.0397614680875788),
    ("chndtr", (120.0, 104.5, 300.0), 2, -7.104246701367996e-25),
    ("chndtr", (3.0, 1.7, 0.0), 2, -0.5 * special.chdtr(1.7, 3.0) + 0.5 * special.chdtr(3.7, 3.0)),
    ("fdtridfd", (1e-300, 0.0, 1e300), 0, 0.0), ("bdtrin", (0.0, 0.9, 1.0), 1, 0.0),
    ("nbdtrik", (0.0, 0.0, 1e-20), 2, 0.0), ("nbdtrin", (0.0, 0.05, 1.0), 0, 0.0),
    ("stdtridf", (0.3, -1e-5), 1, 0.0), ("gammaincinv", (3.0, 0.0), 0, 0.0),
    ("betaincinv", (0.5, 50.0, 1.0), 1, 0.0),
    ("gdtrix", (50.0, 50.0, 0.0), 1, 0.0), ("fdtri", (3.0, 9.0, 0.0), 0, 0.0), ("chdtri", (50.0, 1.0), 0, 0.0),
    ("elliprj", (1.0, 2.0, 3.0, 1e6), 0, -2.795553001911151e-7),
    ("elliprj", (1.0, 2.0, 3.0, 1e6), 3, -2.173786009827894e-12),
    ("elliprj", (0.0, 3.0, 50.0, 1e10), 1, -6.775745263042568e-12),
    ("elliprj", (0.0, 3.0, 50.0, 1e10), 2, -7.901992130508893e-13),
    ("elliprj", (0.0, 3.0, 50.0, 0.5), 0, -np.inf),
    ("elliprd", (0.0, 1.0, 2.0), 0, -np.inf), ("elliprg", (0.0, 0.0, 4.0), 2, 0.125),
    ("elliprc", (0.0, -1.0), 0, np.inf), ("ellipkinc", (1.57, 0.999999999999), 0, 1255.764999548939),
    ("lambertw", (-0.3678794411714423, 0), 0, 177616090.5350212),
    ("lambertw", (-0.3678794411714423, -1), 0, -177616094.1593969),
    ("jv", (3.0, 1e3), 0, 0.03882689100003379), ("yv", (-5.3, 1e3), 0, 0.02479750111516734),
    ("yv", (8.0, 0.01), 0, -3.0038252391675147e+22), ("hyp1f1", (0.0, 1e-6, -37.928678948007274), 1, 0.0),
    ("hyp1f1", (-3.0, 1.5, -60.0), 1, -25408.326530612245),
    ("jv", (20.0, 450.0), 0, -0.02295446712934188),
    ("voigt_profile", (0.3, 1e-9, 0.5), 0, -0.826063718470045),
    ("voigt_profile", (0.3, 1e-9, 0.5), 1, 1.619732781313812e-10), ("voigt_profile", (0.3, 1e-300, 0.0), 0, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "which", "slope"), FAR)
@pytest.mark.filterwarnings("ignore")
def test_slopes_where_formulas_break(name, args, which, slope):
    fn = getattr(special, name)
    f = lambda t: np.real(fn(*args[:which], t, *args[which + 1 :]))
    assert ad.grad(f)(args[which]) == pytest.approx(slope, rel=1e-10)
    assert ad.jvp(f, (args[which],), (1.0,))[1] == pytest.approx(slope, rel=1e-10)
