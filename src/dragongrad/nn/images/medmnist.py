"""The .npz files of MedMNIST: arrays `train_images`, `train_labels`, `val_images` ... (Yang et al. 2023)."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .films import FilmError, Films, Pixels
from .pixels import Size, resized

_PARTS = ("train", "val", "test")
# What the numbers of these sets mean; the files do not say it.
_CLASSES = {"pneumoniamnist": ("normal", "pneumonia")}


def read_medmnist(path: str | Path, size: Size = None) -> Films:
    """Read a file of MedMNIST.

    Parameters
    ----------
    path : str or Path
        The .npz file.
    size : int or (int, int), optional
        Height and width; as stored by default.

    Returns
    -------
    Films
        With their parts. Which patient each is of is not kept in these files.

    Raises
    ------
    FilmError
        It is damaged or another kind of .npz file.
    """
    path = Path(path)
    found = _arrays(path)
    parts = [part for part in _PARTS if f"{part}_images" in found]
    images = np.concatenate([_grey(path, found[f"{part}_images"]) for part in parts])
    labels = np.concatenate([_labels(path, found[f"{part}_labels"]) for part in parts])
    counts = Counter({"8 bits": len(images)})
    if size is not None:
        made = [resized(one, size) for one in images]
        images = np.stack([one for one, _ in made])
        counts += Counter(note for _, notes in made for note in notes)
    stem = path.stem.lower().partition("_")[0]
    known = _CLASSES.get(stem, tuple(f"class {k}" for k in range(int(labels.max(initial=0)) + 1)))
    names = tuple(f"{part}/{k}" for part in parts for k in range(len(found[f"{part}_images"])))
    return Films(
        images[..., None], labels, known, names, None,
        np.array([name.partition("/")[0] for name in names]), Pixels("MedMNIST", images.shape[1:3], dict(counts)),
    )  # fmt: skip


def _arrays(path: Path) -> dict[str, Any]:
    try:
        # NumPy leaves a file open that it cannot read.
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = dict(file)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FilmError(f"{path} is damaged, or no .npz file: {type(error).__name__}") from None
    parts = [part for part in _PARTS if f"{part}_images" in found]
    if not parts or any(f"{part}_labels" not in found for part in parts):
        raise FilmError(
            f"{path} holds {', '.join(sorted(found)[:6]) or 'nothing'}, where MedMNIST has train_images, "
            "train_labels and so on"
        )
    for part in parts:
        if len(found[f"{part}_images"]) != len(found[f"{part}_labels"]):
            raise FilmError(f"{path}: there are more or fewer {part}_labels than {part}_images")
    return found


def _grey(path: Path, images: Any) -> Any:
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[-1] != 3):
        raise FilmError(
            f"{path} holds images of {images.dtype} {images.shape}, where MedMNIST has uint8 of shape (N, H, W) "
            "or (N, H, W, 3)"
        )
    grey = images if images.ndim == 3 else images @ np.array([0.299, 0.587, 0.114], np.float32)
    return (grey / np.float32(255)).astype(np.float32)


def _labels(path: Path, labels: Any) -> Any:
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise FilmError(f"{path} has {labels.shape[1]} labels a film; one is needed")
    if labels.dtype.kind not in "iub":
        raise FilmError(f"{path} has labels of {labels.dtype}, not whole numbers")
    if labels.size and labels.min() < 0:
        raise FilmError(f"{path} has the label {labels.min()}, where classes are counted from 0")
    return labels.reshape(len(labels)).astype(np.int64)
