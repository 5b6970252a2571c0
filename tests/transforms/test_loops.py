"""Loops and branches as functions: what they give, and their derivatives, against plain Python loops."""

import numpy as np
import pytest

import dragongrad as ad

RNG = np.random.default_rng(0)
X = RNG.normal(size=3)
TURNS = RNG.normal(size=(5, 2, 2))


# Each: the loop as a function, and the same in plain Python. Steps do not commute, and a value that the loop uses
# is used before and after it too.


def turned(x):
    start = np.sin(x[:2])
    carry, ys = ad.scan(lambda c, a: (np.tanh(a @ c) + x[2], c[0] * x[2]), start, TURNS)
    return np.sum(carry * start) + np.sum(ys**2) * x[0]


def turned_by_hand(x):
    start = c = np.sin(x[:2])
    ys = []
    for a in TURNS:
        ys.append(c[0] * x[2])
        c = np.tanh(a @ c) + x[2]
    return np.sum(c * start) + np.sum(np.stack(ys) ** 2) * x[0]


def backwards(x):
    carry, ys = ad.scan(lambda c, at: (c * at["a"] - x[1], (c, at["b"])), x[0], {"a": x, "b": x**2}, reverse=True)
    return carry + np.sum(ys[0] * np.arange(3)) * np.sum(ys[1])


def backwards_by_hand(x):
    c, ys = x[0], [None] * 3
    for i in (2, 1, 0):
        ys[i] = c
        c = c * x[i] - x[1]
    return c + np.sum(np.stack(ys) * np.arange(3)) * np.sum(x**2)


def polynomial(x):
    return ad.fori_loop(0, 4, lambda i, y: y * x[1] + np.cos(x[0]) * i, x[2])


def polynomial_by_hand(x):
    y = x[2]
    for i in range(4):
        y = y * x[1] + np.cos(x[0]) * i
    return y


def root(x):
    a = 2.0 + x[0] ** 2
    return x[1] * ad.while_loop(lambda y: np.abs(y * y - a) > 1e-13, lambda y: (y + a / y) / 2, a) + a


def root_by_hand(x):
    a = y = 2.0 + x[0] ** 2
    while np.abs(y * y - a) > 1e-13:
        y = (y + a / y) / 2
    return x[1] * y + a


def mapped(x):
    return np.sum(ad.map(lambda row: np.exp(np.sum(row)) * row[0], np.outer(x, x)))


def mapped_by_hand(x):
    return np.sum(np.stack([np.exp(np.sum(row)) * row[0] for row in np.outer(x, x)]))


def branched(x):
    y = ad.cond(x[0] > 0, lambda x: np.log1p(np.abs(x[0])) * x, lambda x: np.sin(x), x)
    return np.sum(ad.switch(1, [np.sin, lambda y: y**3, np.cos], y))


def branched_by_hand(x):
    y = np.log1p(np.abs(x[0])) * x if x[0] > 0 else np.sin(x)
    return np.sum(y**3)


def filled(x):
    def body(i, at):
        at = at.copy()
        at[i] = np.sin(at[i - 1]) * x[i % 3]
        return at

    return np.sum(ad.fori_loop(1, 6, body, np.full(6, x[0])) ** 2)


def filled_by_hand(x):
    at = np.full(6, x[0])
    for i in range(1, 6):
        at[i] = np.sin(at[i - 1]) * x[i % 3]
    return np.sum(at**2)


def nested(x):
    def outer(c, a):
        inner = ad.fori_loop(0, 2, lambda i, y: y * a + i, c)
        return np.where(inner > 1, np.log(np.abs(inner) + 1), inner), None

    return ad.scan(outer, x[0], x)[0]


def nested_by_hand(x):
    c = x[0]
    for a in x:
        for i in range(2):
            c = c * a + i
        c = np.where(c > 1, np.log(np.abs(c) + 1), c)
    return c


