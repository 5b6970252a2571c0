"""Loops in compiled programs: written down once, run natively, and what eager Python gives."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from grid import BACKENDS, covering
from hypothesis import given, settings
from hypothesis import strategies as st

import dragongrad as ad
from dragongrad.compiler import bodies as loop_bodies
from dragongrad.compiler.backends.numpy_source import Source
from dragongrad.compiler.graph import LOOPS
from dragongrad.compiler.trace import Stage

X = np.array([0.3, -0.5, 0.8])
TRANSFORMS = {
    "value": lambda f: f,
    "gradient": ad.grad,
    "tangent": lambda f: lambda x: ad.jvp(f, (x,), (np.ones(3),))[1],
    "hessian": ad.hessian,
    "reverse twice": lambda f: ad.jacrev(ad.grad(f)),
    "forward twice": lambda f: ad.jacfwd(ad.jacfwd(f)),
    "rows": lambda f: lambda x: ad.vmap(f)(np.stack([x, -x, 2 * x])),
    "gradient of rows": lambda f: lambda x: ad.vmap(ad.grad(f))(np.stack([x, -x, 2 * x])),
}


# Steps that do not commute, and values that are used before, inside and after a loop.


def network(x):
    w = np.outer(x, np.sin(x))
    last, ys = ad.scan(lambda c, u: (np.tanh(w @ c + u), np.sum(c * u)), x**2, np.outer(np.arange(5.0), x))
    return np.sum(last * x) + np.sum(ys**2) * np.sum(w)


def backwards(x):
    last, ys = ad.scan(lambda c, u: (c * u - x[1], (c, u * c)), x[0], np.tile(x, 3), reverse=True)
    return last + np.sum(ys[0] * np.arange(9)) * np.sum(ys[1])


def elements(x):
    return ad.fori_loop(1, 3, lambda i, s: s * x[i] + x[i - 1] * i, x[2])


def columns(x):
    w = np.outer(x, x + 1)
    return ad.fori_loop(0, 3, lambda i, s: s + np.sum(w[:, i] * w[i]) * w[i, 2] * w[-i, 1], 0.0)


def filled(x):
    def step(i, y):
        y[i] = np.sin(y[i - 1]) * y[i - 2] + x[i % 3]
        return y

    y = ad.fori_loop(2, 9, step, np.full(9, x[0]))
    return np.sum(y * np.cos(y))


def swept(x):
    def step(i, y):
        y[i] = y[i] * x[0] + y[i + 1]
        return y

    return np.sum(ad.fori_loop(0, 5, step, np.tile(x, 2) ** 2) * np.arange(6))


def looked_up(x):
    places = np.array([2, 0, 1, 2, 2])
    return ad.scan(lambda c, k: (c * x[k] + x[1], None), x[0], places)[0]


def powered(x):
    def goes_on(at):
        return at[0] < 7.5

    def step(at):
        return at[0] + 1, at[1] * x[at[0] % 3] + x

    return np.sum(ad.while_loop(goes_on, step, (0, x))[1] * x)


def fixed_point(x):
    w = 0.2 * np.outer(x, np.sin(x))

    def step(at):
        new = np.tanh(w @ at[0] + x)
        return new, np.max(np.abs(new - at[0]))

    y, _ = ad.while_loop(lambda at: at[1] > 1e-13, step, (np.zeros(3), 1.0))
    return np.sum(y**2) * x[0]


def branched(x):
    def step(c, u):
        c = ad.cond(c > 0.2, lambda c: np.sin(c) * u, lambda c: c * c + u, c)
        return c, ad.switch(np.where(u > 0, 1, 0), [np.exp, np.cos], c)

    c, ys = ad.scan(step, x[0], np.tile(x, 4))
    return c + np.sum(ys)


def nested(x):
    def outer(c, u):
        d = ad.fori_loop(0, 4, lambda i, d: d * x[i % 3] + u * c, c)
        return np.tanh(d), d

    c, ys = ad.scan(outer, x[1], x)
    return c * np.sum(ys)


def while_in_scan(x):
    def outer(c, u):
        d = ad.while_loop(lambda d: np.abs(d) > 0.1, lambda d: d * u * 0.3, c + u)
        return np.tanh(d) + c * u, d

    c, ys = ad.scan(outer, x[1], x)
    return c * np.sum(ys)


def whole_numbers(x):
    numbers = np.arange(7)
    return np.sum(ad.map(lambda i: (i // 2) * x[i % 3] - (i - 5) // 3 + (i - 5) % -3, numbers)) * x[0]


PROGRAMS = {
    f.__name__: f
    for f in (
        network, backwards, elements, columns, filled, swept, looked_up, powered, fixed_point, branched, nested,
        while_in_scan, whole_numbers,
    )
}  # fmt: skip


def loops_of(graph):
    return [node for node in graph.nodes if node.block in LOOPS]


@pytest.mark.parametrize(
    ("name", "transform", "backend"), covering(PROGRAMS.keys(), TRANSFORMS.keys(), BACKENDS, together=2)
)
def test_a_loop_is_one_operation_and_gives_what_python_gives(name, transform, backend):
    f = TRANSFORMS[transform](PROGRAMS[name])
    compiled, expected = ad.compile(f, backend=backend), f(X)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(compiled(X / 2), f(X / 2), rtol=1e-10, atol=1e-13)
    assert compiled.compiled == 1
    assert "call back:" not in compiled.report()
    if (name, transform) != ("whole_numbers", "hessian"):
        assert loops_of(compiled.graph)


# Rows that a while_loop reads by its count: the way back adds to each where it lies.


def summed(read, n=6):
    def f(x):
        def step(at):
            i, s = at
            return i + 1, np.sin(s) + read(x, i) * s

        return np.sum(ad.while_loop(lambda at: at[0] < n - 0.5, step, (0, 0.3 * read(x, 0)))[1])

    return f


READS = {
    "element": (summed(lambda x, i: x[i]), (6,)),
    "from the end": (summed(lambda x, i: x[-1 - i]), (6,)),
    "row": (summed(lambda x, i: x[i]), (6, 3)),
    "element of a matrix": (summed(lambda x, i: x[i, i // 2]), (6, 3)),
    "row of a stack": (summed(lambda x, i: x[i // 2, i]), (3, 6, 2)),
    "two": (summed(lambda x, i: x[i] + x[i - 1] ** 2), (6,)),
    "column": (summed(lambda x, i: x[:, i]), (2, 6)),
    "again and again": (summed(lambda x, i: x[i // 3] * x[0]), (2,)),
    "of one": (summed(lambda x, i: x[i * 0]), (1,)),
    "no step": (summed(lambda x, i: x[i], 0), (4,)),
}


FAST = {("row", "rows"), ("two", "hessian"), ("element", "reverse twice")}


@pytest.mark.parametrize(
    ("name", "transform"),
    [
        pytest.param(name, t, marks=() if t == "gradient" or (name, t) in FAST else pytest.mark.slow)
        for name in READS
        for t in ("gradient", "reverse twice", "hessian", "rows")
    ],
)
def test_rows_read_in_a_loop_until_a_condition_fails(name, transform, rng):
    f, shape = READS[name]
    x = rng.uniform(0.5, 1.5, shape)
    rows = {"rows": lambda f: lambda x: ad.vmap(ad.grad(f))(np.stack([x, 2 * x]))}
    g = (TRANSFORMS | rows)[transform](f)
    compiled = ad.compile(g, backend="native")
    for point in (x, x, x / 2):
        np.testing.assert_allclose(compiled(point), g(point), rtol=1e-10, atol=1e-13)
    assert compiled.compiled == 1


def test_rows_of_single_precision_and_places_outside(rng):
    x = rng.uniform(0.5, 1.5, 7).astype(np.float32)
    gradient = ad.compile(ad.grad(summed(lambda x, i: x[i])), backend="native")
    for _ in range(2):
        found, expected = gradient(x), ad.grad(summed(lambda x, i: x[i]))(x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    beyond = ad.compile(ad.grad(summed(lambda x, i: x[i], 9)), backend="native")
    with pytest.raises(IndexError, match="out of bounds"):
        beyond(x)
    np.testing.assert_allclose(
        beyond(np.tile(x, 2)), ad.grad(summed(lambda x, i: x[i], 9))(np.tile(x, 2)), rtol=1e-5
    )


# Reverse mode of reverse mode passes the steps of a while_loop four times, from one tape.


def damped(p):
    """Its condition reads what is carried, of which a part has no derivative."""

    def step(at):
        i, y, z = at
        return i + 1, np.tanh(p[0] * y + np.cos(i) * z), 0.9 * z + p[1] * np.sum(y * y)

    _, y, z = ad.while_loop(
        lambda at: at[0] < 3 + np.minimum(at[2], 5), step, (0, p[2] * np.array([0.3, 0.7]), 0.1 * p[2])
    )
    return np.sum(y**3) + z * z


P = np.array([0.9, 0.2, 1.1])
TWICE = {
    "reverse over reverse": lambda f: ad.jacrev(ad.grad(f)),
    "rows of it": lambda f: lambda p: ad.vmap(ad.jacrev(ad.grad(f)))(np.stack([p, p * [1, 4, 1], p / 2])),
    "over a tangent": lambda f: ad.jacrev(ad.grad(lambda p: ad.jvp(f, (p,), (P,))[1])),
    "under a tangent": lambda f: ad.jacfwd(ad.jacrev(ad.grad(f))),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", TWICE)
def test_reverse_over_reverse_of_a_condition(name, backend):
    f = TWICE[name](damped)
    compiled = ad.compile(f, backend=backend)
    for p in (P, P, P * [1, 6, 0.5], P * [1, 1, -60]):
        np.testing.assert_allclose(compiled(p), f(p), rtol=1e-10, atol=1e-13)
    assert compiled.compiled == 1
    assert loops_of(compiled.graph)


def test_reverse_over_reverse_of_a_condition_beside_differences():
    gradient, h = ad.compile(ad.grad(damped)), 1e-5
    columns = [(gradient(P + h * e) - gradient(P - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(ad.compile(ad.jacrev(ad.grad(damped)))(P), np.transpose(columns), rtol=1e-7)


def test_a_tape_of_several_ways_grows():
    def f(a):
        return ad.while_loop(lambda at: at[0] < 1000.5, lambda at: (at[0] + 1, a * np.sin(at[1]) + 1e-3), (0.0, a))[
            1
        ]

    twice = ad.compile(ad.grad(ad.grad(f)))
    np.testing.assert_allclose([twice(a) for a in (0.9, 0.7)], [ad.jacfwd(ad.grad(f))(a) for a in (0.9, 0.7)])


def test_a_third_reverse_runs_eagerly():
    third = ad.compile(ad.grad(ad.grad(ad.grad(lambda a: ad.while_loop(lambda x: x < 9, lambda x: a * x * x, a)))))
    with pytest.warns(ad.CompileWarning, match="differentiates forwards"):
        # a**7 at 2.
        np.testing.assert_allclose(third(2.0), 7 * 6 * 5 * 2.0**4)


# An integer of Python's that changes is a number like others, and stays whole where a body closes over it.


def until(x, n):
    return ad.while_loop(lambda at: at[0] < n, lambda at: (at[0] + 1, at[1] * x), (0, x))[1]


def whole_in_body(x, n):
    return ad.while_loop(lambda at: at[0] < 9, lambda at: (at[0] + n, at[1] * x + at[0] // n), (0, x))[1]


def whole_in_scan(x, n):
    return ad.scan(lambda c, _: ((c[0] + n, c[1] * x + c[0] // n), None), (0, x), length=3)[0][1]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("transform", ["value", "gradient"])
@pytest.mark.parametrize("f", [until, whole_in_body, whole_in_scan])
def test_an_integer_that_changes_stays_whole_in_a_body(f, transform, backend):
    f = TRANSFORMS[transform](f)
    compiled = ad.compile(f, backend=backend)
    for n in range(1, 6):
        np.testing.assert_allclose(compiled(np.float64(1.1), n), f(np.float64(1.1), n), rtol=1e-13)
    assert compiled.compiled == 2


# What a body returns may be what it was given


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("transform", ["value", "gradient", "hessian"])
@pytest.mark.parametrize(
    "step",
    [
        lambda c, u: ((c[1], c[0] + c[1] * u), c[0]),
        lambda c, u: ((c[0], c[0] * u), c[1]),
        lambda c, u: ((c[0] * u, np.float64(0.5)), (c[0], c[0], u)),
        lambda c, u: ((u, u), (u, 2.0)),
        lambda c, u: ((c[1], c[0]), (c[1], c[0])),
        lambda c, u: ((c[0] * u,) * 2, c[0] * u),
        lambda c, u: (c, u),
        lambda c, u: ((X[0] * c[1], c[0]), X[1]),
    ],
    ids=["swap", "kept", "constant", "row", "both", "twice", "nothing", "captured"],
)
def test_outputs_that_are_inputs_constants_or_one_another(step, transform, backend):
    def f(x):
        (a, b), ys = ad.scan(step, (x[0], x[1]), np.concatenate([x, x + 1]))
        return a * 2 + b + sum(np.sum(y * np.arange(6)) for y in (ys if isinstance(ys, tuple) else (ys,)))

    f = TRANSFORMS[transform](f)
    compiled = ad.compile(f, backend=backend)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), f(X), rtol=1e-12, atol=1e-14)


# Random loops


@st.composite
def bodies(draw):
    """A body of up to three carries, of random operations, and what it is applied to."""
    shapes = draw(st.lists(st.sampled_from([(), (1,), (2,), (2, 3)]), min_size=1, max_size=3))
    ops = draw(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 30), st.integers(0, 30)), max_size=6))
    ends = draw(st.lists(st.integers(0, 30), min_size=len(shapes), max_size=len(shapes)))
    collected = draw(st.lists(st.integers(0, 30), max_size=3))
    length = draw(st.sampled_from([1, 2, 5]))
    return shapes, ops, ends, collected, length, draw(st.booleans())


def run_body(ops, ends, collected, shapes):
    def step(c, u, w):
        values = [*c, u, w, np.float64(0.7)]
        for op, i, j in ops:
            a, b = values[i % len(values)], values[j % len(values)]
            if op == 0:
                new = np.tanh(a)
            elif op == 1:
                new = np.sin(np.sum(a)) * b
            elif op == 2:
                new = a * np.mean(b)
            elif op == 3:
                new = np.where(a > 0.1, a, a * w)
            elif op == 4:
                new = np.reshape(a, -1)[::-1]
            elif op == 5:
                new = a - np.sum(b) / 7
            elif op == 6:
                new = np.cos(a) + u
            else:
                new = np.exp(-a * a)
            values.append(new)
        carry = []
        for end, shape in zip(ends, shapes, strict=True):
            value = values[end % len(values)]
            carry.append(value if np.shape(value) == shape else np.broadcast_to(np.mean(value), shape))
        return tuple(carry), tuple(values[k % len(values)] for k in collected)

    return step


@given(bodies())
@settings(max_examples=40, deadline=None)
def test_random_loops_are_what_python_loops_are(body):
    shapes, ops, ends, collected, length, reverse = body
    step = run_body(ops, ends, collected, shapes)
    weights = [np.linspace(0.3, 1.2, max(1, int(np.prod(s)))).reshape(s) for s in shapes]

    def f(x):
        first = tuple([x[k % 3] * w for k, w in enumerate(weights)])
        w = x[1] * x[2]
        last, ys = ad.scan(lambda c, u: step(c, u, w), first, np.linspace(0, 1, length) * x[0], reverse=reverse)
        total = sum(np.sum(v * np.cos(v)) for v in last)
        return total + sum(np.sum(y * np.reshape(np.arange(y.size), y.shape)) for y in ys) + w

    for transform in ("value", "gradient"):
        g = TRANSFORMS[transform](f)
        expected = g(X)
        compiled = ad.compile(g, backend="native")
        for _ in range(2):
            np.testing.assert_allclose(compiled(X), expected, rtol=1e-9, atol=1e-12)
        assert ad.compile(g, backend="numpy")(X) == pytest.approx(expected, rel=1e-9, abs=1e-12)


# What a program looks like


def test_one_text_for_any_number_of_steps():
    def program(n):
        compiled = ad.compile(ad.grad(lambda a: ad.fori_loop(0, n, lambda i, x: a * x * (1 - x), 0.3)))
        compiled(2.5)
        return compiled

    short, long = program(10), program(100_000)
    assert len(short.llvm.splitlines()) == len(long.llvm.splitlines())
    assert len(short.graph.nodes) == len(long.graph.nodes)


def test_rows_and_buffers_are_not_looked_at_as_a_whole_in_each_step():
    def f(x):
        def step(i, y):
            y[i] = 0.5 * y[i - 1] + x[i] * x[i - 1]
            return y

        return np.sum(ad.fori_loop(1, len(x), step, np.zeros(len(x))) ** 2)

    x = np.linspace(0, 1, 20_000)
    compiled = ad.compile(ad.grad(f), backend="native")
    compiled(x)
    bodies = [node.params["body"] for node in loops_of(compiled.graph)]
    assert all(node.size < 10 for body in bodies for node in (*body.inputs, *body.nodes))
    # A few arrays of its length.
    assert compiled._latest.engine.workspace.size < 20 * x.nbytes


def test_what_all_steps_have_in_common_is_computed_before_them():
    def f(x):
        return ad.scan(lambda c, u: (c + np.sum(np.exp(x)) * u, None), 0.0, np.arange(4.0))[0]

    compiled = ad.compile(f, backend="numpy")
    compiled(X)
    (loop,) = loops_of(compiled.graph)
    assert "exp" not in {node.block.name for node in loop.params["body"].nodes}


def test_source_and_report_show_loops():
    compiled = ad.compile(ad.grad(fixed_point))
    compiled(X)
    assert "while True:" in compiled.source
    assert "reversed(" in compiled.source
    compiled = ad.compile(network)
    compiled(X)
    assert "for i in range(5):" in compiled.source
    assert "loop of 5 steps" in compiled.report()
    assert "scan(" in str(compiled.graph)


# What cannot be written down once


def decides(x):
    return ad.fori_loop(0, 5, lambda i, y: y * x if y < 2 else y + x, x)


def writes_outside(x):
    seen = x * 1.0

    def step(i, y):
        seen[0] = y
        return y * 1.5

    return ad.fori_loop(0, 3, step, x[0]) + seen[0]


def writes_into_a_row(x):
    def step(i, w):
        row = w[i]
        row[0] = row[1] * 2
        return w

    return np.sum(ad.fori_loop(0, 3, step, np.outer(x, x)) ** 2)


@pytest.mark.parametrize(("f", "x"), [(decides, 1.2), (writes_outside, X), (writes_into_a_row, X)])
def test_other_bodies_are_written_out_step_by_step(f, x):
    for g in (f, ad.grad(f)):
        compiled = ad.compile(g)
        for _ in range(2):
            np.testing.assert_allclose(compiled(x), g(x))
        assert not loops_of(compiled.graph)
        assert "written out" in compiled.report()


def test_too_many_steps_are_not_written_out():
    def f(x):
        return ad.fori_loop(0, 5000, lambda i, y: y * x if y < 2 else y, x)

    compiled = ad.compile(f)
    with pytest.warns(ad.CompileWarning, match=r"5000 steps(.|\n)*decides by a value"):
        assert compiled(1.1) == f(1.1)


def test_places_outside_an_array_are_found():
    def f(x):
        return ad.fori_loop(0, 5, lambda i, y: y + x[i], 0.0)

    compiled = ad.compile(f)
    assert compiled(np.ones(5)) == 5
    with pytest.raises(IndexError):
        compiled(np.ones(4))

    def chosen(x, k):
        return ad.fori_loop(0, 3, lambda i, y: y + x[k + i], 0.0)

    compiled = ad.compile(chosen)
    assert compiled(np.arange(5.0), np.array(1)) == 6
    assert compiled(np.arange(5.0), np.array(2)) == 9
    with pytest.raises(IndexError):
        compiled(np.arange(5.0), np.array(3))


def test_a_derivative_that_is_nan_is_looked_at_step_by_step():
    def f(x):
        return ad.fori_loop(0, 3, lambda i, y: np.sqrt(y * y) + x, x * 0.0)

    compiled = ad.compile(ad.grad(f))
    np.testing.assert_allclose([compiled(v) for v in (1.0, 2.0, 1.0)], [ad.grad(f)(v) for v in (1.0, 2.0, 1.0)])

    def long(x):
        return ad.fori_loop(0, 1000, lambda i, y: np.sqrt(y * y) + x, x * 0.0)

    compiled = ad.compile(ad.grad(long))
    with pytest.warns(ad.CompileWarning, match="where a derivative is NaN"):
        first = compiled(1.0)
    np.testing.assert_allclose([first, compiled(1.0)], [ad.grad(long)(1.0)] * 2)


# Running


INTERRUPTED = """
import os, signal, threading, time
import numpy as np, dragongrad as ad

