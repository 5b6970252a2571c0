"""What a version of a compiled function is known by: nests and their order, static values, dtypes and classes."""

import datetime as dt
import inspect
import math
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from grid import BACKENDS
from test_call_path import same

import dragongrad as ad
from dragongrad.compiler import results, versions
from dragongrad.compiler.versions import MAX_VALUES

X = np.ones(2)
both = pytest.mark.parametrize("backend", BACKENDS)


@dataclass
class Model:
    layers: dict
    scale: float = 1.0


Pair = namedtuple("Pair", "layers scale")


def first(p):
    """What depends on the order of a dict's keys."""
    values = list(p.values())
    return values[0] * 2.0 - values[-1]


AB, BA = {"a": 1.0, "b": X}, {"b": X, "a": 1.0}
# A function, and calls of which each differs from the one before in how its nests are made.
NESTS = {
    "dict": (first, [((AB,), {}), ((BA,), {}), ((AB,), {})]),
    "classes of dicts": (
        lambda p: {type(p).__name__: first(p)},
        [((kind(d),), {}) for kind in (dict, OrderedDict, lambda d: defaultdict(int, d)) for d in (AB, BA)],
    ),
    "nested": (lambda p: first(p[0]["x"]), [(([{"x": d}],), {}) for d in (AB, BA)]),
    "outer": (lambda p: first(first_of(p)), [(({"u": AB, "v": AB},), {}), (({"v": BA, "u": AB},), {})]),
    "dataclass": (lambda m: first(m.layers) * m.scale, [((Model(d),), {}) for d in (AB, BA)]),
    "namedtuple": (lambda m: first(m.layers) * m.scale, [((Pair(d, 2.0),), {}) for d in (AB, BA)]),
    "deque": (lambda p: first(p[0]), [((deque([d]),), {}) for d in (AB, BA)]),
    "any names": (lambda **kw: first(kw), [((), AB), ((), BA)]),
    "any names beside one": (lambda x, **kw: first(kw) * x, [((2.0,), AB), ((2.0,), BA)]),
    "names": (lambda a, b: a - 2 * b, [((), AB), ((), BA), ((1.0, X), {}), ((1.0,), {"b": X})]),
    "equal keys": (
        lambda p: sum(k * v for k, v in p.items()),
        [(({k: np.arange(3), 2: np.ones(3, int)},), {}) for k in (1, 1.0, True, 1)],
    ),
    "more and fewer keys": (lambda p: sum(p.values()), [((AB,), {}), (({**AB, "c": X},), {}), (({"a": X},), {})]),
    "None": (lambda x, y: x * (2.0 if y is None else 3.0), [((X, None), {}), ((X, 0), {}), ((X, False), {})]),
    "factories": (
        lambda d: (d.default_factory, d["a"] * 2 + d.default_factory(), [d, {"in": d}]),
        [((defaultdict(make, a=X),), {}) for make in (int, float, lambda: 2.0, lambda: X)],
    ),
    "lengths of deques": (
        lambda d: (d.maxlen, d[0] * 2, [d]),
        [((deque([X], n),), {}) for n in (None, 1, 3)],
    ),
    "classes of namedtuples": (
        lambda p: (type(p).__name__, p.layers * 2, p),
        [((cls(X, 1.0),), {}) for cls in (Pair, namedtuple("Twin", "layers scale"))],
    ),
    "divmod": (
        lambda x, y: (divmod(x, y), divmod(7, x)),
        [((7.5, 2.0), {}), ((np.float64(7.5), 2), {}), ((X, 2.0), {})],
    ),
    "lists and tuples": (lambda p: (type(p).__name__, p[0] * 2), [(([X],), {}), (((X,),), {})]),
}


def first_of(p):
    return next(iter(p.values()))


@both
@pytest.mark.parametrize("name", NESTS)
def test_nests_that_differ_are_versions_that_differ(name, backend):
    f, calls = NESTS[name]
    compiled = ad.compile(f, backend=backend)
    for _ in range(3):
        for args, kwargs in calls:
            same(compiled(*args, **kwargs), f(*args, **kwargs))


