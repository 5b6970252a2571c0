"""The Graph of a function: its Nodes in order, obtained by tracing a run on real arguments."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ..namespace import answering
from ..pytrees import tree_accessors
from .block import Block
from .errors import NUMPY_ERRORS, DragongradError, operation_error
from .level import Level
from .nests import NAMESPACE, flatten, unflatten
from .node import Node
from .variable import Variable, as_input, plain, settle


class Graph:
    """Nodes in the order in which they were applied, with inputs and outputs.

    Attributes
    ----------
    title : str
        The name of the function.
    inputs : list of Node
        One for each array among the arguments.
    nodes : list of Node
        The applications. `parents` holds the Node of each argument (None for a plain array), `saved` the value
        followed by the arguments, `params` the keyword arguments.
    outputs : list
        A Node for each array of the output, or a plain value where it depends on no input.
    names : dict
        What print and pictures call each Node; only the names of the inputs are given.
    """

    def __init__(
        self, title: str, inputs: list[Node], nodes: list[Node], outputs: list[Any], names: dict[Node, str]
    ):
        self.title, self.inputs, self.nodes, self.outputs = title, inputs, nodes, outputs
        self._given = names
        self._names: dict[Node, str] | None = None

    @property
    def names(self) -> dict[Node, str]:
        """What print and pictures call each Node."""
        if self._names is None:
            self._names = self._given | {node: f"v{number}" for number, node in enumerate(self.nodes, 1)}
        return self._names

    def rewritten(self, nodes: list[Node], outputs: list[Any]) -> Graph:
        """The Graph of the same function of the same inputs, by other Nodes."""
        return Graph(self.title, self.inputs, nodes, outputs, self._given)

    def __len__(self) -> int:
        return len(self.nodes)


class Staging(Level):
    """The level of one trace: it evaluates, and writes down every application."""

    __slots__ = ("nodes",)

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Node] = []

    def constant(self, value: Any) -> Variable:
        """A Variable of this level that depends on no input."""
        return Variable(value, self, None)

    def evaluate(self, block: Block, values: list[Any], parents: Any, params: dict[str, Any]) -> Any:
        """The value of a Block."""
        return block.forward(*values, **params)

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate a Block and write its Node."""
        mine = [isinstance(a, Variable) and a.level is self for a in args]
        values = [a.data if own else a for a, own in zip(args, mine, strict=True)]
        parents = tuple([a.link if own else None for a, own in zip(args, mine, strict=True)])
        try:
            out = self.evaluate(block, values, parents, params)
        except DragongradError:
            raise
        except NUMPY_ERRORS as error:
            if not block.dispatches:
                raise
            raise operation_error(block.name, tuple(values), error) from None
        several = isinstance(out, (tuple, list))
        if isinstance(out, (np.generic, np.ndarray)):
            shape, dtype = out.shape, out.dtype
        else:
            shape, dtype = ((), tuple(out)) if several else (np.shape(out), np.asarray(out).dtype)
        node = Node(block, (), shape, dtype).keep(parents, (out, *values), params)
        self.nodes.append(node)
        if not several:
            return Variable(out, self, node)
        picks = [Node(block, (), np.shape(o), o.dtype).keep((node,), (o,), None, i) for i, o in enumerate(out)]
        self.nodes += picks
        parts = [Variable(o, self, p) for o, p in zip(out, picks, strict=True)]
        return type(out)(*parts) if hasattr(out, "_fields") else type(out)(parts)


def trace(f: Any, args: Any, kwargs: dict[str, Any], kind: Any = Graph, level: Staging | None = None) -> Graph:
    """The Graph of one run of a function; every positional argument is an input."""
    level = level or Staging()
    inputs: list[Node] = []
    names: dict[Node, str] = {}
    full = []
    for name, arg in zip(_argument_names(f, len(args)), args, strict=True):
        leaves, structure = flatten(arg)
        paths = [""] if structure is None else _paths(arg)
        made = []
        for where, leaf in zip(paths, leaves, strict=True):
            value = as_input(leaf, f"the argument {name}{where}")
            node = Node(None, (), value.shape, value.dtype).keep((), (value,), {})
            names[node] = name + where
            inputs.append(node)
            made.append(Variable(value, level, node))
        full.append(unflatten(structure, made))
    with answering():
        out, _ = flatten(settle(f(*full, **kwargs)))
    leaves = [plain(leaf) for leaf in out]
    outputs = [leaf.link if isinstance(leaf, Variable) and leaf.level is level else leaf for leaf in leaves]
    title = getattr(f, "__name__", type(f).__name__)
    return kind("f" if title == "<lambda>" else title, inputs, level.nodes, outputs, names)


def _argument_names(f: Any, count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return (names + [f"x{i}" for i in range(len(names), count)])[:count]


def _paths(nest: Any) -> list[str]:
    return [accessor.codify("") for accessor in tree_accessors(nest, NAMESPACE)]
