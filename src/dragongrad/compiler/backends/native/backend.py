"""From a Graph to machine code that runs it."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ....core.graph import Graph
from ....core.node import Node
from ...rewrite import Value, arguments, is_constant, shape_of
from .expressions import LeaveToNumPyError, NeedsBufferError
from .loops import Function, LoopWriter
from .machine import Library
from .schedule import Callback, Loops, Product, Schedule, Step

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass
class Plan:
    """Everything that is known of a Graph before machine code is made."""

    schedule: Schedule
    functions: dict[int, Function] = field(default_factory=dict)  # by the position of their step


def plan(graph: Graph) -> Plan:
    """Choose what goes to memory until every loop can be written."""
    forced: set[Node] = set()
    outside: set[Node] = set()
    while True:
        schedule = Schedule(graph, forced, outside)
        made = Plan(schedule)
        try:
            inputs = set(graph.inputs)
            for k, step in enumerate(schedule.steps):
                if isinstance(step, Loops):
                    in_memory = partial(_in_memory, inputs | schedule.wanted)
                    made.functions[k] = LoopWriter(f"loops{k}", step, in_memory).write()
        except NeedsBufferError as need:
            stuck = need.node in schedule.wanted or need.node in forced
            (outside if isinstance(need, LeaveToNumPyError) or stuck else forced).add(need.node)
            continue
        return made


def _in_memory(nodes: set[Node], value: Value) -> bool:
    return is_constant(value) or value in nodes


class Native:
    """A Graph as machine code: call it with the arrays of the inputs, get those of the outputs."""

    def __init__(self, graph: Graph, level: int = 2) -> None:
        started = time.perf_counter()
        self.graph = graph
        self.plan = plan(graph)
        self.places: dict[int, int] = {}
        self.held: list[Value] = []
        self.constants: list[tuple[int, Array]] = []
        for node in graph.inputs:
            self._place(node)
        self.outputs = [self._output(o) for o in graph.outputs]
        self.text = self._module()
        planned = time.perf_counter()
        self.library = Library(self.text, level)
        self.steps = self._steps()
        self.seconds = {"plan": planned - started, "machine code": time.perf_counter() - planned}

    def _place(self, value: Value) -> int:
        """The position of a value in the table of pointers."""
        found = self.places.get(id(value))
        if found is None:
            found = self.places[id(value)] = len(self.held)
            self.held.append(value)
            if is_constant(value):
                self.constants.append((found, np.ascontiguousarray(value)))
        return found

    def _output(self, value: Value) -> Any:
        return ("constant", value) if is_constant(value) else ("place", self._place(value))

    def _module(self) -> str:
        """The whole module: the functions, and one that calls each run of them in order."""
        lines: list[str] = []
        declared: dict[str, str] = {}
        self.segments: list[tuple[str, list[int]]] = []
        run: list[int] = []
        for k, step in enumerate(self.plan.schedule.steps):
            if isinstance(step, Loops):
                run.append(k)
                function = self.plan.functions[k]
                lines += function.lines
                declared.update(function.declared)
            elif run:
                self._close(run, lines)
                run = []
        if run:
            self._close(run, lines)
        return "\n".join([*declared.values(), *lines])

    def _close(self, run: list[int], lines: list[str]) -> None:
        name = f"segment{len(self.segments)}"
        self.segments.append((name, list(run)))
        lines += [f"define void @{name}(ptr %table) #0 {{"]
        loaded: dict[int, str] = {}
        for k in run:
            function = self.plan.functions[k]
            arguments_text = []
            for value in function.values:
                place = self._place(value)
                if place not in loaded:
                    lines.append(f"  %a{place} = getelementptr ptr, ptr %table, i64 {place}")
                    lines.append(f"  %v{place} = load ptr, ptr %a{place}")
                    loaded[place] = f"%v{place}"
                arguments_text.append(f"ptr {loaded[place]}")
            call = ", ".join([*arguments_text, "i64 0", f"i64 {function.length}"])
            lines.append(f"  call void @{function.name}({call})")
        lines += ["  ret void", "}"]

    def _steps(self) -> list[Any]:
        steps: list[Any] = []
        segments = {run[0]: name for name, run in self.segments}
        for k, step in enumerate(self.plan.schedule.steps):
            if isinstance(step, Loops):
                if k in segments:
                    steps.append(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.library.address(segments[k])))
            else:
                for v in arguments(step.node):
                    if isinstance(v, Node):
                        self._place(v)
                self._place(step.node)
                steps.append(step)
        return steps

    def __call__(self, inputs: list[Array]) -> list[Any]:
        """Run it."""
        arrays: list[Any] = [None] * len(self.held)
        table = (ctypes.c_void_p * len(self.held))()
        keep: list[Any] = []
        for i, a in enumerate(inputs):
            arrays[i] = a
        for place, constant in self.constants:
            arrays[place] = constant
        for place, value in enumerate(self.held):
            if arrays[place] is None and value.pick is None and not isinstance(value.dtype, tuple):
                arrays[place] = np.empty(shape_of(value), value.dtype)
        for place, a in enumerate(arrays):
            if isinstance(a, np.ndarray):
                table[place] = a.ctypes.data
        for step in self.steps:
            if isinstance(step, (Callback, Product)):
                self._call_back(step, arrays, table, keep)
            else:
                step(table)
        return [v if kind == "constant" else arrays[v][()] for kind, v in self.outputs]

    def _call_back(self, step: Step, arrays: list[Any], table: Any, keep: list[Any]) -> None:
        node: Any = step.node  # type: ignore[union-attr]
        values = [arrays[self.places[id(v)]] if isinstance(v, Node) else v for v in arguments(node)]
        with np.errstate(all="ignore"):
            out = node.block.value(*values, **node.params)
        outs = [(node, out)]
        if isinstance(node.dtype, tuple):
            outs = [(n, out[n.pick]) for n in self.graph.nodes if n.pick is not None and n.parents[0] is node]
        for made, value in outs:
            place = self.places.get(id(made))
            if place is not None:
                arrays[place] = np.ascontiguousarray(value)
                table[place] = arrays[place].ctypes.data
