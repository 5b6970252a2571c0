"""`dragongrad.scipy.sparse`: a table of cases times the properties that all of them have, and what is special."""

import functools
import pickle

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
from grid import BACKENDS
from scipy_cases import case, properties

import dragongrad as ad
import dragongrad.scipy.linalg as la
from dragongrad.scipy import sparse
from dragongrad.scipy.sparse.chapter import CHAPTER
from dragongrad.scipy.sparse.linalg.chapter import CHAPTER as LINALG
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(5)
ROWS, COLS = np.array([0, 0, 1, 2, 2, 3, 3, 1, 0]), np.array([0, 2, 1, 0, 2, 3, 0, 1, 3])  # (1, 1) twice
ENTRIES = np.where(ROWS == COLS, 4.0, 0.0) + 0.5 * RNG.normal(size=9)
VECTOR, MATRIX = RNG.normal(size=4), RNG.normal(size=(4, 2))
WIDE = np.array([0, 1, 2, 2]), np.array([1, 0, 4, 2])
ONES = np.ones(4)
SAME = {"v0": ONES, "tol": 1e-13}
TIGHT = {"atol": 1e-15, "btol": 1e-15}
LONG = RNG.normal(size=6)


def matrix(m, v):
    return m.coo_array((v, (ROWS, COLS)), shape=(4, 4)).tocsr()


def even(m, v):
    return matrix(m, v) + matrix(m, v).T


def definite(m, v):
    return matrix(m, v) @ matrix(m, v).T


def tall(m, v):
    return m.vstack([matrix(m, v), m.csr_array(([0.5, -1.5], ([0, 1], [1, 2])), shape=(2, 4))])


def written(a, x):
    a.setdiag(x * x)
    a[3, 0], a[0, 1:3], a[2] = x[1], x[:2], x[0] * x
    return a


def by_columns(m, a):
    a.data *= 2
    again = m.csc_array((a.data, a.indices, a.indptr))
    return a.data[1:3], a.T.data, a.tocsr().tocoo().data, again.toarray()


def picked(found, *places):
    return [found[i] for i in places]


