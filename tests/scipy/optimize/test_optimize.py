"""SciPy's solvers on Variables: their solutions against formulas; on plain arguments they are SciPy's own."""

import numpy as np
import pytest
from scipy import optimize as theirs

import dragongrad as ad
from dragongrad.scipy import optimize

A = np.array([0.7, 1.3])


def cube(x, a):
    return x**3 - a


def bowl(x, a):
    return np.sum((x - a) ** 2) + a[0] * x[0] ** 2


def valley(x, a):
    return np.exp(x) - a * x


def bowl_formula(a):
    return np.stack([a[0] / (1 + a[0]), a[1]])


def system(x, a):
    return np.stack([x[0] * a[0] - 1.0, x[1] - a[1] * x[0]])


def system_formula(a):
    return np.stack([1 / a[0], a[1] / a[0]])


def of_number(f):
    return lambda a: f(a[0]) * np.ones(2)


CUBE = of_number(np.cbrt)
CASES = {
    **{
        f"root, {method}": (
            lambda a, m=method: optimize.root(system, [1.0, 1.0], (a,), m, tol=1e-12).x, system_formula,
        )
        for method in ("hybr", "lm", "krylov", "df-sane")
    },
    "root, jac=True": (
        lambda a: optimize.root(
            lambda x, a: (system(x, a), np.array([[a[0], 0.0], [-a[1], 1.0]])), [1.0, 1.0], (a,), jac=True
        ).x,
        system_formula,
    ),
    **{
        name: (of_number(lambda a, n=name: getattr(optimize, n)(cube, 0.0, 9.0, args=(a,))), CUBE)
        for name in ("brentq", "brenth", "bisect", "ridder", "toms748")
    },
    "full_output": (of_number(lambda a: optimize.brentq(cube, 0.0, 9.0, args=(a,), full_output=True)[0]), CUBE),
    "fsolve": (of_number(lambda a: optimize.fsolve(cube, 1.0, args=(a,))[0]), CUBE),
    "root_scalar": (of_number(lambda a: optimize.root_scalar(cube, args=(a,), bracket=(0.0, 9.0)).root), CUBE),
    "root_scalar, newton": (
        of_number(lambda a: optimize.root_scalar(cube, args=(a,), x0=1.0, fprime=lambda x, a: 3 * x**2).root), CUBE,
    ),
    "newton": (lambda a: optimize.newton(cube, np.ones(2), args=(a,)), np.cbrt),
    "newton of a number": (of_number(lambda a: optimize.newton(cube, 1.0, args=(a,))), CUBE),
    "fixed_point": (lambda a: optimize.fixed_point(lambda x, a: (x + a / x) / 2, np.ones(2), args=(a,)), np.sqrt),
    **{
        f"minimize, {method}": (
            lambda a, m=method: optimize.minimize(bowl, np.zeros(2), (a,), m, tol=1e-9).x, bowl_formula,
        )
        for method in (None, "Nelder-Mead", "L-BFGS-B", "TNC", "SLSQP")
    },
    "minimize, its value": (
        lambda a: optimize.minimize(bowl, np.zeros(2), (a,)).fun * np.ones(2),
        lambda a: bowl(bowl_formula(a), a) * np.ones(2),
    ),
    "bounds": (
        lambda a: optimize.minimize(bowl, np.zeros(2), (a,), bounds=[(None, 0.1), (0, 5)], tol=1e-12).x,
        lambda a: np.stack([0.1 + 0 * a[0], a[1]]),
    ),
    "constraints": (
        lambda a: optimize.minimize(
            lambda x, a: np.sum((x - a) ** 2), np.zeros(2), (a,), tol=1e-12,
            constraints={"type": "eq", "fun": lambda x, s: np.sum(x) - s, "args": (a[0],)},
        ).x,
        lambda a: a - a[1] / 2,
    ),
    "minimize_scalar": (of_number(lambda a: optimize.minimize_scalar(valley, args=(a,)).x), of_number(np.log)),
    "minimize_scalar within bounds": (
        of_number(lambda a: optimize.minimize_scalar(valley, bounds=(-1, 1), args=(a,)).x), of_number(np.log),
    ),
    "least_squares": (
        lambda a: optimize.least_squares(
            lambda x, a: np.stack([x[0] - a[0], x[1] - a[1], x[0] - x[1]]), np.zeros(2), args=(a,)
        ).x,
        lambda a: np.linalg.solve(np.array([[2.0, -1.0], [-1.0, 2.0]]), a),
    ),
    "least_squares within bounds": (
        lambda a: optimize.least_squares(
            lambda x, a: x - a, np.zeros(2), args=(a,), bounds=(-1.0, [0.5, 9.0]), xtol=1e-13
        ).x,
        lambda a: np.stack([0.5 + 0 * a[0], a[1]]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name):
    found, formula = CASES[name]
    close = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4)
    close(found(A), formula(A))
    close(ad.jacrev(found)(A), ad.jacobian(formula)(A))
    close(ad.jacfwd(found)(A), ad.jacobian(formula)(A))
    loss = lambda f: lambda a: np.sum(np.sin(f(a)))
    close(ad.hessian(loss(found))(A), ad.hessian(loss(formula))(A))
    rows = np.stack([A, A + 0.01])
    close(ad.vmap(ad.grad(loss(found)))(rows), ad.vmap(ad.grad(loss(formula)))(rows))


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("name", ["root, hybr", "brentq", "minimize, None", "least_squares"])
def test_compiled(name, backend):
    found = CASES[name][0]
    gradient = ad.grad(lambda a: np.sum(np.sin(found(a))))
    compiled = ad.compile(gradient, backend=backend)
    for a in (A, A + 0.02, A):
        np.testing.assert_allclose(compiled(a), gradient(a), rtol=1e-7)


def test_plain_arguments_give_scipys_own_results():
    assert optimize.brentq(cube, 0, 9, args=(8.0,)) == theirs.brentq(cube, 0, 9, args=(8.0,))
    ours, own = optimize.minimize(bowl, np.zeros(2), (A,)), theirs.minimize(bowl, np.zeros(2), (A,))
    assert ours.keys() == own.keys()
    np.testing.assert_array_equal(ours.x, own.x)
    ours, own = (m.least_squares(lambda x: x - A, [0.0, 0.0], loss="huber") for m in (optimize, theirs))
    np.testing.assert_array_equal(ours.x, own.x)
    ours, own = (m.linprog([1.0, 2.0], bounds=(1, 3)) for m in (optimize, theirs))
    np.testing.assert_array_equal(ours.x, own.x)


def first_numbers(found):
    """The first number of each array in what a solver returns."""
    parts = found if isinstance(found, tuple) else (found,)
    parts = [p.get("fvec", 0) if isinstance(p, dict) else p for p in parts]
    return [np.reshape(p, (-1,))[0] + 0.0 for p in parts if hasattr(p, "dtype")]


@pytest.mark.parametrize(("name", "options", "arguments"), [
    ("fsolve", {"xtol": 3e-2}, (cube, 1.0)),
    ("fsolve", {"epsfcn": 1e-2, "xtol": 3e-2}, (cube, 1.0)),
    ("fsolve", {"full_output": True}, (cube, 1.0)),
    ("fsolve", {"fprime": lambda x, a: np.diag(6 * x**2), "xtol": 1e-2}, (cube, 1.0)),
    ("newton", {"tol": 1e-1}, (cube, 1.0)),
    ("newton", {"full_output": True}, (cube, np.ones(2))),
    ("fixed_point", {"method": "iteration", "xtol": 1e-2}, (lambda x, a: np.sqrt(a + x), 1.0)),
])  # fmt: skip
def test_options_reach_the_solver(name, options, arguments):
    solve, known = getattr(optimize, name), getattr(theirs, name)
    plain, wanted = (first_numbers(known(*arguments, args=(8.0,), **given)) for given in ({}, options))
    got = ad.jvp(lambda a: first_numbers(solve(*arguments, args=(a,), **options)), (8.0,), (0.0,))[0]
    # Each option has its effect: without it the number is another, or alone.
    assert len(plain) != len(wanted) or plain != wanted
    # The exact Jacobian steps a little differently than differences do.
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-3 if name == "fsolve" else 0)


