"""Tracing for the compiler: one run with the real arguments writes the Graph, and every decision a guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import namespace
from ..context import STAGE, foretells
from ..core.block import BLOCKS, Block
from ..core.errors import EscapedError, user_line
from ..core.graph import Graph
from ..core.nests import flatten, unflatten
from ..core.node import Node
from ..core.variable import Variable, plain, settle
from ..kept import Seen, seen
from ..subclasses import refuse_matrices
from .abstract_evaluation import (
    IS_COMPLEX,
    OF_SHAPES,
    Outline,
    OutlinedTruth,
    computed,
    outlined,
    outlined_loop,
)
from .indexing import parts_of
from .integers import settled
from .layouts import Layouts, layout
from .python_numbers import (
    ARITHMETIC,
    BITWISE,
    COMPARISONS,
    FOREIGN,
    LOOPS,
    OF_NUMBERS,
    OPERATORS,
    PYTHON,
    Numbers,
    UnstageableError,
)  # fmt: skip
from .results import opaque
from .traced import Guard, Traced


class Stage(Numbers):
    """A Staging level that remembers decisions, and keeps no value that a Node's parents give."""

    __slots__ = ("cases", "guards", "known", "layouts", "lazy", "predicted", "unrolled", "used")
    stages = True
    #: Writes down the body of a loop. Bodies are levels of their own kind, so that their module sets it.
    body: ClassVar[Callable[..., Any]]
    #: Runs a loop on plain arrays, where a value is asked for.
    run_loop: ClassVar[Callable[..., Any]]

    def __init__(self, lazy: bool = False) -> None:
        super().__init__()
        self.guards: list[Guard] = []
        # Cases that a careful derivative looked for and did not find.
        self.cases: list[Guard] = []
        # Large values are only outlined; these are the others, from which any can be computed.
        self.lazy = lazy
        self.known: dict[Node, Any] = {}
        self.predicted = False
        self.layouts = Layouts()
        # Loops that are written out step by step: at which lines, and why.
        self.unrolled: dict[str, str] = {}
        # Arrays that are constants here, as they were when they were used.
        self.used: dict[int, Seen] = {}

    def use(self, value: Any) -> None:
        """Make sure that an array which is a constant here is not written: a program holds it as it is at last."""
        kind = value.__class__
        if kind is tuple or kind is list:
            for part in value:
                self.use(part)
        elif kind is np.ndarray and (value.flags.writeable or value.base is not None):
            known = self.used.get(id(value))
            if known is None:
                self.used[id(value)] = seen(value)
            elif known.is_written():
                raise UnstageableError(known.story())

    def look_at_constants(self) -> None:
        """Make sure that no array was written after it was used."""
        for known in self.used.values():
            if known.is_written():
                raise UnstageableError(known.story())
        self.used = {}

    def value(self, x: Variable) -> Any:
        """The value of a Variable, computed now if nobody asked for it before."""
        if not isinstance(x.data, Outline):
            return x.data
        found = self.known.get(x.link)
        if found is None:
            found = self.known[x.link] = computed(x.link, self.nodes, self.known, self.run_loop)
        return found

    def evaluate(self, block: Block, values: list[Any], parents: Any, params: dict[str, Any]) -> Any:
        """The value of a Block, or its outline; Python's truth values that are counted are needed now."""
        if block in ARITHMETIC and any([v.__class__ is OutlinedTruth for v in values]):
            known = zip(values, self._known(values, parents), strict=True)
            values = [bool(now) if v.__class__ is OutlinedTruth else now for v, now in known]
        operator = OPERATORS.get(block)
        if operator is not None and all(v.__class__ in PYTHON for v in values):
            return operator(*values)
        if self.lazy:
            if block in OF_SHAPES:
                return block.forward(*values, **params)
            found = outlined_loop(params) if block.name in LOOPS else outlined(block, values, params)
            if found is not None:
                return found
            values = self._known(values, parents)
        out = block.forward(*values, **params)
        if not block.dispatches:
            parts = out if isinstance(out, (tuple, list)) else (out,)
            if any(isinstance(plain(part), Variable) for part in parts):
                raise UnstageableError(FOREIGN.format(f"\n  at {user_line()}"))
        # A function of the user's may give a buffer of its own.
        return plain(out) if out.__class__ is Variable else out

    def _known(self, values: list[Any], parents: Any) -> list[Any]:
        pairs = zip(values, parents, strict=True)
        return [self.value(Variable(v, self, p)) if isinstance(v, Outline) else v for v, p in pairs]

    def truth(self, x: Variable) -> bool:
        """The truth value now; a later run that decides otherwise takes another path."""
        taken = bool(self.value(x))
        if x.link is not None:
            line = user_line()
            self.integers.decide(x.link, line)
            self.guards.append(Guard(x.link, taken, line))
        return taken

    def assume(self, x: Variable) -> None:
        """Guard that something holds, as it does now."""
        self.guards.append(Guard(x.link, True, user_line()))

    def doubts(self, x: Variable) -> bool:
        """Foretell that no derivative is NaN; a guard sees whether that is true, and the careful path is taken."""
        if x.link is None or not foretells():
            return self.truth(x)
        self.predicted = True
        self.guards.append(Guard(x.link, False, user_line()))
        return False

    def occurs(self, x: Variable) -> bool:
        """Whether a case occurs now; a later run where it does finds a NaN that `confirm` guards, or this."""
        taken = bool(self.value(x))
        if x.link is not None and not taken:
            self.cases.append(Guard(x.link, False, user_line()))
        return taken

    def confirm(self, x: Variable) -> None:
        """Guard that the derivatives hold no NaN; where they do, that no case occurs that does not occur now."""
        if x.link is not None and not bool(self.value(x)):
            self.guards.append(Guard(x.link, False, user_line()))
        else:
            self.guards += self.cases
        self.cases = []

    def number(self, x: Variable, what: str) -> Any:
        """A whole number now, guarded as a decision is; any other number cannot be repeated."""
        if what in _ADVICE and (x.link is None or self.ended):
            return x.data
        if what == "an index" and x.dtype.kind == "b":
            # A list takes its second element, and an array gets an axis: which of them asks is not known here.
            raise UnstageableError(f"a truth value is an index\n  at {user_line()}\nWrite np.where(truth, ...)")
        self.integers.need(x.link)
        if x.link is None:
            return np.asarray(x.data).item() if what != "tolist()" else np.asarray(x.data).tolist()
        whole = x.dtype.kind in "biu" and what in ("int", "an index", "item()")
        if whole or what == "int":
            found = int(self.value(x))
            bool(np.equal(x if whole else np.trunc(x), found))
            return found
        raise UnstageableError(
            f"a value was converted to {what}, which makes a constant of it\n  at {user_line()}\n"
            + _ADVICE.get(
                what,
                "For math.sin(x) write np.sin(x); to store it in an array from outside, fill np.array(a)",
            )
        )

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate a Block and write its Node."""
        if block.name == "custom" and params["rule"].staged:
            # Its rules are for the levels above.
            return params["rule"].value(*args)
        if block.name in _SHAPED_BY_VALUES:
            raise UnstageableError(
                f"the shape of {block.name} depends on values\n  at {user_line()}\n"
                "Instead of x[mask] write np.where(mask, x, 0.0)"
            )
        if params:
            params = {k: settled(v) for k, v in params.items()}
        refuse_matrices(args)
        if self.ended:
            raise EscapedError(
                "a value of a compiled function was kept (in a global, an attribute or a closure) and used after "
                f"the call\n  at {user_line()}\nReturn it from the function instead"
            )
        numbers = block in OF_NUMBERS and all(map(self.is_pythons, args))
        truths = numbers and (block in COMPARISONS or (block in BITWISE and all(map(self.is_truth, args))))
        if numbers and not truths and block not in COMPARISONS:
            args = self.counted(args)
        if self.integers.ranges:
            args = self.integers.prepare(self, block, args, numbers)
        args = self.promoted(block, args)
        self.use(args)
        for value in params.values():
            self.use(value)
        out = super().apply(block, args, params)
        if numbers and out.data.__class__ is int:
            self.integers.keep(out, block, args)
        if truths:
            self.truths.add(out.link)
        for node in self._last(out):
            node.saved = (None, *[
                None if p is not None else v for p, v in zip(node.parents, node.saved[1:], strict=False)
            ])  # fmt: skip
        if self.lazy:
            for part in out if isinstance(out, (tuple, list)) else (out,):
                if not isinstance(part.data, Outline):
                    self.known[part.link] = part.data
        if block.name in _INDEXED:
            self._check_places(block, args, params)
        elif block is _EIG:
            # Whether eigenvalues are complex depends on values.
            found = self.apply(IS_COMPLEX, (out[0],), {})
            self.guards.append(Guard(found.link, bool(found.data), user_line()))
        return out

    def _check_places(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Guard that index arrays which may change stay inside their axes."""
        stack = args[-1]
        if not isinstance(stack, Variable) or stack.level is not self:
            return
        self.chosen_by(stack)
        shape = params["shape"] if "shape" in params else np.shape(args[0])
        for part in parts_of(params["index"], shape):
            if not part.is_computed:
                continue
            places, n = stack[part.places], part.length
            inside = np.all(np.logical_and(places >= -n, places < n))
            self.assume(inside)

    def chosen_by(self, stack: Variable) -> None:
        """Integers choose elements: with one of Python's a view is meant, with an array a copy."""
        self.integers.need(stack.link)

    def _last(self, out: Any) -> list[Node]:
        parts = out if isinstance(out, (tuple, list)) else (out,)
        first = parts[0].link
        return [first] if first.pick is None else [first.parents[0]]


