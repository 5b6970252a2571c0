"""A second look before a run is called a success, in case there is something left to gain.

Every test of convergence is fooled by some scale: absolute ones by small units, relative ones by short steps. So
before a run succeeds, Newton's step within a region as large as the parameters is worked out. Where it promises
more than a small part of what the second half of the run gained, it is tried. If the value falls, the run goes on
from there, whatever its method. If no step gives what the derivatives promise, however short, the function has a
kink or a jump there, and the run is no success.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import copy
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import DragongradError
from .around import around
from .endings import FAR
from .hessians import equilibrate, symmetric
from .objective import Array
from .result import Status
from .stalled import Stalled
from .trials import Trial, attempt, measured_rounding, not_smooth, rounding
from .trust_region.quadratic import Quadratic
from .trust_region.steihaug import Move, Path, exact_product
from .vectors import dot, vector

if TYPE_CHECKING:
    from .optimizer import Optimizer

# What may be left to gain, relative to what the second half of the run gained; looser tolerances leave as much.
LEFT = 1e-6
# The Hessian is formed at once of so many parameters, if their number times that of the data known is not too large
# for memory; column by column of so many; otherwise some products with it are worth the look.
_DENSE, _BATCH, _COLUMNS, _PRODUCTS, _FEW = 200, 5_000_000, 20, 50, 8
# An eigenvalue this small relative to the largest is rounding, of differences this.
_ROUND, _ROUGH = 1e-12, 1e-7
# A promise of which this part is not kept is broken. A smooth function breaks 4 or 16, perhaps 64 times less of its
# promise when a step is a quarter as long; one with a kink or an edge keeps it all at once.
_BROKEN, _SUDDEN, _PARTLY, _ABRUPT = 0.9, 32.0, 0.3, 200.0
# Directions along which a parabola changes by less than this part of what was gained are as good as flat.
_LEVEL = 1e-9
# A last step is long if it is this long, relative to the parameters, and would gain this part of what is enough.
_NEAR, _WORTH = 1e-6, 1e-3
# Beside a minimum Newton's step leaves less than this part of the slope along it; of a cube it leaves a quarter.
_LEFT_OVER = 0.1
# Slopes of powers below this are told from each other by what is left of them.
_POWERS = 9
# Along so many directions of least curvature a slope is looked for beyond, from this part of the size on.
_LEAST, _SHORT = 3, 1e-6
# Between flat directions so many more are looked along.
_OTHERS = 8
# A sum of squares whose parabola rises by more than this part of what was gained, over the size, has a minimum.
_STEEP = 0.01
# What is tried along directions without slope and curvature, in units of the size of the parameters.
_AFAR = (0.5, 1.0, 1.25, 2.0, 10.0)
_BESIDE = (0.01, 0.1)
_AMONG = (0.1, 0.3, 1.0)


class Doubt(Exception):  # noqa: N818 - it is news, not an error
    """Raised where the value falls as promised only over very short steps: the method should go on."""


def second_look(optimizer: Optimizer, gained: float, tolerance: float) -> Trial | None:
    """A clearly better point than the one where a run is about to succeed; None where there is none.

    Parameters
    ----------
    optimizer : Optimizer
        Where the run stands.
    gained : float
        By how much the value fell in the second half of the run.
    tolerance : float
        That of the test that was met.

    Raises
    ------
    Stalled
        The derivatives promise a fall that no step gives, or the function has no minimum.
    Doubt
        They do, but over very short steps.

    """
    if optimizer.clip is not None:
        optimizer = _unclipped(optimizer)
    enough = max(max(tolerance, LEFT) * gained, rounding(optimizer))
    try:
        move, flat, ways = _newton(optimizer, optimizer.hessian, gained)
    except DragongradError:  # a Block of the function cannot be differentiated twice
        return around(optimizer, enough)
    if not math.isfinite(move.gain):
        return around(optimizer, enough)
    better = _along(optimizer, move, enough) or _afar(optimizer, flat, enough)
    if better is None:
        left = _left_over(optimizer, move)
        better = _beyond(optimizer, ways, enough, left > _LEFT_OVER)
        better = better or (_ahead(optimizer, move, left, gained, enough) if left > _LEFT_OVER else None)
    if better is not None:
        _refuse_far(optimizer, better)
    return better


def _refuse_far(optimizer: Optimizer, better: Trial) -> None:
    start = float(np.linalg.norm(vector(optimizer.objective.start)))
    if not np.linalg.norm(vector(better.params)) < FAR * max(1.0, start):
        raise Stalled(
            f"the parameters ran off to {np.linalg.norm(vector(better.params)):.1g} and the value still falls, at "
            f"{better.value:.3g}: the function seems to have no minimum",
            Status.UNBOUNDED,
        )


def _unclipped(optimizer: Optimizer) -> Optimizer:
    """The same optimizer with the gradient as it is before it is clipped."""
    bare = copy(optimizer)
    bare.arrive(optimizer.params, *optimizer.objective.value_and_gradient(optimizer.params))
    return bare


def _newton(optimizer: Optimizer, exact: Callable[[], Array], gained: float) -> tuple[Move, Array, list[Array]]:
    """Newton's step within the size of the parameters, and the directions without slope and curvature, as rows.

    At last the shortest steps of least curvature that lead beyond the least value of a parabola.
    """
    g, rough, pair = vector(optimizer.slope()), _ROUND, optimizer.objective.form == "pair"
    free = _open(optimizer)
    if not free.any():
        return Move(np.zeros_like(g), 0.0, 0.0, False), np.empty((0, g.size)), []
    if not pair and g.size <= _DENSE and g.size * optimizer.objective.data <= _BATCH:
        hessian = exact()
    elif g.size <= _COLUMNS:
        product = _differences(optimizer) if pair else exact_product(optimizer)
        columns = np.stack([product(e) for e in np.eye(g.size)])
        hessian, rough = (columns + columns.T) / 2, _ROUGH if pair else _ROUND
    else:
        return _conjugate(optimizer, g, free), np.empty((0, g.size)), []
    if not np.isfinite(hessian).all():
        return Move(g, math.inf, math.inf, True), np.empty((0, g.size)), []
    hessian, inside = hessian[np.ix_(free, free)], np.eye(g.size)[free]
    scale = equilibrate(hessian)
    model = Quadratic(g[free], hessian, scale)
    none = np.abs(model.values) <= rough * np.max(np.abs(model.values))
    model.values[none] = 0.0
    flat = none & (np.abs(model.c) <= rough * np.linalg.norm(model.c))
    size, rows = _size(optimizer, scale @ inside), (model.vectors / scale[:, None]).T @ inside
    # Beside a saddle of higher order slope and curvature only nearly vanish.
    far = _size(optimizer, np.ones_like(g)) / np.linalg.norm(rows, axis=1)
    flat |= np.maximum(np.abs(model.values) * far**2, np.abs(model.c) * far) <= _LEVEL * gained
    move = model.step(size)
    least = np.argsort(np.abs(model.values))[:_LEAST]
    rises = np.abs(model.values) * size**2 / 2
    most = _STEEP * gained if hasattr(optimizer.objective, "residual") else math.inf
    curved = [i for i in least if 0 < rises[i] < most and not flat[i]]
    ways = [max(4 * abs(model.c[i] / model.values[i]), _SHORT * size) * rows[i] for i in curved]
    return move._replace(p=move.p @ inside), rows[flat], ways


def _open(optimizer: Optimizer) -> Array:
    """Which parameters may move: also those at a bound along which there is no slope, where curvature decides."""
    free, box = optimizer.free(), optimizer.box
    return free if box is None else free | ((vector(optimizer.gradient) == 0) & (box.low < box.high))


def _differences(optimizer: Optimizer) -> Callable[[Array], Array]:
    """The product of the Hessian with a vector by a difference of gradients, of a function that gives its own."""
    objective, shape, dtype = optimizer.objective, optimizer.params.shape, optimizer.params.dtype
    x, size = vector(optimizer.params), _size(optimizer, np.ones(optimizer.params.size))
    least = float(np.finfo(dtype).eps) ** (1 / 3)

    def product(d: Array) -> Array:
        # A parameter alone is moved relative to itself.
        lone = float(np.abs(d) @ np.abs(x)) if np.count_nonzero(d) == 1 else 0.0
        step = least * (lone or size)
        ahead, behind = (
            vector(objective.value_and_gradient((x + s * d).astype(dtype).reshape(shape))[1]) for s in (step, -step)
        )
        return (ahead - behind) / (2 * step)

    return product


def _conjugate(optimizer: Optimizer, g: Array, free: Array) -> Move:
    """The step by conjugate gradients; without any slope or curvature along it, one of negative curvature."""
    size, pair = _size(optimizer, 1.0 * free), optimizer.objective.form == "pair"
    whole, rough = (_differences(optimizer), _ROUGH) if pair else (exact_product(optimizer), _ROUND)
    # A look costs a part of the run at most.
    most = min(_PRODUCTS, max(_FEW, optimizer.objective.njev // _FEW))

    def path(gradient: Array, enough: float) -> Path:
        there = copy(optimizer)
        there.arrive(optimizer.params, optimizer.loss, gradient.reshape(optimizer.params.shape))
        return Path(there, enough, most=most, rough=rough, product=lambda d: whole(d) * free)

    along = path(g, 1e-3 * float(np.linalg.norm(g)))
    move = along.step(size) if g.any() else Move(g, 0.0, 0.0, False)
    if along.ray is not None and g.any():
        return move
    # The gradient may be orthogonal to the direction in which a saddle falls: any other vector is not.
    other = path(np.cos(np.arange(1.0, g.size + 1)) * free, 1e-6 * math.sqrt(g.size))
    other.step(math.inf)
    if other.ray is None:
        return move
    d, hd = other.ray
    p = d * (size / float(np.linalg.norm(d)))
    gain = -0.5 * other.unit * float(d @ hd) * size**2 / float(d @ d)
    return Move(p, size, gain, True) if gain > move.gain else move


def _size(optimizer: Optimizer, scale: Array) -> float:
    """The size of the parameters, here or at the start, where they are multiplied by a scale."""
    places = [vector(optimizer.params), vector(optimizer.objective.start)]
    sizes = [float(np.linalg.norm(scale * x)) for x in places]
    return max(sizes) or float(np.linalg.norm(scale))


def _is_near(optimizer: Optimizer, move: Move) -> bool:
    """Whether a step is short, relative to the parameters."""
    return bool(np.linalg.norm(move.p) <= _NEAR * _size(optimizer, np.ones(optimizer.params.size)))


def _left_over(optimizer: Optimizer, move: Move) -> float:
    """Which part of the slope along a long Newton's step it leaves: much beside a point without curvature."""
    # A sum of squares has tests of its own, which tell of such points.
    if move.cut or optimizer.tests() is not None or _is_near(optimizer, move):
        return 0.0
    trial, slope = _try(optimizer, vector(optimizer.params) + move.p), vector(optimizer.gradient) @ move.p
    left = abs(vector(trial.gradient) @ move.p)
    return float(left / abs(slope)) if left <= abs(slope) else 1.0