def test_too_few_steps_raise():
    with pytest.raises(ad.SolutionError, match="no solution"):
        ad.grad(lambda a: optimize.fsolve(cube, 1.0, args=(a,), maxfev=3)[0])(8.0)


def test_a_jacobian_by_columns():
    matrix = np.array([[2.0, 1.0], [0.0, 3.0]])
    run = lambda a: optimize.fsolve(
        lambda x, a: matrix @ x - a, [0.0, 0.0], (a,), lambda x, a: matrix.T, False, True
    )
    np.testing.assert_allclose(run(A), np.linalg.solve(matrix, A))
    np.testing.assert_allclose(ad.jacobian(run)(A), np.linalg.inv(matrix), atol=1e-12)
    # It is said of the user's Jacobian, and there is none.
    run = lambda a: optimize.root(
        lambda x, a: matrix @ x - a, [0.0, 0.0], (a,), options={"col_deriv": True, "maxfev": 4}
    )
    np.testing.assert_allclose(ad.jacobian(lambda a: run(a).x)(A), np.linalg.inv(matrix), atol=1e-12)


def test_options_by_place():
    assert optimize.brentq(cube, 0, 9, (8.0,), 1e-2) == theirs.brentq(cube, 0, 9, (8.0,), 1e-2)
    np.testing.assert_allclose(ad.grad(lambda a: optimize.newton(cube, 1.0, None, (a,), 1e-12))(8.0), 1 / 12)
    value = lambda a: optimize.least_squares(cube, 1.0, "2-point", (-9, 9), "trf", 1e-10, 1e-10, args=(a,)).x[0]
    np.testing.assert_allclose(ad.grad(value)(8.0), 1 / 12, rtol=1e-5)
    scaled = lambda x, a, by: by * cube(x, a)
    slope = lambda x, a, by: np.diag(by * 3 * x**2)
    found = lambda a: optimize.least_squares(scaled, [1.0], slope, args=(a,), kwargs={"by": 2.0}).x[0]
    np.testing.assert_allclose(ad.grad(found)(8.0), 1 / 12, rtol=1e-5)


