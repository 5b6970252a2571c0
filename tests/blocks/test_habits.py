"""`np.asarray(x)`, lists of Variables and plain buffers, under every transform; and who notices that they work."""

import copy
import functools
import math
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from grid import BACKENDS, covering
from numpy import asarray as imported_asarray
from numpy import zeros as imported_zeros

import dragongrad as ad
from dragongrad import namespace
from dragongrad.core.variable import Variable

PROGRAMS = {}
OUTSIDE = np.arange(1.0, 4.0)
# In a dict, where nobody looks for them.
NUMPYS = {"asarray": np.asarray, "zeros": np.zeros, "ones": np.ones, "det": np.linalg.det}


def program(f):
    """A function as users write it; NumPy says what it means, differences what its derivative is."""
    PROGRAMS[f.__name__] = f
    return f


@program
def head(x):
    x = np.asarray(x, dtype=float)
    return np.linalg.norm(x) ** 2 + np.std(x) + np.mean(np.asanyarray(x))


@program
def other_heads(x):
    x = np.ascontiguousarray(np.asfortranarray(x))
    x = np.asarray_chkfinite(np.require(x, float, ["C", "W"]))
    x = x + 0 * np.array(object=x)
    return np.array(x, dtype=float, copy=True, ndmin=2) * np.atleast_1d(x)


@program
def copy_of_the_argument(x):
    y = np.array(x)
    y[0] = x[1] * x[2]
    z = np.asarray(y)
    z[1] *= 2.0
    return x * y


@program
def numbers_in_a_list(x):
    return np.array([x[0], 1.0, x[1] ** 2]) * 2


@program
def nested_lists(x):
    return np.array([[x[0], 1.0], (x[1], x[0] * x[2])])


@program
def rows_in_a_list(x):
    return np.array([x[:2], x[1:3] ** 2, [1.0, x[0]]])


@program
def parts_of_parts(x):
    return np.array([[x[:2], x[1:]], [x[:2] * 2, OUTSIDE[:2]]])


@program
def matrix_in_a_list(x):
    a = [[x[0] + 3, 1.0], [x[1], x[2] + 3]]
    return np.linalg.det(a) + np.linalg.norm(a) + np.linalg.solve(a, [1.0, 2.0])


@program
def statistics_of_a_list(x):
    return np.mean([x[0], x[1], 1.0]) + np.std([x[0], x[1]]) + np.var([x[0], 2.0]) + np.median([x[0], x[1], x[2]])


@program
def questions_of_a_list(x):
    return np.where(np.isnan([x[0], np.nan, x[1]]), 0.0, x) + np.isfinite([x[0], np.inf, 1.0])


@program
def filled_in_a_loop(x):
    y = np.zeros(3)
    for i in range(3):
        y[i] = x[i] ** 2
    return y


@program
def added_to(x):
    y = np.zeros(3)
    y += x
    y[1:] *= x[0]
    y -= OUTSIDE
    return y


@program
def matrix_filled(x):
    y = np.zeros((3, 3))
    y[0] = x
    y[1, 1:] = x[:2]
    y[2] += 1.0
    y[2][0] = x[1]
    return y @ x


@program
def computed_buffers(x):
    y = np.zeros(3) + 1.0
    y[0] = x[0]
    z = -np.ones(3) * 2
    z[1] *= x[1]
    w = np.exp(np.empty_like(OUTSIDE) * 0)
    w[2] = x[2]
    return y * z * w


@program
def other_buffers(x):
    y = np.empty(3)
    y[:] = x[::-1]
    z = np.full(3, x[0])
    z[1] = x[1]
    w = np.full((3,), 2.0)
    w[0] = x[2]
    e = np.eye(3)
    e[0, 1] = x[0]
    i = np.identity(3)
    i[1] = x
    return y * z * w * (e @ i @ x)


@program
def buffers_like(x):
    y = np.zeros_like(OUTSIDE)
    y[0] = x[1]
    z = np.ones_like(OUTSIDE)
    z[1] = x[0]
    w = np.full_like(OUTSIDE, 3.0)
    w[2] = x[2]
    v = np.zeros_like(y)
    v[0] = 1.0
    return y + z * w + v


