"""Tracing for the compiler: one run with the real arguments writes the Graph, and every decision a guard."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import namespace
from ..context import STAGE, foretells
from ..core.block import BLOCKS, Block
from ..core.errors import EscapedError, NoRuleError, user_line
from ..core.graph import Graph, Staging
from ..core.nests import flatten, unflatten
from ..core.node import Node
from ..core.variable import Variable, plain, settle
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
from .integers import Integers, settled
from .layouts import Layouts, layout
from .results import opaque
from .traced import Guard, Traced

_FOREIGN = "it uses a Variable that is not one of its arguments{}\nPass it as an argument"


class UnstageableError(NoRuleError):
    """What a compiled function cannot repeat: it runs eagerly instead."""


class Stage(Staging):
    """A Staging level that remembers decisions, and keeps no value that a Node's parents give."""

    __slots__ = ("cases", "guards", "integers", "known", "layouts", "lazy", "predicted", "truths", "unrolled")
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
        # Comparisons of Python's numbers by Python's operators: truth values of Python's.
        self.truths: set[Node] = set()
        self.integers = Integers()
        # Loops that are written out step by step: at which lines, and why.
        self.unrolled: dict[str, str] = {}

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
        if block in _ARITHMETIC and any([v.__class__ is OutlinedTruth for v in values]):
            known = zip(values, self._known(values, parents), strict=True)
            values = [bool(now) if v.__class__ is OutlinedTruth else now for v, now in known]
        operator = _OPERATORS.get(block)
        if operator is not None and all(v.__class__ in _PYTHON for v in values):
            return operator(*values)
        if self.lazy:
            if block in OF_SHAPES:
                return block.forward(*values, **params)
            found = outlined_loop(params) if block.name in _LOOPS else outlined(block, values, params)
            if found is not None:
                return found
            values = self._known(values, parents)
        out = block.forward(*values, **params)
        if not block.dispatches:
            parts = out if isinstance(out, (tuple, list)) else (out,)
            if any(isinstance(plain(part), Variable) for part in parts):
                raise UnstageableError(_FOREIGN.format(f"\n  at {user_line()}"))
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
        if self.ended:
            raise EscapedError(
                "a value of a compiled function was kept (in a global, an attribute or a closure) and used after "
                f"the call\n  at {user_line()}\nReturn it from the function instead"
            )
        numbers = block in _OF_NUMBERS and all(map(self._is_pythons, args))
        truths = numbers and (block in _COMPARISONS or (block in _BITWISE and all(map(self._is_truth, args))))
        if numbers and not truths and block not in _COMPARISONS:
            args = self._counted(args)
        if self.integers.ranges:
            args = self.integers.prepare(self, block, args, numbers)
        args = self._promoted(block, args)
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

    def _is_pythons(self, value: Any) -> bool:
        """Whether a value is a number or a truth value of Python's."""
        if value.__class__ is not Variable:
            return value.__class__ in _PYTHON
        return value.level is self and (value.data.__class__ in _WEAK or self._is_truth(value))

    def _is_truth(self, value: Any) -> bool:
        """Whether a value is a truth value of Python's."""
        if value.__class__ is not Variable:
            return value.__class__ is bool
        return value.level is self and (value.data.__class__ in _TRUTHS or value.link in self.truths)

    def _counted(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Python's numbers with its truth values as such, since it counts with them."""
        truths = [a.__class__ is Variable and self._is_truth(a) for a in args]
        if not any(truths):
            return args
        real = any(getattr(a, "data", a).__class__ in (float, complex) for a in args)
        counted = []
        for a, truth in zip(args, truths, strict=True):
            if truth and real:
                a = self.as_float(a)
            elif truth:
                a = self._converted(a, int)
                a = Variable(int(a.data), self, a.link)
                self.integers.ranges[a.link] = 0, 1
            counted.append(a)
        return tuple(counted)

    def as_float(self, x: Variable) -> Variable:
        """A number of Python's as a float."""
        x = self._converted(x, float)
        return Variable(float(x.data), self, x.link)

    def _converted(self, x: Variable, kind: type) -> Variable:
        """A number or truth value of Python's as one of NumPy's of a dtype."""
        data = np.bool_(x.data) if x.data.__class__ is bool else x.data
        converted: Variable = self.apply(_ASTYPE, (Variable(data, self, x.link),), {"dtype": np.dtype(kind)})
        return converted

    def to_numpy(self, value: Any) -> Any:
        """NumPy's ufuncs take truth values of Python's for their own, and do not count with them."""
        if value.__class__ is Variable and self._is_truth(value):
            return self._converted(value, bool)
        return value

    def from_numpy(self, out: Any) -> Any:
        """NumPy's functions give numbers of NumPy's also of Python's."""
        if isinstance(out, tuple):
            return tuple(map(self.from_numpy, out)) if out.__class__ is tuple else out
        if out.__class__ is Variable and out.level is self:
            self.truths.discard(out.link)
            if out.data.__class__ in _WEAK:
                return Variable(np.asarray(out.data)[()], self, out.link)
        return out

    def _promoted(self, block: Block, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Python's numbers in the dtype that they take beside these arrays."""
        found = False
        for a in args:
            if isinstance(a, Variable):
                if a.level is not self:
                    raise UnstageableError(_FOREIGN.format(f"\n  at {user_line()}"))
                found = found or a.data.__class__ in _WEAK
        if not found:
            return args
        weak = [isinstance(a, Variable) and a.data.__class__ in _WEAK for a in args]
        operator = isinstance(block.fn, np.ufunc) or block in _OPERATORS
        if not operator and (len(args) == 1 or all(weak) or block.name in _APART):
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
_LOOPS = frozenset({"scan", "while_loop"})
_APART = _LOOPS | {"stack"}
_INDEXED = frozenset({"gather", "scatter_at", "setitem_at"})
_WEAK = (float, complex, int)
_ASTYPE = BLOCKS["astype"]
_EIG = BLOCKS[np.linalg.eig]
# Truth values of Python's: computed, and not.
_TRUTHS = (bool, OutlinedTruth)
# Python's numbers, what its operators give of them, and how it counts with truth values.
_PYTHON = (float, int, complex, bool)
_OPERATORS: dict[Block, Any] = {
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
_COMPARISONS = frozenset(
    BLOCKS[fn] for fn in (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
)
# Of two truth values a truth value.
_BITWISE = frozenset(BLOCKS[fn] for fn in (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
_ARITHMETIC = (
    frozenset(BLOCKS[fn] for fn in (np.add, np.subtract, np.multiply, np.divide, np.power, np.negative, *[
        b.fn for b in _OPERATORS
    ]))
    - _BITWISE
)  # fmt: skip
_OF_NUMBERS = _COMPARISONS | _BITWISE | _ARITHMETIC


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
            reason = "" if known else _FOREIGN.format("") if isinstance(leaf, Variable) else opaque(leaf, given)
            if reason:
                raise UnstageableError(reason)
            values.append(bool(value) if staged and leaf.link in level.truths else value)
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
