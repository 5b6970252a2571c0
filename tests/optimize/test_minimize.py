"""`ad.minimize`: published problems, and a grid of methods times everything that an objective may do to them."""

import math

import numpy as np
import pytest
from grid import covering

import dragongrad as ad
from dragongrad.optimize import METHODS, Optimizer, Status, minimize, zoo
from dragongrad.optimize.hessians import equilibrate
from dragongrad.optimize.minimize import default_method

SECOND = ("newton", "trust-exact", "trust-ncg", "bfgs", "l-bfgs", "cg")
LINE = ("newton", "bfgs", "l-bfgs", "cg")
CONVERGED, UNBOUNDED = Status.CONVERGED, Status.UNBOUNDED


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


START = np.array([-1.2, 1.0])


@pytest.fixture(params=SECOND)
def method(request):
    return request.param


@pytest.fixture(params=METHODS)
def any_method(request):
    return request.param


# The problems of Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM TOMS 7 (1981), by
# the default method from the standard starts.

COLLECTION = (
    "rosenbrock", "freudenstein-roth", "powell-badly-scaled", "brown-badly-scaled", "beale", "jennrich-sampson",
    "helical-valley", "bard", "gaussian", "meyer", "gulf", "box", "powell-singular", "wood", "kowalik-osborne",
    "brown-dennis", "osborne-1", "biggs-exp6", "osborne-2", "watson", "extended-rosenbrock",
    "extended-powell-singular", "penalty-1", "penalty-2", "variably-dimensioned", "trigonometric",
    "brown-almost-linear", "discrete-boundary-value", "discrete-integral-equation", "broyden-tridiagonal",
    "broyden-banded", "linear-full-rank", "linear-rank-1", "linear-rank-1-zeros", "chebyquad",
)  # fmt: skip


def published(problem):
    return [problem.minimum(), *(value for value, _ in problem.local_minima())]


@pytest.mark.parametrize("name", COLLECTION)
def test_the_collection_is_solved_by_default(name):
    problem = zoo.get(name)
    for start in problem.starts():
        found = ad.minimize(problem, start)
        assert found.success, found.message
        assert any(math.isclose(found.fun, v, rel_tol=1e-5, abs_tol=1e-10) for v in published(problem)), found
        assert math.isclose(found.fun, problem(found.x), rel_tol=1e-7)


def test_the_collection_is_whole():
    assert len(COLLECTION) == 35


NEARBY = ["beale", "helical-valley", "powell-singular", "wood", "biggs-exp6", "gaussian", "bard"]


@pytest.mark.parametrize(("name", "size"), covering(NEARBY, [1e-14, 1e-6, 1e-2]))
def test_the_collection_from_starts_nearby(name, size):
    """An element of the Hessian that happens to vanish at the standard start must not decide where a run goes."""
    problem, rng = zoo.get(name), np.random.default_rng(5)
    for _ in range(3):
        found = ad.minimize(problem, problem.starts()[0] * (1 + size * rng.normal(size=problem.n)))
        assert found.success
        assert any(math.isclose(found.fun, v, rel_tol=1e-5, abs_tol=1e-10) for v in published(problem)), found


@pytest.mark.parametrize("scales", [(1.0, 1e6), (1e-9, 1e3, 1.0)])
def test_equilibrating_finds_the_units(scales):
    n = len(scales)
    units = np.array(scales)
    matrix = np.full((n, n), 0.5) + 0.5 * np.eye(n)
    matrix[0, 0] = 0.0
    found = equilibrate(matrix * np.outer(units, units))
    ratio = found / units / equilibrate(matrix)
    assert ((ratio > 0.5) & (ratio < 2)).all()
    np.testing.assert_allclose(np.max(np.abs(matrix * np.outer(units / found, units / found)), axis=1), 1, rtol=0.3)
    np.testing.assert_array_equal(equilibrate(np.zeros((2, 2))), 1)


@pytest.mark.parametrize("name", ["meyer", "brown-dennis"])
def test_rounding_is_told_where_the_gradient_cannot_vanish(name):
    """Its values are so large that no point of the grid of floats has a gradient below the tolerance."""
    problem = zoo.get(name)
    found = minimize(problem, problem.starts()[0], gtol=1e-13)
    assert found.success
    assert "no further decrease is possible in floating point" in found.message
    assert math.isclose(found.fun, problem.minimum(), rel_tol=1e-9)


