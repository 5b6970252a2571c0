"""`dragongrad.scipy.ndimage`: a table of cases times the properties that all of them have."""

import numpy as np
import pytest
import scipy.ndimage
from scipy_cases import case, properties

import dragongrad as ad
from dragongrad.scipy import ndimage
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(9)
X = RNG.normal(size=(4, 5))
LINE = RNG.normal(size=7)
W, EVEN = RNG.normal(size=3), RNG.normal(size=4)
KERNEL = RNG.normal(size=(2, 3))
S = np.array(0.8)
MODES = ("reflect", "constant", "nearest", "mirror", "wrap")
AT = np.array([[0.3, 1.6, 2.2, -0.7], [0.8, 3.1, 2.6, 4.45]])
ANGLE = np.array(17.0)


def second(x, axis, output, mode, cval, m):
    """A second difference by a module's own function."""
    return m.correlate1d(x, [1, -2, 1], axis, output, mode, cval)


FILTERS = {
    f"correlate1d {mode}": case(lambda m, x, w, k=mode: m.correlate1d(x, w, mode=k, cval=1.5), X, W)
    for mode in MODES
} | {
    "correlate1d even": case(lambda m, x, w: m.correlate1d(x, w, axis=0, origin=-1), X, EVEN),
    "convolve1d": case(lambda m, x, w: m.convolve1d(x, w), X, W),
    "convolve1d even": case(lambda m, x, w: m.convolve1d(x, w, origin=1), X, EVEN),
    "correlate": case(lambda m, x, w: m.correlate(x, w), X, KERNEL),
    "correlate origin": case(lambda m, x, w: m.correlate(x, w, mode="constant", cval=2, origin=(0, 1)), X, KERNEL),
    "convolve": case(lambda m, x, w: m.convolve(x, w, mode="mirror"), X, KERNEL),
    "convolve origin": case(lambda m, x, w: m.convolve(x, w, mode="wrap", origin=(-1, 1)), X, KERNEL),
    "uniform_filter": case(lambda m, x: m.uniform_filter(x, (2, 3)), X),
    "uniform_filter1d": case(lambda m, x: m.uniform_filter1d(x, 4, axis=0, origin=1), X),
    "gaussian_filter": case(lambda m, x, s: m.gaussian_filter(x, s), X, S, since=(1, 15)),
    "gaussian_filter plain": case(lambda m, x: m.gaussian_filter(x, (0.7, 1.1), mode="nearest"), X),
    "gaussian_filter order": case(lambda m, x, s: m.gaussian_filter(x, s, order=(1, 2), truncate=2.0), X, S,
                                  since=(1, 15)),
    "gaussian_filter1d": case(lambda m, x, s: m.gaussian_filter1d(x, s, order=3, radius=3), X, S),
    "sobel": case(lambda m, x: m.sobel(x, 0), X),
    "prewitt": case(lambda m, x: m.prewitt(x, mode="constant"), X),
    "laplace": case(lambda m, x: m.laplace(x), X),
    "gaussian_laplace": case(lambda m, x: m.gaussian_laplace(x, 0.8), X),
    "gaussian_gradient_magnitude": case(lambda m, x: m.gaussian_gradient_magnitude(x, 0.8), X),
}  # fmt: skip
CROSS = np.array([[0, 1, 0], [1, 1, 1]])
RANKS = {
    "maximum_filter": case(lambda m, x: m.maximum_filter(x, 3), X),
    "maximum_filter footprint": case(lambda m, x: m.maximum_filter(x, footprint=CROSS, mode="constant"), X),
    "minimum_filter": case(lambda m, x: m.minimum_filter(x, (2, 3), origin=(0, -1), mode="nearest"), X),
    "maximum_filter1d": case(lambda m, x: m.maximum_filter1d(x, 4, axis=0, origin=1), X),
    "minimum_filter1d": case(lambda m, x: m.minimum_filter1d(x, 3, mode="wrap"), X),
    "rank_filter": case(lambda m, x: m.rank_filter(x, -2, 3), X),
    "median_filter": case(lambda m, x: m.median_filter(x, (2, 3)), X),
    "percentile_filter": case(lambda m, x: m.percentile_filter(x, 30, footprint=CROSS, origin=(-1, 0)), X),
}
MOVING = {
    f"map_coordinates {mode} {order}": case(
        lambda m, x, c, k=mode, o=order: m.map_coordinates(x, c, order=o, mode=k, cval=0.7), X, AT
    )
    for mode in ("constant", "nearest", "mirror", "reflect", "wrap", "grid-wrap")
    for order in (0, 1, 2, 3, 5)
} | {
    "on a grid": case(lambda m, x, c: m.map_coordinates(x, c, mode="grid-constant", cval=0.7), X, AT),
    "zoom of a grid": case(lambda m, x: m.zoom(x, 1.6, grid_mode=True, mode="grid-constant", cval=0.7), X),
    "map_coordinates bare": case(lambda m, x, c: m.map_coordinates(x, c, prefilter=False), X, AT),
    "spline_filter": case(lambda m, x: m.spline_filter(x), X),
    "spline_filter1d": case(lambda m, x: m.spline_filter1d(x, 4, axis=0), X),
    "affine_transform": case(
        lambda m, x, a, o: m.affine_transform(x, a, o, mode="nearest"), X, np.array([[0.91, 0.21], [-0.12, 1.07]]),
        np.array([0.153, -0.317]),
    ),
    "affine_transform diagonal": case(
        lambda m, x, a: m.affine_transform(x, a, 0.23, output_shape=(3, 3), order=1), X, np.array([0.9, 1.1]),
        since=(1, 15),
    ),
    "affine_transform whole": case(
        lambda m, x, a: m.affine_transform(x, a, order=2), X, np.array([[0.91, 0.21, 0.13], [-0.12, 1.07, 0.2]]),
    ),
    "shift": case(lambda m, x, s: m.shift(x, s, mode="mirror"), X, np.array([0.4, -1.3])),
    "shift of one": case(lambda m, x, s: m.shift(x, s, order=1), LINE, np.array(0.4), since=(1, 15)),
    "zoom": case(lambda m, x: m.zoom(x, (2, 1.5), mode="nearest"), X),
    "zoom grid": case(lambda m, x: m.zoom(x, 1.6, order=1, mode="grid-wrap", grid_mode=True), X),
    "rotate": case(lambda m, x, a: m.rotate(x, a, reshape=False, mode="reflect"), X, ANGLE),
    "rotate larger": case(lambda m, x: m.rotate(x, 30.0, order=1), X),
    # Places on the border of the image, to the last bit.
    "rotate by right angles": case(
        lambda m, x: [m.rotate(x, angle, order=k, mode=how) for angle, k, how in
                      ((90, 1, "constant"), (180.0, 3, "wrap"), (270, 0, "constant"))], X,
    ),
    "rotate by half of one": case(lambda m, x: m.rotate(x, 45, order=0), X[:, :4]),
    "affine_transform by thirds": case(
        lambda m, x: (m.affine_transform(x, [1 / 3, 0.7], 0.3, order=0),
                      m.affine_transform(x, [[0.1, 0.5], [1.0, 0.2]], [0.5, 1.3], order=1)), X,
    ),
    "center_of_mass": case(lambda m, x: m.center_of_mass(x * x), X),
}  # fmt: skip
LABELS = np.array([[1, 1, 0, 7, 7], [1, -2, -2, 7, 0], [3, 3, 0, 0, 0], [3, 3, 3, 9, 9]])
PARTS = {
    name: case(lambda m, x, n=name: getattr(m, n)(x, LABELS, [3, 7, -2, 1]), X)
    for name in ("sum_labels", "variance", "minimum", "median")
} | {
    "sum of all": case(lambda m, x: m.sum(x), X),
    "mean of one": case(lambda m, x: m.mean(x, LABELS, 7), X),
    "mean of parts": case(lambda m, x: m.mean(x, LABELS[:1], np.array([[1, 7], [0, 1]])), X),
    "standard_deviation": case(lambda m, x: m.standard_deviation(x, LABELS), X),
    "maximum of one": case(lambda m, x: m.maximum(x, LABELS), X),
    "extrema": case(lambda m, x: m.extrema(x, LABELS, [1, 3])[:2], X),
    "center of parts": case(lambda m, x: m.center_of_mass(x * x, LABELS, [1, 7]), X),
}
HEIGHTS = np.array([[0.11, 0.32, 0.53], [0.23, 0.41, 0.05]])
FREQUENCIES = np.fft.rfftn(X)
GREY = {
    "grey_erosion": case(lambda m, x, s: m.grey_erosion(x, structure=s, mode="constant", cval=0.2), X, HEIGHTS),
    "grey_dilation": case(lambda m, x, s: m.grey_dilation(x, None, CROSS, s, origin=(0, 1)), X, HEIGHTS),
    "grey_opening": case(lambda m, x: m.grey_opening(x, (2, 3)), X, order=1),
    "black_tophat": case(lambda m, x: m.black_tophat(x, footprint=CROSS), X, order=1),
    "morphological_gradient": case(lambda m, x: m.morphological_gradient(x, 3), X),
    "fourier_gaussian": case(lambda m, x, s: m.fourier_gaussian(x, s, n=5), FREQUENCIES, np.array([0.7, 1.2])),
    "fourier_uniform": case(lambda m, x, s: m.fourier_uniform(x, s), X, np.array([1.7, 2.2])),
    "fourier_ellipsoid": case(lambda m, x, s: m.fourier_ellipsoid(x, s), X, np.array([1.7, 2.2])),
    "fourier_shift": case(lambda m, x, s: m.fourier_shift(x, s), FREQUENCIES, np.array([0.3, -1.2])),
    "generic_laplace": case(lambda m, x: m.generic_laplace(x, second, extra_arguments=(m,)), X),
    "generic_gradient_magnitude": case(
        lambda m, x: m.generic_gradient_magnitude(x, second, extra_keywords={"m": m}), X
    ),
}  # fmt: skip
CASES = FILTERS | RANKS | MOVING | PARTS | GREY
globals().update(properties("ndimage", CASES))


