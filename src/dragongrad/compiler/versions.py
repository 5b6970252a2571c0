"""Which integers are compiled in, and how many versions are worth it: for more values a function runs eagerly."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..records import field, mutable
from .instances import has_attributes
from .integers import LARGEST
from .signature import key_of
from .traced import Guard

# So many versions for the values of one argument that was not named static,
MAX_VALUES = 12
# and so many in all.
MAX_VERSIONS = 64


@mutable
class Alike:
    """Calls whose arguments differ in Python's integers only, each known by the place of its leaf.

    Attributes
    ----------
    first : dict
        The integers of the first call, which are compiled in.
    computed : frozenset of int
        Those that have had another value since: programs compute with them.
    needed : dict
        Those whose values are needed, and the lines where they are: they are compiled in.
    """

    first: dict[int, int]
    computed: frozenset[int] = frozenset()
    needed: dict[int, str] = field(default_factory=dict)

    def meet(self, integers: dict[int, int]) -> frozenset[int]:
        """Those of the integers of another call that a program is to compute with."""
        changed = {i for i, value in integers.items() if value != self.first[i] and i not in self.needed}
        if not changed <= self.computed:
            self.computed |= changed
        return frozenset([i for i in self.computed if abs(integers[i]) <= LARGEST])

    def need(self, leaves: Collection[int], line: str) -> None:
        """Compile these in from now on."""
        self.needed.update(dict.fromkeys(leaves, line))
        self.computed -= frozenset(leaves)


class Signatures:
    """What the versions of a function are found by."""

    def __init__(self) -> None:
        self._known: dict[Any, Alike] = {}

    def of(
        self, leaves: list[Any], structure: Any, fixed: Collection[int], lenient: bool
    ) -> tuple[Any, list[int], frozenset[int], Alike | None]:
        """The key of a call, the leaves that are computed with, Python's integers among them, and calls like it."""
        integers = {i: leaf for i, leaf in enumerate(leaves) if leaf.__class__ is int and i not in fixed}
        alike = None
        if integers:
            key, _ = key_of(leaves, structure, fixed, lenient, integers)
            alike = self._known.get(key)
            if alike is None and len(self._known) < MAX_VERSIONS:
                alike = self._known.setdefault(key, Alike(integers))
        computed = frozenset[int]() if alike is None else alike.meet(integers)
        return *key_of(leaves, structure, fixed, lenient, computed), computed, alike


def changing(versions: Mapping[Any, Any], key: Any, count: int, free: Collection[int]) -> int | None:
    """The static leaf of which so many values were compiled in that another is not worth it, if there is one.

    Parameters
    ----------
    versions : mapping
        The versions by their keys.
    key : tuple
        Of a call that none of them answers.
    count : int
        How many leaves it has.
    free : collection of int
        Leaves that may have as many values as there are versions.
    """
    found: Counter[int] = Counter()
    for other in list(versions):
        if isinstance(other, tuple) and len(other) == len(key):
            places = [k for k, (a, b) in enumerate(zip(key, other, strict=True), count - len(key)) if a != b]
            if len(places) == 1:
                found[places[0]] += 1
    return next((i for i, n in found.items() if n >= MAX_VALUES and i >= 0 and i not in free), None)


def place_of(f: Any, structure: Any, leaf: int) -> str:
    """How a leaf of the arguments is written in the function, such as `p['rate']` or `self.count`."""
    first, second, *rest = structure.paths()[leaf]
    node = structure.child(first)
    if first == 0:
        try:
            name = list(inspect.signature(f).parameters)[second]
        except (TypeError, ValueError, IndexError):
            name = f"x{second}"
        node = node.child(second)
    else:
        name = second
        node = node.child(node.entries().index(second))
    for entry in rest:
        name += f".{entry}" if has_attributes(node.type) else f"[{entry!r}]"
        node = node.child(node.entries().index(entry))
    return name


def excess(
    f: Any, versions: Mapping[Any, Any], key: Any, leaves: Sequence[Any], structure: Any, free: Collection[int],
    alike: Alike | None,
) -> tuple[str, str] | None:  # fmt: skip
    """For which argument a function runs eagerly from now on ("": for all), why, and what to do; None: compile it.

    Parameters
    ----------
    f : callable
        The function.
    versions, key, free
        As `changing` takes them.
    leaves, structure
        The arguments `(args, kwargs)`, taken apart.
    alike : Alike or None
        Knows where the values of integers are needed.
    """
    leaf = changing(versions, key, len(leaves), free)
    if leaf is None:
        return ("", TOO_MANY) if len(versions) >= MAX_VERSIONS else None
    place, value = place_of(f, structure, leaf), leaves[leaf]
    if isinstance(value, int):
        line = alike.needed.get(leaf) if alike is not None else None
        why = "Python's integers are compiled in by value where it is needed" + (f"\n  at {line}" if line else "")
        cure = (
            f"Pass np.array({place}) for the place of an element, float({place}) where it need not be whole; or "
            "name the argument in static=, which compiles any number of values"
        )
    else:
        why, cure = f"a {type(value).__name__} is compiled in by value", "Pass what changes as floats or arrays"
    return place, f"further values of {place}, after {MAX_VALUES}: {why}\n{cure}"


def most_decided(ways: Sequence[Sequence[Guard]]) -> str:
    """The line that decides most often."""
    lines = [guard.line for guards in ways for guard in guards]
    return Counter(lines).most_common(1)[0][0] if lines else "no line"


def too_many_ways(ways: Sequence[Sequence[Guard]]) -> str:
    """Why a function runs eagerly that decides in too many ways, with the line that decides most often.

    Parameters
    ----------
    ways : sequence of sequences of Guard
        The decisions on each way.
    """
    line = most_decided(ways)
    if any(sum(guard.line == line for guard in guards) > 1 for guards in ways):
        cure = (
            "It is in a loop. Write ad.while_loop(condition, step, start), which is one program whatever the "
            "number of steps. For the solution of an equation write ad.root"
        )
    else:
        cure = "Write np.where(condition, a, b) where both sides can be computed"
    return (
        f"takes more than {len(ways)} ways through decisions that depend on values; it runs eagerly from now on. "
        f"Most decisions are at {line}\n{cure}"
    )


TOO_MANY = (
    f"further shapes, dtypes and static values, after {MAX_VERSIONS} sets of them\n"
    "Pad arrays to a few shapes, and pass what changes as floats or arrays"
)
