"""Distinct values and sets: what is taken is constant, and how many there are depends on the values."""

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.testing import check_derivatives

X = np.random.default_rng(0).normal(size=(3, 4))

SETS = {
    "unique": lambda x: np.unique(np.concatenate([x, x[:1]])),
    "unique rows": lambda x: np.unique(np.concatenate([x, x[:1]]), axis=0),
    "unique columns": lambda x: np.unique(np.concatenate([x, x[:, :2]], axis=1), axis=1),
    "unique_all": lambda x: np.unique_all(x * x).values,
    "unique_values": lambda x: np.unique_values(x),
    "unique with NaN": lambda x: np.unique(np.where(X > 1, np.nan, x))[:-1],
    "union1d": lambda x: np.union1d(x, x[0] + 1),
    "intersect1d": lambda x: np.intersect1d(x, x[0]),
    "setdiff1d": lambda x: np.setdiff1d(x, x[0]),
    "setxor1d": lambda x: np.setxor1d(x, x[:2]),
    "automatic bins": lambda x: np.histogram(x, "sturges")[1],
}


@pytest.mark.parametrize("f", SETS.values(), ids=SETS)
def test_derivatives(f):
    check_derivatives(lambda x: np.sum(f(x) ** 2 * np.cos(np.arange(f(x).size)).reshape(f(x).shape)), X)


@pytest.mark.parametrize("f", SETS.values(), ids=SETS)
def test_no_batches_and_no_program(f):
    with pytest.raises(ad.BatchError, match=r"every row|from row to row"):
        ad.vmap(f)(np.stack([X, X]))
    compiled = ad.compile(f)
    with pytest.warns(ad.CompileWarning, match="depends on values"):
        compiled(X)
    np.testing.assert_array_equal(compiled(X), f(X))


def test_the_first_of_equal_elements_is_taken():
    jacobian = ad.jacobian(np.unique)(np.array([2.0, 1.0, 2.0]))
    np.testing.assert_array_equal(jacobian, [[0, 1, 0], [1, 0, 0]])
