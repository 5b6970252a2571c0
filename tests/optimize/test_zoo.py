"""Every test function of the zoo against its own record, differences, and the published tables."""

import numpy as np
import pytest
from scipy.optimize import least_squares

import dragongrad as ad
from dragongrad.core.errors import ArgumentError, ShapeError
from dragongrad.optimize import zoo
from dragongrad.optimize.zoo import MORE_GARBOW_HILLSTROM, ZOO, Problem
from dragongrad.testing import check_derivatives

# Written with abs, a norm, an angle or a choice: the complex step does not apply.
NOT_ANALYTIC = {
    "bukin-6", "cross-in-tray", "eggholder", "holder-table", "drop-wave", "schaffer-6", "ackley", "schwefel",
    "salomon", "gulf", "helical-valley",
}  # fmt: skip

# More, Garbow and Hillstrom 1981: dimension, value at the standard start (as computed by their Fortran and by
# its translations), published minimum. Written with the digits that are printed, the last of them cut or rounded.
PUBLISHED = {
    "rosenbrock": (2, 24.2, 0.0),
    "freudenstein-roth": (2, 400.5, 0.0),
    "powell-badly-scaled": (2, 1.13526, 0.0),
    "brown-badly-scaled": (2, 9.99998e11, 0.0),
    "beale": (2, 14.203125, 0.0),
    "jennrich-sampson": (2, 4171.306, 124.362),
    "helical-valley": (3, 2500.0, 0.0),
    "bard": (3, 41.6817, 8.21487e-3),
    "gaussian": (3, 3.88811e-6, 1.12793e-8),
    "meyer": (3, 1.693608e9, 87.9458),
    "box": (3, 1031.154, 0.0),
    "powell-singular": (4, 215.0, 0.0),
    "wood": (4, 19192.0, 0.0),
    "kowalik-osborne": (4, 5.31317e-3, 3.07505e-4),
    "brown-dennis": (4, 7926693.34, 85822.2),
    "osborne-1": (5, 0.879026, 5.46489e-5),
    "biggs-exp6": (6, 0.779070, 0.0),
    "osborne-2": (11, 2.09342, 4.01377e-2),
    "watson": (6, 30.0, 2.28767e-3),
    "extended-rosenbrock": (10, 121.0, 0.0),
    "extended-powell-singular": (12, 645.0, 0.0),
    "penalty-1": (4, 885.0626, 2.24997e-5),
    "penalty-2": (4, 2.34001, 9.37629e-6),
    "variably-dimensioned": (10, 2198551.16, 0.0),
    "trigonometric": (10, 7.07576e-3, 0.0),
    "brown-almost-linear": (10, 273.248, 0.0),
    "broyden-tridiagonal": (10, 21.0, 0.0),
    "broyden-banded": (10, 360.0, 0.0),
    "chebyquad": (8, 3.86177e-2, 3.51687e-3),
}
PUBLISHED_ELSEWHERE = {
    ("watson", 9): 1.39976e-6, ("watson", 12): 4.72238e-10, ("penalty-1", 10): 7.08765e-5,
    ("penalty-2", 10): 2.93660e-4, ("chebyquad", 9): 0.0, ("chebyquad", 10): 6.50395e-3,
    ("six-hump-camel", 2): -1.0316, ("branin", 2): 0.397887, ("shubert", 2): -186.7309, ("mccormick", 2): -1.9133,
    ("cross-in-tray", 2): -2.06261, ("eggholder", 2): -959.6407, ("holder-table", 2): -19.2085,
    ("schaffer-4", 2): 0.292579, ("bird", 2): -106.764537, ("styblinski-tang", 3): -3 * 39.16617,
    ("michalewicz", 2): -1.8013, ("michalewicz", 5): -4.687658, ("michalewicz", 10): -9.66015,
    ("trid", 6): -50.0, ("trid", 10): -210.0, ("hartmann-3", 3): -3.86278, ("hartmann-6", 6): -3.32237,
    ("shekel-5", 4): -10.1532, ("shekel-7", 4): -10.4029, ("shekel-10", 4): -10.5364,
    ("goldstein-price", 2): 3.0, ("easom", 2): -1.0, ("drop-wave", 2): -1.0, ("alpine-2", 2): -(2.808**2),
}  # fmt: skip
PUBLISHED_LOCAL = {
    "freudenstein-roth": 48.9842, "biggs-exp6": 5.65565e-3, "trigonometric": 2.79506e-5, "brown-almost-linear": 1.0,
    "bard": 17.4286, "kowalik-osborne": 1.02734e-3, "goldstein-price": 30.0, "six-hump-camel": -0.2155,
}  # fmt: skip

