"""How an entry point's description, the objects that it reads and its blocks of memory are laid out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..ir.code import Code
from ..ir.records import Field, Record
from ..ir.registers import I8, I32, I64, PTR, Register

# How an argument is looked at: the very object, the number inside a scalar, an array's memory, an int of Python's.
SAME, NUMBER, ARRAY, INTEGER = range(4)
# What becomes of an output: memory that the program writes to, or a copy of what the table points to.
FRESH_ARRAY, FRESH_NUMBER, COPIED_ARRAY, COPIED_NUMBER, TRUTH, OBJECT, FLOAT, INT = range(8)
# The steps that put a result together: take the next output, or make a tuple of the last so many (plus one).
PUSH = 0
# The bytes of the record of an argument or an output, whatever its fields are.
RECORD = 64
# The flags of an array that is C-contiguous and aligned.
WELL = 0x0101


class Description(Record):
    """The beginning of a description. What is the number of a word counts from here, in words."""

    program = Field(PTR)
    long = Field(I64)  # whether it runs long enough for other threads of Python to go on
    miss = Field(PTR)  # the object that says that the arguments are others
    array_type = Field(PTR)

    arguments = Field(I64)
    first_argument = Field(I64)  # the number of a word
    outputs = Field(I64)
    first_output = Field(I64)  # the number of a word
    steps = Field(I64)
    first_step = Field(I64)  # the number of a word

    blocks = Field(PTR)  # those that are not in use
    block_size = Field(I64)
    table = Field(PTR)  # as every call finds it
    table_size = Field(I64)  # in bytes
    temporaries = Field(I64)
    first_temporary = Field(I64)  # the number of a word
    large = Field(I64)  # whether one unused block is enough


class Argument(Record):
    """An argument: how it is looked at, its place in the table, and the object, type or dtype that it must have."""

    kind = Field(I64)
    place = Field(I64)
    known = Field(PTR)


class ArrayArgument(Argument):
    """An array."""

    ndim = Field(I64)
    shape = Field(I64)  # the number of a word


class IntegerArgument(Argument):
    """An int of Python's, whose value is kept in the block."""

    kept = Field(I64)  # how far behind the start of the table


class Output(Record):
    """An output: what becomes of it, its place in the table, and its bytes."""

    kind = Field(I64)
    place = Field(I64)
    bytes = Field(I64)


class ArrayOutput(Output):
    """A new array."""

    ndim = Field(I64)
    shape = Field(I64)  # the number of a word
    dtype = Field(I64)  # NumPy's number of it


class NumberOutput(Output):
    """A new scalar of NumPy's."""

    type = Field(PTR)
    allocate = Field(PTR)


class TruthOutput(Output):
    """One of two objects."""

    false = Field(PTR)
    true = Field(PTR)


class ObjectOutput(Output):
    """An object that is known before."""

    value = Field(PTR)


class Temporary(Record):
    """An array of the workspace: its place in the table, and where it lies in a block."""

    place = Field(I64)
    offset = Field(I64)


class Block(Record):
    """The memory of one call; behind its table are a slot for each output, and integers that it keeps."""

    next = Field(PTR)  # on the list of those that are not in use
    raw = Field(PTR)  # what was allocated
    table = Field(PTR, align=64)


class Object(Record):
    """An object of CPython's."""

    references = Field(I64)
    type = Field(PTR)


class Scalar(Object):
    """A number of NumPy's, or a float of Python's."""

    value = Field(I64)


class Array(Object):
    """An array of NumPy's."""

    data = Field(PTR)
    ndim = Field(I32)
    shape = Field(PTR)
    strides = Field(PTR)
    base = Field(PTR)
    descr = Field(PTR)
    flags = Field(I32)


@contextmanager
def each_record(
    code: Code, words: Register, table: Register, count: Field, first: Field
) -> Iterator[tuple[Register, Register, Register]]:
    """A loop over arguments or outputs: the number of one, its record, and the slot of its place in the table."""
    start = words.element(I64, words[first])
    with code.loop(words[count]) as i:
        record = start.element(I8, i * RECORD)
        yield i, record, table.element(PTR, record[Argument.place])
