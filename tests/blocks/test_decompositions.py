"""What a decomposition reads, and where its derivative exists: one triangle, one rank, equal values."""

import itertools

import numpy as np
import pytest
from grid import BACKENDS, covering

import dragongrad as ad
from dragongrad.core.errors import FactorizationError
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(5)
A, Z = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
POSITIVE, HERMITIAN = A @ A.T + 4 * np.eye(4), Z @ np.conj(Z.T) + 4 * np.eye(4)


def spoiled(rng, matrix, uplo):
    """A matrix with other numbers in the triangle that is not read, and on the diagonal what is left out."""
    noise = rng.normal(size=matrix.shape) * (1j if np.iscomplexobj(matrix) else 1)
    kept, other = (np.tril, np.triu) if uplo == "L" else (np.triu, np.tril)
    diagonal = np.diag(np.diag(noise)) if np.iscomplexobj(matrix) else 0.0
    return kept(matrix) + other(noise, 1 if uplo == "L" else -1) + diagonal


READS = {
    "cholesky": ("L", np.linalg.cholesky),
    "cholesky upper": ("U", lambda a: np.linalg.cholesky(a, upper=True)),
    "eigvalsh": ("L", np.linalg.eigvalsh),
    "eigvalsh upper": ("U", lambda a: np.linalg.eigvalsh(a, "u")),
    "eigh vectors": ("L", lambda a: np.abs(np.linalg.eigh(a)[1]) ** 2),
    "eigh vectors upper": ("U", lambda a: np.abs(np.linalg.eigh(a, UPLO="U").eigenvectors) ** 2),
    "pinv": ("L", lambda a: np.linalg.pinv(a, hermitian=True)),
    "svd": ("L", lambda a: np.linalg.svd(a, hermitian=True).S),
    "svd vectors": ("L", lambda a: np.abs(np.linalg.svd(a, hermitian=True).Vh) ** 2),
    "svd values": ("L", lambda a: np.linalg.svd(a, hermitian=True, compute_uv=False)),
}