def test_images_of_one_element():
    for f in (ndimage.gaussian_filter1d, ndimage.uniform_filter1d):
        check_derivatives(lambda x, f=f: f(x, 1), np.array([1.5]))
    check_derivatives(lambda x: ndimage.shift(x, 0.0, mode="mirror"), np.array([1.5]))


def test_a_volume_is_turned_plane_by_plane():
    x = RNG.normal(size=(3, 4, 2))
    f = lambda x: ndimage.rotate(x, 20.0, reshape=False)
    np.testing.assert_allclose(ad.jvp(f, (x,), (x,))[0], scipy.ndimage.rotate(x, 20.0, reshape=False), atol=1e-12)


def test_a_label_without_elements_counts_nothing():
    f = lambda x: (ndimage.sum(x, LABELS, [5, 1]), ndimage.minimum(x, LABELS, [5, 1]))
    sums, least = ad.jacobian(f)(X)
    assert not sums[0].any()
    assert not least[0].any()
    np.testing.assert_array_equal(sums[1], LABELS == 1)
    got, expected = (
        ad.jvp(f, (X,), (X,))[0],
        [g(X, LABELS, [5, 1]) for g in (scipy.ndimage.sum, scipy.ndimage.minimum)],
    )
    np.testing.assert_allclose(got, expected)


