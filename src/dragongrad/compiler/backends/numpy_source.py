"""The NumPy backend: the Graph as Python source that a person could have written, which also runs."""

from __future__ import annotations

import keyword
import linecache
import weakref
from collections.abc import Callable
from copy import copy
from itertools import count
from typing import Any

import numpy as np

from ... import late
from ...core.block import BLOCKS
from ..graph import LOOPS, RESULT, Graph, Op, Value, op_of
from ..indexing import is_computed
from ..passes.uses import users_of
from ..python_numbers import ARITHMETIC, BITWISE
from ..rewrite import dtype_of, shape_of
from ..scans import is_result
from .call_backs import OURS, checked, is_users
from .numpy_forms import ATOM, SEQUENCES, SPECIAL, STOP, options_of
from .numpy_loops import write_loop
from .numpy_text import (
    array_text,
    may_repeat,
    number_text,
    numpy_name,
    places_text,
    promotes_as_python,
    shape_text,
    slice_text,
    takes_python_numbers,
)  # fmt: skip

# Python's operators by strength; a call and a name are stronger than all of them.
_STRENGTHS = {
    "|": 2, "^": 3, "&": 4, "<": 1, "<=": 1, ">": 1, ">=": 1, "==": 1, "!=": 1, "+": 5, "-": 5, "*": 6, "/": 6,
    "@": 6, "%": 6, "neg": 7, "~": 7, "**": 8,
}  # fmt: skip
# What Python counts truth values with, and NumPy does not.
_COUNTING = frozenset({b.fn for b in ARITHMETIC | BITWISE}) - {np.divide, np.power, np.conjugate, np.real, np.imag}
_OPERATORS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.matmul: "@", np.power: "**",
    np.remainder: "%", np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==",
    np.not_equal: "!=", np.bitwise_and: "&", np.bitwise_or: "|", np.bitwise_xor: "^",
}  # fmt: skip
# A value used once is written into the line that uses it, while that stays short.
_LINE = 72
_numbers = count(1)
_ADD, _STACK = BLOCKS[np.add], BLOCKS[np.stack]
_LAID = frozenset({BLOCKS["scatter"], BLOCKS["scatter_at"]})
_WRITTEN = frozenset({BLOCKS["setitem"], BLOCKS["setitem_at"]})
# The result shares memory with the argument, or may.
_VIEWS = frozenset(
    BLOCKS[fn] for fn in ("getitem", "stop_gradient", np.reshape, np.transpose, np.broadcast_to, np.real, np.imag)
)


