"""Detectors: a trained network with all that it needs to read films as it was trained to, and to refuse others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, ShapeError
from ..checkpoint import CheckpointError, load, save
from ..prediction import predictor
from .calibration import probability
from .films import FilmError, Films
from .network import film_network

_KIND = "detector of films 1"
# So many pixels take longer than compiling the network.
_MANY = 2_000_000


@dataclass(frozen=True, eq=False)
class Detector:
    """A network for films, and what it was trained on.

    Attributes
    ----------
    params : nest of arrays
        Of `film_network(shape, **options)`.
    shape : tuple of int
        Of the films it reads: (H, W, 1), grey values in [0, 1].
    classes : tuple of str
        Healthy, ill.
    threshold : float
        Films whose score reaches it are called ill; chosen on validation films.
    temperature : float
        What scores are divided by before they become probabilities; found on validation films.
    options : dict
        Of the network.
    about : dict
        How it was trained: numbers of films, seed, epochs, history, specificity asked for, what the films were.
    seen : frozenset of str
        Hashes of the films, and of the patients, that it was trained or tuned on.

    """

    params: Any
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    threshold: float
    temperature: float
    options: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()

    @property
    def model(self) -> Any:
        """The network."""
        return film_network(self.shape, **self.options)

    def check(self, images: Any) -> Any:
        """The images, refused where they are not what the network was trained on.

        Raises
        ------
        ShapeError
            They have another shape.
        ArgumentError
            They are not numbers in [0, 1].
        """
        images = np.asarray(images)
        if images.ndim != 4 or images.shape[1:] != self.shape:
            size = " x ".join(map(str, self.shape))
            raise ShapeError(
                f"this detector reads films of {size}, got an array of shape {images.shape}: "
                f"images.read(path, size={self.shape[:2]})"
            )
        if images.dtype.kind != "f" or not (images.size == 0 or (images.min() >= 0 and images.max() <= 1)):
            raise ArgumentError(
                f"this detector reads grey values in [0, 1], got {images.dtype} "
                + (f"from {images.min()} to {images.max()}" if images.size else "")
                + ": images.read makes them, or divide by the greatest value that can be stored"
            )
        return images.astype(np.float32, copy=False)

    def scores(self, images: Any) -> Any:
        """The difference of the logits of each film: (N,) of float64, greater where illness is more likely."""
        images = self.check(images)
        predict = self._compiled if images.size > _MANY else predictor(self.model, compiled=False)
        out = predict(self.params, images, {}, 64).astype(np.float64)
        return out[:, 1] - out[:, 0]

    @cached_property
    def _compiled(self) -> Any:
        return predictor(self.model)

    def probabilities(self, images: Any) -> Any:
        """The probability of illness of each film, by temperature scaling."""
        return probability(self.scores(images), self.temperature)

    def unseen(self, films: Films) -> Films:
        """The films that it was not trained or tuned on, nor others of these patients."""
        marks = zip(films.digests(), _patients(films), strict=True)
        return films.take(np.array([d not in self.seen and p not in self.seen for d, p in marks], bool))

    def check_classes(self, films: Films) -> Films:
        """The films, refused where they are labelled with other classes."""
        films.two_classes()
        if [c.lower() for c in films.classes] != [c.lower() for c in self.classes]:
            raise FilmError(
                f"this detector tells {' from '.join(reversed(self.classes))}, these films are "
                f"{', '.join(films.classes)}"
            )
        return films

    def save(self, path: str | Path) -> None:
        """Write it to a file, whole or not at all."""
        more = {
            "shape": list(self.shape), "range": [0.0, 1.0], "classes": list(self.classes),
            "threshold": self.threshold, "temperature": self.temperature, "options": self.options,
            "about": self.about, "seen": sorted(self.seen),
        }  # fmt: skip
        save(path, self.params, kind=_KIND, **more)


def load_detector(path: str | Path) -> Detector:
    """Read what `Detector.save` has written.

    Raises
    ------
    CheckpointError
        It is damaged or something else.
    FilmError
        There is none.
    """
    path = Path(path)
    if not path.is_file():
        raise FilmError(f"there is no file {path}: dragongrad xray train DATA --out {path} makes one")
    params, more = load(path)
    if more.get("kind") != _KIND:
        raise CheckpointError(f"{path} holds no detector of films")
    return Detector(
        params, tuple(more["shape"]), tuple(more["classes"]), more["threshold"], more["temperature"],
        more["options"], more["about"], frozenset(more["seen"]),
    )  # fmt: skip


def marks(films: Films) -> frozenset[str]:
    """Hashes of films and of their patients, to know them again without keeping their names."""
    return frozenset(films.digests()) | frozenset(p for p in _patients(films) if p)


def _patients(films: Films) -> list[str]:
    if films.groups is None:
        return [""] * len(films)
    return [hashlib.blake2b(f"patient {g}".encode(), digest_size=10).hexdigest() for g in films.groups]
