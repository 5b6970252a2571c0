"""A Graph applied Block by Block to whatever Blocks take: arrays, and Variables of any transform."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...core.block import BLOCKS, TABLE
from ...core.errors import SavedProgramError, user_line
from ...core.nests import unflatten
from ...core.variable import Variable, bottom, value_of
from ...ways import walk
from ..abstract_evaluation import Outline
from ..backends.native.call.fastcall import MISSING
from ..graph import RESULT, SCAN, WHILE, Graph, Op, Value, form_of, states_of, ways_of
from ..scans import Scan
from ..signature import delivered
from ..specialization import Path

_ASTYPE = BLOCKS["astype"]
_PYTHON = (float, complex, int)


def replay(path: Path, inputs: Sequence[Any]) -> Any:
    """What the function that was traced gives for these inputs, or `MISSING` where it decides otherwise."""
    run = _Run(path, inputs)
    count = len(path.forms)
    for value, guard in zip(path.traced.outputs[count:], path.guards, strict=True):
        # One after the other: what comes after a decision may fail where it goes the other way.
        if not _goes(run.value(value), guard.taken):
            return MISSING
    leaves = [run.value(value) for value in path.traced.outputs[:count]]
    return unflatten(path.structure, [_own(v, form, inputs) for v, form in zip(leaves, path.forms, strict=True)])


def lies_as(path: Path, inputs: Sequence[Any]) -> bool:
    """Whether a path is for values that lie in memory as these do, where that is known."""
    if path.layout is None:
        return True
    for value in inputs:
        low = bottom(value)
        layouts = getattr(low.level, "layouts", None) if isinstance(low, Variable) else None
        if layouts is not None:
            # What is traced around it is for such arguments alone, too.
            layouts.decide(low)
        array = value_of(value)
        if isinstance(array, np.ndarray) and not isinstance(array, Outline) and not array.flags.c_contiguous:
            return False
    return not any(path.layout)


class _Run:
    """The values of one run, made when they are asked for."""

    def __init__(self, path: Path, inputs: Sequence[Any]) -> None:
        pairs = zip(path.traced.inputs, inputs, strict=True)
        self.known: dict[Op, Any] = {node: _input(value, node) for node, value in pairs}

    def value(self, wanted: Value) -> Any:
        """The value of an operation, from those that are known."""
        if not isinstance(wanted, Op):
            return wanted
        known, todo = self.known, [wanted]
        while todo:
            node = todo[-1]
            missing = [v for v in node.sources if v not in known] if node not in known else []
            if missing:
                todo += missing
                continue
            todo.pop()
            if node not in known:
                known[node] = self._applied(node)
        return known[wanted]

    def _applied(self, node: Op) -> Any:
        values: list[Any] = [self.known[v] if isinstance(v, Op) else v for v in node.operands]
        if node.block is RESULT:
            return values[0][node.params["index"]]
        if node.block is SCAN:
            return _scan(Scan(node), values)
        return _while(node, values) if node.block is WHILE else node.block(*values, **node.params)


def _step(graph: Graph, given: Sequence[Any]) -> list[Any]:
    """The outputs of the body of a loop."""
    run = _Run.__new__(_Run)
    run.known = dict(zip(graph.inputs, given, strict=True))
    return [run.value(end) for end in graph.outputs]


def _scan(scan: Scan, values: list[Any]) -> list[Any]:
    """The values of a loop, a step after the other."""
    fixed, state, columns = scan.groups(values)
    order, rows = range(scan.length), list[list[Any]]()
    for i in reversed(order) if scan.reverse else order:
        found = _step(scan.body, [*fixed, *state, *[TABLE["getitem"](c, (i,)) for c in columns]])
        state = found[: scan.carry]
        rows.append(found[scan.carry :])
    rows = rows[::-1] if scan.reverse else rows
    if not rows:
        forms = [form_of(end) for end in scan.collected]
        return [*state, *[np.zeros((0, *form.shape), form.dtype) for form in forms]]
    return [*state, *[TABLE[np.stack](list(column)) for column in zip(*rows, strict=True)]]


def _while(node: Op, values: list[Any]) -> list[Any]:
    ways = [partial(_step, way) for way in ways_of(node.params)]
    return walk(lambda given: bool(_step(node.params["cond"], given)[0]), ways, *states_of(node.params, values))


def _input(value: Any, node: Op) -> Any:
    """An input as programs take it: what a number of Python's is beside others stands in the Graph."""
    if not isinstance(value, Variable):
        return np.asarray(value)[()]
    return _ASTYPE(value, dtype=node.dtype) if value.data.__class__ in _PYTHON else value


def _goes(value: Any, taken: bool) -> bool:
    """Whether a decision goes that way, in all rows of a batch."""
    if not isinstance(value, Variable) or not value.level.batch_axes:
        return bool(value) is taken
    same = np.equal(value.data, taken)
    if _goes(np.all(same), True):
        return True
    if _goes(np.any(same), True):
        raise SavedProgramError(
            f"rows of a batch take different ways through a saved program\n  at {user_line()}\n"
            "Call it for one row after the other (ad.map), or write np.where instead of the decision"
        )
    return False


def _own(value: Any, form: type, inputs: Sequence[Any]) -> Any:
    """A result that is the caller's own."""
    if not isinstance(value, Variable):
        return delivered(value, form)
    return TABLE[np.copy](value) if any(value is one for one in inputs) else value
