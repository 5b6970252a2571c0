"""Random programs over arrays of many shapes, so that every mode of the native backend meets every other."""

import numpy as np
import pytest
from grid import BACKENDS, assert_compiles

import dragongrad as ad

pytestmark = pytest.mark.filterwarnings("error::dragongrad.CompileWarning")


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
    lambda a: a / (1 + np.abs(np.max(a))), lambda a: a - np.max(a, axis=0), lambda a: ad.softmax(a, axis=1) * 3,
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
]  # fmt: skip
BINARY = [
    np.add, lambda a, b: np.sin(a) * b, lambda a, b: a / (1.5 + b * b), put, np.maximum,
    lambda a, b: np.hypot(a, b + 3), lambda a, b: np.concatenate([a[: len(a) // 2], b[len(a) // 2 :]]),
    lambda a, b: a * b[:1] + b[:, :1], lambda a, b: np.tanh(a @ (b.T @ b) / a.size), np.logaddexp,
    lambda a, b: np.where(a > b, a * b, b),
]  # fmt: skip
SHAPES = [(3, 3), (40, 3), (3, 40), (50, 17), (300, 2), (2, 300), (33, 1), (1, 33), (70, 70), (5, 4)]


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


@pytest.mark.parametrize(
    ("backend", "seed"), [("native", s) for s in range(30)] + [("numpy", s) for s in range(60)]
)
def test_random_programs_of_many_shapes(backend, seed):
    everything, first, then = program(seed)
    assert_compiles(everything, first, then, backend)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_many_more(backend):
    for seed in range(1000, 1600):
        everything, first, then = program(seed)
        assert_compiles(everything, first, then, backend)
