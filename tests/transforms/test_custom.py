"""Functions with rules of their own, checkpoints, linearize, derivative, stop_gradient."""

import math
import pickle
from typing import NamedTuple

import numpy as np
import pytest

import dragongrad as ad
from dragongrad import late
from dragongrad.core.block import BLOCKS, TABLE

X = np.array([0.3, 0.7, 1.1])


def only_values(x):
    """Sine by Python's math: no Variable may reach it."""
    return np.array([math.sin(t) for t in np.ravel(x)]).reshape(np.shape(x))


@ad.custom_rule
def by_pullback(x):
    return only_values(x)


@by_pullback.pullback
def _by_pullback(out_bar, x):
    return out_bar * np.cos(x)


@ad.custom_rule
def by_pushforward(x):
    return only_values(x)


@by_pushforward.pushforward
def _by_pushforward(x_dot, x):
    return x_dot * np.cos(x)


both = ad.custom_rule(only_values, pullback=_by_pullback, pushforward=_by_pushforward)
RULES = {"pullback": by_pullback, "pushforward": by_pushforward, "both": both, "checkpoint": ad.checkpoint(np.sin)}


@pytest.mark.parametrize("f", RULES.values(), ids=RULES.keys())
def test_every_transform_takes_a_custom_rule(f):
    np.testing.assert_allclose(f(X), np.sin(X))
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(f(x) * x))(X), np.cos(X) * X + np.sin(X))
    np.testing.assert_allclose(ad.jvp(f, (X,), (np.ones(3),))[1], np.cos(X))
    np.testing.assert_allclose(ad.jacfwd(f)(X), np.diag(np.cos(X)))
    np.testing.assert_allclose(ad.jacrev(f)(X), np.diag(np.cos(X)))
    np.testing.assert_allclose(ad.hessian(lambda x: np.sum(f(x)))(X), np.diag(-np.sin(X)), atol=1e-14)
    np.testing.assert_allclose(ad.vmap(f)(X[None] * np.ones((2, 1))), np.sin(X)[None] * np.ones((2, 1)))
    rows = np.stack([X, 2 * X])
    loss = lambda x: np.sum(f(x) ** 2)
    np.testing.assert_allclose(ad.vmap(ad.grad(loss))(rows), np.sin(2 * rows))
    np.testing.assert_allclose(ad.grad(lambda r: np.sum(ad.vmap(loss)(r)))(rows), np.sin(2 * rows))
    np.testing.assert_allclose(ad.vmap(lambda x: ad.jvp(f, (x,), (x,))[1])(rows), rows * np.cos(rows))


class Pair(NamedTuple):
    a: object
    b: object


def test_nests_options_and_several_arguments():
    @ad.custom_rule
    def f(p, y, *, power=2):
        return {"u": p.a * y**power, "v": np.sum(p.b)}

    @f.pullback
    def pull(out_bar, p, y, power):
        rest = out_bar["u"] * power * y ** (power - 1) * p.a
        return Pair(np.sum(out_bar["u"] * y**power), out_bar["v"] * np.ones_like(p.b)), rest

    def loss(p, y):
        out = f(p, y, power=3)
        return np.sum(out["u"] ** 2) + out["v"]

    def plain(p, y):
        return np.sum((p.a * y**3) ** 2) + np.sum(p.b)

    p = Pair(2.0, np.ones(2))
    got, expected = ad.grad(loss, (0, 1))(p, X), ad.grad(plain, (0, 1))(p, X)
    for one, other in zip(got[0] + (got[1],), expected[0] + (expected[1],), strict=True):
        np.testing.assert_allclose(one, other)
    shared = ad.vmap(lambda y: ad.grad(loss)(p, y).a)(np.stack([X, X]))
    np.testing.assert_allclose(shared, [expected[0].a] * 2)
    np.testing.assert_allclose(
        ad.grad(lambda p: np.sum(ad.vmap(lambda y: loss(p, y))(np.stack([X, 2 * X]))))(p).a,
        expected[0].a + ad.grad(plain)(p, 2 * X).a,
    )


