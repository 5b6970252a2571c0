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
import scipy.stats

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
