"""Options of SciPy's functions where Variables are among the arguments: they do what SciPy's do, or are refused."""

import numpy as np
import pytest
import scipy
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.signal
import scipy.sparse
import scipy.spatial.distance
import scipy.stats
from scipy_cases import SCIPY

import dragongrad as ad
from dragongrad.scipy import fft, integrate, interpolate, linalg, ndimage, signal, sparse, stats
from dragongrad.scipy.spatial import distance

RNG = np.random.default_rng(3)
LINE, SQUARE, WEIGHTS = RNG.normal(size=9), RNG.normal(size=(4, 4)), RNG.normal(size=(2, 3))
POSITIVE = np.abs(LINE) + 0.5
IMAGE = RNG.normal(size=(4, 5, 3))
TURNING = WEIGHTS + 1j * RNG.normal(size=(2, 3))
FOOT = np.array([[True, False, True], [False, True, True]])
HOMOGENEOUS = np.array([[1.0, 0.1, 0.2], [0.0, 0.9, 0.1], [0.0, 0.0, 1.0]])
APART = np.array([[-1.6, 4.4, 0.3], [5.2, -0.4, 1.2]])

# A function of a module and a point, and the first release of SciPy's that takes these options.
SAME = {
    "sparse dtype": (sparse, lambda m, x: m.diags([x], [0], dtype=np.float32).toarray(), LINE),
    "stack dtype": (sparse, lambda m, x: m.hstack([m.csr_array(x), m.csr_array(x)], dtype=np.complex128).toarray(),
                    SQUARE),
    "gmean dtype": (stats, lambda m, x: m.gmean(x, dtype=np.float32), POSITIVE),
    "hmean dtype": (stats, lambda m, x: m.hmean(x, dtype=np.float32), POSITIVE),
    "entropy beside a number": (stats, lambda m, x: m.entropy(x, 2.0), POSITIVE),
    "moments": (stats, lambda m, x: m.moment(x, [0, 2, 3]), SQUARE),
    "complex weights": (ndimage, lambda m, x: m.correlate(x, TURNING), SQUARE),
    "complex weights along one axis": (ndimage, lambda m, x: m.correlate1d(x, TURNING[0]), LINE),
    "complex weights backwards": (ndimage, lambda m, x: m.convolve1d(x, TURNING[0]), LINE),
    "nearest without prefilter": (
        ndimage, lambda m, x: m.map_coordinates(x, APART, mode="nearest", prefilter=False), SQUARE,
    ),
    "weights' axes": (ndimage, lambda m, x: m.correlate(x, WEIGHTS, axes=(2, 0), origin=(0, -1)), IMAGE, (1, 16)),
    "footprint's axes": (ndimage, lambda m, x: m.median_filter(x, footprint=FOOT, axes=(1, 0)), IMAGE),
    "sizes' axes": (ndimage, lambda m, x: m.maximum_filter(x, size=(2, 3), axes=(1, 0), origin=(0, 1)), IMAGE),
    "smoothed along all": (ndimage, lambda m, x: m.gaussian_gradient_magnitude(x, 0.7, axes=1), IMAGE, (1, 16)),
}  # fmt: skip
THEIRS = {
    module: getattr(scipy, module.__name__.removeprefix("dragongrad.scipy."))
    for module in (sparse, stats, signal, ndimage)
}


@pytest.mark.parametrize("name", [name for name, row in SAME.items() if row[3:] <= (SCIPY,)])
def test_an_option_does_what_scipys_does(name):
    module, f, x = SAME[name][:3]
    got, expected = ad.jvp(lambda x: f(module, x), (x,), (x,))[0], f(THEIRS[module], x)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-12)


def test_a_plot_is_given_the_response():
    seen = []
    ad.jvp(lambda b: signal.freqz(b, worN=4, plot=lambda w, h: seen.append((w, np.shape(h))))[1], (LINE,), (LINE,))
    assert [shape for _, shape in seen] == [(4,)]


