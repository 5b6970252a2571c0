"""The NumPy source: short enough to read in class, and a module that can be pasted and run."""

import numpy as np
import pytest
from cases import CASES
from grid import assert_compiles, assert_same, kinds_of, points, weighted

import dragongrad as ad

X = np.arange(12.0).reshape(4, 3) / 7
Y = np.array([0.0, 1.0, 1.0, 0.0])


def source_of(f, *args):
    compiled = ad.compile(f, backend="numpy")
    compiled(*args)
    return compiled.source


def loss(w, X, y):
    s = X @ w
    return np.mean(np.logaddexp(0.0, s) - y * s)


def test_the_gradient_of_a_logistic_regression_is_short():
    source = source_of(ad.grad(loss), np.ones(3), X, Y)
    assert source == (
        "import numpy as np\n\n\n"
        "def loss(w, X, y):\n"
        "    v1 = X.T @ (-0.25 * y + 0.25 * (1 / (1 + np.exp(-(X @ w)))))\n"
        "    return (v1,)\n"
    )


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_what_is_laid_into_zeros_is_written_as_assignments():
    source = source_of(ad.grad(rosenbrock), np.ones(5))
    assert "= np.zeros(5)\n" in source
    assert "[:-1] = " in source
    assert "[1:] += " in source
    assert "scatter" not in source


def test_names_of_arguments_are_kept():
    source = source_of(lambda weights, bias: weights["in"] + bias, {"in": X}, 1.0)
    assert "def compiled(weights, bias):" in source


SHOWN = [name for name in CASES if name not in ("object array",)]


@pytest.mark.parametrize("name", SHOWN)
def test_pasted_source_runs(name):
    """Whatever constants it needs are written out, as far as they are small."""
    case = CASES[name]
    f = ad.grad(weighted(case.f))
    traced_at, run_at = points(case, kinds_of(case)[0], "float64")
    compiled = ad.compile(f, backend="numpy")
    compiled(traced_at)
    expected = compiled(run_at)
    space = {}
    text = compiled.source
    if "known when it was compiled" in text or len(compiled._versions) > 1:
        pytest.skip("a large constant is not written out")
    exec(compile(text, "<pasted>", "exec"), space)
    (title,) = [line[4 : line.index("(")] for line in text.splitlines() if line.startswith("def ")]
    with np.errstate(all="ignore"):
        (got,) = space[title](run_at)
    assert_same(np.asarray(got)[()], expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (x * np.float32(np.nan), x + np.float32(-np.inf), x - np.float64(2.0), -x * -1.5),
        lambda x: (x**2 - (x - (x - 1)), (-x) ** 2, -(x**2), x / (x * x) * (x / x), (x + 1) @ X * 2),
        lambda x: (x > 1) & (x < 2) | ~(x == 1),
        lambda x: (x * (2 + 1j), x * np.complex128(1j), x.astype(np.float32) * np.float32(0.1)),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_operators_and_numbers(f, dtype):
    compiled = ad.compile(f, backend="numpy")
    x = np.array([1.0, 2.0, -0.5, 0.25], dtype)
    compiled(x + 1)
    assert_same(compiled(x), f(x))


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_truth_values_are_squared_as_operators_square_them(backend):
    x = X > 0
    assert_compiles(lambda x: (x**2, x[:, ::-1] ** 2, x**3, x ** np.full(x.shape, 2)), (x,), (~x,), backend)
    one = np.array(True)
    assert_compiles(lambda x: (x**2, x**x, np.power(x, x), x**3), (one,), (~one,), backend)


def test_complex_numbers_keep_the_signs_of_zeros():
    numbers = [complex(a, b) for a in (0.0, -0.0, -1.0, 2.0) for b in (0.0, -0.0, -2.0, 3.0)]
    x = np.array([complex(-0.0, -0.0)])
    compiled = ad.compile(lambda x: [x + z for z in numbers], backend="numpy")
    for _ in range(2):
        for got, z in zip(compiled(x), numbers, strict=True):
            assert str(got) == str(x + z)


def test_buffers_written_in_place_are_nobody_elses():
    def f(x):
        y = x * 2
        view = y[1:] + 0.0
        z = y * 1.0
        z[0] = 5.0
        y[2] = x[0]
        w = np.zeros(4, like=x)
        w[:2] = x[2:]
        return y, view, z, w, w + y, x

    compiled = ad.compile(f, backend="numpy")
    x = np.arange(4.0)
    for k in range(3):
        assert_same(compiled(x + k), f(x + k))
    assert_same(x, np.arange(4.0))


def test_numbers_are_pythons_own_where_that_changes_nothing():
    """Long doubles are none of Python's, and some functions choose another dtype beside Python's numbers."""
    two, three = np.array([2, 2]), np.array([3, 3])
    args = np.array([1.0, 2.0]), np.array([1, 2]), np.array([True, False])

    def f(x, n, truth):
        return np.ldexp(two, n), truth**two, x**three

    compiled = ad.compile(f, backend="numpy")
    for _ in range(2):
        assert_same(compiled(*args), f(*args))
    assert "x ** 3" in compiled.source
    assert "np.ldexp(np.int64(2), n)" in compiled.source
    long = ad.compile(lambda x: x * np.longdouble("0.1"), backend="numpy")
    for _ in range(2):
        assert_same(long(args[0]), args[0] * np.longdouble("0.1"))


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e30])
def test_what_integers_take_of_numpys_floats_alone_stays_one(number):
    def f(x):
        y = np.copy(x)
        y[[0]] = np.float64(number)
        return y

    x, space = np.arange(3), {}
    with np.errstate(invalid="ignore"):
        exec(source_of(f, x), space)
        assert_same(space["f"](x), (f(x),))
