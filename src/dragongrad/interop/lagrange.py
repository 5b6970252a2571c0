"""Whether a point is one where a constrained run may end: feasible, and Lagrange's conditions hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..optimize.around import sizes
from ..optimize.bounds import Box
from ..optimize.objective import Array

# How far constraints may be violated, and from where on they count as met with equality, relative to their terms.
_VIOLATED, _ACTIVE = 1e-6, 1e-4
# What the part of the gradient that no multiplier explains may promise over the size of the parameters, relative to
# what was gained in the second half of the run, in all of it, or to the terms that cancel.
_LEFT, _WHOLE, _CANCELLED = 1e-3, 1e-8, 1e-5
# What the multipliers may say that is left to gain up to their constraints, relative to all that was gained.
_GAP = 1e-5
# Of so many parameters the curvature along the constraints is looked at; it is none where it is this small relative
# to the terms of the gradient. So far, relative to the size of the parameters, a step along it is tried.
_COLUMNS, _CURVED, _BESIDE = 20, 1e-6, 0.05
# Such steps, in the same measure, are tried where a method knew no gradient.
_PARTS = (0.5, 0.1, 0.02, 4e-3)
# So many steps lead back to constraints that bend.
_BACK = 4


class Objection(NamedTuple):
    """Why a point is no solution, and whether at least it is feasible."""

    reason: str
    feasible: bool


class _Rows(NamedTuple):
    """Constraints `low <= values <= high` with their Jacobian, and the size of the terms of each."""

    values: Array
    matrix: Array
    low: Array
    high: Array
    sizes: Array


class _Balance(NamedTuple):
    """Which constraints are met with equality, their normals and multipliers, and what is left of the gradient."""

    rows: _Rows
    active: Array
    normals: Array
    multipliers: Array
    left: float
    terms: float


def verdict(
    x: Array, gradient: Array, start: Array, gained: tuple[float, float], constraints: list[Any], box: Box | None
) -> Objection | None:
    """Why a point is no solution, or None where it is one to first order.

    Parameters
    ----------
    x, gradient : array of shape (n,)
        The point and the gradient of the objective there.
    start : array of shape (n,)
        Where the run began: what large and small mean for parameters that came to zero.
    gained : tuple of float
        By how much the value fell in the second half of the run, and by how much it changed in all of it.
    constraints : list
        SciPy's `LinearConstraint` and `NonlinearConstraint`, the latter with their Jacobians.
    box : Box or None
        The bounds.

    """
    violated = worst(x, start, constraints, box)
    if violated is not None:
        return Objection(violated, False)
    rows, active, _, multipliers, left, terms = _balance(x, gradient, _sizes(x, start), constraints, box)
    slack = np.minimum(np.abs(rows.values - rows.low), np.abs(rows.high - rows.values))[active]
    gap = float(np.abs(multipliers) @ slack)
    if gap > max(_GAP * gained[1], _CANCELLED * terms):
        reason = f"constraints that hold it back are not met with equality, which leaves {gap:.3g} to gain"
        return Objection(reason, True)
    if left <= max(_LEFT * gained[0], _WHOLE * gained[1], _CANCELLED * terms):
        return None
    reason = f"no multipliers of the constraints explain the gradient: {left:.3g} of {terms:.3g} remains"
    return Objection(reason, True)


def way_down(
    x: Array, start: Array, look: Callable[[Array], tuple[float, Array]], constraints: list[Any], box: Box | None
) -> Array | None:
    """A point beside one where Lagrange's conditions hold, towards which the value falls along the constraints.

    There the point is a maximum or a saddle: the Lagrangian has negative curvature in a direction in which no
    active constraint changes. None where it has none, or of many parameters. `look` gives value and gradient.
    """
    if x.size > _COLUMNS:
        return None
    size = _sizes(x, start)
    _, active, normals, multipliers, _, terms = _balance(x, look(x)[1], size, constraints, box)
    _, lengths, vectors = np.linalg.svd(normals) if len(normals) else (None, np.empty(0), np.eye(x.size))
    along = vectors[np.count_nonzero(lengths > 1e-8 * lengths.max(initial=0.0)) :]

    def lagrangian(y: Array) -> tuple[float, Array]:
        value, gradient = look(y)
        found = _stacked(y, size, constraints, box)
        rest = gradient - multipliers @ found.matrix[active]
        return value - float(multipliers @ found.values[active]), rest * size

    h = float(np.cbrt(np.finfo(float).eps))
    slopes = [lagrangian(x + h * size * z)[1] - lagrangian(x - h * size * z)[1] for z in along]
    curvature = along @ np.array(slopes).reshape(len(along), x.size).T / (2 * h)
    if not len(along) or not np.isfinite(curvature).all():
        return None
    values, turned = np.linalg.eigh((curvature + curvature.T) / 2)
    if not values[0] < -_CURVED * terms:
        return None
    step = _BESIDE * size * (turned[:, 0] @ along)
    best = min((x + step, x - step), key=lambda y: lagrangian(y)[0])
    fall = lagrangian(x)[0] - lagrangian(best)[0]
    return best if fall > -values[0] * _BESIDE**2 / 8 else None


def lower(
    x: Array, start: Array, look: Callable[[Array], tuple[float, Array]], constraints: list[Any], box: Box | None
) -> Array | None:
    """A feasible point with a clearly lower value, on the way that the constraints leave; None where none is."""
    size, (value, gradient) = _sizes(x, start), look(x)
    _, _, normals, multipliers, _, terms = _balance(x, gradient, size, constraints, box)
    way = normals.T @ multipliers - gradient * size
    length = float(np.linalg.norm(way))
    for part in _PARTS if length > 0 else ():
        y = _restored(x + part / length * size * way, size, constraints, box)
        if worst(y, start, constraints, box) is None and look(y)[0] < value - _GAP * terms:
            return y
    return None


def _restored(y: Array, size: Array, constraints: list[Any], box: Box | None) -> Array:
    """A point moved back, by Newton's steps, to constraints that bend away from the straight way to it."""
    for _ in range(_BACK):
        rows = _stacked(y, size, constraints, box)
        short = np.clip(rows.values, rows.low, rows.high) - rows.values
        bad = np.abs(short) > 0.1 * _VIOLATED * rows.sizes
        matrix = rows.matrix[bad] * size
        if not bad.any() or not (np.isfinite(matrix).all() and np.isfinite(short).all()):
            break
        # In units of each row, so that none counts more for being large.
        lengths = np.linalg.norm(matrix, axis=1)
        lengths = np.where(lengths > 0, lengths, 1.0)
        y = y + size * np.linalg.lstsq(matrix / lengths[:, None], short[bad] / lengths)[0]
    return y if box is None else box.clip(y)