def test_a_rule_that_fits_nothing_says_so():
    f = ad.custom_rule(lambda x, y: x * y)
    with pytest.raises(ad.ArgumentError, match="no rule yet"):
        f(1.0, 2.0)
    f.pullback(lambda out_bar, z: out_bar)
    with pytest.raises(ad.ArgumentError, match="'z'"):
        ad.grad(f)(1.0, 2.0)
    f.pullback(lambda out_bar: out_bar)
    with pytest.raises(ad.ArgumentError, match="1 cotangents for 2"):
        ad.grad(f)(1.0, 2.0)


@ad.custom_rule
def weighted(x, *ys, power=2, **more):
    return x * sum(y**power for y in ys) * more["scale"]


weighted.pullbacks(
    x=lambda out_bar, ys, power, more: out_bar * sum(y**power for y in ys) * more["scale"],
    ys=lambda out_bar, x, ys, power, more: tuple(
        out_bar * x * power * y ** (power - 1) * more["scale"] for y in ys
    ),
)


def test_one_rule_for_each_argument_of_any_number_of_them():
    f = lambda x, y, z: np.sum(weighted(x, np.sin(y), z, power=3, scale=2.0))
    plain = lambda x, y, z: np.sum(x * (np.sin(y) ** 3 + z**3) * 2.0)
    given, everywhere = (X, X + 1, X - 2), (0, 1, 2)
    for transform in (lambda f: ad.grad(f, everywhere), lambda f: ad.jacfwd(f, everywhere)):
        expected = transform(plain)(*given)
        for g in (transform(f), ad.compile(transform(f), backend="numpy")):
            for _ in range(2):
                np.testing.assert_allclose(g(*given), expected, rtol=1e-13)
    same = lambda f: ad.hessian(lambda x: f(x, x, x))(X)
    np.testing.assert_allclose(same(f), same(plain), rtol=1e-13)
    assert pickle.loads(pickle.dumps(weighted)) is weighted
    copy = pickle.loads(pickle.dumps(ad.custom_rule(only_values, pullback=_by_pullback)))
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(copy(x)))(X), np.cos(X))
    with pytest.raises(ad.ArgumentError, match="one rule for each of x, ys: look at ys"):
        weighted.pullbacks(x=None)


@pytest.fixture
def declaring():
    """Blocks that a test declares are in the table until it ends."""
    late.declared("scipy.special.erf")
    before = [(table, dict(table)) for table in (BLOCKS, TABLE)]
    yield
    for table, known in before:
        table.clear()
        table.update(known)


@pytest.mark.usefixtures("declaring")
def test_graphs_and_blocks_pickle():
    def f(x):
        for _ in range(2000):
            x = np.sin(x)
        return np.sum(np.linalg.eigh(np.outer(x, x))[0]) + np.where(x > 0, x, 2.0)[0] + by_pullback(X)[1]

    graph = ad.graph(f, X)
    copy = pickle.loads(pickle.dumps(graph))
    assert type(copy) is type(graph)
    assert str(copy) == str(graph)
    compiled = ad.compile(f, backend="numpy")
    compiled(X)
    assert len(pickle.loads(pickle.dumps(compiled.graph))) == len(compiled.graph)
    block = ad.elementwise(only_values, np.cos, name="only_values", dispatches=False)
    assert pickle.loads(pickle.dumps(block)) is block


@pytest.mark.usefixtures("declaring")
def test_a_partial_is_not_called_when_it_is_declared():
    def never(out):
        raise AssertionError

    ad.elementwise(lambda x: np.exp(x), never, name="never", dispatches=False)
    same = ad.elementwise(lambda x: np.exp(x), lambda out: out, name="same", dispatches=False)
    assert ad.grad(same)(1.0) == np.exp(1.0)


