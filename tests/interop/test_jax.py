"""NumPy functions inside JAX's programs: against the same function in JAX."""

import sys

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.interop import jax as bridge


def test_an_absent_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ad.MissingExtraError, match=r"dragongrad\[jax\]"):
        bridge.wrap(np.sin)(1.0)


def test_an_unknown_mode():
    with pytest.raises(ad.ArgumentError, match="'jacobian', 'vjp'"):
        bridge.wrap(np.sin, mode="forward")


X, Y = np.array([[0.1, 0.2], [0.3, -0.4]]), np.array([[1.0, -0.2], [0.5, 0.3]])


def numpy_function(x, y):
    return {"a": np.sum(np.sin(x) * y**2), "b": np.exp(x @ np.transpose(y))}


def loss(f):
    return lambda x, y: f(x, y)["a"] + (f(x, y)["b"] ** 2).sum()


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        yield jax


def theirs(jax):
    return lambda x, y: {"a": jax.numpy.sum(jax.numpy.sin(x) * y**2), "b": jax.numpy.exp(x @ y.T)}


def same(jax, got, wanted):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12), got, wanted)


REVERSE = {
    "value": lambda jax, f: f(X, Y),
    "jit": lambda jax, f: jax.jit(f)(X, Y),
    "grad": lambda jax, f: jax.grad(loss(f), (0, 1))(X, Y),
    "jit of grad": lambda jax, f: jax.jit(jax.grad(loss(f), (0, 1)))(X, Y),
    "vmap": lambda jax, f: jax.vmap(f, (0, None))(np.stack([X, 2 * X, Y]), Y),
    "jit of vmap of grad": lambda jax, f: jax.jit(jax.vmap(jax.grad(loss(f)), (1, None)))(
        np.stack([X, 2 * X], 1), Y
    ),
    "grad of vmap": lambda jax, f: jax.grad(lambda r: jax.vmap(loss(f), (0, None))(r, Y).sum())(np.stack([X, Y])),
    "jacrev of jacrev": lambda jax, f: jax.jacrev(jax.jacrev(loss(f)))(X, Y),
}
FORWARD = {
    "jvp": lambda jax, f: jax.jvp(f, (X, Y), (Y, X))[1],
    "hessian": lambda jax, f: jax.hessian(loss(f))(X, Y),
    "jit of hessian": lambda jax, f: jax.jit(jax.hessian(loss(f)))(X, Y),
    "third order": lambda jax, f: jax.jacfwd(jax.hessian(loss(f)))(X, Y),
    "linearize": lambda jax, f: jax.linearize(f, X, Y)[1](Y, X),
}


@pytest.mark.parametrize("mode", [None, "jacobian", "vjp"])
@pytest.mark.parametrize("name", REVERSE)
def test_reverse(jax, name, mode):
    same(jax, REVERSE[name](jax, bridge.wrap(numpy_function, mode=mode)), REVERSE[name](jax, theirs(jax)))


@pytest.mark.parametrize("name", FORWARD)
def test_forward(jax, name):
    same(jax, FORWARD[name](jax, bridge.wrap(numpy_function)), FORWARD[name](jax, theirs(jax)))


def test_large_arrays_take_the_pullback(jax):
    x = np.linspace(0, 1, 2000)
    got = jax.grad(lambda x: bridge.wrap(np.sin)(x).sum())(x)
    np.testing.assert_allclose(got, np.cos(x), rtol=1e-12)


@pytest.mark.parametrize("mode", ["jacobian", "vjp"])
def test_complex_dtypes_constants_and_integers(jax, mode):
    z = np.array([1.0 + 2.0j, 0.5 - 1.0j])
    holomorphic = lambda f: jax.grad(lambda z: jax.numpy.abs(f(z)).sum())(z)
    same(jax, holomorphic(bridge.wrap(np.exp, mode=mode)), holomorphic(jax.numpy.exp))
    taken = bridge.wrap(lambda x, places, scale: (np.sqrt(x)[places] * scale, np.argmax(x)), mode=mode)
    x = jax.numpy.array([1.0, 4.0], dtype="float32")
    out, place = taken(x, np.array([1, 1]), 3)
    assert (out.dtype, int(place)) == (np.float32, 1)
    np.testing.assert_allclose(jax.grad(lambda x: taken(x, np.array([1, 1]), 3)[0].sum())(x), [0.0, 1.5])
    assert bridge.wrap(lambda a, *, shift: a + shift)(x, shift=1.0).tolist() == [2.0, 5.0]


def test_a_function_that_does_not_run_on_ones(jax):
    def refuses(x):
        raise ValueError("not these")

    with pytest.raises(ad.ArgumentError, match="ones"):
        bridge.wrap(refuses)(X)
