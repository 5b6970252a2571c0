"""The same calls on plain arrays: values, dtypes and errors are SciPy's, and so are signatures and attributes."""

import inspect
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pytest

import dragongrad
from dragongrad.scipy import interpolate, stats

X, Y = np.arange(6.0), np.array([0.3, 1.0, -0.4, 2.0, 1.1, 0.2])
C = np.arange(24.0).reshape(3, 2, 4) % 7


def again(made, do):
    """What is changed in place."""
    do(made)
    return made


@dataclass
class Growth:
    """One of its fields has no value yet."""

    rate: float
    found: float

    def __init__(self, rate):
        self.rate = rate

    def at(self, t):
        return self.rate * t


# A function of a module and its name; SciPy's may raise.
CALLS = {
    "integral over periods": ("interpolate", lambda m: m.make_interp_spline(X, Y).antiderivative().integrate(0, 9)),
    "antiderivative of a period": (
        "interpolate", lambda m: m.BSpline(X, Y[:3], 2, "periodic").antiderivative()(np.array([-1.0, 2.5, 9.0])),
    ),
    "coefficients of a slope": ("interpolate", lambda m: m.BSpline(X, Y, 2).derivative().c),
    "knots that fall": ("interpolate", lambda m: m.BSpline(-X, Y, 2)),
    "knots that are not finite": ("interpolate", lambda m: m.BSpline(X / 0.0, Y, 2)),
    "degree in between": ("interpolate", lambda m: m.BSpline(X, Y, 2.5)),
    "spline of polynomials": ("interpolate", lambda m: m.BSpline.from_power_basis(m.CubicSpline(X, Y)).c),
    "read-only": ("interpolate", lambda m: again(m.BSpline(X, Y, 2), lambda s: setattr(s, "tck", 1))),
    "polynomials along another axis": ("interpolate", lambda m: m.PPoly(C, X[:5], axis=1).c),
    "places in no order": ("interpolate", lambda m: m.PPoly(C[:, :, 0], X[[0, 2, 1]])),
    "periods of polynomials": ("interpolate", lambda m: m.PPoly(C[:, :, 0], X[:3], "periodic").integrate(-3, 8.5)),
    "extended": (
        "interpolate", lambda m: again(m.PPoly(C[:, :, 0], X[:3]), lambda p: p.extend(C[:, :, 1], X[3:5])).c
    ),
    "no extension": ("interpolate", lambda m: m.Akima1DInterpolator(X, Y).extend(C[:, :, 1], X[3:5])),
    "another fill value": (
        "interpolate",
        lambda m: again(m.interp1d(X, Y, bounds_error=False), lambda f: setattr(f, "fill_value", 3.0))([-1.0, 2.0]),
    ),
    "attributes of a line": ("interpolate", lambda m: m.interp1d(X, C[0, 0, 0] + np.stack([Y, Y]), axis=1).y),
    "values with gaps": ("interpolate", lambda m: m.interp1d(X, Y / (X != 2), "slinear")([0.5, 4.5])),
    "grid that falls": ("interpolate", lambda m: m.RegularGridInterpolator((X[::-1],), Y)([[1.2]])),
    "attributes of a grid": (
        "interpolate",
        lambda m: again(m.RegularGridInterpolator((X,), Y, bounds_error=False),
                        lambda f: setattr(f, "fill_value", None))([[7.0]]),
    ),
    "grid in no order": ("interpolate", lambda m: m.RegularGridInterpolator((X[[0, 2, 1, 3, 4, 5]],), Y)),
    "fill value of another kind": ("interpolate", lambda m: m.RegularGridInterpolator((X,), Y, fill_value="a")),
    "another smoothing": (
        "interpolate",
        lambda m: again(m.UnivariateSpline(X, Y, k=2), lambda s: s.set_smoothing_factor(0.1))(np.array([0.5, 9.0])),
    ),
    "slope outside": ("interpolate", lambda m: m.UnivariateSpline(X, Y, ext=3).derivative()([-1.0, 9.0])),
    "combinations in whole numbers": ("special", lambda m: m.comb(100, 50, exact=True)),
    "permutations in whole numbers": ("special", lambda m: m.perm(5, 2, exact=True)),
    "combinations of half a thing": ("special", lambda m: m.comb(0.5, 1, exact=True)),
    "factorials in whole numbers": ("special", lambda m: m.factorial([1, 5], exact=True)),
    "slopes of a harmonic": ("special", lambda m: m.sph_harm_y(2, 1, 0.3, 0.2, diff_n=1)[1]),
    "a part that is written": (
        "spatial.transform",
        lambda m: again(m.Rotation.from_rotvec(C[0].T[:, [0, 1, 1]]),
                        lambda r: r.__setitem__(slice(2), m.Rotation.identity(2))).as_quat(),
    ),
    "a single rotation": ("spatial.transform", lambda m: [f(m.Rotation.identity()) for f in (bool, repr)]),
    "the length of a single rotation": ("spatial.transform", lambda m: len(m.Rotation.identity())),
    "turns of no rotations": ("spatial.transform", lambda m: m.Slerp([0, 1], [[0, 0, 0, 1], [0, 0, 0, 1]])),
    "turns at times in no order": ("spatial.transform", lambda m: m.Slerp([1, 0], m.Rotation.identity(2))),
    "samples of another bandwidth": (
        "stats", lambda m: again(m.gaussian_kde(C[0]), lambda k: k.set_bandwidth(0.3)).covariance,
    ),
    "samples that are read once more": ("stats", lambda m: m.gaussian_kde(C[0]).marginal(0)(0.3)),
    "random vectors": (
        "stats",
        lambda m: again(m.multivariate_normal, lambda d: setattr(d, "random_state", 3)).rvs([0, 0], np.eye(2)),
    ),
    "an integral of a method": ("integrate", lambda m: m.quad(Growth(2.0).at, 0, 1)),
}  # fmt: skip


