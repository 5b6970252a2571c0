"""The entry point in LLVM's language: one function that every compiled program is called through.

A program describes itself in an array of 64-bit words, which is the `self` of the entry point's function object
(`abi.Description`). Words that begin a record are counted from the start; addresses are those of this process.

A block is the memory of one call: its header, the table of pointers that the program reads, a slot for each output,
and the temporaries. Blocks that are not in use hang on a list in the description; the list is only touched while
Python's lock is held. Between calls the slots are null.
"""

from ..ir.code import Code
from ..ir.functions import COPY, External, defined, module_text
from ..ir.registers import DOUBLE, I1, I8, I32, I64, PTR, VOID, Register
from . import abi
from .abi import Description
from .check_arguments import check
from .frame_pool import give, release, take

_NEW_ARRAY = External("PyArray_New", PTR, (PTR, I32, PTR, I32, PTR, PTR, I32, I32, PTR))
_NEW_TUPLE = External("PyTuple_New", PTR, (I64,))
_SET_ITEM = External("PyTuple_SetItem", I32, (PTR, I64, PTR))
_FROM_DOUBLE = External("PyFloat_FromDouble", PTR, (DOUBLE,))
_FROM_LONG = External("PyLong_FromLongLong", PTR, (I64,))
_INCREF = External("Py_IncRef", VOID, (PTR,))
_DECREF = External("Py_DecRef", VOID, (PTR,))
_NO_MEMORY = External("PyErr_NoMemory", PTR, ())
_SAVE_THREAD = External("PyEval_SaveThread", PTR, ())
_OCCURRED = External("PyErr_Occurred", PTR, ())
_RESTORE_THREAD = External("PyEval_RestoreThread", VOID, (PTR,))

# What the description points to: what allocates a scalar of a type, and a compiled program.
_ALLOCATE = External("allocate", PTR, (PTR, I64))
_PROGRAM = External("program", I1, (PTR,))

_OUTPUTS = Description.outputs, Description.first_output


@defined("make", I1, PTR, PTR, PTR, attributes="alwaysinline")
def make(code: Code, words: Register, table: Register, objects: Register) -> None:
    """Before the program runs, an object for every output that is memory; false where Python has raised."""
    slots = objects.array(PTR)
    with abi.each_record(code, words, table, *_OUTPUTS) as (i, record, slot):
        kind = record[abi.Output.kind]
        arrays, numbers = (abi.FRESH_ARRAY, abi.COPIED_ARRAY), (abi.FRESH_NUMBER, abi.COPIED_NUMBER)
        with code.switch(kind, arrays, numbers) as (array, number, _):
            with array:
                made = _new_array(code, words, record)
                code.return_if(made.equals(None), False)
                slots[i] = made
                with code.when(kind.equals(abi.FRESH_ARRAY)):
                    slot.store(made[abi.Array.data])
            with number:
                allocate = record[abi.NumberOutput.allocate]
                made = code.call_pointer(allocate.name, _ALLOCATE, record[abi.NumberOutput.type], 0)
                code.return_if(made.equals(None), False)
                slots[i] = made
                with code.when(kind.equals(abi.FRESH_NUMBER)):
                    slot.store(made.at(abi.Scalar.value))
    code.ret(True)


def _new_array(code: Code, words: Register, record: Register) -> Register:
    ndim, dtype = (record[field].to("trunc", I32) for field in (abi.ArrayOutput.ndim, abi.ArrayOutput.dtype))
    shape = words.element(I64, record[abi.ArrayOutput.shape])
    return code.call(_NEW_ARRAY, words[Description.array_type], ndim, shape, dtype, None, None, 0, 0, None)


@defined("finish", I1, PTR, PTR, PTR, attributes="alwaysinline")
def finish(code: Code, words: Register, table: Register, objects: Register) -> None:
    """After it ran: copies, truth values, Python's floats and integers, and objects that are known."""
    slots = objects.array(PTR)
    kinds = abi.COPIED_ARRAY, abi.COPIED_NUMBER, abi.TRUTH, abi.OBJECT, abi.FLOAT, abi.INT
    with (
        abi.each_record(code, words, table, *_OUTPUTS) as (i, record, slot),
        code.switch(record[abi.Output.kind], *kinds) as (array, number, truth, known, real, integer, _),
    ):
        with array:
            code.call(COPY, slots[i][abi.Array.data], slot.load(PTR), record[abi.Output.bytes], False)
        with number:
            code.call(COPY, slots[i].at(abi.Scalar.value), slot.load(PTR), record[abi.Output.bytes], False)
        with truth:
            is_true = slot.load(PTR).load(I8).differs(0)
            found = is_true.choose(record[abi.TruthOutput.true], record[abi.TruthOutput.false])
            code.call(_INCREF, found)
            slots[i] = found
        with known:
            code.call(_INCREF, record[abi.ObjectOutput.value])
            slots[i] = record[abi.ObjectOutput.value]
        with real:
            made = code.call(_FROM_DOUBLE, slot.load(PTR).load(DOUBLE))
            code.return_if(made.equals(None), False)
            slots[i] = made
        with integer:
            made = code.call(_FROM_LONG, slot.load(PTR).load(I64))
            code.return_if(made.equals(None), False)
            slots[i] = made
    code.ret(True)


