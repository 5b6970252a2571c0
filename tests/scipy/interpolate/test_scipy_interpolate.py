"""`dragongrad.scipy.interpolate`: a table of cases times the properties that all of them have."""

import numpy as np
import pytest
import scipy.interpolate
from scipy_cases import case, properties

import dragongrad as ad
from dragongrad.scipy import interpolate
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(8)
X = np.cumsum(0.4 + RNG.random(6))
Y, YS = RNG.normal(size=6), RNG.normal(size=(2, 6, 3))
RISING = np.cumsum(0.1 + RNG.random(6))
AT = X[0] + (X[-1] - X[0]) * np.array([0.07, 0.31, 0.66, 0.93])
BEYOND = np.array([X[0] - 0.3, AT[1], X[-1] + 0.4])
ENDS = np.array([0.3, -0.4])
T, C = np.array([0.0, 0.0, 0.0, 0.8, 1.7, 3.0, 3.0, 3.0]), RNG.normal(size=(5, 2))
GRID = np.cumsum(0.5 + RNG.random(3)), np.cumsum(0.5 + RNG.random(4))
VALUES = RNG.normal(size=(3, 4, 2))
PLACES = np.stack([GRID[0][0] + np.array([0.2, 1.1]), GRID[1][0] + np.array([0.4, 1.7])], axis=-1)

