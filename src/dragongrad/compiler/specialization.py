"""One way through a function: its Graph, the decisions that lead to it, and what runs it."""

from __future__ import annotations

import functools
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..core.errors import ArgumentError, CompileError, CompileWarning
from ..core.nests import Structure, unflatten
from ..forks import Lock
from ..records import field, mutable
from .backends.native.call.fastcall import MISSING
from .backends.native.jit.engine import binding
from .backends.native.program import Native
from .backends.numpy_source import Source
from .graph import Graph, Op, from_tape
from .layouts import layout
from .passes import optimise
from .passes.decisions import join_decisions
from .signature import delivered
from .traced import Guard, Traced

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@mutable
class Path:
    """One way through a function: its Graph before and after the passes, and what runs it."""

    traced: Graph
    graph: Graph
    guards: list[Guard]
    structure: Structure
    forms: list[type]
    run: Callable[[list[Any]], list[Any]]
    seconds: dict[str, float]
    passes: list[tuple[str, int, float]]
    names: list[str]
    engine: Any
    entry: Callable[..., Any]
    decisions: tuple[Any, ...]
    # The plain path whose derivatives are NaN where this one is taken, whose rules are careful.
    plain: Path | None = None
    # How the memory of its arguments lies, where it is for such arguments alone.
    layout: tuple[Any, ...] | None = None
    # How often it raised an error where the function itself does not, and the first of these errors.
    failures: int = 0
    reason: str = ""
    # Why no path with careful rules follows it where a derivative is NaN: the function then runs eagerly.
    uncareful: str = ""
    # Loops that are written out step by step, and why.
    unrolled: dict[str, str] = field(default_factory=dict)

    def source(self) -> Source:
        """The Graph as NumPy source; the guards are no part of it."""
        count = len(self.graph.outputs) - len(self.guards)
        shown = self.graph.rewritten(self.graph.nodes, self.graph.outputs[:count])
        return Source(optimise(shown)[0], self.names)


BACKENDS = ("native", "numpy")


def check_backend(backend: Any) -> None:
    """Refuse what is no backend."""
    if backend is not None and backend not in BACKENDS:
        raise ArgumentError(f"backend must be one of {', '.join(map(repr, BACKENDS))}, got {backend!r}")


# The paths that failed in one call, and how.
Failures: TypeAlias = list[tuple[Path, Exception]]


@mutable
class Version:
    """The paths for one structure of arguments, with one set of shapes, dtypes and static values."""

    dynamic: list[int]
    # Those of them that are Python's integers, and what knows whose values are needed.
    integers: frozenset[int] = frozenset()
    alike: Any = None
    paths: list[Path] = field(default_factory=list)
    eager: str = ""  # why this version runs eagerly, where it does
    # Of the same thread again where the function calls itself with plain numbers.
    lock: Lock = field(default_factory=Lock)


def take(path: Path, arrays: list[Any], failed: Failures | None = None) -> Any:
    """The outputs of a path, or `MISSING` where it decides otherwise on these values, or fails."""
    if path.layout is not None and path.layout != layout(arrays):
        return MISSING
    try:
        out = path.run(arrays)
    except Exception as error:
        # Perhaps these values never come to what failed; if they do, the function itself says how it fails.
        if failed is not None:
            failed.append((path, error))
        return MISSING
    return MISSING if out is MISSING else unflatten(path.structure, out)


def with_guards(traced: Traced) -> Graph:
    """The Graph with its decisions as its last outputs."""
    # A value that decides twice is looked at once.
    traced.guards = list({(g.node, g.taken): g for g in reversed(traced.guards)}.values())[::-1]
    return from_tape(traced.graph, [guard.node for guard in traced.guards])


def build(
    graph: Graph, guards: Sequence[Guard], forms: list[type], backend: str | None
) -> tuple[Callable[[list[Any]], Any], Any, dict[str, float]]:
    """What runs a Graph: the function, the engine behind it, and the seconds it took.

    Its last outputs are the values that the guards are on; `forms` are the classes of the others.
    """
    taken = [guard.taken for guard in guards]
    outputs = list(graph.outputs)
    for k, form in enumerate(forms):
        if not isinstance(outputs[k], Op):
            outputs[k] = delivered(outputs[k], form)
    graph, taken = join_decisions(graph.rewritten(graph.nodes, outputs), len(forms), taken)
    engine = None
    if backend == "native":
        engine = Native(graph, taken, forms)
    elif backend is None and _has_llvm():
        engine = _native_or_none(graph, taken, forms)
    if engine is not None:
        return engine, engine, engine.seconds
    start = time.perf_counter()
    function = Source(graph).function

    def run(arrays: list[Any]) -> Any:
        with np.errstate(all="ignore"):
            values = function(*[a[()] for a in arrays])
        if any(bool(value) is not way for value, way in zip(values[len(forms) :], taken, strict=True)):
            return MISSING
        return [
            delivered(v if isinstance(o, Op) else o, form)
            for v, o, form in zip(values, graph.outputs, forms, strict=False)
        ]

    return run, None, {"source": time.perf_counter() - start}


def _native_or_none(graph: Graph, taken: list[bool], forms: list[type]) -> Native | None:
    """Machine code, or None where making it fails: a fault of the backend must not be one of the user's program."""
    try:
        return Native(graph, taken, forms)
    except CompileError as error:
        warn(f"{graph.title} runs as NumPy source, which gives the same values: {error}")
        return None
    except Exception as error:
        warn(
            f"{graph.title} could not be compiled to machine code and runs as NumPy source, which gives the same "
            f"values; please report this ({type(error).__name__}: {str(error)[:200]})"
        )
        return None


@functools.cache
def _has_llvm() -> bool:
    try:
        binding()
    except ArgumentError:
        warn("llvmlite is not installed: compiled functions run as NumPy source; pip install llvmlite")
        return False
    return True


def warn(message: str) -> None:
    """Tell the user, at the line of the call."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, CompileWarning, stacklevel=level)
