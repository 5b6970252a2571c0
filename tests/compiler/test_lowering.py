"""The record of each Block: what it says of reads, shapes and costs, against what the Block computes."""

from itertools import product

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.compiler.abstract_evaluation import LARGE, Outline, outlined
from dragongrad.compiler.backends.native.elements import LOWERINGS
from dragongrad.compiler.backends.native.elements.shapes import reshaped
from dragongrad.compiler.backends.native.ir.affine import Affine, Loop, divide, linear, variable
from dragongrad.compiler.backends.native.plan import fuse, legalize
from dragongrad.compiler.backends.native.schedule.addressing import Known, _reshaped
from dragongrad.compiler.backends.native.schedule.cost_model import price
from dragongrad.compiler.graph import INPUT, Op, from_tape
from dragongrad.compiler.indexing import index_of, parts_of
from dragongrad.compiler.lowering import Along, Role, accesses, terms_of
from dragongrad.compiler.trace import trace_call
from dragongrad.core.block import BLOCKS
from dragongrad.core.nests import flatten

PLACES = np.array([[2, 0], [1, 1]])


def written(x, y, index):
    x = x.copy()
    x[index] = y
    return x


# Functions of arrays of some shapes, all of whose operations have a record.
CASES = {
    "add": (lambda x, y: x + y, (2, 3), (3,)),
    "add, spread": (lambda x, y: x * y, (2, 1, 3), (4, 1)),
    "where": (lambda x, y: np.where(x > 0, x, y), (2, 3), (1, 3)),
    "astype": (lambda x: x.astype(np.float32), (2, 3)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 4, 3)), (4, 1)),
    "transpose": (lambda x: np.transpose(x, (2, 0, 1)), (2, 3, 4)),
    "reshape": (lambda x: x.reshape(2, 6, 1), (2, 3, 2)),
    "reshape, joined": (lambda x: x.reshape(6, 4), (2, 3, 4)),
    "slices": (lambda x: x[1:, ::-2, None], (3, 5)),
    "numbers": (lambda x: x[1, ..., -1], (3, 4, 5)),
    "places": (lambda x: x[:, PLACES], (2, 3, 4)),
    "places first": (lambda x: x[0, :, PLACES], (2, 3, 4)),
    "two arrays": (lambda x: x[PLACES, :, PLACES], (3, 2, 4)),
    "an empty slice": (lambda x: x[2:2], (3, 2)),
    "stack": (lambda x, y: np.stack([x, y, x], axis=1), (3, 2), (3, 2)),
    "concatenate": (lambda x, y: np.concatenate([x, y], axis=1), (3, 2), (3, 4)),
    "scatter": (lambda x: ad.grad(lambda y: np.sum(y[1:4] * x))(np.zeros(6)) + x[0] * 0, (3,)),
    "setitem": (lambda x, y: written(x, y, (slice(None), slice(1, 3))), (3, 4), (3, 2)),
    "setitem, steps": (lambda x, y: written(x, y, (slice(None, None, 2),)), (5, 2), (3, 2)),
    "setitem, turned": (lambda x, y: written(x, y, (slice(None, None, -1),)), (3, 2), (2,)),
    "setitem, a row": (lambda x, y: written(x, y, (1,)), (3, 2), (2,)),
    "sum": (lambda x: np.sum(x, axis=1), (2, 3, 4)),
    "sum, kept": (lambda x: np.sum(x, axis=(0, 2), keepdims=True), (2, 3, 4)),
    "max of all": (np.max, (2, 3)),
    "matmul": (lambda x, y: x @ y, (2, 3), (3, 4)),
    "matmul of vectors": (lambda x, y: x @ y, (3,), (3,)),
    "matmul of stacks": (lambda x, y: x @ y, (5, 1, 2, 3), (4, 3, 2)),
    "a vector and a stack": (lambda x, y: x @ y, (3,), (4, 3, 2)),
}


def graph_of(f, *args):
    leaves, structure = flatten((args, {}))
    return from_tape(trace_call(f, leaves, structure, list(range(len(leaves))), "f").graph)


def arrays_of(shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in shapes]


def said(access, index):
    """The places of an operand that are read for an element: along each axis one, or any."""
    found = []
    for part in access.parts:
        if isinstance(part, Along):
            at = part.start + part.step * index[part.axis]
            found.append({int(at)} if at == int(at) else set())
        else:
            found.append({part} if isinstance(part, int) else None)
    return found


