"""Second derivatives by four orders of modes against differences of the gradient, over the table of cases."""

import numpy as np
import pytest
from cases import CASES

import dragongrad as ad

SECOND = {name: case for name, case in CASES.items() if case.second}


@pytest.mark.parametrize("case", SECOND.values(), ids=SECOND.keys())
def test_four_orders_of_modes_agree(case):
    rng = np.random.default_rng(4)
    f, x, h = case.f, case.x, 1e-5
    w, v = rng.normal(size=np.shape(f(x))), rng.normal(size=x.shape)

    def loss(x):
        return np.sum(w * f(x))

    g = ad.grad(loss)
    expected = (8 * (g(x + h * v) - g(x - h * v)) - (g(x + 2 * h * v) - g(x - 2 * h * v))) / (12 * h)
    products = {
        "forward over reverse": ad.jvp(g, (x,), (v,))[1],
        "reverse over reverse": ad.vjp(g, x)[1](v)[0],
        "reverse over forward": ad.grad(lambda x: ad.jvp(loss, (x,), (v,))[1])(x),
        "forward over forward": ad.jacfwd(lambda x: ad.jvp(loss, (x,), (v,))[1])(x),
    }
    for order, product in products.items():
        np.testing.assert_allclose(product, expected, rtol=case.rtol * 5, atol=case.rtol * 5, err_msg=order)
