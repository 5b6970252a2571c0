"""How loops are written: blocks of rows, small products, repeated values, gathers, cold code, parts of sums."""

import ctypes
import warnings

import numpy as np
import pytest
from grid import covering

import dragongrad as ad
from dragongrad.core.nests import flatten

pytest.importorskip("llvmlite")

from dragongrad.compiler.backends.native.ir import functions
from dragongrad.compiler.backends.native.jit import engine
from dragongrad.compiler.backends.native.linalg import external_calls, small_matmul
from dragongrad.compiler.backends.native.loops.row_blocking import wide_sums
from dragongrad.compiler.backends.native.parallel import combine_partials
from dragongrad.compiler.backends.native.schedule.steps import Loops, Product
from dragongrad.compiler.backends.native.tuning import ROW_BLOCKS, ROWS_AT_ONCE


def compiled(f, *args, rtol=1e-11):
    """The compiled function, after two calls that gave what the eager function gives."""
    g = ad.compile(f, backend="native")
    expected = flatten(f(*args))[0]
    for _ in range(2):
        for a, b in zip(flatten(g(*args))[0], expected, strict=True):
            size = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * size)
            assert np.shape(a) == np.shape(b)
    return g


def steps(g):
    return g._path().engine.plan.schedule.steps


def in_memory(g):
    """The Nodes that go to memory."""
    return g._path().engine.plan.schedule.wanted


# Sums over rows, several rows at a time


@pytest.mark.parametrize(
    ("rows", "reduce"),
    covering(
        [
            ROWS_AT_ONCE * ROW_BLOCKS - 1,
            ROWS_AT_ONCE * ROW_BLOCKS,
            ROWS_AT_ONCE * ROW_BLOCKS + 1,
            1001,
            1002,
            1003,
            4000,
        ],
        [np.sum, np.max, np.any],
    ),
)
def test_wide_sums_over_any_number_of_rows(rows, reduce, rng):
    x, c = rng.standard_normal((rows, 5)), rng.standard_normal((30, 5))
    of_truths = reduce is np.any

    def f(x):
        weights = np.exp(-np.sum((x[:, None] - c) ** 2, 2))
        terms = (weights / np.sum(weights, 1, keepdims=True))[:, :, None] * x[:, None]
        return reduce(terms > 0.1 if of_truths else terms, 0), np.sum(weights, 0), np.sum(weights)

    g = compiled(f, x)
    wide = [wide_sums(s) for s in steps(g) if isinstance(s, Loops)]
    assert any(wide) == (rows >= ROWS_AT_ONCE * ROW_BLOCKS)


def test_rows_that_are_joined_from_pieces_are_summed_all_the_same(rng):
    x = rng.standard_normal((120, 80))
    compiled(lambda x: np.sum(np.sin(np.concatenate([x[7:], x[:7] * 2.0])) * x[::-1], 0), x)
    compiled(lambda x: np.sum(np.pad(x, ((3, 3), (0, 0)))[:-6] * np.roll(x, 5, axis=0), 0), x)


def test_a_doubled_sum_is_the_sum_doubled(rng):
    x = rng.standard_normal((64, 70))
    g = compiled(lambda x: np.sum(-(x * x + x * x), axis=0), x, rtol=1e-14)
    blocks = [n.block.name for n in g.graph.nodes]
    assert blocks.index("sum") < blocks.index("add")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_products_in_sums_are_as_exact_as_their_terms(dtype, rng):
    x, y = rng.standard_normal((2, 500, 9)).astype(dtype)
    exact = np.sum(x.astype(np.longdouble) * y, 1)
    out = ad.compile(lambda x, y: np.sum(x * y, 1), backend="native")(x, y)
    bound = np.sum(np.abs(x.astype(np.longdouble) * y), 1) * 9 * np.finfo(dtype).eps
    assert out.dtype == dtype
    assert np.all(np.abs(out - exact) <= bound)


# Values that loops would compute again and again


def test_factors_of_an_outer_product_are_computed_once(rng):
    x = rng.standard_normal(400)
    g = compiled(lambda x: np.sum(np.sin(x)[:, None] * np.cos(x)[None, :], 1), x)
    assert len(in_memory(g)) == 2


def test_cheap_factors_are_not_kept(rng):
    x = rng.standard_normal(400)
    g = compiled(lambda x: np.max((2.0 * x)[:, None] - x[None, :], 1), x)
    assert {n.block.name for n in in_memory(g)} == {"max"}


