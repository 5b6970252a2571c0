"""How good a diagnosis is, each number with an interval that says how well so many films can tell.

An interval over one test set describes films like those of that set. It says nothing of another hospital.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, ShapeError

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number and its interval.

    Attributes
    ----------
    value, low, high : float
        The estimate, and the interval that contains the true value in `LEVEL` of all samples, nearly.

    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Three decimals; of a share of nothing, that."""
        if np.isnan(self.value):
            return "there are none"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def checked(labels: Any, scores: Any, both: bool = True) -> tuple[Any, Any]:
    """Labels as truths and scores as floats, refused where they cannot be judged.

    Raises
    ------
    ShapeError
        They are not two vectors of one length.
    ArgumentError
        There are none, labels other than 0 and 1, scores that are not finite, or, where both classes are needed,
        films of one class only.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise ShapeError(f"there is one label and one score a film: got shapes {labels.shape} and {scores.shape}")
    if not len(labels):
        raise ArgumentError("there are no films to judge by")
    if not np.isin(labels, (0, 1)).all():
        raise ArgumentError("labels are 0 for healthy and 1 for ill")
    if not np.isfinite(scores).all():
        raise ArgumentError(f"{np.sum(~np.isfinite(scores))} scores are NaN or infinite")
    labels = labels.astype(bool)
    if both and labels.all() | ~labels.any():
        raise ArgumentError(f"all films are of class {int(labels[0])}: films of both are needed")
    return labels, scores


def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise ArgumentError(f"the level of an interval lies in (0, 1), got {level!r}")
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson(hits: int, count: int, level: float = LEVEL) -> Estimate:
    """A share of independent trials with Wilson's interval (JASA 22, 1927).

    Parameters
    ----------
    hits, count : int
        How many of how many.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        NaN with the interval [0, 1] where there were none.

    Examples
    --------
    >>> from dragongrad.nn import images
    >>> print(images.wilson(45, 50))
    0.900 [0.786, 0.957]

    """
    z = _quantile(level)
    if not 0 <= hits <= count:
        raise ArgumentError(f"{hits} of {count} is no share")
    if not count:
        return Estimate(float("nan"), 0.0, 1.0)
    share, weight = hits / count, z * z / count
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * np.sqrt(share * (1 - share) / count + weight / (4 * count))
    # At both ends the bound is the share itself, but for rounding.
    low, high = 0.0 if hits == 0 else float(middle - half), 1.0 if hits == count else float(middle + half)
    return Estimate(float(share), low, high)


def roc_auc(labels: Any, scores: Any, level: float = LEVEL) -> Estimate:
    """The area under the ROC curve with DeLong's interval.

    It is the probability that an ill film scores higher than a healthy one, ties counting half. Its variance is
    that of DeLong et al. (Biometrics 44, 1988), found from ranks as Sun and Xu do (IEEE Signal Processing Letters
    21, 2014); the interval is made for the logit of the area, so that it stays within [0, 1]. Films of one
    patient count as independent: with several of each the true interval is wider.

    Parameters
    ----------
    labels : array of shape (N,)
        0 for healthy, 1 for ill.
    scores : array of shape (N,)
        Greater where illness is more likely.
    level : float
        Of the interval.

    Returns
    -------
    Estimate
        An area of exactly 0 or 1 has no variance: its interval reaches 3 / n away, of n films of the smaller
        class (the rule of three).

    Raises
    ------
    ArgumentError
        All films are of one class, or a score is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.nn import images
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.random(200) < 0.5
    >>> print(images.roc_auc(labels, rng.normal(size=200) + 1.5 * labels))
    0.866 [0.805, 0.911]

    """
    labels, scores = checked(labels, scores)
    z = _quantile(level)
    ill, healthy = scores[labels], scores[~labels]
    ranks, m, n = _midranks(scores), len(ill), len(healthy)
    # The share of the other class that each film is on the right side of.
    above = (ranks[labels] - _midranks(ill)) / n
    below = 1 - (ranks[~labels] - _midranks(healthy)) / m
    area = float(above.mean())
    if area in (0.0, 1.0) or min(m, n) < 2:
        reach = min(1.0, 3 / min(m, n))
        return Estimate(area, max(0.0, area - reach), min(1.0, area + reach))
    variance = above.var(ddof=1) / m + below.var(ddof=1) / n
    logit, half = np.log(area / (1 - area)), z * np.sqrt(variance) / (area * (1 - area))
    low, high = 1 / (1 + np.exp(-(logit + np.array([-half, half]))))
    return Estimate(area, float(low), float(high))


def _midranks(values: Any) -> Any:
    """Ranks from 1, the mean of them where values are equal."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def roc_curve(labels: Any, scores: Any) -> tuple[Any, Any, Any]:
    """False positive rates, true positive rates and thresholds, from the strictest to the mildest."""
    labels, scores = checked(labels, scores)
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    found = np.cumsum(labels[order])[last]
    false = last + 1 - found
    rates = (np.append(0, false / (~labels).sum()), np.append(0, found / labels.sum()))
    return *rates, np.append(np.inf, scores[order][last])


