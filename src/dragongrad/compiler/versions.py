"""How many versions of a function are worth compiling: for values without end it runs eagerly."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .instances import has_attributes
from .trace import Guard

# So many versions for the values of one argument that was not named static,
MAX_VALUES = 12
# and so many in all.
MAX_VERSIONS = 64


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


def too_many_values(place: str, value: Any) -> str:
    """For what a function runs eagerly, why, and what to do."""
    if isinstance(value, int):
        why, cure = "Python's integers are", f"Pass float({place}) where it need not be whole"
    else:
        why, cure = f"a {type(value).__name__} is", "Pass what changes as floats or arrays"
    return f"further values of {place}, after {MAX_VALUES}: {why} compiled in by value\n{cure}"


def too_many_ways(ways: Sequence[Sequence[Guard]]) -> str:
    """Why a function runs eagerly that decides in too many ways, with the line that decides most often.

    Parameters
    ----------
    ways : sequence of sequences of Guard
        The decisions on each way.
    """
    lines = [guard.line for guards in ways for guard in guards]
    line, _ = Counter(lines).most_common(1)[0] if lines else ("no line", 0)
    if any(sum(guard.line == line for guard in guards) > 1 for guards in ways):
        cure = (
            "It is in a loop. Take a fixed number of steps, with np.where(condition, new, old) to stop early; or "
            "compile one step, and keep the loop outside. For the solution of an equation write ad.root"
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