@program
def copies_of_constants(x):
    c = np.copy(OUTSIDE)
    c[0] = x[0]
    d = np.array(OUTSIDE)
    d[1] = x[1]
    e = np.array([0.0, 0.0, 0.0])
    e[1] = x[2]
    return c * d + e + OUTSIDE.copy()


@program
def imported_by_name(x):
    x = imported_asarray(x, float)
    y = imported_zeros(3)
    y[0] = x[1]
    return y


@program
def constants_for_others(x):
    k = np.eye(3)
    k[0, 1] = 0.5
    b = scipy.special.jv(1.0, np.ones(3)) + np.unique(np.zeros(3)) + np.packbits(np.ones(3) > 0)
    return scipy.linalg.cholesky(k + k.T) @ x + np.asarray(k)[0] + b


@program
def decisions_on_buffers(x):
    y = np.zeros(3)
    y[0] = 1.0
    if y[0] > 0.5 and float(y[1]) == 0.0 and int(y[1:2][0]) == 0 and y.tolist() == [1.0, 0.0, 0.0]:
        y[2] = x[0]
    return y


@program
def polynomials(x):
    return np.polynomial.polynomial.polyval(2.0, x) + np.polyval(x, 2.0)


@program
def right_hand_side(x):
    dydt = np.zeros_like(x)
    dydt[0] = x[1]
    dydt[1] = -np.sin(x[0])
    return dydt


@program
def table_of_constants(x):
    t = np.linspace(0, 1, 3)
    weights = np.zeros(3)
    for i in range(3):
        weights[i] = np.exp(-t[i])
    return weights * x


@program
def iterated(x):
    y = x * 1.0
    for v in np.nditer(y, op_flags=["readwrite"]):
        v[...] = v**2
    it = np.nditer(x, flags=["multi_index"])
    total = 0.0
    while not it.finished:
        total = total + x[it.multi_index] * it[0]
        it.iternext()
    return y * total + sum(v**2 for v in x.flat)


@program
def iterated_together(x):
    """Also over what is broadcast, and an array of another order and dtype."""
    y, w = np.zeros((2, 3)), np.array([[1], [2]], np.int8)
    for a, b, c in np.nditer([x, y, w], op_flags=[["readonly"], ["writeonly"], ["readonly"]]):
        b[...] = np.sin(a) * c
    it = np.nditer([x, y.T[:, 1]], flags=["multi_index"], op_flags=[["readonly"], ["readwrite"]])
    while not it.finished:
        it[1][...] *= it[0] + it.multi_index[0]
        it.iternext()
    return y


@program
def memo_in_a_list(x):
    found = [x[0], x[1]]
    for _ in range(3):
        found.append(found[-1] * found[-2] + 1.0)
    return np.array(found)


X = np.array([0.3, -0.7, 1.2])


def jacobian(f, x, h=1e-6):
    return np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))], -1)


def close(got, expected, tolerance=1e-7):
    assert type(got) is type(expected) or np.ndim(got) == 0
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", PROGRAMS)
def test_eager(name):
    f = PROGRAMS[name]
    expected = jacobian(f, X)
    close(ad.jacrev(f)(X), expected)
    close(ad.jacfwd(f)(X), expected)
    close(ad.jvp(f, (X,), (X,))[0], f(X.copy()))
    close(ad.vmap(f)(np.stack([X, 2 * X]))[1], f(2 * X))
    total = lambda x: np.sum(f(x) ** 2)
    close(ad.hessian(total)(X), ad.jacrev(ad.grad(total))(X))
    assert np.array_equal(OUTSIDE, [1.0, 2.0, 3.0])
    assert np.asarray is NUMPYS["asarray"]
    assert imported_zeros is NUMPYS["zeros"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled(name, backend):
    f = PROGRAMS[name]
    for g in (f, ad.jacrev(f)):
        compiled = ad.compile(g, backend=backend)
        for at in (X, X, X / 2, X / 2):
            close(compiled(at), g(at.copy()))


def test_what_was_there_is_there_again():
    before = dict(vars(np))
    seen = []

    def f(x):
        seen.append(np.zeros is not NUMPYS["zeros"])
        raise KeyError(1)

    for transform in (ad.grad, ad.vmap, ad.compile, ad.jacfwd):
        with pytest.raises(KeyError):
            transform(f)(X)
    assert seen == [True] * 4
    assert vars(np) == before
    assert np.linalg.det is NUMPYS["det"]


def test_nested_transforms_answer_until_the_outermost_ends():
    def f(x):
        inner = ad.grad(lambda y: np.sum(np.asarray(y) ** 2))(x)
        out = np.zeros(3)
        out[0] = inner[1]
        return out

    close(ad.jacrev(f)(X), np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))