@pytest.mark.parametrize("name", CASES)
def test_no_element_depends_on_others_than_those_that_are_read(name):
    f, *shapes = CASES[name]
    graph = graph_of(f, *arrays_of(shapes))
    looked_at = 0
    for node in graph.nodes:
        known = accesses(node)
        assert known is not None, node
        assert len(known) == len(node.operands)
        rng = np.random.default_rng(1)
        given = [
            rng.normal(size=v.shape).astype(v.dtype) if isinstance(v, Op) else np.asarray(v) for v in node.operands
        ]
        before = np.asarray(node.block.value(*given, **node.params))
        assert before.shape == node.shape
        for k, (access, value) in enumerate(zip(known, given, strict=True)):
            assert len(access.parts) == value.ndim
            if value.dtype.kind != "f":
                continue
            for place in np.ndindex(value.shape):
                moved = [v.copy() for v in given]
                moved[k][place] += 100.0
                after = np.asarray(node.block.value(*moved, **node.params))
                for index in map(tuple, np.argwhere(after != before)):
                    looked_at += 1
                    allowed = said(access, index)
                    assert all(a is None or i in a for i, a in zip(place, allowed, strict=True)), (node, index)
    assert looked_at or 0 in np.shape(f(*arrays_of(shapes)))


@pytest.mark.parametrize("name", [name for name in CASES if "sum" in name or "max" in name or "matmul" in name])
def test_terms_are_counted(name):
    f, *shapes = CASES[name]
    (node,) = graph_of(f, *arrays_of(shapes)).nodes
    x = np.zeros(shapes[0])
    at = (0,) * len(node.shape)
    count = 0
    for place in np.ndindex(*x.shape):
        moved = x.copy()
        moved[place] = 1.0
        rest = [np.ones(shape) for shape in shapes[1:]]
        count += bool(np.asarray(node.block.value(moved, *rest, **node.params))[at])
    assert terms_of(node) == count


LARGE_CASES = {
    "add": (lambda x: x + x[0], (200, 30)),
    "where": (lambda x: np.where(x > 0, x, 1.0), (200, 30)),
    "astype": (lambda x: x.astype(np.float32), (200, 30)),
    "broadcast_to": (lambda x: np.broadcast_to(x * 2, (3, 200, 30)), (200, 30)),
    "transpose": (lambda x: np.transpose(x * 2), (200, 30)),
    "reshape": (lambda x: (x * 2).reshape(30, -1), (200, 30)),
    "getitem": (lambda x: (x * 2)[::2, None, PLACES], (200, 30)),
    "an element": (lambda x: (x * 2)[3, 4], (200, 30)),
    "stack": (lambda x: np.stack([x, x], axis=-1), (200, 30)),
    "concatenate": (lambda x: np.concatenate([x, x[:3]]), (200, 30)),
    "sum": (lambda x: np.sum(x * 2, axis=0, keepdims=True), (200, 30)),
    "any": (lambda x: np.any(x > 1), (200, 30)),
    "matmul": (lambda x: x.T @ x, (200, 30)),
    "logistic": (ad.logistic, (200, 30)),
}


@pytest.mark.parametrize("name", LARGE_CASES)
def test_outlines_look_like_values(name):
    f, *shapes = LARGE_CASES[name]
    args = arrays_of(shapes)
    leaves, structure = flatten((tuple(args), {}))
    traced = trace_call(f, leaves, structure, [0], "f", lazy=True)
    (found,), expected = traced.leaves, f(*args)
    assert isinstance(found, Outline)
    assert (found.shape, found.dtype) == (np.shape(expected), expected.dtype)
    assert traced.forms[0] is np.ndarray if isinstance(expected, np.ndarray) else np.generic


def test_small_values_are_not_outlined():
    assert outlined(BLOCKS[np.sum], [np.ones(LARGE)], {}) is None
    assert outlined(BLOCKS[np.reshape], [np.ones(LARGE + 1)], {"shape": (-1, 1)}) is None


def test_every_record_is_whole():
    for block, record in LOWERINGS.items():
        assert record.cost >= 0
        elementwise = record.role is Role.ELEMENTWISE
        assert (record.instructions is not None) == (record.dtype is not None) == elementwise, block.name
        assert (record.combine is not None) == (record.role is Role.REDUCTION), block.name


