"""Gradient clipping."""

import pickle

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.optimize import Status, clip_by_norm, clip_by_value, minimize


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def test_clipping_by_norm_keeps_the_direction_and_is_exact():
    rng = np.random.default_rng(1)
    for size in (0.1, 10.0, 1e200, 1e-200):
        g = rng.standard_normal((3, 4)) * size
        clipped = clip_by_norm(1.0)(g)
        norm = size * np.linalg.norm(g / size)
        np.testing.assert_allclose(clipped, g / max(1.0, norm), rtol=1e-14)
    np.testing.assert_array_equal(clip_by_norm(1.0)(np.zeros(3)), np.zeros(3))
    assert clip_by_norm(2.0)(np.array(-5.0)) == -2
    single = clip_by_norm(0.1)(np.ones(3, np.float32))
    assert single.dtype == np.float32
    assert np.isnan(clip_by_norm(1.0)(np.array([np.inf, 1.0]))).any()


def test_clipping_by_norm_treats_the_starts_of_a_batch_apart():
    g = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    np.testing.assert_allclose(clip_by_norm(1.0, axis=-1)(g), [[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]], rtol=1e-14)
    # With one infinite start the others go on.
    g[2] = np.inf
    np.testing.assert_allclose(clip_by_norm(1.0, axis=-1)(g)[:2], [[0.6, 0.8], [0.3, 0.4]], rtol=1e-14)


def test_clipping_by_value_leaves_the_rest():
    g = np.array([-3.0, -0.5, 0.5, np.inf, np.nan])
    np.testing.assert_array_equal(clip_by_value(1.0)(g), [-1, -0.5, 0.5, 1, np.nan])
    assert clip_by_value(1.0)(np.ones(2, np.float32)).dtype == np.float32


def test_clipping_happens_before_the_step_and_over_a_whole_nest():
    f = lambda p: 100 * p["a"] + 100 * np.sum(p["b"])
    found = minimize(f, {"a": 0.0, "b": np.zeros(3)}, method="gd", lr=0.5, max_iter=1, clip=clip_by_norm(1.0))
    np.testing.assert_allclose([found.x["a"], *found.x["b"]], np.full(4, -0.25), rtol=1e-14)
    with np.errstate(all="ignore"):
        assert minimize(rosenbrock, [-1.2, 1.0], method="gd", lr=0.01).status is Status.NON_FINITE
    clipped = minimize(rosenbrock, [-1.2, 1.0], method="gd", lr=0.002, clip=clip_by_norm(1.0), gtol=1e-3)
    assert clipped.success


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_clipping_pickles_and_checks_its_limit(clip):
    g = np.array([3.0, 4.0])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clip(1.0)))(g), clip(1.0)(g))
    for limit in (0.0, -1.0, np.nan):
        with pytest.raises(ad.ArgumentError, match="limit of clipping must be positive"):
            clip(limit)
