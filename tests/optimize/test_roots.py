"""Roots of systems: known ones, none at all, and what is said of them."""

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.optimize import NewtonRoot, Residuals, Status
from dragongrad.optimize.fitting.backtracking import backtrack
from dragongrad.optimize.zoo import ZOO


def helical(x):
    angle = np.arctan2(x[1], x[0]) / (2 * np.pi)
    return np.stack([10 * (x[2] - 10 * angle), 10 * (np.hypot(x[0], x[1]) - 1), x[2]])


def powell_badly_scaled(x):
    return [1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]


KNOWN = [
    ("cosine", lambda x: np.cos(x) - x, 1.0, 0.7390851332151607),
    ("rosenbrock", lambda x: [10 * (x[1] - x[0] ** 2), 1 - x[0]], [-1.2, 1.0], [1, 1]),
    ("helical valley", helical, [-1.0, 0.0, 0.0], [1, 0, 0]),
    ("badly scaled", powell_badly_scaled, [0.0, 1.0], [1.098159e-5, 9.106147]),
    ("tangent flattens", np.arctan, 3.0, 0),
    ("logarithm leaves its domain", lambda x: np.log(x) - 1, 9.0, np.e),
    ("tiny units", lambda x: 1e-15 * (x**2 - 2), 1.0, np.sqrt(2)),
    ("huge units", lambda x: 1e15 * (x**2 - 2), 1.0, np.sqrt(2)),
    ("shape", lambda x: x @ x - np.eye(2) * 4, np.eye(2), 2 * np.eye(2)),
    ("already there", lambda x: x - 1, [1.0, 1.0], [1, 1]),
]


@pytest.mark.parametrize(("name", "f", "x0", "x"), KNOWN, ids=[k[0] for k in KNOWN])
@pytest.mark.parametrize("method", [None, "newton", "lm"])
def test_known_roots(name, f, x0, x, method):
    result = ad.root(f, x0, method=method)
    assert result.success, result.message
    np.testing.assert_allclose(result.x, x, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(np.ravel(result.fun), np.ravel(Residuals(f, x0).vector(np.ravel(result.x))))
    assert result.jac.shape == (np.size(x), np.size(x))
    assert result.status is Status.CONVERGED
    assert result.tests


SQUARE = [p for p in ZOO.values() if p.residuals is not None and len(p.residuals(p.starts()[0])) == p.n]


@pytest.mark.parametrize("problem", SQUARE, ids=[p.name for p in SQUARE])
def test_the_zoos_systems(problem):
    result = ad.root(problem.residuals, problem.starts()[0])
    # Chebyquad has no root of 8 unknowns; the two others stop at a minimum of |f| that is none.
    if problem.name in ("chebyquad", "freudenstein-roth", "trigonometric") and not result.success:
        assert result.status is Status.NOT_A_ROOT
    else:
        assert result.success
        assert np.sum(result.fun**2) < 1e-16


def test_quadratic_convergence():
    path = ad.root(lambda x: x**2 - 2, 1.0, path=True).path
    errors = np.abs(path[:5] - np.sqrt(2))
    np.testing.assert_allclose(errors[2:5] / errors[1:4] ** 2, 1 / (2 * np.sqrt(2)), rtol=0.1)
    np.testing.assert_allclose(path[1], 1.5)


def test_a_double_root():
    result = ad.root(lambda x: (x - 1) ** 2, 3.0)
    assert result.success
    np.testing.assert_allclose(result.x, 1, atol=1e-5)


def test_singular_but_consistent():
    result = ad.root(lambda x: [x[0] + x[1] - 2, 2 * x[0] + 2 * x[1] - 4], [0.0, 5.0])
    assert result.success
    np.testing.assert_allclose(np.sum(result.x), 2)


NO_ROOTS = [
    ("x² + 1", lambda x: x**2 + 1, 3.0),
    ("constant", lambda x: 0 * x + 1, [1.0, 1.0]),
    ("inconsistent", lambda x: [x[0] + x[1] - 2, 2 * x[0] + 2 * x[1] - 5], [0.0, 5.0]),
    ("none but at infinity", lambda x: np.exp(-x), 0.0),
    ("two unknowns, none but at infinity", lambda x: [np.exp(x[0]), x[1] - 1e5], [0.0, 5.0]),
    ("Freudenstein and Roth", lambda x: [
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1], -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
    ], [0.5, -2.0]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "f", "x0"), NO_ROOTS, ids=[k[0] for k in NO_ROOTS])
@pytest.mark.parametrize("method", [None, "newton", "lm"])
def test_stationary_points_are_no_roots(name, f, x0, method):
    result = ad.root(f, x0, method=method)
    assert not result.success
    assert result.status is Status.NOT_A_ROOT
    assert "stationary point of |f| but no root" in result.message
    assert result.nfev < 600


