"""HIPS autograd's names: each operator against autograd itself, where it is installed, and against formulas."""

import math

import numpy as np
import pytest
from scipy import signal

import dragongrad as ad
from dragongrad.core.errors import ArgumentError, ShapeError
from dragongrad.interop import autograd as ours
from dragongrad.testing import check_derivatives

convolve = ours.scipy.signal.convolve
X, Y = np.array([0.3, -0.7, 1.1]), np.array([1.0, 2.0, -0.5])


def energy(np):
    return lambda x, y: np.sum(np.sin(x) * y**2) + np.sum(x) ** 3


def field(np):
    return lambda x, y: np.sin(x) * y + np.sum(x * y)


OPERATORS = {
    "grad": lambda a, np: a.grad(energy(np))(X, Y),
    "grad of the second": lambda a, np: a.grad(energy(np), 1)(X, Y),
    "grad of both": lambda a, np: a.grad(energy(np), (0, 1))(X, Y),
    "grad of grad": lambda a, np: a.grad(lambda x: np.sum(a.grad(energy(np))(x, Y) ** 2))(X),
    "grad of a dict": lambda a, np: a.grad(lambda p: np.sum(p["x"] * p["y"][0]))({"x": X, "y": [Y]}),
    "value_and_grad": lambda a, np: a.value_and_grad(energy(np))(X, Y),
    "jacobian": lambda a, np: a.jacobian(field(np))(X, Y),
    "hessian": lambda a, np: a.hessian(energy(np))(X, Y),
    "hessian of a field": lambda a, np: a.hessian(field(np), 1)(X, Y),
    "elementwise_grad": lambda a, np: a.elementwise_grad(np.tanh)(X),
    "elementwise_grad of a sum": lambda a, np: a.elementwise_grad(field(np))(X, Y),
    "deriv": lambda a, np: a.deriv(np.tanh)(0.3),
    "holomorphic_grad": lambda a, np: a.holomorphic_grad(lambda z: np.sin(z) * z)(1.0 + 2.0j),
    "grad_named": lambda a, np: a.grad_named(lambda x, y: np.sum(x * y**2), "y")(X, Y),
    "make_vjp": lambda a, np: (lambda vjp, value: (vjp(X), value))(*a.make_vjp(field(np))(X, Y)),
    "make_jvp": lambda a, np: tuple(a.make_jvp(field(np), 1)(X, Y)(X)),
    "make_hvp": lambda a, np: a.make_hvp(energy(np))(X, Y)[0](Y),
    "make_ggnvp": lambda a, np: a.make_ggnvp(lambda x: np.sin(x) * np.sum(x))(X)(Y),
    "hessian_vector_product": lambda a, np: a.hessian_vector_product(energy(np))(X, Y, Y),
    "vector_jacobian_product": lambda a, np: a.vector_jacobian_product(field(np))(X, Y, Y),
    "checkpoint": lambda a, np: a.grad(lambda x: np.sum(a.checkpoint(np.tanh)(x)))(X),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.filterwarnings("ignore:Output seems independent:UserWarning")
def test_operators_agree_with_autograd(name):
    autograd = pytest.importorskip("autograd")
    wrapped = pytest.importorskip("autograd.numpy")
    got, wanted = OPERATORS[name](ours, np), OPERATORS[name](autograd, wrapped)

    for a, b in zip(_leaves(got), _leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def _leaves(nest):
    if isinstance(nest, dict):
        return [leaf for key in sorted(nest) for leaf in _leaves(nest[key])]
    return [leaf for part in nest for leaf in _leaves(part)] if isinstance(nest, (tuple, list)) else [nest]


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_run_on_numpy(name):
    assert all(np.isfinite(leaf).all() for leaf in _leaves(OPERATORS[name](ours, np)))


def test_every_name_of_autograd_is_here():
    autograd = pytest.importorskip("autograd")
    extend = pytest.importorskip("autograd.extend")
    # Its own machinery, and types under other names.
    inner = {
        "dict", "list", "tuple", "type", "isinstance", "VJPNode", "JVPNode", "SparseObject", "VSpace", "vspace",
        "Box", "register_notrace", "defjvp_argnums",
    }  # fmt: skip
    functions = {n for m in (autograd, extend) for n, f in vars(m).items() if callable(f) and n[0] != "_"}
    assert functions - inner <= set(ours.__all__)


def test_aux_and_dicts():
    gradient, aux = ours.grad_and_aux(lambda x: (np.sum(x**2), "seen"))(X)
    np.testing.assert_allclose(gradient, 2 * X)
    assert aux == "seen"
    found = ours.multigrad_dict(lambda x, y=2.0: np.sum(x * y))(X)
    assert sorted(found) == ["x", "y"]
    np.testing.assert_allclose(found["y"], np.sum(X))


def _made(vjps=True, jvps=False):
    @ours.primitive
    def product(x, y, power=1):
        return np.array([math.sin(t) for t in np.ravel(x)]).reshape(np.shape(x)) * np.asarray(y) ** power

    if vjps:
        ours.defvjp(
            product,
            lambda ans, x, y, power=1: lambda g: g * np.cos(x) * y**power,
            lambda ans, x, y, power=1: lambda g: g * ans * power / y,
        )
    if jvps:
        ours.defjvp(
            product,
            lambda g, ans, x, y, power=1: g * np.cos(x) * y**power,
            lambda g, ans, x, y, power=1: g * ans * power / y,
        )
    return product


@pytest.mark.parametrize(("vjps", "jvps"), [(True, False), (False, True), (True, True)])
def test_primitives(vjps, jvps):
    f, plain = _made(vjps, jvps), lambda x, y, power=1: np.sin(x) * y**power
    for transform in (
        lambda f: ad.grad(lambda x, y: np.sum(f(x, y, power=3)), (0, 1))(X, Y),
        lambda f: ad.grad(lambda y: np.sum(f(X, y)))(Y),
        lambda f: ad.jvp(f, (X, Y), (Y, X))[1],
        lambda f: ad.hessian(lambda x: np.sum(f(x, Y) ** 2))(X),
        lambda f: ad.vmap(ad.grad(lambda x: np.sum(f(x, Y) ** 2)))(np.stack([X, 2 * X])),
        lambda f: ad.compile(ad.grad(lambda x, y: np.sum(f(x, y) ** 2)))(X, Y),
    ):
        for a, b in zip(_leaves(transform(f)), _leaves(transform(plain)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(f(X, Y), plain(X, Y))


def test_rules_by_position_none_and_linear():
    scaled = ours.primitive(lambda x, n: np.asarray(x) * n)
    ours.defvjp(scaled, lambda ans, x, n: lambda g: g * n, None)
    assert ours.grad(scaled, (0, 1))(2.0, 3.0) == (3.0, 0.0)
    general = ours.primitive(lambda x, y: np.asarray(x) * np.asarray(y))
    ours.defvjp_argnum(general, lambda i, ans, args, kwargs: lambda g: g * args[1 - i])
    assert ours.grad(general, (0, 1))(2.0, 3.0) == (3.0, 2.0)
    linear = ours.primitive(lambda x: 5 * np.asarray(x))
    ours.def_linear(linear)
    assert ad.derivative(linear)(2.0) == 5.0
    with pytest.raises(ad.NoRuleError, match="VJP"):
        ours.grad(linear)(2.0)
    same = ours.primitive(lambda x, y: np.asarray(x) * np.asarray(y))
    ours.defjvp(same, "same", "same")
    assert ad.jvp(same, (2.0, 3.0), (1.0, 10.0))[1] == 23.0
    ours.defvjp(same, lambda ans, x, y: lambda g: g * y, lambda ans, x, y: lambda g: g * x)
    assert ours.grad(same, (0, 1))(2.0, 3.0) == (3.0, 2.0)
    rounded = ours.notrace_primitive(np.round)
    assert ours.grad(lambda x: x * rounded(x))(1.4) == 1.0


def test_what_has_no_rule_raises():
    bare = ours.primitive(np.sin)
    with pytest.raises(NotImplementedError, match="no rule for argument 0"):
        ours.grad(bare)(1.0)
    half = ours.primitive(lambda x, y: np.asarray(x) * np.asarray(y))
    ours.defvjp(half, lambda ans, x, y: lambda g: g * y)
    assert ours.grad(half)(2.0, 3.0) == 3.0
    with pytest.raises(NotImplementedError, match=r"no VJP for argument 1[\s\S]*test_autograd"):
        ours.grad(half, 1)(2.0, 3.0)
    assert ad.compile(ad.grad(half))(2.0, 3.0) == 3.0
    with pytest.raises(ad.ArgumentError, match="position"):
        ours.grad(lambda y: half(2.0, y=y))(3.0)
    with pytest.raises(ad.ArgumentError, match="made by primitive"):
        ours.defvjp(np.sin, None)
    with pytest.raises(ad.ArgumentError, match="takes a function"):
        ours.grad(np.sin, "x")
    with pytest.raises(ad.ArgumentError, match="no argument 'z'"):
        ours.grad_named(lambda x: x, "z")


def test_flatten():
    nest = {"b": [X, 2.0], "a": (Y.reshape(3, 1),)}
    vector, unflatten = ours.flatten(nest)
    np.testing.assert_array_equal(vector, np.concatenate([Y, X, [2.0]]))
    again = unflatten(vector)
    np.testing.assert_array_equal(again["b"][0], X)
    assert again["a"][0].shape == (3, 1)
    loss = lambda v: np.sum(unflatten(v)["b"][0] ** 2)
    np.testing.assert_allclose(ours.grad(loss)(vector), np.concatenate([0 * Y, 2 * X, [0.0]]))
    func, _, start = ours.flatten_func(lambda p: {"c": p["b"][0] * 2}, nest)
    np.testing.assert_array_equal(func(start), 2 * X)


# What a longer or shorter kernel gives, along axes by number, kept ones first; SciPy's convolution is the judge.
SHAPES = [((5,), (3,)), ((3,), (5,)), ((4, 3), (2, 2)), ((2, 2), (4, 3)), ((4, 3), (1, 2))]


@pytest.mark.parametrize("mode", ["full", "valid", "same"])
@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_convolution_of_all_axes_is_scipys(a, b, mode):
    a, b = np.random.default_rng(0).normal(size=a), np.random.default_rng(1).normal(size=b)
    np.testing.assert_allclose(convolve(a, b, mode=mode), signal.convolve(a, b, mode), atol=1e-13)


@pytest.mark.parametrize("mode", ["full", "valid"])
def test_convolution_sums_and_keeps_axes(mode):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 4, 3)), rng.normal(size=(2, 4, 2, 3, 2))
    got = convolve(a, b, axes=([1, 2], [2, 4]), dot_axes=([0, 3], [0, 3]), mode=mode)
    want = sum(signal.convolve(a[i, :, :, j], b[i, 2, :, j], mode) for i in range(2) for j in range(3))
    np.testing.assert_allclose(got[2], want, atol=1e-13)


def test_convolution_of_swapped_arrays_keeps_the_order_of_axes():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5)), rng.normal(size=(3, 4))
    got = convolve(a, b, axes=([0], [0]), mode="valid")
    np.testing.assert_allclose(got[1, 2], signal.convolve(a[:, 1], b[:, 2], "valid"), atol=1e-13)
    check_derivatives(lambda a, b: np.sum(convolve(a, b, axes=([0], [0]), mode="valid") ** 2), a, b)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"mode": "circular"}, "mode must be one of"),
        ({"axes": ([0], [0, 1])}, "names 1 axes"),
        ({"axes": ([7], [0])}, "has not"),
        ({"axes": ([0], [0]), "dot_axes": ([0], [0])}, "named twice"),
        ({"axes": ([0], [0]), "dot_axes": ([1], [1])}, "unequal lengths"),
        ({"axes": ([0, 1], [0, 1]), "mode": "valid"}, "at least as long"),
    ],
)
def test_convolution_refuses_axes_that_do_not_fit(wrong, says):
    with pytest.raises((ArgumentError, ShapeError), match=says):
        convolve(np.ones((2, 5)), np.ones((3, 4)), **wrong)