def worst(x: Array, start: Array, constraints: list[Any], box: Box | None) -> str | None:
    """Which constraint is violated most at a point, relative to its terms, and by how much; None where none is.

    Constraints are counted from 0, as they were given, and so are the numbers that one of them holds.
    """
    size, found, most = _sizes(x, start), None, _VIOLATED
    for k, constraint in enumerate(constraints):
        rows = _rows(constraint, x, size)
        violation = _violations(rows)
        part = violation / np.where(rows.sizes > 0, rows.sizes, 1.0)
        i = int(np.argmax(np.where(np.isnan(part), np.inf, part)))
        if not part[i] <= most:
            inner = f"[{i}]" if part.size > 1 else ""
            found, most = f"constraint {k}{inner} is violated by {violation[i]:.3g} at x", float(part[i])
    if found is None and box is not None:
        rows = _within(x, size, box)
        if not np.all(_violations(rows) <= _VIOLATED * rows.sizes):
            return f"a bound is violated by {float(np.max(_violations(rows))):.3g} at x"
    return found


def _balance(x: Array, gradient: Array, size: Array, constraints: list[Any], box: Box | None) -> _Balance:
    """What the constraints that are met with equality explain of the gradient."""
    rows = _stacked(x, size, constraints, box)
    near = _ACTIVE * rows.sizes
    at_low, at_high = rows.values <= rows.low + near, rows.values >= rows.high - near
    active = at_low | at_high
    normals = rows.matrix[active] * size
    return _Balance(rows, active, normals, *_explained(gradient * size, normals, at_low[active], at_high[active]))


def _violations(rows: _Rows) -> Array:
    """By how much each is violated."""
    return np.maximum(np.maximum(rows.low - rows.values, rows.values - rows.high), 0.0)


def _sizes(x: Array, start: Array) -> Array:
    """What large and small mean for each parameter."""
    size = sizes(x, start)
    return np.where(size > 0, size, 1.0)


def _explained(gradient: Array, normals: Array, at_low: Array, at_high: Array) -> tuple[Array, float, float]:
    """Multipliers of the right sign for which least of a gradient is left; that, and the terms that cancel."""
    from scipy.optimize import lsq_linear

    if not len(normals):
        return np.empty(0), float(np.sum(np.abs(gradient))), 0.0
    # At a lower limit the value rises inwards: its multiplier is not negative. At both limits any sign will do.
    low, high = np.where(at_high, -np.inf, 0.0), np.where(at_low, np.inf, 0.0)
    lengths = np.linalg.norm(normals, axis=1)
    lengths = np.where(lengths > 0, lengths, 1.0)
    found = lsq_linear((normals / lengths[:, None]).T, gradient, (low, high), tol=1e-14).x / lengths
    terms = np.abs(normals) * np.abs(found)[:, None]
    left = np.abs(gradient - normals.T @ found)
    return found, float(np.sum(left)), float(np.sum(np.abs(gradient)) + np.sum(terms))


def _stacked(x: Array, size: Array, constraints: list[Any], box: Box | None) -> _Rows:
    """All constraints, and the bounds, as one."""
    parts = [_rows(c, x, size) for c in constraints]
    if box is not None:
        parts.append(_within(x, size, box))
    return _Rows(*(np.concatenate([getattr(p, name) for p in parts]) for name in _Rows._fields))


def _within(x: Array, size: Array, box: Box) -> _Rows:
    """Bounds as constraints."""
    return _Rows(x, np.eye(x.size), box.low, box.high, size + _ends(box.low, box.high))


def _rows(constraint: Any, x: Array, size: Array) -> _Rows:
    if hasattr(constraint, "A"):
        matrix = constraint.A.toarray() if hasattr(constraint.A, "toarray") else np.atleast_2d(constraint.A)
        values = matrix @ x
    else:
        values = np.atleast_1d(np.asarray(constraint.fun(x), float))
        given = constraint.jac(x)
        matrix = np.atleast_2d(given.toarray() if hasattr(given, "toarray") else np.asarray(given, float))
    low, high = (np.broadcast_to(np.asarray(side, float), values.shape) for side in (constraint.lb, constraint.ub))
    return _Rows(values, matrix, low, high, np.abs(matrix) @ size + _ends(low, high) + np.abs(values))


def _ends(low: Array, high: Array) -> Array:
    """The size of finite limits."""
    return np.where(np.isfinite(low), np.abs(low), 0.0) + np.where(np.isfinite(high), np.abs(high), 0.0)
