"""First and second derivatives of SciPy's functions, against mpmath."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special
from special_cases import ALL

import dragongrad as ad


def function(case):
    """The ufunc of a case as a function with one output."""
    fn = getattr(special, case.name, None)
    fn = fn if isinstance(fn, np.ufunc) else getattr(special._ufuncs, case.name)
    return fn if case.output is None else lambda *args: fn(*args)[case.output]


def exact(case, point, orders):
    """A derivative as mpmath finds it, of so many orders by each argument."""
    with mp.workdps(40):
        given = [mp.mpf(p) if isinstance(p, float) else p for p in point]
        which = [i for i, n in enumerate(orders) if n]

        def f(*moved):
            args = list(given)
            for i, value in zip(which, moved, strict=True):
                args[i] = value
            return case.exact(*args)

        if len(which) == 1:
            return mp.re(mp.diff(f, given[which[0]], orders[which[0]]))
        return mp.re(mp.diff(f, tuple([given[i] for i in which]), tuple([orders[i] for i in which])))


def agree(case, point, found, expected, rtol):
    # Where a derivative is zero, its terms are not.
    size = max(abs(float(expected)), 1e-3 * abs(float(mp.re(case.exact(*point)))), 1e-300)
    return abs(float(mp.mpf(float(found)) - expected)) <= rtol * size


@pytest.mark.parametrize("case", ALL, ids=lambda c: c.id)
def test_slopes_are_those_of_mpmath(case):
    f = function(case)
    for which in case.active:
        slope = ad.grad(f, which)
        for point in case.points:
            expected = exact(case, point, [int(i == which) for i in range(len(point))])
            with np.errstate(under="ignore"):
                found = slope(*point)
            assert agree(case, point, found, expected, case.rtol), (point, which, found, float(expected))


def check_curvatures(case, points):
    f = function(case)
    for which in case.active:
        for other in case.active:
            curve = ad.grad(ad.grad(f, which), other)
            for point in points:
                orders = [int(i == which) + int(i == other) for i in range(len(point))]
                expected = exact(case, point, orders)
                with np.errstate(under="ignore"):
                    found = curve(*point)
                known = abs(expected) < 1e-30 and found == 0
                assert known or agree(case, point, found, expected, case.second), (point, which, other, found)


# mpmath takes long where it integrates.
LONG = frozenset(
    {"kv", "kve", "kn", "itj0y0[1]", "owens_t", "chndtrinc", "chndtrix", "elliprj", "k1", "k0", "yv", "yve", "yn"}
)


@pytest.mark.parametrize("case", [c for c in ALL if c.id not in LONG], ids=lambda c: c.id)
def test_curvatures_are_those_of_mpmath(case):
    check_curvatures(case, case.points[1::3] or case.points)


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=lambda c: c.id)
def test_curvatures_are_those_of_mpmath_everywhere(case):
    check_curvatures(case, case.points)
