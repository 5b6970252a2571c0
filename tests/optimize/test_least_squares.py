"""Fits: NIST's regressions, the zoo's sums of squares, and what is said where there is no good answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from grid import covering
from nist import REGRESSIONS
from scipy import optimize

import dragongrad as ad
from dragongrad.optimize import GaussNewton, LevenbergMarquardt, Limits, Residuals, Status
from dragongrad.optimize.fitting.damping import CurvedModel, LinearModel, norm, triangle_of
from dragongrad.optimize.zoo import ZOO

T = np.linspace(0, 3, 9)
Y = 5 * np.exp(-T / 2) + 0.05 * np.cos(9 * T)
METHODS = ("lm", "gauss-newton")


def decay(p):
    return p[0] * np.exp(-p[1] * T) - Y


def decay_jacobian(p):
    return np.stack([np.exp(-p[1] * T), -T * p[0] * np.exp(-p[1] * T)], axis=1)


def digits(found, certified):
    """How many digits of the certified values agree, of the worst one; NIST certifies 11."""
    error = np.abs(np.asarray(found) - certified) / np.abs(certified)
    return float(np.min(-np.log10(np.maximum(error, 1e-11))))


# NIST's Statistical Reference Datasets


@pytest.mark.parametrize("name", REGRESSIONS)
@pytest.mark.parametrize("start", [0, 1])
def test_nist(name, start):
    problem = REGRESSIONS[name]
    result = ad.least_squares(problem.residuals, problem.starts[start])
    assert result.success
    assert digits(result.x, problem.certified) > 6
    assert digits(2 * result.cost, problem.squares) > 8
    assert digits(result.standard_errors(), problem.deviations) > 6


def test_restart_where_a_parameter_ran_off():
    """From BoxBOD's first start the whole step leads to where the second parameter does not matter."""
    problem = REGRESSIONS["BoxBOD"]
    result = ad.least_squares(problem.residuals, problem.starts[0], path=True)
    begun_again = [i for i, x in enumerate(result.path[1:], 1) if np.array_equal(x, problem.starts[0])]
    assert len(begun_again) == 1
    assert result.path[begun_again[0] - 1][1] > 20
    assert digits(result.x, problem.certified) > 6


# Moré, Garbow and Hillstrom, and the rest of the zoo

FITS = [(p, i) for p in ZOO.values() if p.residuals is not None for i in range(len(p.starts()))]


@pytest.mark.parametrize(("problem", "start"), FITS, ids=[f"{p.name}-{i}" for p, i in FITS])
def test_the_zoos_fits_from_their_standard_starts(problem, start):
    x0 = problem.starts()[start]
    result = ad.least_squares(problem.residuals, x0)
    assert result.success
    local = {"freudenstein-roth": 48.9842537, "trigonometric": 2.79506e-5}.get(problem.name, np.inf)
    least = problem.minimum()
    assert 2 * result.cost <= least * (1 + 1e-5) + 1e-20 or 2 * result.cost == pytest.approx(local, rel=1e-5)


EQUAL = {"ftol": 1e-8, "xtol": 1e-8, "gtol": 1e-8}


@pytest.fixture(scope="module")
def minpacks():
    """MINPACK's answers to the zoo's fits, with exact Jacobians."""
    return [
        optimize.least_squares(
            p.residuals, p.starts()[i], jac=ad.jacobian(p.residuals), method="lm", x_scale="jac", **EQUAL
        )
        for p, i in FITS
    ]


def test_no_more_evaluations_than_minpack(minpacks):
    """At one set of tolerances, on at least 80 of 100 of the zoo's fits, and to no worse a cost on any."""
    fewer = []
    for (problem, start), peer in zip(FITS, minpacks, strict=True):
        ours = ad.least_squares(problem.residuals, problem.starts()[start], **EQUAL)
        assert ours.cost <= peer.cost * (1 + 1e-5) + 1e-20, problem.name
        fewer.append(ours.nfev <= peer.nfev)
    assert np.mean(fewer) >= 0.8


def test_same_steps_as_minpack_without_second_derivatives(minpacks):
    """Then it is MINPACK's lmder, evaluation for evaluation."""
    same = 0
    for (problem, start), peer in zip(FITS, minpacks, strict=True):
        ours = ad.least_squares(problem.residuals, problem.starts()[start], second_order=False, **EQUAL)
        # The last steps are a matter of rounding: we leave out one that it would swallow. Where the Jacobian is
        # singular at the end, a look at second derivatives takes some ten evaluations more.
        same += abs(ours.nfev - peer.nfev) <= 1
    assert same >= 0.8 * len(FITS)


