"""What compiled functions hold in memory: no more than they need, and the eager results."""

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.compiler.backends.native import threads, tiles
from dragongrad.compiler.backends.native.schedule import Loops
from dragongrad.core.nests import flatten

pytest.importorskip("llvmlite")
RNG = np.random.default_rng(11)


def compiled(f, *args, rtol=1e-11):
    """The compiled function, after two calls that gave what the eager function gives."""
    g = ad.compile(f, backend="native")
    expected = flatten(f(*args))[0]
    for _ in range(2):
        for a, b in zip(flatten(g(*args))[0], expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    return g


@pytest.fixture
def few_threads():
    wanted = threads.WORKERS.wanted
    yield
    ad.set_threads(wanted)


def engine(g):
    """What runs it."""
    return g._path().engine


def steps(g):
    """The steps of the plan."""
    return engine(g).plan.schedule.steps


def parts(g):
    """How the loops of a function are cut."""
    return [line for line in g.llvm.splitlines() if "call void @dragongrad.parallel" in line]


def test_parts_of_a_loop_share_the_tiles_of_as_many_threads_as_there_are(monkeypatch):
    x = RNG.standard_normal((800, 24))

    def f(w):
        return np.sum(np.tanh((x[None] * w[:, :1, :]) @ w) ** 2)

    size = {}
    for most in (1, 2, 100):
        monkeypatch.setattr(tiles, "at_once", lambda most=most: most)
        g = compiled(f, RNG.standard_normal((40, 24, 24)))
        assert parts(g)
        size[most] = engine(g).workspace.size
    tile = 800 * 24 * 8
    assert size[2] - size[1] in (tile, 2 * tile)
    assert size[100] > 20 * tile


def test_more_threads_than_tiles_wait_for_one(monkeypatch, few_threads):
    monkeypatch.setattr(tiles, "at_once", lambda: 2)
    x, w = RNG.standard_normal((800, 24)), RNG.standard_normal((40, 24, 24))
    g = compiled(lambda w: np.sum(np.tanh((x[None] * w[:, :1, :]) @ w) ** 2, (1, 2)), w)
    expected = g(w)
    for count in (5, 1, 2, 5):
        ad.set_threads(count)
        for _ in range(10):
            np.testing.assert_array_equal(g(w), expected)


def test_partial_results_are_no_larger_than_what_is_added_up():
    x = RNG.standard_normal((64, 20_000))
    g = compiled(lambda x: np.sum(np.exp(x), 0), x)
    assert parts(g)
    assert engine(g).workspace.size <= x.nbytes // 8


def mixture(weights, means, factors, x):
    """The log likelihood of a mixture of Gaussians."""
    spread = (x[None] - means[:, None, :]) @ np.swapaxes(factors, 1, 2)
    terms = weights[:, None] - 0.5 * np.sum(spread * spread, 2)
    top = np.max(terms, 0)
    return np.sum(np.log(np.sum(np.exp(terms - top), 0)) + top)


def mixture_arguments(k, n, d, dtype=np.float64):
    values = RNG.random(k), RNG.random((k, d)), 0.2 * RNG.standard_normal((k, d, d)), RNG.standard_normal((n, d))
    return [v.astype(dtype) for v in values]


MIXTURE = ad.value_and_grad(mixture, (0, 1, 2))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_gradient_of_a_mixture_holds_tiles_and_terms(monkeypatch, few_threads, dtype):
    monkeypatch.setattr(tiles, "at_once", lambda: 2)
    k, n, d = 48, 1000, 32
    arguments = mixture_arguments(k, n, d, dtype)
    ad.set_threads(1)
    g = compiled(MIXTURE, *arguments, rtol=1e-9 if dtype == np.float64 else 3e-3)
    # The terms, three tiles a thread, and partial results; the products are 32 times the terms.
    partial = 1 << 17
    assert engine(g).workspace.size < (1.2 * k * n + 6 * n * d) * np.dtype(dtype).itemsize + partial
    first = g(*arguments)
    ad.set_threads(2)
    for a, b in zip(flatten(first)[0], flatten(g(*arguments))[0], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("k", "n", "d", "times"), [(48, 800, 32, 2), (48, 80, 32, 1), (24, 200, 80, 1)])
def test_only_large_and_quick_products_are_computed_again(k, n, d, times):
    g = compiled(MIXTURE, *mixture_arguments(k, n, d), rtol=1e-9)
    roots = [root for step in steps(g) if isinstance(step, Loops) for root in step.roots]
    assert sum(root.kind == "product" and root.node.shape == (k, n, d) for root in roots) == times
