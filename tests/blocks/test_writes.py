"""Writes through views, aliases and operators in place mean what they mean in NumPy, under every transform."""

import contextlib
import copy
import itertools
import pickle
import warnings
from functools import partial

import numpy as np
import pytest
from calls import CHAPTERS
from grid import BACKENDS, by_complex_step, covering

import dragongrad as ad
from dragongrad.core.nests import flatten

PROGRAMS = {}


def program(f):
    """A program that writes; NumPy itself says what it means, and complex numbers what its derivative is."""
    PROGRAMS[f.__name__] = f
    return f


@program
def element_of_a_row(x):
    y = x * 1.0
    y[0][1] = x[1, 1] ** 2
    return y


@program
def rows(x):
    y = x * 1.0
    for row in y:
        row -= row.mean()
    return y


@program
def kept_rows(x):
    y = x * 1.0
    kept = list(y)
    for row in kept:
        row *= kept[0][1]
    return y


@program
def halves(x):
    y = x.ravel() * 1.0
    a, b = y[:2], y[2:4]
    a *= b
    b += a
    return y


@program
def transposed(x):
    y = x * 1.0
    y.T[0] = x[0, 0] * x[1, 1]
    return y


@program
def reshaped(x):
    y = x * 1.0
    y.reshape(-1)[1:3] *= x[0, 0]
    np.reshape(y, -1)[0] = 2.0
    return y


@program
def raveled(x):
    y = x * 1.0
    y.ravel()[0] = x[1, 1] ** 3
    return y


@program
def raveled_copy(x):
    y = x * 1.0
    z = y.T.ravel()
    z *= 2
    return y * z[0]


@program
def in_fortran_order(x):
    y = x * 1.0
    y.T.reshape(-1, order="F")[1] = x[0, 0] ** 2
    return y


@program
def squeezed(x):
    y = (x * 1.0)[None]
    np.squeeze(y)[0] = x[1] ** 2
    y.squeeze(0)[1] *= x[0, 1]
    return y


@program
def new_axis(x):
    y = x * 1.0
    y[..., None][0] *= x[0, 0]
    np.expand_dims(y, 0)[0, 1] = x[0] ** 2
    return y


@program
def swapped(x):
    y = x * 1.0
    y.swapaxes(0, 1)[1] += x[0, :2]
    np.moveaxis(y, 0, 1)[0] *= 3.0
    return y


@program
def flipped(x):
    y = x * 1.0
    y[::-1][0] = x[0] * x[1]
    np.flip(y)[0] *= 3
    np.rot90(y)[0] *= x[0, 0]
    np.rot90(y, 4)[1] += 1.0
    return y


@program
def split_up(x):
    y = x * 1.0
    a, b = np.split(y, 2)
    a *= b
    for part in np.array_split(y, 2, axis=1):
        part += part[0, 0]
    return y


@program
def diagonal(x):
    y = x[:2, :2] * 1.0
    np.einsum("ii->i", y)[:] = x[0, :2] ** 2
    np.einsum("ij->ji", y)[0, 1] *= x[1, 1]
    return y


@program
def parts(x):
    z = x + 1j * x**2
    z.real[0] = x[1] ** 3
    z.imag[1] *= x[0, 0]
    z.imag = z.imag + 1.0
    return z.real * z.imag


@program
def view_of_views(x):
    y = x * 1.0
    y[1:][0].T[:1].reshape(1, 1)[0, 0] = x[0, 0] * x[0, 1]
    return y


@program
def out_argument(x):
    y = x * 1.0
    np.add(y[0], x[1], out=y[0])
    np.multiply(y, 2, out=y)
    np.sin(x[0], out=y[1])
    return y


@program
def alias(x):
    y = x * 1.0
    z = y
    z *= 2
    return y


@program
def alias_in_a_list(x):
    y = x * 1.0
    kept = {"a": [y, y[0]]}
    kept["a"][1][0] = x[1, 1]
    kept["a"][0] += x
    return kept["a"][1] * y


@program
def helper(x):
    def scale(a, factor):
        a *= factor

    y = x * 1.0
    scale(y, 2.0)
    scale(y[0], x[1])
    return y


@program
def view_read_after_a_write(x):
    y = x * 1.0
    v = y[0]
    w = v[1:]
    y[0] = x[1] ** 2
    first = w * 1.0
    y *= x
    return np.concatenate([first, w * v[1:]])


@program
def used_before_a_write(x):
    y = x * 1.0
    before = y**2
    y[0] = 0.0
    return before * y


@program
def copies(x):
    y = x * 1.0
    for z in (
        y.copy(),
        np.copy(y),
        copy.copy(y),
        copy.deepcopy(y),
        y.flatten(),
        y[[0, 1]],
        np.take(y, 0, 0),
        y + 0,
    ):
        z *= 2
    return y


@program
def swap_of_rows(x):
    y = x * 1.0
    y[0], y[1] = y[1], y[0]
    y[:, [0, 1]] = y[:, [1, 0]]
    return y


@program
def numbers_are_replaced(x):
    a = x[0, 0]
    b = a
    a += 1
    a *= x[1, 1]
    return np.stack([a, b])


@program
def argument_in_place(x):
    x += 1
    x[0] **= 2
    return x**2


@program
def every_operator(x):
    y = x + 3.0
    y -= 1.0
    y /= x + 4.0
    y **= 2
    y *= 7.0
    y //= 1.0
    y += x
    y %= 5.0
    return y


