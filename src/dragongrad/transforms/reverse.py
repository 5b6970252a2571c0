"""Reverse mode: the level that writes a tape of Nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..context import WATCH
from ..core.block import Block
from ..core.errors import DragongradError, operation_error, user_line
from ..core.node import Node, Spec
from ..core.variable import Variable
from ..kept import Seen, check, kept, kept_params
from .evaluate import Differentiating, refuse_escaped, rewrap
from .watch import check_forward

_new: Any = object.__new__
_ONE = (True,)
_float64 = np.float64
_ARRAY = np.ndarray
_DOUBLE = np.dtype(np.float64)


def _closed(node: Node) -> None:
    """Stands where a tape was: a Variable that escaped its transform finds out on first use."""
    refuse_escaped()


class Reverse(Differentiating):
    """The level of one reverse-mode transform: its tape."""

    __slots__ = ("append", "large", "tape")
    node = Node

    def __init__(self) -> None:
        super().__init__()
        self.tape: list[Node] = []
        self.append: Callable[[Node], None] = self.tape.append
        # Large arrays that Nodes have kept, as they were.
        self.large: list[Seen] = []

    def close(self) -> list[Node]:
        """End the recording and hand over the tape."""
        tape = self.tape
        self.tape = []
        self.append = _closed
        if self.large:
            check(self.large)
            self.large = []
        return tape

    # unary and binary are apply for the two commonest cases, written out: they are most of an eager run. A class
    # that is called takes as long to call its __init__ as to make the object.

    def unary(self, block: Block, x: Variable) -> Any:
        value = x.data
        try:
            out = block.forward(value)
        except DragongradError:
            raise
        except (ValueError, TypeError) as error:
            raise operation_error(block.name, (value,), error) from None
        parent = x.link
        if not block.edges:
            return out
        if parent is None:
            return Variable(out, self, None)
        partial, pick = block.edges[0]
        saved = pick((out, value)) if pick is not None else None
        node = _new(self.node)
        node.block, node.edges, node.bar = block, ((parent, partial, saved),), None
        # To read these of a number takes a twentieth of the time of a whole operation on numbers.
        if out.__class__ is _float64:
            node.shape, node.dtype = (), _DOUBLE
        else:
            node.shape, node.dtype = out.shape, out.dtype
        self.append(node)
        made = _new(Variable)
        made.data, made.level = out, self
        made.link, made.views = node, None
        return made

    def binary(self, block: Block, x: Any, y: Any) -> Any:
        px = py = None
        if x.__class__ is Variable and x.level is self:
            px = x.link
            x = x.data
        if y.__class__ is Variable and y.level is self:
            py = y.link
            y = y.data
        try:
            out = block.forward(x, y)
        except DragongradError:
            raise
        except (ValueError, TypeError) as error:
            raise operation_error(block.name, (x, y), error) from None
        if out.__class__ is complex:
            # Python's own product of a complex and a float: NumPy's float64 is a float to it.
            out = np.complex128(out)
        if not block.edges:
            return out
        edges: tuple[Any, ...]
        if px is not None:
            partial, pick = block.edges[0]
            if py is not None:
                edge = (px, partial, pick((out, x, y)) if pick is not None else None)
                partial, pick = block.edges[1]
                edges = (edge, (py, partial, pick((out, x, y)) if pick is not None else None))
            elif pick is None:
                edges = ((px, partial, None),)
            else:
                if y.__class__ is _ARRAY or y.__class__ is Variable:
                    y = kept(y, self.large)
                edges = ((px, partial, pick((out, x, y))),)
        elif py is not None:
            partial, pick = block.edges[1]
            if pick is None:
                edges = ((py, partial, None),)
            else:
                if x.__class__ is _ARRAY or x.__class__ is Variable:
                    x = kept(x, self.large)
                edges = ((py, partial, pick((out, x, y))),)
        else:
            return Variable(out, self, None)
        node = _new(self.node)
        node.block, node.edges, node.bar = block, edges, None
        if out.__class__ is _float64:
            node.shape, node.dtype = (), _DOUBLE
        else:
            node.shape, node.dtype = out.shape, out.dtype
        self.append(node)
        made = _new(Variable)
        made.data, made.level = out, self
        made.link, made.views = node, None
        return made

    def follow(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """Write the Node of an application, and give its output or outputs as Variables."""
        if len(links) == 1 and block.outputs == 1 and (params or not block.edges):
            return self._follow_one(block, out, values[0], links[0], params)
        parents: list[Node | None] = links
        if block.pulls and not block.variadic:
            parents = [p if pull is not None else None for p, pull in zip(parents, block.pulls, strict=True)]
        active = tuple([p is not None for p in parents])
        if not any(active):
            if block.outputs > 1:
                return rewrap(out, [Variable(o, self, None) for o in out])
            return Variable(out, self, None)
        if block.edges and not params:
            full = (
                out,
                *[v if p is not None else kept(v, self.large) for v, p in zip(values, links, strict=True)],
            )
            edges = tuple(
                [
                    (p, partial, pick(full) if pick is not None else None)
                    for p, (partial, pick) in zip(parents, block.edges, strict=True)
                    if p is not None
                ]
            )
            node = self.node(block, edges, out.shape, out.dtype)
            self.append(node)
            return Variable(out, self, node)
        return self._follow_any(block, out, values, parents, params)

    def _follow_one(self, block: Block, out: Any, value: Any, parent: Node | None, params: dict[str, Any]) -> Any:
        """As `follow`, of one argument, as parts, sums and reshapes have."""
        if parent is None or (block.pulls and block.pulls[0] is None):
            return Variable(out, self, None)
        keep_out, keep_value = block.keeps(_ONE)
        node = _new(self.node)
        node.block, node.edges = block, ()
        node.bar = node.pick = None
        node.shape, node.dtype = out.shape, out.dtype
        node.parents, node.params = (parent,), kept_params(params, self.large) if params else params
        node.saved = (out if keep_out else None, value if keep_value else parent)
        self.append(node)
        made = _new(Variable)
        made.data, made.level = out, self
        made.link, made.views = node, None
        return made

    def _follow_any(
        self, block: Block, out: Any, values: list[Any], parents: list[Node | None], params: dict[str, Any]
    ) -> Any:
        active = tuple([p is not None for p in parents])
        keep = block.keeps(active)
        kept_out = out if keep[0] else None
        params = kept_params(params, self.large) if params else params
        pairs = zip(values, keep[1:], parents, strict=True)
        values = [kept(v, self.large) if k and p is None else v for v, k, p in pairs]
        saved = (kept_out, *[
            v if k else (p if p is not None else Spec(np.shape(v), getattr(v, "dtype", None)))
            for v, k, p in zip(values, keep[1:], parents, strict=True)
        ])  # fmt: skip
        if block.outputs == 1:
            node = self.node(block, (), np.shape(out), out.dtype).keep(tuple(parents), saved, params)
            self.append(node)
            return Variable(out, self, node)
        specs = tuple([Spec(np.shape(o), o.dtype) for o in out])
        node = self.node(block, (), (), specs).keep(tuple(parents), saved, params)
        self.append(node)
        picks = []
        for i, o in enumerate(out):
            if o.dtype.kind not in "fc":
                picks.append(o)
                continue
            pick = self.node(block, (), o.shape, o.dtype).keep((node,), (), None, i)
            self.append(pick)
            picks.append(Variable(o, self, pick))
        return rewrap(out, picks)


class WatchedReverse(Reverse):
    """The same under `debug_nans`: every value is looked at, and every Node knows its line."""

    __slots__ = ()

    def unary(self, block: Block, x: Variable) -> Any:
        return self._watch(block, (x,), super().unary(block, x))

    def binary(self, block: Block, x: Any, y: Any) -> Any:
        return self._watch(block, (x, y), super().binary(block, x, y))

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return self._watch(block, args, super().apply(block, args, params))

    def _watch(self, block: Block, args: tuple[Any, ...], out: Any) -> Any:
        check_forward(block, args, out)
        line = user_line()
        for node in reversed(self.tape):
            if hasattr(node, "extra"):
                break
            node.extra = line
        return out


def open_reverse(inputs: Any) -> tuple[Reverse, list[Node]]:
    """Open a level, with a Node for each input `(shape, dtype)`."""
    level = WatchedReverse() if WATCH.get() else Reverse()
    return level, [Node(None, (), shape, dtype) for shape, dtype in inputs]