@pytest.mark.parametrize(("shape", "count"), covering([(60,), (40, 50), (200, 3)], [1, 4, 9]))
def test_steps_of_a_stencil_are_as_long_as_they_are_many(shape, count, rng):
    def f(u):
        for _ in range(count):
            neighbours = sum(np.roll(u, s, axis=a) for a in range(u.ndim) for s in (1, -1))
            u = u + 0.1 * (neighbours - 2 * u.ndim * u)
        return np.sum(u * u)

    u = rng.standard_normal(shape)
    one, many = ad.compile(f, backend="native"), compiled(ad.value_and_grad(f), u)
    one(u)
    # What one step costs in text, cut at the edges of each axis; the gradient has a few times as much.
    assert len(many.llvm.splitlines()) < 3000 * count
    assert len(one.llvm.splitlines()) < 1500 * count


def test_maps_of_rows_read_elsewhere_are_not_in_the_same_loop(rng):
    x = rng.standard_normal((500, 2))
    g = compiled(lambda x: (np.sin(x), np.sin(x)[::-1] + x), x)
    assert len([s for s in steps(g) if isinstance(s, Loops)]) == 2


# Gathers


def test_what_is_gathered_is_computed_once_and_laid_out_as_it_is_read(rng):
    table, index = rng.standard_normal((50, 3)), rng.integers(0, 50, 900)

    def f(a):
        return (np.exp(table * a[0]) @ np.outer(a, np.ones(3)))[index] * a[1]

    a = np.array([0.3, 0.7, -0.2])
    g = compiled(lambda a: ad.jacfwd(f)(a), a)
    turned = [n for n in in_memory(g) if n.block.name == "transpose"]
    assert any(n.shape[-1] == 3 and n.size == 3 * 50 * 3 for n in turned)
    # Whether any element is NaN is asked while they are written.
    writes = [s for s in steps(g) if isinstance(s, Loops) and any(r.node.shape == (900, 3, 3) for r in s.stores)]
    assert {r.node.block.name for s in writes for r in s.stores} >= {"transpose", "any"}


@pytest.mark.parametrize("f", [
    lambda x, i: np.sin(x)[i], lambda x, i: np.sin(x)[i, ::-1], lambda x, i: np.sin(x.T)[:, i].T,
    lambda x, i: (x @ np.ones((4, 2)))[i], lambda x, i: np.sin(x)[i][:, 1:] * np.cos(x)[i][:, :-1],
    lambda x, i: np.transpose(np.exp(x)[None, i], (1, 2, 0)),
])  # fmt: skip
def test_gathers_of_computed_arrays(f, rng):
    x, i = rng.standard_normal((20, 4)), rng.integers(0, 20, 300)
    compiled(lambda x: f(x, i), x)
    compiled(ad.grad(lambda x: np.sum(np.tanh(f(x, i)))), x)
    compiled(ad.jacfwd(lambda x: f(x, i)), x)


# Small products


def chain(x, count, n):
    out = np.eye(n)
    for k in range(count):
        c, s = np.cos(x[k % len(x)]), np.sin(x[k % len(x)])
        out = out @ (np.eye(n) + c * np.diag(np.ones(n - 1), 1) + s * np.diag(np.ones(n - 1), -1)) / 2
    return np.sum(out * out)


@pytest.mark.parametrize("n", [3, 4, *[pytest.param(n, marks=pytest.mark.slow) for n in (2, 5)]])
def test_many_small_products_are_loops(n, rng):
    x = rng.standard_normal(7)
    g = compiled(lambda x: chain(x, 30, n), x)
    compiled(ad.grad(lambda x: chain(x, 30, n)), x)
    compiled(ad.vmap(lambda x: chain(x, 30, n)), rng.standard_normal((19, 7)))
    assert bool(g._path().engine.plan.schedule.rolled) == (n > 3)


def test_few_terms_are_not_left_to_blas(rng):
    x, y = rng.standard_normal((600, 3)), rng.standard_normal((3, 500))
    g = compiled(lambda x, y: np.sum(np.tanh(x) @ y, 1), x, y)
    assert not any(isinstance(s, Product) for s in steps(g))


