"""The native backend's mathematical functions beside mpmath and NumPy, for this processor and for the least one."""

import ctypes
import platform
import warnings
from functools import cache

import numpy as np
import pytest
import scipy.special
from grid import covering
from mpmath import mp

pytest.importorskip("llvmlite")

import dragongrad as ad
from dragongrad.compiler.backends.native.ir.builder import Text
from dragongrad.compiler.backends.native.ir.functions import Defined, module_text
from dragongrad.compiler.backends.native.ir.registers import I64, NOALIAS, VOID
from dragongrad.compiler.backends.native.jit import engine
from dragongrad.compiler.backends.native.math import FUNCTIONS, calls, definition, is_woven, of_array

TARGETS = {"host": engine.processor()}
if platform.machine().lower() in ("x86_64", "amd64"):
    TARGETS["baseline"] = engine.BASELINE
# Registers of four doubles, where this processor has longer ones.
NARROWER = engine.Processor("haswell", "+avx2,+fma")
DTYPES = {"float64": "double", "float32": "float"}

# Where to look, beside the whole range: the arguments' intervals.
INTERVALS = {
    "exp": [(-1, 1), (-80, 80), (-745, 709)],
    "exp2": [(-1, 1), (-120, 120), (-1074, 1023)],
    "expm1": [(-1, 1), (-1e-3, 1e-3), (-40, 80), (-1, 709)],
    "logistic": [(-1, 1), (-10, 10), (-80, 80), (-745, 40)],
    "log": [(0.5, 2), (0.99, 1.01), (0, 100)],
    "log2": [(0.5, 2), (0.99, 1.01), (0, 100)],
    "log10": [(0.5, 2), (0.99, 1.01), (0, 100)],
    "log1p": [(-0.9, 1), (-1e-3, 1e-3), (0, 100)],
    "logaddexp": [(0, 10, 0, 10), (0, 1e-3, -60, 10), (1, 80, -80, 80)],
    "pow": [(0, 2, -5, 5), (0.9, 1.1, -500, 500), (0, 100, -15, 15)],
    "cbrt": [(-2, 2), (-1e5, 1e5)],
    "hypot": [(-1, 1, -1, 1), (0, 1e10, 0, 1e5)],
    "sin": [(-1, 1), (-100, 100), (-1e6, 1e6)],
    "cos": [(-1, 1), (-100, 100), (-1e6, 1e6)],
    "tan": [(-1, 1), (-100, 100), (-1e6, 1e6)],
    "sinh": [(-1, 1), (-1e-3, 1e-3), (-20, 20), (-80, 80)],
    "cosh": [(-1, 1), (-20, 20), (-80, 80)],
    "tanh": [(-1, 1), (-1e-3, 1e-3), (-20, 20)],
    "arcsin": [(-1, 1), (0.45, 0.55), (0.99, 1)],
    "arccos": [(-1, 1), (0.45, 0.55), (0.99, 1), (-1, -0.99)],
    "arctan": [(-1, 1), (-10, 10), (-1e5, 1e5)],
    "arctan2": [(-1, 1, -1, 1), (-1e-5, 1e-5, -10, 10), (-10, 10, -1e-5, 1e-5)],
    "arcsinh": [(-1, 1), (-1e-3, 1e-3), (-10, 10), (-1e9, 1e9)],
    "arccosh": [(1, 2), (1, 1.001), (1, 1e9)],
    "arctanh": [(-1, 1), (-1e-3, 1e-3), (0.99, 1)],
    "erf": [(-1, 1), (-6, 6)],
    "erfc": [(-1, 1), (-6, 6), (0, 9), (0, 26.5)],
    "erfcx": [(-1, 1), (-2.85, -1.4), (-6, 6), (0, 28), (20, 1e3)],
    "log_ndtr": [(-1, 1), (2, 4.2), (-10, 10), (-60, 0), (30, 38.6), (-1e5, 0)],
    "gammaln": [(0, 0.6), (0.5, 1.5), (1.2, 2.5), (2.3, 4.5), (4, 10), (9, 1e4)],
    "digamma": [(0, 0.9), (0.8, 1.4), (1.2, 1.7), (1.6, 4), (4, 10), (9, 1e4)],
    **{name: [(-1, 1), (0, 8), (8, 20), (20, 700)] for name in ("i0", "i1", "i2")},
    **{name: [(-1, 1), (0, 8), (8, 20), (20, 1e4)] for name in ("i0e", "i1e", "i2e")},
    **{name: [(-1, 1), (0, 2), (2, 5), (5, 20), (-1e4, 1e4)] for name in ("j0", "j1", "j2")},
    **{name: [(0, 1e-3), (0, 1), (1, 4), (4, 700)] for name in ("k0", "k1", "k0e", "k1e")},
    **{name: [(0, 1e-3), (0, 2), (2, 5), (5, 20), (0, 1e4)] for name in ("y0", "y1")},
}

