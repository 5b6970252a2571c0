"""Reductions, shaping, indexing and products: reverse against differences, forward, batch, second order."""

import numpy as np
import pytest

import dragongrad as ad

rng = np.random.default_rng(0)
M = rng.normal(size=(3, 4))
CASES = {
    "sum": lambda x: np.sum(x),
    "sum axis": lambda x: np.sum(x, axis=1) ** 2,
    "sum keepdims": lambda x: np.sum(x, axis=(0, -1), keepdims=True) * x,
    "mean": lambda x: x.mean(axis=0) ** 2,
    "var": lambda x: np.var(x, axis=1),
    "std": lambda x: x.std(),
    "max": lambda x: np.max(x, axis=0),
    "min keepdims": lambda x: np.min(x, axis=1, keepdims=True) * x,
    "cumsum": lambda x: np.cumsum(x) ** 2,
    "cumsum axis": lambda x: np.cumsum(x, axis=1) ** 2,
    "reshape": lambda x: x.reshape(4, 3) @ M,
    "reshape -1": lambda x: np.reshape(x, (2, -1)) ** 2,
    "ravel": lambda x: np.ravel(x)[::2] ** 2,
    "transpose": lambda x: x.T @ x,
    "moveaxis": lambda x: np.moveaxis(x[None], 0, -1) ** 2,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1) ** 2,
    "expand_dims": lambda x: np.expand_dims(x, 1) ** 2,
    "squeeze": lambda x: np.squeeze(x[:, :1]) ** 2,
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 4)) ** 2,
    "concatenate": lambda x: np.concatenate([x, 2 * x, np.ones((1, 4))]) ** 2,
    "stack": lambda x: np.stack([x, x * x], axis=-1) ** 2,
    "flip": lambda x: np.flip(x, 0) * x,
    "where": lambda x: np.where(M > 0, x * x, np.sin(x)),
    "getitem basic": lambda x: x[1, None, ::2] ** 2,
    "getitem mask": lambda x: x[M > 0] ** 2,
    "getitem integers": lambda x: x[[0, 0, 2], [1, 1, 3]] ** 2,
    "getitem separated": lambda x: x[None][:, [0, 0], :][0, :, [1, 1]] ** 2,
    "setitem": lambda x: _assign(x),
    "matmul": lambda x: x @ M.T @ x,
    "matvec": lambda x: x @ x[0] * 2,
    "vecmat": lambda x: x[:, 0] @ x,
    "vecvec": lambda x: x[0] @ x[1],
    "stacked matmul": lambda x: np.stack([x, x * x]) @ x.T,
    "dot": lambda x: np.dot(x, x.T),
}


def _assign(x):
    y = x * 1.0
    y[0] = x[1] * x[2]
    y[:, 1] = 3.0
    return y * y


def weighted(f, x):
    return np.random.default_rng(1).normal(size=np.shape(f(x)))


@pytest.mark.parametrize("f", CASES.values(), ids=CASES.keys())
def test_every_mode_agrees_with_differences(f):
    x = rng.normal(size=(3, 4))
    w, v, h = weighted(f, x), rng.normal(size=x.shape), 1e-6
    expected = np.sum(w * (f(x + h * v) - f(x - h * v))) / (2 * h)
    value, dot = ad.jvp(f, (x,), (v,))
    np.testing.assert_allclose(value, f(x), rtol=1e-13)
    assert np.sum(w * dot) == pytest.approx(expected, rel=1e-7, abs=1e-8)
    gradient = ad.vjp(f, x)[1](w)[0]
    assert gradient.shape == x.shape
    assert np.sum(gradient * v) == pytest.approx(np.sum(w * dot), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("f", CASES.values(), ids=CASES.keys())
def test_second_order_by_four_orders_of_modes(f):
    x = rng.normal(size=(3, 4))
    w, v, h = weighted(f, x), rng.normal(size=x.shape), 1e-6
    g = ad.grad(lambda x: np.sum(w * f(x)))
    expected = (g(x + h * v) - g(x - h * v)) / (2 * h)
    for outer in (ad.jacfwd, ad.jacrev):
        for inner in (ad.jacfwd, ad.jacrev):
            H = outer(inner(lambda x: np.sum(w * f(x))))(x)
            np.testing.assert_allclose(np.sum(H * v, axis=(2, 3)), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("f", CASES.values(), ids=CASES.keys())
def test_batch_is_the_loop(f):
    xs = rng.normal(size=(5, 3, 4))
    np.testing.assert_allclose(ad.vmap(f)(xs), np.stack([f(x) for x in xs]), rtol=1e-13)
    loss = lambda x: np.sum(f(x) ** 2)
    np.testing.assert_allclose(ad.vmap(ad.grad(loss))(xs), np.stack([ad.grad(loss)(x) for x in xs]), rtol=1e-12)