KINDS = {
    "csr": case(lambda m, v: m.csr_array((v, [1, 0, 2], [0, 1, 3]), shape=(2, 3)).toarray(), VECTOR[:3]),
    "csc": case(lambda m, v: m.csc_array((v, [1, 0, 2], [0, 1, 3]), shape=(3, 2)).toarray(), VECTOR[:3]),
    "coo": case(lambda m, v: m.coo_array((v, (ROWS, COLS))).toarray(), ENTRIES),
    "places in one array": case(lambda m, v: m.csc_array((v, np.stack([ROWS, COLS]))).toarray(), ENTRIES),
    "a tuple of offsets": case(lambda m, v: m.dia_array((v, (0, 1)), shape=(2, 4)).toarray(), MATRIX.T),
    "dia": case(lambda m, v: m.dia_array((v, [0, 1]), shape=(2, 4)).toarray(), MATRIX.T),
    "bsr": case(
        lambda m, v: m.bsr_array((v.reshape(2, 2, 2), [0, 1], [0, 1, 2]), shape=(4, 4)).toarray(), MATRIX.ravel()
    ),
    "dense": case(lambda m, x: m.csr_array(x).toarray(), MATRIX),
    "diags": case(lambda m, v: m.diags([v, v[:3]], [0, 1]).toarray(), VECTOR),
    "diags_array": case(lambda m, v: m.diags_array([v[:1], v], offsets=[-1, 2], shape=(6, 6)).toarray(), VECTOR),
    "hstack": case(lambda m, v: m.hstack([matrix(m, v), matrix(m, v).T]).toarray(), ENTRIES),
    "vstack": case(lambda m, v: m.vstack([matrix(m, v), scipy.sparse.eye_array(4)]).toarray(), ENTRIES),
    "block_array": case(lambda m, v: m.block_array([[matrix(m, v), None], [None, even(m, v)]]).toarray(), ENTRIES),
    "block_diag": case(lambda m, v: m.block_diag([matrix(m, v), matrix(m, v)]).toarray(), ENTRIES),
    "kron": case(lambda m, v: m.kron(matrix(m, v), matrix(m, v)).toarray(), ENTRIES, batches=False),
    "kronsum": case(lambda m, v: m.kronsum(matrix(m, v), even(m, v)).toarray(), ENTRIES, batches=False),
    "tril": case(lambda m, v: (m.tril(matrix(m, v)) - m.triu(matrix(m, v), 1)).toarray(), ENTRIES),
    "rows": case(lambda m, v: matrix(m, v)[1:4, ::2].toarray(), ENTRIES),
    "element": case(lambda m, v: matrix(m, v)[1, 1] * matrix(m, v)[0, 2] + v[0], ENTRIES),
}
PRODUCTS = {
    "A @ x": case(lambda m, v, x: matrix(m, v) @ x, ENTRIES, VECTOR),
    "A @ X": case(lambda m, v, x: matrix(m, v) @ x, ENTRIES, MATRIX),
    "x @ A": case(lambda m, v, x: x @ matrix(m, v), ENTRIES, VECTOR),
    "X @ A": case(lambda m, v, x: x.T @ matrix(m, v), ENTRIES, MATRIX),
    "A.T.dot": case(lambda m, v, x: matrix(m, v).T.dot(x), ENTRIES, VECTOR),
    "A @ B": case(lambda m, v: (matrix(m, v) @ even(m, v)).toarray(), ENTRIES),
    "A + B": case(lambda m, v: (3 * even(m, v) - matrix(m, v) / v[0]).toarray(), ENTRIES),
    "A * B": case(lambda m, v: (even(m, v) * matrix(m, v)).toarray(), ENTRIES),
    "A * x": case(lambda m, v, x: (matrix(m, v) * x).toarray(), ENTRIES, VECTOR),
    "A + X": case(lambda m, v, x: matrix(m, v) + x * np.ones((4, 1)), ENTRIES, VECTOR),
    "sums": case(lambda m, v: (matrix(m, v).sum(0), matrix(m, v).sum(1), matrix(m, v).sum()), ENTRIES),
    "diagonal": case(lambda m, v: (matrix(m, v).diagonal(), matrix(m, v).diagonal(2), even(m, v).trace()), ENTRIES),
    "SciPy's A @ x": case(lambda m, x: scipy.sparse.eye_array(4, format="csr") @ x, VECTOR),
    "SciPy's A * number": case(lambda m, x: (x[0] * scipy.sparse.eye_array(4)) @ x, VECTOR),
    "SciPy's matrix * x": case(lambda m, x: scipy.sparse.csr_matrix(np.eye(4) + 1) * x, VECTOR),
}
METHODS = {
    "functions": case(
        lambda m, v: [getattr(matrix(m, v) * 0.1, n)().toarray() for n in ("sin", "arctan", "expm1", "sign")]
        + [abs(matrix(m, v)).sqrt().toarray(), np.sin(matrix(m, v)).toarray()], ENTRIES
    ),
    "powers": case(lambda m, v: (matrix(m, v).power(3) + matrix(m, v) ** 2).toarray(), ENTRIES),
    "powers of a matrix": case(lambda m, v: (m.csr_matrix(matrix(m, v)) ** 3).toarray(), ENTRIES, single=False),
    "means": case(
        lambda m, v: (matrix(m, v).mean(), matrix(m, v).mean(0), matrix(m, v).max(), matrix(m, v).min(),
                      np.asarray(m.csr_matrix(matrix(m, v)).sum(1))), ENTRIES
    ),
    "maximum": case(
        lambda m, v: (matrix(m, v).maximum(even(m, -v)) - matrix(m, v).minimum(0)).toarray(), ENTRIES
    ),
    "one row of it": case(
        lambda m, v: (matrix(m, v).multiply(matrix(m, v)[[2]]) * matrix(m, v)[:, [0]]).toarray(), ENTRIES
    ),
    "another shape": case(lambda m, v: matrix(m, v).reshape(2, 8).toarray(), ENTRIES),
    "written": case(lambda m, v, x: written(matrix(m, v).tolil(), x).toarray(), ENTRIES, VECTOR),
    "by columns": case(lambda m, v: by_columns(m, matrix(m, v).tocsc()), ENTRIES),
    "spdiags": case(lambda m, x: m.spdiags(x.T, [0, -2], 3, 4).toarray(), MATRIX),
}  # fmt: skip
SYSTEMS = {
    "spsolve": case(lambda m, v, b: m.linalg.spsolve(matrix(m, v).tocsc(), b), ENTRIES, VECTOR),
    "spsolve columns": case(lambda m, v, b: m.linalg.spsolve(even(m, v).tocsc(), b), ENTRIES, MATRIX),
    "spsolve_triangular": case(
        lambda m, v, b: m.linalg.spsolve_triangular(m.tril(matrix(m, v)).tocsr(), b), ENTRIES, VECTOR, since=(1, 15)
    ),
    "splu": case(lambda m, v, b: m.linalg.splu(matrix(m, v).tocsc()).solve(b, "T"), ENTRIES, VECTOR),
    "factorized": case(lambda m, v, b: m.linalg.factorized(matrix(m, v).tocsc())(b), ENTRIES, VECTOR),
    "cg": case(lambda m, v, b: m.linalg.cg(definite(m, v), b, rtol=1e-13)[0], ENTRIES, VECTOR),
    "gmres": case(lambda m, v, b: m.linalg.gmres(matrix(m, v), b, rtol=1e-13)[0], ENTRIES, VECTOR, single=False),
    "bicgstab": case(
        lambda m, v, b: m.linalg.bicgstab(matrix(m, v), b, rtol=1e-13, M=np.eye(4))[0], ENTRIES, VECTOR,
        single=False,
    ),
    "norm": case(lambda m, v: (m.linalg.norm(matrix(m, v)), m.linalg.norm(even(m, v), 1)), ENTRIES, since=(1, 15)),
    "eigsh": case(lambda m, v: np.abs(m.linalg.eigsh(even(m, v), 2, **SAME)[1]), ENTRIES, near=1e-7),
    "eigsh values": case(
        lambda m, v: m.linalg.eigsh(even(m, v), 2, which="SA", return_eigenvectors=False, **SAME), ENTRIES,
    ),
    "svds": case(
        lambda m, v: tuple(np.abs(a) for a in m.linalg.svds(m.coo_array((v, WIDE)).tocsr(), 2, v0=np.ones(3))),
        VECTOR, near=1e-7,
    ),
    "lsqr": case(lambda m, v, b, d: picked(m.linalg.lsqr(tall(m, v), b, d, **TIGHT), 0, 3, 4, 7, 8), ENTRIES, LONG,
                 np.array(0.4), since=(1, 15)),
    "lsmr from near": case(
        lambda m, v, b, x0: picked(m.linalg.lsmr(tall(m, v), b, x0=x0, **TIGHT), 0, 3), ENTRIES, LONG, VECTOR,
    ),
    "lsqr of few rows": case(
        lambda m, v, b: m.linalg.lsqr(tall(m, v).T, b, **TIGHT)[0], ENTRIES, VECTOR
    ),
    "expm_multiply": case(
        lambda m, v, b: m.linalg.expm_multiply(matrix(m, v) * 0.4, b), ENTRIES, MATRIX
    ),
    "expm_multiply in time": case(
        lambda m, v, b: m.linalg.expm_multiply(matrix(m, v), b, start=0.1, stop=0.9, num=3, endpoint=False),
        ENTRIES, VECTOR,
    ),
    "eigs": case(
        lambda m, v: np.abs(m.linalg.eigs(matrix(m, v), 2, which="SR", **SAME)[1]), ENTRIES, near=1e-7
    ),
    "eigs values": case(
        lambda m, v: np.real(m.linalg.eigs(matrix(m, v), 2, which="LR", return_eigenvectors=False, **SAME)),
        ENTRIES,
    ),
}  # fmt: skip
globals().update(properties("sparse", KINDS | PRODUCTS | METHODS | SYSTEMS))