def test_a_recurrent_network_is_text_that_grows_with_its_steps(rng):
    w, x = rng.standard_normal((16, 16)) / 4, rng.standard_normal((40, 16))

    def f(w):
        h = np.zeros(16)
        for row in x:
            h = np.tanh(w @ h + row)
        return np.sum(h * h)

    g = compiled(ad.value_and_grad(f), w, rtol=1e-9)
    assert len(g.llvm.splitlines()) < 40 * 400


# Code that is hardly run, and what puts parts together


def test_code_that_takes_next_to_no_time_is_not_optimised(rng):
    x = rng.standard_normal((300, 400))
    g = compiled(lambda x: np.sum(np.exp(x), 1)[:20] * np.sum(np.sin(x)), x)
    engine = g._path().engine
    assert "noinline optnone" in g.llvm or "#1" in engine.text
    assert engine.text.count(") #1 {") == 1


def test_a_short_program_is_optimised_as_a_whole(rng):
    g = compiled(lambda x: np.exp(x) + np.sum(x), rng.standard_normal(100))
    assert ") #1 {" not in g._path().engine.text


@pytest.mark.parametrize(("operation", "kind", "dtype"), [
    ("sum", "double", float), ("sum", "float", np.float32), ("sum", "i64", np.int64), ("max", "double", float),
    ("min", "float", np.float32), ("max", "i32", np.int32), ("min", "i64", np.int64), ("any", "i8", bool),
    ("all", "i8", bool),
])  # fmt: skip
@pytest.mark.parametrize("count", [1, 7, 8, 21])
def test_parts_are_put_together(operation, kind, dtype, count, rng):
    name = f"dragongrad.combine.{operation}.{kind}"
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3)(
        combine_partials.provide_combiner(name).address(name)
    )
    parts = (
        rng.integers(0, 2, (5, 24)).astype(dtype) if dtype is bool else rng.integers(-9, 9, (5, 24)).astype(dtype)
    )
    out = np.zeros(count + 1, dtype)
    run(out.ctypes.data, parts.ctypes.data, count, 5, parts.strides[0])
    np.testing.assert_array_equal(out[:count], getattr(np, operation)(parts[:, :count], axis=0))
    assert out[count] == np.zeros((), dtype)


@pytest.mark.parametrize("n", [2**15, 2**15 + 1, 2**15 + 8, 2**15 - 32, 100_000, 100_003])
@pytest.mark.parametrize("threads", [1, 2])
def test_long_loops_of_whole_vectors_and_others(n, threads, rng):
    x = rng.standard_normal(n)
    ad.set_threads(threads)
    try:
        compiled(lambda x: (np.sum(np.exp(x)), np.max(x * x), np.tanh(np.sin(x) * x)), x)
    finally:
        ad.set_threads(1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("rows", "inner", "columns"), [
    (1, 1, 8), (2, 3, 4), (4, 4, 4), (3, 16, 5), (8, 2, 4), (16, 16, 1), (1, 9, 16), (5, 1, 5), (32, 7, 1),
    (1, 16, 32),
])  # fmt: skip
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_small_products_of_every_layout(rows, inner, columns, turned, dtype, rng):
    x, y = rng.standard_normal((rows, inner)).astype(dtype), rng.standard_normal((inner, columns)).astype(dtype)
    kind = {np.float64: "double", np.float32: "float"}[dtype]
    product = small_matmul.small_product(kind, rows, inner, columns, turned)

    @functions.defined("run", "void", "ptr", "ptr", "ptr", linkage="")
    def whole(code, out, x, y):
        code.call(product, out, x, y)

    library = engine.Library(functions.module_text(whole))
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(library.address("run"))
    out = np.full(rows * columns + 1, 7.0, dtype)
    given = [np.ascontiguousarray(a.T if t else a) for a, t in zip((x, y), turned, strict=True)]
    run(out.ctypes.data, *[a.ctypes.data for a in given])
    np.testing.assert_allclose(out[:-1].reshape(rows, columns), x @ y, rtol=1e-5 if kind == "float" else 1e-13,
                               atol=1e-5 if kind == "float" else 1e-13)  # fmt: skip
    assert out[-1] == 7.0