def test_places_of_extremes_are_whole_numbers():
    wanted = scipy.ndimage.extrema(X, LABELS, [1, 3])
    compiled = ad.compile(lambda x: ndimage.extrema(x, LABELS, [1, 3]))
    for f in (lambda x: ad.jvp(lambda x: ndimage.extrema(x, LABELS, [1, 3]), (x,), (x,))[0], compiled, compiled):
        np.testing.assert_array_equal(f(X)[2], wanted[2])
        np.testing.assert_array_equal(f(X)[3], wanted[3])


@pytest.mark.parametrize(("f", "error"), [
    (lambda x: ndimage.correlate1d(x, W, mode="other"), ad.ArgumentError),
    (lambda x: ndimage.correlate1d(x, W, origin=3), ad.ArgumentError),
    (lambda x: ndimage.correlate(x, W), ad.ShapeError),
    (lambda x: ndimage.map_coordinates(x, AT[:1]), ad.ShapeError),
    (lambda x: ndimage.map_coordinates(x, AT, order=7), ad.ArgumentError),
    (lambda x: ndimage.map_coordinates(x, AT, mode="other"), ad.ArgumentError),
    (lambda x: ndimage.rotate(x[0], 30.0), ad.ArgumentError),
    (lambda x: ndimage.rotate(x[0, 0], 30.0), ad.ArgumentError),
    (lambda x: ndimage.maximum_filter(x + 1j, 3), ad.DtypeError),
    (lambda x: ndimage.median_filter(x, 2.5), ad.ArgumentError),
    (lambda x: ndimage.zoom(x, x[0, 0]), ad.NoRuleError),
    (lambda x: ndimage.rotate(x, x[0, 0]), ad.NoRuleError),
    (lambda x: ndimage.gaussian_filter(x, 1.0, output=np.zeros((4, 5))), ad.NoRuleError),
    (lambda x: ndimage.median_filter(x), ad.ArgumentError),
    (lambda x: ndimage.rank_filter(x, 9, 3), ad.ArgumentError),
    (lambda x: ndimage.label(x), ad.NoRuleError),
    (lambda x: ndimage.mean(x, LABELS[:3]), ad.ShapeError),
    (lambda x: ndimage.mean(x, x), ad.NoRuleError),
    (lambda x: ndimage.median(x, LABELS, [1, 5]), ad.ArgumentError),
    (lambda x: ndimage.minimum(x, LABELS, 5), ad.ArgumentError),
    (lambda x: ndimage.grey_erosion(x), ad.ArgumentError),
    (lambda x: ndimage.grey_dilation(x, structure=HEIGHTS, footprint=np.ones((3, 3))), ad.ArgumentError),
    (lambda x: ndimage.generic_filter(x, np.max, 3), ad.NoRuleError),
    (lambda x: ndimage.binary_erosion(x), ad.NoRuleError),
])  # fmt: skip
def test_what_cannot_be_is_an_error_that_names_the_line(f, error):
    with pytest.raises(error, match="test_scipy_ndimage"):
        ad.jvp(f, (X,), (X,))


