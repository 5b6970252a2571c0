"""Blocks that pass their argument on once it is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.block import general


def checked(name: str, check: Callable[[Any], None]) -> Any:
    """A Block whose value is its argument, for which `check` may raise: in compiled code and in loops too.

    A batch is checked as a whole, along a first axis more.
    """

    def value(x: Any) -> Any:
        check(x)
        return x

    passed: Any = general(
        name, value=value, pullback=lambda out_bar: out_bar, pushforward=lambda x_dot: x_dot, names=("x",),
        parameters=(), batch=lambda size, values, batched: passed(values[0]), dispatches=False,
    )  # fmt: skip
    return passed