f = ad.compile(lambda x: ad.while_loop(lambda v: v[0] > -1, lambda v: (v[0] + 1.0, np.sin(v[1])), (0.0, x))[1])
threading.Thread(target=lambda: (time.sleep(2), os.kill(os.getpid(), signal.SIGINT)), daemon=True).start()
try:
    f(0.5)
except KeyboardInterrupt:
    print("interrupted")
print(float(ad.compile(np.sin)(0.0)))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="signals are POSIX's")
def test_an_endless_loop_can_be_interrupted():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.split() == ["interrupted", "0.0"], done.stderr


def test_other_threads_go_on_beside_a_loop():
    compiled = ad.compile(
        lambda x, n: ad.while_loop(lambda v: v[0] < n, lambda v: (v[0] + 1, np.sin(v[1])), (0.0, x))
    )
    compiled(0.5, 3.0)
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    compiled(0.5, 2e6)
    done.set()
    thread.join()
    assert len(ticks) > 3


def test_threads_share_a_program():
    compiled = ad.compile(ad.grad(fixed_point))
    expected = [ad.grad(fixed_point)(X * k) for k in range(1, 5)]
    compiled(X)
    found = [[] for _ in expected]

    def work(k):
        for _ in range(20):
            found[k].append(compiled(X * (k + 1)))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for got, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, [wanted] * 20, rtol=1e-11)