@pytest.mark.parametrize("name", ["sum", "asarray", "zeros", "where", "linalg.norm", "random.default_rng", "sin"])
def test_functions_taken_in_a_transform_pickle(name):
    """In it and after it, and what comes back is NumPy's function outside of transforms."""
    taken = []

    def f(x):
        function = np
        for part in name.split("."):
            function = getattr(function, part)
        taken.append((function, pickle.loads(pickle.dumps(function))))
        assert copy.deepcopy(function) is function
        return np.sum(function(x)) if name in ("sum", "asarray", "linalg.norm", "sin") else np.sum(x)

    slope = ad.grad(f)(X)
    (function, again), after = taken[0], pickle.loads(pickle.dumps(taken[0][0]))
    assert function is again is after
    argument = {"where": np.ones(3) > 0, "zeros": 3, "random.default_rng": 0}.get(name, X)
    assert type(function(argument)) is type(eval(f"np.{name}")(argument))
    if name in ("sum", "asarray", "linalg.norm", "sin"):
        close(ad.grad(lambda x: np.sum(after(x)))(X), slope)


def test_other_threads_and_code_of_others_notice_nothing():
    inside, done = threading.Event(), threading.Event()
    found = {}

    def f(x):
        inside.set()
        assert done.wait(30)
        return np.sum(np.asarray(x) ** 2)

    def elsewhere():
        assert inside.wait(30)
        found["zeros"] = type(np.zeros(3))
        found["list"] = type(np.asarray([1.0, 2.0]))
        found["array"] = type(np.array([1.0]))
        found["like"] = type(np.zeros_like(OUTSIDE))
        found["pickle"] = pickle.loads(pickle.dumps(np.zeros))(2).shape
        done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    close(ad.grad(f)(X), 2 * X)
    thread.join()
    assert found == {
        "zeros": np.ndarray,
        "list": np.ndarray,
        "array": np.ndarray,
        "like": np.ndarray,
        "pickle": (2,),
    }

    def padded(x):
        assert type(np.pad(OUTSIDE, 1)) is np.ndarray
        assert type(scipy.linalg.toeplitz(OUTSIDE)) is np.ndarray
        return np.sum(x)

    ad.grad(padded)(X)


def test_code_in_c_gets_arrays():
    # It takes what np.empty gives for an array without looking: a Variable there is a segmentation fault.
    ad.grad(np.sin)(1.0)
    for name in ("mtrand", "_generator", "_common"):
        assert getattr(np.random, name).np.zeros is NUMPYS["zeros"]
    for draw in (lambda: np.random.RandomState(0).rand(3), lambda: np.random.default_rng(0).normal(size=3)):
        close(ad.grad(lambda x, draw=draw: np.sum(x * draw()))(X), draw())


