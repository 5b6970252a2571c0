"""SciPy's ufuncs that compiled code computes natively: their values, also the special ones, and no call back."""

import numpy as np
import pytest
from scipy import special

import dragongrad as ad

pytest.importorskip("llvmlite")

from dragongrad.compiler.backends.native.elements.special import NATIVE

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, np.inf, -np.inf, np.nan, 1e-300, 1e300, 0.3, 0.65]
UNITS = {"float64": 2.3e-16, "float32": 1.2e-7}
# Where a function is zero its terms are not: gammaln at 1 and 2, psi between, logit at 1/2.
SMALL = {"float64": 4e-15, "float32": 3e-7}


def arguments(name, dtype):
    """Points of the domain and special ones, in all pairs for functions of two numbers."""
    rng = np.random.default_rng(3)
    points = np.concatenate([SPECIAL, rng.uniform(-4, 4, 60), rng.uniform(0, 1, 60), rng.uniform(-30, 30, 60)])
    fn = getattr(special, name)
    with np.errstate(over="ignore"):
        points = points.astype(dtype)
    return [points] if fn.nin == 1 else [g.ravel() for g in np.meshgrid(points[:40], points[:40])]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(NATIVE))
def test_values_are_scipys(name, dtype):
    fn, args = getattr(special, name), arguments(name, dtype)
    compiled = ad.compile(lambda *a: fn(*a) + 0.0)
    with np.errstate(all="ignore"):
        compiled(*args)
        found, expected = compiled(*args), fn(*args)
    assert found.dtype == expected.dtype
    # SciPy's own erfcx is this rough where exp(x**2) is large.
    units = 40 if name != "erfcx" else 400
    np.testing.assert_allclose(found, expected, rtol=units * UNITS[dtype], atol=SMALL[dtype])
    assert "No call back" in compiled.report()


@pytest.mark.parametrize("name", sorted(NATIVE))
def test_gradients_need_no_call_back(name):
    fn = getattr(special, name)
    eager = ad.grad(lambda *a: np.sum(fn(*a)), tuple(range(fn.nin)))
    gradient, args = ad.compile(eager), [np.linspace(0.1, 0.9, 7)] * fn.nin
    gradient(*args)
    for found, expected in zip(gradient(*args), eager(*args), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert "No call back" in gradient.report()
