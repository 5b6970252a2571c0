"""`dragongrad.scipy.linalg`: a table of cases times the properties that all of them have, and what is special."""

import pickle

import numpy as np
import pytest
import scipy.linalg
from grid import BACKENDS
from scipy_cases import case, properties

import dragongrad as ad
import dragongrad.scipy.linalg as la
from dragongrad.core.nests import flatten
from dragongrad.scipy.linalg.chapter import CHAPTER
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(3, 3)) + 2 * np.eye(3), RNG.normal(size=(3, 3))
TALL, WIDE = RNG.normal(size=(4, 2)), RNG.normal(size=(2, 4))
V, U = RNG.normal(size=3), RNG.normal(size=(3, 2))
S = A @ A.T + np.eye(3)
P = B @ B.T + np.eye(3)
Q = RNG.normal(size=(3, 3))
Z = A + 1j * B
STABLE = 0.2 * B
BAND = np.array([[0.0, 0.5, -0.4, 0.3], [3.0, 2.5, 4.0, 3.5], [0.7, -0.2, 0.6, 0.0]])
HALF = np.array([[0.0, 0.5, -0.4, 0.3], [3.0, 2.5, 4.0, 3.5]])
C, R = np.array([4.0, 1.0, 0.5]), np.array([4.0, -0.7, 0.2])
SMALL = 0.3 * A