FIRST_DRAWS = {
    "attribute": "np.random.default_rng(0).normal(size=3)",
    "of all": "np.random.RandomState(0).normal(size=3)",
    "from numpy": "from numpy import random; noise = random.default_rng(0).normal(size=3)",
    "from it": "from numpy.random import default_rng; noise = default_rng(0).normal(size=3)",
    "by a name": "import numpy.random as r; noise = r.RandomState(0).normal(size=3)",
    "by its name": "import numpy.random; noise = numpy.random.default_rng(0).normal(size=3)",
    "a part": "from numpy.random.mtrand import RandomState; noise = RandomState(0).normal(size=3)",
    "importlib": "import importlib; noise = importlib.import_module('numpy.random').default_rng(0).normal(size=3)",
    "another thread": "import threading; made = []; t = threading.Thread(target=draw, args=(made,)); t.start();"
                      " t.join(); noise = made[0]",
}  # fmt: skip
FIRST_DRAW = """
import sys
import numpy as np
import dragongrad as ad

def draw(made):
    from numpy.random import default_rng
    made.append(default_rng(0).normal(size=3))

def f(x):
    DRAW
    assert type(noise) is np.ndarray, type(noise)
    buffer = np.zeros(3)
    buffer[0] = x[0]
    return np.sum(noise * x) + np.sum(buffer)

late = "numpy.random" not in sys.modules
x = np.arange(3.0)
first = ad.grad(f)(x)
expected = np.random.default_rng(0).normal(size=3)
if "RandomState" in '''DRAW''':
    expected = np.random.RandomState(0).normal(size=3)
assert np.allclose(first - [1, 0, 0], expected), (first, expected)
assert np.allclose(ad.grad(f)(x), first)
assert np.allclose(COMPILED(ad.grad(f))(x), first)
assert np.allclose(ad.jvp(f, (x,), (x,))[1], first @ x)
print(late)
"""


@pytest.mark.parametrize(
    ("draw", "before"), covering(FIRST_DRAWS.keys(), ["", "ad.compile", "ad.grad(np.sin)(1.0)"])
)
def test_generators_may_be_imported_in_a_transform(draw, before):
    """NumPy imports them when they are first asked for: their code in C must never meet functions of ours."""
    code = FIRST_DRAWS[draw] if "noise" in FIRST_DRAWS[draw] else f"noise = {FIRST_DRAWS[draw]}"
    code = FIRST_DRAW.replace("DRAW", code).replace("COMPILED", "ad.compile")
    code = code.replace("late = ", f"{before}\nlate = ")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if np.__version__ >= "2.4":
        assert done.stdout == "True\n"


FAKE = """
import types
import numpy as np
import dragongrad as ad
ad.grad(np.sin)(1.0)
ad.compile
fake = types.SimpleNamespace(draw=lambda: 7.0)
np.random = fake
assert np.random is fake
assert ad.grad(lambda x: x * np.random.draw())(1.0) == 7.0
assert ad.compile(lambda x: x * np.random.draw(), backend="numpy")(2.0) == 14.0
del np.random
import numpy.random
f = ad.compile(lambda x: x * np.random.default_rng(0).normal(), backend="numpy")
assert f(1.0) == f(1.0) == np.random.default_rng(0).normal()
"""