@program
def product_in_place(x):
    y = x[:, :2] * 1.0
    y @= x[:2, :2]
    return y


@program
def gauss_seidel(x):
    b, y = x[0], x[1] * 1.0
    for _ in range(2):
        for i in range(1, len(y) - 1):
            y[i] = 0.5 * (y[i - 1] + y[i + 1] - b[i])
    return y


@program
def masked_row(x):
    y = x * 1.0
    row = y[1]
    row[np.array([True, False, True])[: row.shape[0]]] = x[0, 0]
    row[[0]] += x[0, 1]
    return y


@program
def flat_elements(x):
    y = x * 1.0
    y.flat[1] = y[0, 0] * 2
    y.flat[[0, 3]] = [y[0, 1], 1.5]
    y.flat[2:] = np.sin(x.flat[:3])
    z = x * 1.0
    z.flat = x[0]
    return y * sum(y.flat) * np.sum(z.flat) * len(z.flat)


@program
def read_where_it_is_written(x):
    y, z, w = x.ravel() * 1.0, x.ravel() * 2.0, x.ravel() * 3.0
    np.place(y, np.arange(y.size) % 2 == 1, y)
    np.place(z[1:], np.ones(z.size - 1, bool), z)
    w.flat = w[::-1]
    w.flat[[2, 0, 1]] = w
    a = w.flat[:2]
    a *= 5
    np.putmask(y, np.arange(y.size) % 3 == 0, y[::-1])
    np.put(z, [1, 0, 2], z)
    return y * z[::-1] * w if np.shares_memory(y, y[1:]) and not np.shares_memory(y, a) else y


@program
def copies_lie_as_numpys(x):
    y = x * 1.0
    a, b, c = y.T.copy(), np.asfortranarray(y), np.ascontiguousarray(y.T)
    a.reshape(-1)[0] = x[0, 0] ** 2
    b[0] *= 3.0
    c[0] = x[0, 1]
    np.ascontiguousarray(y)[1] *= x[0]
    return y * a.T * b * c.T


@program
def raveled_with_steps(x):
    y = x.ravel() * 1.0
    y[::2].ravel()[0] = 5.0
    y[::2].reshape(-1)[1] *= x[0, 1]
    d = np.einsum("ii->i", np.outer(x[0], x[0]))
    d.ravel()[-1] *= 0.5
    return y * d[-1]


@program
def written_view_is_no_block_of_memory(x):
    y = x * 1.0
    v = y[:, :1]
    v[0, 0] = x[1, 1]
    z = v.ravel()
    z *= 2.0
    w = y[:, :2].T
    w[0, 0] = x[0, 1]
    u = w.reshape(-1)
    u *= 3.0
    return y * u[0] * z[0]


@program
def views_of_buffers(x):
    y = np.eye(2)
    v = np.flip(y, 0)
    np.einsum("ii->i", v)[0] = 0.5
    np.atleast_2d(y[0])[0, 1] = x[0, 0]
    z = np.zeros(4)
    row = z[:2]
    row[0] = 1.0
    z[1] = 2.0
    before = row * 1.0
    z[0] = 3.0
    saved = np.sin(z) * x[0, 0]
    z[0] = 7.0
    z[2:] = x[0, 0]
    return np.concatenate([y.ravel(), z, row, before, saved])


@program
def arrays_of_no_axes(x):
    y = np.zeros((2, 1)) + x[0, 0]
    np.clip(np.array(0.25), 0.0, 1.0, out=y)
    z = np.reshape(x[:1, :1] * 1.0, ())
    w = z
    z += np.sin(x[0, 0])
    z *= 2.0
    return np.concatenate([y.ravel(), np.ravel(w) * x[0, 1]])


@program
def one_element_in_an_array(x):
    y = x[0] * 1.0
    y[..., -1] = x[1, :1] ** 2
    return y


@program
def functions_that_write(x):
    a, b, c, d = x * 1.0, np.zeros((4, 3)), x.T * 1.0, x * 1.0
    np.copyto(a, x**2, where=x > 0)
    np.fill_diagonal(b, x[0, 0])
    np.fill_diagonal(c, [x[0, 0], 2.0])
    np.put(d, [0, -1, 1], x[1, :2])
    e, f, g, h = x * 1.0, x * 1.0, x * 1.0, np.empty(3)
    np.place(e, np.array([[True] * x.shape[1], [False] * x.shape[1]]), x[1, :2])
    np.putmask(f, x > 0, x[0, :2] * 3)
    g.sort(axis=0)
    g[1].sort()
    h.fill(x[0, 0])
    np.add.at(h, [0, 0, 2], x.ravel()[:3])
    np.subtract.at(d, (0, [1, 1]), x[0, 0])
    return np.concatenate([v.ravel() for v in (a, b, c, d, e, f, g, h)])


@program
def results_written_into_arrays(x):
    a, b, c, d, e = np.empty(x.shape[1]), np.empty((1, x.shape[1])), np.empty(x.shape), x * 1.0, np.empty(())
    np.sum(x, 0, None, a)
    np.mean(x, 0, None, b, True)
    np.clip(x[:1], None, x[1, 0], c)
    np.take(x, [1, 0], 0, d, "clip")
    np.dot(x[0], x[1], e)
    x.compress([True], 0, b)
    d[0].cumsum(0, None, d[1])
    return np.concatenate([v.ravel() for v in (a, b, c, d, e)])