# What every method of the second order does


@pytest.mark.parametrize("n", [2, 6])
def test_rosenbrock(method, n):
    found = ad.minimize(rosenbrock, np.tile(START, n // 2), method=method)
    assert found.success
    assert found.status is CONVERGED
    tight = method in ("newton", "trust-exact", "trust-ncg", "bfgs")
    if found.fun < 1:  # in six dimensions there is a second minimum, at 3.97
        np.testing.assert_allclose(found.x, np.ones(n), atol=1e-7 if tight else 1e-3)
    assert found.jac.shape == (n,)
    assert np.max(np.abs(found.jac)) <= (1e-8 if tight else 1e-5) or "ftol" in found.message
    assert found.nfev >= found.nit > 0
    # Methods of the first order look at one Hessian, before they are believed.
    assert (found.nhev > 2) == (method in ("newton", "trust-exact", "trust-ncg"))
    assert found.tests["gradient"].measured == np.max(np.abs(found.jac))


def test_a_quadratic_in_as_many_steps_as_theory_says(method):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(8, 8))
    a = a @ a.T + np.eye(8)
    b = rng.normal(size=8)
    found = minimize(lambda x: x @ (a @ x) / 2 - b @ x, np.zeros(8), method=method, gtol=1e-9, ftol=0)
    np.testing.assert_allclose(found.x, np.linalg.solve(a, b), rtol=1e-7)
    assert found.nit <= {"newton": 1, "trust-exact": 3, "trust-ncg": 8}.get(method, 60)


def test_paths_do_not_rise(method):
    found = minimize(rosenbrock, START, method=method, path=True)
    assert (np.diff(found.losses) <= 0).all()
    assert found.path.shape == (found.nit + 1, 2)
    assert len(found.times) == found.nit + 1
    np.testing.assert_array_equal(found.path[0], START)


def nest_loss(p):
    return np.sum((p["w"] - 2) ** 2) + (p["b"][0] + 1) ** 4 + (p["b"][1] - p["w"][0, 1]) ** 2


def test_nests(method):
    start = {"w": np.zeros((2, 2)), "b": (0.5, np.float32(3.0))}
    found = ad.minimize(nest_loss, start, method=method, gtol=1e-6, ftol=0)
    assert found.success
    np.testing.assert_allclose(found.x["w"], 2, atol=1e-4)
    assert found.x["b"][1].dtype == np.float32
    np.testing.assert_allclose(found.x["b"][0], -1, atol=0.02)
    assert found.jac["w"].shape == (2, 2)
    assert start["b"][0] == 0.5


def test_float32(method):
    start = START.astype(np.float32)
    found = ad.minimize(rosenbrock, start, method=method)
    assert found.success, found.message
    assert found.x.dtype == np.float32
    np.testing.assert_allclose(found.x, [1, 1], atol=2e-2)
    np.testing.assert_array_equal(start, START.astype(np.float32))


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_any_shape(method, shape):
    found = ad.minimize(lambda x: np.sum((x - 2) ** 2 + np.exp(x)), np.full(shape, 3.0), method=method)
    assert found.success
    assert np.shape(found.x) == np.shape(found.jac) == shape
    np.testing.assert_allclose(found.x, 0.840841495, atol=1e-4)


def test_forward_mode(method):
    found = minimize(rosenbrock, START, method=method, mode="forward")
    assert math.isclose(found.fun, minimize(rosenbrock, START, method=method).fun, rel_tol=1e-4, abs_tol=1e-18)


def test_further_arguments(method):
    found = ad.minimize(lambda x, a, b: np.sum((x - a) ** 2) * b, np.zeros(2), (3.0, 2.0), method)
    np.testing.assert_allclose(found.x, 3, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1e8, 1e150])
def test_units_of_the_value(method, scale):
    found = minimize(lambda x: scale * (np.sum(np.cosh(x - 1)) + 1), [3.0, -2.0], method=method, ftol=0)
    assert found.success, found.message
    np.testing.assert_allclose(found.x, 1, atol=2e-2 if scale < 1 else 1e-5)


