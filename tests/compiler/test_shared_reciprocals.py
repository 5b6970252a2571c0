"""Derivatives of quotients, in which one division is a product with a reciprocal that is there."""

import numpy as np
import pytest

import dragongrad as ad

pytest.importorskip("llvmlite")

from dragongrad.compiler.backends.native.plan import legalize

SPECIAL = [np.inf, -np.inf, np.nan]
ENDS = [0.0, 1.0, -1.0, 3.0, -7.3, 1e-300, 1e300, -1e300, 5e-324, -3e-310, 2.3e-308, 1e-44, -3e-40, *SPECIAL]


def divisions(f, *args):
    """How many there are after the rewrites, and the compiled function."""
    compiled = ad.compile(f, backend="native")
    compiled(*args)
    names = [node.block.name for node in legalize(compiled.graph).graph.nodes]
    return names.count("divide"), compiled


def both(x, y):
    """What both derivatives of `x / y` are made of."""
    return x / y, 1 / y, -(x / y) / y


KNOWN = np.linspace(1.0, 2.0, 37, dtype=np.float32)
# What is computed, and the divisions that are left of those that are written.
CASES = {
    "both derivatives": (both, 2),
    "the reciprocal last": (lambda x, y: (-(x / y) / y, 1 / y), 2),
    "without a sign": (lambda x, y: ((x / y) / y, 1 / y), 2),
    "one divisor for all": (lambda x, y: (np.sum((x / y[0]) / y[0]), 1 / y[0]), 2),
    "a sum": (lambda x, y: np.sum((x / y) / y * (1 / y)), 2),
    "no reciprocal": (lambda x, y: (x / y) / y, 2),
    "a known divisor": (lambda x, y: ((x / KNOWN) / KNOWN, (x / y) / y, 1 / y), 4),
    "another divisor": (lambda x, y: ((x / y) / x, 1 / y), 3),
    "another numerator": (lambda x, y: (x / y, 2 / y, 1 / y), 3),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CASES)
def test_values(name, dtype, rng):
    f, left = CASES[name]
    x, y = rng.standard_normal((2, 37)).astype(dtype)
    count, compiled = divisions(f, x, y)
    assert count == left
    expected = f(x, y)
    pairs = (
        zip(compiled(x, y), expected, strict=True) if isinstance(expected, tuple) else [(compiled(x, y), expected)]
    )
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=50 * np.finfo(dtype).eps)
        assert one.dtype == np.asarray(other).dtype


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_ends_of_the_numbers(dtype):
    with np.errstate(all="ignore"):
        x, y = (v.ravel() for v in np.meshgrid(np.array(ENDS, dtype), np.array(ENDS, dtype)))
        _, compiled = divisions(both, x, y)
        for one, other in zip(compiled(x, y), both(x, y), strict=True):
            np.testing.assert_allclose(
                one, other, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).smallest_subnormal
            )
            zero = other == 0
            np.testing.assert_array_equal(np.signbit(one[zero]), np.signbit(other[zero]))


def test_derivatives(rng):
    x, y = rng.standard_normal((2, 40))
    loss = lambda x, y: np.sum(np.sin(x / y))
    for f in (ad.grad(loss, (0, 1)), lambda x, y: ad.hvp(lambda y: loss(x, y), y, x)):
        _, compiled = divisions(f, x, y)
        for one, other in zip(np.atleast_2d(compiled(x, y)), np.atleast_2d(f(x, y)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
    assert divisions(ad.grad(loss, (0, 1)), x, y)[0] == 2
