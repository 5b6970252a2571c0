"""One reader for films of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from .films import FilmError, Films
from .folders import read_folder
from .medmnist import read_medmnist
from .pixels import Size

_LEAST, _MOST = 8, 4096


def read(path: str | Path, size: Size = None, pattern: str | None = None, skip: bool = False) -> Films:
    """Read films: a folder or zip archive of PNG, JPEG, TIFF or DICOM files, MedMNIST's .npz, or one file.

    Parameters
    ----------
    path : str or Path
        Where they are. Films of each class lie in a folder of its name, `data/NORMAL/...`; folders `train`, `val`
        and `test` above those are parts. Archives are not unpacked.
    size : int or (int, int), optional
        Height and width. Films of another ratio are cut around their centre.
    pattern : str, optional
        A regular expression that finds the patient in a name.
    skip : bool
        Whether files that cannot be read are left out and counted.

    Returns
    -------
    Films
        Images in [0, 1] with labels, patients, names, and how the pixels were made.

    Raises
    ------
    ArgumentError
        The size is not one or two whole numbers from 8 to 4096.
    FilmError
        There are no films, or they cannot be read.
    MissingExtraError
        Pillow or pydicom is needed and not installed.

    Examples
    --------
    >>> import tempfile
    >>> from dragongrad.nn import images
    >>> folder = tempfile.mkdtemp()
    >>> images.write(images.simulate(patients=4, size=32), folder)
    >>> images.read(folder, size=16)
    <Films: 8 of 16 x 16 from folder; normal 4; nodule 4; 4 patients>

    """
    path = Path(path)
    _check(size)
    if not path.exists():
        raise FilmError(f"there is no file or folder {path}")
    if path.suffix.lower() == ".npz":
        return read_medmnist(path, size)
    return read_folder(path, size, pattern, skip)


def _check(size: Any) -> None:
    """Refuse sizes that no film has."""
    if size is None:
        return
    sides = size if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(side, (int, np.integer)) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or not all(_LEAST <= side <= _MOST for side in sides):
        raise ArgumentError(
            f"size is one or two whole numbers from {_LEAST} to {_MOST}, such as 64 or (64, 48); got {size!r}"
        )
