"""Python's integers among the arguments: int64 where they are computed with, static where their value is needed.

A program computes with them as Python does where nothing leaves int64, and only what a double holds is divided. For
each a range is known that it lies in, whatever the arguments are; where that is too large, its value is needed.
"""

from __future__ import annotations

import operator
from collections.abc import Collection
from typing import Any

import numpy as np

from ..core.block import BLOCKS, Block
from ..core.errors import NoRuleError, user_line
from ..core.node import Node
from ..core.variable import Variable
from ..records import field, mutable

# Larger ones are static.
LARGEST = 2**31 - 1
_INT64 = 2**63 - 1
# Whole numbers up to here are doubles.
_EXACT = 2**53

Range = tuple[int, int]


class ValueNeededError(NoRuleError):
    """The value of an integer is needed: the `leaves` of the arguments are static, because of a `line`."""

    def __init__(self, leaves: Collection[int], line: str) -> None:
        self.leaves, self.line = frozenset(leaves), line
        super().__init__(f"the value of an integer is needed at {line}")


@mutable
class Integers:
    """The integers of one trace: which inputs they are, and the ranges of all that is computed from them alone."""

    inputs: dict[Node, int] = field(default_factory=dict)
    ranges: dict[Node, Range] = field(default_factory=dict)
    # Whoever catches the error keeps it from nobody.
    error: ValueNeededError | None = None
    _decided: dict[str, set[Any]] = field(default_factory=dict)

    def add(self, node: Node, leaf: int) -> None:
        """An input."""
        self.inputs[node] = leaf
        self.ranges[node] = -LARGEST, LARGEST

    def leaves_of(self, *nodes: Node | None) -> tuple[set[int], bool]:
        """The integers that values depend on, and whether they depend on nothing else."""
        todo, seen, only = [node for node in nodes if node is not None], set[Node](), True
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                only = only and (node.block is not None or node in self.inputs)
                todo += [p for p in node.parents if p is not None]
        return {leaf for node, leaf in self.inputs.items() if node in seen}, only

    def need(self, *nodes: Node | None) -> None:
        """Refuse to go on without the values of the integers that these depend on, if there are any."""
        if self.inputs and (leaves := self.leaves_of(*nodes)[0]):
            self.error = ValueNeededError(leaves, user_line())
            raise self.error

    def decide(self, node: Node, line: str) -> None:
        """Notice a decision; one that a loop takes each time on another integer needs their values."""
        if not self.inputs or not self.leaves_of(node)[1]:
            return
        known = self._decided.setdefault(line, set())
        known.add((node.block, node.parents, repr(node.saved[1:])))
        if len(known) > 2:
            self.need(node)

    def range_of(self, value: Any) -> Range:
        """Between which numbers an integer lies."""
        node = getattr(value, "link", None)
        if node in self.ranges:
            return self.ranges[node]
        number = int(getattr(value, "data", value))
        return number, number

    def keep(self, out: Any, block: Block, args: tuple[Any, ...]) -> None:
        """Find out between which numbers a new integer lies."""
        low, high = _RANGES[block](*map(self.range_of, args))
        if max(-low, high) > _INT64:
            self.need(out.link)
        self.ranges[out.link] = low, high

    def prepare(self, stage: Any, block: Block, args: tuple[Any, ...], numbers: bool) -> tuple[Any, ...]:
        """What a Block is applied to; guarded where it would compute otherwise than Python on other integers.

        `numbers` says whether all arguments are numbers of Python's.
        """
        mine = [a for a in args if a.__class__ is Variable and a.data.__class__ is int]
        nodes = [a.link for a in mine]
        if not mine:
            return args
        # Python compares with floats, and divides, exactly.
        mixed = any(getattr(a, "data", a).__class__ is float for a in args)
        exact = numbers and (block is _DIVIDE or (mixed and block in _COMPARISONS))
        if block in _BITS or (exact and any(map(self.beyond, mine))):
            self.need(*nodes)
        if block is _POWER:
            return self._prepare_power(stage, args[0], args[1], numbers)
        if numbers and block in _DIVISIONS and args[1] is mine[-1] and args[1].data != 0:
            # Python refuses to divide by zero.
            stage.assume(np.not_equal(args[1], 0))
        if numbers and block in _SHIFTS and self.range_of(args[1])[0] < 0:
            # And to shift by less than nothing.
            stage.assume(np.greater_equal(args[1], 0))
        return args

    def _prepare_power(self, stage: Any, x: Any, y: Any, numbers: bool) -> tuple[Any, ...]:
        if getattr(y, "link", None) in self.ranges:
            # A number is raised; in arrays, and in integers, what is done depends on the power.
            kind = getattr(x, "data", x).__class__
            if kind in (int, bool) if numbers else x.shape or x.dtype.kind not in "fc":
                self.need(y.link)
            # A count of truth values: what is raised to less than nothing becomes a float.
            if numbers and kind in (int, bool) and self.range_of(y)[0] < 0 and bool(np.less(y, 0)):
                if isinstance(x, Variable) and x.data != 0:
                    stage.assume(np.not_equal(x, 0))
                return (stage.as_float(x) if isinstance(x, Variable) else float(x)), stage.as_float(y)
        elif isinstance(y, Variable) and numbers:
            self.need(x.link)
        elif y.__class__ is int and y < 0:
            if x.data != 0:
                stage.assume(np.not_equal(x, 0))
            return stage.as_float(x), y
        elif y.__class__ is float:
            # Roots of negative numbers are complex.
            if x.data <= 0:
                self.need(x.link)
            stage.assume(np.greater(x, 0))
        return x, y

    def beyond(self, value: Any, largest: int = _EXACT) -> bool:
        """Whether an integer may be larger in size."""
        low, high = self.range_of(value)
        return max(-low, high) > largest

    def check_fits(self, stage: Any, x: Variable, dtype: Any) -> None:
        """Guard that an integer is of an integer dtype: NumPy refuses one that is not."""
        low, high = self.range_of(x)
        known = np.iinfo(dtype)
        if low < known.min or high > known.max:
            if not known.min <= x.data <= known.max:
                self.need(x.link)
            inside = np.greater_equal(x, int(known.min)), np.less_equal(x, int(known.max))
            stage.assume(np.logical_and(*inside))