POLYNOMIALS = {
    f"CubicSpline {bc}": case(lambda m, y, x, t, b=bc: m.CubicSpline(x, y, bc_type=b)(t), Y, X, BEYOND)
    for bc in ("not-a-knot", "clamped", "natural")
} | {
    "CubicSpline axis": case(lambda m, y, x, t: m.CubicSpline(x, y, axis=1)(t), YS, X, AT.reshape(2, 2)),
    "CubicSpline values": case(
        lambda m, y, x, v: m.CubicSpline(x, y, bc_type=((1, v[0]), (2, v[1])))(AT), Y, X, np.array([0.3, -0.4])
    ),
    "CubicSpline periodic": case(
        lambda m, y, t: m.CubicSpline(X, np.concatenate([y, y[:1]]), bc_type="periodic")(t), Y[:-1], BEYOND
    ),
    "CubicSpline periodic of three": case(
        lambda m, y, t: m.CubicSpline(X[:3], np.concatenate([y, y[:1]]), bc_type="periodic")(t), Y[:2], AT[:2]
    ),
    "CubicSpline of two": case(lambda m, y, x, t: m.CubicSpline(x, y)(t), Y[:2], X[:2], AT),
    "CubicSpline of three": case(lambda m, y, x, t: m.CubicSpline(x, y)(t), Y[:3], X[:3], AT),
    "CubicSpline of four": case(lambda m, y, x, t: m.CubicSpline(x, y)(t), Y[:4], X[:4], AT),
    "CubicSpline slope": case(lambda m, y, x, t: m.CubicSpline(x, y)(t, 1), Y, X, AT),
    "CubicSpline derivative": case(lambda m, y, x, t: m.CubicSpline(x, y).derivative(2)(t), Y, X, AT),
    "CubicSpline integral": case(lambda m, y, x, t: m.CubicSpline(x, y).integrate(t[0], t[1]), Y, X, AT),
    "CubicSpline antiderivative": case(lambda m, y, x, t: m.CubicSpline(x, y).antiderivative(2)(t), Y, X, AT),
    "CubicSpline outside": case(lambda m, y, x: m.CubicSpline(x, y, extrapolate=False)(AT), Y, X),
    "CubicHermiteSpline": case(lambda m, y, x, d, t: m.CubicHermiteSpline(x, y, d)(t), Y, X, YS[0, :, 0], AT),
    "PchipInterpolator": case(lambda m, y, x, t: m.PchipInterpolator(x, y)(t), Y, X, BEYOND),
    "PchipInterpolator rising": case(lambda m, y, x, t: m.PchipInterpolator(x, y)(t), RISING, X, AT),
    "PchipInterpolator axis": case(lambda m, y, t: m.PchipInterpolator(X, y, axis=1)(t), YS, AT),
    "PchipInterpolator of two": case(lambda m, y, x, t: m.PchipInterpolator(x, y)(t), Y[:2], X[:2], AT),
    "pchip_interpolate": case(lambda m, y, x, t: m.pchip_interpolate(x, y, t, der=1), RISING, X, AT),
    "Akima1DInterpolator": case(lambda m, y, x, t: m.Akima1DInterpolator(x, y)(t), Y, X, AT),
    "Akima1DInterpolator makima": case(
        lambda m, y, x, t: m.Akima1DInterpolator(x, y, method="makima")(t), RISING, X, AT
    ),
    "PPoly.from_spline": case(
        # SciPy's own raises in float32.
        lambda m, c, t: m.PPoly.from_spline((T, c, 2), False)(t),
        C[:, 0],
        np.array([0.3, 1.2, 2.9]),
        single=False,
    ),
    "basis_element": case(
        lambda m, t, x: m.BSpline.basis_element(t)(x), T[2:6], np.array([0.3, 1.2]), batches=False
    ),
    "UnivariateSpline antiderivative": case(
        lambda m, y, t: m.UnivariateSpline(X, y, s=0).antiderivative()(t), Y, AT, near=1e-9
    ),
    "PPoly": case(lambda m, c, x, t: m.PPoly(c, x)(t), RNG.normal(size=(3, 5, 2)), X, BEYOND),
}
SCATTER, OVER = RNG.normal(size=(7, 2)), RNG.normal(size=(3, 2))
WEIGHTS = np.array([1.0, 2.0, 0.5, 1.0, 1.5, 0.7])
INNER = X[[2, 3]] + 0.05
KNOTS = np.r_[[X[0] - 0.1] * 3, INNER[0], [X[-1] + 0.1] * 3]
FITTED = {
    f"RBFInterpolator {kernel}": case(
        lambda m, d, y, x, k=kernel: m.RBFInterpolator(y, d, kernel=k, epsilon=0.7)(x), RNG.normal(size=7), SCATTER,
        OVER, near=1e-8, rtol=1e-5, compiles=kernel == "gaussian",
    )
    for kernel in ("thin_plate_spline", "linear", "quintic", "multiquadric", "inverse_quadratic", "gaussian")
} | {
    "RBFInterpolator smoothing": case(
        lambda m, d, s: m.RBFInterpolator(SCATTER, d, smoothing=s, kernel="cubic", degree=2)(OVER),
        RNG.normal(size=(7, 2)), np.full(7, 0.3), near=1e-8, batches=False,
    ),
    "RectBivariateSpline": case(
        lambda m, z, x, p: m.RectBivariateSpline(x, GRID[1], z, kx=1)(p, GRID[1] + 0.1, dy=1), VALUES[..., 0],
        GRID[0], GRID[0][:2] + 0.2, near=1e-8,
    ),
    "RectBivariateSpline.ev": case(
        lambda m, z, p: m.RectBivariateSpline(GRID[1], X, z).ev(p[:, 0], p[:, 1]), RNG.normal(size=(4, 6)),
        np.stack([GRID[1][:2] + 0.1, X[2:4] + 0.1], axis=1), near=1e-8,
    ),
    "make_lsq_spline": case(
        lambda m, y, x, w, t: m.make_lsq_spline(x, y, KNOTS, k=2, w=w)(t), YS[0],
        X, WEIGHTS, AT, near=1e-8, batches=False,
    ),
    "make_smoothing_spline": case(
        lambda m, y, x, w: m.make_smoothing_spline(x, y, w, lam=0.3)(AT), Y, X, WEIGHTS, near=1e-8
    ),
    "InterpolatedUnivariateSpline": case(
        lambda m, y, x, t: m.InterpolatedUnivariateSpline(x, y, ext=3)(t), Y, X, AT, near=1e-8
    ),
    "UnivariateSpline": case(
        lambda m, y, t: (m.UnivariateSpline(X, y, k=5, s=0)(t), m.UnivariateSpline(X, y, s=0).integral(*t[::2])),
        Y, AT, near=1e-8,
    ),
    "LSQUnivariateSpline": case(
        lambda m, y, w: m.LSQUnivariateSpline(X, y, INNER[:1], w).derivatives(AT[1]), Y, WEIGHTS, near=1e-7
    ),
    "slope of what stays outside": case(
        lambda m, y: m.UnivariateSpline(X, y, s=0, ext=3).derivative()(BEYOND), Y, near=1e-8
    ),
    "splrep": case(lambda m, y, t: m.splev(t, m.splrep(X, y)), Y, AT, near=1e-8),
    "splrep knots": case(lambda m, y, w: m.splev(AT, m.splrep(X, y, w, t=INNER[:1])), Y, WEIGHTS, near=1e-8),
}  # fmt: skip
SPLINES = {
    "BSpline": case(lambda m, c, t, x: m.BSpline(t, c, 2)(x), C, T + np.arange(8) * 1e-2, AT / 2),
    "BSpline slope": case(lambda m, c, x: m.BSpline(T, c, 2)(x, 1), C, AT / 2),
    "BSpline integral": case(
        lambda m, c, b: (m.BSpline(T, c, 2).integrate(0.3, b), m.BSpline(T, c, 2).antiderivative()(b)), C,
        np.array(1.3),
    ),
    "BSpline outside": case(lambda m, c, x: m.BSpline(T, c, 2)(x), C, np.array([-0.3, 3.2])),
    "BSpline periodic": case(lambda m, c, x: m.BSpline(T, c, 2, extrapolate="periodic")(x), C, ENDS),
    "BSpline integral over periods": case(
        lambda m, c, a, b: m.BSpline(T, c, 2, extrapolate="periodic").integrate(a, b), C, np.array(-0.4),
        np.array(8.3),
    ),
    "PPoly integral over periods": case(
        lambda m, c, a, b: m.PPoly(c, T[2:6], "periodic").integrate(a, b), C[:4, [0, 1, 1]], np.array(5.2),
        np.array(-1.4),
    ),
    "PPoly along another axis": case(lambda m, c, x: m.PPoly(c, T[2:6], axis=1)(x), VALUES[:, :, [0, 1, 1]], ENDS),
    "PPoly of places that fall": case(
        lambda m, c, x: (m.PPoly(c, T[5:1:-1])(x), m.PPoly(c, T[5:1:-1], "periodic")(x, 1)), C[:4, [0, 1, 1]],
        np.array([-0.2, 1.1, 3.4]),
    ),
    "splev of a curve": case(
        lambda m, c, d, x: m.splev(x, (T, [c, d], 2), 1), C[:, 0], C[:, 1], AT / 2, near=1e-12
    ),
    "splev of a spline that moves": case(
        lambda m, y: m.splev(AT, m.make_interp_spline(X, y), 1), Y, near=1e-9, compiles=False
    ),
    "splev beyond": case(lambda m, c, x: [m.splev(x, (T, c, 2), 0, k) for k in (1, 3)], C[:, 0], 3 * AT - 1),
    "splev": case(lambda m, c, x: m.splev(x, (T, c, 2)), C[:, 0], AT / 2),
    "make_interp_spline natural": case(
        lambda m, y, x, t: m.make_interp_spline(x, y, bc_type="natural")(t), Y, X, AT, near=1e-8
    ),
    "make_interp_spline ends": case(
        lambda m, y, x, v: m.make_interp_spline(x, y, bc_type=([(1, v[0])], [(2, v[1])]))(AT), Y, X,
        ENDS, near=1e-8,
    ),
} | {
    f"make_interp_spline {k}": case(
        lambda m, y, x, t, k=k: m.make_interp_spline(x, y, k, axis=1)(t), YS, X, AT, near=1e-8
    )
    for k in (1, 2, 3, 5)
}  # fmt: skip
SQUARE = np.linspace(0.0, 1.0, 5)
GRIDS = {
    f"interp1d {kind}": case(
        lambda m, y, x, t, k=kind: m.interp1d(x, y, k)(t), Y, X, AT, near=1e-8, since=(1, 15 if kind == 4 else 14)
    )
    for kind in ("linear", "nearest", "previous", "next", "zero", "slinear", "quadratic", "cubic", 4)
} | {
    "interp1d axis": case(lambda m, y, t: m.interp1d(X, y, axis=1)(t), YS, AT),
    "interp1d unsorted": case(lambda m, y, x, t: m.interp1d(x, y)(t), Y, X[::-1].copy(), AT),
    "interp1d fill": case(
        lambda m, y, t: m.interp1d(X, y, bounds_error=False, fill_value=(1.0, 2.0))(t), Y, BEYOND
    ),
    "interp1d fill by places": case(
        lambda m, y, t: m.interp1d(X, y, axis=1, bounds_error=False, fill_value=[1.0, 2.0, 3.0])(t), YS, BEYOND
    ),
    "RegularGridInterpolator falling": case(
        lambda m, v, g, x: m.RegularGridInterpolator((g, GRID[1][::-1]), v)(x), VALUES, GRID[0][::-1].copy(), PLACES
    ),
    "interp1d extrapolate": case(lambda m, y, t: m.interp1d(X, y, fill_value="extrapolate")(t), Y, BEYOND),
    "RegularGridInterpolator": case(
        lambda m, v, g, h, x: m.RegularGridInterpolator((g, h), v)(x), VALUES, *GRID, PLACES
    ),
    "RegularGridInterpolator nearest": case(
        lambda m, v, x: m.RegularGridInterpolator(GRID, v, "nearest")(x), VALUES, PLACES
    ),
    "RegularGridInterpolator pieces": case(
        lambda m, v, g, h, x: m.RegularGridInterpolator((g, h), v, "slinear")(x), VALUES, *GRID, PLACES
    ),
    # SciPy iterates to a tolerance.
    "RegularGridInterpolator cubic": case(
        lambda m, v, x: m.RegularGridInterpolator((SQUARE, SQUARE), v, "cubic")(x, nu=(0, 1)),
        np.sin(np.arange(25.0)).reshape(5, 5), PLACES / 4, near=1e-3,
    ),
    "RegularGridInterpolator outside": case(
        lambda m, v, x: m.RegularGridInterpolator(GRID, v, bounds_error=False, fill_value=None)(x), VALUES,
        PLACES - 0.9,
    ),
    "RegularGridInterpolator fill": case(
        lambda m, v, x: m.RegularGridInterpolator(GRID, v, bounds_error=False, fill_value=3.0)(x), VALUES,
        PLACES - 0.9,
    ),
    "interpn": case(lambda m, v, x: m.interpn(GRID, v, x), VALUES, PLACES),
}  # fmt: skip
CASES = POLYNOMIALS | SPLINES | GRIDS | FITTED
globals().update(properties("interpolate", CASES))


