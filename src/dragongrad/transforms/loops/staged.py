"""Loops in compiled functions: their bodies are written down once, whatever the number of steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ...context import STAGE, is_plain
from ...core.errors import DragongradError, NoRuleError, user_line
from ...core.graph import Graph
from ...core.node import Node, Spec
from ...core.variable import Variable, plain
from .body import row_of, without_dead
from .counted import Loop
from .purity import ImpureBodyError, closed_over, differ, is_unchanged, refuse_impure
from .rows import by_rows
from .trips import Trip

# A loop of more steps is not written out where its body cannot be written down once.
MOST_UNROLLED = 2000
# Nor one of more steps where a derivative came out NaN and each step is looked at by itself.
MOST_CAREFUL = 100
# An integer of Python's in a body is thought to be no larger: as those that are arguments of a program.
LARGEST_INTEGER = 2**31 - 1
_NUMBERS = (bool, int, float, complex)
_ARRAYS = (Variable, np.ndarray, np.generic, *_NUMBERS)
Step = Callable[..., tuple[list[Any], list[Any]]]


def is_staged(length: int) -> bool:
    """Whether a program is being written, in which a loop can be one operation.

    Raises
    ------
    NoRuleError
        It must be written out, and has too many steps.
    """
    if STAGE.get() is None:
        return False
    if is_plain():
        return True
    if length > MOST_CAREFUL:
        raise NoRuleError(
            f"a derivative is NaN, and a loop of {length} steps is not compiled step by step to see why\n"
            f"  at {user_line()}"
        )
    return False


def as_loop(
    step: Step, init: Sequence[Any], columns: Sequence[Any], length: int, reverse: bool, name: str
) -> tuple[list[Any], list[Any]] | None:
    """The last carry and what the steps collected, of a loop as one operation.

    Parameters
    ----------
    step : callable
        `step(carry, row)`, of lists: the next carry, and what is collected.
    init : list
        The first carry.
    columns : list
        Arrays of which each step is given a row; a `range` gives Python's integers.
    length : int
        The number of steps.
    reverse : bool
        Whether they begin with the last row.
    name : str
        What messages call the loop.

    Returns
    -------
    carry, collected : list
        None where the loop must be written out, because its body cannot be written down once.

    Raises
    ------
    NoRuleError
        It would have to be written out, and has too many steps.
    """
    stage = STAGE.get()
    try:
        return _looped(stage, step, init, [plain(c) for c in columns], length, reverse)
    except ImpureBodyError:
        raise
    except Exception as error:
        # The function's own errors come again where it is written out.
        line, reason = _why(error)
        if length > MOST_UNROLLED:
            raise NoRuleError(
                f"{name} of {length} steps is not compiled: {reason}\n  at {line}\n"
                f"A loop of at most {MOST_UNROLLED} steps would be written out"
            ) from error
        stage.unrolled.setdefault(line, f"{name}: {reason}")
        return None


def _why(error: Exception) -> tuple[str, str]:
    """The line of the user's at which a body cannot be written down once, and why."""
    if isinstance(error, DragongradError):
        return user_line(error), str(error).splitlines()[0]
    return user_line(), repr(error)


def _looped(
    stage: Any, step: Step, given: Sequence[Any], columns: list[Any], length: int, reverse: bool
) -> tuple[list[Any], list[Any]]:
    init = [plain(x) for x in given]
    for value in (*init, *columns):
        if not isinstance(value, (*_ARRAYS, range)):
            raise NoRuleError(f"it carries a {type(value).__name__}")
        _check_size(value)
    rows = [int if isinstance(c, range) else row_of(c) for c in columns]
    _, found = _settled(stage, _flat(step, len(init)), init, rows)
    _check_writes(found, given)
    graph = found.graph
    arrays = [np.arange(c.start, c.stop, c.step) if isinstance(c, range) else c for c in columns]
    start = [_converted(x, node.dtype) for x, node in zip(init, graph.inputs[len(found.captured) :], strict=False)]
    if found.conditional:
        start.append(np.True_)
    captured = _captured(found)
    graph, kept = without_dead(graph, len(captured))
    loop = Loop(graph, len(kept), len(start), length, reverse)
    last, collected = by_rows(stage, loop, [captured[k] for k in kept], start, arrays)
    if found.conditional:
        _hold(last.pop())
    return _write_back(found, given, last), collected


