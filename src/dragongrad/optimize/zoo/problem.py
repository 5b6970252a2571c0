"""What a test function is: formula, source, domain, starts and known minima beside the plain NumPy code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import ArgumentError

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Problem:
    """A published test function.

    Attributes
    ----------
    name : str
        How the table and the command line call it.
    f : callable
        The function of a vector of shape (n,), in plain NumPy; it returns one number.
    n : int
        Its dimension, or a usual one where it has any.
    formula : str
        What `f` computes, in LaTeX.
    source : str
        Where it was published.
    bounds : tuple of float, or callable
        The usual domain of every coordinate, `(low, high)`; or `bounds(n)`, of shape (n, 2).
    at : callable
        `at(n)`: the global minimizers that are known, a list of vectors (empty where only the value is known).
    least : float or callable
        The global minimum, or `least(n)`.
    begin : callable
        `begin(n)`: the standard starts, a list of vectors.
    any_n : bool
        Whether it is defined in other dimensions than `n`.
    residuals : callable or None
        Of a sum of squares: the vector of residuals `r(x)`, with `f(x) = sum(r(x)**2)`.

    """

    name: str
    f: Callable[[Any], Any]
    n: int
    formula: str
    source: str
    bounds: tuple[float, float] | Callable[[int], Array]
    at: Callable[[int], list[Any]]
    least: float | Callable[[int], float]
    begin: Callable[[int], list[Any]]
    any_n: bool = False
    residuals: Callable[[Any], Any] | None = None

    def _dimension(self, n: int | None) -> int:
        if n is None or n == self.n:
            return self.n
        if not self.any_n:
            raise ArgumentError(f"{self.name} is a function of {self.n} numbers, not of {n}")
        return n

    def starts(self, n: int | None = None) -> list[Array]:
        """The standard starting points in n dimensions."""
        return [np.array(x, float) for x in self.begin(self._dimension(n))]

    def minima(self, n: int | None = None) -> list[Array]:
        """The known global minimizers in n dimensions."""
        return [np.array(x, float) for x in self.at(self._dimension(n))]

    def minimum(self, n: int | None = None) -> float:
        """The global minimum in n dimensions."""
        n = self._dimension(n)
        return float(self.least(n) if callable(self.least) else self.least)

    def domain(self, n: int | None = None) -> Array:
        """The usual domain in n dimensions, of shape (n, 2)."""
        n = self._dimension(n)
        return np.array(self.bounds(n) if callable(self.bounds) else [self.bounds] * n, float)

    def __call__(self, x: Any) -> Any:
        """The value at `x`."""
        return self.f(x)
