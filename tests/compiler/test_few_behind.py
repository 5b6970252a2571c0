"""Nests whose last axes are short: these are written out, and the loop over the axis before them fills vectors."""

import numpy as np
import pytest

import dragongrad as ad

TERMS = {
    "sum": lambda x, m: np.sum((m[:, None] * x[None, :, None, :]) * (x[:, None, None, :] - 0.3), axis=1),
    "max": lambda x, m: np.max(x[None] * m[:, None, None] - x[:, None], axis=1),
    "any": lambda x, m: np.any(x[None] > x[:, None], axis=1),
    "both ways": lambda x, m: (
        lambda apart: (
            np.sum(m[:, None] * apart / (np.sum(apart * apart, -1, keepdims=True) + 0.1) ** 1.5, axis=1)
            + np.sum(apart**3, axis=0)
        )
    )(x[None] - x[:, None]),
    "all terms": lambda x, m: np.sum(np.exp(-np.abs(x[None] - x[:, None])), axis=(0, 1)),
    "an output between": lambda x, m: (x[None] * m[:, None, None], np.sum(x[None] * m[:, None, None], axis=1)),
}


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("shape", [(40, 2), (37, 3), (70, 2, 2), (40, 1), (17, 5)], ids=str)
def test_values(name, shape, rng):
    if len(shape) > 2 and name in ("sum", "both ways", "any"):
        shape = (*shape[:1], 4)
    x, m = rng.standard_normal(shape), rng.standard_normal(shape[0])
    if name == "an output between" and len(shape) > 2:
        x = x[:, 0]
    f = TERMS[name]
    found = ad.compile(lambda x, m: f(x, m), backend="native")
    for given in (x, x[::-1].copy()):
        expected = f(given, m)
        pairs = (
            zip(found(given, m), expected, strict=True)
            if isinstance(expected, tuple)
            else [(found(given, m), expected)]
        )
        for one, other in pairs:
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(40, 2), (33, 3)], ids=str)
def test_derivatives_of_bodies_that_pull_each_other(shape, rng):
    f = TERMS["both ways"]

    def pulled(x, m):
        return np.sum(np.sin(f(x, m)))

    x, m = rng.standard_normal(shape), rng.standard_normal(shape[0])
    both = ad.grad(pulled, (0, 1))
    for found, expected in zip(ad.compile(both, backend="native")(x, m), both(x, m), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())
    turned = ad.compile(lambda x, m, d: ad.jvp(ad.grad(pulled), (x, m), (d, m))[1], backend="native")
    expected = ad.jvp(ad.grad(pulled), (x, m), (x, m))[1]
    np.testing.assert_allclose(turned(x, m, x), expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