every = pytest.mark.parametrize("problem", ZOO.values(), ids=ZOO.keys())
mgh = pytest.mark.parametrize("name", MORE_GARBOW_HILLSTROM)


def inside(problem, count, seed=0, n=None):
    """Random points of the domain."""
    low, high = problem.domain(n).T
    return np.random.default_rng(seed).uniform(low, high, (count, len(low)))


def dimensions(problem):
    """The usual dimension and, where others are defined, the next."""
    if not problem.any_n:
        return [problem.n]
    allowed = problem.dimensions
    return [problem.n, problem.n + allowed.step]


def on_edge(problem, x):
    low, high = problem.domain(len(x)).T
    return np.any((x <= low) | (x >= high))


@every
def test_the_record_is_complete(problem):
    assert ZOO[problem.name] is problem
    assert problem.formula.strip()
    assert problem.source.strip()
    assert "|" not in problem.formula  # it would end a cell of the manual's table
    assert problem.formula.count("{") == problem.formula.count("}")
    for n in dimensions(problem):
        domain = problem.domain(n)
        assert domain.shape == (n, 2)
        assert np.all(domain[:, 0] < domain[:, 1])
        assert problem.starts(n)
        for x in [*problem.starts(n), *problem.minima(n)]:
            assert x.shape == (n,)
            assert x.dtype == np.float64
            assert np.isfinite(problem(x))
    assert problem.minima() or np.isfinite(problem.minimum())


@every
def test_value_gradient_and_curvature_at_known_minima(problem):
    for n in dimensions(problem):
        for x in problem.minima(n):
            scale = max(1.0, max(abs(problem(y)) for y in inside(problem, 5, n=n)))
            assert problem(x) == pytest.approx(problem.minimum(n), rel=1e-12, abs=1e-14 * scale)
            gradient = ad.grad(problem)(x)
            assert np.all(np.isfinite(gradient))
            if on_edge(problem, x) and problem.name == "eggholder":
                continue  # its minimum lies on the edge of its domain, and slopes outwards
            hessian = ad.hessian(problem)(x)
            if not np.all(np.isfinite(hessian)):
                assert problem.kinks
                continue
            # A gradient is as small as rounding allows: of x times the curvature.
            bound = 1e-14 * np.max(np.abs(hessian)) * max(1.0, np.max(np.abs(x))) + 1e-12 * abs(problem.minimum(n))
            assert np.max(np.abs(gradient)) <= 10 * bound + 1e-13
            eigenvalues = np.linalg.eigvalsh(hessian)
            assert eigenvalues[0] >= -1e-13 * abs(eigenvalues[-1])


@every
def test_nothing_in_the_domain_is_lower_than_the_minimum(problem):
    for n in dimensions(problem):
        least = problem.minimum(n)
        if np.isfinite(least):
            assert np.min(ad.vmap(problem)(inside(problem, 500, n=n))) >= least - 1e-12 * abs(least)


@every
def test_local_minima(problem):
    for value, x in problem.local_minima():
        assert value > problem.minimum()
        if x is None:
            continue
        assert problem(x) == pytest.approx(value, rel=1e-12)
        assert np.max(np.abs(ad.grad(problem)(x))) < 1e-11 * max(1.0, value)
        eigenvalues = np.linalg.eigvalsh(ad.hessian(problem)(x))
        if problem.name == "biggs-exp6":  # published as a minimum
            assert eigenvalues[0] < -1e-3 < 0.0 < eigenvalues[-1]
        else:
            assert eigenvalues[0] >= -1e-13 * eigenvalues[-1]


