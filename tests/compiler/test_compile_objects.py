"""Compiled methods and objects of classes of one's own; functions that compute only when they are asked."""

import asyncio
import copy
import functools
import gc
import logging
import math
import pickle
import random
import subprocess
import sys
import weakref
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Generic, TypeVar

import numpy as np
import pytest
from grid import BACKENDS, assert_same, leaves

import dragongrad as ad

X = np.array([1.0, 2.0, 3.0])
both = pytest.mark.parametrize("backend", BACKENDS)
quiet = pytest.mark.filterwarnings("error::dragongrad.CompileWarning")
T = TypeVar("T")


def twice(call, expected):
    """The first call is the traced run, the second the program."""
    for _ in range(2):
        assert_same(call(), expected)


# Methods


class Layer:
    def __init__(self, scale, function):
        self.w, self.function = np.eye(3) * scale + 0.1, function

    def __call__(self, x):
        return self.function(x @ self.w)


class Slotted:
    __slots__ = ("__hidden", "shift")

    def __init__(self, shift):
        self.shift, self.__hidden = shift, shift * 2

    def apply(self, x):
        return x + self.shift * self.__hidden


class Likelihood(ABC, Generic[T]):
    @abstractmethod
    def loss(self, x): ...


class Model(Likelihood[int]):
    def __init__(self, scale):
        self.scale = scale
        self.layers = [Layer(scale, np.tanh), Layer(scale + 1, np.sin)]
        self.slots = {"a": Slotted(scale)}
        self.names, self.other, self.log = {"a", "b"}, None, logging.getLogger("model")

    def run(self, x):
        for layer in self.layers:
            x = layer(x)
        return np.sum(self.slots["a"].apply(x)) * self.scale + len(self.names)

    loss = ad.compile(run)
    gradient = ad.compile(ad.grad(run, argnums=1))

    @property
    @ad.compile
    def energy(self):
        return self.derived * self.scale

    @functools.cached_property
    def derived(self):
        return self.scale**2


@quiet
def test_one_program_serves_all_instances_and_sees_their_attributes_change():
    models = [Model(scale) for scale in (1.0, 2.0, 3.0)]
    for model in models:
        twice(lambda m=model: m.loss(X), model.run(X))
        twice(lambda m=model: m.gradient(X), ad.grad(model.run)(X))
        twice(lambda m=model: m.energy, model.scale**3)
    for compiled in (Model.loss, Model.gradient, Model.__dict__["energy"].fget):
        assert len(compiled._versions) == 1
    model = models[0]
    model.scale = 5.0
    twice(lambda: model.loss(X), model.run(X))
    model.layers[1].w *= 2
    twice(lambda: model.loss(X), model.run(X))
    model.slots["a"].shift = 0.5
    twice(lambda: model.loss(X), model.run(X))
    model.names.add("c")
    twice(lambda: model.loss(X), model.run(X))
    model.layers = model.layers[:1]
    twice(lambda: model.loss(X), model.run(X))


BOUND = {
    "method": lambda m: m.run,
    "instance": lambda m: m.layers[0],
    "partial": lambda m: functools.partial(m.run),
    "partial of the instance": lambda m: functools.partial(Model.run, m),
    "gradient": lambda m: ad.grad(m.run),
    "Hessian of a partial": lambda m: ad.hessian(functools.partial(m.run)),
    "batch": lambda m: ad.vmap(functools.partial(Slotted.apply, m.slots["a"])),
}


@quiet
@pytest.mark.parametrize("name", BOUND)
def test_what_is_bound_to_an_instance_sees_its_attributes_change(name):
    model = Model(2.0)
    f = BOUND[name](model)
    compiled = ad.compile(f, backend="numpy")
    twice(lambda: compiled(X), f(X))
    model.scale = 5.0
    model.layers[0].w *= 2
    model.slots["a"].shift = 0.5
    twice(lambda: compiled(X), f(X))
    assert len(compiled._versions) == 1
    model.names.add("c")
    twice(lambda: compiled(X), f(X))


class Keeps:
    def __init__(self, method=None):
        self.k, self.method = 2.0, method or self.double
        self.all = [self.double, {"a": self.double}]

    def double(self, x):
        return x * self.k * 2

    def run(self, x):
        return self.method(x) + self.all[0](x) * self.all[1]["a"](x)

    compiled = ad.compile(run)


