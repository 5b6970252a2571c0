"""A recording of one run: the Graph, and for every Node where in the user's code it was made."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ...core.block import Block
from ...core.graph import Staging, trace
from ...core.node import Node
from ...core.variable import Variable
from ...lines import INSIDE
from ..drawing import DrawnGraph, shown
from .loops import Loop, loops_of

# Where the layers of a network call one another.
_CHAIN = os.path.join("dragongrad", "nn", "chain.py")
_LAYERS = os.path.join("dragongrad", "nn", "")
_LONGEST = 60


@dataclass(frozen=True)
class Place:
    """A piece of source: a file, from a line and column to a line and column."""

    code: CodeType
    line: int
    column: int
    last_line: int
    last_column: int


@dataclass(frozen=True)
class Group:
    """Nodes that belong together: a call of a helper, a loop, one of its steps, a layer."""

    parent: int
    kind: str
    name: str


@dataclass
class Decision:
    """A Python `if` (or `while`, `and` ...) on a value: the Node, what it was, and where."""

    node: Node
    taken: bool
    place: Place | None


@dataclass
class Recording:
    """One run of a function.

    Attributes
    ----------
    graph : DrawnGraph
    places : list of Place or None
        Where each of the Graph's Nodes was made; None inside the library's own rules.
    groups : list of Group
        Parents come before their members.
    group_of : list of int
        The innermost group of each Node, -1 for none.
    decisions : list of Decision

    """

    graph: DrawnGraph
    places: list[Place | None]
    groups: list[Group]
    group_of: list[int]
    decisions: list[Decision] = field(default_factory=list)


def record(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Recording:
    """Run a function once and write down what it does.

    Raises
    ------
    DtypeError
        An argument is not numeric.
    ArgumentError
        The function returned nothing.

    """
    level = Watching()
    # What is not finite is shown, with the line that made it: NumPy's warning would only repeat it.
    with np.errstate(all="ignore"):
        graph = shown(f, args, kwargs, level)
    made = Recording(graph, level.places, level.tree.groups, level.group_of, level.decisions)
    # Frames hold the values of all their names.
    level.tree = Tree()
    return made


class Watching(Staging):
    """A level that writes down, beside every Node, where it was made."""

    __slots__ = ("decisions", "group_of", "places", "tree")

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place | None] = []
        self.group_of: list[int] = []
        self.decisions: list[Decision] = []
        self.tree = Tree()

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate a Block, write its Node and where that was."""
        before = len(self.nodes)
        out = super().apply(block, args, params)
        frames = _frames(sys._getframe(1))
        group = self.tree.enter(frames)
        place = _place(frames)
        count = len(self.nodes) - before
        self.places += [place] * count
        self.group_of += [group] * count
        return out

    def truth(self, x: Variable) -> bool:
        """The truth value for Python's `if`, which another value of an input may change."""
        taken = super().truth(x)
        if isinstance(x.link, Node):
            self.decisions.append(Decision(x.link, taken, _place(_frames(sys._getframe(1)))))
        return taken


def _frames(frame: FrameType | None) -> list[FrameType]:
    """The frames between `trace`, which called the function, and a Block, outermost first."""
    found = []
    while frame is not None and frame.f_code is not trace.__code__:
        found.append(frame)
        frame = frame.f_back
    return found[::-1]


def _is_users(code: CodeType) -> bool:
    return not code.co_filename.startswith(INSIDE)


@lru_cache(maxsize=1024)
def _positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    return list(code.co_positions())


