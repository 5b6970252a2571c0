"""Short inner loops that fill whole vectors, and reductions over them and a loop around."""

import numpy as np
import pytest

import dragongrad as ad

SHAPES = [(8, 8), (3, 16), (5, 24), (2, 3, 8), (4, 64), (7, 72)]


def reductions(x, w):
    """Over all axes, over the last two, over the first, with a row that is laid along the others."""
    y = x * w + x
    last = (x.ndim - 2, x.ndim - 1)
    return (
        np.max(y), np.min(y, axis=last), np.sum(y), np.sum(y, axis=last), np.max(y, axis=0), np.sum(y, axis=0),
        np.any(y > 3), np.all(y > -50, axis=last), np.sum(y > 0), np.max(y, axis=-1),
        np.sum(np.exp(-y * y), axis=0),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reductions(shape, dtype, rng):
    x, w = (4 * rng.standard_normal(shape)).astype(dtype), (2 * rng.standard_normal(shape[-1])).astype(dtype)
    compiled = ad.compile(reductions, backend="native")
    for given in (x, -x):
        for found, expected in zip(compiled(given, w), reductions(given, w), strict=True):
            np.testing.assert_allclose(found, expected, rtol=3e-6 if dtype == np.float32 else 1e-13, atol=1e-6)
            assert np.asarray(found).dtype == np.asarray(expected).dtype


@pytest.mark.parametrize("place", [(0, 0), (3, 5), (7, 7)])
def test_a_nan_is_the_extremum(place):
    x = np.arange(64.0).reshape(8, 8)
    x[place] = np.nan
    found = ad.compile(lambda x, w: (np.max(x * w), np.min(x + w), np.max(x * w, axis=0)), backend="native")(
        x, np.ones(8)
    )
    np.testing.assert_array_equal(found[0], np.nan)
    np.testing.assert_array_equal(found[1], np.nan)
    np.testing.assert_array_equal(found[2], np.max(x, axis=0))


def test_infinities_are_no_neutral_elements():
    x = np.full((8, 8), -np.inf)
    compiled = ad.compile(lambda x, w: (np.max(x + w), np.min(-x + w)), backend="native")
    assert compiled(x, np.zeros(8)) == (-np.inf, np.inf)


@pytest.mark.parametrize("states", [8, *[pytest.param(n, marks=pytest.mark.slow) for n in (4, 16)]])
def test_a_hidden_markov_model(states, rng):
    def likelihood(transition, start):
        def step(a, _):
            z = a[:, None] + transition
            top = np.max(z)
            return np.log(np.sum(np.exp(z - top), 0)) + top, None

        a = ad.scan(step, start, None, 20)[0]
        top = np.max(a)
        return np.log(np.sum(np.exp(a - top))) + top

    both = ad.value_and_grad(likelihood, (0, 1))
    given = rng.standard_normal((states, states)), rng.standard_normal(states)
    found, expected = ad.compile(both, backend="native")(*given), both(*given)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
    for a, b in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)