def test_prices():
    ops = {name: Op(BLOCKS[fn], (), {}, (), np.dtype(float)) for name, fn in (("add", np.add), ("exp", np.exp))}
    assert price(ops["add"]) == 1
    assert price(ops["exp"]) > 10
    assert price(Op(INPUT, (), {}, (), np.dtype(float))) == 0
    assert price(Op(BLOCKS[np.transpose], (), {}, (), np.dtype(float))) == 0


# Indices


@pytest.mark.parametrize(
    "index",
    [
        (1,), (-1, ...), (slice(None, None, -1), 2), (None, slice(3, 1, -1)), (..., None, 0), (slice(9, 2), 1),
        (PLACES, slice(None)), (slice(1, None), PLACES, None), (PLACES, None, PLACES), (0, slice(None), PLACES),
    ],
)  # fmt: skip
def test_the_normal_form_says_what_numpy_does(index):
    x = np.arange(4 * 5 * 3.0).reshape(4, 5, 3)
    node = graph_of(lambda x: x[index], x).nodes[-1]
    assert node.block.name == "getitem"
    places = index_of(node)
    read = [p for p in places.parts if p.kind != "new"]
    assert [p.axis for p in read] == [0, 1, 2]
    assert [p.length for p in read] == [4, 5, 3]
    # The axes of the result, in order: those of the arrays together, the others where they stand.
    lengths = [p.count for p in places.parts if p.kind in ("slice", "new")]
    lengths[places.before : places.before] = places.shape
    assert tuple(lengths) == x[index].shape
    for p in read:
        if p.kind == "slice":
            own = [slice(None)] * 3
            own[p.axis] = [p.start + k * p.step for k in range(p.count)]
            original = [slice(None)] * 3
            original[p.axis] = [q for q in spelled(index) if q is not None][p.axis]
            assert np.array_equal(x[tuple(own)], x[tuple(original)])
        elif p.kind == "take":
            assert 0 <= p.start < p.length


def spelled(index):
    """An index of three axes with slices in place of dots."""
    used = sum(p is not None and p is not Ellipsis for p in index)
    for p in index if any(p is Ellipsis for p in index) else (*index, Ellipsis):
        yield from [slice(None)] * (3 - used) if p is Ellipsis else [p]


def test_masks_have_no_normal_form():
    mask = np.array([True, False, True])
    parts = parts_of((mask, None, 1), (3, 4))
    assert [(p.kind, p.axis) for p in parts] == [("mask", 0), ("new", 1), ("take", 1)]


# What goes to memory because it cannot be computed where it is read

PAIRS = [
    ((12,), (3, 4)), ((3, 4), (12,)), ((4, 3), (2, 6)), ((2, 6), (4, 3)), ((6, 1, 2), (3, 2, 2)),
    ((2, 3, 4), (6, 4)), ((2, 3, 4), (4, 6)), ((1, 5), (5, 1, 1)), ((8, 9), (2, 4, 3, 3)), ((2, 2, 9), (4, 3, 3)),
    ((100, 2), (2, 100)),
]  # fmt: skip


