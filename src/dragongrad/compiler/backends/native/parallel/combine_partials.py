"""What puts together the partial results of a reduction that was cut into parts: made once for a whole process."""

from __future__ import annotations

from ....graph import Op
from ....process import once
from ..ir.builder import STORED
from ..ir.code import Code
from ..ir.functions import COPY, Defined, External, module_text
from ..ir.records import SIZES
from ..ir.registers import DOUBLE, FLOAT, I8, I64, NOALIAS, PTR, VOID, Register, vector
from ..ir.vectors import intrinsic
from ..jit.engine import Library, provide

# Of whole numbers and of others.
_INSTRUCTIONS = {"sum": ("add", "fadd"), "all": ("and", ""), "any": ("or", "")}
_LANES = 8


def combiner(node: Op) -> External:
    """The function that combines parts of a reduction's result, in order, element by element.

    Its parameters: where the result goes, the first part, the elements of a part, how many parts there are, and the
    bytes from one to the next.
    """
    operation = "sum" if node.block.name == "conv_kernel" else node.block.name
    return External(f"dragongrad.combine.{operation}.{STORED[node.dtype.name]}", VOID, (PTR, PTR, I64, I64, I64))


@once
def provide_combiner(name: str) -> Library:
    """Make a function of `combiner`, under its name."""
    *_, operation, kind = name.split(".")
    library = Library(module_text(_defined(name, operation, kind)), 0)
    provide(name, library.address(name))
    return library


def _defined(name: str, operation: str, kind: str) -> Defined:
    def write(
        code: Code, out: Register, parts: Register, count: Register, number: Register, apart: Register
    ) -> None:
        code.call(COPY, out, parts, count * SIZES[kind], False)
        whole = count & -_LANES
        with code.loop(number, start=1) as part:
            row = parts.element(I8, part * apart)
            # The elements side by side in vectors, which spares LLVM the search for them; then those that are left.
            for lanes, low, high in ((_LANES, 0, whole), (1, whole, count)):
                with code.loop(high, low, lanes) as i:
                    to, more = out.element(kind, i), row.element(kind, i)
                    total, term = (start.load(vector(kind, lanes), align=1) for start in (to, more))
                    to.store(_combined(code, operation, kind, total, term), align=1)

    return Defined(name, VOID, (NOALIAS, NOALIAS, I64, I64, I64), write, "", "#0")


def _combined(code: Code, operation: str, kind: str, total: Register, term: Register) -> Register:
    real = kind in (DOUBLE, FLOAT)
    if operation in _INSTRUCTIONS:
        return total.binary(_INSTRUCTIONS[operation][real], term)
    name = f"{operation}imum" if real else f"s{operation}"
    return code.call(intrinsic(name, kind, 1 if total.type == kind else _LANES, 2), total, term)