@defined("drop", VOID, PTR, PTR)
def drop(code: Code, words: Register, objects: Register) -> None:
    """Give up what the slots hold."""
    slots = objects.array(PTR)
    with code.loop(words[Description.outputs]) as i:
        held = slots[i]
        with code.when(held.differs(None)):
            slots[i] = None
            code.call(_DECREF, held)


@defined("together", PTR, PTR, PTR, attributes="alwaysinline")
def together(code: Code, words: Register, objects: Register) -> None:
    """The result, put together from the outputs; null where Python has raised.

    The slots of the outputs are the stack: what is on it was an output, or holds some.
    """
    top, taken = code.local(I64), code.local(I64)
    top.store(0, I64)
    taken.store(0, I64)
    slots = objects.array(PTR)
    steps = words.element(I64, words[Description.first_step]).array(I64)
    with code.loop(words[Description.steps]) as i:
        step, height = steps[i], top.load(I64)
        with code.either(step.equals(abi.PUSH)) as (push, bind):
            with push:
                number = taken.load(I64)
                output = slots[number]
                slots[number] = None
                slots[height] = output
                taken.store(number + 1)
                top.store(height + 1)
            with bind:
                count = step - 1
                made = code.call(_NEW_TUPLE, count)
                with code.when(made.equals(None)):
                    code.call(drop, words, objects)
                    code.ret(None)
                bottom = height - count
                with code.loop(count) as k:
                    code.call(_SET_ITEM, made, k, slots[bottom + k])
                    slots[bottom + k] = None
                slots[bottom] = made
                top.store(bottom + 1)
    result = slots[0]
    slots[0] = None
    code.ret(result)


@defined("other", PTR, PTR)
def other(code: Code, words: Register) -> None:
    """The object that says that the arguments are not these, or a decision goes the other way."""
    missing = words[Description.miss]
    code.call(_INCREF, missing)
    code.ret(missing)


@defined("dragongrad.entry", PTR, PTR, PTR, I64, linkage="")
def entry(code: Code, self: Register, args: Register, given: Register) -> None:
    """The function object's own function, of CPython's fast calling convention."""
    words = self[abi.Array.data]
    with code.when(given.differs(words[Description.arguments])):
        code.ret(code.call(other, words))
    block = code.call(take, words)
    with code.when(block.equals(None)):
        code.ret(code.call(_NO_MEMORY))
    table = block.at(abi.Block.table)
    objects = table.element(I8, words[Description.table_size])
    with code.when(~code.call(check, words, args, table)):
        code.call(give, words, block)
        code.ret(code.call(other, words))
    with code.when(code.call(make, words, table, objects)):
        with code.when(~_run(code, words, table)):
            code.call(drop, words, objects)
            code.call(give, words, block)
            # A loop was interrupted.
            code.return_unless(code.call(_OCCURRED).equals(None), None)
            code.ret(code.call(other, words))
        with code.when(code.call(finish, words, table, objects)):
            result = code.call(together, words, objects)
            code.call(give, words, block)
            code.ret(result)
    code.call(drop, words, objects)
    code.call(give, words, block)
    code.ret(None)


def _run(code: Code, words: Register, table: Register) -> Register:
    """Whether the decisions of a program went as they did; a long one lets other threads of Python go on."""
    program = words[Description.program].name
    with code.either(words[Description.long].differs(0)) as (freely, locked):
        with freely:
            state = code.call(_SAVE_THREAD)
            first = code.call_pointer(program, _PROGRAM, table)
            code.call(_RESTORE_THREAD, state)
        with locked:
            second = code.call_pointer(program, _PROGRAM, table)
    return code.join((freely, first), (locked, second))


def text() -> str:
    """The text of a module with the entry point, and what frees the blocks of a description."""
    return module_text(entry, release)
