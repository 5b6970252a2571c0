"""`tree_map`, `ravel_pytree` and `elementwise_grad`, in every transform."""

from dataclasses import dataclass

import numpy as np
import optree
import pytest

import dragongrad as ad


@dataclass
class Layer:
    weight: np.ndarray
    bias: float


NESTS = [
    1.5,
    np.ones((2, 3), np.float32),
    np.ones((0, 2)),
    {"b": np.arange(4.0).reshape(2, 2), "a": 2.0, "c": (np.float32(3), [np.ones(1)])},
    Layer(np.ones((1, 2)), 0.5),
    [],
]


@pytest.mark.parametrize("nest", NESTS, ids=str)
def test_a_nest_comes_back_from_its_vector(nest):
    vector, unravel = ad.ravel_pytree(nest)
    again = unravel(vector)
    # What a dataclass is made of is no leaf to optree until the library has met it.
    for old, new in zip(optree.tree_leaves(ad.tree_map(np.asarray, nest)), optree.tree_leaves(again), strict=True):
        held = [(old.weight, new.weight), (old.bias, new.bias)] if isinstance(old, Layer) else [(old, new)]
        for a, b in held:
            np.testing.assert_array_equal(a, b)
            assert np.asarray(a).dtype == np.asarray(b).dtype
            assert np.shape(a) == np.shape(b)
    assert vector.shape == (sum(np.size(leaf) for leaf in _numbers(nest)),)


def _numbers(nest):
    return [nest.weight, nest.bias] if isinstance(nest, Layer) else optree.tree_leaves(nest)


def test_whole_numbers_become_floats_and_complex_parts_real():
    vector, unravel = ad.ravel_pytree({"n": 2, "z": 1j})
    assert vector.tolist() == [2, 1j]
    back = unravel(vector * 0.5)
    assert (back["n"], back["z"]) == (1.0, 0.5j)
    assert back["n"].dtype == np.float64


def loss(params):
    return np.sum(params["w"] ** 3) * params["b"]


PARAMS = {"w": np.array([1.0, 2.0]), "b": 3.0}


@pytest.mark.parametrize("make", [lambda f: f, ad.compile, lambda f: ad.compile(f, backend="numpy")])
def test_both_are_differentiated_batched_and_compiled(make):
    vector, unravel = ad.ravel_pytree(PARAMS)
    flat = lambda v: loss(unravel(v))
    gradient, hessian = make(ad.grad(flat)), make(ad.hessian(flat))
    for _ in range(2):
        np.testing.assert_allclose(gradient(vector), [9.0, 9.0, 36.0])
        np.testing.assert_allclose(hessian(vector), [[0, 3, 12], [3, 18, 0], [12, 0, 36]])
    rows = np.stack([vector, 2 * vector])
    np.testing.assert_allclose(make(ad.vmap(ad.grad(flat)))(rows)[1], 8 * np.array([9.0, 9.0, 36.0]))
    back = make(ad.grad(lambda p: np.sum(ad.ravel_pytree(p)[0] ** 2)))(PARAMS)
    np.testing.assert_allclose(back["w"], [2.0, 4.0])
    assert back["b"] == 6.0
    tangent = ad.jvp(lambda p: ad.ravel_pytree(p)[0], (PARAMS,), (PARAMS,))[1]
    np.testing.assert_array_equal(tangent, vector)


def test_tree_map_of_several_nests():
    step = lambda p, g: ad.tree_map(lambda a, b: a - 0.5 * b, p, g)
    moved = step(PARAMS, ad.grad(loss)(PARAMS))
    np.testing.assert_allclose(moved["w"], [1 - 4.5, 2 - 18])
    np.testing.assert_allclose(ad.grad(lambda p: loss(ad.tree_map(np.sin, p)))(PARAMS)["b"], 9 * 0 + _sines())


def _sines():
    return np.cos(3.0) * np.sum(np.sin([1.0, 2.0]) ** 3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ad.tree_map(max, {"a": 1}, {"b": 1}), ad.ArgumentError, r"(?s)'a'.*'b'.*test_trees\.py"),
        (lambda: ad.tree_map(max, [1, 2], 3), ad.ArgumentError, r"differ: \[\*, \*\] and \*\n"),
        (lambda: ad.ravel_pytree({"a": "text"}), ad.DtypeError, "a leaf of the nest"),
        (lambda: ad.ravel_pytree(PARAMS)[1](np.ones(2)), ad.ShapeError, r"\(3,\), not float64 \(2,\)"),
        (lambda: ad.elementwise_grad(np.exp)(np.ones(2) * 1j), ad.DtypeError, "real output"),
        (lambda: ad.elementwise_grad(np.exp, (0, 1)), ad.ArgumentError, "one position"),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 3)])
@pytest.mark.parametrize("make", [lambda f: f, ad.compile])
def test_elementwise_grad(shape, make, rng):
    x = rng.normal(size=shape)
    slope = make(ad.elementwise_grad(lambda x, y: np.tanh(x) * y))
    for _ in range(2):
        np.testing.assert_allclose(slope(x, 2.0), 2 - 2 * np.tanh(x) ** 2)
    second = ad.elementwise_grad(ad.elementwise_grad(np.exp))
    np.testing.assert_allclose(second(x), np.exp(x))
    np.testing.assert_allclose(ad.vmap(ad.elementwise_grad(np.sin))(np.stack([x, x]))[1], np.cos(x))
    np.testing.assert_allclose(ad.elementwise_grad(np.multiply, 1)(x, np.full(shape, 5.0)), x)
