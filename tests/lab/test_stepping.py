"""Many runs as one compiled loop, beside the same runs a step at a time."""

from importlib import import_module

import numpy as np
import pytest

from dragongrad import lab
from dragongrad.core.errors import CompileError
from dragongrad.lab import stepping
from dragongrad.lab.stepping import Stepping
from dragongrad.optimize import Adam, ExponentialDecay, clip_by_norm, clip_by_value
from dragongrad.optimize.compiled_loop import CompiledLoop
from dragongrad.optimize.methods.formulas import FORMULAS

# The name in the package is the function of the module.
maps = import_module("dragongrad.lab.basins")


@pytest.fixture
def both(monkeypatch):
    """A map whose steps are compiled, the same step by step, and how many calls the compiled loop answered."""

    def run(*args, **options):
        calls = []
        plain = CompiledLoop.__call__

        def counted(self, consts, carry):
            found = plain(self, consts, carry)
            calls.append(found)
            return found

        monkeypatch.setattr(CompiledLoop, "__call__", counted)
        monkeypatch.setattr(stepping, "_MANY", np.inf)
        slow = lab.basins(*args, **options)
        assert not calls
        monkeypatch.setattr(stepping, "_MANY", 0)
        quick = lab.basins(*args, **options)
        monkeypatch.setattr(CompiledLoop, "__call__", plain)
        return quick, slow, calls

    return run


def check_equal(quick, slow, atol=1e-12):
    np.testing.assert_array_equal(quick.label, slow.label)
    np.testing.assert_array_equal(quick.arrival, slow.arrival)
    np.testing.assert_allclose(quick.ends, slow.ends, rtol=1e-12, atol=atol)


RATES = {"gd": 0.002, "momentum": 0.001, "nesterov": 0.001, "adadelta": 1.0, "lion": 0.02, "adagrad": 0.5}
FEW = ("gd", "rprop", "nadam", "radam")


@pytest.mark.parametrize("method", [m if m in FEW else pytest.param(m, marks=pytest.mark.slow) for m in FORMULAS])
def test_each_method_makes_the_same_steps(both, method):
    quick, slow, calls = both("himmelblau", (method, {"lr": RATES.get(method, 0.05)}), grid=(7, 5), steps=150)
    check_equal(quick, slow)
    assert calls


@pytest.mark.parametrize(
    ("function", "options"),
    [
        ("rastrigin", {"lr": ExponentialDecay(0.1, 0.99), "clip": clip_by_norm(2.0, axis=-1)}),
        pytest.param("ackley", {"clip": clip_by_value(0.3), "eps": 1e-4}, marks=pytest.mark.slow),
        pytest.param("six-hump-camel", {"lr": 0.5, "beta1": 0.0}, marks=pytest.mark.slow),
    ],
)
def test_schedules_and_clipping(both, function, options):
    quick, slow, calls = both(function, ("adam", options), grid=(6, 6), steps=60)
    check_equal(quick, slow, 1e-9)
    assert calls


def test_a_smaller_last_part_is_filled_up(both, monkeypatch):
    monkeypatch.setattr(maps, "_CHUNK", 10)
    quick, slow, calls = both("himmelblau", ("adam", {"lr": 0.1}), grid=(7, 4), steps=40)
    check_equal(quick, slow)
    assert len(calls) == 3


def test_runs_that_are_lost_or_rest(both):
    quick, slow, calls = both(
        lambda x: x[0] ** 4 - x[0] ** 2 + np.exp(2 * x[1]) / 2 - 2 * x[1], ("gd", {"lr": 0.1}), [[-2, 2], [-3, 7]],
        grid=(6, 3), steps=600,
    )  # fmt: skip
    check_equal(quick, slow)
    assert calls
    assert {-2, 0, 1} <= set(quick.label.ravel())
    # All come to an end long before the last step.
    assert sum(int(found[-2]) for found in calls) < 500


def root(x):
    return np.where(x[0] > 0.5, np.sqrt(np.abs(x[0] - 0.5)), (x[0] - 0.5) ** 2) + x[1] ** 2


def test_a_gradient_that_only_careful_rules_have(both):
    # Its plain rules give NaN wherever a run comes to 0.5 exactly, as signs times a binary fraction do.
    def sticky(x):
        return root(x) + 0.0 * x[0]

    quick, slow, calls = both(sticky, ("lion", {"lr": 2.0**-5}), [[-0.5, 1.5], [-1, 1]], grid=(5, 5), steps=60)
    check_equal(quick, slow)
    assert any(found[-1] for found in calls)


@pytest.mark.parametrize("function", [lambda x: np.sum(np.sort(x) ** 2), lambda x: np.linalg.norm(np.fft.fft(x))])
def test_what_calls_back_goes_on_as_it_was(both, function):
    quick, slow, calls = both(function, "adam", [[-1, 1], [-1, 1.5]], grid=(4, 4), steps=30)
    check_equal(quick, slow)
    assert not calls


def test_methods_with_steps_of_their_own_are_left_alone(both):
    class Slower(Adam):
        def step(self):
            super().step()
            self.params *= 0.999

    quick, slow, calls = both("himmelblau", Slower, grid=(4, 4), steps=30)
    check_equal(quick, slow)
    assert not calls


def test_gradients_that_change_are_noticed(monkeypatch):
    calls = []

    def impure(x):
        calls.append(None)
        return x[0] ** 2 * (1 + 0.01 * len(calls)) + x[1] ** 2

    monkeypatch.setattr(stepping, "_MANY", 0)
    monkeypatch.setattr(maps, "may_be_batched", lambda *args: True)
    made = []
    went = Stepping.go_on
    monkeypatch.setattr(Stepping, "go_on", lambda *args: made.append(args[4]) or went(*args))
    found = lab.basins(impure, ("gd", {"lr": 0.01}), [[-1, 1], [-1, 1]], grid=(4, 4), steps=40)
    assert made == [stepping._FIRST]
    assert np.isfinite(found.ends).all()


def test_ctrl_c_between_calls_keeps_what_was_found(monkeypatch):
    plain, calls = CompiledLoop.__call__, []

    def interrupted(self, consts, carry):
        calls.append(None)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(self, consts, carry)

    monkeypatch.setattr(stepping, "_MANY", 0)
    monkeypatch.setattr(CompiledLoop, "__call__", interrupted)
    found = lab.basins("himmelblau", ("gd", {"lr": 1e-6}), grid=(4, 4), steps=1000)
    assert found.interrupted
    moved = np.linalg.norm(found.ends - np.stack(np.meshgrid(found.x, found.y), axis=-1), axis=-1)
    assert (moved[found.label < 0] > 0).all()


def test_a_loop_that_decides_by_a_value_is_refused():
    with pytest.raises(CompileError, match="decides by a value"):
        CompiledLoop(lambda c, s: s[0] < 3, lambda c, s: [s[0] + 1 if s[0] > 0 else s[0] + 2], [], [np.float64(0)])
