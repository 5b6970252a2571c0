"""Every way to put an index together: read, written, batched, with places that differ from row to row, compiled."""

from itertools import product

import numpy as np
import pytest
from grid import BACKENDS, assert_same

import dragongrad as ad
from dragongrad.blocks.indexing import read
from dragongrad.core.variable import Variable

PARTS = {
    "number": -1,
    "slice": slice(None, None, -1),
    "new": None,
    "dots": ...,
    "places": np.array([1, 0]),
    "table": [[0], [-1]],
    "mask": np.array([True, False]),
    "truth": True,
    "none": False,
    "place": np.array(1),
    "square": np.array([[True, False], [True, True]]),
}
X = np.random.default_rng(0).normal(size=(2, 2, 2))


def accepted(length):
    """The indices of some parts that NumPy accepts; of the longest a sample."""
    found = []
    for names in product(PARTS, repeat=length):
        index = tuple(PARTS[name] for name in names)
        try:
            X[index]
        except IndexError:
            continue
        found.append(pytest.param(index, id=", ".join(names)))
    step = len(found) // 60 + 1
    return found[::step]


def same(got, expected):
    assert np.shape(got) == np.shape(expected)
    np.testing.assert_array_equal(got, expected)


def added(index, bar, shape=X.shape):
    out = np.zeros(shape)
    np.add.at(out, index, bar)
    return out


def written(x, y, index):
    out = +x if isinstance(x, Variable) else np.array(x)
    out[index] = y
    return out


ALL = [*accepted(1), *accepted(2), *accepted(3), *accepted(4)]


@pytest.mark.parametrize("index", ALL)
def test_an_index_reads_what_numpy_reads(index):
    f = lambda x: x[index]
    expected, rows = X[index], np.stack([X, 2 * X, -X])
    value, dot = ad.jvp(f, (X,), (3 * X,))
    same(value, expected)
    same(dot, 3 * expected)
    bar = np.cos(np.arange(expected.size)).reshape(expected.shape)[()]
    same(ad.vjp(f, X)[1](bar)[0], added(index, bar))
    same(ad.vmap(f)(rows), np.stack([r[index] for r in rows]))
    back = ad.vmap(lambda x, bar: ad.vjp(f, x)[1](bar)[0])(rows, np.stack([bar, 2 * bar, -bar]))
    same(back, np.stack([added(index, k * bar) for k in (1, 2, -1)]))


@pytest.mark.parametrize("index", ALL)
def test_an_index_writes_where_numpy_writes(index):
    shape = X[index].shape
    for size in {shape, (), shape[1:], (1, *shape[1:]) if shape else ()}:
        y = np.sin(np.arange(int(np.prod(size)))).reshape(size)[()]
        expected = written(X, y, index)
        value, dot = ad.jvp(lambda x, y: written(x, y, index), (X, y), (3 * X, 2 * y))
        same(value, expected)
        same(dot, written(3 * X, 2 * y, index))
        bar = np.cos(np.arange(X.size)).reshape(X.shape)
        x_bar, y_bar = ad.vjp(lambda x, y: written(x, y, index), X, y)[1](bar)
        np.testing.assert_allclose(np.sum(x_bar * X) * 3 + np.sum(y_bar * y) * 2, np.sum(bar * dot), rtol=1e-12)
        got = ad.vmap(lambda x, y: written(x, y, index))(np.stack([X, -X]), np.stack([y, 2 * y]))
        same(got, np.stack([expected, written(-X, 2 * y, index)]))


COMPUTED = [p for p in ALL if any(isinstance(q, np.ndarray) and q.dtype != bool for q in p.values[0])]


