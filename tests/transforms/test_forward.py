"""Forward mode against central differences, over the table of cases."""

import numpy as np
import pytest
from cases import CASES

import dragongrad as ad

pytestmark = pytest.mark.smoke


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_pushforward_is_the_difference_quotient(case):
    f, x = case.f, case.x
    v, h = np.random.default_rng(2).normal(size=x.shape), 1e-5
    expected = (8 * (f(x + h * v) - f(x - h * v)) - (f(x + 2 * h * v) - f(x - 2 * h * v))) / (12 * h)
    value, dot = ad.jvp(f, (x,), (v,))
    np.testing.assert_allclose(value, f(x), rtol=1e-12, atol=1e-14)
    assert type(value) is type(f(x))
    np.testing.assert_allclose(dot, expected, rtol=case.rtol, atol=case.rtol)
