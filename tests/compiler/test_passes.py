"""Each pass: what it makes of a small Graph, and that no number changes: NaN, infinities, signed zeros included."""

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.compiler.backends.numpy_source import Source
from dragongrad.compiler.graph import from_tape
from dragongrad.compiler.passes import PIPELINE, optimise
from dragongrad.compiler.passes.contract import clean_contractions
from dragongrad.compiler.passes.dead import drop_dead
from dragongrad.compiler.passes.fold import fold_constants
from dragongrad.compiler.passes.indices import composed, plain_index, tidy_indices
from dragongrad.compiler.passes.lift import lift_broadcasts
from dragongrad.compiler.passes.scalars import keep_scalars
from dragongrad.compiler.passes.share import share
from dragongrad.compiler.passes.simplify import simplify
from dragongrad.compiler.rewrite import is_constant, verify
from dragongrad.compiler.trace import trace_call
from dragongrad.core.nests import flatten

# The functions are traced at infinities and NaN, where NumPy warns.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

ODD = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 1e-310, 1e300])
M = np.arange(12.0).reshape(3, 4) / 5 - 1
HALF = np.arange(len(ODD)) > 4


def traced(f, *args):
    leaves, structure = flatten((args, {}))
    return from_tape(trace_call(f, leaves, structure, list(range(len(leaves))), "f").graph)


def names(graph):
    return [node.block.name for node in graph.nodes]


def run(graph, *args):
    with np.errstate(all="ignore"):
        return Source(graph).function(*args)


def after(passes, f, *args):
    """The Graph after some passes: verified, and with the same values to the last bit and sign."""
    before = graph = traced(f, *args)
    for one in passes:
        graph = one(graph)
        verify(graph)
    for got, expected in zip(run(graph, *args), run(before, *args), strict=True):
        np.testing.assert_array_equal(got, expected)
        assert np.asarray(got).dtype == np.asarray(expected).dtype
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known])
    return graph


def test_constants_are_folded():
    graph = after([fold_constants, drop_dead], lambda x: x * np.sin(np.ones(9, like=x) * 2) + np.zeros(9), ODD)
    assert names(graph) == ["multiply", "add"]


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("made", [np.zeros_like, np.ones_like, lambda x: np.full_like(x, 1)])
def test_a_constant_that_is_folded_keeps_its_dtype(made, backend):
    f = lambda x: (made(x) ** 2, np.power(made(x), 2), made(x) ** 3, 1 + made(x) ** 2)
    for dtype in (bool, np.int8, np.float32):
        x = np.ones((3, 3), dtype)
        compiled = ad.compile(f, backend=backend)
        for got in (compiled(x), compiled(x)):
            assert [g.dtype for g in got] == [e.dtype for e in f(x)]


@pytest.mark.parametrize(
    ("f", "kept"),
    [
        (lambda x: x * 1.0, []),
        (lambda x: 1.0 * x, []),
        (lambda x: x / 1.0, []),
        (lambda x: x - 0.0, []),
        (lambda x: x + -0.0, []),
        (lambda x: -np.negative(x), []),
        (lambda x: +x, []),
        (lambda x: np.conj(x), []),
        (lambda x: x**1, []),
        (lambda x: x.T.T, []),
        (lambda x: x.reshape(9, 1).reshape(9), []),
        (lambda x: x[...], []),
        (lambda x: np.where(True, x, x * 2), []),
        (lambda x: x.astype(float), []),
        (lambda x: x * -1.0, ["negative"]),
        (lambda x: x**2, ["multiply"]),
        (lambda x: x / 4.0, ["multiply"]),
        (lambda x: x / np.ones((2, 9)), ["divide"]),
        (lambda x: x / np.full((2, 9), 2.0), ["divide"]),
        (lambda x: x + (-x), ["subtract"]),
        (lambda x: x - (-x), ["add"]),
        (lambda x: np.where(HALF, np.where(HALF, x, 1.0), 2.0), ["where"]),
        (lambda x: np.where(HALF, 1.0, np.where(HALF.copy(), 2.0, x)), ["where"]),
    ],
)
def test_exact_identities_are_used(f, kept):
    assert names(after([simplify, drop_dead], f, ODD)) == kept


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + 0.0,  # -0.0 becomes 0.0
        lambda x: x - np.float64(-0.0),
        lambda x: 0.0 - x,
        lambda x: x * 0.0,  # NaN and the sign stay
        lambda x: x - x,
        lambda x: x / x,
        lambda x: x / 3.0,
        lambda x: x * 1e-320 / 2.0,
        lambda x: np.sqrt(x) ** 2,
        lambda x: np.log(np.exp(x)),
        lambda x: (x + 1e16) - 1e16,
        lambda x: -(x - 1.0),
        lambda x: np.where(HALF, np.where(~HALF, x, 1.0), 2.0),
    ],
)
def test_what_holds_for_real_numbers_only_is_left(f):
    before = names(traced(f, ODD))
    assert len(names(after([fold_constants, simplify, share, drop_dead], f, ODD))) == len(before)