@pytest.mark.parametrize("units", [(1e-8, 1e6), (1e5, 1e5)])
@pytest.mark.parametrize("name", ["newton", "trust-exact"])
def test_units_of_the_parameters(name, units):
    """Both scale by the Hessian: they go the same way in any units."""
    units = np.array(units)
    plain = minimize(rosenbrock, START, method=name)
    found = minimize(lambda x: rosenbrock(x * units), START / units, method=name)
    np.testing.assert_allclose(found.x * units, [1, 1], atol=1e-6)
    assert abs(found.nit - plain.nit) <= 3


# Where derivatives vanish or values do not exist


def test_a_constant(any_method):
    found = ad.minimize(lambda x: 3 + 0 * np.sum(x), START, method=any_method)
    assert found.success
    assert "does not depend" in found.message
    assert (found.nit, found.fun) == (0, 3)


@pytest.mark.parametrize("name", ["newton", "trust-exact"])
@pytest.mark.parametrize("start", [[0.0, 0.0], [1.0, 0.0]])
def test_saddle_points_are_left(name, start):
    found = ad.minimize(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, start, method=name)
    assert found.success
    assert math.isclose(found.fun, -0.25, rel_tol=1e-12)
    np.testing.assert_allclose(found.hess_inv, [[0.5, 0], [0, 0.25]], atol=1e-6)


def test_a_maximum_is_left_by_default():
    found = ad.minimize(lambda x: np.sum(np.cos(x)), np.zeros(3))
    assert found.success
    assert math.isclose(found.fun, -3)


VALUES = {
    "falls": (lambda x: -np.sum(x), START),
    "falls faster": (lambda x: -np.sum(x**2), START),
    "falls to -inf": (lambda x: -np.sum(np.exp(x)), START),
}


@pytest.mark.parametrize("name", VALUES)
def test_unbounded(any_method, name):
    f, start = VALUES[name]
    found = ad.minimize(f, start, method=any_method)
    assert found.status is UNBOUNDED
    assert not found.success
    assert "no minimum" in found.message
    assert found.nfev < 500


@pytest.mark.parametrize("f", [lambda x: np.sum(np.abs(x - 9)), lambda x: np.sum(np.maximum(-x, -1e3))])
def test_a_long_even_fall_that_ends_is_not_taken_for_an_endless_one(f):
    found = ad.minimize(f, START, method="gd", lr=0.01, max_iter=300)
    assert found.status is Status.MAX_ITER


def test_nothing_finite_at_the_start(any_method):
    found = ad.minimize(lambda x: np.sum(np.sqrt(x)), np.array([-1.0, 1.0]), method=any_method)
    assert found.status is Status.NON_FINITE
    assert not found.success
    assert "NaN" in found.message or "nan" in found.message
    assert "debug_nans" in found.message
    assert found.nit == 0


def test_a_gradient_that_is_not_finite(method):
    found = ad.minimize(lambda x: np.sum(np.sqrt(x)) + np.sum(x**2), np.array([0.0, 1.0]), method=method)
    assert found.status is Status.NON_FINITE
    assert "gradient" in found.message


DOMAINS = {
    "logarithm": (lambda x: np.sum(x - np.log(x)), [1e-3, 20.0], 1.0),
    "root": (lambda x: np.sum(3 * x**2 + np.sqrt(1 - x)), [0.9, 0.2], 0.087224140),
    "overflow": (lambda x: np.sum(np.exp(np.exp(x)) + np.exp(-x)), [1.5, -6.0], -0.351733711),
    "huge": (lambda x: np.sum(np.exp(x**2)), [5.0, -20.0], 0.0),
}


@pytest.mark.parametrize("name", DOMAINS)
@pytest.mark.filterwarnings("error")
def test_trials_outside_the_domain(method, name):
    f, start, at = DOMAINS[name]
    if name == "huge" and method in ("bfgs", "l-bfgs", "cg"):
        start = [5.0, -4.0]
    found = ad.minimize(f, start, method=method, ftol=0)
    assert found.success, found.message
    np.testing.assert_allclose(found.x, at, atol=1e-4)