@pytest.mark.parametrize("matrix", [POSITIVE, HERMITIAN], ids=["real", "complex"])
@pytest.mark.parametrize("name", READS)
def test_one_triangle_is_read(name, matrix, rng):
    uplo, f = READS[name]
    a = spoiled(rng, matrix, uplo)
    np.testing.assert_allclose(ad.jvp(f, (a,), (a,))[0], f(a), rtol=1e-12, atol=1e-13)
    check_derivatives(f, a)
    gradient = ad.grad(lambda a: np.sum(np.cos(np.abs(f(a)))))(a)
    assert not np.any(np.triu(gradient, 1) if uplo == "L" else np.tril(gradient, -1))
    assert not np.any(np.imag(np.diag(gradient)))
    rows = ad.vmap(ad.grad(lambda a: np.sum(np.cos(np.abs(f(a))))))(np.stack([a, 2 * a]))
    np.testing.assert_allclose(rows[0], gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("f", [np.linalg.cholesky, lambda a: np.linalg.eigh(a)[1] ** 2])
def test_of_a_symmetric_matrix_it_is_what_it_was(f):
    """The gradient by what the matrix is made of is one and the same, whichever triangle is read."""
    total = lambda a: np.sum(np.sin(f(a)))
    by_parts = ad.grad(lambda b: total(b @ b.T + 4 * np.eye(4)))(A)
    gradient = ad.grad(total)(POSITIVE)
    symmetric = (gradient + gradient.T) / 2
    np.testing.assert_allclose(by_parts, 2 * symmetric @ A, rtol=1e-9)
    np.testing.assert_allclose(ad.grad(lambda a: total((a + a.T) / 2))(POSITIVE), symmetric, rtol=1e-9, atol=1e-12)


# Zeros of a triangular factor are no function of the matrix


@pytest.mark.parametrize(
    "g", [np.cbrt, lambda x: np.sqrt(np.abs(x)), lambda x: np.where(x == 0, 0.0, np.log(np.abs(x)))]
)
@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.linalg.qr(a)[1], lambda a: np.linalg.qr(a, "r"), lambda a: np.linalg.qr(a[:, :3]).R,
        lambda a: np.linalg.qr(a[:3]).R, np.linalg.cholesky, lambda a: np.linalg.cholesky(a, upper=True),
        np.tril, np.triu, lambda a: np.diag(np.diag(a)),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_functions_of_infinite_slope_meet_no_zero_beside_the_triangle(f, g):
    whole = lambda a: np.sum(g(f(a)))
    read = np.abs(f(POSITIVE)) > 0
    expected = ad.grad(lambda a: np.sum(g(f(a)[read])))(POSITIVE)
    np.testing.assert_allclose(ad.grad(whole)(POSITIVE), expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(ad.jvp(whole, (POSITIVE,), (A,))[1], np.sum(expected * A), rtol=1e-10)
    np.testing.assert_allclose(ad.compile(ad.grad(whole))(POSITIVE), expected, rtol=1e-12, atol=1e-13)


# Rank

M, N, R = 5, 4, 2


def low_rank(p):
    return p[: M * R].reshape(M, R) @ p[M * R :].reshape(R, N)


P, B = RNG.normal(size=M * R + R * N), RNG.normal(size=M)
RANKS = {
    "pinv": lambda p: np.linalg.pinv(low_rank(p)),
    "pinv wide": lambda p: np.linalg.pinv(low_rank(p).T),
    "lstsq": lambda p: np.linalg.lstsq(low_rank(p), B)[0],
    "lstsq wide": lambda p: np.linalg.lstsq(low_rank(p).T, np.ones((N, 2)))[0],
    "singular values": lambda p: np.linalg.svdvals(low_rank(p))[:R],
    "all singular values": lambda p: np.linalg.svdvals(low_rank(p)),
    "nuclear norm": lambda p: np.linalg.norm(low_rank(p), "nuc"),
    "leading vectors": lambda p: np.linalg.svd(low_rank(p), full_matrices=False).U[:, :R] ** 2,
    "qr columns": lambda p: np.linalg.qr(low_rank(p)).Q[:, :R],
    "qr rows": lambda p: np.linalg.qr(low_rank(p)).R[:R],
}


@pytest.mark.parametrize("name", RANKS)
def test_what_is_smooth_among_matrices_of_one_rank(name):
    check_derivatives(RANKS[name], P, order=1)


def test_the_second_order_of_a_pseudo_inverse_of_low_rank():
    check_derivatives(RANKS["pinv"], P)


U, V = (np.linalg.qr(RNG.normal(size=(n, n)))[0] for n in (5, 4))


@pytest.mark.parametrize("shape", [(5, 4), (4, 4), (4, 5)])
@pytest.mark.parametrize("values", [[3.0, 2.0, 0.5, 0.3], [3.0, 3.0, 0.5, 0.5], [3.0, 2.0, 0.5, 0.0]], ids=str)
def test_singular_values_that_are_cut_off(shape, values):
    """Equal ones among those that are kept, and among those that are not."""
    a = U[: shape[0], :4] @ np.diag(values) @ V[:, : shape[1]] if shape != (4, 5) else V @ np.diag(values) @ U[:4]
    for x in (a, a + 0.1j * a):
        check_derivatives(lambda x: np.linalg.pinv(x, rcond=0.3), x, order=1)
        check_derivatives(lambda x: np.linalg.lstsq(x, np.ones(shape[0]), rcond=0.3)[0], x, order=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
@pytest.mark.parametrize("shape", [(5, 3), (3, 3), (3, 5)])
@pytest.mark.parametrize("k", [None, 2])
def test_least_squares_gives_what_numpy_gives(shape, dtype, k, rng):
    a = (rng.normal(size=shape) + 3 * np.eye(*shape)).astype(dtype)
    b = rng.normal(size=(shape[0], *([k] if k else []))).astype(dtype)
    expected, got = np.linalg.lstsq(a, b), ad.jvp(np.linalg.lstsq, (a, b), (a, b))
    for x, y in zip(got[0], expected, strict=True):
        assert (type(x), np.asarray(x).dtype) == (type(y), np.asarray(y).dtype)
        np.testing.assert_allclose(x, y, rtol=1e-5 if np.finfo(dtype).precision < 10 else 1e-12)
    if dtype == np.float64:
        check_derivatives(lambda a, b: np.linalg.lstsq(a, b)[:2], a, b)
        np.testing.assert_allclose(
            ad.vmap(lambda a: np.linalg.lstsq(a, b)[0])(np.stack([a, 2 * a])), [expected[0], expected[0] / 2]
        )


def test_where_a_column_depends_on_others_qr_has_no_derivative(rng):
    a = np.array([[1.0, 2.0, 0.3], [0.5, 1.0, -1.0], [1.0, 2.0, 2.0]])
    v = rng.normal(size=(3, 3))
    _, (q_dot, r_dot) = ad.jvp(np.linalg.qr, (a,), (v,))
    assert np.isfinite(q_dot[:, 0]).all()
    assert np.isfinite(r_dot[0]).all()
    assert np.isnan(q_dot[:, 1:]).all()
    assert np.isnan(r_dot[1:][np.triu(np.ones((3, 3), bool))[1:]]).all()
    assert not r_dot[np.tril_indices(3, -1)].any()
    assert np.isnan(ad.grad(lambda a: np.linalg.qr(a).Q[0, 1])(a)).any()
    rows = ad.vmap(ad.jacobian(lambda a: np.linalg.qr(a).Q))(np.stack([POSITIVE[:3, :3], a]))
    np.testing.assert_allclose(rows[1], ad.jacobian(lambda a: np.linalg.qr(a).Q)(a), rtol=1e-9)
    assert np.isfinite(rows[0]).all()
    assert np.isfinite(ad.grad(lambda a: np.sum(np.linalg.qr(a).R[0]))(a)).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 2), (2, 3), (4, 4), (3, 5)], ids=str)
