"""Which stretches of a Graph are made loops, and why others are not."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ....core.block import BLOCKS
from ....records import mutable, record
from ...graph import LOOPS, RESULT, Graph, Op, bytes_of
from ...lowering import fits
from ..dead import drop_dead
from ..keep import FREE_BYTES
from .body import write_loop
from .buffers import read_through
from .errors import NoLoopError
from .gathered import gather
from .operands import Steps, read_outside, steps_of
from .repeats import LEAST_STEPS, Numbered, Repeat, numbered, repeats_of
from .write import Rolling

# A Graph of fewer operations stays as it is: written out, a few steps are compiled as quickly and run faster.
LEAST_OPERATIONS = 1000
# So does a stretch of fewer, whatever else is a loop.
LEAST_OF_ONE = 64
# So many parts of a step may apply the same Blocks, and differ in what these are applied to.
_MOST_ALIKE = 8
# What else than loops over elements a native body can do: values of LAPACK, and what has several values.
_NATIVE = frozenset({*[BLOCKS[fn] for fn in (np.linalg.cholesky, np.linalg.solve, np.linalg.inv)], RESULT, *LOOPS})


@record
class Found:
    """A stretch that repeats.

    Attributes
    ----------
    count, period : int
        How many steps it has, and how many operations a step.
    what : str
        The names of its commonest operations.
    why_not : str
        Why it stays written out; empty where it is a loop.
    """

    count: int
    period: int
    what: str
    why_not: str


@mutable
class _Search:
    """What was found in a Graph."""

    graph: Graph
    numbers: Numbered
    loops: list[Steps]
    others: list[tuple[Repeat, str]]


def reroll(graph: Graph) -> Graph:
    """Write what a Graph repeats as loops, where that is worth it.

    A stretch is made a loop where each operand of each of its operations is the same in all steps, is made in the
    same step or one before, or is a row of some array: exactly these, or it stays as it is. The values are those of
    the steps written out, to the last bit, but for terms that are laid at one place of an array and added up there.
    """
    found = _search(graph)
    if found is None or not found.loops:
        return graph
    rolling = Rolling(found.graph, found.numbers, found.loops)
    for loop in rolling.loops:
        rolling.copy_to(loop)
        write_loop(rolling, loop)
    return drop_dead(rolling.finish())


def find_loops(graph: Graph) -> list[Found]:
    """What a Graph repeats, in order, with what becomes of it."""
    found = _search(graph)
    if found is None:
        return []
    pairs = [(steps.repeat, "") for steps in found.loops]
    pairs += [(repeat, f"written out: {why}") for repeat, why in found.others]
    return [_described(found.numbers, *pair) for pair in sorted(pairs, key=lambda pair: pair[0].start)]


def _described(numbers: Numbered, repeat: Repeat, why: str) -> Found:
    names = Counter(node.block.name for node in numbers.nodes[repeat.start : repeat.start + repeat.period])
    return Found(repeat.count, repeat.period, ", ".join([name for name, _ in names.most_common(3)]), why)


def _search(graph: Graph) -> _Search | None:
    if len(graph.nodes) < LEAST_OPERATIONS:
        return None
    alive = drop_dead(graph)
    graph = read_through(alive)
    graph = graph if graph is alive else drop_dead(graph)
    numbers = numbered(graph)
    found = _Search(graph, numbers, [], [])
    for repeat in repeats_of(numbers, LEAST_OF_ONE):
        if repeat.period * repeat.count < LEAST_OF_ONE:
            continue
        steps, why = _steps_of(numbers, repeat)
        if steps is None:
            found.others.append((repeat, why))
        else:
            found.loops.append(steps)
    found.loops.sort(key=lambda steps: steps.repeat.start)
    single = read_outside(graph, numbers, [steps.repeat for steps in found.loops], singly=True)
    found.loops = [_without_ends(numbers, steps, single) for steps in found.loops]
    ends = read_outside(graph, numbers, [steps.repeat for steps in found.loops])
    for steps in list(found.loops):
        try:
            gather(numbers, steps, ends)
        except NoLoopError as error:
            _leave(found, steps, str(error))
    _keep_what_hands_on(found)
    if sum(steps.repeat.stop - steps.repeat.start for steps in found.loops) < LEAST_OPERATIONS:
        for steps in list(found.loops):
            _leave(found, steps, f"loops of fewer than {LEAST_OPERATIONS} operations are faster written out")
    return found


def _steps_of(numbers: Numbered, repeat: Repeat) -> tuple[Steps | None, str]:
    """A stretch as a loop, or why it is none: a step may be several times what has the same operations."""
    first = ""
    for times in range(1, min(_MOST_ALIKE, repeat.count // LEAST_STEPS) + 1):
        longer = Repeat(repeat.start, repeat.period * times, repeat.count // times)
        try:
            _check_native(numbers, longer)
            return steps_of(numbers, longer), ""
        except NoLoopError as error:
            first = first or str(error)
    return None, first


def _without_ends(numbers: Numbered, steps: Steps, single: set[int]) -> Steps:
    """A loop without its first or last step, where large values of that step would be kept of all for one reader.

    The steps back that differ from the others are written out, and read what these steps have made.
    """
    carried = {one.at for row in steps.operands for one in row if one.kind == "carried" and one.back == 1}
    for first in (False, True):
        repeat = steps.repeat
        begin = repeat.start if first else repeat.stop - repeat.period
        ends = [at for at in range(repeat.period) if begin + at in single and (first or at not in carried)]
        nodes = [numbers.nodes[begin + at] for at in ends if at not in steps.places]
        if repeat.count * sum(map(bytes_of, nodes)) <= FREE_BYTES:
            continue
        start = repeat.start + repeat.period * first
        try:
            steps = steps_of(numbers, Repeat(start, repeat.period, repeat.count - 1))
        except NoLoopError:
            continue
    return steps


def _leave(found: _Search, steps: Steps, why: str) -> None:
    found.loops.remove(steps)
    found.others.append((steps.repeat, why))


def _check_native(numbers: Numbered, repeat: Repeat) -> None:
    """Refuse a loop of whose body something is left to NumPy: the whole of it would be."""
    for node in numbers.nodes[repeat.start : repeat.start + repeat.period]:
        if node.block not in _NATIVE and not fits(node):
            raise NoLoopError(f"{node.block.name} is not computed natively")


def _keep_what_hands_on(found: _Search) -> None:
    """Leave written out what could be computed in any order, but for what goes with a loop that cannot."""
    kept = [steps for steps in found.loops if _hands_on(steps)]
    rest = [steps for steps in found.loops if steps not in kept]
    while near := [steps for steps in rest if any(_are_near(found, steps, other) for other in kept)]:
        kept += near
        rest = [steps for steps in rest if steps not in near]
    for steps in rest:
        _leave(found, steps, "its steps need nothing of one another")


def _hands_on(steps: Steps) -> bool:
    """Whether at least as much of a step is computed from what the step before has made as from its rows alone."""
    late, moving = set[int](), set[int]()
    for at, row in enumerate(steps.operands):
        if at in steps.gathered:
            continue
        if any(one.kind == "carried" or (one.kind == "own" and one.at in late) for one in row):
            late.add(at)
        elif at in steps.places or any(
            one.kind == "rows" or (one.kind == "own" and one.at in moving) for one in row
        ):
            moving.add(at)
    return bool(late) and len(late) >= len(moving.difference(steps.places))


def _are_near(found: _Search, one: Steps, other: Steps) -> bool:
    """Whether one of two stretches reads rows that the other makes."""
    return _reads(found, one, other.repeat) or _reads(found, other, one.repeat)


def _reads(found: _Search, steps: Steps, maker: Repeat) -> bool:
    rows = [one.values[0] for row in steps.operands for one in row if one.kind == "rows"]
    places = [found.numbers.places[value] for value in rows if isinstance(value, Op)]
    return any(maker.start <= place < maker.stop for place in places)