# What a value may not become even where it is no longer traced, with what to do instead.
_ADVICE = {
    "text": "Return what is to be printed, and print it where the function is called",
    "a hash": "Use what is no argument, or an integer, as a key",
}
_SHAPED_BY_VALUES = frozenset({"nonzero", "histogram_bins"})
_INDEXED = frozenset({"gather", "scatter_at", "setitem_at"})
_EIG = BLOCKS[np.linalg.eig]


def trace_call(
    f: Any, leaves: list[Any], structure: Any, dynamic: list[int], title: str, lazy: bool = False
) -> Traced:
    """Run `f` once with Variables for the dynamic leaves of its arguments `(args, kwargs)`.

    With `lazy`, large values are computed only where a decision needs them.
    """
    level = Stage(lazy)
    try:
        traced = _traced(level, f, leaves, structure, dynamic, title)
    except Exception:
        if not level.layouts.unknown:
            raise
    else:
        if not level.layouts.unknown:
            return traced
    # How the memory of a large value lies matters, and only NumPy knows it.
    return _traced(Stage(), f, leaves, structure, dynamic, title)


def _traced(level: Stage, f: Any, leaves: list[Any], structure: Any, dynamic: list[int], title: str) -> Traced:
    inputs, full, names = [], list(leaves), {}
    for number, i in enumerate(dynamic):
        value = leaves[i]
        node = Node(None, (), np.shape(value), np.asarray(value).dtype).keep((), (None,), {})
        names[node] = f"x{number}"
        inputs.append(node)
        # A Python number stays one, so that it takes the dtype of the arrays that it meets.
        full[i] = Variable(value, level, node)
        level.known[node] = value
        if value.__class__ is int:
            level.integers.add(node, i)
    args, kwargs = unflatten(structure, full)
    entered = namespace.enter()
    token = STAGE.set(level)
    try:
        out, out_structure = flatten(settle(f(*args, **kwargs)))
        outputs, values, given = [], [], set(map(id, leaves))
        for leaf in map(plain, out):
            known = isinstance(leaf, Variable) and leaf.level is level
            staged = known and leaf.link is not None
            value = leaf.data if known else leaf
            outputs.append(leaf.link if staged else value)
            reason = "" if known else FOREIGN.format("") if isinstance(leaf, Variable) else opaque(leaf, given)
            if reason:
                raise UnstageableError(reason)
            values.append(bool(value) if staged and leaf.link in level.truths else value)
        level.look_at_constants()
    finally:
        STAGE.reset(token)
        namespace.leave(entered)
        level.ended = True
        if level.integers.error is not None:
            # Whatever the function made of it.
            raise level.integers.error
    graph = Graph(title, inputs, level.nodes, outputs, names)
    complete = not level.predicted and not any(isinstance(v, Outline) for v in values)
    level.known = {}
    lying = layout([leaves[i] for i in dynamic]) if level.layouts.matter else None
    return Traced(graph, level.guards, out_structure, values, complete, lying, level.unrolled)