def test_the_last_column_of_a_square_q_is_smooth_where_it_depends_on_the_others(rng, shape, backend):
    """What the others leave has one direction, whose sign LAPACK keeps."""
    m, n = shape
    a, weights = rng.normal(size=shape), rng.normal(size=(m, m + n))
    a[:, m - 1] = a[:, : m - 1] @ rng.normal(size=m - 1)
    f = lambda a: np.sum(weights * np.concatenate(np.linalg.qr(a), axis=1) ** 3)
    v, h = rng.normal(size=shape), 1e-6
    slope, bend = ad.jvp(f, (a,), (v,))[1], np.sum(ad.hvp(f, a, v) * v)
    np.testing.assert_allclose(slope, (f(a + h * v) - f(a - h * v)) / (2 * h), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(np.sum(ad.grad(f)(a) * v), slope, rtol=1e-10)
    gradient = ad.grad(f)
    np.testing.assert_allclose(
        bend, np.sum((gradient(a + h * v) - gradient(a - h * v)) * v) / (2 * h), rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(ad.vmap(gradient)(np.stack([a, a])), [gradient(a)] * 2, rtol=1e-10)
    compiled = ad.compile(gradient, backend=backend)
    for _ in range(2):
        np.testing.assert_allclose(compiled(a), gradient(a), rtol=1e-10)


LOST = {
    "q": lambda a: np.linalg.qr(a).Q, "r": lambda a: np.linalg.qr(a, "r"), "u": lambda a: np.linalg.svd(a).U,
    "eigh": lambda a: np.linalg.eigh(a)[1],
    "eig": lambda a: np.imag(np.linalg.eig(np.stack([a, [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]]))[1][0]),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_where_vectors_are_lost_forward_and_reverse_say_so_alike(name):
    f, zero = LOST[name], np.zeros((3, 3))
    for a in (zero,) if name == "eig" else (zero, np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 0.0]), np.diag([1.0, 1, 0])):
        jacobian = ad.jacfwd(f)(a)
        np.testing.assert_allclose(jacobian, ad.jacrev(f)(a), atol=1e-12)
        assert np.isnan(jacobian).any() or a.any()
        difference = lambda a: f(a)[0, 2] - f(a)[0, 1]
        np.testing.assert_allclose(ad.jacfwd(difference)(a), ad.grad(difference)(a), atol=1e-12)


# Equal values


def test_equal_values_share_their_derivative():
    x = V @ np.diag([1.0, 2.0, 2.0, 2.0]) @ V.T
    shared = V[:, 1:] @ V[:, 1:].T / 3
    for f, order in ((np.linalg.eigvalsh, [1, 2, 3]), (np.linalg.svdvals, [0, 1, 2])):
        for k in order:
            gradient = ad.grad(lambda a, f=f, k=k: f((a + a.T) / 2)[k])(x)
            np.testing.assert_allclose(gradient, shared, atol=1e-12)
            slope = ad.jvp(lambda a, f=f, k=k: f((a + a.T) / 2)[k], (x,), (A,))[1]
            np.testing.assert_allclose(slope, np.sum(shared * A), rtol=1e-10)
    np.testing.assert_allclose(ad.grad(lambda a: np.linalg.norm(a, 2))(x), shared, atol=1e-12)
    values = ad.jacobian(lambda a: np.real(np.linalg.eigvals(a)))(np.diag([1.0, 2.0, 2.0]))
    np.testing.assert_allclose(values[1:], [np.diag([0.0, 0.5, 0.5])] * 2, atol=1e-12)


def test_a_singular_value_of_zero_has_the_derivative_zero():
    x = U[:, :2] @ np.diag([2.0, 1.0]) @ V[:2]
    jacobian = ad.jacobian(np.linalg.svdvals)(x)
    np.testing.assert_allclose(jacobian[:2], [np.outer(U[:, i], V[i]) for i in range(2)], atol=1e-12)
    np.testing.assert_array_equal(jacobian[2:], 0.0)


@pytest.mark.parametrize("n", [3, 8, 40])
def test_values_that_rounding_has_spread_are_equal_together(n):
    rng = np.random.default_rng(n)
    q = np.linalg.qr(rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)))[0]
    x, v = q @ np.conj(q.T), rng.normal(size=(n, n))
    for f in (np.linalg.eigvalsh, np.linalg.svdvals, lambda a: np.real(np.linalg.eigvals(a))):
        np.testing.assert_allclose(ad.jvp(f, (x,), (v,))[1], np.trace(v) / n, rtol=1e-10)