@pytest.mark.parametrize("f", [
    lambda z, b: sparse.linalg.spsolve(matrix(sparse, z).tocsc(), b), lambda z, b: b @ matrix(sparse, z).conj(),
    lambda z, b: sparse.linalg.splu(matrix(sparse, z).tocsc()).solve(b, "H"),
    lambda z, b: sparse.linalg.expm_multiply(matrix(sparse, z) / 4, b),
    lambda z, b: np.abs(sparse.linalg.eigs(matrix(sparse, z), 2, which="SR", v0=ONES)[0]) * b[:2],
    lambda z, b: sparse.linalg.eigsh(matrix(sparse, z) + matrix(sparse, z).conj().T, 2, v0=ONES)[0] * b[:2],
])  # fmt: skip
def test_complex_entries(f):
    check_derivatives(f, ENTRIES + 0.2j * ENTRIES[::-1], VECTOR + 1j * VECTOR[::-1], order=1)


def test_a_matrix_is_a_nest():
    a = matrix(scipy.sparse, ENTRIES)
    ours = sparse.SparseArray(*_parts(a))
    slope = ad.grad(lambda a: np.sum(sparse.linalg.spsolve(a, ONES)))(ours)
    assert isinstance(slope, sparse.SparseArray)
    bar = np.linalg.solve(a.toarray().T, ONES)
    dense = -np.outer(bar, np.linalg.solve(a.toarray(), ONES))
    np.testing.assert_allclose(slope.data, dense[a.tocoo().coords], rtol=1e-12)
    compiled = ad.compile(ad.grad(lambda a: np.sum(a @ ONES)))
    for _ in range(2):
        np.testing.assert_array_equal(compiled(ours).data, np.ones(ours.nnz))


