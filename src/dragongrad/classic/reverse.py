"""The classic reverse mode: Nodes linked to the Nodes they were made from, swept from any output."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import WATCH
from ..core.block import Block
from ..core.errors import user_line
from ..core.node import Node
from ..core.variable import Variable
from ..transforms.batch import Batch
from ..transforms.evaluate import rewrap
from ..transforms.reverse import Reverse
from ..transforms.rules import fit
from ..transforms.sweep import Marks, careful_sweep, cotangents, has_nan, sweep
from ..transforms.watch import check_forward
from ..transforms.zeros import pulled, seed_mask
from .forward import CLASSIC_SERIAL, refuse_other_mode
from .jacobian import Inputs, count, layout


class GraphNode(Node):
    """A Node of the classic computational graph, which can be walked from an output to its inputs."""

    __slots__ = ("_gradient",)
    _gradient: Any

    @property
    def gradient(self) -> Any:
        """The derivative of the output Node of the last pass with respect to this Node; None before a pass."""
        found = getattr(self, "_gradient", None)
        if found.__class__ is tuple:
            # The pass leaves its raw cotangent: a long graph is not laid out where nobody looks.
            found = self._gradient = _dense(found[0], found[1], self)
        return found

    @property
    def childrens(self) -> list[dict[str, Any]]:
        """`{'node': ..., 'jacobian': ...}` for each input of the Block that made this Node, made when asked."""
        if self.block is None:
            return []
        size = count(self.shape)
        level = Batch(size)
        seed = Variable(np.eye(size, dtype=self.dtype).reshape((size, *self.shape)), level)
        found = []
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for parent, bar in self._pulled(seed):
                bar = fit(bar, parent)
                rows = bar.data if isinstance(bar, Variable) else np.broadcast_to(bar, (size, *parent.shape))
                found.append({"node": parent, "jacobian": np.reshape(rows, (size, count(parent.shape)))})
        return found

    @property
    def children(self) -> list[dict[str, Any]]:
        """As `childrens`."""
        return self.childrens

    def _pulled(self, bar: Any) -> list[tuple[Any, Any]]:
        if not self.edges and self.pick is not None:
            maker: Any = self.parents[0]
            # One of several outputs: the Block's own Node stands between.
            bars: list[Any] = [None] * len(maker.dtype)
            bars[self.pick] = bar
            bar = bars
            found = zip(maker.parents, cotangents(maker.block, bar, maker), strict=True)
            return [(parent, g) for parent, g in found if parent is not None and g is not None]
        return [(parent, g) for parent, g, _ in pulled(self, bar, seed_mask(bar), cotangents)]

    def reset_graph(self) -> None:
        """Forget the gradients that the last pass left on this Node and on those behind it."""
        for node in path(self):
            node._gradient = None
            node.bar = None


def _keep_nothing(node: Node) -> None:
    """The Nodes hold each other: no tape is written."""


class _Forgetful(list[Any]):
    """No recording ends, and so nothing is looked at then."""

    def append(self, array: Any) -> None:
        """Forget it."""


class ClassicReverse(Reverse):
    """The level of reverse-mode Variables; the link is a Node that holds the Nodes it came from."""

    __slots__ = ()
    node = GraphNode

    def __init__(self) -> None:
        self.serial, self.ended = CLASSIC_SERIAL, False
        self.tape = []
        self.append = _keep_nothing
        self.large = _Forgetful()

    def unary(self, block: Block, x: Variable) -> Any:
        """Apply an elementwise Block of one argument."""
        out = super().unary(block, x)
        return self._finish(block, (x,), out)

    def binary(self, block: Block, x: Any, y: Any) -> Any:
        """Apply an elementwise Block of two arguments."""
        refuse_other_mode(self, (x, y))
        return self._finish(block, (x, y), super().binary(block, x, y))

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply a Block, linking its Node to those of its arguments."""
        refuse_other_mode(self, args)
        return self._finish(block, args, super().apply(block, args, params))

    def _finish(self, block: Block, args: tuple[Any, ...], out: Any) -> Any:
        if WATCH.get():
            check_forward(block, args, out)
            node = out.link if isinstance(out, Variable) else None
            if node is not None:
                node.extra = user_line()
        like: Any = args[0]
        if not (isinstance(like, Variable) and like.level is self):
            like = next(a for a in args if isinstance(a, Variable) and a.level is self)
        if isinstance(out, Variable) and out.level is self:
            return like.another(np.asarray(out.data), out.link)
        if isinstance(out, (tuple, list)):
            parts = [like.another(o.data, o.link) if isinstance(o, Variable) else o for o in out]
            return rewrap(out, parts)
        return out


REVERSE = ClassicReverse()


def input_node(array: Any, inputs: Inputs | None, index: int) -> GraphNode:
    """The Node of an input, which remembers what it was made with."""
    node = GraphNode(None, (), array.shape, array.dtype)
    node.keep((), (inputs, index), None)
    return node


def path(node: Node) -> list[Any]:
    """All Nodes that a Node depends on, itself last, each after those it was made from; without recursion."""
    order: list[Node] = []
    seen = {node}
    stack = [(node, iter(node.inputs()))]
    while stack:
        top, rest = stack[-1]
        for parent in rest:
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(parent.inputs())))
                break
        else:
            order.append(top)
            stack.pop()
    return order


def compute(node: Node) -> list[Any]:
    """Sweep from an output Node, leave each Node's gradient on it, and return the path."""
    order = path(node)
    _pass(node, order, careful=False)
    if any(n.block is None and n.gradient is not None and has_nan(n.gradient) for n in order):
        # A NaN may come from 0 * inf: structural zeros, only for those who meet one.
        _pass(node, order, careful=True)
    return order


def _pass(output: Node, order: list[Any], careful: bool) -> None:
    watched = WATCH.get()
    marks = Marks({}, {}, {})
    rows = count(output.shape)
    identity = np.eye(rows, dtype=output.dtype).reshape((rows, *output.shape))
    # One number needs no batch of directions: then the sweep runs on plain arrays.
    output.bar = identity[0] if rows == 1 else Variable(identity, Batch(rows))
    if rows != 1 and (careful or watched):
        marks.masks[output] = seed_mask(output.bar)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for node in reversed(order):
            bar = node.bar
            if node.block is not None and bar is not None:
                if careful or watched:
                    careful_sweep([node], marks, watched)
                else:
                    sweep([node])
            node.bar = None
            node._gradient = None if isinstance(bar, list) else (bar, output.shape)


def _dense(bar: Any, out: tuple[int, ...], node: Node) -> Any:
    rows = count(out)
    if bar is None:
        return layout(np.zeros((rows, count(node.shape)), node.dtype), out, node.shape)
    if isinstance(bar, Variable):
        bar = bar.data
    elif rows != 1:
        bar = np.broadcast_to(bar, (rows, *node.shape))
    return layout(np.array(bar), out, node.shape)