def test_a_tape_grows():
    def f(a):
        return ad.while_loop(lambda v: v[0] < 1000, lambda v: (v[0] + 1, a * v[1] * (1 - v[1])), (0, 0.3))[1]

    compiled = ad.compile(ad.grad(f))
    for _ in range(2):
        np.testing.assert_allclose(compiled(2.5), ad.grad(f)(2.5), rtol=1e-10)
    assert compiled.compiled == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtypes(dtype):
    def f(x):
        last, ys = ad.scan(lambda c, u: (c * u + x[0], c), x[1], np.tile(x, 2))
        return np.abs(last) ** 2 + np.sum(np.abs(ys) ** 2)

    x = (X * (1 + 0.5j) if dtype is np.complex128 else X).astype(dtype)
    for g in (f, ad.grad(f)):
        compiled, expected = ad.compile(g), g(x)
        for _ in range(2):
            got = compiled(x)
            np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype is np.float32 else 1e-12)
            assert got.dtype == expected.dtype


def test_linear_algebra_inside_a_loop():
    a = np.eye(3) * 2 + 0.1

    def f(x):
        def step(c, u):
            return np.linalg.solve(a + np.outer(x, x), c) + u * x, np.linalg.cholesky(a + np.outer(c, c))[2, 1]

        c, ys = ad.scan(step, x, np.arange(4.0))
        return np.sum(c) + np.sum(ys**2)

    for g in (f, ad.grad(f)):
        compiled = ad.compile(g, backend="native")
        for _ in range(2):
            np.testing.assert_allclose(compiled(X), g(X), rtol=1e-10)