def test_matrices_without_decomposition_are_outside_the_domain(method):
    """Of a + b L, where L is the Cholesky factor: a trial may leave the positive definite matrices."""

    def f(x):
        matrix = np.stack([np.stack([x[0], x[1]]), np.stack([x[1], x[0]])])
        return 3 * x[0] - 2 * np.sum(np.log(np.diag(np.linalg.cholesky(matrix))))

    found = ad.minimize(f, np.array([1.0, 0.5]), method=method)
    np.testing.assert_allclose(found.x, [2 / 3, 0], atol=1e-4)


def test_python_arithmetic_that_fails_is_outside_the_domain(method):
    def f(x):
        if x[0] > 1.5:
            raise ZeroDivisionError
        return (x[0] - 1) ** 2 / (2 - x[0])

    found = ad.minimize(f, np.array([-30.0]), method=method)
    np.testing.assert_allclose(found.x, 1, atol=1e-4)


def test_other_errors_are_raised(method):
    def f(x):
        if x[0] > 0:
            raise KeyError("mine")
        return (x[0] - 1) ** 2

    with pytest.raises(KeyError, match="mine"):
        ad.minimize(f, np.array([-30.0]), method=method)


def test_debug_nans_is_told(method):
    with ad.debug_nans(), pytest.raises(ad.NonFiniteError), np.errstate(all="ignore"):
        ad.minimize(lambda x: np.sum(np.sqrt(x)), np.array([-1.0]), method=method)


def test_a_kink_is_told():
    found = ad.minimize(lambda x: np.sum(np.abs(x - 0.1)) + np.sum(np.abs(x) * 3), [5.0, -2.0], ftol=0)
    assert found.status in (CONVERGED, Status.NO_DESCENT)
    np.testing.assert_allclose(found.x, 0, atol=1e-6)


# Functions that give their own gradient


@pytest.mark.parametrize("name", ["bfgs", "l-bfgs", "cg", None])
def test_a_given_gradient(name):
    def pair(x):
        return rosenbrock(x), ad.grad(rosenbrock)(x)

    found = ad.minimize(pair, START, method=name, jac=True, ftol=0)
    assert found.success
    np.testing.assert_allclose(found.x, 1, atol=1e-4)


@pytest.mark.parametrize("name", ["bfgs", "l-bfgs", "cg"])
def test_a_gradient_that_lies(name):
    found = ad.minimize(lambda x: (np.sum(x**2), -2 * x), START, method=name, jac=True)
    assert found.status is Status.NO_DESCENT
    assert not found.success
    assert "check_derivatives" in found.message
    np.testing.assert_array_equal(found.x, START)
    assert found.nfev < 200


@pytest.mark.parametrize("name", ["newton", "trust-exact", "trust-ncg"])
def test_second_derivatives_need_a_function(name):
    with pytest.raises(ad.ArgumentError, match="returns its own gradient"):
        ad.minimize(lambda x: (np.sum(x**2), 2 * x), START, method=name, jac=True)


# Limits, callbacks, interruption: every method


def test_max_iter(any_method):
    found = ad.minimize(rosenbrock, START, method=any_method, max_iter=2)
    assert found.status is Status.MAX_ITER
    assert found.nit == 2
    assert "max_iter = 2" in found.message
    assert not found.success


def test_max_time(any_method):
    found = ad.minimize(rosenbrock, START, method=any_method, max_time=0)
    assert found.status is Status.MAX_TIME
    assert found.nit == 1


@pytest.mark.parametrize("way", ["true", "stop"])
def test_callback(any_method, way):
    seen = []

    def callback(iteration):
        seen.append(iteration)
        if len(seen) == 3:
            if way == "stop":
                raise StopIteration
            return True
        return None

    found = ad.minimize(rosenbrock, START, method=any_method, callback=callback)
    assert found.status is Status.CALLBACK
    assert [s.nit for s in seen] == [1, 2, 3]
    assert seen[0].fun == rosenbrock(seen[0].x)


def quartic(x):
    return np.sum(x**4) + (x[0] - x[1]) ** 4


@pytest.mark.parametrize("again", [False, True])
def test_interrupted_in_the_function(any_method, again):
    calls, met = [], []

    def f(x):
        calls.append(None)
        if len(calls) == 20 or (again and len(calls) > 20):
            raise KeyboardInterrupt
        return quartic(x)

    found = ad.minimize(
        f, START, method=any_method, gtol=0, ftol=0, callback=lambda iteration: met.append(iteration.fun)
    )
    assert found.status is Status.INTERRUPTED
    assert not found.success
    assert "interrupted: x is the best point so far" in found.message
    assert found.fun == quartic(found.x) == min([quartic(START), *met])
    if not np.isnan(found.jac).any():
        np.testing.assert_array_equal(found.jac, ad.grad(quartic)(found.x))


