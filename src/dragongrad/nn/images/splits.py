"""Splitting films into parts that share no patient, and no film."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from .films import FilmError, Films

#: What is made of films that did not come split.
USUAL = {"train": 0.7, "val": 0.15, "test": 0.15}


class SplitWarning(UserWarning):
    """A split that cannot keep patients apart."""


def split(
    films: Films, parts: Mapping[str, float] | None = None, rng: np.random.Generator | int = 0
) -> dict[str, Films]:
    """Split films at random, all films of a patient into one part, and the classes as evenly as that allows.

    Films with the same pixels go to one part too, whoever they are said to be of. The patients with the most films
    are placed first, each into the part that lacks the most of its classes.

    Parameters
    ----------
    films : Films
        Where nothing tells the patients, each film is placed by itself and a SplitWarning says so.
    parts : mapping of str to float, optional
        The share of each part; 0.7, 0.15 and 0.15 for "train", "val" and "test" by default.
    rng : numpy.random.Generator or int
        What draws, or its seed.

    Returns
    -------
    dict of str to Films

    Raises
    ------
    ArgumentError
        The shares are not positive, or do not sum to 1.
    FilmError
        There are fewer patients than parts, or a part gets no films.

    Examples
    --------
    >>> from dragongrad.nn import images
    >>> parts = images.split(images.simulate(patients=10, size=32), {"train": 0.6, "test": 0.4})
    >>> {name: len(some) for name, some in parts.items()}
    {'train': 12, 'test': 8}

    """
    shares = dict(USUAL if parts is None else parts)
    if not shares or any(not 0 < s <= 1 for s in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        raise ArgumentError(f"the shares of the parts are above 0 and sum to 1, got {shares}")
    if films.groups is None:
        warnings.warn(
            "nothing tells which films are of one patient, so films of one may be on both sides and results too "
            "good: give pattern=, a regular expression that finds the patient in a name",
            SplitWarning, stacklevel=2,
        )  # fmt: skip
    placed = _placed(_together(films), films.labels, list(shares.values()), np.random.default_rng(rng))
    found = {name: films.take(placed == k) for k, name in enumerate(shares)}
    empty = [name for name, some in found.items() if not len(some)]
    if empty:
        raise FilmError(f"there are too few patients for {len(shares)} parts: none is left for {', '.join(empty)}")
    return found


def apart(films: Films, others: Films) -> Films:
    """The films that share neither pixels nor patient with others."""
    known, patients = set(others.digests()), set() if others.groups is None else set(others.groups)
    groups = films.groups if films.groups is not None else [None] * len(films)
    keep = [d not in known and g not in patients for d, g in zip(films.digests(), groups, strict=True)]
    return films.take(np.array(keep, bool))


def _together(films: Films) -> Any:
    """For each film the number of what it must stay together with: its patient's films, and equal ones."""
    keys: list[tuple[str, ...]] = [(digest,) for digest in films.digests()]
    if films.groups is not None:
        keys = [(*key, f"patient {group}") for key, group in zip(keys, films.groups, strict=True)]
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for first, *more in keys:
        for other in more:
            parent[root(other)] = root(first)
    return np.unique([root(first) for first, *_ in keys], return_inverse=True)[1]


def _placed(groups: Any, labels: Any, shares: list[float], rng: np.random.Generator) -> Any:
    """The number of the part of each film."""
    kinds = np.zeros(len(groups), int) if labels is None else labels
    table = np.zeros((groups.max(initial=-1) + 1, kinds.max(initial=0) + 1))
    np.add.at(table, (groups, kinds), 1)
    wanted = np.outer(shares, table.sum(axis=0))
    have = np.zeros_like(wanted)
    part = np.zeros(len(table), int)
    order = rng.permutation(len(table))
    for group in order[np.argsort(-table[order].sum(axis=1), kind="stable")]:
        lacking = 1 - have / np.where(wanted > 0, wanted, 1)
        part[group] = np.argmax(lacking @ table[group])
        have[part[group]] += table[group]
    return part[groups]
