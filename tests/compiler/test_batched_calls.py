"""Mathematical functions in straight code: calls made as one give the very same numbers, whatever lies between."""

import math
import random
import re
from importlib import import_module

import numpy as np
import pytest
from grid import assert_compiles, covering
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_compile_random import everything
from test_random_programs import PROGRAMS, matrices

import dragongrad as ad
from dragongrad.compiler.backends.native.loops import batched_calls, loop
from dragongrad.compiler.backends.native.loops.batched_calls import batched
from dragongrad.compiler.backends.native.math import FUNCTIONS
from dragongrad.compiler.backends.native.schedule import scheduler
from dragongrad.compiler.backends.native.tuning import CALLS_AT_ONCE

pytestmark = pytest.mark.filterwarnings("error::dragongrad.CompileWarning")

COUNT = 150


def sines(x):
    return np.array([np.sin(x[0] * (k + 1)) for k in range(COUNT)])


def exponentials(x):
    total = x.dtype.type(0)
    for k in range(COUNT):
        total = total + np.exp(-x[k % 5] * x.dtype.type(k)) * x[k % 3]
    return total


def powers(x):
    return np.stack([(x[k % 5] + 0.1) ** (x[k % 3] * k) for k in range(COUNT)])


def steps(x):
    """Each needs the one before it; beside them stands what does not."""
    angle, speed, total = x[0], x[1], x[2]
    for k in range(COUNT):
        speed = speed - 0.01 * np.sin(angle)
        angle = angle + 0.01 * speed
        total = total + np.cos(x[3] + k) * np.tanh(x[4] * k)
    return angle + speed * total


def rows(x):
    """Vectors of eight, one needing the other."""
    h = np.arange(8, dtype=x.dtype)
    for k in range(20):
        h = np.tanh(h * x[k % 5] + x[k % 3])
    return h


KINDS = {f.__name__: f for f in (sines, exponentials, powers, steps, rows)}
TRANSFORMS = {"value": lambda f: f, "gradient": lambda f: ad.grad(lambda x: np.sum(f(x)))}


def run(f, x):
    made = ad.compile(f, backend="native")
    made(x)
    return np.asarray(made(x)), made.llvm


@pytest.mark.parametrize(
    ("f", "transform", "dtype", "quick"),
    covering(KINDS, TRANSFORMS, [np.float64, np.float32], {"care": False, "quick": True}, together=2),
)
def test_calls_made_as_one_give_the_same_numbers(monkeypatch, f, transform, dtype, quick):
    x = np.linspace(0.3, 1.1, 5).astype(dtype)
    monkeypatch.setattr(scheduler, "QUICK_ELEMENTS", -1 if quick else 10**9)
    # Loops stay straight code.
    monkeypatch.setattr(import_module("dragongrad.compiler.passes.reroll.loops"), "LEAST_OPERATIONS", 10**9)
    got, text = run(transform(f), x)
    monkeypatch.setattr(loop, "batched", lambda lines, declared, borrows: ([], lines))
    expected, before = run(transform(f), x)
    assert ".array(" in text
    assert ".array(" not in before
    np.testing.assert_array_equal(got, expected)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, transform(f)(x), rtol=1e-9 if dtype is np.float64 else 2e-3)


@pytest.mark.parametrize(("f", "count"), covering([np.sin, np.exp, np.tanh, np.log1p], [3000, 6000]))
def test_so_many_calls_are_a_few(f, count):
    text = run(lambda x: np.stack([f(x[0] * (k + 1)) for k in range(count)]), np.array([1e-4]))[1]
    assert len(re.findall(r"= call double @dragon\.\w+\.double\(", text)) <= 30
    assert text.count("call void @dragon.") <= count / CALLS_AT_ONCE + 2


def test_what_is_infinite_or_no_number_stays_so():
    x = np.array([np.inf, -np.inf, np.nan, -0.0, 1e300, 5e-324])

    def f(x):
        return np.stack([g(x[k % 6] * (1.0 + k // 6)) for g in (np.sin, np.exp, np.tanh) for k in range(36)])

    with np.errstate(all="ignore"):
        got, expected = run(f, x)[0], f(x)
    np.testing.assert_allclose(got, expected, rtol=1e-14)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known])


@settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PROGRAMS, st.integers(0, 2**32 - 1))
def test_random_programs_whose_every_call_is_made_so(monkeypatch, program, seed):
    first = matrices(seed)
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "QUICK_ELEMENTS", -1)
        patch.setattr(batched_calls, "FEWEST_CALLS", 1)
        assert_compiles(everything(program), first, first[::-1] * 1.3, "native")


