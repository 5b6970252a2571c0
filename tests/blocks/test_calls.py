"""What NumPy gives, transforms give: value, dtype, type and error, over the table of calls, dtypes and shapes."""

import warnings

import numpy as np
import pytest
from calls import CHAPTERS
from grid import thinned

import dragongrad as ad
from dragongrad.core.nests import flatten, unflatten

DTYPES = [
    np.bool_, np.int8, np.int64, np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128,
]  # fmt: skip
CALLS = [pytest.param(f, shapes, id=name) for shapes, table in CHAPTERS for name, f in table.items()]


@pytest.fixture(autouse=True)
def silence():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def array(dtype, shape):
    rng, kind = np.random.default_rng(0), np.dtype(dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind == "i":
        return rng.integers(-3, 4, shape).astype(dtype)
    x = 1.3 * rng.normal(size=shape)
    return np.asarray(x + 1j * rng.normal(size=shape) if kind == "c" else x).astype(dtype)


def tried(f, *args):
    """The value, or the error; where there is no rule at all, nothing is compared."""
    try:
        return f(*args)
    except (ad.NoRuleError, ad.BatchError) as error:
        pytest.skip(str(error).splitlines()[0])
    except Exception as error:
        return error


def leaves(value):
    return flatten(value)[0] if not isinstance(value, Exception) else [value]


def assert_as_numpy(got, expected, same_type=True):
    """The same values up to rounding, dtypes and types; or an error of ours, or NumPy's own, where NumPy raises."""
    if isinstance(expected, Exception):
        assert isinstance(got, (ad.DragongradError, type(expected))), f"{got!r} but NumPy raises {expected!r}"
        return
    assert not isinstance(got, Exception), f"{got!r} but NumPy gives {expected!r}"
    assert len(leaves(got)) == len(leaves(expected))
    for a, b in zip(leaves(got), leaves(expected), strict=True):
        # An array without axes is as good as a number.
        assert type(a) is type(b) or not same_type or np.ndim(b) == 0
        a, b = np.asarray(a), np.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if b.dtype.kind not in "fc":
            np.testing.assert_array_equal(a, b)
            continue
        # Factors as 180 / pi are double precision in NumPy too.
        tolerance = 64 * max(np.finfo(b.dtype).eps, np.finfo(np.float64).eps)
        size = np.max(np.abs(b), initial=0, where=np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * size)


@pytest.mark.parametrize(("f", "shapes"), CALLS)
def test_values(f, shapes):
    for dtype in DTYPES:
        # Every shape with two dtypes, every dtype with one shape.
        for shape in shapes if dtype in (np.int8, np.float64) else shapes[:1]:
            x = array(dtype, shape)
            expected = tried(f, x)
            for transform in (ad.jvp, ad.vjp) if x.dtype.kind in "fc" else ():
                given = ((x,), (x,)) if transform is ad.jvp else (x,)
                got = tried(transform, f, *given)
                assert_as_numpy(got if isinstance(got, Exception) else got[0], expected)
            one = tried(ad.vmap(f), x[None])
            if not x.ndim and not isinstance(of_a_number := tried(f, x[()]), Exception):
                # A row of no axes is a number, and stands for an array only where NumPy would refuse it.
                expected = of_a_number
            if isinstance(expected, Exception):
                assert_as_numpy(one, expected)
            else:
                assert_as_numpy(one, [np.asarray(v)[None] for v in leaves(expected)], same_type=False)


@pytest.mark.parametrize(("f", "shapes"), CALLS)
def test_derivatives_have_shape_and_dtype_and_agree(f, shapes):
    for dtype in (np.float32, np.float64):
        x = array(dtype, shapes[0])
        expected = tried(f, x)
        if isinstance(expected, Exception):
            continue
        out, dot = (leaves(v) for v in ad.jvp(f, (x,), (np.cos(x),)))
        bars = [np.cos(np.arange(v.size)).reshape(v.shape).astype(v.dtype)[()] for v in map(np.asarray, out)]
        value, pullback = ad.vjp(f, x)
        x_bar = pullback(_like(value, iter(bars)))[0]
        assert (x_bar.dtype, x_bar.shape) == (x.dtype, x.shape)
        left = 0.0
        for v, d, b in zip(map(np.asarray, out), dot, bars, strict=True):
            if v.dtype.kind in "fc":
                assert (np.shape(d), np.asarray(d).dtype) == (v.shape, v.dtype)
                left += float(np.sum(np.real(b * d)))
        right = float(np.sum(x_bar * np.cos(x)))
        if np.isfinite(left) or np.isfinite(right):
            least = [dtype, *[v.dtype for v in map(np.asarray, out) if v.dtype.kind in "fc"]]
            tolerance = 2e3 * max(np.finfo(d).eps for d in least)
            np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)


def _like(value, parts):
    flat, structure = flatten(value)
    return unflatten(structure, [next(parts) for _ in flat])


@pytest.mark.parametrize(("f", "shapes"), CALLS)
def test_a_batch_of_none(f, shapes):
    x = array(np.float64, shapes[0])
    expected, got = tried(f, x), tried(ad.vmap(f), x[None][:0])
    if not isinstance(expected, Exception):
        for a, b in zip(leaves(got), leaves(expected), strict=True):
            assert (np.shape(a), np.asarray(a).dtype) == ((0, *np.shape(b)), np.asarray(b).dtype)


def check_compiled(f, shapes, backend, dtypes):
    """What the function gives, at the traced call and at those of the program, on other numbers as well."""
    for dtype in dtypes:
        for shape in shapes if dtype in (np.int8, np.float64) else shapes[:1]:
            x = array(dtype, shape)
            compiled = ad.compile(f, backend=backend)
            for given in (x, x, np.flip(x).copy() if x.ndim else x, x):
                expected = tried(f, given.copy())
                got = tried(compiled, given.copy())
                assert_as_numpy(got, expected)


@pytest.mark.parametrize(("f", "shapes"), thinned(CALLS, 2))
def test_compiled(f, shapes):
    check_compiled(f, shapes, "numpy", (np.bool_, np.int8, np.float32, np.float64, np.complex128))


@pytest.mark.parametrize(("f", "shapes"), thinned(CALLS, 8))
def test_compiled_natively(f, shapes):
    check_compiled(f, shapes, "native", (np.bool_, np.int64, np.float32, np.float64, np.complex128))