@pytest.mark.parametrize("index", COMPUTED)
def test_places_that_differ_from_row_to_row(index):
    at = next(i for i, p in enumerate(index) if isinstance(p, np.ndarray) and p.dtype != bool)
    places = np.stack([index[at], 1 - index[at], index[at]])
    with_places = lambda p: (*index[:at], p, *index[at + 1 :])
    rows = np.stack([X, 2 * X, -X])
    each = np.stack([x[with_places(p)] for x, p in zip(rows, places, strict=True)])
    same(ad.vmap(lambda x, p: x[with_places(p)])(rows, places), each)
    same(ad.vmap(lambda p: read(X, with_places(p)))(places), np.stack([X[with_places(p)] for p in places]))
    bars = np.cos(np.arange(each.size)).reshape(each.shape)
    gradient = ad.grad(lambda x: np.sum(bars * ad.vmap(lambda p: read(x, with_places(p)))(places)))(X)
    np.testing.assert_allclose(
        gradient, sum(added(with_places(p), b) for p, b in zip(places, bars, strict=True)), atol=1e-15
    )
    got = ad.vmap(lambda x, p: written(x, 7.0, with_places(p)))(rows, places)
    same(got, np.stack([written(x, 7.0, with_places(p)) for x, p in zip(rows, places, strict=True)]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_compiled(backend):
    """All in one function: what is parted by dots that stand for nothing, and truths, above all."""
    names = [
        ("slice", "places", "dots", "places"), ("places", "dots", "slice", "table"), ("truth", "slice", "number"),
        ("dots", "truth", "places"), ("none",), ("number", "dots", "new", "mask"), ("place", "dots", "places"),
        ("slice", "dots", "square"), ("square", "truth"),
    ]  # fmt: skip
    indices = [tuple(PARTS[name] for name in row) for row in names]

    def everything(x):
        def total(x):
            return sum(np.sum(np.sin(x[i]) * np.cos(np.arange(X[i].size)).reshape(X[i].shape)) for i in indices)

        out = x * 1.0
        for i in indices:
            out[i] = np.sin(out[i])
        rows = np.stack([x, 2 * x])
        return (
            [x[i] for i in indices],
            out,
            ad.grad(total)(x),
            [ad.vmap(lambda x, i=i: x[i])(rows) for i in indices],
        )

    compiled = ad.compile(everything, backend=backend)
    for x in (X, 2 * X, -X):
        assert_same(compiled(x), everything(x))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_number_has_masks_too(backend):
    f = lambda y: (y[np.array(True)] * 2, y[True, None] * 3, y[...] * 4, y[False])
    compiled = ad.compile(f, backend=backend)
    for y in (1.5, 2.5):
        assert_same(compiled(np.array(y)), f(np.array(y)))


@pytest.mark.parametrize(
    "index", [(0, 0, 0, 0), (..., ...), 2, ([0, 5],), (np.ones((3, 3), bool),), "a", 1.0, ([0.0],)]
)
def test_what_numpy_refuses_is_refused(index):
    for f in (
        lambda: ad.jvp(lambda x: x[index], (X,), (X,)),
        lambda: ad.vmap(lambda x: x[index])(X[None]),
        lambda: ad.jvp(lambda x: written(x, 1.0, index), (X,), (X,)),
    ):
        with pytest.raises(IndexError) as found:
            f()
        assert isinstance(found.value, ad.DragongradError)


# Slices that begin elsewhere in every row


@pytest.mark.parametrize(
    "part",
    [
        lambda i: slice(i, i + 2), lambda i: (slice(None), slice(i, i + 1)), lambda i: (slice(i + 1, i, -1), i),
        lambda i: (..., slice(-i - 2, 3 - i - 1), 0), lambda i: (0, slice(i, i + 3, 2)),
        lambda i: (None, slice(0, i - i + 1)), lambda i: (slice(i, i + 2), slice(2 - i, 3 - i)),
        lambda i: (slice(i, i + 2), [0, 0]),
    ],
)  # fmt: skip
def test_slices_that_begin_elsewhere_in_every_row(part):
    x, places = np.arange(36.0).reshape(3, 4, 3), np.array([0, 1])
    rows = np.stack([x, -x])
    each = np.stack([x[part(i)] for x, i in zip(rows, places, strict=True)])
    read_all = ad.vmap(lambda x, i: x[part(i)])
    for run in (read_all, *[ad.compile(read_all, backend=backend) for backend in BACKENDS]):
        same(run(rows, places), each)
        same(run(rows, places), each)
    got = ad.vmap(lambda x, i: written(x, 7.0, part(i)))(rows, places)
    same(got, np.stack([written(x, 7.0, part(i)) for x, i in zip(rows, places, strict=True)]))
    gradient = ad.grad(lambda x: np.sum(ad.vmap(lambda i: x[part(i)])(places) * np.cos(each)))(x)
    np.testing.assert_allclose(
        gradient, sum(added(part(i), np.cos(e), x.shape) for i, e in zip(places, each, strict=True))
    )


def test_slices_of_other_lengths_have_no_batch():
    places = np.array([0, 1])
    for part in (lambda i: slice(i, None), lambda i: slice(i, 2 * i), lambda i: slice(i, i + 2)):
        with pytest.raises(ad.BatchError, match=r"one length(.|\n)*x\[i:i \+ n\]"):
            ad.vmap(lambda x, i, part=part: x[part(i)])(np.ones((2, 2)), places)
    with pytest.raises(ad.ConversionError, match=r"ad\.take\(a, i \+ np\.arange\(n\)\)"):
        ad.vmap(lambda i: X[i : i + 2])(places)


# A place for each line along an axis

I = np.array([[0, -1], [1, 0], [2, 2]])  # noqa: E741
A = np.random.default_rng(1).normal(size=(3, 4))


def put(x, places, values, axis):
    out = +x if isinstance(x, Variable) else np.array(x)
    np.put_along_axis(out, places, values, axis)
    return out


@pytest.mark.parametrize(
    ("x", "places", "values", "axis"),
    [(A, I, A[:, :2], 1), (A, I.ravel(), A.ravel()[:6], None), (A.T, I.T, A.T[:2], 0), (A, I, 2.0, -1),
     (A, I[:1], A[:, 1:3], 1)],
)  # fmt: skip
def test_values_are_put_along_an_axis(x, places, values, axis):
    f = lambda x, values: put(x, places, values, axis)
    value, dot = ad.jvp(f, (x, values), (2 * x, 3 * values))
    same(value, put(x, places, values, axis))
    same(dot, put(2 * x, places, 3 * values, axis))
    bar = np.cos(np.arange(x.size)).reshape(x.shape)
    x_bar, y_bar = ad.vjp(f, x, values)[1](bar)
    np.testing.assert_allclose(2 * np.sum(x_bar * x) + 3 * np.sum(y_bar * values), np.sum(bar * dot), rtol=1e-12)
    got = ad.vmap(lambda x, p: put(x, p, values, axis))(np.stack([x, -x]), np.stack([places, places[::-1]]))
    same(got, np.stack([put(x, places, values, axis), put(-x, places[::-1], values, axis)]))


def test_a_variable_is_not_put_into_a_plain_array():
    with pytest.raises(ad.ConversionError, match=r"np.array\(a\)"):
        ad.grad(lambda v: np.put_along_axis(A.copy(), I, v, 1))(A[:, :2])


@pytest.mark.parametrize("places", [True, [True, False], [0.0, 1.9], np.uint8(1), [], np.array([[1, -1]])])
def test_take_reads_places_as_numpy_does(places):
    f = lambda x: np.take(x, places)
    value = ad.jvp(f, (A,), (A,))[0]
    assert type(value) is type(f(A))
    same(value, f(A))


# A complex number written into a real array loses its imaginary part, with NumPy's own warning


def test_the_imaginary_part_is_dropped():
    def f(x):
        out = np.zeros(2, like=x)
        out[0] = x * (1 + 2j)
        out[1:] = x * np.exp(1j * x)
        return out

    with pytest.warns(np.exceptions.ComplexWarning, match="imaginary") as told:
        value, dot = ad.jvp(f, (0.5,), (1.0,))
    assert {w.filename for w in told} == {__file__}
    np.testing.assert_allclose(value, [0.5, 0.5 * np.cos(0.5)])
    np.testing.assert_allclose(dot, [1.0, np.cos(0.5) - 0.5 * np.sin(0.5)])
    assert value.dtype == dot.dtype == np.float64
    with pytest.warns(np.exceptions.ComplexWarning):
        np.testing.assert_allclose(ad.jacrev(f)(0.5), dot)
    with pytest.raises(TypeError, match="astype"):
        ad.jvp(lambda x: written(x, 1j, 0), (A,), (A,))


WAYS = {
    "item": lambda y, c: y.__setitem__(0, c),
    "list": lambda y, c: y.__setitem__([0, 1], [c, c]),
    "flat": lambda y, c: y.flat.__setitem__(0, c),
    "put": lambda y, c: np.put(y, [0], c),
    "fill": lambda y, c: y.fill(c),
    "diagonal": lambda y, c: np.fill_diagonal(y, c),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_a_complex_number_of_pythons_is_not_written_into_a_real_array(way, backend):
    def f(x, y):
        out = x * 1.0
        WAYS[way](out, y)
        return out

    compiled = ad.compile(f, backend=backend)
    for _ in range(2):
        with pytest.raises((TypeError, ValueError)):
            compiled(A, 1j)
    if way == "item":
        for _ in range(2):
            same(compiled(A, np.complex128(2j)), f(A, 0.0))


# An empty Variable as an index of a plain array, which NumPy asks nothing of but its length


@pytest.mark.parametrize("shape", [(0,), (0, 1), (2, 0)])
@pytest.mark.parametrize("index", [lambda x: x.astype(int), lambda x: x > 0])
@pytest.mark.parametrize("plain", [np.ones(3), np.array(["a", "b"]), np.ones((0, 1))])
@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")
def test_an_empty_index_of_a_plain_array(shape, index, plain):
    def f(x):
        return plain[index(x)]

    x = np.ones(shape)
    compiled = ad.compile(f)
    runs = [(lambda: compiled(x), 1), (lambda: compiled(x), 1), (lambda: ad.vmap(f)(np.ones((3, *shape))), 3)]
    try:
        expected = f(x)
    except IndexError:
        for run, _ in runs:
            with pytest.raises((IndexError, ad.ConversionError)):
                run()
        return
    for run, rows in runs:
        try:
            got = run()
        except ad.ConversionError:
            # A batch of masks has no shape.
            assert rows > 1
            assert index(x).dtype == bool
        else:
            same(got, np.stack([expected] * rows) if rows > 1 else expected)
            assert got.dtype == expected.dtype


@pytest.mark.parametrize(
    ("shape", "index", "given"),
    [
        ((2, 0), (-2, ..., slice(-1, -3)), (2, 0)),
        ((2, 0), (0,), (2, 0)),
        ((0,), (...,), (2, 0)),
        ((0,), (...,), (1, 0)),
        ((2, 3), (0,), (2, 3)),
        ((2, 3), (0,), (1, 1, 3)),
        ((3, 0), ([0, 1],), (3, 2, 0)),
        ((3, 0), ([0, 1],), (2, 0)),
    ],
)
def test_what_does_not_fit_is_refused_also_where_nothing_is_written(shape, index, given):
    def f(x, y):
        z = x * 1.0
        z[index if len(index) > 1 else index[0]] = y
        return z

    x, y = np.zeros(shape), np.ones(given)
    rows = np.stack([x, x]), np.stack([y, y])
    batched = [
        lambda: ad.vmap(f)(*rows),
        lambda: ad.vmap(f, in_axes=(0, None))(rows[0], y),
        lambda: ad.compile(ad.vmap(f))(*rows),
    ]
    try:
        expected = f(x, y)
    except ValueError:
        for run in (*batched, lambda: ad.jvp(f, (x, y), (x, y)), lambda: ad.compile(f)(x, y)):
            with pytest.raises(ValueError):  # noqa: PT011
                run()
        return
    for run in batched:
        np.testing.assert_array_equal(run(), np.stack([expected, expected]))
