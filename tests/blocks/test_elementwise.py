"""Every elementwise Block: forward and reverse against differences, second order, batch against loop."""

import itertools

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.core.block import BLOCKS

pytestmark = pytest.mark.smoke

ELEMENTWISE = [b for b in BLOCKS.values() if b.kind == "elementwise"]


def points(block):
    """Three points inside each argument's domain, away from kinks."""
    base = (np.array([0.31, 0.57, 0.83]), np.array([0.64, 0.29, 0.41]))
    args = []
    for i in range(len(block.partials)):
        low = block.domain[i][0] if i < len(block.domain) else -np.inf
        args.append(base[i] + (low if np.isfinite(low) and low >= 1 else 0.0))
    if block.name == "ldexp":
        args[1] = np.array([1, 2, 0])
    if block.name == "copysign":
        args[1] = np.array([1.0, -2.0, 3.0])
    return args


def differentiable(block):
    return tuple(i for i in range(len(block.partials)) if not (block.name == "ldexp" and i == 1))


def function(block):
    """What the user calls: NumPy's own function, or, where it is not NumPy's, the Block."""
    return block.fn if isinstance(block.fn, np.ufunc) or getattr(np, block.name, None) is block.fn else block


def difference(f, args, i, h=1e-6):
    above, below = list(args), list(args)
    above[i], below[i] = args[i] + h, args[i] - h
    return (f(*above) - f(*below)) / (2 * h)


@pytest.mark.parametrize("block", ELEMENTWISE, ids=lambda b: b.name)
def test_reverse_is_the_difference_quotient(block):
    args = points(block)
    for i in differentiable(block):
        gradient = ad.grad(lambda *a: np.sum(function(block)(*a)), argnums=i)(*args)
        np.testing.assert_allclose(gradient, difference(function(block), args, i), rtol=2e-8, atol=1e-8)


@pytest.mark.parametrize("block", ELEMENTWISE, ids=lambda b: b.name)
def test_forward_is_reverse(block):
    args = points(block)
    for i in differentiable(block):

        def f(x, i=i):
            return function(block)(*args[:i], x, *args[i + 1 :])

        forward = ad.jvp(f, (args[i],), (np.ones(3),))[1]
        reverse = ad.grad(lambda x, f=f: np.sum(f(x)))(args[i])
        np.testing.assert_allclose(forward, reverse, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("block", ELEMENTWISE, ids=lambda b: b.name)
def test_second_order_by_four_orders_of_modes(block):
    args = points(block)
    for i in differentiable(block):

        def f(x, i=i):
            return np.sum(function(block)(*args[:i], x, *args[i + 1 :]))

        first = ad.grad(f)
        expected = np.diag(difference(lambda x, first=first: first(x), [args[i]], 0))
        for outer in (ad.jacfwd, ad.jacrev):
            for inner in (ad.jacfwd, ad.jacrev):
                np.testing.assert_allclose(outer(inner(f))(args[i]), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("block", ELEMENTWISE, ids=lambda b: b.name)
def test_batch_is_the_loop(block):
    args = points(block)
    got = ad.vmap(function(block))(*args)
    np.testing.assert_array_equal(got, function(block)(*args))


@pytest.mark.parametrize(
    "block", [b for b in ELEMENTWISE if len(b.partials) == 2 and b.name != "ldexp"], ids=lambda b: b.name
)
@pytest.mark.parametrize("shapes", [((3,), (2, 3)), ((2, 1), (3,)), ((), (3,)), ((1,), ()), ((0,), (1,))], ids=str)
def test_broadcasting_is_undone(block, shapes):
    args = [np.resize(a, s) for a, s in zip(points(block), shapes, strict=True)]
    gradients = ad.grad(lambda x, y: np.sum(function(block)(x, y)), argnums=(0, 1))(*args)
    for gradient, a in zip(gradients, args, strict=True):
        assert np.shape(gradient) == a.shape
    for i in range(2):
        ones = np.ones_like(args[i])
        forward = ad.jvp(lambda x, i=i: np.sum(function(block)(*args[:i], x, *args[i + 1 :])), (args[i],), (ones,))[
            1
        ]
        np.testing.assert_allclose(np.sum(gradients[i]), forward, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("block", [b for b in ELEMENTWISE if b.name != "ldexp"], ids=lambda b: b.name)
def test_float32_stays(block):
    args = [a.astype(np.float32) for a in points(block)]
    value, gradient = ad.value_and_grad(lambda *a: np.sum(function(block)(*a)))(*args)
    assert gradient.dtype == np.float32
    assert value.dtype == np.sum(function(block)(*args)).dtype


EXTREMES = np.array([0.0, -0.0, 1e300, -1e300, 1e-300, 1e154, 1e-160, np.inf, -np.inf, np.nan, 1.0, -2.0, 700.0])


@pytest.mark.parametrize("block", ELEMENTWISE, ids=lambda b: b.name)
def test_nothing_warns_that_does_not_warn_by_itself(block):
    if not all(partial is not None for partial in block.partials) or block.name == "ldexp":
        pytest.skip("an argument that is a whole number")
    values = EXTREMES if len(block.names) == 1 else EXTREMES[::2]
    grid = np.array(list(itertools.product(values, repeat=len(block.names)))).T
    with np.errstate(all="raise"):
        quiet = [i for i, args in enumerate(grid.T) if _is_quiet(block, args)]
    args, ones = tuple(grid[:, quiet]), (np.ones(len(quiet)),) * len(grid)
    push = lambda *args: ad.jvp(block.call, args, ones)[1]
    dots = push(*args)
    ad.jvp(push, args, ones)
    value, pullback = ad.vjp(block.call, *args)
    bars = pullback(np.ones_like(value))
    if len(grid) == 1:
        np.testing.assert_allclose(dots, bars[0], rtol=1e-12)


def _is_quiet(block, args):
    try:
        block.call(*[np.array([x]) for x in args])
    except FloatingPointError:
        return False
    return True


def test_absolute_values_have_slopes_at_infinities():
    x = np.array([np.inf, -np.inf, -0.0, np.nan])
    for f in (np.absolute, np.fabs, lambda x: np.copysign(x, 1.0)):
        for slope in (ad.vmap(ad.grad(f))(x), ad.jvp(f, (x,), (np.ones(4),))[1]):
            np.testing.assert_array_equal(slope, [1.0, -1.0, 0.0, np.nan])