def test_what_somebody_puts_in_the_place_of_generators_stays():
    done = subprocess.run([sys.executable, "-c", FAKE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


BETWEEN = """
import numpy as np
import dragongrad as ad
ad.grad(np.sin)(1.0)
for _ in range(1000):
    np.zeros
import numpy.random
expected = np.random.default_rng(0).normal()
for _ in range(2):
    assert ad.grad(lambda x: x * np.random.default_rng(0).normal())(1.0) == expected
    assert np.random is numpy.random
    for _ in range(1000):
        np.zeros
"""


def test_generators_may_be_imported_long_after_a_transform():
    """Our functions have been taken away by then, and come again."""
    done = subprocess.run([sys.executable, "-c", BETWEEN], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_many_threads_at_once():
    errors = []

    def work(seed):
        x = np.random.default_rng(seed).normal(size=3)
        try:
            for _ in range(30):
                close(
                    ad.grad(lambda x: np.sum(matrix_filled(np.asarray(x))))(x),
                    jacobian(lambda x: np.sum(matrix_filled(x)), x),
                )
        except Exception as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not errors
    assert np.zeros is NUMPYS["zeros"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_of_a_fork_counts_itself_alone():
    inside, done = threading.Event(), threading.Event()

    def f(x):
        inside.set()
        assert done.wait(30)
        return np.sum(x)

    thread = threading.Thread(target=lambda: ad.grad(f)(X))
    thread.start()
    assert inside.wait(30)
    child = os.fork()
    if not child:
        right = np.zeros is NUMPYS["zeros"] and np.array_equal(
            ad.grad(lambda x: np.sum(np.asarray(x)))(X), np.ones(3)
        )
        os._exit(0 if right and np.zeros is NUMPYS["zeros"] else 1)
    done.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_buffers_are_arrays_to_code_of_others_until_they_hold_a_derivative():
    def f(x):
        buffer = np.zeros(3)
        assert type(buffer) is Variable
        assert type(NUMPYS["asarray"](buffer)) is np.ndarray
        assert type(pickle.loads(pickle.dumps(buffer))) is np.ndarray
        assert memoryview(NUMPYS["asarray"](buffer)).shape == (3,)
        buffer[0] = x[0]
        assert NUMPYS["asarray"](buffer).dtype == object
        with pytest.raises(ad.ConversionError):
            float(buffer[0])
        return buffer

    ad.jacfwd(f)(X)


def test_integers_and_truths_are_plain():
    def f(x):
        assert type(np.zeros(3, int)) is type(np.array([1, 2])) is type(np.ones(3, bool)) is np.ndarray
        return x[np.array([0, 1])] + OUTSIDE[np.zeros(2, int)]

    close(ad.jacfwd(f)(X), np.eye(3)[:2])


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda x: np.array([x, x[:2]]), ad.ShapeError),
        (lambda x: np.array([[x[0]], [x[0], x[1]]]), ad.ShapeError),
        (lambda x: np.asarray(x, dtype=int, copy=False), ValueError),
        (lambda x: np.asarray_chkfinite(x / 0.0), ValueError),
        (lambda x: np.asarray([x[0], "a"]), (ad.DragongradError, TypeError)),
    ],
)
def test_errors(f, error):
    with pytest.raises(error), np.errstate(divide="ignore"):
        ad.jacfwd(f)(X)


def test_compiled_code_gets_numpys_own_arrays():
    """Cython takes what `np.empty` gives for an array without asking: the process would crash."""

    def f(x):
        noise = np.random.default_rng(0).normal(size=3)
        assert type(noise) is type(np.random.RandomState(0).normal(size=2)) is np.ndarray
        zeros, part = np.zeros, functools.partial(np.zeros, 2)
        made = [np.zeros(2), NUMPYS["zeros"](2), *map(np.zeros, [2]), part()]
        made += [zeros(2), (np.
                            zeros(2, dtype=
                                  float)), np.zeros(*(2,), **{})]  # fmt: skip
        assert [type(a) is Variable for a in made] == [True, False, *[True] * 5]
        first, second = map(np.asarray, (x, [x[0], 1.0]))
        return np.sum(first * noise) * second[0]

    noise = np.random.default_rng(0).normal(size=3)
    close(ad.grad(f)(X), noise * X[0] + np.array([noise @ X, 0.0, 0.0]))


def test_buffers_answer_as_arrays_where_there_is_no_rule():
    def f(x):
        y = np.zeros(3) + 1.5
        y[2] = 2.0
        assert list(np.histogram(y, [0.0, 1.75, 3.0])[0]) == [2, 1]
        assert y.flags.writeable
        assert y.strides == (8,)
        assert len(y.tobytes()) == 24
        assert type(pickle.loads(pickle.dumps(y))) is np.ndarray
        np.add.at(y, [0, 0], 1.0)
        assert list(np.unique(y)) == [1.5, 2.0, 3.5]
        assert np.logaddexp.reduceat(y, [0, 2]).shape == (2,)
        return np.sum(x * y)

    close(ad.grad(f)(X), np.array([3.5, 1.5, 2.0]))


def test_what_the_user_puts_into_numpys_namespace_stays(monkeypatch):
    def mine(*args):
        return NUMPYS["zeros"](*args) + 1

    def f(x):
        return np.sum(x * np.zeros(3))

    def puts(x):
        monkeypatch.setattr(np, "zeros", mine)
        return f(x)

    close(ad.grad(puts)(X), np.ones(3))
    assert np.zeros is mine
    close(ad.grad(f)(X), np.ones(3))
    assert np.zeros is mine


def test_a_table_of_constants_is_filled_where_it_is():
    seen = []

    def f(x):
        y = np.zeros(3)
        memory = y.data
        held = memory.copy()
        del memory
        place = y.data.ctypes.data
        for i in range(3):
            y[i] = i
            y[i:] += 0.0
        seen.append(y.data.ctypes.data == place)
        out = x * y
        alias, copied, view = y, y.copy(), y[:2]
        kept = y.data
        y[0] = 5.0
        assert list(alias) == [5.0, 1.0, 2.0]
        assert list(view) == [5.0, 1.0]
        assert list(copied) == list(kept) == [0.0, 1.0, 2.0]
        assert not held.any()
        return np.sum(out)

    close(ad.grad(f)(X), np.array([0.0, 1.0, 2.0]))
    assert seen == [True]


@pytest.mark.parametrize("kind", [np.memmap, np.ndarray], ids=["memmap", "subclass"])
def test_arrays_of_subclasses(kind, tmp_path):
    class Own(np.ndarray):
        pass

    x = np.memmap(tmp_path / "x", float, "w+", shape=3) if kind is np.memmap else X.copy().view(Own)
    x[:] = X
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(np.asarray(x) ** 2))(x), 2 * X)


