"""The body of a loop, written down once for all its steps.

Its arrays are known by their shapes and dtypes: nothing in it may be decided by a value, for each step would decide
by its own. What it closes over becomes an input, and what must hold in each step a further output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..context import STAGE
from ..core.block import BLOCKS, Block
from ..core.errors import EscapedError, NoRuleError, user_line
from ..core.graph import Graph
from ..core.node import Node, Spec
from ..core.variable import Variable, plain
from . import graph as compiled
from .abstract_evaluation import outline
from .backends.numpy_source import Source
from .graph import INPUT, Op, loop_of
from .integers import LARGEST, Integers
from .passes import optimise
from .rewrite import example
from .scans import result_of
from .trace import Stage


class LoopBodyError(NoRuleError):
    """What the body of a loop cannot do where it is written down once."""


class _NoIntegers(Integers):
    """The integers of a body: no value of any is known."""

    def need(self, *nodes: Node | None) -> None:
        if any(node is not None for node in nodes):
            raise LoopBodyError(f"the body of a loop needs the value of an integer\n  at {user_line()}")


@dataclass
class Body:
    """What was written down.

    Attributes
    ----------
    graph : Graph
        Its inputs are what is closed over, then those that were asked for.
    captured : list of Variable
        What is closed over, of levels around.
    conditional : bool
        Whether the last that is carried tells whether what must hold in each step has held.
    leaves : list
        The outputs, as Variables of the level that is over, or plain values.
    written : list of bool or None
        Of each that is carried whether it was written into and returned itself, or another; None where it was not.
    """

    graph: Graph
    captured: list[Variable] = field(default_factory=list)
    conditional: bool = False
    leaves: list[Any] = field(default_factory=list)
    written: list[bool | None] = field(default_factory=list)

    def closed(self) -> Graph:
        """The Graph of what closes over nothing."""
        if self.captured:
            raise LoopBodyError(f"a rule of a loop uses a Variable of another transform\n  at {user_line()}")
        return self.graph


class BodyStage(Stage):
    """The level of one body."""

    __slots__ = ("captured", "conditions", "inputs", "rows")
    decides = False

    def __init__(self) -> None:
        super().__init__(lazy=True)
        self.integers = _NoIntegers()
        # By identity: a Variable that is written into later is another value.
        self.captured: dict[int, tuple[Variable, tuple[Any, ...], Variable]] = {}
        # What must hold in each step, by the Nodes.
        self.conditions: dict[Node, Variable] = {}
        self.inputs: list[Node] = []
        # Rows that Python's integers choose: views in NumPy, whose bases cannot be written here.
        self.rows: set[Node] = set()

    def input(self, kind: Any) -> Variable:
        """A new input of a shape and dtype, or of a class of Python's numbers."""
        if isinstance(kind, type):
            node = Node(None, (), (), np.dtype(kind))
            data: Any = kind(1)
            if kind is int:
                self.integers.ranges[node] = -LARGEST, LARGEST
        else:
            node = Node(None, (), kind.shape, np.dtype(kind.dtype))
            data = outline(node.shape, node.dtype, number=not node.shape)
        node.keep((), (None,), {})
        self.inputs.append(node)
        return Variable(data, self, node)

    def value(self, x: Variable) -> Any:
        """An example of the value: none that any step has."""
        for node in self.inputs:
            if node not in self.known:
                self.known[node] = example(node.shape, node.dtype)
        return super().value(x)

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate a Block and write its Node."""
        args = tuple([self._inside(a) if isinstance(a, Variable) and a.level is not self else a for a in args])
        if block.name in _WRITES and self._is_row(args[0]):
            raise LoopBodyError(
                f"the body of a loop writes into a row that one of Python's integers chooses\n  at {user_line()}"
            )
        out = super().apply(block, args, params)
        if block.name == "gather":
            self.rows.add(out.link)
        return out

    def of_python(self, x: Variable, *made_of: Any) -> Variable:
        """A number that is one of several of Python's, as one of Python's; any other as it is."""
        kinds = {getattr(v, "data", v).__class__ for v in made_of}
        if not kinds <= {int, float} or x.link is None:
            return x
        if kinds == {int}:
            low, high = zip(*map(self.integers.range_of, made_of), strict=True)
            self.integers.ranges[x.link] = min(low), max(high)
            return Variable(1, self, x.link)
        return Variable(1.0, self, x.link) if float in kinds else x

    def chosen_by(self, stack: Variable) -> None:
        """Integers choose elements: writes into what they chose are refused, so that it may be a copy."""

    def _is_row(self, x: Any) -> bool:
        node = getattr(x, "link", None)
        while node is not None:
            if node in self.rows:
                return True
            node = node.parents[0] if node.parents else None
        return False

    def _inside(self, outer: Variable) -> Any:
        """What a Variable of a level around is here."""
        value = plain(outer)
        if not isinstance(value, Variable) or value.level is self:
            return value
        known = self.captured.get(id(value))
        if known is None:
            weak = value.data.__class__ if value.data.__class__ in (float, int, complex) else None
            made = self.input(weak or Spec(value.shape, value.dtype))
            known = self.captured[id(value)] = value, (value.data, value.level, value.link), made
        return known[2]

    # What a value decides

    def truth(self, x: Variable) -> bool:
        """Refuse: each step would decide in its own way."""
        if x.link is None:
            return bool(x.data)
        raise LoopBodyError(
            f"the body of a loop decides by a value, which each step has its own of\n  at {user_line()}\n"
            "Write ad.cond(condition, f, g, x), or np.where(condition, a, b)"
        )

    def assume(self, x: Variable) -> None:
        """Let the loop carry whether something holds."""
        if x.link is not None:
            self.conditions[x.link] = x

    def doubts(self, x: Variable) -> bool:
        """Let the loop carry whether no derivative that a step takes is NaN."""
        if x.link is None:
            return bool(x.data)
        self.assume(np.logical_not(x))
        return False

    def occurs(self, x: Variable) -> bool:
        """Refuse, as a truth value."""
        return self.truth(x)

    def confirm(self, x: Variable) -> None:
        """Refuse, as a truth value."""
        self.truth(x)

    def number(self, x: Variable, what: str) -> Any:
        """Refuse: no step's number is known."""
        if x.link is None or self.ended:
            return super().number(x, what)
        raise LoopBodyError(
            f"the body of a loop makes {what} of a value, which each step has its own of\n  at {user_line()}"
        )