# Where the pieces of some functions meet, and end.
BELOW, ABOVE = 1 - 2.0**-53, 1 + 2.0**-52
BETWEEN = [9.5, 9.5 * BELOW, *[step * 2.0 ** (k / 2 - 0.75) for k in range(1, 8) for step in (1, BELOW)]]
STEPS = [step * k for k in range(-4, 5) for step in (1, BELOW, ABOVE)]

# Arguments at which something changes: thresholds, neighbours of roots, huge ones.
EDGES = {
    "exp": [709.782712893384, 709.7827128933841, -708.3964185322641, -745.1332191019412, 88.72283, -103.97],
    "exp2": [1023.9999999999999, 1024, -1022.5, -1074.9, -1075.1, 127.99999, -149.3],
    "expm1": [709.782712893384, 709.79, -37.5, 5e-324, -1e-310, 1e-20],
    "logistic": [-745.2, -709.5, -1e-20, 36.8, -37.1],
    "log1p": [-0.9999999999999999, 1.7e308, 1e-310, -1e-17, 2.0**53, -0.2929, 0.41421356],
    "sin": [1e22, 1e300, 1.7e308, 3.141592653589793, 6381956970095103 * 2.0**797, 1e15, 2.0**40 + 0.5, 1048576.75],
    "cos": [1e22, 1e300, 1.7e308, 1.5707963267948966, 6381956970095103 * 2.0**797, 1e15, 2.0**40 + 0.5, 1048576.75],
    "tan": [1e22, 1e300, 1.7e308, 1.5707963267948966, 6381956970095103 * 2.0**797, 1e15, 2.0**40 + 0.5, 1048576.75],
    "sinh": [710.4758600739439, -710.47, 1e-310, 18.5, 30.0, 89.4],
    "cosh": [710.4758600739439, -710.47, 1e-310, 18.5, 30.0, 89.4],
    "tanh": [18.37, 19.06, 22.5, 1e-310, 5e-324, 0.17],
    "arcsin": [0.5000000000000001, 0.9999999999999999, 1e-310],
    "arccos": [0.5000000000000001, 0.9999999999999999, -0.9999999999999999, 1e-310],
    "arccosh": [1.0000000000000002, 1.7e308, 2.0**28 + 1],
    "arctanh": [0.9999999999999999, 1e-310, -0.49999999999999994],
    "erf": [0.9999999999999999, 1.0, 5.9, 1e-310],
    "erfc": [0.5999999999999999, 0.6, 26.54, 27.2, -5.9, -6.1],
    "erfcx": [-26.6, -26.7, -9.3, 27.9, 28.1, 1e17, 1e308, 10.9, 11.1, 1e-310, 2.84, *[0.7125 * x for x in STEPS]],
    "log_ndtr": [*STEPS, -5e-324, -37.5, -40.0, 8.3, 37.6, 38.5, 40.0, -1e100, -1.3e154, -1.9e154, 1e300, -1e308],
    "gammaln": [1 + 2.0**-40, 2 - 2.0**-40, 1e-300, 1e-310, 2.5e305, 1e17, 0.5949999999999999, 0.595, *BETWEEN],
    "digamma": [1.4616321449683622, 1.4616321449683625, 1e-300, 1e300, 0.5949999999999999, 0.595, *BETWEEN],
    "i0": [8.0, 8.000000000000002, 709.8, 713.9, -713.9, 91.8, 1e-310],
    "i1": [8.0, 8.000000000000002, 709.8, 713.9, -713.9, 91.8, 1e-300],
    "i0e": [8.0, 8.000000000000002, 800.0, 1e10],
    "j0": [2.404825557695773, 5.520078110286311, 5.0, 5.000000000000001, 0.03125, 1e15, 1e22],
    **{
        name: [1.0, 1.0000000000000002, 2.0**-30, 1e-308, 5e-324, 703.9, 740.2]
        for name in ("k0", "k1", "k0e", "k1e")
    },
    "y0": [0.8935769662791675, 3.957678419314858, 7.086051060301773, 5.0, 5.000000000000001, 5e-324, 1e15, 1e22],
    "y1": [2.197141326031017, 5.429681040794135, 5.0, 5.000000000000001, 2.0**-30, 1e-300, 1e-308, 1e15, 1e22],
    "j1": [3.8317059702075125, 7.015586669815619, 5.0, 5.000000000000001, 1e-300, 1e15, 1e22],
}

