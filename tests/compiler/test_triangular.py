"""Triangular systems by the native backend's own functions: every width of a strip, on its own."""

import ctypes

import numpy as np
import pytest

import dragongrad as ad

pytest.importorskip("llvmlite")

from dragongrad.compiler.backends.native.linalg.triangular import provided, solver

# Rows and right-hand sides: blocks of one to four rows, strips of a number, of a vector and of several.
LENGTHS = [(1, 1), (1, 30), (2, 2), (3, 7), (3, 50), (4, 4), (5, 1), (6, 9), (7, 3), (9, 16), (13, 24), (30, 65)]


def solved(matrix, right, turned):
    """The solution, between rows that must stay as they are."""
    rows, columns = right.shape
    name = solver("d" if right.dtype == np.float64 else "s", rows, columns).name
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 3)(provided(name).address(name))
    out = np.full((rows + 2, columns), 7.0, right.dtype)
    function(out[1:].ctypes.data, matrix.ctypes.data, right.ctypes.data, rows, columns, turned)
    assert (out[[0, -1]] == 7).all()
    return out[1:-1]


def lower(rng, rows, dtype):
    """A lower triangle; what lies above it must not be read."""
    matrix = rng.standard_normal((rows, rows)).astype(dtype) + 2 * np.eye(rows, dtype=dtype)
    return np.where(np.tri(rows, dtype=bool), matrix, dtype(np.nan))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_the_residual_is_a_rounding_error(lengths, dtype, turned, rng):
    matrix, right = lower(rng, lengths[0], dtype), rng.standard_normal(lengths).astype(dtype)
    found = solved(matrix, right, turned).astype(np.longdouble)
    exact = np.tril(matrix).astype(np.longdouble)
    exact = exact.T if turned else exact
    bound = (lengths[0] + 2) * np.finfo(dtype).eps * (np.abs(exact) @ np.abs(found))
    assert (np.abs(exact @ found - right) <= bound).all()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_what_is_no_number_stays_in_its_column(odd, turned, rng):
    matrix, right = lower(rng, 9, np.float64), rng.standard_normal((9, 31))
    expected = solved(matrix, right, turned)
    right[4, 7] = odd
    found = solved(matrix, right, turned)
    others = np.arange(31) != 7
    np.testing.assert_array_equal(found[:, others], expected[:, others])
    # Rows that are solved before it do not know of it.
    before = slice(5, None) if turned else slice(0, 4)
    np.testing.assert_array_equal(found[before, 7], expected[before, 7])
    assert not np.isfinite(found[4, 7])


def test_in_a_loop(rng):
    a = rng.standard_normal((5, 5))
    cover, right = a @ a.T + np.eye(5), rng.standard_normal((5, 3))

    def f(cover):
        step = lambda x, _: (np.linalg.solve(np.linalg.cholesky(cover), x + 1), None)
        return np.sum(ad.scan(step, right, None, 4)[0])

    compiled = ad.compile(ad.grad(f), backend="native")
    for _ in range(2):
        np.testing.assert_allclose(compiled(cover), ad.grad(f)(cover), rtol=1e-9, atol=1e-9)
    assert "dragongrad.triangular" in compiled.llvm


@pytest.mark.parametrize("lengths", [(5, 3), (1, 1), (4, 1), (40, 600)])
@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_what_is_no_number_spreads_as_in_numpy(lengths, odd, rng, monkeypatch):
    """NumPy multiplies it with the zeros of the other triangle."""
    monkeypatch.setattr("dragongrad.compiler.backends.native.linalg.triangular.TRIANGULAR_ROWS", 30)
    a, right = rng.standard_normal((lengths[0],) * 2), rng.standard_normal(lengths)
    cover = a @ a.T + np.eye(lengths[0])
    right[lengths[0] // 2, 0] = odd

    def f(cover, right):
        factor = np.linalg.cholesky(cover)
        return np.linalg.solve(factor, right), np.linalg.solve(factor.T, right)

    compiled = ad.compile(f, backend="native")
    for _ in range(2):
        for found, expected in zip(compiled(cover, right), f(cover, right), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
