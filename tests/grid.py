"""What the compiler's tests share: the ways to differentiate a case, and how its values are compared."""

from functools import partial

import numpy as np

import dragongrad as ad
from dragongrad.compiler import runtime
from dragongrad.compiler.rewrite import verify
from dragongrad.core.nests import flatten

BACKENDS = ("native", "numpy")
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


def assert_same(got, expected, dtype=None):
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
        limit = ULPS * max(np.finfo(d).eps for d in (np.asarray(b).dtype, dtype) if d is not None)
        np.testing.assert_allclose(a, b, rtol=limit, atol=limit * max(size, 1.0))


def assert_compiles(f, traced_at, run_at, backend, dtype=None):
    """Compiled with some arguments, a function gives on these and on others what it gives uncompiled.

    Each twice: the first call returns what the run gave that was traced, and so does one that goes another way.
    """
    compiled = ad.compile(f, backend=backend)
    for args in (traced_at, run_at):
        expected = f(*args)
        for _ in range(2):
            assert_same(compiled(*args), expected, dtype)
    return compiled
