"""Linear least squares within bounds: `nnls` and `lsq_linear` beside the formula of the free columns."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from grid import BACKENDS

import dragongrad as ad
from dragongrad.scipy import optimize, sparse
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(8, 4)), RNG.normal(size=8)
LOW = np.array([-0.05, -np.inf, -0.2, -0.1])
SPARSE = scipy.sparse.csr_array(A * (RNG.uniform(size=A.shape) < 0.6))


def bounded(A, b, low, **options):
    found = optimize.lsq_linear(A, b, (low, 0.3), tol=1e-14, **options)
    return found.x, found.cost, found.fun


def test_values_are_scipys():
    x, length = ad.jvp(lambda b: optimize.nnls(A, b), (B,), (B,))[0]
    expected = scipy.optimize.nnls(A, B)
    assert 0 < np.count_nonzero(x) < 4
    np.testing.assert_allclose(x, expected[0])
    np.testing.assert_allclose(length, expected[1])
    found, wanted = [f(A, B, (-0.1, 0.2), tol=1e-14) for f in (optimize.lsq_linear, scipy.optimize.lsq_linear)]
    np.testing.assert_array_equal(found.x, wanted.x)
    x = ad.jvp(lambda b: optimize.lsq_linear(A, b, scipy.optimize.Bounds(-0.1, 0.2), tol=1e-14).x, (B,), (B,))[0]
    np.testing.assert_allclose(x, wanted.x)


@pytest.mark.parametrize("method", ["trf", "bvls"])
def test_derivatives(method):
    check_derivatives(lambda A, b: optimize.nnls(A, b), A, B, rtol=1e-5)
    low = np.where(np.isinf(LOW), -9.0, LOW)
    check_derivatives(lambda A, b, low: bounded(A, b, low, method=method), A, B, low, rtol=1e-4)


def test_one_sided_bounds():
    # An element that is free below 0 and above it, beside those that are held.
    low = np.array([0.0, -np.inf, 0.0, -np.inf])
    check_derivatives(lambda b: optimize.lsq_linear(A, b, (low, np.inf), tol=1e-14).x, B, rtol=1e-4)
    check_derivatives(lambda b: optimize.lsq_linear(A, -b, (-np.inf, -low), tol=1e-14).x, B, rtol=1e-4)


def test_a_sparse_matrix_keeps_its_pattern():
    def f(entries, b):
        matrix = sparse.csr_array((entries, SPARSE.indices, SPARSE.indptr), shape=SPARSE.shape)
        return optimize.lsq_linear(matrix, b, (-0.2, 0.3), lsmr_tol="auto").x

    check_derivatives(f, SPARSE.data, B, rtol=1e-4, order=1)
    np.testing.assert_allclose(
        ad.jacobian(lambda b: optimize.lsq_linear(SPARSE, b, (-0.2, 0.3)).x)(B), ad.jacobian(f, 1)(SPARSE.data, B)
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_batches_and_compiled(backend):
    gradient = ad.grad(lambda b: np.sum(np.sin(optimize.nnls(A, b)[0])))
    rows = np.stack([B, B + 0.01, -B])
    expected = np.stack([gradient(b) for b in rows])
    compiled = ad.compile(ad.vmap(gradient), backend=backend)
    for f in (ad.vmap(gradient), compiled, compiled):
        np.testing.assert_allclose(f(rows), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("error", "words", "f"), [
    (ad.SolutionError, "holds nothing back", lambda b: optimize.nnls(np.eye(3), b)[0]),
    (ad.FactorizationError, "singular", lambda b: optimize.lsq_linear(np.ones((3, 2)), b).x),
    (ad.ShapeError, "a matrix and a vector", lambda b: optimize.nnls(np.ones((2, 2)), b)[0]),
    (ad.ShapeError, "no columns", lambda b: optimize.nnls(np.ones((3, 0)), b)[0]),
    (ad.NoRuleError, "operator", lambda b: optimize.lsq_linear(scipy.sparse.linalg.aslinearoperator(A), b).x),
    (ad.ArgumentError, "low, high", lambda b: optimize.lsq_linear(np.eye(3), b, (1.0,)).x),
    (ad.SolutionError, "no solution", lambda b: optimize.lsq_linear(A[:3], b, (-1e-3, 1e-3), max_iter=1).x),
])  # fmt: skip
def test_what_cannot_be_is_an_error_that_names_the_line(error, words, f):
    with pytest.raises(error, match=words) as caught:
        ad.jacobian(f)(np.array([1.0, 0.0, 2.0]))
    assert "test_linear_squares.py" in str(caught.value)


@pytest.mark.parametrize("shape", [(3, 0), (0, 2), (0, 0)])
def test_scipys_nnls_is_not_asked_where_it_would_write_beyond_its_memory(shape):
    with pytest.raises(ad.ShapeError, match=r"no rows or no columns(.|\n)*test_linear_squares"):
        optimize.nnls(np.ones(shape), np.ones(shape[0]))