def test_a_singular_matrix_inside_a_loop_is_the_functions_own_error():
    compiled = ad.compile(lambda x: ad.scan(lambda c, u: (np.linalg.solve(np.outer(x, x) * u, c), None), x, X)[0])
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.array([1.0, 0.0, 0.0]))


# Options


OPTIONS = [
    {"unroll": 2}, {"unroll": 5}, {"unroll": 50}, {"checkpoint": "sqrt"}, {"checkpoint": 3},
    {"checkpoint": 4, "unroll": 2},
]  # fmt: skip


@pytest.mark.parametrize(("options", "n", "reverse"), covering(OPTIONS, [1, 2, 7, 12], [False, True], together=2))
def test_options_change_no_value(n, reverse, options):
    def f(x, **options):
        rows = np.linspace(0, 1, n) * x[2]
        c, ys = ad.scan(lambda c, u: (np.sin(c * u) + x[0], (c, c * u)), x[1], rows, None, reverse, **options)
        return c + np.sum(ys[0] * np.arange(n)) * np.sum(ys[1])

    for transform in ("value", "gradient", "hessian"):
        expected = TRANSFORMS[transform](f)(X)
        g = TRANSFORMS[transform](lambda x: f(x, **options))
        np.testing.assert_allclose(g(X), expected, rtol=1e-12)
        compiled = ad.compile(g)
        for _ in range(2):
            np.testing.assert_allclose(compiled(X), expected, rtol=1e-11, atol=1e-14)