@program
def values_in_the_memory_that_is_written(x):
    y = np.concatenate([x.ravel(), x.ravel()]) * 1.0
    y[1:] = y[:-1]
    y += y[::-1]
    y[:4] *= y[1:5]
    # NumPy reads here what it has written.
    y[::2] = y[: (y.shape[0] + 1) // 2]
    y[1:7:2] = y[:3]
    y[np.arange(y.shape[0]) % 3 > 0][:2] = y[:2]
    mask = np.arange(y.shape[0]) % 3 != 1
    y[mask] = y[-1 : -1 - np.count_nonzero(mask) : -1]
    np.concatenate([y[1:], y[:1]], out=y)
    z = np.outer(x[0], x[1])[:2, :2]
    z.flat = z.T
    np.stack([z[1], z[0]], out=z)
    z[:, 1:] = z[:, :-1]
    return np.concatenate([y, z.ravel()])


@program
def views_of_the_whole(x):
    y = x * 1.0
    whole, buffer = y.view(), np.zeros(x.shape)
    seen, diagonal = buffer.view(np.ndarray), np.eye(2)
    whole[0] = 2 * y[1]
    y[1, 0] = 3.0
    buffer[0] = x[1]
    seen[1] = x[0] * x[1]
    part = np.einsum("ii->i", diagonal).view()
    part *= x[0, 0]
    return np.concatenate([np.ravel(v) for v in (y, whole, buffer, seen, diagonal)])


@program
def diagonals_of_themselves(x):
    y, z = x[:, :2] * 1.0, x[:1, :1] * 1.0
    for write in (y, z):
        part = np.einsum("ii->i", write)
        part.flat = np.ravel(write)[: len(write)]
    np.copyto(np.einsum("ii->i", y), np.ravel(y)[1:3])
    return np.concatenate([np.ravel(v) for v in (y, z)])


@pytest.fixture(params=[(2, 3), (2, 2)], ids=str)
def x(request):
    return np.random.default_rng(0).normal(size=request.param)


# Of these NumPy has no meaning, or another one, for complex numbers.
BY_DIFFERENCES = {
    "parts",
    "results_written_into_arrays",
    "views_of_buffers",
    "views_of_the_whole",
    "arrays_of_no_axes",
    "functions_that_write",
}


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", PROGRAMS)
def test_eager(name, x):
    f = PROGRAMS[name]
    kept = x.copy()
    close(ad.jvp(f, (x,), (x,))[0], f(x.copy()))
    if name != "every_operator":
        expected = by_complex_step(f, x, real=name in BY_DIFFERENCES)
        close(ad.jacrev(f)(x), expected)
        close(ad.jacfwd(f)(x), expected)
        close(ad.vmap(ad.jacrev(f))(np.stack([x, x]))[1], expected)
    total = lambda x: np.sum(f(x) ** 2)
    close(ad.hessian(total)(x), ad.jacrev(ad.grad(total))(x))
    close(ad.vmap(f)(np.stack([x, 2 * x]))[1], f(2 * x))
    assert np.array_equal(x, kept)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled(name, backend):
    f, x = PROGRAMS[name], np.random.default_rng(0).normal(size=(2, 3))
    for g in (f, ad.jacrev(f)):
        compiled = ad.compile(g, backend=backend)
        for at in (x, x, 2 * x, 2 * x):
            kept = at.copy()
            close(compiled(at), g(at.copy()))
            assert np.array_equal(at, kept)


@pytest.mark.parametrize("name", ["reshaped", "raveled", "raveled_copy", "halves"])
def test_large_arrays_are_compiled_alike(name):
    # Their values are not computed while tracing, so that nobody can ask how they lie in memory.
    f, x = PROGRAMS[name], np.random.default_rng(0).normal(size=(60, 80))
    compiled = ad.compile(f)
    for _ in range(2):
        close(compiled(x), f(x.copy()))


def by_moving_index(x, i):
    y = x * 1.0
    row, rows = y[i], y[i : i + 2]
    row *= 3.0
    rows[1:] = row
    y[None, i, ..., i - 1 : i + 1][0, 0] = 5.0
    y[0] *= 2.0
    return y * np.sum(rows) + row


def test_views_by_an_index_that_is_an_argument():
    x = np.random.default_rng(0).normal(size=(4, 3))
    f, total = by_moving_index, lambda x, i: np.sum(by_moving_index(x, i) ** 2)
    xs, places = np.stack([x, 2 * x]), np.array([1, 2])
    close(ad.vmap(f)(xs, places)[1], f(2 * x, 2))
    close(ad.vmap(ad.grad(total))(xs, places)[1], ad.grad(total)(2 * x, 2))
    for backend in BACKENDS:
        for g in (f, ad.grad(total)):
            compiled = ad.compile(g, backend=backend)
            for i in (1, np.int64(1), np.int64(2), np.int64(1), 2, 1):
                close(compiled(x, i), g(x, int(i)))


def test_copies_of_buffers_are_copies():
    def f(x):
        y = np.ones(2)
        grid = np.meshgrid(y, y)[0]
        grid[grid > 0] *= x[0]
        total = np.cumsum(y)
        total[0] = x[1]
        return y * total

    x = np.array([3.0, 5.0])
    assert np.array_equal(ad.jvp(f, (x,), (x,))[0], f(x))
    assert np.array_equal(ad.jacobian(f)(x), [[0.0, 1.0], [0.0, 0.0]])


def test_views_by_an_array_of_no_axes_are_copies():
    def f(x, i):
        y = x * 1.0
        y[i][...] = 0.0
        return y

    x, i = np.ones((2, 2)), np.array(1)
    assert np.array_equal(f(x, i), x)
    for call in (ad.compile(f), lambda x, i: ad.jvp(lambda x: f(x, i), (x,), (x,))[0]):
        assert np.array_equal(call(x, i), x)


def written(f, log):
    """What an array becomes when everything that `f` gives of it is written to."""

    def program(x):
        y = x * 1
        for out in flatten(f(y))[0]:
            if np.ndim(out) and np.size(out) and getattr(out, "dtype", None) == y.dtype:
                try:
                    out *= 3
                except ValueError:
                    log.append(out.shape)
        return y

    return program


# A write into these warns in NumPy, and will be an error.
DEPRECATED = {"broadcast_arrays", "meshgrid"}
CALLS = [(name, f, shapes) for shapes, table in CHAPTERS for name, f in table.items() if name not in DEPRECATED]


@pytest.mark.parametrize("part", range(4))
def test_views_are_those_of_numpy(part):
    for name, f, shapes in CALLS[part::4]:
        for dtype in (float, complex):
            x = np.random.default_rng(0).normal(size=shapes[0]).astype(dtype)
            expected_log, log = [], []
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    f(x)
                    ad.jvp(f, (x,), (x,))
                except Exception:
                    # What raises is compared elsewhere.
                    continue
                expected = written(f, expected_log)(x)
                got = ad.jvp(written(f, log), (x,), (x,))[0]
            np.testing.assert_array_equal(got, expected, err_msg=name)
            assert log == expected_log, name


def _written_twice(a, s):
    b, c = a, a.reshape(1)
    b += s
    c *= 2
    return a * 1


NO_AXES = {
    "array": lambda s: np.array(s), "asarray": lambda s: np.asarray(s), "copy": lambda s: np.copy(s),
    "of float": lambda s: np.asarray(s, float), "cast": lambda s: np.asarray(s).astype(complex),
    "copied": lambda s: np.asarray(s).copy(), "ones_like": lambda s: np.ones_like(s),
    "full_like": lambda s: np.full_like(s, 3.0), "zeros": lambda s: np.zeros(()),
    "where": lambda s: np.where(s > 0, s, 2.0), "select": lambda s: np.select([s > 0], [s]),
    "piecewise": lambda s: np.piecewise(s, [s > 0], [lambda t: 2 * t]), "i0": lambda s: np.i0(s),
    "block": lambda s: np.block(s), "squeeze": lambda s: np.squeeze(np.array([[s]])),
    "reshape": lambda s: np.array([s]).reshape(()), "real_if_close": lambda s: np.real_if_close(s),
    "part": lambda s: np.array([s, 1.0])[0, ...], "element": lambda s: np.atleast_1d(np.asarray(s))[0, ...],
}  # fmt: skip


@pytest.mark.parametrize("name", NO_AXES)
def test_an_array_of_no_axes_of_a_row_is_no_number(name):
    def f(s):
        a = NO_AXES[name](s)
        a.real = a.real * 0.5
        return _written_twice(a, s)

    rows = np.array([0.5, 1.5])
    expected = np.stack([f(s) for s in rows])
    for batched in (ad.vmap(f), ad.compile(ad.vmap(f)), ad.vmap(lambda s: ad.jvp(f, (s,), (1.0,))[0])):
        np.testing.assert_array_equal(batched(rows), expected)
    slopes = [ad.grad(lambda s: np.real(f(s)))(s) for s in rows]
    np.testing.assert_array_equal(ad.vmap(ad.grad(lambda s: np.real(f(s))))(rows), slopes)


NUMBERS = {
    "maximum": lambda s: np.maximum(s, 0.1), "take": lambda s: np.take([s, 1.0], 0), "copy": lambda s: s.copy(),
    "sum": lambda s: np.sum([s, s]), "element": lambda s: np.array([s, 1.0])[0], "round": lambda s: np.round(s),
    "einsum": lambda s: np.einsum("i,i->", [s], [s]), "choose": lambda s: np.choose(np.array(0), [np.asarray(s)]),
    "clip": lambda s: np.clip(np.asarray(s), 0.0, 1.0), "median": lambda s: np.median(np.asarray(s)),
    "operator": lambda s: np.asarray(s) * 2, "index": lambda s: np.asarray(s)[()],
    "dot": lambda s: np.dot(s, np.asarray(s)),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_no_arrays(name):
    def f(s):
        a = b = NUMBERS[name](1.0 * s)
        a *= 3.0
        return a - b

    def writes(s):
        NUMBERS[name](1.0 * s)[...] = 2.0
        return s

    rows = np.array([0.5, 1.5])
    expected = np.stack([f(s) for s in rows])
    for run in (ad.vmap(f), ad.vmap(lambda s: ad.jvp(f, (s,), (1.0,))[0])):
        np.testing.assert_array_equal(run(rows), expected)
    np.testing.assert_array_equal(ad.jvp(f, (0.5,), (1.0,))[0], expected[0])
    for run in (lambda x: ad.jvp(writes, (x[0],), (1.0,)), lambda x: ad.compile(writes)(x[0])):
        with pytest.raises(TypeError):
            run(rows)


# What NumPy writes into a number, of which it makes an array first, is lost.
LOST = {
    "put": lambda a, v: np.put(a, [0], v), "put method": lambda a, v: a.put(0, v),
    "put clipped": lambda a, v: np.put(a, [3], v, mode="clip"), "fill": lambda a, v: a.fill(v),
    "flat": lambda a, v: a.flat.__setitem__(0, v), "resize": lambda a, v: a.resize(1),
    "put_along_axis": lambda a, v: np.put_along_axis(a, np.array([0]), v, None),
}  # fmt: skip
OF_A_ROW = {
    "element": lambda x: x[0], "det": lambda x: np.linalg.det(x[0] * np.eye(2)), "sum": lambda x: np.sum(x),
    "product": lambda x: x[0] * x[1],
}  # fmt: skip


@pytest.mark.parametrize(("write", "number"), covering(LOST, OF_A_ROW))
def test_what_is_written_into_a_number_is_lost(write, number):
    def f(x):
        y = number(x)
        write(y, 5.0)
        return 2 * y

    rows = np.array([[1.0, 2.0], [3.0, -1.0]])
    expected = np.stack([f(x) for x in rows])
    assert ad.jvp(f, (rows[0],), (rows[1],))[0] == expected[0]
    np.testing.assert_allclose(ad.grad(f)(rows[0]), ad.grad(lambda x: 2 * number(x))(rows[0]))
    np.testing.assert_allclose(ad.hessian(f)(rows[0]), ad.hessian(lambda x: 2 * number(x))(rows[0]), atol=1e-14)
    np.testing.assert_allclose(ad.vmap(f)(rows), expected)
    for backend in BACKENDS:
        compiled, batched = ad.compile(f, backend=backend), ad.compile(ad.vmap(f), backend=backend)
        for _ in range(2):
            np.testing.assert_allclose(compiled(rows[0]), expected[0])
            np.testing.assert_allclose(batched(rows), expected)


def test_a_place_beside_a_number_is_out_of_bounds():
    for run in (ad.grad(lambda x: np.put(x[0], [3], 1.0)), ad.vmap(lambda x: np.put(x[0], [3], 1.0))):
        with pytest.raises(IndexError):
            run(np.ones((2, 2)))


def test_a_view_of_another_dtype_is_refused():
    for transform in (ad.jacfwd, ad.jacrev, ad.vmap):
        with pytest.raises(ad.NoRuleError, match="another dtype"):
            transform(lambda x: x.view(np.int64) * 1.0)(np.ones(2))


@pytest.mark.parametrize(
    "added", [True, np.array([True, True, False]), np.uint8(200), np.array([200, 100, 9], np.uint8)]
)
@pytest.mark.parametrize("ufunc", [np.add, np.subtract])
def test_what_is_added_to_a_place_again_is_as_wide_as_the_place(ufunc, added):
    def f(x):
        y = np.zeros(3) + x
        ufunc.at(y, [0, 0, 2], added)
        return y

    rows = np.array([1.5, 2.0])
    want = [f(row) for row in rows]
    np.testing.assert_array_equal(ad.jvp(f, (1.5,), (1.0,))[0], want[0])
    np.testing.assert_array_equal(ad.vmap(f)(rows), want)
    np.testing.assert_array_equal(
        ad.vmap(lambda x, i: _at(ufunc, x, i, added))(rows, np.array([[0, 0, 2]] * 2)), want
    )


def _at(ufunc, x, i, added):
    y = np.zeros(3) + x
    ufunc.at(y, i, added)
    return y


def test_an_element_of_a_plain_array_holds_no_sequence():
    def f(x):
        y = np.linspace(0.0, 1.0, 3)
        y[..., 0] = np.sin(x)
        return y

    def flat(x):
        y = np.linspace(0.0, 1.0, 3)
        y.flat[0] = x[0]
        return y

    for g in (f, flat):
        with pytest.raises(ad.ConversionError, match="plain array"):
            ad.jacfwd(g)(np.ones(1))


def test_what_arrays_refuse_to_have_set_is_refused():
    with pytest.raises(ad.DtypeError, match="imaginary part"):
        ad.jvp(lambda x: setattr(x * 1, "imag", 0), (np.ones(2),), (np.ones(2),))
    with pytest.raises(ad.NoRuleError, match="reshape"):
        ad.jvp(lambda x: setattr(x * 1, "shape", (2, 1)), (np.ones(2),), (np.ones(2),))


def test_an_order_of_writing_that_differs_between_rows_is_refused():
    def f(x):
        y = x * 1.0
        np.place(y, y > 2, y)
        return y

    with pytest.raises(ad.NoRuleError, match=r"values\.copy\(\)"):
        ad.vmap(f)(np.arange(6.0).reshape(2, 3))


READ_ONLY = {
    "broadcast_to": lambda y: np.broadcast_to(y, (2, *y.shape)),
    "part of broadcast_to": lambda y: np.broadcast_to(y, (2, *y.shape))[0].T,
    "diagonal": lambda y: np.diagonal(y),
    "diagonal method": lambda y: y.diagonal(),
    "diag": lambda y: np.diag(y),
    "windows": lambda y: np.lib.stride_tricks.sliding_window_view(y, 2, axis=0),
}


@pytest.mark.parametrize("name", READ_ONLY)
def test_views_for_reading_are_not_written(name):
    view = READ_ONLY[name]

    def f(y):
        view(y)[0] = 1.0
        return y

    def later(y):
        v = view(y)
        y[0] = y[1] ** 2
        return v

    x = np.random.default_rng(0).normal(size=(3, 3))
    with pytest.raises(ValueError, match="read"):
        f(x.copy())
    for transform, given in ((ad.jacrev, x), (ad.jacfwd, x), (ad.vmap, x[None])):
        with pytest.raises(ad.ReadOnlyError, match="copy"):
            transform(f)(given)
    with pytest.raises(ValueError, match="read"):
        ad.compile(f)(x)
    close(ad.jvp(later, (x,), (x,))[0], later(x.copy()))


@pytest.mark.parametrize("name", READ_ONLY)
def test_no_ufunc_writes_at_places_of_a_view_for_reading(name):
    """NumPy itself looks at that for arrays of more axes, and not for vectors."""
    for transform in (ad.jacrev, ad.jacfwd, ad.vmap):
        with pytest.raises(ad.ReadOnlyError, match="copy"):
            transform(lambda y: np.add.at(READ_ONLY[name](y), [0, 0], 0.5))(
                np.ones((3, 3, 3) if transform is ad.vmap else (3, 3))
            )


def test_errors_of_writes():
    x = np.ones((2, 3))
    for f, error in [
        (lambda x: (x * 1.0).__iadd__(np.ones((4, 2, 3))), ad.ShapeError),
        (lambda x: (x * 1.0).__iadd__(x + 1j), ad.DtypeError),
        (lambda x: (x * 1.0)[5], IndexError),
        (lambda x: (x * 1.0)["a"], IndexError),
    ]:
        with pytest.raises(error):
            ad.jacfwd(f)(x)


@pytest.mark.parametrize("index", [(), Ellipsis, None], ids=str)
@pytest.mark.parametrize("ufunc", [np.maximum, np.add, np.multiply, np.negative])
def test_ufuncs_write_at_an_array_of_no_axes(ufunc, index):
    def f(x):
        y = np.array(x)
        ufunc.at(y, index, *[2.0] * (ufunc.nin - 1))
        return y

    x, rows = np.array(3.5), np.array([3.5, -1.0])
    expected = np.stack([f(x) for x in rows])
    assert ad.jvp(f, (x,), (np.array(1.0),))[0] == f(x)
    np.testing.assert_array_equal(ad.vmap(f)(rows), expected)
    assert ad.grad(lambda x: f(x) * 1.0)(x) == {np.multiply: 2.0, np.negative: -1.0}.get(ufunc, 1.0)


NO_NUMBERS = {
    "a text": lambda y: y.fill("text"), "by an index": lambda y: y.__setitem__(..., "text"),
    "bytes": lambda y: y.__setitem__(slice(None), b"x"), "an object": lambda y: y.fill(object()),
    "a dict": lambda y: y.__setitem__([], {}), "places": lambda y: y.__setitem__([], "text"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_NUMBERS)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3,)])
