"""Calls of compiled functions: what is accepted and made, memory, threads, and that nothing crashes."""

import gc
import itertools
import os
import pickle
import subprocess
import sys
import threading
import warnings
import weakref
from collections import deque

import numpy as np
import pytest
from grid import BACKENDS

import dragongrad as ad
from dragongrad.compiler import specialization
from dragongrad.compiler.backends.native.call import fastcall
from dragongrad.compiler.backends.native.linalg import gemm
from dragongrad.compiler.backends.native.memory.allocation import Workspace
from dragongrad.compiler.backends.native.parallel import thread_pool
from dragongrad.compiler.backends.native.tuning import LINE_BYTES
from dragongrad.compiler.dispatch import closed
from dragongrad.records import replace


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def logsumexp(x):
    m = np.max(x)
    return np.log(np.sum(np.exp(x - m))) + m


def same(a, b):
    assert type(a) is type(b)
    for name in ("default_factory", "maxlen"):
        assert getattr(a, name, None) == getattr(b, name, None)
    if isinstance(a, (tuple, list, deque)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        same(list(a.values()), list(b.values()))
    elif isinstance(a, (np.ndarray, np.generic)):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    else:
        assert a == b


@pytest.fixture(params=["entry point", "ctypes"])
def way(request, monkeypatch):
    """Programs are called by the vectorcall protocol, and where objects are laid out in another way."""
    if request.param == "ctypes":
        monkeypatch.setattr(fastcall, "layout", lambda: "for the test")
    elif fastcall.layout():
        pytest.skip(fastcall.layout())
    return request.param


# What is accepted and made


X = np.random.default_rng(0).standard_normal(10)
KINDS = [
    (lambda x: rosenbrock(x), (X,)),
    (ad.value_and_grad(rosenbrock), (X,)),
    (lambda x: (x, x), (X,)),
    (lambda x: x.T, (X.reshape(2, 5),)),
    (lambda x: (x * 2, 3, "text", None, 2.5), (X,)),
    (lambda x: np.array([1.0, 2.0]), (X,)),
    (lambda x: (), (X,)),
    (lambda x: [x + 1, {"a": x * x, "b": (np.sum(x),)}], (X,)),
    (lambda x: x > 0, (X,)),
    (lambda x: np.sum(x) > 0, (X,)),
    (lambda x: np.all(x > -100), (X,)),
    (lambda x: x * 2.0 + 1.0, (3.0,)),
    (lambda x: np.sin(x), (3.0,)),
    (lambda x: x * x, (np.float64(3.0),)),
    (lambda x: x * x, (np.float32(3.0),)),
    (lambda x: x * x, (np.int64(3),)),
    (lambda x: x + 1, (np.array(3.0),)),
    (lambda x, y: x * y, (X.astype(np.float32), np.float32(2.0))),
    (lambda x, y: x * y, (X, 2.0)),
    (lambda x, n: x**n, (X, 3)),
    (lambda x, p: x * p["a"] + p["b"][0], (X, {"a": 2.0, "b": [X, None]})),
    (lambda x: x + 1, (np.arange(5),)),
    (lambda x: x + 1, (np.arange(5, dtype=np.int32),)),
    (lambda x: np.where(x, 1.0, 2.0), (X > 0,)),
    (lambda x: np.sum(x) + x, (np.zeros((0, 3)),)),
    (lambda x: x * 2, (np.zeros((3, 0)),)),
    (lambda x: np.linalg.solve(x, np.ones(3)) * 2, (np.eye(3) * 2,)),
    (lambda x: (np.sort(x), x * 2, x[0]), (X,)),
    (lambda x: x * 1j, (X,)),
    (lambda x: ((x, (x * 2,)), (np.sum(x), (x[0], x[1], 3)), x + 1), (X,)),
    (lambda x: ((x, ()), (x * 2,)), (X,)),
    (lambda x: ((x,), [x * 2]), (X,)),
    (lambda x: ((),), (X,)),
]


@pytest.mark.parametrize("case", range(len(KINDS)))
def test_results_are_what_the_function_itself_gives(case, way):
    f, args = KINDS[case]
    compiled = ad.compile(f)
    expected = f(*args)
    for _ in range(3):
        same(compiled(*args), expected)
    (path,) = next(iter(compiled._versions.values())).paths
    if way == "ctypes":
        assert path.entry is closed


def test_gradients_go_through_the_door():
    if fastcall.layout():
        pytest.skip(fastcall.layout())
    compiled = ad.compile(ad.value_and_grad(rosenbrock))
    compiled(X)
    assert compiled._entry(X) is not fastcall.MISSING
    assert compiled._entry() is fastcall.MISSING
    assert compiled._entry(X, X) is fastcall.MISSING
    assert compiled._entry(X[:5]) is fastcall.MISSING
    assert compiled._entry(X.astype(np.float32)) is fastcall.MISSING
    assert compiled._entry(X.reshape(2, 5)) is fastcall.MISSING
    assert compiled._entry(np.repeat(X, 2)[::2]) is fastcall.MISSING
    assert compiled._entry(X.view(np.memmap)) is fastcall.MISSING
    assert compiled._entry(X.tolist()) is fastcall.MISSING
    assert compiled._entry(None) is fastcall.MISSING
    assert compiled._entry(1.0) is fastcall.MISSING


def _misaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)
    out = np.ndarray(x.shape, x.dtype, raw.data, 1)
    out[...] = x
    return out


