"""The line search of Moré and Thuente, against the tables of their paper and on values that misbehave."""

import math

import numpy as np
import pytest

from dragongrad.optimize.line_search.more_thuente import strong_wolfe

# The test functions of section 5 of the paper: phi, decrease, curvature, and for the first trials 1e-3, 1e-1, 10
# and 1000 the number of evaluations and the step found, from its tables I to VI.


def phi_1(a, beta=2.0):
    return -a / (a**2 + beta), (a**2 - beta) / (a**2 + beta) ** 2


def phi_2(a, beta=0.004):
    return (a + beta) ** 5 - 2 * (a + beta) ** 4, 5 * (a + beta) ** 4 - 8 * (a + beta) ** 3


def phi_3(a, beta=0.01, waves=39):
    if abs(a - 1) >= beta:
        base, slope = abs(a - 1), math.copysign(1.0, a - 1)
    else:
        base, slope = (a - 1) ** 2 / (2 * beta) + beta / 2, (a - 1) / beta
    wave = waves * math.pi / 2
    return (
        base + 2 * (1 - beta) / (waves * math.pi) * math.sin(wave * a),
        slope + (1 - beta) * math.cos(wave * a),
    )


def yanai(beta_1, beta_2):
    def gamma(beta):
        return math.sqrt(1 + beta**2) - beta

    def phi(a):
        left, right = math.hypot(1 - a, beta_2), math.hypot(a, beta_1)
        return (
            gamma(beta_1) * left + gamma(beta_2) * right,
            gamma(beta_1) * (a - 1) / left + gamma(beta_2) * a / right,
        )

    return phi


