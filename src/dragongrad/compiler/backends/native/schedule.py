"""Which values go to memory, and in which loops each is computed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ....core.block import BLOCKS
from ....core.graph import Graph
from ....core.node import Node
from ...rewrite import Value, arguments, shape_of
from .blas import factors, stacked
from .elementwise import OPERATIONS
from .expressions import RULES, UNROLL
from .gather import added_at
from .gathered import gathered_from
from .repeats import computed_again
from .roots import ROW, TILE, Root, in_lanes, row_bytes
from .sums import reduced_axes
from .text import supported

# A value used in several loops is computed again in each where that costs no more than about two exponentials.
RECOMPUTE = 48
# So many elements are written out one by one, without a loop.
STRAIGHT = 32
# A small value after so many steps goes to memory, and a function makes at most so many small values.
DEEP, TOGETHER = 64, 256
# Products of so few terms are not worth a call of BLAS.
FEW, OFTEN = 4, 8
# Matrices of so many elements and more are multiplied in loops, where more terms than this would be written out.
SMALL, MUCH = 9, 1024
# A list of small parts is written out up to so many.
LIST = 1 << 14
# Within such a loop, a value used twice is held where it costs more than so many additions.
HOLD = 12

_COSTS = {
    "add": 1, "subtract": 1, "multiply": 1, "negative": 1, "positive": 0, "square": 1, "maximum": 2, "minimum": 2,
    "where": 1, "divide": 5, "sqrt": 6, "reciprocal": 5, "absolute": 1, "power": 40, "float_power": 40,
    "arctan2": 40,
}  # fmt: skip
_REDUCTIONS = frozenset(BLOCKS[fn] for fn in (np.sum, np.max, np.min, np.all, np.any))
_JOINS = frozenset(BLOCKS[fn] for fn in (np.stack, np.concatenate))
_MATMUL = BLOCKS[np.matmul]
_SCATTERS = frozenset({BLOCKS["scatter"], BLOCKS["scatter_at"]})


@dataclass
class Loops:
    """Roots that share their loops."""

    mode: str  # "straight", "lanes" or "nest"
    length: int
    roots: list[Root] = field(default_factory=list)
    # Values of which one row at a time is held, while the outermost loop of a nest is there.
    local: set[Node] = field(default_factory=set)


@dataclass
class Product:
    """A matrix product by BLAS."""

    node: Node


@dataclass
class Callback:
    """A Block that is left to NumPy."""

    node: Node
    why: str


Step = Loops | Product | Callback


def is_native(node: Node) -> bool:
    """Whether a Node can be computed inside loops."""
    if node.block not in RULES and node.block not in OPERATIONS:
        return False
    if not supported(node.dtype):
        return False
    return all(supported(np.asarray(v).dtype if not isinstance(v, Node) else v.dtype) for v in arguments(node))


def why_not(node: Node) -> str:
    """Why a Node is a call back."""
    name = node.block.name if node.block is not None else "input"
    if node.block not in RULES and node.block not in OPERATIONS:
        return f"{name} is not computed natively"
    return f"{name} of dtype {node.dtype} is not computed natively"


class Schedule:
    """The plan of a Graph: `memory`, the Nodes that go to memory in order, and `steps`."""

    def __init__(self, graph: Graph, forced: set[Node], outside: set[Node]) -> None:
        self.graph = graph
        self.outside = {n for n in graph.nodes if n in outside or n.pick is not None or not is_native(n)}
        wanted = {o for o in graph.outputs if isinstance(o, Node)} | forced
        for node in graph.nodes:
            if node in self.outside:
                wanted.add(node)
                wanted.update(v for v in arguments_of(node) if isinstance(v, Node))
            elif (node.block in _REDUCTIONS and _is_long(node)) or _adds_up(node):
                wanted.add(node)
            elif node.block is _MATMUL and is_product(node):
                wanted.add(node)
                wanted.update(f.value for f in factors(node) if isinstance(f.value, Node))
            elif node.block is _MATMUL and node.size >= OFTEN * sum(int(np.prod(f.shape)) for f in factors(node)):
                # Written out, it reads each element of its operands again and again.
                wanted.update(f.value for f in factors(node) if isinstance(f.value, Node) and is_native(f.value))
        self.rolled = _small_products(graph) - self.outside
        for node in self.rolled:
            wanted.add(node)
            wanted.update(f.value for f in factors(node) if isinstance(f.value, Node))
        inputs = set(graph.inputs)
        wanted |= gathered_from(graph) - self.outside
        wanted |= computed_again(graph, wanted | inputs, self._is_free, price)
        wanted |= self._pieces() | self._deep(wanted)
        self.wanted = {n for n in wanted if n not in inputs}
        self.memory = self.wanted | inputs
        self.steps: list[Step] = []
        self._place()
        while self._keep_what_is_dear():
            self._place()
        self._hold_rows()

    def _is_rolled(self, node: Node) -> bool:
        """Whether few elements are looped over: of small products, and of what is computed from them."""
        small = bool(self.rolled) and SMALL <= node.size <= STRAIGHT and node.block in OPERATIONS
        return small or node in self.rolled

    def _is_free(self, node: Node) -> bool:
        return node not in self.outside

    def _deep(self, wanted: set[Node]) -> set[Node]:
        """Small values at the end of long ways: no expression is deeper than the stack."""
        depth: dict[Node, int] = {}
        found = set()
        for node in self.graph.nodes:
            below = [depth.get(v, 0) for v in arguments_of(node) if isinstance(v, Node)]
            depth[node] = 0 if node in wanted else 1 + max(below, default=0)
            if depth[node] >= DEEP and node.size <= STRAIGHT:
                found.add(node)
                depth[node] = 0
        return found

    def _pieces(self) -> set[Node]:
        """What is joined along a loop, one after the other, is computed before: inside, each would start anew."""
        cost: dict[Node, float] = {}
        found: set[Node] = set()
        for node in self.graph.nodes:
            values = arguments_of(node)
            cost[node] = price(node) + sum(cost.get(v, 0) for v in values if isinstance(v, Node))
            if node.block not in _JOINS or node.size <= STRAIGHT:
                continue
            axis = int(node.params.get("axis") or 0) % len(node.shape)
            if len(values) > 2 and (axis == 0 or mode_of(Root(node, "map"))[0] == "nest"):
                dear = [v for v in values if isinstance(v, Node) and cost.get(v, 0) > RECOMPUTE]
                found.update(dear)
                cost.update(dict.fromkeys(dear, 0.0))
        return found

    def _keep_what_is_dear(self) -> bool:
        """Send to memory what several steps would compute again at a high price; whether there was any."""
        users: dict[Node, set[tuple[int, int]]] = {}
        at = {}
        for k, step in enumerate(self.steps):
            nest = isinstance(step, Loops) and step.mode == "nest"
            for j, made in enumerate(_makes(step)):
                at[made] = (k, j if nest else -1)
        for node in reversed(self.graph.nodes):
            own = {at[node]} if node in at else users.get(node, set())
            for v in arguments_of(node):
                if isinstance(v, Node):
                    users.setdefault(v, set()).update(own)
        cost: dict[Node, float] = {}
        before = len(self.wanted)
        for node in self.graph.nodes:
            if node in self.wanted or node in self.outside:
                continue
            below = sum(cost.get(v, 0) for v in arguments(node) if isinstance(v, Node))
            total = price(node) + _terms(node) * (1 + below) if _terms(node) > 1 else price(node) + below
            used = users.get(node, set())
            if len(used) > 1 and total > (RECOMPUTE if len({k for k, _ in used}) > 1 else self._hold(node, used)):
                self.wanted.add(node)
                total = 0
            cost[node] = total
        self.memory |= self.wanted
        return len(self.wanted) > before

    def _hold(self, node: Node, used: set[tuple[int, int]]) -> float:
        """The price above which a value that several parts of one nest use is held, a row at a time."""
        step = self.steps[next(iter(used))[0]]
        assert isinstance(step, Loops)
        row = row_bytes(node)
        together = len(node.shape) > 1 and node.shape[0] == step.length and row <= ROW
        if not together:
            return RECOMPUTE
        for _, j in used:
            if step.roots[j].reads(0, {node, *self.memory}).get(node) != 0:
                return RECOMPUTE
        return HOLD

    def _hold_rows(self) -> None:
        """Find the values of which a row is enough: made and used in one nest, and no output."""
        outside = {o for o in self.graph.outputs if isinstance(o, Node)}
        users: dict[Node, set[int]] = {}
        for k, step in enumerate(self.steps):
            if isinstance(step, Loops):
                for root in step.roots:
                    for node in self._memory_below(root.node):
                        users.setdefault(node, set()).add(k)
            else:
                for v in arguments_of(step.node):
                    if isinstance(v, Node):
                        users.setdefault(v, set()).add(-1)
        for k, step in enumerate(self.steps):
            if isinstance(step, Loops) and step.mode == "nest":
                most = TILE if any(root.kind == "product" for root in step.roots) else ROW
                for root in step.roots:
                    node = root.node
                    if (
                        root.first > 0
                        and row_bytes(node) <= most
                        and node not in outside
                        and users.get(node) == {k}
                    ):
                        step.local.add(node)

    def _place(self) -> None:
        self.steps = []
        self._find_memory_below()
        for node in self.graph.nodes:
            if node not in self.wanted:
                continue
            if node in self.outside:
                if node.pick is None:
                    self.steps.append(Callback(node, why_not(node)))
                continue
            if node.block is _MATMUL and is_product(node) and not stacked(node):
                self.steps.append(Product(node))
                continue
            self._into_loops(Root(node, _kind(node), self._is_rolled(node)))

    def _into_loops(self, root: Root) -> None:
        mode, length = mode_of(root)
        needs = self._memory_below(root.node)
        # Back from the end, past steps that make nothing that this root reads, to loops of the same kind.
        for step in reversed(self.steps):
            if isinstance(step, Loops) and self._fits(step, root, mode, length, needs):
                step.roots.append(root)
                return
            if any(made in needs for made in _makes(step)):
                break
        self.steps.append(Loops(mode, length, [root]))

    def _fits(self, step: Loops, root: Root, mode: str, length: int, needs: set[Node]) -> bool:
        """Whether a root can be computed in the loops of a step."""
        if mode == "straight" or step.mode == "straight":
            return mode == step.mode and len(step.roots) < TOGETHER
        if step.length != length:
            return False
        made = [r for r in step.roots if r.node in needs]
        if step.mode == "lanes":
            # A map in the same loops is known at the same row; a reduction only after them.
            if mode != "lanes" or any(r.kind == "reduce" for r in made):
                return False
            found = root.reads(0, self.memory) if made else {}
            return all(found.get(r.node) == 0 for r in made)
        if mode == "lanes" and not made:
            return False
        if any(r.first == 0 for r in made):
            return False
        found = root.reads(0, self.memory) if made else {}
        return all(found.get(r.node) == 0 for r in made)

    def _memory_below(self, node: Node) -> set[Node]:
        """The Nodes in memory that an element of a root is computed from."""
        digits = reversed(bin(self._masks[node]))
        return {self._numbered[k] for k, digit in enumerate(digits) if digit == "1"}

    def _find_memory_below(self) -> None:
        """Number what goes to memory, and note for each Node as bits what an element of it is computed from."""
        bits: dict[Node, int] = {}
        self._numbered: list[Node] = []
        self._masks: dict[Node, int] = {}
        for node in self.graph.nodes:
            mask = 0
            for v in arguments_of(node):
                if isinstance(v, Node):
                    mask |= bits[v] if v in bits else self._masks.get(v, 0)
            self._masks[node] = mask
            if node in self.wanted:
                # One of several outputs is there once the call that makes them all is done.
                made = node.parents[0] if node.pick is not None and node.parents[0] is not None else node
                if made in bits:
                    bits[node] = bits[made]
                else:
                    bits[node] = bits[made] = 1 << len(self._numbered)
                    self._numbered.append(made)


def arguments_of(node: Node) -> tuple[Value, ...]:
    """The values that a Node, or the Node it picks from, is applied to."""
    return tuple(node.parents) if node.pick is not None else arguments(node)


def _makes(step: Step) -> list[Node]:
    return [r.node for r in step.roots] if isinstance(step, Loops) else [step.node]


def price(node: Node) -> float:
    """What an element of a Node costs, its arguments given; an addition is 1."""
    if node.block is None or node.block in RULES:
        return 1 if node.block is not None and node.block.name in ("where", "getitem", "gather") else 0
    return _COSTS.get(node.block.name, 12 if node.block.kind == "elementwise" else 1)


def _terms(node: Node) -> int:
    """How many terms an element is the sum of, where it is written out."""
    if node.block in _REDUCTIONS:
        shape = shape_of(arguments(node)[0])
        return math.prod(shape[a] for a in reduced_axes(node, len(shape)))
    return shape_of(arguments(node)[0])[-1] if node.block is _MATMUL else 1


def _kind(node: Node) -> str:
    """How a value goes to memory."""
    if node.block is _MATMUL and is_product(node):
        return "product"
    if _adds_up(node):
        return "scatter"
    return "reduce" if node.block in _REDUCTIONS and _is_long(node) else "map"


def _adds_up(node: Node) -> bool:
    """Whether a scatter adds to elements that an array of indices names, each perhaps several times."""
    if node.block not in _SCATTERS or node.dtype.kind not in "fi" or not node.size:
        return False
    return added_at(node) is not None


def _is_long(node: Node) -> bool:
    lengths = [shape_of(arguments(node)[0])[a] for a in reduced_axes(node, len(shape_of(arguments(node)[0])))]
    return int(np.prod(lengths)) > UNROLL or 0 in lengths


def is_product(node: Node) -> bool:
    """Whether a matrix product is left to BLAS."""
    x, y = (shape_of(v) for v in arguments(node))
    if x[-1] > UNROLL or node.dtype.kind != "f":
        return True
    # Of very few terms, the product is as quickly computed as read.
    return x[-1] > FEW and len(y) < 3 and int(np.prod(node.shape)) * x[-1] > 4096


def _small_products(graph: Graph) -> set[Node]:
    """Products of small matrices, where there are so many that writing them out makes too much code."""
    found, terms = set(), 0
    for node in graph.nodes:
        if node.block is _MATMUL and node.shape and not is_product(node):
            each = math.prod(node.shape[-2:]) if len(node.shape) > 1 else node.shape[-1]
            if SMALL <= each <= STRAIGHT:
                found.add(node)
                terms += each * shape_of(arguments(node)[0])[-1]
    return found if terms > MUCH else set()


def _is_list(node: Node, size: int) -> bool:
    """Whether an array is joined from many small parts, of which each is computed in its own way."""
    return node.block in _JOINS and size <= LIST and size <= STRAIGHT * len(arguments(node))


def mode_of(root: Root) -> tuple[str, int]:
    """How a root is looped over, and how long its first loop is."""
    domain = root.domain
    size = int(np.prod(domain))
    if root.kind in ("product", "scatter"):
        return "nest", domain[0]
    if size <= STRAIGHT or _is_list(root.node, size):
        return "straight", 0
    if root.rolled:
        return "nest", domain[0]
    if in_lanes(domain, 16 if root.kind == "map" else 4) and (
        root.kind == "map" or 0 in reduced_axes(root.node, len(domain))
    ):
        return "lanes", domain[0]
    return "nest", domain[0]