def test_a_centre_of_mass_is_of_the_image_that_is_spread_over_labels():
    labels = np.array([[1, 2, 0], [1, 2, 2]])
    for x in (np.arange(3.0) + 1, np.ones((1, 3)), np.ones((2, 1))):
        for index in (None, 1, [1, 2]):
            f = lambda m, x, i=index: np.array(m.center_of_mass(x, labels, i))
            value = ad.jvp(lambda x, f=f: f(ndimage, x), (x,), (x,))[0]
            np.testing.assert_allclose(value, f(scipy.ndimage, x))
    with pytest.raises(ad.ShapeError, match="test_scipy_ndimage"):
        ad.grad(lambda x: ndimage.center_of_mass(x, labels)[0])(2.0)


@pytest.mark.parametrize("name", ["gaussian_filter", "uniform_filter", "maximum_filter", "convolve", "laplace"])
def test_filters_of_nothing(name):
    args = {"laplace": (), "convolve": (np.ones((3, 3)),)}.get(name, (3,))
    for shape in ((0, 3), (3, 0)):
        value, bar = ad.value_and_grad(lambda x: np.sum(getattr(ndimage, name)(x, *args)))(np.zeros(shape))
        assert (value, bar.shape) == (0.0, shape)
        assert (
            ad.jvp(lambda x: getattr(ndimage, name)(x, *args), (np.zeros(shape),) * 1, (np.zeros(shape),))[0].shape
            == shape
        )