def within(n, name, rng):
    """An index along an axis of that length, linear in a part of a loop."""
    step = int(rng.integers(1, max(n // 2, 2)))
    count = int(rng.integers(2, max((n - 1) // step + 1, 2) + 1))
    first = int(rng.integers(0, max(n - step * (count - 1), 1)))
    # The loop begins wherever it does, as after a cut: the offset makes up for that.
    low = int(rng.integers(0, 5))
    i = variable(Loop(name, low, low + count))
    if rng.random() < 0.5:
        return linear(i, -step, first + step * (count - 1 + low))
    return linear(i, step, first - step * low)


def value(index, at):
    return index if isinstance(index, int) else index.offset + sum(f * at[v] for v, f in index.terms)


@pytest.mark.parametrize(("shape", "inner"), PAIRS)
def test_indices_that_the_schedule_takes_for_linear_are_written_as_such(shape, inner, rng):
    for kinds in product((Known.NUMBER, Known.LINEAR), repeat=len(shape)):
        foreseen = _reshaped(kinds, shape, inner)
        for _ in range(30 if foreseen else 0):
            index = [
                within(n, f"%{a}", rng) if kind is Known.LINEAR and n > 1 else int(rng.integers(n))
                for a, (n, kind) in enumerate(zip(shape, kinds, strict=True))
            ]
            found = reshaped(tuple(index), shape, inner)
            assert found is not None, index
            loops = [v for i in index if isinstance(i, Affine) for v, _ in i.terms]
            for steps in product(*[range(loop.low, loop.high) for loop in loops]):
                at = dict(zip(loops, steps, strict=True))
                flat = np.ravel_multi_index([value(i, at) for i in index], shape)
                assert np.ravel_multi_index([value(i, at) for i in found], inner) == flat


@pytest.mark.parametrize("by", [1, 2, 3, 6])
def test_quotient_and_remainder_of_an_index(by):
    for factors, offset, low in product(product((-6, -2, 1, 3, 4), repeat=2), range(-9, 10), (0, 2)):
        loops = [Loop("i", low, low + 2), Loop("j", 1, 4)]
        index = Affine(offset, tuple(zip(loops, factors, strict=True)))
        places = [dict(zip(loops, at, strict=True)) for at in product((low, low + 1), (1, 2, 3))]
        found = divide(index, by)
        if found is None:
            # The part that is no multiple comes to several of them.
            rests = [(offset + sum(f * at[v] for v, f in index.terms if f % by)) // by for at in places]
            assert min(rests) < max(rests)
            continue
        for at in places:
            assert tuple(value(part, at) for part in found) == divmod(value(index, at), by)


def steps_of(f, *args):
    schedule = fuse(legalize(graph_of(f, *args)))
    return [{store.node.block.name for store in step.stores} for step in schedule.steps if hasattr(step, "stores")]


def test_what_is_read_at_places_and_has_steps_goes_to_memory():
    places = np.random.default_rng(0).integers(0, 50, 40)
    x = np.random.default_rng(1).normal(size=100)
    stored = set().union(*steps_of(lambda x: np.sin((x * 2)[::2][places]), x))
    assert "getitem" in stored
    # Without steps it is computed where it is read.
    assert steps_of(lambda x: np.sin((x * 2)[:50][places]), x) == [{"sin"}]


def test_other_shapes_without_a_linear_index_go_to_memory():
    x = np.random.default_rng(0).normal(size=(30, 40))
    assert set().union(*steps_of(lambda x: np.exp((x * 2).T.reshape(-1)), x)) == {"transpose", "exp"}
    assert steps_of(lambda x: np.exp((x * 2).reshape(30, 8, 5)), x) == [{"exp"}]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.cumsum(x[::2, ::-1].reshape(-1))[::3],
        lambda x: (x * 2)[::2].reshape(-1)[np.arange(20) % 7],
        lambda x: np.concatenate([x, x[::2]])[np.array([[5, 0], [2, 7]])],
        lambda x: np.stack([x, 2 * x], axis=2).reshape(6, -1).T,
        lambda x: written(x * 2, 1.0, (slice(None, None, 2),))[:, np.arange(12) % 5],
        lambda x: np.sum(np.where(x > 0, x, 0.0)[np.arange(40) % 6].reshape(8, 25), axis=0),
        lambda x: ad.grad(lambda y: np.sum(y[::2].reshape(-1)[np.arange(30) % 15] ** 3))(x),
        lambda x: np.linalg.solve(x.T[::2, :3] + 9 * np.eye(3), (x * 2).T.reshape(-1)[:3])[np.arange(7) % 3],
        lambda x: np.linalg.cholesky(x.T @ x + np.eye(5))[::-2, ::2].reshape(-1)[np.arange(40) % 9],
        lambda x: (np.tile(x, (9, 9)) @ np.tile(x.T, (9, 9)))[::2, 1::3].T.reshape(-1)[np.arange(70) % 50],
        lambda x: ad.jacobian(lambda y: np.concatenate([y[::-1], y])[np.arange(9)].reshape(-1)[::4])(x),
    ],
)
def test_views_of_views_compiled_are_what_they_are_uncompiled(f):
    for shape in ((6, 5), (6, 5)):
        x = np.random.default_rng(0).normal(size=shape)
        compiled = ad.compile(f, backend="native")
        for at in (x, x + 1):
            np.testing.assert_allclose(compiled(at), f(at), rtol=1e-13, atol=1e-13)


def test_graphs_and_schedules_are_printed():
    graph = graph_of(lambda x: np.sum(np.sin(x) @ np.ones((3, 2))), np.ones((40, 3)))
    text = str(graph)
    assert text.startswith("f(x0: float64 (40, 3))\n    v1 = sin(x0): float64 (40, 3)\n")
    assert text.endswith("return v3")
    assert str(fuse(legalize(graph))).startswith("0: ")