TABLES = {
    "I": (phi_1, 0.001, 0.1, [(6, 1.4), (3, 1.4), (1, 10), (4, 37)]),
    "II": (phi_2, 0.1, 0.1, [(12, 1.6), (8, 1.6), (8, 1.6), (11, 1.6)]),
    "III": (phi_3, 0.1, 0.1, [(12, 1.0), (12, 1.0), (10, 1.0), (13, 1.0)]),
    "IV": (yanai(0.001, 0.001), 0.001, 0.001, [(4, 0.085), (1, 0.10), (3, 0.35), (4, 0.83)]),
    "V": (yanai(0.01, 0.001), 0.001, 0.001, [(6, 0.075), (3, 0.078), (7, 0.073), (8, 0.076)]),
    "VI": (yanai(0.001, 0.01), 0.001, 0.001, [(13, 0.93), (11, 0.93), (8, 0.92), (11, 0.92)]),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("row", range(4))
def test_the_tables_of_the_paper(table, row):
    phi, decrease, curvature, rows = TABLES[table]
    first = (1e-3, 1e-1, 10.0, 1000.0)[row]
    trials, step = rows[row]
    found = strong_wolfe(phi, *phi(0.0), first, decrease=decrease, curvature=curvature, width=1e-15)
    assert found.wolfe
    assert found.trials == trials
    assert found.step == pytest.approx(step, rel=0.06)
    value, slope = phi(found.step)
    assert (found.value, found.slope) == (value, slope)
    assert value <= phi(0.0)[0] + decrease * found.step * phi(0.0)[1]
    assert abs(slope) <= curvature * abs(phi(0.0)[1])


# Values that misbehave


def test_a_step_without_a_value_is_shortened():
    tried = []

    def phi(t):
        tried.append(t)
        return (-math.log(1 - t) - 3 * t, 1 / (1 - t) - 3) if t < 1 else (math.nan, math.nan)

    found = strong_wolfe(phi, 0.0, -2.0, 50.0, curvature=0.1)
    assert found.wolfe
    assert found.step == pytest.approx(2 / 3, abs=0.05)
    assert tried[:3] == [50.0, pytest.approx(5.0), pytest.approx(0.5)]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_no_value_at_any_step(bad):
    found = strong_wolfe(lambda t: (bad, bad), 0.0, -1.0, 1.0)
    assert (found.step, found.wolfe) == (0.0, False)
    assert "not finite" in found.reason or "trials" in found.reason
    assert found.trials <= 40
    assert math.isnan(found.curvature)


def test_a_slope_without_a_value_is_no_value():
    found = strong_wolfe(lambda t: ((t - 1) ** 2, math.nan if t > 0.5 else 2 * (t - 1)), 1.0, -2.0, 3.0)
    assert 0 < found.step <= 0.5


def test_a_value_that_only_falls_reaches_the_longest_step():
    found = strong_wolfe(lambda t: (-t, -1.0), 0.0, -1.0, 1.0, most=1e6)
    assert found.step == 1e6
    assert not found.wolfe
    assert "longest" in found.reason


def test_a_slope_that_lies_fails():
    found = strong_wolfe(lambda t: (t, 1.0), 0.0, -1.0, 1.0)
    assert (found.step, found.wolfe) == (0.0, False)
    assert found.reason
    assert found.trials <= 40


def test_a_kink_gives_the_best_step_tried():
    found = strong_wolfe(lambda t: (abs(t - 1), math.copysign(1.0, t - 1)), 1.0, -1.0, 0.3, curvature=0.1)
    assert not found.wolfe
    assert found.value < 0.1


def test_trials_are_limited():
    calls = []

    def phi(t):
        calls.append(t)
        return math.sin(50 * t) - t, 50 * math.cos(50 * t) - 1

    found = strong_wolfe(phi, 0.0, -1e-9, 1e-12, curvature=1e-9, max_trials=7)
    assert len(calls) == found.trials <= 7
    assert found.value == min(phi(t)[0] for t in [0.0, *calls])


def test_rounding_is_excused_by_slopes():
    """Near a minimum the value is flat in floating point, and only the slope still tells the way."""
    offset = 1e8

    def phi(t):
        return offset + (1.5e-8 if t else 0.0), 2e-10 * (t - 1)

    exact = strong_wolfe(phi, *phi(0.0), 0.9)
    excused = strong_wolfe(phi, *phi(0.0), 0.9, noise=1e-7)
    assert not exact.wolfe
    assert excused.wolfe
    assert excused.trials == 1


def test_the_curvature_is_that_along_the_line():
    found = strong_wolfe(lambda t: (2 * (t - 3) ** 2, 4 * (t - 3)), 18.0, -12.0, 1.0, curvature=0.1)
    assert found.curvature == pytest.approx(4)


@pytest.mark.parametrize("scale", [1e-200, 1e-20, 1.0, 1e20, 1e200])
def test_units_do_not_matter(scale):
    plain = strong_wolfe(lambda t: phi_1(t), *phi_1(0.0), 0.1, decrease=0.001, curvature=0.1)
    found = strong_wolfe(
        lambda t: tuple(scale * v for v in phi_1(t)), *(scale * v for v in phi_1(0.0)), 0.1, decrease=0.001,
        curvature=0.1,
    )  # fmt: skip
    assert found.trials == plain.trials
    np.testing.assert_allclose(found.step, plain.step, rtol=1e-12)


def test_random_functions_meet_both_conditions():
    rng = np.random.default_rng(3)
    for _ in range(300):
        roots, first = rng.normal(size=4) * 3, 10 ** rng.uniform(-4, 3)
        p = np.polynomial.Polynomial.fromroots(roots) ** 2
        derivative = p.deriv()
        at, slope = (lambda t, p=p: float(p(t))), (lambda t, d=derivative: float(d(t)))
        sign = -math.copysign(1.0, slope(0.0))
        if abs(slope(0.0)) < 1e-6:
            continue
        found = strong_wolfe(
            lambda t, s=sign, at=at, slope=slope: (at(s * t), s * slope(s * t)), at(0.0), sign * slope(0.0), first,
            decrease=1e-4, curvature=0.9, width=1e-12,
        )  # fmt: skip
        assert found.wolfe, (roots, first, found)
        assert found.value <= at(0.0) + 1e-4 * found.step * sign * slope(0.0)
        assert abs(found.slope) <= 0.9 * abs(slope(0.0))