def _parts(a):
    made = sparse.SparseArray.of(a)
    return made.data, pickle.loads(pickle.dumps(made.pattern))


def test_the_derivative_takes_the_factors_of_the_value(monkeypatch):
    made = []
    real = sparse.pattern.splu
    monkeypatch.setattr(sparse.pattern, "splu", lambda *args, **kwargs: made.append(1) or real(*args, **kwargs))
    a = matrix(scipy.sparse, ENTRIES)
    ad.hessian(lambda b: np.sum(sparse.linalg.spsolve(a, b) ** 3))(VECTOR)
    assert len(made) == 1


@pytest.mark.parametrize("trans", ["N", "T", "H"])
def test_factors_of_a_plain_matrix_meet_variables(trans):
    a = matrix(scipy.sparse, ENTRIES).tocsc()
    ours, theirs = sparse.linalg.splu(a), scipy.sparse.linalg.splu(a)
    np.testing.assert_array_equal(ours.solve(VECTOR, trans), theirs.solve(VECTOR, trans))
    np.testing.assert_array_equal(ours.L.toarray(), theirs.L.toarray())
    jacobian = ad.jacobian(lambda b: ours.solve(b, trans))(VECTOR)
    np.testing.assert_allclose(jacobian @ VECTOR, theirs.solve(VECTOR, trans), rtol=1e-12)
    solve = sparse.linalg.factorized(a)
    np.testing.assert_allclose(ad.jvp(solve, (VECTOR,), (VECTOR,))[1], solve(VECTOR), rtol=1e-12)


