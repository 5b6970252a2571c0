"""Numbers and truth values of Python's in a traced run: what its operators make of them, and NumPy's functions."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.block import BLOCKS, Block
from ..core.errors import NoRuleError, user_line
from ..core.graph import Staging
from ..core.node import Node
from ..core.variable import Variable
from .abstract_evaluation import OutlinedTruth
from .integers import Integers

FOREIGN = "it uses a Variable that is not one of its arguments{}\nPass it as an argument"


class UnstageableError(NoRuleError):
    """What a compiled function cannot repeat: it runs eagerly instead."""


class Numbers(Staging):
    """A Staging level that knows which values are numbers of Python's, and counts with them as Python does."""

    __slots__ = ("integers", "truths")

    def __init__(self) -> None:
        super().__init__()
        # Comparisons of Python's numbers by Python's operators: truth values of Python's.
        self.truths: set[Node] = set()
        self.integers = Integers()

    def is_pythons(self, value: Any) -> bool:
        """Whether a value is a number or a truth value of Python's."""
        if value.__class__ is not Variable:
            return value.__class__ in PYTHON
        return value.level is self and (value.data.__class__ in WEAK or self.is_truth(value))

    def is_truth(self, value: Any) -> bool:
        """Whether a value is a truth value of Python's."""
        if value.__class__ is not Variable:
            return value.__class__ is bool
        return value.level is self and (value.data.__class__ in _TRUTHS or value.link in self.truths)

    def counted(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Python's numbers with its truth values as such, since it counts with them."""
        truths = [a.__class__ is Variable and self.is_truth(a) for a in args]
        if not any(truths):
            return args
        real = any(getattr(a, "data", a).__class__ in (float, complex) for a in args)
        counted = []
        for a, truth in zip(args, truths, strict=True):
            if truth and real:
                a = self.as_float(a)
            elif truth:
                a = self.converted(a, int)
                a = Variable(int(a.data), self, a.link)
                self.integers.ranges[a.link] = 0, 1
            counted.append(a)
        return tuple(counted)

    def as_float(self, x: Variable) -> Variable:
        """A number of Python's as a float."""
        x = self.converted(x, float)
        return Variable(float(x.data), self, x.link)

    def converted(self, x: Variable, kind: type) -> Variable:
        """A number or truth value of Python's as one of NumPy's of a dtype."""
        data = np.bool_(x.data) if x.data.__class__ is bool else x.data
        converted: Variable = self.apply(_ASTYPE, (Variable(data, self, x.link),), {"dtype": np.dtype(kind)})
        return converted

    def to_numpy(self, value: Any) -> Any:
        """NumPy's ufuncs take truth values of Python's for their own, and do not count with them."""
        if value.__class__ is Variable and self.is_truth(value):
            return self.converted(value, bool)
        return value

    def from_numpy(self, out: Any) -> Any:
        """NumPy's functions give numbers of NumPy's also of Python's."""
        if isinstance(out, tuple):
            return tuple(map(self.from_numpy, out)) if out.__class__ is tuple else out
        if out.__class__ is Variable and out.level is self:
            self.truths.discard(out.link)
            if out.data.__class__ in WEAK:
                return Variable(np.asarray(out.data)[()], self, out.link)
        return out

    def promoted(self, block: Block, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Python's numbers in the dtype that they take beside these arrays."""
        found = False
        for a in args:
            if isinstance(a, Variable):
                if a.level is not self:
                    raise UnstageableError(FOREIGN.format(f"\n  at {user_line()}"))
                found = found or a.data.__class__ in WEAK
        if not found:
            return args
        weak = [isinstance(a, Variable) and a.data.__class__ in WEAK for a in args]
        is_operator = isinstance(block.fn, np.ufunc) or block in OPERATORS
        if not is_operator and (len(args) == 1 or all(weak) or block.name in _APART):
            # Only operators know numbers of Python's: to functions, and in loops, they are arrays of no axes, which
            # they stay beside other arrays in `np.stack` alone.
            ends = [np.asarray(getattr(a, "data", a))[() if block is _ASTYPE else ...] for a in args]
            return tuple([Variable(e, self, a.link) if w else a for e, a, w in zip(ends, args, weak, strict=True)])
        if len(args) == 1:
            return args
        arrays = [a.dtype for a, w in zip(args, weak, strict=True) if not w and hasattr(a, "dtype")]
        if not arrays:
            return args
        promoted = []
        for a, w in zip(args, weak, strict=True):
            if w:
                dtype = np.result_type(*arrays, type(a.data)(0))
                if a.data.__class__ is int and dtype.kind in "iu":
                    self.integers.check_fits(self, a, dtype)
                if dtype.kind == "c" and a.data.__class__ is not complex:
                    dtype = np.empty(0, dtype).real.dtype
                a = self.apply(_ASTYPE, (Variable(np.asarray(a.data)[()], self, a.link),), {"dtype": dtype})
            promoted.append(a)
        return tuple(promoted)


LOOPS = frozenset({"scan", "while_loop"})
_APART = LOOPS | {"stack"}
WEAK = (float, complex, int)
_ASTYPE = BLOCKS["astype"]
# Truth values of Python's: computed, and not.
_TRUTHS = (bool, OutlinedTruth)
# Python's numbers, what its operators give of them, and how it counts with truth values.
PYTHON = (float, int, complex, bool)
OPERATORS: dict[Block, Any] = {
    BLOCKS[np.absolute]: abs,
    BLOCKS[np.positive]: operator.pos,
    BLOCKS[np.conjugate]: lambda z: z.conjugate(),
    BLOCKS[np.real]: lambda z: z.real,
    BLOCKS[np.imag]: lambda z: z.imag,
    BLOCKS[np.remainder]: operator.mod,
    BLOCKS[np.floor_divide]: operator.floordiv,
    BLOCKS[np.invert]: operator.invert,
    BLOCKS[np.left_shift]: operator.lshift,
    BLOCKS[np.right_shift]: operator.rshift,
    BLOCKS[np.bitwise_and]: operator.and_,
    BLOCKS[np.bitwise_or]: operator.or_,
    BLOCKS[np.bitwise_xor]: operator.xor,
}
COMPARISONS = frozenset(
    BLOCKS[fn] for fn in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
)
# Of two truth values a truth value.
BITWISE = frozenset(BLOCKS[fn] for fn in (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
ARITHMETIC = (
    frozenset(BLOCKS[fn] for fn in (np.add, np.subtract, np.multiply, np.divide, np.power, np.negative, *[
        b.fn for b in OPERATORS
    ]))
    - BITWISE
)  # fmt: skip
OF_NUMBERS = COMPARISONS | BITWISE | ARITHMETIC