def test_what_is_no_number_is_refused_where_nothing_is_written_too(name, shape):
    def f(x):
        y = x * 1.0
        NO_NUMBERS[name](y)
        return y

    x = np.ones(shape)
    runs = [f, ad.vmap(f), ad.compile(f), lambda x: ad.jvp(f, (x,), (x,)), lambda x: ad.vjp(f, x)]
    for run in runs:
        with pytest.raises((ValueError, TypeError)):
            run(x[None] if run is runs[1] else x)


# What NumPy makes elements of one by one, and refuses.
WRONG_NUMBERS = {
    "NaN": np.nan, "infinity": np.inf, "too large": 300, "too small": -1, "much too large": 1e300,
    "list with NaN": [np.nan], "deep list": [[[1]]], "ragged": [[1], [1, 2]],
    "sequence": [1], "array": np.ones(1), "NumPy's NaN": np.float64(np.nan),
}  # fmt: skip


WRITERS = {
    "fill": lambda y, v: y.fill(v), "flat": lambda y, v: y.flat.__setitem__(0, v),
    "put": lambda y, v: np.put(y, [0], v),
    "place": lambda y, v: np.place(y, np.ones(2, bool), v), "putmask": lambda y, v: np.putmask(y, [True, False], v),
    "diagonal": lambda y, v: np.fill_diagonal(y.reshape(1, 2), v), "mask": lambda y, v: y.__setitem__(y > 0, v),
    "all of flat": lambda y, v: setattr(y, "flat", v), "copyto": lambda y, v: np.copyto(y, v),
}  # fmt: skip


