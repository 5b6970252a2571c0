"""Every method of every family by each of its arguments alone: batches, compiled code, both modes, second order."""

import numpy as np
import pytest
import scipy.stats
from test_scipy_stats import COUNTS, TABLE

import dragongrad as ad
from dragongrad.scipy import stats

MOMENTS = ("mean", "var", "std", "entropy")


def points(name, method):
    """Arguments of a method, at two places or probabilities."""
    shapes, x = (TABLE | COUNTS)[name]
    rest = tuple(map(np.float64, shapes if name in COUNTS else (*shapes, 0.4, 1.3)))
    if method in MOMENTS:
        return [rest]
    if method in ("ppf", "isf"):
        return [(np.float64(q), *rest) for q in (0.07, 0.83)]
    return [(np.float64(v if name in COUNTS else v * 1.3 + 0.4), *rest) for v in (x[1], x[-1])]


def moving(name, method, args):
    """Which arguments move: places of whole numbers do not, nor the number of trials."""
    whole = 0 if name not in COUNTS else (method not in MOMENTS) + (name in ("binom", "betabinom"))
    return range(whole, len(args))


def cases():
    for name in TABLE | COUNTS:
        for method in getattr(stats, name)._found():
            theirs = getattr(getattr(scipy.stats, name), method)
            if method not in MOMENTS or np.isfinite(theirs(*points(name, method)[0])):
                yield name, method


def differences(f, at):
    h = 1e-4 * max(abs(at), 1e-2)
    return (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * h)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method"), list(cases()))
@pytest.mark.filterwarnings("ignore")
def test_a_method_by_each_argument_alone(name, method):
    ours, theirs = (getattr(getattr(m, name), method) for m in (stats, scipy.stats))
    for args in points(name, method):
        if not np.isfinite(theirs(*args)):
            continue
        for i in moving(name, method, args):

            def both(t, args=args, i=i):
                return ad.value_and_grad(ours, i)(*args[:i], t, *args[i + 1 :])

            slope = lambda t, both=both: both(t)[1]
            rows = args[i] * np.array([1.0, 1.001, 0.999])
            wanted = [both(row) for row in rows]
            values, slopes = map(np.array, zip(*wanted, strict=True))
            plain = lambda t, args=args, i=i: float(theirs(*args[:i], t, *args[i + 1 :]))
            np.testing.assert_allclose(slopes[0], differences(plain, args[i]), rtol=1e-5, atol=1e-7)
            forward = ad.jvp(lambda t, args=args, i=i: ours(*args[:i], t, *args[i + 1 :]), (args[i],), (1.0,))
            np.testing.assert_allclose(forward, wanted[0], rtol=1e-8, atol=1e-13)
            bend = differences(slope, args[i])
            size = max(abs(slopes[0]), 1e-3)
            np.testing.assert_allclose(ad.grad(slope)(args[i]), bend, rtol=2e-5, atol=2e-6 * size)
            one, many = ad.compile(both), ad.compile(ad.vmap(both))
            for found in (ad.vmap(both)(rows), many(rows), many(rows)):
                np.testing.assert_allclose(found, (values, slopes), rtol=1e-9, atol=1e-13)
            for row, want in zip(rows, wanted, strict=True):
                np.testing.assert_allclose(one(row), want, rtol=1e-9, atol=1e-13)