def test_outside_is_nan():
    f = lambda t: interpolate.CubicSpline(X, Y, extrapolate=False)(t)
    assert np.isnan(ad.jvp(f, (BEYOND,), (BEYOND,))[0]).tolist() == [True, False, True]
    g = lambda t: interpolate.BSpline(T, C[:, 0], 2, extrapolate=False)(t)
    assert np.isnan(ad.jvp(g, (np.array([-1.0, 1.0]),), (np.ones(2),))[0]).tolist() == [True, False]


def test_values_at_the_places_themselves():
    for make in (interpolate.CubicSpline, interpolate.PchipInterpolator, interpolate.make_interp_spline):
        value, dot = ad.jvp(lambda y, make=make: make(X, y)(X), (Y,), (np.ones(6),))
        np.testing.assert_allclose(value, Y, atol=1e-12)
        np.testing.assert_allclose(dot, 1.0, atol=1e-12)


def test_a_number_gives_a_number():
    for f in (lambda t: interpolate.CubicSpline(X, Y)(t), lambda t: interpolate.interp1d(X, Y)(t)):
        assert np.shape(ad.grad(f)(AT[0])) == ()
        check_derivatives(f, AT[1])


@pytest.mark.parametrize(("f", "error"), [
    (lambda y: interpolate.CubicSpline(X[::-1], y)(1.0), ad.ArgumentError),
    (lambda y: interpolate.CubicSpline(X, y, bc_type="other")(1.0), ad.ArgumentError),
    (lambda y: interpolate.CubicSpline(X[:3], y)(1.0), ad.ShapeError),
    (lambda y: interpolate.interp1d(X, y)(X[-1] + 1), ad.OutOfBoundsError),
    (lambda y: interpolate.interp1d(X, y, "other")(X[0]), ad.ArgumentError),
    (lambda y: interpolate.PchipInterpolator(X, 1j * y)(X[0]), ad.DtypeError),
    (lambda y: interpolate.Akima1DInterpolator(X, 1j * y)(X[0]), ad.DtypeError),
    (lambda y: interpolate.RegularGridInterpolator((X,), y)([[X[-1] + 1]]), ad.OutOfBoundsError),
    (lambda y: interpolate.RegularGridInterpolator((X,), y, "pchip")([[X[2]]]), ad.NoRuleError),
    (lambda y: interpolate.RegularGridInterpolator((X[:3],), y[:3], "cubic")([[X[2]]]), ad.ArgumentError),
    (lambda y: interpolate.make_interp_spline(X, y, bc_type="periodic")(1.0), ad.NoRuleError),
    (lambda y: interpolate.UnivariateSpline(X, y), ad.NoRuleError),
    (lambda y: interpolate.UnivariateSpline(X, y, s=0, ext="raise")(X[-1] + 1), ad.OutOfBoundsError),
    (lambda y: interpolate.interp1d(X, y, fill_value=0.0)(X[-1] + 1), ad.OutOfBoundsError),
    (lambda y: interpolate.PPoly(y[None], X[[0, 1, 2, 3, 4, 5, 5]]).extend(y[:1, None], [9.0]), ad.NoRuleError),
    (lambda y: interpolate.interp1d(X, y, bounds_error=True, fill_value="extrapolate"), ad.ArgumentError),
    (lambda y: interpolate.BSpline(T, y, 2, axis=3), ad.DragongradError),
])  # fmt: skip
def test_what_cannot_be_is_an_error_that_names_the_line(f, error):
    with pytest.raises(error, match="test_scipy_interpolate"):
        ad.jvp(f, (Y,), (Y,))


