"""What tests of the namespace `dragongrad.scipy` share: a case, and the properties that each of them must have."""

import functools
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy
from grid import BACKENDS, assert_compiles, assert_same, covering, leaves, thinned, weighted

import dragongrad as ad
from dragongrad.testing import check_derivatives


@dataclass(frozen=True)
class Case:
    """A function of a module (ours or SciPy's) and arrays, a point, and what of the properties it has."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    rtol: float = 1e-6
    order: int = 2
    near: float = 1e-10
    single: bool = True
    batches: bool = True
    compiles: bool = True
    # The first release of SciPy's that gives this value: an older one refuses the call, or gives another.
    since: tuple[int, int] = (1, 14)


def case(f, *args, **options):
    """A case at these arrays."""
    return Case(f, args, **options)


def bound(one, module):
    """A case as a function of its arrays alone."""
    return functools.wraps(one.f)(functools.partial(one.f, module))


SCIPY = tuple(map(int, scipy.__version__.split(".")[:2]))


def properties(part, cases):
    """Tests of the cases of one part, by their names; a test module binds them to its own names."""
    cases = {name: one for name, one in cases.items() if one.since <= SCIPY}
    ours = importlib.import_module(f"dragongrad.scipy.{part}")
    scipys = importlib.import_module(f"scipy.{part}")
    every = pytest.mark.parametrize("name", cases)
    # SciPy looks at the error of single precision as if it were double.
    rough = pytest.mark.filterwarnings("ignore:logm result may be inaccurate:RuntimeWarning")

    @every
    def test_value_is_scipys(name):
        one = cases[name]
        expected = bound(one, scipys)(*one.args)
        moving = [i for i, a in enumerate(one.args) if np.asarray(a).dtype.kind in "fc"]
        f = _of_some(bound(one, ours), one.args, moving)
        given = tuple(one.args[i] for i in moving)
        got = ad.jvp(f, given, tuple(np.zeros_like(a) for a in given))[0]
        _assert_near(got, expected, one.near)
        _assert_near(bound(one, ours)(*one.args), expected, 0)

    @every
    def test_derivatives(name):
        one = cases[name]
        check_derivatives(bound(one, ours), *one.args, order=1, rtol=one.rtol)

    @pytest.mark.parametrize("name", thinned([n for n in cases if cases[n].order > 1], 3))
    def test_second_derivatives(name):
        one = cases[name]
        check_derivatives(bound(one, ours), *one.args, order=one.order, rtol=one.rtol)

    @pytest.mark.parametrize("name", [n for n in cases if cases[n].batches])
    def test_a_batch_is_its_rows(name):
        one = cases[name]
        x, *rest = one.args
        g = ad.value_and_grad(lambda x: weighted(bound(one, ours))(x, *rest))
        rows = np.stack([x, x * (1 + 2**-10)])
        values, bars = ad.vmap(g)(rows)
        for i, row in enumerate(rows):
            value, bar = g(row)
            np.testing.assert_allclose(values[i], value, rtol=1e-9, atol=1e-9)
            size = np.max(np.abs(bar), initial=1.0)
            np.testing.assert_allclose(bars[i], bar, rtol=1e-8, atol=1e-9 * size)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "k"), [(n, k) for n in cases if cases[n].batches for k in range(1, len(cases[n].args))]
    )
    def test_a_batch_of_a_later_argument_is_its_rows(name, k):
        one = cases[name]
        x = one.args[k]
        if np.asarray(x).dtype.kind not in "fc":
            pytest.skip("has no derivative")

        def g(x):
            return ad.value_and_grad(weighted(bound(one, ours)), k)(*one.args[:k], x, *one.args[k + 1 :])

        rows = np.stack([x, x * (1 + 2**-10)])
        try:
            values, bars = ad.vmap(g)(rows)
        except (ad.ArgumentError, ad.NoRuleError) as error:
            # Rows may ask for results of different shapes, or be written into what SciPy made.
            assert re.search("row|holds no Variables", str(error))  # noqa: PT017
            return
        for i, row in enumerate(rows):
            value, bar = g(row)
            np.testing.assert_allclose(values[i], value, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(bars[i], bar, rtol=1e-7, atol=1e-8 * np.max(np.abs(bar), initial=1.0))

    @pytest.mark.parametrize(
        ("name", "backend", "kind"),
        thinned(covering([n for n in cases if cases[n].compiles], BACKENDS, ["value", "gradient"])),
    )
    def test_compiled(name, backend, kind):
        one = cases[name]
        f = bound(one, ours)
        f = _numbers(f) if kind == "value" else ad.grad(weighted(f), tuple(range(_count(one))))
        other = (one.args[0] * (1 + 2**-10), *one.args[1:])
        # Special functions have native forms, which differ from SciPy's by some units in the last place.
        assert_compiles(f, one.args, other, backend, ulps=1000)

    @rough
    @pytest.mark.parametrize("name", [n for n in cases if cases[n].single])
    def test_single_precision_stays(name):
        one = cases[name]
        args, moving = narrowed(one.args)
        expected, given = bound(one, scipys)(*args), tuple(args[i] for i in moving)
        f = _of_some(bound(one, ours), args, moving)
        value, dot = ad.jvp(f, given, given)
        _assert_near(value, expected, 2e-5)
        for v, t in zip(leaves(value), leaves(dot), strict=True):
            assert np.asarray(t).dtype == np.asarray(v).dtype or np.asarray(v).dtype.kind not in "fc"
        gradient = ad.grad(weighted(f), tuple(range(len(given))))
        assert [g.dtype for g in gradient(*given)] == [x.dtype for x in given]
        assert [g.dtype for g in ad.jvp(gradient, given, given)[1]] == [x.dtype for x in given]
        if one.batches:
            rows = ad.vmap(lambda x: f(x, *given[1:]))(np.stack([given[0]] * 2))
            assert [np.asarray(v).dtype for v in leaves(rows)] == [np.asarray(v).dtype for v in leaves(expected)]

    @rough
    @pytest.mark.parametrize(
        ("name", "backend"),
        thinned(covering([n for n in cases if cases[n].single and cases[n].compiles], BACKENDS), 16),
    )
    def test_single_precision_stays_in_compiled_code(name, backend):
        one = cases[name]
        args, moving = narrowed(one.args)
        given = tuple(args[i] for i in moving)
        f = _of_some(bound(one, ours), args, moving)
        both = lambda *x: (_numbers(f)(*x), ad.grad(weighted(f), tuple(range(len(given))))(*x))
        compiled, expected = ad.compile(both, backend=backend), both(*given)
        assert [g.dtype for g in expected[1]] == [x.dtype for x in given]
        for _ in range(2):
            found = compiled(*given)
            assert_same(found[0], expected[0], np.float32)
            assert [g.dtype for g in found[1]] == [x.dtype for x in given]

    tests = (
        test_value_is_scipys, test_derivatives, test_second_derivatives, test_a_batch_is_its_rows,
        test_a_batch_of_a_later_argument_is_its_rows, test_compiled,
        test_single_precision_stays, test_single_precision_stays_in_compiled_code,
    )  # fmt: skip
    return {t.__name__: t for t in tests}


def narrowed(args):
    """Arguments in single precision, and which of them have a derivative."""
    narrow = {np.dtype(float): np.float32, np.dtype(complex): np.complex64}
    args = [np.asarray(a).astype(narrow.get(np.asarray(a).dtype, np.asarray(a).dtype)) for a in args]
    return args, [i for i, a in enumerate(args) if a.dtype.kind in "fc"]


def _numbers(f):
    """A function whose numbers are NumPy's: of plain arrays SciPy gives floats too, or arrays of no axes."""

    def run(*args):
        return [np.asarray(value)[()] for value in leaves(f(*args))]

    return run


def _count(one):
    return len([a for a in one.args if np.asarray(a).dtype.kind in "fc"])


def _of_some(f, args, moving):
    def g(*given):
        full = list(args)
        for i, x in zip(moving, given, strict=True):
            full[i] = x
        return f(*full)

    return g


def _assert_near(got, expected, near):
    for a, b in zip(leaves(got), leaves(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        if near == 0:
            np.testing.assert_array_equal(a, b)
        else:
            size = np.max(np.abs(b), initial=1.0)
            np.testing.assert_allclose(a, b, rtol=near, atol=near * size)