SPECIAL = [0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan, 1e300, -1e300,
           2.0**53, -(2.0**53), 2.0**53 - 1, 1 - 2.0**53]  # fmt: skip


@cache
def library(target, dtype, called):
    """One module with a loop over each function."""
    processor = TARGETS.get(target, NARROWER)
    return engine.Library(text_of(processor, dtype, called), target=processor)


def text_of(processor, dtype, called):
    """The text of a module with a loop over each function."""
    kind = DTYPES[dtype]

    def loop_over(name, function):
        made = definition(name, kind, processor.lanes, processor.fused, called)

        def loop(code, given, out, n):
            with code.loop(n, note=lambda lines: ", !llvm.loop !0") as i:
                out.array(kind)[i] = code.call(made, *[x.array(kind)[i] for x in given])

        one, two = (
            lambda code, x, out, n: loop(code, [x], out, n),
            lambda code, x, y, out, n: loop(code, [x, y], out, n),
        )
        pointers = (NOALIAS,) * (function.arguments + 1)
        return Defined(f"loop_{name}", VOID, (*pointers, I64), two if function.arguments == 2 else one, "", "#0")

    return module_text(*[loop_over(*pair) for pair in FUNCTIONS.items()])


def compute(name, target, dtype, *arrays, called=False):
    """A function of arrays, as compiled code has it."""
    arrays = [np.ascontiguousarray(a, dtype) for a in arrays]
    out = np.empty_like(arrays[0])
    address = library(target, dtype, called).address(f"loop_{name}")
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(arrays) + 1), ctypes.c_int64)(address)
    run(*[a.ctypes.data for a in arrays], out.ctypes.data, out.size)
    return out


def _log_ndtr(x):
    if x > 0:
        with mp.workprec(2200):
            return mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2)
    scaled = EXACT["erfcx"](-x / mp.sqrt(2))
    return mp.log(scaled / 2) - x * x / 2


EXACT = {
    "exp2": lambda x: mp.mpf(2) ** x,
    "logistic": lambda x: 1 / (1 + mp.exp(-x)),
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "logaddexp": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "pow": lambda x, y: mp.mpf(x) ** y,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "arctan2": mp.atan2,
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x) if x < 1e4 else (1 - 1 / (2 * x * x)) / (x * mp.sqrt(mp.pi)),
    "log_ndtr": _log_ndtr,
    "gammaln": lambda x: mp.log(abs(mp.gamma(x))) if x < 0 else mp.loggamma(x),
    **{f"i{k}": lambda x, k=k: mp.besseli(k, x) for k in range(3)},
    **{f"i{k}e": lambda x, k=k: mp.besseli(k, x) * mp.exp(-abs(x)) for k in range(3)},
    **{f"j{k}": lambda x, k=k: mp.besselj(k, x) for k in range(3)},
    **{f"k{k}": lambda x, k=k: mp.besselk(k, x) for k in range(2)},
    **{f"k{k}e": lambda x, k=k: mp.besselk(k, x) * mp.exp(x) for k in range(2)},
    **{f"y{k}": lambda x, k=k: mp.bessely(k, x) for k in range(2)},
}