@pytest.mark.parametrize(
    ("error", "words", "f"),
    [
        (ad.ArgumentError, "once", lambda a: optimize.brentq(cube, 0, 9, (a,), 1e-3, xtol=1e-3)),
        (ad.NoRuleError, "bounds", lambda a: optimize.minimize(bowl, [0, 0], (A,), bounds=[(a, 2), (0, 1)]).x[0]),
        (ad.AbsentError, "least_squares", lambda a: optimize.curve_fit(cube, a, a)),
        (ad.NoRuleError, "corner", lambda a: optimize.linprog([a, 2.0], bounds=(1, 3)).x[0]),
        (ad.NoRuleError, "'linear' only", lambda a: optimize.least_squares(cube, 1, loss="huber", args=(a,)).x[0]),
        (ad.NoRuleError, "pass them in args", lambda a: optimize.least_squares(cube, 1.0, kwargs={"a": a}).x[0]),
        (ad.ClosureError, "argument", lambda a: optimize.brentq(lambda x: x - a, 0, 2)),
        (ad.ClosureError, "argument", lambda a: optimize.minimize(lambda x: np.sum((x - a) ** 2), [0.0]).x[0]),
        (ad.SolutionError, "no solution", lambda a: optimize.root(lambda x, a: x**2 + a, [3.0], args=(a,)).x[0]),
        (ad.SolutionError, "no solution", lambda a: optimize.root_scalar(cube, (a,), x0=5, x1=6, maxiter=2).root),
        (ad.ArgumentError, "max_iter", lambda a: optimize.lsq_linear(np.eye(1), a * A[:1], max_iter=0).x[0]),
        (ad.ArgumentError, "different signs", lambda a: optimize.brentq(cube, 5, 6, args=(a,))),
        (ad.ArgumentError, "Unknown solver", lambda a: optimize.root(cube, 1.0, args=(a,), method="zz").x[0]),
        (ad.ArgumentError, "'zz' is not known", lambda a: optimize.fixed_point(cube, 1.0, (a,), method="zz")),
        (ad.SolutionError, "Failed to converge", lambda a: optimize.newton(cube, 5.0, args=(a,), maxiter=1)),
    ],
)  # fmt: skip
def test_refusals_name_the_line(error, words, f):
    with pytest.raises(error) as caught:
        ad.grad(f)(1.0)
    assert words in str(caught.value)
    assert "test_optimize.py" in str(caught.value)


