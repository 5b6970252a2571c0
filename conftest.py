"""What holds in every test and example: a program that is compiled gives what the run gave that it was traced from.

The first call of a compiled function returns what the traced run computed, so a wrong program shows in the second
call only. Here each program is run at once on the very arguments that it was traced with.
"""

import gc
import os
import signal
from zlib import crc32

import numpy as np
import pytest
from chromium import NO_CHROMIUM, launched

from dragongrad.compiler.backends.native.call.fastcall import MISSING
from dragongrad.compiler.runtime import Compiled
from dragongrad.compiler.signature import ready
from dragongrad.compiler.specialization import take
from dragongrad.core.nests import flatten, unflatten

# Sums are added in another order: so many units in the last place of the least exact value are let go.
_LOST, _MOST = 1e5, 0.05
_CHECKED = [True]
# What Sphinx runs and makes, perhaps at the same time; the pages that it writes are there before.
collect_ignore = ["docs/conf.py", "docs/_build", "docs/notebooks", "tests/coverage_by_room.py"]


def pytest_configure(config):
    """Let Ctrl-C interrupt, which a shell switches off for what it starts in the background.

    Where several processes run tests, each has one thread for BLAS: more of them only wait for one another.
    Machine code is kept from one run to the next, apart from that of whoever runs the tests: what LLVM was given is
    its key, so that whatever changes a program has it compiled.
    """
    os.environ["DRAGONGRAD_CACHE"] = _cache_of_tests(config)
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _cache_of_tests(config):
    """The folder for machine code beside what pytest itself keeps; none where it keeps nothing."""
    if getattr(config, "cache", None) is None:
        return "0"
    folder = config.cache.mkdir("dragongrad")
    folder.chmod(0o700)
    return str(folder)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let the garbage collector pass over what was collected, which lives to the end, in every test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True, scope="session")
def programs_give_what_their_trace_gave():
    """Compare them, at every compilation of every test."""
    add = Compiled._add

    def checked(self, version, traced, seconds, leaves, structure, plain=None):
        path = add(self, version, traced, seconds, leaves, structure, plain)
        # Where large values were not computed, the first call runs the program.
        if _CHECKED[0] and traced.complete:
            args, kwargs = unflatten(structure, leaves)
            expected = unflatten(traced.structure, traced.leaves)
            got = take(path, [ready(leaves[i]) for i in version.dynamic])
            # Elsewhere the last bit of a value may decide.
            assert got is not MISSING or path.guards, "the program fails on what it was traced with"
            for one in (got, path.entry(*args, **kwargs)):
                if one is not MISSING:
                    assert_repeated(path, one, expected)
        return path

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compiled, "_add", checked)
        yield


@pytest.fixture
def rng(request):
    """Random numbers that a case alone draws: the same by itself, in its file and beside other files."""
    return np.random.default_rng(crc32(request.node.name.encode()))


@pytest.fixture(scope="module")
def browser():
    """Chromium, for tests of pages."""
    if NO_CHROMIUM is not None:
        pytest.skip(NO_CHROMIUM)
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install 'dragongrad[browser]'")
    with api.sync_playwright() as playwright:
        made = launched(playwright)
        yield made
        made.close()


@pytest.fixture
def unchecked_programs():
    """For tests of programs that are meant to give something else."""
    _CHECKED[0] = False
    yield
    _CHECKED[0] = True


def assert_repeated(path, got, expected):
    """The same nest, with leaves of the same classes, shapes and dtypes, and about the same numbers."""
    dtypes = {n.dtype for n in path.graph.nodes if not isinstance(n.dtype, tuple)}
    limit = min(_MOST, _LOST * max((float(np.finfo(d).eps) for d in dtypes if d.kind in "fc"), default=0.0))
    (got, structure), (expected, wanted) = flatten(got), flatten(expected)
    assert structure == wanted
    assert list(map(type, got)) == list(map(type, expected))
    for a, b in zip(map(np.asarray, got), map(np.asarray, expected), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if b.dtype.kind in "fc":
            size = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
            np.testing.assert_allclose(a, b, rtol=limit, atol=limit * size)
        else:
            np.testing.assert_array_equal(a, b)