_WRITES = frozenset({"setitem", "setitem_at"})


def body_of(
    function: Callable[..., Any], kinds: Sequence[Any], carry: int | None = None, trials: list[Any] | None = None
) -> Body:
    """The Graph of a function of arrays, which returns a list of them.

    Parameters
    ----------
    function : callable
        What is to be written down.
    kinds : sequence
        Of each argument its shape and dtype, or a class of Python's numbers.
    carry : int, optional
        How many of them, and of the outputs, are carried on. What must hold in each step is carried beside these.
    trials : list, optional
        Is given what was written down, with what that captures: also where the function raises.

    Raises
    ------
    LoopBodyError
        It decides by a value, or does something else that each step does in its own way.
    """
    level = BodyStage()
    given = [level.input(kind) for kind in kinds]
    own = list(level.inputs)
    token = STAGE.set(level)
    try:
        leaves = [plain(leaf) for leaf in function(*given)]
        written = [
            leaf is x if x.link is not node or x.level is not level else None
            for x, node, leaf in zip(given[:carry], own, leaves, strict=False)
        ]
        _bound(level, kinds[:carry], given, leaves)
        conditional = carry is not None and bool(level.conditions)
        if conditional:
            held = level.input(Spec((), np.dtype(bool)))
            assert carry is not None
            own.insert(carry, held.link)
            for condition in level.conditions.values():
                held = np.logical_and(held, condition)
            leaves.insert(carry, held)
        level.look_at_constants()
    finally:
        STAGE.reset(token)
        level.ended = True
        changed = _put_back(level)
        if trials is not None:
            outer = [value for value, _, _ in level.captured.values()]
            trials.append((Graph("body", list(level.inputs), level.nodes, [], {}), outer))
    if changed:
        raise LoopBodyError(f"the body of a loop writes into what it closes over\n  at {user_line()}")
    if level.guards or level.layouts.matter or level.layouts.unknown:
        raise LoopBodyError(f"the body of a loop depends on values, or on how memory lies\n  at {user_line()}")
    found = _checked(level, own, leaves, conditional)
    found.written = written
    return found