def second_orders(f, x, v, w):
    """The second derivative along two directions, by each pair of modes."""
    along = lambda a: ad.jvp(f, (a,), (v,))[1]
    yield np.sum(w * ad.jvp(ad.grad(f), (x,), (v,))[1])
    yield np.sum(w * ad.grad(along)(x))
    yield np.sum(w * ad.grad(lambda a: np.sum(v * ad.grad(f)(a)))(x))
    yield ad.jvp(along, (x,), (w,))[1]


SQUARES = {
    "eigenvalues": lambda a: np.sum(np.linalg.eigvalsh((a + a.T) / 2) ** 2),
    "eigenvalues of any matrix": lambda a: np.real(np.sum(np.linalg.eigvals(a) ** 2)),
    "singular values": lambda a: np.sum(np.linalg.svdvals(a) ** 2),
    "nuclear norm": lambda a: np.linalg.norm(a, "nuc"),
    "largest value": lambda a: np.linalg.eigvalsh((a + a.T) / 2)[-1],
    "put together": lambda a: np.sum(A * (lambda u, s, vh: (u * s) @ vh)(*np.linalg.svd(a))),
    "put together, squared": lambda a: np.sum(A * (lambda w, v: (v * w**2) @ v.T)(*np.linalg.eigh((a + a.T) / 2))),
    "triangle": lambda a: np.sum(A * np.linalg.qr(a).R ** 2),
}


@pytest.mark.parametrize(
    ("name", "values"), covering([*SQUARES], [(0, 0, 1, 2), (0, 0, 0, 0), (1, 1, 2, 2), (0, 1, 2, 3)])
)
def test_no_second_derivative_is_a_wrong_number(name, values):
    """It is right or not finite, where values are equal or zero: what is zero there by chance is none."""
    f, x = SQUARES[name], V @ np.diag(np.array(values, float)) @ V.T
    v, w, h = A, np.flip(A, 0), 1e-3
    points = [f(x + h * (i * v + j * w)) * i * j for i in (1, -1) for j in (1, -1)]
    expected = sum(points) / (4 * h * h)
    with np.errstate(all="ignore"):
        for found in second_orders(f, x, v, w):
            assert not np.isfinite(found) or abs(found - expected) < 1e-3 * max(1, abs(expected))