def exact(name, *x):
    """The value in many digits."""
    function = EXACT.get(name) or getattr(mp, name)
    with mp.workprec(1300 if name in ("sin", "cos", "tan") else 2200 if name in ("log1p", "expm1") else 160):
        x = [mp.mpf(float(v)) for v in x]
        return mp.re(function(*x))


def rounded(value, dtype):
    """The nearest number of a dtype, which may be infinite."""
    with np.errstate(over="ignore"):
        return np.dtype(dtype).type(float(value))


def ulps(got, value, dtype):
    """The distance from a value in units of the last place of that value."""
    limits = np.finfo(dtype)
    largest = mp.mpf(2) ** limits.maxexp
    if np.isinf(got) or np.isinf(rounded(value, dtype)):
        # The steps go on across the largest number.
        value = max(min(value, largest), -largest)
    got = mp.sign(got) * largest if np.isinf(got) else mp.mpf(float(got))
    if value == 0:
        return float(abs(got)) / float(limits.smallest_subnormal)
    exponent = max(int(mp.floor(mp.log(abs(value), 2))), limits.minexp)
    return float(abs(got - value) / mp.mpf(2) ** (exponent - limits.nmant))


def _unit(value, dtype):
    return float(np.spacing(np.dtype(dtype).type(float(abs(value)))))


def samples(name, dtype, rng):
    """Arguments in the intervals, and with any bits."""
    n = FUNCTIONS[name].arguments
    for ends in INTERVALS[name]:
        yield [rng.uniform(ends[2 * k], ends[2 * k + 1], 67).astype(dtype) for k in range(n)]
    whole = np.uint64 if dtype == "float64" else np.uint32
    anything = [rng.integers(0, np.iinfo(whole).max, 120, whole, endpoint=True).view(dtype) for _ in range(n)]
    subnormal = [(rng.uniform(-1, 1, 20) * np.finfo(dtype).tiny).astype(dtype) for _ in range(n)]
    yield [np.concatenate(both) for both in zip(anything, subnormal, strict=True)]


def in_domain(name, *x):
    """Whether the function has a finite value, whose relative precision can be asked for."""
    if not all(np.isfinite(x)):
        return False
    first = x[0]
    if name in ("log", "log2", "log10", "gammaln", "digamma", "pow", "k0", "k1", "k0e", "k1e", "y0", "y1"):
        return first > 0
    if name == "logaddexp":
        # Where the sum of the exponentials is near 1, its logarithm is a difference.
        return max(x) >= 0
    limits = {"log1p": first > -1, "arccosh": first >= 1, "arctanh": abs(first) < 1}
    return limits.get(name, abs(first) <= 1 if name in ("arcsin", "arccos") else True)


def scale_of(name, x, value):
    """What an error is small beside: the value, or the amplitude of what swings."""
    swings = name in ("j0", "j1", "j2") and abs(x) > 1
    if swings or (name in ("y0", "y1") and x > 0.5):
        return max(abs(value), mp.sqrt(2 / (mp.pi * abs(mp.mpf(float(x))))))
    return value


