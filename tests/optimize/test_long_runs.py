"""Long runs, whose steps are made many at a time, beside the same runs a step at a time."""

import numpy as np
import pytest

from dragongrad import minimize
from dragongrad.optimize import Adam, ExponentialDecay, Status, clip_by_norm, stepping
from dragongrad.optimize.compiled_loop import CompiledLoop
from dragongrad.optimize.methods.formulas import FORMULAS

START = [-1.2, 1.0]


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def nested(p):
    return (
        np.sum((np.sin(p["a"]) - 0.3) ** 2) + np.exp(p["b"]) - 2 * p["b"] + 1e-3 * p["b"] ** 2 * np.sum(p["a"] ** 2)
    )


@pytest.fixture
def both(monkeypatch):
    """A run whose steps are made many at a time from the thousandth on, the same step by step, and the calls."""

    def run(f, x0, **options):
        plain, made = CompiledLoop.__call__, []

        def counted(self, consts, carry):
            found = plain(self, consts, carry)
            made.append(int(found[-2]))
            return found

        monkeypatch.setattr(CompiledLoop, "__call__", counted)
        monkeypatch.setattr(stepping, "_FIRST", np.inf)
        slow = minimize(f, x0, **options)
        assert not made
        monkeypatch.setattr(stepping, "_FIRST", 1000)
        quick = minimize(f, x0, **options)
        monkeypatch.setattr(CompiledLoop, "__call__", plain)
        return quick, slow, made

    return run


def check_equal(quick, slow):
    assert (quick.nit, quick.nfev, quick.njev) == (slow.nit, slow.nfev, slow.njev)
    assert (quick.status, quick.message) == (slow.status, slow.message)
    np.testing.assert_allclose(quick.x, slow.x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose([quick.fun, *np.ravel(quick.jac)], [slow.fun, *np.ravel(slow.jac)], atol=1e-9)
    for name, test in slow.tests.items():
        np.testing.assert_allclose(quick.tests[name].measured, test.measured, rtol=1e-5, atol=1e-12)


FEW = ("momentum", "nadam", "rmsprop")


@pytest.mark.parametrize(
    "method", [m if m in FEW else pytest.param(m, marks=pytest.mark.slow) for m in FORMULAS if m != "rprop"]
)
def test_each_method(both, method):
    quick, slow, made = both(rosenbrock, START, method=method, lr=2e-4, max_iter=2600)
    check_equal(quick, slow)
    # The last step is looked at, and so is one at each power of two.
    assert sum(made) in range(1580, 1600)


@pytest.mark.parametrize(
    "limits",
    [
        {"gtol": 2e-2},
        {"xtol": 2e-6, "gtol": 0},
        {"ftol": 1e-6, "gtol": 0},
    ],
    ids=str,
)
def test_each_test_of_convergence(both, limits):
    options = {"method": "momentum", "lr": 2e-4, "max_iter": 6000} | limits
    quick, slow, made = both(rosenbrock, START, **options)
    check_equal(quick, slow)
    assert made


def test_nests_schedules_and_clipping(both):
    start = {"a": np.full((2, 3), 2.0), "b": np.float32(0.0)}
    options = {"lr": ExponentialDecay(3e-4, 0.9999), "clip": clip_by_norm(0.5), "max_iter": 2500}
    quick, slow, made = both(nested, start, method="adam", **options)
    assert made
    assert quick.nit == slow.nit == 2500
    np.testing.assert_allclose(quick.x["a"], slow.x["a"], rtol=1e-9)
    assert quick.x["b"] == slow.x["b"]
    assert quick.x["b"].dtype == np.float32


def test_the_best_point_is_kept(both):
    # It goes up and down in a valley with steps that are too long.
    quick, slow, made = both(rosenbrock, START, method="lion", lr=0.003, max_iter=2600)
    check_equal(quick, slow)
    assert made
    assert quick.fun < rosenbrock(quick.x + 1e-3) + 1


def test_a_run_that_falls_without_end(both):
    quick, slow, made = both(
        lambda x: np.sum(-np.sinh(x) + x), np.full(3, 0.1), method="gd", lr=1e-2, gtol=0, max_iter=9999
    )
    assert made
    check_equal(quick, slow)
    assert quick.status in (Status.UNBOUNDED, Status.NON_FINITE)


def watched(iteration):
    return False


class Stubborn(Adam):
    def step(self):
        super().step()
        self.params *= 0.999


@pytest.mark.parametrize(
    "options",
    [
        {"callback": watched}, {"path": True}, {"compile": False}, {"method": Stubborn}, {"lr": lambda count: 1e-4},
        {"method": "rprop", "gtol": 0}, {"jac": lambda x: np.ones(2)},
    ],
    ids=lambda options: "-".join(options),
)  # fmt: skip
def test_what_is_watched_goes_step_by_step(both, options):
    quick, slow, made = both(rosenbrock, START, **{"method": "adam", "max_iter": 2100} | options)
    check_equal(quick, slow)
    assert not made


def test_time_runs_out():
    found = minimize(rosenbrock, START, method="gd", lr=1e-9, gtol=1e-30, max_iter=10**9, max_time=0.6)
    assert found.status is Status.MAX_TIME
    assert found.nit > 500
