"""The loops of a function's source: which of them a line is in."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType


@dataclass(frozen=True)
class Loop:
    """A `for` or `while` of the source: its lines, its head, and the names that change from step to step.

    What is computed anew in every step goes from the line `first` to `last`; `body` is the line after the head.
    """

    line: int
    first: int
    body: int
    last: int
    text: str
    targets: tuple[str, ...]
    function: int


def loops_of(code: CodeType, line: int) -> tuple[Loop, ...]:
    """The loops around a line of a function, outermost first; none where the source is not known."""
    if code.co_name.startswith("<"):
        # A lambda or a comprehension has no statements.
        return ()
    found, functions = _scan(code.co_filename, len(linecache.getlines(code.co_filename)))
    around = [(last - first, number) for number, first, last in functions if first <= line <= last]
    if not around:
        return ()
    function = min(around)[1]
    return tuple([loop for loop in found if loop.first <= line <= loop.last and loop.function == function])


@lru_cache(maxsize=256)
def _scan(filename: str, length: int) -> tuple[list[Loop], list[tuple[int, int, int]]]:
    """The loops of a file, and its functions by number with their lines; read once for each length."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        # A line of an interactive session, or no Python at all.
        return [], []
    loops: list[Loop] = []
    functions: list[tuple[int, int, int]] = []
    waiting: list[tuple[ast.AST, int]] = [(tree, -1)]
    while waiting:
        node, function = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = len(functions)
            functions.append((function, node.lineno, node.end_lineno or node.lineno))
        if isinstance(node, (ast.For, ast.While)):
            loops.append(_loop(node, function))
        waiting += [(child, function) for child in ast.iter_child_nodes(node)]
    return sorted(loops, key=lambda loop: (loop.line, -loop.last)), functions


def _loop(node: ast.For | ast.While, function: int) -> Loop:
    last = max(child.end_lineno or child.lineno for child in node.body)
    if isinstance(node, ast.While):
        # Its condition is computed in every step.
        return Loop(
            node.lineno, node.lineno, node.body[0].lineno, last, f"while {ast.unparse(node.test)}", (), function
        )
    names = tuple([n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)])
    text = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}"
    return Loop(node.lineno, node.body[0].lineno, node.body[0].lineno, last, text, names, function)