def test_the_order_of_names_is_no_other_version_where_it_cannot_be_seen():
    compiled = ad.compile(lambda x, y, *, z=1.0: x - y * z)
    for kwargs in ({"x": X, "y": X, "z": 2.0}, {"z": 3.0, "y": X, "x": X}, {"y": X, "z": 2.0, "x": X}):
        for _ in range(2):
            same(compiled(**kwargs), X - X * kwargs["z"])
    assert len(compiled._versions) == 1
    same(compiled(**{"x": X}, y=X, z=0.5), X / 2)


NAN = float("nan")
# Values that Python finds equal, or that are not equal to themselves.
ALIKE = {
    "zeros": [0.0, -0.0, 0, False, 0.0],
    "ones": [1, True, 1.0, np.int64(1), np.int32(1), np.float32(1), np.bool_(True)],
    "NaN": [NAN, float("nan"), -NAN, np.float64("nan")],
    "complex zeros": [0j, complex(-0.0, 0.0), complex(0.0, -0.0), complex(-0.0, -0.0)],
    "NumPy's zeros": [np.float64(0.0), np.float64(-0.0), np.float32(-0.0), np.complex128(-0.0)],
    "whole numbers": [2**63, 2**63 + 1, 2**64, 10**30, 10**30 + 1, -(2**70)],
}
# What a function can only look at.
OBJECTS = {
    "decimals": [Decimal("1.0"), Decimal("1.00"), Decimal("0"), Decimal("-0"), Fraction(1, 2), 1],
    "sets": [frozenset({1}), frozenset({True}), frozenset({1.0}), frozenset({0.0}), frozenset({-0.0})],
    "times": [
        np.timedelta64(60, "s"), np.timedelta64(1, "m"), np.datetime64("2000"), np.datetime64("2000-01-01"),
        dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2000, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    ],
    "strings": ["a", np.str_("a"), b"a", np.bytes_(b"a"), "b"],
    "ranges": [range(0), range(1, 1), range(0, 3, 2), range(0, 4, 2)],
    "long doubles": [np.longdouble("0.1"), np.longdouble(0.1), np.longdouble("-0.0"), np.longdouble("0.0")],
    "slices": [slice(0, 2), slice(0, 2.0), slice(None, None, -1), slice(False, 2)],
    "arrays": [np.zeros(2), -np.zeros(2), np.zeros(2, np.float32), np.zeros((1, 2)), np.zeros(2, int)],
    "arrays of strings": [np.array(["a", "b"]), np.array(["a", "c"]), np.array(["a", "b"], "U5")],
    "layouts": [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 4.0]], order="F")],
}  # fmt: skip


def written(n):
    return repr(sorted(n, key=repr)) if isinstance(n, frozenset) else repr(n)


@both
@pytest.mark.parametrize("way", ["by position", "by name", "in a nest", "named, by position"])
@pytest.mark.parametrize("name", ALIKE)
def test_static_values_that_can_be_told_apart(name, way, backend):
    def f(x, n):
        value = n[0][1] if way == "in a nest" else n
        return (x * value if abs(value) < 2**31 else x), repr(value), type(value).__name__

    compiled = ad.compile(f, static=1 if way == "by position" else "n", backend=backend)
    counts = []
    for n in [*ALIKE[name], *ALIKE[name]]:
        args, kwargs = {
            "by name": ((X,), {"n": n}), "in a nest": ((X, ((1, n),)), {}),
        }.get(way, ((X, n), {}))  # fmt: skip
        got, expected = compiled(*args, **kwargs), f(*args, **kwargs)
        assert got[1:] == expected[1:]
        assert got[0].dtype == expected[0].dtype
        np.testing.assert_array_equal(np.signbit(got[0].real), np.signbit(expected[0].real))
        np.testing.assert_array_equal(got[0], expected[0])
        counts.append(len(compiled._versions))
    assert counts[-1] == counts[len(ALIKE[name]) - 1] <= len(ALIKE[name])