def test_scipys_modules_and_the_convolution_of_many_axes():
    rng = np.random.default_rng(0)
    for mode in ("full", "valid"):
        a, b = rng.normal(size=(4, 5)), rng.normal(size=(2, 3))
        for one, other in ((a, b), (b, a)):
            np.testing.assert_allclose(convolve(one, other, mode=mode), signal.convolve(one, other, mode))
        check_derivatives(lambda a, b, m=mode: convolve(b, a, mode=m), a, b)
        x, w = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(3, 2, 2, 3))
        options = {"axes": ([2, 3], [2, 3]), "dot_axes": ([1], [0]), "mode": mode}
        pieces = [[sum(signal.convolve(p, q, mode) for p, q in zip(one, k, strict=True))
                   for k in np.moveaxis(w, 1, 0)] for one in x]  # fmt: skip
        np.testing.assert_allclose(convolve(x, w, **options), np.array(pieces))
        # With the roles exchanged the axes of the other array come first.
        again = convolve(w, x, axes=options["axes"], dot_axes=([0], [1]), mode=mode)
        np.testing.assert_allclose(np.swapaxes(again, 0, 1), np.array(pieces))
    np.testing.assert_allclose(convolve(a, a.T, axes=([], []), dot_axes=([1], [0])), a @ a.T)
    assert ours.scipy.stats.norm is ad.scipy.stats.norm
    assert ours.scipy.misc.logsumexp is ad.scipy.special.logsumexp
    with pytest.raises(ad.ShapeError, match="test_autograd"):
        convolve(np.ones((2, 3)), np.ones((3, 2)), mode="valid")
    with pytest.raises(ad.ArgumentError, match="test_autograd"):
        convolve(a, b, mode="circular")