def test_methods_that_are_kept_see_the_attributes_of_their_instance_change():
    layer = Layer(1.0, np.sin)
    keeps, keeps_own = Keeps(layer.__call__), Keeps()
    by_argument = ad.compile(lambda f, x: f(x) + f(x))
    for change in (lambda: None, lambda: setattr(layer, "w", layer.w + 1), lambda: setattr(keeps_own, "k", 3.0)):
        change()
        for one in (keeps, keeps_own):
            twice(lambda k=one: k.compiled(X), one.run(X))
        twice(lambda: by_argument(layer.__call__, X), 2 * layer(X))
    with pytest.warns(ad.CompileWarning, match="Pass the Keeps itself"):
        twice(lambda: by_argument(keeps.run, X), 2 * keeps.run(X))


@quiet
def test_numbers_and_arrays_of_a_class_are_compiled_in_and_seen_to_change():
    class Base:
        rate, table, n = 2.0, np.arange(3.0), 2

    class Step(Base):
        def __init__(self):
            self.w = 1.5

        def run(self, x):
            return x * self.rate * np.repeat(self.w, len(self.table)) ** self.n + self.table * math.exp(self.rate)

        compiled = ad.compile(run)

    step = Step()
    changes = [
        lambda: None,
        lambda: setattr(Base, "rate", 3.0),
        lambda: setattr(Step, "rate", -0.0),
        lambda: setattr(Step, "rate", 0.0),
        lambda: delattr(Step, "rate"),
        lambda: Base.table.__setitem__(1, 7.0),
        lambda: setattr(Base, "table", np.arange(3)),
        lambda: setattr(Step, "n", 2.0),
        lambda: setattr(step, "rate", 5),
        lambda: setattr(Step, "for", 5),
    ]
    for change in changes:
        change()
        for compiled in (step.compiled, ad.compile(step.run, backend="numpy")):
            twice(lambda f=compiled: f(X), step.run(X))
    assert len(Step.compiled._versions) == 8


def test_static_arguments_of_methods_that_are_bound():
    class Power:
        n = 2

        def __init__(self, scale):
            self.scale = scale

        def __call__(self, x, k, factor=1):
            return self.scale * x**k * factor

        def remember(self, x):
            self.seen = x * 2
            return self.seen

    power = Power(2.0)
    for static in (1, -2, "k", ("k", 1), "self"):
        compiled = ad.compile(power, static=static)
        for scale in (2.0, 3.0):
            power.scale = scale
            twice(lambda c=compiled: c(X, 2, factor=2), scale * X**2 * 2)
    for static in (3, -4, "x2"):
        with pytest.raises(ad.ArgumentError, match="no argument"):
            ad.compile(power, static=static)
    compiled = pickle.loads(pickle.dumps(ad.compile(Layer(2.0, np.sin), static="x")))
    assert_same(compiled(X), Layer(2.0, np.sin)(X))
    compiled = ad.compile(power.remember)
    with pytest.warns(ad.CompileWarning, match="sets seen"):
        twice(lambda: compiled(X), X * 2)
    assert_same(power.seen, X * 2)


@quiet
def test_instances_are_let_go_copied_and_pickled():
    models = [Model(scale) for scale in (1.0, 2.0)]
    for model in models:
        twice(lambda m=model: m.loss(X), model.run(X))
    for made in (copy.copy(models[1]), copy.deepcopy(models[1]), pickle.loads(pickle.dumps(models[1]))):
        made.scale = 4.0
        twice(lambda m=made: m.loss(X), made.run(X))
    references = [weakref.ref(m) for m in models] + [weakref.ref(m.layers[0]) for m in models]
    del model, models, made
    gc.collect()
    assert [r() for r in references] == [None] * 4


@quiet
@both
def test_a_call_knows_instances_by_their_attributes(backend):
    class Point:
        def __init__(self, **attributes):
            self.__dict__.update(attributes)

    class Other(Point):
        pass

    f = ad.compile(lambda p: (type(p).__name__, p.x * 2, sorted(vars(p))), backend=backend)
    x32 = X.astype("f4")
    points = [
        Point(x=X), Point(x=X + 1), Point(x=X, y=1.0), Other(x=X), Point(y=1.0, x=X), Point(x=x32), Point(x=2.0),
        Point(x=3), Point(x=4), Point(x=X, y=None), Point(x=X, y="a"), Point(x=X, y="b"), Point(x=X, p=Point(x=X)),
        Point(x=X, b=bytearray(b"a")), Point(x=X, o=np.array([None])), Point(x=X, s={1}), Point(x=X, s={True}),
    ]  # fmt: skip
    for _ in range(2):
        for p in points:
            name, value, names = f(p)
            assert (name, names) == (type(p).__name__, sorted(vars(p)))
            assert_same(value, p.x * 2)