SYSTEMS = {
    "solve": case(lambda m, a, b: m.solve(a, b), A, V),
    "solve columns": case(lambda m, a, b: m.solve(a, b, transposed=True), A, U),
    "solve sym": case(lambda m, a, b: m.solve(a, b, assume_a="sym"), A + A.T, U),
    "solve pos": case(lambda m, a, b: m.solve(a, b, lower=True, assume_a="pos"), S, V),
    "solve tri": case(
        lambda m, a, b: m.solve(a, b, assume_a="upper triangular"), A, V, batches=False, since=(1, 15)
    ),
    "solve tridiagonal": case(lambda m, a, b: m.solve(a, b, assume_a="tridiagonal"), A, V, since=(1, 15)),
    "solve diagonal": case(lambda m, a, b: m.solve(a, b, assume_a="diagonal"), A, U, since=(1, 15)),
    "solve_triangular": case(lambda m, a, b: m.solve_triangular(a, b, lower=True), A, V),
    "solve_triangular T": case(lambda m, a, b: m.solve_triangular(a, b, trans="T"), A, U),
    "solve_triangular unit": case(
        lambda m, a, b: m.solve_triangular(a, b, trans=2, lower=True, unit_diagonal=True), A, U
    ),
    "solve_banded": case(lambda m, a, b: m.solve_banded((1, 1), a, b), BAND, TALL),
    "solve_banded vector": case(lambda m, a, b: m.solve_banded((0, 2), a, b), BAND[[0, 0, 1]] + 0.1, TALL[:, 0]),
    "solveh_banded": case(lambda m, a, b: m.solveh_banded(a, b), HALF, TALL),
    "solveh_banded lower": case(lambda m, a, b: m.solveh_banded(a, b, lower=True), BAND[1:], TALL[:, 0]),
    "cholesky_banded": case(lambda m, a: m.cholesky_banded(a), HALF, batches=False),
    "cholesky_banded lower": case(lambda m, a: m.cholesky_banded(a, lower=True), BAND[1:]),
    "cho_solve_banded": case(lambda m, a, b: m.cho_solve_banded((a, False), b), HALF, TALL),
    "eig_banded": case(lambda m, a: [np.abs(v) for v in m.eig_banded(a)], HALF, near=1e-8),
    "eig_banded lower": case(
        lambda m, a: m.eig_banded(a, lower=True, eigvals_only=True, select="i", select_range=(1, 2)),
        BAND[1:],
        near=1e-8,
    ),
    "eigvals_banded": case(lambda m, a: m.eigvals_banded(a), HALF[:, :3], near=1e-8),
    "solve_toeplitz": case(lambda m, c, r, b: m.solve_toeplitz((c, r), b), C, R, U),
    "solve_toeplitz one": case(lambda m, c, b: m.solve_toeplitz(c, b), C, V),
    "matmul_toeplitz": case(lambda m, c, r, b: m.matmul_toeplitz((c, r), b), C, R, U),
    "solve_circulant": case(lambda m, c, b: m.solve_circulant(c, b), C, U),
    "inv": case(lambda m, a: m.inv(a), A),
    "det": case(lambda m, a: m.det(a), A),
    "pinv": case(lambda m, a: m.pinv(a), TALL),
    "pinvh": case(lambda m, a: m.pinvh(a, lower=False), A),
    "pinv wide": case(lambda m, a: m.pinv(a, return_rank=True)[0], WIDE),
    "lstsq": case(lambda m, a, b: m.lstsq(a, b)[:2], TALL, RNG.normal(size=4)),
    "lstsq columns": case(lambda m, a, b: m.lstsq(a, b)[:2], TALL, RNG.normal(size=(4, 2))),
    "norm": case(lambda m, a: m.norm(a), A),
    "norm nuc": case(lambda m, a: m.norm(a, "nuc"), A),
}
# What SciPy takes stacks of, row by row.
SQUARES, ROWS = np.stack([A, P + 0.1 * B]), np.array([C, [5.0, 0.3, -0.6]])
BANDS = np.stack([BAND[:, :3], BAND[:, :3] + 0.1])
HALVES = np.stack([HALF[:, :3], HALF[:, :3] + 0.1])
STACKS = {
    name: case(f, x, *rest, batches=False, single=False, order=1, near=1e-9, since=(1, 16))
    for name, f, x, *rest in [
        ("solve_banded stack", lambda m, a, b: m.solve_banded((1, 1), a, b), BANDS, V),
        ("solve_banded stack beside it", lambda m, a, b: m.solve_banded((1, 1), a, b), BAND[:, :3], SQUARES),
        ("solveh_banded stack", lambda m, a, b: m.solveh_banded(a, b), HALVES, V),
        ("cholesky_banded stack", lambda m, a: m.cholesky_banded(a), HALVES),
        ("eig_banded stack", lambda m, a: m.eig_banded(a), HALVES),
        ("eigh_tridiagonal stack", lambda m, d, e: m.eigh_tridiagonal(d, e), ROWS, V[:2]),
        ("eigvalsh_tridiagonal stack", lambda m, d, e: m.eigvalsh_tridiagonal(d, e), C, ROWS[:, 1:]),
        ("solve_toeplitz stack", lambda m, c, b: m.solve_toeplitz(c, b), ROWS, V),
        ("matmul_toeplitz stack", lambda m, c, r, b: m.matmul_toeplitz((c, r), b), ROWS, R, SQUARES),
        ("solve_circulant stack", lambda m, c, b: m.solve_circulant(c, b, outaxis=-1), ROWS, V),
        ("solve_circulant axes", lambda m, c, b: m.solve_circulant(c, b, caxis=0, baxis=1, outaxis=1), C, U.T),
        ("lstsq stack", lambda m, a, b: m.lstsq(a, b)[0], SQUARES, V),
        ("lu_solve stack", lambda m, a, b: m.lu_solve(m.lu_factor(a), b), SQUARES, V),
        ("leslie stack", lambda m, f, s: m.leslie(f, s), ROWS, V[:2]),
        ("solve of a number", lambda m, a, b: m.solve(a, b), np.array(2.0), V[:1]),
        ("cholesky of a number", lambda m, a: m.cho_factor(a)[0], np.array(2.0)),
        ("expm of a number", lambda m, a: m.expm(a), np.array(2.0)),
    ]
}  # fmt: skip
STACKS |= {
    "eig_banded signs": case(lambda m, a: m.eig_banded(a, lower=True), BAND[1:], near=1e-8),
    "eig_banded some": case(lambda m, a: m.eig_banded(a, select="i", select_range=(1, 2)), HALF, near=1e-8),
    "eigh_tridiagonal signs": case(
        lambda m, d, e: m.eigh_tridiagonal(d, e, select="i", select_range=(0, 1)), C, V[:2], single=False
    ),
}
FACTORS = {
    "cholesky": case(lambda m, a: m.cholesky(a), S),
    "cholesky lower": case(lambda m, a: m.cholesky(a, lower=True), S),
    "cho_factor": case(lambda m, a: m.cho_factor(a)[0], S),
    "cho_solve": case(lambda m, a, b: m.cho_solve(m.cho_factor(a, lower=True), b), S, U),
    "lu": case(lambda m, a: m.lu(a), A),
    "lu tall": case(lambda m, a: m.lu(a, p_indices=True)[1:], TALL),
    "lu wide": case(lambda m, a: m.lu(a, permute_l=True), WIDE),
    "lu_factor": case(lambda m, a: m.lu_factor(a)[0], A),
    "lu_solve": case(lambda m, a, b: m.lu_solve(m.lu_factor(a), b), A, V),
    "lu_solve T": case(lambda m, a, b: m.lu_solve(m.lu_factor(a), b, trans=1), A, U),
    "qr": case(lambda m, a: m.qr(a), A),
    "qr economic": case(lambda m, a: m.qr(a, mode="economic"), TALL),
    "qr r": case(lambda m, a: m.qr(a, mode="r"), TALL),
    "qr pivoting": case(lambda m, a: m.qr(a, mode="economic", pivoting=True)[:2], TALL),
    "rq": case(lambda m, a: m.rq(a), A),
    "rq economic": case(lambda m, a: m.rq(a, mode="economic"), WIDE),
    "subspace_angles": case(lambda m, a, b: m.subspace_angles(a, b), TALL, RNG.normal(size=(4, 2))),
    "svd": case(lambda m, a: m.svd(a), A),
    "svd economic": case(lambda m, a: m.svd(a, full_matrices=False), WIDE),
    "svdvals": case(lambda m, a: m.svdvals(a), TALL),
    "polar": case(lambda m, a: m.polar(a), A),
    "polar tall left": case(lambda m, a: m.polar(a, side="left"), TALL),
    "polar wide": case(lambda m, a: m.polar(a), WIDE),
    "orthogonal_procrustes": case(lambda m, a, b: m.orthogonal_procrustes(a, b), A, B),
}
SPECTRA = {
    "eigh": case(lambda m, a: m.eigh(a), S),
    "eigh upper": case(lambda m, a: m.eigh(a, lower=False, subset_by_index=(1, 2))[0], S),
    "some vectors": case(lambda m, a: m.eigh(a, subset_by_index=(1, 2), driver="evx")[1], S, single=False),
    "eigh of two": case(lambda m, a, b: m.eigh(a, b), S, P),
    "eigh of two 2": case(lambda m, a, b: m.eigh(a, b, type=2, eigvals_only=True), S, P),
    "eigh of two 3": case(lambda m, a, b: m.eigh(a, b, type=3, eigvals_only=True), S, P),
    "eigvalsh": case(lambda m, a: m.eigvalsh(a), S),
    "eigvalsh of two": case(lambda m, a, b: m.eigvalsh(a, b, lower=False), S, P),
    "eigvalsh_tridiagonal": case(lambda m, d, e: m.eigvalsh_tridiagonal(d, e), C, V[:2]),
    "eigh_tridiagonal": case(
        lambda m, d, e: m.eigh_tridiagonal(d, e, eigvals_only=True, select="i", select_range=(0, 1)), C, V[:2],
    ),
    "eig": case(lambda m, a: np.abs(m.eig(a)[1]) * np.real(m.eig(a)[0]), A),
    "eig of two": case(lambda m, a, b: np.sum(m.eig(a, b)[0]) + np.sum(m.eig(a, b)[0] ** 2), A, P),
    "schur": case(lambda m, a: m.schur(a), np.triu(A) + 0.02 * B),
    "schur complex": case(lambda m, a: np.abs(np.triu(m.schur(a, output="complex")[0])), A, order=1),
    "eigvals": case(lambda m, a: np.sum(m.eigvals(a) ** 3), A),
}  # fmt: skip
FUNCTIONS = {
    "expm": case(lambda m, a: m.expm(a), SMALL),
    "expm_frechet": case(lambda m, a, e: m.expm_frechet(a, e), SMALL, B),
    "logm": case(lambda m, a: m.logm(a), S, near=1e-9),
    "sqrtm": case(lambda m, a: m.sqrtm(a), S),
    "sinm": case(lambda m, a: m.sinm(a), SMALL),
    "cosm": case(lambda m, a: m.cosm(a), SMALL),
    "tanm": case(lambda m, a: m.tanm(a), SMALL, rtol=1e-5),
    "sinhm": case(lambda m, a: m.sinhm(a), SMALL),
    "coshm": case(lambda m, a: m.coshm(a), SMALL),
    "tanhm": case(lambda m, a: m.tanhm(a), SMALL, rtol=1e-5),
    "fractional_matrix_power": case(lambda m, a: m.fractional_matrix_power(a, 0.3), S, near=1e-9),
}
EQUATIONS = {
    "solve_sylvester": case(lambda m, a, b, q: m.solve_sylvester(a, b, q), A, P, Q),
    "solve_continuous_lyapunov": case(lambda m, a, q: m.solve_continuous_lyapunov(a, q), A, Q),
    "solve_discrete_lyapunov": case(lambda m, a, q: m.solve_discrete_lyapunov(a, q), STABLE, Q),
    "solve_discrete_lyapunov bilinear": case(
        lambda m, a, q: m.solve_discrete_lyapunov(a, q, method="bilinear"), STABLE, Q
    ),
    "solve_continuous_are": case(
        lambda m, a, b, q, r: m.solve_continuous_are(a, b, q + q.T, r + r.T), B, U, S, P[:2, :2]
    ),
    "solve_continuous_are s": case(
        lambda m, a, b, s: m.solve_continuous_are(a, b, 9 * np.eye(3), np.eye(2), s=s), B, U, 0.1 * U
    ),
    "solve_discrete_are": case(
        lambda m, a, b, q, r: m.solve_discrete_are(a, b, q + q.T, r + r.T), B, U, S, P[:2, :2]
    ),
    "solve_discrete_are s": case(
        lambda m, a, b, s: m.solve_discrete_are(a, b, 9 * np.eye(3), np.eye(2), s=s), B, U, 0.1 * U
    ),
}
STRUCTURED = {
    "toeplitz": case(lambda m, c, r: m.toeplitz(c, r), C, RNG.normal(size=4)),
    "toeplitz one": case(lambda m, c: m.toeplitz(c), C),
    "hankel": case(lambda m, c, r: m.hankel(c, r), C, RNG.normal(size=4)),
    "expm_frechet of stacks": case(
        lambda m, a, e: m.expm_frechet(a, e),
        RNG.normal(size=(1, 2, 2)),
        RNG.normal(size=(2, 1, 2, 2)),
        since=(1, 16),
        batches=False,
    ),
    "hankel one": case(lambda m, c: m.hankel(c), C),
    "circulant": case(lambda m, c: m.circulant(c), C),
    "companion": case(lambda m, c: m.companion(c), C),
    "block_diag": case(lambda m, a, v: m.block_diag(a, v, 3.0), A, V),
    "khatri_rao": case(lambda m, a, b: m.khatri_rao(a, b), U, TALL),
    "leslie": case(lambda m, f, s: m.leslie(f, s), C, V[:2]),
    "fiedler": case(lambda m, a: m.fiedler(a), V),
    "convolution_matrix": case(lambda m, a: m.convolution_matrix(a, 4, mode="same"), V),
    "convolution_matrix valid": case(lambda m, a: m.convolution_matrix(a, 5, mode="valid"), V),
}
CASES = SYSTEMS | STACKS | FACTORS | SPECTRA | FUNCTIONS | EQUATIONS | STRUCTURED
globals().update(properties("linalg", CASES))