def _ahead(optimizer: Optimizer, move: Move, left: float, gained: float, enough: float) -> Trial | None:
    """A lower point around the one where the slope along Newton's step vanishes, with all its curvature.

    A slope that is a power k of the distance to such a point leaves the part (1 - 1 / k)**k of itself, and the
    point is k steps away. It may be a saddle that falls in directions in which the value still rises here.
    """
    k = min(range(2, _POWERS), key=lambda k: abs((1 - 1 / k) ** k - left))
    there = copy(optimizer)
    trial = _try(optimizer, vector(optimizer.params) + k * move.p)
    if not trial.value <= optimizer.loss:
        return None
    there.arrive(trial.params, trial.value, trial.gradient)
    # What the method keeps of the Hessian is that of the point behind.
    try:
        move, flat, ways = _newton(there, lambda: symmetric(there.objective.hessian(there.params)), gained)
    except DragongradError:
        return None
    if not math.isfinite(move.gain):
        return None
    return _afar(there, flat, enough) or _beyond(there, ways, enough, far=False)


def _along(optimizer: Optimizer, move: Move, enough: float) -> Trial | None:
    """A point along a step where the value falls by enough, if the step promises as much."""
    p, x = move.p, vector(optimizer.params)
    if not move.gain > enough:
        if move.cut or _is_near(optimizer, move) or move.gain <= _WORTH * enough:
            return None
        # Steps shrink slowly towards an inflection, beyond which the value falls again.
        beyond = _try(optimizer, x + 10 * p)
        return beyond if optimizer.loss - beyond.value > enough else None
    slope = dot(optimizer.slope(), p)
    bend = -2 * (move.gain + slope)
    signs = (1.0,) if -slope > 1e-6 * move.gain else (1.0, -1.0)
    kept: list[tuple[float, float]] = []
    # Promises that are hardly above rounding are tried, but nothing is judged by them.
    for t, promised in _shorter(slope, bend, min(enough, 10 * rounding(optimizer))):
        best = _least([_try(optimizer, x + sign * t * p) for sign in signs])
        fall = optimizer.loss - best.value
        if fall > enough:
            return best
        # Where a bound cuts the step off, another is promised.
        if optimizer.box is None or optimizer.box.holds(x + t * p):
            kept.append((promised, fall))
    _judge(optimizer, kept)
    return None