@pytest.mark.parametrize("name", OBJECTS)
def test_static_objects_that_can_be_told_apart(name):
    compiled = ad.compile(lambda x, n: (x * 2.0, written(n), type(n).__name__), static="n")
    for n in [*OBJECTS[name], *OBJECTS[name]]:
        assert compiled(X, n)[1:] == (written(n), type(n).__name__)
    assert len(compiled._versions) == len(OBJECTS[name])


def test_slices_are_static():
    compiled = ad.compile(lambda x, part: x[part] * 2.0)
    x = np.arange(5.0)
    for part in (slice(0, 2), slice(1, 3), slice(None, None, -1), slice(0, 2)):
        for _ in range(2):
            same(compiled(x, part), x[part] * 2.0)
    assert len(compiled._versions) == 3


def test_the_layout_of_a_static_array_can_be_seen():
    compiled = ad.compile(lambda x, a: x * np.ravel(a, order="K"), static="a")
    for a in OBJECTS["layouts"] * 2:
        same(compiled(np.ones(4), a), np.ravel(a, order="K"))


@pytest.mark.parametrize("static", [(), "n"])
def test_arrays_of_objects_are_refused(static):
    compiled = ad.compile(lambda x, n: x, static=static)
    for n in (np.array([None, 1]), np.array([(1, None)], dtype="i8,O"), np.array(["a"], np.dtypes.StringDType())):
        with pytest.raises(ad.ArgumentError, match="arrays of numbers"):
            compiled(X, n)


@pytest.mark.parametrize("static", ["q", 2, -3, 1.5, True, [None], ["n", "m"], [0, 5]])
def test_static_arguments_are_the_functions_own(static):
    with pytest.raises(ad.ArgumentError, match="static"):
        ad.compile(lambda x, n: x, static=static)


def test_static_arguments_by_position_and_by_name_are_the_same():
    for static in ("n", 1, -1, ["n", 1], {1}):
        compiled = ad.compile(lambda x, n=1.0: x * n, static=static)
        for _ in range(2):
            same(compiled(X, 2.0), X * 2.0)
            same(compiled(X, n=3.0), X * 3.0)
            same(compiled(n=4.0, x=X), X * 4.0)
            same(compiled(X), X)
        assert all(len(version.dynamic) == 1 for version in compiled._versions.values())
    # Of what follows no name, and of names that are not spelled out.
    compiled = ad.compile(lambda x, *rest, **names: x * rest[-1] * names["k"], static=(-1, "k"))
    same(compiled(X, 2.0, 3.0, k=2.0), X * 6.0)
    (version,) = compiled._versions.values()
    assert version.dynamic == [0, 1]
    same(ad.compile(np.add, static=1)(X, 2.0), X + 2.0)


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "u2", "c16", "f2", "?"])
def test_byte_order_is_no_other_version(dtype, swapped):
    x = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    compiled = ad.compile(lambda x: (x + x, x[:, ::-1]))
    given = x.astype(x.dtype.newbyteorder()) if swapped else x
    frozen = given.copy()
    frozen.flags.writeable = False
    for one in (x, given, frozen, np.asfortranarray(given), given[::-1].copy()[::-1]):
        for _ in range(2):
            same(compiled(one), (x + x, x[:, ::-1].copy()))
    assert len(compiled._versions) == 1


# Versions without end


class Counting:
    def __init__(self):
        self.x, self.n = X, 0


def counting(n):
    made = Counting()
    made.n = n
    return made


# A function, its arguments for each of many steps, and how the message names what changes.
ENDLESS = {
    "integer": (lambda x, t: x * 0.9 ** int(t), lambda t: (X, t), "values of t,"),
    "by name": (lambda x, *, t: x[:t], lambda t: {"x": X, "t": t}, "values of t,"),
    "in a nest": (lambda p: p["m"][0] * p["m"][1] ** 3, lambda t: ({"m": (X, t)},), r"values of p\['m'\]\[1\],"),
    "attribute": (lambda s: s.x * 2**s.n, lambda t: (counting(t),), "values of s.n,"),
    "string": (lambda x, name: x * int(name), lambda t: (X, str(t)), "values of name,"),
    "function": (lambda x, g: g(x), lambda t: (X, lambda x: x * t), "values of g,"),
    "rest": (lambda x, *rest: x * math.sqrt(rest[1]), lambda t: (X, 2, t), "values of x2,"),
}


