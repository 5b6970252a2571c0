"""Python's loops in compiled functions: written out by the trace, and made loops again where they are long."""

import importlib

import numpy as np
import pytest
from grid import BACKENDS, covering
from hypothesis import given, settings
from hypothesis import strategies as st

import dragongrad as ad
from dragongrad.compiler.graph import SCAN
from dragongrad.compiler.rewrite import verify

LOOPS = importlib.import_module("dragongrad.compiler.passes.reroll.loops")
AGAIN = importlib.import_module("dragongrad.compiler.passes.again")


@pytest.fixture
def eager_to_roll(monkeypatch):
    """Short loops too."""
    monkeypatch.setattr(LOOPS, "LEAST_OPERATIONS", 1)
    monkeypatch.setattr(LOOPS, "LEAST_OF_ONE", 1)


def scans(graph):
    """The loops of a Graph, those inside others too."""
    found = [node for node in graph.nodes if node.block is SCAN]
    return found + [inner for node in found for inner in scans(node.params["body"])]


# Programs of a vector of twelve numbers, and how many loops their values have at least


def recurrence(x):
    a, b = x[0], x[1]
    for _ in range(12):
        a, b = b, np.sin(a) + 0.9 * b
    return a * b


def rows(x):
    h = x[0]
    for i in range(12):
        h = np.tanh(h * x[i]) + 0.01 * i
    return h


def backwards(x):
    total = 0.0
    for i in range(11, 0, -1):
        total = total * x[i] + x[i - 1]
    return total


def columns(x):
    w, h = np.outer(x, x + 1), x[:3]
    for i in range(12):
        h = np.tanh(h + w[2:5, i]) * w[i, i]
    return np.sum(h)


def collected(x):
    h, seen = x[:4], []
    for i in range(12):
        h = np.sin(h) + x[i]
        seen.append(h)
    return np.sum(np.stack(seen) * np.arange(12.0)[:, None]) + np.sum(np.stack(seen, axis=1)[2])


def filled(x):
    y = np.zeros(13)
    y[0] = x[0]
    for i in range(12):
        y[i + 1] = y[i] + 0.1 * np.sin(x[1] * y[i])
    return np.sum(y**2)


def filled_rows(x):
    y = np.zeros((13, 3))
    y[0] = x[:3]
    for i in range(12):
        y[i + 1] = y[i] * np.cos(x[3:6]) + x[i]
    return np.sum(np.sin(y) * np.arange(39.0).reshape(13, 3))


def in_place(x):
    y = x.copy()
    for i in range(1, 12):
        y[i] = y[i] + np.sin(y[i - 1])
    return np.sum(y * np.arange(12.0))


def tridiagonal(x):
    a, b, n = x / 5, 2 + x**2, 12
    c, d, y = np.zeros(n), np.zeros(n), np.zeros(n)
    c[0], d[0] = a[0] / b[0], x[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i] * c[i - 1]
        c[i], d[i] = a[i] / m, (x[i] - a[i] * d[i - 1]) / m
    y[-1] = d[-1]
    for i in range(n - 2, -1, -1):
        y[i] = d[i] - c[i] * y[i + 1]
    return np.sum(y * x)


def nested(x):
    h = x[:3]
    for i in range(12):
        for j in range(10):
            h = np.sin(h) + x[j]
        h = h * x[i]
    return np.sum(h)


def two(x):
    h = x * 1.0
    for _ in range(12):
        h = np.sin(h * x)
    middle = h
    for _ in range(12):
        h = np.cos(h) + x * middle
    return np.sum(h)


def early(x):
    h, kept = x, 0.0
    for i in range(12):
        h = np.sin(h) * x
        if i == 3:
            kept = h
    return np.sum(kept * h)


def decided(x):
    total = x[0]
    for i in range(12):
        total = total * x[i] + 1.5
        if total > 2.0:
            total = total - 1.0
    return total


def tables(x):
    h = x[:3]
    for i in range(12):
        h = np.sin(h) * np.array([i, 1.0, 2.0 * i]) + x[[3, 1, 2][i % 3]]
    return np.sum(h)


