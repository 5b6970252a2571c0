"""From eager to compiled: a derivative runs as it is until its running time is likely to exceed that of compiling.

A function that takes 20 microseconds and is asked 30 times is done before anything could be compiled; one that has
already run for as long as compiling takes is likely to run for longer. Both times are estimated from what is
computed, never measured: how many calls are made before the switch depends on the function and the shapes alone, so
that equal runs switch at the same call and give equal bits, on an idle machine and on a busy one.

What is compiled no longer runs the user's Python code, so it is checked against it when it takes over, and once
more at the result.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..context import STEPS
from ..core.errors import CompileWarning, DragongradError
from ..core.graph import Graph
from ..core.nests import flatten, unflatten
from ..records import record
from .decorator import compile as compile_function
from .signature import key_of
from .trace import trace_call


@record
class Kind:
    """What a call costs, and when it is worth to look.

    Attributes
    ----------
    node, element : float
        Microseconds for an operation of the Graph, and for an element of its value: medians over the zoo's
        functions and regressions of 100 to a million samples.
    look : int
        The calls before the Graph is written down, which itself takes as long as a few calls (of plain values, as
        some dozens), unless there is much data.

    """

    node: float
    element: float
    look: int


VALUE = Kind(1.5, 0.002, 150)
REVERSE = Kind(8.0, 0.005, 40)
# Products with a vector: one derivative of another.
PRODUCT = Kind(10.0, 0.004, 20)
# Jacobians and Hessians, along all directions at once.
FORWARD = Kind(22.0, 0.003, 20)
# What compiling takes, in microseconds, and for each operation.
_COMPILING, _COMPILING_NODE = 30_000.0, 2_000.0
# Steps that a loop is thought to take whose values tell how many there are.
_TRIPS = 30
# With so many steps of loops the first call is looked at.
_MANY_STEPS = 50
# With so many numbers it is likely that few calls pay, so that the first one is looked at.
_LARGE = 50_000
# How deep data is looked for (the function, what it calls, what that calls), and in how many members of each.
_DEPTH, _MEMBERS = 3, 100
# The compiler may add and multiply in another order. Values and derivatives of a function that is computed twice
# as it is agree to a few units in the last place (libraries may round by how arrays lie in memory).
REORDERED, _REPEATED = 3 / 8, 3 / 4


class Tiered:
    """A function of nests that is compiled once it was called often enough.

    Parameters
    ----------
    function : callable
        What runs, and is compiled.
    allowed : bool
        Whether it may be compiled at all.
    kind : Kind
        What its calls cost.
    data : int
        How many numbers it reads besides its arguments, as far as `data_of` finds them.

    Attributes
    ----------
    compiled : bool
        Whether it has been.

    """

    def __init__(self, function: Callable[..., Any], allowed: bool, kind: Kind = REVERSE, data: int = 0) -> None:
        self.function = function
        self.kind = kind
        self.data = data
        self._calls = 0
        # The call after which something is to be done.
        self._due = 1 if allowed else math.inf
        self._worth: float | None = None
        self._quick: Any = None
        # Arguments and value of the call after which compiled code took over.
        self._known: tuple[tuple[Any, ...], Any] | None = None

    @property
    def compiled(self) -> bool:
        """Whether calls are answered by compiled code."""
        return self._quick is not None

    def __call__(self, *args: Any) -> Any:
        """The value of the function."""
        if self._quick is not None:
            return self._quick(*args)
        before = STEPS[0]
        out = self.function(*args)
        self._calls += 1
        # Other threads may have run steps too: then it is looked at too early.
        loops = STEPS[0] - before > _MANY_STEPS
        if self._calls >= self._due or (loops and self._worth is None and self._due < math.inf):
            self._consider(args, out, loops)
        return out

    def _consider(self, args: tuple[Any, ...], out: Any, loops: bool = False) -> None:
        """Look what a call costs if it is time to, and compile if it has cost enough."""
        if self._worth is None:
            if not loops and self._calls < self.kind.look and self.data + _size(args) + _size(out) < _LARGE:
                self._due = self.kind.look
                return
            self._worth = worth(self.function, args, self.kind)
        self._due = self._worth
        if self._calls >= self._worth:
            self._due = math.inf
            self._take_over(args, out)

    def _take_over(self, args: tuple[Any, ...], out: Any) -> None:
        # Optimizers move the parameters in place.
        args, out = _copy(args), _copy(out)
        quick = compile_function(self.function)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CompileWarning)
                quick(*args)
                again = quick(*args)
        except DragongradError:
            # What cannot be compiled went well eagerly a moment ago: it goes on so.
            return
        if agree(again, out, REORDERED):
            self._quick, self._known = quick, (args, out)
        elif not agree(self.function(*args), out, _REPEATED):
            warn_impure()
        # Otherwise sums cancel so far that another order of their terms shows: the order that was written is kept.

    def check(self) -> None:
        """Warn where the function no longer gives what it gave when it was compiled."""
        if self._known is not None and not agree(self.function(*self._known[0]), self._known[1], _REPEATED):
            warn_impure()
            self._quick = self._known = None


def worth(function: Callable[..., Any], args: tuple[Any, ...], kind: Kind) -> float:
    """After how many calls a function has taken as long as compiling it would; infinite where it cannot be."""
    leaves, structure = flatten((args, {}))
    try:
        traced = trace_call(function, leaves, structure, key_of(leaves, structure, frozenset())[1], "f", lazy=True)
    except Exception:
        # It was given Variables where it can take arrays only; that it works as it is was seen a moment ago.
        return math.inf
    written, run, elements = _size_of(traced.graph)
    call = kind.node * run + kind.element * elements
    return math.ceil((_COMPILING + _COMPILING_NODE * written) / max(call, kind.node))


def _size_of(graph: Graph) -> tuple[int, float, float]:
    """How many operations a Graph has, how many are run, and of how many elements."""
    written, run, elements = 0, 0.0, 0.0
    for node in graph.nodes:
        written, run, elements = written + 1, run + 1, elements + math.prod(node.shape)
        for part in node.params.values() if node.pick is None else ():
            if isinstance(part, Graph):
                own = _size_of(part)
                often = node.params.get("length", _TRIPS)
                written, run, elements = written + own[0], run + often * own[1], elements + often * own[2]
    return written, run, elements


def data_of(*roots: Any) -> int:
    """How many numbers lie in the arrays that functions and containers hold: a hint at what a call costs.

    They are looked for in what a function closes over, in its defaults and in the globals that it names, in the
    attributes of objects, and in the functions found there.
    """
    found, seen, level = 0, set(), list(roots)
    for _ in range(_DEPTH):
        following: list[Any] = []
        for value in level:
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, np.ndarray):
                found += value.size
            else:
                following += _held(value)
        level = following
    return found


def _held(value: Any) -> list[Any]:
    match value:
        case list() | tuple():
            return list(value[:_MEMBERS])
        case dict():
            return list(value.values())[:_MEMBERS]
        case MethodType():
            return [value.__self__, value.__func__]
        case partial():
            return [value.func, value.args, value.keywords]
        case FunctionType():
            named = [value.__globals__.get(name) for name in value.__code__.co_names]
            closed = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
            return [*named, *closed, *(value.__defaults__ or ())]
        case type() | ModuleType():
            return []
    return list(getattr(value, "__dict__", {}).values())[:_MEMBERS]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that is bound later
        return False


def _size(nest: Any) -> int:
    return sum(np.size(leaf) for leaf in flatten(nest)[0])


def _copy(nest: Any) -> Any:
    leaves, structure = flatten(nest)
    return unflatten(structure, [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])


def agree(one: Any, other: Any, digits: float) -> bool:
    """Whether two nests of numbers agree in this part of the digits of their dtype, relative to their largest."""
    pairs = zip(flatten(one)[0], flatten(other)[0], strict=True)
    return all(_close(np.asarray(a), np.asarray(b), digits) for a, b in pairs)


def _close(a: Any, b: Any, digits: float) -> bool:
    if a.shape != b.shape:
        return False
    dtype = b.dtype if b.dtype.kind in "fc" else np.dtype(float)
    tolerance = float(np.finfo(dtype).eps) ** digits
    size = np.abs(b[np.isfinite(b)])
    return np.allclose(a, b, rtol=tolerance, atol=tolerance * float(np.max(size, initial=0.0)), equal_nan=True)


def warn_impure() -> None:
    """Say that a function is not one of its arguments alone."""
    warnings.warn(
        "the function gives another value when it is called again (it is random, or reads something that changes): "
        "it runs eagerly; pass compile=False to say so from the start",
        CompileWarning,
        stacklevel=5,
    )