def worst(name, target, dtype, arrays):
    """The greatest distance in ulps, and where it is."""
    got = compute(name, target, dtype, *arrays)
    found = (0.0, ())
    for k, x in enumerate(zip(*arrays, strict=True)):
        # What would be far beyond all numbers takes mpmath forever.
        if in_domain(name, *x) and not _far_beyond(name, *x):
            value = exact(name, *x)
            scale = scale_of(name, x[0], value)
            error = ulps(got[k], value, dtype)
            error = error if scale is value else error * _unit(value, dtype) / _unit(scale, dtype)
            found = max(found, (error, tuple(map(float, x))))
    return found


def _far_beyond(name, *x):
    if name in ("exp", "exp2", "expm1", "sinh", "cosh", "logistic"):
        return abs(float(x[0])) > 1200
    if name == "erfcx" and x[0] < 0:
        return float(x[0]) < -40
    if name == "erfc":
        return abs(float(x[0])) > 40
    if name == "log_ndtr":
        return not -1.8e154 < float(x[0]) < 45
    if name in ("i0", "i1", "i2"):
        return abs(float(x[0])) > 1200
    if name in ("k0", "k1"):
        return float(x[0]) > 1200
    if name[0] in "ijky":
        return abs(float(x[0])) > 1e25
    if name == "pow":
        return abs(float(x[1]) * np.log(float(x[0]))) > 1000
    if name == "logaddexp":
        return abs(float(x[0]) - float(x[1])) > 2000
    return False


@pytest.mark.parametrize(("name", "dtype", "target"), covering([*FUNCTIONS], [*DTYPES], [*TARGETS], together=2))
def test_within_two_ulp(name, dtype, target):
    rng = np.random.default_rng(7)
    for arrays in samples(name, dtype, rng):
        error, where = worst(name, target, dtype, arrays)
        assert error <= 2, where


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EDGES)
def test_edges(name, dtype, target):
    with np.errstate(over="ignore"):
        x = np.array(EDGES[name]).astype(dtype)
    error, where = worst(name, target, dtype, [x])
    assert error <= 2, where


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_edges_of_two_numbers(dtype, target):
    x = [0.999999, 1.000001, 1e-300, 1e300, 5e-324, 2.0, 0.5, 10.0, 1.7e308]
    y = [7e8, -7e8, 1.02, -1.02, 0.5, 1023.99, 1074.5, 308.25, 1e-310]
    with np.errstate(over="ignore", under="ignore"):
        arrays = [np.array(v).astype(dtype) for v in (x, y)]
    for name in ("pow", "hypot", "arctan2"):
        error, where = worst(name, target, dtype, arrays)
        assert error <= 2, (name, where)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_logaddexp_of_logarithms_of_parts(dtype, target):
    rng = np.random.default_rng(3)
    part = rng.uniform(0, 1, 300)
    x, y = np.log(part).astype(dtype), np.log1p(-part).astype(dtype)
    got = compute("logaddexp", target, dtype, x, y)
    error = [abs(mp.mpf(float(g)) - exact("logaddexp", a, b)) for g, a, b in zip(got, x, y, strict=True)]
    assert (np.array(error, float) <= 2 * np.spacing(np.maximum(np.abs(np.maximum(x, y)), np.abs(got)))).all()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["gammaln", "digamma"])
def test_reflection(name, dtype, target):
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.uniform(-10, 0, 200), rng.uniform(-1000, 0, 100)]).astype(dtype)
    got = compute(name, target, dtype, x)
    for g, v in zip(got, x, strict=True):
        z = mp.mpf(float(v))
        terms = [
            exact(name, 1 - z),
            mp.log(mp.pi / abs(mp.sinpi(z))) if name == "gammaln" else mp.pi * mp.cot(mp.pi * z),
        ]
        unit = np.spacing(rounded(max([1, *map(abs, terms)]), dtype))
        assert float(abs(mp.mpf(float(g)) - exact(name, v))) <= 4 * unit, v


# Of these no ufunc is: they are parts of derivatives.
INNER = ("i2", "i2e", "j2")


def numpy_function(name):
    other = {"pow": np.power, "logistic": scipy.special.expit}
    return other.get(name) or getattr(np, name, None) or getattr(scipy.special, name)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in INNER])