def test_checkpoints_take_the_memory_of_a_root():
    n, x = 10_000, np.linspace(0, 1, 32)

    def program(checkpoint):
        def f(x):
            return np.sum(ad.scan(lambda c, _: (np.sin(c) * x, None), x, None, n, checkpoint=checkpoint)[0])

        compiled = ad.compile(ad.grad(f), backend="native")
        return compiled(x), compiled._latest.engine.workspace.size

    (all_, much), (some, little) = program(None), program("sqrt")
    np.testing.assert_allclose(all_, some, rtol=1e-12)
    assert much >= n * x.nbytes
    assert little <= 3 * n**0.5 * x.nbytes


@pytest.mark.parametrize("options", [{"unroll": 0}, {"unroll": 1.5}, {"checkpoint": -1}, {"checkpoint": "root"}])
def test_options_that_mean_nothing(options):
    with pytest.raises(ad.ArgumentError, match=next(iter(options))):
        ad.scan(lambda c, u: (c + u, None), 0.0, np.ones(3), **options)


def test_decisions_on_what_a_loop_gives():
    def f(x):
        y = ad.fori_loop(0, 3000, lambda i, y: np.sin(y) * x + 0.1, x)
        z = ad.while_loop(lambda v: v[0] < 500, lambda v: (v[0] + 1, v[1] * 0.99 + x), (0, y))[1]
        return z * y if z > 60 else y - z

    for g in (f, ad.grad(f)):
        compiled = ad.compile(g)
        for x in (0.7, 0.3, 0.7, 0.3):
            np.testing.assert_allclose(compiled(x), g(x), rtol=1e-10)
        assert compiled.compiled == 2


