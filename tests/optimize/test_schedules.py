"""Learning-rate schedules."""

import math
import pickle

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.optimize import (
    GD,
    METHODS,
    ConstantRate,
    CosineDecay,
    ExponentialDecay,
    OneCycle,
    Status,
    StepDecay,
    WarmUp,
    minimize,
)


def half(part):
    return (1 + math.cos(math.pi * part)) / 2


# A schedule, and its rates at some counts worked out from its formula.
TABLE = [
    (ConstantRate(0.3), {0: 0.3, 10**6: 0.3}),
    (StepDecay(1.0, every=3, factor=0.5), {0: 1, 2: 1, 3: 0.5, 5: 0.5, 6: 0.25, 30: 2**-10}),
    (ExponentialDecay(2.0, 0.9), {0: 2, 1: 1.8, 2: 1.62, 10: 2 * 0.9**10}),
    (CosineDecay(1.0, 10), {0: 1, 3: half(0.3), 5: 0.5, 10: 0, 11: 0, 1000: 0}),
    (CosineDecay(1.0, 10, end=0.2), {0: 1, 5: 0.6, 10: 0.2, 99: 0.2}),
    (CosineDecay(1.0, 10, restarts=True), {0: 1, 5: 0.5, 10: 1, 15: 0.5, 1234: half(0.4)}),
    (
        CosineDecay(1.0, 10, end=0.1, restarts=True, growth=2.0),
        {5: 0.55, 9: 0.1 + 0.9 * half(0.9), 10: 1, 20: 0.55, 30: 1, 50: 0.55, 70: 1, 71: 0.1 + 0.9 * half(1 / 80)},
    ),
    (WarmUp(4, 0.5), {0: 0.1, 1: 0.2, 3: 0.4, 4: 0.5, 100: 0.5}),
    (WarmUp(4, ExponentialDecay(0.5, 0.5)), {0: 0.1, 3: 0.4, 4: 0.5, 5: 0.25, 6: 0.125}),
    (OneCycle(1.0, 10, rise=0.5), {0: 0.04, 2: 0.52, 4: 1, 9: 4e-6, 50: 4e-6}),
]


@pytest.mark.parametrize(("schedule", "rates"), TABLE, ids=[repr(row[0]) for row in TABLE])
def test_rates(schedule, rates):
    assert [schedule(count) for count in rates] == pytest.approx(list(rates.values()), rel=1e-12, abs=1e-15)
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert [again(count) for count in range(20)] == [schedule(count) for count in range(20)]
    with pytest.raises(AttributeError):
        schedule.lr = 3.0


@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        (StepDecay(0.5, every=7, factor=0.3), "StepLR", {"step_size": 7, "gamma": 0.3}),
        (ExponentialDecay(0.5, 0.95), "ExponentialLR", {"gamma": 0.95}),
        (CosineDecay(0.5, 60, end=0.01), "CosineAnnealingLR", {"T_max": 60, "eta_min": 0.01}),
        (CosineDecay(0.5, 13, restarts=True), "CosineAnnealingWarmRestarts", {"T_0": 13}),
        (
            CosineDecay(0.5, 5, end=0.1, restarts=True, growth=2.0),
            "CosineAnnealingWarmRestarts",
            {"T_0": 5, "T_mult": 2, "eta_min": 0.1},
        ),
        (OneCycle(0.5, 60), "OneCycleLR", {"max_lr": 0.5, "total_steps": 60}),
        (
            OneCycle(0.5, 61, rise=0.45, begin=0.1, end=0.01),
            "OneCycleLR",
            {"max_lr": 0.5, "total_steps": 61, "pct_start": 0.45, "div_factor": 10, "final_div_factor": 100},
        ),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_rates_agree_with_pytorch(ours, name, options):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    peer = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
    rates = []
    for _ in range(60):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        peer.step()
    assert [ours(count) for count in range(60)] == pytest.approx(rates, rel=1e-9)


