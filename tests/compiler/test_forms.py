"""The class of a result of no axes: NumPy's number, an array, Python's number; at every call, on both backends."""

import operator

import numpy as np
import pytest
from grid import BACKENDS, covering, leaves

import dragongrad as ad

pytestmark = [
    pytest.mark.filterwarnings("error::dragongrad.CompileWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

# Functions of a vector of at least three elements.
OF_VECTORS = {
    **{
        name: lambda x, name=name: getattr(np, name)(x)
        for name in (
            "sum", "mean", "max", "min", "any", "all", "std", "var", "ptp", "median", "argmax", "argmin", "nanmean",
            "nanvar", "nanstd", "count_nonzero", "average", "trapezoid", "nanmin", "cov", "corrcoef",
        )
    },
    **{f"x.{name}()": lambda x, name=name: getattr(x, name)() for name in ("sum", "mean", "max", "std", "argmax")},
    "quantile": lambda x: np.quantile(x, 0.3), "percentile of axis": lambda x: np.percentile(x, 30.0, axis=0),
    "norm": lambda x: np.linalg.norm(x), "norm 3": lambda x: np.linalg.norm(x, 3),
    "vector_norm": lambda x: np.linalg.vector_norm(x), "einsum": lambda x: np.einsum("i,i->", x, x),
    "vecdot": lambda x: (np.vecdot(x, x), np.linalg.vecdot(x, x)), "dot": lambda x: np.dot(x, x),
    "inner": lambda x: np.inner(x, x), "product": lambda x: x @ x, "vdot": lambda x: np.vdot(x * 1.0, x),
    "tensordot": lambda x: np.tensordot(x, x, 1),
    "det": lambda x: np.linalg.det(np.outer(x[:2], x[:2]) + np.eye(2)),
    "slogdet": lambda x: np.linalg.slogdet(np.outer(x[:2], x[:2]) + np.eye(2)),
    "trace": lambda x: np.trace(np.outer(x[:3], x[:3])), "logsumexp": lambda x: ad.logsumexp(x * 1.0),
    "element": lambda x: (x[0], x[-1], x[(1,)], next(iter(x)), np.take(x, 0)),
    "dots": lambda x: (x[..., 0], x[0, ...]),
    "no axes": lambda x: (x[:1].reshape(()), np.squeeze(x[:1]), np.reshape(x[0], ())),
    "where": lambda x: np.where(x[0] > 0, x[0], x[1]), "clip": lambda x: np.clip(x[0], 0, 1),
    "functions": lambda x: (np.sin(x[0]), -x[0], abs(x[0]), x[0] ** 2, x[0] + 1, np.floor(x[0]),
        np.maximum(x[0], x[1])),
    "interp": lambda x: np.interp(x[0] * 1.0, [0.0, 1.0], [1.0, 2.0]),
    "polyval": lambda x: np.polyval([1.0, 2.0], x[0]),
    "copies": lambda x: (np.copy(x[0]), np.full((), x[0]), np.broadcast_to(x[0], ()), x[0].copy()),
    "views": lambda x: (np.transpose(x[0]), x[0].T, np.real(x[0]), x[0].astype(np.float32)),
    "choices": lambda x: (np.select([x[0] > 0], [x[0]]), np.choose(1, [x[0], x[1]]), np.nan_to_num(x[0] * 1.0)),
    "parts": lambda x: (np.modf(x[0] * 1.0), np.frexp(x[0] * 1.0), np.divmod(x[0] * 1.0, 2.0)),
    "decisions": lambda x: (x[0] > 0, np.all(x > 0), np.isclose(x[0], 1.0), bool(x[0] > 0), len(x), x.shape),
    "Python's truth": lambda x: (np.allclose(x, x), np.array_equal(x, x), np.array_equiv(x, x + 1)),
    "Python's truths counted": lambda x: [
        op(np.array_equal(x, x), np.allclose(x, x))
        for op in (operator.add, operator.sub, operator.mul, operator.pow)
    ] + [op(np.array_equal(x, x)) for op in (operator.pos, operator.neg, abs)],
    "constants": lambda x: (3, 2.5, True, None, "a", np.float64(3), np.array(3.0), np.bool_(True), 1j, np.int8(2)),
    "zeros": lambda x: (np.zeros_like(x[0]), np.ones_like(x[0]) * 2, np.zeros(()), np.float32(0)),
    "reduce": lambda x: (np.add.reduce(x), np.maximum.reduce(x), np.sum(x, axis=0), np.sum(x, axis=(0,))),
    "gradient": lambda x: ad.grad(lambda s: s * s * x[0])(x[1] * 1.0),
    "gradient at a number": lambda x: ad.value_and_grad(lambda s: np.sum(s * x))(2.0),
    "jvp": lambda x: ad.jvp(np.sum, (x * 1.0,), (x * 1.0,)),
    "hessian": lambda x: ad.hessian(lambda s: s**3)(x[0] * 1.0),
    "ranks": lambda x: (np.linalg.matrix_rank(x), np.linalg.matrix_rank(x) * 2),
    "tensorsolve": lambda x: np.linalg.tensorsolve(x[:1] * 1.0, x[:1]),
    "stopped": lambda x: (ad.stop_gradient(x[0]), ad.stop_gradient(np.sum(x))),
}  # fmt: skip
VECTORS = {
    "float64": np.arange(5.0) + 0.5, "float32": (np.arange(5.0) + 0.5).astype("f4"),
    "large": np.arange(6000.0) + 0.5,
    "complex": np.arange(5.0) + 0.5j, "int64": np.arange(1, 6),
}  # fmt: skip
# Functions of one number, or of an array of no axes.
OF_NUMBERS = {
    "itself": lambda x: x, "arithmetic": lambda x: (x + 1, 1 - x, x * x, x / 2, 2 / x, x**2, 2**x, -x, +x),
    "NumPy's arithmetic": lambda x: (np.add(x, 1.0), np.multiply(x, x), np.divide(x, 2.0), np.power(x, 2.0)),
    "signs": lambda x: (np.negative(x), np.positive(x), abs(x), np.abs(x)), "square": lambda x: np.square(x),
    "rest": lambda x: (x % 2, x // 2, np.remainder(x, 2.0)), "sin": lambda x: (np.sin(x), np.conj(x)),
    "decisions": lambda x: (x > 2, x == 2.0, (x > 1) & (x < 5), (x > 1) and (x < 5), not x),
    "NumPy's decisions": lambda x: (np.greater(x, 2), np.isnan(x), np.logical_not(x), np.equal(x, x)),
    "counted": lambda x: ((x > 1) + 1.5, sum([x, x])), "where": lambda x: np.where(x == x, x, 0.0),
    "sums": lambda x: (np.sum(x), np.sum(x, axis=0), np.max(x), np.mean(x), np.median(x), np.quantile(x, 0.3)),
    "shapes": lambda x: (np.squeeze(x), np.reshape(x, ()), np.transpose(x), np.broadcast_to(x, ()), np.ravel(x)[0]),
    "copies": lambda x: (np.copy(x), np.full((), x), np.expand_dims(x, ()), np.array(x)),
    "products": lambda x: (np.dot(x, x), np.inner(x, x), np.einsum(",", x, x), np.vdot(x, x)),
    "nest": lambda x: {"a": (x, [x * 2, x == 1])}, "with an array": lambda x: x * np.ones(2, np.float32),
    "interp": lambda x: np.interp(x, [0.0, 1.0], [0.0, 2.0]), "chosen": lambda x: np.choose(1, [x, x * 2]),
    "parts": lambda x: (np.real(x), np.imag(x), x.real, x.imag, x.conjugate(), np.real(x * 2) + np.float32(1)),
    "reals": lambda x: (np.isreal(x), np.isreal(x) + 1, (x * 1j).imag, (x + 1j).real * 2),
    "arrays": lambda x: (np.isin(x, 1), np.pad(x, 1), np.fft.fftn(x)), "method": lambda x: (x.copy(), x.copy() * 2),
    "rank": lambda x: (np.linalg.matrix_rank(x) / 2, np.linalg.matrix_rank(x) + np.int8(3)), "sign": np.sign,
    "edges": lambda x: np.histogram_bin_edges([x, x], 2), "boxes": lambda x: np.histogramdd([x, x], 2),
    "complex": lambda x: (x * 1j, 1j * x, np.multiply(x, 1j)), "softmax": lambda x: ad.softmax(x, axis=0),
}  # fmt: skip
NUMBERS = {
    "float": 3.5, "complex": 1.5j, "float64": np.float64(3.5), "float32": np.float32(1.5), "int64": np.int64(3),
    "bool": np.bool_(True), "complex128": np.complex128(1.5j), "no axes": np.array(3.5),
    "no axes, complex": np.array(1.5j), "no axes, whole": np.array(3), "int": 3,
}  # fmt: skip


def forms(nest):
    return [(type(v), getattr(v, "dtype", None), np.shape(v)) for v in leaves(nest)]


def check(table, arg, backend):
    known = {}
    for name, f in table.items():
        try:
            known[name] = forms(f(arg))
        except (TypeError, ValueError, IndexError, AttributeError):
            # NumPy has no such function of such numbers.
            continue
    compiled = ad.compile(lambda x: {name: table[name](x) for name in known}, backend=backend)
    for _ in range(3):
        found = compiled(arg)
        assert {name: forms(value) for name, value in found.items()} == known
        if "Python's truths counted" in found:
            assert found["Python's truths counted"] == table["Python's truths counted"](arg)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", VECTORS)
def test_what_comes_of_vectors(kind, backend):
    table = OF_VECTORS
    if kind == "int64":
        table = {name: f for name, f in table.items() if name not in ("gradient at a number", "parts", "nanmin")}
    if kind == "complex":
        table = {name: f for name, f in table.items() if name not in ("interp", "nanmin", "decisions")}
    check(table, VECTORS[kind], backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", NUMBERS)
def test_what_comes_of_numbers(kind, backend):
    left_out = {
        "bool": ("copies", "signs", "products", "edges", "boxes", "parts"),
        "complex128": ("interp",),
    }
    table = {name: f for name, f in OF_NUMBERS.items() if name not in left_out.get(kind, ())}
    check(table, NUMBERS[kind], backend)


COUNTS = {
    "sum": lambda x: (x > 1) + (x > 2) + (x > 3),
    "complement": lambda x: ~(x > 1),
    "complement of a count": lambda x: ~((x > 1) + (x > 2)),
    "shifts": lambda x: ((x > 1) << 2, 8 >> (x > 2), (x > 1) << (x > 2)),
    "bits of truths": lambda x: ((x > 1) & (x > 2), (x > 1) | True, (x > 1) ^ (x > 2)),
    "bits of counts": lambda x: ((x > 1) & 3, ((x > 1) + (x > 2)) | 4, ((x > 1) + (x > 3)) ^ (x > 1)),
    "comparisons": lambda x: ((x > 1) == (x > 2), (x > 1) < (x > 2), (x > 1) != 0, (x > 1) + (x > 2) >= 2),
    "powers": lambda x: (2 ** ((x > 1) - (x > 2)), (1 + (x > 1)) ** -1, (1 + (x > 3)) ** -(x > 1)),
}


@pytest.mark.parametrize(("name", "backend"), covering([*COUNTS], BACKENDS))
def test_python_counts_with_its_truth_values(name, backend):
    compiled = ad.compile(COUNTS[name], backend=backend)
    for x in (2.5, 0.0, 1.5, 2.5, 3.5, 2.5):
        got, want = compiled(x), COUNTS[name](x)
        assert got == want
        assert [*map(type, leaves(got))] == [*map(type, leaves(want))]


@pytest.mark.parametrize("backend", BACKENDS)
def test_comparisons_of_comparisons_are_no_chain(backend):
    f = lambda x: ((x > 0) == (x > 1), (x < 1) >= (x < 2), (x == 1) != (x == 2))
    compiled = ad.compile(f, backend=backend)
    for x in (np.array([2.0, 0.5, -1.0]), np.float64(2.0), np.float64(0.5)):
        for _ in range(2):
            np.testing.assert_array_equal(compiled(x), f(x))


def test_a_product_of_pythons_complex_number_takes_the_dtype_that_it_meets():
    compiled = ad.compile(lambda s, x: (1j * s) * x)
    args = np.float64(2.0), np.ones(3, np.float32)
    for _ in range(2):
        assert compiled(*args).dtype == ((1j * args[0]) * args[1]).dtype == np.complex64


WEAK = {
    "clip": lambda x, t: np.clip(x, 0, t), "where": lambda x, t: np.where(x > 0, x, t),
    "maximum": lambda x, t: np.maximum(x, t), "dot": lambda x, t: np.dot(x, t),
    "outer": lambda x, t: np.outer(x, t),
    "power": lambda x, t: x**t + t**x, "select": lambda x, t: np.select([x > 0], [x], t),
    "append": lambda x, t: np.append(x, t), "linspace": lambda x, t: np.linspace(0, t, 3) * x,
    "pad": lambda x, t: np.pad(x, 1, constant_values=t), "full_like": lambda x, t: np.full_like(x, t),
    "sum": lambda x, t: np.sum(x, initial=t), "choose": lambda x, t: np.choose([0, 1, 0], [x, t]),
    "list": lambda x, t: np.array([t, t, t]) * x,
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", WEAK)
def test_numbers_of_python_stand_beside_narrow_floats(name, backend):
    f, x = WEAK[name], np.array([0.5, 1.0, 2.0], np.float32)
    compiled, expected = ad.compile(f, backend=backend), f(x, 0.75)
    for _ in range(2):
        got = compiled(x, 0.75)
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=1e-6)
