"""Indices that hold arrays, constant and computed, on both backends: every place a NumPy index may put its axes."""

import inspect
import sys

import numpy as np
import pytest
from grid import BACKENDS, assert_compiles, assert_same

import dragongrad as ad
from dragongrad.compiler.backends.native.ir.affine import Split
from dragongrad.compiler.backends.native.ir.builder import Text
from dragongrad.compiler.backends.native.loops.loop import INNER, LoopWriter
from dragongrad.compiler.backends.native.tuning import LOOPS_FOR_ONE

A = np.array

# As functions of the array and two index arrays (3,), each good for the axes of (3, 4, 5).
READS = {
    "first": lambda x, i, j: x[i],
    "last": lambda x, i, j: x[..., i],
    "middle": lambda x, i, j: x[:, i],
    "two": lambda x, i, j: x[i, j],
    "apart": lambda x, i, j: x[i, :, j],
    "with a number": lambda x, i, j: x[0, :, j],
    "beside a number": lambda x, i, j: x[:, -3, j],
    "outer": lambda x, i, j: x[i[:, None], j],
    "new axes": lambda x, i, j: x[None, i, None, j],
    "strided": lambda x, i, j: x[::-1, i, 1:4:2],
    "of itself": lambda x, i, j: x[i][:, j],
    "negative": lambda x, i, j: x[i - 3, -j - 1],
    "computed": lambda x, i, j: (x * 2 + 1)[(i * j) % 3, np.minimum(i, j)],
    "argmax": lambda x, i, j: x[np.argmax(x, axis=0)[:3, :3], i[:, None], j],
    "along": lambda x, i, j: np.take_along_axis(x, np.argsort(x, axis=1), 1),
    "take": lambda x, i, j: np.take(x, i, axis=2),
    "empty": lambda x, i, j: x[i[:0]],
    "two-dimensional": lambda x, i, j: x[np.stack([i, j])],
    "constant and computed": lambda x, i, j: x[A([0, 2, 1]), i],
    "reshaped": lambda x, i, j: x.reshape(12, 5)[i * 4 + j],
}


def writes(x, i, j):
    y = x * 1.0
    y[i] = x[j]
    y[:, i, 0] = 2.0
    y[0, j] *= x[1, i]
    return y


CASES = {**READS, "writes": writes}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_index_arrays_that_are_arguments(name, backend, rng):
    f = CASES[name]

    def everything(x, i, j):
        def total(x):
            y = f(x, i, j)
            return np.sum(y * y * np.cos(np.arange(y.size)).reshape(y.shape))

        return f(x, i, j), ad.grad(total)(x), ad.jvp(ad.grad(total), (x,), (np.sin(x),))[1]

    first, then = ((rng.normal(size=(3, 4, 5)), rng.integers(0, 3, 3), rng.integers(0, 3, 3)) for _ in range(2))
    assert_compiles(everything, first, then, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_index_arrays_that_are_constant(name, backend, rng):
    i, j = A([2, 0, 2]), A([1, 1, 0])

    def everything(x):
        return CASES[name](x, i, j), ad.grad(lambda x: np.sum(np.sin(CASES[name](x, i, j))))(x)

    assert_compiles(everything, (rng.normal(size=(3, 4, 5)),), (rng.normal(size=(3, 4, 5)),), backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_index_for_every_row_of_a_batch(backend, rng):
    """As bundle adjustment reads its cameras and points."""

    def one(cameras, points, c, p, w):
        return np.sin(ad.take(cameras, c, 0)) * ad.take(points, p, 0).sum() * w

    def blocks(cameras, points, c, p, w):
        rows = ad.vmap(ad.jacobian(one, argnums=4), in_axes=(None, None, 0, 0, 0))
        each = ad.vmap(ad.grad(lambda camera, point, w: np.sum(np.sin(camera) * point.sum() * w), argnums=(0, 1)))
        return rows(cameras, points, c, p, w), each(cameras[c], points[p], w)

    def arguments(n):
        return (
            rng.normal(size=(6, 11)), rng.normal(size=(9, 3)), rng.integers(0, 6, n), rng.integers(-9, 9, n),
            rng.normal(size=n),
        )  # fmt: skip

    assert_compiles(blocks, arguments(100), arguments(100), backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.uint64, np.bool_])
def test_index_dtypes(backend, dtype, rng):
    def f(x, i):
        return np.where(i, x, 0.0) if i.dtype == bool else x[np.where(i, i, 0).astype(i.dtype)]

    compiled, x = ad.compile(f, backend=backend), rng.normal(size=3)
    for i in ([0, 1, 1], [1, 0, 0]):
        i = A(i, dtype)
        assert_same(compiled(x, i), x[i] if dtype != np.bool_ else np.where(i, x, 0.0))


@pytest.mark.parametrize("backend", BACKENDS)
def test_places_outside_are_refused_wherever_they_are_used(backend, rng):
    def f(x, i):
        return np.sum(np.exp(x[i]) * x[::2][i])

    compiled = ad.compile(ad.value_and_grad(f), backend=backend)
    x = rng.normal(size=200)
    i = rng.integers(0, 100, 5000)
    compiled(x, i)
    assert_same(compiled(x, i[::-1].copy()), ad.value_and_grad(f)(x, i[::-1]))
    for wrong in (100, -101, 2**62, -(2**62)):
        i[4321] = wrong
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(x, i)
    i[4321] = -100
    assert_same(compiled(x, i), ad.value_and_grad(f)(x, i))


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_can_be_read_from_an_empty_axis(backend):
    compiled = ad.compile(lambda x, i: x[i], backend=backend)
    empty = np.zeros((0, 3))
    assert_same(compiled(empty, A([], int)), empty)
    with pytest.raises(IndexError):
        compiled(empty, A([0]))


def test_a_loop_is_cut_from_its_end_as_often_as_from_its_beginning(monkeypatch):
    """Where an index falls each part is cut from what is left before it."""
    made = []

    def whole(self, loop, body, bounds, hint):
        if loop.high - loop.low > 1:
            raise Split(loop, loop.high - 1 if body == "falls" else loop.low + 1)
        made.append(loop.low)

    monkeypatch.setattr(LoopWriter, "_whole_loop", whole)
    writer = object.__new__(LoopWriter)
    writer.text = Text()
    depth = len(inspect.stack(0))
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(depth + 100)
        for way in ("rises", "falls"):
            writer._loop("i", 0, LOOPS_FOR_ONE, way, None, INNER)
    finally:
        sys.setrecursionlimit(limit)
    assert made == [*range(LOOPS_FOR_ONE)] * 2
    for way in ("rises", "falls"):
        with pytest.raises(ad.DragongradError, match="joins more than"):
            writer._loop("i", 0, LOOPS_FOR_ONE + 2, way, None, INNER)
