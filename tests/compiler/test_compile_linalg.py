"""Linear systems by LAPACK in native code: values, stacks, shapes, precisions, and what has no answer."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from grid import BACKENDS, assert_compiles

import dragongrad as ad
from dragongrad.core.nests import flatten

pytest.importorskip("llvmlite")

from dragongrad.compiler.backends.native.linalg import external_calls, triangular
from dragongrad.compiler.backends.native.schedule.steps import Callback, Factorisation

pytestmark = pytest.mark.smoke


def positive(rng, *shape):
    """Positive definite matrices."""
    a = rng.standard_normal((*shape, shape[-1]))
    return a @ np.swapaxes(a, -1, -2) + shape[-1] * np.eye(shape[-1])


def compiled(f, *args, rtol=1e-10):
    """The compiled function, after two calls that gave what the eager function gives, all by LAPACK."""
    g = ad.compile(f, backend="native")
    expected = flatten(f(*args))[0]
    for _ in range(2):
        for a, b in zip(flatten(g(*args))[0], expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, np.abs(b).max()))
            assert (a.shape, a.dtype) == (np.shape(b), b.dtype)
    steps = g._path().engine.plan.schedule.steps
    assert any(isinstance(s, Factorisation) for s in steps)
    assert not any(isinstance(s, Callback) for s in steps)
    return g


FUNCTIONS = {
    "cholesky": lambda a, b: np.linalg.cholesky(a),
    "solve": lambda a, b: np.linalg.solve(a, b),
    "solve turned": lambda a, b: np.linalg.solve(np.swapaxes(a, -1, -2), b),
    "inv": lambda a, b: np.linalg.inv(a) @ b,
    "lower": lambda a, b: np.linalg.solve(np.linalg.cholesky(a), b),
    "upper": lambda a, b: np.linalg.solve(np.swapaxes(np.linalg.cholesky(a), -1, -2), b),
    "one after the other": lambda a, b: np.linalg.solve(a, np.linalg.solve(np.linalg.inv(a) + a, b)),
}


@pytest.mark.parametrize("n", [1, 2, 5, 33])
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name, n, columns, rng):
    skew = 0.0 if name in ("cholesky", "lower", "upper") else 0.1 * rng.standard_normal((n, n))
    compiled(FUNCTIONS[name], positive(rng, n) + skew, rng.standard_normal((n, columns)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_stacks(name, dtype, rng):
    a, b = positive(rng, 2, 3, 4).astype(dtype), rng.standard_normal((2, 3, 4, 2)).astype(dtype)
    compiled(FUNCTIONS[name], a, b, rtol=1e-10 if dtype == np.float64 else 1e-3)


@pytest.mark.parametrize("shapes", [((4,), (6, 4, 2)), ((6, 4), (4, 2)), ((3, 1, 4), (5, 4, 2)), ((1, 4), (4, 1))])
def test_stacks_of_one_kind_and_single_matrices(shapes, rng):
    compiled(np.linalg.solve, positive(rng, *shapes[0]), rng.standard_normal(shapes[1]))


@pytest.mark.parametrize("name", ["lower", "upper"])
@pytest.mark.parametrize(("terms", "routine"), [(1 << 22, "dragongrad.triangular.d"), (0, "blas.dtrsm")])
def test_triangular_systems_are_solved_as_such(name, terms, routine, rng, monkeypatch):
    monkeypatch.setattr(triangular, "TRIANGULAR_TERMS", terms)
    a, b = positive(rng, 6), rng.standard_normal((6, 2))
    solve = compiled(FUNCTIONS[name], a, b)
    assert routine in solve.llvm
    assert "triangular system" + " by BLAS" * (terms == 0) in solve.report()


def lower_alone(p):
    """A matrix of which one triangle is filled: the other holds what must not be read."""
    rows, columns = np.tril_indices(4)
    a = np.full((4, 4), 7.0, like=p)
    a[rows, columns] = p
    return a


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_triangle_is_read(backend, rng):
    p = positive(rng, 4)[np.tril_indices(4)]
    for f in (np.linalg.cholesky, np.linalg.eigvalsh, lambda a: np.linalg.eigvalsh(a.T, "U")):
        g = lambda p, f=f: f(lower_alone(p))
        assert_compiles(ad.jacobian(g), (p,), (p + 0.1,), backend)
        total = lambda p, g=g: np.sum(np.sin(g(p)))
        assert_compiles(lambda p, total=total: ad.hvp(total, p, np.cos(p)), (p,), (p + 0.1,), backend)


def test_vectors_and_batches(rng):
    compiled(lambda a, b: np.linalg.solve(a, b), positive(rng, 7), rng.standard_normal(7))
    compiled(ad.vmap(lambda a, b: np.linalg.solve(a, b)), positive(rng, 6, 4), rng.standard_normal((6, 4)))


def likelihood(a, b):
    factor = np.linalg.cholesky(a)
    return b @ np.linalg.solve(a, b) / 2 + np.sum(np.log(np.diagonal(factor))) + np.sum(np.linalg.inv(a) ** 2)


@pytest.mark.parametrize("n", [2, 6, 30])
def test_derivatives(n, rng):
    a, b = positive(rng, n), rng.standard_normal(n)
    compiled(ad.value_and_grad(likelihood, (0, 1)), a, b, rtol=1e-8)
    compiled(lambda a, b: ad.hvp(lambda b: likelihood(a, b), b, b), a, b, rtol=1e-8)


ONE, PAIR = positive(np.random.default_rng(21), 3), positive(np.random.default_rng(22), 2, 3)


@pytest.mark.parametrize("more", [lambda a: (), lambda a: (np.sort(a[0]),)], ids=["at once", "with call backs"])
@pytest.mark.parametrize(
    ("f", "good", "bad"),
    [
        (np.linalg.cholesky, np.eye(3), -np.eye(3)),
        (np.linalg.cholesky, PAIR, np.stack([np.eye(3), -np.eye(3)])),
        (lambda a: np.linalg.solve(a, np.ones((3, 1))), ONE, np.zeros((3, 3))),
        (lambda a: np.linalg.solve(a, np.ones((3, 2))), ONE, np.ones((3, 3))),
        (np.linalg.inv, ONE, np.zeros((3, 3))),
        (np.linalg.inv, PAIR, np.stack([np.zeros((3, 3)), np.eye(3)])),
    ],
)
def test_what_has_no_answer_is_an_error_of_the_function_itself(f, good, bad, more):
    g = ad.compile(lambda a: (f(a), *more(a)), backend="native")
    g(good)
    before = g(good)[0]
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError):
            g(bad)
        np.testing.assert_array_equal(g(good)[0], before)


def test_nan_goes_through_as_it_does_uncompiled():
    nan = np.full((2, 2), np.nan)
    g = ad.compile(np.linalg.inv, backend="native")
    g(np.eye(2))
    np.testing.assert_array_equal(np.isnan(g(nan)), np.isnan(np.linalg.inv(nan)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["solve", "solve turned", "inv"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_infinities_and_nan_are_where_numpy_has_them(name, dtype, rng):
    """Of a transposed matrix they spread to other places: entries of the inverse were finite that are NaN."""
    g = ad.compile(FUNCTIONS[name], backend="native")
    for n, value in itertools.product((1, 3, 4), (np.nan, np.inf, -np.inf)):
        a, b = positive(rng, n).astype(dtype), rng.standard_normal((n, 2)).astype(dtype)
        g(a, b)
        for place, which in itertools.product(((0, 0), (n - 1, 0), (0, n - 1)), (0, 1)):
            given = [a.copy(), b.copy()]
            given[which][place[0], place[1] % given[which].shape[1]] = value
            np.testing.assert_allclose(g(*given), FUNCTIONS[name](*given), rtol=1e-3, atol=1e-3)


def test_empty_and_complex_matrices_are_left_to_numpy():
    for a in (np.zeros((0, 3, 3)), np.eye(2) * (1 + 1j)):
        g = ad.compile(np.linalg.inv, backend="native")
        np.testing.assert_array_equal(g(a), np.linalg.inv(a))


def test_the_report_names_lapack(rng):
    assert "LAPACK" in compiled(lambda a: np.linalg.inv(a), positive(rng, 3)).report()


BOTH_WAYS = """
import sys
import numpy as np
import dragongrad as ad
from dragongrad.compiler.backends.native.linalg import external_calls, triangular