def _read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "strided": lambda x: np.repeat(x, 2, axis=0)[::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "Fortran": lambda x: np.asfortranarray(x),
    "byte-swapped": lambda x: x.astype(">f8"),
    "misaligned": _misaligned,
    "read-only": _read_only,
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "memmap": lambda x: x.view(np.memmap),
    "with metadata": lambda x: x.astype(np.dtype("f8", metadata={"unit": "m"})),
    "float32": lambda x: x.astype(np.float32),
    "float16": lambda x: x.astype(np.float16),
    "longdouble": lambda x: x.astype(np.longdouble),
    "integers": lambda x: (x * 10).astype(np.int64),
    "unsigned": lambda x: np.abs(x * 10).astype(np.uint8),
    "complex": lambda x: x + 1j,
    "empty": lambda x: x[:0],
    "list": lambda x: x.tolist()[0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_and_dtype(layout, way):
    def f(x):
        return np.sum(x * x), x + x

    plain = np.arange(12.0).reshape(4, 3)
    compiled = ad.compile(f)
    compiled(plain)
    x = LAYOUTS[layout](plain)
    if layout == "list":
        x, f = np.array(x), f
    expected = f(np.asarray(x).astype(np.asarray(x).dtype.newbyteorder("=")))
    for _ in range(2):
        for a, b in zip(compiled(x), expected, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=1e-12)
        same(compiled(plain), f(plain))


class Marked(np.ndarray):
    """An array that says where it went."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return ("mine", ufunc.__name__)


def test_subclasses_keep_their_meaning():
    compiled = ad.compile(lambda x: x * 2)
    compiled(X)
    assert compiled(X.view(Marked)) == ("mine", "multiply")
    masked = np.ma.masked_array(X, X > 0)
    assert np.ma.is_masked(compiled(masked))


def test_variables_pass_through_a_compiled_function():
    compiled = ad.compile(rosenbrock)
    compiled(X)
    np.testing.assert_allclose(ad.grad(compiled)(X), ad.grad(rosenbrock)(X))
    np.testing.assert_allclose(ad.hessian(compiled)(X), ad.hessian(rosenbrock)(X))
    np.testing.assert_allclose(compiled(X), rosenbrock(X))


def test_objects_and_strings_are_refused_or_compiled_in():
    compiled = ad.compile(lambda x, how: x * 2 if how == "twice" else x)
    np.testing.assert_array_equal(compiled(X, "twice"), X * 2)
    np.testing.assert_array_equal(compiled(X, "once"), X)
    np.testing.assert_array_equal(compiled(X, "twice"), X * 2)
    with pytest.raises(ad.ArgumentError, match="dtype object"):
        compiled(X.astype(object), "twice")


def test_static_arguments_of_equal_value_and_another_type():
    compiled = ad.compile(lambda x, n: (x, n))
    assert [compiled(X, n)[1] for n in (1, True, 1, 2, False, 0)] == [1, True, 1, 2, False, 0]
    assert [type(compiled(X, n)[1]) for n in (1, True)] == [int, bool]


def test_an_index_out_of_range_is_an_error_as_ever():
    compiled = ad.compile(lambda x, i: np.sum(x[i] ** 2))
    for good in ([1, 2], [-1, -10]):
        np.testing.assert_allclose(compiled(X, np.array(good)), np.sum(X[np.array(good)] ** 2))
    for bad in ([1, 10], [-11, 0], [10**15, 0], [-(2**63), 2**63 - 1]):
        for _ in range(2):
            with pytest.raises(IndexError):
                compiled(X, np.array(bad))
    np.testing.assert_allclose(compiled(X, np.array([3, 4])), np.sum(X[3:5] ** 2))


def test_arguments_by_name():
    compiled = ad.compile(lambda x, scale=1.0: x * scale)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(X), X)
        np.testing.assert_array_equal(compiled(X, scale=2.0), X * 2)
        np.testing.assert_array_equal(compiled(scale=3.0, x=X), X * 3)
    with pytest.raises(TypeError):
        compiled(X, other=2.0)


# Fresh outputs


def test_outputs_are_fresh(way):
    compiled = ad.compile(lambda x: (x, x * 2, x, np.ones(10)))
    x = X.copy()
    compiled(x)
    first, second = compiled(x), compiled(x)
    arrays = [*first, *second, x]
    for a, b in itertools.combinations(arrays, 2):
        assert not np.shares_memory(a, b)
    for a in first:
        a[...] = np.nan
    same(compiled(x), (x, x * 2, x, np.ones(10)))
    assert all(a.flags.owndata and a.flags.writeable for a in second)


def test_inputs_that_overlap_are_not_written_to(way):
    compiled = ad.compile(lambda x, y: (x + y, x * y, np.cumsum(x) - y))
    x = np.arange(11.0)
    kept = x.copy()
    for a, b in ((x[:10], x[1:]), (x[:10], x[:10]), (x[1:], x[:10])):
        for _ in range(2):
            same(compiled(a, b), (a + b, a * b, np.cumsum(a) - b))
    np.testing.assert_array_equal(x, kept)


def test_an_output_is_an_input_of_the_next_call(way):
    step = ad.compile(lambda x: x + 0.5 * np.sin(x))
    x = y = X
    for _ in range(20):
        x, y = step(x), y + 0.5 * np.sin(y)
    np.testing.assert_allclose(x, y, rtol=1e-12)


# Decisions


def test_decisions_are_checked_natively(way):
    def f(x):
        if np.sum(x) > 0:
            return np.sin(x)
        return np.cos(x) if x[0] > 0 else x

    compiled = ad.compile(f)
    inputs = [X * 0 + 1, -(X * 0 + 1), np.concatenate([[1.0], -(X[1:] * 0 + 2)])]
    for _ in range(3):
        for x in inputs:
            same(compiled(x), f(x))
    (version,) = compiled._versions.values()
    assert len(version.paths) == 3


def test_decisions_on_numbers_of_any_kind(way):
    def f(x):
        return x * 2 if x else x + 10

    for values in ((1.5, 0.0, np.nan, -0.0), tuple(map(np.float32, (1.5, 0, np.nan))), (np.int64(3), np.int64(0))):
        compiled = ad.compile(f)
        for x in values * 2:
            np.testing.assert_array_equal(compiled(x), f(x))


@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")  # the shapes differ, so it runs eagerly
def test_whatever_a_call_back_returns_is_looked_at():
    odd = ad.general(lambda x: np.ones(3 if x[0] > 0 else 5), pushforward=lambda x_dot, *_: x_dot)
    compiled = ad.compile(lambda x: np.exp(odd(x)))
    for sign, length in ((1, 3), (-1, 5), (1, 3)):
        np.testing.assert_allclose(compiled(X * 0 + sign), np.exp(np.ones(length)))
    engine = compiled._latest.engine
    with pytest.raises(ad.ShapeError, match="while it was traced"):
        engine([X * 0 + (1 if engine.graph.outputs[0].shape == (5,) else -1)])


RETURNED = {
    "single precision": lambda v: v.astype(np.float32), "a complex array": lambda v: v * 1j,
    "whole numbers": lambda v: np.round(v).astype(int), "fewer elements": lambda v: v[:1],
}  # fmt: skip


def _of_a_block(change):
    odd = ad.general(lambda x: x * 3.0 if x[0] > 0 else change(x), pushforward=lambda x_dot, *_: x_dot)
    return lambda x: odd(x) / 3


def _of_a_rule(change):
    odd = ad.custom_rule(lambda x: np.asarray(x) * 3.0 if float(x[0]) > 0 else change(np.asarray(x)))
    odd.pullback(lambda out_bar: out_bar)
    return lambda x: odd(x) / 3


def _of_a_pullback(change):
    odd = ad.custom_rule(lambda x: x * 1.0)
    odd.pullback(lambda out_bar, x: change(np.asarray(out_bar)) if float(x[0]) < 0 else np.asarray(out_bar))
    return ad.grad(lambda x: np.sum(odd(x) / 3))


@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")  # it then runs eagerly
@pytest.mark.parametrize("made", [_of_a_block, _of_a_rule, _of_a_pullback])
@pytest.mark.parametrize("returned", RETURNED)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_call_back_returns_what_it_returned_while_it_was_traced(backend, returned, made):
    f = made(RETURNED[returned])
    compiled = ad.compile(f, backend=backend)
    if made is _of_a_pullback and returned == "fewer elements":
        compiled(X)
        for run in (f, compiled):
            with pytest.raises(ValueError, match="cannot reshape"):
                run(-X)
        return
    for x in (X, -X, X):
        np.testing.assert_array_equal(compiled(x), f(x))
        assert compiled(x).dtype == f(x).dtype


# Matrix products


SHAPES = [
    ((40, 50), (50, 30)), ((50,), (50,)), ((40, 50), (50,)), ((50,), (50, 30)), ((6, 40, 50), (50, 30)),
    ((40, 50), (6, 50, 30)), ((6, 40, 50), (6, 50, 30)), ((6, 1, 40, 50), (3, 50, 30)), ((6, 40, 50), (50,)),
    ((50,), (6, 50, 30)), ((2, 40, 50), (2, 50, 30)), ((0, 50), (50, 30)), ((40, 0), (0, 30)), ((40, 50), (50, 0)),
    ((0, 40, 50), (0, 50, 30)), ((2000,), (2000,)), ((1, 50), (50, 1)), ((3, 0), (0,)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.complex128])
@pytest.mark.parametrize("shapes", SHAPES)
def test_products(shapes, dtype, rng):
    x, y = ((rng.standard_normal(s) * 4).astype(dtype) for s in shapes)
    compiled = ad.compile(lambda x, y: x @ y + 1)
    for _ in range(2):
        out = compiled(x, y)
        assert out.dtype == (x @ y).dtype
        np.testing.assert_allclose(out, x @ y + 1, rtol=1e-4 if dtype == np.float32 else 1e-11, atol=1e-4)


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("lead", [(), (5,), (2, 3)])
def test_transposed_operands_are_not_copied(left, right, lead, rng):
    x = rng.standard_normal((*lead, *((40, 50) if not left else (50, 40))))
    y = rng.standard_normal((*lead, *((50, 30) if not right else (30, 50))))

    def f(x, y):
        return (np.swapaxes(x, -1, -2) if left else x) @ (np.swapaxes(y, -1, -2) if right else y)

    compiled = ad.compile(f)
    compiled(x, y)
    np.testing.assert_allclose(compiled(x, y), f(x, y), rtol=1e-11, atol=1e-11)
    assert "store double" not in compiled.llvm
    assert "@blas.dgemm" in compiled.llvm


def test_products_of_nan():
    x, y = np.full((30, 40), np.nan), np.zeros((40, 50))
    compiled = ad.compile(lambda x, y: (x @ y, x @ y[:, 0], x[0] @ y, x[0] @ y[:, 0]))
    for _ in range(2):
        assert all(np.isnan(part).all() for part in compiled(x, y))
        # What memory held before does not matter: the result is not added to it.
        assert not any(np.isnan(part).any() for part in compiled(np.ones((30, 40)), y))


def test_a_layer_is_one_native_function(rng):
    w, x = rng.standard_normal((64, 32)), rng.standard_normal((128, 64))
    gradient = ad.compile(ad.grad(lambda w, x: np.sum(np.tanh(x @ w) ** 2)))
    gradient(w, x)
    assert gradient._entry is not closed or fastcall.layout()
    np.testing.assert_allclose(
        gradient(w, x), ad.grad(lambda w, x: np.sum(np.tanh(x @ w) ** 2))(w, x), rtol=1e-10, atol=1e-10
    )


def test_blas_is_found_once():
    routines = ("gemm", "gemv", "dot", "trsm")
    assert {name.split(".")[1] for name in gemm.symbols()} == {c + r for c in "ds" for r in routines}
    assert all(gemm.symbols().values())


# Memory


def test_values_that_meet_have_memory_of_their_own(rng):
    uses = rng.integers(0, 40, (200, 2))
    sizes = rng.integers(0, 3000, 200)
    workspace = Workspace()
    for place, ((a, b), size) in enumerate(zip(uses, sizes, strict=True)):
        workspace.need(place, int(size), int(a))
        workspace.need(place, int(size), int(b))
    workspace.plan()
    for u, v in itertools.combinations(workspace.uses.values(), 2):
        if u.first <= v.last and v.first <= u.last:
            assert u.offset + u.size <= v.offset or v.offset + v.size <= u.offset
    assert all(u.offset % LINE_BYTES == 0 and u.offset + u.size <= workspace.size for u in workspace.uses.values())
    assert workspace.size < sum(u.size for u in workspace.uses.values())


def _resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="resident memory is read from /proc")
@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_functions_that_are_dropped_leave_nothing(backend):
    def one(k):
        compiled = ad.compile(ad.grad(lambda x: np.sum(x * (k + 0.5)) + x @ x), backend=backend)
        compiled(X)
        compiled(X)

    for k in range(30):
        one(k)
    gc.collect()
    before, objects = _resident(), len(gc.get_objects())
    for k in range(60):
        one(k)
    gc.collect()
    # A function that stayed would hold some 100 KiB, in objects of its own.
    assert _resident() - before < 60 * 50_000
    assert len(gc.get_objects()) - objects < 60


def test_functions_are_no_cycles():
    gc.collect()
    gc.disable()
    try:
        compiled = ad.compile(ad.grad(rosenbrock))
        compiled(X)
        compiled(X)
        engine = weakref.ref(compiled._latest.engine.library)
        del compiled
        assert engine() is None
    finally:
        gc.enable()


def test_a_door_keeps_what_it_needs():
    if fastcall.layout():
        pytest.skip(fastcall.layout())
    compiled = ad.compile(lambda x: (np.sin(x) + np.arange(10.0), "a"))
    expected = compiled(X)
    entry = compiled._entry
    del compiled
    gc.collect()
    same(entry(X), expected)


def test_results_hold_no_references_too_many():
    marker = "marker of this test, " * 2
    compiled = ad.compile(lambda x: (x * 2, np.sum(x), np.sum(x) > 0, marker))
    x = X.copy()
    compiled(x)
    nested = ad.compile(lambda x: ((x, (marker,)), (np.sum(x), (x * 2, 0.5))))
    nested(x)
    watched = [x, x.dtype, np.ndarray, np.float64, marker, np.True_, fastcall.MISSING]
    before = list(map(sys.getrefcount, watched))
    for _ in range(1000):
        compiled(x)
        nested(x)
        compiled._entry(None)
    after = list(map(sys.getrefcount, watched))
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 50


def test_many_calls_leave_nothing(rng):
    compiled = ad.compile(lambda x: (np.sort(x) * 2, x * 2))
    fast = ad.compile(lambda x: (x * 2, np.sum(x)))
    x = rng.standard_normal(1000)
    for f in (compiled, fast):
        f(x)
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(2000):
            f(x)
        gc.collect()
        assert len(gc.get_objects()) - before < 1000


# Threads


@pytest.fixture
def few_threads():
    wanted = thread_pool.WORKERS.wanted
    yield
    ad.set_threads(wanted)


LONG = np.random.default_rng(1).standard_normal(400_000)
LOOPS = {
    "sum": lambda x: np.sum(np.exp(x)),
    "max": lambda x: (np.max(np.sin(x)), np.min(np.sin(x))),
    "any": lambda x: (np.any(np.sin(x) > 0.5), np.all(np.exp(x) > 0)),
    "map": lambda x: np.sin(x) * np.exp(x),
    "logsumexp": logsumexp,
    "gradient": ad.grad(logsumexp),
    "stages": lambda x: np.tanh(np.exp(np.sin(x))) + np.sum(np.exp(np.tanh(np.sin(x)))),
    "rows": lambda x: np.sum(np.exp(x.reshape(800, 500)), axis=1),
    "columns": lambda x: np.sum(np.exp(x.reshape(800, 500)), axis=0),
    "lanes": lambda x: np.sum(np.exp(x.reshape(-1, 4)), axis=0),
    "float32": lambda x: np.sum(np.exp(x.astype(np.float32))),
    "integers": lambda x: np.sum((np.exp(x)).astype(np.int64)),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_results_do_not_depend_on_threads(loop, few_threads):
    f = LOOPS[loop]
    compiled = ad.compile(f)
    compiled(LONG)
    found = []
    for count in (1, 2, 3, 8, 2, 1):
        ad.set_threads(count)
        found.append(np.array(compiled(LONG)))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)
    rtol = 1e-4 if loop == "float32" else 1e-10
    np.testing.assert_allclose(np.ravel(found[0]), np.ravel(f(LONG)), rtol=rtol, atol=1e-13)


def test_long_loops_are_cut():
    compiled = ad.compile(LOOPS["sum"])
    compiled(LONG)
    assert "@dragongrad.parallel(ptr @part" in compiled.llvm
    compiled(LONG[:100])
    assert "@dragongrad.parallel" not in compiled.llvm


def test_nan_in_one_part_is_found(few_threads):
    ad.set_threads(2)
    compiled = ad.compile(LOOPS["max"])
    for at in (0, 77_777, len(LONG) - 1):
        x = LONG.copy()
        x[at] = np.nan
        assert np.isnan(compiled(x)).all()


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", None])
def test_a_number_of_threads_is_a_positive_integer(count):
    with pytest.raises(ad.ArgumentError, match="positive integer"):
        ad.set_threads(count)


def test_the_number_of_threads_comes_from_the_environment():
    code = "from dragongrad.compiler.backends.native.parallel.thread_pool import WORKERS; print(WORKERS.wanted)"
    for given, wanted in (("3", "3"), ("2,4", "2"), ("nonsense", None), ("", None)):
        env = {**os.environ, "OMP_NUM_THREADS": given}
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
        assert int(out.stdout) >= 1
        assert wanted is None or out.stdout.strip() == wanted


def _together(work, count=8):
    """Run `work(k)` in some threads at once, and pass on what they raise."""
    errors = []
    barrier = threading.Barrier(count)

    def run(k):
        barrier.wait()
        try:
            work(k)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]


def test_python_goes_on_while_a_long_program_runs(way):
    compiled = ad.compile(lambda x: np.sum(np.exp(np.sin(x))))
    x = np.ones(8_000_000)
    compiled(x)
    begin, seen = threading.Event(), []

    def other():
        begin.wait()
        seen.append(True)

    thread = threading.Thread(target=other)
    thread.start()
    interval = sys.getswitchinterval()
    # Python's lock is not taken from a thread that does not give it away.
    sys.setswitchinterval(100.0)
    try:
        begin.set()
        compiled(x)
        assert seen
    finally:
        sys.setswitchinterval(interval)
    thread.join()


@pytest.mark.parametrize("f", [ad.grad(rosenbrock), logsumexp, lambda x: np.cumsum(x) * 2 + np.exp(x) @ x])
@pytest.mark.parametrize("n", [10, 3000, 100_000])
def test_eight_threads_call_one_function(f, n, way, rng):
    compiled = ad.compile(f)
    inputs = [rng.standard_normal(n) for _ in range(8)]
    expected = [f(x) for x in inputs]

    def work(k):
        for _ in range(20 if n < 10_000 else 5):
            np.testing.assert_allclose(compiled(inputs[k]), expected[k], rtol=1e-9, atol=1e-9)

    _together(work)


def test_eight_threads_compile_and_drop(few_threads):
    def work(k):
        ad.set_threads(1 + k % 3)
        for j in range(6):
            compiled = ad.compile(lambda x, j=j: np.sum(np.exp(x)) * (k + 10 * j))
            x = LONG[: 1000 + 40_000 * j]
            for _ in range(3):
                np.testing.assert_allclose(compiled(x), np.sum(np.exp(x)) * (k + 10 * j), rtol=1e-10)

    _together(work)


def test_a_function_calls_itself_through_a_call_back():
    inner = ad.compile(lambda x: np.exp(x) * 2)
    inner(X)

    again = ad.general(lambda x: inner(x), pushforward=lambda x_dot, *_: x_dot)
    outer = ad.compile(lambda x: again(x) + again(np.sin(x)))
    for _ in range(3):
        np.testing.assert_allclose(outer(X), np.exp(X) * 2 + np.exp(np.sin(X)) * 2)


def test_a_call_back_that_raises_leaves_the_function_usable():
    fail = []

    def sort(x):
        if fail:
            raise RuntimeError("not now")
        return np.sort(x)

    careful = ad.general(sort, pushforward=lambda x_dot, *_: x_dot)
    compiled = ad.compile(lambda x: careful(np.exp(x)) * 2)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), np.sort(np.exp(X)) * 2)
        fail.append(True)
        with pytest.raises(RuntimeError, match="not now"):
            compiled(X)
        fail.clear()


def test_interrupts_come_through():
    code = """
import signal, threading, numpy as np, dragongrad as ad
x = np.ones(2_000_000)
f = ad.compile(lambda x: np.sum(np.exp(np.sin(x))))
f(x)
def handler(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, handler)
for _ in range(5):
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        while True: f(x)
    except KeyboardInterrupt:
        pass
print(round(float(f(x)), 3) == round(float(np.sum(np.exp(np.sin(x)))), 3))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert out.stdout.strip() == "True", out.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_computes():
    code = """
import os, warnings, numpy as np, dragongrad as ad
warnings.simplefilter("ignore")
ad.set_threads(3)
x = np.linspace(0, 1, 500_000)
f = ad.compile(lambda x: np.sum(np.exp(x)))
expected = f(x), f(x)
child = os.fork()
if not child:
    fine = f(x) == expected[1]
    ad.set_threads(2)
    g = ad.compile(lambda x: np.sum(np.sin(x)))
    fine = fine and abs(g(x) - np.sum(np.sin(x))) < 1e-6 and abs(g(x) - np.sum(np.sin(x))) < 1e-6
    os._exit(0 if fine else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), f(x) == expected[1])
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert out.stdout.split() == ["0", "True"], out.stderr


# The layout of objects


def test_this_layout_is_known_or_explained():
    assert isinstance(fastcall.layout(), str)
    if sys.implementation.name == "cpython" and not getattr(sys.flags, "nogil", False) and sys.maxsize > 2**32:
        assert fastcall.layout() == "" or "build" in fastcall.layout()


def test_what_reads_in_another_way_is_noticed(monkeypatch):
    if fastcall.layout():
        pytest.skip(fastcall.layout())
    array, scalar = fastcall.abi.Array, fastcall.abi.Scalar
    for record, name, other in (
        (array, "data", 24), (array, "shape", 40), (array, "descr", 48), (scalar, "value", 8), (array, "type", 0),
    ):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(record, name, replace(getattr(record, name), offset=other))
            assert fastcall._compare()


def test_compiled_functions_are_pickled_without_their_doors():
    compiled = ad.compile(ad.grad(rosenbrock))
    compiled(X)
    again = pickle.loads(pickle.dumps(ad.compile(np.sin)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(again(X), np.sin(X))


def test_watched_calls_are_eager():
    compiled = ad.compile(ad.grad(lambda x: np.sum(np.log(x))))
    compiled(X * 0 + 1)
    with ad.debug_nans(), np.errstate(divide="ignore"), pytest.raises(ad.NonFiniteError):
        compiled(X * 0)


def test_a_fault_of_the_native_backend_is_a_warning(monkeypatch):
    def fails(*args):
        raise IndexError("made to fail")

    monkeypatch.setattr(specialization, "Native", fails)
    compiled = ad.compile(ad.grad(lambda x: np.sum(np.sin(x))))
    with pytest.warns(ad.CompileWarning, match=r"NumPy source(.|\n)*made to fail"):
        compiled(np.ones(3))
    np.testing.assert_allclose(compiled(np.zeros(3)), 1.0)
    with pytest.raises(IndexError, match="made to fail"):
        ad.compile(np.sin, backend="native")(np.ones(3))
