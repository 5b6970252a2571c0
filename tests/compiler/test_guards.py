"""What a compiled function does where Python looks at values: every path, one warning, the same errors."""

import math
import subprocess
import sys
import threading
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
from grid import BACKENDS, assert_same, leaves

import dragongrad as ad
from dragongrad.compiler import runtime

X = np.array([1.0, 2.0, 3.0])
both = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def told():
    """The warnings so far."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield found


def messages(told):
    return [str(w.message) for w in told if issubclass(w.category, ad.CompileWarning)]


def count_calls(f):
    def counted(*args):
        counted.calls += 1
        return f(*args)

    counted.calls = 0
    return counted


def branches(x):
    if x[0] > 0 and x[1] > 0:
        return np.sum(x**2)
    if np.all(x < 0):
        return np.prod(x) * (2.0 if x[2] < -5 else 3.0)
    return x[0] - x[1] if x[0] > x[1] else np.max(x)


@both
def test_every_way_through_ifs(backend, told):
    counted = count_calls(branches)
    value, gradient = ad.compile(counted, backend=backend), ad.compile(ad.grad(branches), backend=backend)
    rng = np.random.default_rng(0)
    for x in rng.normal(size=(40, 3)) * 4:
        assert_same(value(x), branches(x))
        assert_same(gradient(x), ad.grad(branches)(x))
    assert counted.calls == 5
    assert messages(told) == []


def stepwise(x, y):
    s = 0.0 * y
    for k in range(300):
        s = s * 0.5 + x[k] * y if x[k] > 0 else s - x[k]
        if s > 1e6:
            s = s * 0.5
    return s


@both
def test_decisions_of_the_steps_of_a_loop_are_looked_at_together(backend):
    program = ad.compile(stepwise, backend=backend)
    x = np.ones(300)
    np.testing.assert_allclose(program(x, 2.0), stepwise(x, 2.0))
    path = next(iter(program._versions.values())).paths[0]
    assert len(path.guards) == 600
    if path.engine is not None:
        # All but those of the first step and of what loops leave out.
        assert len(path.engine._guards) < 10
    for step, value in ((200, -1.0), (299, np.nan)):
        other = x.copy()
        other[step] = value
        np.testing.assert_allclose(program(other, 2.0), stepwise(other, 2.0))
        np.testing.assert_allclose(program(x, 2.0), stepwise(x, 2.0))


def chosen_by(flags, x):
    """Some elements decide, not all of them, and not one after the other."""
    return sum([x if flags[k] else -x for k in (5, 4, 3, 2, 6, 9, 0)])


@both
def test_decisions_on_a_part_of_an_array(backend):
    program = ad.compile(chosen_by, backend=backend)
    flags = np.array([True, False, True, True, True, True, True, False, False, True])
    for k in (None, 5, 2, 9, 7, 0):
        given = flags.copy()
        if k is not None:
            given[k] = not given[k]
        assert program(given, 2.0) == chosen_by(given, 2.0)


def test_a_second_call_of_the_same_kind_never_traces():
    counted = count_calls(lambda x, n, t: np.sum(x) * n + t)
    compiled = ad.compile(counted)
    for x, t in ((X, 1.0), (X + 1, 2.0), (X - 1, -5.5)):
        assert compiled(x, 3, t) == np.sum(x) * 3 + t
    assert counted.calls == 1
    for again in ((X, 4, 1.0), (X[:2], 3, 1.0), (X.astype(np.float32), 3, 1.0), (X, 3, np.float32(1.0))):
        compiled(*again)
    # With an integer that has changed, what was made is compared with what the function itself gives.
    assert counted.calls == 6


@both
def test_a_loop_that_depends_on_values_warns_once_and_stays_right(backend, told):
    def halve(x):
        n = 0
        while np.sum(x) > 1:
            x, n = x / 2, n + 1
        return x * n

    compiled = ad.compile(halve, backend=backend)
    for scale in 2.0 ** np.arange(30):
        assert_same(compiled(X * scale), halve(X * scale))
    (message,) = messages(told)
    assert "while np.sum(x) > 1" in message
    assert "runs eagerly" in message


@both
def test_whole_numbers_are_guarded(backend, told):
    def f(x, n):
        i = int(np.argmax(x))
        return np.sum(x[:i]) + sum(x[k] for k in range(n[0])) + x[n[1] : n[2]].sum() + int(ad.stop_gradient(x[0]))

    compiled, gradient = ad.compile(f, backend=backend), ad.compile(ad.grad(f), backend=backend)
    for x in (X, X[::-1].copy(), X + 0.5):
        for n in ([1, 0, 2], [3, 1, 2], [1, -2, 3]):
            n = np.array(n)
            assert_same(compiled(x, n), f(x, n))
            assert_same(gradient(x, n), ad.grad(f)(x, n))
    assert messages(told) == []


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda x: math.sin(x[0]), "np.sin"),
        (lambda x: x[x > 1.5] * 2, "nonzero"),
        (lambda x: x[1].item() * x, "item"),
        (lambda x: np.array(x.tolist()), "tolist"),
        (lambda x: np.unique(x), "unique"),
        (lambda x: x.view(np.int64), "view"),
        (lambda x: np.sum(x) + np.float64(complex(x[0]).real), "complex"),
        (lambda x: len(f"{x}") * x, "text"),
        (lambda x: len(f"{x[0]:.3g}") * x, "text"),
        (lambda x: len(str(x)) + len(repr(x[0])) + x, "text"),
        (lambda x: len(np.array2string(x)) + len(np.array_str(x)) + len(np.array_repr(x)) + x, "text"),
        (ad.grad(lambda x: np.sum(x) * len(str(np.sin(x)))), "text"),
        (lambda x: hash(x[0]) % 7 + x, "hash"),
        (lambda x: {x[0]: x}[x[0]] * 2, "hash"),
    ],
)  # fmt: skip
@both
def test_what_cannot_be_traced_runs_eagerly_and_says_why_once(f, reason, backend, told):
    compiled = ad.compile(f, backend=backend)
    for x in (X, X + 1, X - 1.5):
        assert_same(compiled(x), f(x))
    (message,) = messages(told)
    assert "runs eagerly" in message
    assert reason in message


def test_the_warning_names_the_line(told):
    out = np.zeros(3)

    def fill(x):
        out[0] = x[1]
        return out * 1.0

    assert_same(ad.compile(fill)(X), fill(X))
    (message,) = messages(told)
    assert told[0].filename == __file__
    assert "out[0] = x[1]" in message
    assert "np.array(a)" in message


TABLE = np.array([1.0, 2.0, 4.0])


class OwnArray(np.ndarray):
    pass


def outputs(x, nest, way=0.0):
    y = x + TABLE
    return x, x[1:], TABLE, TABLE.T, {"a": [y, y]}, nest, np.asarray(2.0)


def choosing(x, nest, way):
    return outputs(x, nest) if sum(way > k for k in range(2 * runtime.MAX_PATHS)) >= 0 else None


def unseen(x, nest, way):
    return x[x > 0][:0], outputs(x, nest)


@both
@pytest.mark.parametrize("reason", ["", "cannot be compiled", "too many ways", "debug_nans", "subclass", "values"])
def test_arrays_of_a_result_are_the_callers_own_whether_compiled_or_not(reason, backend):
    f = {"cannot be compiled": unseen, "too many ways": choosing}.get(reason, outputs)
    compiled = ad.compile(f, backend=backend)
    for k in range(2 * runtime.MAX_PATHS if reason == "too many ways" else 15 if reason == "values" else 3):
        x, nest = X.copy(), [X.copy(), (k if reason == "values" else 0,)]
        x = x.view(OwnArray) if reason == "subclass" else x
        with warnings.catch_warnings(), ad.debug_nans() if reason == "debug_nans" else nullcontext():
            warnings.simplefilter("ignore")
            got, expected = leaves(compiled(x, nest, k + 0.5)), leaves(f(x, nest, k + 0.5))
        assert_same(got, expected)
        arrays = [v for v in got if isinstance(v, np.ndarray)]
        for i, v in enumerate(arrays):
            assert v.flags.writeable
            assert not any(np.shares_memory(v, w) for w in (x, nest[0], TABLE, *arrays[:i]))


REAL = np.array([[1.0, 2.0, 0.0], [0.5, 3.0, 1.0], [0.0, 0.1, 2.0]])
TURNING = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.5], [0.0, 0.0, 2.0]])


@both
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.linalg.eigvals(x),
        lambda x: np.abs(np.linalg.eigvals(x)) ** 2,
        lambda x: np.linalg.eig(x)[0] * 2,
        ad.grad(lambda x: np.sum(np.abs(np.linalg.eigvals(x)) ** 2)),
        ad.vmap(lambda s: np.sum(np.abs(np.linalg.eigvals(np.outer(s, s[::-1]) * np.arange(9.0).reshape(3, 3))))),
    ],
)
def test_eigenvalues_are_real_or_complex_as_values_have_it(f, backend, told):
    compiled = ad.compile(f, backend=backend)
    for x in (REAL, TURNING, REAL, REAL.T, TURNING.T, REAL, np.eye(3) + REAL, TURNING * 2):
        assert_same(compiled(x), f(x))
    assert messages(told) == []


# Errors


class OwnError(Exception):
    pass


@both
def test_errors_of_the_function_propagate(backend, told):
    def f(x):
        if x[0] > 1:
            raise OwnError("too large")
        return np.linalg.cholesky(np.diag(x))

    compiled = ad.compile(f, backend=backend)
    assert_same(compiled(X), f(X))
    with pytest.raises(OwnError, match="too large") as caught:
        compiled(X + 1)
    assert caught.value.__context__ is None
    with pytest.raises(np.linalg.LinAlgError):
        compiled(-X)
    assert_same(compiled(X / 2), f(X / 2))
    assert messages(told) == []


@both
def test_a_failure_on_a_path_not_taken_is_none(backend):
    def f(x):
        return np.linalg.inv(np.diag(x)) if np.all(x != 0) else np.diag(x)

    compiled = ad.compile(f, backend=backend)
    for x in (X, X * [1, 0, 1], X + 1):
        assert_same(compiled(x), f(x))


@both
def test_indices_out_of_range_raise_as_they_do_eagerly(backend):
    def f(x, i):
        return x[i] * 2

    def g(x, i):
        y = x * 1.0
        y[i] = x[:2]
        return np.sum(y**2)

    read = ad.compile(f, backend=backend)
    grad_read = ad.compile(ad.grad(lambda x, i: np.sum(f(x, i) ** 2)), backend=backend)
    write = ad.compile(ad.grad(g), backend=backend)
    for i in ([0, 2], [-1, -3], [1, 1]):
        i = np.array(i)
        assert_same(read(X, i), f(X, i))
        assert_same(grad_read(X, i), ad.grad(lambda x, i=i: np.sum(f(x, i) ** 2))(X))
        assert_same(write(X, i), ad.grad(g)(X, i))
    for i in ([0, 3], [-4, 0], [2**40, 1], [-(2**62), 1]):
        for compiled in (read, grad_read, write):
            with pytest.raises(IndexError):
                compiled(X, np.array(i))
    assert_same(read(X, np.array([0, 2])), f(X, np.array([0, 2])))


@both
def test_shape_errors_are_numpys(backend):
    compiled = ad.compile(lambda x, y: x + y, backend=backend)
    for _ in range(2):
        with pytest.raises(ValueError, match="broadcast"):
            compiled(X, X[:2])


def test_arguments_that_cannot_be_compiled():
    compiled = ad.compile(lambda x, option: x)
    with pytest.raises(ad.ArgumentError, match="frozenset"):
        compiled(X, {1, 2})
    with pytest.raises(ad.ArgumentError, match="object"):
        compiled(np.array([None, 1]), 1)
    with pytest.raises(ad.ArgumentError, match="call it once"):
        ad.compile(np.sin).source  # noqa: B018
    with pytest.raises(ad.ArgumentError, match="backend"):
        ad.compile(np.sin, backend="fortran")
    with pytest.raises(ad.ArgumentError, match="function"):
        ad.compile(3)


# Numbers, static arguments, nests


@both
def test_python_numbers_take_the_dtype_of_what_they_meet(backend):
    x32 = X.astype(np.float32)

    def f(t, x):
        s = t * t + 1
        return s * x, x < t, np.where(x > 1, t, x), np.concatenate([x, x]) * t, np.stack([x, np.maximum(t, x)]), s

    compiled = ad.compile(f, backend=backend)
    for t in (0.1, 2.0, -3.5):
        for x in (x32, X, x32 + 1, np.array([1, 2, 3])):
            assert_same(compiled(t, x), f(t, x))
    strong = ad.compile(lambda x: x * np.float64(2.0) + 1.0, backend=backend)
    for _ in range(2):
        assert strong(x32).dtype == np.float64
    gradient = ad.grad(lambda t, x: np.sum(t * x))
    compiled = ad.compile(gradient, backend=backend)
    for t in (2.0, 3.0):
        assert_same(compiled(t, x32), gradient(t, x32))


def test_static_arguments(told):
    def f(x, n, *, kind="sum"):
        return np.sum(x[: int(n)]) if kind == "sum" else np.prod(x)

    compiled = ad.compile(f, static=(1, "kind"))
    for n in (1.0, 2.0, np.float64(3.0)):
        assert_same(compiled(X, n), f(X, n))
    assert_same(compiled(X, 1.0, kind="prod"), np.float64(6.0))
    assert_same(compiled(X, 1.0, kind="sum"), np.float64(1.0))
    assert messages(told) == []


@both
def test_nests_in_and_out(backend):
    def f(p, *rest, scale=1.0):
        return {"a": p["w"] @ p["b"] * scale, "n": (rest[0][0] + 1, None, [p["b"]]), "s": "text", "i": 3}

    compiled = ad.compile(f, backend=backend)
    for k in range(3):
        args = {"w": np.ones((2, 3)) * k, "b": X + k}, (X, 2)
        got, expected = compiled(*args, scale=2.0 + k), f(*args, scale=2.0 + k)
        assert got.keys() == expected.keys()
        assert got["s"] == "text"
        assert got["i"] == 3
        assert_same((got["a"], got["n"]), (expected["a"], expected["n"]))


def test_a_decorated_method_and_a_pickled_function():
    class Model:
        def __init__(self, k):
            self.k = k

        @ad.compile
        def __call__(self, x):
            """Scale."""
            return self.k * x

    assert_same((Model(2.0)(X), Model(3.0)(X)), (2 * X, 3 * X))
    assert Model.__call__.__doc__ == "Scale."


# Around and inside other transforms


def test_inside_other_transforms_it_is_the_function():
    inner = ad.compile(lambda x: np.sum(np.sin(x)))
    assert_same(ad.grad(inner)(X), np.cos(X))
    assert_same(ad.vmap(inner)(np.stack([X, X])), np.full(2, np.sin(X).sum()))
    outer = ad.compile(lambda x: ad.grad(inner)(x) * 2)
    assert_same((outer(X), outer(X + 1)), (2 * np.cos(X), 2 * np.cos(X + 1)))


def test_it_uses_a_variable_of_a_transform_around_it(told):
    def f(w):
        return np.sum(ad.compile(lambda x: np.sin(x) * w)(X))

    assert_same(ad.grad(f)(2.0), np.sin(X).sum())
    assert "not one of its arguments" in messages(told)[0]


def test_a_value_kept_from_a_call_is_refused():
    kept = []

    def f(x):
        kept.append(x * 2)
        return x + (kept[0] if len(kept) > 1 else 0.0)

    compiled = ad.compile(f)
    compiled(X)
    with pytest.raises(ad.EscapedError, match="was kept"):
        compiled(X[:2])


def test_recursion_on_plain_numbers_does_not_wait_for_itself():
    @ad.compile
    def f(x):
        return x * f(np.float64(1.0)) if x > 1 else x + 1.0

    assert f(np.float64(3.0)) == 6.0


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_debug_nans_runs_eagerly():
    compiled = ad.compile(ad.grad(lambda x: np.sum(np.log(x))))
    assert np.isinf(compiled(np.zeros(2))).all()
    with ad.debug_nans(), pytest.raises(ad.NonFiniteError, match="log"):
        compiled(np.zeros(2))


def test_threads_compile_one_path_together():
    counted = count_calls(lambda x: np.sum(np.sin(x)))
    compiled, found = ad.compile(counted), []
    threads = [threading.Thread(target=lambda k=k: found.append((k, compiled(X + k)))) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert counted.calls == 1
    assert_same([v for _, v in sorted(found)], [np.sin(X + k).sum() for k in range(8)])


WITHOUT_LLVM = """
import sys, warnings
sys.modules["llvmlite"] = None
import numpy as np, dragongrad as ad
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    for k in range(2):
        f = ad.compile(ad.grad(lambda x: np.sum(np.sin(x) ** 2)))
        for x in (np.ones(3), np.arange(3.0)):
            np.testing.assert_allclose(f(x), np.sin(2 * x), atol=1e-15)
assert len(told) == 1 and "llvmlite" in str(told[0].message), told
try:
    ad.compile(np.sin, backend="native")(1.0)
except ad.ArgumentError as error:
    print("refused:", error)
"""


def test_without_llvmlite_everything_runs_as_numpy_source_and_says_so_once():
    run = subprocess.run([sys.executable, "-c", WITHOUT_LLVM], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "pip install llvmlite" in run.stdout


def test_a_loop_that_ends_by_values_is_named_where_it_is_left_to_python():
    def halved(x):
        while x > 1:
            x = x / 2
        return x

    compiled = ad.compile(halved, backend="numpy")
    line = halved.__code__.co_firstlineno + 1
    with pytest.warns(ad.CompileWarning, match=rf"test_guards.py:{line}: while x > 1:\nIt is in a loop") as told:
        assert [compiled(1.5 * 2.0**k) for k in range(20)] == [0.75] * 20
    assert len(told) == 1
