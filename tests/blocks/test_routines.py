"""Numerical routines as textbooks print them, with loops, views and buffers: unchanged, in every mode, compiled."""

import numpy as np
import pytest
from grid import BACKENDS

import dragongrad as ad

rng = np.random.default_rng(3)
ROUTINES = {}


def routine(x):
    """A routine of one array, and a point."""

    def add(f):
        ROUTINES[f.__name__] = f, x
        return f

    return add


@routine(np.stack([rng.normal(size=5), 4 + rng.random(5), rng.normal(size=5), rng.normal(size=5)]))
def thomas(bands):
    """A tridiagonal system (Conte, de Boor, Elementary Numerical Analysis, 1980, section 4.3), in place."""
    a, b, c, d = bands
    n = len(d)
    for i in range(1, n):
        w = a[i] / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] -= w * d[i - 1]
    x = np.zeros(n)
    x[-1] = d[-1] / b[-1]
    for i in range(n - 2, -1, -1):
        x[i] = (d[i] - c[i] * x[i + 1]) / b[i]
    return x


@routine(rng.normal(size=(4, 3)))
def gram_schmidt(a):
    """Modified Gram-Schmidt (Golub, Van Loan, Matrix Computations, 2013, algorithm 5.2.6)."""
    q = np.array(a, dtype=float)
    n = q.shape[1]
    r = np.zeros((n, n))
    for k in range(n):
        r[k, k] = np.sqrt(np.sum(q[:, k] ** 2))
        q[:, k] /= r[k, k]
        for j in range(k + 1, n):
            r[k, j] = q[:, k] @ q[:, j]
            q[:, j] -= q[:, k] * r[k, j]
    return np.concatenate([q.ravel(), r.ravel()])


@routine(rng.normal(size=(4, 4)))
def lu_with_pivoting(a):
    """Gaussian elimination with partial pivoting (Golub, Van Loan, algorithm 3.4.1): factors and determinant."""
    lu = np.asarray(a).copy()
    n = lu.shape[0]
    sign = 1.0
    for k in range(n - 1):
        p = k + np.argmax(np.abs(lu[k:, k]))
        if p != k:
            lu[[k, p]] = lu[[p, k]]
            sign = -sign
        lu[k + 1 :, k] /= lu[k, k]
        lu[k + 1 :, k + 1 :] -= np.outer(lu[k + 1 :, k], lu[k, k + 1 :])
    return np.append(lu.ravel(), sign * np.prod(np.diag(lu)))