def test_entries_written_into_a_matrix_of_scipys():
    def f(v):
        a = scipy.sparse.eye_array(4, format="csr")
        a.data = v
        return np.sum(a @ np.arange(4.0))

    np.testing.assert_array_equal(ad.grad(f)(ONES), np.arange(4.0))


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"])
@pytest.mark.parametrize("make", ["array", "matrix"])
def test_every_kind_of_scipys_meets_variables(kind, make):
    a = getattr(scipy.sparse, f"{kind}_{make}")(np.array([[1.0, 2.0], [0.0, 3.0]]))
    x = np.array([2.0, 5.0])
    dense = a.toarray()
    np.testing.assert_array_equal(ad.jacobian(lambda x: a @ x)(x), dense)
    np.testing.assert_array_equal(ad.jacobian(lambda x: x @ a)(x), dense.T)
    np.testing.assert_array_equal(ad.jacobian(a.dot)(x), dense)
    np.testing.assert_array_equal(ad.jacobian(lambda x: a * x if make == "matrix" else a @ x)(x), dense)
    scaled = dense * 3 + np.outer(dense @ x, [1, 0])
    np.testing.assert_array_equal(ad.jacobian(lambda x: (a + a * x[0]) @ x)(x), scaled)


@pytest.mark.parametrize("backend", BACKENDS)
def test_in_a_loop(backend):
    a = scipy.sparse.diags_array([ONES[:3], -2 * ONES, ONES[:3]], offsets=[-1, 0, 1])

    def run(u):
        return np.sum(ad.scan(lambda u, _: (u + 0.1 * (a @ u) ** 2, None), u, length=3)[0])

    check_derivatives(run, VECTOR)
    compiled = ad.compile(ad.grad(run), backend=backend)
    for _ in range(2):
        np.testing.assert_allclose(compiled(VECTOR), ad.grad(run)(VECTOR), rtol=1e-12)


@pytest.mark.parametrize("f", [
    lambda x, a: np.sum(np.multiply(x, a) @ x), lambda x, a: np.sum(x - a), lambda x, a: np.sum(np.add(x, a) ** 2),
    lambda x, a: np.sum(np.asarray(x) @ a),
])  # fmt: skip
def test_numpys_functions_leave_the_word_to_a_sparse_matrix(f):
    a = np.array([[2.0, 1.0], [0.0, 3.0]])
    x = np.array([1.0, -2.0])
    for kind in (scipy.sparse.csr_array(a), sparse.SparseArray.of(scipy.sparse.csr_array(a))):
        np.testing.assert_allclose(ad.grad(f)(x, kind), ad.grad(f)(x, a))
    with pytest.raises(ad.DtypeError, match=r"not known(.|\n)*test_scipy_sparse"):
        ad.grad(lambda x: np.sum(x / scipy.sparse.csr_array(a)))(x)


def test_matrices_without_entries_and_of_one():
    none = np.zeros(0)
    assert ad.grad(lambda v: np.sum(sparse.coo_array((v, ([], [])), shape=(3, 2)) @ np.ones(2)))(none).shape == (0,)
    check_derivatives(lambda v: sparse.linalg.spsolve(sparse.diags(v).tocsc(), np.ones(1)), np.array([2.0]))
    assert ad.vmap(lambda v: matrix(sparse, v) @ VECTOR)(np.zeros((0, 9))).shape == (0, 4)