@pytest.mark.parametrize("name", PROGRAMS)
def test_saved(name, tmp_path):
    f = PROGRAMS[name]
    for g in (f, ad.grad(f)):
        compiled = ad.compile(g)
        expected = compiled(X)
        compiled.save(tmp_path / "program")
        loaded = ad.load(tmp_path / "program")
        for _ in range(2):
            np.testing.assert_array_equal(loaded(X), expected)
    compiled = ad.compile(f)
    compiled(X)
    compiled.save(tmp_path / "program")
    loaded = ad.load(tmp_path / "program")
    np.testing.assert_allclose(ad.grad(loaded)(X), ad.grad(f)(X), rtol=1e-10)
    np.testing.assert_allclose(ad.compile(ad.grad(loaded))(X), ad.grad(f)(X), rtol=1e-10)


def test_an_integer_that_changes_is_an_argument():
    def f(x, n):
        return ad.while_loop(lambda v: v[0] < n, lambda v: (v[0] + 1, v[1] * 0.5 + x), (0, x))

    compiled = ad.compile(f)
    for n in range(3, 20):
        count, value = compiled(0.5, n)
        assert (count, value) == f(0.5, n)
    # The first integer is tried by value.
    assert compiled.compiled == 2


# What Python does in each step


def counts(x):
    at = [0]

    def step(c, u):
        at[0] += 1
        return c * u + at[0], None

    return ad.scan(step, x[0], x)[0]


def counts_and_decides(x):
    at = 0

    def step(c, u):
        nonlocal at
        at += 1
        return (c * u + at if c < 5 else c), None

    return ad.scan(step, x[0], x)[0]


def draws(x):
    rng = np.random.default_rng(0)
    return np.sum(ad.fori_loop(0, 4, lambda i, c: c + rng.normal(size=3) * x, x))


def decides_by_chance(x):
    rng = np.random.default_rng(0)
    return ad.fori_loop(0, 9, lambda i, c: c * x[0] if rng.random() < 0.5 else c + x[1], x[2])


def iterates(x):
    numbers = iter([1.0, 2.0, 3.0])
    return ad.scan(lambda c, u: (c * u + next(numbers), None), x[0], x)[0]


def records(x):
    seen = []

    def step(c, u):
        seen.append(c * u)
        return c + u, None

    ad.scan(step, x[0], x)
    return sum(seen) * len(seen)


def writes_a_constant(x):
    a = np.zeros(3)

    def step(i, c):
        a[0] += 1
        return c * x[1] + a[0]

    return ad.fori_loop(0, 3, step, x[0])


def writes_for_later(x):
    a = np.array([1.0, 2.0])

    def step(i, c):
        a[0] += 1
        return c * x[1]

    return ad.fori_loop(0, 3, step, x[0]) * a[0]


def counts_inside(x):
    at = [0]

    def step(c, u):
        at[0] += 1
        return c * u + at[0], None

    return ad.scan(lambda c, u: (ad.scan(step, c, x)[0], None), x[0], x)[0]


@pytest.mark.parametrize(
    "f",
    [counts, counts_and_decides, draws, decides_by_chance, iterates, records, writes_a_constant, writes_for_later,
     counts_inside],
)  # fmt: skip
def test_a_body_that_does_something_else_in_each_step_is_not_written_down_once(f):
    for g in (f, ad.grad(f)):
        compiled = ad.compile(g)
        with pytest.warns(ad.CompileWarning, match="something else each time"):
            first = compiled(X)
        for got in (first, compiled(X)):
            np.testing.assert_allclose(got, g(X), rtol=1e-12)


# Numbers of Python's


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: ad.fori_loop(0, 4, lambda i, c: c + i, 0),
        lambda x: ad.fori_loop(0, 4, lambda i, c: c + 1, 0) * x,
        lambda x: ad.fori_loop(0, 4, lambda i, c: c * 0.5, 1.0) * x,
        lambda x: ad.fori_loop(0, 4, lambda i, c: c * x[0], 1.0),
        lambda x: ad.fori_loop(1, 4, lambda i, c: c / i, 100),
        lambda x: ad.fori_loop(3, 1, lambda i, c: c / i, 100),
        lambda x: ad.fori_loop(0, 2, lambda i, c: c, np.zeros(())),
        lambda x: ad.scan(lambda c, u: (c * 1j, c), 1 + 0j, x),
        lambda x: ad.scan(lambda c, u: (c, c), 1.5, x[:0]),
        lambda x: ad.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, not_(c[1])), (0, True)),
        lambda x: ad.while_loop(lambda c: c < 3, lambda c: c + 1, 5),
    ],
)
def test_numbers_that_are_carried_come_out_as_numpys(f, backend):
    x = X.astype(np.float32)
    compiled = ad.compile(f, backend=backend)
    for _ in range(2):
        got, expected = compiled(x), f(x)
        for a, b in zip(flat(got), flat(expected), strict=True):
            assert (type(a), np.shape(a), a.dtype) == (type(b), np.shape(b), b.dtype)
            np.testing.assert_allclose(a, b, rtol=1e-6)


def not_(x):
    return np.logical_not(x)