def test_modules_imported_later_are_found(tmp_path, monkeypatch):
    (tmp_path / "late_importer.py").write_text(
        "from numpy import array, zeros\nimport numpy.linalg as la\n"
        "def f(x):\n    y = zeros(2)\n    y[0] = x[0] * x[1]\n    return array([y[0], la.norm([x[0], x[2]])])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import late_importer

    close(ad.jacrev(late_importer.f)(X), jacobian(late_importer.f, X))
    assert late_importer.zeros is NUMPYS["zeros"]
    assert not namespace.is_answering()
    del sys.modules["late_importer"]


LATER = """
import pickle
import numpy as np
import dragongrad as ad
from dragongrad import namespace

usual, held, x = type(np), [np.zeros], np.ones(3)
for _ in range(2):
    ad.grad(lambda x: np.sum(np.asarray(x)))(x)
    # They stay until somebody has asked for some.
    assert type(np) is not usual
    # Libraries that pickle functions with the modules they use look for the class of modules itself.
    assert pickle.loads(pickle.dumps(np)) is np
    assert np.zeros is held[0]
    assert type(np) is not usual
    assert all(np.zeros is held[0] for _ in range(namespace._PATIENCE))
    assert type(np) is usual
"""


def test_outside_of_transforms_names_are_numpys_own_at_once():
    # A process of its own, where nothing was imported from NumPy by name.
    subprocess.run([sys.executable, "-c", LATER], check=True)


def test_what_was_read_in_a_transform_may_be_written_after_it():
    read = []

    def f(x):
        read.append(np.zeros)
        return np.sum(x * np.zeros(3))

    ad.grad(f)(X)
    assert np.ones is NUMPYS["ones"]
    np.zeros = read[0]
    for _ in range(2):
        ad.grad(f)(X)
        assert np.zeros is NUMPYS["zeros"]


def test_threads_enter_and_leave_at_any_moment():
    """Half of the threads only ask NumPy, which takes the names away whenever no transform runs."""
    wrong, done = [], threading.Event()

    def f(x):
        y = np.zeros(3)
        y[0] = x[0] * x[1]
        return np.sum(np.asarray(y) + imported_zeros(3))

    def differentiates():
        while not done.is_set():
            got = ad.grad(f)(X)
            if list(got) != [X[1], X[0], 0.0]:
                wrong.append(got)

    def asks():
        while not done.is_set():
            if np.zeros is not NUMPYS["zeros"] or type(np.ones(2)) is not np.ndarray:
                wrong.append("ours")

    def guarded(run):
        try:
            run()
        except Exception as error:
            wrong.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=guarded, args=(run,)) for run in (differentiates, asks) * 3]
        for thread in threads:
            thread.start()
        done.wait(1.0)
        done.set()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    assert not namespace._NAMESPACE.active