def test_an_optimizer_follows_its_schedule():
    schedule = StepDecay(0.4, every=2, factor=0.5)
    optimizer = GD(lambda x: (np.sum(x), np.ones_like(x)), [0.0], lr=schedule, max_iter=5)
    _, steps = optimizer.solve(return_steps=True)
    np.testing.assert_allclose(np.diff(steps[:, 0]), [-0.4, -0.4, -0.2, -0.2, -0.1], rtol=1e-12)
    assert optimizer.lr == 0.1


@pytest.mark.parametrize("name", [n for n in METHODS if n in ("momentum", "adam", "adamw", "lion", "nadam")])
def test_a_constant_schedule_is_a_number(name):
    f = lambda x: np.sum((x - 1) ** 4)
    a, b = (minimize(f, [3.0, -1.0], method=name, lr=lr, max_iter=20).x for lr in (0.05, ConstantRate(0.05)))
    np.testing.assert_array_equal(a, b)


def test_any_function_of_the_count_is_a_schedule():
    found = minimize(
        lambda x: np.sum(x**2), [1.0], method="gd", lr=lambda count: 0.5 if count else 0.25, max_iter=9
    )
    assert found.nit == 2
    assert found.x[0] == 0


def test_a_schedule_that_came_to_zero_ends_the_run():
    found = minimize(lambda x: np.sum(x**2), [1.0, 2.0], method="gd", lr=CosineDecay(0.01, 10))
    assert found.status is Status.MAX_ITER
    assert found.nit == 11
    assert "came to zero after 10 steps" in found.message
    # One that only begins there does not.
    rising = lambda count: 0.1 * count
    assert minimize(lambda x: np.sum(x**2), [1.0, 2.0], method="gd", lr=rising, max_iter=100).success


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf])
def test_a_schedule_without_a_rate_is_refused(rate):
    with pytest.raises(ad.ArgumentError, match="after 3 steps: return a positive number"):
        minimize(lambda x: np.sum(x**2), [1.0], method="gd", lr=lambda count: rate if count == 3 else 0.1)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: ConstantRate(0.0), "lr must be positive"),
        (lambda: ConstantRate(math.nan), "lr must be positive"),
        (lambda: StepDecay(0.1, every=0), "every must be a positive whole number"),
        (lambda: StepDecay(0.1, every=2.5), "every must be a positive whole number"),
        (lambda: StepDecay(0.1, every=2, factor=0.0), r"factor must lie in \(0, 1\]"),
        (lambda: ExponentialDecay(0.1, 1.1), r"factor must lie in \(0, 1\]"),
        (lambda: ExponentialDecay(-0.1, 0.9), "lr must be positive"),
        (lambda: CosineDecay(0.1, 0), "steps must be a positive whole number"),
        (lambda: CosineDecay(0.1, 10, end=0.2), "end must lie between 0 and lr"),
        (lambda: CosineDecay(0.1, 10, restarts=True, growth=0.5), "growth must be at least 1"),
        (lambda: CosineDecay(0.1, 10, growth=2.0), "add restarts=True"),
        (lambda: WarmUp(0, 0.1), "steps must be a positive whole number"),
        (lambda: WarmUp(10, 0.0), "after must be positive"),
        (lambda: WarmUp(10, lambda count: -1.0), "after must be positive"),
        (lambda: OneCycle(0.0, 10), "peak must be positive"),
        (lambda: OneCycle(0.1, 10, rise=1.0), r"rise must lie in \(0, 1\)"),
        (lambda: OneCycle(0.1, 10, begin=2.0), r"begin must lie in \(0, 1\]"),
        (lambda: OneCycle(0.1, 10, end=0.0), r"end must lie in \(0, 1\]"),
        (lambda: OneCycle(0.1, 3), "too few"),
    ],
)
def test_bad_arguments(make, match):
    with pytest.raises(ad.ArgumentError, match=match):
        make()