def delayed(x):
    a, b, c = x[0], x[1], x[2]
    for i in range(14):
        a, b, c = np.sin(a * c), a, b * x[i % 12]
    return a + b * c


def filtered(x):
    state, cover, step, total = np.zeros(2), np.eye(2), np.array([[1.0, 0.1], [0.0, 1.0]]), 0.0
    for k in range(12):
        state, cover = step @ state, step @ cover @ step.T + x[0] ** 2 * np.eye(2)
        spread = cover[:1, :1] + 0.1
        gain = cover[:, :1] @ np.linalg.inv(spread)
        miss = x[k] - state[:1]
        state, cover = state + gain @ miss, cover - gain @ cover[:1]
        total = total - np.log(spread[0, 0]) - miss[0] ** 2 / spread[0, 0]
    return total


PROGRAMS = {
    f.__name__: (f, count)
    for f, count in [
        (recurrence, 1), (rows, 1), (backwards, 1), (columns, 1), (collected, 1), (filled, 1), (filled_rows, 1),
        (in_place, 1), (tridiagonal, 2), (nested, 2), (two, 2), (early, 1), (decided, 0), (tables, 0), (delayed, 1),
        (filtered, 1),
    ]
}  # fmt: skip
X = np.array([0.3, 1.1, 0.7, 0.9, 0.45, 0.6, 1.2, 0.8, 0.35, 1.05, 0.5, 0.75])
TRANSFORMS = {
    "value": lambda f: f,
    "gradient": ad.grad,
    "tangent": lambda f: lambda x: ad.jvp(f, (x,), (np.ones(12),))[1],
    "hessian": ad.hessian,
    "rows": lambda f: lambda x: ad.vmap(f)(np.stack([x, x / 2, x**2])),
    "gradient of rows": lambda f: lambda x: ad.vmap(ad.grad(f))(np.stack([x, x / 2, x**2])),
}


@pytest.mark.parametrize(
    ("program", "transform", "backend"),
    # The rows of a batch decide otherwise, which is an error.
    [row for row in covering(PROGRAMS.keys(), TRANSFORMS.keys(), BACKENDS, together=2)
     if row.values[0] != "decided" or "rows" not in row.values[1]],
)  # fmt: skip
def test_loops_again_are_what_eager_python_gives(program, transform, backend, eager_to_roll):
    f, count = PROGRAMS[program]
    g = TRANSFORMS[transform](f)
    expected = np.asarray(g(X.copy()))
    compiled = ad.compile(g, backend=backend)
    for _ in range(2):
        found = np.asarray(compiled(X.copy()))
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11 * np.abs(expected).max())
    graph = compiled._latest.graph
    verify(graph)
    if transform == "value":
        assert len(scans(graph)) >= count


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_computed_again_instead_of_read(program, backend, eager_to_roll, monkeypatch):
    monkeypatch.setattr(LOOPS, "FREE_BYTES", -1)
    monkeypatch.setattr(AGAIN, "FREE_BYTES", -1)
    f, _ = PROGRAMS[program]
    expected = ad.grad(f)(X)
    compiled = ad.compile(ad.grad(f), backend=backend)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), expected, rtol=1e-10, atol=1e-11 * np.abs(expected).max())
    verify(compiled._latest.graph)