@pytest.mark.parametrize(
    "wrong", [lambda x: x, lambda x: None, lambda x: (1.0, x), lambda x: "text", lambda x: np.str_("a")]
)
def test_not_one_number(any_method, wrong):
    with pytest.raises(ad.ArgumentError, match=r"one (real )?number"):
        ad.minimize(wrong, START, method=any_method)


# Options


@pytest.mark.parametrize(
    ("method", "options", "match"),
    [
        ("bfgs", {"decrease": 0.95}, "0 < decrease < curvature < 1"),
        ("l-bfgs", {"memory": 0}, "memory"),
        ("newton", {"reach": 0}, "reach"),
        ("cg", {"clip": lambda g: g}, "leave out clip"),
        ("trust-exact", {"radius": 0.0}, "radius"),
        ("trust-ncg", {"clip": lambda g: g}, "leave out clip"),
        ("trust-ncg", {"forcing": 1.5}, "forcing"),
        ("newton", {"max_trials": 0}, "max_trials"),
        ("newton", {"memory": 3}, "no option memory"),
        ("newtonian", {}, "unknown method"),
        ("bfgs", {"gtol": -1}, "gtol"),
    ],
)
def test_wrong_options(method, options, match):
    with pytest.raises(ad.ArgumentError, match=match):
        ad.minimize(rosenbrock, START, method=method, **options)


def test_the_first_radius_is_kept_to(method):
    if not method.startswith("trust"):
        return
    found = minimize(rosenbrock, START, method=method, radius=1e-3, path=True, max_iter=1)
    scale = equilibrate(ad.hessian(rosenbrock)(START)) if method == "trust-exact" else 1.0
    assert np.linalg.norm(scale * (found.path[1] - found.path[0])) <= 1e-3 * (1 + 1e-6)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        ((2,), "newton"), ((200,), "newton"), ((201,), "trust-ncg"), ((500, True), "bfgs"), ((501, True), "l-bfgs"),
        ((200, False, True), "trust-exact"), ((201, False, True), "scipy:L-BFGS-B"),
        ((2, True, True), "scipy:L-BFGS-B"), ((2, False, True, True), "scipy:"),
        ((900, True, False, True), "scipy:"),
    ],
)  # fmt: skip
def test_the_default_goes_by_size_and_what_is_asked(problem, expected):
    assert default_method(*problem) == expected


def test_many_parameters_by_default():
    found = ad.minimize(lambda x: rosenbrock(np.reshape(x, (2, -1))), np.repeat(START, 150))
    assert found.success
    assert found.fun < 1e-15
    assert found.nhev > 0
    assert np.max(np.abs(found.jac)) <= 1e-8


def test_the_inverse_hessian():
    for name in ("newton", "trust-exact", "bfgs"):
        found = ad.minimize(rosenbrock, START, method=name)
        exact = np.linalg.inv(ad.hessian(rosenbrock)(found.x))
        np.testing.assert_allclose(found.hess_inv, exact, rtol=1e-6 if name != "bfgs" else 0.1)
    assert ad.minimize(rosenbrock, START, method="l-bfgs").hess_inv is None


def test_classes_have_the_classic_interface(method):
    made = METHODS[method]
    assert issubclass(made, Optimizer)
    found, steps = made(rosenbrock, START).solve(return_steps=True)
    np.testing.assert_allclose(found, 1, atol=1e-4)
    np.testing.assert_array_equal(steps[-1], found)


@pytest.mark.parametrize(
    "f",
    [quartic, rosenbrock, lambda x: np.sum(np.abs(x) ** 3), lambda x: 1e-170 * np.sum(x**2)],
)
def test_without_tolerances_it_goes_on_until_floats_end(method, f):
    found = ad.minimize(f, START, method=method, gtol=0, ftol=0)
    assert found.success
    assert "no further decrease is possible in floating point" in found.message
    assert found.fun < 1e-25
