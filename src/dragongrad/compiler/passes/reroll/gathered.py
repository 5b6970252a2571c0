"""Buffers that are only laid or written into until a loop ends: they are filled at once, when it is done."""

from __future__ import annotations

from ....records import record
from .errors import NoLoopError
from .operands import ADD, GETITEM, SCATTER, SETITEM, Operand, Steps
from .places import joined_index, numbers_in, soft_index
from .repeats import Numbered


def gather(graph: Numbered, steps: Steps, ends: set[int]) -> None:
    """Note what only lays or writes at places that move, and is not among `ends`, which others read.

    Raises
    ------
    NoLoopError
        An index moves in another way.
    """
    users: dict[int, list[int]] = {}
    for at, row in enumerate(steps.operands):
        for operand in row:
            if operand.kind in ("own", "carried"):
                users.setdefault(operand.at, []).append(at)
    laid = {whole: at for at in range(steps.repeat.period) if (whole := _lays(graph, steps, at, users)) >= 0}
    links: dict[int, int] = {}
    for at in steps.places:
        node = graph.nodes[steps.repeat.start + at]
        if node.block is GETITEM and steps.operands[at][0].kind == "fixed":
            continue
        found = [whole for whole, source in laid.items() if source == at]
        if not found:
            raise NoLoopError(f"{node.block.name} has another index in each step")
        links |= _chain(steps, found[0], laid, users)
    for whole, at in links.items():
        if not _leaves_others(steps, at, whole, ends):
            name = graph.nodes[steps.repeat.start + at].block.name
            raise NoLoopError(f"what {name} makes is read before the end")
        index = graph.nodes[steps.repeat.start + at].params["index"]
        steps.places.setdefault(at, [index] * steps.repeat.count)
    steps.gathered.update(links)
    for chain in chains_of(steps):
        # Raises where they cannot be joined.
        shape = graph.nodes[steps.repeat.start + chain[0]].shape
        for link in survivors(graph, steps, chain):
            joined_index([steps.places[links[link.whole]][k] for k in link.steps], shape)


def _lays(graph: Numbered, steps: Steps, at: int, users: dict[int, list[int]]) -> int:
    """The operation by which what is laid or written is in a buffer; -1 where there is none."""
    node = graph.nodes[steps.repeat.start + at]
    if node.block is SETITEM:
        return at
    lays = users.get(at, [])
    if node.block is not SCATTER or len(lays) != 1:
        return -1
    whole = graph.nodes[steps.repeat.start + lays[0]]
    return lays[0] if whole.block is ADD and whole.shape == node.shape else -1


def _chain(steps: Steps, whole: int, laid: dict[int, int], users: dict[int, list[int]]) -> dict[int, int]:
    """All that lays or writes into the buffer into which one operation does."""
    links: dict[int, int] = {}
    while whole not in links:
        source = laid.get(whole, -1)
        following = users.get(whole, [])
        if source < 0 or len(following) != 1 or not _is_handed_on(steps, whole, source):
            raise NoLoopError("a buffer is read before the end")
        links[whole] = source
        (whole,) = following
    return links


def _is_handed_on(steps: Steps, whole: int, source: int) -> bool:
    """Whether the buffer into which an operation lays or writes comes from a step, this one or the last."""
    row = steps.operands[whole]
    buffer = row[0] if source == whole or row[1].at == source else row[1]
    return buffer.kind in ("own", "carried") and buffer.back <= 1


def chains_of(steps: Steps) -> list[list[int]]:
    """The buffers that a step hands on, each by the operations that lay or write into it, in order."""
    after: dict[int, int] = {}
    heads: list[int] = []
    for whole in steps.gathered:
        operand = buffer_of(steps, whole)
        if operand.kind == "carried":
            heads.append(whole)
        else:
            after[operand.at] = whole
    found = []
    for head in heads:
        chain = [head]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        found.append(chain)
    return found


def buffer_of(steps: Steps, whole: int) -> Operand:
    """The buffer into which an operation lays or writes."""
    row = steps.operands[whole]
    return row[0] if steps.gathered[whole] in (whole, row[1].at) else row[1]


@record
class Link:
    """What one operation of a chain leaves in a buffer.

    Attributes
    ----------
    whole : int
        The operation.
    writes : bool
        Whether it writes; otherwise it adds.
    steps : list of int
        The steps in which it does so for good.
    """

    whole: int
    writes: bool
    steps: list[int]


def survivors(graph: Numbered, steps: Steps, chain: list[int]) -> list[Link]:
    """What is left at the end of what a loop lays and writes into a buffer: what is written, then what is added.

    Raises
    ------
    NoLoopError
        The places of different operations overlap in part.
    """
    start = steps.repeat.start
    writing = {whole: graph.nodes[start + whole].block is SETITEM for whole in chain}
    shape = graph.nodes[start + chain[0]].shape
    sources = [steps.gathered[whole] for whole in chain]
    if len({soft_index(steps.places[source][0], shape) for source in sources}) > 1:
        raise NoLoopError("places of different kinds are written into one array")
    places = {whole: numbers_in(steps.places[source], shape) for whole, source in zip(chain, sources, strict=True)}
    left: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for step in range(steps.repeat.count):
        for whole in chain:
            at = places[whole][step]
            if writing[whole]:
                left[at] = [(whole, step)]
            else:
                left.setdefault(at, []).append((whole, step))
    kept: dict[int, list[int]] = {whole: [] for whole in chain}
    for events in left.values():
        for whole, step in events:
            kept[whole].append(step)
    links = [Link(whole, writing[whole], sorted(kept[whole])) for whole in chain if kept[whole]]
    return sorted(links, key=lambda link: not link.writes)


def _leaves_others(steps: Steps, at: int, whole: int, ends: set[int]) -> bool:
    """Whether nobody outside of the loop reads what is laid, or what is gathered before the end."""
    repeat = steps.repeat
    begun = range(repeat.start, repeat.stop, repeat.period)
    if at != whole and any(k + at in ends for k in begun):
        return False
    return not any(k + whole in ends for k in begun[:-1])
