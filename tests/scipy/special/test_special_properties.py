"""What holds of every function of SciPy's that has a rule: values, both modes, batches, compiled code."""

import numpy as np
import pytest
from grid import BACKENDS, covering, thinned
from special_cases import ALL
from test_special_slopes import function

import dragongrad as ad

every = pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)


def stacked(case):
    """The points of a case as one array for each argument."""
    return [np.array(column) for column in zip(*case.points, strict=True)]


def sum_of(case, args):
    """The sum over all points, as a function of the arguments that have a derivative."""
    f = function(case)

    def total(*active):
        given = list(args)
        for which, value in zip(case.active, active, strict=True):
            given[which] = value
        return np.sum(f(*given))

    return total


def close(found, expected, rtol=1e-9):
    found, expected = np.asarray(found), np.asarray(expected)
    scale = np.maximum(np.abs(expected), 1e-6 * np.max(np.abs(expected), initial=1e-300))
    return found.dtype == expected.dtype and bool(np.all(np.abs(found - expected) <= rtol * scale))


@every
def test_values_and_dtypes_are_scipys(case):
    f, args = function(case), stacked(case)
    active = case.active[0]
    value, _ = ad.jvp(lambda x: f(*args[:active], x, *args[active + 1 :]), (args[active],), (args[active] * 0 + 1,))
    plain = f(*args)
    assert np.array_equal(value, plain, equal_nan=True)
    assert value.dtype == plain.dtype


@every
def test_forward_mode_is_reverse_mode(case):
    args = stacked(case)
    total, active = sum_of(case, args), [args[i] for i in case.active]
    found = ad.grad(total, tuple(range(len(active))))(*active)
    for which, slope in enumerate(found):
        for k in range(len(slope)):
            dots = tuple([np.zeros_like(a) for a in active])
            dots[which][k] = 1
            assert close(ad.jvp(total, tuple(active), dots)[1], slope[k], 1e-12)


@every
def test_a_batch_is_a_loop(case):
    args = stacked(case)
    slope = ad.grad(function(case), case.active)
    batched = ad.vmap(slope)(*args)
    for k in range(len(case.points)):
        for found, expected in zip(batched, slope(*[a[k] for a in args]), strict=True):
            assert close(found[k], expected, 1e-12)


@pytest.mark.parametrize(("case", "backend"), thinned(covering({case.id: case for case in ALL}, BACKENDS)))
def test_compiled_gradients_are_eager_ones(case, backend):
    args = stacked(case)
    total, active = sum_of(case, args), [args[i] for i in case.active]
    gradient = ad.grad(total, tuple(range(len(active))))
    expected, compiled = gradient(*active), ad.compile(gradient, backend=backend)
    for _ in range(2):
        for found, one in zip(compiled(*active), expected, strict=True):
            assert close(found, one)


@pytest.mark.parametrize("case", [c for c in ALL if len(c.points[0]) == 1], ids=lambda case: case.id)
def test_narrow_and_empty_arrays_stay_what_they_are(case):
    f = function(case)
    x = np.array(case.points, np.float32).ravel()
    with np.errstate(all="ignore"):
        assert ad.grad(lambda x: np.sum(f(x)))(x).dtype == np.float32
        assert ad.jvp(f, (x,), (x,))[1].dtype == f(x).dtype
    assert ad.grad(lambda x: np.sum(f(x)))(np.empty((0, 2))).shape == (0, 2)
