"""A recipe that trains a detector: every choice is made on training and validation films."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ..losses import cross_entropy
from ..training import train
from ..updates import adamw
from .augment import Shake
from .calibration import temperature
from .detector import Detector, marks
from .diagnosis import roc_auc, threshold_at
from .films import FilmError, Films
from .network import film_network
from .splits import apart, split

# What a training of few films makes at least.
_STEPS = 1500


def parted(films: Films, seed: int = 0) -> dict[str, Films]:
    """Training, validation and test films: as they came, or split by patient where they came unsplit.

    What came split for training only is split; where validation films are missing, a part of the training films
    becomes them. Training films that also are validation or test films are left out.

    Returns
    -------
    dict of str to Films
        "train", "val" and, where there are any, "test".
    """
    films.two_classes()
    came = {} if films.parts is None else {name: films.part(name) for name in dict.fromkeys(films.parts) if name}
    if "train" not in came or len(came) == 1:
        return split(films, rng=seed)
    if "val" not in came:
        came |= split(came["train"], {"train": 0.85, "val": 0.15}, seed)
    for name in ("test", "val"):
        if name in came:
            came["train"] = apart(came["train"], came[name])
    return {name: came[name] for name in ("train", "val", "test") if name in came}


def fit(
    training: Films, validation: Films, *, epochs: int | None = None, batch: int = 32, lr: float = 2e-3,
    width: int = 16, dropout: float = 0.2, seed: int = 0, specificity: float = 0.9, augment: Any = None,
    checkpoint: str | Path | None = None, progress: bool = True, compile: bool = True,
) -> Detector:  # fmt: skip
    """Train a detector: `film_network` by AdamW with a falling rate, on films that are moved and exposed at random.

    Both classes count the same, whatever their numbers: probabilities are those of films half of which are ill.
    The parameters are a running mean over the last hundred steps or so, taken at the epoch with the greatest
    validation AUC. Temperature and threshold are found on the validation films afterwards.

    Parameters
    ----------
    training, validation : Films
        Of two classes and one size, without a patient in common: see `parted` and `split`.
    epochs : int, optional
        How often all films are seen; 15, or as many as make 1,500 steps, by default.
    batch : int
        How many films make a step.
    lr : float
        The greatest learning rate; it falls to 2 % along a cosine (Loshchilov and Hutter, *SGDR*, ICLR 2017).
    width, dropout
        Of the network.
    seed : int
        Of everything random.
    specificity : float
        The threshold leaves this share of healthy validation films uncalled.
    augment : callable, optional
        `Shake()` by default.
    checkpoint : str or Path, optional
        A file from which a killed training goes on.
    progress, compile : bool
        As `nn.train` has them.

    Returns
    -------
    Detector

    Raises
    ------
    FilmError
        The films are not of the same two classes, or a class is missing on a side.

    Examples
    --------
    >>> from dragongrad.nn import images
    >>> parts = images.split(images.simulate(patients=30, size=16), {"train": 0.6, "val": 0.4})
    >>> detector = images.fit(parts["train"], parts["val"], epochs=1, width=8, compile=False)
    >>> detector.classes, detector.probabilities(parts["val"].images).shape
    (('normal', 'nodule'), (24,))

    """
    _check(training, validation)
    shape, classes = training.images.shape[1:], training.classes
    options: dict[str, Any] = {"width": width, "dropout": dropout}
    model = film_network(shape, **options)
    rng = np.random.default_rng(seed)
    params = model.init(rng, shape)
    batch = min(batch, len(training))
    steps = len(training) // batch
    epochs = max(15, -(-_STEPS // steps)) if epochs is None else epochs
    # The mean is over the last hundred steps, and of a short run over less than its last tenth.
    average = 1 - 1 / min(100, max(steps * epochs / 10, 1))
    counts = np.bincount(training.labels, minlength=2)
    weights = (len(training) / 2 / counts).astype(np.float32)
    done = train(
        model, params, (training.images, training.labels), epochs=epochs, batch=batch, seed=rng,
        loss=lambda out, y: cross_entropy(out, y, weights=weights),
        update=adamw(_falling(lr, epochs * steps), weight_decay=0.02, average=average),
        validation=(validation.images, validation.labels), metrics={"auc": _auc}, monitor="auc",
        augment=augment or Shake(), checkpoint=checkpoint, progress=progress, compile=compile,
    )  # fmt: skip
    about = {
        "films": {"train": len(training), "val": len(validation)}, "seed": seed, "epochs": epochs,
        "best": done.best, "specificity": specificity,
        "source": training.pixels.source, "pixels": training.pixels.counts,
        "history": [[e.loss, e.validation, e.metrics["auc"]] for e in done.history],
        "patients": None if training.groups is None else len(set(training.groups)),
    }  # fmt: skip
    found = Detector(done.params, shape, classes, 0.0, 1.0, options, about, marks(training) | marks(validation))
    scores = found.scores(validation.images)
    return replace(
        found, temperature=temperature(validation.labels, scores),
        threshold=threshold_at(validation.labels, scores, specificity),
    )  # fmt: skip


def _check(training: Films, validation: Films) -> None:
    for what, films in (("training", training), ("validation", validation)):
        films.two_classes()
        if len(np.unique(films.labels)) != 2:
            raise FilmError(f"the {what} films are all of one class")
    if training.classes != validation.classes:
        raise FilmError(f"training films are {training.classes}, validation films {validation.classes}")
    if training.images.shape[1:] != validation.images.shape[1:]:
        raise ArgumentError("training and validation films have different sizes")
    if len(apart(training, validation)) < len(training):
        raise FilmError("training and validation share films or patients: images.apart(training, validation)")


def _auc(out: Any, labels: Any) -> float:
    out = np.asarray(out, np.float64)
    return roc_auc(labels, out[:, 1] - out[:, 0]).value


def _falling(most: float, steps: int) -> Any:
    return lambda count: most * (0.51 + 0.49 * np.cos(np.pi * np.minimum(count / max(steps, 1), 1.0)))