def test_special_values_are_numpys(name, dtype, target):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points = np.array(SPECIAL).astype(dtype)
        arrays = [g.ravel() for g in np.meshgrid(*[points] * FUNCTIONS[name].arguments)]
        want = numpy_function(name)(*arrays)
    got = compute(name, target, dtype, *arrays)
    where = np.isnan(want)
    assert (np.isnan(got) == where).all(), [a[np.isnan(got) != where] for a in arrays]
    exactly = np.isinf(want) | (want == 0)
    np.testing.assert_array_equal(got[exactly], want[exactly])
    # NumPy's own value may be a few ulp off, SciPy's more.
    rest = ~where & ~exactly
    if name in ("j0", "j1", "y0", "y1"):
        # Farther from zero SciPy's do not know the phase.
        rest &= np.abs(arrays[0]) < 1e3
    signed = rest | (exactly & ~where)
    np.testing.assert_array_equal(np.signbit(got[signed]), np.signbit(want[signed]))
    np.testing.assert_allclose(got[rest], want[rest], rtol=16 * np.finfo(dtype).eps)


def some(name, dtype):
    rng = np.random.default_rng(11)
    parts = list(zip(*samples(name, dtype, rng), strict=True))
    return [np.concatenate(p) for p in parts]


@pytest.mark.parametrize(("name", "dtype", "target"), covering([*FUNCTIONS], [*DTYPES], [*TARGETS], together=2))
def test_one_number_gives_the_same_bits_as_many(name, dtype, target):
    arrays = some(name, dtype)
    many = compute(name, target, dtype, *arrays)
    ones = np.array([compute(name, target, dtype, *[a[k : k + 1] for a in arrays])[0] for k in range(many.size)])
    np.testing.assert_array_equal(ones, many)
    np.testing.assert_array_equal(np.signbit(ones[~np.isnan(ones)]), np.signbit(many[~np.isnan(many)]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_call_gives_the_same_bits_as_the_text_in_line(name, dtype):
    arrays = some(name, dtype)
    called, inline = (compute(name, "host", dtype, *arrays, called=c) for c in (True, False))
    np.testing.assert_array_equal(called, inline)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_call_with_arrays_gives_the_same_bits(name, dtype):
    host, kind = TARGETS["host"], DTYPES[dtype]
    made = of_array(name, kind, host.lanes, host.fused, linkage="")
    lanes = calls.lanes()
    arrays = [np.ascontiguousarray(a[: len(a) // lanes * lanes], dtype) for a in some(name, dtype)]
    out = np.zeros(len(arrays[0]) + 1, dtype)
    library = engine.Library(module_text(made))
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(arrays) + 1), ctypes.c_int64)(library.address(made.name))
    run(out.ctypes.data, *[a.ctypes.data for a in arrays], len(arrays[0]))
    np.testing.assert_array_equal(out[:-1], compute(name, "host", dtype, *arrays, called=True))
    assert out[-1] == 0


@pytest.mark.skipif(TARGETS["host"].lanes < 8, reason="this processor has no longer registers than four doubles")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_narrower_registers_give_the_same_bits(name, dtype):
    arrays = some(name, dtype)
    np.testing.assert_array_equal(*[compute(name, t, dtype, *arrays) for t in ("host", "narrower")])


@pytest.mark.skipif(len(TARGETS) == 1, reason="the assembly is read as that of x86-64")
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("called", [True, False])
def test_every_loop_is_widened(target, called):
    text = library(target, "float64", called).assembly()
    lanes = TARGETS[target].lanes
    for name, function in FUNCTIONS.items():
        body = text[text.index(f"\nloop_{name}:") :]
        body = body[: body.index(".Lfunc_end")]
        if is_woven(name, lanes):
            # The call has become the function's own text.
            assert "vperm" in body, name
            assert f"dragon.{name}.double.x{lanes}" not in text, name
        elif called or function.branches:
            assert f"dragon.{name}.double.x{lanes}" in body, name
        else:
            assert "mulpd" in body or "fmadd" in body, name
            assert f"dragon.{name}" not in body, name


def test_many_uses_are_calls():
    text = Text()
    for _ in range(calls._IN_LINE + 1):
        last = calls.call(text, "exp", np.dtype(float), [text.fresh()])
    assert "call double @dragon.exp.double(" in text.lines[-1]
    assert last in text.lines[-1]
    assert "call double @dragon.exp.double.inline(" in text.lines[0]
    assert {"@dragon.exp.double", "@dragon.exp.double.inline"} <= text.declared.keys()


def test_what_is_not_written_is_left_to_numpy():
    for name, dtype in (("exp", np.dtype(int)), ("jv", np.dtype(float))):
        with pytest.raises(calls.UnsupportedError, match=f"{name} of {dtype}"):
            calls.call(Text(), name, dtype, ["%x"])


HALVES = (0.5, 1.5, 2.5, -0.5, -1.5, -2.5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_half_powers_are_those_of_the_function(dtype):
    """Powers that are written with a square root have the values of `pow`, where there are none too."""
    tiny, large = np.finfo(dtype).tiny, np.finfo(dtype).max
    powers = ad.compile(lambda x: [x**p for p in HALVES], backend="native")
    with np.errstate(all="ignore"):
        x = np.array([*SPECIAL, tiny, 1e-40, large / 4, 0.3, 7.0, 1e19, 1e-19, 3e30, 2e-30]).astype(dtype)
        x = np.concatenate([x, np.random.default_rng(0).uniform(0, 100, 100).astype(dtype)])
        for p, found in zip(HALVES, powers(x), strict=True):
            want = x**p
            assert found.dtype == dtype
            np.testing.assert_array_equal(np.isnan(found), np.isnan(want), err_msg=str(p))
            ends = np.isinf(want) | (want == 0)
            np.testing.assert_array_equal(found[ends], want[ends], err_msg=str(p))
            np.testing.assert_array_equal(np.signbit(found[ends]), np.signbit(want[ends]), err_msg=str(p))
            rest = ~ends & (np.abs(want) >= tiny)
            np.testing.assert_array_max_ulp(found[rest], want[rest], 3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_logarithm_of_an_exponential(dtype):
    """What the exponential is of, where that is a number; elsewhere, and where it was stored, as NumPy has it."""
    with np.errstate(all="ignore"):
        ends = [709.782712893384, 709.78271289338409, -745.133219101942, 88.722832, 88.72284, -103.97, -103.98]
        x = np.array([*SPECIAL, *ends, 800, -800, 700, -700, 80, -80]).astype(dtype)
        found = ad.compile(lambda x: np.log(np.exp(x)), backend="native")(x)
        np.testing.assert_allclose(found, np.log(np.exp(x)), rtol=4 * np.finfo(dtype).eps, atol=1e-16)
        both = ad.compile(lambda x: (np.exp(x), np.log(np.exp(x))), backend="native")(x)
        np.testing.assert_allclose(both[1], found, rtol=4 * np.finfo(dtype).eps, atol=1e-16)


@pytest.mark.skipif(TARGETS["host"].lanes < 8, reason="this processor has 16 registers of vectors")
@pytest.mark.parametrize("count", [4, 5])
def test_a_few_functions_in_pieces_are_written_into_loops(count):
    """With more of them machine code would take long to make: they are called."""
    x = np.concatenate([np.linspace(0.6, 9, 1000), np.linspace(-30, 30, 1003)])
    f = lambda x: np.sum([scipy.special.log_ndtr(x * k) for k in range(1, count + 1)], axis=0)
    compiled = ad.compile(f, backend="native")
    np.testing.assert_allclose(compiled(x), f(x), rtol=1e-12)
    assert compiled.llvm.count("call double @dragon.log_ndtr.double(") == count
    assert ("dragon.log_ndtr.double.x8" in compiled.asm) == (count > 4)
