"""What a test function is: formula, source, domain, starts and known minima beside the plain NumPy code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...core.errors import ArgumentError, ShapeError

Array: TypeAlias = np.ndarray[Any, Any]

ANY = range(1, 2**31)


def none_known(n: int) -> list[Any]:
    """No points: where only the value of a minimum is known, or where there is nothing to tell."""
    return []


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
        Its dimension, or a usual one where it has several.
    formula : str
        What `f` computes, in LaTeX.
    source : str
        Where it was published.
    bounds : tuple of float, or callable
        The usual domain of every coordinate, `(low, high)`; or `bounds(n)`, of shape (n, 2).
    at : callable
        `at(n)`: the global minimizers that are known, a list of vectors (empty where only the value is known).
    least : float or callable
        The global minimum, or `least(n)`; NaN in dimensions for which none is published.
    begin : callable
        `begin(n)`: the standard starts, a list of vectors; where none is published, one that we chose.
    any_n : bool
        Whether it is defined in other dimensions than `n`.
    residuals : callable or None
        Of a sum of squares: the vector of residuals `r(x)`, with `f(x) = sum(r(x)**2)`.
    dimensions : range
        Of a function of any n: the dimensions in which it is defined.
    local : callable
        `local(n)`: known minima that are not global, and saddles at which methods are known to end, a list of
        `(value, point)`; the point is None where it lies at infinity.
    kinks : str
        Where it has no first or second derivative, and which derivative the code gives there; empty if it is
        smooth on its domain.

    """

    name: str
    f: Callable[[Any], Any]
    n: int
    formula: str
    source: str
    bounds: tuple[float, float] | Callable[[int], Any]
    at: Callable[[int], list[Any]]
    least: float | Callable[[int], float]
    begin: Callable[[int], list[Any]]
    any_n: bool = False
    residuals: Callable[[Any], Any] | None = None
    dimensions: range = ANY
    local: Callable[[int], list[Any]] = none_known
    kinks: str = ""

    def _dimension(self, n: int | None) -> int:
        if n is None or n == self.n:
            return self.n
        if not self.any_n:
            raise ArgumentError(f"{self.name} is a function of {self.n} numbers, not of {n}")
        if n not in self.dimensions:
            first, second = self.dimensions[:2]
            raise ArgumentError(
                f"{self.name} is not defined in {n} dimensions: choose n among {first}, {second}, ..."
                + (f", {self.dimensions[-1]}" if len(self.dimensions) < 1000 else "")
            )
        return n

    def starts(self, n: int | None = None) -> list[Array]:
        """The standard starting points in n dimensions."""
        return [np.array(x, float) for x in self.begin(self._dimension(n))]

    def minima(self, n: int | None = None) -> list[Array]:
        """The known global minimizers in n dimensions."""
        return [np.array(x, float) for x in self.at(self._dimension(n))]

    def minimum(self, n: int | None = None) -> float:
        """The global minimum in n dimensions, NaN where none is published."""
        n = self._dimension(n)
        return float(self.least(n) if callable(self.least) else self.least)

    def local_minima(self, n: int | None = None) -> list[tuple[float, Array | None]]:
        """The known minima that are not global, and saddles that trap: values, and points if finite."""
        found = self.local(self._dimension(n))
        return [(float(value), None if x is None else np.array(x, float)) for value, x in found]

    def domain(self, n: int | None = None) -> Array:
        """The usual domain in n dimensions, of shape (n, 2)."""
        n = self._dimension(n)
        return np.array(self.bounds(n) if callable(self.bounds) else [self.bounds] * n, float)

    def __call__(self, x: Any) -> Any:
        """The value at a vector.

        Raises
        ------
        ShapeError
            `x` is not a vector.
        ArgumentError
            The function is not defined in so many dimensions.

        """
        x = np.asarray(x, float) if isinstance(x, (list, tuple)) else x
        shape = np.shape(x)
        if len(shape) != 1:
            raise ShapeError(
                f"{self.name} is a function of a vector of shape ({self.n},), got the shape {shape}; "
                "for many points at once write ad.vmap(problem)(points)"
            )
        self._dimension(shape[0])
        return self.f(x)


def sum_of_squares(residuals: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function whose terms are the squares of `residuals`."""

    def f(x: Any) -> Any:
        r = residuals(x)
        return np.sum(r * r)

    return f


def known(table: dict[int, float]) -> Callable[[int], float]:
    """Minima published for some dimensions only: NaN in the others."""
    return lambda n: table.get(n, float("nan"))