def test_a_module_counts_as_served_once_it_is(monkeypatch):
    """Another thread may fork while modules are served; the child then serves the rest."""
    found = namespace._Namespace()

    def stops(names):
        raise KeyboardInterrupt

    monkeypatch.setattr(found, "_serve", stops)
    with pytest.raises(KeyboardInterrupt):
        found._look()
    monkeypatch.undo()
    assert found.modules == 0
    assert "numpy.random._common" not in found.served
    before = sys.modules["numpy.random._common"].np
    try:
        found._look()
        assert sys.modules["numpy.random._common"].np is not np
        assert found.modules == len(sys.modules)
    finally:
        sys.modules["numpy.random._common"].np = before


@pytest.mark.parametrize("part", [lambda y: y.imag, lambda y: np.imag(y), lambda y: y.real, lambda y: np.conj(y)])
def test_parts_of_buffers(part):
    for shape in ((), (2,), (0,)):
        f = lambda x, shape=shape: (
            np.sum(x) + np.sum(part(np.zeros(shape))) + np.sum(part(np.ones(shape, complex))).real
        )
        assert np.isclose(ad.grad(f)(X), 1.0).all()
        assert np.isclose(ad.jvp(f, (X,), (X,))[0], f(X))
        assert np.isclose(ad.compile(f)(X), f(X))


OF_LISTS = {
    "sum": lambda v: np.sum(v),
    "mean": lambda v: np.mean(v),
    "prod": lambda v: np.prod(v),
    "cumsum": lambda v: np.cumsum(v),
    "count": lambda v: np.count_nonzero(v),
    "max": lambda v: np.max(v),
    "any": lambda v: np.any(v),
    "argsort": lambda v: np.argsort(v),
    "nansum": lambda v: np.nansum(v),
    "average": lambda v: np.average([2.0, 3.0], weights=v),
    "dot": lambda v: np.dot([2, 3], v),
    "clip": lambda v: np.clip(v, 0, 1),
    "where": lambda v: np.where([True, False], v, 2),
    "interp": lambda v: np.interp(0.5, [0.0, 1.0], v),
    "norm": lambda v: np.linalg.norm(v),
    "fft": lambda v: np.fft.fft(v),
    "by name": lambda v: np.sum(a=v),
}
LISTS = {
    "truths": lambda x: [x > 0, x > 1],
    "whole": lambda x: (x > 0, 3),
    "mixed": lambda x: [x > 0, x],
}


@pytest.mark.parametrize(
    ("f", "listed"), [pytest.param(f, v, id=f"{a}-{b}") for a, f in OF_LISTS.items() for b, v in LISTS.items()]
)
def test_functions_of_lists_take_them_as_arrays(f, listed):
    numbers = np.array([0.5, 2.5])
    g = lambda x: f(listed(x))
    expected = [g(x) for x in numbers]
    compiled = ad.compile(g, backend="numpy")
    for got in (
        list(ad.vmap(g)(numbers)),
        [ad.jvp(g, (x,), (1.0,))[0] for x in numbers],
        [ad.vjp(g, x)[0] for x in numbers],
        [compiled(x) for x in numbers],
        [compiled(x) for x in numbers],
    ):
        for a, b in zip(got, expected, strict=True):
            assert np.asarray(a).dtype == np.asarray(b).dtype
            close(a, b)