if "scipy" in sys.argv:
    external_calls._numpys_library = lambda: None

def f(x, y, v):
    spd = x @ np.swapaxes(x, -1, -2) + 40 * np.eye(40)
    low = np.linalg.cholesky(spd)
    z = np.linalg.solve(x + 9 * np.eye(40), y) + np.linalg.solve(low, y) + np.linalg.inv(spd) @ y
    return np.sum(z * z) + np.sum(x[0] @ v) * (v @ v) + np.sum(x @ y)

rng = np.random.default_rng(0)
for dtype in (np.float64, np.float32):
    args = [rng.standard_normal(shape).astype(dtype) for shape in ((3, 40, 40), (3, 40, 5), 40)]
    g = ad.compile(ad.value_and_grad(f, (0, 1, 2)), backend="native")
    g(*args)
    value, slopes = g(*args)
    expected, known = ad.value_and_grad(f, (0, 1, 2))(*args)
    for one, other in zip((value, *slopes), (expected, *known), strict=True):
        size = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=size * (1e-12 if dtype is np.float64 else 1e-4))
singular = ad.compile(lambda x: np.linalg.solve(x, x), backend="native")
singular(np.eye(40))
try:
    singular(np.zeros((40, 40)))
except np.linalg.LinAlgError:
    print("raised", "scipy.linalg" in sys.modules)
"""


@pytest.mark.parametrize("way", ["numpy", "scipy"])
def test_blas_and_lapack_of_numpy_and_of_scipy(way):
    """Both count with whole numbers of their own width; SciPy is imported where NumPy's cannot be called only."""
    if way == "numpy" and not external_calls._of_numpy():
        pytest.skip("NumPy was built with another library than OpenBLAS")
    done = subprocess.run([sys.executable, "-c", BOTH_WAYS, way], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["raised", str(way == "scipy")]
