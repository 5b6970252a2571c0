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
    "gaussian_filter": case(lambda m, x, s: m.gaussian_filter(x, s), X, S, single=False, since=(1, 15)),
    "gaussian_filter plain": case(lambda m, x: m.gaussian_filter(x, (0.7, 1.1), mode="nearest"), X),
    "gaussian_filter order": case(lambda m, x, s: m.gaussian_filter(x, s, order=(1, 2), truncate=2.0), X, S,
                                  single=False, since=(1, 15)),
    "gaussian_filter1d": case(lambda m, x, s: m.gaussian_filter1d(x, s, order=3, radius=3), X, S, single=False),
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
        lambda m, x, c, k=mode, o=order: m.map_coordinates(x, c, order=o, mode=k, cval=0.7), X, AT, single=False
    )
    for mode in ("constant", "nearest", "mirror", "reflect", "wrap", "grid-wrap")
    for order in (0, 1, 2, 3, 5)
} | {
    "map_coordinates bare": case(lambda m, x, c: m.map_coordinates(x, c, prefilter=False), X, AT, single=False),
    "spline_filter": case(lambda m, x: m.spline_filter(x), X, single=False),
    "spline_filter1d": case(lambda m, x: m.spline_filter1d(x, 4, axis=0), X, single=False),
    "affine_transform": case(
        lambda m, x, a, o: m.affine_transform(x, a, o, mode="nearest"), X, np.array([[0.91, 0.21], [-0.12, 1.07]]),
        np.array([0.153, -0.317]), single=False,
    ),
    "affine_transform diagonal": case(
        lambda m, x, a: m.affine_transform(x, a, 0.23, output_shape=(3, 3), order=1), X, np.array([0.9, 1.1]),
        single=False, since=(1, 15),
    ),
    "affine_transform whole": case(
        lambda m, x, a: m.affine_transform(x, a, order=2), X, np.array([[0.91, 0.21, 0.13], [-0.12, 1.07, 0.2]]),
        single=False,
    ),
    "shift": case(lambda m, x, s: m.shift(x, s, mode="mirror"), X, np.array([0.4, -1.3]), single=False),
    "shift of one": case(lambda m, x, s: m.shift(x, s, order=1), LINE, np.array(0.4), single=False, since=(1, 15)),
    "zoom": case(lambda m, x: m.zoom(x, (2, 1.5), mode="nearest"), X, single=False),
    "zoom grid": case(lambda m, x: m.zoom(x, 1.6, order=1, mode="grid-wrap", grid_mode=True), X, single=False),
    "rotate": case(lambda m, x, a: m.rotate(x, a, reshape=False, mode="reflect"), X, ANGLE, single=False),
    "rotate larger": case(lambda m, x: m.rotate(x, 30.0, order=1), X, single=False),
    "center_of_mass": case(lambda m, x: m.center_of_mass(x * x), X, single=False),
}  # fmt: skip
CASES = FILTERS | RANKS | MOVING
globals().update(properties("ndimage", CASES))


def test_images_of_one_element():
    for f in (ndimage.gaussian_filter1d, ndimage.uniform_filter1d):
        check_derivatives(lambda x, f=f: f(x, 1), np.array([1.5]))
    check_derivatives(lambda x: ndimage.shift(x, 0.0, mode="mirror"), np.array([1.5]))


def test_a_volume_is_turned_plane_by_plane():
    x = RNG.normal(size=(3, 4, 2))
    f = lambda x: ndimage.rotate(x, 20.0, reshape=False)
    np.testing.assert_allclose(ad.jvp(f, (x,), (x,))[0], scipy.ndimage.rotate(x, 20.0, reshape=False), atol=1e-12)


@pytest.mark.parametrize(("f", "error"), [
    (lambda x: ndimage.correlate1d(x, W, mode="other"), ad.ArgumentError),
    (lambda x: ndimage.correlate1d(x, W, origin=3), ad.ArgumentError),
    (lambda x: ndimage.correlate(x, W), ad.ShapeError),
    (lambda x: ndimage.map_coordinates(x, AT[:1]), ad.ShapeError),
    (lambda x: ndimage.map_coordinates(x, AT, order=7), ad.ArgumentError),
    (lambda x: ndimage.map_coordinates(x, AT, mode="grid-constant"), ad.NoRuleError),
    (lambda x: ndimage.zoom(x, x[0, 0]), ad.NoRuleError),
    (lambda x: ndimage.rotate(x, x[0, 0]), ad.NoRuleError),
    (lambda x: ndimage.gaussian_filter(x, 1.0, output=np.zeros((4, 5))), ad.NoRuleError),
    (lambda x: ndimage.median_filter(x), ad.ArgumentError),
    (lambda x: ndimage.rank_filter(x, 9, 3), ad.ArgumentError),
    (lambda x: ndimage.label(x), ad.NoRuleError),
])  # fmt: skip
def test_what_cannot_be_is_an_error_that_names_the_line(f, error):
    with pytest.raises(error, match="test_scipy_ndimage"):
        ad.jvp(f, (X,), (X,))
