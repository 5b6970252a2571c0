"""Maps over films: which pixels a score depends on, and beside each the map of a network that has learned nothing.

A map shows what a network does, not what is there. Where the map of the same network with random weights looks the
same, it shows the film's edges and not what was learned (Adebayo et al., *Sanity checks for saliency maps*, NeurIPS
2018). The score is the difference of the two logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...compiler.decorator import compile
from ...core.errors import ArgumentError
from ...transforms.gradients import grad
from ..batches import in_order

# So many pixels, all in batches of one size.
_MANY, _BATCH = 60_000, 16


def _score(model: Any, params: Any, x: Any) -> Any:
    out = model(params, x)
    return out[..., 1] - out[..., 0]


def _slopes(model: Any, params: Any, x: Any) -> Any:
    """Of each film's score with respect to its pixels: films do not meet, so one sum gives all."""
    return grad(lambda films: np.sum(_score(model, params, films)))(x)


@lru_cache(maxsize=4)
def _compiled(model: Any) -> Any:
    return compile(lambda params, films: _slopes(model, params, films))


def _gradient(model: Any, params: Any, x: Any) -> Any:
    """The same; of so many films, or such large ones, that it takes longer than to compile it, compiled."""
    if x.size < _MANY:
        return _slopes(model, params, x)
    found = _compiled(model)
    return np.concatenate([found(params, x[rows])[:kept] for rows, kept in in_order(len(x), _BATCH)])


def saliency(model: Any, params: Any, x: Any) -> Any:
    """The absolute derivative of the score for each pixel: Simonyan, Vedaldi and Zisserman (2013).

    Parameters
    ----------
    model, params
        A network with two outputs, and its parameters.
    x : ndarray of shape (N, H, W, 1)
        Films.

    Returns
    -------
    ndarray of shape (N, H, W)
    """
    return np.abs(_gradient(model, params, x)).max(axis=-1)


def smooth_gradient(
    model: Any, params: Any, x: Any, rng: np.random.Generator | int = 0, count: int = 25, noise: float = 0.1
) -> Any:
    """The mean of the absolute derivatives at films with noise: Smilkov et al., *SmoothGrad* (2017).

    Parameters
    ----------
    model, params, x
        As `saliency`.
    rng : numpy.random.Generator or int
        What draws, or its seed.
    count : int
        How many noisy films.
    noise : float
        Its standard deviation.

    Returns
    -------
    ndarray of shape (N, H, W)
    """
    rng = np.random.default_rng(rng)
    maps = []
    for film in x:
        films = film + rng.normal(0, noise, (count, *film.shape)).astype(film.dtype)
        maps.append(saliency(model, params, films).mean(axis=0))
    return np.stack(maps)


def integrated_gradients(model: Any, params: Any, x: Any, start: float = 0.0, steps: int = 64) -> Any:
    """The derivative along the way from a film of one grey, times the way: Sundararajan, Taly and Yan (ICML 2017).

    Parameters
    ----------
    model, params, x
        As `saliency`.
    start : float
        The grey value of the film where the way begins; black by default.
    steps : int
        How many points of the way are looked at (by the midpoint rule).

    Returns
    -------
    ndarray of shape (N, H, W)
        With signs. The sum of each is the difference of the scores at both ends, but for the error of the steps.
    """
    shares = ((np.arange(steps) + 0.5) / steps).astype(x.dtype)[:, None, None, None]
    maps = []
    for film in x:
        way = film - np.asarray(start, film.dtype)
        slopes = _gradient(model, params, start + shares * way)
        maps.append((slopes.mean(axis=0) * way).sum(axis=-1))
    return np.stack(maps)


def grad_cam(model: Any, params: Any, x: Any, layer: str | None = None) -> Any:
    """The channels before a layer, each weighted by its mean derivative: Selvaraju et al., *Grad-CAM* (ICCV 2017).

    Parameters
    ----------
    model : Chain
        It is sliced before `layer`.
    params, x
        As `saliency`.
    layer : str, optional
        The name of a layer whose input are images; the last pool by default.

    Returns
    -------
    ndarray of shape (N, H, W)
        Not negative; brought to the films' size by linear interpolation.
    """
    names = list(model)
    if layer is None:
        layer = next((name for name in reversed(names) if name.startswith("pool")), None)
        if layer is None:
            raise ArgumentError(f"grad_cam: say before which layer, of {', '.join(names)}")
    features = model[:layer](params, x)
    if np.ndim(features) != 4:
        raise ArgumentError(f"grad_cam: before the layer {layer!r} there are no images any more")
    slopes = grad(lambda a: np.sum(_score(model[layer:], params, a)))(features)
    heat = np.maximum((slopes.mean(axis=(1, 2), keepdims=True) * features).sum(axis=-1), 0)
    down, right = (_interpolation(n, m) for n, m in zip(heat.shape[1:], x.shape[1:3], strict=True))
    return down @ heat @ right.T