@pytest.mark.parametrize("writer", WRITERS)
def test_all_that_writes_makes_elements_one_by_one(writer):
    # How many elements a mask takes of a list may differ from row to row.
    lists = [] if writer == "mask" else [[np.nan], [2, 3]]
    for value in (np.nan, np.inf, 300, -1, 1j, 2.7, True, *lists):
        for x in (np.ones(2, np.uint8), np.ones(2, int), np.ones(2)):

            def f(x, value=value):
                y = np.copy(x)
                WRITERS[writer](y, value)
                return y

            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    want = f(x)
                except (ValueError, TypeError, OverflowError):
                    with pytest.raises((ValueError, TypeError, OverflowError)):
                        ad.vmap(f)(x[None])
                else:
                    np.testing.assert_array_equal(ad.vmap(f)(x[None])[0], want)


PLACES = {"all": ..., "one": 0, "none": slice(0, 0), "array": [0], "slice": slice(None)}


@pytest.mark.parametrize(("name", "place"), covering([*WRONG_NUMBERS], [*PLACES]))
def test_numbers_are_made_elements_one_by_one(name, place):
    """Integers take no NaN of numbers and lists, where arrays are cast; one element takes no list."""

    def f(x):
        y = np.copy(x)
        y[PLACES[place]] = WRONG_NUMBERS[name]
        return y

    for x in (np.ones(2), np.ones(2, np.uint8), np.ones(2, int), np.zeros((2, 1), np.int8)):
        with np.errstate(all="ignore"):
            try:
                want = f(x)
            except (ValueError, TypeError, OverflowError) as error:
                want = error
            for run in (ad.vmap(f), lambda rows: [ad.compile(f, backend="numpy")(*rows)]):
                if isinstance(want, Exception):
                    with pytest.raises((ad.DragongradError, type(want))):
                        run(x[None])
                else:
                    np.testing.assert_array_equal(run(x[None])[0], want)


