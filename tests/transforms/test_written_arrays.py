"""Plain arrays into which a function writes after it has used them: derivatives are of what they held."""

import numpy as np
import pytest

import dragongrad as ad

X = np.array([1.0, 2.0, -3.0])
STEPS = np.arange(3.0)
BUFFER, MASK, PLACES, MATRIX = np.empty(3), np.zeros(3, bool), np.zeros(2, int), np.empty((3, 3))


def steps_in_time(x):
    t, out = STEPS * 1.0, 0.0
    for _ in range(3):
        out = out + np.sin(x * t)
        t += 0.5
    return np.sum(out)


def comparison(x):
    positive = x > 0
    out = np.where(positive, x**2, 0.0)
    positive[:] = False
    return np.sum(out)


def rows_of_a_mask(x):
    mask = STEPS[:, None] > 0.5
    out = np.where(mask[:, 0], x, 0.0)
    for row in mask:
        row[...] = False
    return np.sum(out * out)


def taken_by_a_mask(x):
    mask = STEPS > 0.5
    out = x[mask]
    mask[:] = True
    return np.sum(out**2)


def places(x):
    order = np.argsort(STEPS)
    out = x[order] ** 2
    order[:] = 0
    return np.sum(out * STEPS)


def summed_where(x):
    mask = STEPS > 0.5
    out = np.sum(x * x, where=mask)
    mask[:] = True
    return out


def a_buffer_of_outside(x):
    out = 0.0
    for k in range(3):
        BUFFER[:] = k + 0.5
        out = out + np.sum(x * BUFFER) + np.sum(np.maximum(x, BUFFER) ** 2)
    return out


def a_mask_of_outside(x):
    out = 0.0
    for k in range(3):
        MASK[:] = False
        MASK[k] = True
        out = out + np.sum(np.where(MASK, x**2, 0.0)) * (k + 1)
    return out


def places_of_outside(x):
    out = 0.0
    for k in range(2):
        PLACES[:] = k
        out = out + np.sum(x[PLACES] ** 2) * (k + 1)
    return out


def a_matrix_of_outside(x):
    out = 0.0
    for k in range(2):
        MATRIX[:] = k + 1
        out = out + np.sum(np.sin(MATRIX @ x))
    return out


CASES = [
    steps_in_time, comparison, rows_of_a_mask, taken_by_a_mask, places, summed_where, a_buffer_of_outside,
    a_mask_of_outside, places_of_outside, a_matrix_of_outside,
]  # fmt: skip


def slopes(f, x):
    return np.array([(f(x + 1e-6 * e) - f(x - 1e-6 * e)) / 2e-6 for e in np.eye(x.size)])


@pytest.mark.parametrize("f", CASES)
def test_derivatives_are_of_what_was_used(f):
    want = slopes(f, X)
    np.testing.assert_allclose(ad.grad(f)(X), want, atol=1e-5)
    np.testing.assert_allclose(ad.jacfwd(f)(X), want, atol=1e-5)
    np.testing.assert_allclose(ad.vjp(f, X)[1](1.0)[0], want, atol=1e-5)
    _, dot = ad.jvp(ad.grad(f), (X,), (X,))
    np.testing.assert_allclose(dot, (ad.grad(f)(X + 1e-6 * X) - ad.grad(f)(X - 1e-6 * X)) / 2e-6, atol=1e-4)
    np.testing.assert_allclose(ad.vmap(ad.grad(f))(np.stack([X, 2 * X])), [want, slopes(f, 2 * X)], atol=1e-5)


@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")
@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("f", CASES)
def test_compiled(f, backend):
    compiled, gradient = ad.compile(f, backend=backend), ad.compile(ad.grad(f), backend=backend)
    for x in (X, 2 * X, X):
        np.testing.assert_allclose(compiled(x), f(x), rtol=1e-12)
        np.testing.assert_allclose(gradient(x), slopes(f, x), atol=1e-5)


def test_a_program_cannot_hold_what_is_written():
    with pytest.warns(ad.CompileWarning, match=r"written after it was used(.|\n)*a = a \+ b"):
        ad.compile(steps_in_time)(X)


def test_values_of_a_transform_outside_are_what_they_were():
    def inner(x, z):
        scale = z * 1.0
        out = np.sum(x * x * scale)
        scale *= 2
        return out + 0 * np.sum(scale)

    f = lambda z: ad.grad(lambda x: inner(x, z))(X)
    np.testing.assert_allclose(f(X), 2 * X * X)
    np.testing.assert_allclose(ad.jacobian(f)(X), np.diag(2 * X))
    np.testing.assert_allclose(ad.jacfwd(f)(X), np.diag(2 * X))
    np.testing.assert_allclose(ad.vmap(f)(X[None]), [2 * X * X])


def test_of_a_large_array_it_is_an_error():
    n = 200_000
    t = np.zeros(n)

    def f(x):
        nonlocal t
        out = np.sum(x * t)
        t += 1.0
        return out

    with pytest.raises(ad.ReadOnlyError, match=r"shape \(200000,\)(.|\n)*test_written_arrays(.|\n)*a = a \+ b"):
        ad.grad(f)(np.ones(n))
    spread = lambda x: np.sum(x * np.broadcast_to(STEPS, (n, 3)))
    np.testing.assert_array_equal(ad.grad(spread)(np.ones((n, 3)))[0], STEPS)


def test_a_checkpoint_that_gives_another_result_is_an_error():
    def f(x):
        out = 0.0
        for k in range(2):
            BUFFER[:] = k + 1
            out = out + ad.checkpoint(lambda x: np.sum(np.sin(x * BUFFER)))(x)
        return out

    with pytest.raises(ad.ArgumentError, match=r"another result(.|\n)*test_written_arrays"):
        ad.grad(f)(X)
    BUFFER[:] = 1.0
    np.testing.assert_allclose(ad.grad(ad.checkpoint(lambda x: np.sum(np.sin(x * BUFFER))))(X), np.cos(X))