@every
def test_gradients_against_the_complex_step_or_differences(problem):
    for n in dimensions(problem):
        for x in [*problem.starts(n), *inside(problem, 2, n=n)]:
            if problem.name not in NOT_ANALYTIC:
                check_derivatives(problem, x, order=1, method="complex", rtol=1e-12, atol=1e-13)
                continue
            gradient = ad.grad(problem)(x)
            for i in range(n):
                h = np.zeros(n)
                h[i] = 1e-3
                f = [problem(x + k * h) for k in (-3, -2, -1, 1, 2, 3)]
                slope = (45 * (f[3] - f[2]) - 9 * (f[4] - f[1]) + (f[5] - f[0])) / (60 * 1e-3)
                assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-6 * max(1.0, np.max(np.abs(f))))


@every
def test_second_derivatives_against_differences_of_the_gradient(problem):
    rng = np.random.default_rng(3)
    for x in problem.starts():
        v = rng.normal(size=x.shape)
        gradient = ad.grad(problem)
        product = ad.hvp(problem, x, v)
        h = 1e-5
        slope = (
            8 * (gradient(x + h * v) - gradient(x - h * v)) - gradient(x + 2 * h * v) + gradient(x - 2 * h * v)
        ) / (12 * h)
        scale = max(1.0, np.max(np.abs(slope)), np.max(np.abs(gradient(x))))
        np.testing.assert_allclose(product, slope, atol=1e-7 * scale)
        np.testing.assert_allclose(product, ad.hessian(problem)(x) @ v, atol=1e-12 * scale)


@every
def test_a_batch_is_a_loop(problem):
    points = np.concatenate([problem.starts(), inside(problem, 4)])
    f, df = ad.vmap(problem)(points), ad.vmap(ad.grad(problem))(points)
    for i, x in enumerate(points):
        assert f[i] == pytest.approx(problem(x), rel=1e-13, abs=1e-13)
        expected = ad.grad(problem)(x)
        np.testing.assert_allclose(df[i], expected, rtol=1e-12, atol=1e-12 * max(1.0, np.max(np.abs(expected))))


@pytest.mark.parametrize("problem", [p for p in ZOO.values() if p.residuals], ids=lambda p: p.name)
def test_the_value_is_the_sum_of_the_squared_residuals(problem):
    for n in dimensions(problem):
        for x in [*problem.starts(n), *inside(problem, 3, n=n)]:
            r = problem.residuals(x)
            assert r.ndim == 1
            assert problem(x) == pytest.approx(np.sum(r**2), rel=1e-12)
            jacobian = ad.jacobian(problem.residuals)(x)
            np.testing.assert_allclose(ad.jacfwd(problem.residuals)(x), jacobian, rtol=1e-12, atol=1e-12)
            gradient = 2 * jacobian.T @ r
            np.testing.assert_allclose(
                ad.grad(problem)(x), gradient, rtol=1e-9, atol=1e-9 * np.max(np.abs(gradient))
            )


def test_the_collection_of_more_garbow_and_hillstrom_is_whole():
    assert len(MORE_GARBOW_HILLSTROM) == len(set(MORE_GARBOW_HILLSTROM)) == 35
    for number, name in enumerate(MORE_GARBOW_HILLSTROM, start=1):
        assert f"More-Garbow-Hillstrom 1981, no. {number}" in ZOO[name].source or (
            f"More, Garbow and Hillstrom 1981, ACM TOMS 7:17, no. {number}" in ZOO[name].source
        )
        assert ZOO[name].residuals is not None
    assert len(ZOO) >= 70


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_values_of_more_garbow_and_hillstrom(name):
    n, at_start, least = PUBLISHED[name]
    problem = ZOO[name]
    assert problem(problem.starts(n)[0]) == pytest.approx(at_start, rel=2e-6)
    assert problem.minimum(n) == pytest.approx(least, rel=5e-6, abs=1e-30)