def test_a_method_that_sets_attributes_runs_eagerly_and_names_the_attribute():
    class Counter:
        def __init__(self):
            self.count, self.seen, self.layer = 0, [], Layer(1.0, np.sin)

        @ad.compile
        def sets(self, x):
            self.count += 1
            return x * 2

        @ad.compile
        def appends(self, x):
            self.seen.append(x)
            return x * 2

        @ad.compile
        def writes(self, x):
            self.layer.w[0] = x
            return x * 2

        @ad.compile
        def deletes(self, x):
            if hasattr(self, "seen"):
                del self.seen
            return x * 2

    counter = Counter()
    attributes = {"sets": "count", "appends": "seen", "writes": "w of a Layer", "deletes": "seen"}
    for name, attribute in attributes.items():
        with pytest.warns(ad.CompileWarning, match=f"sets {attribute}"):
            assert_same(getattr(counter, name)(X), X * 2)
        if name == "appends":
            assert_same(counter.seen, [X])
    assert counter.count == 1
    assert_same(counter.layer.w[0], X)
    assert not hasattr(counter, "seen")


@quiet
def test_classes_that_compare_in_their_own_way_and_those_of_libraries_are_known_by_it():
    class Degree:
        def __init__(self, n):
            self.n = n

        def __eq__(self, other):
            return isinstance(other, Degree) and self.n == other.n

        def __hash__(self):
            return hash(self.n)

    compiled = ad.compile(lambda d, log, x: x**d.n)
    for n in (2, 3, 2):
        twice(lambda n=n: compiled(Degree(n), logging.getLogger("a"), X), X**n)
    assert len(compiled._versions) == 2


@quiet
def test_dataclasses_keep_what_they_compute_for_themselves():
    @dataclass
    class Spring:
        k: float
        length: np.ndarray = field(init=False)

        def __post_init__(self):
            self.length = np.full(3, self.k)

        @ad.compile
        def energy(self, x):
            return self.k * np.sum((x - self.length) ** 2)

    for k in (1.0, 2.0):
        spring = Spring(k)
        spring.length = spring.length + 1
        twice(lambda s=spring: s.energy(X), k * np.sum((X - spring.length) ** 2))
    assert len(Spring.energy._versions) == 1


def test_an_object_that_holds_itself():
    class Tree:
        def __init__(self, value):
            self.value, self.children, self.parent = value, [], None

        @ad.compile
        def total(self, x):
            return self.value * x + sum(child.value for child in self.children)

    class Ring(Tree):
        pass

    # Children are known as the objects that they are where they know their parents.
    tree, child = Tree(2.0), Ring(3.0)
    child.parent = tree
    tree.children.append(child)
    twice(lambda: tree.total(X), 2 * X + 3)
    # What was a nest before has become one without end.
    tree.children.append(tree)
    with pytest.warns(ad.CompileWarning, match="holds itself"):
        assert_same(tree.total(X), 2 * X + 5)
    assert_same(tree.total(X), 2 * X + 5)


@quiet
def test_methods_of_classes_and_static_attributes():
    class Table:
        rows = 2

        def __init__(self, n):
            self.n = n

        @classmethod
        @ad.compile
        def of_class(cls, x):
            return x * cls.rows

        @staticmethod
        @ad.compile
        def of_none(x):
            return x * 3

        @functools.partial(ad.compile, static="self")
        def power(self, x):
            return x ** int(self.n) * np.linspace(0, self.n, 3)

    table = Table(2.0)
    twice(lambda: table.of_class(X), X * 2)
    twice(lambda: Table.of_none(X), X * 3)
    for n in (2.0, 3.0):
        table.n = n
        twice(lambda n=n: table.power(X), X**n * np.linspace(0, n, 3))
    with pytest.raises(ad.ArgumentError, match="above"):
        ad.compile(classmethod(lambda cls, x: x))


# Random numbers

RNG = np.random.default_rng(0)


def drop(x):
    return x * RNG.normal(size=3)