def test_views_that_are_gone_are_forgotten():
    def f(x):
        y = x * 1.0
        for i in range(1000):
            y[i % 3 :] * 2.0
        assert len(y.views) < 100
        return y

    ad.jacfwd(f)(np.ones(3))


def test_classic_variables_follow():
    for mode in ("forward", "reverse"):
        with ad.mode(mode):
            x = ad.Variable([1.0, 2.0, 3.0])
            y = x * 1.0
            v = y[:2]
            v *= x[2]
            y[0] = x[1] ** 2
            assert np.array_equal(y.data, [4.0, 6.0, 3.0])
            assert np.array_equal(y.gradient, [[0, 4, 0], [0, 3, 2], [0, 0, 1]])
            assert np.array_equal(v.gradient, [[0, 4, 0], [0, 3, 2]])
            assert type(v) is ad.Variable


def test_outdated_views_cannot_be_pickled_either():
    def f(x):
        y = x * 1.0
        v = y[:1]
        y[0] = 2.0
        with pytest.raises(ad.ConversionError):
            pickle.dumps(v)
        return y

    ad.jacfwd(f)(np.ones(3))


# What NumPy writes into a result, or refuses, by the shape that it is given.
INTO = {
    "sum": lambda x, out: np.sum(x, axis=0, out=out),
    "mean": lambda x, out: np.mean(x, out=out),
    "max by position": lambda x, out: np.max(x, 0, out),
    "median": lambda x, out: np.median(x, axis=0, out=out),
    "quantile": lambda x, out: np.quantile(x, 0.3, axis=0, out=out),
    "argmax": lambda x, out: np.argmax(x, axis=0, out=out),
    "cumsum": lambda x, out: np.cumsum(x[0], out=out),
    "x.cumprod": lambda x, out: x.cumprod(axis=0, out=out),
    "add.accumulate": lambda x, out: np.add.accumulate(x, axis=0, out=out),
    "sin": lambda x, out: np.sin(x[0], out=out),
    "matmul": lambda x, out: np.matmul(x.T, x, out=out),
    "dot": lambda x, out: np.dot(x, x[0], out=out),
    "einsum": lambda x, out: np.einsum("ij->j", x, out=out),
    "clip": lambda x, out: np.clip(x[0], 0.5, 1.0, out=out),
    "take": lambda x, out: np.take(x, [0, 2], out=out),
    "choose": lambda x, out: np.choose([0, 1, 0], [x[0], x[1]], out=out),
    "concatenate": lambda x, out: np.concatenate([x[0], x[1]], out=out),
    "stack": lambda x, out: np.stack([x[0], x[1]], out=out),
    "compress": lambda x, out: np.compress([True, False], x, axis=0, out=out),
    "round": lambda x, out: np.round(x[0], out=out),
    "fix": lambda x, out: np.fix(x[0], out),
    "outer": lambda x, out: np.outer(x[0], x[1], out=out),
    "trace": lambda x, out: np.trace(x, out=out),
}


