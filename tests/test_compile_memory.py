"""What compiled functions hold in memory: no more than they need, and the eager results."""

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.compiler.backends.native import threads, tiles
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


def parts(g):
    """How the loops of a function are cut."""
    return [line for line in g.llvm.splitlines() if "call void @dragongrad.parallel" in line]


def test_parts_of_a_loop_share_the_tiles_of_as_many_threads_as_there_are(monkeypatch):
    x = RNG.standard_normal((800, 24))

    def f(w):
        return np.sum(np.tanh((x[None] * w[:, :1, :]) @ w) ** 2)

    size = {}
    for threads in (1, 2, 100):
        monkeypatch.setattr(tiles, "at_once", lambda threads=threads: threads)
        g = compiled(f, RNG.standard_normal((40, 24, 24)))
        assert parts(g)
        size[threads] = engine(g).workspace.size
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