def test_equal_nodes_are_one_and_unlike_constants_are_not():
    graph = after([share], lambda x: (np.sin(x) + np.sin(x), x * 0.0, x * -0.0, x * 1, x * 1.0), ODD)
    assert names(graph) == ["sin", "add", "multiply", "multiply", "multiply", "multiply"]


def test_complex_constants_with_zeros_of_other_signs_are_unlike():
    signs = [complex(a, b) for a in (0.0, -0.0) for b in (0.0, -0.0)]
    graph = share(traced(lambda x: [x * z for z in [*signs, *signs, *map(np.complex128, signs)]], ODD))
    assert len(graph) == 8


def test_large_constants_are_one_where_every_element_is_equal():
    x = np.linspace(-1.0, 1.0, 500)
    one, other = x.copy(), x.copy()
    other[251] = -other[251]
    unsigned = np.where(x > 0, x, 0.0)
    signed = np.where(x > 0, x, -0.0)
    graph = after([share], lambda y: (y * x, y * one, y * other, y * unsigned, y * signed), x)
    assert len(graph) == 4
    assert graph.outputs[0] is graph.outputs[1]


def test_dead_code_goes():
    def f(x):
        np.exp(x)
        return np.linalg.qr(np.outer(x, x))[1] if False else x + 1

    assert names(after([drop_dead], f, M[0])) == ["add"]


def test_numbers_stay_numbers():
    graph = after([fold_constants, keep_scalars], lambda x: x * np.full(9, -0.0) + np.ones((2, 9)), ODD)
    multiply, add = graph.nodes
    assert multiply.operands[1] == 0
    assert np.ndim(multiply.operands[1]) == 0
    assert np.shape(add.operands[1]) == (2, 9)


def contracted(f, *args):
    graph = traced(f, *args)
    for one in (share, clean_contractions, simplify, drop_dead):
        graph = one(graph)
        verify(graph)
    for got, expected in zip(run(graph, *args), run(traced(f, *args), *args), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-14)
    return names(graph)


def test_contractions_are_cleaned():
    v, w = np.arange(4.0), np.arange(3.0) + 1
    assert contracted(lambda x, v: (x @ v[..., None])[..., 0], M, v) == ["matmul"]
    assert contracted(lambda x, v: (x @ v[..., None])[..., 0], M, np.ones((5, 4))) == ["transpose", "matmul"]
    assert contracted(lambda x, y: (x.T @ y).T, M, w[:, None] * M) == ["transpose", "matmul"]
    assert contracted(lambda v, w: w[:, None] @ v[None], v, w) == ["getitem", "getitem", "multiply"]
    assert contracted(lambda x: np.sum(x, 1, keepdims=True).reshape(3), M) == ["sum"]
    assert contracted(lambda x: np.reshape(np.sum(x, axis=(0, 1), keepdims=True), ()), M) == ["sum"]


def test_a_product_needed_as_it_is_too_is_not_computed_twice():
    def f(x, y):
        z = x.T @ y
        return z.T, z

    assert contracted(f, M, M * 2).count("matmul") == 1


def test_the_whole_pipeline_records_what_it_did():
    graph = traced(ad.grad(lambda x: np.sum(np.sin(x) ** 2)), ODD[:4])
    small, record = optimise(graph, verify)
    assert [name for name, _, _ in record] == ["reroll", *[one.__name__ for one in PIPELINE]]
    assert record[-1][1] == len(small.nodes) < len(graph.nodes)
    assert all(seconds >= 0 for _, _, seconds in record)


# The check itself


def broken(change):
    graph = traced(lambda x: np.sum(np.sin(x) * 2.0), ODD[:3])
    change(graph)
    with pytest.raises(AssertionError):
        verify(graph)


def test_verify_finds_what_is_wrong():
    verify(traced(lambda x: np.sum(np.sin(x) * 2.0), ODD[:3]))
    broken(lambda g: g.nodes.reverse())
    broken(lambda g: g.nodes.pop(0))
    broken(lambda g: setattr(g.nodes[0], "shape", (4,)))
    broken(lambda g: setattr(g.nodes[1], "dtype", np.dtype(np.float32)))
    broken(lambda g: g.nodes.pop())
    broken(lambda g: g.inputs.append(g.nodes[0]))


def test_a_constant_is_what_is_no_operation():
    assert is_constant(1.0)
    assert is_constant(ODD)
    assert not is_constant(traced(np.sin, ODD).nodes[0])


# Indices