@dataclass(frozen=True)
class AtThreshold:
    """What a threshold makes of films.

    Attributes
    ----------
    threshold : float
        A film is called ill where its score reaches it.
    table : ndarray of shape (2, 2)
        Numbers of films: rows are truths (healthy, ill), columns what they were called.
    accuracy, sensitivity, specificity : Estimate
        Shares with Wilson's intervals: of all films called rightly, of the ill, of the healthy ones.
    precision : Estimate
        The share of the films called ill that are; it changes with how frequent the illness is.

    """

    threshold: float
    table: Any
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate
    precision: Estimate


def at_threshold(labels: Any, scores: Any, threshold: float, level: float = LEVEL) -> AtThreshold:
    """What a threshold makes of films, with intervals.

    Parameters
    ----------
    labels, scores : arrays of shape (N,)
        0 or 1; and numbers, greater where illness is more likely.
    threshold : float
        A film is called ill where its score reaches it.
    level : float
        Of the intervals.

    Returns
    -------
    AtThreshold
    """
    labels, scores = checked(labels, scores, both=False)
    called = scores >= threshold
    table = np.array([[np.sum((labels == t) & (called == c)) for c in (False, True)] for t in (False, True)])
    (right, false), (missed, found) = table.tolist()
    return AtThreshold(
        float(threshold), table, wilson(right + found, len(labels), level), wilson(found, found + missed, level),
        wilson(right, right + false, level), wilson(found, found + false, level),
    )  # fmt: skip


def threshold_at(labels: Any, scores: Any, specificity: float) -> float:
    """The mildest threshold that leaves this share of healthy films uncalled.

    It is chosen on validation films. On others the specificity will be another: `at_threshold` tells.

    Parameters
    ----------
    labels, scores : arrays of shape (N,)
        0 or 1; and numbers, greater where illness is more likely.
    specificity : float
        In (0, 1].

    Returns
    -------
    float
    """
    labels, scores = checked(labels, scores)
    if not 0 < specificity <= 1:
        raise ArgumentError(f"a specificity lies in (0, 1], got {specificity!r}")
    false, _, thresholds = roc_curve(labels, scores)
    # Rates are quotients of whole numbers: compare these.
    count = (~labels).sum()
    allowed = np.flatnonzero(np.round(false * count) <= np.floor((1 - specificity) * count + 1e-9))
    chosen = thresholds[allowed[-1]]
    return float(chosen) if np.isfinite(chosen) else float(np.nextafter(scores.max(), np.inf))


def net_benefit(labels: Any, probabilities: Any, thresholds: Any = None) -> tuple[Any, Any, Any]:
    """A decision curve: what calling films ill is worth, for each threshold of probability.

    The benefit is `found / N - false / N * t / (1 - t)`: whoever treats from a probability t on holds a needless
    treatment for t / (1 - t) as bad as a missed one (Vickers and Elkin, Medical Decision Making 26, 2006).

    Parameters
    ----------
    labels, probabilities : arrays of shape (N,)
        0 or 1; and the probability of illness.
    thresholds : array, optional
        In (0, 1); 0.01 to 0.99 by default.

    Returns
    -------
    thresholds, model, all : arrays
        The thresholds, the net benefit of the model, and that of calling every film ill. Calling none is worth 0.
    """
    labels, p = _probabilities(labels, probabilities)
    t = np.linspace(0.01, 0.99, 99) if thresholds is None else np.asarray(thresholds, np.float64)
    if not ((t > 0) & (t < 1)).all():
        raise ArgumentError("the thresholds of a decision curve lie in (0, 1)")
    called = p >= t[:, None]
    odds, share = t / (1 - t), labels.mean()
    model = (called & labels).mean(axis=1) - (called & ~labels).mean(axis=1) * odds
    return t, model, share - (1 - share) * odds


def _probabilities(labels: Any, probabilities: Any) -> tuple[Any, Any]:
    labels, p = checked(labels, probabilities, both=False)
    if p.min() < 0 or p.max() > 1:
        raise ArgumentError(f"probabilities lie in [0, 1], got {p.min():g} to {p.max():g}")
    return labels, p
