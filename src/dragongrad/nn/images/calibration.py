"""Whether probabilities are what they say: reliability, calibration errors, temperature, and several opinions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ...optimize.minimize import minimize
from .. import layers
from ..prediction import predictor
from .diagnosis import LEVEL, Estimate, _probabilities, checked, wilson


@dataclass(frozen=True)
class Bin:
    """Films with nearly the same probability: how many, the mean of it, and the share that is ill."""

    count: int
    predicted: float
    observed: Estimate


def reliability(labels: Any, probabilities: Any, bins: int = 10, level: float = LEVEL) -> list[Bin]:
    """The bins of a reliability curve, of equal widths, those without films left out.

    Parameters
    ----------
    labels, probabilities : arrays of shape (N,)
        0 or 1; and the probability of illness.
    bins : int
        Into how many parts [0, 1] is cut.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    list of Bin
    """
    labels, p = _probabilities(labels, probabilities)
    if bins < 1:
        raise ArgumentError(f"there is at least 1 bin, got {bins}")
    place = np.minimum((p * bins).astype(int), bins - 1)
    return [
        Bin(len(rows), float(p[rows].mean()), wilson(int(labels[rows].sum()), len(rows), level))
        for rows in (np.flatnonzero(place == k) for k in range(bins))
        if len(rows)
    ]


def calibration_error(labels: Any, probabilities: Any, bins: int = 10) -> float:
    """The expected calibration error: the mean distance of probabilities and shares, over the bins' films.

    Naeini, Cooper and Hauskrecht (AAAI 2015), of the probability of illness. It is never zero for few films.

    Examples
    --------
    >>> from dragongrad.nn import images
    >>> round(images.calibration_error([0, 1, 1, 1], [0.75, 0.75, 0.75, 0.75]), 3)
    0.0

    """
    found = reliability(labels, probabilities, bins)
    total = sum(b.count for b in found)
    return sum(b.count * abs(b.predicted - b.observed.value) for b in found) / total


def brier(labels: Any, probabilities: Any) -> float:
    """The mean square of probability less truth (Brier, Monthly Weather Review 78, 1950)."""
    labels, p = _probabilities(labels, probabilities)
    return float(np.mean((p - labels) ** 2))


def probability(scores: Any, temperature: float = 1.0) -> Any:
    """The probability of illness: the logistic function of score / temperature, of differences of logits."""
    scaled = np.asarray(scores, np.float64) / temperature
    return np.exp(-np.logaddexp(0, -scaled))


def _loss(logarithm: Any, labels: Any, scores: Any) -> Any:
    scaled = scores * np.exp(-logarithm)
    return np.mean(np.logaddexp(0.0, scaled) - labels * scaled)


def temperature(labels: Any, scores: Any) -> float:
    """The temperature that makes probabilities fit: the one number that scores are divided by.

    Guo, Pleiss, Sun and Weinberger, *On calibration of modern neural networks* (ICML 2017); found by minimizing the
    log loss of validation films over its logarithm. The order of the films stays, and with it the ROC curve.

    So that a few films are not taken for certainty, even where they are told apart without a mistake, the
    probability aimed at is (n + 1) / (n + 2) for n films of a class (Platt, *Probabilistic outputs for support
    vector machines*, 1999, section 2.2).

    Parameters
    ----------
    labels, scores : arrays of shape (N,)
        0 or 1; and the difference of the logits, of validation films.

    Returns
    -------
    float
        Within a factor of 100 of the mean size of the scores.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.nn import images
    >>> rng = np.random.default_rng(0)
    >>> scores = rng.normal(0, 2, 4000)
    >>> labels = rng.random(4000) < images.probability(scores)
    >>> abs(images.temperature(labels, 3 * scores) - 3) < 0.2
    True

    """
    labels, scores = checked(labels, scores)
    ill, limit = int(np.sum(labels)), np.log(100.0)
    truth = np.where(labels == 1, (ill + 1) / (ill + 2), 1 / (len(labels) - ill + 2))
    # Those of a network that has hardly begun are tiny.
    size = float(np.mean(np.abs(scores))) or 1.0
    found = minimize(lambda s: _loss(s[0], truth, scores / size), np.zeros(1), method="bfgs", max_iter=200)
    return size * float(np.exp(np.clip(found.x[0], -limit, limit)))


@dataclass(frozen=True)
class Opinions:
    """What several networks, or one with random parts left out, say of each film.

    Attributes
    ----------
    mean : ndarray of shape (N,)
        The mean probability of illness.
    spread : ndarray of shape (N,)
        Its standard deviation from opinion to opinion.
    entropy : ndarray of shape (N,)
        Of the mean, in nats: the whole uncertainty.
    information : ndarray of shape (N,)
        The entropy less the mean of the opinions' own: what they disagree about, and more films could settle
        (Houlsby et al. 2011).

    """

    mean: Any
    spread: Any
    entropy: Any
    information: Any


def opinions(probabilities: Any) -> Opinions:
    """Summarize probabilities of shape (opinions, films)."""
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 2 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        raise ArgumentError(f"opinions are probabilities of shape (opinions, films), got {p.shape}")
    mean = p.mean(axis=0)
    whole = _entropy(mean)
    return Opinions(mean, p.std(axis=0), whole, np.maximum(whole - _entropy(p).mean(axis=0), 0))


def _entropy(p: Any) -> Any:
    q = 1 - p
    return -(p * np.log(np.where(p > 0, p, 1)) + q * np.log(np.where(q > 0, q, 1)))


def ensemble(model: Any, members: Sequence[Any], x: Any, state: Any = None, temperature: float = 1.0) -> Opinions:
    """What networks that were trained apart say: Lakshminarayanan et al., *Deep ensembles* (NeurIPS 2017).

    Parameters
    ----------
    model : layer
        The network.
    members : sequence of nests
        The parameters of each.
    x : array of shape (N, H, W, 1)
        Films.
    state : nest, optional
        The states of layers that have any.
    temperature : float
        Of each member.
    """
    apply = predictor(model, compiled=False)
    outs = [apply(params, x, state) for params in members]
    return opinions([probability(out[:, 1] - out[:, 0], temperature) for out in outs])


def with_dropout(
    model: Any, params: Any, x: Any, rng: np.random.Generator | int = 0, count: int = 30, state: Any = None,
    temperature: float = 1.0,
) -> Opinions:  # fmt: skip
    """What a network says with its dropout kept on, so many times: Gal and Ghahramani (ICML 2016).

    Parameters
    ----------
    model, params, x, state, temperature
        As `ensemble`, with the parameters of one network.
    rng : numpy.random.Generator or int
        What draws, or its seed.
    count : int
        How many opinions.

    Raises
    ------
    ArgumentError
        The network has no dropout.
    """
    rng = np.random.default_rng(rng)
    if not layers.draw(model, rng, (1, *np.shape(x)[1:])):
        raise ArgumentError("the network has no dropout to keep on: ask an ensemble")
    found = []
    for _ in range(count):
        out, _ = layers.train(model, params, x, state, layers.draw(model, rng, np.shape(x)))
        found.append(probability(out[:, 1] - out[:, 0], temperature))
    return opinions(found)
