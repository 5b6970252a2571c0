"""Pure updates against the optimizers that step in place, eager and compiled."""

import numpy as np
import pytest
from grid import assert_same

import dragongrad as ad
from dragongrad import nn, optimize
from dragongrad.core.nests import map_nest

# Each update, and the class with the same options.
PAIRS = {
    "sgd": (nn.sgd(0.02), optimize.GD, {"lr": 0.02}),
    "momentum": (nn.momentum(0.02, momentum=0.8), optimize.Momentum, {"lr": 0.02, "momentum": 0.8}),
    "sgd with momentum": (nn.sgd(0.02, momentum=0.8), optimize.Momentum, {"lr": 0.02, "momentum": 0.8}),
    "nesterov": (nn.nesterov(0.02), optimize.Nesterov, {"lr": 0.02}),
    "rprop": (nn.rprop(0.02), optimize.Rprop, {"lr": 0.02}),
    "adagrad": (nn.adagrad(0.1), optimize.Adagrad, {"lr": 0.1}),
    "adadelta": (nn.adadelta(), optimize.AdaDelta, {}),
    "rmsprop": (nn.rmsprop(0.02), optimize.RMSProp, {"lr": 0.02}),
    "rmsprop centered": (
        nn.rmsprop(0.02, centered=True, momentum=0.5), optimize.RMSProp,
        {"lr": 0.02, "centered": True, "momentum": 0.5},
    ),
    "adam": (nn.adam(0.05, beta2=0.99), optimize.Adam, {"lr": 0.05, "beta2": 0.99}),
    "adamw": (nn.adamw(0.05, weight_decay=0.1), optimize.AdamW, {"lr": 0.05, "weight_decay": 0.1}),
    "amsgrad": (nn.amsgrad(0.05), optimize.AMSGrad, {"lr": 0.05}),
    "nadam": (nn.nadam(0.05), optimize.NAdam, {"lr": 0.05}),
    "radam": (nn.radam(0.05), optimize.RAdam, {"lr": 0.05}),
    "lion": (nn.lion(0.01, weight_decay=0.1), optimize.Lion, {"lr": 0.01, "weight_decay": 0.1}),
}  # fmt: skip
START = {"w": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": np.array([0.3])}


def loss(params):
    return np.sum(np.cosh(params["w"] - 0.5)) + np.sum((params["b"] * params["w"][0] - 1.0) ** 2)


def run(update, steps=12, dtype=np.float64, compiled=False):
    def step(params, state):
        return update(params, ad.grad(loss)(params), state)

    step = ad.compile(step) if compiled else step
    params = map_nest(lambda v: v.astype(dtype), START)
    state = update.start(params)
    for _ in range(steps):
        params, state = step(params, state)
    return params, state


@pytest.mark.parametrize("name", PAIRS)
def test_as_the_optimizer_of_that_name(name):
    update, cls, options = PAIRS[name]
    optimizer = cls(loss, START, tol=0, max_iter=12, **options)
    params, state = run(update)
    assert_same(params, optimizer.solve())
    assert state["count"] == 12


@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", PAIRS)
def test_compiled(name, dtype):
    eager, compiled = run(PAIRS[name][0], dtype=dtype), run(PAIRS[name][0], dtype=dtype, compiled=True)
    assert_same(compiled, eager, dtype)
    assert {v.dtype for v in eager[0].values()} == {np.dtype(dtype)}
    for memory in eager[1]["memory"].values():
        assert {v.dtype for v in memory.values()} == {np.dtype(dtype)}


@pytest.mark.parametrize("name", PAIRS)
def test_numbers_of_pythons_are_parameters(name):
    """A nest of them, or one alone, moves as arrays without axes do."""
    update = PAIRS[name][0]

    def run(params):
        state = update.start(params)
        for _ in range(3):
            gradient = ad.grad(lambda p: p["a"] ** 4 + np.sum(p["b"] ** 2))(params)
            params, state = update(params, gradient, state)
        return params

    got, expected = run({"a": 1.5, "b": np.ones(2)}), run({"a": np.array(1.5), "b": np.ones(2)})
    assert_same(float(got["a"]), float(expected["a"]))
    assert_same(got["b"], expected["b"])
    state = update.start(1.5)
    assert np.isfinite(update(1.5, 0.5, state)[0])


def test_a_step_is_compiled_once():
    update = nn.adam(0.1)
    step = ad.compile(lambda params, state: update(params, ad.grad(loss)(params), state))
    params, state = START, update.start(START)
    for _ in range(5):
        params, state = step(params, state)
    assert "1 version, 1 path" in step.report()


def test_clipping_is_of_all_arrays_together():
    update = nn.sgd(1.0, clip=nn.clip_by_norm(1.0))
    gradient = {"w": np.full((2, 2), 2.0), "b": np.array([3.0])}
    params, _ = update(START, gradient, update.start(START))
    moved = np.concatenate([np.ravel(START[k] - params[k]) for k in ("w", "b")])
    np.testing.assert_allclose(moved, np.array([2, 2, 2, 2, 3]) / 5)


@pytest.mark.parametrize("decays", [lambda w: w.ndim > 1, {"w": True, "b": False}])
def test_only_some_arrays_decay(decays):
    update = nn.sgd(0.5, decay=0.1, decays=decays)
    params, _ = update(START, map_nest(np.zeros_like, START), update.start(START))
    np.testing.assert_allclose(params["w"], 0.95 * START["w"])
    np.testing.assert_array_equal(params["b"], START["b"])


def test_the_mean_of_the_parameters():
    update = nn.sgd(0.5, average=0.75)
    one = map_nest(np.ones_like, START)
    params, state = update(START, one, update.start(START))
    np.testing.assert_allclose(update.averaged(state)["b"], 0.75 * START["b"] + 0.25 * params["b"])
    np.testing.assert_allclose(START["b"], 0.3)
    with pytest.raises(ad.ArgumentError, match=r"average=0\.999"):
        nn.adam(0.1).averaged(state)


SCHEDULES = {
    "step": nn.StepDecay(0.1, every=3, factor=0.5),
    "exponential": nn.ExponentialDecay(0.1, 0.9),
    "cosine": nn.CosineDecay(0.1, 6, end=0.01),
    "restarts": nn.CosineDecay(0.1, 3, restarts=True),
    "longer restarts": nn.CosineDecay(0.1, 2, restarts=True, growth=2.0),
    "warm-up": nn.WarmUp(3, nn.CosineDecay(0.1, 6, end=0.01)),
    "one cycle": nn.OneCycle(0.1, steps=10),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    schedule = SCHEDULES[name]
    update = nn.sgd(schedule)
    gradient = map_nest(np.ones_like, START)
    step = ad.compile(lambda params, state: update(params, gradient, state))
    params, state, x = START, update.start(START), START["b"][0]
    for count in range(10):
        params, state = step(params, state)
        x -= schedule(count)
        np.testing.assert_allclose(params["b"], [x], rtol=1e-12)
    assert "1 version, 1 path" in step.report()


REFUSED = {
    "an unknown option": (lambda: nn.adam(0.1, beta3=0.5), ad.ArgumentError, "beta3"),
    "a rate of zero": (lambda: nn.adam(0.0), ad.ArgumentError, "lr must be positive"),
    "a decay rate": (lambda: nn.adam(0.1, beta1=1.0), ad.ArgumentError, "beta1 must lie"),
    "a negative decay": (lambda: nn.adam(0.1, decay=-1.0), ad.ArgumentError, "decay must not be negative"),
    "a norm to clip by": (lambda: nn.adam(0.1, clip=1.0), ad.ArgumentError, r"nn.clip_by_norm\(1.0\)"),
    "Nesterov without momentum": (lambda: nn.sgd(0.1, nesterov=True), ad.ArgumentError, "needs a momentum"),
    "a state of another method": (
        lambda: nn.adam(0.1)(START, START, nn.sgd(0.1).start(START)), ad.ArgumentError, "remembers nothing"
    ),
    "whole numbers": (lambda: nn.adam(0.1).start({"n": np.arange(3)}), ad.ArgumentError, "floating"),
    "another gradient": (
        lambda: nn.adam(0.1)(START, {"w": START["w"]}, nn.adam(0.1).start(START)), ad.ShapeError, "structure"
    ),
    "a gradient of another shape": (
        lambda: nn.adam(0.1)(START, {"w": START["w"][0], "b": START["b"]}, nn.adam(0.1).start(START)),
        ad.ShapeError, "shapes",
    ),
    "a nest of other decays": (
        lambda: run(nn.adam(0.1, decay=0.1, decays={"w": True})), ad.ArgumentError, "structure"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("name", ["init", "update", "step", "zero_grad"])
def test_an_update_says_what_other_libraries_names_are_here(name):
    with pytest.raises(ad.AbsentError, match=r"(?s)test_updates\.py.*Write (params, state|state|nothing)"):
        getattr(nn.adam(0.1), name)
