"""dtypes and shapes over the table: what goes in comes out."""

import numpy as np
import pytest
from cases import CASES
from grid import BACKENDS

import dragongrad as ad
from dragongrad import nn
from dragongrad.core.block import BLOCKS

KEPT = [name for name, case in CASES.items() if case.x.dtype == np.float64]


@pytest.mark.parametrize("name", KEPT)
def test_float32_gives_what_numpy_gives(name):
    f, x = CASES[name].f, CASES[name].x.astype(np.float32)
    plain = f(x)
    value, dot = ad.jvp(f, (x,), (np.ones_like(x),))
    assert value.dtype == plain.dtype
    assert dot.dtype == (value.dtype if value.dtype.kind in "fc" else np.float64)
    gradient = ad.grad(lambda x: np.sum(np.real(f(x) * np.conj(f(x)))))(x)
    assert gradient.dtype == np.float32
    assert gradient.shape == x.shape


@pytest.mark.parametrize("name", KEPT)
def test_gradient_belongs_to_the_caller(name):
    """Writeable, contiguous in memory of its own, and not the input or a cotangent."""
    f, x = CASES[name].f, CASES[name].x.copy()
    before = x.copy()
    gradient = ad.grad(lambda x: np.sum(np.real(f(x))))(x)
    gradient += 1.0
    np.testing.assert_array_equal(x, before)
    again = ad.grad(lambda x: np.sum(np.real(f(x))))(x)
    np.testing.assert_allclose(again + 1.0, gradient)


UNARY = [b for b in BLOCKS.values() if b.partials and len(b.partials) == 1 and isinstance(b.fn, np.ufunc)]


def point(block):
    low, high = block.domain[0] if block.domain else (-np.inf, np.inf)
    return 0.4 if low < 0.4 < high else 1.4


@pytest.mark.parametrize("block", UNARY, ids=lambda b: b.name)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0, 3), (1, 1), (3, 1, 2)])
def test_every_shape(block, shape):
    x = np.full(shape, point(block))
    gradient = ad.grad(lambda x: np.sum(block.fn(x)))(x)
    assert np.shape(gradient) == shape
    value, dot = ad.jvp(block.fn, (x,), (np.ones(shape),))
    assert np.shape(value) == np.shape(dot) == shape
    np.testing.assert_allclose(gradient, dot)


@pytest.mark.parametrize("given", [3, 3.0, np.float64(3), np.float32(3), np.array(3.0), np.array(3), True])
def test_scalars(given):
    gradient = ad.grad(lambda x: x * x * 2.0)(given)
    assert np.ndim(gradient) == 0
    assert gradient.dtype == (np.float32 if isinstance(given, np.float32) else np.float64)
    assert gradient == 4 * given


@pytest.mark.parametrize(
    "reduction",
    [np.sum, np.prod, lambda x: np.sum(x, axis=0).sum(), lambda x: np.sum(np.cumsum(x)), lambda x: np.sum(x @ x.T)],
)
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (1, 1), (3, 0)])
def test_empty_reductions(reduction, shape):
    x = np.ones(shape)
    gradient = ad.grad(reduction)(x)
    assert gradient.shape == shape
    assert ad.jvp(reduction, (x,), (x,))[0] == reduction(x)


HOLOMORPHIC = [b for b in UNARY if b.name in {"sin", "cos", "tan", "exp", "log", "sqrt", "square", "tanh", "sinh", "cosh", "reciprocal", "negative", "expm1", "log1p", "arctan", "exp2", "log2", "log10"}]  # fmt: skip # noqa: E501


@pytest.mark.parametrize("block", HOLOMORPHIC, ids=lambda b: b.name)
def test_complex_derivative(block):
    if block.name == "exp2":
        pytest.skip("NumPy has no complex exp2")
    z = 0.4 + 0.3j
    h = 1e-5
    expected = (block.fn(z + h) - block.fn(z - h)) / (2 * h)
    np.testing.assert_allclose(ad.grad(block.fn, holomorphic=True)(z), expected, rtol=1e-8)
    np.testing.assert_allclose(ad.jvp(block.fn, (z,), (1j,))[1], 1j * expected, rtol=1e-8)