PROGRAMS = {
    f.__name__: (f, by_hand)
    for f, by_hand in (
        (turned, turned_by_hand), (backwards, backwards_by_hand), (polynomial, polynomial_by_hand),
        (root, root_by_hand), (mapped, mapped_by_hand), (branched, branched_by_hand), (filled, filled_by_hand),
        (nested, nested_by_hand),
    )
}  # fmt: skip
TRANSFORMS = {
    "value": lambda f: f,
    "grad": ad.grad,
    "jacfwd": ad.jacfwd,
    "hessian": ad.hessian,
    "forward over forward": lambda f: ad.jacfwd(ad.jacfwd(f)),
    "hvp": lambda f: lambda x: ad.jvp(ad.grad(f), (x,), (np.ones(3),))[1],
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_loops_are_what_python_would_do(name, transform):
    f, by_hand = (TRANSFORMS[transform](g) for g in PROGRAMS[name])
    for x in (X, -X):
        np.testing.assert_allclose(f(x), by_hand(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("transform", ["value", "grad", "hessian"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_rows_are_what_they_are_alone(name, transform):
    f = TRANSFORMS[transform](PROGRAMS[name][0])
    rows = np.stack([X, -X, X[::-1] * 3])
    np.testing.assert_allclose(ad.vmap(f)(rows), np.stack([f(x) for x in rows]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled(name, backend):
    for f in (PROGRAMS[name][0], ad.grad(PROGRAMS[name][0])):
        compiled = ad.compile(f, backend=backend)
        for x in (X, X, -X, -X, X):
            np.testing.assert_allclose(compiled(x), f(x), rtol=1e-12, atol=1e-12)


# Under vmap each row goes its own way


def test_rows_of_a_while_loop_end_when_they_end():
    def halvings(x):
        return ad.while_loop(lambda at: at[0] > 1, lambda at: (at[0] / 2, at[1] + 1), (x, 0.0))

    x, count = ad.vmap(halvings)(np.array([0.5, 1.5, 100.0]))
    assert x.tolist() == [0.5, 0.75, 0.78125]
    assert count.tolist() == [0, 1, 7]
    assert ad.vmap(ad.grad(lambda x: halvings(x)[0]))(np.array([0.5, 1.5, 100.0])).tolist() == [1, 0.5, 0.0078125]


def test_rows_of_a_for_loop_may_have_their_own_bounds():
    def power(x, n):
        return ad.fori_loop(0, n, lambda i, y: y * x, 1.0)

    xs, ns = np.array([2.0, 3.0, 5.0]), np.array([0, 3, 1])
    assert ad.vmap(power)(xs, ns).tolist() == [1, 27, 5]
    assert ad.vmap(ad.grad(power))(xs, ns).tolist() == [0, 27, 1]


def test_rows_take_their_own_branch():
    def f(x, k):
        return ad.switch(k, [lambda x: x, lambda x: x**2, np.sqrt], x)

    xs, ks = np.array([2.0, 3.0, 4.0, 9.0]), np.array([-5, 1, 2, 7])
    assert ad.vmap(f)(xs, ks).tolist() == [2, 9, 2, 3]
    np.testing.assert_allclose(ad.vmap(ad.grad(f))(xs, ks), [1, 6, 0.25, 1 / 6])


def test_a_branch_that_a_row_does_not_take_has_no_say_in_its_derivative():
    def f(x):
        return ad.cond(x > 0, np.sqrt, lambda x: x**2, x)

    assert ad.vmap(ad.grad(f))(np.array([4.0, 0.0, -3.0])).tolist() == [0.25, 0.0, -6.0]


def test_only_the_branch_that_is_taken_is_computed():
    def never(x):
        raise AssertionError

    assert ad.grad(lambda x: ad.cond(x > 0, np.sin, never, x))(0.5) == np.cos(0.5)
    assert ad.switch(0, [np.exp, never], 0.0) == 1


# Shapes


def test_no_steps():
    carry, ys = ad.scan(
        lambda c, x: (c + x["a"], {"twice": 2 * x["a"], "row": x["b"]}),
        1.0,
        {"a": np.zeros(0), "b": np.ones((0, 3))},
    )
    assert carry == 1
    assert ys["twice"].shape == (0,)
    assert ys["row"].shape == (0, 3)
    assert ad.fori_loop(3, 3, lambda i, x: x * np.nan, 2.0) == 2
    assert ad.fori_loop(5, 3, lambda i, x: x * np.nan, 2.0) == 2
    assert ad.grad(lambda x: ad.scan(lambda c, _: (c * 2, None), x, length=0)[0])(1.0) == 1


def test_numbers_become_arrays_on_the_way():
    assert ad.scan(lambda c, x: (c + x, None), 0, np.ones(3, np.float32))[0].dtype == np.float32
    assert ad.scan(lambda c, _: (c + 1, c), 0, length=3)[1].tolist() == [0, 1, 2]


def wrong_shape():
    ad.scan(lambda c, x: (np.stack([c, c]), None), 0.0, np.ones(3))


def wrong_dtype():
    ad.while_loop(lambda c: True, lambda c: c * 1.5, np.ones(2, np.float32).astype(int))


def wrong_structure():
    ad.fori_loop(0, 2, lambda i, c: (c, c), 0.0)


def wrong_lengths():
    ad.scan(lambda c, x: (c, None), 0.0, (np.ones(2), np.ones(3)))


def no_axis():
    ad.scan(lambda c, x: (c, None), 0.0, 3.0)


def no_length():
    ad.scan(lambda c, x: (c, None), 0.0)


def two_lengths():
    ad.scan(lambda c, x: (c, None), 0.0, np.ones(3), length=2)


def no_pair():
    ad.scan(lambda c, x: c, 0.0, np.ones(3))


def other_ys():
    ad.scan(lambda c, x: (c, x if x > 1 else (x, x)), 0.0, np.array([1.0, 2.0]))


def no_truth():
    ad.while_loop(lambda x: x > 0, lambda x: x, np.ones(2))


def no_condition():
    ad.cond(np.array([True, False]), np.sin, np.cos, 1.0)


def no_number():
    ad.switch(0.5, [np.sin], 1.0)


def no_branches():
    ad.switch(0, [], 1.0)


def not_whole():
    ad.fori_loop(0, 2.5, lambda i, x: x, 1.0)


def unlike_branches():
    ad.vmap(lambda x: ad.cond(x > 0, lambda x: x, lambda x: (x, x), x))(np.ones(2))


def unlike_shapes():
    ad.vmap(lambda x: ad.cond(x > 0, lambda x: x, lambda x: np.ones(3) * x, x))(np.ones(2))


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (wrong_shape, ad.ShapeError, "Start with an array of the shape"),
        (wrong_dtype, ad.DtypeError, "astype"),
        (wrong_structure, ad.ArgumentError, "same structure"),
        (wrong_lengths, ad.ShapeError, "differ in length"),
        (no_axis, ad.ShapeError, "has none"),
        (no_length, ad.ArgumentError, "length=n"),
        (two_lengths, ad.ArgumentError, "length=2"),
        (no_pair, ad.ArgumentError, "return carry, None"),
        (other_ys, ad.ArgumentError, "different structures"),
        (no_truth, ad.ShapeError, "np.any"),
        (no_condition, ad.ShapeError, "one truth value"),
        (no_number, ad.ArgumentError, "whole number"),
        (no_branches, ad.ArgumentError, "no branches"),
        (not_whole, ad.ArgumentError, "whole number"),
        (unlike_branches, ad.ArgumentError, "return alike"),
        (unlike_shapes, ad.ShapeError, "return alike"),
    ],
)
def test_what_cannot_be_done_is_said(wrong, error, says):
    with pytest.raises(error, match=says) as caught:
        wrong()
    assert "test_loops.py" in str(caught.value)
