"""The blocks of memory of calls: taken from a list, given back to it, freed."""

from ..ir.code import Code
from ..ir.functions import COPY, FILL, External, defined
from ..ir.registers import I8, I64, PTR, VOID, Register
from .abi import Block, Description, Temporary

_ALLOCATE = External("PyMem_RawMalloc", PTR, (I64,))
_FREE = External("PyMem_RawFree", VOID, (PTR,))


@defined("take", PTR, PTR, attributes="alwaysinline")
def take(code: Code, words: Register) -> None:
    """A block that is not in use, or a new one; null where there is no memory."""
    first = words[Description.blocks]
    with code.when(first.differs(None)):
        words[Description.blocks] = first[Block.next]
        code.ret(first)
    raw = code.call(_ALLOCATE, words[Description.block_size])
    code.return_if(raw.equals(None), None)
    block = ((raw.to("ptrtoint", I64) + 63) & -64).to("inttoptr", PTR)
    block[Block.raw] = raw
    table, size = block.at(Block.table), words[Description.table_size]
    code.call(COPY, table, words[Description.table], size, False)
    # Between calls the slots of the outputs are null.
    code.call(FILL, table.element(I8, size), 0, words[Description.outputs] * 8, False)
    temporary = words.element(I64, words[Description.first_temporary])
    slots = table.array(PTR)
    with code.loop(words[Description.temporaries]) as i:
        record = temporary.element(I8, i * Temporary.length)
        slots[record[Temporary.place]] = block.element(I8, record[Temporary.offset])
    code.ret(block)


@defined("give", VOID, PTR, PTR)
def give(code: Code, words: Register, block: Register) -> None:
    """Give back a block; of large ones one is kept."""
    first = words[Description.blocks]
    with code.when(first.differs(None) & words[Description.large].differs(0)):
        code.call(_FREE, block[Block.raw])
        code.ret()
    block[Block.next] = first
    words[Description.blocks] = block


@defined("dragongrad.release", VOID, PTR, linkage="")
def release(code: Code, words: Register) -> None:
    """Free the blocks, of which none is in use."""
    with code.forever():
        first = words[Description.blocks]
        code.return_if(first.equals(None))
        words[Description.blocks] = first[Block.next]
        code.call(_FREE, first[Block.raw])