class Noise:
    shared = np.random.default_rng(0)

    def __init__(self):
        self.generator = np.random.RandomState(0)

    def __call__(self, x):
        return x + self.generator.normal(size=3)

    def of_class(self, x):
        return x * self.shared.normal()

    @classmethod
    def without(cls, x):
        return x * cls.shared.normal()

    def of_module(self, x):
        return drop(x)

    compiled = ad.compile(__call__, backend="numpy")
    compiled_of_class = ad.compile(of_class, backend="numpy")
    compiled_of_module = ad.compile(of_module, backend="numpy")


def noise_of(generator):
    return lambda x: x * generator.random()


BITS = np.random.PCG64(0)
LEGACY = np.random.RandomState(0)
LEGACY.normal()
STREAM = (RNG.normal() for _ in range(100))


DRAWING = {
    "global": lambda x: x * RNG.normal(size=3),
    "in another function": lambda x: drop(x) + 1,
    "NumPy's own": lambda x: x * np.random.rand(3),
    "Python's own": lambda x: x * random.random(),
    "closure": noise_of(random.Random(0)),
    "default": lambda x, generator=RNG: x * generator.normal(),
    "attribute": Noise(),
    "method": Noise().__call__,
    "compiled method": Noise().compiled,
    "compiled method, of the class": Noise().compiled_of_class,
    "compiled method, of the module": Noise().compiled_of_module,
    "method, of the class": Noise().of_class,
    "class": lambda x: x * Noise.shared.normal(),
    "class method": Noise.without,
    "argument": functools.partial(lambda generator, x: x * generator.normal(), RNG),
    "gradient": ad.grad(lambda x: np.sum(drop(x))),
    "batch": lambda x: ad.vmap(drop)(np.stack([x, x])),
    "result": lambda x: (x * 2, RNG.random(3)),
    "without a seed": lambda x: x * np.random.default_rng().normal(),
    "bits": lambda x: x * BITS.random_raw(),
    "in a set": lambda x, many=frozenset({RNG}): x * next(iter(many)).normal(),
    "Python's generator": lambda x: x * next(STREAM),
    # A normal number that was drawn with the one before, which leaves the state of the bits as it is.
    "drawn before": lambda x: x * LEGACY.normal(),
}


@pytest.mark.parametrize("name", DRAWING)
def test_random_numbers_are_fresh_at_every_call(name):
    f = DRAWING[name]
    compiled = f if name.startswith("compiled method") else ad.compile(f, backend="numpy")
    with pytest.warns(ad.CompileWarning, match="random numbers") as told:
        found = [leaves(compiled(X)) for _ in range(4)]
    assert len(told) == 1
    for a in range(4):
        for b in range(a):
            assert any(not np.array_equal(v, w) for v, w in zip(found[a], found[b], strict=True))


def test_the_line_that_draws_is_named():
    def f(x):
        y = x * 2
        return drop(y) + 1

    with pytest.warns(ad.CompileWarning, match=r"test_compile_objects.py:\d+: return x \* RNG.normal\(size=3\)"):
        ad.compile(f, backend="numpy")(X)


def test_a_decision_by_a_random_number_is_made_anew_at_every_call():
    for draw in (RNG.random, random.random, np.random.rand):
        compiled = ad.compile(lambda x, draw=draw: x * 2 if draw() < 0.5 else x * 3, backend="numpy")
        with pytest.warns(ad.CompileWarning, match="random numbers"):
            compiled(X)
        assert {compiled(X)[0] for _ in range(60)} == {2.0, 3.0}


@quiet
def test_random_numbers_that_were_drawn_before_are_constants():
    for f in (lambda x: x * np.random.default_rng(0).normal(size=3), lambda x: x * DRAWN):
        compiled = ad.compile(f, backend="numpy")
        twice(lambda c=compiled: c(X), f(X))


DRAWN = RNG.normal(size=3)


# What is captured


class Weights:
    def __init__(self):
        self.w, self.unused = np.ones(3), 0

    def loss(self, x):
        return np.sum(x * self.w)


MODEL = Weights()
CAPTURED = {"w": np.ones(3), "many": [np.ones(3)], "n": 2, "rate": 2.5}


def captured_by_a_cell():
    w = np.ones(3)

    def bind(value):
        nonlocal w
        w = value

    return lambda x: x * w, bind


def bind_global(value):
    global READ
    READ = value


