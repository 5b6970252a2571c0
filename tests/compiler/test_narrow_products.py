"""Products of vectors with a tall and narrow matrix of data, which one loop over its rows takes up."""

import numpy as np
import pytest

import dragongrad as ad


def regression(x, y):
    def loss(w):
        return np.mean(np.log1p(np.exp(-y * (x @ w[1:] + w[0]))))

    return loss


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("rows", "columns", "order"),
    [(400, 3, "C"), (403, 12, "C"), (513, 8, "F"), (300, 2, "strided"), (400, 13, "C")],
)
def test_values_and_gradients(rows, columns, order, dtype, rng):
    x = rng.standard_normal((rows, 2 * columns)).astype(dtype)[:, ::2]
    x = x if order == "strided" else np.array(x, order=order)
    y = np.sign(rng.standard_normal(rows)).astype(dtype)
    both = ad.value_and_grad(regression(x, y))
    compiled = ad.compile(both, backend="native")
    for _ in range(2):
        w = rng.standard_normal(columns + 1).astype(dtype)
        for found, expected in zip(compiled(w), both(w), strict=True):
            tolerance = 1e-12 if dtype == np.float64 else 1e-5
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
            assert np.asarray(found).dtype == np.asarray(expected).dtype


def test_the_data_are_read_once(rng):
    x = rng.standard_normal((400, 3))
    compiled = ad.compile(ad.grad(regression(x, np.ones(400))), backend="native")
    compiled(np.zeros(4))
    assert "BLAS" not in compiled.report()
    # What is multiplied from one side only is left to BLAS.
    product = ad.compile(lambda w: x @ w, backend="native")
    wide = ad.compile(lambda v: np.tile(x, (1, 7)).T @ v, backend="native")
    np.testing.assert_allclose(product(np.ones(3)), x.sum(1))
    np.testing.assert_allclose(wide(np.ones(400)), np.tile(x, (1, 7)).sum(0), atol=1e-12)


def test_other_derivatives(rng):
    x, y = rng.standard_normal((300, 4)), np.sign(rng.standard_normal(300))
    loss = regression(x, y)
    w, d = rng.standard_normal((2, 5))
    rows = rng.standard_normal((3, 5))
    for transformed, given in (
        (ad.hessian(loss), (w,)),
        (lambda w, d: ad.jvp(ad.grad(loss), (w,), (d,))[1], (w, d)),
        (ad.vmap(ad.grad(loss)), (rows,)),
    ):
        found = ad.compile(transformed, backend="native")(*given)
        np.testing.assert_allclose(found, transformed(*given), rtol=1e-10, atol=1e-12)


def test_descent_in_a_loop(rng):
    x, y = rng.standard_normal((300, 4)), np.sign(rng.standard_normal(300))
    slope = ad.grad(regression(x, y))

    def descended(w):
        return ad.fori_loop(0, 20, lambda _, w: w - 0.3 * slope(w), w)

    w = rng.standard_normal(5)
    expected = w
    for _ in range(20):
        expected = expected - 0.3 * slope(expected)
    np.testing.assert_allclose(ad.compile(descended, backend="native")(w), expected, rtol=1e-11)
    total = ad.grad(lambda w: np.sum(descended(w) ** 2))
    np.testing.assert_allclose(ad.compile(total, backend="native")(w), total(w), rtol=1e-9)


def test_parts_of_several_threads(rng):
    x, y = rng.standard_normal((60_000, 6)), np.sign(rng.standard_normal(60_000))
    both = ad.value_and_grad(regression(x, y))
    w = rng.standard_normal(7)
    found = ad.compile(both, backend="native")(w)
    for one, other in zip(found, both(w), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)