COMPLEX = {
    "solve her": lambda z, b: la.solve(z + z.conj().T, b, assume_a="her"),
    "solve pos": lambda z, b: la.solve(z @ z.conj().T, b, assume_a="pos", lower=True),
    "solve_triangular": lambda z, b: la.solve_triangular(z, b, trans="C", lower=True),
    "cho_solve": lambda z, b: la.cho_solve(la.cho_factor(z @ z.conj().T), b),
    "lu_solve": lambda z, b: la.lu_solve(la.lu_factor(z), b, trans=2),
    "solve_banded": lambda z, b: la.solve_banded((1, 1), z + 3, b),
    "solve_toeplitz": lambda z, b: la.solve_toeplitz(z[0] + np.array([9.0, 0.0, 0.0]), b),
    "polar": lambda z, b: la.polar(z)[0] @ b,
    "eigh of two": lambda z, b: la.eigvalsh(z + z.conj().T, z @ z.conj().T + 2 * np.eye(3)),
    "expm": lambda z, b: la.expm(0.3 * z) @ b,
    "sqrtm": lambda z, b: la.sqrtm(z @ z.conj().T + np.eye(3)) @ b,
    "solve_continuous_lyapunov": lambda z, b: la.solve_continuous_lyapunov(z, b @ b.conj().T),
    "solve_discrete_lyapunov": lambda z, b: la.solve_discrete_lyapunov(0.2 * z, b @ b.conj().T),
    "solve_continuous_are": lambda z, b: la.solve_continuous_are(z, b, np.eye(3), np.eye(2)),
    "solve_discrete_are": lambda z, b: la.solve_discrete_are(z, b, np.eye(3), np.eye(2)),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_matrices(name):
    check_derivatives(COMPLEX[name], Z, U + 1j * U[::-1], order=1, rtol=1e-5)
    got, expected = ad.jvp(lambda z: COMPLEX[name](z, U), (Z,), (Z,))[0], COMPLEX[name](Z, U)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


STACKS = {
    "solve": lambda a: la.solve(a, a[..., :2]),
    "solve_triangular": lambda a: la.solve_triangular(a, a[..., :2], lower=True),
    "cholesky": lambda a: la.cholesky(a @ np.swapaxes(a, -1, -2)),
    "lu": lambda a: la.lu(a)[1:],
    "eigh": lambda a: la.eigh(a)[0],
    "polar": lambda a: la.polar(a),
    "expm": lambda a: la.expm(0.2 * a),
    "sqrtm": lambda a: la.sqrtm(a @ np.swapaxes(a, -1, -2)),
    "solve_sylvester": lambda a: la.solve_sylvester(a @ np.swapaxes(a, -1, -2), np.eye(3), a),
}


@pytest.mark.parametrize("name", STACKS)
def test_stacks_of_matrices(name):
    stack = np.stack([A, S, P, A.T]).reshape(2, 2, 3, 3)
    f = lambda a: sum(np.sum(v**2) for v in flatten(STACKS[name](a))[0])
    whole = ad.grad(f)(stack)
    for i in np.ndindex(2, 2):
        np.testing.assert_allclose(whole[i], ad.grad(f)(stack[i]), rtol=1e-8, atol=1e-9)
    assert ad.grad(f)(stack[:0]).shape == (0, 2, 3, 3)


@pytest.mark.parametrize("f", [
    lambda a: la.solve(a, a), lambda a: la.expm(a), lambda a: la.inv(a), lambda a: la.det(a),
    lambda a: la.eigh(a)[0], lambda a: la.lu(a), lambda a: la.cholesky(a), lambda a: la.sqrtm(a),
    lambda a: la.polar(a), lambda a: la.solve_sylvester(a, a, a), lambda a: la.svdvals(a), lambda a: la.qr(a),
])  # fmt: skip
def test_matrices_of_one_element(f):
    check_derivatives(f, np.array([[1.7]]))


def test_empty_matrices_have_empty_derivatives():
    empty = np.zeros((0, 0))
    for f in (la.expm, la.inv, la.svdvals, lambda a: la.solve(a, np.zeros((0, 2))), la.toeplitz):
        assert ad.grad(lambda a, f=f: np.sum(f(a)))(empty if f is not la.toeplitz else np.zeros(0)).size == 0


SINGULAR = np.array([[1.0, 0.0], [0.0, 0.0]])


@pytest.mark.filterwarnings("ignore:Diagonal number 2")
@pytest.mark.parametrize("f", [
    lambda a: la.inv(a), lambda a: la.solve(a, np.ones(2)), lambda a: la.solve_triangular(a, np.ones(2)),
    lambda a: la.lu_solve(la.lu_factor(a), np.ones(2)), lambda a: la.cholesky(a),
    lambda a: la.solve(a, np.ones(2), assume_a="pos"),
])  # fmt: skip
def test_a_singular_matrix_is_an_error_that_names_the_line(f):
    with pytest.raises(ad.FactorizationError, match="test_scipy_linalg"), np.errstate(all="ignore"):
        ad.grad(lambda a: np.sum(f(a)))(SINGULAR)


@pytest.mark.filterwarnings("ignore:Matrix is singular")
@pytest.mark.parametrize(
    "f", [lambda a: la.polar(a)[0], la.sqrtm, lambda a: la.solve_sylvester(a - np.diag([1.0, 0.0]), -a, np.eye(2))]
)
def test_where_there_is_no_derivative_it_is_an_error(f):
    with np.errstate(all="ignore"), pytest.raises(ad.FactorizationError):
        ad.jvp(f, (SINGULAR,), (np.ones((2, 2)),))


@pytest.mark.parametrize("f", [
    la.sqrtm, lambda a: la.schur(a + np.eye(2))[1], lambda a: la.solve_sylvester(a, -a, 0 * a),
    lambda a: la.polar(a)[0],
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_a_singular_derivative_is_an_error_of_ours_in_reverse_mode_too(f):
    x = np.zeros((2, 2)) if f is not la.sqrtm else SINGULAR
    with pytest.raises(ad.FactorizationError, match="test_scipy_linalg"):
        ad.grad(lambda a: np.sum(f(a)))(x)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [la.logm, la.sqrtm, lambda a: la.fractional_matrix_power(a, 0.3)])
def test_compiled_for_real_values_and_then_complex_ones(f, backend):
    real, negative = np.array([[2.0, 0.3], [0.1, 1.0]]), np.array([[-2.0, 0.3], [0.1, 1.0]])
    gradient = ad.grad(lambda a: np.sum(np.absolute(f(a))))
    compiled = ad.compile(gradient, backend=backend)
    for a in (real, real, negative, negative, real):
        np.testing.assert_allclose(compiled(a), gradient(a), rtol=1e-10)


@pytest.mark.parametrize("f", [la.logm, la.sqrtm, lambda a: la.fractional_matrix_power(a, 0.3)])
def test_two_negative_eigenvalues_stay_on_their_side_of_the_cut(f):
    a = np.array([[-2.0, 0.3, 0.5], [0.1, -1.0, 0.2], [0.0, 0.4, 1.5]])
    g = lambda a: np.sum(np.sin(np.real(f(a)) + 2 * np.imag(f(a))))
    check_derivatives(g, a, order=2)
    rows = ad.vmap(ad.grad(g))(np.stack([a, 2 * a]))
    np.testing.assert_allclose(rows[1], ad.grad(g)(2 * a), rtol=1e-10)


def test_equal_eigenvalues():
    f = lambda a: la.eigh(a, np.eye(2), eigvals_only=True)[0]
    np.testing.assert_allclose(ad.grad(f)(np.eye(2)), np.eye(2) / 2)
    assert np.isnan(ad.grad(lambda a: la.eigh(a, np.eye(2))[1][0, 0])(np.eye(2))).any()
    # Polar factors are smooth where singular values are equal, though the singular vectors are not.
    check_derivatives(lambda a: la.polar(a), np.eye(3))


@pytest.mark.parametrize("name", [n for n, state in CHAPTER.states.items() if state.startswith("refused")])
def test_what_is_refused_says_why_and_what_to_write(name):
    f = getattr(la, name)
    with pytest.raises(
        ad.NoRuleError, match=r"no derivative rule(.|\n)*test_scipy_linalg(.|\n)*(Take|Write|smooth|Bal)"
    ):
        ad.grad(lambda a: np.sum(f(a)))(A)
    assert f.__doc__


def test_refused_functions_and_the_others_take_plain_arrays():
    np.testing.assert_array_equal(la.null_space(SINGULAR), scipy.linalg.null_space(SINGULAR))
    assert type(la.lstsq(A, V)[2]) is int
    assert la.toeplitz([1, 2]).dtype == int


def test_schur_of_complex_pairs_is_refused():
    with pytest.raises(ad.NoRuleError, match="output='complex'"):
        ad.grad(lambda a: np.sum(la.schur(a)[0]))(np.array([[0.0, 1.0], [-1.0, 0.0]]))
    with pytest.raises(ad.FactorizationError):
        ad.grad(lambda a: np.sum(la.schur(a)[1]))(np.eye(2))


def test_a_buffer_without_a_derivative_is_plain():
    def f(x):
        buffer = np.zeros((2, 2))
        buffer[0, 0] = buffer[1, 1] = 2.0
        return x * la.inv(buffer)[0, 0]

    assert ad.grad(f)(3.0) == 0.5


REFUSED_SHAPES = {
    "solve": lambda x: la.solve(np.ones((3, 2, 1)) * x, np.ones(2), assume_a="pos"),
    "sylvester": lambda x: la.solve_sylvester(A * x, A, V),
    "lyapunov": lambda x: la.solve_discrete_lyapunov(A * x, np.eye(2)),
    "tridiagonal": lambda x: la.eigh_tridiagonal(V * x, V),
    "leslie": lambda x: la.leslie(V * x, V),
    "toeplitz": lambda x: la.solve_toeplitz(V * x, V[:2]),
    "frechet": lambda x: la.expm_frechet(A * x, np.eye(2)),
    "empty stack": lambda x: la.eig_banded(np.ones((0, 2, 3)) * x),
}


@pytest.mark.parametrize("name", REFUSED_SHAPES)
def test_shapes_without_a_meaning_are_refused(name):
    with pytest.raises(ad.DragongradError, match="test_scipy_linalg"):
        ad.jvp(REFUSED_SHAPES[name], (1.0,), (1.0,))


def test_lists_of_variables_are_matrices():
    f = lambda x: la.det([[x[0], 1.0], [1.0, x[1]]])
    np.testing.assert_allclose(ad.grad(f)(np.array([2.0, 3.0])), [3.0, 2.0])


def test_names_that_are_not_there():
    with pytest.raises(ad.AbsentError, match=r"scipy.linalg.diagsvd, or give it a rule"):
        la.diagsvd([1.0], 2, 2)
    with pytest.raises(AttributeError, match="neither"):
        _ = la.nonsense
    with pytest.raises(ad.AbsentError, match="linalg"):
        _ = ad.scipy.cluster
    assert "linalg" in dir(ad.scipy)
    assert la.solve.__module__ == "dragongrad.scipy.linalg"
    assert pickle.loads(pickle.dumps(la.solve)) is la.solve


@pytest.mark.parametrize("f", [
    lambda m, a: m.lu(a, p_indices=True)[0], lambda m, a: m.lu_factor(a)[1],
    lambda m, a: m.qr(a, mode="economic", pivoting=True)[2],
    lambda m, a: m.lstsq(a, a[:, 0], lapack_driver="gelsy")[1],
    lambda m, a: m.lstsq(a[:0], a[:0, 0])[1], lambda m, a: m.lstsq(a[:, :0], a[:, :2])[1],
])  # fmt: skip
def test_indices_and_empty_residuals_are_as_scipys(f):
    expected, found = f(scipy.linalg, TALL), ad.jvp(lambda a: f(la, a), (TALL,), (TALL,))[0]
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found, expected)


@pytest.mark.filterwarnings("ignore:Beginning in SciPy")
def test_a_hankel_matrix_of_matrices_is_that_of_this_release():
    c, r = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 1))
    out = ad.jvp(la.hankel, (c, r), (c, r))[0]
    np.testing.assert_array_equal(out, scipy.linalg.hankel(c, r))


@pytest.mark.parametrize("lower", [True, False])
def test_eigenvalues_of_what_is_not_finite_are_unknown(lower):
    a = S + np.where(np.eye(len(S)) > 0, np.nan, 0.0)
    value, dot = ad.jvp(lambda a: la.eigh(a, lower=lower), (a,), (a,))
    assert all(np.isnan(v).all() for v in (*value, *dot))
    # Of the other triangle nothing is read.
    half = np.triu(np.full_like(S, np.inf), 1)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(
            ad.jvp(lambda a: la.eigvalsh(a), (np.tril(S) + half,), (S,))[0], np.linalg.eigvalsh(S), rtol=1e-12
        )