def call(f, given):
    return f(**given) if isinstance(given, dict) else f(*given)


@pytest.mark.parametrize(("name", "backend"), [*[(name, "numpy") for name in ENDLESS], ("integer", "native")])
def test_values_without_end_are_compiled_a_dozen_times_and_then_run(name, backend):
    f, given, message = ENDLESS[name]
    traced = []

    def noted(*args, **kwargs):
        traced.append(True)
        return f(*args, **kwargs)

    noted.__signature__ = inspect.signature(f)
    compiled = ad.compile(noted, backend=backend)
    first = [given(t) for t in range(MAX_VALUES)]
    for k, one in enumerate(first):
        same(call(compiled, one), call(f, one))
        assert len(compiled._versions) == k + 1
    with pytest.warns(ad.CompileWarning, match=message) as told:  # noqa: PT031 - in all calls together
        for t in range(MAX_VALUES, 3 * MAX_VALUES):
            same(call(compiled, given(t)), call(f, given(t)))
    assert len(told) == 1
    assert len(compiled._versions) == MAX_VALUES
    assert "further " + message.replace("\\", "") in compiled.report()
    if name not in ("string", "function"):
        # Where the value is needed: in the function above, which is a line of this file.
        assert f"where it is needed\n  at {__file__}:{f.__code__.co_firstlineno}:" in str(told[0].message)
    # What was compiled still is, and so is what differs in another way.
    del traced[:]
    for one in first:
        same(call(compiled, one), call(f, one))
    assert not traced


# Integers that are computed with


