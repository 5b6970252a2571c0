"""Solutions of `root`, `minimize` and `least_squares` have derivatives with respect to the arguments."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

import dragongrad as ad
from dragongrad.optimize.fitting.robust import LOSSES

A = np.array([0.7, 1.3])
T = np.array([0.0, 1.0, 2.0, 3.0])


def bowl(x, a):
    return np.sum((x - a) ** 2) + a[0] * x[0] ** 2


def bowl_formula(a):
    return np.stack([a[0] / (1 + a[0]), a[1]])


def pair(x, a):
    return bowl(x, a), 2 * (x - a) + 2 * a[0] * np.array([1.0, 0.0]) * x


def line(p, a):
    return p[0] + p[1] * T - a[0] * T**2 - np.sin(a[1])


def line_formula(a):
    design = np.stack([np.ones(4), T], axis=1)
    return np.linalg.pinv(design) @ (a[0] * T**2 + np.sin(a[1]))


WEIGHTS = np.array([1.0, 2.0, 1.0, 0.5])


def weighed_formula(a):
    design = np.stack([np.ones(4), T], axis=1)
    return np.linalg.pinv(design / WEIGHTS[:, None]) @ ((a[0] * T**2 + np.sin(a[1])) / WEIGHTS)


EQUAL = {"type": "eq", "fun": lambda x, s: np.sum(x) - s}
START = np.zeros(2)
CASES = {
    "root": (lambda a: ad.root(lambda x, a: np.stack([x[0] ** 3 + x[0] - a[0], x[1] - a[1] * x[0]]), [0.5, 0.5],
                               args=a).x, None),
    "root, a nest": (lambda a: ad.root(lambda x, a, b: {"u": x["u"] * a - 1.0, "v": x["v"] - b * x["u"]},
                                       {"u": 1.0, "v": 0.0}, args=(a[0], a[1])).x["v"], lambda a: a[1] / a[0]),
    "minimize": (lambda a: ad.minimize(bowl, START, args=(a,)).x, bowl_formula),
    "minimize, its value": (lambda a: ad.minimize(bowl, START, args=(a,)).fun, lambda a: bowl(bowl_formula(a), a)),
    "l-bfgs": (lambda a: ad.minimize(bowl, START, args=(a,), method="l-bfgs").x, bowl_formula),
    "scipy:BFGS": (lambda a: ad.minimize(bowl, START, args=(a,), method="scipy:BFGS", gtol=1e-9).x, bowl_formula),
    "jac=True": (lambda a: ad.minimize(pair, START, args=(a,), jac=True).x, bowl_formula),
    "the start": (lambda a: ad.minimize(bowl, a * 2, args=(a,)).x, bowl_formula),
    "bounds": (lambda a: ad.minimize(bowl, START, args=(a,), bounds=[(0, 0.1), (None, 5)]).x,
               lambda a: np.stack([0.1 + 0 * a[0], a[1]])),
    "an equality": (lambda a: ad.minimize(lambda x, a: np.sum((x - a) ** 2), START, args=(a,),
                                          constraints={**EQUAL, "args": (a[0] ** 2,)}, ftol=1e-14).x,
                    lambda a: a - (np.sum(a) - a[0] ** 2) / 2),
    "scipy's constraints": (
        lambda a: ad.minimize(lambda x, a: np.sum((x - a) ** 2), START, args=(a,), ftol=1e-14, constraints=[
            NonlinearConstraint(lambda x: x[0] ** 3, -np.inf, 0.008), LinearConstraint([[0.0, 1.0]], -1.0, 9.0)]).x,
        lambda a: np.stack([0.2 + 0 * a[0], a[1]])),
    "least_squares": (lambda a: ad.least_squares(line, START, args=(a,)).x, line_formula),
    "its cost": (lambda a: ad.least_squares(line, START, args=(a,)).cost,
                 lambda a: 0.5 * np.sum(line(line_formula(a), a) ** 2)),
    "sigma": (lambda a: ad.least_squares(line, START, args=(a,), sigma=WEIGHTS).x, weighed_formula),
    "bounds of a fit": (lambda a: ad.least_squares(lambda p, a: p - a, START, args=(a,), bounds=(0, [0.5, 9])).x,
                        lambda a: np.stack([0.5 + 0 * a[0], a[1]])),
}  # fmt: skip


def differences(f, a, h=1e-5):
    return np.stack([(f(a + h * e) - f(a - h * e)) / (2 * h) for e in np.eye(2)], axis=-1)


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name):
    found, formula = CASES[name]
    known = differences(found, A) if formula is None else ad.jacobian(formula)(A)
    close = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)
    close(ad.jacrev(found)(A), known)
    close(ad.jacfwd(found)(A), known)
    loss = lambda f: lambda a: np.sum(np.sin(f(a)))
    if formula is not None:
        close(ad.hessian(loss(found))(A), ad.hessian(loss(formula))(A))
        rows = np.stack([A, A + 0.01])
        close(ad.vmap(ad.grad(loss(found)))(rows), ad.vmap(ad.grad(loss(formula)))(rows))


@pytest.mark.parametrize("name", ["root", "minimize", "least_squares", "an equality"])
def test_compiled(name):
    found = CASES[name][0]
    gradient = lambda a: ad.grad(lambda a: np.sum(np.sin(found(a))))(a)
    compiled = ad.compile(gradient)
    for a in (A, A + 0.02, A):
        np.testing.assert_allclose(compiled(a), gradient(a), rtol=1e-7)


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_robust_losses(loss):
    found = lambda a: ad.least_squares(line, START, args=(a,), loss=loss, f_scale=1.0).x
    slope = ad.grad(lambda p, a: LOSSES[loss].cost(line(p, a)))
    p = found(A)
    known = -np.linalg.solve(ad.jacobian(slope)(p, A), ad.jacobian(slope, 1)(p, A))
    np.testing.assert_allclose(ad.jacobian(found)(A), known, atol=1e-12)


def test_the_result():
    def loss(a):
        result = ad.minimize(bowl, START, args=(a,))
        assert result.success
        assert result.nit > 0
        return result.fun

    np.testing.assert_allclose(ad.grad(loss)(A), ad.grad(lambda a: bowl(bowl_formula(a), a))(A))


def test_what_has_no_derivative_says_so():
    def fails(error, words, f):
        with pytest.raises(error) as caught:
            ad.grad(f)(1.0)
        for word in (words, "test_solutions.py"):
            assert word in str(caught.value)

    fails(ad.ClosureError, "argument", lambda t: ad.minimize(lambda x: (x - t) ** 2, 0.0).x)
    fails(ad.ClosureError, "argument", lambda t: ad.root(lambda x: x - t, 0.0).x)
    fails(ad.ClosureError, "argument", lambda t: ad.least_squares(lambda x: x - t, 0.0).x)
    fails(ad.SolutionError, "no solution", lambda t: ad.root(lambda x, t: x**2 + t, 3.0, args=(t,)).x)
    fails(ad.SolutionError, "no solution", lambda t: ad.minimize(lambda x, t: x * t, 3.0, args=(t,)).x)
    fails(
        ad.FactorizationError, "singular",
        lambda t: ad.minimize(lambda x, t: (np.sum(x) - t) ** 2, START, args=(t,)).x[0],
    )  # fmt: skip
    bounded = lambda t: ad.minimize(pair, START, args=(A * t,), jac=True, bounds=[(0, 1), (0, 1)]).x[0]
    fails(ad.ArgumentError, "leave out jac", bounded)
    with pytest.raises(ad.ArgumentError, match="sigma is a Variable"):
        ad.grad(lambda s: ad.least_squares(line, START, args=(A,), sigma=s).x[0])(1.0)