def _try(optimizer: Optimizer, x: Array) -> Trial:
    """A trial at a vector, or at the nearest point within the bounds."""
    return attempt(optimizer, x if optimizer.box is None else optimizer.box.clip(x))


def _least(trials: list[Trial]) -> Trial:
    return min(trials, key=lambda trial: trial.value)


def _judge(optimizer: Optimizer, kept: list[tuple[float, float]]) -> None:
    """What promises and falls over ever shorter steps tell: of a smooth function they come to agree evenly."""
    rough = 10 * measured_rounding(optimizer) if kept else 0.0
    falls = [(promised, fall) for promised, fall in kept if promised > rough]
    broken = [1 - fall / promised for promised, fall in falls]
    if len(broken) < 2:
        return
    if broken[-1] > _BROKEN and broken[-1] >= 0.5 * broken[-2]:
        raise not_smooth(optimizer)
    at_once = any(
        (before > _BROKEN and after < before / _SUDDEN) or (before > _PARTLY and after < before / _ABRUPT)
        for before, after in pairwise(broken)
    )
    # A wall that is met however far the step would go.
    wall = any(0 < 0.5 * far[1] < near[1] for far, near in zip(falls, falls[3:], strict=False))
    if at_once or wall:
        raise Doubt


def _shorter(slope: float, bend: float, least: float) -> Iterator[tuple[float, float]]:
    """Ever shorter parts of a step, and the fall that each promises, while it is more than the least."""
    t = 1.0
    while (promised := -(t * slope + 0.5 * t * t * bend)) > least:
        yield t, promised
        t /= 4