def plain_steps(x, t):
    """An update with what Adam computes from its count of steps, and what numbers of Python's give."""
    rate = 0.1 * (1 - 0.9**t) / (1 - 0.99**t) if t % 5 else 0.5
    return x * rate / (t + 1) + (t // 3 - t % 3) * t, t + 1, -t * 2.5, 7 / (t + 50), t > 3, divmod(t, 4), abs(t - 9)


def of_functions(x, t):
    return np.where(x > 1, t, x), np.full(2, t), np.array([t, 2]), np.minimum(t, 3), x + np.sqrt(abs(t)), x == t


def differentiated(x, t):
    gradient = ad.grad(lambda x: np.sum(x * x) * t * 0.5**t)
    return (
        gradient(x),
        ad.vmap(lambda a, b: a * b, in_axes=(0, None))(x, t),
        ad.jvp(lambda x: gradient(x) / (t + 99), (x,), (x,)),
    )


WHOLE = np.arange(3)
WITH_INTEGERS = {
    "numbers": (
        plain_steps,
        [X, np.ones(2, np.float32), np.float32(2), WHOLE, WHOLE > 1, np.ones((0, 3))],
    ),
    "functions": (of_functions, [np.ones(3, np.float32), np.ones((2, 1)), WHOLE.astype(np.int32)]),
    "derivatives": (differentiated, [np.arange(3.0), np.ones(3, np.float32)]),
}


@both
@pytest.mark.parametrize("name", WITH_INTEGERS)
def test_an_integer_that_is_computed_with_is_one_version(name, backend):
    f, arrays = WITH_INTEGERS[name]
    compiled = ad.compile(f, backend=backend)
    for x in arrays[: 2 if backend == "native" else None]:
        known = compiled.compiled
        for t in (1, 2, 3, 4, 0, 10, -3, 2**31 - 1, 10):
            for _ in range(2):
                got, expected = compiled(x, t), f(x, t)
                assert results.agree(got, expected), (x, t)
                same([v for v in got if not hasattr(v, "dtype")], [v for v in expected if not hasattr(v, "dtype")])
        # One of the first value, and one of all others, or two where it decides.
        assert compiled.compiled <= known + 3


def test_integers_in_nests_by_name_and_of_objects_are_computed_with():
    def step(s, *, count):
        return {"x": s["x"] * 0.5 ** s["t"][0], "t": [s["t"][0] + 1], "by": count}

    compiled, state = ad.compile(step, backend="numpy"), {"x": X, "t": [1]}
    for k in range(30):
        given, state = state, compiled(state, count=k)
        same(state, step(given, count=k))
    # The first, that of t, and that of t and count.
    assert compiled.compiled <= 3
    compiled = ad.compile(lambda s: s.x * s.n, backend="numpy")
    for t in range(30):
        same(compiled(counting(t)), X * t)
    assert compiled.compiled == 2
    same(ad.grad(ad.compile(lambda x, t: np.sum(x**2 * t)))(X, 3), 6 * X)


# What a function can do with an integer and not with a Variable, or does otherwise.
LIKE_INTEGERS = {
    "class": lambda x, t: x * (2 if isinstance(t, int) else 3),
    "exact class": lambda x, t: (x * 1, type(t).__name__),
    "caught": lambda x, t: x * caught(t),
    "method": lambda x, t: x * t.bit_length(),
    "bits": lambda x, t: x * ((t & 1) + (t << 2) + (t ^ 3) + ~t),
    "view": lambda x, t: zeroed(x, t),
    "loop": lambda x, t: x * sum(range(min(t, 20))),
    "recursion": lambda x, t: x if t <= 0 or t > 9 else LIKE_INTEGERS["recursion"](x * t, t - 1),
    "beyond int64": lambda x, t: x * ((t * 10**15 % 7) + t * t % 10),
    "small dtype": lambda x, t: (np.arange(2, dtype=np.uint8) + t) * x,
    "no division": lambda x, t: x * (5 // t + 5 % t + 1 / t),
    "root": lambda x, t: x * t**0.5,
    "reciprocal": lambda x, t: x * t**-2,
    "power": lambda x, t: (x + 1) ** t,
}


def caught(t):
    try:
        return int(t)
    except Exception:
        return -1


def zeroed(x, t):
    y = np.array([x, x])
    row = y[t % 2]
    row[:] = 0
    return y


@both
@pytest.mark.parametrize("name", LIKE_INTEGERS)
@pytest.mark.filterwarnings("ignore:overflow encountered in power:RuntimeWarning")  # of 2**62 and the like
def test_what_needs_the_value_of_an_integer_has_it(name, backend):
    f = LIKE_INTEGERS[name]
    compiled = ad.compile(f, backend=backend)
    values = (1, 2, 3, 1, 300) if backend == "native" else (1, 2, 3, 4, 1, 0, -2, 0, 300, 2**31, 2**62, 300, 4)
    for t in values:
        try:
            expected = f(X, t)
        except (OverflowError, ZeroDivisionError) as error:
            with pytest.raises(type(error)):
                compiled(X, t)
        else:
            got = compiled(X, t)
            assert results.agree(got, expected), t


def test_an_error_of_the_functions_own_does_not_make_an_integer_static():
    def checked(x, t):
        if t < 0:
            raise ValueError("t is negative")
        return x * t

    compiled = ad.compile(checked, backend="numpy")
    for t in (1, 2, -1, 3, -2, *range(30)):
        if t < 0:
            with pytest.raises(ValueError, match=r"^t is negative$"):
                compiled(X, t)
        else:
            same(compiled(X, t), X * t)
    assert compiled.compiled == 2


def test_shapes_without_end_are_compiled_so_often_and_then_run(monkeypatch):
    monkeypatch.setattr(versions, "MAX_VERSIONS", 5)
    compiled = ad.compile(lambda x, n: np.sum(x) * n, static="n", backend="numpy")
    for n in range(5):
        same(compiled(np.ones(n), 1), np.ones(n).sum())
    with pytest.warns(ad.CompileWarning, match="further shapes") as told:  # noqa: PT031 - in all calls together
        for n in range(5, 9):
            same(compiled(np.ones(n), 1), np.ones(n).sum())
    assert len(told) == 1
    assert len(compiled._versions) == 5


def test_arguments_named_static_may_have_more_values():
    compiled = ad.compile(lambda x, n: x * n, static="n", backend="numpy")
    for n in range(2 * MAX_VALUES):
        same(compiled(X, n), X * n)
    assert len(compiled._versions) == 2 * MAX_VALUES
