"""From a Graph to machine code that runs it."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ....core.block import BLOCKS
from ....core.errors import ShapeError
from ...graph import RESULT, Graph, Op, Value, bytes_of
from ...process import address_of
from ...rewrite import is_constant
from ..call_backs import check_dtype, check_shape, is_users
from .call import abi, fastcall
from .call.fastcall import MISSING, Argument, Output
from .ir.builder import supported
from .jit.engine import Library, provide
from .linalg import gemm, lapack
from .linalg.triangular import provide_solvers
from .math.calls import provide_function
from .memory.buffer_reuse import write_over
from .memory.lifetimes import as_run, holds, made_natively, touches
from .module import Assembler
from .parallel.combine_partials import provide_combiner
from .parallel.thread_pool import WORKERS
from .places import Places
from .plan import lies_in_memory, plan
from .repeat import interrupt, trip
from .schedule.steps import Callback
from .tuning import RELEASED_NS

Array: TypeAlias = np.ndarray[Any, Any]


def native(dtype: Any) -> Any:
    """A dtype of numbers in this machine's byte order, as NumPy's own object of it."""
    return np.dtype(dtype.type) if dtype.kind in "biufc" else dtype


class Native:
    """A Graph as machine code: call it with the arrays of the inputs, get those of the outputs.

    Parameters
    ----------
    graph : Graph
        What to compute. Its last outputs are the values that decisions were taken on.
    guards : sequence of bool
        How those decisions went; where one goes the other way a call returns `MISSING`.
    forms : sequence of type, optional
        Of each output of shape (): `float`, `int`, `complex`, `bool`, `ndarray`, or else NumPy's scalar.
    level : int
        Of LLVM's optimisation.
    """

    def __init__(
        self, graph: Graph, guards: Sequence[bool] = (), forms: Sequence[type] | None = None, level: int = 2
    ) -> None:
        started = time.perf_counter()
        self.plan = plan(graph)
        # Some values may have been given another layout.
        graph = self.graph = self.plan.schedule.graph
        self.steps = [as_run(step) for step in self.plan.schedule.steps]
        self.places = Places()
        count = len(graph.outputs) - len(guards)
        self._inputs = [(self.places.of(node), native(node.dtype), node.shape) for node in graph.inputs]
        self.calls_back = any(isinstance(step, Callback) for step in self.steps)
        self._users = {s.node.block for s in self.steps if isinstance(s, Callback) and is_users(s.node.block)}
        self._guards = self._decisions(list(zip(graph.outputs[count:], guards, strict=True)))
        self._outputs = self._forms(graph.outputs[:count], forms or [np.generic] * count)
        self._in_place = not self.calls_back and self._is_plain() and not fastcall.layout()
        self._loose = self._own_arrays()
        temporary, ends = self._temporary()
        touched = [touches(step, self.plan.functions.get(k)) for k, step in enumerate(self.steps)]
        write_over(self.steps, self.plan.functions, touched, temporary, ends)
        in_memory = partial(lies_in_memory, set(graph.inputs) | self.plan.schedule.wanted)
        assembler = Assembler(self.steps, self.plan.functions, self.places, in_memory, apart=not self._in_place)
        if assembler.failed >= 0:
            # Where LAPACK finds no answer, the function itself is called, and says so.
            self._guards.append((assembler.failed, np.dtype(np.int64), False))
            if not self._in_place:
                self._loose[assembler.failed] = (), np.dtype(np.int64)
        self._place(assembler, touched, temporary, ends)
        if self._in_place:
            assembler.program(self._guards)
        modules = dict.fromkeys([assembler.module.text, assembler.calls.text])
        self.text = "\n".join(modules)
        planned = time.perf_counter()
        self._provide(assembler)
        self.library = self._library(assembler, level)
        self._run = self._runs(assembler)
        self._blocks: list[Any] = []
        self._long = bool(assembler.cuts) or assembler.may_last or sum(assembler.works) > RELEASED_NS
        self.entry_point = (
            self._entry_point([_array(*known) for known in self._inputs], None) if self._in_place else None
        )
        self.seconds = {"plan": planned - started, "machine code": time.perf_counter() - planned}

    # Planning

    def _decisions(self, guards: list[tuple[Value, bool]]) -> list[tuple[int, Any, bool]]:
        """The places of the values that decide; a decision on a constant always goes the same way."""
        return [(self.places.of(v), native(v.dtype), taken) for v, taken in guards if isinstance(v, Op)]

    def _forms(self, outputs: Sequence[Value], forms: Sequence[type]) -> list[Output]:
        inputs = {place for place, _, _ in self._inputs}
        taken = {*inputs, *[self.places.of(s.node) for s in self.steps if isinstance(s, Callback)]}
        written = {node for step in self.steps for node in made_natively(step)}
        taken |= {self.places.of(n) for n in self.graph.nodes if n.block is RESULT and n not in written}
        made = []
        for value, form in zip(outputs, forms, strict=True):
            one = self._form(value, form, taken)
            if one.kind in (abi.FRESH_ARRAY, abi.FRESH_NUMBER):
                # A value that is returned twice is written once, and copied.
                taken.add(one.place)
            made.append(one)
        return made

    def _form(self, value: Value, form: type, taken: set[int]) -> Output:
        if not isinstance(value, (Op, np.ndarray)):
            return Output(abi.OBJECT, 0, value=value)
        place, dtype, shape = self.places.of(value), native(value.dtype), value.shape
        fresh = isinstance(value, Op) and place not in taken
        if shape or form is np.ndarray or not isinstance(value, Op):
            return Output(abi.FRESH_ARRAY if fresh else abi.COPIED_ARRAY, place, dtype, shape)
        if (form is float and dtype == np.float64) or (form is int and dtype == np.int64):
            return Output(abi.FLOAT if form is float else abi.INT, place, dtype)
        if dtype.kind == "b":
            return Output(abi.TRUTH, place, dtype, value=form)
        return Output(abi.FRESH_NUMBER if fresh else abi.COPIED_NUMBER, place, dtype, value=form)

    def _is_plain(self) -> bool:
        """Whether every input, output and decision is of a kind that the entry point reads and makes."""
        dtypes = [dtype for _, dtype, _ in self._inputs]
        dtypes += [o.dtype for o in self._outputs if o.dtype is not None]
        if any(o.kind == abi.COPIED_NUMBER and o.value is complex for o in self._outputs):
            # It makes no complex numbers of Python's.
            return False
        return all(fastcall.can_read(d) for d in dtypes) and all(supported(d) for _, d, _ in self._guards)

    def _fresh(self) -> set[int]:
        return {o.place for o in self._outputs if o.kind in (abi.FRESH_ARRAY, abi.FRESH_NUMBER)}

    def _own_arrays(self) -> dict[int, tuple[tuple[int, ...], Any]]:
        """What is computed natively into an array of its own, where the entry point is not used."""
        if self._in_place:
            return {}
        wanted = self._fresh() | {o.place for o in self._outputs if o.kind in (abi.FLOAT, abi.INT, abi.TRUTH)}
        wanted |= {place for place, _, _ in self._guards}
        for step in self.steps:
            if isinstance(step, Callback):
                wanted |= {self.places.of(v) for v in step.node.operands if isinstance(v, Op)}
        made = [node for step in self.steps for node in made_natively(step)]
        places = {self.places.of(node): (node.shape, native(node.dtype)) for node in made}
        return {place: places[place] for place in wanted if place in places}

    def _temporary(self) -> tuple[set[Op], set[Op]]:
        """What lies in the workspace as a whole, and what of that is needed at the end."""
        elsewhere = self._fresh() | set(self._loose)
        last = {o.place for o in self._outputs} | {place for place, _, _ in self._guards}
        made = {node: self.places.of(node) for s in self.steps for node in made_natively(s) if not holds(s, node)}
        temporary = {node: place for node, place in made.items() if place not in elsewhere}
        return set(temporary), {node for node, place in temporary.items() if place in last}

    def _place(self, assembler: Assembler, touched: list[list[Value]], temporary: set[Op], ends: set[Op]) -> None:
        """Plan the workspace, and fill in what of the table every call has in common."""
        workspace, last = assembler.workspace(touched, temporary), len(self.steps)
        for node in ends:
            workspace.need(self.places.of(node), bytes_of(node), last)
        if assembler.failed >= 0 and self._in_place:
            workspace.need(assembler.failed, 8, 0)
            workspace.need(assembler.failed, 8, last)
        workspace.plan()
        self.workspace = workspace
        start = fastcall.block_start(len(self.places.values), len(self._outputs) + len(self._inputs))
        self._temporaries = [(place, start + offset) for place, offset in workspace.offsets()]
        self._size = start + workspace.size
        self._table = np.zeros(max(1, len(self.places.values)), np.int64)
        self._constants: dict[int, Array] = {}
        for place, value in enumerate(self.places.values):
            if isinstance(value, np.ndarray) or (value is not None and is_constant(value)):
                array = np.asarray(value)
                if array.flags.writeable or not array.flags.c_contiguous or not array.flags.aligned:
                    array = np.array(array, order="C")
                array = array.astype(native(array.dtype), copy=False)
                self._constants[place] = array
                self._table[place] = array.ctypes.data

    def _provide(self, assembler: Assembler) -> None:
        """Give names to what the module calls outside itself."""
        if assembler.cuts:
            WORKERS.ready()
        for name in sorted(assembler.combiners):
            provide_combiner(name)
        for symbol, text in assembler.calls.texts.items() if assembler.calls is not assembler.module else ():
            # Tables of functions that are written out here are in this module.
            if symbol.startswith("@dragon.") and text.startswith("declare"):
                provide_function(symbol)
        if assembler.multiplies:
            for name, address in gemm.symbols().items():
                provide(name, address)
        if assembler.loops:
            for name in (*interrupt.NAMES, *trip.NAMES):
                provide(name, address_of(getattr(ctypes.pythonapi, name)))
        if assembler.failed >= 0:
            for name, address in lapack.symbols().items():
                provide(name, address)
            provide_solvers({*assembler.calls.texts, *assembler.module.texts})

    def _library(self, assembler: Assembler, level: int) -> Library:
        """The machine code: long straight code is compiled quickly, loops always with care."""
        module, calls = assembler.module, assembler.calls
        if calls is module:
            return Library(module.text, level)
        loops = Library(module.text, level) if module.texts else None
        return Library(calls.text, quick=True, other=loops)

    def _runs(self, assembler: Assembler) -> list[Any]:
        """The native functions and the call backs, in order."""
        runs: list[Any] = []
        starts = {run[0]: name for name, run in assembler.segments}
        for k, step in enumerate(self.steps):
            if isinstance(step, Callback):
                runs.append(step)
            elif k in starts:
                runs.append(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.library.address(starts[k])))
        return runs

    # Calling

    def open(self, leaves: Sequence[Any], dynamic: Sequence[int], steps: Sequence[int] | None) -> Any:
        """An entry point for arguments like these: None where the program cannot be called through one.

        Parameters
        ----------
        leaves : sequence
            Arrays, numbers, and objects that are compiled in.
        dynamic : sequence of int
            Those that are inputs, in order.
        steps : sequence of int, optional
            How the outputs are put together, as `door_words` has it; a tuple of all otherwise.
        """
        if not self._in_place:
            return None
        accepted = [Argument(abi.SAME, 0, leaf) for leaf in leaves]
        for i, known in zip(dynamic, self._inputs, strict=True):
            kind = abi.INTEGER if leaves[i].__class__ is int else abi.NUMBER
            scalar = not isinstance(leaves[i], np.ndarray)
            accepted[i] = Argument(kind, known[0], type(leaves[i])) if scalar else _array(*known)
        return self._entry_point(accepted, steps)

    def _entry_point(self, accepted: Sequence[Argument], steps: Sequence[int] | None) -> Any:
        address = self.library.address("program")
        keeps = (self.library, self._constants)
        program = fastcall.Program(address, self._table, self._temporaries, self._size, self._long, keeps)
        count = len(self._outputs)
        return fastcall.make(program, accepted, self._outputs, steps or [*[abi.PUSH] * count, count + 1])

    def __call__(self, inputs: Sequence[Array]) -> Any:
        """The outputs, or `MISSING` where a decision goes the other way."""
        arrays = [_well(a, dtype, shape) for a, (_, dtype, shape) in zip(inputs, self._inputs, strict=True)]
        return self.entry_point(*arrays) if self.entry_point is not None else self._interpret(arrays)

    def _interpret(self, inputs: list[Array]) -> Any:
        """Run the program step by step, with call backs in between."""
        try:
            block = self._blocks.pop()
        except IndexError:
            block = self._new_block()
        table, _ = block
        try:
            arrays: list[Any] = [None] * len(self.places.values)
            for place, constant in self._constants.items():
                arrays[place] = constant
            for (place, _, _), array in zip(self._inputs, inputs, strict=True):
                arrays[place] = array
                table[place] = array.ctypes.data
            for place, (shape, dtype) in self._loose.items():
                arrays[place] = np.empty(shape, dtype)
                table[place] = arrays[place].ctypes.data
            for step in self._run:
                if isinstance(step, Callback):
                    self._call_back(step.node, arrays, table)
                else:
                    step(table.ctypes.data)
            if any(bool(arrays[place]) is not taken for place, _, taken in self._guards):
                return MISSING
            return [_deliver(o, arrays) for o in self._outputs]
        finally:
            self._blocks.append(block)

    def _new_block(self) -> tuple[Array, Array]:
        memory = np.empty(self._size + 64, np.uint8)
        start = -(-memory.ctypes.data // 64) * 64
        table = self._table.copy()
        for place, offset in self._temporaries:
            table[place] = start + offset
        return table, memory

    def _call_back(self, node: Op, arrays: list[Any], table: Array) -> None:
        values = [arrays[self.places.of(v)] if isinstance(v, Op) else v for v in node.operands]
        with np.errstate(all="ignore"):
            out = node.block.value(*values, **node.params)
        outs: list[tuple[Op, Any]] = [(node, out)]
        if node.outputs:
            results = [n for n in self.graph.nodes if n.block is RESULT and n.operands[0] is node]
            outs = [(n, out[n.params["index"]]) for n in results]
        for made, value in outs:
            place = self.places.numbers.get(id(made))
            if place is None:
                continue
            is_complex, was_complex = np.iscomplexobj(value), made.dtype.kind == "c"
            # The guard on it would see the numbers that they are made to here.
            turned = is_complex != was_complex and (is_complex or node.block is _EIG)
            if turned or node.block in self._users:
                check_dtype(node.block.name, value, made.dtype)
            array = np.require(value, native(made.dtype), ("C", "A"))
            check_shape(node.block.name, array, made.shape)
            arrays[place] = array
            table[place] = array.ctypes.data


_EIG = BLOCKS[np.linalg.eig]


def _array(place: int, dtype: Any, shape: tuple[int, ...]) -> Argument:
    return Argument(abi.ARRAY, place, dtype, shape)


def _well(array: Array, dtype: Any, shape: tuple[int, ...]) -> Array:
    """An array as machine code reads it: contiguous, aligned, in this machine's byte order."""
    if array.shape != shape:
        raise ShapeError(f"the compiled program takes an array of shape {shape}, got {array.shape}")
    if array.dtype is dtype and array.flags.c_contiguous and array.flags.aligned:
        return array
    # The view gives NumPy's own object of that dtype, where the array had an equal one.
    return np.array(array, dtype, order="C").view(dtype)


def _deliver(output: Output, arrays: list[Any]) -> Any:
    """An output as the function itself returns it."""
    if output.kind == abi.OBJECT:
        return output.value
    array = arrays[output.place]
    if output.kind == abi.COPIED_ARRAY:
        return array.copy()
    if output.kind == abi.FRESH_ARRAY:
        return array
    number = array[()]
    return number.item() if output.kind in (abi.FLOAT, abi.INT) or output.value in (complex, bool) else number
