"""Radiographs: read films, split them by patient, train and judge. For learning, not for clinical use."""

from .augment import Shake
from .calibration import (
    Bin,
    Opinions,
    brier,
    calibration_error,
    ensemble,
    opinions,
    probability,
    reliability,
    temperature,
    with_dropout,
)
from .diagnosis import AtThreshold, Estimate, at_threshold, net_benefit, roc_auc, roc_curve, threshold_at, wilson
from .films import FilmError, Films, Pixels, duplicates
from .folders import PATIENTS, write
from .reading import read
from .simulation import simulate
from .splits import SplitWarning, apart, split

__all__ = [
    "PATIENTS",
    "AtThreshold",
    "Bin",
    "Estimate",
    "FilmError",
    "Films",
    "Opinions",
    "Pixels",
    "Shake",
    "SplitWarning",
    "apart",
    "at_threshold",
    "brier",
    "calibration_error",
    "duplicates",
    "ensemble",
    "net_benefit",
    "opinions",
    "probability",
    "read",
    "reliability",
    "roc_auc",
    "roc_curve",
    "simulate",
    "split",
    "temperature",
    "threshold_at",
    "wilson",
    "with_dropout",
    "write",
]