def _beyond(optimizer: Optimizer, ways: list[Array], enough: float, far: bool) -> Trial | None:
    """A lower point down a slope that begins beyond an inflection or a saddle of higher order.

    There slope and curvature vanish together, and the value falls from the least step on that changes it. Beside a
    minimum it rises. `far`: the last step was long, so that the run stands beside such a place, and may rise first.
    """
    x, size = vector(optimizer.params), _size(optimizer, np.ones(optimizer.params.size))
    for way in ways:
        for step in (way, -way):
            before = optimizer.loss
            while np.linalg.norm(step) <= size:
                trial = _try(optimizer, x + step)
                if not trial.value <= before and not far:
                    break
                if optimizer.loss - trial.value > enough:
                    return trial
                before, step = trial.value, 4 * step
    return None


def _between(count: int) -> list[Array]:
    """Some directions that lie along no axis."""
    if count < 2:
        return []
    # In a plane no angle above 30 degrees is left between them.
    angles = 1.1 * np.outer(np.arange(1, _OTHERS + 1), np.arange(1.0, count + 1))
    return [d / float(np.linalg.norm(d)) for d in np.cos(angles)]


def _afar(optimizer: Optimizer, flat: Array, enough: float) -> Trial | None:
    """A lower point along directions without slope and curvature: a run may stand on a plateau."""
    if not len(flat):
        return None
    x = vector(optimizer.params)
    size = _size(optimizer, np.ones_like(x))
    basis = np.linalg.qr(flat.T)[0]
    v = basis @ (basis.T @ x)
    if np.linalg.norm(v) <= 1e-6 * size:
        v = basis[:, 0]
    v = v / np.linalg.norm(v)
    steps = [far * size * v for far in _AFAR]
    # A jump may be as near: of a function that is constant in parts no derivative tells.
    steps += [near * size * d for d in basis.T[:_COLUMNS] for near in _BESIDE]
    # Of several directions a saddle may fall between them alone, and perhaps near it alone.
    steps += [part * size * basis @ d for d in _between(basis.shape[1]) for part in _AMONG]
    best = _least([_try(optimizer, x + sign * p) for p in steps for sign in (-1.0, 1.0)])
    return best if optimizer.loss - best.value > enough else None
