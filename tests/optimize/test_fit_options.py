"""Fits within bounds, with standard deviations and robust losses, and what they report: against SciPy."""

import math

import numpy as np
import pytest
from nist import REGRESSIONS
from scipy import optimize

import dragongrad as ad
from dragongrad.core.variable import value_of

RNG = np.random.default_rng(0)
T = np.linspace(0, 3, 30)
Y = 5 * np.exp(-T / 2) + 0.05 * RNG.normal(size=30)
Z = np.where(np.arange(30) % 7, Y, Y + 2)
SIGMA = RNG.uniform(0.5, 2, 30) * 0.05
COVARIANCE = np.diag(SIGMA**2) + 1e-4
STRICT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}


def model(t, a, b):
    return a * np.exp(-b * t)


def decay(p):
    return model(T, p[0], p[1]) - Y


def with_outliers(p):
    return model(T, p[0], p[1]) - Z


def peak(p):
    return p[0] * np.exp(-(((T - p[1]) / p[2]) ** 2)) + p[3] - Y


# Bounds

BOUNDS = {
    "one end": (decay, [1.0, 0.2], ([-np.inf, 0.0], [np.inf, 0.4])),
    "both ends": (decay, [1.0, 0.2], ([0.0, 0.0], [4.0, 0.4])),
    "inside": (decay, [1.0, 0.2], ([0.0, 0.0], [10.0, 10.0])),
    "start at a bound": (decay, [10.0, 0.0], ([0.0, 0.0], [10.0, 10.0])),
    "one value": (decay, [1.0, 0.3], ([0.0, 0.3], [10.0, 0.3 + 1e-12])),
    "peak": (peak, [1.0, 1.0, 1.0, 0.0], ([0.0, 0.0, 0.2, 0.5], [9.0, 3.0, 2.0, 1.0])),
    "wood": (
        lambda x: np.stack([10 * (x[1] - x[0] ** 2), 1 - x[0], 90**0.5 * (x[3] - x[2] ** 2), 1 - x[2],
                            10**0.5 * (x[1] + x[3] - 2), (x[1] - x[3]) / 10**0.5]),
        [-3.0, -1.0, -3.0, -1.0], (-10.0, [0.5, 10.0, 0.8, 10.0]),
    ),
    **{
        f"NIST {name}": (
            REGRESSIONS[name].residuals, REGRESSIONS[name].starts[1],
            ([min(0.5 * c, 1.5 * c) for c in REGRESSIONS[name].certified],
             [0.9 * c if k == 0 and c > 0 else max(0.5 * c, 1.5 * c)
              for k, c in enumerate(REGRESSIONS[name].certified)]),
        )
        for name in ("Misra1a", "Rat43", "BoxBOD", "Eckerle4")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(name):
    f, start, (low, high) = BOUNDS[name]
    low, high = (np.broadcast_to(side, len(start)).astype(float) for side in (low, high))
    seen = []

    def watched(p):
        seen.append(np.array(value_of(p)))
        return f(p)

    result = ad.least_squares(watched, start, bounds=(low, high), compile=False)
    assert result.success, result
    assert len(seen) >= result.nfev
    assert all((p >= low).all() and (p <= high).all() for p in seen)
    peers = [
        optimize.least_squares(f, np.clip(start, low + 1e-9, high - 1e-13), bounds=(low, high), x_scale=x, **STRICT)
        for x in ("jac", 1.0)
    ]
    assert result.cost <= min(p.cost for p in peers) * (1 + 1e-7) + 1e-20
    # Lagrange's conditions.
    place = result.fitted.places
    push = result.grad * np.maximum(np.abs(result.x), 1e-6) / max(result.cost, 1e-12)
    assert (np.abs(push[place == 0]) < 1e-5).all()
    assert (push[place < 0] > -1e-5).all()
    assert (push[place > 0] < 1e-5).all()


@pytest.mark.parametrize(
    "bounds",
    [
        ((0, 0), (10, 0.4)), ([0, 0], [10, 0.4]), (0, [10, 0.4]), (None, [None, 0.4]),
        optimize.Bounds([0, 0], [10, 0.4]), np.array([[0, 0], [10, 0.4]]),
    ],
)  # fmt: skip
def test_forms_of_bounds(bounds):
    np.testing.assert_allclose(ad.least_squares(decay, [1.0, 0.2], bounds=bounds).x[1], 0.4)


def test_bounds_of_a_nest_and_a_start_outside():
    def f(p):
        return model(T, p["a"], p["b"]) - Y

    for bounds in ({"b": (0, 0.4)}, ({"a": None, "b": 0}, {"a": None, "b": 0.4})):
        result = ad.least_squares(f, {"a": 1.0, "b": 3.0}, bounds=bounds)
        assert result.x["b"] == 0.4
        assert "at a bound: b" in result.message
        assert "at its upper bound" in str(result)
        assert "moved within the bounds: b = 3 to 0.4" in result.message
        assert "(init = 0.4) (at its upper bound)" in str(result)


def test_a_parameter_held_at_one_value_is_a_constant():
    """The errors of the others are those of a fit without it; at a bound it counts as if it could move."""
    held = ad.least_squares(lambda p: model(T, p[0], p[1]) - Y, [1.0, 1.0], bounds=([-np.inf, 0.6], [np.inf, 0.6]))
    alone = ad.least_squares(lambda a: model(T, a, 0.6) - Y, 1.0)
    np.testing.assert_allclose(held.covariance(), [[alone.covariance()[0, 0], 0], [0, 0]], rtol=1e-10)
    assert "x[1]:  0.6 (fixed)" in str(held).splitlines()[-1]
    assert "# variables        = 1" in str(held)
    assert "at a bound" not in held.message
    resting = ad.least_squares(lambda p: model(T, p[0], p[1]) - Y, [1.0, 1.0], bounds=([-np.inf, 0.7], np.inf))
    peer = optimize.curve_fit(model, T, Y, [1.0, 1.0], bounds=([-np.inf, 0.7], np.inf))[1]
    np.testing.assert_allclose(resting.covariance(), peer, rtol=1e-4)
    assert "(at its lower bound)" in str(resting)


def test_bounds_that_hold_nothing_change_nothing():
    free = ad.least_squares(decay, [1.0, 1.0])
    held = ad.least_squares(decay, [1.0, 1.0], bounds=(-1e9, 1e9))
    np.testing.assert_array_equal(free.x, held.x)
    assert free.nfev == held.nfev


# Standard deviations


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("sigma", [SIGMA, COVARIANCE, 0.1, list(SIGMA)], ids=["1-d", "2-d", "number", "list"])
@pytest.mark.parametrize("method", ["lm", "gauss-newton"])
def test_sigma_as_curve_fit_has_it(sigma, absolute, method):
    given = np.full(30, sigma) if np.ndim(sigma) == 0 else sigma
    want, covariance = optimize.curve_fit(model, T, Y, [1, 1], given, absolute, ftol=1e-14, xtol=1e-14)
    result = ad.least_squares(decay, [1.0, 1.0], sigma=sigma, absolute_sigma=absolute, method=method)
    np.testing.assert_allclose(result.x, want, rtol=1e-6)
    np.testing.assert_allclose(result.covariance(), covariance, rtol=1e-6)
    whitened = (
        np.linalg.solve(np.linalg.cholesky(COVARIANCE), decay(result.x)) if np.ndim(sigma) == 2
        else decay(result.x) / sigma
    )  # fmt: skip
    np.testing.assert_allclose(result.fun, whitened, rtol=1e-8, atol=1e-10)


def test_sigma_of_residuals_of_other_shapes():
    want = ad.least_squares(decay, [1.0, 1.0], sigma=SIGMA).x
    shaped = ad.least_squares(lambda p: decay(p).reshape(5, 6), [1.0, 1.0], sigma=SIGMA.reshape(5, 6))
    np.testing.assert_allclose(shaped.x, want, rtol=1e-9)
    nest = ad.least_squares(
        lambda p: {"u": decay(p)[:9], "v": decay(p)[9:]}, [1.0, 1.0], sigma={"u": SIGMA[:9], "v": SIGMA[9:]}
    )
    np.testing.assert_allclose(nest.x, want, rtol=1e-9)
    square = ad.least_squares(lambda p: decay(p)[:25].reshape(5, 5), [1.0, 1.0], sigma=SIGMA[:25].reshape(5, 5))
    np.testing.assert_allclose(square.x, ad.least_squares(lambda p: decay(p)[:25], [1.0, 1.0], sigma=SIGMA[:25]).x)


# Robust losses


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
@pytest.mark.parametrize("scale", [0.05, 0.3, 5.0])
@pytest.mark.parametrize("method", ["lm", "gauss-newton"])
def test_losses_as_scipy_has_them(loss, scale, method):
    start = [5.0, 0.5]
    peer = optimize.least_squares(with_outliers, start, loss=loss, f_scale=scale, jac="cs", **STRICT)
    result = ad.least_squares(with_outliers, start, loss=loss, f_scale=scale, method=method)
    np.testing.assert_allclose(result.cost, peer.cost, rtol=1e-8)
    np.testing.assert_allclose(result.x, peer.x, rtol=1e-5)
    assert result.success, result
    np.testing.assert_allclose(result.fun, with_outliers(result.x))
    np.testing.assert_allclose(result.grad, peer.grad, atol=1e-5)


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_losses_within_bounds_and_with_sigma(loss):
    options = {"loss": loss, "f_scale": 1.3}
    peer = optimize.least_squares(
        lambda p: with_outliers(p) / SIGMA, [1.0, 0.2], bounds=([0, 0], [10, 0.45]), **options, **STRICT
    )
    result = ad.least_squares(with_outliers, [1.0, 0.2], bounds=([0, 0], [10, 0.45]), sigma=SIGMA, **options)
    assert result.success
    assert result.cost <= peer.cost * (1 + 1e-8)


def test_errors_under_a_robust_loss():
    """Those of Huber's loss by Huber's formula: of small residuals all count, of large ones only their sign."""
    fit = ad.least_squares(with_outliers, [5.0, 0.5], loss="huber", f_scale=0.1)
    r, jacobian = with_outliers(fit.x), ad.jacobian(decay)(fit.x)
    inside = np.abs(r) <= 0.1
    part = inside.mean()
    pull = np.where(inside, r, 0.1 * np.sign(r))
    correction = 1 + 2 / 30 * (1 - part) / part
    want = correction**2 * (pull @ pull / 28) / part**2 * np.linalg.inv(jacobian.T @ jacobian)
    np.testing.assert_allclose(fit.covariance(), want, rtol=1e-6)


def test_derivatives_of_the_losses():
    from dragongrad.optimize.fitting.robust import LOSSES

    z = np.array([1e-9, 0.3, 0.999, 1.5, 40.0])
    for loss in LOSSES.values():
        np.testing.assert_allclose(loss.slope(z), ad.grad(lambda z, f=loss.rho: np.sum(f(z)))(z), rtol=1e-10)
        np.testing.assert_allclose(loss.bend(z), ad.grad(lambda z, f=loss.slope: np.sum(f(z)))(z), atol=1e-12)


# Standard errors

UNUSED = {
    "not used": (lambda p: p[0] * T + p[1] + 0 * p[2] - Y, [1.0, 0.0, 5.0], [2]),
    "only a sum": (lambda p: p[0] * T + (p[1] + p[2]) - Y, [1.0, 0.0, 5.0], [1, 2]),
    "only a sum, other units": (lambda p: p[0] * T + (1e6 * p[1] + 1e-6 * p[2]) - Y, [1.0, 0.0, 5.0], [1, 2]),
    "first not used": (lambda p: p[1] * T + p[2] - Y, [7.0, 1.0, 0.0], [0]),
}


@pytest.mark.parametrize("name", UNUSED)
def test_errors_of_what_is_determined(name):
    f, start, lost = UNUSED[name]
    result = ad.least_squares(f, start)
    errors, covariance = result.standard_errors(), result.covariance()
    assert result.success
    assert np.flatnonzero(np.isinf(errors)).tolist() == lost
    kept = [k for k in range(3) if k not in lost]
    line = np.stack([T, np.ones(30)], 1)
    want = np.linalg.inv(line.T @ line) * (2 * result.cost / 28)
    np.testing.assert_allclose(covariance[np.ix_(kept, kept)], want[: len(kept), : len(kept)], rtol=1e-8)
    assert str(result).count("not determined") >= len(lost)


# The report


def test_report():
    result = ad.least_squares(
        lambda p: model(T, p["height"], p["rates"][0]) + p["rates"][1] - Y,
        {"height": 1.0, "rates": np.array([1.0, 0.0])},
    )
    text = str(result)
    errors = result.standard_errors()
    chi = 2 * result.cost
    assert text == f"{result.message}\n{result.report()}"
    for said in (
        "[[Fit Statistics]]", "# data points      = 30", "# variables        = 3",
        f"# function evals   = {result.nfev}",
        f"chi-square         = {chi:.8g}", f"reduced chi-square = {chi / 27:.8g}",
        f"Akaike info crit   = {30 * math.log(chi / 30) + 6:.8g}",
        f"Bayesian info crit = {30 * math.log(chi / 30) + 3 * math.log(30):.8g}", "[[Variables]]",
        f"height:    {result.x['height']:.8g} +/- {errors['height']:.8g}", "rates[0]: ", "rates[1]: ", "(init = 1)",
        "[[Correlations]] (unreported correlations are < 0.100)", "C(rates[0], rates[1]) = ",
    ):  # fmt: skip
        assert said in text, said
    matrix = result.covariance()
    assert f"C(rates[0], rates[1]) = {matrix[1, 2] / np.sqrt(matrix[1, 1] * matrix[2, 2]):+.4f}" in text
    assert "success: True" in repr(result)


def test_reports_of_odd_fits():
    assert "chi-square         = 0" in str(ad.least_squares(lambda x: x - 2, 0.0))
    assert "not determined" in str(ad.least_squares(lambda x: x[0] * x[1] - 2, [1.0, 1.0]))
    assert "loss             = cauchy, f_scale = 2" in str(
        ad.least_squares(decay, [1, 1], loss="cauchy", f_scale=2)
    )
    many = ad.least_squares(lambda p: np.vander(T, 9) @ p - Y, np.zeros(9))
    assert "smaller ones: see covariance()" in str(many)
    assert "success: True" in str(ad.minimize(np.sum, [0.0], bounds=[(0, 1)]))
    with pytest.raises(ad.ArgumentError, match="those of a fit"):
        ad.minimize(lambda x: np.sum(x**2), [1.0]).report()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"loss": "cauhcy"}, "did you mean 'cauchy'"),
        ({"loss": np.abs}, "loss must be one of"),
        ({"f_scale": 0}, "f_scale"),
        ({"f_scale": "wide"}, "f_scale"),
        ({"absolute_sigma": 1}, "absolute_sigma must be True or False"),
        ({"absolute_sigma": True, "loss": "huber"}, "goes with loss='linear'"),
        ({"sigma": "large"}, "sigma must be standard deviations"),
        ({"sigma": np.zeros(30)}, "sigma must be positive"),
        ({"sigma": -1.0}, "sigma must be positive"),
        ({"sigma": np.r_[np.nan, np.ones(29)]}, "for residual 0"),
        ({"sigma": np.ones(29)}, "does not fit 30 residuals"),
        ({"sigma": np.ones((29, 29))}, "does not fit 30 residuals"),
        ({"sigma": -np.eye(30)}, "positive definite"),
        ({"sigma": np.triu(np.ones((30, 30)))}, "symmetric"),
        ({"bounds": ([0, 0], [-1, 1])}, "lower one must not be greater"),
        ({"bounds": [(0, 1), (0, 1)]}, "may be two pairs or two sides"),
        ({"bounds": (0, 1), "method": "gauss-newton"}, "takes no bounds"),
        ({"weights": 1 / SIGMA}, "write sigma="),
    ],
)
def test_messages(options, match):
    with pytest.raises(ad.ArgumentError, match=match):
        ad.least_squares(decay, [1.0, 1.0], **options)