def settled(value: Any) -> Any:
    """A keyword parameter with plain numbers in place of Variables (the ends of a slice, a shape)."""
    if isinstance(value, (Variable, np.integer)):
        return operator.index(value)  # type: ignore[arg-type]
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu":
        return int(value)
    if isinstance(value, slice):
        return slice(*[settled(v) for v in (value.start, value.stop, value.step)])
    if value.__class__ in (tuple, list):
        return value.__class__([settled(v) for v in value])
    return value


def _corners(combine: Any) -> Any:
    """The range of what grows or falls with each argument: its extremes lie at theirs."""

    def found(x: Range, y: Range) -> Range:
        values = [combine(a, b) for a in x for b in y]
        return min(values), max(values)

    return found


def _of_quotient(x: Range, y: Range) -> Range:
    size = max(map(abs, x))
    return -size - 1, size


def _of_remainder(x: Range, y: Range) -> Range:
    return min(0, y[0]), max(0, y[1])


def _of_power(x: Range, y: Range) -> Range:
    # Before it is computed: even one of this many digits takes long.
    if max(map(abs, x)).bit_length() * y[1] > 64:
        return -_INT64 - 1, _INT64 + 1
    size = max(map(abs, x)) ** y[1]
    return -size, size


def _of_bits(x: Range, y: Range) -> Range:
    bits = max(end.bit_length() for end in (*x, *y))
    return (-(2**bits) if min(x[0], y[0]) < 0 else 0), 2**bits - 1


def _of_left_shift(x: Range, y: Range) -> Range:
    # Before it is computed: even one of this many digits takes long.
    most = min(max(y[1], 0), 64)
    return min(x[0], x[0] << most), max(x[1], x[1] << most)


_DIVIDE, _POWER = BLOCKS[np.divide], BLOCKS[np.power]
_COMPARISONS = frozenset(
    BLOCKS[fn] for fn in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
)
_DIVISIONS = frozenset({_DIVIDE, BLOCKS[np.floor_divide], BLOCKS[np.remainder]})
_SHIFTS = frozenset({BLOCKS[np.left_shift], BLOCKS[np.right_shift]})
# What of these Python and NumPy do is not the same.
_BITS = frozenset(
    BLOCKS[fn] for fn in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift)
)
_RANGES: dict[Block, Any] = {
    BLOCKS[np.add]: lambda x, y: (x[0] + y[0], x[1] + y[1]),
    BLOCKS[np.subtract]: lambda x, y: (x[0] - y[1], x[1] - y[0]),
    BLOCKS[np.multiply]: _corners(lambda a, b: a * b),
    BLOCKS[np.negative]: lambda x: (-x[1], -x[0]),
    BLOCKS[np.positive]: lambda x: x,
    BLOCKS[np.absolute]: lambda x: (0, max(map(abs, x))),
    BLOCKS[np.floor_divide]: _of_quotient,
    BLOCKS[np.remainder]: _of_remainder,
    BLOCKS[np.power]: _of_power,
    BLOCKS[np.invert]: lambda x: (~x[1], ~x[0]),
    BLOCKS[np.bitwise_and]: _of_bits,
    BLOCKS[np.bitwise_or]: _of_bits,
    BLOCKS[np.bitwise_xor]: _of_bits,
    BLOCKS[np.left_shift]: _of_left_shift,
    BLOCKS[np.right_shift]: lambda x, y: (min(x[0], -1), max(x[1], 0)),
}
