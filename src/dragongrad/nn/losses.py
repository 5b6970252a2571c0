"""Losses: one number for predictions and targets, the mean over a batch, in the dtype of the predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..blocks.special import log_softmax, logistic
from ..core.errors import ArgumentError, DtypeError, ShapeError, user_line
from ..core.variable import plain, value_of
from .layers import counted_from_zero


def cross_entropy(logits: Any, targets: Any, weights: Any = None, smoothing: float = 0.0) -> Any:
    """The mean of `-log p` of the right classes, p being the softmax of the logits.

    Parameters
    ----------
    logits : array of shape (..., K)
        The logarithms of unnormalised probabilities of K classes.
    targets : array of shape (...) of int or bool, or (..., K) of float
        The numbers of the right classes, from 0; or probabilities of all.
    weights : array of shape (K,), optional
        How much each class counts; the mean is weighted.
    smoothing : float
        This part of the target is spread evenly over all classes (Szegedy et al., *Rethinking the inception
        architecture for computer vision*, CVPR 2016).

    Returns
    -------
    array of shape ()

    Raises
    ------
    ShapeError
        The shapes do not fit.
    OutOfBoundsError
        A class is below 0, or not below K.
    DtypeError
        The targets are not numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> round(float(nn.cross_entropy(np.zeros((2, 10)), np.array([3, 7]))), 4) == round(float(np.log(10)), 4)
    True

    """
    if not 0 <= smoothing < 1:
        raise ArgumentError(f"smoothing must lie in [0, 1), got {smoothing!r}")
    logits, targets = _scores(logits), _numbers("cross_entropy", targets)
    logs, classes = log_softmax(logits), np.shape(logits)[-1]
    if weights is not None:
        weights = _as(weights, logits)
        if np.shape(weights) != (classes,):
            raise ShapeError(
                f"cross_entropy: weights of shape {np.shape(weights)} for {classes} classes\n  at {user_line()}\n"
                "give one number for each class"
            )
    if targets.dtype.kind == "f":
        targets = _as(targets, logits)
        _fitting(np.shape(logits), np.shape(targets), "y.astype(int), if these are the numbers of the classes")
        target = (1.0 - smoothing) * targets + smoothing / classes
        each = -target * logs if weights is None else -target * logs * weights
        total = np.sum(each, axis=-1)
        return np.mean(total) if weights is None else np.sum(total) / np.sum(targets * weights)
    _fitting(
        np.shape(logits)[:-1], np.shape(targets),
        "one number of a class for each row of predictions; rows of 0 and 1 as probabilities: y.astype(float)",
    )  # fmt: skip
    targets = counted_from_zero("cross_entropy", targets, classes)
    each = -np.take_along_axis(logs, targets[..., None], axis=-1)[..., 0]
    if smoothing:
        spread = -np.mean(logs, axis=-1) if weights is None else -np.mean(logs * weights, axis=-1)
    if weights is None:
        return np.mean((1.0 - smoothing) * each + smoothing * spread if smoothing else each)
    own = np.take_along_axis(np.broadcast_to(weights, np.shape(logs)), targets[..., None], axis=-1)[..., 0]
    each = own * each
    return np.sum((1.0 - smoothing) * each + smoothing * spread if smoothing else each) / np.sum(own)


def binary_cross_entropy(logits: Any, targets: Any, weight: float = 1.0) -> Any:
    """The mean of `-log p` of the right answers, p being the logistic function of the logits.

    Parameters
    ----------
    logits : array
        The logarithms of odds.
    targets : array of the same shape
        1 or True where the answer is yes, 0 where it is no, or probabilities.
    weight : float
        How much a yes counts beside a no.

    Returns
    -------
    array of shape ()

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> float(nn.binary_cross_entropy(np.array([800.0, -800.0]), np.array([1, 0])))
    0.0

    """
    logits, targets = plain(logits), _answers("binary_cross_entropy", targets, logits)
    # -t log s(x) - (1 - t) log s(-x), each logarithm a softplus.
    yes = np.logaddexp(-logits, 0.0)
    no = np.logaddexp(logits, 0.0)
    return np.mean(weight * targets * yes + (1.0 - targets) * no)


def squared_error(predictions: Any, targets: Any) -> Any:
    """The mean of the squared differences.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> float(nn.squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0

    """
    predictions, targets = plain(predictions), _as(targets, predictions)
    _same("squared_error", np.shape(predictions), np.shape(targets))
    return np.mean((predictions - targets) ** 2)


def absolute_error(predictions: Any, targets: Any) -> Any:
    """The mean of the absolute differences."""
    predictions, targets = plain(predictions), _as(targets, predictions)
    _same("absolute_error", np.shape(predictions), np.shape(targets))
    return np.mean(np.abs(predictions - targets))


def huber(predictions: Any, targets: Any, delta: float = 1.0) -> Any:
    """The mean of half the squared differences, which grow in proportion only where they are larger than delta.

    Huber, *Robust estimation of a location parameter* (Annals of Mathematical Statistics 35, 1964).

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> float(nn.huber(np.array([0.5, 10.0]), np.zeros(2)))
    4.8125

    """
    predictions, targets = plain(predictions), _as(targets, predictions)
    _same("huber", np.shape(predictions), np.shape(targets))
    if not delta > 0:
        raise ArgumentError(f"huber: delta must be positive, got {delta!r}")
    away = predictions - targets
    inside = np.clip(away, -delta, delta)
    return np.mean(inside * (away - 0.5 * inside))


def focal(logits: Any, targets: Any, gamma: float = 2.0, weight: float | None = None) -> Any:
    """The binary cross-entropy in which what is already answered right counts less: times `(1 - p)**gamma`.

    Equations 4 and 5 of Lin, Goyal, Girshick, He and Dollár, *Focal loss for dense object detection* (ICCV 2017).

    Parameters
    ----------
    logits, targets
        As `binary_cross_entropy`.
    gamma : float
        How much less.
    weight : float, optional
        The paper's alpha: how much a yes counts; a no counts `1 - weight`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> x, t = np.array([0.3, -2.0]), np.array([1, 0])
    >>> bool(np.isclose(nn.focal(x, t, gamma=0.0), nn.binary_cross_entropy(x, t)))
    True

    """
    if not gamma >= 0 or not (weight is None or 0 <= weight <= 1):
        raise ArgumentError(f"focal: gamma is 0 or more and weight in [0, 1], got {gamma!r} and {weight!r}")
    logits, targets = plain(logits), _answers("focal", targets, logits)
    yes = targets * logistic(-logits) ** gamma * np.logaddexp(-logits, 0.0)
    no = (1.0 - targets) * logistic(logits) ** gamma * np.logaddexp(logits, 0.0)
    return np.mean(yes + no if weight is None else weight * yes + (1.0 - weight) * no)


def _scores(logits: Any) -> Any:
    """Logits with an axis of classes."""
    logits = plain(logits)
    if not np.ndim(logits):
        raise ShapeError(f"cross_entropy: one number is no row of classes\n  at {user_line()}\nuse logits[None]")
    return logits


def _numbers(who: str, values: Any) -> Any:
    """Values as an array of numbers."""
    values = plain(values)
    values = values if hasattr(values, "dtype") else np.asarray(values)
    if values.dtype.kind == "b":
        return values.astype(np.int64)
    if values.dtype.kind not in "iuf":
        raise DtypeError(
            f"{who}: targets of dtype {values.dtype}\n  at {user_line()}\n"
            "give numbers: np.unique(y, return_inverse=True)[1]"
        )
    return values


def _answers(who: str, targets: Any, logits: Any) -> Any:
    """Targets between 0 and 1, of the shape of the logits and in their dtype."""
    targets = _as(_numbers(who, targets), logits)
    _same(who, np.shape(logits), np.shape(targets))
    seen = value_of(targets)
    if np.size(seen) and (np.min(seen) < 0 or np.max(seen) > 1):
        raise ArgumentError(
            f"{who}: targets from {np.min(seen)} to {np.max(seen)}, where they lie in [0, 1]: 0 for no, 1 for yes\n"
            f"  at {user_line()}"
        )
    return targets


def _as(targets: Any, like: Any) -> Any:
    """Targets in the dtype of what is compared with them."""
    targets = plain(targets)
    dtype = np.asarray(value_of(like)).dtype
    targets = targets if hasattr(targets, "dtype") else np.asarray(targets)
    if targets.dtype.kind not in "iufbc" or (targets.dtype.kind == "c" and dtype.kind != "c"):
        raise DtypeError(
            f"targets or weights of dtype {targets.dtype} for predictions of {dtype}\n  at {user_line()}"
        )
    return targets.astype(dtype) if targets.dtype != dtype and dtype.kind == "f" else targets


def _same(name: str, given: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if given != expected:
        raise ShapeError(
            f"{name}: predictions of shape {given} for targets of shape {expected}, which NumPy would spread over "
            f"each other\n  at {user_line()}\nreshape one of them, such as model(params, x)[:, 0]"
        )


def _fitting(wanted: tuple[int, ...], given: tuple[int, ...], instead: str) -> None:
    if wanted != given:
        raise ShapeError(
            f"cross_entropy: targets of shape {given}, where these predictions need {wanted}\n  at {user_line()}\n"
            f"{instead}"
        )
