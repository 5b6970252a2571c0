"""Radiographs: read films, split them by patient, train and judge. For learning, not for clinical use."""

from .augment import Shake
from .films import FilmError, Films, Pixels, duplicates
from .folders import PATIENTS, write
from .reading import read
from .simulation import simulate
from .splits import SplitWarning, apart, split

__all__ = [
    "PATIENTS",
    "FilmError",
    "Films",
    "Pixels",
    "Shake",
    "SplitWarning",
    "apart",
    "duplicates",
    "read",
    "simulate",
    "split",
    "write",
]
