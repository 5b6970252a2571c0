"""Where a Graph repeats itself: stretches of operations that are applied again and again in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from ....records import record
from ...graph import Graph, Op
from ...rewrite import is_place
from ..share import key_of

# Fewer steps are no loop.
LEAST_STEPS = 8
# So many distances are looked at.
_SEARCHES = 24

_Numbers: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"


@record
class Numbered:
    """A Graph as numbers.

    Attributes
    ----------
    nodes : list of Op
        The operations, and behind them the inputs: a value is known by its place here, and a constant as -1.
    kinds : array of int
        Of each operation: equal numbers are equal but for their operands, and for whole numbers in an index.
    operands : array of int
        The values that all operations are applied to, one after the other.
    begins : array of int
        Where those of each operation begin.
    places : dict
        The place of each value.
    """

    nodes: list[Op]
    kinds: _Numbers
    operands: _Numbers
    begins: _Numbers
    places: dict[Op, int]


@record
class Repeat:
    """A stretch of a Graph.

    Attributes
    ----------
    start, period, count : int
        The place of its first operation, how many a step has, and the number of steps.
    """

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        """The place behind its last operation."""
        return self.start + self.period * self.count


def numbered(graph: Graph) -> Numbered:
    """A Graph as numbers."""
    places = {node: k for k, node in enumerate([*graph.nodes, *graph.inputs])}
    kinds: dict[Any, int] = {}
    found, operands, begins = [], list[int](), [0]
    for node in graph.nodes:
        params = soft_key(node.params) if node.params else ()
        key = node.block, node.shape, node.dtype, node.outputs, len(node.operands), params
        found.append(kinds.setdefault(key, len(kinds)))
        operands += [places[v] if v.__class__ is Op else -1 for v in node.operands]
        begins.append(len(operands))
    given, used, first = [np.array(part, np.int64) for part in (found, operands, begins)]
    return Numbered(list(places), given, used, first, places)


def soft_key(params: dict[str, Any]) -> Any:
    """What parameters of equal operations of a loop have in common: whole numbers in an index may differ."""
    if "index" not in params:
        return key_of(params)
    index = params["index"]
    if not isinstance(index, tuple):
        return key_of(params)
    soft = tuple(["place" if is_place(part) else key_of(part) for part in index])
    rest = [(k, key_of(v)) for k, v in params.items() if k != "index"]
    return soft, tuple(rest)


def repeats_of(graph: Numbered, least: int) -> Iterator[Repeat]:
    """The stretches that repeat, the longest first, until fewer than `least` operations are in none.

    No two of them have an operation in common.

    How well a Graph agrees with itself moved by some distance is told for all distances at once by the
    autocorrelation of random numbers that stand for the kinds; whether it does is then looked up.
    """
    kinds = graph.kinds
    codes = np.random.default_rng(0).standard_normal(int(kinds.max(initial=0)) + 1)[kinds]
    free, useless = np.ones(len(kinds), bool), list[int]()
    for _ in range(_SEARCHES):
        if np.count_nonzero(free) < least:
            return
        agreement = _autocorrelation(np.where(free, codes, 0.0))[: len(kinds) // LEAST_STEPS + 1]
        agreement[[0, *useless]] = -np.inf
        lag = int(np.argmax(agreement))
        if agreement[lag] <= 0:
            return
        runs = _runs(kinds, free, lag)
        if not runs:
            useless.append(lag)
        lag, runs = _outermost(kinds, free, lag, runs)
        for begin, end in runs:
            period = _shortest(kinds[begin:end], lag)
            free[begin:end] = False
            yield _turned(graph, begin, end, period)


def _autocorrelation(codes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    size = 1 << (2 * len(codes)).bit_length()
    spectrum = np.fft.rfft(codes, size)
    return np.fft.irfft(spectrum * spectrum.conj(), size)[: len(codes)]


def _runs(kinds: _Numbers, free: Any, lag: int) -> list[tuple[int, int]]:
    """Where the kinds repeat at a distance for enough steps."""
    same = (kinds[:-lag] == kinds[lag:]) & free[:-lag] & free[lag:]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]])))
    found = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(begin, end + lag) for begin, end in found if end - begin >= (LEAST_STEPS - 1) * lag]


def _outermost(
    kinds: _Numbers, free: Any, lag: int, runs: list[tuple[int, int]]
) -> tuple[int, list[tuple[int, int]]]:
    """Where stretches repeat themselves at one distance, the stretches and distance of the loop around them."""
    while len(runs) >= LEAST_STEPS:
        apart, often = np.unique(np.diff([begin for begin, _ in runs]), return_counts=True)
        around = int(apart[np.argmax(often)])
        outer = _runs(kinds, free, around)
        if around <= lag or sum(end - begin for begin, end in outer) < sum(end - begin for begin, end in runs):
            break
        lag, runs = around, outer
    return lag, runs


def _shortest(kinds: _Numbers, lag: int) -> int:
    """The shortest distance at which a stretch repeats that repeats at this one."""
    return next(q for q in range(1, lag + 1) if lag % q == 0 and np.array_equal(kinds[q:], kinds[:-q]))


def _turned(graph: Numbered, begin: int, end: int, period: int) -> Repeat:
    """The steps, begun where the least is handed on from one to the next."""
    count = (end - begin) // period
    middle = begin + (count // 2) * period
    first, last = max(begin, middle - period), min(end, middle + 2 * period)
    low, high = graph.begins[first], graph.begins[last]
    users = np.repeat(np.arange(first, last), np.diff(graph.begins[first : last + 1]))
    used = graph.operands[low:high]
    near = (used >= first) & (used < users) & (users - used <= period)
    until = np.arange(first, last)
    np.maximum.at(until, used[near] - first, users[near])
    sizes = np.array([1 + node.size for node in graph.nodes[first:last]], float)
    handed = np.zeros(last - first + 1)
    np.add.at(handed, np.arange(last - first) + 1, sizes)
    np.add.at(handed, until - first + 1, -sizes)
    cost = np.cumsum(handed)[middle - first : middle - first + period]
    # Where the stretch itself begins if that is as good.
    order = np.roll(cost, -((begin - middle) % period))
    start = begin + int(np.argmin(order))
    return Repeat(start, period, (end - start) // period)
