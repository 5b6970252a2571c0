"""The steps of a loop that goes on as long as a condition holds, and of its ways back and forth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def walk(
    goes_on: Callable[[list[Any]], bool], ways: Sequence[Callable[[list[Any]], Sequence[Any]]],
    fixed: Sequence[Any], states: Sequence[Sequence[Any]],
) -> list[Any]:  # fmt: skip
    """What each way of a loop ends with, from its constants and what each begins with, a step after the other."""
    state, begun = list(states[0]), list[list[Any]]()
    while goes_on([*fixed, *state]):
        if len(ways) > 1:
            begun.append(state)
        state = list(ways[0]([*fixed, *state]))
    ends = state
    for number, (way, first) in enumerate(zip(ways[1:], states[1:], strict=True), 1):
        state = list(first)
        order = range(len(begun))
        for t in reversed(order) if number % 2 else order:
            known, begun[t] = begun[t], [*begun[t], *state]
            state = list(way([*fixed, *state, *known]))
        ends = [*ends, *state]
    return ends