@routine(np.concatenate([4 * np.eye(4) + 0.3 * rng.normal(size=(4, 4)), rng.normal(size=(1, 4))]))
def gauss_seidel(system):
    """Gauss-Seidel's iteration (Saad, Iterative Methods for Sparse Linear Systems, 2003, section 4.1)."""
    a, b = system[:-1], system[-1]
    x = np.zeros_like(b)
    for _ in range(2):
        for i in range(len(b)):
            x[i] = (b[i] - a[i, :i] @ x[:i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x


@routine(rng.normal(size=(3, 3)) + np.diag([1.0, 4.0, 9.0]))
def jacobi_eigenvalues(a):
    """Cyclic Jacobi rotations (Golub, Van Loan, algorithm 8.5.3)."""
    a = (a + a.T) / 2
    n = len(a)
    for _ in range(2):
        for p in range(n - 1):
            for q in range(p + 1, n):
                theta = 0.5 * np.arctan2(2 * a[p, q], a[q, q] - a[p, p])
                c, s = np.cos(theta), np.sin(theta)
                row_p, row_q = a[p].copy(), a[q].copy()
                a[p] = c * row_p - s * row_q
                a[q] = s * row_p + c * row_q
                column_p, column_q = a[:, p].copy(), a[:, q].copy()
                a[:, p] = c * column_p - s * column_q
                a[:, q] = s * column_p + c * column_q
    return np.diag(a)


@routine(rng.normal(size=8))
def recursive_fft(x):
    """Cooley and Tukey's FFT by recursion (Cormen et al., Introduction to Algorithms, 2009, section 30.2)."""

    def fft(x):
        n = len(x)
        if n == 1:
            return np.array(x, dtype=complex)
        even, odd = fft(x[::2]), fft(x[1::2])
        y = np.empty(n, dtype=complex)
        for k in range(n // 2):
            t = np.exp(-2j * np.pi * k / n) * odd[k]
            y[k] = even[k] + t
            y[k + n // 2] = even[k] - t
        return y

    y = fft(x)
    return np.concatenate([y.real, y.imag])


@routine(rng.normal(size=7))
def de_boor(c):
    """A cubic B-spline at four places (de Boor, A Practical Guide to Splines, 2001, chapter X)."""
    t = np.concatenate([np.zeros(3), np.linspace(0, 1, 5), np.ones(3)])
    out = np.zeros(4)
    for place, x in enumerate([0.1, 0.3, 0.6, 0.9]):
        k = np.searchsorted(t, x) - 1
        d = [c[j + k - 3] for j in range(4)]
        for r in range(1, 4):
            for j in range(3, r - 1, -1):
                alpha = (x - t[j + k - 3]) / (t[j + 1 + k - r] - t[j + k - 3])
                d[j] = (1.0 - alpha) * d[j - 1] + alpha * d[j]
        out[place] = d[3]
    return out


@routine(rng.random((4, 5)))
def dynamic_programming(cost):
    """The cheapest way through a grid (dynamic time warping; Sakoe, Chiba 1978), table and all."""
    n, m = cost.shape
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            table[i, j] = cost[i - 1, j - 1] + min(table[i - 1, j], table[i, j - 1], table[i - 1, j - 1])
    return table[1:, 1:]


@routine(np.concatenate([[0.4, 0.7], rng.normal(size=3)]))
def kalman_filter(given):
    """The log-likelihood and the states of a constant-velocity model (Kalman 1960)."""
    q, r = given[:2] ** 2 + 0.1
    f, h = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    noise = np.zeros((2, 2))
    noise[1, 1] = q
    x, p = np.zeros(2), np.eye(2)
    states = np.zeros((3, 2))
    likelihood = 0.0
    for k, z in enumerate(given[2:]):
        x = f @ x
        p = f @ p @ f.T + noise
        s = h @ p @ h.T + r
        gain = p @ h.T @ np.linalg.inv(s)
        residual = z - h @ x
        x = x + gain @ residual
        p = (np.eye(2) - gain @ h) @ p
        states[k, :] = x
        likelihood -= 0.5 * (np.log(np.linalg.det(s)) + (residual @ np.linalg.solve(s, residual)))
    return np.append(states.ravel(), likelihood)


@routine(rng.normal(size=(5, 6)))
def heat_equation(u):
    """Explicit steps of the heat equation (LeVeque, Finite Difference Methods, 2007, section 9.1)."""
    u = np.array(u)
    for _ in range(3):
        new = u.copy()
        new[1:-1, 1:-1] += 0.2 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])
        new[0], new[-1] = 0.0, u[-1]
        u[:] = new
    return u


@routine(rng.normal(size=6))
def insertion_sort(x):
    """A sort by exchanges, in place (Knuth, The Art of Computer Programming 3, section 5.2.1)."""
    for i in range(1, len(x)):
        j = i
        while j > 0 and x[j - 1] > x[j]:
            x[j - 1], x[j] = x[j], x[j - 1]
            j -= 1
    return x


@routine(rng.normal(size=4) + 2)
def runge_kutta(given):
    """Classical steps through a pendulum's equation, the right-hand side filled into a buffer."""

    def slope(t, y):
        out = np.empty_like(y)
        out[0] = y[1]
        out[1] = -given[2] * np.sin(y[0]) - given[3] * y[1] + np.cos(t)
        return out

    y, h = given[:2].copy(), 0.1
    path = np.zeros((4, 2))
    for k in range(4):
        t = k * h
        k1 = slope(t, y)
        k2 = slope(t + h / 2, y + h / 2 * k1)
        k3 = slope(t + h / 2, y + h / 2 * k2)
        k4 = slope(t + h, y + h * k3)
        y += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        path[k] = y
    return path


# Their Python decides by values, which differ from row to row.
DECIDING = {"lu_with_pivoting", "dynamic_programming", "insertion_sort"}


def differences(f, x, h=1e-6):
    columns = []
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = h
        step = step.reshape(x.shape)
        columns.append((f(x + step) - f(x - step)) / (2 * h))
    return np.stack(columns, -1).reshape(*np.shape(columns[0]), *x.shape)


def close(got, expected, tolerance=1e-9):
    assert type(got) is type(expected)
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ROUTINES)
def test_eager(name):
    f, x = ROUTINES[name]
    kept = x.copy()
    expected = differences(f, x)
    close(ad.jacrev(f)(x), expected, 1e-6)
    close(ad.jacfwd(f)(x), expected, 1e-6)
    close(ad.jvp(f, (x,), (x,))[0], f(x.copy()))
    total = lambda x: np.sum(np.sin(f(x)))
    close(ad.hessian(total)(x), ad.jacrev(ad.grad(total))(x), 1e-8)
    along = lambda h: ad.grad(total)(x + h * np.cos(x))
    close(ad.jvp(ad.grad(total), (x,), (np.cos(x),))[1], (along(1e-6) - along(-1e-6)) / 2e-6, 1e-5)
    if name in DECIDING:
        with pytest.raises(ad.BatchError):
            ad.vmap(f)(np.stack([x, x[::-1]]))
    else:
        close(ad.vmap(f)(np.stack([x, 1.1 * x]))[1], f(1.1 * x))
    assert np.array_equal(x, kept)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ROUTINES)
def test_compiled(name, backend):
    f, x = ROUTINES[name]
    other = x + 1e-3 * np.cos(np.arange(x.size)).reshape(x.shape)
    for g in (f, ad.jacrev(f)) if backend == "native" else (f,):
        compiled = ad.compile(g, backend=backend)
        for at in (x, x, other, other):
            close(compiled(at), g(at.copy()))


@pytest.mark.parametrize("number", [0.5, 2, 1j, np.float32(0.5)])
def test_numbers_of_pythons_beside_arrays_that_are_joined(number):
    """`np.concatenate` of flattened arrays lets them take the dtype of these; others make arrays of them."""
    joins = (
        lambda x, y: np.concatenate([y, x], axis=None),
        lambda x, y: np.append(x, y),
        lambda x, y: np.stack([x[0], y]),
    )
    for dtype in (np.float32, np.int8):
        x = np.array([1, 2], dtype)
        for f in joins:
            want = f(x, number)
            runs = [ad.compile(f, backend=b) for b in ("native", "numpy")]
            rows = ad.vmap(lambda x, f=f: f(x, number))(x[None])[0]
            for got in (*[run(x, number) for run in runs for _ in range(2)], rows):
                assert got.dtype == want.dtype
                np.testing.assert_array_equal(got, want)
