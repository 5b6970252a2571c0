"""What tests share: which combinations are quick, the ways to differentiate a case, how its values are compared."""

from functools import partial
from itertools import combinations, product
from zlib import crc32

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.compiler import runtime
from dragongrad.compiler.rewrite import verify
from dragongrad.core.nests import flatten

BACKENDS = ("native", "numpy")


def covering(*axes, together=1):
    """The parameters of all combinations, of which only some are run by `make test`: the others are slow.

    Those hold each value of each axis, with `together=2` each pair of values of two axes, and no more than that
    needs. Which ones is fixed by their names. An axis is a sequence, or a dictionary whose keys are the names.
    """
    axes = [[*(axis.items() if isinstance(axis, dict) else ((_name(v), v) for v in axis))] for axis in axes]
    every = sorted(product(*axes), key=lambda row: crc32("-".join(name for name, _ in row).encode()))
    missing, quick = {part for row in every for part in _parts(row, together)}, set()
    # First those that hold the most of what is missing.
    for most in reversed(range(1, 1 + len(_parts(every[0], together)))):
        for row in every:
            found = missing & _parts(row, together)
            if len(found) >= most:
                missing -= found
                quick.add(_names(row))
    return [
        pytest.param(*[v for _, v in row], id="-".join(_names(row)), marks=[] if _names(row) in quick else slow)
        for row in product(*axes)
    ]


def thinned(rows, share=2):
    """Those parameters of which `make test` runs one in so many, by their names: the others are slow.

    For properties that many cases of one family have for one reason, each of which costs a compilation or more.
    """
    rows = [row if hasattr(row, "marks") else pytest.param(row, id=_name(getattr(row, "id", row))) for row in rows]
    return [
        row if crc32(row.id.encode()) % share == 0 else pytest.param(*row.values, id=row.id, marks=slow)
        for row in rows
    ]


slow = [pytest.mark.slow]


def _name(value):
    return value if isinstance(value, str) else getattr(value, "__name__", str(value).replace(" ", ""))


def _names(row):
    return tuple(name for name, _ in row)


def _parts(row, together):
    """The values of a combination, or its pairs, with the axes that they are of."""
    return set(combinations(enumerate(_names(row)), together))


# The mathematics is the same, the order of long sums and the last bit of a function are not.
ULPS = 100


def leaves(nest):
    return flatten(nest)[0]


def weighted(f):
    """One number that every element of every output of `f` has a part in."""

    def total(*args):
        return sum(
            np.sum(np.real(v) * np.cos(1.0 + np.arange(np.size(v)).reshape(np.shape(v)))) for v in leaves(f(*args))
        )

    return total


def hessian_product(f):
    return lambda x: ad.jvp(ad.grad(weighted(f)), (x,), (np.cos(x),))[1]


# Each makes a function of one array from a function of one array.
KINDS = {
    "value": lambda f: f,
    "gradient": lambda f: ad.grad(weighted(f)),
    "jacobian": ad.jacobian,
    "second order": hessian_product,
    "batch": lambda f: ad.vmap(ad.grad(weighted(f))),
}


def kinds_of(case):
    skipped = ({"second order"} if not case.second else set()) | ({"batch"} if not case.batches else set())
    return [kind for kind in KINDS if kind not in skipped]


def points(case, kind, dtype):
    """Where the function is traced, and where it is then run."""
    x = case.x.astype(dtype)
    y = (x + 0.3 * np.random.default_rng(7).normal(size=x.shape)).astype(dtype)
    return (np.stack([x, y, x]), np.stack([y, x, y])) if kind == "batch" else (x, y)


def check_passes(monkeypatch):
    """Let every Graph be verified after each pass."""
    monkeypatch.setattr(runtime, "optimise", partial(runtime.optimise, check=verify))


def assert_same(got, expected, dtype=None, ulps=ULPS):
    """The same nest, classes, shapes and dtypes; numbers as near as sums of terms of size one can be."""
    got, expected = leaves(got), leaves(expected)
    for a, b in zip(got, expected, strict=True):
        assert type(a) is type(b)
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        if not np.size(b) or np.asarray(b).dtype.kind not in "fc":
            np.testing.assert_array_equal(a, b)
            continue
        size = np.max(np.abs(b), initial=0, where=np.isfinite(b))
        limit = ulps * max(np.finfo(d).eps for d in (np.asarray(b).dtype, dtype) if d is not None)
        np.testing.assert_allclose(a, b, rtol=limit, atol=limit * max(size, 1.0))


def assert_compiles(f, traced_at, run_at, backend, dtype=None, ulps=ULPS):
    """Compiled with some arguments, a function gives on these and on others what it gives uncompiled.

    Each twice: the first call returns what the run gave that was traced, and so does one that goes another way.
    """
    compiled = ad.compile(f, backend=backend)
    for args in (traced_at, run_at):
        expected = f(*args)
        for _ in range(2):
            assert_same(compiled(*args), expected, dtype, ulps)
    return compiled


def by_complex_step(f, x, h=1e-30, real=False):
    """The Jacobian from imaginary parts; by differences where buffers are `real`, or parts are asked for."""
    columns = []
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = 1.0
        step = step.reshape(x.shape)
        if real:
            columns.append((f(x + 1e-6 * step) - f(x - 1e-6 * step)) / 2e-6)
        else:
            columns.append(np.imag(f(x + 1j * h * step)) / h)
    return np.stack(columns, -1).reshape(np.shape(f(x.copy())) + x.shape)