def _place(frames: list[FrameType]) -> Place | None:
    """The expression that the innermost frame of the user's runs."""
    frame = next((f for f in reversed(frames) if _is_users(f.f_code)), None)
    if frame is None:
        return None
    code = frame.f_code
    line, last, column, end = _positions(code)[frame.f_lasti // 2]
    return Place(code, line or frame.f_lineno, column or 0, last or frame.f_lineno, -1 if end is None else end)


@dataclass
class _Visit:
    """How far a frame has come: its loops with the step of each, and the call that it made last."""

    number: int
    at: int = -1
    line: int = 0
    child: Any = None
    loops: tuple[Loop, ...] = ()
    steps: list[int] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    seen: list[tuple[Any, ...]] = field(default_factory=list)


class Tree:
    """The groups of a run, made from the frames that each of its operations meets."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self._open: list[tuple[Any, int]] = []
        self._visits: dict[FrameType, _Visit] = {}
        self._entries = 0

    def enter(self, frames: list[FrameType]) -> int:
        """The innermost group of an operation below these frames."""
        path: list[tuple[Any, str, str]] = []
        outermost = True
        for i, frame in enumerate(frames):
            code = frame.f_code
            child = frames[i + 1] if i + 1 < len(frames) else None
            if _is_users(code):
                visit = self._visit(frame)
                if not outermost and not _is_comprehension(code):
                    path.append((("call", visit.number), "call", _call_name(code)))
                outermost = False
                path += self._loops(visit, frame, child)
            else:
                path += self._layer(frame, frames[:i])
        return self._group(path)

    def _visit(self, frame: FrameType) -> _Visit:
        if frame not in self._visits:
            self._visits[frame] = _Visit(len(self._visits))
        return self._visits[frame]

    def _loops(self, visit: _Visit, frame: FrameType, child: Any) -> list[tuple[Any, str, str]]:
        loops = loops_of(frame.f_code, frame.f_lineno)
        common = 0
        while common < min(len(loops), len(visit.loops)) and loops[common] == visit.loops[common]:
            common += 1
        values = frame.f_locals if loops else {}
        seen = [tuple([values.get(name) for name in loop.targets]) for loop in loops]
        moved = next((k for k in range(common) if _differ(seen[k], visit.seen[k])), None)
        back = frame.f_lasti < visit.at or (frame.f_lasti == visit.at and child is not visit.child)
        if moved is None and common and _is_next(loops[common - 1], visit.line, frame.f_lineno, back):
            moved = common - 1
        kept = common if moved is None else moved + 1
        steps, entries = visit.steps[:kept], visit.entries[:kept]
        if moved is not None:
            steps[moved] += 1
        for _ in loops[kept:]:
            self._entries += 1
            steps.append(0)
            entries.append(self._entries)
        visit.at, visit.line, visit.child = frame.f_lasti, frame.f_lineno, child
        visit.loops, visit.steps, visit.entries, visit.seen = loops, steps, entries, seen
        path: list[tuple[Any, str, str]] = []
        for loop, step, entry, now in zip(loops, steps, entries, seen, strict=True):
            path.append((("loop", entry), "loop", loop.text))
            path.append((("step", entry, step), "step", _step_name(loop, now, step)))
        return path

    def _layer(self, frame: FrameType, above: list[FrameType]) -> list[tuple[Any, str, str]]:
        code, values = frame.f_code, frame.f_locals
        if code.co_filename.endswith(_CHAIN) and code.co_name in ("__call__", "train") and "one" in values:
            one = values["one"]
            shown = getattr(one, "__name__", None) or repr(one)
            return [(("layer", self._visit(frame).number, values["name"]), "layer", f"{values['name']}: {shown}")]
        if _LAYERS in code.co_filename and code.co_name == "__call__" and "self" in values:
            layer = values["self"]
            if any(f.f_locals.get("one") is layer for f in above if f.f_code.co_filename.endswith(_CHAIN)):
                return []
            return [(("layer", self._visit(frame).number), "layer", repr(layer))]
        return []

    def _group(self, path: list[tuple[Any, str, str]]) -> int:
        common = 0
        while common < min(len(path), len(self._open)) and self._open[common][0] == path[common][0]:
            common += 1
        del self._open[common:]
        for key, kind, name in path[common:]:
            parent = self._open[-1][1] if self._open else -1
            self.groups.append(Group(parent, kind, name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"))
            self._open.append((key, len(self.groups) - 1))
        return self._open[-1][1] if self._open else -1


def _is_comprehension(code: CodeType) -> bool:
    return code.co_name in ("<listcomp>", "<genexpr>", "<setcomp>", "<dictcomp>")


def _call_name(code: CodeType) -> str:
    return "lambda" if code.co_name == "<lambda>" else f"{code.co_name}()"


def _differ(now: tuple[Any, ...], before: tuple[Any, ...]) -> bool:
    return any(a is not b for a, b in zip(now, before, strict=True))


def _is_next(loop: Loop, before: int, now: int, back: bool) -> bool:
    """Whether a loop went on to its next step, where no name of its own tells: from the line before to that now.

    Going back in the code tells, but for the test of a `while`: Python keeps a copy of it behind the body.
    """
    if loop.body == loop.first:
        return back
    if now < loop.body:
        return before >= loop.body or back
    return before >= loop.body and back


def _step_name(loop: Loop, values: tuple[Any, ...], step: int) -> str:
    if len(values) == 1 and isinstance(values[0], (int, str)):
        return f"{loop.targets[0]} = {values[0]!r}"
    return f"step {step + 1}"