@pytest.mark.parametrize("name", INTO)
def test_results_are_written_where_numpy_writes_them(name):
    x = np.random.default_rng(0).normal(size=(2, 3))
    for dtype, shape in itertools.product([float, np.float32], [(), (2,), (3,), (1, 2), (2, 3), (3, 3), (2, 2, 3)]):

        def f(x, shape=shape, dtype=dtype):
            out = np.full(shape, 7.0, dtype)
            INTO[name](x, out)
            return out

        expected = None
        # Of these two NumPy writes into memory that is not the result's.
        if not (name in ("cumsum", "round") and shape not in ((3,), (2, 3))):
            with contextlib.suppress(ValueError, TypeError):
                expected = f(x)
        for run in (lambda x, f=f: ad.jvp(f, (x,), (x,))[0], lambda x, f=f: ad.vmap(f)(np.stack([x, x]))[1]):
            if expected is None:
                with pytest.raises((ad.ShapeError, ad.DtypeError)):
                    run(x)
            else:
                close(run(x), expected)


def test_real_numbers_are_written_into_their_own_real_part():
    """Also into a view for reading, into which NumPy writes nothing."""

    def f(x):
        seen = np.broadcast_to(x, (2, 3))
        seen.real = seen
        x.real = x
        return np.sum(seen * x)

    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(ad.grad(f)(x), 4 * x)
    np.testing.assert_allclose(ad.hessian(f)(x), 4 * np.eye(3))
    np.testing.assert_allclose(ad.vmap(f)(np.stack([x, -x])), [f(x), f(-x)])
    for run in (ad.compile(f), ad.compile(f, backend="numpy")):
        assert run(x) == run(x) == f(x)

    def other(x):
        seen = np.broadcast_to(x, (2, 3))
        seen.real = 2 * seen
        return np.sum(seen)

    with pytest.raises(ad.ReadOnlyError, match="for reading"):
        ad.grad(other)(x)


