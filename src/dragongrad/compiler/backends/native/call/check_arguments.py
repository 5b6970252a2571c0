"""How the entry point looks at the arguments of a call: each must be just what the program was compiled for."""

from ....integers import LARGEST
from ..ir.code import Code
from ..ir.functions import External, defined
from ..ir.registers import I1, I8, I32, I64, PTR, Register
from . import abi

_AS_LONG = External("PyLong_AsLongLongAndOverflow", I64, (PTR, PTR))
_ARGUMENTS = abi.Description.arguments, abi.Description.first_argument


@defined("check", I1, PTR, PTR, PTR, attributes="alwaysinline")
def check(code: Code, words: Register, args: Register, table: Register) -> None:
    """Whether the arguments are as described; the table then points to their numbers."""
    overflow = code.local(I32)
    array_type = words[abi.Description.array_type]
    with abi.each_record(code, words, table, *_ARGUMENTS) as (i, record, slot):
        arg, known = args.array(PTR)[i], record[abi.Argument.known]
        kinds = code.switch(record[abi.Argument.kind], abi.SAME, abi.NUMBER, abi.ARRAY, abi.INTEGER)
        with kinds as (same, number, array, integer, _):
            with same:
                code.return_unless(arg.equals(known), False)
            with number:
                code.return_unless(arg[abi.Object.type].equals(known), False)
                slot.store(arg.at(abi.Scalar.value))
            with array:
                code.return_unless(arg[abi.Object.type].equals(array_type), False)
                _check_array(code, words, arg, record)
                slot.store(arg[abi.Array.data])
            with integer:
                code.return_unless(arg[abi.Object.type].equals(known), False)
                # CPython lays integers out in a way of its own: it is asked for the value, which is kept.
                number_in_it = code.call(_AS_LONG, arg, overflow)
                code.return_if(overflow.load(I32).differs(0), False)
                code.return_if((number_in_it + LARGEST).above(2 * LARGEST), False)
                kept = table.element(I8, record[abi.IntegerArgument.kept])
                kept.store(number_in_it)
                slot.store(kept)
    code.ret(True)


def _check_array(code: Code, words: Register, arg: Register, record: Register) -> None:
    """Return where an array has another dtype, shape or order in memory."""
    well = (arg[abi.Array.flags] & abi.WELL).equals(abi.WELL)
    same_dtype = arg[abi.Array.descr].equals(record[abi.Argument.known])
    ndim = record[abi.ArrayArgument.ndim]
    same_ndim = arg[abi.Array.ndim].to("sext", I64).equals(ndim)
    code.return_unless(well & same_dtype & same_ndim, False)
    shape = arg[abi.Array.shape].array(I64)
    wanted = words.element(I64, record[abi.ArrayArgument.shape]).array(I64)
    with code.loop(ndim) as axis:
        code.return_unless(shape[axis].equals(wanted[axis]), False)
