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
import scipy.special
import scipy.stats
from scipy_cases import SCIPY

import dragongrad as ad
from dragongrad.scipy import fft, integrate, interpolate, linalg, ndimage, signal, sparse, special, stats
from dragongrad.scipy.spatial import distance
from dragongrad.scipy.spatial.transform import Rotation

RNG = np.random.default_rng(3)
LINE, SQUARE, WEIGHTS = RNG.normal(size=9), RNG.normal(size=(4, 4)), RNG.normal(size=(2, 3))
POSITIVE, EYE, CHANCES = np.abs(LINE) + 0.5, np.eye(4), np.array([0.2, 0.5, 0.3])
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
    "complex single precision": (ndimage, lambda m, x: m.gaussian_filter(x, 1.0), np.complex64(TURNING)),
    "complex gradients": (ndimage, lambda m, x: m.gaussian_gradient_magnitude(x, 1.0), TURNING),
    "a rank that is true": (ndimage, lambda m, x: m.rank_filter(x, True, 3), SQUARE),
    "narrow places of spherical functions": (
        special, lambda m, x: np.stack([m.spherical_jn(2, x), m.spherical_in(1, x, True)]), np.float32(POSITIVE),
    ),
    "phase": (signal, lambda m, x: m.spectrogram(x, nperseg=8, mode="phase")[2], np.tile(LINE, 4)),
    "no piece beyond the end": (
        interpolate, lambda m, x: m.BSpline([0.0, 0, 0, 1, 2, 2, 2, 2], x[:5], 2)([0.5, 2.0, 2.5]), LINE,
    ),
    "one entry unknown": (
        sparse, lambda m, x: m.dia_array((x[None], [1]), shape=(9, 9)).tocsr().power(-0.5).toarray(), LINE,
    ),
    "one entry infinite": (
        sparse, lambda m, x: m.coo_array((x / 0.0, (np.arange(9) % 3, np.arange(9) // 4)), shape=(3, 4)).toarray(),
        POSITIVE,
    ),
    "a driver's vectors": (linalg, lambda m, x: m.eigh(x @ x.T, driver="ev")[1], SQUARE),
    "some vectors of two matrices": (
        linalg, lambda m, x: m.eigh(x @ x.T, 4 * EYE + x, subset_by_index=[1, 2])[1], SQUARE,
    ),
    "a number for a matrix": (linalg, lambda m, x: m.solve(x[0], LINE), LINE),
    "no points": (linalg, lambda m, x: m.fiedler(x[:0]), LINE),
    "an axis by its number": (fft, lambda m, x: m.fftn(x, axes=1), SQUARE),
    "half of one element": (fft, lambda m, x: m.irfft2(x[:, :1]), SQUARE),
    "half of one element of a Hermitian signal": (fft, lambda m, x: m.hfftn(x[:, :1]), SQUARE),
    "a type in an array": (fft, lambda m, x: m.dct(x, np.array(3)), LINE),
    "axes of a mean direction": (stats, lambda m, x: m.circmean(x, axis=1, keepdims=True), SQUARE),
    "axes of a variance of directions": (stats, lambda m, x: m.circvar(x, axis=0, keepdims=True), SQUARE),
    "all axes of a deviation of directions": (stats, lambda m, x: m.circstd(x, keepdims=True), SQUARE),
    "too few for a correction of the skewness": (stats, lambda m, x: m.skew(x[:2] ** 2, bias=False), LINE),
    "too few for a correction of the kurtosis": (stats, lambda m, x: m.kurtosis(x[:3], bias=False), LINE),
    "no degrees of freedom": (stats, lambda m, x: m.zscore(x[:3], ddof=3), LINE),
    "less than none": (stats, lambda m, x: m.variation(x[:3], ddof=4), LINE),
    "the error of one": (stats, lambda m, x: m.sem(x[:1], ddof=0), LINE),
    "the first moment": (stats, lambda m, x: m.moment(x, [1, 2], axis=1), SQUARE),
    "a narrow moment": (stats, lambda m, x: m.moment(x, 2, center=np.float64(0.3)), np.float32(LINE)),
    "a number for a sample": (stats, lambda m, x: m.gmean(x[0], keepdims=True), POSITIVE),
    "no entropy": (stats, lambda m, x: m.entropy(x[0], base=2.0), POSITIVE),
    "whole trials": (stats, lambda m, x: m.multinomial.mean(6.5, x), CHANCES),
    "no trials": (stats, lambda m, x: m.multinomial.mean(-1, x), CHANCES),
    "least degrees of freedom": (stats, lambda m, x: m.wishart.logpdf(3 * EYE, None, 4 * EYE + x @ x.T), SQUARE),
    "one degree of freedom": (stats, lambda m, x: m.multivariate_t.logpdf(x[0], x[1], 4 * EYE, None), SQUARE),
}  # fmt: skip
THEIRS = {
    module: getattr(scipy, module.__name__.removeprefix("dragongrad.scipy."))
    for module in (sparse, stats, signal, ndimage, linalg, fft, interpolate, special)
}


# SciPy and NumPy warn of too few numbers.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
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
    "several integrals": lambda x: integrate.quad(lambda t: x * np.array([t, t]), 0, 1),
    "a complex integral": lambda x: integrate.quad(lambda t: x * t * 1j, 0, 1),
    "a text for a limit": lambda x: integrate.quad(lambda t: x * t, 0, "1"),
    "no metric": lambda x: distance.cdist(SQUARE * x, SQUARE, None),
    "vectors of texts": lambda x: distance.cityblock(["a", "b"], LINE[:2] * x),
    "turning by complex numbers": lambda x: Rotation.from_rotvec(LINE[:3] * (x + 1j)),
    "a number for a rotation": lambda x: Rotation.from_rotvec(x),
    "a diagonal with a zero": lambda x: linalg.solve(np.diag([1.0, 0.0]) * x, LINE[:2], assume_a="diagonal"),
    "too few values for a diagonal": lambda x: linalg.solve(EYE * x, LINE[:1], assume_a="diagonal"),
    "a row for a triangle": lambda x: linalg.solve_triangular(SQUARE[:1] * x, LINE[:4]),
    "a row for a symmetric matrix": lambda x: linalg.pinvh(SQUARE[:1] * x),
    "orthogonal_procrustes": lambda x: linalg.orthogonal_procrustes(SQUARE * x, SQUARE[:, :2]),
    "subset_by_index": lambda x: linalg.eigh(SQUARE * x, subset_by_index=[2, 4]),
    "an axis twice": lambda x: fft.fftn(SQUARE * x, axes=(0, 0)),
    "an axis of cosines twice": lambda x: fft.dctn(SQUARE * x, axes=(1, -1)),
    "the cosine of a number": lambda x: fft.dct(x, n=3),
    "the order of fht": lambda x: fft.fht(LINE, 0.1, x),
    "fht of complex numbers": lambda x: fft.fht(LINE * (x + 1j), 0.1, 0.5),
    "a complex place": lambda x: stats.norm.logpdf(LINE * (x + 1j)),
    "a complex scale": lambda x: stats.gamma.cdf(POSITIVE, x, scale=1 + 1j),
    "no place": lambda x: stats.norm.logpdf(None, x),
    "a text for a place": lambda x: stats.norm(x).logpdf("0.5"),
    "texts for a sample": lambda x: stats.entropy(POSITIVE[:2] * x, ["0.5", "0.5"]),
    "a name that no parameter has": lambda x: stats.multivariate_normal.logpdf(LINE[:4] * x, covariance=2 * EYE),
    "a matrix for dirichlet": lambda x: stats.dirichlet.mean((SQUARE**2) * x),
    "too many counts": lambda x: stats.multinomial.logpmf([2, 3, 1], 6, np.array([1.0]) * x),
    "too few degrees of freedom": lambda x: stats.wishart.logpdf(EYE, 3 * x, EYE),
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