REFUSED = {
    "logm": lambda x: linalg.logm(SQUARE @ SQUARE.T * x, disp=False),
    "sqrtm": lambda x: linalg.sqrtm(SQUARE @ SQUARE.T * x, disp=False),
    "solve_circulant": lambda x: linalg.solve_circulant(LINE * x, LINE, tol=1e-3),
    "lu_solve": lambda x: linalg.lu_solve(linalg.lu_factor(SQUARE * x), LINE[:4], trans=3),
    "pinv": lambda x: linalg.pinv(SQUARE * x, rtol=-1.0),
    "lstsq": lambda x: linalg.lstsq(SQUARE * x, LINE[:4], lapack_driver="best"),
    "eigh": lambda x: linalg.eigh(SQUARE * x, driver="best"),
    "eigvalsh": lambda x: linalg.eigvalsh(SQUARE * x, driver="best"),
    "eigh_tridiagonal": lambda x: linalg.eigh_tridiagonal(LINE * x, LINE[1:], lapack_driver="best"),
    "svd": lambda x: linalg.svd(SQUARE * x, lapack_driver="best"),
    "expm_frechet": lambda x: linalg.expm_frechet(SQUARE * x, SQUARE, method="best"),
    "romb": lambda x: integrate.romb(LINE * x, show=True),
    "welch": lambda x: signal.welch(LINE * x, fs=-1.0),
    "upfirdn": lambda x: signal.upfirdn(LINE, LINE * x, down=0),
    "fft": lambda x: fft.fft(LINE * x, plan="mine"),
    "rfftn": lambda x: fft.rfftn(SQUARE * x, plan="mine"),
    "dct": lambda x: fft.dct(LINE * x, n=-1),
    "make_smoothing_spline": lambda x: interpolate.make_smoothing_spline(np.arange(9.0), LINE * x, lam=-1.0)(0.5),
    "make_lsq_spline": lambda x: interpolate.make_lsq_spline(
        np.arange(9.0), LINE * x, [0.0, 0.0, 8.0, 8.0], 1, method="best"
    )(0.5),
    "splev": lambda x: interpolate.splev(0.5, interpolate.splrep(np.arange(9.0), LINE * x), der=4),
    "splrep": lambda x: interpolate.splrep(np.arange(9.0), LINE * x, task=-1)[1],
    "squareform": lambda x: distance.squareform(SQUARE * x),
    "squareform of a vector": lambda x: distance.squareform(LINE[:6] * x, "tovector"),
    "moment": lambda x: stats.moment(LINE * x, 0.5),
    "entropy": lambda x: stats.entropy(POSITIVE * x, base=-2.0),
    "whole numbers": lambda x: ndimage.uniform_filter(SQUARE * x, output=np.int64),
    "last row": lambda x: ndimage.affine_transform(SQUARE * x, HOMOGENEOUS[[0, 1, 0]]),
    "spline_filter": lambda x: ndimage.spline_filter(SQUARE * x, 1),
    "spline_filter1d": lambda x: ndimage.spline_filter1d(SQUARE * x, mode="other"),
    "radius": lambda x: ndimage.gaussian_filter(SQUARE * x, 1.0, radius=0.5),
    "size and footprint": lambda x: ndimage.maximum_filter(SQUARE * x, 3, footprint=np.ones((3, 3))),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_ignored_is_refused(name):
    with pytest.raises(ad.DragongradError, match="test_scipy_options"):
        ad.jvp(REFUSED[name], (1.0,), (1.0,))


def test_a_symmetric_matrix_of_distances_passes_its_check():
    f = lambda x: distance.squareform(distance.cdist(x, x))
    expected = scipy.spatial.distance.pdist(SQUARE)
    compiled = ad.compile(lambda x: np.sum(f(x)))
    for g in (lambda x: np.sum(f(x)), compiled, compiled):
        np.testing.assert_allclose(g(SQUARE), np.sum(expected))
    np.testing.assert_allclose(ad.vmap(f)(np.stack([SQUARE, 2 * SQUARE])), [expected, 2 * expected])
    np.testing.assert_allclose(distance.squareform(SQUARE, checks=False), ad.jvp(
        lambda x: distance.squareform(x, checks=False), (SQUARE,), (SQUARE,))[0])  # fmt: skip
