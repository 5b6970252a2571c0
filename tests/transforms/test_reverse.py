"""Reverse mode against forward mode by a random inner product, over the table of cases."""

import numpy as np
import pytest
from cases import CASES

import dragongrad as ad

pytestmark = pytest.mark.smoke


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_pullback_is_the_transpose_of_the_pushforward(case):
    rng = np.random.default_rng(3)
    f, x = case.f, case.x
    v = rng.normal(size=x.shape)
    out_dot = ad.jvp(f, (x,), (v,))[1]
    w = rng.normal(size=np.shape(out_dot))
    out, pullback = ad.vjp(f, x)
    np.testing.assert_allclose(out, f(x), rtol=1e-12, atol=1e-14)
    (x_bar,) = pullback(w)
    assert x_bar.shape == x.shape
    assert x_bar.dtype == x.dtype
    np.testing.assert_allclose(np.sum(x_bar * v), np.sum(w * out_dot), rtol=1e-10, atol=1e-11)