def test_flat_at_the_start():
    """Newton's method has no step there; second derivatives of |f|² lead away."""
    assert ad.root(lambda x: x**3 - 1, 0.0, method="newton").status is Status.NOT_A_ROOT
    np.testing.assert_allclose(ad.root(lambda x: x**3 - 1, 0.0).x, 1)


def test_levenberg_and_marquardt_come_to_help():
    """Newton's steps from here lead nowhere; both are counted."""

    def f(x):
        return [x[0] + x[1] - 3, (x[0] - 2) * (x[0] ** 2 + 0.01) * np.exp(-(x[0] ** 2))]

    alone = ad.root(f, [-1.0, 0.0], method="newton")
    both = ad.root(f, [-1.0, 0.0])
    assert both.nfev >= alone.nfev
    assert both.success >= alone.success


def test_nests_and_arguments():
    def f(p, c):
        return {"u": p["a"] ** 2 - p["b"], "v": p["b"] - c}

    result = ad.root(f, {"a": 1.0, "b": np.array([1.0])}, args=(4.0,))
    np.testing.assert_allclose(result.x["a"], 2)
    np.testing.assert_allclose(result.x["b"], [4])
    assert result.jac.shape == (2, 2)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_endings():
    assert ad.root(np.log, -1.0).status is Status.NON_FINITE
    assert ad.root(lambda x: np.cos(x) - x, 1.0, max_iter=1, method="newton").status is Status.MAX_ITER
    assert ad.root(lambda x: np.cos(x) - x, 1.0, max_time=1e-9).status is Status.MAX_TIME
    assert ad.root(lambda x: np.cos(x) - x, 1.0, callback=lambda step: True).status is Status.CALLBACK
    wrong = ad.root(lambda x: 2 * ad.stop_gradient(x) - x, 1.0, method="newton")
    assert wrong.status is Status.NO_DESCENT
    assert "its derivative is not right" in wrong.message


@pytest.mark.parametrize("method", [None, "newton", "lm"])
def test_as_many_equations_as_unknowns(method):
    for f in (lambda x: x[:1], lambda x: np.concatenate([x, x])):
        with pytest.raises(ad.ShapeError, match=r"[14] equations? in 2 unknowns"):
            ad.root(f, [1.0, 2.0], method=method)


def test_messages():
    with pytest.raises(ad.ArgumentError, match="unknown method"):
        ad.root(np.cos, 1.0, method="secant")
    with pytest.raises(ad.ArgumentError, match="returned None"):
        ad.root(lambda x: None, 1.0)
    with pytest.raises(ad.ArgumentError, match="those of a fit"):
        ad.root(np.cos, 1.0).covariance()
    with pytest.raises(ad.ArgumentError, match="one by one"):
        ad.minimize(np.sum, [1.0], method=NewtonRoot)


def test_backtracking_by_hand():
    """From 3, Newton's step for arctan overshoots to -9.49; the parabola then asks for 0.1 to 0.5 of it."""
    fit = Residuals(np.arctan, 3.0)
    x = np.array([3.0])
    cost = fit.value(x)
    p = -np.arctan(x) * (1 + x**2)
    slope = -2 * cost
    after = 0.5 * np.arctan(x + p) ** 2
    t = np.clip(-slope / (2 * (after - cost - slope)), 0.1, 0.5)[0]
    new, loss, found = backtrack(fit, x, p, cost, slope)
    np.testing.assert_allclose(found, t)
    np.testing.assert_allclose(new, x + t * p)
    np.testing.assert_allclose(loss, 0.5 * np.arctan(new[0]) ** 2)
    assert backtrack(fit, x, -p, cost, slope) is None


@pytest.mark.parametrize("method", [None, "newton", "lm"])
@pytest.mark.parametrize("size", [1e5, 1e12, 1e-5])
def test_an_equation_is_not_forgotten_beside_a_large_unknown(method, size):
    """Steps that are short beside the others go on and on where a root is at infinity."""
    for f in (lambda x: [np.exp(x[0]), x[1] - size], lambda x: [1 / x[0], x[1] / size - 1]):
        assert not ad.root(f, [1.0, 5.0], method=method).success
    for power in (1, 2, 3):
        found = ad.root(lambda x, power=power: [x[0] ** power, x[1] - size], [1.0, 5.0], method=method)
        assert not found.success or np.allclose(found.x, [0, size], atol=1e-3)
        assert found.success or power > 1


@pytest.mark.parametrize(
    "f", [np.cbrt, lambda x: x**2 - 1e-12, lambda x: (x - 1) ** 2, lambda x: np.maximum(x, 0.0)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_that_leads_over_a_root_is_none_that_leaves_it(f, dtype):
    assert ad.root(f, dtype(1.5), method="newton").success