def answer(f, module):
    """What a call gives, or raises."""
    try:
        return f(module)
    except Exception as error:
        return error


@pytest.mark.parametrize("name", CALLS)
def test_plain_calls_are_scipys(name):
    part, f = CALLS[name]
    ours, theirs = import_module(f"dragongrad.scipy.{part}"), import_module(f"scipy.{part}")
    with np.errstate(all="ignore"):
        expected, value = answer(f, theirs), answer(f, ours)
    if isinstance(expected, Exception):
        assert isinstance(value, type(expected)), value
        return
    assert np.asarray(value).dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(value, expected)


PARTS = (
    "fft", "integrate", "interpolate", "linalg", "ndimage", "signal", "sparse", "sparse.linalg", "special", "stats",
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_signatures_are_scipys(part):
    ours, theirs = import_module(f"dragongrad.scipy.{part}"), import_module(f"scipy.{part}")
    public = dir(ours) if part == "special" else ours.__all__
    names = [n for n in public if inspect.isfunction(getattr(ours, n)) and hasattr(theirs, n)]
    assert names
    for name in names:
        own = inspect.signature(getattr(theirs, name)).parameters
        assert list(inspect.signature(getattr(ours, name)).parameters) == list(own), name


def test_what_was_changed_in_place_moves():
    spline = interpolate.UnivariateSpline(X, Y, k=2)
    spline.set_smoothing_factor(0.1)
    np.testing.assert_allclose(dragongrad.grad(spline)(0.5), spline(0.5, 1))
    samples = stats.gaussian_kde(C[0])
    samples.set_bandwidth(0.3)
    value, _ = dragongrad.value_and_grad(lambda x: samples(np.stack([x, x]))[0])(3.0)
    np.testing.assert_allclose(value, samples([3.0, 3.0])[0])
    with pytest.raises(dragongrad.NoRuleError, match=r"keeps no Variable in 'fill_value'(.|\n)*test_plain_arrays"):
        dragongrad.grad(lambda v: again(interpolate.interp1d(X, Y), lambda f: setattr(f, "fill_value", v))(9.0))(
            1.0
        )