def flat(value):
    return value if isinstance(value, tuple) else (value,)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x, n: ad.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] * 0.5), (0, x[0]))[1],
        lambda x, n: ad.fori_loop(0, 4, lambda i, c: c * 0.5 + n * i, x[0]),
        lambda x, n: ad.fori_loop(0, 4, lambda i, c: c + i, n) * x[0],
        lambda x, n: ad.fori_loop(0, 3, lambda i, c: c * n + x[1], x[0]),
        lambda x, n: ad.fori_loop(0, 3, lambda i, c: c * 0.5 + n * x[1], n),
    ],
)
@pytest.mark.parametrize("numbers", [(3, 5, 9, 3), (1.5, 0.25, 3.5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_that_are_arguments_keep_their_dtype_in_a_loop(f, numbers, dtype, backend):
    x = X.astype(dtype)
    for g in (f, ad.grad(f)):
        compiled = ad.compile(g, backend=backend)
        for n in numbers:
            got, expected = compiled(x, n), g(x, n)
            np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype is np.float32 else 1e-12)
            assert got.dtype == expected.dtype


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")
@pytest.mark.parametrize(
    "f",
    [
        lambda x, n: ad.fori_loop(1, n, lambda i, c: c * i, 1) * x,
        lambda x, n: ad.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] * 3), (0, 1))[1] * x,
        lambda x, n: ad.fori_loop(0, 3, lambda i, c: c * i, n * 2**40) * x,
        lambda x, n: ad.fori_loop(n * 10**9, n * 10**9 + 3, lambda i, c: c + i * i * i * x, x),
    ],
)
def test_integers_beyond_int64_are_pythons(f, backend):
    compiled = ad.compile(f, backend=backend)
    for n in (5, 30, 5, 70, 20):
        np.testing.assert_allclose(compiled(0.5, n), f(0.5, n), rtol=1e-12)


def test_carries_that_change_places_and_types():
    def f(x):
        a, b = ad.fori_loop(0, 3, lambda i, c: (c[1], c[0]), (1, 2.5))
        return a * x + b

    compiled = ad.compile(f)
    assert compiled(0.5) == f(0.5) == compiled(0.5) == 2.25


def test_a_rule_of_its_own_that_closes_over_a_carry():
    def f(x):
        def step(i, c):
            return np.sin(ad.checkpoint(lambda q: np.sin(q) * c[1])(x))

        return np.sum(ad.fori_loop(0, 20, step, x))

    compiled = ad.compile(f)
    with pytest.warns(ad.CompileWarning, match="not one of its arguments"):
        assert compiled(X) == f(X)
    with pytest.raises(ad.ClosureError):
        ad.compile(lambda x: ad.jvp(f, (x,), (np.ones(3),))[1])(X)


# Programs that a fuzzer found


def written_and_read_at_computed_places(x):
    def inner(a):
        def step(i, t):
            y, _ = t
            y[:, i % 3] = np.tanh(y[-i - 1][1]) * x[0] + x[i % 3] * 0.4
            return y, y[4 - i, i % 3]

        return np.tanh(ad.fori_loop(2, 5, step, (np.zeros((5, 3)), a))[1])

    return np.sum(ad.vmap(ad.grad(inner))(x)) + np.sum(ad.vmap(inner)(x))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_what_one_loop_writes_is_read_at_computed_places(transform, backend):
    f = TRANSFORMS[transform](written_and_read_at_computed_places)
    compiled = ad.compile(f, backend=backend)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), f(X), rtol=1e-10, atol=1e-13)