MAKERS = {
    "diags": lambda m, a: m.diags(a.diagonal()), "diags_array": lambda m, a: m.diags_array(a.diagonal()),
    "hstack": lambda m, a: m.hstack([a, np.ones((3, 1))]), "vstack": lambda m, a: m.vstack([a, a]),
    "block_diag": lambda m, a: m.block_diag([a, a]), "bmat": lambda m, a: m.bmat([[a, a]]),
    "block_array": lambda m, a: m.block_array([[a, a]]), "kron": lambda m, a: m.kron(a, a),
    "kronsum": lambda m, a: m.kronsum(a, a), "tril": lambda m, a: m.tril(a), "triu": lambda m, a: m.triu(a),
    "rows": lambda m, a: a[:2], "T": lambda m, a: a.T, "sum": lambda m, a: a + a, "product": lambda m, a: a @ a,
}  # fmt: skip


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("kind", ["csr_array", "csr_matrix"])
def test_a_star_means_what_it_does_of_scipys_kind(make, kind):
    def f(m, v):
        a = make(m, getattr(m, kind)((v, (ROWS[:6] % 3, COLS[:6] % 3)), shape=(3, 3)).tocsr())
        return a * np.arange(1.0, a.shape[1] + 1)

    plain = f(scipy.sparse, ENTRIES[:6])
    found = ad.jvp(lambda v: f(sparse, v), (ENTRIES[:6],), (np.zeros(6),))[0]
    found, plain = (a if isinstance(a, np.ndarray) else a.toarray() for a in (found, plain))
    np.testing.assert_allclose(found, plain, rtol=1e-12)


