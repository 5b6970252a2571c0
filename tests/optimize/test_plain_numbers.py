"""What began as a number comes back as one, and not as an array without axes."""

import numpy as np
import pytest

import dragongrad as ad


def bowl(p):
    return (p["a"] - 2.0) ** 2 + np.sum((p["b"] - 1.0) ** 2) + (p["c"] + 1.0) ** 2


START = {"a": 0, "b": np.zeros(2), "c": np.float32(0)}


@pytest.mark.parametrize("method", [None, "adam", "scipy:bfgs", "bfgs"])
def test_leaves_of_results_and_iterations(method):
    seen = []
    found = ad.minimize(bowl, START, method=method, callback=lambda it: seen.append(it.x), max_iter=3)
    for nest in (found.x, found.jac, seen[0]):
        assert type(nest["a"]) is float
        assert type(nest["b"]) is np.ndarray
        assert type(nest["c"]) is np.float32
    assert "array(" not in str({"a": found.x["a"]})


def test_a_number_alone():
    assert type(ad.minimize(lambda x: (x - 2.0) ** 2, 0.0).x) is np.float64
    assert type(ad.root(lambda x: x**2 - 2, 1.0).x) is np.float64
    fit = ad.least_squares(lambda p: p - np.array([1.0, 2.0, 6.0]), 0.0)
    assert (type(fit.x), fit.x.round(6)) == (np.float64, 3.0)
    assert type(fit.standard_errors()) is np.float64


def test_fits_and_roots_of_nests():
    t = np.arange(4.0)
    fit = ad.least_squares(lambda p: p["k"] * t - np.array([0.0, 2.0, 4.1, 6.0]), {"k": 1.0})
    assert type(fit.x["k"]) is type(fit.grad["k"]) is type(fit.standard_errors()["k"]) is float
    found = ad.root(lambda p: {"r": p["a"] ** 2 - 2.0}, {"a": 1.0})
    assert found.x == {"a": pytest.approx(np.sqrt(2))}


def test_solutions_are_still_differentiated():
    solve = lambda a: ad.minimize(lambda p, a: (p["x"] - a) ** 2, {"x": 0.0}, args=(a,)).x["x"]
    assert ad.grad(lambda a: solve(a) ** 2)(3.0) == pytest.approx(6.0)
    assert ad.compile(ad.grad(lambda a: solve(a) ** 2))(3.0) == pytest.approx(6.0)
