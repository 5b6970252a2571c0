"""SciPy's solvers with exact derivatives: every method, and the nests, bounds and constraints around it."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest
from grid import covering
from scipy import optimize
from scipy.integrate import solve_ivp
from scipy.optimize import Bounds, LinearConstraint, NonlinearConstraint

import dragongrad as ad
from dragongrad.interop import scipy
from dragongrad.interop.constraints import exact_constraints
from dragongrad.interop.methods import METHODS
from dragongrad.optimize import Status

pytestmark = pytest.mark.smoke

START = np.array([-1.2, 1.0])
NAMES = [method.name for method in METHODS.values()]
BOUNDED = [method.name for method in METHODS.values() if method.bounds]
CONSTRAINED = [method.name for method in METHODS.values() if method.constraints]
ROUGH = {
    "Nelder-Mead": 1e-3, "Powell": 1e-3, "COBYLA": 0.8, "COBYQA": 1e-3, "TNC": 1e-2, "SLSQP": 1e-3,
    "trust-krylov": 1e-3,
}  # fmt: skip


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def bowl(x):
    return (x[0] - 2) ** 2 + 2 * (x[1] - 1) ** 2 + 0.5 * x[0] * x[1]


@dataclass
class Pair:
    a: Any
    b: Any


def test_every_method_of_scipys_is_there():
    assert len(NAMES) == 15
    accepted = {name.lower() for name in optimize._minimize.MINIMIZE_METHODS} - {"custom"}
    assert {name.lower() for name in NAMES} == accepted


@pytest.mark.parametrize(("name", "through"), covering(NAMES, ["interop", "family"]))
def test_every_method_on_rosenbrock(name, through):
    if through == "interop":
        result = scipy.minimize(rosenbrock, START, method=name)
    else:
        result = ad.minimize(rosenbrock, START, method=f"scipy:{name}")
        assert result.status is (Status.CONVERGED if result.success else Status.MAX_ITER)
    np.testing.assert_allclose(result.x, [1, 1], atol=ROUGH.get(name, 1e-4))
    assert result["fun"] == result.fun
    assert result.nfev > 0


@pytest.mark.parametrize("name", NAMES)
def test_same_steps_as_with_derivatives_worked_out_by_hand(name):
    method = METHODS[name.lower()]
    by_hand = {"jac": optimize.rosen_der} if method.order else {}
    if method.order == 2:
        by_hand |= {"hessp": optimize.rosen_hess_prod} if method.products else {"hess": optimize.rosen_hess}
    peer = optimize.minimize(optimize.rosen, START, method=name, **by_hand)
    result = scipy.minimize(rosenbrock, START, method=name)
    # The last bits of the gradient decide on the steps of TNC.
    np.testing.assert_allclose(result.x, peer.x, rtol=1e-3 if name == "TNC" else 1e-5)
    assert result.nfev == pytest.approx(peer.nfev, abs=10 if name == "TNC" else 2)


@pytest.mark.parametrize("name", NAMES)
def test_every_method_on_a_nest(name):
    def f(p):
        return bowl(np.stack([p.a, p.b[0]])) + np.sum(p.b[1:] ** 2)

    found = ad.minimize(f, Pair(0.5, np.array([0.5, 0.25])), method=f"scipy:{name.lower()}").x
    assert isinstance(found, Pair)
    assert found.b.shape == (2,)
    np.testing.assert_allclose([found.a, *found.b], [1.80645, 0.774194, 0], atol=ROUGH.get(name, 1e-3) / 10)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_exact_and_differences_never_taken(name, monkeypatch):
    """Neither here nor with SciPy is a gradient or Hessian estimated from differences."""

    def forbidden(*args, **kwargs):
        raise AssertionError("differences were taken")

    monkeypatch.setattr("scipy.optimize._differentiable_functions.approx_derivative", forbidden)
    result = ad.minimize(bowl, [0.5, 0.5], method=f"scipy:{name}")
    np.testing.assert_allclose(result.x, [1.80645, 0.774194], atol=ROUGH.get(name, 1e-4))
    order = METHODS[name.lower()].order
    # Before it is believed, methods of lower order too have a gradient and a Hessian looked at, each time they end.
    assert (4 * result.njev < result.nfev) == (order == 0)
    assert (result.nhev > 2) == (order == 2)


@pytest.mark.parametrize("name", BOUNDED)
def test_bounds(name):
    atol = 10 * ROUGH.get(name, 1e-4)
    for bounds in ([(None, 0.5), (-1, 1)], Bounds([-np.inf, -1], [0.5, 1])):
        found = ad.minimize(bowl, [0.2, 0.5], method=f"scipy:{name}", bounds=bounds)
        np.testing.assert_allclose(found.x, [0.5, 0.9375], atol=atol)
    sides = ({"a": -np.inf, "b": -1.0}, {"a": 0.5, "b": 1.0})
    nest = scipy.minimize(lambda p: bowl([p["a"], p["b"]]), {"a": 0.2, "b": 0.5}, method=name, bounds=sides).x
    np.testing.assert_allclose([nest["a"], nest["b"]], [0.5, 0.9375], atol=atol)


@pytest.mark.parametrize("name", BOUNDED)
def test_no_result_is_outside_its_bounds_by_rounding(name):
    slope = lambda x: np.sum(x**2 - 2 * x)
    for solve, method in ((scipy.minimize, name), (ad.minimize, f"scipy:{name}")):
        found = solve(slope, np.full(2, 0.2), method=method, bounds=[(None, 0.1)] * 2)
        assert (found.x <= 0.1).all()
        np.testing.assert_allclose(found.fun, slope(found.x), rtol=1e-15)


@pytest.mark.parametrize("name", BOUNDED)
def test_a_run_that_ends_at_once_ends_within_its_bounds(name):
    found = ad.minimize(
        lambda x: np.sum(x) * np.nan, np.full(2, 0.2), method=f"scipy:{name}", bounds=[(0.5, 0.7)] * 2
    )
    assert not found.success
    np.testing.assert_array_equal(found.x, [0.5, 0.5])


DISC = [
    {"type": "ineq", "fun": lambda x: 1 - np.sum(x**2)},
    {"type": "ineq", "fun": lambda x, r: r**2 - np.sum(x**2), "args": (1.0,)},
    NonlinearConstraint(lambda x: np.sum(x**2), -np.inf, 1.0),
    [NonlinearConstraint(lambda x: [x[0] ** 2 + x[1] ** 2, x[0]], -np.inf, [1.0, 5.0])],
]


@pytest.mark.parametrize("name", CONSTRAINED)
@pytest.mark.parametrize("disc", DISC)
def test_nonlinear_constraints(name, disc):
    # By Lagrange's condition on the circle, worked out with SciPy's own SLSQP and differences to 7 digits.
    peer = optimize.minimize(
        bowl, [0.2, 0.5], method="SLSQP", constraints={"type": "ineq", "fun": lambda x: 1 - np.sum(x**2)}, tol=1e-12
    )
    found = ad.minimize(bowl, [0.2, 0.5], method=f"scipy:{name}", constraints=disc)
    np.testing.assert_allclose(found.x, peer.x, atol=2e-3)
    assert np.sum(found.x**2) <= 1 + 1e-6


@pytest.mark.parametrize("name", CONSTRAINED)
def test_linear_and_equality_constraints(name):
    if name == "COBYLA" and np.lib.NumpyVersion(version("scipy")) < "1.16.0":
        pytest.skip("SciPy's COBYLA takes equations from 1.16 on")
    line = LinearConstraint([[1, 1]], 1, 1)
    found = scipy.minimize(bowl, np.array([0.2, 0.5]), method=name, constraints=line)
    np.testing.assert_allclose(found.x, [0.7, 0.3], atol=2e-3)
    same = {"type": "eq", "fun": lambda p: p["a"] + p["b"] - 1}
    nest = ad.minimize(
        lambda p: bowl([p["a"], p["b"]]), {"a": 0.2, "b": 0.5}, method=f"scipy:{name}", constraints=same
    )
    np.testing.assert_allclose([nest.x["a"], nest.x["b"]], [0.7, 0.3], atol=2e-3)


def test_constraints_have_exact_jacobians_and_hessians():
    (made,) = exact_constraints(
        {"type": "ineq", "fun": lambda p: [p["a"] ** 3, p["a"] * p["b"]]}, {"a": 1.0, "b": 1.0}, True
    )
    x = np.array([2.0, 3.0])
    np.testing.assert_allclose(made.jac(x), [[12, 0], [3, 2]])
    np.testing.assert_allclose(made.hess(x, np.array([1.0, 10.0])) @ np.eye(2), [[12, 10], [10, 0]])
    given = NonlinearConstraint(lambda x: x**2, 0, 1, jac=lambda x: 7 * np.eye(2))
    np.testing.assert_allclose(exact_constraints(given, np.ones(2), False)[0].jac(x), 7 * np.eye(2))


def test_method_is_chosen_by_what_is_asked():
    assert ad.minimize(bowl, [0.0, 0.0], method="scipy:").success
    bounded = ad.minimize(bowl, [0.0, 0.0], method="scipy:", bounds=[(0, 1), (0, 1)])
    np.testing.assert_allclose(bounded.x, [1, 0.875], atol=1e-5)
    constrained = scipy.minimize(bowl, [0.0, 0.0], constraints=LinearConstraint([[1, 1]], 1, 1))
    np.testing.assert_allclose(constrained.x, [0.7, 0.3], atol=1e-5)


def test_tolerances_limits_callback_and_path():
    loose = ad.minimize(rosenbrock, START, method="scipy:BFGS", gtol=1.0)
    tight = ad.minimize(rosenbrock, START, method="scipy:BFGS", gtol=1e-9, path=True)
    assert loose.nit < tight.nit
    assert tight.path.shape == (tight.nit + 1, 2)
    np.testing.assert_array_equal(tight.path[0], START)
    np.testing.assert_allclose(tight.losses[0], 24.2)
    np.testing.assert_allclose(tight.losses[-1], tight.fun)
    short = ad.minimize(rosenbrock, START, method="scipy:trust-krylov", max_iter=3)
    assert short.status is Status.MAX_ITER
    steps = []

    def callback(step):
        steps.append(step)
        return step.nit == 2

    stopped = ad.minimize(rosenbrock, START, method="scipy:L-BFGS-B", callback=callback)
    assert stopped.status is Status.CALLBACK
    assert [s.nit for s in steps] == [1, 2]
    np.testing.assert_allclose(steps[0].jac, ad.grad(rosenbrock)(steps[0].x))
    late = ad.minimize(rosenbrock, START, method="scipy:nelder-mead", max_time=1e-9)
    assert late.status is Status.MAX_TIME


def test_interruption_returns_the_best_point():
    calls = []

    def f(x):
        calls.append(1)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return rosenbrock(x)

    result = ad.minimize(f, START, method="scipy:BFGS")
    assert result.status is Status.INTERRUPTED
    assert result.fun == rosenbrock(result.x) < 24.2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", NAMES)
def test_a_function_without_a_minimum_is_told(name):
    found = ad.minimize(lambda x: -np.sum(x), START, method=f"scipy:{name}")
    assert found.status is Status.UNBOUNDED
    assert found.nfev < 200
    assert "no minimum" in found.message
    if name in BOUNDED:
        inside = ad.minimize(lambda x: -np.sum(x), START, method=f"scipy:{name}", bounds=[(None, 2), (None, 3)])
        assert inside.status is not Status.UNBOUNDED
        np.testing.assert_allclose(inside.x, [2, 3], atol=1e-2)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_bad_objectives_end_in_a_message():
    assert ad.minimize(lambda x: np.sum(np.sqrt(x - 5)), START, method="scipy:BFGS").status is Status.NON_FINITE
    fell = ad.minimize(lambda x: -np.sum(x**4), START, method="scipy:CG", max_iter=1000)
    assert not fell.success
    assert np.isfinite(fell.fun)
    with pytest.raises(ad.ArgumentError, match="one number"):
        ad.minimize(lambda x: x, START, method="scipy:BFGS")


@pytest.mark.parametrize(
    ("method", "options", "match"),
    [
        ("scipy:newton", {}, "did you mean 'Newton-CG'"),
        ("scipy:CG", {"bounds": [(0, 1), (0, 1)]}, "takes no bounds"),
        ("scipy:BFGS", {"constraints": {"type": "eq", "fun": np.sum}}, "takes no constraints"),
        ("scipy:CG", {"xtol": 1e-3}, "has no xtol"),
        ("scipy:SLSQP", {"constraints": {"type": "equal", "fun": np.sum}}, "a constraint is"),
        ("spicy:CG", {}, "family"),
    ],
)
def test_messages(method, options, match):
    with pytest.raises(ad.ArgumentError, match=match):
        ad.minimize(bowl, [0.0, 0.0], method=method, **options)


def test_bounds_of_a_nest_must_fit_it():
    with pytest.raises(ad.ArgumentError, match="structure of the parameters"):
        scipy.minimize(lambda p: p["a"] ** 2, {"a": 1.0}, bounds=({"b": 1.0}, 2.0))
    with pytest.raises(ad.ArgumentError, match="low, high"):
        scipy.minimize(lambda p: p["a"] ** 2, {"a": 1.0}, bounds=[(0, 1)])


def test_a_function_with_its_own_gradient():
    result = scipy.minimize(lambda x: (x @ x, 2 * x), np.ones(2), method="BFGS", jac=True)
    np.testing.assert_allclose(result.x, 0, atol=1e-6)
    with pytest.raises(ad.ArgumentError, match="returns its own gradient"):
        scipy.minimize(lambda x: (x @ x, 2 * x), np.ones(2), method="trust-ncg", jac=True)


# Fits, roots, equations of motion

T = np.linspace(0, 3, 9)
Y = 5 * np.exp(-T / 2) + 0.05 * np.cos(9 * T)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method):
    fit = scipy.least_squares(lambda p: p["a"] * np.exp(-p["b"] * T) - Y, {"a": 1.0, "b": 1.0}, method=method)
    ours = ad.least_squares(lambda p: p[0] * np.exp(-p[1] * T) - Y, [1.0, 1.0])
    np.testing.assert_allclose([fit.x["a"], fit.x["b"]], ours.x, rtol=1e-5)
    np.testing.assert_allclose(fit.cost, ours.cost, rtol=1e-8)


@pytest.mark.parametrize("bounds", [(0.0, 4.0), ({"a": 0.0, "b": 0.0}, {"a": 4.0, "b": 4.0})])
def test_least_squares_within_bounds(bounds):
    fit = scipy.least_squares(lambda p: p["a"] * np.exp(-p["b"] * T) - Y, {"a": 1.0, "b": 1.0}, bounds=bounds)
    np.testing.assert_allclose(fit.x["a"], 4, rtol=1e-6)


def test_curve_fit():
    def model(t, a, b):
        return a * np.exp(-b * t)

    popt, pcov = scipy.curve_fit(model, T, Y)
    peer, peer_cov = optimize.curve_fit(model, T, Y)
    np.testing.assert_allclose(popt, peer, rtol=1e-6)
    np.testing.assert_allclose(pcov, peer_cov, rtol=1e-4)
    sigma = np.linspace(1, 2, 9)
    popt, pcov = scipy.curve_fit(model, T, Y, p0=[2.0, 1.0], sigma=sigma, absolute_sigma=True)
    peer, peer_cov = optimize.curve_fit(model, T, Y, p0=[2.0, 1.0], sigma=sigma, absolute_sigma=True)
    np.testing.assert_allclose(popt, peer, rtol=1e-6)
    np.testing.assert_allclose(pcov, peer_cov, rtol=1e-4)
    nest, _ = scipy.curve_fit(
        lambda t, p: p["a"] * np.exp(-p["b"] * t), T, Y, {"a": 1.0, "b": 1.0}, bounds=(0.0, {"a": 4.0, "b": 9.0})
    )
    np.testing.assert_allclose(nest["a"], 4, rtol=1e-6)
    with pytest.raises(ad.ArgumentError, match="give p0"):
        scipy.curve_fit(lambda t, *p: p[0] * t, T, Y)


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov", "df-sane"])
def test_root(method):
    found = scipy.root(lambda p: {"u": p["x"] ** 2 - p["y"], "v": p["y"] - 4}, {"x": 1.8, "y": 3.0}, method=method)
    assert found.success
    np.testing.assert_allclose([found.x["x"], found.x["y"]], [2, 4], atol=1e-5)


def van_der_pol(t, y, mu=100.0):
    return [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]]


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau", "BDF", "LSODA"])
def test_solve_ivp(method):
    options = {"rtol": 1e-8, "atol": 1e-10}
    ours = scipy.solve_ivp(van_der_pol, (0, 1), [2.0, 0.5], method=method, args=(5.0,), **options)
    peer = solve_ivp(van_der_pol, (0, 1), [2.0, 0.5], method="DOP853", args=(5.0,), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ours.y[:, -1], peer.y[:, -1], rtol=1e-5)
    if method in ("Radau", "BDF"):
        assert ours.njev > 0


def test_the_stiff_methods_take_no_differences(monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("differences were taken")

    for name in ("radau", "bdf"):
        monkeypatch.setattr(f"scipy.integrate._ivp.{name}.num_jac", forbidden)
    for method in ("Radau", "BDF"):
        found = scipy.solve_ivp(van_der_pol, (0, 50), [2.0, 0.0], method=method)
        assert found.success
        assert found.njev > 1


def test_solve_ivp_of_a_nest_with_an_event():
    def fall(t, s, g):
        return {"v": -g, "x": s["v"]}

    def ground(t, s, g):
        return s["x"]

    ground.terminal = True
    found = scipy.solve_ivp(
        fall, (0, 9), {"x": 1.0, "v": np.zeros(1)[0]}, method="BDF", args=(9.81,), events=ground
    )
    np.testing.assert_allclose(found.t[-1], np.sqrt(2 / 9.81), rtol=1e-3)
    assert found.y["x"].shape == found.t.shape
    np.testing.assert_allclose(found.y["x"][-1], 0, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-8, 1.0])
@pytest.mark.parametrize("name", ["COBYLA", "COBYQA", "SLSQP"])
def test_a_constraint_in_small_units_is_violated_in_its_own(name, scale):
    """A violation of 1e-8 is as large as the constraint itself."""
    disc = {"type": "ineq", "fun": lambda x: scale * (1 - np.sum(x**2))}
    found = ad.minimize(
        lambda x: np.sum((x - 3) ** 2), np.array([3.0, 3.0]), method=f"scipy:{name}", constraints=disc
    )
    assert not found.success or np.sum(found.x**2) < 1 + 1e-3
    assert found.success or scale < 1
