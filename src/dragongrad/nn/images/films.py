"""Films: images with their labels, patients and names, and how their pixels were made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, DragongradError, MissingExtraError

#: Names of the parts of a data set that others have split, and what they are called here.
PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


class FilmError(DragongradError, ValueError):
    """Files that are no films, or films that cannot be used as they are asked to."""


@dataclass(frozen=True)
class Pixels:
    """How the numbers in [0, 1] came from what was stored.

    Attributes
    ----------
    source : str
        What was read: "folder", "zip", "MedMNIST", "DICOM", "simulated" ...
    size : tuple of int
        Height and width now.
    counts : dict
        How many films each thing was done to or found in: "8 bits", "inverted (MONOCHROME1)", "resized from
        224 x 224" ...

    """

    source: str
    size: tuple[int, int]
    counts: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Each fact with its number of films."""
        return [f"{what}: {count}" for what, count in self.counts.items()]


@dataclass(frozen=True, eq=False)
class Films:
    """Images of one size with what is known about each.

    Attributes
    ----------
    images : ndarray of shape (N, H, W, 1), float32
        In [0, 1]: 0 is black, where most of the beam arrived (air), and 1 white (bone).
    labels : ndarray of shape (N,), int, or None
        The numbers of the classes; None where the films have none.
    classes : tuple of str
        Their names: that of healthy films first.
    names : tuple of str
        Where each film was found.
    groups : ndarray of shape (N,) of str, or None
        The patient of each film; None where nothing tells them.
    parts : ndarray of shape (N,) of str, or None
        "train", "val" or "test", where the data set came split.
    pixels : Pixels
        How the numbers were made.
    skipped : tuple of str
        Files that could not be read, and why.

    """

    images: Any
    labels: Any
    classes: tuple[str, ...]
    names: tuple[str, ...]
    groups: Any
    parts: Any
    pixels: Pixels
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        """The numbers, without the name of any film or patient."""
        size = " x ".join(map(str, self.images.shape[1:3]))
        told = [f"{len(self)} of {size} from {self.pixels.source}", *self.shares()]
        if self.groups is not None:
            told.append(f"{len(set(self.groups))} patients")
        if self.parts is not None:
            told.append(", ".join(f"{part} {np.sum(self.parts == part)}" for part in dict.fromkeys(self.parts)))
        return f"<Films: {'; '.join(told)}>"

    def shares(self) -> list[str]:
        """How many films each class has."""
        if self.labels is None:
            return ["no labels"]
        return [f"{name} {np.sum(self.labels == k)}" for k, name in enumerate(self.classes)]

    def take(self, rows: Any) -> Films:
        """Some of the films, by their numbers or by a mask."""
        rows = np.arange(len(self))[rows]
        chosen: dict[str, Any] = {
            name: None if (all_ := getattr(self, name)) is None else all_[rows] for name in _ROWS
        }
        return replace(self, names=tuple(self.names[k] for k in rows), **chosen)

    def part(self, name: str) -> Films:
        """The films of one part of a data set that came split."""
        if self.parts is None or name not in self.parts:
            known = "is not split" if self.parts is None else f"has {', '.join(dict.fromkeys(self.parts))}"
            raise ArgumentError(f"there is no part {name!r}: the data set {known}")
        return self.take(self.parts == name)

    def two_classes(self) -> Films:
        """The films themselves, refused where they have no labels or not two classes."""
        if self.labels is None:
            raise FilmError(
                "these films have no labels, or all the same: put those of each class into a folder of its name, "
                "and give the folder that holds both"
            )
        if len(self.classes) != 2:
            raise FilmError(
                f"a diagnosis is between two classes, these films have {len(self.classes)}: "
                f"{', '.join(self.classes)}"
            )
        return self

    def digests(self) -> list[str]:
        """A hash of the pixels of each film, to 8 bits: equal films have equal hashes."""
        grey = np.round(self.images * 255).astype(np.uint8)
        return [hashlib.blake2b(one.tobytes(), digest_size=10).hexdigest() for one in grey]


_ROWS = ("images", "labels", "groups", "parts")


def duplicates(*films: Films) -> list[list[tuple[int, int]]]:
    """Films with the same pixels, within and across data sets.

    Parameters
    ----------
    *films : Films
        One or several.

    Returns
    -------
    list of list of (int, int)
        For each film that is there more than once the places: the number of the data set, and of the film in it.

    Examples
    --------
    >>> from dragongrad.nn import images
    >>> films = images.simulate(patients=3, size=32)
    >>> images.duplicates(films, films.take([1]))
    [[(0, 1), (1, 0)]]

    """
    places: dict[str, list[tuple[int, int]]] = {}
    for k, some in enumerate(films):
        for row, digest in enumerate(some.digests()):
            places.setdefault(digest, []).append((k, row))
    return [where for where in places.values() if len(where) > 1]


def ordered_classes(names: Sequence[str]) -> tuple[str, ...]:
    """Names of classes, that of healthy films first, so that a high score means illness."""
    healthy = ("normal", "healthy", "negative", "control", "no finding", "no_finding", "benign")
    return tuple(sorted(set(names), key=lambda name: (name.lower() not in healthy, name)))


def missing(what: str, package: str) -> MissingExtraError:
    """The error where a package of the extra is not installed."""
    return MissingExtraError(f"{what} needs {package}: pip install 'dragongrad[xray]'")
