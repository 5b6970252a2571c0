"""Promises about the derivative where a function has none, or more than one, each with an example for the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..records import record


@record
class Kink:
    """A promise about the derivative at a kink or a singularity.

    Attributes
    ----------
    at, derivative : str
        Where it is, and what the derivative is there, as the manual prints them.
    f : callable
        A function of one array, as an example.
    point : array_like
        Its argument, at the kink.
    expected : array_like or type
        The Jacobian there (NaN where there is none), or what broadcasts to its shape; or the class of the error
        that says that there is none.

    """

    at: str
    derivative: str
    f: Callable[[Any], Any]
    point: Any
    expected: Any


# The promises of each function, by the function that the user calls.
KINKS: dict[Any, list[Kink]] = {}


def kink(
    fn: Any, at: str, derivative: str, point: Any, expected: Any, f: Callable[[Any], Any] | None = None
) -> None:
    """Promise what the derivative of a function is at a kink; the example is `f`, by default the function."""
    KINKS.setdefault(fn, []).append(Kink(at, derivative, fn if f is None else f, point, expected))