# Starts from which an exponential is so large that whatever comes next is nothing beside it, and sizes of residuals

FAR = np.linspace(0, 3, 20)


def far_decay(p):
    return p[0] * np.exp(p[1] * FAR) - 3 * np.exp(-2 * FAR)


@pytest.mark.parametrize("start", [(1, 30), (1, 15), (1, 10), pytest.param((1, 50), marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", METHODS)
def test_a_far_start_does_not_make_a_success(start, method):
    """Neither units that a start made large nor a sum of squares that fell far say that a fit is good."""
    result = ad.least_squares(far_decay, np.array(start, float), method=method)
    plateau = "not determined" in result.message and np.allclose(result.grad, 0)
    assert not result.success or np.allclose(result.x, [3, -2]) or plateau
    assert method == "gauss-newton" or not plateau


@pytest.mark.parametrize("scale", [1e-300, 1e-165, 1e-150, 1e-136, 1e-80, 1e100, 1e160, 1e200])
@pytest.mark.parametrize("method", METHODS)
def test_residuals_whose_squares_underflow_or_overflow(scale, method):
    result = ad.least_squares(lambda p: scale * far_decay(p), [1.0, -1.0], method=method)
    if 1e-140 < scale < 1e150:
        np.testing.assert_allclose(result.x, [3, -2])
        assert result.success
    else:
        assert result.status is Status.NON_FINITE
        assert f"them by {max(scale, 1 / scale):g}" in result.message


@pytest.mark.parametrize("start", [[1.0], [4.0, 2.0], [0.3, 1.0, 1.0]])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_root_of_infinite_slope_at_the_end_of_the_domain(start):
    """Steps become so short that the squares of their changes vanish: nothing is divided by them."""
    found = ad.least_squares(lambda x: np.sqrt(x[:1]), np.array(start))
    assert found.success, found
    assert found.cost < 1e-20


def test_a_parameter_in_tiny_units():
    """The squares of its column of the Jacobian underflow; it counts all the same."""
    result = ad.least_squares(lambda p: 1e-200 * p[0] * T - T - 1 + p[1], [1.0, 3.0])
    np.testing.assert_allclose(result.x, [1e200, 1])
    assert result.success


@pytest.mark.parametrize("residual", [lambda a: np.sin(a * T + np.pi), lambda a: np.exp(a * T) - 1])
def test_what_is_left_of_residuals_that_vanish_may_be_rounding(residual):
    """Of terms that the derivatives know nothing of, since the parameter itself comes to zero."""
    result = ad.least_squares(residual, 0.5)
    assert result.success, result
    assert result.cost < 1e-30


@pytest.mark.parametrize(
    ("shape", "dtype", "apart", "angle"),
    covering(
        [(3, 5), (1023, 2), (1024, 1), (5001, 6), (3000, 127), (3000, 128)], [np.float64, np.float32],
        [1e-3, 1e-2, 1.0], [1.0, 1e-7, 1e-12],
    ),
)  # fmt: skip
def test_triangles_of_tall_matrices(shape, dtype, apart, angle):
    """However they are found, R'R is J'J and R'c is J'r, and no accuracy is lost where columns nearly depend."""
    m, n = shape
    rng = np.random.default_rng(m + n)
    matrix = rng.standard_normal((m, n))
    matrix[:, -1] = matrix[:, 0] + apart * matrix[:, -1]
    residual = rng.standard_normal(m)
    q = np.linalg.qr(matrix)[0]
    residual -= (1 - angle) * (q @ (q.T @ residual))
    r, c = triangle_of(matrix.astype(dtype), residual.astype(dtype))
    eps = float(np.finfo(dtype).eps)
    assert r.shape == (min(m, n), n)
    assert r.dtype == dtype
    np.testing.assert_allclose(r.T @ r, matrix.T @ matrix, atol=20 * eps * m)
    np.testing.assert_allclose(r.T @ c, matrix.T @ residual, atol=20 * eps * m)
    smallest = np.linalg.svd(matrix, compute_uv=False)[-1]
    assert abs(np.linalg.svd(r, compute_uv=False)[-1] - smallest) <= 20 * eps * np.sqrt(m * n)
    if m > n and dtype is np.float64:
        length = np.linalg.norm(q.T @ residual)
        rounding = 20 * eps * np.linalg.norm(residual) * min(np.linalg.cond(r), 300)
        assert abs(norm(c) - length) <= 1e-6 * length + rounding


def test_a_start_that_fits_perfectly_is_a_success():
    result = ad.least_squares(lambda p: p - np.float32(1e-6) * (1 + np.float32(1e-7)), np.full(3, 1e-6, np.float32))
    assert result.success, result


# The result


@pytest.mark.parametrize("method", METHODS)
def test_fields_of_the_result(method):
    result = ad.least_squares(decay, [4.0, 0.6], method=method, path=True)
    peer = optimize.least_squares(decay, [4.0, 0.6], method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    np.testing.assert_allclose(result.x, peer.x, rtol=1e-7)
    np.testing.assert_allclose(result.fun, decay(result.x), rtol=1e-14)
    np.testing.assert_allclose(result.cost, peer.cost, rtol=1e-12)
    np.testing.assert_allclose(
        result.jac, np.stack([np.exp(-result.x[1] * T), -T * result.x[0] * np.exp(-result.x[1] * T)], 1)
    )
    np.testing.assert_allclose(result.grad, result.jac.T @ result.fun, atol=1e-14)
    np.testing.assert_allclose(result.hess_inv, np.linalg.inv(result.jac.T @ result.jac), rtol=1e-10)
    assert result.success
    assert result.status is Status.CONVERGED
    assert set(result.tests) == {"gradient", "step", "value"}
    assert any(test.passed for test in result.tests.values())
    assert result.path.shape == (len(result.losses), 2)
    assert result.nfev >= result.njev >= result.nit
    assert result["x"] is result.x


def test_covariance_agrees_with_scipys():
    result = ad.least_squares(decay, [4.0, 0.6])
    _, covariance = optimize.curve_fit(lambda t, a, b: a * np.exp(-b * t), T, Y)
    np.testing.assert_allclose(result.covariance(), covariance, rtol=1e-4)
    np.testing.assert_allclose(result.standard_errors(), np.sqrt(np.diag(covariance)), rtol=1e-4)


@dataclass
class Decay:
    height: Any
    rate: Any


@pytest.mark.parametrize("method", METHODS)
def test_nests(method):
    flat = ad.least_squares(decay, [4.0, 0.6]).x
    for start in ({"height": 4.0, "rate": np.array([0.6])}, Decay(4.0, np.array([0.6]))):
        get = (lambda p: (p["height"], p["rate"])) if isinstance(start, dict) else (lambda p: (p.height, p.rate))
        result = ad.least_squares(lambda p, get=get: get(p)[0] * np.exp(-get(p)[1] * T) - Y, start, method=method)
        assert type(result.x) is type(start)
        height, rate = get(result.x)
        assert rate.shape == (1,)
        np.testing.assert_allclose([height, rate[0]], flat, rtol=1e-7)
        assert get(result.standard_errors())[1].shape == (1,)


def test_residuals_of_any_form():
    for f in (
        lambda p: [p[0] - 1, p[1] - 2], lambda p: {"a": p[:1] - 1, "b": (p[1] - 2,)}, lambda p: (p - [1, 2])[None],
        lambda p: np.array([p[0] - 1, p[1] - 2]),
    ):  # fmt: skip
        np.testing.assert_allclose(ad.least_squares(f, [0.0, 0.0]).x, [1, 2])
    assert ad.least_squares(lambda x: x - 2, 0.0).x == 2
    shaped = ad.least_squares(lambda x: x - np.arange(6.0).reshape(2, 3), np.ones((2, 3)))
    np.testing.assert_allclose(shaped.x, np.arange(6.0).reshape(2, 3))
    np.testing.assert_allclose(ad.least_squares(lambda p, a, b: p - a * b, [0.0], args=(2.0, 3.0)).x, [6])


def test_single_precision():
    result = ad.least_squares(
        lambda p: p[0] * np.exp(-p[1] * T.astype(np.float32)) - Y.astype(np.float32), np.float32([4, 1])
    )
    assert result.x.dtype == np.float32
    assert result.success
    np.testing.assert_allclose(result.x, ad.least_squares(decay, [4.0, 1.0]).x, rtol=1e-4)


# Limits and endings


def test_each_test_of_convergence_is_reported():
    off = {"gtol": 0.0, "xtol": 0.0, "ftol": 0.0}
    for name, letter in (("gradient", "gtol"), ("step", "xtol"), ("value", "ftol")):
        result = ad.least_squares(decay, [4.0, 0.6], **{**off, letter: 1e-6})
        assert result.success
        assert name in result.message
        assert result.tests[name].passed
        assert not any(test.passed for key, test in result.tests.items() if key != name)


def test_limits_callback_and_interruption():
    start = REGRESSIONS["MGH09"].starts[0]
    residuals = REGRESSIONS["MGH09"].residuals
    short = ad.least_squares(residuals, start, max_iter=3)
    assert short.status is Status.MAX_ITER
    assert short.nit == 3
    assert ad.least_squares(residuals, start, max_time=1e-9).status is Status.MAX_TIME
    seen = []
    stopped = ad.least_squares(residuals, start, callback=lambda step: seen.append(step.fun) or len(seen) == 4)
    assert stopped.status is Status.CALLBACK
    assert seen == sorted(seen, reverse=True)

    def interrupted(b):
        seen.append(0)
        if len(seen) == 40:
            raise KeyboardInterrupt
        return residuals(b)

    result = ad.least_squares(interrupted, start)
    assert result.status is Status.INTERRUPTED
    assert result.cost == pytest.approx(0.5 * np.sum(residuals(result.x) ** 2))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_at_the_start(method):
    result = ad.least_squares(lambda x: np.log(x), [-1.0, 2.0], method=method)
    assert result.status is Status.NON_FINITE
    assert "at the start" in result.message


@pytest.mark.parametrize("method", METHODS)
def test_nan_on_the_way_is_stepped_around(method):
    """The whole step leads to a negative number, of which there is no logarithm."""
    result = ad.least_squares(lambda x: np.log(x) - 1, [30.0], method=method)
    np.testing.assert_allclose(result.x, [np.e], rtol=1e-8)
    assert result.nfev > result.njev


def test_nan_all_around():
    def f(x):
        return x if np.array_equal(x, [1.0]) else x * np.nan

    result = ad.least_squares(f, [1.0])
    assert result.status is Status.NON_FINITE
    assert "every step tried" in result.message


@pytest.mark.parametrize("method", METHODS)
def test_constant_residuals(method):
    result = ad.least_squares(lambda x: np.ones(3) + 0 * x[0], [1.0, 2.0], method=method)
    assert "do not depend on the parameters" in result.message
    np.testing.assert_array_equal(result.x, [1, 2])
    assert result.hess_inv is None


@pytest.mark.parametrize("method", METHODS)
def test_fewer_residuals_than_parameters(method):
    result = ad.least_squares(lambda x: x[0] + x[1] ** 2 - 3, [1.0, 1.0], method=method)
    assert result.success
    assert result.cost < 1e-20
    assert "fewer residuals (1) than parameters (2)" in result.message
    with pytest.raises(ad.ArgumentError, match="leave nothing"):
        result.covariance()


@pytest.mark.parametrize("method", METHODS)
def test_rank_deficient_jacobian(method):
    result = ad.least_squares(lambda p: (p[0] + p[1]) * T - Y, [1.0, 1.0], method=method)
    np.testing.assert_allclose(np.sum(result.x), T @ Y / (T @ T))
    assert "rank 1 at x for 2 parameters" in result.message
    assert result.hess_inv is None
    np.testing.assert_array_equal(result.standard_errors(), np.inf)


def test_a_kink_is_arrived_at():
    result = ad.least_squares(lambda x: np.abs(x) + 1, [1.0])
    assert result.success or "kink" in result.message or "not smooth here" in result.message
    np.testing.assert_allclose(result.x, 0, atol=1e-12)


@pytest.mark.parametrize(("method", "said"), [("lm", "not right"), ("gauss-newton", "not the right one")])
def test_a_wrong_derivative_is_noticed(method, said):
    result = ad.least_squares(lambda x: 2 * ad.stop_gradient(x) - x, [1.0], method=method)
    assert result.status is Status.NO_DESCENT
    assert said in result.message


def test_gauss_newton_is_helped_on_where_it_fails():
    problem = REGRESSIONS["Eckerle4"]
    result = ad.least_squares(problem.residuals, problem.starts[0], method="gauss-newton")
    assert result.success
    assert digits(2 * result.cost, problem.squares) > 8


def changing(x):
    changing.calls += 1
    return np.ones(2 + changing.calls // 2) * x[0]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: ad.least_squares(lambda x: None, [1.0]), ad.ArgumentError, "returned None"),
        (lambda: ad.least_squares(lambda x: x[:0], [1.0]), ad.ArgumentError, "no residuals"),
        (lambda: ad.least_squares(lambda x: [], [1.0]), ad.ArgumentError, "no residuals"),
        (lambda: ad.least_squares(lambda x: x * 1j, [1.0]), ad.DtypeError, "real"),
        (lambda: ad.least_squares(lambda x: x, [1j]), ad.DtypeError, "real"),
        (lambda: ad.least_squares(lambda x: x, []), ad.ArgumentError, "no parameters"),
        (lambda: ad.least_squares(3, [1.0]), ad.ArgumentError, "callable"),
        (lambda: ad.least_squares(changing, [1.0]), ad.ShapeError, "must not depend"),
        (lambda: ad.least_squares(decay, [1.0, 1.0], method="newton"), ad.ArgumentError, "unknown method"),
        (lambda: ad.least_squares(decay, [1.0, 1.0], factor=0), ad.ArgumentError, "factor"),
        (lambda: ad.least_squares(decay, [1.0, 1.0], xtol=-1), ad.ArgumentError, "xtol"),
        (lambda: ad.least_squares(decay, [1.0, 1.0], speed=2), ad.ArgumentError, "no option speed"),
        (lambda: ad.minimize(np.sum, [1.0], method=LevenbergMarquardt), ad.ArgumentError, "one by one"),
        (lambda: ad.minimize(np.sum, [1.0], method=GaussNewton), ad.ArgumentError, "one by one"),
        (lambda: ad.least_squares(lambda x: x, [1.0]).covariance(), ad.ArgumentError, "leave nothing"),
        (lambda: ad.minimize(lambda x: x @ x, [1.0], method="gd").covariance(), ad.ArgumentError, "those of a fit"),
    ],
)
def test_messages(call, error, match):
    changing.calls = 0
    with pytest.raises(error, match=match):
        call()


# A success is a success


LINE_T = np.linspace(0, 1, 20)
LINE_Y = 2 * np.exp(-1.3 * LINE_T) + 0.1 * np.cos(7 * LINE_T)
LEAST_LINE = 0.5 * np.linalg.lstsq(np.stack([np.ones(20), LINE_T], 1), LINE_Y)[1][0]
DECAY_COST = ad.least_squares(decay, [4.0, 0.6]).cost


def line(slope, dtype=float):
    t, y = LINE_T.astype(dtype), LINE_Y.astype(dtype)
    return lambda p: p[0] + p[1] * (1 + dtype(slope) * t) - y


def two_decays(p):
    t = LINE_T
    return p[0] * np.exp(-p[1] * t) + p[2] * np.exp(-p[3] * t) - (3 * np.exp(-t) + 2 * np.exp(-5 * t))


# Residuals, a start, the least cost.
HONEST = {
    **{f"slope {s:g}": (line(s), [1.0, 2.0], LEAST_LINE) for s in (1e-4, 1e-8, 1e-10, 1e-12, 1e-13)},
    "slope 1e-3, float32": (line(1e-3, np.float32), np.float32([1, 2]), LEAST_LINE),
    **{
        f"residuals times {s:g}": (lambda p, s=s: s * decay(p), [1.0, 1.0], s * s * DECAY_COST)
        for s in (1e-12, 1e12)
    },
    **{
        f"parameters times {s:g}": (lambda p, s=s: decay(p / s), np.array([s, s]), DECAY_COST)
        for s in (1e-12, 1e-6, 1e6, 1e12)
    },
    "one large": (lambda p: decay(np.stack([p[0] / 1e9, p[1]])), [1e9, 1.0], DECAY_COST),
    "far from zero": (lambda p: decay(p - 1e6), np.array([1.0, 1.0]) + 1e6, DECAY_COST),
    "a parameter is not used": (lambda p: decay(p[:2]), [1.0, 1.0, 5.0], DECAY_COST),
    "at a maximum": (lambda x: x**2 - 1, [0.0], 0.0),
    "at a saddle, determined": (lambda x: np.stack([x[0] ** 2 - 1, 1e-3 * x[0]]), [0.0], 0.5e-6),
    "two equal decays": (two_decays, [1.0, 1.0, 1.0, 1.0], 0.0),
    "jump": (lambda x: np.where(x < 1.5, x - 2, 10.0), [0.0], -1.0),
    "NaN beyond an edge": (lambda x: np.where(x > 1, x - 0.5, np.nan), [3.0], -1.0),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", HONEST)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_called_a_success_is_one(name, method):
    f, start, least = HONEST[name]
    result = ad.least_squares(f, start, method=method)
    # Where columns agree to 12 digits, rounding leaves two or three of the cost.
    close = result.cost <= least * (1 + 5e-3) + 1e-12 * (least >= 0) * ("times" not in name)
    assert result.success == close, result
    np.testing.assert_allclose(result.fun, f(result.x), rtol=1e-6, atol=1e-12)


def test_a_second_look_leaves_the_result_where_it_was():
    """Residuals and Jacobian are those at x, though other points were tried after it."""
    for method in METHODS:
        result = ad.least_squares(lambda p: (p[0] + p[1]) * T - Y, [1.0, 1.0], method=method)
        np.testing.assert_array_equal(result.fun, (result.x[0] + result.x[1]) * T - Y)
        np.testing.assert_allclose(result.jac, np.stack([T, T], 1))
        assert result.nfev > result.nit + 5


# The pieces


def test_the_optimizers_by_themselves():
    for method in (LevenbergMarquardt, GaussNewton):
        optimizer = method(decay, [4.0, 0.6])
        np.testing.assert_allclose(optimizer.solve(), ad.least_squares(decay, [4.0, 0.6]).x, rtol=1e-6)
        result = method(decay, [4.0, 0.6]).minimize(Limits(gtol=1e-6))
        assert result.tests["gradient"].tolerance == 1e-6


def test_first_gauss_newton_step_by_hand():
    x = np.array([4.0, 0.6])
    expected = x + np.linalg.lstsq(decay_jacobian(x), -decay(x))[0]
    for method in METHODS:
        path = ad.least_squares(decay, x, method=method, path=True, max_iter=1).path
        np.testing.assert_allclose(path[1], expected, rtol=1e-12)


@pytest.mark.parametrize("radius", [1e-3, 0.1, 1.0, 1e3])
@pytest.mark.parametrize("rank", [3, 2])
def test_damped_steps_have_the_length_asked_for(radius, rank):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6, rank)) @ rng.normal(size=(rank, 3))
    residual, scale = rng.normal(size=6), np.array([1.0, 10.0, 0.1])
    model = LinearModel(matrix, residual, scale)
    par, z = model.damped(radius, 0.0)
    p = model.step(z) / scale
    normal = matrix.T @ matrix + par * np.diag(scale**2)
    np.testing.assert_allclose(normal @ p, -matrix.T @ residual, atol=1e-10)
    assert norm(scale * p) <= 1.1 * radius * (1 + 1e-12)
    assert par == 0 or norm(scale * p) >= 0.9 * radius * (1 - 1e-12)
    fall, slope = model.reductions(z, par)
    np.testing.assert_allclose(slope, -p @ matrix.T @ residual)
    np.testing.assert_allclose(fall, residual @ residual - np.sum((residual + matrix @ p) ** 2))
    curved = CurvedModel(model, np.eye(3), scale)
    par, z = curved.damped(radius, 0.0)
    p = curved.step(z) / scale
    hessian = matrix.T @ matrix + np.eye(3)
    np.testing.assert_allclose((hessian + par * np.diag(scale**2)) @ p, -matrix.T @ residual, atol=1e-9)
    assert norm(scale * p) <= 1.1 * radius * (1 + 1e-12)
    fall, slope = curved.reductions(z, par)
    np.testing.assert_allclose(fall, -2 * (p @ matrix.T @ residual) - p @ hessian @ p, rtol=1e-9)


def test_second_derivatives_of_the_residuals():
    fit = Residuals(decay, [4.0, 0.6])
    x, v = np.array([4.0, 0.6]), np.array([0.3, -0.2])
    fit.residuals(x)
    each = ad.jacobian(ad.jacobian(decay))(x)
    np.testing.assert_allclose(fit.curvature(x, v), each @ v @ v, rtol=1e-12)
    np.testing.assert_allclose(fit.bend(x), np.einsum("i,ijk->jk", decay(x), each), rtol=1e-12)
    assert fit.nhev == 2


def test_integers_and_lists_are_numbers_to_start_from():
    np.testing.assert_allclose(ad.least_squares(decay, [4, 1]).x, ad.least_squares(decay, np.array([4.0, 1.0])).x)


@pytest.mark.parametrize("name", ["fit_report", "params", "best_values", "covar", "chisqr"])
def test_a_fit_says_what_lmfits_names_are_here(name):
    fit = ad.least_squares(lambda p: p - np.arange(3.0), 0.0)
    with pytest.raises(ad.AbsentError, match=r"(?s)lmfit.*test_least_squares\.py.*Write .*fit"):
        getattr(fit, name)
    assert name not in fit
    assert not hasattr(fit, name)
