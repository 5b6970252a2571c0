"""What the table of cases cannot hold: singular and repeated values, complex input, stacks, refusals."""

import numpy as np
import pytest
from grid import BACKENDS

import dragongrad as ad
from dragongrad.testing import check_derivatives

A = np.random.default_rng(7).normal(size=(4, 4))


@pytest.fixture
def rng():
    # For each test its own, so that its numbers do not depend on which tests ran before.
    return np.random.default_rng(11)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_det_of_a_singular_matrix(rng, n):
    singular = rng.normal(size=(n, n))
    singular[0] = 0.0
    singular[:, 0] = 0.0
    singular[0, 0] = 0.0
    cofactors = np.array([
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(singular, i, 0), j, 1)) for j in range(n)]
        for i in range(n)
    ])  # fmt: skip
    np.testing.assert_allclose(ad.grad(np.linalg.det)(singular), cofactors, atol=1e-12)
    v = rng.normal(size=(n, n))
    np.testing.assert_allclose(ad.jvp(np.linalg.det, (singular,), (v,))[1], np.sum(cofactors * v), atol=1e-12)


def test_det_of_higher_order():
    check_derivatives(np.linalg.det, A)
    check_derivatives(lambda z: np.linalg.det(z), A + 1j * A.T)


@pytest.mark.parametrize("ord", [None, 1, 2, 3, np.inf])
def test_norm_at_zero_has_the_derivative_zero(ord):
    f = lambda x: np.linalg.norm(x, ord)
    zero = np.zeros(3)
    assert np.all(np.isfinite(ad.grad(f)(zero)))
    np.testing.assert_array_equal(ad.grad(f)(zero), 0.0)
    # A cone has no curvature at its point.
    assert np.all(np.isfinite(ad.hessian(f)(zero))) == (ord in (1, np.inf))
    assert ad.jvp(lambda x: np.linalg.norm(x), (zero,), (np.ones(3),))[1] == 0.0


def test_functions_of_repeated_values_alone():
    x = np.diag([1.0, 1.0, 2.0])
    f = lambda a: np.sum(np.linalg.eigh(a)[0] ** 3)
    np.testing.assert_allclose(ad.grad(f)(x), 3 * x @ x, atol=1e-12)
    g = ad.grad(lambda a: np.sum(np.linalg.svd(a, compute_uv=False) ** 2))(np.eye(3))
    np.testing.assert_allclose(g, 2 * np.eye(3), atol=1e-12)


def matrix_exponential(a):
    w, v = np.linalg.eigh(a)
    return v @ np.diag(np.exp(w)) @ v.T


def test_vectors_of_repeated_values_have_no_derivative():
    one = np.array([[0.0, 0.0], [1.0, 0.0]])
    for f in (
        lambda a: matrix_exponential(a)[0, 1],
        lambda a: np.linalg.eigh(a)[1][0, 0] ** 2,
        lambda a: np.linalg.svd(a).U[0, 0] ** 2,
        lambda a: np.linalg.svd(a).Vh[1, 0],
    ):
        assert np.isnan(ad.grad(f)(np.eye(2))).any()
        assert np.isnan(ad.jvp(f, (np.eye(2),), (one,))[1])
        assert np.isnan(ad.vmap(ad.grad(f))(np.stack([np.diag([1.0, 2.0]), np.eye(2)]))[1]).any()
        assert np.isfinite(ad.vmap(ad.grad(f))(np.stack([np.diag([1.0, 2.0]), np.eye(2)]))[0]).all()
    # The sum of the squares of all values is a polynomial of the elements.
    twice = ad.hvp(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), np.eye(2), one)
    np.testing.assert_allclose(twice, [[0.0, 0.0], [4.0, 0.0]], atol=1e-14)
    assert np.isnan(ad.hvp(lambda a: np.linalg.eigvalsh(a)[0] ** 2, np.eye(2), one)).any()


