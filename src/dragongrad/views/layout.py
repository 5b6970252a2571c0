"""A layered layout: every box below the boxes it was made from (Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 38.0, 22.0, 34.0, 16.0


@dataclass
class Placed:
    """A box: its centre and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float = _HEIGHT


def place(parents: list[list[int]], widths: list[float]) -> tuple[list[Placed], float, float]:
    """Place boxes in layers: their places, and the width and height of the picture.

    `parents[i]` lists the boxes that box `i` was made from, all before `i`.
    """
    count = len(parents)
    layer = [0] * count
    for i, above in enumerate(parents):
        layer[i] = 1 + max((layer[p] for p in above), default=-1)
    children: list[list[int]] = [[] for _ in range(count)]
    for i, above in enumerate(parents):
        for p in above:
            children[p].append(i)
    rows: list[list[int]] = [[] for _ in range(max(layer, default=0) + 1)]
    for i in range(count):
        # A box without inputs of its own stands just above its first use.
        if not parents[i] and children[i]:
            layer[i] = min(layer[c] for c in children[i]) - 1
        rows[layer[i]].append(i)
    x = [0.0] * count
    for row in rows:
        _spread(row, x, widths)
    for _ in range(12):
        _relax(rows, parents, x, widths)
        _relax(rows[::-1], children, x, widths)
    left = min((x[i] - widths[i] / 2 for i in range(count)), default=0.0) - _MARGIN
    boxes = [
        Placed(x[i] - left, _MARGIN + _HEIGHT / 2 + layer[i] * (_HEIGHT + _GAP_Y), widths[i]) for i in range(count)
    ]
    width = max((b.x + b.width / 2 for b in boxes), default=0.0) + _MARGIN
    return boxes, width, 2 * _MARGIN + len(rows) * _HEIGHT + (len(rows) - 1) * _GAP_Y


def _relax(rows: list[list[int]], neighbours: list[list[int]], x: list[float], widths: list[float]) -> None:
    """Move each box towards the mean of its neighbours, and reorder the rows by where that is."""
    for row in rows:
        wish = {i: sum(x[n] for n in neighbours[i]) / len(neighbours[i]) if neighbours[i] else x[i] for i in row}
        row.sort(key=lambda i: wish[i])
        for i in row:
            x[i] = wish[i]
        _spread(row, x, widths)


def _spread(row: list[int], x: list[float], widths: list[float]) -> None:
    """Push the boxes of a row apart where they overlap, keeping their order and their common centre."""
    if not row:
        return
    centre = sum(x[i] for i in row) / len(row)
    for before, i in pairwise(row):
        x[i] = max(x[i], x[before] + (widths[before] + widths[i]) / 2 + _GAP_X)
    shift = centre - sum(x[i] for i in row) / len(row)
    for i in row:
        x[i] += shift