COMPLEX = {
    "put": lambda x, z: np.put(x, [0], z), "place": lambda x, z: np.place(x, np.array([True, False]), z),
    "putmask": lambda x, z: np.putmask(x, np.array([True, False]), z),
    "fill_diagonal": lambda x, z: np.fill_diagonal(x.reshape(1, 2), z),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_numbers_are_refused_by_real_arrays_as_numpy_refuses_them(name):
    def f(x):
        COMPLEX[name](x, 1 + 2j)
        return np.sum(x)

    x = np.array([3.0, 4.0])
    for run in (f, ad.grad(f), *[ad.compile(f, backend=b) for b in ("native", "numpy")]):
        with pytest.raises(TypeError):
            run(x.copy())
    if name in ("place", "putmask"):
        with pytest.raises(ad.DtypeError, match="complex"):
            ad.jvp(lambda x: COMPLEX[name](x, np.array([1 + 2j])), (x,), (x,))


# Each is bad by itself, and together NumPy names one of them.
BAD_PLACES = {
    "too far": 5, "list": [0, 7], "half": 0.5, "text": "a", "mask": np.array([True, False]), "pair": (0, 0),
    "no step": slice(None, None, 0), "good": 0, "all": slice(None),
}  # fmt: skip
BAD_VALUES = {
    "text": "a", "object": object(), "dict": {}, "long": np.ones(5), "square": np.ones((2, 2)),
    "ragged": [[1], [1, 2]], "objects": np.array([object(), 1], object), "nothing": None, "good": 1.0,
    "complex": np.array([1j]),
}  # fmt: skip
WAYS = {
    "by an index": lambda y, i, v: y.__setitem__(i, v), "put": np.put, "add.at": np.add.at,
    "putmask": np.putmask, "place": np.place, "copyto": lambda y, i, v: np.copyto(y, v, where=i),
}  # fmt: skip


def outcome(f, x):
    """The value, or the kind of NumPy's errors."""
    try:
        return f(x)
    except Exception as error:
        kinds = (IndexError, OverflowError, TypeError, ValueError)
        return next(kind for kind in kinds if isinstance(error, kind)), isinstance(error, ad.DragongradError)


@pytest.mark.filterwarnings("ignore:Casting complex:numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", BAD_PLACES)
def test_a_place_and_a_value_that_are_bad_together_fail_as_in_numpy(way, place):
    for value in BAD_VALUES.values():

        def f(x, value=value):
            y = x * 1.0
            WAYS[way](y, BAD_PLACES[place], value)
            return y

        x = np.array([1.0, 2.0, 3.0])
        expected = outcome(f, x)
        for transform in (
            lambda f, x: ad.jvp(f, (x,), (x,))[0],
            lambda f, x: ad.vmap(f)(np.stack([x, x]))[0],
            lambda f, x: ad.vjp(f, x)[0],
        ):
            found = outcome(partial(transform, f), x)
            if isinstance(expected, tuple):
                assert found == (expected[0], True), (value, found)
            else:
                np.testing.assert_array_equal(found, expected)


def test_compiled_derivatives_fail_as_eager_ones():
    def f(x):
        y = x * 1.0
        y[5] = "a"
        return np.sum(y)

    compiled = ad.compile(ad.grad(f), backend="numpy")
    for transformed in (ad.grad(f), compiled, compiled):
        with pytest.raises(IndexError, match=r"setitem.*out of bounds.*\n.*test_writes.py:\d+") as caught:
            transformed(np.ones(3))
        assert isinstance(caught.value, ad.DragongradError)


def test_a_number_of_each_row_is_copied_everywhere():
    f = lambda x: (y := x * 1.0, np.copyto(y, np.sum(x)))[0]
    rows = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(ad.vmap(f)(rows), np.stack([f(row) for row in rows]))


def test_flat_has_one_axis():
    with pytest.raises(IndexError, match="one axis"):
        ad.grad(lambda x: np.sum(x.flat[None]))(np.ones(3))


# What is written has fewer axes than its place, by one and by several.
SPREAD = [
    lambda t, x: np.copyto(t, x),
    lambda t, x: t.__setitem__(..., x),
    lambda t, x: t.__setitem__(slice(1, None), x),
    lambda t, x: t.__setitem__(0, x),
    lambda t, x: t.__setitem__((..., [1, 0]), x[0]),
    lambda t, x: t.__setitem__(np.array([False, True]), x[1]),
    lambda t, x: t.__setitem__((slice(None), None), x[None, None]),
    lambda t, x: t.__iadd__(x),
]


@pytest.mark.parametrize("k", range(len(SPREAD)))
@pytest.mark.parametrize("shape", [(2, 2, 2, 2), (2, 1, 2, 2), (2, 3, 2, 2, 2)], ids=str)
def test_rows_are_written_over_places_of_more_axes(k, shape):
    def f(x):
        t = np.zeros(shape, like=x) + x[0, 0]
        SPREAD[k](t, x)
        return t * 2

    rows = np.arange(12.0).reshape(3, 2, 2)
    expected = np.stack([f(row) for row in rows])
    batched = ad.compile(ad.vmap(f), backend="numpy")
    for got in (ad.vmap(f)(rows), batched(rows), batched(rows)):
        np.testing.assert_array_equal(got, expected)
    slopes = ad.vmap(ad.grad(lambda x: np.sum(f(x) * np.sin(f(x)))))
    one_by_one = [ad.grad(lambda x: np.sum(f(x) * np.sin(f(x))))(row) for row in rows]
    np.testing.assert_allclose(slopes(rows), np.stack(one_by_one))