VIEWS = [
    (1,), (slice(None), 2), (..., 1), (slice(1, None), None), (slice(None, None, -1),),
    (slice(3, 0, -2), slice(1, 3)), (None, slice(2, 4)), (..., None), (slice(0, 0),), (-1,),
    (slice(None, None, 2), ..., slice(-2, None)),
    (slice(None), None, slice(None, None, -2)), (),
]  # fmt: skip


@pytest.mark.parametrize("first", VIEWS, ids=str)
def test_views_of_views_are_one(first):
    x = np.arange(20.0).reshape(4, 5)
    for second in VIEWS:
        try:
            expected = x[first][second]
        except IndexError:
            continue
        found = composed(first, second, x.shape, x[first].shape)
        assert found is not None or None in first
        if found is not None:
            np.testing.assert_array_equal(x[found], expected)
            assert x[found].shape == expected.shape


def test_indices_take_their_plainest_form():
    shape = (4, 5)
    x = np.arange(20.0).reshape(shape)
    mask = x > 7
    for index, expected in [
        ((np.array([1, 2, 3]),), (slice(1, 4),)), ((np.array([-1, -3]),), (slice(3, 0, -2),)),
        ((..., np.array([2, 1, 0])), (..., slice(2, None, -1))), ((slice(None), np.array([0, 2, 4])), None),
    ]:  # fmt: skip
        found = plain_index(index, shape)
        assert all(isinstance(p, slice) or p is Ellipsis for p in found)
        assert expected is None or found == expected
        np.testing.assert_array_equal(x[found], x[index])
    for index in [
        (mask,), (mask[:, 0],), (0, np.array([1, 2])), (np.array([1, 2]), slice(None), None),
        (np.array([[1], [-2]]), np.array([0, 2], np.uint8)), (slice(None), np.array([1, 2, 4])),
    ]:  # fmt: skip
        found = plain_index(index, shape)
        np.testing.assert_array_equal(x[found], x[index])
        assert all(p.dtype == np.int64 and p.min() >= 0 for p in found if isinstance(p, np.ndarray))
    for index in [(1, slice(None)), (..., None), (np.array([0, 1, 4]), 1)]:
        assert plain_index(index, shape) is index


def test_rows_of_a_stack_are_the_rows():
    def f(x, y):
        s = np.stack([x, y])
        return s[0] * 2, s[1, 1:], s[-1]

    assert names(after([tidy_indices, drop_dead], f, M[0], M[1])) == ["multiply", "getitem"]


def test_what_is_laid_into_zeros_twice_is_laid_once():
    graph = traced(ad.grad(lambda x: np.sum(x[1:][:3][::-1] ** 2)), M.ravel())
    for one in (fold_constants, share, tidy_indices, simplify, tidy_indices, drop_dead):
        graph = one(graph)
        verify(graph)
    assert names(graph).count("scatter") == 1


# What sums lay into zeros


def element(x, *index):
    return x[index] * (1.0 + 0.5 * len(str(index)))


