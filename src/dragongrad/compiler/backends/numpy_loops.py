"""Loops in NumPy source: `for` and `while`, whose lines are those of their bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..graph import WHILE, Graph, Op, Value, form_of
from ..scans import Scan, groups
from .numpy_text import shape_text

if TYPE_CHECKING:
    from .numpy_source import Source


def write_loop(source: Source, node: Op) -> list[str]:
    """Write a loop: the names of its values."""
    return _while(source, node) if node.block is WHILE else _for(source, Scan(node))


def _for(source: Source, scan: Scan) -> list[str]:
    fixed = [source.named(v) for v in scan.fixed]
    columns = [source.named(v) for v in scan.columns]
    carried = [source.line(source.text_of(v)) for v in scan.first]
    collected = [
        source.line(f"np.empty({shape_text((scan.length, *form.shape))}, np.{form.dtype.name})")
        for form in map(form_of, scan.collected)
    ]
    i, numbers = source.free("i"), f"range({scan.length})"
    source.lines.append(f"{source.indent}for {i} in {f'reversed({numbers})' if scan.reverse else numbers}:")
    inner = source.inner(scan.body, [*fixed, *carried, *[f"{column}[{i}]" for column in columns]])
    for name, value in zip(collected, scan.collected, strict=True):
        inner.lines.append(f"{inner.indent}{name}[{i}] = {inner.text_of(value)}")
    _carry_on(inner, carried, scan.ends)
    source.lines += inner.lines or [f"{inner.indent}pass"]
    return [*carried, *collected]


def _carry_on(inner: Source, names: list[str], values: Sequence[Value]) -> None:
    if names:
        inner.lines.append(f"{inner.indent}{', '.join(names)} = {', '.join([inner.text_of(v) for v in values])}")


def _while(source: Source, node: Op) -> list[str]:
    constants, first, states = groups(node, node.operands)
    back: Graph | None = node.params["back"]
    fixed = [source.named(v) for v in constants]
    carried = [source.line(source.text_of(v)) for v in first]
    home = [source.line(source.text_of(v)) for v in states]
    tape = source.line("[]") if back is not None else ""
    source.lines.append(f"{source.indent}while True:")
    cond: Graph = node.params["cond"]
    asked = source.inner(cond, [*fixed, *carried])
    asked.lines.append(f"{asked.indent}if not ({asked.text_of(cond.outputs[0])}):")
    asked.lines.append(f"{asked.indent}    break")
    body: Graph = node.params["body"]
    inner = source.inner(body, [*fixed, *carried])
    if back is not None:
        inner.lines.insert(0, f"{inner.indent}{tape}.append(({', '.join(carried)},))")
    _carry_on(inner, carried, body.outputs)
    source.lines += [*asked.lines, *inner.lines]
    if back is not None:
        begun = [source.free(name) for name in carried]
        source.lines.append(f"{source.indent}for {', '.join(begun)}, in reversed({tape}):")
        way = source.inner(back, [*fixed, *home, *begun])
        _carry_on(way, home, back.outputs)
        source.lines += way.lines or [f"{way.indent}pass"]
    return [*carried, *home]