class Source:
    """The source of a Graph, and the function that it defines.

    Attributes
    ----------
    text : str
        A module: its imports and constants, and a function `name(inputs)` that returns the tuple of outputs.
    function : callable
        That function.

    """

    def __init__(self, graph: Graph, names: list[str] | None = None) -> None:
        self.graph = graph
        self.space: dict[str, Any] = {"np": np}
        self.names: dict[Op, str] = {}
        self.head: dict[str, str] = {"np": "import numpy as np"}
        self._constants: dict[int, str] = {}
        self._taken = {"np", "slice", "complex"}
        self._counter = count(1)
        self.indent = "    "
        self._look(graph)
        known = graph.names
        for node, name in zip(graph.inputs, names or [known[node] for node in graph.inputs], strict=False):
            self.names[node] = self.free(name)
        for node in graph.nodes:
            self._write(node)
        self._finish()

    def _look(self, graph: Graph) -> None:
        """Find out what decides how the lines of a Graph are written."""
        self._users = users_of(graph)
        self._outputs = {o for o in graph.outputs if isinstance(o, Op)}
        self._inline: dict[Op, tuple[str, int]] = {}
        self._own: set[str] = set()  # names of arrays that nothing else sees
        self._loops: dict[Op, list[str]] = {}  # of each loop the names of its values
        dtypes = [n.dtype for n in (*graph.inputs, *graph.nodes)]
        self._plain = all(map(promotes_as_python, dtypes))
        self.lines: list[str] = []

    def _finish(self) -> None:
        graph = self.graph
        outputs = ", ".join(self.value(o, 0) for o in graph.outputs)
        title = graph.title if graph.title.isidentifier() and not keyword.iskeyword(graph.title) else "compiled"
        while title in self.head:
            title += "_"
        head = f"def {title}({', '.join(self.names[n] for n in graph.inputs)}):"
        tail = f"    return ({outputs},)" if len(graph.outputs) == 1 else f"    return {outputs or '()'}"
        self.body = "\n".join([head, *self.lines, tail]) + "\n"
        self.text = "\n".join(self.head.values()) + "\n\n\n" + self.body
        self.title = title

    @property
    def function(self) -> Callable[..., tuple[Any, ...]]:
        """The function that the source defines."""
        name = f"<dragongrad source {next(_numbers)}>"
        linecache.cache[name] = (len(self.body), None, self.body.splitlines(True), name)
        space = dict(self.space)
        exec(compile(self.body, name, "exec"), space)
        made: Callable[..., tuple[Any, ...]] = space.pop(self.title)
        weakref.finalize(made, linecache.cache.pop, name, None)
        return made

    def free(self, name: str) -> str:
        """A name like this that nothing has."""
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in name).strip("_") or "x"
        name = f"x{name}" if name[0].isdigit() or keyword.iskeyword(name) else name
        free, k = name, 1
        while free in self._taken:
            k += 1
            free = f"{name}{k}"
        self._taken.add(free)
        return free

    # Lines

    def _write(self, node: Op) -> None:
        if self._is_put_off(node):
            return
        if node.block in LOOPS:
            self._loops[node] = write_loop(self, node)
            return
        if is_result(node):
            self._name(node, self._loops[op_of(node.operands[0])][node.params["index"]])
            return
        if _is_laid(node):
            self._name(node, self._laid(node))
            return
        if node.block in _WRITTEN:
            self._name(node, self._assigned(node))
            return
        if node.block is _ADD and any(self._is_put_off(v) for v in node.operands if isinstance(v, Op)):
            self._name(node, self._added(node))
            return
        text, strength = self._expression(node)
        if len(self._users.get(node, ())) == 1 and len(text) <= _LINE and node not in self._outputs:
            self._inline[node] = (text, strength)
            return
        self._name(node, self.line(text))
        if _is_fresh(node):
            self._own.add(self.names[node])

    def _name(self, node: Op, name: str) -> None:
        self.names[node] = name

    def line(self, text: str) -> str:
        """A new name for what a text gives."""
        name = self.free(f"v{next(self._counter)}")
        self.lines.append(f"{self.indent}{name} = {text}")
        return name

    def named(self, value: Value) -> str:
        """A name for a value."""
        text = self.text_of(value)
        return text if text.isidentifier() else self.line(text)

    def text_of(self, value: Value) -> str:
        """A value, whose numbers are NumPy's."""
        return self.value(value, 0, plain=False)

    def inner(self, graph: Graph, given: list[str]) -> Source:
        """The lines of a Graph inside a loop, whose inputs have these texts."""
        inner = copy(self)
        inner.indent = self.indent + "    "
        inner._look(graph)
        inner.names = dict(zip(graph.inputs, given, strict=True))
        for node in graph.nodes:
            inner._write(node)
        return inner

    def _is_put_off(self, node: Op) -> bool:
        """Whether a value is written by the one line that uses it: what is laid into zeros and added there."""
        users = self._users.get(node, ())
        if len(users) != 1 or node in self._outputs or users[0] is None:
            return False
        user = users[0]
        if _is_laid(node):
            return user.block is _ADD and user.shape == node.shape and user.dtype == node.dtype and _alike(user)
        return node.block is _STACK and _is_index(node, user) and not node.params.get("axis")

    def _buffer(self, value: Value, dtype: Any) -> str:
        """A name for a value that may be written into."""
        if isinstance(value, Op) and dtype_of(value) == dtype:
            if value not in self._inline:
                name = self.names[value]
                if len(self._users.get(value, ())) == 1 and value not in self._outputs and name in self._own:
                    return name
            elif _is_fresh(value):
                return self._mine(self._inline[value][0])
        copied = f"np.array({self.value(value, 0)}"
        return self._mine(copied + (")" if dtype_of(value) == dtype else f", dtype=np.{dtype.name})"))

    def _mine(self, text: str) -> str:
        name = self.line(text)
        self._own.add(name)
        return name

    def _laid(self, node: Op) -> str:
        shape = shape_text(node.params["shape"])
        dtype = "" if node.dtype == np.float64 else f", np.{node.dtype.name}"
        buffer = self._mine(f"np.zeros({shape}{dtype})")
        self._add_into(buffer, node, first=True)
        return buffer

    def _add_into(self, buffer: str, node: Op, first: bool) -> None:
        x, *stack = node.operands
        index = self.index(node.params["index"], *stack)
        text = self.value(x, 0)
        if may_repeat(node.params["index"]):
            self.lines.append(f"{self.indent}np.add.at({buffer}, {self._index_object(node, *stack)}, {text})")
        else:
            self.lines.append(f"{self.indent}{buffer}[{index}] {'=' if first else '+='} {text}")

    def _added(self, node: Op) -> str:
        x, y = node.operands
        if isinstance(x, Op) and self._is_put_off(x) and not (isinstance(y, Op) and self._is_put_off(y)):
            x, y = y, x
        put_off = isinstance(x, Op) and self._is_put_off(x)
        buffer = self._laid(op_of(x)) if put_off else self._buffer(x, node.dtype)
        self._add_into(buffer, op_of(y), first=False)
        return buffer

    def _assigned(self, node: Op) -> str:
        x, y, *stack = node.operands
        buffer = self._buffer(x, node.dtype)
        # Integers take NaN, and what is too large for them, of NumPy's floats alone.
        plain = False if node.dtype.kind in "iu" and isinstance(y, np.floating) else None
        index, text = self.index(node.params["index"], *stack), self.value(y, 0, plain)
        self.lines.append(f"{self.indent}{buffer}[{index}] = {text}")
        return buffer

    # Values

    def value(self, value: Value, strength: int, plain: bool | None = None) -> str:
        """A value; `plain`: whether numbers may be written as Python's own."""
        if not isinstance(value, Op):
            text = self._constant(value, plain)
            return f"({text})" if text.startswith("-") and strength >= _STRENGTHS["neg"] else text
        if value in self._inline:
            text, own = self._inline[value]
            return text if own > strength else f"({text})"
        return self.names[value]

    def _constant(self, value: Any, plain: bool | None = None) -> str:
        if not isinstance(value, np.ndarray):
            text = number_text(value, self._plain if plain is None else plain)
            if text is not None:
                return text
        found = self._constants.get(id(value))
        if found is None:
            found = self._constants[id(value)] = self.free(f"c{len(self._constants) + 1}")
            self.space[found] = value
            text = array_text(value) if isinstance(value, np.ndarray) else None
            what = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            self.head[found] = (
                f"# {found}: {what}, known when it was compiled" if text is None else f"{found} = {text}"
            )
        return found

    def _expression(self, node: Op) -> tuple[str, int]:
        block = node.block
        if block is RESULT:
            return f"{self.value(node.operands[0], ATOM - 1)}[{node.params['index']}]", ATOM
        values = node.operands
        plain = self._plain and takes_python_numbers(block.fn, values)
        operator = _OPERATORS.get(block.fn)
        if block.fn in _COUNTING and node.dtype != np.bool_ and all(dtype_of(v) == np.bool_ for v in values):
            given = ", ".join(self.value(v, 0, plain) for v in values)
            return f"np.{block.fn.__name__}({given}, dtype=np.{node.dtype.name})", ATOM
        # The operator squares truth values in int8, and the function does not, nor the operator those of no axes.
        if block.fn is np.power and dtype_of(values[0]) == np.bool_:
            if not (node.dtype != np.int8 or node.shape or isinstance(values[1], Op) or np.any(values[1] != 2)):
                return f"np.square({self.value(values[0], 0, plain)})", ATOM
            operator = None if node.dtype != np.int8 else operator
        if operator is not None and len(values) == 2 and not node.params:
            own = _STRENGTHS[operator]
            # Of a - (b - c) only the right side needs parentheses; ** is the other way round. Comparisons without
            # them would be a chain.
            left = own if operator == "**" or own == _STRENGTHS["=="] else own - 1
            right = own - 1 if operator == "**" else own
            x, y = self.value(values[0], left, plain), self.value(values[1], right, plain)
            return f"{x} {operator} {y}", own
        if block.fn is np.negative:
            return f"-{self.value(values[0], _STRENGTHS['neg'])}", _STRENGTHS["neg"]
        if block.fn is np.invert:
            return f"~{self.value(values[0], _STRENGTHS['~'])}", _STRENGTHS["~"]
        if block is STOP:
            return self.value(values[0], 0), 0
        special = SPECIAL.get(block)
        return special(self, node, values) if special is not None else self._call(node, values, plain), ATOM

    def _call(self, node: Op, values: tuple[Value, ...], plain: bool) -> str:
        block = node.block
        name = numpy_name(block.fn)
        if is_users(block):
            name = self._checked(node)
        elif name is None or not block.dispatches or (block.value is not block.fn and block not in SEQUENCES):
            name = self._imported(block)
        options = [f"{k}={self._option(v)}" for k, v in options_of(node)]
        given = [self.value(v, 0, plain) for v in values]
        if block in SEQUENCES:
            given = [f"[{', '.join(given)}]"]
        return f"{name}({', '.join([*given, *options])})"

    def _imported(self, block: Any) -> str:
        """The name of a function that is not NumPy's."""
        for name, value in self.space.items():
            if value is block.value:
                return name
        name = self.free(block.name)
        self.space[name] = block.value
        if block.name == "logistic":
            self.head[name] = "from dragongrad import logistic"
        elif block.name in OURS:
            self.head[name] = f"from scipy.special import {block.name} as {name}"
        elif module := late.library_of(block.fn):
            self.head[name] = f"from {module} import {block.fn.__name__} as {name}"
        elif isinstance(block.fn, str) or numpy_name(block.fn):
            self.head["BLOCKS"] = "from dragongrad.core.block import BLOCKS"
            key = f'"{block.fn}"' if isinstance(block.fn, str) else numpy_name(block.fn)
            self.head[name] = f"{name} = BLOCKS[{key}].value"
        return name

    def _checked(self, node: Op) -> str:
        """The name of a function of the user's, which may return what it did not return while it was traced."""
        name, places = self.free(node.block.name), [(None, node.dtype, node.shape)]
        if node.outputs:
            results = [n for n in self._users.get(node, ()) if n is not None and n.block is RESULT]
            places = [(n.params["index"], n.dtype, n.shape) for n in results]
        self.space[name] = checked(node.block, places)
        self.head[name] = f"# {name}: a function with a rule of its own"
        return name

    def _option(self, value: Any) -> str:
        if isinstance(value, (bool, int, float, str, type(None))):
            return repr(value)
        if isinstance(value, tuple) and all(isinstance(v, (int, np.integer)) for v in value):
            return repr(tuple(int(v) for v in value))
        return self._constant(value)

    # Indices

    def index(self, index: tuple[Any, ...], stack: Value = None) -> str:
        """What stands between the brackets."""
        return ", ".join(self._index_part(p, stack) for p in index) or "()"

    def _index_object(self, node: Op, stack: Value = None) -> str:
        """An index outside of brackets."""
        index = node.params["index"]
        if len(index) == 1:
            return self._index_part(index[0], stack)
        parts = [
            repr(p) if isinstance(p, slice) else "..." if p is Ellipsis else self._index_part(p, stack)
            for p in index
        ]
        return f"({', '.join(parts)})"

    def _index_part(self, part: Any, stack: Value) -> str:
        if isinstance(part, slice):
            return slice_text(part)
        if part is None or part is Ellipsis:
            return "None" if part is None else "..."
        if is_computed(part):
            if isinstance(stack, Op) and self._is_put_off(stack):
                return self.value(stack.operands[part.position], 0)
            return f"{self.value(stack, ATOM - 1)}[{part.position}]"
        if isinstance(part, (int, np.integer)) and not isinstance(part, (bool, np.bool_)):
            return str(int(part))
        return (places_text(part) if isinstance(part, np.ndarray) else None) or self._constant(part)


def _is_laid(node: Op) -> bool:
    """Whether a value is laid into zeros by a line of its own; `np.add.at` crashes with more than 32 axes."""
    return node.block in _LAID and (len(node.shape) <= 32 or not may_repeat(node.params["index"]))


def _alike(node: Op) -> bool:
    """Whether both arguments of a sum have its shape and dtype."""
    return all(shape_of(v) == node.shape and dtype_of(v) == node.dtype for v in node.operands)


def _is_index(node: Op, user: Op) -> bool:
    return user.block.name in ("gather", "scatter_at", "setitem_at") and user.operands[-1] is node


def _is_fresh(node: Op) -> bool:
    """Whether a value is an array that NumPy has made for it alone."""
    block = node.block
    return bool(node.shape) and block not in _VIEWS and block.dispatches and numpy_name(block.fn) is not None