def test_large_arrays_that_are_cheap_are_computed_again():
    def f(y, p):
        for _ in range(60):
            k = p * (y + 0.005 * (p * y))
            y = y + 0.01 * k
        return np.sum(y**2)

    y, p = np.linspace(0.0, 1.0, 20_000), np.linspace(1.0, 2.0, 20_000)
    compiled = ad.compile(ad.grad(f, argnums=(0, 1)), backend="native")
    for _ in range(2):
        for found, expected in zip(compiled(y, p), ad.grad(f, argnums=(0, 1))(y, p), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    # What each step begins with, and some more rows.
    assert compiled._latest.engine.workspace.size < 75 * y.nbytes


def test_steps_back_over_large_arrays_keep_no_more_than_two_rows_for_each_step():
    def f(y, p):
        for _ in range(100):
            k1 = p * y
            k2 = p * (y + 0.005 * k1)
            k3 = p * (y + 0.005 * k2)
            k4 = p * (y + 0.01 * k3)
            y = y + 0.01 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return np.sum(y**2)

    y, p = np.linspace(0.0, 1.0, 5_000), np.linspace(1.0, 2.0, 5_000)
    compiled = ad.compile(ad.grad(f, argnums=(0, 1)), backend="native")
    for _ in range(2):
        for found, expected in zip(compiled(y, p), ad.grad(f, argnums=(0, 1))(y, p), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert compiled._latest.engine.workspace.size < 220 * y.nbytes


@pytest.mark.parametrize("program", PROGRAMS)
def test_loops_again_are_the_steps_written_out_to_the_last_bit(program, monkeypatch):
    f, _ = PROGRAMS[program]
    found = []
    for least in (1, 10**9):
        monkeypatch.setattr(LOOPS, "LEAST_OPERATIONS", least)
        monkeypatch.setattr(LOOPS, "LEAST_OF_ONE", least)
        compiled = ad.compile(f, backend="numpy")
        compiled(X.copy())
        found.append(compiled(X.copy()))
    assert np.array_equal(*found)


def test_long_loops_become_loops_and_short_ones_stay_written_out():
    def f(x, n):
        for _ in range(n):
            x = np.sin(x) * 1.1
        return np.sum(x)

    for n, rolled in ((20, False), (1000, True)):
        compiled = ad.compile(lambda x, n=n: f(x, n))
        compiled(X)
        assert bool(scans(compiled._latest.graph)) is rolled
        np.testing.assert_allclose(compiled(X), f(X, n), rtol=1e-13)


@pytest.mark.parametrize(("width", "rolled"), [(3, True), (40, False)])
def test_layers_with_weights_of_their_own_are_a_loop_unless_many_bytes_were_copied(width, rolled):
    def network(layers, x):
        for w, b in layers:
            x = np.tanh(x @ w + b) + x
        return np.sum(x**2)

    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(width, width)) / width, rng.normal(size=width)) for _ in range(120)]
    x = rng.normal(size=(4, width))
    compiled = ad.compile(ad.grad(network))
    for _ in range(2):
        for found, expected in zip(compiled(layers, x), ad.grad(network)(layers, x), strict=True):
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10 * np.abs(b).max())
    assert bool(scans(compiled._latest.graph)) is rolled
    if not rolled:
        assert "which would be copied" in compiled.report()


def test_dtypes_of_carries_and_numbers_stay(eager_to_roll):
    def f(x):
        h = x
        for i in range(14):
            h = np.sin(h) * (0.1 * i) + x
        return h

    x = X.astype(np.float32)
    compiled = ad.compile(f)
    compiled(x)
    assert compiled(x).dtype == np.float32
    assert scans(compiled._latest.graph)
    np.testing.assert_allclose(compiled(x), f(x), rtol=1e-5)


@pytest.mark.parametrize("n", [0, 1])
def test_values_of_no_elements(n, eager_to_roll):
    def f(x):
        h = x[:n]
        for i in range(12):
            h = np.sin(h) + x[i : i + n]
        return np.concatenate([h, x])

    compiled = ad.compile(f)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), f(X), rtol=1e-13)


REFUSED = {
    "powers": (lambda x: _powers(x), "power has another constant in each step"),
    "places of what changes": (lambda x: _read_moving(x), "getitem has another index in each step"),
    "a transform of Fourier's": (lambda x: _transformed(x), "fft is not computed natively"),
    "any order": (lambda x: _unordered(x), "its steps need nothing of one another"),
}


def _powers(x):
    h = x
    for i in range(1, 14):
        h = np.sin(h) + x**i
    return np.sum(h)


def _read_moving(x):
    h = x
    for i in range(12):
        h = np.sin(h) * h[i] + 1.0
    return np.sum(h)


def _transformed(x):
    h = x
    for _ in range(12):
        h = np.abs(np.fft.fft(np.sin(h) * x))
    return np.sum(h)


def _unordered(x):
    return sum([np.sin(np.cos(x[i]) * 2.0) for i in range(12)])


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_loop_stays_written_out_and_the_report_says_why(case, eager_to_roll):
    f, why = REFUSED[case]
    compiled = ad.compile(f)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), f(X), rtol=1e-12)
    assert not scans(compiled._latest.graph)
    assert f"written out: {why}" in compiled.report()