READ = np.ones(3)
CAPTURING = {
    "global": (lambda x: x * READ, bind_global),
    "cell": captured_by_a_cell(),
    "in another function": (
        ad.grad(lambda x: np.sum(np.sin(x) * CAPTURED["w"])),
        functools.partial(CAPTURED.__setitem__, "w"),
    ),
    "list": (lambda x: x * CAPTURED["many"][0], functools.partial(CAPTURED["many"].__setitem__, 0)),
    "attribute": (lambda x: x * MODEL.w, functools.partial(setattr, MODEL, "w")),
    "method": (lambda x: MODEL.loss(x), functools.partial(setattr, MODEL, "w")),
    "number": (lambda x: x ** CAPTURED["n"], lambda value: CAPTURED.__setitem__("n", int(value[0]))),
}


@pytest.mark.parametrize("name", CAPTURING)
def test_captured_values_that_change_are_seen(name):
    f, bind = CAPTURING[name]
    bind(np.ones(3))
    compiled = ad.compile(f, backend="native" if name == "global" else "numpy")
    twice(lambda: compiled(X), f(X))
    bind(np.full(3, 4.0))
    with pytest.warns(ad.CompileWarning, match="is compiled again: .*has changed") as told:
        twice(lambda: compiled(X), f(X))
    assert len(told) == 1
    for value in range(5, 16):
        bind(np.full(3, float(value)))
        twice(lambda: compiled(X), f(X))
    bind(np.ones(3))
    with pytest.warns(ad.CompileWarning, match="runs eagerly: .* for the 13th time"):
        twice(lambda: compiled(X), f(X))


def times(w):
    return lambda x: x * w


@quiet
def test_what_was_written_to_is_seen_where_that_is_asked_for():
    w = np.ones(3)
    for backend in ("native", "numpy"):
        compiled = ad.compile(times(w), backend=backend, check_captured=True)
        twice(lambda c=compiled: c(X), X * w)
        w *= 3
        with pytest.warns(ad.CompileWarning, match="w, which it captures"):
            twice(lambda c=compiled: c(X), X * w)
        assert pickle.loads(pickle.dumps(ad.compile(np.sin, check_captured=True)))._captured.contents