def _bound(level: BodyStage, kinds: Sequence[Any], given: list[Variable], leaves: list[Any]) -> None:
    """Let a step make sure that the integers of Python's which it carries on stay as small as they are thought."""
    whole = {x.link for kind, x in zip(kinds, given, strict=False) if kind is int}
    for kind, leaf in zip(kinds, leaves, strict=False):
        value = leaf.data if isinstance(leaf, Variable) else leaf
        if kind is not int or value.__class__ is not int:
            continue
        low, high = level.integers.range_of(leaf)
        if low >= -LARGEST and high <= LARGEST:
            continue
        if not isinstance(leaf, Variable):
            raise LoopBodyError(f"the body of a loop carries an integer of Python's beyond {LARGEST}")
        if not _counts(leaf.link, whole):
            # In Python it may grow beyond all bounds.
            level.assume(np.logical_and(np.greater_equal(leaf, -LARGEST), np.less_equal(leaf, LARGEST)))


def _counts(node: Node, whole: set[Any]) -> bool:
    """Whether an integer goes up or down by one, which takes it no further in any time."""
    if node.block not in _COUNTING:
        return False
    steps = [v for p, v in zip(node.parents, node.saved[1:], strict=True) if p is None]
    parents = [p for p in node.parents if p is not None]
    return len(parents) == 1 and parents[0] in whole and parents[0] is node.parents[0] and abs(steps[0]) <= 1


_COUNTING = frozenset({BLOCKS[np.add], BLOCKS[np.subtract]})


def _put_back(level: BodyStage) -> bool:
    """Let Variables around, which the body may have written into, be what they were; whether it has."""
    changed = False
    for outer, was, _ in level.captured.values():
        now = outer.data, outer.level, outer.link
        if any(a is not b for a, b in zip(now, was, strict=True)):
            outer.data, outer.level, outer.link = was
            changed = True
    return changed


def _checked(level: BodyStage, own: list[Node], leaves: list[Any], conditional: bool) -> Body:
    outputs, found = [], []
    for leaf in leaves:
        inner = leaf
        if isinstance(leaf, Variable) and leaf.level is not level:
            if leaf.level.serial > level.serial:
                raise EscapedError(f"the body of a loop returned a Variable of a transform that is over\n  at "
                                   f"{user_line()}")  # fmt: skip
            inner = level._inside(leaf)
        found.append(inner)
        staged = isinstance(inner, Variable) and inner.link is not None
        value = inner.data if isinstance(inner, Variable) else inner
        if not staged and (not isinstance(value, (np.ndarray, np.generic, float, int, complex))):
            raise LoopBodyError(f"the body of a loop returned {type(value).__name__}, which is no array")
        outputs.append(inner.link if staged else np.asarray(value))
    captured = [outer for outer, _, _ in level.captured.values()]
    inputs = [inner.link for _, _, inner in level.captured.values()] + own
    names = {node: f"c{k}" for k, node in enumerate(inputs)}
    graph = Graph("body", inputs, level.nodes, outputs, names)
    return Body(graph, captured, conditional, found)


# From so many operations on a loop is run as a program, which takes some time to make.
_MANY = 5000


def run_loop(node: Node, arrays: Sequence[Any]) -> Any:
    """The values of a loop of plain arrays."""
    assert node.block is not None
    nodes = node.params["body"].nodes
    nested = any(isinstance(one.params.get("body"), Graph) for one in nodes)
    if not nested and node.params.get("length", _MANY) * len(nodes) < _MANY:
        return node.block.forward(*arrays, **node.params)
    inputs = [Op(INPUT, (), {}, np.shape(x), np.asarray(x).dtype) for x in arrays]
    loop = loop_of(node, tuple(inputs))
    results = [result_of(loop, k) for k in range(loop.outputs)]
    whole = optimise(
        compiled.Graph("loop", inputs, [loop, *results], list(results), [f"x{k}" for k in range(len(inputs))])
    )[0]
    return tuple(Source(whole).function(*[np.asarray(x)[()] for x in arrays]))


Stage.body = staticmethod(body_of)
Stage.run_loop = staticmethod(run_loop)
