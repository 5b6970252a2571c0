"""Transforms in transforms: no perturbation confusion, any order, any depth."""

import itertools

import numpy as np
import pytest

import dragongrad as ad


def f(x):
    return np.sin(x) * np.exp(x / 2)


def nth(n, x):
    """The n-th derivative of sin(x) exp(x/2): the imaginary part of ((1/2 + i)^n exp((1/2 + i) x))."""
    rate = 0.5 + 1j
    return (rate**n * np.exp(rate * x)).imag


STEPS = {
    "grad": ad.grad,
    "jacfwd": ad.jacfwd,
    "jacrev": ad.jacrev,
    "derivative": ad.derivative,
    "jvp": lambda f: lambda x: ad.jvp(f, (x,), (np.ones_like(x),))[1],
    "vjp": lambda f: lambda x: ad.vjp(f, x)[1](np.float64(1.0))[0],
    "linearize": lambda f: lambda x: ad.linearize(f, x)[1](np.float64(1.0)),
    "hvp chain": lambda f: lambda x: ad.value_and_grad(f)(x)[1],
}
OTHERS = {
    "vmap": lambda f: lambda x: ad.vmap(f)(np.stack([x, x]))[1],
    "checkpoint": ad.checkpoint,
    "jit-free copy": lambda f: lambda x: f(x * 1.0),
}


@pytest.mark.parametrize("names", list(itertools.product(STEPS, repeat=2)), ids="-".join)
def test_second_derivative_by_every_pair(names):
    g = f
    for name in names:
        g = STEPS[name](g)
    np.testing.assert_allclose(g(0.7), nth(2, 0.7), rtol=1e-12)


@pytest.mark.parametrize("names", list(itertools.product(["grad", "jvp", "vjp"], repeat=3)), ids="-".join)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("place", range(4))
def test_third_derivative_with_something_between(names, other, place):
    g, order = f, list(names)
    order.insert(place, other)
    for name in order:
        g = (STEPS | OTHERS)[name](g)
    np.testing.assert_allclose(g(0.7), nth(3, 0.7), rtol=1e-11)


def test_depth_six():
    g = f
    for name in ("grad", "jvp", "jacrev", "vjp", "jacfwd", "grad"):
        g = STEPS[name](g)
    np.testing.assert_allclose(g(0.7), nth(6, 0.7), rtol=1e-9)


INNER = [ad.grad, ad.derivative, STEPS["jvp"], STEPS["vjp"], STEPS["linearize"]]


@pytest.mark.parametrize("outer", INNER)
@pytest.mark.parametrize("inner", INNER)
def test_no_perturbation_confusion(outer, inner):
    """d/dx (x * d/dy (x + y)) is 1 (Siskind and Pearlmutter 2005); d/dx (x * d/dy (x * y)) is 2x."""
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1
    assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6
    assert outer(lambda x: inner(lambda y: x)(1.0) + x)(1.0) == 1


def test_closures_of_two_levels():
    def g(x):
        def h(y):
            return ad.grad(lambda z: x * y * z**2)(y)

        return ad.grad(h)(x)

    # d/dy (2 x y^2) at y = x is 4 x^2, whose derivative is 8 x.
    np.testing.assert_allclose(ad.grad(g)(1.5), 12)


def test_vmap_in_vmap_in_grad():
    a, b = np.arange(3.0), np.arange(4.0) + 1

    def total(a):
        return np.sum(ad.vmap(lambda x: ad.vmap(lambda y: np.sin(x) * y**2)(b))(a))

    np.testing.assert_allclose(ad.grad(total)(a), np.cos(a) * np.sum(b**2))


def test_vmap_closes_over_what_is_differentiated():
    rows = np.arange(6.0).reshape(3, 2)

    def loss(w):
        return np.sum(ad.vmap(lambda r: np.tanh(r @ w))(rows))

    w = np.array([0.1, -0.2])
    np.testing.assert_allclose(ad.grad(loss)(w), rows.T @ (1 - np.tanh(rows @ w) ** 2))
    np.testing.assert_allclose(ad.hessian(loss)(w), ad.jacrev(ad.jacrev(loss))(w), rtol=1e-12)


def test_hessian_of_a_nest():
    def g(p):
        return p["a"] ** 2 * np.sum(p["b"] ** 3)

    h = ad.hessian(g)({"a": 2.0, "b": np.array([1.0, 3.0])})
    np.testing.assert_allclose(h["a"]["a"], 2 * 28)
    np.testing.assert_allclose(h["a"]["b"], [2 * 2 * 3, 2 * 2 * 27])
    np.testing.assert_allclose(h["b"]["b"], np.diag([4 * 6, 4 * 18]))


def test_stop_gradient_stops_inside_vmap():
    def f(x):
        return np.sum(ad.vmap(lambda row: row * ad.stop_gradient(row))(x))

    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(ad.grad(f)(x), x)
    np.testing.assert_array_equal(ad.jvp(f, (x,), (np.ones_like(x),))[1], np.sum(x))


@pytest.mark.parametrize("inner", [ad.grad, ad.derivative, lambda f: lambda y: ad.vmap(f)(np.ones(1))])
@pytest.mark.parametrize("use", [lambda kept, x: kept * x, lambda kept, x: kept])
@pytest.mark.parametrize("outer", [ad.grad, ad.derivative, lambda f: lambda y: ad.vmap(f)(np.ones(1))])
def test_a_variable_that_escaped_an_inner_transform_is_refused(inner, use, outer):
    def f(x):
        kept = []
        inner(lambda y: (kept.append(y * x), y)[1])(1.0)
        return use(kept[0], x)

    with pytest.raises(ad.EscapedError, match="stop_gradient"):
        outer(f)(1.0)