def test_plain_interpolants_are_scipys():
    np.testing.assert_array_equal(interpolate.CubicSpline(X, Y)(AT), scipy.interpolate.CubicSpline(X, Y)(AT))
    np.testing.assert_array_equal(
        interpolate.RegularGridInterpolator(GRID, VALUES)(PLACES),
        scipy.interpolate.RegularGridInterpolator(GRID, VALUES)(PLACES),
    )


def test_other_names_of_a_class_are_scipys_of_plain_arrays():
    theirs, ours = scipy.interpolate, interpolate
    spline = ours.make_interp_spline(X, Y)
    np.testing.assert_array_equal(
        spline.insert_knot(AT[0])(AT), theirs.make_interp_spline(X, Y).insert_knot(AT[0])(AT)
    )
    # What it gives is one of ours again.
    np.testing.assert_allclose(ad.grad(lambda t: spline.insert_knot(AT[0])(t))(AT[1]), spline(AT[1], 1))
    np.testing.assert_array_equal(ours.CubicSpline(X, Y).roots(), theirs.CubicSpline(X, Y).roots())
    plain = ours.UnivariateSpline(X, Y, s=0.0), theirs.UnivariateSpline(X, Y, s=0.0)
    np.testing.assert_array_equal(plain[0].roots(), plain[1].roots())
    places = np.array([0.3, 1.2])
    made = (m.BSpline.design_matrix(places, T, 2).toarray() for m in (ours, theirs))
    np.testing.assert_array_equal(*made)
    for f, error, message in (
        (lambda y: spline.insert_knot(y[0]), ad.NoRuleError, "insert_knot has no derivative rule"),
        (lambda y: ours.BSpline.design_matrix(y, T, 2), ad.NoRuleError, "plain arrays"),
        (lambda y: ours.CubicSpline(X, y).roots(), ad.AbsentError, "of Variables has no 'roots'"),
        (lambda y: spline.other, ad.AbsentError, "has no 'other'"),
        (lambda y: ours.PPoly.other, ad.AbsentError, "has no 'other'"),
    ):
        with pytest.raises(error, match=rf"{message}(.|\n)*test_scipy_interpolate|test_scipy(.|\n)*{message}"):
            ad.jvp(f, (Y,), (Y,))