@pytest.mark.parametrize(("name", "n"), PUBLISHED_ELSEWHERE)
def test_other_published_minima(name, n):
    problem = ZOO[name]
    published = PUBLISHED_ELSEWHERE[name, n]
    assert problem.minimum(n) == pytest.approx(
        published, rel=1e-4 if name in ("alpine-2", "six-hump-camel") else 5e-5
    )
    for x in problem.minima(n):
        assert problem(x) == pytest.approx(published, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("name", PUBLISHED_LOCAL)
def test_published_local_minima(name):
    values = [value for value, _ in ZOO[name].local_minima()]
    assert any(v == pytest.approx(PUBLISHED_LOCAL[name], rel=2e-4) for v in values)


def test_minima_at_infinity_are_approached():
    assert ZOO["bard"](np.array([0.840666667, -1e9, -1e9])) == pytest.approx(17.4286933, rel=1e-7)
    far = 1e9

    def on_the_way(z):
        return ZOO["kowalik-osborne"].residuals(np.array([far, z[0], z[1] * far, z[2] * far]))

    found = least_squares(on_the_way, [-14.0, -43.0, -32.0], xtol=1e-12, ftol=1e-12)
    assert found.x[0] == pytest.approx(-14.07, abs=0.01)
    assert 2 * found.cost == pytest.approx(1.02734e-3, rel=5e-6)


@mgh
def test_scipy_arrives_from_the_standard_start(name):
    problem = ZOO[name]
    jacobian = ad.jacobian(problem.residuals)
    # Not by "lm": SciPy 1.17's MINPACK reads memory that it never wrote, and then stops early on Biggs' problem.
    found = least_squares(
        problem.residuals, problem.starts()[0], jacobian, method="trf", x_scale="jac", xtol=1e-14, ftol=1e-14,
        gtol=1e-14, max_nfev=2000,
    )  # fmt: skip
    known = [problem.minimum(), *[value for value, _ in problem.local_minima()]]
    assert min(abs(2 * found.cost - v) - 1e-6 * abs(v) for v in known) < 1e-12


def test_kinks_have_the_documented_derivatives():
    assert np.all(ad.grad(ZOO["ackley"])(np.zeros(3)) == 0)
    assert np.all(ad.grad(ZOO["salomon"])(np.zeros(2)) == 0)
    assert np.all(ad.grad(ZOO["bukin-6"])(np.array([-10.0, 1.0])) == 0)
    assert ad.grad(ZOO["schwefel"])(np.array([0.0, 400.0]))[0] == 0
    assert np.all(np.isfinite(ad.grad(ZOO["cross-in-tray"])(np.zeros(2))))
    # Radii inside even functions: smooth at 0, and the curvature there is that of their series.
    np.testing.assert_allclose(ad.hessian(ZOO["drop-wave"])(np.zeros(2)), 72.5 * np.eye(2))
    np.testing.assert_allclose(ad.hessian(ZOO["schaffer-6"])(np.zeros(2)), 2.002 * np.eye(2))


def test_the_start_of_the_constructed_loss_that_parts_gradient_descent_from_adam():
    problem = zoo.get("constructed")
    start = problem.starts()[1]
    trap = problem.local_minima()[0][1]
    with ad.mode("reverse"):
        np.testing.assert_allclose(ad.optimize.GD(problem.f, start, lr=0.1).solve(), trap, atol=1e-4)
        arrived = ad.optimize.Adam(problem.f, start, lr=0.1).solve()
    np.testing.assert_allclose(arrived, problem.minima()[0], atol=1e-4)


@pytest.mark.parametrize("name", ["goldstein-price", "Goldstein Price", "GOLDSTEIN_PRICE", "goldsteinprice"])
def test_names_in_any_spelling(name):
    assert zoo.get(name) is ZOO["goldstein-price"]


def test_an_unknown_name_tells_the_nearest():
    with pytest.raises(ArgumentError, match="did you mean 'rosenbrock'"):
        zoo.get("rosenbrok")
    with pytest.raises(ArgumentError, match="choose among rosenbrock"):
        zoo.get("qqqqqq")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ZOO["beale"].starts(3), ArgumentError, "function of 2 numbers, not of 3"),
        (lambda: ZOO["beale"](np.ones(3)), ArgumentError, "function of 2 numbers, not of 3"),
        (lambda: ZOO["beale"](np.ones((4, 2))), ShapeError, "ad.vmap"),
        (lambda: ZOO["extended-rosenbrock"].minimum(5), ArgumentError, "choose n among 2, 4"),
        (lambda: ZOO["watson"].domain(40), ArgumentError, "31"),
        (lambda: ZOO["rosenbrock"].minima(1), ArgumentError, "not defined in 1 dimensions"),
    ],
)
def test_wrong_dimensions(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_unpublished_minima_are_not_a_number():
    assert np.isnan(ZOO["watson"].minimum(7))
    assert ZOO["watson"].minima(7) == []


def test_a_list_is_a_point():
    assert ZOO["booth"]([1, 3]) == 0
    assert isinstance(ZOO["booth"], Problem)