def _check_size(value: Any) -> None:
    """Refuse integers of Python's that are larger than those of a body are thought to be."""
    inner, node = value, None
    while isinstance(inner, Variable):
        inner, node = inner.data, inner.link
    stage: Any = STAGE.get()
    ends = (value[0], value[-1]) if isinstance(value, range) else stage.integers.ranges.get(node, (inner, inner))
    if (isinstance(value, range) or inner.__class__ is int) and max(map(abs, ends)) > LARGEST_INTEGER:
        raise NoRuleError(f"it carries an integer of Python's beyond {LARGEST_INTEGER}")


def as_trip(
    goes_on: Callable[[list[Any]], Any], step: Callable[[list[Any]], list[Any]], init: Sequence[Any]
) -> list[Any] | None:
    """The last carry of a loop that goes on as long as a condition holds, as one operation.

    Parameters
    ----------
    goes_on, step : callable
        From a list of what is carried to whether there is another step, and to what is carried next.
    init : list
        The first carry.

    Returns
    -------
    list
        None where the loop must be written out, because its body cannot be written down once.
    """
    stage = STAGE.get()
    try:
        return _tripped(stage, goes_on, step, init)
    except ImpureBodyError:
        raise
    except Exception as error:
        line, reason = _why(error)
        stage.unrolled.setdefault(line, f"while_loop: {reason}")
        return None


def _tripped(stage: Any, goes_on: Any, step: Any, given: Sequence[Any]) -> list[Any]:
    init = [plain(x) for x in given]
    for value in init:
        _check_size(value)
    kinds, found = _settled(stage, lambda *carry: step(list(carry)), init, [])
    _check_writes(found, given)
    count = len(init)
    held = [Spec((), np.dtype(bool))] if found.conditional else []

    def condition(*carry: Any) -> list[Any]:
        asked = goes_on(list(carry[:count]))
        if np.shape(asked) != ():
            raise NoRuleError("its condition is no single truth value")
        truth = np.not_equal(asked, 0) if getattr(asked, "dtype", np.dtype(bool)) != np.bool_ else asked
        return [np.logical_and(truth, carry[count]) if held else truth]

    asked = stage.body(condition, [*kinds, *held], 0)
    if asked.conditional:
        raise NoRuleError("its condition chooses elements by numbers that it computes")
    start = [
        _converted(x, node.dtype) for x, node in zip(init, found.graph.inputs[len(found.captured) :], strict=False)
    ]
    fixed = [*_captured(found), *_captured(asked)]
    body = _among(found.graph, 0, len(found.captured), fixed)
    cond = _among(asked.graph, len(found.captured), len(asked.captured), fixed)
    trip = Trip(cond, body, None, len(fixed), len(start) + len(held))
    last = list(trip(*fixed, *start, *([np.True_] if held else [])))
    if held:
        _hold(last.pop())
    return _write_back(found, given, last)


def _check_writes(body: Any, given: Sequence[Any]) -> None:
    """Refuse a body that writes into the array of the first step and goes on with another."""
    for itself, first in zip(body.written, given, strict=False):
        if itself is False and isinstance(first, Variable):
            raise NoRuleError(f"its body writes into what it carries and returns another array\n  at {user_line()}")


def _write_back(body: Any, given: Sequence[Any], last: list[Any]) -> list[Any]:
    """The last carry, where the loop was given an array that all its steps write into: that array."""
    for k, (itself, first) in enumerate(zip(body.written, given, strict=False)):
        if itself and isinstance(first, Variable):
            first.rebind(last[k])
            last[k] = first
    return last


