"""Implicit differentiation: roots, fixed points and minima against formulas, in every transform."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy import optimize

import dragongrad as ad
from dragongrad.scipy.optimize.solver import nest_of_numbers

A = np.array([0.3, 1.7])


def only_values(x):
    """The argument of a solver that is no NumPy code: a Variable would raise."""
    assert type(x) in (np.ndarray, np.float64), type(x)
    return np.asarray(x, float)


def _newton(f, jac, x):
    for _ in range(60):
        x = x - np.linalg.solve(jac(x), f(x))
    return x


# Each case: a solver, the same function by a formula, and a point


def cubic(a):
    """The real root of x**3 + x = a."""
    return np.cbrt(a / 2 + np.sqrt(a * a / 4 + 1 / 27)) + np.cbrt(a / 2 - np.sqrt(a * a / 4 + 1 / 27))


def cubic_solver(a):
    a = only_values(a)
    return np.vectorize(lambda a: optimize.brentq(lambda x: x**3 + x - a, -10, 10, xtol=1e-15))(a)


def linear_matrix(a):
    return np.stack([np.stack([2.0 + a[0], 1.0 + 0 * a[0]]), np.stack([a[1], 3.0 + a[0] * a[1]])])


def linear_formula(a):
    return np.linalg.solve(linear_matrix(a), np.stack([np.sin(a[0]), a[1]]))


def linear_solver(a):
    a = only_values(a)
    return optimize.root(lambda x: linear_matrix(a) @ x - [np.sin(a[0]), a[1]], np.zeros(2), tol=1e-14).x


def linear_equations(x, a):
    return linear_matrix(a) @ x - np.stack([np.sin(a[0]), a[1]])


def heron(x, a):
    return (x + a / x) / 2


def heron_solver(a):
    x = only_values(a) + 1
    for _ in range(60):
        x = heron(x, a)
    return x


def ridge(x, a):
    return np.sum((x - a) ** 2) + a[0] ** 2 * np.sum(x**2)


def ridge_solver(a):
    a = only_values(a)
    return optimize.minimize(
        lambda x: ridge(x, a), np.zeros(2), jac=lambda x: 2 * (x - a) + 2 * a[0] ** 2 * x, tol=1e-13
    ).x


def distance(x, a):
    return np.sum((x - a) ** 2)


CASES = {
    "root": (ad.implicit.root(cubic_solver, lambda x, a: x**3 + x - a), cubic, A),
    "root of a system": (ad.implicit.root(linear_solver, linear_equations), linear_formula, A),
    "fixed point": (ad.implicit.fixed_point(heron_solver, heron), np.sqrt, A),
    "minimum": (ad.implicit.minimizer(ridge_solver, ridge), lambda a: a / (1 + a[0] ** 2), A),
    "minimum on a disc": (
        ad.implicit.minimizer(
            lambda a: only_values(a) / np.linalg.norm(a), distance, inequality=lambda x, a: 1 - x @ x
        ), lambda a: a / np.sqrt(np.sum(a**2)), A,
    ),
    "minimum on a line": (
        ad.implicit.minimizer(
            lambda a: only_values(a) - (np.sum(a) - a[0] ** 2) / 2, distance,
            equality=lambda x, a: np.sum(x) - a[0] ** 2,
        ), lambda a: a - (np.sum(a) - a[0] ** 2) / 2, A,
    ),
    "minimum within bounds": (
        ad.implicit.minimizer(lambda a: np.clip(only_values(a), -1.0, 1.5), distance, bounds=(-1.0, 1.5)),
        lambda a: np.stack([a[0], 1.5 + 0 * a[1]]), A,
    ),
    "minimum above a bound of zero": (
        ad.implicit.minimizer(lambda a: np.maximum(only_values(a) - 1, 0.0), lambda x, a: distance(x, a - 1),
                              bounds=(0.0, np.inf)),
        lambda a: np.stack([0 * a[0], a[1] - 1]), A,
    ),
    "minimum within bounds that move": (
        ad.implicit.minimizer(
            lambda a: np.minimum(only_values(a), a[0] ** 2), distance, bounds=lambda a: (-np.inf, a[0] ** 2)
        ), lambda a: np.stack([a[0] ** 2, a[0] ** 2]), A,
    ),
    "GMRES": (ad.implicit.root(linear_solver, linear_equations, linear_solver="gmres"), linear_formula, A),
    "conjugate gradients": (
        ad.implicit.minimizer(ridge_solver, ridge, linear_solver="cg"), lambda a: a / (1 + a[0] ** 2), A,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_transform_agrees_with_the_formula(name):
    found, formula, a = CASES[name]
    close = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-7)
    close(found(a), formula(a))
    close(ad.jacfwd(found)(a), ad.jacfwd(formula)(a))
    close(ad.jacrev(found)(a), ad.jacrev(formula)(a))
    loss, known = (lambda a, f=f: np.sum(np.sin(f(a))) + f(a)[0] ** 2 for f in (found, formula))
    close(ad.grad(loss)(a), ad.grad(known)(a))
    close(ad.hessian(loss)(a), ad.hessian(known)(a))
    close(ad.jvp(ad.grad(loss), (a,), (a,))[1], ad.jvp(ad.grad(known), (a,), (a,))[1])
    close(ad.grad(lambda a: ad.jvp(loss, (a,), (A,))[1])(a), ad.grad(lambda a: ad.jvp(known, (a,), (A,))[1])(a))
    rows = np.stack([a, a + 0.01, a * 1.02])
    close(ad.vmap(ad.grad(loss))(rows), ad.vmap(ad.grad(known))(rows))
    close(ad.grad(lambda r: np.sum(ad.vmap(loss)(r)))(rows), ad.vmap(ad.grad(known))(rows))


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("name", ["root of a system", "minimum on a disc", "GMRES"])
def test_compiled_programs_call_the_solver_back(name, backend):
    found, formula, a = CASES[name]
    compiled = ad.compile(ad.value_and_grad(lambda a: np.sum(np.sin(found(a)))), backend=backend)
    known = ad.value_and_grad(lambda a: np.sum(np.sin(formula(a))))
    for point in (a, a + 0.05, a):
        for got, wanted in zip(compiled(point), known(point), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_third_order():
    found, formula, _ = CASES["root"]
    for a in (0.3, 2.0):
        np.testing.assert_allclose(ad.derivative(found, order=3)(a), ad.derivative(formula, order=3)(a), rtol=1e-7)


class Pair(NamedTuple):
    u: object
    v: object


def test_nests_several_arguments_and_constants():
    """x and the arguments are nests; whole numbers, data and options pass through."""
    data = np.arange(6.0).reshape(3, 2)

    def equations(x, p, power, places):
        return {"a": x.u - p["m"] @ p["t"], "b": x.v**power - p["t"][places]}

    @ad.implicit.root(F=equations)
    def solver(p, power, places, *, shift=0.0):
        assert shift == 1.0
        return Pair(p["m"] @ p["t"], p["t"][places] ** (1 / power))

    def formula(p, power, places):
        return Pair(p["m"] @ p["t"], p["t"][places] ** (1 / power))

    p = {"m": data, "t": np.array([2.0, 3.0])}
    loss = lambda x: np.sum(x.u**2) + np.sum(x.v)
    got = ad.grad(lambda p: loss(solver(p, 3, np.array([1, 1]), shift=1.0)))(p)
    wanted = ad.grad(lambda p: loss(formula(p, 3, np.array([1, 1]))))(p)
    for key in p:
        np.testing.assert_allclose(got[key], wanted[key])
    only = ad.grad(lambda t: loss(solver({"m": data, "t": t}, 3, [0, 1], shift=1.0)))(p["t"])
    np.testing.assert_allclose(only, ad.grad(lambda t: loss(formula({"m": data, "t": t}, 3, [0, 1])))(p["t"]))


def test_complex_roots():
    """The square root of a complex number, by its real and imaginary parts."""
    found = ad.implicit.root(lambda a: np.asarray(a) ** 0.5, lambda x, a: x * x - a)
    loss = lambda f: lambda a: np.abs(f(a)) ** 2 + np.real(f(a))
    a = np.complex128(1.0 + 2.0j)
    np.testing.assert_allclose(ad.grad(loss(found))(a), ad.grad(loss(np.sqrt))(a))


@pytest.mark.parametrize(
    ("dtype", "shape"), [(np.float32, (2,)), (np.float64, (0,)), (np.float64, (1,)), (np.float64, ())]
)
def test_dtypes_and_short_arrays(dtype, shape):
    found = ad.implicit.root(lambda a: np.sqrt(np.asarray(a)), lambda x, a: x**2 - a)
    a = np.full(shape, 4.0, dtype)
    got = ad.grad(lambda a: np.sum(found(a)))(a)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, np.full(shape, 0.25))


def test_starts_have_no_derivative():
    found = ad.implicit.root(lambda a, start: np.sqrt(a), lambda x, a, start: x**2 - a)
    assert ad.grad(found, (0, 1))(4.0, 1.0) == (0.25, 0.0)


def test_many_unknowns_take_products_only():
    n, seen = 600, []

    def equations(x, a):
        seen.append(np.shape(x))
        return 4 * x + a * np.roll(x, 1) - np.ones(n)

    found = ad.implicit.root(lambda a: np.full(n, 1 / (4 + float(a))), equations)
    np.testing.assert_allclose(ad.grad(lambda a: np.sum(found(a)))(1.0), -n / 25)
    np.testing.assert_allclose(ad.derivative(lambda a: np.sum(found(a)), order=2)(1.0), 2 * n / 125)
    # A Jacobian would need n directions at once.
    assert set(seen) == {(n,)}


# What is refused


def _fails(error, words, function, *args):
    with pytest.raises(error) as caught:
        function(*args)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_nothing_is_checked_where_no_derivative_is_asked_for():
    wrong = ad.implicit.root(lambda a: a + 7.0, lambda x, a: x - a)
    assert wrong(1.0) == 8.0
    np.testing.assert_array_equal(ad.vmap(wrong)(np.array([1.0, 2.0])), [8.0, 9.0])
    assert ad.compile(wrong)(1.0) == 8.0


@pytest.mark.parametrize("transform", [ad.grad, ad.derivative])
@pytest.mark.parametrize("linear_solver", ["dense", "gmres"])
def test_a_solver_that_did_not_converge(transform, linear_solver):
    wrong = ad.implicit.root(lambda a: a + 7.0, lambda x, a: x - a, linear_solver=linear_solver)
    _fails(ad.SolutionError, ["did not converge", "test_implicit.py", "by up to 7"], transform(wrong), 1.0)
    rows = lambda a: np.sum(ad.vmap(wrong)(a))
    _fails(ad.SolutionError, ["did not converge"], ad.grad(rows), np.array([1.0, 2.0]))
    _fails(ad.SolutionError, ["did not converge"], ad.compile(transform(wrong)), 1.0)


@pytest.mark.parametrize("linear_solver", ["dense", "gmres"])
@pytest.mark.parametrize(
    "F",
    [
        lambda x, a: np.stack([x[0] + x[1] - a, 2 * (x[0] + x[1] - a)]),
        lambda x, a: np.stack([x[0] + x[1] - a, (1 + 1e-14) * x[0] + x[1] - a]),
        lambda x, a: np.stack([x[0] - a / 2 + x[1] - a / 2, 0 * x[1]]),
    ],
    ids=["dependent", "nearly", "zero"],
)
def test_singular_systems_name_their_condition(F, linear_solver):
    found = ad.implicit.root(lambda a: np.array([a / 2, a / 2]), F, linear_solver=linear_solver)
    _fails(ad.FactorizationError, ["condition number"], ad.jacfwd(found), 1.0)
    _fails(ad.FactorizationError, ["condition number"], ad.jacrev(found), 1.0)


@pytest.mark.parametrize("off", [0.0, 1e-3, 1e-5, 1e-8, 1e-12])
def test_multiple_roots_have_no_derivative(off):
    """Near a double root the Jacobian is small, but no number by itself says what small is."""
    found = ad.implicit.root(lambda a: a + off, lambda x, a: (x - a) ** 2)
    _fails(ad.FactorizationError, ["singular"], ad.grad(found), 1.0)


def test_scales_do_not_count():
    """Equations and unknowns in units of their own are no singular system."""
    units = np.array([1e-12, 1.0, 1e9])
    found = ad.implicit.root(lambda a: np.sqrt(a) * units, lambda x, a: ((x / units) ** 2 - a) / units)
    np.testing.assert_allclose(ad.jacobian(found)(np.full(3, 4.0)), np.diag(0.25 * units))


def test_nan_stays_nan():
    found = ad.implicit.root(lambda a: np.sqrt(np.where(a > 0, a, np.nan)), lambda x, a: x**2 - a)
    assert np.isnan(ad.grad(found)(-1.0))
    assert np.isnan(ad.derivative(found)(-1.0))
    np.testing.assert_allclose(ad.vmap(ad.grad(found))(np.array([4.0, -1.0])), [0.25, np.nan])
    bounded = ad.implicit.minimizer(lambda a: a * np.nan, distance, bounds=(0.0, 1.0))
    assert np.isnan(ad.jacobian(bounded)(A)).all()


def test_closures_and_options_are_refused():
    good = ad.implicit.root(lambda a: np.sqrt(a), lambda x, a: x**2 - a)
    for start in (lambda w: 4.0 * w, lambda w: 4.0):
        closed = lambda w, s=start: ad.implicit.root(lambda a: np.sqrt(a), lambda x, a: x**2 - a * w / w)(s(w))
        for transform in (ad.grad, ad.derivative, lambda f: ad.compile(ad.grad(f))):
            _fails((ad.ClosureError, ad.EscapedError), ["test_implicit.py"], transform(closed), 1.0)
    solver = lambda w: ad.implicit.root(lambda a: a * w, lambda x, a: x - a)(4.0)
    _fails(ad.ClosureError, ["argument"], ad.grad(solver), 1.0)
    by_name = ad.implicit.root(lambda *, a: np.sqrt(a), lambda x: x)
    _fails(ad.ArgumentError, ["keyword", "position"], ad.grad(lambda a: by_name(a=a)), 1.0)
    _fails(ad.ArgumentError, ["linear_solver", "'dense'"], lambda: ad.implicit.root(good, good, linear_solver="lu"))
    _fails(ad.ArgumentError, ["F(x, *args)"], lambda: ad.implicit.root(lambda a: a))
    _fails(ad.ArgumentError, ["equality"], lambda: ad.implicit.minimizer(good, good, equality=3))
    _fails(ad.ArgumentError, ["bounds"], lambda: ad.implicit.minimizer(good, good, bounds=3))
    two = ad.implicit.root(lambda a: np.array([a, a]), lambda x, a: x[0] - a)
    _fails(ad.ShapeError, ["1 equations for the 2 numbers"], ad.jacobian(two), 1.0)
    whole = ad.implicit.root(lambda a: optimize.root(lambda x: x - a, 0.0), lambda x, a: x - a)
    _fails(ad.ArgumentError, ["return its x"], ad.grad(whole), 1.0)
    nest_of_numbers(optimize.OptimizeResult)  # as it is once a function that returned one was compiled
    _fails(ad.ArgumentError, ["return its x"], ad.grad(whole), 1.0)


def test_constraints_that_do_not_hold_or_hold_nothing():
    outside = ad.implicit.minimizer(lambda a: a, distance, inequality=lambda x, a: 1 - x @ x)
    _fails(ad.SolutionError, ["violates inequality[0]"], ad.jacobian(outside), A)
    kink = ad.implicit.minimizer(lambda a: np.clip(a, 0, 1), distance, bounds=(0.0, 1.0))
    _fails(ad.SolutionError, ["low bound[0]", "both sides"], ad.jacobian(kink), np.array([0.0, 0.5]))
    _fails(ad.SolutionError, ["high bound[1]"], ad.jacobian(kink), np.array([0.5, 1.0]))
    twice = ad.implicit.minimizer(
        lambda a: np.minimum(a, 1.0), distance, inequality=lambda x, a: np.stack([1 - x[1], 2 - 2 * x[1]])
    )
    _fails((ad.SolutionError, ad.FactorizationError), [], ad.jacobian(twice), A)
    wrong = ad.implicit.minimizer(lambda a: np.array([0.0, 0.0]), distance, bounds=(-1.0, 1.0))
    _fails(ad.SolutionError, ["did not converge"], ad.jacobian(wrong), A)


def test_more_constraints_than_unknowns_and_fixed_numbers():
    def constraint(x, a):
        return np.stack([x[0], x[1], 1 - x[0], 3 - x[0] - x[1], a[0] + x[0]])

    found = ad.implicit.minimizer(
        lambda a: np.array([0.3, 2.0]), lambda x, a: np.sum((x - a) ** 2), inequality=constraint,
        bounds=([0.3, -np.inf], [0.3, 2.0]),
    )  # fmt: skip
    np.testing.assert_allclose(ad.jacobian(found)(np.array([0.5, 4.0])), np.zeros((2, 2)), atol=1e-15)


def test_decorators_and_names():
    @ad.implicit.fixed_point(T=heron)
    def square_root(a):
        """The square root."""
        return np.sqrt(a)

    assert square_root.__name__ == "square_root"
    assert square_root.__doc__ == "The square root."
    np.testing.assert_allclose(ad.grad(square_root)(4.0), 0.25)
    assert repr(square_root).startswith("fixed_point(")
