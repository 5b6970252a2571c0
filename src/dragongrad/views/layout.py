"""A layered layout: every box below the boxes it was made from (Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

_HEIGHT, _GAP_X, _GAP_Y, _MARGIN, _LANE = 38.0, 22.0, 34.0, 16.0, 6.0
_MOST_LANES = 20_000


@dataclass
class Placed:
    """A box: its centre and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float = _HEIGHT


@dataclass
class Layout:
    """Where everything goes: the boxes, the points each edge passes between them, and the picture's size."""

    boxes: list[Placed]
    routes: dict[tuple[int, int], list[tuple[float, float]]]
    width: float
    height: float


def place(parents: list[list[int]], widths: list[float]) -> Layout:
    """Place boxes in layers, and lead edges that skip layers through gaps between the boxes.

    `parents[i]` lists the boxes that box `i` was made from, all before `i`; a route is known by `(parent, i)`.
    """
    count = len(parents)
    layer = _layers(parents)
    # An edge over several layers becomes a chain of thin boxes, so that nothing is drawn behind a box.
    widths = list(widths)
    above: list[list[int]] = []
    chains: dict[tuple[int, int], list[int]] = {}
    extra: list[list[int]] = []
    # Of a graph beyond reading, the long edges are drawn straight: their lanes alone would fill megabytes.
    lanes = sum(layer[i] - layer[p] - 1 for i, made_from in enumerate(parents) for p in made_from)
    laned = lanes <= _MOST_LANES
    for i, made_from in enumerate(parents):
        ends = []
        for p in dict.fromkeys(made_from):
            chain: list[int] = []
            for level in range(layer[p] + 1, layer[i] if laned else 0):
                extra.append([chain[-1] if chain else p])
                widths.append(_LANE)
                layer.append(level)
                chain.append(count + len(extra) - 1)
            chains[p, i] = chain
            ends.append(chain[-1] if chain else p)
        above.append(ends)
    above += extra
    below: list[list[int]] = [[] for _ in above]
    rows: list[list[int]] = [[] for _ in range(max(layer, default=0) + 1)]
    for i, ends in enumerate(above):
        rows[layer[i]].append(i)
        for p in ends:
            below[p].append(i)
    x = [0.0] * len(above)
    for row in rows:
        _spread(row, x, widths)
    for _ in range(12):
        _relax(rows, above, x, widths)
        _relax(rows[::-1], below, x, widths)
    left = min((x[i] - widths[i] / 2 for i in range(len(x))), default=0.0) - _MARGIN
    places = [
        Placed(x[i] - left, _MARGIN + _HEIGHT / 2 + layer[i] * (_HEIGHT + _GAP_Y), widths[i]) for i in range(len(x))
    ]
    return Layout(
        boxes=places[:count],
        routes={edge: [point for v in chain for point in _passage(places[v])] for edge, chain in chains.items()},
        width=max((b.x + b.width / 2 for b in places), default=0.0) + _MARGIN,
        height=2 * _MARGIN + len(rows) * _HEIGHT + (len(rows) - 1) * _GAP_Y,
    )


def _passage(lane: Placed) -> list[tuple[float, float]]:
    # Straight down beside the boxes of the row; an edge bends between rows only, where no box is.
    return [(lane.x, lane.y - lane.height / 2), (lane.x, lane.y + lane.height / 2)]


def _layers(parents: list[list[int]]) -> list[int]:
    layer = [0] * len(parents)
    for i, above in enumerate(parents):
        layer[i] = 1 + max((layer[p] for p in above), default=-1)
    first_use = {p: min(layer[i] for i, above in enumerate(parents) if p in above) for p in _used(parents)}
    for p, use in first_use.items():
        # A box without inputs of its own stands just above its first use.
        if not parents[p]:
            layer[p] = use - 1
    return layer


def _used(parents: list[list[int]]) -> set[int]:
    return {p for above in parents for p in above}


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