def _among(graph: Graph, before: int, own: int, fixed: list[Any]) -> Graph:
    """A Graph whose constants stand among others, the first of them behind so many."""
    others = [Node(None, (), np.shape(x), x.dtype).keep((), (None,), {}) for x in fixed]
    consts = [*others[:before], *graph.inputs[:own], *others[before + own :]]
    inputs = [*consts, *graph.inputs[own:]]
    return Graph(graph.title, inputs, graph.nodes, graph.outputs, {node: f"c{k}" for k, node in enumerate(inputs)})


def _settled(stage: Any, function: Any, init: list[Any], rows: list[Any]) -> tuple[list[Any], Any]:
    """What is carried, by its shapes and dtypes, which the body keeps; and the body.

    Raises
    ------
    ImpureBodyError
        The body does not do the same each time it is called.
    """
    if not stage.decides:
        # The body of a loop around is looked at as a whole.
        return _kept_kinds(stage, function, init, rows, None)
    before, trials = closed_over(function), list[Any]()
    try:
        kinds, found = _kept_kinds(stage, function, init, rows, trials)
    except Exception:
        count = len(trials)
        with suppress(Exception):
            _kept_kinds(stage, function, init, rows, trials)
        if len(trials) != 2 * count or differ(trials[count - 1], trials[-1]):
            refuse_impure()
        raise
    finally:
        if not is_unchanged(before, closed_over(function)):
            refuse_impure()
    again = stage.body(function, [*kinds, *rows], len(init))
    if differ((found.graph, found.captured), (again.graph, again.captured)) or not is_unchanged(
        before, closed_over(function)
    ):
        refuse_impure()
    return kinds, found


def _kept_kinds(
    stage: Any, function: Any, init: list[Any], rows: list[Any], trials: list[Any] | None
) -> tuple[list[Any], Any]:
    kinds = [_kind(x) for x in init]
    # Each round, one more carry at least has found its dtype.
    for _ in range(2 * len(init) + 2):
        found = stage.body(function, [*kinds, *rows], len(init), trials)
        after = [_after(kind, leaf) for kind, leaf in zip(kinds, found.leaves, strict=False)]
        if after == kinds:
            return kinds, found
        kinds = after
    raise NoRuleError(f"what it carries is now of one type and now of another\n  at {user_line()}")


def _flat(step: Step, count: int) -> Callable[..., list[Any]]:
    def flat(*values: Any) -> list[Any]:
        carry, collected = step(list(values[:count]), list(values[count:]))
        return [*carry, *collected]

    return flat


def _kind(value: Any) -> Any:
    """What a body knows of a value: a class of Python's numbers, which take the dtypes of arrays, or a Spec."""
    inner = value
    while isinstance(inner, Variable):
        inner = inner.data
    if inner.__class__ in _NUMBERS:
        return inner.__class__
    return _Kind(np.shape(value), value.dtype)


class _Kind(Spec):
    """A Spec that equals others of the same shape and dtype."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))


def _after(kind: Any, leaf: Any) -> Any:
    """What the next step is given where this one was given something of a kind; a number takes what it becomes."""
    if not isinstance(kind, type):
        return kind
    inner = leaf.data if isinstance(leaf, Variable) else leaf
    if inner.__class__ in _NUMBERS:
        return inner.__class__
    return _Kind((), leaf.dtype)


def _converted(value: Any, dtype: Any) -> Any:
    if isinstance(value, Variable):
        return value if value.dtype == dtype and value.data.__class__ not in _NUMBERS else value.astype(dtype)
    return np.asarray(value, dtype)[()]


def _captured(found: Any) -> list[Any]:
    """What a body closes over, of the dtypes that it has there: a number among arrays would take theirs."""
    return [_converted(x, node.dtype) for x, node in zip(found.captured, found.graph.inputs, strict=False)]


def _hold(condition: Any) -> None:
    """Let the program, or the step of a loop around, make sure that a condition holds."""
    while isinstance(condition, Variable) and not condition.level.stages:
        condition = condition.data
    held = np.all(condition)
    if isinstance(held, Variable):
        stage: Any = held.level
        stage.assume(held)
    elif not held:
        raise NoRuleError(f"what its body assumes does not hold\n  at {user_line()}")