TOGETHER = {
    "svd": lambda a: (lambda u, s, vh: (u * s) @ vh)(*np.linalg.svd(a, full_matrices=False)),
    "hermitian": lambda a: (lambda u, s, vh: (u * s) @ vh)(*np.linalg.svd((a + a.T) / 2, hermitian=True)),
    "eigh": lambda a: (lambda w, v: (v * w) @ v.T)(*np.linalg.eigh((a + a.T) / 2)),
    "U": lambda a: (lambda w, v: v @ np.diag(w) @ v.T)(*np.linalg.eigh(a, "U")),
    "eig": lambda a: np.real((lambda w, v: (v * w) @ np.linalg.inv(v))(*np.linalg.eig(a @ a.T))),
}
LOW = {
    "rounded": V[:, :2] @ np.diag([2.0, 1.0]) @ V[:, :2].T, "exact": np.diag([2.0, 1.0, 0.0, 0.0]),
    "zero": np.zeros((4, 4)), "one zero": np.diag([2.0, 1.0, 0.0, 3.0]),
}  # fmt: skip


@pytest.mark.parametrize(("f", "of"), covering(TOGETHER, [*LOW]))
def test_a_matrix_of_low_rank_that_is_put_together_again_has_no_wrong_derivative(f, of, rng):
    """What a value of zero is multiplied by is asked for all the same: no cotangent that vanishes is structural."""
    x, h = LOW[of], 1e-6
    for v in (rng.normal(size=x.shape), np.eye(16)[11].reshape(4, 4)):
        loss = lambda a, v=v: np.sum(v * f(a))
        expected = (loss(x + h * v) - loss(x - h * v)) / (2 * h)
        with np.errstate(all="ignore"):
            found = (
                np.sum(ad.grad(loss)(x) * v),
                ad.jvp(loss, (x,), (v,))[1],
                ad.compile(ad.grad(loss))(x).ravel() @ v.ravel(),
            )
        for slope in found:
            assert np.isnan(slope) or abs(slope - expected) < 1e-5 * max(1, abs(expected))


def of_values(shape, values, dtype, rng):
    """A matrix with these singular values; square, with positive eigenvalues."""
    u, v = (np.linalg.qr(rng.normal(size=(n, n)) + (1j * rng.normal(size=(n, n)) if dtype is complex else 0.0))[0]
            for n in shape)  # fmt: skip
    v = u if shape[0] == shape[1] else v
    middle = np.zeros(shape)
    middle[range(min(shape)), range(min(shape))] = values
    return u @ middle @ np.conj(v.T)


MATRICES = {
    "two": ((3, 3), (2.0, 2.0, 1.0)), "three": ((4, 4), (1.0, 3.0, 3.0, 3.0)), "tall": ((4, 2), (2.0, 2.0)),
    "wide": ((2, 3), (1.5, 1.5)), "tall with zeros": ((4, 3), (2.0, 0.0, 0.0)), "zero": ((3, 3), (2.0, 2.0, 0.0)),
}  # fmt: skip
SUMS = {
    "squares": lambda a: np.sum(np.linalg.svdvals(a) ** 2), "fourth": lambda a: np.sum(np.linalg.svdvals(a) ** 4),
    "product": lambda a: np.linalg.svdvals(a) @ np.linalg.svdvals(a), "norm": lambda a: np.linalg.norm(a, "nuc"),
    "logarithms": lambda a: np.sum(np.log(1 + np.linalg.svdvals(a) ** 2)),
    "stack": lambda a: np.prod(np.mean(np.linalg.svd(np.stack([a, 2 * a]), compute_uv=False) ** 2, axis=-1)),
    "quotient": lambda a: np.linalg.norm(a, "nuc") / np.sum(np.linalg.svdvals(a) ** 2),
    "eigenvalues": lambda a: np.sum(np.linalg.eigvalsh(a)) ** 2 + np.sum(np.linalg.eigvalsh(a, "U") ** 3),
    "exponentials": lambda a: np.sum(np.exp(-np.linalg.eigh((a + np.conj(a.T)) / 2)[0])),
    "entropy": lambda a: -sum(np.linalg.eigvalsh(a) @ np.log(np.linalg.eigvalsh(a)) for _ in range(2)),
}  # fmt: skip
# Not smooth where a value is zero, or of square matrices alone.
OF_SQUARES, OF_FULL_RANK = ("eigenvalues", "exponentials", "entropy"), ("norm", "quotient", "entropy")