def test_a_tuple_of_arguments_has_a_tuple_of_tangents():
    f = ad.custom_rule(lambda *xs: sum(xs), pushforward=lambda xs_dot: sum(xs_dot))
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(f(x, x * x, X)))(X), 1 + 2 * X)
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(f(x)))(X), np.ones(3))


@pytest.mark.filterwarnings("error::dragongrad.CompileWarning")
@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_rules_that_are_no_numpy_code_are_called_by_compiled_code(backend):
    f = ad.custom_rule(
        only_values,
        pullback=lambda out_bar, x: np.array([float(b) * math.cos(t) for b, t in zip(out_bar, x, strict=True)]),
        pushforward=lambda x_dot, x: np.array([float(b) * math.cos(t) for b, t in zip(x_dot, x, strict=True)]),
    )
    loss, plain = [lambda x, f=f: np.sum(f(x * x) ** 2) for f in (f, np.sin)]
    rows = np.stack([X, X + 1])
    for transform, at in ((ad.grad, X), (ad.jacfwd, X), (lambda f: ad.vmap(ad.grad(f)), rows)):
        compiled = ad.compile(transform(loss), backend=backend)
        for x in (at, at, at + 0.5):
            np.testing.assert_allclose(compiled(x), transform(plain)(x), rtol=1e-12)
        assert compiled.compiled == 1
    with pytest.raises(ad.NoRuleError, match="takes no Variables"):
        ad.hessian(loss)(X)


@pytest.mark.parametrize("transform", [ad.grad, lambda f: lambda x: ad.jvp(f, (x,), (1.0,))])
def test_a_closure_over_a_variable_raises(transform):
    with pytest.raises(ad.ClosureError, match="argument"):
        transform(lambda x: ad.checkpoint(lambda y: x * y)(2.0 * x))(3.0)


def test_an_error_inside_a_custom_function_is_the_users_own():
    @ad.custom_rule(pullback=lambda out_bar: out_bar)
    def f(x):
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        ad.grad(f)(1.0)


def test_a_checkpoint_keeps_nothing_inside():
    calls = []

    def f(x):
        calls.append(type(x))
        return np.sin(np.exp(x))

    ad.grad(lambda x: np.sum(ad.checkpoint(f)(x)))(X)
    assert len(calls) == 2
    assert calls[0] is np.ndarray


def test_linearize_is_the_jacobian():
    f = lambda x, p: {"a": np.sin(x) * p["k"], "b": np.sum(x)}
    out, push = ad.linearize(f, X, {"k": 2.0})
    np.testing.assert_allclose(out["a"], 2 * np.sin(X))
    for v in np.eye(3):
        expected = ad.jvp(f, (X, {"k": 2.0}), (v, {"k": 0.5}))[1]
        got = push(v, {"k": 0.5})
        np.testing.assert_allclose(got["a"], expected["a"])
        np.testing.assert_allclose(got["b"], expected["b"])
    np.testing.assert_allclose(ad.vmap(ad.linearize(np.sin, X)[1])(np.eye(3)), np.diag(np.cos(X)))
    np.testing.assert_allclose(ad.jacobian(lambda x: ad.linearize(np.sin, x)[1](X))(X), np.diag(-np.sin(X) * X))
    with pytest.raises(ad.ShapeError, match="primal"):
        push(np.ones(4), {"k": 0.5})


def test_derivative():
    assert ad.derivative(np.exp, order=5)(0.0) == 1.0
    assert ad.derivative(lambda x, y: x * y**3, argnums=1, order=2)(2.0, 3) == 36.0
    assert ad.derivative(lambda x, *, k: k * x)(1.0, k=4.0) == 4.0
    with pytest.raises(ad.NotScalarError, match="vmap"):
        ad.derivative(np.sin)(X)
    np.testing.assert_allclose(ad.vmap(ad.derivative(np.sin))(X), np.cos(X))


