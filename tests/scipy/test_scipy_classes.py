"""What stands for a class of SciPy's is one to `isinstance`, in a class statement, in a copy and in a pickle."""

import copy
import pickle

import numpy as np
import pytest
import scipy.interpolate
import scipy.sparse
import scipy.stats
from scipy.interpolate import BPoly, sproot
from scipy.stats.distributions import rv_continuous, rv_discrete, rv_frozen

import dragongrad as ad
from dragongrad.scipy import interpolate, sparse, spatial, stats

X, Y = np.arange(6.0), np.array([1.0, 3.0, 2.0, 5.0, 4.0, 6.0])
GRID, SQUARE = (X[:3], X[:2]), Y.reshape(3, 2)
PLACES = ([0, 1, 1], [0, 0, 2])
ROTATION = spatial.transform.Rotation

# The class, what makes one of values, and a class of the same kind that it is none of.
LINES = {
    "BSpline": (lambda m, y: m.make_interp_spline(X, y), "PPoly"),
    "PPoly": (lambda m, y: m.PPoly(y.reshape(2, 3), X[:4]), "CubicSpline"),
    "CubicHermiteSpline": (lambda m, y: m.CubicSpline(X, y), "Akima1DInterpolator"),
    "CubicSpline": (lambda m, y: m.CubicSpline(X, y), "PchipInterpolator"),
    "PchipInterpolator": (lambda m, y: m.PchipInterpolator(X, y), "CubicSpline"),
    "Akima1DInterpolator": (lambda m, y: m.Akima1DInterpolator(X, y), "BSpline"),
    "interp1d": (lambda m, y: m.interp1d(X, y), "UnivariateSpline"),
    "UnivariateSpline": (lambda m, y: m.InterpolatedUnivariateSpline(X, y), "LSQUnivariateSpline"),
    "InterpolatedUnivariateSpline": (lambda m, y: m.UnivariateSpline(X, y, s=0), "LSQUnivariateSpline"),
    "LSQUnivariateSpline": (lambda m, y: m.LSQUnivariateSpline(X, y, [2.5]), "InterpolatedUnivariateSpline"),
    "RegularGridInterpolator": (lambda m, y: m.RegularGridInterpolator(GRID, y.reshape(3, 2)), "interp1d"),
}
MATRICES = {
    name: (lambda m, y, name=name: getattr(m, name)((y[:3], PLACES), shape=(3, 3)), other)
    for name, other in {
        "csr_array": "csr_matrix", "csc_matrix": "csr_matrix", "coo_array": "csc_array", "sparray": "spmatrix",
        "spmatrix": "sparray",
    }.items() if name[0] != "s"
} | {
    "sparray": (lambda m, y: m.csr_array((y[:3], PLACES)), "spmatrix"),
    "spmatrix": (lambda m, y: m.coo_matrix((y[:3], PLACES)), "sparray"),
    "lil_array": (lambda m, y: m.coo_array((y[:3], PLACES)).tolil(), "dok_array"),
}  # fmt: skip
CLASSES = {n: (interpolate, scipy.interpolate, *c) for n, c in LINES.items()}
CLASSES |= {n: (sparse, scipy.sparse, *c) for n, c in MATRICES.items()}


@pytest.mark.parametrize("name", CLASSES)
def test_isinstance_knows_plain_ones_traced_ones_and_scipys(name):
    ours, theirs, make, other = CLASSES[name]
    seen = []

    def f(y):
        seen.append(make(ours, y))
        return np.sum(y)

    ad.grad(f)(Y)
    for one in (make(ours, Y), make(theirs, Y), *seen):
        assert isinstance(one, getattr(ours, name))
        assert not isinstance(one, getattr(ours, other))
    assert isinstance(make(ours, Y), getattr(theirs, name))
    assert issubclass(getattr(theirs, name), getattr(ours, name))
    below = [issubclass(getattr(m, other), getattr(m, name)) for m in (ours, theirs)]
    assert below[0] == below[1]


@pytest.mark.parametrize("name", LINES)
def test_copies_and_pickles_go_on(name):
    made = LINES[name][0](interpolate, Y)
    at = np.array([[0.5, 0.5]]) if name == "RegularGridInterpolator" else 0.5
    for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert type(again) is type(made)
        np.testing.assert_array_equal(again(at), made(at))
        np.testing.assert_array_equal(ad.jacobian(again)(at), ad.jacobian(made)(at))


@pytest.mark.parametrize("make", [
    lambda y: interpolate.CubicSpline(X, y), lambda y: stats.norm(y[0]), lambda y: stats.gaussian_kde(y),
    lambda y: ROTATION.from_rotvec(y[:3]), lambda y: sparse.csr_array((y[:3], PLACES)),
])  # fmt: skip
def test_a_pickle_of_variables_is_an_error(make):
    with pytest.raises(ad.ConversionError, match="cannot be pickled"):
        ad.grad(lambda y: len(pickle.dumps(make(y))) * y[0])(Y)


