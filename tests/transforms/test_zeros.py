"""Where `0 * inf` is met: structural zeros, removable singularities, and what has no derivative.

Each row of the tables runs through every mode, both orders, a batch and both backends, first call and second.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from grid import BACKENDS, covering, leaves

import dragongrad as ad

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
INF, NAN = np.inf, np.nan


@dataclass(frozen=True)
class Row:
    """A scalar function of a vector, a point, its gradient and the diagonal of its Hessian there."""

    f: Any
    x: Any
    first: Any
    second: Any
    twice_forward: bool = True  # whether forward over forward knows the Hessian, too


def each(f):
    """The sum of a function of each element."""
    return lambda x: np.sum(f(x))


def distances(x):
    """All distances between the rows of a (3, 2) array that is given flat."""
    x = np.reshape(x, (3, 2))
    return np.sqrt(np.sum((x[:, None] - x[None]) ** 2, axis=-1))


def matern(order, r):
    return (1 + r) * np.exp(-r) if order == 3 else (1 + r + r * r / 3) * np.exp(-r)


def user_norm(x):
    return np.sqrt(np.sum(x**2))


def huber(x):
    return np.where(np.abs(x) < 1, 0.5 * np.abs(x) ** 2, np.abs(x) - 0.5)


ZEROS = np.zeros(2)
C = np.array([1.0, 2.0])
ODD = np.array([False, True])

# The value sits on a singularity of a part, and the whole has a derivative all the same.
REMOVABLE = {
    # Squares and powers of roots
    "sqrt squared": Row(each(lambda x: np.sqrt(x) ** 2), [0.0, 4.0], [1, 1], [0, 0]),
    "square of sqrt": Row(each(lambda x: np.square(np.sqrt(x))), [0.0, 4.0], [1, 1], [0, 0]),
    "sqrt times itself": Row(each(lambda x: (lambda r: r * r)(np.sqrt(x))), [0.0, 4.0], [1, 1], [0, 0]),
    "sqrt to the fourth": Row(each(lambda x: np.sqrt(x) ** 4), [0.0, 4.0], [0, 8], [2, 2]),
    "half power squared": Row(each(lambda x: (x**0.5) ** 2), [0.0, 4.0], [1, 1], [0, 0]),
    "scaled sqrt squared": Row(each(lambda x: (3 * np.sqrt(x) / -2) ** 2), [0.0, 4.0], [2.25, 2.25], [0, 0]),
    "multiples of one sqrt": Row(
        each(lambda x: (lambda r: (2 * r) * (r / 5))(np.sqrt(x))), [0.0, 4.0], [0.4, 0.4], [0, 0]
    ),
    "sqrt of a fourth power": Row(each(lambda x: np.sqrt(x**4)), [0.0, 2.0], [0, 4], [2, 2]),
    "slices of a sqrt": Row(lambda x: np.sum(np.sqrt(x)[::-1] ** 2 * C), [0.0, 4.0], [2, 1], [0, 0]),
    "abs squared": Row(each(lambda x: np.abs(x) ** 2), [0.0, -1.0], [0, -2], [2, 2]),
    "abs of a square": Row(each(lambda x: np.abs(x**2)), [0.0, -1.0], [0, -2], [2, 2]),
    "abs of complex squared": Row(each(lambda x: np.abs((1 + 2j) * x) ** 2), [0.0, -1.0], [0, -10], [10, 10]),
    "hypot squared": Row(lambda x: np.hypot(x[0], x[1]) ** 2, ZEROS, [0, 0], [2, 2]),
    "half the squared norm": Row(lambda x: 0.5 * np.linalg.norm(x - C) ** 2, C, [0, 0], [1, 1]),
    "squared norm of a user": Row(lambda x: user_norm(x) ** 2, ZEROS, [0, 0], [2, 2]),
    "squared std": Row(lambda x: np.std(x) ** 2, [1.0, 1.0], [0, 0], [0.5, 0.5]),
    "squared norms of rows": Row(
        lambda x: np.sum(np.linalg.norm(np.reshape(x, (2, 2)), axis=1) ** 2), [0.0, 0, 1, 2], [0, 0, 2, 4], [2] * 4
    ),
    "two roots of products": Row(each(lambda x: np.sqrt(x * x) * np.abs(x)), [0.0, -1.0], [0, -2], [2, 2]),
    "norm times norm": Row(lambda x: np.linalg.norm(x) * np.linalg.norm(x), ZEROS, [0, 0], [2, 2]),
    "norm cubed": Row(lambda x: np.linalg.norm(x) ** 3, ZEROS, [0, 0], [0, 0], False),
    "abs cubed": Row(each(lambda x: np.abs(x) ** 3), [0.0, -1.0], [0, -3], [0, 6]),
    "norm of one square": Row(lambda x: np.linalg.norm(x**2), [0.0], [0], [2]),
    "abs of what touches zero": Row(each(lambda x: np.tanh(np.abs(x * np.sin(x)))), [0.0], [0], [2]),
    "abs of zeros over a scale": Row(each(lambda s: np.abs(np.zeros(2) / s)), [2.0], [0], [0]),
    "roots of squares over a scale": Row(each(lambda s: np.sqrt((2 * ODD / s) ** 2)), [2.0], [-0.5], [0.5]),
    # Products of what jumps and what vanishes there
    "sign times abs": Row(each(lambda x: np.sign(x) * np.abs(x)), [0.0, -1.0], [1, 1], [0, 0]),
    "sign times a root": Row(each(lambda x: np.sqrt(x * x) * np.sign(x) * x), [0.0, -1.0], [0, -2], [2, 2]),
    "copysign of itself": Row(each(lambda x: np.copysign(np.abs(x), x)), [0.0, -1.0], [1, 1], [0, 0]),
    # Extrema of equal numbers, followed to both sides
    "maximum squared of opposites": Row(each(lambda x: np.maximum(x, -x) ** 2), [0.0, -1.0], [0, -2], [2, 2]),
    "spread squared": Row(each(lambda x: (np.fmax(x, 0) - np.fmin(x, 0)) ** 2), [0.0, -1.0], [0, -2], [2, 2]),
    "greatest squared of opposites": Row(
        lambda x: np.sum(np.max(np.stack([x, -x, x - 1]), axis=0) ** 2), [0.0, -1.0], [0, -2], [2, 2]
    ),
    "range squared of opposites": Row(
        lambda x: np.sum(np.ptp(np.stack([x, -x]), axis=0) ** 2), [0.0, 2.0], [0, 16], [8, 8]
    ),
    "least times its argument": Row(lambda x: np.min(np.stack([x, x**2, x + 1]), 0, keepdims=True)[0, 0] * x[0],
                           [0.0], [0], [1]),
    "maximum of a square": Row(each(lambda x: np.maximum(x * x, 0)), [0.0, 1.0], [0, 2], [2, 2]),
    # Even functions of roots
    "cos of sqrt": Row(each(lambda x: np.cos(np.sqrt(x))), [0.0], [-1 / 2], [1 / 12]),
    "cosh of sqrt": Row(each(lambda x: np.cosh(np.sqrt(x))), [0.0], [1 / 2], [1 / 12]),
    "cos of a norm": Row(lambda x: np.cos(np.linalg.norm(x)), ZEROS, [0, 0], [-1, -1]),
    "cosh of a multiple of a norm": Row(lambda x: np.cosh(3 * np.linalg.norm(x)), ZEROS, [0, 0], [9, 9]),
    "sinc of a norm": Row(lambda x: np.sinc(np.linalg.norm(x)), ZEROS, [0, 0], [-np.pi**2 / 3] * 2),
    # Kernels at equal points
    "RBF of a norm": Row(lambda x: np.exp(-0.5 * (np.linalg.norm(x - C) / 0.5) ** 2), C, [0, 0], [-4, -4]),
    "rational quadratic": Row(lambda x: (1 + user_norm(x - C) ** 2 / 4) ** -2.0, C, [0, 0], [-1, -1]),
    "Matern 3/2": Row(lambda x: matern(3, np.sqrt(3) * user_norm(x - C)), C, [0, 0], [-3, -3], False),
    "Matern 5/2": Row(lambda x: matern(5, np.sqrt(5) * user_norm(x - C)), C, [0, 0], [-5 / 3] * 2, False),
    "Matern 3/2 of np.linalg.norm": Row(lambda x: matern(3, np.linalg.norm(x)), ZEROS, [0, 0], [-1, -1], False),
    "Matern 3/2 of an absolute value": Row(each(lambda x: matern(3, np.abs(x))), [0.0], [0], [-1]),
    "Matern 5/2 of absolute values": Row(
        each(lambda x: (1 + 2 * np.abs(x) + x * x) * np.exp(-2 * np.abs(x))), [0.0], [0], [-2]
    ),
    "Matern 3/2 of absolute values": Row(each(lambda x: (1 + np.abs(x)) * np.exp(-np.abs(x))), [0.0], [0], [-1]),
    "r tanh r": Row(lambda x: (lambda r: r * np.tanh(r))(np.linalg.norm(x)), ZEROS, [0, 0], [2, 2], False),
    "log cosh of a norm": Row(lambda x: np.log(np.cosh(np.linalg.norm(x))), ZEROS, [0, 0], [1, 1]),
    "Huber": Row(each(huber), [0.0, 2.0, -0.5], [0, 1, -0.5], [1, 0, 1]),
    "Gram matrix with equal points": Row(
        lambda x: np.sum(matern(3, distances(x))), [0.0, 0, 1, 2, 1, 2],
        2 * np.exp(-np.sqrt(5)) * np.array([2, 4, -1, -2, -1, -2]), None, False,
    ),
    # Exponentials that overflow or vanish, logarithms of zero
    "softplus": Row(each(lambda x: np.log(1 + np.exp(x))), [800.0, 0.0, -800.0], [1, 0.5, 0], [0, 0.25, 0]),
    "softplus by log1p": Row(each(lambda x: np.log1p(np.exp(x))), [800.0, 0.0, -800.0], [1, 0.5, 0], [0, 0.25, 0]),
    "log of a logarithm of exp": Row(
        each(lambda x: np.log(np.log(1 + np.exp(x)))), [800.0], [1 / 800], [-1 / 800**2]
    ),
    "reciprocal of a softplus": Row(each(lambda x: 1 / np.log(np.exp(x))), [800.0], [-1 / 800**2], [2 / 800**3]),
    "log of exp": Row(each(lambda x: np.log(np.exp(x))), [800.0, 0.0, -800.0], [1, 1, 1], [0, 0, 0]),
    "log2 of exp2": Row(each(lambda x: np.log2(np.exp2(x))), [2000.0, 0.0, -2000.0], [1, 1, 1], [0, 0, 0]),
    "log of a sigmoid": Row(each(lambda x: np.log(1 / (1 + np.exp(-x)))), [-800.0, 0.0], [1, 0.5], [0, -0.25]),
    "log of 1 - sigmoid": Row(
        each(lambda x: np.log(np.exp(-x) / (1 + np.exp(-x)))), [800.0, 0.0], [-1, -0.5], [0, -0.25]
    ),
    "sigmoid": Row(each(lambda x: 1 / (1 + np.exp(-x))), [-800.0, 800.0, 0.0], [0, 0, 0.25], [0, 0, 0]),
    "log cosh": Row(each(lambda x: np.log(np.cosh(x))), [800.0, -800.0, 0.0], [1, -1, 0], [0, 0, 1]),
    "log sinh": Row(each(lambda x: np.log(np.sinh(x))), [800.0], [1], [0]),
    "log of a negative sinh": Row(each(lambda x: np.log(-3 * np.sinh(x))), [-800.0], [-1], [0]),
    "log of the absolute value of sinh": Row(each(lambda x: np.log2(np.abs(np.sinh(x)))), [-800.0, 1.0],
        [-1 / np.log(2), 1 / np.tanh(1) / np.log(2)], [0, -1 / np.sinh(1) ** 2 / np.log(2)]),
    "log of expm1": Row(each(lambda x: np.log(np.expm1(x))), [800.0, 1.0], [1, 1 / (1 - np.exp(-1))],
        [0, -np.exp(-1) / (1 - np.exp(-1)) ** 2]),
    "log of a sum of exps": Row(lambda x: np.log(np.sum(np.exp(x))), [1000.0, 1000.0], [0.5, 0.5], [0.25, 0.25]),
    "log of a mean of exps": Row(lambda x: np.log(np.mean(np.exp(x))), [-1000.0, -1000.0], [0.5] * 2, [0.25] * 2),
    "Gompertz": Row(each(lambda x: np.exp(-np.exp(x))), [800.0, 0.0], [0, -np.exp(-1)], [0, 0]),
    "tanh of exp": Row(each(lambda x: np.tanh(np.exp(x))), [800.0], [0], [0]),
    "arctan of exp": Row(each(lambda x: np.arctan(np.exp(x))), [800.0], [0], [0]),
    "root of exp": Row(each(lambda x: np.sqrt(np.exp(x))), [-2000.0, 0.0], [0, 0.5], [0, 0.25]),
    "exp of a sum of logs": Row(each(lambda x: np.exp(np.log(x) + np.log(3))), [0.0, 2.0], [3, 3], [0, 0]),
    "exp of the sum of all logs": Row(lambda x: np.exp(np.sum(np.log(x))), [0.0, 2.0, 3.0], [6, 0, 0], [0, 0, 0]),
    "exp of twice a log": Row(each(lambda x: np.exp(2 * np.log(x))), [0.0, 2.0], [0, 4], [2, 2]),
    "logsumexp of logs": Row(
        lambda x: ad.logsumexp(np.log(x) + C), [0.0, 1.0], [np.exp(-1), 1], [-np.exp(-2), -1]
    ),
    "logaddexp of logs": Row(
        lambda x: np.logaddexp(np.log(x[0]) + 1, np.log(x[1]) + 2), [0.0, 1.0], [np.exp(-1), 1], [-np.exp(-2), -1]
    ),
}  # fmt: skip

POINTS = np.random.default_rng(0).normal(size=(4, 2))
OFFSETS = POINTS[:, None] - POINTS[None]
DISTANCES = {
    "sqrt of a sum": lambda z: np.sqrt(np.sum(z**2, axis=-1)),
    "norm": lambda z: np.linalg.norm(z, axis=-1),
    "sqrt of a squared norm": lambda z: np.sqrt(np.linalg.norm(z, axis=-1) ** 2),
}
OF_KERNELS = {
    "slogdet": lambda K: np.linalg.slogdet(K)[1],
    "solve": lambda K: np.arange(4.0) @ np.linalg.solve(K, np.arange(4.0)),
    "cholesky": lambda K: np.sum(np.log(np.diagonal(np.linalg.cholesky(K)))),
    "inv": lambda K: np.sum(np.linalg.inv(K)),
    "det": np.linalg.det,
}


@pytest.mark.parametrize(("f", "distance"), covering([*OF_KERNELS], [*DISTANCES]))
def test_length_scales_of_kernels(f, distance):
    """The diagonal of the kernel holds roots of zero, which the whole matrix makes act on one another."""
    kernel = lambda scale: np.exp(-DISTANCES[distance](OFFSETS / scale)) + 0.1 * np.eye(4)
    loss, scale, step = lambda scale: OF_KERNELS[f](kernel(scale)), np.array([1.3, 0.7]), 1e-5
    gradient = np.array([(loss(scale + e) - loss(scale - e)) / (2 * step) for e in step * np.eye(2)])
    for derivative in (ad.grad(loss), ad.jacfwd(loss), ad.compile(ad.grad(loss))):
        np.testing.assert_allclose(derivative(scale), gradient, rtol=1e-7, atol=1e-9)


# Kinks: the mean of the derivatives around; their own derivative is finite only where the mean of that is.
KINKS = {
    "abs": Row(each(np.abs), [0.0, -1.0], [0, -1], [0, 0]),
    "fabs": Row(each(np.fabs), [0.0, -1.0], [0, -1], [0, 0]),
    "norm": Row(np.linalg.norm, ZEROS, [0, 0], [INF, INF]),
    "norm of a user": Row(user_norm, ZEROS, [0, 0], [INF, INF]),
    "hypot": Row(lambda x: np.hypot(x[0], x[1]), ZEROS, [0, 0], [INF, INF]),
    "std": Row(np.std, [1.0, 1.0], [0, 0], [INF, INF]),
    "nanstd": Row(lambda x: np.nanstd(np.append(x, np.nan)), [1.0, 1.0], [0, 0], [INF, INF]),
    "std of one": Row(lambda x: np.sum(np.std(x[:, None] ** 3, axis=1)), [2.0, 0.0], [0, 0], [0, 0]),
    "sqrt of a square": Row(each(lambda x: np.sqrt(x**2)), [0.0, 2.0], [0, 1], [0, 0]),
    "exp of sign times abs": Row(each(lambda x: np.exp(np.sign(x)) * np.abs(x)), [0.0], [np.sinh(1)], None),
    "heaviside": Row(each(lambda x: np.heaviside(x, 0.0) * x), [0.0, 1.0], [0.5, 1], [0, 0]),
    "sign squared": Row(each(lambda x: np.sign(x) ** 2), [0.0, 1.0], [0, 0], [0, 0]),
    "ReLU": Row(each(lambda x: np.maximum(x, 0)), [0.0, 1.0], [0.5, 1], [0, 0]),
    "ReLU squared": Row(each(lambda x: np.maximum(x, 0) ** 2), [0.0, 1.0], [0, 2], [1, 2]),
    "minimum squared": Row(lambda x: np.minimum(x[0], x[1]) ** 2, [1.0, 1.0], [1, 1], None),
    "clip squared": Row(each(lambda x: np.clip(x, 0, 1) ** 2), [0.0, 1.0, 0.5], [0, 1, 1], [1, 1, 2]),
    "exponential kernel": Row(lambda x: np.exp(-user_norm(x)), ZEROS, [0, 0], [-INF, -INF]),
    "sum of all distances": Row(
        lambda x: np.sum(distances(x)), [0.0, 0, 1, 2, 1, 2], np.array([-4, -8, 2, 4, 2, 4]) / np.sqrt(5), None
    ),
}  # fmt: skip

# Elements on which nothing depends.
STRUCTURAL = {
    "where sqrt": Row(each(lambda x: np.where(x > 0, np.sqrt(x), 0.0)), [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "where log": Row(each(lambda x: np.where(x > 0, np.log(x), 0.0)), [0.0, 2.0], [0, 0.5], [0, -0.25]),
    "where 1/x": Row(each(lambda x: np.where(x > 0, 1 / x, 0.0)), [0.0, 2.0], [0, -0.25], [0, 0.25]),
    "where x log x": Row(each(lambda x: np.where(x > 0, x * np.log(x), 0.0)), [0.0, 1.0], [0, 1], [0, 1]),
    "select": Row(each(lambda x: np.select([x > 0], [np.sqrt(x)], 0.0)), [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "clip of log": Row(each(lambda x: np.clip(np.log(x), -10, None)), [0.0, 2.0], [0, 0.5], [0, -0.25]),
    "sqrt of maximum": Row(each(lambda x: np.sqrt(np.maximum(x, 0))), [-1.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "an element not read": Row(lambda x: np.sqrt(x)[1], [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "elements by a mask": Row(lambda x: np.sum(np.log(x)[ODD]), [0.0, 2.0], [0, 0.5], [0, -0.25]),
    "the greatest element": Row(lambda x: np.max(np.sqrt(x)), [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "sorted elements": Row(lambda x: np.sort(np.sqrt(x))[-1], [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "a constant zero factor": Row(lambda x: np.sum(np.sqrt(x) * [0, 1]), [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "a condition as factor": Row(each(lambda x: (x > 0) * np.sqrt(x)), [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "a constant zero weight": Row(lambda x: np.sqrt(x) @ np.array([0.0, 1.0]), [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "an element overwritten": Row(lambda x: _overwritten(np.sqrt(x)), [0.0, 4.0], [0, 0.25], [0, -1 / 32]),
    "a corner of a matrix": Row(
        lambda x: np.sum(np.sqrt(np.reshape(x, (2, 2)))[1:, 1:]),
        [0.0, 0, 0, 4], [0, 0, 0, 0.25], [0, 0, 0, -1 / 32],
    ),
    "all distances but to itself": Row(
        lambda x: np.sum(distances(x)[np.triu_indices(3, 1)]), [0.0, 0, 1, 2, 3, 0],
        [-1 / np.sqrt(5) - 1, -2 / np.sqrt(5), 1 / np.sqrt(5) - np.sqrt(0.5), 2 / np.sqrt(5) + np.sqrt(0.5),
         1 + np.sqrt(0.5), -np.sqrt(0.5)], None,
    ),
    "root of a triangular factor": Row(
        lambda x: np.sum(np.cbrt(np.tril(np.reshape(x, (2, 2))))), [1.0, 5, 8, 1],
        [1 / 3, 0, 1 / 12, 1 / 3], [-2 / 9, 0, -2 / 9 / 32, -2 / 9],
    ),
}  # fmt: skip


def _overwritten(y):
    y[0] = 1.0
    return np.sum(y)


TABLES = {"removable": REMOVABLE, "kinks": KINKS, "structural": STRUCTURAL}
ROWS = {f"{table}-{name}": row for table, rows in TABLES.items() for name, row in rows.items()}


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_first_order(row):
    x = np.array(row.x, float)
    close(ad.grad(row.f)(x), row.first)
    close(ad.jacfwd(row.f)(x), row.first)
    close(ad.jacrev(row.f)(x), row.first)
    close(ad.jvp(row.f, (x,), (np.eye(x.size)[0],))[1], np.ravel(row.first)[0])
    close(ad.vjp(row.f, x)[1](2.0)[0], 2 * np.asarray(row.first, float))
    close(ad.vmap(ad.grad(row.f))(np.stack([x, x])), [row.first, row.first])


@pytest.mark.parametrize("f", [np.std, np.var, np.nanstd, np.nanvar])
@pytest.mark.parametrize("options", [{}, {"keepdims": True}, {"axis": -1}])
def test_one_number_has_no_spread_to_any_order(f, options):
    third = ad.grad(ad.grad(ad.grad(lambda x: np.sum(f(np.stack([x**3]), **options) * x))))
    assert third(2.0) == third(0.0) == 0


@pytest.mark.parametrize("f", [np.std, np.var, np.nanstd, np.nanvar])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_one_number_less_one_degree_of_freedom_has_no_derivative_of_any_order(f):
    x, loss = np.array([[2.0]]), lambda x: np.sum(f(x, axis=-1, ddof=1))
    compiled = ad.compile(ad.jacfwd(ad.jacfwd(loss)))
    compiled(x)
    for way in (ad.grad, ad.jacfwd, ad.hessian, *SECOND_ORDERS.values()):
        assert np.all(np.isnan(way(loss)(x))), way
    assert np.all(np.isnan(compiled(x)))
    assert np.all(np.isnan(ad.grad(lambda x: np.sum(ad.jacfwd(ad.jacfwd(loss))(x)))(x)))


SECOND_ORDERS = {
    "reverse over reverse": lambda f: ad.jacrev(ad.grad(f)),
    "forward over forward": lambda f: ad.jacfwd(ad.jacfwd(f)),
    "batched": lambda f: lambda x: ad.vmap(ad.hessian(f))(np.stack([x, x]))[1],
}


@pytest.mark.parametrize(("row", "way"), covering(ROWS, {name: name for name in SECOND_ORDERS}))
def test_second_order(row, way):
    x = np.array(row.x, float)
    found, other = ad.hessian(row.f)(x), SECOND_ORDERS[way](row.f)(x)
    if row.second is not None:
        close(np.diagonal(found), row.second)
    if way == "forward over forward" and not row.twice_forward:
        # It knows less, and says so.
        known = np.isfinite(other)
        np.testing.assert_allclose(other[known], found[known], rtol=1e-9, atol=1e-12)
        assert not np.all(known)
    else:
        np.testing.assert_allclose(other, found, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("row", "transform", "backend"), covering(ROWS, (ad.grad, ad.hessian), BACKENDS))
def test_compiled(row, transform, backend):
    x, transformed = np.array(row.x, float), transform(row.f)
    expected, compiled = transformed(x), ad.compile(transformed, backend=backend)
    for _ in range(2):
        close(compiled(x), expected)
    # Away from the singularity the plain program answers, and the careful one is none the worse there.
    elsewhere = x + np.linspace(0.3, 0.5, x.size)
    np.testing.assert_allclose(compiled(elsewhere), transformed(elsewhere), rtol=1e-7, atol=1e-12)
    close(compiled(x), expected)


# A factor that vanishes smoothly stops an infinite slope; the next derivative is infinite or unknown.
ROOT = np.cbrt(2.0)
VANISHING = {
    "cbrt times x": (each(lambda x: np.cbrt(x) * x), [0.0, 1.0], [0, 4 / 3]),
    "x times cbrt": (each(lambda x: x * np.cbrt(x)), [0.0, -1.0], [0, -4 / 3]),
    "cbrt times sin": (each(lambda x: np.cbrt(x) * np.sin(x)), [0.0, 0.0], [0, 0]),
    "cbrt times two": (each(lambda x: -np.cbrt(x) * x / 2 * np.cos(x)), [0.0], [0]),
    "a power times x": (each(lambda x: x ** (1 / 3) * x), [0.0, 1.0], [0, 4 / 3]),
    "a root of a power": (each(lambda x: x**0.2 * x), [0.0, 1.0], [0, 1.2]),
    "arccos times its distance": (each(lambda x: np.arccos(x) * (1 - x)), [1.0, 0.0], [0, -1 - np.pi / 2]),
    "arcsin times its distance": (each(lambda x: np.arcsin(x) * (x - 1)), [1.0, 0.0], [np.pi / 2, -1]),
    "another number": (lambda x: np.cbrt(x[0]) * x[1], [0.0, 0.0], [0, 0]),
    "another that is not zero": (lambda x: np.cbrt(x[0]) * x[1], [0.0, 2.0], [INF, 0]),
    "a product of others": (lambda x: np.cbrt(x[0]) * x[1] * x[2], [0.0, 0.0, 2.0], [0, 0, 0]),
    "inner": (lambda x: np.cbrt(x) @ x, [0.0, 2.0], [0, 4 / 3 * ROOT]),
    "inner of parts": (lambda x: np.dot(np.cbrt(x[:1]), x[1:]), [0.0, 0.0], [0, 0]),
    "outer": (lambda x: np.sum(np.outer(np.cbrt(x), x)), [0.0, 2.0], [INF, 4 / 3 * ROOT]),
    "einsum": (lambda x: np.einsum("i,i,i->", np.cbrt(x), x, x), [0.0, 1.0], [0, 7 / 3]),
    "divided": (each(lambda x: np.cbrt(x) * x / (1 + x**2)), [0.0], [0]),
    "with its mean": (lambda x: np.sum(np.cbrt(x) * np.mean(x)), [0.0, 0.0], [0, 0]),
    "a half power": (each(lambda x: x**0.5 * np.abs(x)), [0.0, 1.0], [0, 1.5]),
    "beside an absolute value": (each(lambda x: np.cbrt(x) * np.abs(x)), [0.0, 1.0], [0, 4 / 3]),
    "chosen": (each(lambda x: np.where(x < 1, np.cbrt(x) * x, x)), [0.0, 2.0], [0, 1]),
}


@pytest.mark.parametrize("name", VANISHING)
def test_a_factor_that_vanishes_stops_an_infinite_slope(name):
    f, x, first = VANISHING[name]
    x = np.array(x)
    along = [ad.jvp(f, (x,), (e,))[1] for e in np.eye(x.size)]
    push = ad.linearize(f, x)[1]
    rows = [ad.vmap(derivative(f))(np.stack([x, x]))[1] for derivative in (ad.grad, ad.jacfwd)]
    for found in (ad.grad(f)(x), ad.jacfwd(f)(x), ad.jacrev(f)(x), along, [push(e) for e in np.eye(x.size)], *rows):
        close(found, first)
    # Where the other factor is another argument, that is what moves it.
    place = (0, 1) if "other" in name else (0, 0)
    for second in (ad.hessian(f), ad.jacrev(ad.grad(f)), ad.jacfwd(ad.jacfwd(f)), ad.jacrev(ad.jacfwd(f))):
        assert not np.isfinite(second(x)[place])


@pytest.mark.parametrize(("name", "backend"), covering([*VANISHING], BACKENDS))
def test_the_same_compiled(name, backend):
    f, x, first = VANISHING[name]
    x = np.array(x)
    for derivative in (ad.grad(f), ad.jacfwd(f)):
        compiled = ad.compile(derivative, backend=backend)
        for _ in range(2):
            close(compiled(x), first)
        elsewhere = np.linspace(0.3, 0.5, x.size)
        np.testing.assert_allclose(compiled(elsewhere), derivative(elsewhere), rtol=1e-7)


@pytest.mark.parametrize(
    "f",
    [
        each(lambda x: np.cbrt(x) * np.cbrt(x)),
        lambda x: np.cbrt(x) @ np.cbrt(x),
        each(lambda x: np.cbrt(x) * np.sqrt(np.abs(x))),
        each(lambda x: np.cbrt(np.cbrt(x) * x**0.5)),
        each(lambda x: (np.cbrt(x) * x) ** 0.5),
        each(lambda x: np.cbrt(x) ** 2),
        each(lambda x: np.cbrt(x) * np.sign(x)),
        each(lambda x: np.log(x) * np.cbrt(x)),
        each(lambda x: np.cbrt(x) * x / np.abs(x)),
        each(lambda x: np.cbrt(x) / (1 / np.cbrt(x))),
    ],
)
def test_nothing_else_stops_it(f):
    x = np.zeros(2)
    push = ad.linearize(f, x)[1]
    for found in (ad.grad(f)(x), ad.jacfwd(f)(x), ad.jacrev(f)(x), push(np.eye(2)[0]), ad.compile(ad.grad(f))(x)):
        assert not np.any(np.isfinite(found))


# What has no derivative is not zero


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.sqrt(x), 0.0),
        (lambda x: np.sqrt(np.abs(x)), 0.0),
        (lambda x: np.log(x * x), 0.0),
        (lambda x: np.log(np.abs(x)), 0.0),
        (lambda x: np.cbrt(x), 0.0),
        (lambda x: x**0.25, 0.0),
        (lambda x: np.abs(x) ** 0.5, 0.0),
        (lambda x: np.arcsin(x), 1.0),
        (lambda x: np.exp(np.log(x) / 2), 0.0),
        (lambda x: np.sqrt(x) * np.exp(x), 0.0),
        (lambda x: np.sqrt(np.sqrt(x)), 0.0),
        (lambda x: np.sqrt(np.sqrt(x**2)), 0.0),
        (lambda x: np.sqrt(np.linalg.norm(np.array([x, 2 * x]))), 0.0),
        (lambda x: np.sqrt(x**1.5), 0.0),
        (lambda x: 1 / np.square(np.exp(-x)), 800.0),
        (lambda x: 1 / -np.exp(-x), 800.0),
        (lambda x: np.cosh(np.sin(np.exp(-x))) / -np.cbrt(np.exp(-x)), 800.0),
        (lambda x: np.sqrt(-(x**3)), 0.0),
        (lambda x: np.exp(np.sqrt(np.hypot(x, x))), 0.0),
        (lambda x: np.abs(np.sin(x**0.5)), 0.0),
        (lambda x: np.logaddexp(np.square(np.abs(x)) ** 0.5, 0.0), 0.0),
        (lambda x: 1 / (2 * np.tanh(np.log(np.abs(x)))), 0.0),
    ],
)
def test_no_first_derivative_and_no_second(f, x):
    for derivative in (ad.grad(f), ad.derivative(f), ad.compile(ad.grad(f))):
        assert not np.isfinite(derivative(x))
    for second in (
        ad.grad(ad.grad(f)),
        ad.derivative(ad.grad(f)),
        ad.grad(ad.derivative(f)),
        ad.derivative(f, order=2),
    ):
        assert not np.isfinite(second(x))


@pytest.mark.parametrize(
    ("f", "x", "unknown"),
    [
        # The sides of two kinks are independent of one another.
        (lambda x: np.abs(x[0]) * np.abs(x[1]), ZEROS, (0, 1)),
        (lambda x: np.sum(np.abs(x)) ** 2, ZEROS, (0, 1)),
        # Two distances that vanish together, or a distance and an absolute value.
        (lambda x: np.hypot(x[0], 2 * x[0]) * np.abs(x[0]), ZEROS, (0, 0)),
        (lambda x: np.linalg.norm(x) * np.sum(np.abs(x)), ZEROS, (0, 0)),
        (lambda x: np.linalg.norm(x) * np.maximum(x[0], 0), ZEROS, (0, 0)),
        # A distance that leaves zero as a parabola does.
        (lambda x: np.linalg.norm(np.outer(x, x)), ZEROS, (0, 0)),
        (lambda x: np.linalg.norm(x**2), ZEROS, (0, 0)),
        (lambda x: np.sqrt(np.sum((1 - np.cos(x)) ** 2)), ZEROS, (1, 1)),
        (lambda x: np.linalg.norm(x) * np.linalg.norm(x - np.array([0.0, 1e-300])), ZEROS, (0, 0)),
        (lambda x: np.sqrt(x[0]) * np.sqrt(x[1]), ZEROS, (0, 1)),
        (lambda x: x[0] ** 1.5 + x[1] ** 2, ZEROS, (0, 0)),
        (lambda x: np.sum(np.abs(x) ** 1.5), ZEROS, (0, 0)),
        (lambda x: np.linalg.norm(x, 3), ZEROS, (0, 0)),
        (lambda x: np.arctan2(x[0], x[1]), ZEROS, (0, 1)),
        (lambda x: np.arctan2(x[0], x[0]), ZEROS, (0, 0)),
        (lambda x: np.sum(np.sqrt(x)), ZEROS, (0, 0)),
        # An even function of a root, whose second derivative by the square no pair of Blocks knows.
        (lambda x: (lambda r: r * np.tanh(r))(np.sqrt(x[0])) + x[1], ZEROS, (0, 0)),
    ],
)
def test_no_second_derivative(f, x, unknown):
    for second in (ad.hessian, lambda f: ad.jacrev(ad.grad(f)), lambda f: ad.jacfwd(ad.jacfwd(f))):
        assert not np.isfinite(second(f)(x)[unknown])


def test_an_infinite_slope_times_what_vanishes_with_it_is_unknown():
    f = lambda x: np.hypot(x, x) * np.hypot(x, 2 * x)
    for second in (ad.grad(ad.grad(f)), ad.grad(ad.derivative(f)), ad.derivative(f, order=2), ad.hessian(f)):
        assert np.isnan(second(0.0))


def test_infinite_slopes_that_cancel_leave_what_is_unknown():
    """Reverse over forward mode knows of a distance that its slope is infinite, and not what comes after that."""
    f = lambda x: np.log1p(np.linalg.norm(x)) - np.linalg.norm(x)
    np.testing.assert_array_equal(np.diagonal(ad.jacrev(ad.jacfwd(f))(ZEROS)), [NAN, NAN])
    np.testing.assert_allclose(ad.hessian(f)(ZEROS), -np.eye(2))
    g = lambda x: 2 * np.linalg.norm(x) - np.linalg.norm(x)
    np.testing.assert_array_equal(np.diagonal(ad.jacrev(ad.jacfwd(g))(ZEROS)), [INF, INF])


@pytest.mark.parametrize("infinity", [-np.inf, np.inf])
def test_restatements_end_where_there_is_nothing_finite(infinity):
    x = np.full(2, infinity)
    for derivative in (ad.grad(ad.logsumexp), ad.jacfwd(ad.log_softmax), ad.compile(ad.grad(ad.logsumexp))):
        assert not np.any(np.isfinite(derivative(x)))


def test_the_careful_program_is_compiled_when_a_nan_has_come():
    gradient = ad.compile(ad.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0))))
    paths = lambda: [path.plain is None for version in gradient._versions.values() for path in version.paths]
    gradient(np.array([1.0, 4.0]))
    gradient(np.array([2.0, 3.0]))
    assert paths() == [True]
    np.testing.assert_array_equal(gradient(np.array([0.0, 4.0])), [0, 0.25])
    assert paths() == [True, False]
    np.testing.assert_array_equal(gradient(np.array([4.0, 0.0])), [0.25, 0])
    assert paths() == [True, False]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_careful_program_is_left_where_a_tangent_is_nan(backend):
    """A tie that was none where the careful program was traced, because of another one."""
    f = lambda x: np.sum(np.minimum(np.minimum(x, x), np.sum(x)) * np.arange(1.0, 4))
    product = lambda x: ad.jvp(ad.grad(f), (x,), (np.arange(1.0, 4),))[1]
    compiled = ad.compile(lambda x: (ad.grad(f)(x), product(x)), backend=backend)
    for x in np.array([[1.0, 2.0, 3.0], [1.0, -1.0, 2.0], [1.0, 2.0, 3.0]]):
        for _ in range(2):
            for got, expected in zip(compiled(x), (ad.grad(f)(x), product(x)), strict=True):
                close(got, expected)


def test_equal_calls_give_equal_bits_whatever_came_before():
    def f(x):
        return np.sum(np.where(x > 0, np.sqrt(x) * np.exp(np.sin(x)), 0.0)) * np.tanh(np.sum(x))

    x = np.linspace(0.1, 2.0, 7)
    first = ad.compile(ad.grad(f))
    expected = first(x)
    other = ad.compile(ad.grad(f))
    other(np.zeros(7))
    np.testing.assert_array_equal(other(x), expected)
    first(np.zeros(7))
    np.testing.assert_array_equal(first(x), expected)


def test_the_function_is_run_again_only_for_a_nan():
    runs = []

    def f(x):
        runs.append(None)
        return np.sum(np.where(x > 0, np.sqrt(x), 0.0)) + np.linalg.norm(x) ** 2

    ad.grad(f)(np.array([1.0, 2.0]))
    ad.grad(f)(np.array([0.0, 2.0]))  # structural zeros need the tape alone
    assert len(runs) == 2


def test_python_control_flow_and_buffers_in_the_careful_run():
    def f(x):
        out = np.zeros(3, like=x)
        for i in range(3):
            out[i] = np.sqrt(x[i]) ** 2 if x[i] < 1 else x[i]
        return np.sum(out * np.arange(1.0, 4.0))

    np.testing.assert_array_equal(ad.grad(f)(np.array([0.0, 2.0, 0.5])), [1, 2, 3])


def test_a_nan_in_the_data_stays_where_it_is():
    x = np.array([np.nan, 0.0, 4.0])
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(np.sqrt(x) ** 2))(x)[1:], [1, 1])
    np.testing.assert_array_equal(
        ad.grad(lambda x: np.sum(np.where(np.isnan(x), 0.0, np.sqrt(x) ** 2)))(x), [0, 1, 1]
    )


def test_aux_values_and_nests_pass_through_the_careful_run():
    def f(p):
        r = np.sqrt(p["s"])
        return r**2 + np.abs(p["x"]) ** 2, {"r": r, "name": "root"}

    p = {"s": 0.0, "x": 0.0}
    (value, aux), gradient = ad.value_and_grad(f, has_aux=True)(p)
    assert value == 0
    assert aux == {"r": 0.0, "name": "root"}
    assert gradient == {"s": 1.0, "x": 0.0}
    jacobian, aux = ad.jacfwd(f, has_aux=True)(p)
    assert jacobian == {"s": 1.0, "x": 0.0}
    assert aux["r"] == 0


def test_checkpoints_and_custom_rules_in_the_careful_run():
    root = ad.checkpoint(lambda x: np.sqrt(x) ** 2 * 3)
    assert ad.grad(root)(0.0) == 3
    twice = ad.custom_rule(lambda x: 2 * x, pullback=lambda out_bar: 2 * out_bar)
    assert ad.grad(lambda x: twice(np.sqrt(x) ** 2))(0.0) == 2
    assert ad.grad(lambda x: np.sqrt(twice(x)) ** 2)(0.0) == 2


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_classic_variables(mode):
    with ad.mode(mode):
        x = ad.Variable([0.0, 4.0])
        np.testing.assert_array_equal(np.where(x > 0, np.sqrt(x), 0.0).gradient, [[0, 0], [0, 0.25]])
        assert np.isnan((np.sqrt(x) ** 2).gradient[0, 0])


# Functions that take several derivatives, of which not all are NaN at the points: those keep their plain rules.
SEVERAL = {
    "running minima": (lambda x: np.sum(np.fmin.accumulate(x) * np.arange(1.0, 5)), [0.0, 0.0, -0.0, 2.0]),
    "running maxima": (lambda x: np.sum(np.maximum.accumulate(x) ** 2), [0.5, 0.0, 0.5, 0.5]),
    "nested maxima": (lambda x: np.maximum(np.maximum(x[0], x[1]), x[2]) + x[3] ** 2, [1.0, 1.0, 1.0, 2.0]),
    "roots of equal minima": (lambda x: np.sum(np.minimum.accumulate(x) ** 1.5), [2.0, 0.5, 0.5, 0.5]),
    "absolute values": (lambda x: np.sum(np.abs(x) * x) + np.min(np.abs(x)), [0.0, 1.0, -2.0, 0.0]),
}
ASKED = {
    "gradient and Hessian": lambda f: lambda x: (ad.grad(f)(x), ad.hessian(f)(x)),
    "value, gradient and product": lambda f: lambda x: (
        ad.value_and_grad(f)(x), ad.jvp(ad.grad(f), (x,), (np.cos(np.arange(4.0)),))[1]
    ),
    "a batch": lambda f: ad.vmap(lambda x: (ad.grad(f)(x), ad.hessian(f)(x))),
    "another function": lambda f: lambda x: (ad.grad(lambda x: np.sum(np.sqrt(x * x)))(x), ad.grad(f)(x)),
    "one after the other": lambda f: lambda x: ad.grad(f)(ad.grad(lambda x: np.sum(np.sqrt(x**2) ** 2) / 2)(x)),
    "many": lambda f: lambda x: [ad.hessian(f)(x), *[ad.grad(lambda x, k=k: np.sum(x**k))(x) for k in range(2, 6)]],
}  # fmt: skip


@pytest.mark.parametrize(("case", "asked", "backend"), covering(SEVERAL, ASKED, BACKENDS))
def test_each_of_several_derivatives_is_what_it_is_uncompiled(case, asked, backend):
    f, tied = case
    g = asked(f)
    other, third = [1.0, 3.0, -2.0, 0.7], [3.0, -2.0, 1.0, 1.0]
    points = {k: np.array(p) for k, p in enumerate([tied, other, third])}
    if asked is ASKED["a batch"]:
        points = {k: np.stack([x, x + 1.0]) for k, x in points.items()}
    expected = {k: leaves(g(x)) for k, x in points.items()}
    for order in ([0, 1, 0], [1, 0, 2]):
        compiled = ad.compile(g, backend=backend)
        for k in order:
            for _ in range(2):
                for a, b in zip(leaves(compiled(points[k])), expected[k], strict=True):
                    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_a_transform_in_a_rule_is_part_of_it():
    def pushforward(y, out, x_dot, y_dot):
        return (x_dot - ad.jvp(lambda t: np.sin(out * t), (y,), (y_dot,))[1]) * np.exp(np.abs(out) ** 0.6)

    block = ad.general(lambda x, y: x * y, pushforward=pushforward, names=("x", "y"), dispatches=False)
    # Where x is zero there is a cusp, which has no second derivative: what looks for it comes through the rule.
    second = ad.grad(ad.grad(lambda x: block(x, 0.5)))
    x = np.array([0.0, 1.0])
    expected = [np.nan, second(1.0)]
    np.testing.assert_array_equal(ad.vmap(second)(x), expected)
    slopes = ad.jvp(ad.grad(lambda x: np.sum(block(x, np.full(2, 0.5)))), (x,), (np.ones(2),))[1]
    assert type(slopes) is np.ndarray
    np.testing.assert_allclose(slopes, expected, rtol=1e-12)