def test_convention_of_a_real_function_of_a_complex_argument():
    """Of z = a + ib the gradient is df/da - i df/db."""

    def f(z):
        return np.sum(np.abs(z) ** 2 * np.real(z))

    z = np.array([1.0 + 2.0j, -0.5 + 0.1j])
    h = 1e-6
    by_a = [(f(z + h * e) - f(z - h * e)) / (2 * h) for e in np.eye(2)]
    by_b = [(f(z + 1j * h * e) - f(z - 1j * h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(ad.grad(f)(z), np.array(by_a) - 1j * np.array(by_b), rtol=1e-8)


@pytest.mark.parametrize(
    ("f", "expected"),
    [(np.std, 0.0), (lambda z: np.sum(np.std(z, keepdims=True)), 0.0), (lambda z: z.imag**2, -4j)],
)
def test_second_derivatives_of_parts_of_a_complex_number(f, expected):
    """Python multiplies its own complex number by NumPy's float64 as by a float: what comes is Python's."""
    z = np.complex128(1 + 2j)
    with np.errstate(all="ignore"):
        assert ad.jvp(ad.grad(f), (z,), (z,))[1] == expected
        assert ad.grad(lambda z: ad.jvp(f, (z,), (1 + 2j,))[1])(z) == expected


def test_real_argument_of_complex_code_has_a_real_gradient():
    gradient = ad.grad(lambda x: np.sum(np.abs(np.fft.fft(x * 1j)) ** 2))(np.arange(4.0))
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, 8 * np.arange(4.0))


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.uint64])
def test_functions_of_ours_take_whole_numbers_as_floating_point(dtype):
    """Also the lowest, whose negative it is itself, and those whose negatives wrap around."""
    limits = np.array([0, 1] if dtype is bool else [np.iinfo(dtype).min, 0, 3, np.iinfo(dtype).max], dtype)
    names = (nn.sigmoid, nn.silu, nn.softplus, nn.mish, nn.softsign, nn.gelu, nn.hard_sigmoid, nn.elu, nn.softmax)
    f = lambda x: [g(x) for g in (ad.logistic, ad.softmax, ad.log_softmax, ad.logsumexp, *names)]
    expected = f(limits.astype(np.float64))
    for run in (f, *[ad.compile(f, backend=b) for b in BACKENDS]):
        for got, want in zip(run(limits), expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)
    for got, want in zip(ad.vmap(lambda x: f(x)[:1])(limits), expected, strict=False):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)


SMALL = {
    "square": lambda x: x**2, "power": lambda x: np.power(x, 2), "cube": lambda x: x**3, "times": lambda x: x * 200,
    "by a number of NumPy's": lambda x: x ** np.int64(2), "half": lambda x: 0.5 - x,
    "filled": lambda x: np.nan_to_num(x, nan=np.float64(2)), "near": lambda x: np.isclose(x, 1e10),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.float16])
@pytest.mark.parametrize("shape", [(), (2,), (0,)])
@pytest.mark.parametrize("name", SMALL)
def test_rows_beside_numbers_of_python_s_have_the_dtype_of_numpy(name, shape, dtype):
    f, rows = SMALL[name], np.ones((2, *shape)).astype(dtype)
    with np.errstate(all="ignore"):
        try:
            expected = np.stack([f(row) for row in rows])
        except OverflowError:
            return
        got = ad.vmap(f)(rows)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_square_of_one_truth_is_a_whole_number_in_a_compiled_batch(backend):
    f = ad.compile(ad.vmap(lambda x: (x > 0) ** 2 * 300), backend=backend)
    for _ in range(2):
        np.testing.assert_array_equal(f(np.array([1.0, -1.0])), [300, 0])