def test_what_smooths_by_a_tolerance_takes_plain_data_and_variable_places():
    smooth = interpolate.UnivariateSpline(X, Y, s=1.0)
    np.testing.assert_allclose(ad.jacobian(smooth)(AT).diagonal(), smooth.derivative()(AT))
    near = interpolate.RBFInterpolator(SCATTER, Y[[0, 1, 2, 3, 4, 5, 0]], neighbors=3)
    assert near(OVER).shape == (3,)
    for f in (near, lambda x: interpolate.UnivariateSpline(X, x[0, 0] * Y)(0.3),
              lambda x: interpolate.make_smoothing_spline(X, x[0, 0] * Y)(0.3),
              lambda x: interpolate.RectBivariateSpline(*GRID, VALUES[..., 0] * x[0, 0], s=1.0)):  # fmt: skip
        with pytest.raises(ad.NoRuleError, match=r"test_scipy_interpolate(.|\n)*(Write|Leave)"):
            ad.jacobian(f)(OVER)


@pytest.mark.parametrize("kind", ["linear", "nearest", "previous"])
def test_of_one_value_it_is_that(kind):
    f = lambda m, y: m.interp1d(np.array([1.0]), y, kind=kind)(1.0)
    value, slope = ad.jvp(lambda y: f(interpolate, y), (np.array([3.0]),), (np.array([2.0]),))
    assert value == f(scipy.interpolate, np.array([3.0])) == 3.0
    assert slope == 2.0


@pytest.mark.parametrize("kind", ["previous", "next", "nearest", "zero"])
def test_steps_beyond_the_ends(kind):
    f = lambda y: interpolate.interp1d(X, y, kind=kind, fill_value="extrapolate")(np.array([X[0] - 1, X[-1] + 1]))
    value, slope = ad.jvp(f, (Y,), (np.ones(Y.shape),))
    np.testing.assert_array_equal(value, f(Y))
    np.testing.assert_array_equal(slope, np.where(np.isnan(value), 0.0, 1.0))