@pytest.mark.parametrize("f", [
    lambda m, b: m.linalg.spsolve(matrix(m, ENTRIES).tocsc(), b[:, None]),
    lambda m, b: m.linalg.gmres(matrix(m, ENTRIES), b[:, None], rtol=1e-13)[0],
    lambda m, b: m.linalg.splu(matrix(m, ENTRIES).tocsc()).solve(b[:, None]),
    lambda m, b: m.linalg.svds(matrix(m, ENTRIES) * b[0], 2, v0=ONES, return_singular_vectors="u")[:2],
    lambda m, b: m.linalg.svds(matrix(m, ENTRIES) * b[0], 2, v0=ONES, return_singular_vectors="vh")[1:],
    lambda m, b: m.kron(matrix(m, ENTRIES) * b[0], np.eye(2), format="csr").data,
    lambda m, b: (matrix(m, (ENTRIES * b[0]).astype(np.complex64)) / 2).toarray(),
], ids=["spsolve", "gmres", "splu", "svds u", "svds vh", "kron", "division"])  # fmt: skip
def test_shapes_and_dtypes_are_scipys(f):
    plain, found = f(scipy.sparse, VECTOR), ad.jvp(lambda b: f(sparse, b), (VECTOR,), (VECTOR,))[0]
    for x, y in zip(*[v if isinstance(v, tuple) else (v,) for v in (plain, found)], strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(x, y, rtol=1e-6)


@pytest.mark.parametrize("lower", [True, False])
def test_a_triangle_is_one(lower):
    solve = functools.partial(sparse.linalg.spsolve_triangular, lower=lower)
    f = lambda x: solve(sparse.csr_array(x), VECTOR[:3])
    triangle = np.tril(MATRIX[:3] @ MATRIX.T[:, :3] + 3 * np.eye(3)) if lower else np.triu(np.ones((3, 3)))
    # What is stored outside is zero, and is not looked at.
    slopes = ad.jacobian(f)(triangle)
    assert np.any(slopes)
    assert not np.any(slopes * (triangle == 0))
    with pytest.raises(ad.FactorizationError, match=r"outside(.|\n)*test_scipy_sparse(.|\n)*tril"):
        ad.jacobian(f)(triangle + 1e-3)


def test_a_number_of_pythons_leaves_single_precision():
    v = ENTRIES.astype(np.float32)
    for f in (lambda m, a: 2 * a, lambda m, a: a * 0.5, lambda m, a: a - 2 * a, lambda m, a: a * np.float64(2)):
        plain = f(scipy.sparse, matrix(scipy.sparse, v))
        assert ad.jvp(lambda v, f=f: f(sparse, matrix(sparse, v)).data, (v,), (v,))[0].dtype == plain.dtype


def test_operators_of_others():
    a = matrix(scipy.sparse, ENTRIES)
    shell = scipy.sparse.linalg.aslinearoperator(a)
    check_derivatives(lambda b: sparse.linalg.gmres(shell, b, rtol=1e-13)[0], VECTOR)


def test_the_exponential_of_a_matrix_of_any_norm():
    # Beside the dense one; of a norm of 40 its series takes many steps.
    a, start = matrix(scipy.sparse, ENTRIES), VECTOR
    for scale in (1e-9, 1.0, -8.0):
        dense = ad.grad(lambda t: np.sum(la.expm(t) @ start))(scale * a.toarray())
        f = lambda t, s=scale: np.sum(sparse.linalg.expm_multiply(matrix(sparse, t) * s, start))
        np.testing.assert_allclose(ad.grad(f)(ENTRIES) / scale, dense[ROWS, COLS], rtol=1e-11)
    # SciPy's own are wrong where the times fall.
    times = np.linspace(1.0, 0.0, 4)
    expected = [scipy.linalg.expm(t * a.toarray()) @ start for t in times]
    f = lambda v: sparse.linalg.expm_multiply(matrix(sparse, v), start, start=1.0, stop=0.0, num=4)
    np.testing.assert_allclose(ad.jvp(f, (ENTRIES,), (ENTRIES,))[0], expected, rtol=1e-10)
    f = lambda t: sparse.linalg.expm_multiply(a, start, start=t[0], stop=t[1], num=3)
    check_derivatives(f, np.array([0.2, 0.9]))


def test_equal_eigenvalues_are_refused():
    for part, find in ((0, sparse.linalg.eigsh), (1, sparse.linalg.eigsh), (0, sparse.linalg.eigs)):
        f = lambda v, part=part, find=find: np.abs(find(sparse.diags(v), 2, v0=ONES + VECTOR)[part])
        with pytest.raises(ad.FactorizationError, match=r"coincide(.|\n)*test_scipy_sparse"):
            ad.jacobian(f)(ONES)


def test_what_cannot_be_is_an_error_that_names_the_line():
    with pytest.raises(ad.FactorizationError, match="test_scipy_sparse"):
        ad.grad(lambda v: np.sum(sparse.linalg.spsolve(sparse.diags(v), ONES)))(np.array([1.0, 0.0, 1.0, 1.0]))
    shell, known = scipy.sparse.linalg.aslinearoperator(np.eye(4)), matrix(scipy.sparse, ENTRIES)
    for f, error, words in (
        (lambda b: sparse.linalg.lsqr(np.ones((4, 2)), b)[0], ad.FactorizationError, "depend on one another"),
        (lambda b: sparse.linalg.lsqr(known, b, iter_lim=1)[0], ad.SolutionError, "converge"),
        (lambda b: sparse.linalg.lsmr(shell, b)[0], ad.NoRuleError, "operator"),
        (lambda b: sparse.linalg.lsqr(np.eye(4), b, calc_var=True)[0], ad.NoRuleError, "calc_var"),
        (lambda b: sparse.linalg.lsqr(np.eye(3), b)[0], ad.ShapeError, "lsqr"),
        (lambda b: sparse.linalg.lsmr(np.eye(4) * 1j, b)[0], ad.NoRuleError, "complex"),
        (lambda b: sparse.linalg.expm_multiply(np.eye(4), b, start=0.0), ad.ArgumentError, "both"),
        (lambda b: sparse.linalg.expm_multiply(np.eye(4), b, start=0, stop=1, num=1), ad.ArgumentError, "two"),
        (lambda b: sparse.linalg.expm_multiply(np.eye(3), b), ad.ShapeError, "expm_multiply"),
    ):  # fmt: skip
        with pytest.raises(error, match=rf"{words}(.|\n)*test_scipy_sparse"):
            ad.jacobian(f)(VECTOR)
    with pytest.raises(ad.SolutionError, match=r"converge(.|\n)*test_scipy_sparse"):
        ad.grad(lambda v: np.sum(sparse.linalg.gmres(matrix(sparse, v), VECTOR, maxiter=1, restart=1)[0]))(ENTRIES)
    short = np.ones(3)
    for f in (lambda v: matrix(sparse, v) @ short, lambda v: sparse.linalg.spsolve(matrix(sparse, v), short),
              lambda v: matrix(sparse, v) + sparse.diags(v),
              lambda v: sparse.kronsum(matrix(sparse, v)[:2], np.eye(2)).sum()):  # fmt: skip
        with pytest.raises(ad.ShapeError, match="test_scipy_sparse"):
            ad.jacobian(f)(ENTRIES)
    for f in (
        lambda a: a + 1.0, list, bool, len, lambda a: a[0], lambda a: a == 0, lambda a: known == a,
        lambda a: 1.0 / a, lambda a: a.max(axis=0), lambda a: a.maximum(1), lambda a: known.setdiag(a.data),
        lambda a: a**0, lambda a: sparse.linalg.eigsh(a, 2, M=np.eye(4)),
    ):  # fmt: skip
        with pytest.raises(ad.NoRuleError, match=r"test_scipy_sparse(.|\n)*Write"):
            ad.jacobian(lambda v, f=f: f(matrix(sparse, v)))(ENTRIES)
    for f in (lambda a: a.argmax(), lambda a: a.todia().data, lambda a: a.tocsc().row,
              lambda a: sparse.linalg.splu(a.tocsc()).L):  # fmt: skip
        with pytest.raises(ad.AbsentError, match=r"test_scipy_sparse(.|\n)*Write"):
            ad.grad(lambda v, f=f: f(matrix(sparse, v)))(ENTRIES)
    with pytest.raises(ad.DtypeError, match=r"numpy\.exp(.|\n)*test_scipy_sparse(.|\n)*toarray"):
        ad.grad(lambda v: np.exp(matrix(sparse, v)))(ENTRIES)
    with pytest.raises(ad.NoRuleError, match=r"dragongrad\.scipy\.sparse\.csr_array"):
        ad.grad(lambda v: scipy.sparse.csr_array((v, (ROWS, COLS))).sum())(ENTRIES)


@pytest.mark.parametrize("name", [n for n, state in LINALG.states.items() if state.startswith("refused")])
def test_what_is_refused_says_why_and_what_to_write(name):
    f = getattr(sparse.linalg, name)
    with pytest.raises(ad.NoRuleError, match=r"no derivative rule(.|\n)*test_scipy_sparse(.|\n)*(Take|Write|Pass)"):
        ad.grad(lambda v: np.sum(f(matrix(sparse, v))))(ENTRIES)
    assert CHAPTER.states["lil_array"].startswith("refused")


MADE = [
    f"{kind}_{what}" for kind in ("bsr", "coo", "csc", "csr", "dia", "lil", "dok") for what in ("array", "matrix")
]


@pytest.mark.parametrize("name", MADE)
def test_isinstance_knows_the_kinds_by_scipys_names(name):
    kind, scipys = getattr(sparse, name), getattr(scipy.sparse, name)
    others = [getattr(sparse, n) for n in MADE if n != name]
    assert issubclass(scipys, kind)
    seen = []

    def f(v):
        seen.extend([scipys(np.eye(4)), kind(np.eye(4))])
        ours = getattr(sparse.coo_array((v, (ROWS, COLS)), shape=(4, 4)), f"to{name[:3]}")()
        if name[:3] not in ("lil", "dok"):
            ours = ours if name.endswith("array") else kind(ours)
            seen.append(ours)
        return np.sum(ours @ ONES)

    np.testing.assert_allclose(ad.grad(f)(ENTRIES), np.ones(9))
    for made in seen:
        assert isinstance(made, kind)
        assert isinstance(made, (int, kind))
        assert not any(isinstance(made, other) for other in others)
    assert not isinstance(np.eye(4), kind)
    assert pickle.loads(pickle.dumps(kind)) is kind
