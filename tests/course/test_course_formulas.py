"""The formulas of the course that its own examples do not evaluate, in numbers."""

import numpy as np
import pytest

import dragongrad as ad

U = 2.0**-53


def minimum_at(f, where):
    """Whether a function of one positive number is least at some place, among its neighbours."""
    return f(where) < min(f(where * 0.99), f(where * 1.01))


class TestDifferences:
    """Chapter 1."""

    @pytest.mark.parametrize("h", [0.1, 0.01])
    def test_truncation(self, h):
        f = ad.derivative
        x = 0.7
        forward = (np.sin(x + h) - np.sin(x)) / h
        central = (np.sin(x + h) - np.sin(x - h)) / (2 * h)
        complex_step = np.imag(np.sin(x + 1j * h)) / h
        first, second, third = (f(np.sin, order=k)(x) for k in (1, 2, 3))
        assert forward == pytest.approx(first + h / 2 * second, abs=h**2)
        assert central == pytest.approx(first + h**2 / 6 * third, abs=h**4)
        assert first == pytest.approx(complex_step + h**2 / 6 * third, abs=h**4)

    def test_best_steps(self):
        f, second, third = 0.8, 0.6, 0.5

        def forward(h):
            return h / 2 * second + 2 * U * f / h

        def central(h):
            return h**2 / 6 * third + U * f / h

        best = 2 * np.sqrt(U * f / second)
        assert minimum_at(forward, best)
        assert forward(best) == pytest.approx(2 * np.sqrt(U * f * second))
        assert minimum_at(central, (3 * U * f / third) ** (1 / 3))


OPERATIONS = [
    (lambda a, b: a + b, lambda v, a, b: (1.0, 1.0)),
    (lambda a, b: a * b, lambda v, a, b: (b, a)),
    (lambda a, b: a / b, lambda v, a, b: (1 / b, -a / b**2)),
    (lambda a, b: a / b, lambda v, a, b: (1 / b, -v / b)),
    (lambda a, b: np.sin(a), lambda v, a, b: (np.cos(a), 0.0)),
    (lambda a, b: np.exp(a), lambda v, a, b: (v, 0.0)),
    (lambda a, b: np.log(a), lambda v, a, b: (1 / a, 0.0)),
]


@pytest.mark.parametrize(("f", "partials"), OPERATIONS)
def test_the_tables_of_chapters_2_to_4(f, partials):
    """Local derivatives, tangents and adjoints are one table; a quotient is in two forms."""
    a, b, a_dot, b_dot, v_bar = 1.3, 0.7, 0.2, -0.4, 1.5
    da, db = partials(f(a, b), a, b)
    h = 1e-6
    assert da == pytest.approx((f(a + h, b) - f(a - h, b)) / (2 * h), abs=1e-8)
    assert db == pytest.approx((f(a, b + h) - f(a, b - h)) / (2 * h), abs=1e-8)
    assert ad.jvp(f, (a, b), (a_dot, b_dot))[1] == pytest.approx(da * a_dot + db * b_dot)
    assert ad.vjp(f, a, b)[1](v_bar) == pytest.approx((da * v_bar, db * v_bar))


class TestSecondOrder:
    """Chapter 6."""

    def test_taylor(self):
        def f(x):
            return np.sin(x[0]) * np.exp(x[1]) + x[0] ** 2 * x[1]

        x, h = np.array([0.4, -0.3]), 1e-3 * np.array([1.0, -2.0])
        model = f(x) + ad.grad(f)(x) @ h + h @ ad.hessian(f)(x) @ h / 2
        assert f(x + h) == pytest.approx(model, abs=1e-7)
        assert abs(f(x + h) - model) < 0.01 * abs(h @ ad.hessian(f)(x) @ h)

    def test_a_sum_of_squares(self):
        def r(p):
            return np.stack([p[0] * np.exp(-p[1]) - 0.3, p[0] * p[1], np.sin(p[0]) - p[1] ** 2])

        p = np.array([0.8, 0.5])
        J, curvature = ad.jacobian(r)(p), ad.jacobian(ad.jacobian(r))(p)
        f = ad.grad(lambda p: np.sum(r(p) ** 2) / 2)
        np.testing.assert_allclose(f(p), J.T @ r(p))
        np.testing.assert_allclose(ad.jacobian(f)(p), J.T @ J + np.einsum("i,ijk", r(p), curvature))

    def test_a_condition_number_is_squared(self, rng):
        J = rng.normal(size=(6, 3))
        assert np.linalg.cond(J.T @ J) == pytest.approx(np.linalg.cond(J) ** 2)


class TestDescent:
    """Chapter 7."""

    @pytest.mark.parametrize("kappa", [4.0, 50.0, 10_000.0])
    def test_the_best_step_size(self, kappa):
        def factor(rate):
            return max(abs(1 - rate), abs(1 - rate * kappa))

        best = 2 / (1 + kappa)
        assert factor(best) == pytest.approx((kappa - 1) / (kappa + 1))
        assert minimum_at(factor, best)

    @pytest.mark.parametrize("kappa", [4.0, 50.0, 10_000.0])
    def test_the_best_momentum(self, kappa):
        root = np.sqrt(kappa)
        expected = (root - 1) / (root + 1)

        def factor(rate, beta):
            """The spectral radius of a step of (x, v) along the flattest and the steepest direction."""
            steps = [np.array([[1 - rate * s, beta], [-rate * s, beta]]) for s in (1.0, root, kappa)]
            return max(np.abs(np.linalg.eigvals(step)).max() for step in steps)

        rate, beta = 4 / (1 + root) ** 2, expected**2
        # A double eigenvalue is found to half of the digits.
        assert factor(rate, beta) == pytest.approx(expected, abs=1e-6)
        assert factor(rate * 1.01, beta) > expected
        assert factor(rate, beta * 0.99) > expected
        assert factor(rate, beta * 1.01) > expected

    def test_the_correction_of_adams_means(self):
        """The mean of a constant gradient is that gradient, from the first step on."""
        m = 0.0
        for k in range(1, 6):
            m = 0.9 * m + 0.1 * 3.0
            assert m / (1 - 0.9**k) == pytest.approx(3.0)


class TestNetworks:
    """Chapter 8."""

    def test_the_variance_of_a_layer(self, rng):
        n, v = 200, 0.02
        x, y_bar = rng.normal(size=(2, n, 400))
        W = np.sqrt(v) * rng.normal(size=(n, n))
        assert np.var(W @ x) == pytest.approx(n * v, rel=0.05)
        assert np.var(W.T @ y_bar) == pytest.approx(n * v, rel=0.05)

    def test_the_transposes_of_a_convolution(self, rng):
        x, w, y_bar = rng.normal(size=7), rng.normal(size=3), rng.normal(size=5)
        y = [sum(w[j] * x[i + j] for j in range(3)) for i in range(5)]
        np.testing.assert_allclose(ad.conv(x[None, :, None], w[:, None, None])[0, :, 0], y)
        x_bar = [sum(w[j] * y_bar[m - j] for j in range(3) if 0 <= m - j < 5) for m in range(7)]
        w_bar = [sum(y_bar[i] * x[i + j] for i in range(5)) for j in range(3)]
        found = ad.vjp(lambda x, w: ad.conv(x[None, :, None], w[:, None, None])[0, :, 0], x, w)[1](y_bar)
        np.testing.assert_allclose(found[0], x_bar)
        np.testing.assert_allclose(found[1], w_bar)