CUBE = np.linspace(-1, 1, 60).reshape(3, 4, 5)
EVERY = [(i, j) for i in range(3) for j in range(4)]
JOINED = {
    "elements": (M, EVERY),
    "in_another_order": (M, [*EVERY[::-1], *EVERY[::3]]),
    "from_the_end": (M, [(-1 - i, -1 - j) for i, j in EVERY]),
    "rows": (M, [0, 1, 2, 1]),
    "columns": (M, [(slice(None), j) for j in (3, 1, 0, 2, 1)]),
    "the_last_axis": (CUBE, [(..., j) for j in (4, 1, 0, 2, 3)]),
    "the_middle": (CUBE, [(slice(None), j) for j in (3, 1, 0, 2)]),
    "two_of_three_axes": (CUBE, [(..., i, j) for i in range(4) for j in range(5)]),
    "first_two": (CUBE, [*EVERY, (0, 0, slice(None))]),
    "all_three": (CUBE, [(i, j, k) for i, j in EVERY for k in range(5)]),
    "the_first_and_the_last": (CUBE, [(i, slice(None), k) for i in range(3) for k in range(5)]),
    "all_kinds": (M, [*EVERY, 0, 1, 2, *[(slice(None), j) for j in range(4)], slice(1, None), (slice(None, 2), 1)]),
    "on_and_beside_the_diagonal": (
        np.eye(12) + 1, [(i, j) for i in range(12) for j in range(max(0, i - 1), min(12, i + 2))]
    ),
    "a_few_of_many": (np.ones(300), [*range(40, 80)]),
    "one_of_one": (np.ones((1, 1)), [(0, 0)] * 4),
    "numbers": (np.array(2.0), [()] * 4),
    "an_axis_of_length_0": (np.ones((4, 0)), [0, 1, 2, 3]),
    "with_a_new_axis": (M, [(i, None) for i in range(3)]),
    "arrays": (M, [(i, np.array([0, 2])) for i in range(3)]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("case", JOINED)
def test_what_is_laid_into_zeros_is_put_side_by_side(case, dtype):
    x, places = JOINED[case]
    x = x.astype(dtype)

    def f(x):
        total = 0.0
        for place in places:
            total = total + np.sum(np.real(element(x, *(place if isinstance(place, tuple) else (place,))) ** 2))
        return total

    before = graph = traced(ad.grad(f), x)
    for one in PIPELINE:
        graph = one(graph)
        verify(graph)
    (got,), (expected,) = run(graph, x), run(before, x)
    np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype is np.float32 else 1e-13)
    assert np.asarray(got).dtype == np.asarray(expected).dtype
    touched = [
        sum(n.size for n in g.nodes if n.block.name == "add" and n.shape == x.shape) for g in (before, graph)
    ]
    if case in ("with_a_new_axis", "arrays", "the_first_and_the_last", "numbers"):
        assert touched[1] <= touched[0]
    else:
        # No sum of the whole, however many terms there are, but of what is laid in different ways.
        assert touched[1] <= (4 if case == "all_kinds" else 0) * x.size


# Fast mathematics


@pytest.mark.parametrize(
    ("f", "kept"),
    [
        (lambda x: x + 0.0, []),
        (lambda x: 0.0 - x, ["negative"]),
        (lambda x: x * 0.0 + x, []),
        (lambda x: x + (x - x), []),
        (lambda x: x / x * x, []),
        (lambda x: x / 3.0, ["multiply"]),
        (lambda x: 2.0 * (x * 3.0), ["multiply"]),
        (lambda x: 0.3 * x + 0.3 * np.sin(x), ["sin", "add", "multiply"]),
        (lambda x: np.sin(x) * 0.3 - 0.3 * x, ["sin", "subtract", "multiply"]),
        (lambda x: -(x - np.sin(x)), ["sin", "subtract"]),
        (lambda x: -(2.0 * x), ["multiply"]),
        (lambda x: np.log(np.exp(x)), []),
        (lambda x: np.sqrt(x) ** 2 + np.square(np.sqrt(x)), None),
    ],
)
def test_fast_math_uses_what_holds_for_real_numbers(f, kept):
    x = np.array([0.3, 1.7, 2.9])
    graph, record = optimise(traced(f, x), verify, fast_math=True)
    assert "relax" in [name for name, _, _ in record]
    assert kept is None or names(graph) == kept
    (got,) = run(graph, x)
    np.testing.assert_allclose(got, f(x), rtol=1e-14)


def test_fast_math_is_an_option_only(unchecked_programs):
    x = np.array([np.inf, 0.0])
    f = lambda x: x - x
    exact, fast = ad.compile(f), ad.compile(f, fast_math=True)
    for _ in range(2):
        np.testing.assert_array_equal(exact(x), [np.nan, 0.0])
    fast(x)
    np.testing.assert_array_equal(fast(x), [0.0, 0.0])


@pytest.mark.parametrize(
    ("f", "kept"),
    [
        (lambda x: np.sum(x + x), ["sum", "add"]),
        (lambda x: np.sum(-(x + x), axis=0), ["negative", "sum", "add"]),
        (lambda x: np.sum((-x) + (-x), axis=0), ["negative", "sum", "add"]),
        (lambda x: np.sum(x + x, dtype=np.float64), ["sum", "add"]),
    ],
)
@pytest.mark.parametrize("x", [ODD[:6], ODD[7:], ODD[:2], np.array([1.7e308, -1.7e308, 3.0])])
def test_doubling_goes_behind_a_sum(f, kept, x):
    if x[0] > 1e300:
        # Where doubling first overflows, the doubled sum is the one that is right.
        assert run(simplify(share(traced(f, x))), x)[0] in (6.0, -6.0)
        return
    assert names(after([share, simplify, drop_dead], f, x)) == kept


def test_questions_of_all_elements_ignore_how_they_are_laid_out():
    def f(x):
        return np.any(np.isnan(np.broadcast_to(x[:, None], (9, 5)).T)), np.max(x.reshape(3, 3).T)

    graph = after([fold_constants, tidy_indices, simplify, lift_broadcasts, drop_dead], f, ODD)
    assert [n.block.name for n in graph.nodes if n.size > 9] == []


def test_what_is_laid_over_all_zeros_is_itself():
    def f(x):
        out = np.zeros((3, 4), like=x)
        out[None, ...] = x[None]
        return out

    graph = after(
        [fold_constants, tidy_indices, simplify, share, simplify, drop_dead],
        ad.grad(lambda x: np.sum(f(x) ** 2)),
        M,
    )
    assert "scatter" not in names(graph)


def test_conjugates_of_complex_numbers_stay():
    assert names(simplify(traced(lambda x: np.conj(x * 1j), ODD))) == ["multiply", "conjugate"]
