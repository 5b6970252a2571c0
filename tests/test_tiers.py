"""From eager to compiled inside minimize, least_squares and root: when, and never silently wrong."""

import warnings

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.optimize import tiers
from dragongrad.optimize.tiers import Tiered


@pytest.fixture
def at_once(monkeypatch):
    """Compile after the first call."""
    monkeypatch.setattr(tiers, "WORTH", 0.0)


def valley(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def decay(p, t, y):
    return p["height"] * np.exp(-p["rate"] * t) - y


T = np.linspace(0, 3, 20)
Y = 2 * np.exp(-0.7 * T) + 0.01 * np.sin(40 * T)


def test_a_short_run_compiles_nothing():
    double = Tiered(lambda x: 2 * x, True)
    assert double(np.ones(2)).tolist() == [2, 2]
    assert not double.compiled


def test_a_long_run_is_compiled_and_gives_the_same(at_once):
    calls = []

    def f(x):
        calls.append(0)
        return np.sin(x) * x

    g = Tiered(ad.jacobian(f), True)
    for k in range(20):
        x = np.linspace(0, 1, 5) + k
        np.testing.assert_allclose(g(x), ad.jacobian(lambda x: np.sin(x) * x)(x), rtol=1e-14)
    assert g.compiled
    assert len(calls) < 20


@pytest.mark.parametrize("method", ["newton", "bfgs", "lbfgs", "trust-ncg", "trust-exact", "cg", "scipy:bfgs"])
def test_minimize_arrives_at_the_same_point(at_once, method):
    runs = [ad.minimize(valley, np.array([-1.2, 1.0, 0.5]), method=method, compile=c) for c in (False, True)]
    for run in runs:
        np.testing.assert_allclose(run.x, 1.0, atol=1e-3)
    assert abs(runs[0].nfev - runs[1].nfev) <= max(5, runs[0].nfev // 5)


def test_fits_and_roots_over_nests(at_once):
    start = {"height": 1.0, "rate": 1.0}
    eager, compiled = (ad.least_squares(decay, start, (T, Y), compile=c) for c in (False, True))
    for name in start:
        np.testing.assert_allclose(compiled.x[name], eager.x[name], rtol=1e-8)
    np.testing.assert_allclose(compiled.jac, eager.jac, rtol=1e-6)
    found = ad.root(lambda x: np.array([x[0] ** 2 + x[1] - 3, x[0] - x[1] ** 3]), [1.0, 1.0])
    assert found.success
    np.testing.assert_allclose(found.fun, 0, atol=1e-8)


def test_a_random_function_stays_eager_and_says_so(at_once):
    rng = np.random.default_rng(0)

    def noisy(x):
        return np.sum(x**2) + 1e-3 * rng.normal()

    with pytest.warns(ad.CompileWarning, match="compile=False"):
        ad.minimize(noisy, np.ones(3), method="adam", lr=0.01, max_iter=50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ad.minimize(noisy, np.ones(3), method="adam", lr=0.01, max_iter=50, compile=False)


def test_what_changes_later_is_found_at_the_result(at_once):
    data = {"shift": 0.0}

    def f(x):
        return np.sum((x - data["shift"]) ** 2)

    def change(iteration):
        data["shift"] = 1.0 if iteration.nit == 5 else data["shift"]

    with pytest.warns(ad.CompileWarning, match="reads something that changes"):
        ad.minimize(f, np.ones(3) * 3, method="gd", lr=0.01, max_iter=40, callback=change)


def test_an_error_in_the_function_is_the_users_own(at_once):
    def f(x):
        if x[0] < 0.9:
            raise ZeroDivisionError("mine")
        return np.sum(x**2)

    with pytest.raises(ZeroDivisionError, match="mine"):
        ad.minimize(f, np.ones(2), method="gd", lr=0.01, max_iter=100)


def test_branches_are_followed(at_once):
    def f(x):
        return np.sum(x**2) if x[0] > 0.5 else np.sum(np.abs(x) ** 3) + 0.125

    run = ad.minimize(f, np.ones(2), method="gd", lr=0.1, max_iter=300)
    assert run.x[0] < 0.5
    assert run.fun == pytest.approx(0.125, abs=1e-2)