def test_stop_gradient_at_every_level():
    f = lambda x: x * ad.stop_gradient(x) ** 2
    assert ad.grad(f)(3.0) == 9.0
    assert ad.grad(ad.grad(f))(3.0) == 0.0
    assert ad.jvp(f, (3.0,), (1.0,))[1] == 9.0
    np.testing.assert_allclose(ad.vmap(ad.grad(f))(X), X**2)
    nest = ad.stop_gradient({"a": 1.0, "b": "text"})
    assert nest == {"a": 1.0, "b": "text"}
    assert ad.grad(lambda x: x * float(ad.stop_gradient(x)))(3.0) == 3.0


def cube(x):
    """The third power."""
    return x**3


@pytest.mark.parametrize("make", [ad.grad, ad.value_and_grad, ad.derivative, ad.jacobian, ad.hessian, ad.vmap])
def test_transforms_pickle_and_keep_names(make):
    transformed = make(cube)
    again = pickle.loads(pickle.dumps(transformed))
    x = np.array([2.0]) if make is ad.vmap else 2.0
    np.testing.assert_equal(again(x), transformed(x))
    assert transformed.__name__ == "cube"
    assert "third power" in transformed.__doc__


@pytest.mark.parametrize("bar", [2, 2.0, np.float64(2.0), np.array(2.0)])
def test_a_rule_may_return_a_number(bar):
    f = ad.custom_rule(lambda x: 2 * x, pullback=lambda out_bar: bar, pushforward=lambda x_dot: bar)
    assert ad.grad(f)(1.0) == 2.0
    assert ad.jvp(f, (1.0,), (1.0,))[1] == 2.0
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(f(x)))(np.ones(3)), np.full(3, 2.0))
    np.testing.assert_array_equal(ad.jvp(f, (np.ones(3),), (np.ones(3),))[1], np.full(3, 2.0))


def test_a_rule_that_returns_another_shape_is_refused():
    f = ad.custom_rule(
        lambda x: 2 * x, pullback=lambda out_bar: np.ones(7), pushforward=lambda x_dot: np.ones((2, 3))
    )
    with pytest.raises(ad.ShapeError, match=r"cotangent of shape \(7,\) for an array of shape \(3,\)"):
        ad.grad(lambda x: np.sum(f(x)))(np.ones(3))
    with pytest.raises(ad.ShapeError, match=r"tangent of shape \(2, 3\) for an array of shape \(3,\)"):
        ad.jvp(f, (np.ones(3),), (np.ones(3),))


def test_a_checkpoint_takes_keyword_arguments_and_nests_of_anything():
    def f(p, name, *, k):
        return p["x"] * p["n"] * k if name == "f" else k

    def both(x):
        return ad.checkpoint(f)({"x": x, "n": 3, "none": None}, "f", k=x * 2)

    assert ad.grad(both)(1.0) == 12.0
    assert ad.derivative(both)(1.0) == 12.0
    assert ad.hessian(both)(1.0) == 12.0
    np.testing.assert_array_equal(ad.vmap(ad.grad(both))(np.array([1.0, 2.0])), [12.0, 24.0])


def test_a_new_array_beside_a_block_of_ones_own_leaves_nothing_behind():
    """Inside a function under a transform `np.ones(3)` is a buffer, which must not be kept in a derivative."""
    product = ad.elementwise(
        lambda x, y: x * y, lambda y: y, lambda x: x, name="a product of its own", dispatches=False
    )
    f = lambda x: product(x, np.ones(3))
    ways = (
        ad.grad(lambda x: np.sum(f(x))), ad.jacfwd(f), ad.jacrev(f), ad.vmap(lambda x: product(x, np.ones(()))),
        lambda x: ad.jvp(f, (x,), (x,))[1], ad.hessian(lambda x: np.sum(f(x) ** 2)),
    )  # fmt: skip
    for way in ways:
        assert type(way(X)) is np.ndarray
