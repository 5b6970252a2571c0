"""Bounds on parameters, in the forms that SciPy's users and those of nests write them in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..pytrees import flatten_up_to
from .objective import Array, Packing
from .options import near, real, shown

# So many parameters are named in a message.
_TOLD = 5


@dataclass(frozen=True)
class Box:
    """The least and the greatest value of each of n parameters, infinite where there is none.

    Attributes
    ----------
    low, high : float array of shape (n,)

    """

    low: Array
    high: Array

    def clip(self, x: Array) -> Array:
        """The nearest point inside, of the shape and dtype of `x`."""
        return np.clip(x.ravel(), self.low, self.high).astype(x.dtype).reshape(x.shape)

    def moves(self, start: Array, names: list[str]) -> str:
        """What is said of a start outside, which is moved to the nearest point inside; empty of one inside."""
        x = np.ravel(start)
        outside = np.flatnonzero((x < self.low) | (x > self.high))
        if not outside.size:
            return ""
        inside = self.clip(x)
        told = [f"{names[k]} = {x[k]:g} to {inside[k]:g}" for k in outside[:_TOLD]]
        return "the start was moved within the bounds: " + ", ".join(told) + " ..." * (outside.size > _TOLD)

    def holds(self, x: Array) -> bool:
        """Whether a vector lies inside."""
        return bool(((self.low <= x) & (x <= self.high)).all())

    def at_bounds(self, x: Array) -> Array:
        """For each parameter -1 at the lower bound, 1 at the upper one, 0 between them."""
        x = np.ravel(x)
        return np.where(x <= self.low, -1, np.where(x >= self.high, 1, 0))

    def held(self, x: Array, gradient: Array) -> Array:
        """Which parameters are at a bound that the negative gradient leads across, or have but one value."""
        place, g = self.at_bounds(x), np.ravel(gradient)
        return ((place < 0) & (g >= 0)) | ((place > 0) & (g <= 0)) | (self.low >= self.high)


def read_bounds(bounds: Any, packing: Packing, sides_first: bool = False) -> Box | None:
    """Bounds as two vectors; None where there are none.

    Parameters
    ----------
    bounds : None, scipy.optimize.Bounds, sequence of pairs, tuple of two sides, or nest of pairs
        A pair is `(low, high)`, each a number, or None or infinite where there is no bound; None for neither. Of an
        array of n numbers: n pairs, or the pair itself where n is 1. Of a nest: two sides `(low, high)`, each a
        number or a nest like the parameters; or a nest like the parameters with a pair for each array (or a list
        with a pair for each number of it), where a dict may leave out what has no bounds.
    packing : Packing
        Of the parameters.
    sides_first : bool
        Whether two of anything are the two sides of an array, as `scipy.optimize.least_squares` has it; otherwise
        they are the pairs of an array of two numbers, as `scipy.optimize.minimize` has it.

    Raises
    ------
    ArgumentError
        They are none of these, do not fit the parameters, or a lower bound is greater than its upper one.

    """
    if bounds is None:
        return None
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        n = (packing.start.size,)
        low, high = _ends(bounds.lb, n, -math.inf), _ends(bounds.ub, n, math.inf)
    elif packing.structure is None:
        low, high = _of_array(bounds, packing, sides_first)
    else:
        low, high = _of_nest(bounds, packing)
    _refuse_empty(low, high, packing)
    return Box(low, high)


def _refuse_empty(low: Array, high: Array, packing: Packing) -> None:
    """Refuse bounds between which there is no number."""
    nowhere = np.flatnonzero(~(low <= high) | (low == math.inf) | (high == -math.inf))
    if nowhere.size:
        k = int(nowhere[0])
        a, b = float(low[k]), float(high[k])
        wrong, line = "the lower one must not be greater", f"({b:g}, {a:g})"
        if not a > b:
            wrong, line = "there is no number between them", "(-np.inf, np.inf), or None, for no bounds"
        raise ArgumentError(f"the bounds of {packing.names()[k]} are {a:g} and {b:g}: {wrong}; write {line}")


def side(bound: Any, packing: Packing, missing: float) -> Array:
    """One side of the bounds as a vector: a number for all, or a nest like the parameters; what is None is missing.

    Raises
    ------
    ArgumentError
        It is neither, or does not fit the parameters.

    """
    if packing.structure is None or _is_end(bound):
        parts = [bound] * len(packing.shapes)
    else:
        try:
            parts = flatten_up_to(packing.structure, bound)
        except (TypeError, ValueError):
            raise ArgumentError(f"the bounds {shown(bound)} do not have the structure of the parameters") from None
    return _joined([_ends(part, shape, missing) for part, shape in zip(parts, packing.shapes, strict=True)])


def _of_array(bounds: Any, packing: Packing, sides_first: bool) -> tuple[Array, Array]:
    n = packing.start.size
    if not isinstance(bounds, (list, tuple, np.ndarray)) or (isinstance(bounds, np.ndarray) and not bounds.ndim):
        raise _unreadable(bounds, n, sides_first)
    members = list(bounds)
    two_ends = len(members) == 2 and all(map(_is_end, members))
    tuples = isinstance(bounds, list) and all(isinstance(m, tuple) for m in members)
    if sides_first and n == len(members) == 2 and tuples:
        raise ArgumentError(
            f"bounds={shown(bounds)} may be two pairs or two sides: write the sides, "
            "bounds=([low_1, low_2], [high_1, high_2])"
        )
    if len(members) == 2 and (sides_first or (n == 1 and two_ends)):
        return side(members[0], packing, -math.inf), side(members[1], packing, math.inf)
    if len(members) != n or two_ends or not all(map(_may_be_pair, members)):
        raise _unreadable(bounds, n, sides_first)
    return _pairs(members)


def _may_be_pair(member: Any) -> bool:
    return member is None or hasattr(member, "lb") or (hasattr(member, "__len__") and len(member) == 2)


def _unreadable(bounds: Any, n: int, sides_first: bool) -> ArgumentError:
    each = f"a pair for each of the {n} numbers, or scipy.optimize.Bounds(low, high)"
    form = "(low, high), each a number or an array" if sides_first else each
    line = "bounds=(0, np.inf)" if sides_first else "bounds=[" + ", ".join(["(0, 1)"] * min(n, 3)) + "]"
    line = line.replace("]", ", ...]") if n > 3 and not sides_first else line
    return ArgumentError(f"bounds must be {form}, got {shown(bounds)}; write {line}, with None for no bound")


def _of_nest(bounds: Any, packing: Packing) -> tuple[Array, Array]:
    if isinstance(bounds, tuple) and len(bounds) == 2 and not hasattr(bounds, "_fields"):
        return side(bounds[0], packing, -math.inf), side(bounds[1], packing, math.inf)
    paths = packing.structure.paths()  # type: ignore[union-attr]
    _refuse_strangers(bounds, {path[:k] for path in paths for k in range(1, len(path) + 1)}, ())
    sides = [_pair(_at(bounds, path), shape) for path, shape in zip(paths, packing.shapes, strict=True)]
    return _joined([low for low, _ in sides]), _joined([high for _, high in sides])


def _refuse_strangers(bounds: Any, known: set[tuple[Any, ...]], at: tuple[Any, ...]) -> None:
    """Refuse names in a nest of bounds that the parameters do not have."""
    if not isinstance(bounds, Mapping):
        return
    for key, inner in bounds.items():
        if (*at, key) not in known:
            here = [str(path[-1]) for path in known if path[:-1] == at]
            raise ArgumentError(f"there are bounds for {key!r}, which is no parameter{near(key, here)}")
        _refuse_strangers(inner, known, (*at, key))


def _at(bounds: Any, path: tuple[Any, ...]) -> Any:
    """What stands in a nest of bounds where the parameters have a leaf; None where nothing does."""
    for key in path:
        if bounds is None or (isinstance(bounds, tuple) and len(bounds) == 2 and all(map(_is_end, bounds))):
            return bounds  # of all below
        if isinstance(bounds, Mapping):
            bounds = bounds.get(key)
        elif isinstance(bounds, (list, tuple)) and isinstance(key, int) and key < len(bounds):
            bounds = bounds[key]
        elif isinstance(key, str) and hasattr(bounds, key):
            bounds = getattr(bounds, key)
        else:
            raise ArgumentError(
                f"the bounds {shown(bounds)} do not have the structure of the parameters: those of a nest are "
                "(low, high), each a number or a nest like the parameters, or a nest of pairs such as "
                f"{{{path[0]!r}: (0, None)}}"
            )
    return bounds


def _pair(pair: Any, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """The two sides of one array of a nest."""
    if pair is None:
        pair = (None, None)
    if hasattr(pair, "lb") and hasattr(pair, "ub"):
        pair = (pair.lb, pair.ub)
    if isinstance(pair, list) and len(pair) == math.prod(shape) and not all(map(_is_end, pair)):
        return _pairs(pair)
    if not isinstance(pair, (list, tuple, np.ndarray)) or len(pair) != 2:
        raise ArgumentError(
            f"the bounds of a parameter are a pair (low, high), got {shown(pair)}: write (0, 1), or (0, None)"
        )
    return _ends(pair[0], shape, -math.inf), _ends(pair[1], shape, math.inf)


def _pairs(pairs: list[Any]) -> tuple[Array, Array]:
    """The two sides of a list with a pair for each number."""
    sides = [_pair(tuple(pair) if isinstance(pair, (list, np.ndarray)) else pair, ()) for pair in pairs]
    return _joined([low for low, _ in sides]), _joined([high for _, high in sides])


def _is_end(value: Any) -> bool:
    return value is None or real(value) is not None


def _ends(value: Any, shape: tuple[int, ...], missing: float) -> Array:
    """One side of one array: a number, None, or an array of these of its shape."""
    given = np.empty((), object) if value is None else np.asarray(value, object)
    if given.size == 1:
        given = given.reshape(())
    found = [missing if v is None else real(v) for v in given.ravel()]
    if any(v is None or math.isnan(v) for v in found):
        raise ArgumentError(f"a bound must be a number, or None where there is none, got {shown(value)}")
    try:
        return np.ravel(np.broadcast_to(np.reshape(np.array(found, float), given.shape), shape))
    except ValueError:
        raise ArgumentError(
            f"bounds of shape {given.shape} do not fit a parameter of shape {shape}: write one number for all, or "
            "an array of that shape"
        ) from None


def _joined(parts: list[Array]) -> Array:
    return np.concatenate([np.ravel(part) for part in parts]).astype(float)