def test_vectors_of_other_values_keep_their_derivative(rng):
    b = A[:, :2] @ A[:2]
    w = rng.normal(size=(4, 4))

    def leading(a):
        u, s, vh = np.linalg.svd(a)
        return np.sum(w * (u[:, :2] * s[:2] @ vh[:2]))

    def projector(a):
        v = np.linalg.eigh(a)[1][:, -2:]
        return np.sum(w * (v @ v.T))

    check_derivatives(leading, b, order=1)
    check_derivatives(lambda a: projector(a @ a.T), b, order=1)


def test_singular_values_cut_off_count_as_zero():
    check_derivatives(lambda x: np.linalg.pinv(x, rcond=0.4), A, order=2)
    check_derivatives(lambda x: np.linalg.lstsq(x, A[0], rcond=0.4)[0], A, order=2)
    assert np.linalg.matrix_rank(A, rtol=0.4) < 4
    assert ad.jvp(lambda x: np.linalg.lstsq(x, A[0], rcond=0.4), (A,), (A,))[0][2] < 4
    np.testing.assert_allclose(
        ad.jvp(lambda x: np.linalg.pinv(x, rcond=1e-9), (np.eye(3),), (np.eye(3),))[1], -np.eye(3)
    )


@pytest.mark.parametrize("p", [None, 1, -1, 2, -2, "fro", np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [complex, np.complex64, float, np.float32])
def test_condition_numbers_are_real_of_singular_matrices_too(p, dtype):
    x = np.stack([np.eye(3), np.zeros((3, 3)), np.diag([1.0, 2.0, 0.0])]).astype(dtype)
    with np.errstate(all="ignore"):
        expected = np.stack([np.linalg.cond(a, p) for a in x])
        for found in (
            ad.vmap(lambda a: np.linalg.cond(a, p))(x),
            ad.jvp(lambda a: np.linalg.cond(a, p), (x,), (x,))[0],
        ):
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == expected.dtype


def test_complex_matrices(rng):
    z = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    h = lambda z: z @ np.conj(np.swapaxes(z, -1, -2)) + np.eye(3)
    check_derivatives(lambda z: np.linalg.inv(z), z)
    check_derivatives(lambda z, b: np.linalg.solve(z, b), z, z[:, :2])
    check_derivatives(lambda z: np.linalg.slogdet(z), z)
    check_derivatives(lambda z: np.linalg.cholesky(h(z)), z)
    check_derivatives(lambda z: np.linalg.eigvalsh(h(z)), z)
    check_derivatives(lambda z: np.abs(np.linalg.eigh(h(z))[1]) ** 2, z)
    check_derivatives(lambda z: np.linalg.qr(z), z)
    check_derivatives(lambda z: np.linalg.svd(z)[1], z)
    check_derivatives(lambda z: np.linalg.pinv(z[:, :2]), z)
    check_derivatives(lambda z: np.linalg.norm(z, "nuc"), z)


def test_stacks_of_matrices(rng):
    stack = rng.normal(size=(2, 3, 3, 3))
    for f in (np.linalg.inv, np.linalg.det, lambda x: np.linalg.svd(x).S, lambda x: np.linalg.qr(x).R,
              lambda x: np.linalg.slogdet(x).logabsdet, lambda x: np.linalg.pinv(x[..., :2])):  # fmt: skip
        whole = ad.grad(lambda x, f=f: np.sum(f(x) ** 2))(stack)
        for i in np.ndindex(2, 3):
            one = ad.grad(lambda x, f=f: np.sum(f(x) ** 2))(stack[i])
            np.testing.assert_allclose(whole[i], one, rtol=1e-8, atol=1e-10)


def test_results_keep_numpys_names():
    _, pullback = ad.vjp(lambda x: np.linalg.eigh(x @ x.T), A)
    out = ad.jvp(lambda x: np.linalg.svd(x), (A,), (A,))[0]
    assert out.S.shape == (4,)
    assert type(out) is type(np.linalg.svd(A))
    assert np.shape(pullback(type(np.linalg.eigh(A))(np.ones(4), np.zeros((4, 4))))[0]) == (4, 4)


def test_what_is_not_unique_is_refused():
    with pytest.raises(ad.NoRuleError, match="full_matrices=False"):
        ad.grad(lambda x: np.sum(np.linalg.svd(x)[0]))(A[:, :2])
    with pytest.raises(ad.NoRuleError, match="reduced"):
        ad.grad(lambda x: np.sum(np.linalg.qr(x, mode="complete")[0]))(A[:, :2])


def test_a_singular_system_names_the_operation():
    with pytest.raises(ad.FactorizationError, match=r"solve\((.|\n)*Singular(.|\n)*test_linalg"):
        ad.grad(lambda x: np.sum(np.linalg.solve(x, np.ones((2, 1)))))(np.zeros((2, 2)))


def test_float32_stays():
    x = (A @ A.T + np.eye(4)).astype(np.float32)
    functions = (
        np.linalg.inv,
        np.linalg.det,
        np.linalg.cholesky,
        np.linalg.eigvalsh,
        np.linalg.norm,
        np.linalg.pinv,
        lambda x: np.linalg.solve(x, x[0]),
        lambda x: np.linalg.svd(x)[0],
        lambda x: np.linalg.qr(x)[0],
    )
    for f in functions:
        assert ad.grad(lambda x, f=f: np.sum(f(x)))(x).dtype == np.float32
        assert ad.jvp(f, (x,), (x,))[1].dtype == np.float32


INFINITE = {
    "one": [[np.inf, 0.0], [0.0, 1.0]],
    "row": [[np.inf, 0.0], [0.0, 0.0]],
    "above": [[1.0, np.inf], [0.0, 1.0]],
    "zero": [[0.0, np.inf], [0.0, 1.0]],
    "nan": [[np.nan, 0.0], [0.0, 0.0]],
    "three": [[1.0, 0.0, 0.0], [0.0, np.inf, 0.0], [0.0, 0.0, 1.0]],
    "four": np.diag([1.0, np.inf, 2.0, -3.0]),
}


@pytest.mark.parametrize("name", INFINITE)
def test_determinants_of_infinities(name):
    x = np.array(INFINITE[name])
    with np.errstate(all="ignore"):
        for f in (np.linalg.det, lambda a: np.linalg.slogdet(a)[0], lambda a: np.linalg.slogdet(a)[1]):
            expected = f(x)
            try:
                value, dot = ad.jvp(f, (x,), (np.ones_like(x),))
                bars = ad.grad(f)(x)
            except ad.FactorizationError:
                assert np.linalg.det(x) == 0
                continue
            rows = ad.vmap(f)(np.stack([x, x]))
            np.testing.assert_array_equal([value, *rows], [expected] * 3)
            np.testing.assert_array_equal(bars, np.full_like(x, np.nan))
            assert np.isnan(dot)


OVERFLOWING = {
    "far apart": [[1e200, 1.0], [2.0, 1e200]], "singular": [[1e200, 1e200], [1e200, 1e200]],
    "three": [[1e150, 1.0, 0.0], [1.0, 1e150, 2.0], [3.0, 1.0, 1e150]],
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", INFINITE | OVERFLOWING)
def test_compiled_determinants_that_are_not_finite(name, backend):
    """Those of NumPy's elimination, and of exact cofactors; before and after one that is finite."""
    x, plain = np.array((INFINITE | OVERFLOWING)[name]), np.random.default_rng(0).normal(size=(4, 4))
    f = ad.value_and_grad(np.linalg.det)
    compiled = ad.compile(f, backend=backend)
    rows = ad.compile(ad.vmap(np.linalg.det), backend=backend)
    with np.errstate(all="ignore"):
        assert f(x)[0] == np.linalg.det(x) or np.isnan(np.linalg.det(x))
        for m in (x, plain[: len(x), : len(x)], x):
            for got, expected in zip(compiled(m), f(m), strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-12)
            np.testing.assert_allclose(rows(np.stack([m, m])), [np.linalg.det(m)] * 2, rtol=1e-12)
        if name in OVERFLOWING and len(x) == 2:
            assert f(x)[1].tolist() == [[x[1, 1], -x[1, 0]], [-x[0, 1], x[0, 0]]]
