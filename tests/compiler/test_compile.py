"""Every case of the table compiled, on both backends: traced at one point and run at another."""

import warnings
from itertools import product
from zlib import crc32

import numpy as np
import pytest
from cases import CASES
from grid import BACKENDS, KINDS, assert_compiles, assert_same, check_passes, kinds_of, points
from test_elementwise import ELEMENTWISE
from test_elementwise import function as function_of
from test_elementwise import points as points_of

import dragongrad as ad
from dragongrad.core.block import BLOCKS

pytestmark = [
    pytest.mark.filterwarnings("error::dragongrad.CompileWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]
EVERYTHING = [
    (name, kind, backend, dtype)
    for name, case in CASES.items()
    for kind, backend, dtype in product(kinds_of(case), BACKENDS, ("float64", "float32"))
]


def is_sampled(name, kind, backend, dtype):
    """In float64 two kinds of every case on the NumPy backend, which is quick, and one of every third natively."""
    if dtype != "float64":
        return False
    number = crc32(name.encode())
    kinds = [k for k in kinds_of(CASES[name]) if backend == "native" or k != "jacobian"]
    if backend == "numpy":
        return kind in (kinds[number % len(kinds)], kinds[(number + 1) % len(kinds)])
    return number % 3 == 0 and kind == kinds[number // 3 % len(kinds)]


SAMPLED = [c for c in EVERYTHING if is_sampled(*c)]
REST = [c for c in EVERYTHING if not is_sampled(*c)]


def name_of(case):
    return "-".join(case)


def run_case(name, kind, backend, dtype):
    case = CASES[name]
    traced_at, run_at = points(case, kind, dtype)
    assert_compiles(KINDS[kind](case.f), (traced_at,), (run_at,), backend, dtype)


@pytest.mark.parametrize("case", SAMPLED, ids=name_of)
def test_case_is_what_it_is_uncompiled(case, monkeypatch):
    check_passes(monkeypatch)
    run_case(*case)


@pytest.mark.slow
@pytest.mark.parametrize("case", REST, ids=name_of)
def test_every_case_is_what_it_is_uncompiled(case):
    run_case(*case)


# Elementwise Blocks


def elementwise_together(blocks, dtype):
    """Value, gradient and second derivative of many Blocks in one function."""
    args = [[a.astype(dtype) if a.dtype.kind == "f" else a for a in points_of(b)] for b in blocks]

    def second(b, a):
        return np.sum(ad.grad(lambda x: np.sum(function_of(b)(x, *a[1:])))(a[0]) * np.arange(3.0))

    def f(args):
        values = [function_of(b)(*a) for b, a in zip(blocks, args, strict=True)]
        first = [ad.grad(lambda *a, b=b: np.sum(function_of(b)(*a)))(*a) for b, a in zip(blocks, args, strict=True)]
        return values, first, [ad.grad(lambda x, b=b, a=a: second(b, [x, *a[1:]]))(a[0]) for b, a in
                               zip(blocks, args, strict=True)]  # fmt: skip

    return f, args, [[a[::-1].copy() for a in of] for of in args]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("part", range(4))
def test_elementwise_blocks_and_their_derivatives(backend, dtype, part):
    f, traced_at, run_at = elementwise_together(ELEMENTWISE[part::4], dtype)
    assert_compiles(f, (traced_at,), (run_at,), backend)


SPECIAL = np.array([
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, np.inf, -np.inf, np.nan, 5e-324, -1e-310, 1e300, -1e300, 1e-300,
    0.3, -0.7, 10.0, -20.0, 700.0, -745.0, 88.0, 3.5, -2.5, 1.5,
])  # fmt: skip
WHOLE = {"i": [0, 1, -1, 2, -3, 7, 100, -100], "u": [0, 1, 2, 3, 7, 200], "b": [0, 1]}
UFUNCS = [b for b in BLOCKS.values() if isinstance(b.fn, np.ufunc) and b.fn.signature is None]
# Which of two equal zeros is the greater one depends on NumPy's own loops.
ZEROS_OF_ANY_SIGN = {"maximum", "minimum", "fmax", "fmin"}


def special(dtype):
    dtype = np.dtype(dtype)
    values = np.array(WHOLE.get(dtype.kind, SPECIAL))
    return values.astype(dtype)


def operands(block, dtypes):
    xs = [special(d) for d in dtypes]
    return [xs[0][:, None], xs[1]] if len(xs) == 2 else xs


def takes(block, dtypes):
    try:
        return block.fn(*operands(block, dtypes)) is not None
    except (TypeError, ValueError):
        # NumPy has no such function of such numbers.
        return False


def dtypes_of(block):
    one = ("float64", "float32", "int64", "int32", "uint8", "bool")
    two = [(d, d) for d in one] + [
        ("float64", "float32"),
        ("float32", "int64"),
        ("int64", "bool"),
        ("bool", "float32"),
    ]
    with np.errstate(all="ignore"):
        return [d for d in ([(d,) for d in one] if len(block.names) == 1 else two) if takes(block, d)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("part", range(6))
def test_ufuncs_of_special_values_and_mixed_dtypes(backend, part):
    calls = [(b, d) for b in UFUNCS[part::6] for d in dtypes_of(b)]

    def f(args):
        return [b.fn(*a) for (b, _), a in zip(calls, args, strict=True)]

    args = [operands(*call) for call in calls]
    compiled = ad.compile(f, backend=backend)
    compiled([[np.ones_like(x) for x in a] for a in args])
    got, expected = compiled(args), f(args)
    for call, a, b in zip(calls, got, expected, strict=True):
        for x, y in zip(*(v if isinstance(v, tuple) else (v,) for v in (a, b)), strict=True):
            assert_special(call[0].name, x, y)


def assert_special(name, got, expected):
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape), name
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected, name)
        return
    info = np.finfo(got.dtype)
    # Where the logarithm nears zero, two terms nearly cancel: one in the last place of these.
    least = 2 * info.eps if name in ("logaddexp", "logaddexp2") else 4 * info.smallest_subnormal
    np.testing.assert_allclose(got, expected, rtol=4 * info.eps, atol=least, err_msg=name)
    if name not in ZEROS_OF_ANY_SIGN:
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known], name)


