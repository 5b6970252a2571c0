"""The builder of LLVM's language: what functions written with it compute, and how it lays out records."""

import ctypes

import numpy as np
import pytest

from dragongrad.compiler.backends.native.ir.builder import Text
from dragongrad.compiler.backends.native.ir.code import Code
from dragongrad.compiler.backends.native.ir.functions import External, Variable, defined, module_text
from dragongrad.compiler.backends.native.ir.records import Field, Record
from dragongrad.compiler.backends.native.ir.registers import DOUBLE, I1, I8, I32, I64, PTR, VOID
from dragongrad.compiler.backends.native.jit.engine import Library


class Pair(Record):
    letter = Field(I8)
    number = Field(I64)
    small = Field(I32)
    start = Field(PTR, align=64)


class Triple(Pair):
    more = Field(I64)


@defined("collatz", I64, I64, linkage="")
def collatz(code, n):
    """How many steps it takes to 1: a loop that is left, a branch of two arms, and a value that changes."""
    at, steps = code.local(I64), code.local(I64)
    at.store(n)
    steps.store(0, I64)
    with code.forever():
        now = at.load(I64)
        code.break_if(now.equals(1))
        with code.either((now & 1).equals(0)) as (even, odd):
            with even:
                half = now >> 1
            with odd:
                more = now * 3 + 1
        at.store(code.join((even, half), (odd, more)))
        steps.store(steps.load(I64) + 1)
    code.ret(steps.load(I64))


@defined("named", I64, I64, linkage="")
def named(code, k):
    """A switch: two arms, of which one is for several numbers and one returns, and one for any other."""
    with code.switch(k, (1, 2), 5) as (small, five, other):
        with small:
            tenfold = k * 10
        with five:
            code.ret(-1)
        with other:
            zero = k - k
    code.ret(code.join((small, tenfold), (other, zero)))


@defined("stepped", I64, I64, I64, linkage="")
def stepped(code, start, end):
    """The sum of every third number, by a call of an internal function."""
    total = code.local(I64)
    total.store(0, I64)
    with code.loop(end, start, 3) as i:
        code.call(add_to, total, i)
    with code.loop(2) as twice, code.loop(end, end) as never:
        total.store(twice + never)
    code.ret(total.load(I64))


@defined("add_to", VOID, PTR, I64)
def add_to(code, where, number):
    code.return_if(number.equals(7))
    code.return_unless(number.differs(8))
    where.store(where.load(I64) + number)


@defined("compared", I64, PTR, linkage="")
def compared(code, numbers):
    """Which comparisons of two doubles hold, as bits."""
    x, y = (numbers.array(DOUBLE)[k] for k in range(2))
    tests = x < y, x <= y, x > y, x >= y, x.equals(y), x.differs(y), x.is_nan(), ~(x < y) & (y - x).differs(0.1)
    bits = code.register(I64, "0")
    for k, test in enumerate(tests):
        bits = bits | (test.to("zext", I64) << k)
    code.ret(bits)


COUNT = Variable("count", I64, "5", "internal")


@defined("counted", I64, PTR, linkage="")
def counted(code, record):
    """Fields, and a variable that is changed in one step."""
    before = code.pointer_to(COUNT).update("add", record[Pair.small].to("sext", I64))
    record[Pair.number] = before
    record[Pair.letter] = 3
    with code.when(code.pointer_to(COUNT).replace(0, 1)):
        code.ret(-9)
    code.ret(code.pointer_to(COUNT).load(I64, "acquire"))


@pytest.fixture(scope="module")
def call():
    library = Library(module_text(collatz, named, stepped, compared, counted), 0)

    return lambda name, *kinds: ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(library.address(name))


def test_loops_that_are_left_and_branches(call):
    run = call("collatz", ctypes.c_int64)
    assert [run(n) for n in (1, 2, 3, 7, 27)] == [0, 1, 7, 16, 111]


def test_switches(call):
    run = call("named", ctypes.c_int64)
    assert [run(k) for k in (0, 1, 2, 3, 5)] == [0, 10, 20, 0, -1]


@pytest.mark.parametrize(("start", "end"), [(0, 10), (1, 9), (2, 2), (5, -4), (-7, 12)])
def test_counted_loops(call, start, end):
    run = call("stepped", ctypes.c_int64, ctypes.c_int64)
    assert run(start, end) == sum(i for i in range(start, end, 3) if i not in (7, 8))


@pytest.mark.parametrize("x", [1.0, 2.0, np.nan])
def test_comparisons_hold_as_those_of_python(call, x):
    pair = np.array([x, 1.0])
    y = 1.0
    tests = x < y, x <= y, x > y, x >= y, x == y, x != y, x != x, not (x < y) and y - x != 0.1
    assert call("compared", ctypes.c_void_p)(pair.ctypes.data) == sum(t << k for k, t in enumerate(tests))


def test_records_are_laid_out_as_in_c(call):
    class InC(ctypes.Structure):
        _fields_ = (("letter", ctypes.c_int8), ("number", ctypes.c_int64), ("small", ctypes.c_int32))

    assert [getattr(Pair, n).offset for n, _ in InC._fields_] == [getattr(InC, n).offset for n, _ in InC._fields_]
    assert (Pair.start.offset, Triple.more.offset, Triple.start) == (64, 72, Pair.start)
    record = InC(0, 0, -2)
    run = call("counted", ctypes.c_void_p)
    assert [run(ctypes.addressof(record)) for _ in range(2)] == [3, 1]
    assert (record.letter, record.number, record.small) == (3, 3, -2)
    with pytest.raises(AssertionError, match="no fields"):
        Pair.words(weight=3)


def test_mistakes_are_found_while_code_is_written():
    code = Code()
    number, truth = code.register(I64, "%n"), code.register(I1, "%t")
    with pytest.raises(AssertionError, match="%t is i1, where i64 is wanted"):
        number + truth
    with pytest.raises(TypeError, match=r"x\.equals\(y\)"):
        _ = number == truth
    with pytest.raises(TypeError, match="when"):
        _ = number > 0 or truth
    with pytest.raises(ValueError, match="shorter"):
        code.call(External("f", VOID, (I64, I64)), number)


def test_a_piece_that_is_given_up_leaves_nothing():
    text = Text()
    text.effect("add i64 1, 2")
    lines, block = list(text.lines), text.block

    def give_up():
        with text.piece(), text.loop(3):
            text.local(I64)
            raise KeyError

    with pytest.raises(KeyError):
        give_up()
    assert (text.lines, text.entry, text.block) == (lines, [], block)
    with text.piece():
        text.effect("add i64 3, 4")
    assert len(text.lines) == 2