def test_a_carry_that_is_collected_and_read_by_nobody():
    def f(x):
        (a, b), _ = ad.scan(lambda c, u: (c, (c, u)), (x[0], x[1]), x)
        (d, e), _ = ad.scan(lambda c, u: ((np.tanh(c[0]), np.sin(c[1])), None), (a, b), x[:2])
        return np.sum(d * np.cos(d)) + e

    for g in (f, ad.grad(f), ad.hessian(f)):
        np.testing.assert_allclose(ad.compile(g, backend="native")(X), g(X), rtol=1e-12)
    shapes, ops = [(), ()], [(0, 0, 0), (0, 0, 0), (3, 4, 0), (0, 0, 0), (2, 0, 16)]
    step = run_body(ops, [0, 9], [], shapes)

    def found(x):
        last, _ = ad.scan(lambda c, u: step(c, u, x[1] * x[2]), (x[0], x[1]), np.linspace(0, 1, 2) * x[0])
        return sum(np.sum(v * np.cos(v)) for v in last)

    np.testing.assert_allclose(ad.compile(ad.grad(found), backend="native")(X), ad.grad(found)(X), rtol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_singular_matrix_ends_a_loop_that_would_not_end(backend):
    def f(x):
        return ad.while_loop(lambda c: np.sum(c) < 100, lambda c: c + np.linalg.solve(np.outer(x, x), c), x)

    def nested(x):
        def step(c, u):
            return c + np.linalg.solve(np.outer(x, x), c) * u, None

        return ad.while_loop(lambda c: np.sum(c) < 100, lambda c: ad.scan(step, c, np.ones(2))[0], x)

    for g in (f, nested, ad.grad(lambda x: np.sum(f(x)))):
        with pytest.raises(np.linalg.LinAlgError):
            ad.compile(g, backend=backend)(np.array([1.0, 0.0, 0.0]))


def fill(i, y):
    y[i] = 2.0 * i
    return y


def fill_twice(c, u):
    return ad.fori_loop(0, 2, fill, c), None


def fill_and_copy(i, y):
    y[i] = y[i - 1] + 1.0
    return y * 1.0


KEPT = {
    "zeros": (lambda x: np.zeros(3), lambda y: ad.fori_loop(0, 2, fill, y)),
    "values": (lambda x: x * 1.5, lambda y: ad.fori_loop(0, 2, fill, y)),
    "while": (
        lambda x: x * 1.5,
        lambda y: ad.while_loop(lambda t: t[0] < 2, lambda t: (t[0] + 1, fill(1, t[1])), (0, y))[1],
    ),
    "scan": (lambda x: x * 1.5, lambda y: ad.scan(lambda c, u: (fill(2, c), u), y, np.ones(2))[0]),
    "nested": (lambda x: x * 1.5, lambda y: ad.scan(fill_twice, y, np.ones(2))[0]),
    "copied": (lambda x: x * 1.5, lambda y: ad.fori_loop(0, 2, fill_and_copy, y)),
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", KEPT)
def test_an_array_that_a_loop_writes_into_is_written_to_where_it_is_kept_too(name, backend):
    make, loop = KEPT[name]

    def f(x):
        y = make(x)
        whole = np.outer(x, x)
        last, row = loop(y), loop(whole[1])
        return np.sum(last * x) + np.sum(y * np.cos(x)) + np.sum(whole * whole) + np.sum(row)

    for g in (f, ad.grad(f)):
        compiled = ad.compile(g, backend=backend)
        for _ in range(2):
            np.testing.assert_allclose(compiled(X), g(X), rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")
def test_one_of_two_numbers_of_pythons_is_one_too(backend):
    def scaled(x):
        return ad.scan(lambda c, u: (c, ad.cond(u > 0, lambda: 1.0, lambda: 2.5) * c), x[0], x)[1]

    def switched(x):
        return ad.scan(lambda c, u: (c, ad.switch(np.where(u > 0, 1, 0), [lambda: 2, lambda: 3]) * c), x[0], x)[1]

    def grown(x):
        def step(c, u):
            return ad.cond(c % 2 == 0, lambda k: k // 2, lambda k: 3 * k * k + 1, c), None

        return ad.scan(step, 27, np.ones(12))[0] * 1.0 + x * 0

    x = X.astype(np.float32)
    for f in (scaled, switched, grown):
        compiled = ad.compile(f, backend=backend)
        for _ in range(2):
            np.testing.assert_allclose(compiled(x), f(x), rtol=1e-6)
            assert compiled(x).dtype == f(x).dtype


# What the way back needs of the way out


def blocks_of_bodies(compiled):
    """The names of what the bodies of the loops of a program apply, a set for each loop."""
    return [
        {node.block.name for node in loop.params["body"].nodes}
        for loop in compiled._latest.graph.nodes
        if loop.block in LOOPS
    ]


def dear(x, n=20, **options):
    def step(c, u):
        z = np.exp(np.tanh(c * u) - np.sum(c))
        return np.sin(z * x), np.sum(z)

    last, ys = ad.scan(step, x, np.linspace(0.0, 1.0, n), **options)
    return np.sum(last) + np.sum(ys**2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_dear_values_are_kept_for_the_way_back_and_not_computed_again(backend):
    compiled = ad.compile(ad.grad(dear), backend=backend)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), ad.grad(dear)(X), rtol=1e-12)
    there, back = blocks_of_bodies(compiled)
    assert {"exp", "tanh", "sin"} <= there
    assert not {"exp", "tanh", "sin"} & back


def test_values_that_take_much_more_memory_than_the_carries_are_computed_again():
    def wide(x):
        def step(c, _):
            return np.mean(np.exp(-np.outer(c**2, np.linspace(0.0, 1.0, 2000))), axis=1), None

        return np.sum(ad.scan(step, x, None, 200)[0])

    compiled = ad.compile(ad.grad(wide))
    compiled(X / 10)
    np.testing.assert_allclose(compiled(X / 10), ad.grad(wide)(X / 10), rtol=1e-10)
    assert "exp" in blocks_of_bodies(compiled)[1]


@pytest.mark.parametrize("transform", ["gradient", "hessian", "reverse twice", "rows", "gradient of rows"])
@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"unroll": 3}, {"checkpoint": 4}])
def test_derivatives_of_loops_that_keep_values(transform, options):
    g = TRANSFORMS[transform](lambda x: dear(x, **options))
    compiled = ad.compile(g)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), g(X), rtol=1e-10, atol=1e-12)


def test_decisions_by_several_results_of_a_loop_run_it_once(monkeypatch):
    """Of loops in loops, whose cost is not known, as a program."""
    runs, programs = [], []

    def counted(node, arrays):
        runs.append(node)
        return loop_bodies.run_loop(node, arrays)

    def made(graph):
        programs.append(graph)
        return Source(graph)

    monkeypatch.setattr(Stage, "run_loop", staticmethod(counted))
    monkeypatch.setattr(loop_bodies, "Source", made)

    def f(x):
        def step(carry, u):
            return ad.while_loop(lambda at: at[0] < u, lambda at: (at[0] + 1.0, at[1] * x), carry), carry[1]

        (count, last), _ = ad.scan(step, (0.0, 1.0), np.array([3.0, 5.0]))
        return last if count > 4 and last > 2 else -last

    assert ad.compile(f)(2.0) == f(2.0) == 32
    assert (len(runs), len(programs)) == (1, 1)
