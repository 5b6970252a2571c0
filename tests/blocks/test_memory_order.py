"""Which writes reach an array depends on how its memory lies: of arguments, of buffers, and of what was written."""

import numpy as np
import pytest
from grid import BACKENDS, by_complex_step

import dragongrad as ad

PROGRAMS = {}


def program(f):
    """A program that writes where NumPy makes a view of one order of memory, and a copy of another."""
    PROGRAMS[f.__name__] = f
    return f


@program
def raveled_argument(x):
    x.ravel()[1] = 5.0
    return x**2


@program
def raveled_after_a_write(x):
    x += 1
    x.ravel()[1] = 5.0
    return x**2


@program
def turned(x):
    y = x.T * 2
    y.ravel()[1] = 0.0
    return y


@program
def buffer_alike(x):
    y = np.zeros_like(x)
    np.add(x, 1, out=y)
    y.ravel()[1] = 7.0
    return y * x


@program
def filled_alike(x):
    y = np.full_like(x, 0.5)
    y.reshape(-1)[:] *= x.ravel()
    return y * x


@program
def filled_with_an_element(x):
    y = np.full(x.shape, x[0, 0])
    y.ravel()[1] = 7.0
    z = np.full(x.shape, x[0, 1], order="F")
    z.ravel()[1] = 7.0
    return y * z


@program
def alike_turned(x):
    y = np.ones_like(x.T)
    y[...] = x.T
    y.ravel()[1] = 7.0
    return y


@program
def alike_in_an_order(x):
    y, z = np.zeros_like(x, order="C"), np.empty_like(x, order="F")
    y[...] = z[...] = x
    y.ravel()[1] = z.ravel()[2] = 7.0
    return y * z


@program
def added_at_places(x):
    y = np.array(x)
    y += 1
    np.add.at(y, (0, 0), x[0, 1])
    y.ravel()[1] = 7.0
    return y


@program
def in_another_order(x):
    y = np.asfortranarray(x) * 1
    y[0] = 3 * x[1]
    y.reshape(-1)[1] = 7.0
    return y


@program
def argument_in_another_order(x):
    y, z = np.ascontiguousarray(x), np.asfortranarray(x)
    y[0, 1] = 3.0
    z[1, 0] = 4.0
    return x**2


@program
def copies(x):
    y = x.copy()
    y.ravel()[1] = 7.0
    z = x.copy(order="F")
    z *= 2
    z.T.ravel()[1] = 2.0
    w = np.copy(x)
    w.ravel()[1] = 3.0
    return y * z * w


@program
def upside_down(x):
    y = x[::-1]
    y += 1
    y.reshape(-1)[1] = 2.0
    return x**2


@program
def written_by_functions(x):
    y = np.asfortranarray(x * 2)
    np.exp(y, out=y)
    y.reshape(-1)[1] = 0.0
    np.copyto(y, x.T)
    y.ravel()[1] = 9.0
    y.ravel(order="F")[3] = 0.0
    return y


@program
def where_a_mask_says(x):
    y = np.ones(x.shape, order="F")
    np.exp(x, out=y, where=x.real > 0.5)
    y.reshape(-1)[1] = 0.0
    return y * x


@program
def one_after_another(x):
    total, weight = 0.0, 1.0
    for v in np.nditer(x):
        total = total + weight * v
        weight = 1 - weight * 0.5
    return total * x


def laid(x):
    """Equal values in C's order, Fortran's, with gaps, and upside down."""
    gaps = np.repeat(x, 2, axis=1)[:, ::2]
    turned = np.ascontiguousarray(x[::-1])[::-1]
    return {"C": x.copy(), "F": np.asfortranarray(x), "gaps": gaps, "reversed": turned}


X = np.random.default_rng(0).normal(size=(3, 3))
ORDERS = list(laid(X))


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_eager(name, order):
    f, x = PROGRAMS[name], laid(X)[order]
    expected = f(laid(X)[order])
    slope = by_complex_step(lambda x: f(laid(x)[order]), X, real=name in ("filled_alike", "where_a_mask_says"))
    close(ad.jvp(f, (x,), (x,))[0], expected)
    for jacobian in (ad.jacrev, ad.jacfwd):
        np.testing.assert_allclose(jacobian(f)(x), slope, rtol=1e-7, atol=1e-7)
    if order == "C":
        # Rows of a batch in C's order lie in C's order.
        close(ad.vmap(f)(np.stack([x, 2 * x]))[1], f(2 * x))
    assert np.array_equal(x, X)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled(name, backend):
    f = PROGRAMS[name]
    for first in ("C", "F", "gaps"):
        compiled = ad.compile(f, backend=backend)
        for order in (first, *ORDERS, *ORDERS[::-1]):
            close(compiled(laid(X)[order]), f(laid(X)[order]))
    compiled = ad.compile(ad.jacrev(f), backend=backend)
    for order in (*ORDERS, *ORDERS):
        close(compiled(laid(X)[order]), ad.jacrev(f)(laid(X)[order]))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - {"one_after_another"}))
def test_large_arrays_are_compiled_alike(name, order):
    # Their values are not computed while tracing, unless how they lie decides something.
    x = np.random.default_rng(0).normal(size=(70, 70))
    f, compiled = PROGRAMS[name], ad.compile(PROGRAMS[name])
    for _ in range(2):
        close(compiled(laid(x)[order]), f(laid(x)[order]))


def test_functions_that_do_not_ask_are_compiled_once():
    compiled = ad.compile(lambda x: np.sum(np.reshape(x, -1) ** 2) + x.T @ x)
    for x in laid(X).values():
        close(compiled(x), np.sum(X**2) + X.T @ X)
    assert compiled.compiled == 1
