"""Bounds and constraints: problems of Hock and Schittkowski, what is chosen for them, what is called a solution."""

import numpy as np
import pytest
from grid import covering
from scipy import optimize
from scipy.optimize import Bounds, LinearConstraint, NonlinearConstraint

import dragongrad as ad
from dragongrad.interop import lagrange
from dragongrad.interop.constraints import exact_constraints
from dragongrad.optimize import Status, TrustExact
from dragongrad.optimize.bounds import Box
from dragongrad.optimize.trust_region.boxed import BoxedQuadratic

INF = np.inf


def valley(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def eq(f):
    return {"type": "eq", "fun": f}


def ge(f):
    return {"type": "ineq", "fun": f}


# Hock and Schittkowski, "Test examples for nonlinear programming codes", Lecture Notes in Economics and
# Mathematical Systems 187 (1981), by their numbers there: function, start, least value, bounds, constraints.
# fmt: off
PROBLEMS = {
    1: (valley, [-2, 1], 0.0, [(None, None), (-1.5, None)], ()),
    3: (lambda x: x[1] + 1e-5 * (x[1] - x[0]) ** 2, [10, 1], 0.0, [(None, None), (0, None)], ()),
    4: (lambda x: (x[0] + 1) ** 3 / 3 + x[1], [1.125, 0.125], 8 / 3, [(1, None), (0, None)], ()),
    5: (lambda x: np.sin(x[0] + x[1]) + (x[0] - x[1]) ** 2 - 1.5 * x[0] + 2.5 * x[1] + 1, [0, 0],
        -np.sqrt(3) / 2 - np.pi / 3, [(-1.5, 4), (-3, 3)], ()),
    6: (lambda x: (1 - x[0]) ** 2, [-1.2, 1], 0.0, None, eq(lambda x: 10 * (x[1] - x[0] ** 2))),
    7: (lambda x: np.log(1 + x[0] ** 2) - x[1], [2, 2], -np.sqrt(3), None,
        eq(lambda x: (1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4)),
    10: (lambda x: x[0] - x[1], [-10, 10], -1.0, None,
         ge(lambda x: -3 * x[0] ** 2 + 2 * x[0] * x[1] - x[1] ** 2 + 1)),
    12: (lambda x: x[0] ** 2 / 2 + x[1] ** 2 - x[0] * x[1] - 7 * x[0] - 7 * x[1], [0, 0], -30.0, None,
         ge(lambda x: 25 - 4 * x[0] ** 2 - x[1] ** 2)),
    14: (lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, [2, 2], 9 - 2.875 * np.sqrt(7), None,
         [eq(lambda x: x[0] - 2 * x[1] + 1), ge(lambda x: -(x[0] ** 2) / 4 - x[1] ** 2 + 1)]),
    15: (valley, [-2, 1], 306.5, [(None, 0.5), (None, None)], ge(lambda x: [x[0] * x[1] - 1, x[0] + x[1] ** 2])),
    21: (lambda x: x[0] ** 2 / 100 + x[1] ** 2 - 100, [-1, -1], -99.96, [(2, 50), (-50, 50)],
         LinearConstraint([[10, -1]], 10, INF)),
    22: (lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, [2, 2], 1.0, None,
         ge(lambda x: [-x[0] - x[1] + 2, -(x[0] ** 2) + x[1]])),
    26: (lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4, [-2.6, 2, 2], 0.0, None,
         eq(lambda x: (1 + x[1] ** 2) * x[0] + x[2] ** 4 - 3)),
    28: (lambda x: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2, [-4, 1, 1], 0.0, None,
         LinearConstraint([[1, 2, 3]], 1, 1)),
    29: (lambda x: -np.prod(x), [1, 1, 1], -16 * np.sqrt(2), None,
         ge(lambda x: -x[0] ** 2 - 2 * x[1] ** 2 - 4 * x[2] ** 2 + 48)),
    34: (lambda x: -x[0], [0, 1.05, 2.9], -np.log(np.log(10)), [(0, 100), (0, 100), (0, 10)],
         ge(lambda x: [x[1] - np.exp(x[0]), x[2] - np.exp(x[1])])),
    36: (lambda x: -np.prod(x), [10, 10, 10], -3300.0, [(0, 20), (0, 11), (0, 42)],
         LinearConstraint([[1, 2, 2]], -INF, 72)),
    38: (lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2 + 90 * (x[3] - x[2] ** 2) ** 2 + (1 - x[2]) ** 2
         + 10.1 * ((x[1] - 1) ** 2 + (x[3] - 1) ** 2) + 19.8 * (x[1] - 1) * (x[3] - 1),
         [-3, -1, -3, -1], 0.0, [(-10, 10)] * 4, ()),
    40: (lambda x: -np.prod(x), [0.8] * 4, -0.25, None,
         eq(lambda x: [x[0] ** 3 + x[1] ** 2 - 1, x[0] ** 2 * x[3] - x[2], x[3] ** 2 - x[1]])),
    43: (lambda x: np.sum(x**2 * [1, 1, 2, 1]) + x @ [-5, -5, -21, 7], [0] * 4, -44.0, None,
         NonlinearConstraint(lambda x: [
             np.sum(x**2) + x @ [1, -1, 1, -1], np.sum(x**2 * [1, 2, 1, 2]) - x[0] - x[3],
             x[0] ** 2 + np.sum(x[:3] ** 2) + 2 * x[0] - x[1] - x[3]], -INF, [8, 10, 5])),
    45: (lambda x: 2 - np.prod(x) / 120, [2] * 5, 1.0, [(0, k) for k in range(1, 6)], ()),
    52: (lambda x: (4 * x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2 + (x[3] - 1) ** 2 + (x[4] - 1) ** 2, [2] * 5,
         1859 / 349, None, eq(lambda x: [x[0] + 3 * x[1], x[2] + x[3] - 2 * x[4], x[1] - x[4]])),
    61: (lambda x: 4 * x[0] ** 2 + 2 * x[1] ** 2 + 2 * x[2] ** 2 - 33 * x[0] + 16 * x[1] - 24 * x[2], [0] * 3,
         -143.6461422, None, eq(lambda x: [3 * x[0] - 2 * x[1] ** 2 - 7, 4 * x[0] - x[2] ** 2 - 11])),
    65: (lambda x: (x[0] - x[1]) ** 2 + (x[0] + x[1] - 10) ** 2 / 9 + (x[2] - 5) ** 2, [-5, 5, 0], 0.9535288567,
         [(-4.5, 4.5), (-4.5, 4.5), (-5, 5)], ge(lambda x: 48 - np.sum(x**2))),
    71: (lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2], [1, 5, 5, 1], 17.0140173, [(1, 5)] * 4,
         [eq(lambda x: np.sum(x**2) - 40), ge(lambda x: np.prod(x) - 25)]),
    77: (lambda x: (x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[2] - 1) ** 2 + (x[3] - 1) ** 4 + (x[4] - 1) ** 6,
         [2] * 5, 0.24150513, None, eq(lambda x: [x[0] ** 2 * x[3] + np.sin(x[3] - x[4]) - 2 * np.sqrt(2),
                                         x[1] + x[2] ** 4 * x[3] ** 2 - 8 - np.sqrt(2)])),
    78: (lambda x: np.prod(x), [-2, 1.5, 2, -1, -1], -2.91970041, None,
         eq(lambda x: [np.sum(x**2) - 10, x[1] * x[2] - 5 * x[3] * x[4], x[0] ** 3 + x[1] ** 3 + 1])),
}
# fmt: on


def violation(x, bounds, constraints):
    """By how much the worst constraint is violated."""
    found = [0.0]
    for value, (low, high) in zip(x, bounds or (), strict=False):
        found += [0.0 if low is None else low - value, 0.0 if high is None else value - high]
    for c in exact_constraints(constraints, x, False):
        values = c.A @ x if hasattr(c, "A") else c.fun(x)
        found += [float(np.max(c.lb - values)), float(np.max(values - c.ub))]
    return max(found)


@pytest.mark.parametrize("number", PROBLEMS)
@pytest.mark.filterwarnings("ignore:Singular Jacobian")  # SciPy's, of problem 61, which it solves
def test_problems_are_solved_without_a_method_named(number):
    f, start, least, bounds, constraints = PROBLEMS[number]
    found = ad.minimize(f, start, bounds=bounds, constraints=constraints)
    assert found.success, found
    assert found.fun == pytest.approx(least, rel=1e-6, abs=1e-7), found
    assert violation(found.x, bounds, constraints) <= 1e-6


CALLED = [(k, "SLSQP") for k in PROBLEMS if PROBLEMS[k][4]] + [(k, "trust-constr") for k in (7, 10, 14, 15, 34)]


@pytest.mark.parametrize(("number", "name"), CALLED)
def test_what_scipy_calls_a_solution_is_looked_at(number, name):
    """SciPy's trust-constr stops where the value is 1e-3 too high, and says that it succeeded."""
    f, start, least, bounds, constraints = PROBLEMS[number]
    found = ad.minimize(f, start, method=f"scipy:{name}", bounds=bounds, constraints=constraints)
    local = number == 15 and name == "trust-constr"  # 360.4
    assert not found.success or local or found.fun == pytest.approx(least, rel=2e-4, abs=1e-4), found
    assert not found.success or violation(found.x, bounds, constraints) <= 1e-5


def test_a_constraint_violated_is_no_success():
    """Two circles that do not meet."""
    apart = [ge(lambda x: 1 - np.sum(x**2)), ge(lambda x: 1 - np.sum((x - 5) ** 2))]
    for method in (None, "scipy:SLSQP", "scipy:trust-constr"):
        found = ad.minimize(lambda x: x[0], [0.0, 0.0], method=method, constraints=apart, max_iter=40)
        assert not found.success
        assert "is violated by" in found.message


@pytest.mark.parametrize("method", [None, "scipy:SLSQP", "scipy:trust-constr"])
@pytest.mark.filterwarnings("ignore:Singular Jacobian")
def test_which_constraint_is_violated_and_by_how_much(method):
    met, not_met = ge(lambda x: x[0] + 10), eq(lambda x: [x[1] - x[1] + 0.5 * x[0] - 0.5 * x[0], x[0] * 0 - 2.0])
    found = ad.minimize(valley, [0.5, 0.5], method=method, constraints=[met, not_met], max_iter=20)
    assert not found.success
    assert "constraint 1[1] is violated by 2 at x" in found.message, found


ROWS = {
    "inside": (lambda x: np.sum((x - 1) ** 2), [1.0, 1.0], None, True),
    "not there yet": (lambda x: np.sum((x - 1) ** 2), [1.0, 1.2], None, False),
    "at the edge": (lambda x: x[0] + x[1], [-np.sqrt(0.5), -np.sqrt(0.5)], None, True),
    "on the wrong side": (lambda x: x[0] + x[1], [np.sqrt(0.5), np.sqrt(0.5)], None, False),
    "short of the edge": (lambda x: x[0] + x[1], [-0.69, -0.69], None, False),
    "beyond": (lambda x: x[0] + x[1], [-1.0, -1.0], None, False),
    "at a bound": (lambda x: x[0] ** 2 + x[1], [0.0, -0.5], Box(np.array([-9, -0.5]), np.array([9.0, 9.0])), True),
    "at the wrong bound": (
        lambda x: x[0] ** 2 + x[1], [0.0, 0.5], Box(np.array([-9.0, -9.0]), np.array([9.0, 0.5])), False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_lagranges_conditions(name, scale):
    f, x, box, right = ROWS[name]
    x = np.array(x)
    disc = exact_constraints(NonlinearConstraint(lambda x: np.sum(x**2), -INF, 2.5 if box is None and right and
                             name == "inside" else 1.0 if name != "not there yet" else 9.0), x, False)  # fmt: skip
    wrong = lagrange.verdict(x, scale * ad.grad(f)(x), np.array([2.0, 2.0]), (0.0, scale), disc, box)
    assert (wrong is None) == right, wrong


# Bounds alone, by exact Hessians


@pytest.mark.parametrize("n", [1, 3, 12, 40])
@pytest.mark.parametrize("seed", range(3))
def test_quadratics_within_bounds(n, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, n))
    a, b = a @ a.T + 0.01 * np.eye(n), 3 * rng.normal(size=n)
    low, high = -rng.random(n), rng.random(n)
    found = ad.minimize(lambda x: x @ (a @ x) / 2 - b @ x, np.zeros(n), bounds=Bounds(low, high))
    root = np.linalg.cholesky(a).T
    peer = optimize.lsq_linear(root, np.linalg.solve(root.T, b), (low, high), method="bvls", tol=1e-14)
    assert found.success
    np.testing.assert_allclose(found.x, peer.x, atol=1e-7)
    assert found.nit <= 30


def test_nothing_is_evaluated_outside():
    low, high = np.array([1.0, 0.5]), np.array([2.0, 2.5])

    def f(x):
        if any(v < a or v > b for v, a, b in zip(x, low, high, strict=True)):
            raise KeyError("outside")
        return np.sum(np.log(x)) + np.sum((x - 3) ** 2) - x[0] * x[1]

    found = ad.minimize(f, [1.5, 2.0], bounds=Bounds(low, high), path=True)
    assert found.success
    assert ((found.path >= low) & (found.path <= high)).all()


@pytest.mark.parametrize("start", [[20.0, -20.0], [0.0, 1.0]])
def test_a_start_outside_is_moved_inside(start):
    found = ad.minimize(valley, start, bounds=[(0, 10), (0, 0.5)], path=True)
    np.testing.assert_allclose(found.path[0], np.clip(start, [0, 0], [10, 0.5]))
    np.testing.assert_allclose(found.x, [0.7085, 0.5], atol=1e-4)
    np.testing.assert_allclose(found.tests["gradient"].measured, 0, atol=1e-8)
    assert np.max(np.abs(found.jac)) > 0.1
    assert f"the start was moved within the bounds: x[{int(start[0] == 0)}] = " in found.message
    peer = ad.minimize(valley, start, bounds=[(0, 10), (0, 0.5)], method="scipy:SLSQP")
    assert peer.message.endswith(found.message.partition("; ")[2])
    inside = ad.minimize(valley, found.path[0], bounds=[(0, 10), (0, 0.5)])
    assert "moved" not in inside.message


def test_a_parameter_held_fast():
    found = ad.minimize(valley, [0.0, 0.0, 0.0], bounds=[(None, None), (0.25, 0.25), (None, None)])
    assert found.success
    np.testing.assert_allclose(found.x, [0.5, 0.25, 0.0625], atol=1e-2)
    assert found.x[1] == 0.25


def test_at_the_corner_from_the_start():
    found = ad.minimize(lambda x: np.sum(x), [0.0, 0.0], bounds=[(0, 1), (0, 1)])
    assert found.success
    assert found.nit == 0


@pytest.mark.parametrize("pair", [False, True])
def test_a_saddle_within_bounds_is_left(pair):
    def f(x):
        return x[0] ** 2 - x[1] ** 2 + x[1] ** 4

    found = ad.minimize(ad.value_and_grad(f) if pair else f, [0.5, 0.0], bounds=[(-1, 1), (-0.1, 0.5)], jac=pair)
    assert found.success
    np.testing.assert_allclose(found.x, [0, 0.5], atol=1e-5)


def test_many_parameters_within_bounds():
    found = ad.minimize(valley, np.full(300, 0.3), bounds=[(None, 0.5)] * 300)
    peer = optimize.minimize(
        optimize.rosen, np.full(300, 0.3), jac=optimize.rosen_der, method="L-BFGS-B", bounds=[(None, 0.5)] * 300,
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 10000},
    )  # fmt: skip
    assert found.success
    assert found.fun == pytest.approx(peer.fun, rel=1e-5)


def test_nests_within_bounds_and_constraints():
    start = {"a": 0.5, "b": np.array([0.2, 0.3])}

    def f(p):
        return (p["a"] - 2) ** 2 + np.sum((p["b"] - 1) ** 2)

    found = ad.minimize(f, start, bounds={"a": (0, 1), "b": [(None, 0.5), None]})
    np.testing.assert_allclose([found.x["a"], *found.x["b"]], [1, 0.5, 1], atol=1e-7)
    found = ad.minimize(f, start, constraints=eq(lambda p: p["a"] + np.sum(p["b"]) - 1))
    assert found.success
    np.testing.assert_allclose([found.x["a"], *found.x["b"]], [1, 0, 0], atol=1e-6)
    found = ad.minimize(f, start, bounds={"a": (None, 0.5)}, constraints=[LinearConstraint([[1, 1, 1]], 1, 1)])
    np.testing.assert_allclose([found.x["a"], *found.x["b"]], [0.5, 0.25, 0.25], atol=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_units_of_the_value_within_bounds(scale):
    found = ad.minimize(lambda x: scale * valley(x), [2.0, 2.0], bounds=[(0, 10), (0, 0.5)])
    assert found.success, found
    np.testing.assert_allclose(found.x, [0.7085, 0.5], atol=1e-4)


def test_methods_without_bounds_say_which_take_them():
    with pytest.raises(ad.ArgumentError, match=r"Adam takes no bounds: leave out method, or choose 'trust-exact'"):
        ad.minimize(valley, [0.0, 0.0], method="adam", bounds=[(0, 1), (0, 1)])
    with pytest.raises(ad.ArgumentError, match="Newton takes no constraints: leave out method"):
        ad.minimize(valley, [0.0, 0.0], method="newton", constraints=eq(np.sum))
    assert ad.minimize(valley, [0.0, 0.0], method="adam", lr=0.1, max_iter=3, constraints=[]).nit == 3


def test_the_class_takes_bounds_too():
    found = TrustExact(valley, [2.0, 2.0], bounds=[(0, 10), (0, 0.5)]).solve()
    np.testing.assert_allclose(found, [0.7085, 0.5], atol=1e-4)


@pytest.mark.parametrize("radius", [1e-3, 0.3, 100.0])
@pytest.mark.parametrize("definite", [True, False])
def test_steps_of_the_boxed_model(radius, definite):
    rng = np.random.default_rng(1)
    h = rng.normal(size=(5, 5))
    h = h @ h.T + 0.1 * np.eye(5) if definite else h + h.T
    g, x = rng.normal(size=5), np.zeros(5)
    box = Box(np.array([-0.1, 0.0, -1.0, -INF, -0.5]), np.array([0.2, INF, 1.0, INF, 0.0]))
    model = BoxedQuadratic(x, g, h, np.ones(5), box)
    move = model.step(radius)
    assert box.holds(move.p)
    assert move.length <= radius * (1 + 1e-6)
    assert move.gain == pytest.approx(-(g @ move.p + move.p @ h @ move.p / 2))
    projected = max(
        model.gain(np.clip(-t * g, model.low, model.high))
        for t in radius / np.linalg.norm(g) * 0.5 ** np.arange(12)
    )
    assert move.gain >= projected - 1e-12


def test_methods_without_derivatives_take_functions_that_have_none():
    found = ad.minimize(lambda x: float(np.sum(np.unique(x) ** 2)), [1.0, 2.0], method="scipy:Nelder-Mead")
    assert found.success
    assert np.isnan(found.jac).all()
    np.testing.assert_allclose(found.x, 0, atol=1e-3)


def test_where_scipys_methods_stop_short_they_begin_again():
    def f(x):
        return 1e-9 * valley(x)

    once = optimize.minimize(
        lambda x: 1e-9 * optimize.rosen(x), [-1.2, 1.0], jac=lambda x: 1e-9 * optimize.rosen_der(x)
    )
    assert once.success
    assert once.nit == 0
    for name in ("BFGS", "L-BFGS-B", "CG", "trust-krylov"):
        found = ad.minimize(f, [-1.2, 1.0], method=f"scipy:{name}")
        assert not found.success or np.allclose(found.x, 1, atol=1e-2), found
    assert ad.minimize(f, [-1.2, 1.0], method="scipy:BFGS").success


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt:RuntimeWarning")
def test_a_nan_inside_scipy_is_news():
    found = ad.minimize(lambda x: np.sqrt(x[0]) + x[1] ** 2, [1.0, 1.0], method="scipy:trust-exact")
    assert not found.success
    assert found.status in (Status.NON_FINITE, Status.NO_DESCENT)


# Where a run begins, the constraint, and the minimum. Lagrange's conditions hold at each start: it is a maximum or
# a saddle along the constraints.
NO_MINIMA = {
    "a circle": (lambda x: x[0] + x[1], [1.0, 1.0], lambda x: x @ x - 2, [-1.0, -1.0]),
    "an ellipse": (lambda x: x[0] ** 2 + 4 * x[1] ** 2, [0.0, 1.0], lambda x: x @ x - 1, [1.0, 0.0]),
    "a line": (lambda x: x[0] ** 2 - 2 * x[1] ** 2 + x[1] ** 4, [0.0, 0.0, 0.0], lambda x: x[2], [0.0, 1.0, 0.0]),
}  # fmt: skip


@pytest.mark.parametrize("method", [None, "scipy:SLSQP", "scipy:trust-constr"])
@pytest.mark.parametrize("name", NO_MINIMA)
def test_maxima_and_saddles_along_constraints_are_no_successes(name, method):
    f, start, equal, expected = NO_MINIMA[name]
    constraints = {"type": "eq", "fun": equal}
    found = ad.minimize(f, np.array(start), method=method, constraints=constraints)
    assert not found.success or np.allclose(np.abs(found.x), np.abs(expected), atol=1e-3)
    assert found.fun < f(np.array(start)) - 0.5


def test_a_plane_and_a_corner_have_no_way_down():
    for constraints, start in (
        ({"type": "eq", "fun": lambda x: x[0] + x[1] - 1}, [0.3, 0.7]),
        ([{"type": "ineq", "fun": lambda x: x[0]}, {"type": "ineq", "fun": lambda x: x[1]}], [1.0, 2.0]),
    ):
        assert ad.minimize(lambda x: x[0] + x[1], np.array(start), constraints=constraints).success


@pytest.mark.parametrize("method", ["scipy:COBYLA", "scipy:COBYQA"])
def test_without_derivatives_a_success_has_no_lower_point_on_the_way_of_the_gradient(method):
    cusp = {"type": "ineq", "fun": lambda x: x[0] ** 3 - x[1] ** 2}
    twice = [{"type": "eq", "fun": lambda x: x[0] - 1}, {"type": "eq", "fun": lambda x: 2 * x[0] - 2}]
    for f, start, constraints, least in (
        (lambda x: x[0], [1.0, 1.0], cusp, 0.0), (lambda x: (x[0] - 2) ** 2 + x[1] ** 2, [0.0, 1.0], twice, 1.0),
    ):  # fmt: skip
        found = ad.minimize(f, np.array(start), method=method, constraints=constraints)
        assert not found.success or found.fun < least + 0.3


@pytest.mark.parametrize("method", ["scipy:COBYLA", "scipy:COBYQA"])
@pytest.mark.parametrize("scale", [1.0, 1e8])
def test_a_bent_constraint_of_any_scale_is_followed(method, scale):
    disc = {"type": "ineq", "fun": lambda x: scale * (1 - x[0] ** 2 - x[1] ** 2)}
    f = lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2
    found = ad.minimize(f, np.array([0.5, 0.0]), method=method, constraints=disc)
    assert not found.success or found.fun < (np.sqrt(5) - 1) ** 2 + 1e-3, found


# The constraint has no slope there, or no corner: what it leaves is found by looking.
CORNERED = {
    "two quadrants": (lambda x: x[0] + x[1], [1.0, 1.0], lambda x: x[0] * x[1], -np.inf),
    "a saddle within": (lambda x: x[0] ** 2 * x[1], [0.0, 0.0], lambda x: 1 - x @ x, -2 / 27**0.5),
    "from a parameter that is rounding": (
        lambda x: np.exp(x[0]) + x[1] ** 2,
        [0.0, 1.0],
        lambda x: x[1] - x[0] ** 3,
        0.1,
    ),
    "an inflection": (lambda x: x[0] ** 3 + x[1] ** 2, [2.0, 2.0], lambda x: np.exp(x[0]) - x[1], -1.0),
    "no way, by a square": (lambda x: -x[0], [0.5, 0.5], lambda x: -(x[0] ** 2), 0.0),
    "no way, by a fourth power": (lambda x: -x[0], [0.5, 0.5], lambda x: -(x[0] ** 4), 0.0),
}


@pytest.mark.parametrize(
    ("name", "method"), covering([*CORNERED], [None, "scipy:trust-constr", "scipy:COBYLA", "scipy:COBYQA"])
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:delta_grad:UserWarning")
def test_a_success_has_no_lower_point_beside_that_the_constraints_allow(name, method):
    f, start, inside, least = CORNERED[name]
    found = ad.minimize(
        f, np.array(start), method=method, max_iter=300, constraints={"type": "ineq", "fun": inside}
    )
    assert not found.success or found.fun < least + 1e-3, found
