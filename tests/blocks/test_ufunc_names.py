"""Ufuncs of lists alone: what NumPy makes of the array that the list stands for, under every transform."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from grid import BACKENDS, covering, leaves

import dragongrad as ad

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
ROWS = np.array([[1.0, -1.0, 2.0], [0.5, 0.25, 0.25]])
NAMES = (
    "add", "conjugate", "copysign", "divmod", "equal", "float_power", "fmax", "fmin", "fmod", "frexp", "gcd",
    "greater", "heaviside", "isnan", "less_equal", "logaddexp", "logical_and", "logical_not", "logical_xor", "abs",
    "maximum", "minimum", "modf", "multiply", "not_equal", "power", "reciprocal", "sign", "signbit", "square",
    "hypot", "subtract", "negative", "bitwise_or", "sin", "sqrt", "arctan2", "divide", "floor_divide",
)  # fmt: skip
LISTS = {
    "numbers": lambda x: [x[0], x[1]], "rows": lambda x: [x, 2 * x], "truths": lambda x: [x > 0, x > 1],
    "truths of numbers": lambda x: [x[0] > 0, x[1] > 0], "whole numbers": lambda x: [np.argmax(x), np.argmin(x)],
    "nested": lambda x: [[x[0], 1.0], (2.0, x[1])],
}  # fmt: skip
METHODS = {
    "call": lambda u, a: u(a) if u.nin == 1 else u(a, a),
    "with a number": lambda u, a: u(a) if u.nin == 1 else u(a, 2),
    "reduce": lambda u, a: u.reduce(a), "accumulate": lambda u, a: u.accumulate(a),
    "outer": lambda u, a: u.outer(a, a), "reduceat": lambda u, a: u.reduceat(a, [0, 1]),
}  # fmt: skip


def tried(run, x):
    try:
        return leaves(run(x))
    except (TypeError, ValueError) as error:
        return error


@pytest.mark.parametrize(("name", "given", "method"), covering(NAMES, LISTS, METHODS, together=2))
def test_a_list_is_the_array_that_it_stands_for(name, given, method):
    f = lambda x: method(getattr(np, name), given(x))
    expected = [tried(f, row) for row in ROWS]
    refused = any(isinstance(e, Exception) for e in expected)
    runs = [ad.vmap(f), *[ad.compile(ad.vmap(f), backend=b) for b in BACKENDS]]
    for run in (*runs, *([] if refused else runs[1:])):
        got = tried(run, ROWS)
        if refused:
            assert isinstance(got, Exception)
            continue
        for k, part in enumerate(got):
            want = np.stack([row[k] for row in expected])
            assert (part.shape, part.dtype) == (want.shape, want.dtype)
            np.testing.assert_allclose(part, want, rtol=1e-12)
    for row, want in zip(ROWS, expected, strict=True):
        for run in (lambda x: ad.jvp(f, (x,), (x,))[0], *[ad.compile(f, backend=b) for b in BACKENDS]):
            if isinstance(want, Exception):
                assert isinstance(tried(run, row), Exception)
            else:
                for part, value in zip(leaves(run(row)), want, strict=True):
                    assert np.asarray(part).dtype == np.asarray(value).dtype
                    np.testing.assert_allclose(part, value, rtol=1e-12)


def test_gradients_of_ufuncs_of_lists():
    f = lambda x: (
        np.maximum.reduce([x[0], x[1] ** 2])
        + np.multiply.reduce([x[0], x[1], 3.0]) * np.add.reduce([x > 0, x > 1])[1]
    )
    for x in ROWS:
        expected = ad.grad(
            lambda x: np.max(np.stack([x[0], x[1] ** 2])) + 3 * x[0] * x[1] * ((x[1] > 0) * 1 + (x[1] > 1))
        )(x)
        np.testing.assert_allclose(ad.grad(f)(x), expected)
    np.testing.assert_allclose(ad.vmap(ad.grad(f))(ROWS), [ad.grad(f)(x) for x in ROWS])
    np.testing.assert_allclose(ad.vmap(ad.hessian(f))(ROWS), [ad.hessian(f)(x) for x in ROWS])


def test_they_are_ufuncs_to_who_asks():
    kept, table = [], {np.add: "sum", np.maximum: "most"}

    def f(x):
        assert isinstance(np.add, np.ufunc)
        assert (np.add.nin, np.add.identity, np.add.__name__) == (2, 0, "add")
        assert table[np.add] == "sum"
        assert {np.maximum: 1}[np.maximum] == 1
        assert np.add != np.maximum
        kept.extend([np.add, pickle.dumps(np.add), copy.deepcopy(np.maximum)])
        y = np.zeros(3)
        np.add.at(y, [0, 0], x[:2])
        np.multiply(y, 2.0, out=y)
        return np.sum(np.add(y, x, dtype=np.float64))

    np.testing.assert_allclose(ad.grad(f)(ROWS[0]), [3, 3, 1])
    assert kept[0] == np.add
    assert hash(kept[0]) == hash(np.add)
    assert repr(kept[0]) == repr(np.add)
    assert pickle.loads(kept[1]) == np.add
    assert kept[2]([1, 5], 3).tolist() == [3, 5]
    assert "half for each" in str(ad.explain(kept[2]))


@pytest.mark.parametrize("name", ["sin", "add", "divmod"])
def test_arguments_that_do_not_fit_end_in_numpys_own_error(name):
    def f(x):
        for args in ((), (ROWS,) * 6):
            with pytest.raises(TypeError, match=f"^{name}"):
                getattr(np, name)(*args)
        return np.sum(x)

    assert ad.grad(f)(ROWS[0]).tolist() == [1, 1, 1]


ALONE = """
import numpy as np
import dragongrad as ad

sin, calls = np.sin, []


def mine(x):
    calls.append(x)
    return sin(x)


def f(x):
    # A list beside an array, arrays alone, and the methods.
    assert np.add(np.ones(1), [x]).shape == (1,)
    assert np.add.reduce(np.ones(3)) == np.multiply.accumulate(np.full(3, 2.0))[-1] - 5.0
    return np.add([x], [x])[0] + np.sin([x, 1.0])[0]


def slope(x):
    return 2.0 + np.cos(x)


def ask_until_they_are_numpys():
    for _ in range(70):
        assert np.cos is not None


for when in range(3):
    assert abs(ad.grad(f)(0.5) - slope(0.5)) < 1e-12
    if when:
        ask_until_they_are_numpys()
    np.sin = mine
    assert ad.grad(lambda x: np.sin(x))(0.0) == 1.0
    assert len(calls) == 1 + when
    if when == 2:
        ask_until_they_are_numpys()
    np.sin = sin
    assert ad.grad(f)(0.5) == ad.grad(f)(0.5)
    assert len(calls) == 1 + when
    assert np.sin is sin
"""


def test_in_a_process_of_one_thread():
    """There names are not asked for the thread; what the user puts there counts, and its end too."""
    subprocess.run([sys.executable, "-c", ALONE], check=True)