WRITTEN_LATER = {
    "an operand": lambda c, x: np.sum(x * c),
    "of a call back": lambda c, x: np.cumsum(x) + np.correlate(x, c),
    "repeated": lambda c, x: np.stack([x, x]) * np.broadcast_to(c, (2, 3)),
    "places": lambda c, x: x[c.astype(int) % 3] if c.dtype.kind == "f" else x[c % 3],
    "returned": lambda c, x: (x, c),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", WRITTEN_LATER)
@pytest.mark.parametrize("dtype", [float, int])
def test_a_program_goes_on_with_what_a_captured_array_held(name, backend, dtype):
    c, x, f = np.array([1, 2, 3], dtype), np.array([0.5, 1.5, 2.5]), WRITTEN_LATER[name]
    compiled = ad.compile(lambda x: f(c, x), backend=backend)
    expected = f(c.copy(), x)
    compiled(x)
    c[:] = 7
    for got, known in zip(leaves(compiled(x)), leaves(expected), strict=True):
        np.testing.assert_allclose(got, known)


@quiet
def test_captured_values_that_stay_or_do_not_matter_are_not_compiled_again():
    compiled = ad.compile(lambda x: MODEL.loss(x) * CAPTURED["rate"], backend="numpy")
    compiled(X)
    CAPTURED["rate"] = float("2.5")
    MODEL.unused += 1
    compiled(X)
    assert compiled.compiled == 1
    record, counts, total = [], {"calls": 0}, 0

    def recorded(x):
        nonlocal total
        total += 1
        record.append(total)
        counts["calls"] += 1
        return x * 2

    compiled = ad.compile(recorded, backend="numpy")
    for _ in range(3):
        twice(lambda: compiled(X), recorded(X))
        del record[:]
    assert compiled.compiled == 1


# What computes later


def rows(x):
    for row in x:
        yield row * 2


async def later(x):
    await asyncio.sleep(0)
    return x * 2


async def later_rows(x):
    for row in x:
        yield row * 2


class Later:
    @ad.compile
    def rows(self, x):
        yield from rows(x)

    @ad.compile
    async def later(self, x):
        return await later(x)

    def __call__(self, x):
        yield from rows(x)


async def collected(found):
    return [row async for row in found]


LATER = {
    "generator": (lambda: ad.compile(rows), list, "generator function"),
    "coroutine": (lambda: ad.compile(later), asyncio.run, "coroutine function"),
    "async generator": (lambda: ad.compile(later_rows), lambda g: asyncio.run(collected(g)), "async generator"),
    "method": (lambda: Later().rows, list, "generator function"),
    "async method": (lambda: Later().later, asyncio.run, "coroutine function"),
    "object": (lambda: ad.compile(Later()), list, "generator function"),
    "partial": (lambda: ad.compile(functools.partial(rows)), list, "generator function"),
    "returned generator": (lambda: ad.compile(lambda x: rows(x)), list, "returns a generator"),
    "returned coroutine": (lambda: ad.compile(lambda x: later(x)), asyncio.run, "returns a coroutine"),
    "map in a nest": (
        lambda: ad.compile(lambda x: [map(np.sum, np.stack([x, x], 1))]), lambda m: list(m[0]), "returns a map",
    ),
    "function": (lambda: ad.compile(lambda x: lambda y: x * y), lambda g: g(2.0), "class function"),
    "object that holds": (
        lambda: ad.compile(lambda x: SimpleNamespace(a=x * 2)), lambda n: n.a, "class SimpleNamespace",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", LATER)
def test_what_computes_later_runs_eagerly_and_says_so_once(name):
    make, use, reason = LATER[name]
    compiled = make()
    with pytest.warns(ad.CompileWarning, match=reason) as told:  # noqa: PT031 - in all calls together
        for k in range(3):
            np.testing.assert_array_equal(use(compiled(X + k)), (X + k) * 2)
    assert len(told) == 1
    assert reason in getattr(compiled, "__func__", compiled).report()


@quiet
def test_what_a_program_can_return_beside_arrays():
    beside = np.sin, dict, "a", b"b", None, slice(0, 2), range(3), Ellipsis, np.dtype("f4"), 2**80, len, twice
    compiled = ad.compile(lambda x: (x * 2, *beside))
    for _ in range(2):
        got = compiled(X)
        assert got[1:] == beside
        assert_same(got[0], X * 2)


def test_a_variable_of_a_transform_around_it_is_not_lost():
    with pytest.warns(ad.CompileWarning, match="not one of its arguments"):
        assert ad.grad(lambda w: ad.compile(lambda x: w)(X))(2.0) == 1.0


def test_objects_without_attributes_are_arguments():
    nothing = object()
    compiled = ad.compile(lambda x, n: 2 * x)
    assert [compiled(1.0, nothing), compiled(3.0, nothing)] == [2.0, 6.0]
    by_name = ad.compile(lambda x, n: 2 * x, static="n")
    assert [by_name(1.0, nothing), by_name(3.0, nothing)] == [2.0, 6.0]


FIRST_DRAWS = {
    "all share": "np.random.rand()",
    "unseeded": "np.random.default_rng().normal()",
    "imported there": "__import__('numpy.random').random.rand()",
}
FIRST_DRAW = """
import warnings
import numpy as np
import dragongrad as ad
f = ad.compile(lambda x: x * DRAW, backend="numpy")
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    assert len({f(1.0) for _ in range(4)}) == 4
(one,) = told
assert "draws random numbers" in str(one.message)
"""


@pytest.mark.parametrize("draw", FIRST_DRAWS)
def test_generators_that_are_imported_by_the_traced_run_are_seen(draw):
    """NumPy imports them when they are first asked for: before, there is no state to compare with."""
    code = FIRST_DRAW.replace("DRAW", FIRST_DRAWS[draw])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("other", [{1, 2}, {}, "a", b"a", object(), slice(1)], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_no_number_is_compared_with_as_numpy_does(backend, other):
    """An array without elements compares with anything."""
    for f in (lambda x: other >= x, lambda x: np.maximum(x, other), lambda x: np.logical_and(other, x)):
        compiled = ad.compile(f, backend=backend)
        for x in (np.ones((0, 5, 3), bool), np.ones((0, 3)), np.ones(3)):
            want = outcome(f, x)
            for got in (outcome(compiled, x), outcome(compiled, x)):
                assert type(got) is type(want)
                if isinstance(want, np.ndarray):
                    assert (got.shape, got.dtype) == (want.shape, want.dtype)


def outcome(f, x):
    try:
        return f(x)
    except Exception as error:
        return error