@pytest.mark.parametrize(("name", "of", "dtype"), covering([*SUMS], [*MATRICES], [float, complex]))
def test_sums_of_a_function_of_all_values_have_their_second_derivative(name, of, dtype, rng):
    """Equal values have none by themselves, and neither do values of zero."""
    shape, values = MATRICES[of]
    if name in OF_SQUARES and shape[0] != shape[1]:
        shape, values = (3, 3), (2.0, 2.0, 1.0)
    f, a = SUMS[name], of_values(shape, values, dtype, rng)
    v, w = rng.normal(size=(2, *shape)) + (1j * rng.normal(size=(2, *shape)) if dtype is complex else 0.0)
    h = 1e-5
    with np.errstate(all="ignore"):
        found = ad.jvp(ad.grad(f), (a,), (v,))[1]
        back = ad.grad(lambda a: ad.jvp(f, (a,), (v,))[1])(a)
        row = ad.vmap(lambda a: ad.jvp(ad.grad(f), (a,), (v,))[1])(np.stack([a, a + v]))[0]
        forward = ad.jvp(lambda a: ad.jvp(f, (a,), (v,))[1], (a,), (w,))[1]
        expected = (ad.grad(f)(a + h * v) - ad.grad(f)(a - h * v)) / (2 * h)
    if 0.0 in values and name in OF_FULL_RANK:
        # To rounding the value may be positive: of such a one the second derivative is enormous.
        assert all(not np.abs(each).max() < 1e12 for each in (found, back, row, forward))
        return
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    for other in (back, row):
        np.testing.assert_allclose(other, found, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(forward, np.sum(np.real(w * found)), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("native", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "of"), [("squares", "tall with zeros"), ("eigenvalues", "two")])
def test_the_compiled_second_derivative_of_a_sum_of_all_values(name, of, backend, rng):
    f, shape = SUMS[name], MATRICES[of][0]
    v = rng.normal(size=shape)
    product = lambda a: ad.jvp(ad.grad(f), (a,), (v,))[1]
    compiled = ad.compile(product, backend=backend)
    equal = of_values(*MATRICES[of], float, rng)
    for a in (equal, equal + 0.1 * np.eye(*shape) * np.arange(1, shape[1] + 1), equal):
        np.testing.assert_allclose(compiled(a), product(a), rtol=1e-9, atol=1e-9)


def test_the_third_derivative_of_a_sum_of_all_values_is_not_known():
    f = lambda a: ad.jvp(ad.grad(SUMS["squares"]), (a,), (A[:2, :2],))[1]
    assert np.isnan(ad.jvp(f, (np.eye(2),), (A[:2, :2],))[1]).all()


def test_what_tells_equal_values_apart_has_no_second_derivative():
    for f in (
        lambda a: np.sum(np.linalg.svdvals(a) * np.arange(3.0)), lambda a: np.sum(np.linalg.svdvals(a)[:2] ** 2),
        lambda a: np.linalg.norm(a, 2), np.linalg.cond, lambda a: np.max(np.linalg.eigvalsh(a)) ** 2,
        lambda a: np.linalg.eigvalsh(a) @ np.arange(3.0), lambda a: np.sum(np.cumsum(np.linalg.eigvalsh(a)) ** 2),
    ):  # fmt: skip
        assert np.isnan(ad.hessian(f)(2 * np.eye(3))).any()


COLUMN = np.array([[0.3], [-0.8], [1.1], [0.5]])
LARGEST = {
    "value": lambda values: values[0],
    "squared": lambda values: values[0] ** 2,
    "of a function": lambda values: np.exp(-values[0]) * values[0],
    "the greatest": lambda values: np.max(values) ** 3,
    "chosen": lambda values: np.sum(np.where(values > 1.2, values, 0.0) ** 2),
}
# The value that is used is alone; all others are equal, or zero.
BESIDE_EQUAL = {
    "equal columns": lambda x: np.linalg.svd(np.concatenate([x, x, 0.5 * x], axis=1), False).S,
    "a wide matrix": lambda x: np.linalg.svdvals(np.concatenate([x, x, 0.5 * x], axis=1).T),
    "two columns": lambda x: np.linalg.svd(np.concatenate([x, 0.5 * x], axis=1), compute_uv=False),
    "equal values": lambda x: np.linalg.svdvals(np.eye(4) + x @ x.T),
    "an outer product": lambda x: np.linalg.eigvalsh(x @ x.T)[::-1],
    "equal eigenvalues": lambda x: np.linalg.eigvalsh(np.eye(4) + x @ x.T)[::-1],
}


@pytest.mark.parametrize(("of", "name"), covering(LARGEST, [*BESIDE_EQUAL]))
def test_the_second_derivative_of_a_value_beside_equal_ones(of, name, rng):
    """What becomes of the equal ones, whose own is unknown, is not asked."""
    f = lambda x: of(BESIDE_EQUAL[name](x))
    v, w, h = rng.normal(size=COLUMN.shape), rng.normal(size=COLUMN.shape), 1e-3
    expected = sum(f(COLUMN + h * (i * v + j * w)) * i * j for i in (1, -1) for j in (1, -1)) / (4 * h * h)
    with np.errstate(all="ignore"):
        found = [*second_orders(f, COLUMN, v, w)]
        rows = ad.vmap(lambda x: ad.jvp(ad.grad(f), (x,), (v,))[1])(np.stack([COLUMN, 2 * COLUMN]))
        if name in ("equal columns", "a wide matrix") and 0 in BESIDE_EQUAL[name](COLUMN):
            # With some BLAS a value is zero to the last bit, and reverse over reverse says that it does not know.
            assert np.isnan(found.pop(2))
    np.testing.assert_allclose([*found, np.sum(w * rows[0])], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["wide", "product"])
def test_the_second_derivative_of_a_complex_matrix_beside_equal_values(name):
    z, h = COLUMN * (1 + 0.5j) + np.array([[0.0], [1j], [0.0], [0.3]]), 1e-5
    f = {
        "wide": lambda z: np.linalg.norm(np.concatenate([z, z, 2 * z], axis=1), 2),
        "product": lambda z: np.linalg.eigvalsh(z @ np.conj(z.T))[-1],
    }[name]
    v = 1j * z + 1
    with np.errstate(all="ignore"):
        found = ad.jvp(ad.grad(f), (z,), (v,))[1]
        expected = (ad.grad(f)(z + h * v) - ad.grad(f)(z - h * v)) / (2 * h)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["equal columns", "equal eigenvalues"])