NUMBERS = {
    "isscalar": (lambda t: np.isscalar(t) * t, 2.5),
    "isscalar of an array": (lambda t: np.isscalar(np.asarray(t)) * t, 0.0),
    "is_integer": (lambda t: t * (t + 0.5).is_integer() - t.is_integer(), 2.5),
    "round": (lambda t: round(t, 1) + round(t) + abs(-t) + divmod(t, 2)[1] + t.real, 10.0),
    "math": (lambda t: math.floor(t) + math.ceil(t) + math.trunc(t), 7.0),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_what_pythons_numbers_do(name):
    f, expected = NUMBERS[name]
    compiled = ad.compile(f)
    assert f(2.5) == compiled(2.5) == compiled(2.5) == ad.jvp(f, (2.5,), (1.0,))[0] == expected
    assert ad.vmap(f)(np.array([1.0, 2.5]))[1] == expected


def test_what_needs_one_plain_number_says_so():
    for f in (lambda t: t.hex(), lambda t: t.as_integer_ratio()):
        with pytest.raises(ad.NoRuleError, match=r"ad\.stop_gradient\(x\)\."):
            ad.grad(f)(2.5)
    with pytest.warns(ad.CompileWarning, match=r"ad\.stop_gradient"):
        assert ad.compile(lambda t: t.hex())(2.5) == (2.5).hex()
    seen = []
    ad.vmap(lambda t: seen.append(f"{t:.1f}") or t)(np.array([1.0, 2.55]))
    assert seen == ["Variable([1.0 2.5])"]


MAKERS = {
    "eye": lambda xp, x: xp.eye(3),
    "identity": lambda xp, x: xp.identity(3),
    "tri": lambda xp, x: xp.tri(3, k=1),
    "arange": lambda xp, x: xp.arange(9.0).reshape(3, 3),
    "array": lambda xp, x: xp.array([[x[0], 1.0, 2.0]] * 3),
    "asarray": lambda xp, x: xp.asarray([x, [1.0, 2.0, 3.0], x]),
    "plain array": lambda xp, x: xp.array([[1.0, 2.0, 3.0]] * 3),
    "zeros": lambda xp, x: xp.zeros((3, 3)),
    "full": lambda xp, x: xp.full((3, 3), x[1]),
    "ones_like": lambda xp, x: xp.ones_like(np.eye(3)),
    "full_like": lambda xp, x: xp.full_like(np.eye(3), x[1]),
    "copy": lambda xp, x: xp.copy([[1.0, 2.0, 3.0]] * 3),
}


@pytest.mark.parametrize("name", MAKERS)
def test_arrays_are_made_by_name_as_numpy_makes_them(name):
    def f(x, xp):
        y = MAKERS[name](xp, x) * 1.0
        z = MAKERS[name](xp, x)
        # NumPy's tri and arange give arrays that take no derivatives under a transform.
        z = np.array(z) if xp is np else z
        z[0, 1:] = x[:2]
        return y @ x + z[0] * z[1]

    if name not in ("zeros", "full"):
        assert type(MAKERS[name](ad, X)) is np.ndarray
    if name not in ("array", "asarray", "full", "full_like"):
        np.testing.assert_array_equal(MAKERS[name](ad, X), MAKERS[name](np, X))
    for run in (lambda g: ad.jacobian(g)(X), lambda g: ad.vmap(g)(np.stack([X, X])), lambda g: ad.compile(g)(X)):
        close(run(lambda x: f(x, ad)), run(lambda x: f(x, np)))


@pytest.mark.parametrize("rounded", [math.floor, math.ceil, math.trunc, round, lambda v: round(v, None)])
def test_pythons_rounding_gives_integers_where_they_are_known(rounded):
    """They choose elements; a number of digits leaves a float."""
    f = lambda x: x[rounded(x[1])] * x[0] + round(x[1], 1) + (x[0] - rounded(x[0])) ** 2
    x = np.array([0.3, 1.2, -0.4])
    kinds = []
    value, _ = ad.jvp(lambda x: kinds.append(type(rounded(x[1]))) or f(x), (x,), (x,))
    assert (kinds, value) == ([int], f(x))
    h = 1e-6 * np.eye(3)
    expected = [(f(x + d) - f(x - d)) / 2e-6 for d in h]
    np.testing.assert_allclose(ad.grad(f)(x), expected, atol=1e-7)
    with pytest.raises(ValueError, match="NaN"):
        ad.grad(lambda x: x * rounded(x))(np.nan)
