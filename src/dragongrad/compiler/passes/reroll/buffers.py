"""Buffers that are filled place by place: a read of what was written there is what was written."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....records import mutable, record
from ...graph import Graph, Op, Value, form_of
from ...rewrite import Writer, rewrite, shape_of
from .operands import ADD, GETITEM, SCATTER, SETITEM
from .places import places_of

# How many writes are looked back at, all reads together, for each operation of a Graph.
_LOOKS_BACK = 8

# The whole numbers in an index, by their axes.
_Places = dict[int, int]


def read_through(graph: Graph) -> Graph:
    """Read single places of arrays, into which others were written, where these came from."""
    return rewrite(graph, _Reader(_LOOKS_BACK * len(graph)), {GETITEM})


@record
class _Written:
    """What an array was before something was written into it, or added to a part of it.

    Attributes
    ----------
    before : Value
        That array.
    value : Value
        What was written or added.
    places : dict
        Where.
    adds : bool
        Whether it was added.
    """

    before: Value
    value: Value
    places: _Places
    adds: bool


@mutable
class _Table:
    """What is known of the parts of an array: of each what was written last, and what was added to it since."""

    base: Value
    axes: tuple[int, ...]
    parts: dict[tuple[int, ...], list[_Written]]


class _Reader:
    """The visitor that reads through; a table moves along the writes into one array as these are read."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.tables: dict[Op, _Table] = {}

    def __call__(self, writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        (x,) = values
        places = places_of(node.params["index"], shape_of(x))
        if not places or not isinstance(x, Op):
            return None
        table = self._table(x)
        if table is None or not places.keys() >= set(table.axes):
            return None
        key = tuple([places[axis] for axis in table.axes])
        events = table.parts.get(key, [])
        inner = {axis: at for axis, at in places.items() if axis not in table.axes}
        value: Value | None = None
        for event in events:
            part = _part(writer, node, event.value, inner, event.places)
            if not event.adds:
                value = part
                continue
            under = _part(writer, node, table.base, places, {}) if value is None else value
            value = writer.apply(ADD, (under, part), {}, node.shape, node.dtype)
        if value is None:
            return _part(writer, node, table.base, places, {})
        if not inner and len(events) > 1:
            table.parts[key] = [_Written(table.base, value, places, False)]
        return value

    def _table(self, array: Op) -> _Table | None:
        """What is known of an array."""
        links: list[tuple[Op, _Written]] = []
        at: Value = array
        while isinstance(at, Op) and at not in self.tables:
            written = _written(at)
            if written is None or self.patience <= 0 or (links and _axes(written) != _axes(links[-1][1])):
                break
            self.patience -= 1
            links.append((at, written))
            at = written.before
        table = self.tables.pop(at, None) if isinstance(at, Op) else None
        if table is not None and links and table.axes != _axes(links[-1][1]):
            table = None
        if table is None:
            if not links:
                return None
            table = _Table(at, _axes(links[-1][1]), {})
        for _, written in reversed(links):
            key = tuple([written.places[axis] for axis in table.axes])
            if written.adds:
                table.parts.setdefault(key, []).append(written)
            else:
                table.parts[key] = [written]
        self.tables[array] = table
        return table


def _axes(written: _Written) -> tuple[int, ...]:
    return tuple(sorted(written.places))


def _written(array: Op) -> _Written | None:
    """The last write into an array, if its value comes of one."""
    if array.block is SETITEM:
        places = places_of(array.params["index"], array.shape)
        before, value = array.operands
        if places and not isinstance(value, Op) and not np.ndim(value):
            value = np.full(_rest(array, places), value, array.dtype)
        return _Written(before, value, places, False) if places and _fills(array, places, value) else None
    if array.block is SCATTER:
        places = places_of(array.params["index"], array.shape)
        if not places or not _fills(array, places, array.operands[0]):
            return None
        return _Written(np.zeros(array.shape, array.dtype), array.operands[0], places, False)
    if array.block is not ADD:
        return None
    for laid, before in (array.operands, array.operands[::-1]):
        if isinstance(laid, Op) and laid.block is SCATTER and shape_of(before) == laid.shape == array.shape:
            places = places_of(laid.params["index"], laid.shape)
            same = form_of(before).dtype == laid.dtype == array.dtype
            if places and same and _fills(laid, places, laid.operands[0]):
                return _Written(before, laid.operands[0], places, True)
    return None


def _fills(array: Op, places: _Places, value: Value) -> bool:
    """Whether a value has the shape and dtype of what it is written into."""
    form = form_of(value)
    return (form.shape, form.dtype) == (_rest(array, places), array.dtype)


def _rest(array: Op, places: _Places) -> tuple[int, ...]:
    """The shape of some places of an array."""
    return tuple([n for axis, n in enumerate(array.shape) if axis not in places])


def _part(writer: Writer, node: Op, value: Value, places: _Places, gone: _Places) -> Value:
    """Some places of a value that lacks the axes that are `gone`."""
    if not places:
        return value
    axes = [axis for axis in range(len(shape_of(value)) + len(gone)) if axis not in gone]
    index: Any = tuple([places.get(axis, slice(None)) for axis in axes])
    if not isinstance(value, Op):
        return np.asarray(value)[index]
    return writer.apply(GETITEM, (value,), {"index": index}, node.shape, node.dtype)
