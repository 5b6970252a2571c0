"""SciPy's own functions of Variables: an error of ours that names what to write, and no other error is touched."""

import numpy as np
import pytest
import scipy.cluster.vq
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.sparse.linalg
import scipy.spatial.distance
import scipy.spatial.transform
import scipy.stats
from scipy import integrate, interpolate, linalg, optimize, signal, sparse, spatial, stats

import dragongrad as ad

CALLS = {
    "stats.norm.logpdf": lambda x: scipy.stats.norm.logpdf(x[0]),
    "linalg.expm": lambda x: np.sum(scipy.linalg.expm(x)),
    "linalg": lambda x: np.sum(scipy.linalg.solve(x, np.ones(2))),
    "signal.lfilter": lambda x: np.sum(scipy.signal.lfilter([1.0], [1.0, 0.5], x)),
    "ndimage.gaussian_filter": lambda x: np.sum(scipy.ndimage.gaussian_filter(x, 1.0)),
    "interpolate.CubicSpline": lambda x: scipy.interpolate.CubicSpline(np.arange(2.0), x)(0.3)[0],
    "sparse.linalg.spsolve": lambda x: np.sum(scipy.sparse.linalg.spsolve(np.eye(2), x)),
    "spatial.distance.cdist": lambda x: scipy.spatial.distance.cdist(x, x)[0, 1],
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("transform", [ad.grad, lambda f: ad.vmap(lambda x: f(x) + 0 * x[0, 0])])
def test_the_error_names_the_line_to_write(name, transform):
    if name == "signal.lfilter" and scipy.__version__.startswith("1.14."):
        pytest.skip("this release's filters by functions of NumPy's, which know the derivative")
    x = np.eye(2) if transform is ad.grad else np.eye(2)[None]
    with pytest.raises(ad.NoRuleError, match=rf"(?s)scipy\.{name}.*test_plain_scipy.*dragongrad\.scipy\.{name}"):
        transform(CALLS[name])(x)


# By what the error names the function, and what it says to write: of methods, decorated functions, objects that
# hold a Variable, callbacks that return one, and where dragongrad has no such function.
NAMED = {
    "stats.norm.logpdf": (
        lambda x: stats.norm(loc=x[0, 0]).logpdf(0.5),
        "dragongrad.scipy.stats.norm.logpdf",
    ),
    "stats.multivariate_normal.pdf": (
        lambda x: stats.multivariate_normal.pdf(x[0]),
        "dragongrad.scipy.stats.multivariate_normal.pdf",
    ),
    "stats.trim_mean": (lambda x: stats.trim_mean(x[0], 0.1), "custom_rule"),
    "linalg.svd": (lambda x: np.sum(linalg.svd(x)[1]), "dragongrad.scipy.linalg.svd"),
    "linalg.null_space": (lambda x: np.sum(linalg.null_space(x)), "la.pinv"),
    "integrate.quad": (
        lambda x: integrate.quad(lambda t: x[0, 0] * t, 0, 1)[0],
        "dragongrad.scipy.integrate.quad",
    ),
    "integrate.odeint": (
        lambda x: np.sum(integrate.odeint(lambda y, t: -x[0, 0] * y, 1.0, [0.0, 1.0])),
        "dragongrad.scipy.integrate.odeint",
    ),
    "interpolate.CubicSpline": (
        lambda x: np.sum(interpolate.CubicSpline(np.arange(3.0), np.ones(3)).derivative()(x)),
        "dragongrad.scipy.interpolate.CubicSpline",
    ),
    "signal.sosfilt": (
        lambda x: np.sum(signal.sosfilt([[1.0, 0, 0, 1, 0.1, 0]], x)),
        "dragongrad.scipy.signal.sosfilt",
    ),
    "signal.butter": (lambda x: signal.butter(2, x[0, 0])[0][0], "stop_gradient"),
    "spatial.KDTree": (lambda x: np.sum(spatial.KDTree(x).query(np.ones(2))[0]), "custom_rule"),
    "spatial.transform.Rotation.from_rotvec": (
        lambda x: np.sum(spatial.transform.Rotation.from_rotvec(x[0, [0, 1, 0]]).as_quat()),
        "dragongrad.scipy.spatial.transform.Rotation.from_rotvec",
    ),
    "sparse.linalg.norm": (
        lambda x: sparse.linalg.norm(sparse.csr_array(np.eye(2)) * x[0, 0]),
        "dragongrad.scipy.sparse.linalg.norm",
    ),
    "sparse.linalg.expm": (
        lambda x: np.sum(sparse.linalg.expm(sparse.csc_array(np.eye(2)) * x[0, 0])),
        "la.expm",
    ),
    "optimize.root": (
        lambda x: np.sum(optimize.root(lambda y: y - x[0], np.ones(2)).x),
        "dragongrad.scipy.optimize.root",
    ),
    "optimize": (
        lambda x: optimize.brentq(lambda y: y - x[0, 0], 0.0, 2.0),
        "dragongrad.scipy.optimize.brentq",
    ),
    "optimize.curve_fit": (
        lambda x: optimize.curve_fit(lambda t, a: a * t, np.ones(2), x[0])[0][0],
        "with args=",
    ),
    "": (
        lambda x: np.sum(sparse.linalg.splu(sparse.csc_array(np.eye(2))).solve(x[0])),
        "in dragongrad.scipy",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_the_error_names_the_function_that_was_called(name):
    call, instead = NAMED[name]
    with pytest.raises(ad.NoRuleError, match=rf"(?s){name and 'scipy.'}{name}.* at .*test_plain_scipy.*{instead}"):
        ad.grad(call)(np.eye(2))


def test_a_callback_may_read_a_variable_of_which_it_returns_none():
    root = lambda x: scipy.optimize.brentq(lambda y: y - ad.stop_gradient(x), 0.0, 2.0) * x
    assert ad.grad(root)(1.5) == pytest.approx(1.5)


def test_a_square_form_is_filled_by_no_code_in_c():
    x = np.array([1.0, 2.0, 3.0])
    square = lambda v: scipy.spatial.distance.squareform(v)
    np.testing.assert_array_equal(ad.jacobian(square)(x) @ x, scipy.spatial.distance.squareform(x))


def test_what_dragongrad_lacks_has_another_way_out():
    with pytest.raises(ad.NoRuleError, match=r"custom_rule"):
        ad.grad(lambda x: np.sum(scipy.cluster.vq.vq(np.eye(2), x)[1]))(np.eye(2))


def test_errors_of_the_users_own_are_passed_on():
    def wrong(x):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        ad.grad(lambda y: scipy.optimize.minimize(wrong, 1.0).fun * y)(1.0)
    with pytest.raises(ValueError, match="square"):
        ad.grad(lambda y: scipy.linalg.inv(np.ones((2, 3)))[0, 0] * y)(1.0)
