"""What goes to memory and which loops are shared: fewer loops, no large temporaries, and the eager results."""

import subprocess
import sys

import numpy as np
import pytest
from grid import covering

import dragongrad as ad
from dragongrad.compiler.backends.native.schedule.steps import Loops
from dragongrad.core.nests import flatten

pytest.importorskip("llvmlite")
DRAW = np.random.default_rng(5).integers


def compiled(f, *args):
    """The compiled function, after two calls that gave what the eager function gives."""
    g = ad.compile(f, backend="native")
    expected = flatten(f(*args))[0]
    for _ in range(2):
        for a, b in zip(flatten(g(*args))[0], expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
            assert np.shape(a) == np.shape(b)
    return g


def steps(g):
    """The steps of the plan."""
    return g._path().engine.plan.schedule.steps


def nests(g):
    """The sets of loops that are no straight lines."""
    return [s for s in steps(g) if isinstance(s, Loops) and s.mode != "straight"]


def held_whole(g):
    """How many elements each value has that goes to memory as a whole and is no output."""
    outputs = set(map(id, g.graph.outputs))
    return [
        store.node.size for s in nests(g) for store in s.stores
        if store.node not in s.local and id(store.node) not in outputs
    ]  # fmt: skip


def softmax_rows(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def nearest(centres, points):
    differences = points[:, None, :] - centres[None]
    return np.sum(np.min(np.sum(differences * differences, 2), 1))


def lse_rows(x):
    m = np.max(x, axis=1)
    return np.sum(np.log(np.sum(np.exp(x - m[:, None]), axis=1)) + m)


def test_rows_of_a_softmax_share_one_loop_and_hold_one_row(rng):
    g = compiled(softmax_rows, rng.standard_normal((60, 90)))
    assert len(nests(g)) == 1
    assert held_whole(g) == []


def test_gradient_of_row_sums_of_exponentials_is_one_pass(rng):
    x = rng.standard_normal((70, 80))
    g = compiled(ad.grad(lse_rows), x)
    assert len(nests(g)) == 1
    assert not any(size >= x.size for size in held_whole(g))


def test_gradient_of_one_long_sum_of_exponentials_holds_nothing_long(rng):
    def lse(x):
        m = np.max(x)
        return np.log(np.sum(np.exp(x - m))) + m

    g = compiled(ad.value_and_grad(lse), rng.standard_normal(5000))
    assert not any(size > 1 for size in held_whole(g))


def test_distances_are_computed_once_for_minimum_count_and_gradient(rng):
    centres, points = rng.random((40, 6)), rng.random((300, 6))

    g = compiled(lambda c: newton_of(c, points), centres)
    assert not any(size >= 300 * 40 for size in held_whole(g))
    assert sum(len(s.local) > 0 for s in nests(g)) == 1


def newton_of(c, points):
    gradient, curvature = ad.jvp(ad.grad(lambda c: nearest(c, points)), (c,), (np.ones_like(c),))
    return gradient / (1.0 + curvature)


@pytest.mark.parametrize(
    ("axis", "reduce"),
    covering([0, 1, 2, (0, 1), (1, 2), (0, 2), (0, 1, 2), None], [np.sum, np.max, np.min]),
)
def test_reductions_over_any_axes_beside_a_map_in_the_same_loops(axis, reduce, rng):
    x = rng.standard_normal((40, 20, 37))
    compiled(lambda x: (reduce(x * x, axis=axis), x + 1.0, reduce(np.sin(x), axis=axis, keepdims=True)), x)


@pytest.mark.parametrize("axis", [0, 1, (0, 1), None])
def test_truth_over_any_axes(axis, rng):
    x = rng.standard_normal((40, 50))
    compiled(lambda x: (np.any(x > 2.5, axis=axis), np.all(x < 2.9, axis=axis)), x)


def test_a_sum_over_columns_is_not_read_before_all_rows_are_in(rng):
    x = rng.standard_normal((50, 60))
    compiled(lambda x: (x - np.sum(x, axis=0)) / np.max(x, axis=1, keepdims=True), x)


def test_another_row_is_not_read_before_it_is_made(rng):
    x = rng.standard_normal((50, 60))

    def f(x):
        s = np.sum(np.exp(x), axis=1)
        return x * s[::-1][:, None], x / s[:, None], x.T @ s

    compiled(f, x)


def test_row_results_that_are_read_by_columns(rng):
    x = rng.standard_normal((50, 50))

    def f(x):
        y = np.exp(np.sin(x) * np.cos(x))
        return np.sum(y * y.T, axis=1) / np.sum(y, axis=1)

    compiled(f, x)


def test_what_is_the_same_along_an_axis_is_summed_once(rng):
    x, y = rng.standard_normal((40, 50)), np.ones((40, 50, 16))
    g = compiled(lambda x: np.sum(np.exp(np.broadcast_to(x[:, :, None], y.shape)) * -1.0, axis=0), x)
    reduced = [r.domain for s in nests(g) for r in s.stores if r.kind == "reduce"]
    assert reduced == [(40, 50, 1)]


def test_lifted_sums_equal_those_of_whole_arrays(rng):
    x = rng.standard_normal((5, 1, 7))

    def f(x):
        whole = np.broadcast_to(x, (5, 6, 7)) * 2.0
        return [np.sum(whole, axis=a, keepdims=k) for a in (0, 1, 2, (0, 2), None) for k in (False, True)]

    compiled(f, x)


def test_a_small_matrix_is_turned_where_lanes_would_jump(rng):
    g = compiled(lambda c: nearest(c, POINTS), rng.random((24, 8)))
    assert any(r.node.shape == (8, 24) and r.kind == "map" for s in nests(g) for r in s.stores)


POINTS = np.random.default_rng(3).random((60, 8))


def test_rows_laid_into_zeros_one_by_one_become_one_stack(rng):
    def f(x):
        total = 0.0
        for i in range(len(x) - 1):
            total = total + (x[i + 1] - x[i] * x[i]) ** 2
        return total

    g = compiled(ad.value_and_grad(f), rng.standard_normal(50))
    assert sum(n.block.name == "scatter" for n in g.graph.nodes) == 0
    assert sum(n.block.name == "stack" for n in g.graph.nodes) == 1


def test_a_long_chain_of_numbers_is_no_deep_recursion():
    def f(x):
        y = x[0]
        for i in range(1500):
            y = np.sin(y) * x[i % 3] + 1.0
        return y

    g = ad.compile(ad.value_and_grad(f), backend="native")
    x = np.array([0.3, -0.2, 0.1])
    expected = ad.value_and_grad(f)(x)
    for _ in range(2):
        value, gradient = g(x)
        np.testing.assert_allclose(value, expected[0], rtol=1e-12)
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-10)


def test_a_long_chain_of_arrays_is_no_deep_recursion(rng):
    def f(x):
        y = x
        for _ in range(700):
            y = y * x + 1.0
        return np.sum(y)

    compiled(ad.grad(f), rng.random(200) * 0.5)


def test_large_values_are_not_computed_while_tracing(rng):
    seen = []

    def f(x):
        y = np.exp(x)
        seen.append(repr(y.data))
        return np.sum(y) if np.max(y) > 0 else np.sum(x)

    g = ad.compile(f, backend="native")
    x = rng.standard_normal(10_000)
    np.testing.assert_allclose(g(x), np.sum(np.exp(x)), rtol=1e-12)
    assert "not computed" in seen[0]


def test_a_gradient_with_a_nan_on_the_way_is_right_at_the_first_call(rng):
    def f(x):
        return np.sum(np.where(x > 0, np.sqrt(np.abs(x)), 0.0))

    x = rng.standard_normal(10_000)
    x[7] = 0.0
    g = ad.compile(ad.grad(f), backend="native")
    for _ in range(2):
        np.testing.assert_array_equal(np.isnan(g(x)), np.isnan(ad.grad(f)(x)))
        np.testing.assert_allclose(g(x), ad.grad(f)(x), rtol=1e-13)


def test_a_row_that_is_held_is_read_in_another_shape(rng):
    x = rng.random((3, 4))
    g = ad.compile(lambda x: np.tile(x, (40, 1, 2)) ** 2, backend="native")
    g(x)
    np.testing.assert_array_equal(g(x), np.tile(x, (40, 1, 2)) ** 2)


def test_stacks_of_products_keep_one_matrix_at_a_time(rng):
    x = rng.standard_normal((200, 8))

    def f(m, w):
        return np.sum(np.tanh((x[None] - m[:, None, :]) @ w) ** 2)

    g = compiled(ad.value_and_grad(f, (0, 1)), rng.standard_normal((6, 8)), rng.standard_normal((6, 8, 17)))
    assert not [s for s in steps(g) if not isinstance(s, Loops)]
    assert max(held_whole(g), default=0) < 6 * 200 * 8


@pytest.mark.parametrize("lead", [pytest.param((5,), marks=pytest.mark.slow), (2, 3), (1, 7)])
def test_stacks_of_products_with_axes_repeated_and_turned(lead, rng):
    a, b = rng.standard_normal((*lead, 4, 20)), rng.standard_normal((20, 6))
    c, v = rng.standard_normal((*lead[-1:], 6, 5)), rng.standard_normal(20)

    def f(a, b, c, v):
        s = np.tanh(a) @ (2.0 * b)
        return (
            s @ c,
            np.swapaxes(np.exp(a), -1, -2) @ s,
            np.sum(a @ b, -2),
            -np.sum(a @ b, -1),
            a @ v,
            a[..., 0, :] @ b,
        )

    compiled(f, a, b, c, v)
    compiled(ad.grad(lambda *xs: sum(np.sum(np.sin(y)) for y in f(*xs)), (0, 1, 2, 3)), a, b, c, v)


def test_long_stacks_are_cut_between_threads(rng):
    x = rng.standard_normal((300, 40))
    g = compiled(
        ad.grad(lambda w: np.sum(np.tanh((x[None] * w[:, :1, :]) @ w) ** 2)), rng.standard_normal((64, 40, 40))
    )
    assert "@part" in g.llvm


@pytest.mark.parametrize("index", [
    (DRAW(0, 9, 50),), (slice(None), DRAW(0, 4, (3, 5))), (DRAW(0, 9, 1),),
    (slice(None), slice(None), DRAW(0, 3, 40)), (np.zeros((2, 3), int),),
])  # fmt: skip
def test_what_an_array_of_indices_names_is_added_up_in_loops(index, rng):
    x = rng.standard_normal((9, 4, 3))
    weights = rng.standard_normal(x[index].shape)
    g = compiled(ad.grad(lambda x: np.sum(weights * x[index] ** 2)), x)
    assert all(isinstance(s, Loops) for s in steps(g))
    # Of a constant there is one element for all.
    compiled(ad.grad(lambda x: np.sum(x[index]) * x[0, 0, 0]), x)


def test_numbers_between_sums_are_no_rows():
    def f(x):
        total = np.sum(np.sum(x, axis=1), axis=0)
        for _ in range(2):
            total = np.sum(total[None] * np.arange(1.0, 3.0))
        return np.sin(total) * total

    x = np.random.default_rng(0).normal(size=(3, 200))
    np.testing.assert_allclose(ad.compile(ad.grad(f), backend="native")(x), ad.grad(f)(x), rtol=1e-12)


def test_prices_do_not_depend_on_what_is_imported_first():
    code = """
import sys
from importlib import import_module
import numpy as np
import dragongrad
from dragongrad.core.block import BLOCKS

native = "dragongrad.compiler.backends.native."
parts = ["schedule.cost_model", "elements.indexing", "elements.contractions", "program"]
found = []
for order in (parts, parts[::-1], parts[2:] + parts[:2]):
    for name in [name for name in sys.modules if name.startswith("dragongrad.compiler")]:
        del sys.modules[name]
    for part in order:
        import_module(native + part)
    graph = import_module("dragongrad.compiler.graph")
    nodes = [graph.Op(block, (), {}, (), np.dtype(float)) for block in [graph.INPUT, *BLOCKS.values()]]
    found.append([import_module(native + parts[0]).price(node) for node in nodes])
print(len(found), len(set(found[0])) > 5, all(prices == found[0] for prices in found))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["3", "True", "True"]