class Doubled(interpolate.PchipInterpolator):
    def __init__(self, x, y):
        super().__init__(x, y * 2)

    def __call__(self, x):
        return super().__call__(x) + 1


class Marked(sparse.csr_array):
    def total(self):
        return super().sum()


class Narrow(stats.gaussian_kde):
    def covariance_factor(self):
        return 0.5 * self.scotts_factor()


def test_classes_are_derived_of_them():
    expected = 2 * scipy.interpolate.PchipInterpolator(X, Y)(0.5) + 1
    assert Doubled(X, Y)(0.5) == expected
    assert Doubled(X, Y).__class__ is Doubled
    value, slope = ad.value_and_grad(lambda y: Doubled(X, y)(0.5))(Y)
    np.testing.assert_allclose([value, slope @ Y + 1], expected)
    assert not isinstance(scipy.interpolate.PchipInterpolator(X, Y), Doubled)
    marked = Marked(np.eye(2))
    assert (marked.total(), type(marked), isinstance(marked, sparse.csr_array)) == (2.0, Marked, True)
    assert issubclass(Marked, scipy.sparse.csr_array)


def test_a_derived_density_says_its_bandwidth():
    factor = 0.5 * len(Y) ** -0.2
    expected = scipy.stats.gaussian_kde(Y, factor)
    np.testing.assert_allclose(Narrow(Y)(X), expected(X), rtol=1e-14)
    np.testing.assert_allclose(Narrow(Y, 0.3)(X), scipy.stats.gaussian_kde(Y, 0.3)(X), rtol=1e-14)
    slopes = [ad.jacobian(lambda y, m=m: m(y)(X))(Y) for m in (Narrow, lambda y: stats.gaussian_kde(y, factor))]
    np.testing.assert_allclose(*slopes)


def test_scipys_functions_take_plain_ones():
    spline, theirs = interpolate.make_interp_spline(X, Y - 2), scipy.interpolate.make_interp_spline(X, Y - 2)
    np.testing.assert_array_equal(sproot(spline), sproot(theirs))
    made = BPoly.from_power_basis(interpolate.PPoly(SQUARE, X[:3]))
    np.testing.assert_allclose(made(0.3), scipy.interpolate.PPoly(SQUARE, X[:3])(0.3))


def test_families_and_members_are_scipys_to_isinstance():
    assert isinstance(stats.norm, rv_continuous)
    assert isinstance(stats.poisson, rv_discrete)
    assert not isinstance(stats.poisson, rv_continuous)
    assert isinstance(stats.norm(1.0), rv_frozen)
    fitted = [scipy.stats.fit(m.norm, Y, [(0, 5), (0.1, 5)]).params for m in (stats, scipy.stats)]
    np.testing.assert_allclose(*fitted, rtol=1e-4)


@pytest.mark.parametrize("find", [lambda m: m.gamma, lambda m: m.gamma(2.0), lambda m: m.multivariate_normal])
def test_a_pickle_keeps_the_generator_of_random_numbers(find):
    drawn, args = [], {"gamma": (2.0,)}
    for module in (stats, scipy.stats):
        one = copy.copy(find(module))
        one.random_state = 3
        again = pickle.loads(pickle.dumps(one))
        args = (2.0,) if module.gamma in (one,) or hasattr(one, "numargs") else ()
        args = ([0.0, 1.0],) if hasattr(one, "pdf") and not hasattr(one, "ppf") else args
        drawn += [one.rvs(*args), again.rvs(*args)]
    for other in drawn[1:]:
        np.testing.assert_array_equal(other, drawn[0])


@pytest.mark.parametrize("method", [
    stats.norm.logpdf, stats.norm(1.0, 2.0).cdf, stats.multivariate_normal([1.0, 2.0]).pdf,
    stats.gaussian_kde(Y).resample,
    interpolate.CubicSpline(X, Y).roots, interpolate.BSpline.design_matrix, ROTATION.align_vectors,
])  # fmt: skip
def test_methods_are_pickled(method):
    again = pickle.loads(pickle.dumps(method))
    assert (again.__name__, again.__doc__) == (method.__name__, method.__doc__)
    if method.__name__ in ("logpdf", "cdf", "pdf"):
        at = [0.5, 0.5]
        np.testing.assert_array_equal(again(at), method(at))
        np.testing.assert_array_equal(ad.jacobian(again)(np.array(at)), ad.jacobian(method)(np.array(at)))


def test_methods_of_scipys_matrices_keep_their_arguments():
    for kind in ("csr", "coo", "lil"):
        a = scipy.sparse.csr_array(np.diag([1.0, 2.0, 3.0])).asformat(kind)
        assert a.power(2, dtype=np.float32).dtype == np.float32
        np.testing.assert_array_equal(a.power(n=2).toarray(), a.toarray() ** 2)
        np.testing.assert_array_equal(a.multiply(other=2 * np.ones((3, 3))).toarray(), 2 * a.toarray())
        slope = ad.grad(lambda v, a=a: a.multiply(other=v * np.ones((3, 3))).sum())(1.0)
        assert slope == 6.0