def test_the_compiled_second_derivative_of_a_value_beside_equal_ones(name, backend):
    hessian = ad.hessian(lambda x: BESIDE_EQUAL[name](x)[0] ** 2)
    expected, compiled = hessian(COLUMN), ad.compile(hessian, backend=backend)
    assert np.all(np.isfinite(expected))
    for _ in range(2):
        np.testing.assert_allclose(compiled(COLUMN), expected, rtol=1e-9, atol=1e-12)


def test_the_vectors_of_eig_and_the_values_of_a_defective_matrix_have_no_derivative():
    parts = lambda a: [np.concatenate([np.real(x), np.imag(x)]) for x in np.linalg.eig(a)]
    semisimple, defective = np.diag([1.0, 1.0, 3.0]), np.diag([1.0, 1.0, 3.0]) + np.diag([1.0, 0.0], 1)
    for x, values_known in ((semisimple, 3), (defective, 1)):
        for jacobian in (ad.jacrev, ad.jacfwd):
            with np.errstate(all="ignore"):
                w, v = jacobian(parts)(x)
            assert np.isfinite(w[:3]).all(axis=(1, 2)).sum() == values_known
            assert np.isnan(v[:3, :2]).any(axis=(2, 3)).all()
    w, v = ad.jacobian(parts)(semisimple)
    assert np.isfinite(v[:3, 2]).all()


@pytest.mark.filterwarnings("ignore:invalid value encountered in det:RuntimeWarning")  # NumPy's own, of NaN
def test_what_has_no_derivative_at_a_singular_matrix_says_so():
    singular = np.diag([1.0, 0.0])
    for f in (np.linalg.cond, lambda a: np.linalg.cond(a, 1), lambda a: np.linalg.cond(a, "fro")):
        value, gradient = ad.value_and_grad(f)(singular)
        assert value == np.inf
        assert np.isnan(gradient).all()
        assert np.isnan(ad.jvp(f, (singular,), (singular,))[1])
    third = lambda a: ad.jvp(ad.grad(np.linalg.det), (a,), (A,))[1]
    for f in (ad.grad(lambda a: np.linalg.slogdet(a)[1]), ad.jacobian(third)):
        with pytest.raises(FactorizationError, match="inverts the matrix"):
            f(np.diag([1.0, 2.0, 3.0, 0.0]))
    assert np.isnan(ad.grad(np.linalg.det)(np.full((4, 4), np.nan))).all()
    rows = ad.vmap(ad.grad(np.linalg.det))(np.stack([np.eye(4), np.full((4, 4), np.nan)]))
    np.testing.assert_allclose(rows[0], np.eye(4))


