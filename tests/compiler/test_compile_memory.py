"""What compiled functions hold in memory: no more than they need, and the eager results."""

import sys

import numpy as np
import pytest
from grid import covering

import dragongrad as ad
from dragongrad.compiler.backends.native.memory import buffer_reuse as write_over
from dragongrad.compiler.backends.native.memory.allocation import Workspace
from dragongrad.compiler.backends.native.parallel import scratch_slots, thread_pool
from dragongrad.compiler.backends.native.schedule.steps import Loops
from dragongrad.core.nests import flatten

pytest.importorskip("llvmlite")


def compiled(f, *args, rtol=1e-11):
    """The compiled function, after two calls that gave what the eager function gives."""
    g = ad.compile(f, backend="native")
    expected = flatten(f(*args))[0]
    for _ in range(2):
        for a, b in zip(flatten(g(*args))[0], expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    return g


@pytest.fixture
def few_threads():
    wanted = thread_pool.WORKERS.wanted
    yield
    ad.set_threads(wanted)


def engine(g):
    """What runs it."""
    return g._path().engine


def steps(g):
    """The steps of the plan."""
    return engine(g).plan.schedule.steps


def parts(g):
    """How the loops of a function are cut."""
    return [line for line in g.llvm.splitlines() if "call void @dragongrad.parallel" in line]


def test_parts_of_a_loop_share_the_tiles_of_as_many_threads_as_there_are(monkeypatch, rng):
    x = rng.standard_normal((800, 24))

    def f(w):
        return np.sum(np.tanh((x[None] * w[:, :1, :]) @ w) ** 2)

    size = {}
    for most in (1, 2, 100):
        monkeypatch.setattr(scratch_slots, "at_once", lambda most=most: most)
        g = compiled(f, rng.standard_normal((40, 24, 24)))
        assert parts(g)
        size[most] = engine(g).workspace.size
    tile = 800 * 24 * 8
    assert size[2] - size[1] in (tile, 2 * tile)
    assert size[100] > 20 * tile


def test_more_threads_than_tiles_wait_for_one(monkeypatch, few_threads, rng):
    monkeypatch.setattr(scratch_slots, "at_once", lambda: 2)
    x, w = rng.standard_normal((800, 24)), rng.standard_normal((40, 24, 24))
    g = compiled(lambda w: np.sum(np.tanh((x[None] * w[:, :1, :]) @ w) ** 2, (1, 2)), w)
    expected = g(w)
    for count in (5, 1, 2, 5):
        ad.set_threads(count)
        for _ in range(10):
            np.testing.assert_array_equal(g(w), expected)


def test_partial_results_are_no_larger_than_what_is_added_up(rng):
    x = rng.standard_normal((64, 20_000))
    g = compiled(lambda x: np.sum(np.exp(x), 0), x)
    assert parts(g)
    assert engine(g).workspace.size <= x.nbytes // 8


def in_place(g):
    """How many values are written over others."""
    return sum(len(function.over) for function in engine(g).plan.functions.values())


def dear(x):
    """Too dear to be computed twice."""
    return np.cos(np.tanh(np.sin(np.exp(np.sin(x)))))


def chain(x):
    y = dear(x)
    z = dear(y - np.sum(y) / y.size)
    w = dear(z + np.sum(z) / z.size)
    return np.sum(dear(w / np.max(w)))


@pytest.mark.parametrize(
    ("shape", "dtype"), covering([(40_000,), (200, 200), (13_000, 3)], [np.float64, np.float32])
)
def test_a_chain_of_large_steps_lies_in_one_place(shape, dtype, few_threads, rng):
    x = rng.standard_normal(shape).astype(dtype)
    g = compiled(chain, x, rtol=1e-11 if dtype == np.float64 else 1e-4)
    assert in_place(g) == 2
    assert engine(g).workspace.size < 1.2 * x.nbytes
    assert "2 more written over others in place" in g.report()
    assert parts(g)
    found = []
    for count in (1, 2, 3):
        ad.set_threads(count)
        found += [g(x), g(x)]
    assert len(set(found)) == 1


ORDER = np.random.default_rng(11).permutation(40_000)


def square(y):
    return y.reshape(200, 200)


# Each reads elements of `y` after others are written in their place, were that place the same.
APART = {
    "backwards": lambda y, s: dear(y[::-1] * s),
    "shifted": lambda y, s: dear(np.concatenate([y[1:], y[:1]]) * s),
    "rolled": lambda y, s: dear(np.roll(y, 7) - s),
    "shuffled": lambda y, s: dear(y[ORDER] * s),
    "twice": lambda y, s: dear(y * y[::-1] + s),
    "first": lambda y, s: dear(y * s + y[0]),
    "last": lambda y, s: dear(y * s + y[-1]),
    "halves exchanged": lambda y, s: dear(np.concatenate([y[20_000:], y[:20_000]]) * s),
    "every other": lambda y, s: dear(np.concatenate([y[::2], y[1::2]]) * s),
    "turned": lambda y, s: dear(square(y).T * s),
    "turned and not": lambda y, s: dear(square(y).T * square(y) + s),
    "rows backwards": lambda y, s: dear(square(y)[::-1] * s),
    "columns backwards": lambda y, s: dear(square(y)[:, ::-1] * s),
    "with the first column": lambda y, s: dear(square(y) * square(y)[:, :1] * s),
}
# Here nothing is read later.
TOGETHER = {
    "itself": lambda y, s: dear(y * s),
    "twice the same": lambda y, s: dear(y * s + np.sin(y)),
    "another shape": lambda y, s: dear(square(y) * s),
    "sums of rows": lambda y, s: dear(square(y) + np.sum(square(y), 1, keepdims=True) * s),
    "sums of columns": lambda y, s: dear(square(y) + np.sum(square(y), 0) * s),
    "halves": lambda y, s: dear(np.concatenate([y[:20_000] * s, y[20_000:] + s])),
    # A copy of the row is made before.
    "with the first row": lambda y, s: dear(square(y) * y[:200] * s),
}


def used_up(case):
    def f(x):
        y = dear(x)
        z = case(y, np.sum(y) / y.size)
        return np.sum(dear(z * np.mean(z)))

    return f


@pytest.mark.parametrize("case", [*APART, *TOGETHER])
def test_only_what_is_not_read_any_more_is_written_over(case, monkeypatch, few_threads, unchecked_programs, rng):
    f = used_up({**APART, **TOGETHER}[case])
    x = rng.standard_normal(40_000)
    ad.set_threads(3)
    assert in_place(compiled(f, x)) == (case in TOGETHER)
    monkeypatch.setattr(write_over, "_precedes", lambda *_: True)
    g = ad.compile(lambda x: f(x), backend="native")
    g(x)
    assert in_place(g) == 1


@pytest.mark.parametrize("case", [case for case in [*APART, *TOGETHER] if case != "every other"])
def test_gradients_of_what_is_written_over(case, few_threads, rng):
    ad.set_threads(3)
    f = ad.grad(used_up({**APART, **TOGETHER}[case]))
    compiled(f, rng.standard_normal(40_000), rtol=1e-9)


def test_results_and_arguments_are_never_written_over(rng):
    def f(x, y):
        a = dear(x - y)
        b = dear(a + np.mean(a))
        c = dear(b + np.mean(b))
        return a, np.sum(c), c

    base = rng.standard_normal(30_001)
    before, x, y = base.copy(), base[:-1], base[1:]
    g = compiled(f, x, y)
    first = g(x, y)
    kept = [np.array(v) for v in first]
    g(2 * x, y), g(y, x), g(x, x)
    np.testing.assert_array_equal(base, before)
    for now, then in zip(first, kept, strict=True):
        np.testing.assert_array_equal(now, then)
    assert g(x, y)[0] is not first[0]


def test_what_decides_or_is_called_back_with_keeps_its_place(rng):
    def f(x):
        a = dear(x)
        b = dear(a + np.mean(a))
        order = np.argsort(b)
        c = dear(b + np.mean(b))
        return np.sum(dear(c * np.mean(c))) if np.max(b) > 0 else b[order], order

    compiled(f, rng.standard_normal(30_000))


def test_rows_are_normalised_in_place(rng):
    def f(x):
        y = dear(x * np.mean(x))
        z = dear(y - np.max(y, 1, keepdims=True)) / np.sum(dear(y), 1, keepdims=True)
        return np.sum(dear(z / np.max(z)))

    x = rng.standard_normal((150, 300))
    g = compiled(f, x)
    assert engine(g).workspace.size < 1.2 * x.nbytes


def mixture(weights, means, factors, x):
    """The log likelihood of a mixture of Gaussians."""
    spread = (x[None] - means[:, None, :]) @ np.swapaxes(factors, 1, 2)
    terms = weights[:, None] - 0.5 * np.sum(spread * spread, 2)
    top = np.max(terms, 0)
    return np.sum(np.log(np.sum(np.exp(terms - top), 0)) + top)


def mixture_arguments(rng, k, n, d, dtype=np.float64):
    values = rng.random(k), rng.random((k, d)), 0.2 * rng.standard_normal((k, d, d)), rng.standard_normal((n, d))
    return [v.astype(dtype) for v in values]


MIXTURE = ad.value_and_grad(mixture, (0, 1, 2))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_gradient_of_a_mixture_holds_tiles_and_terms(monkeypatch, few_threads, dtype, rng):
    monkeypatch.setattr(scratch_slots, "at_once", lambda: 2)
    k, n, d = 48, 1000, 32
    arguments = mixture_arguments(rng, k, n, d, dtype)
    ad.set_threads(1)
    g = compiled(MIXTURE, *arguments, rtol=1e-9 if dtype == np.float64 else 3e-3)
    # The terms, two tiles a thread, and partial results; the products are 32 times the terms.
    partial = 1 << 17
    assert engine(g).workspace.size < (1.2 * k * n + 4 * n * d) * np.dtype(dtype).itemsize + partial
    first = g(*arguments)
    ad.set_threads(2)
    for a, b in zip(flatten(first)[0], flatten(g(*arguments))[0], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("k", "n", "d", "times"), [(48, 800, 32, 2), (48, 80, 32, 1), (24, 200, 80, 1)])
def test_only_large_and_quick_products_are_computed_again(k, n, d, times, rng):
    g = compiled(MIXTURE, *mixture_arguments(rng, k, n, d), rtol=1e-9)
    stores = [store for step in steps(g) if isinstance(step, Loops) for store in step.stores]
    assert sum(store.kind == "product" and store.node.shape == (k, n, d) for store in stores) == times


def test_what_is_written_over_is_needed_as_long_as_what_replaces_it():
    workspace = Workspace()
    workspace.share(1, 0)
    workspace.share(2, 1)
    for place, step in ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 5), (3, 3), (4, 6)):
        workspace.need(place, 1000, step)
    workspace.plan()
    offsets = dict(workspace.offsets())
    assert offsets[0] == offsets[1] == offsets[2] == offsets[4] != offsets[3]
    assert workspace.size == 2 * 1024


def places_of(count):
    """A workspace of values that live for a while, each its own."""
    rng, workspace = np.random.default_rng(count), Workspace()
    for place in range(count):
        size, first = int(rng.integers(1, 300)), int(rng.integers(0, count // 8))
        workspace.need(place, size, first)
        workspace.need(place, size, first + int(rng.integers(0, 40)))
    return workspace


def test_values_that_meet_share_no_bytes():
    workspace = places_of(500)
    workspace.plan()
    uses = list(workspace.uses.values())
    for k, a in enumerate(uses):
        assert 0 <= a.offset <= workspace.size - a.size
        for b in uses[:k]:
            apart = a.offset + a.size <= b.offset or b.offset + b.size <= a.offset
            assert apart or a.last < b.first or b.last < a.first
    most = max(sum(u.size for u in uses if u.first <= step <= u.last) for step in range(110))
    assert most <= workspace.size < 1.2 * most


def test_the_work_of_placing_values_grows_with_their_number():
    def lines_run(count):
        workspace, lines = places_of(count), 0

        def trace(frame, event, _):
            nonlocal lines
            lines += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            workspace.plan()
        finally:
            sys.settrace(before)
        return lines

    assert lines_run(2000) < 2.5 * lines_run(1000)
