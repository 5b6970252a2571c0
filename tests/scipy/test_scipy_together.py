"""Functions of several parts of `dragongrad.scipy` in compiled batches, in loops and in the classic interface."""

import numpy as np
import pytest
from grid import BACKENDS, covering

import dragongrad as ad
import dragongrad.scipy.linalg as la
from dragongrad.scipy import fft, integrate, interpolate, ndimage, optimize, signal, stats
from dragongrad.scipy.spatial import distance
from dragongrad.scipy.spatial.transform import Rotation
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(14)
ROWS = RNG.normal(size=(3, 4, 4))
EYE, FIRST = np.eye(4), np.array([9.0, 0.0, 0.0, 0.0])

TABLE = {
    "expm": lambda a: la.expm(a),
    "solve_triangular": lambda a: la.solve_triangular(a + 3 * EYE, a, lower=True),
    "eigh": lambda a: la.eigh(a @ a.T)[0],
    "lu_factor": lambda a: la.lu_factor(a)[0],
    "schur": lambda a: np.abs(la.schur(a, output="complex")[0]),
    "solve_banded": lambda a: la.solve_banded((1, 1), a[:3] + np.array([[0.0], [5.0], [0.0]]), a[0]),
    "solve_toeplitz": lambda a: la.solve_toeplitz(a[0] + FIRST, a),
    "solve_continuous_are": lambda a: la.solve_continuous_are(a, a[:, :2], EYE, np.eye(2)),
    "sqrtm": lambda a: la.sqrtm(a @ a.T + EYE),
    "lfilter": lambda a: signal.lfilter(a[0], a[1] + FIRST, a),
    "convolve": lambda a: signal.convolve(a, a[:2, :2]),
    "gaussian_filter": lambda a: ndimage.gaussian_filter(a, 1.0),
    "map_coordinates": lambda a: ndimage.map_coordinates(a, np.abs(a[:2])),
    "cdist": lambda a: distance.cdist(a, a) ** 1.5,
    "dct": lambda a: fft.dct(a, axis=0),
    "CubicSpline": lambda a: interpolate.CubicSpline(np.arange(4.0), a)(a[0]),
    "multivariate_normal": lambda a: stats.multivariate_normal.logpdf(a[0], a[1], a @ a.T + EYE),
    "quantiles": lambda a: stats.skewnorm.ppf(0.3, a[0, 0]) + stats.t.ppf(0.8, 3 + a[0, 1] ** 2),
}


@pytest.mark.parametrize(("name", "backend"), covering(TABLE.keys(), BACKENDS))
def test_a_compiled_batch_of_gradients(name, backend):
    gradient = ad.grad(lambda a: np.sum(TABLE[name](a) ** 2))
    expected = np.stack([gradient(a) for a in ROWS])
    compiled = ad.compile(ad.vmap(gradient), backend=backend)
    for f in (ad.vmap(gradient), compiled, compiled):
        np.testing.assert_allclose(f(ROWS), expected, rtol=1e-8, atol=1e-9 * np.max(np.abs(expected)))


STEPS = {
    "solve": lambda c, x: la.solve(3 * np.eye(2) + 0.1 * c, c + x),
    "expm": lambda c, x: la.expm(0.1 * c) + x,
    "norm": lambda c, x: c * stats.norm.cdf(x - c),
    "lfilter": lambda c, x: signal.lfilter([1.0, 0.3], [1.0, -0.2], c) + x,
}


@pytest.mark.parametrize(("name", "backend"), covering(STEPS.keys(), BACKENDS))
def test_in_a_loop(name, backend):
    def run(c):
        end, _ = ad.scan(lambda c, x: (STEPS[name](c, x), np.sum(c)), c, np.arange(3.0))
        return np.sum(end)

    start = ROWS[0, :2, :2]
    check_derivatives(run, start)
    compiled = ad.compile(ad.grad(run), backend=backend)
    for _ in range(2):
        np.testing.assert_allclose(compiled(start), ad.grad(run)(start), rtol=1e-10)


def test_in_the_classic_interface():
    x = ad.Variable(0.3)
    np.testing.assert_allclose(stats.norm.logpdf(x).gradient, [[-0.3]])
    np.testing.assert_allclose(np.ravel(la.expm(ad.Variable(np.zeros((1, 1)))).gradient), [1.0])


PLACES = np.linspace(0.0, 2.0, 6)
# What a function closes over, made of Variables, as a function of time.
HELD = {
    "CubicSpline": lambda y: interpolate.CubicSpline(PLACES, y),
    "make_interp_spline": lambda y: interpolate.make_interp_spline(PLACES, y),
    "UnivariateSpline": lambda y: interpolate.InterpolatedUnivariateSpline(PLACES, y),
    "norm": lambda y: stats.norm(y[0], 1 + y[1] ** 2).pdf,
    "multivariate_normal": lambda y: stats.multivariate_normal(y[:1], 1.0).pdf,
}


@pytest.mark.parametrize("name", HELD)
def test_what_is_held_by_a_function_that_is_integrated(name):
    def area(y):
        force = HELD[name](y)
        return integrate.quad(lambda t: t * np.sum(force(t)), 0.1, 1.9, epsabs=1e-11, epsrel=1e-11)[0]

    def end(y):
        force = HELD[name](y)
        slope = lambda t, u: np.sum(force(t)) - u
        return integrate.solve_ivp(slope, (0.0, 1.5), [1.0], t_eval=[1.5], rtol=1e-8, atol=1e-8).y[0, -1]

    check_derivatives(area, np.cos(PLACES), order=1, rtol=1e-5)
    away = np.sin(PLACES)
    expected = (end(np.cos(PLACES) + 1e-3 * away) - end(np.cos(PLACES) - 1e-3 * away)) / 2e-3
    np.testing.assert_allclose(ad.grad(end)(np.cos(PLACES)) @ away, expected, rtol=1e-4)


@pytest.mark.parametrize("name", HELD)
def test_what_is_held_by_a_function_whose_zero_is_sought_is_refused(name):
    def zero(y):
        force = HELD[name](y)
        return optimize.brentq(lambda t: np.sum(force(t)) - t, 0.0, 2.0)

    with pytest.raises(ad.ClosureError, match="Pass it as an argument"):
        ad.grad(zero)(np.cos(PLACES))


def test_a_pose_by_least_squares():
    """Functions of an optimizer are given arrays for reading alone, which SciPy's rotations do not take."""
    there = Rotation.from_rotvec([0.1, 0.2, 0.3]).apply(ROWS[0, :, :3]) + np.array([0.1, 0.0, 0.2])
    off = lambda q: (Rotation.from_rotvec(q[:3]).apply(ROWS[0, :, :3]) + q[3:] - there).ravel()
    np.testing.assert_allclose(ad.least_squares(off, np.zeros(6)).x, [0.1, 0.2, 0.3, 0.1, 0.0, 0.2], atol=1e-8)
