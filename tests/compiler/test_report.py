"""The report on a compiled function."""

import numpy as np
import pytest
from grid import BACKENDS

import dragongrad as ad

X = np.arange(200.0).reshape(40, 5) / 100


def loss(w):
    return np.mean(np.logaddexp(0.0, X @ w)) + np.linalg.det(np.outer(w, w) + np.eye(5))


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_names_passes_and_times(backend):
    compiled = ad.compile(ad.grad(loss), backend=backend)
    assert "0 versions, 0 paths" in compiled.report()
    compiled(np.ones(5))
    compiled(np.ones(5, np.float32))
    report = compiled.report()
    assert report.startswith("compile(loss): 2 versions, 2 paths\n")
    for part in ("trace", "fold_constants", "simplify", "drop_dead", "operations after", "Time to compile: trace"):
        assert part in report


def test_it_says_what_runs_where_and_what_is_left_to_numpy():
    compiled = ad.compile(ad.value_and_grad(loss), backend="native")
    compiled(np.ones(5))
    report = compiled.report()
    assert "call back: det is not computed natively" in report
    assert "call back: cofactors is not computed natively" in report
    assert "Call backs to NumPy: 2" in report
    assert "sum number (reduce)" in report
    assert "read and written a call" in report
    simple = ad.compile(lambda x: np.sin(x) * 2, backend="native")
    simple(np.ones(1000))
    # 8,000 bytes in, 8,000 out, nothing between.
    assert "16 kB read and written a call, 0 temporary arrays" in simple.report()
    assert "No call back to NumPy" in simple.report()


def test_it_shows_decisions_and_why_a_version_runs_eagerly():
    def f(x):
        return x * 2 if x[0] > 0 else x

    compiled = ad.compile(f)
    compiled(np.ones(3))
    assert "return x * 2 if x[0] > 0 else x   True" in compiled.report()
    masked = ad.compile(lambda x: x[x > 0])
    with pytest.warns(ad.CompileWarning):
        masked(np.ones(3))
    assert "Runs eagerly: the shape of nonzero depends on values" in masked.report()


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_program_that_fails_where_the_function_does_not_is_told_once_and_counted(backend, careful):
    def broken(*args):
        raise KeyError("no such thing")

    root = ad.grad(lambda x: np.sum(np.sqrt(x) ** 2))
    compiled, x = ad.compile(root, backend=backend), np.zeros(2) if careful else np.ones(2)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x), root(x))
    (version,) = compiled._versions.values()
    assert len(version.paths) == 1 + careful
    version.paths[-1].run = compiled._entry = broken
    assert "Ran eagerly" not in compiled.report()
    with pytest.warns(ad.CompileWarning, match="program fails, as it does here: KeyError: 'no such thing'") as told:  # noqa: PT031
        for _ in range(4):
            np.testing.assert_array_equal(compiled(x), root(x))
    assert len(told) == 1
    assert "Ran eagerly 4 times where its program fails: KeyError: 'no such thing'" in compiled.report()
    assert compiled.compiled == 1 + careful
    with pytest.raises(TypeError):
        compiled("text")