@pytest.mark.parametrize("raised", [ValueError, RuntimeError, KeyError, TypeError])
def test_an_error_of_the_users_function_is_passed_on(raised):
    def f(x, a):
        raise raised("mine")

    for solve in (
        lambda a: optimize.brentq(f, 0.0, 2.0, args=(a,)),
        lambda a: optimize.newton(f, 1.0, args=(a,)),
        lambda a: optimize.minimize(f, [1.0], args=(a,)).x[0],
    ):
        with pytest.raises(raised, match="mine") as caught:
            ad.grad(solve)(1.0)
        assert not isinstance(caught.value, ad.DragongradError)


def test_a_result_is_a_nest_of_its_numbers():
    k = np.array([1.0, 2.0])
    value, slope = ad.jvp(
        lambda k: optimize.root(lambda t, k: t**3 - k, np.ones(2), args=(k,)), (k,), (np.ones(2),)
    )
    assert value.success
    np.testing.assert_allclose(slope.x, value.x**-2 / 3, rtol=1e-9)
    found = ad.jacobian(lambda k: optimize.minimize(lambda t, k: np.sum((t - k) ** 2), k * 0, args=(k,)))(k)
    np.testing.assert_allclose(found.x, np.eye(2), atol=1e-6)
    compiled = ad.compile(lambda k: optimize.root_scalar(lambda t, k: t**3 - k, args=(k,), bracket=[0.0, 3.0]))
    for _ in range(2):
        assert compiled(2.0).root == pytest.approx(2 ** (1 / 3))


def made(x, a):
    """A user's functions, which make their arrays themselves: within a transform they are buffers."""
    return np.array([2 * (x[0] - a[0]) + 2 * a[0] * x[0], 2 * (x[1] - a[1])])


def made_twice(x, a):
    return np.array([[2 + 2 * a[0], 0.0], [0.0, 2.0]])


def residuals(x, a):
    return np.array([x[0] - a[0], np.sqrt(a[0]) * x[0], x[1] - a[1]])


def slopes(x, a):
    return np.array([[1.0, 0.0], [np.sqrt(a[0]), 0.0], [0.0, 1.0]])


NEAR = {"type": "ineq", "fun": lambda x: np.array([4.0 - x[0]]), "jac": lambda x: np.array([[-1.0, 0.0]])}
HALF = theirs.NonlinearConstraint(lambda x: np.array([x[1]]), 0.0, 9.0, jac=lambda x: np.array([[0.0, 1.0]]))
BOX = theirs.Bounds([0.0, 0.0], [9.0, 9.0])
BUFFERS = {
    **{
        f"minimize, {method}": lambda a, m=method: optimize.minimize(bowl, [1.0, 1.0], a, m, jac=made, tol=1e-9)
        for method in ("L-BFGS-B", "SLSQP", "TNC")
    },
    "Newton-CG": lambda a: optimize.minimize(bowl, [1.0, 1.0], a, "Newton-CG", made, made_twice, tol=1e-9),
    "constraint": lambda a: optimize.minimize(bowl, [1.0, 1.0], a, jac=made, constraints=NEAR, tol=1e-12),
    "nonlinear": lambda a: optimize.minimize(bowl, [1.0, 1.0], a, jac=made, constraints=[HALF], tol=1e-12),
    "bounds": lambda a: optimize.minimize(bowl, [1.0, 1.0], a, jac=made, bounds=BOX, tol=1e-9),
    "least_squares": lambda a: optimize.least_squares(residuals, [1.0, 1.0], slopes, BOX, args=(a,), xtol=1e-12),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_arrays_that_functions_make_are_arrays_for_scipy(name):
    np.testing.assert_allclose(ad.jvp(lambda a: BUFFERS[name](a).x, (A,), (A,))[0], bowl_formula(A), rtol=1e-4)
    np.testing.assert_allclose(
        ad.jacobian(lambda a: BUFFERS[name](a).x)(A), ad.jacobian(bowl_formula)(A), rtol=1e-4, atol=1e-6
    )
    # Nothing of the problem is a Variable, in a transform all the same.
    assert ad.grad(lambda x: x * BUFFERS[name](A).x[1])(1.0) == BUFFERS[name](A).x[1]


def test_multipliers_are_not_given_without_their_derivative():
    def f(a):
        found = BUFFERS["constraint"](a)
        assert "multipliers" not in found
        return found.x

    ad.jacobian(f)(A)
