"""Loops in NumPy source: `for` and `while`, whose lines are those of their bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..graph import WHILE, Op, Value, form_of, states_of, ways_of
from ..scans import Scan
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
    constants, states = states_of(node.params, node.operands)
    cond, (body, *ways) = node.params["cond"], ways_of(node.params)
    fixed = [source.named(v) for v in constants]
    carried, *others = [[source.line(source.text_of(v)) for v in state] for state in states]
    tape = source.line("[]") if ways else ""
    source.lines.append(f"{source.indent}while True:")
    asked = source.inner(cond, [*fixed, *carried])
    asked.lines.append(f"{asked.indent}if not ({asked.text_of(cond.outputs[0])}):")
    asked.lines.append(f"{asked.indent}    break")
    inner = source.inner(body, [*fixed, *carried])
    if ways:
        inner.lines.insert(0, f"{inner.indent}{tape}.append(({_tuple(carried)}))")
    _carry_on(inner, carried, body.outputs)
    source.lines += [*asked.lines, *inner.lines]
    begun = [source.free(name) for name in carried]
    for number, (way, taken) in enumerate(zip(ways, others, strict=True), 1):
        last = number == len(ways)
        if last:
            order = f"reversed({tape})" if number % 2 else tape
            source.lines.append(f"{source.indent}for {_tuple(begun)} in {order}:")
            inner = source.inner(way, [*fixed, *taken, *begun])
        else:
            # What this way begins each step with is read by later ones.
            t, count = source.free("t"), f"range(len({tape}))"
            source.lines.append(f"{source.indent}for {t} in {f'reversed({count})' if number % 2 else count}:")
            inner = source.inner(way, [*fixed, *taken, *begun])
            inner.lines.insert(0, f"{inner.indent}{_tuple(begun)} = {tape}[{t}]")
            inner.lines.insert(1, f"{inner.indent}{tape}[{t}] = ({_tuple([*begun, *taken])})")
            begun = [*begun, *[source.free(name) for name in taken]]
        _carry_on(inner, taken, way.outputs)
        source.lines += inner.lines or [f"{inner.indent}pass"]
    return [*carried, *[name for taken in others for name in taken]]


def _tuple(names: Sequence[str]) -> str:
    return f"{', '.join(names)}," if names else "()"
