"""Random programs over arrays of many shapes, so that every mode of the native backend meets every other."""

import numpy as np
import pytest
from grid import BACKENDS, assert_compiles, covering

import dragongrad as ad

pytestmark = [pytest.mark.smoke, pytest.mark.filterwarnings("error::dragongrad.CompileWarning")]


def put(a, b):
    y = a * 1.0
    y[1:-1] = np.sin(b[1:-1])
    y[0] = b[-1] * 0.5
    return y


def fill(a):
    out = np.zeros(a.shape, like=a)
    for i in range(min(len(a), 5)):
        out[i] = np.tanh(a[-1 - i])
    return out + 0.1 * a


# Each maps arrays of any shape (n, m) to an array of that shape.
UNARY = [
    np.sin, lambda a: np.exp(-a * a), lambda a: a[::-1], lambda a: a[:, ::-1], lambda a: np.roll(a, 3, axis=0),
    lambda a: np.roll(a, 1, axis=1), lambda a: a - np.mean(a, axis=0), lambda a: a - a.mean(axis=1, keepdims=True),
    lambda a: a / (1 + np.abs(np.max(a) + 0.3)), lambda a: a - np.max(a, axis=0),
    lambda a: ad.softmax(a, axis=1) * 3,
    lambda a: np.tanh(np.sum(a, axis=1, keepdims=True) / 7) + a, lambda a: a - ad.logsumexp(a, axis=0),
    lambda a: np.tanh(np.cumsum(a, axis=0) / 3), lambda a: np.concatenate([a[1:], a[:1] * 0.5]),
    lambda a: np.pad(a, ((1, 1), (0, 0)), mode="edge")[2:] * 0.7, lambda a: np.concatenate([a[::2], a[1::2]]),
    lambda a: (a.T * np.arange(1.0, len(a) + 1) / len(a)).T, lambda a: np.reshape(np.ravel(a)[::-1], a.shape),
    lambda a: a[np.arange(len(a)) * 7 % len(a)], lambda a: np.take_along_axis(a, np.argsort(a, axis=0), 0),
    lambda a: np.where(a > 0, a, 0.3 * a * a), fill, lambda a: np.tanh(a @ (a.T @ a) / a.size),
    lambda a: ad.vmap(lambda r: np.sin(r) * r[0] + r.sum() / 9)(a),
    lambda a: ad.vmap(ad.grad(lambda r: np.sum(np.sin(r) * r[::-1])))(a),
    lambda a: np.stack([a, a * a], axis=1)[:, 0] + np.stack([a, a * 2])[1] / 3,
    lambda a: np.concatenate([np.diff(a, axis=0), a[:1]]), lambda a: np.einsum("ij,kj->ik", a, a) @ a / a.size,
    lambda a: a[:, np.argmax(a[0])][:, None] * 0.5 + a, lambda a: np.clip(a, -0.8, 0.9) * a,
    lambda a: a / (1 + np.linalg.norm(a, axis=1, keepdims=True)), lambda a: a / (1 + np.var(a, axis=0)),
    lambda a: a * np.prod(np.cos(a[:, :1] * 0.1)), lambda a: np.outer(np.sin(a[:, 0]), np.cos(a[0])),
    lambda a: np.repeat(np.sin(a), 3, axis=1)[:, : a.shape[1]], lambda a: np.tile(a - np.mean(a), (2, 1))[len(a) :],
    lambda a: np.broadcast_to(np.cos(a)[:, None], (len(a), 3, a.shape[1])).reshape(-1, a.shape[1])[: len(a)] * 0.7,
]  # fmt: skip
BINARY = [
    np.add, lambda a, b: np.sin(a) * b, lambda a, b: a / (1.5 + b * b), put, np.maximum,
    lambda a, b: np.hypot(a, b + 3), lambda a, b: np.concatenate([a[: len(a) // 2], b[len(a) // 2 :]]),
    lambda a, b: a * b[:1] + b[:, :1], lambda a, b: np.tanh(a @ (b.T @ b) / a.size), np.logaddexp,
    lambda a, b: np.where(a > b, a * b, b),
]  # fmt: skip
SHAPES = [
    (3, 3), (40, 3), (3, 40), (50, 17), (300, 2), (2, 300), (33, 1), (1, 33), (70, 70), (5, 4), (1, 1), (1, 300),
    (1, 4), (4, 1),
]  # fmt: skip


def program(seed):
    """A function of one array, and arguments to trace and to run it with."""
    rng = np.random.default_rng(seed)
    steps = [
        (UNARY[rng.integers(len(UNARY))], rng.integers(0, 9, 1)) if rng.random() < 0.7
        else (BINARY[rng.integers(len(BINARY))], rng.integers(0, 9, 2))
        for _ in range(rng.integers(1, 8))
    ]  # fmt: skip

    def f(x):
        values = [x]
        for step, operands in steps:
            values.append(step(*[values[k % len(values)] for k in operands]))
        y = values[-1]
        return np.mean(1 + np.sin(y) * np.cos(np.arange(y.size)).reshape(y.shape)) + np.mean(values[-2])

    def everything(x, v):
        return f(x), ad.grad(f)(x), ad.jvp(ad.grad(f), (x,), (v,))[1]

    shape = SHAPES[seed % len(SHAPES)]
    return everything, rng.normal(size=(2, *shape)), rng.normal(size=(2, *shape))


@pytest.mark.parametrize(("seed", "backend"), covering(range(2 * len(SHAPES)), BACKENDS))
def test_random_programs_of_many_shapes(seed, backend):
    everything, first, then = program(seed)
    assert_compiles(everything, first, then, backend)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_many_more(backend):
    for seed in range(1000, 1600):
        everything, first, then = program(seed)
        assert_compiles(everything, first, then, backend)


# What begins behind something else is read at indices that a shift takes below zero before a reshape.


def laid_behind(x, n=1):
    y = np.zeros((n + len(x), *x.shape[1:]), like=x)
    y[n:] = x
    return y


def rebuilt(x):
    """An array that is not in memory, read in another shape."""
    return np.reshape(np.sin(np.ravel(x)), x.shape)


SHIFTED = {
    "padded": lambda x: np.pad(rebuilt(x), ((1, 0), (0, 0))),
    "padded inside": lambda x: np.pad(rebuilt(x), ((0, 0), (2, 1))) * 2,
    "written": lambda x: laid_behind(rebuilt(x)),
    "written, turned": lambda x: laid_behind(rebuilt(x)[::-1], 3) * 2,
    "a gradient": lambda x: laid_behind(np.reshape(ad.grad(lambda z: np.sum(np.sin(z[3:])))(x.ravel()), x.shape)),
    "joined": lambda x: np.concatenate([x[:1], rebuilt(x), x[:2]]) * 2,
    "joined, more axes": lambda x: np.concatenate([x[:1], rebuilt(x).reshape(len(x), 1, 1, -1)[:, 0, 0]]),
    "every other": lambda x: np.concatenate([x[:3], rebuilt(x)[1::2]]),
    "a column": lambda x: laid_behind(np.reshape(np.exp(x[:, 0]), (-1, 1, 1)), 2),
    "differences": lambda x: np.diff(rebuilt(x), axis=0, prepend=1.0) * rebuilt(x),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shape", "backend"), covering([*SHIFTED], [(300, 2), (3, 2), (40, 30)], BACKENDS, together=2)
)
def test_what_lies_behind_something_else(name, shape, backend, rng):
    f = SHIFTED[name]

    def everything(x):
        return f(x), ad.grad(lambda x: np.sum(f(x) ** 3))(x)

    assert_compiles(everything, (rng.normal(size=shape),), (rng.normal(size=shape),), backend)


# Axes of length one and zero


def upsampled(x):
    """Each of the last two axes twice as long."""
    *lead, n, m = x.shape
    return np.broadcast_to(x[..., :, None, :, None], (*lead, n, 2, m, 2)).reshape(*lead, 2 * n, 2 * m)


# Functions of an array of at least two axes.
ANY_SHAPE = {
    "repeat 0": lambda x: np.repeat(x, 3, axis=0),
    "repeat 1": lambda x: np.repeat(x, 3, axis=1),
    "repeat all": lambda x: np.repeat(np.sin(x), 2),
    "tile": lambda x: np.tile(x, (1, 2, 2)),
    "tile rows": lambda x: np.tile(np.exp(x), (1, 3)),
    "kron": lambda x: np.kron(x, np.array([[1.0, 2.0, 3.0]])),
    "kron column": lambda x: np.kron(np.array([[1.0], [2.0]]), x),
    "spread behind": lambda x: np.broadcast_to(x[..., None], (*x.shape, 3)).reshape(*x.shape[:-1], 3 * x.shape[-1]),
    "spread between": lambda x: np.broadcast_to(np.sin(x)[:, None], (len(x), 3, *x.shape[1:])).reshape(-1),
    "spread before": lambda x: np.broadcast_to(x[None], (3, *x.shape)).reshape(3 * len(x), *x.shape[1:]) * 2,
    "upsampled": upsampled,
    "upsampled sums": lambda x: np.sum(upsampled(np.tanh(x - np.sum(x, -1, keepdims=True))) ** 2, axis=-1),
    "rows, twice": lambda x: np.tile(np.exp(x - np.sum(x, -1, keepdims=True)), (1, 3)) * np.sum(x, -1)[..., None],
    "stacked": lambda x: np.stack([x, np.sin(x), x * x], axis=-1).reshape(*x.shape[:-1], 3 * x.shape[-1]),
    "joined": lambda x: np.concatenate([x, np.sin(x), x], axis=1).reshape(-1),
    "reshaped": lambda x: np.reshape(np.exp(x), (1, -1)) + np.reshape(x, (-1, 1)),
    "softmax": lambda x: ad.softmax(x, axis=-1) + ad.softmax(x, axis=0) if x.size else x,
    "sums": lambda x: (np.sum(x), np.sum(x, axis=0), np.sum(x * x, axis=-1, keepdims=True), np.mean(x > 0)),
    "norms": lambda x: x / (1 + np.linalg.norm(x, axis=-1, keepdims=True)),
    "products": lambda x: (x @ np.swapaxes(x, -1, -2), x @ np.ones(x.shape[-1])),
    "running": lambda x: np.cumsum(x, axis=0) + np.cumsum(x, axis=-1),
    "slices": lambda x: (x[:1] * x, x[..., -1:] + x, x[::-1, ::-1], x[:, ::2]),
    "gathered": lambda x: np.sin(x)[np.zeros(4, int) if len(x) else np.zeros(0, int)],
    "written": lambda x: put(x, np.cos(x)) if len(x) else x,
    "batch": lambda x: ad.vmap(lambda r: np.repeat(np.sin(r), 2, axis=-1) * np.sum(r))(x),
    "gradients": lambda x: ad.vmap(ad.grad(lambda r: np.sum(np.sin(r) * r[..., ::-1])))(x),
    "spread by what divides": lambda x: tuple(x / np.full((2, *x.shape), d) for d in (1.0, 2.0, -0.25, 3.0)),
    "spread by neutral constants": lambda x: (x * (ones := np.ones((2, *x.shape))), x - (ones - 1), x**ones),
    "in order of all": lambda x: (np.argsort(x, axis=None), np.sort(x, axis=None)) if x.size else x,
    "parted of all": lambda x: (np.argpartition(x, 0, axis=None), np.partition(x, 0, axis=None)) if x.size else x,
}
SHORT = [
    (1, 12), (0, 3), (12, 1), (1, 1), (1, 1, 12), (3, 0), (1, 5, 1), (3, 1, 40), (1, 0), (1, 40, 3), (1, 3, 17),
    (2, 0, 3), (1, 300), (1, 30, 30), (1, 0, 4),
]  # fmt: skip


def check_short_axes(name, shapes, backend):
    """Alone, and over batches of one and of three."""
    f, rng = ANY_SHAPE[name], np.random.default_rng(len(name))
    for shape in shapes:
        for lead in ((), (1,), (3,)):
            g = ad.vmap(f) if lead else f
            assert_compiles(g, *((rng.normal(size=lead + shape),) for _ in range(2)), backend)


@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("name", ANY_SHAPE)
def test_axes_of_length_one_and_zero(name):
    check_short_axes(name, SHORT, "numpy")


@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(("name", "shape"), covering([*ANY_SHAPE], SHORT))
def test_axes_of_length_one_and_zero_native(name, shape):
    check_short_axes(name, [shape], "native")


# Numbers, and as many axes as NumPy has

NUMBER = {
    **{f"{fn.__name__} {axis}": lambda y, fn=fn, axis=axis: fn(y, axis=axis)
       for fn in (np.sum, np.max, np.min, np.any, np.all, np.prod, np.ptp, np.nansum, ad.softmax, ad.log_softmax,
                  ad.logsumexp, np.argmax) for axis in (0, -1)},
    "sum of a sum": lambda y: np.sum(np.sum(y * y, axis=0), axis=-1, keepdims=True) * y,
    "true": lambda y: y[np.array(True)] * 2,
    "false": lambda y: np.sin(y)[False],
    "new and true": lambda y: np.sin(y)[None, np.bool_(True)],
    "repeat": lambda y: np.repeat(y, 3) * y,
    "tile": lambda y: np.tile(np.sin(y), (2, 2)),
    "stack": lambda y: np.stack([y, y * y]),
    "reshape": lambda y: np.reshape(np.exp(y), (1, 1, 1)),
    "spread": lambda y: np.broadcast_to(y, (2, 3)) * y,
    "spread by what divides": lambda y: y / np.full((2, 3), 2.0),
    "inner of truths": lambda y: np.inner(y > 0, y > 0),
    "dot of truths": lambda y: np.dot(np.array_equal(y, y), y > 0),
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
def test_numbers(backend):
    def everything(y):
        return {name: f(y) for name, f in NUMBER.items()}

    def sums(y):
        return [np.sum(v) for v in everything(y).values() if v.dtype.kind == "f"]

    for f in (everything, lambda y: ad.grad(lambda y: sum(sums(y)))(y), lambda y: ad.jvp(sums, (y,), (y,))):
        for kind in (np.array, np.float64):
            assert_compiles(f, (kind(1.5),), (kind(-0.5),), backend)
    assert_compiles(ad.vmap(everything), (np.array([1.5, 2.0]),), (np.array([-1.5, 2.5]),), backend)


MANY = (1,) * 62 + (2, 3)
MANY_AXES = {
    "elementwise": lambda x: (np.sin(x) * 2 + np.ones(3), x * x[..., :1]),
    "sums": lambda x: (
        np.sum(x),
        np.sum(x, axis=0),
        np.sum(x, axis=-1, keepdims=True) * x,
        np.mean(x, axis=(62, 63)),
    ),
    "turned": lambda x: (x.T * 2, np.swapaxes(x, 0, 63) * x, np.moveaxis(x, -1, 0) * 2),
    "reshaped": lambda x: (x.reshape(2, 3) * 2, np.squeeze(x) * 2, np.ravel(np.sin(x))),
    "joined": lambda x: (np.concatenate([x, np.sin(x)], axis=0), np.stack([x[0], x[0] * 2], axis=-1)),
    "indexed": lambda x: (x[..., 0] * 2, x[0][None] * 2, x[..., np.array([0, 0, 2])], x[np.zeros(2, int)] * x[0]),
    "chosen": lambda x: (np.where(x > 1, x, 0.0), np.clip(x, 1, 2), np.max(x, axis=63), np.roll(x, 1, axis=-1)),
    "products": lambda x: (x @ np.ones((3, 2)), np.cumsum(x, axis=-1), np.diff(x), ad.softmax(x, axis=-1)),
}


@pytest.mark.parametrize(("name", "backend"), covering([*MANY_AXES], BACKENDS, together=2))
def test_sixty_four_axes(name, backend):
    f, rng = MANY_AXES[name], np.random.default_rng(0)

    def everything(x):
        return f(x), ad.grad(lambda x: sum(np.sum(np.sin(v)) for v in f(x)))(x)

    assert_compiles(everything, (rng.normal(size=MANY),), (rng.normal(size=MANY),), backend)
