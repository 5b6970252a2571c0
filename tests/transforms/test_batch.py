"""`vmap` against the loop, of values, gradients and tangents, over the table of cases."""

import numpy as np
import pytest
from cases import CASES

import dragongrad as ad

BATCHED = {name: case for name, case in CASES.items() if case.batches}


@pytest.mark.parametrize("case", BATCHED.values(), ids=BATCHED.keys())
def test_batch_is_the_loop(case):
    rng = np.random.default_rng(5)
    f, x = case.f, case.x
    xs = x + 0.01 * rng.normal(size=(5, *x.shape))
    vs = rng.normal(size=xs.shape)
    np.testing.assert_allclose(ad.vmap(f)(xs), np.stack([f(x) for x in xs]), rtol=1e-11, atol=1e-12)

    def loss(x):
        return np.sum(f(x) ** 2)

    gradients = np.stack([ad.grad(loss)(x) for x in xs])
    np.testing.assert_allclose(ad.vmap(ad.grad(loss))(xs), gradients, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(ad.grad(lambda xs: np.sum(ad.vmap(loss)(xs)))(xs), gradients, rtol=1e-10, atol=1e-10)
    push = lambda x, v: ad.jvp(f, (x,), (v,))[1]
    np.testing.assert_allclose(
        ad.vmap(push)(xs, vs), np.stack([push(x, v) for x, v in zip(xs, vs, strict=True)]), rtol=1e-10, atol=1e-11
    )
