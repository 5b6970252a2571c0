"""Solutions against closed forms and SciPy, and the orders of the methods."""

from functools import cache

import numpy as np
import pytest
from integrate.equations import EQUATIONS, robertson, van_der_pol
from scipy import integrate

import dragongrad as ad
from dragongrad.integrate import rodas5p, solve_ivp, tsit5
from dragongrad.integrate.step import interpolated

OURS = ["Tsit5", "Rodas5P", "auto"]
ALL = [*OURS, "scipy:DOP853", "scipy:Radau"]


@pytest.mark.smoke
@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("e", EQUATIONS, ids=lambda e: e.title)
def test_solutions_are_those_of_closed_forms(e, method):
    times = np.linspace(0.0, e.end, 5)
    found = solve_ivp(e.f, (0.0, e.end), e.y0, method, times, args=e.args, rtol=1e-8, atol=1e-8)
    expected = np.stack([e.solution(t, e.y0, *e.args) for t in times], axis=-1)
    assert found.success
    assert found.status == 0
    np.testing.assert_allclose(found.y, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", OURS)
@pytest.mark.parametrize("rtol", [1e-4, 1e-7, 1e-10])
def test_the_error_follows_the_tolerance(method, rtol):
    e = EQUATIONS[2]
    found = solve_ivp(e.f, (0.0, 5.0), e.y0, method, [5.0], args=e.args, rtol=rtol, atol=rtol)
    error = np.max(np.abs(found.y[:, -1] - e.solution(5.0, e.y0, *e.args)))
    assert rtol / 100 < error < 100 * rtol


def _right(t, y):
    return np.stack([y[1] * np.cos(t), -np.sin(y[0]) + 0.1 * t * y[1]])


def _steps(method, h, count):
    t, y = 0.0, np.array([0.5, 1.0])
    for _ in range(count):
        trial = method.trial(_right, t, y, _right(t, y), h)
        t, y, last = t + h, trial.y, (y, trial)
    return last[1].y, interpolated(last[0], last[1].powers, 0.5), np.max(np.abs(trial.error))


@pytest.mark.parametrize("method", [tsit5, rodas5p], ids=["Tsit5", "Rodas5P"])
def test_methods_converge_with_their_order(method):
    """Half the step makes the error a 32nd, that of the interpolant and the estimate of a step too."""
    exact = integrate.solve_ivp(
        _right, (0, 1), [0.5, 1.0], method="DOP853", rtol=1e-13, atol=1e-13, dense_output=True
    ).sol
    rows = [_steps(method, 1 / n, n) for n in (10, 20, 40)]
    ends = [np.max(np.abs(r[0] - exact(1.0))) for r in rows]
    halves = [np.max(np.abs(r[1] - exact(1 - 0.5 / n))) for r, n in zip(rows, (10, 20, 40), strict=True)]
    for errors in (ends, halves, [r[2] for r in rows]):
        orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
        assert np.all(orders > 4.3), orders
        assert np.all(orders < 6.5), orders


@pytest.mark.parametrize("method", [tsit5, rodas5p], ids=["Tsit5", "Rodas5P"])
def test_interpolants_end_where_steps_do_with_their_slopes(method):
    y, h = np.array([0.5, 1.0]), 0.1
    trial = method.trial(_right, 0.3, y, _right(0.3, y), h)
    np.testing.assert_allclose(interpolated(y, trial.powers, 1.0), trial.y, rtol=1e-13)
    np.testing.assert_allclose(trial.powers[0] / h, _right(0.3, y), rtol=1e-5)
    slope = sum((k + 1) * p for k, p in enumerate(trial.powers)) / h
    np.testing.assert_allclose(slope, _right(0.3 + h, trial.y), rtol=1e-5)


STIFF = {
    "Robertson": (
        robertson,
        np.array([0.04, 1e4, 3e7]),
        np.array([1.0, 0.0, 0.0]),
        np.array([0.4, 4e2, 4e5]),
        1e-14,
    ),
    "van der Pol": (van_der_pol, 1e6, np.array([2.0, 0.0]), np.array([0.5, 1.0, 2.0]), 1e-10),
}


@cache
def by_radau(title):
    f, k, y0, times, atol = STIFF[title]
    jac = ad.compile(lambda y: ad.jacobian(lambda y: f(0.0, y, k))(y))
    right = ad.compile(lambda y: f(0.0, y, k))
    return integrate.solve_ivp(
        lambda t, y: right(y), (0, times[-1]), y0, "Radau", times, rtol=1e-10, atol=atol, jac=lambda t, y: jac(y)
    ).y


@pytest.mark.parametrize("method", ["Rodas5P", "auto"])
@pytest.mark.parametrize("title", ["Robertson", pytest.param("van der Pol", marks=pytest.mark.slow)])
def test_stiff_equations_as_radau(title, method):
    f, k, y0, times, atol = STIFF[title]
    run = ad.compile(lambda y: solve_ivp(f, (0, times[-1]), y, method, times, args=(k,), rtol=1e-10, atol=atol).y)
    np.testing.assert_allclose(run(y0), by_radau(title), rtol=1e-7)


def test_auto_leaves_the_explicit_method_where_the_equation_is_stiff():
    f, k, y0, _, _ = STIFF["Robertson"]
    found = solve_ivp(f, (0, 40.0), y0, "auto", [40.0], args=(k,), rtol=1e-4, atol=1e-8)
    assert 0 < found.njev < 200
    assert found.nlu == found.njev
    assert found.nfev < 2000
    e = EQUATIONS[2]
    assert solve_ivp(e.f, (0.0, 5.0), e.y0, "auto", [5.0], args=e.args, rtol=1e-6).njev == 0


def test_max_step_and_first_step_are_kept():
    e = EQUATIONS[0]
    found = solve_ivp(e.f, (0.0, 2.0), e.y0, args=e.args, max_step=0.125, first_step=0.01)
    steps = np.diff(found.t)
    assert steps[0] == 0.01
    assert np.all(steps <= 0.125 * (1 + 1e-12) * 1.01)
    assert len(steps) >= 16


def test_a_tolerance_for_each_part_of_the_state():
    def f(t, y):
        return {"a": -y["a"], "b": -y["b"]}

    start = {"a": 1.0, "b": np.ones(2)}
    rough = solve_ivp(f, (0, 1), start, atol=1e-3, rtol=1e-12).nfev
    fine = solve_ivp(f, (0, 1), start, atol={"a": 1e-9, "b": np.full(2, 1e-3)}, rtol=1e-12).nfev
    assert fine > 2 * rough
