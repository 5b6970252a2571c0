"""Functions and classes of `numpy.polynomial`, which NumPy has written in Python and asks no protocol."""

import subprocess
import sys

import numpy as np
import pytest

import dragongrad as ad

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 4)) * 0.7
P = np.polynomial
CASES = {
    "value of columns": lambda x: P.legendre.legval(x[0], x[:2]),
    "value at rows": lambda x: P.laguerre.lagval(x, x[:2]),
    "value, not of each": lambda x: P.hermite.hermval(x[0], x[:2], tensor=False),
    "value at constants": lambda x: P.chebyshev.chebval(np.array([0.3, 0.1]), x),
    "value of constants": lambda x: P.chebyshev.chebval(x[0], np.ones((3, 2))),
    "value at a number": lambda x: P.polynomial.polyval(x[0, 0], x[:2]),
    "grid of three": lambda x: P.polynomial.polygrid3d(x[0], x[1, :3], x[2, :2], x.reshape(2, 2, 3)),
    "columns from roots": lambda x: P.polynomial.polyvalfromroots(x[0], x[1:]),
    "rows from roots": lambda x: P.polynomial.polyvalfromroots(x[0], x, tensor=False),
    "vander": lambda x: P.hermite_e.hermevander2d(x[0], x[1], (1, 2)),
    "fit": lambda x: P.chebyshev.chebfit(x[0], x[1:].T, 1, w=[1.0, 2.0, 1.0, 3.0]),
    "fit of degrees": lambda x: P.polynomial.polyfit(np.arange(4.0), x[0], [0, 2]),
    "fit of the class": lambda x: P.Legendre.fit(x[0], x[1], 2)(x[2]),
    "product of the class": lambda x: (P.Chebyshev(x[0]) * P.Chebyshev(x[1]) - 2 * P.Chebyshev(x[2]))(x[1]),
    "integral of the class": lambda x: P.Laguerre(x[0]).integ(1, lbnd=0.1)(x[1]),
    "division": lambda x: np.concatenate(P.chebyshev.chebdiv(x[0], x[1, :2])),
    "division of the class": lambda x: divmod(P.Polynomial(x[0]), P.Polynomial(x[1, :2]))[0].coef,
    "companion": lambda x: P.laguerre.lagcompanion(x[0]),
    "roots": lambda x: np.real(P.hermite.hermroots(x[0]) ** 2),
}


@pytest.mark.parametrize("f", CASES.values(), ids=CASES.keys())
def test_value_and_derivative(f):
    want = f(X)
    weights = rng.normal(size=want.shape)

    def loss(x):
        return np.sum(f(x) * weights)

    v, h = rng.normal(size=X.shape), 1e-5
    value, dot = ad.jvp(f, (X,), (v,))
    np.testing.assert_allclose(value, want, rtol=1e-10, atol=1e-12)
    slope = (8 * (f(X + h * v) - f(X - h * v)) - f(X + 2 * h * v) + f(X - 2 * h * v)) / (12 * h)
    np.testing.assert_allclose(dot, slope, rtol=1e-6, atol=1e-6 * np.max(np.abs(slope)))
    gradient = ad.grad(loss)
    np.testing.assert_allclose(np.sum(gradient(X) * v), np.sum(dot * weights), rtol=1e-9)
    compiled = ad.compile(gradient)
    for x in (X, 1.1 * X):
        np.testing.assert_allclose(compiled(x), gradient(x), rtol=1e-9, atol=1e-9)


def test_what_depends_on_values_does_not_batch():
    with pytest.raises(ad.DragongradError, match="may differ from row to row"):
        ad.vmap(lambda x: P.polynomial.polymul(x, [1.0, 2.0]))(X)


def test_it_does_not_matter_what_was_imported_first():
    # NumPy imports these modules when they are asked for: here before, after, and while a transform runs.
    call = "np.polynomial.chebyshev.chebval(x, np.ones((2, 3))).sum()"
    for first in ("import numpy.polynomial", "pass"):
        code = (
            f"import numpy as np\n{first}\nimport dragongrad as ad\n"
            f"print(ad.grad(lambda x: {call})(np.ones(2)).tolist(), isinstance(np.ones(2), np.ndarray))"
        )
        shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert shown == "[3.0, 3.0] True\n"


@pytest.mark.parametrize("roots", [[0.0, 0.0], [-2.0, 0.0, 0.0], [0.0, -1.0, 2.0], [0j, 1.0], [1j, -1j, 0]])
def test_no_coefficient_from_roots_is_a_zero_with_a_sign(roots):
    roots = np.array(roots)
    ways = ad.compile(np.poly), lambda z: ad.vmap(np.poly)(z[None])[0], lambda z: ad.jvp(np.poly, (z,), (z,))[0]
    for found in (*[way(roots) for way in ways], ways[0](roots)):
        np.testing.assert_array_equal(found, np.poly(roots))
        for part in ("real", "imag"):
            np.testing.assert_array_equal(
                np.signbit(getattr(found, part)), np.signbit(getattr(np.poly(roots), part))
            )