def test_the_report_says_what_is_a_loop_again():
    def f(x):
        for _ in range(500):
            x = np.sin(x) * 1.1 + 0.1
        return np.sum(x)

    compiled = ad.compile(f)
    compiled(X)
    (line,) = [line for line in compiled.report().splitlines() if "a loop again" in line]
    assert line.split()[:2] == ["500", "3"]


def test_a_saved_program_holds_its_loops(tmp_path, eager_to_roll):
    compiled = ad.compile(ad.grad(recurrence))
    expected = compiled(X)
    compiled.save(tmp_path / "f.npz")
    assert np.array_equal(ad.load(tmp_path / "f.npz")(X), expected)


# Random loops: statements over three values, rows, a buffer and a list


@st.composite
def programs(draw):
    names = st.sampled_from("abc")
    statement = st.one_of(
        st.tuples(st.just("map"), names, st.sampled_from([np.sin, np.cos, np.tanh]), names),
        st.tuples(st.just("both"), names, st.sampled_from([np.add, np.multiply, np.subtract]), names, names),
        st.tuples(st.just("row"), names, names, st.integers(0, 2)),
        st.tuples(st.just("back"), names, names, st.integers(0, 2)),
        st.tuples(st.just("count"), names, names),
        st.tuples(st.just("write"), names, st.integers(0, 2)),
        st.tuples(st.just("read"), names, names, st.integers(0, 2)),
        st.tuples(st.just("append"), names),
        st.tuples(st.just("swap"), names, names),
    )
    return draw(st.lists(statement, min_size=2, max_size=8)), draw(st.integers(8, 11)), draw(st.booleans())


def run(statements, steps, vectors, x):
    value = {"a": x[:2], "b": x[2:4] * 0.5, "c": x[4:6]} if vectors else {"a": x[0], "b": x[1], "c": x[2]}
    table = np.outer(x, x[:2]) if vectors else x
    buffer = np.zeros((16, 2)) if vectors else np.zeros(16)
    buffer[:3] = table[:3]
    seen = []
    for i in range(steps):
        for kind, to, *rest in statements:
            if kind == "map":
                value[to] = rest[0](value[rest[1]])
            elif kind == "both":
                value[to] = np.tanh(rest[0](value[rest[1]], value[rest[2]]))
            elif kind == "row":
                value[to] = value[rest[0]] * table[(i + rest[1]) % 12]
            elif kind == "back":
                value[to] = value[rest[0]] + table[11 - i - (rest[1] if i + rest[1] < 12 else 0)]
            elif kind == "count":
                value[to] = value[rest[0]] + 0.1 * i
            elif kind == "write":
                buffer[i + 2 + rest[0]] = value[to]
            elif kind == "read":
                value[to] = value[rest[0]] - buffer[i + rest[1]]
            elif kind == "append":
                seen.append(value[to])
            else:
                value[to], value[rest[0]] = value[rest[0]], value[to]
    total = sum([np.sum(v) for v in value.values()]) + np.sum(np.sin(buffer))
    return total + (np.sum(np.stack(seen) ** 2) if seen else 0.0)


@settings(max_examples=40, deadline=None)
@given(programs(), st.sampled_from(["value", "gradient", "tangent"]), st.sampled_from(BACKENDS))
def test_random_loops(program, transform, backend):
    before = LOOPS.LEAST_OPERATIONS, LOOPS.LEAST_OF_ONE
    LOOPS.LEAST_OPERATIONS = LOOPS.LEAST_OF_ONE = 1
    try:
        g = TRANSFORMS[transform](lambda x: run(*program, x))
        expected = g(X)
        compiled = ad.compile(g, backend=backend)
        for _ in range(2):
            np.testing.assert_allclose(compiled(X), expected, rtol=1e-9, atol=1e-10 * np.abs(expected).max())
        verify(compiled._latest.graph)
    finally:
        LOOPS.LEAST_OPERATIONS, LOOPS.LEAST_OF_ONE = before