def test_empty_matrices():
    for shape in ((0, 0), (2, 0, 0)):
        w_dot, v_dot = ad.jvp(np.linalg.eig, (np.zeros(shape),), (np.zeros(shape),))[1]
        assert (w_dot.shape, v_dot.shape) == (shape[:-1], shape)
    for p in (None, 1, -2, "fro"):
        assert ad.jacobian(lambda a, p=p: np.linalg.cond(a, p))(np.zeros((0, 3, 3))).shape == (0, 0, 3, 3)
        with pytest.raises(FactorizationError, match="empty"):
            ad.grad(lambda a, p=p: np.linalg.cond(a, p))(np.zeros((0, 0)))


def by_permutations(a):
    signs = {p: np.linalg.det(np.eye(4)[list(p)]) for p in itertools.permutations(range(4))}
    return sum(sign * np.prod([a[i, p[i]] for i in range(4)]) for p, sign in signs.items())


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4])
def test_a_determinant_has_its_second_derivative_at_every_rank(rank):
    for x in (A[:, :rank] @ A[:rank], Z[:, :rank] @ Z[:rank]):
        slopes = [ad.jvp(lambda a, f=f: ad.jvp(f, (a,), (A,))[1], (x,), (A.T,))[1]
                  for f in (np.linalg.det, by_permutations)]  # fmt: skip
        np.testing.assert_allclose(*slopes, rtol=1e-9, atol=1e-12)
    x = A[:, :rank] @ A[:rank]
    np.testing.assert_allclose(ad.hessian(np.linalg.det)(x), ad.hessian(by_permutations)(x), rtol=1e-9, atol=1e-11)
    twice = ad.vmap(ad.hessian(np.linalg.det))(np.stack([x, A]))
    np.testing.assert_allclose(twice[0], ad.hessian(np.linalg.det)(x), rtol=1e-12, atol=1e-12)


def test_the_third_derivative_of_a_determinant():
    second = lambda f: lambda a: ad.jvp(lambda a: ad.jvp(f, (a,), (A,))[1], (a,), (A.T,))[1]
    gradients = [ad.grad(second(f))(POSITIVE) for f in (np.linalg.det, by_permutations)]
    np.testing.assert_allclose(*gradients, rtol=1e-11)
    slopes = [ad.jvp(second(f), (POSITIVE,), (A,))[1] for f in (np.linalg.det, by_permutations)]
    np.testing.assert_allclose(*slopes, rtol=1e-11)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("shape", [(4, 5), (3, 3), (2, 3, 4)])
def test_singular_values_beside_infinities_are_those_that_numpy_gives(shape, rng):
    """LAPACK may fail there, or never end: they are NaN, and other matrices of a batch are as ever."""
    x = rng.normal(size=shape)
    x[(0,) * len(shape)] = np.inf
    values = lambda x: np.linalg.svd(x, compute_uv=False)
    total = lambda x: np.sum(np.sin(values(x)))
    lost = ~np.isfinite(x).all((-2, -1))
    want = np.where(lost[..., None], np.nan, values(np.where(lost[..., None, None], 0.0, x)))
    slopes = ad.grad(total)(x)
    assert np.array_equal(np.isnan(slopes).all((-2, -1)), lost)
    runs = [lambda x: ad.jvp(values, (x,), (x,))[0], lambda x: ad.vmap(values)(x[None])[0]]
    for run in (*runs, *[ad.compile(values, backend=b) for b in ("native", "numpy")]):
        for _ in range(2):
            np.testing.assert_allclose(run(x), want)
    for backend in ("native", "numpy"):
        compiled = ad.compile(ad.grad(total), backend=backend)
        for _ in range(2):
            np.testing.assert_allclose(compiled(x), slopes)
    x[(0,) * len(shape)] = np.nan
    with pytest.raises(np.linalg.LinAlgError):
        ad.jvp(values, (x,), (x,))