# Constants of one number keep their dtype, however they are written

DTYPES = ("?", "u1", "i4", "i8", "u8", "f2", "f4", "f8", "g", "F", "D")
BESIDE = {
    "where": lambda c, x: np.where(np.array([True, False, True]), c, x),
    "clip": lambda c, x: np.clip(x, c, c),
    "concatenate": lambda c, x: np.concatenate([c, x]),
    "stack": lambda c, x: np.stack([x, c]),
    "sum": lambda c, x: np.sum(c) * x,
    "max": lambda c, x: np.max(c) + x,
    "mean": lambda c, x: np.mean(c) * x,
    "number": lambda c, x: x ** c[0],
    "array of no axes": lambda c, x: np.array(c[0]) * x,
    "Python's number": lambda c, x: c[0].item() * x,
    "outer": lambda c, x: np.outer(c, x),
    "einsum": lambda c, x: np.einsum("i,i->i", c, x),
    "cumsum": lambda c, x: np.cumsum(c) * x,
    "compared": lambda c, x: (c < x) | (c == x),
}  # fmt: skip


def besides(c, x):
    """Calls that NumPy knows of a constant and an array, in either order."""
    pairs = {(b.name, k): (lambda c, x, b=b, k=k: b.fn(*(c, x)[:: (-1) ** k])) for b in UFUNCS if len(b.names) == 2
             for k in (0, 1)} | BESIDE  # fmt: skip
    known = {}
    for name, f in pairs.items():
        try:
            f(c, x)
        except TypeError:
            continue
        known[name] = f
    return known


def quick(dtype, value, backend):
    return value == 2 and dtype in ("?", "i8", "f4", "F") and (backend == "numpy" or dtype == "i8")


CONSTANTS = [
    pytest.param(*case, marks=() if quick(*case) else pytest.mark.slow)
    for case in product(DTYPES, (2, 0), BACKENDS)
]


@pytest.mark.parametrize(("dtype", "value", "backend"), CONSTANTS)
def test_constants_keep_their_dtype(dtype, value, backend):
    c, xs = np.full(3, value).astype(dtype), {d: np.array([1, 2, 3]).astype(d) for d in DTYPES}
    with np.errstate(all="ignore"):
        known = {d: besides(c, x) for d, x in xs.items()}
        expected = {d: {name: f(c, xs[d]) for name, f in known[d].items()} for d in xs}
    compiled = ad.compile(
        lambda xs: {d: {name: f(c, xs[d]) for name, f in known[d].items()} for d in xs}, backend=backend
    )
    for _ in range(2):
        for d, values in compiled(xs).items():
            for name, got in values.items():
                for a, b in zip(
                    *(v if isinstance(v, tuple) else (v,) for v in (got, expected[d][name])), strict=True
                ):
                    assert (type(a), a.dtype, a.shape) == (type(b), b.dtype, b.shape), (d, name)
                    rtol = 8 * np.finfo(b.dtype).eps if b.dtype.kind in "fc" else 0
                    np.testing.assert_allclose(a, b, rtol=rtol, err_msg=f"{d} {name}")


# Shapes


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [0, 1, 2, 17, 33, 70, 1000])
def test_every_length(backend, n):
    """Straight code, lanes and nested loops."""

    def f(x, m):
        y = np.concatenate([x[1:], np.exp(-x[:1]), x[::-1]])
        return (
            np.sum(y),
            np.where(x > 0, x, -x),
            np.cumsum(x),
            m @ m.T + np.sum(m * x[:, None], axis=0).sum(),
            m.max(axis=1),
        )

    def g(x, m):
        return f(x, m), ad.grad(lambda x, m: sum(np.sum(v) for v in f(x, m)), argnums=(0, 1))(x, m)

    rng = np.random.default_rng(0)
    first, then = ((rng.normal(size=n), rng.normal(size=(n, 3))) for _ in range(2))
    assert_compiles(g, first, then, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_layouts(backend):
    """Transposed, reversed, strided and read-only arrays, and overlapping ones."""
    compiled = ad.compile(lambda x, y: (x.T @ y, x - y), backend=backend)
    base = np.arange(96.0).reshape(8, 12)
    frozen = base[:3, :3].copy()
    frozen.flags.writeable = False
    for x, y in [
        (base[:3, :3], base[1:4, 2:5]), (base.T[:3, :3], base[::-2, ::-1][:3, :3]), (frozen, frozen),
        (np.asfortranarray(base[:3, :3]), np.broadcast_to(base[0, :3], (3, 3))),
    ]:  # fmt: skip
        assert_same(compiled(x, y), (x.T @ y, x - y))


@pytest.mark.parametrize("backend", BACKENDS)
def test_outputs_are_fresh_arrays(backend):
    compiled = ad.compile(lambda x: (x, x[::2], x, np.ones(3)), backend=backend)
    x = np.arange(4.0)
    for _ in range(2):
        outs = compiled(x)
        for out in outs:
            out += 1.0
        assert_same((x, compiled(x)), (np.arange(4.0), (x, x[::2], x, np.ones(3))))


def test_no_warning_of_numpys_reaches_the_user():
    compiled = ad.compile(lambda x: np.log(x) / x, backend="numpy")
    compiled(np.ones(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(compiled(np.zeros(3) - 1.0)).all()