# The lines themselves, run here


def some_lines(seed):
    """Straight code at random: sums, calls, labels, and what is read and written in two arrays."""
    draw = random.Random(seed)
    lines, known = [], ["%p", "%q"]
    for k in range(120):
        name, x, y = f"%r{k}", draw.choice(known[-12:]), draw.choice(known)
        array, place = draw.choice(["%b0", "%b1"]), draw.randrange(3)
        kind = draw.choice(["sum", "sum", "call", "call", "call", "two", "load", "look", "store", "label"])
        if kind in ("load", "store"):
            lines.append(f"  %a{k} = getelementptr inbounds double, ptr {array}, i64 {place}")
        if kind == "look":
            lines += [
                f"  %i{k} = fptosi double {x} to i64",
                f"  %a{k} = getelementptr inbounds double, ptr {array}, i64 %i{k}",
            ]
        if kind == "label":
            lines += [f"  br label %l{k}", f"l{k}:"] if not k % 9 else []
            continue
        if kind == "store":
            lines.append(f"  store double {x}, ptr %a{k}")
            continue
        made = {
            "sum": f"fadd double {x}, {y}",
            "call": f"call double @dragon.{draw.choice(['sin', 'exp'])}.double(double {x})",
            "two": f"call double @dragon.hypot.double(double {x}, double {y})",
            "load": f"load double, ptr %a{k}",
            "look": f"load double, ptr %a{k}",
        }
        lines.append(f"  {name} = {made[kind]}")
        known.append(name)
    return [*lines, *[f"  store double {name}, ptr %out{name[1:]}" for name in known]]


def outcome(lines):
    """What is in memory when the lines have run."""
    value = {"%p": 0.25, "%q": -0.5}
    at = {f"%b{k}": (f"%b{k}", 0) for k in range(2)}
    memory = {(f"%b{k}", i): 0.1 * (k + i) for k in range(2) for i in range(3)}
    functions = {"sin": math.sin, "exp": lambda x: math.exp(-abs(x)), "hypot": math.hypot}
    for line in lines:
        made, _, rest = line.strip().partition(" = ")
        names = re.findall(r"%[\w.]+", rest or made)
        if line.startswith("  store"):
            memory[at.setdefault(names[1], (names[1], 0))] = value[names[0]]
        elif "call void" in line:
            name = re.search(r"@dragon\.(\w+)\.", line)[1]
            out, *given = [at[n] for n in names]
            for k in range(int(re.search(r"i64 (\d+)\)", line)[1])):
                memory[out[0], out[1] + k] = functions[name](*[memory[a, i + k] for a, i in given])
        elif rest.startswith("fptosi"):
            value[made] = int(abs(100 * value[names[0]])) % 3
        elif rest.startswith("alloca"):
            at[made] = made, 0
        elif rest.startswith("getelementptr"):
            start, first = at[names[0]]
            place = rest.rpartition(" ")[2]
            at[made] = start, first + (value[place] if place in value else int(place))
        elif rest.startswith("load"):
            value[made] = memory[at[names[0]]]
        elif rest.startswith("call"):
            value[made] = functions[re.search(r"@dragon\.(\w+)\.", rest)[1]](*[value[n] for n in names])
        elif rest:
            value[made] = value[names[0]] + value[names[1]]
    return {place: v for place, v in memory.items() if place[0][1] in "bo" and "." not in place[0]}


@pytest.mark.parametrize("borrows", [False, True])
def test_lines_do_the_same_in_their_new_order(borrows):
    together = 0
    for seed in range(60):
        lines = some_lines(seed)
        declared = {f"@dragon.{name}.double": "" for name in FUNCTIONS}
        entry, written = batched(lines, declared, borrows)
        together += sum("call void" in line for line in written)
        assert outcome([*entry, *written]) == outcome(lines)
        used = set(re.findall(r"@dragon\.\w+\.double(?:\.array)?(?=\()", "\n".join(written)))
        assert used <= declared.keys()
    assert together > 60


def test_few_calls_are_left_where_they_are():
    lines = [f"  %r{k} = call double @dragon.sin.double(double %p)" for k in range(3)]
    assert batched(lines, {}, borrows=False) == ([], lines)
    chain = [f"  %r{k + 1} = call double @dragon.sin.double(double %r{k})" for k in range(20)]
    assert batched(chain, {}, borrows=False) == ([], chain)
    inline = [f"  %r{k} = call double @dragon.exp.double.inline(double %p)" for k in range(20)]
    assert batched(inline, {}, borrows=False) == ([], inline)