def _interpolation(count: int, wanted: int) -> Any:
    """The matrix that brings `count` values to `wanted` between their centres."""
    places = np.clip((np.arange(wanted) + 0.5) * count / wanted - 0.5, 0, count - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(count))).astype(np.float32)


def occlusion(model: Any, params: Any, x: Any, size: int | None = None, step: int | None = None) -> Any:
    """How much the score falls where a square is covered by the film's mean: Zeiler and Fergus (ECCV 2014).

    Parameters
    ----------
    model, params, x
        As `saliency`.
    size : int, optional
        The side of the square; a sixth of the film's by default.
    step : int, optional
        How far the squares are apart; half their side by default.

    Returns
    -------
    ndarray of shape (N, H, W)
        Of each pixel the mean over the squares that cover it, with signs.
    """
    height, width = x.shape[1:3]
    size = max(1, min(height, width) // 6) if size is None else size
    step = max(1, size // 2) if step is None else step
    if not (1 <= size <= min(height, width) and 1 <= step <= size):
        raise ArgumentError(f"occlusion: a square of {size} each {step} pixels does not cover {height} x {width}")
    places = [(top, left) for top in _starts(height, size, step) for left in _starts(width, size, step)]
    maps = []
    for film in x:
        covered = np.repeat(film[None], len(places), axis=0)
        for one, (top, left) in zip(covered, places, strict=True):
            one[top : top + size, left : left + size] = film.mean()
        fall = _score(model, params, film[None]) - _score(model, params, covered)
        total, times = np.zeros((height, width)), np.zeros((height, width))
        for (top, left), value in zip(places, fall, strict=True):
            total[top : top + size, left : left + size] += value
            times[top : top + size, left : left + size] += 1
        maps.append(total / times)
    return np.stack(maps)


def _starts(length: int, size: int, step: int) -> list[int]:
    return [*range(0, length - size, step), length - size]


#: The maps of a report: names, functions, and what each shows.
METHODS = {
    "saliency": (saliency, "where a small change of a pixel changes the score most"),
    "SmoothGrad": (smooth_gradient, "the same, as a mean over noisy films"),
    "integrated gradients": (integrated_gradients, "what each pixel adds to the score, beginning at a black film"),
    "Grad-CAM": (grad_cam, "where the last channels speak for illness"),
    "occlusion": (occlusion, "how much the score falls where a square is covered"),
}


@dataclass(frozen=True)
class Map:
    """A map and its control.

    Attributes
    ----------
    name, shows : str
        The method, and what it shows.
    values : ndarray of shape (H, W)
        Of the trained network.
    control : ndarray of shape (H, W)
        Of the same network with random weights.
    likeness : float
        Spearman's correlation of their absolute values: near 1, the map shows the film and not what was learned.

    """

    name: str
    shows: str
    values: Any
    control: Any
    likeness: float


def maps(model: Any, params: Any, film: Any, seed: int = 0) -> list[Map]:
    """Every map of a film, each with that of the network with random weights.

    Parameters
    ----------
    model, params
        A network with two outputs, and its parameters.
    film : ndarray of shape (H, W, 1)
        One film.
    seed : int
        Of the random weights.

    Returns
    -------
    list of Map

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.nn import images
    >>> film = images.simulate(patients=1, size=16).images[0]
    >>> model = images.film_network(film.shape, width=8)
    >>> params = model.init(np.random.default_rng(1), film.shape)
    >>> [one.name for one in images.maps(model, params, film)]
    ['saliency', 'SmoothGrad', 'integrated gradients', 'Grad-CAM', 'occlusion']

    """
    random = model.init(np.random.default_rng(seed), film.shape, film.dtype)
    found = []
    for name, (method, shows) in METHODS.items():
        values, control = (method(model, p, film[None])[0] for p in (params, random))
        found.append(Map(name, shows, values, control, _likeness(values, control)))
    return found


def _ranks(x: Any) -> Any:
    """The rank of each element, from 1 on; equal ones share the mean of theirs. NaN has none."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    return np.where(np.isnan(x), np.nan, (np.cumsum(count) - (count - 1) / 2)[place])


def _likeness(one: Any, other: Any) -> float:
    """Spearman's correlation of absolute values; 0 where one is the same everywhere."""
    a, b = (_ranks(np.abs(m).ravel()) for m in (one, other))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else 0.0