@pytest.mark.parametrize("stack", [(), *[pytest.param(s, marks=pytest.mark.slow) for s in ((3,), (20,))], (2, 5)])
def test_small_products_of_stacks_and_single_matrices(stack, rng):
    # Small enough for every step to shrink what rounding adds.
    x, y, v = (rng.uniform(-0.3, 0.3, shape) for shape in ((*stack, 4, 4), (4, 4), 9))

    def f(x, y, v):
        z = x
        for k in range(20):
            z = np.tanh(z @ y + (y @ np.swapaxes(z, -1, -2)) * v[k % 9]) @ np.swapaxes(x, -1, -2)
        w = np.outer(v, v) / 9
        for _ in range(20):
            v = np.sin(w @ v) + v @ w
        return np.sum(z * z), v

    compiled(f, x, y, v, rtol=1e-9)
    compiled(ad.grad(lambda *a: f(*a)[0] + np.sum(f(*a)[1]), (0, 1, 2)), x, y, v, rtol=1e-8)


@pytest.mark.skipif(
    external_calls.thread_controls() is None, reason="this BLAS does not tell how many threads it has"
)
@pytest.mark.parametrize("count", [1, 2])
def test_blas_has_as_many_threads_after_as_before(count, rng):
    get, put = external_calls.thread_controls()
    get, put = ctypes.CFUNCTYPE(ctypes.c_int)(get), ctypes.CFUNCTYPE(None, ctypes.c_int)(put)
    x, y = rng.standard_normal((40, 300, 20)), rng.standard_normal((40, 20, 30))
    before = get()
    put(count)
    try:
        g = compiled(lambda x, y: np.sum(np.tanh(np.sin(x) @ y), 2), x, y)
        assert "dragongrad.parallel.blas" in g.llvm
        assert get() == count
    finally:
        put(before)


TRUTHS = {"all": np.all, "any": np.any,
          "both": lambda x, axis: (np.all(x, axis), np.any(x, axis), np.sum(x, axis))}  # fmt: skip


@pytest.mark.parametrize(
    ("f", "axis", "shape"), covering(TRUTHS, [None, 0, 1], [(17, 3), (1000, 1), (40, 30), (9000, 4)], together=2)
)
def test_truth_is_gathered_in_vectors(f, axis, shape, capfd, rng):
    """What LLVM cannot make vectors of it tells on the standard error stream, where nobody asked."""
    for x in (rng.standard_normal(shape), np.ones(shape), -np.ones(shape)):
        compiled(lambda x: f(x > 0, axis), x)
    assert capfd.readouterr() == ("", "")


MASKED = {
    "max": lambda x, axis: np.max(np.where(x > 0, x, -np.inf), axis),
    "min": lambda x, axis: np.min(np.where(np.isnan(x), np.inf, x), axis),
    "nanmax": lambda x, axis: (np.nanmax(x, axis), np.nanmin(x, axis)),
    "joined": lambda x, axis: np.max(np.where(np.concatenate([x[3:], x[:3]]) > 0, x, -np.inf), axis),
}


@pytest.mark.parametrize(
    ("name", "axis", "shape"), covering([*MASKED], [None, 0, 1], [(17, 3), (1000, 1), (40, 30)], together=2)
)
def test_the_greatest_of_some_is_found_in_vectors(name, axis, shape, capfd, rng):
    x = rng.standard_normal(shape)
    x[:2] = np.nan
    f = lambda x: MASKED[name](x, axis)
    for point in (x, np.where(x > 0, -np.inf, x), np.where(x > 0, np.inf, x), x.astype(np.float32)):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled(f, point)
    assert capfd.readouterr() == ("", "")


def test_sorting_says_nothing(capfd, rng):
    compiled(lambda x: np.sort(x, -1), rng.standard_normal((17, 3)))
    assert capfd.readouterr() == ("", "")


def test_llvm_says_nothing_of_loops_that_it_leaves_as_they_are(capfd):
    def rows_of_zeros(x):
        y = np.zeros((12, 12), like=x)
        y[:, 0], y[:, 1] = np.sin(x), np.cos(x)
        return y

    points = np.array([[0.0, 0], [1, 2], [1, 2]])
    hessian = ad.hessian(lambda x: np.sum(np.sqrt(np.sum((x[:, None] - x[None]) ** 2, -1))))
    programs = [
        (rows_of_zeros, np.arange(12.0)), (hessian, points), (ad.jacobian(np.sin), np.arange(12.0)),
        (lambda x: (x // 3, np.sum(x % 5, 0)), np.ones((17, 7), int)),
        (lambda x: np.sum(np.stack([x[i] * i for i in range(40)])), np.ones(40)),
    ]  # fmt: skip
    for f, x in programs:
        compiled = ad.compile(f, backend="native")
        compiled(x)
        compiled(x + 1)
    assert capfd.readouterr().err == ""
