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
from .detector import Detector, load_detector
from .diagnosis import AtThreshold, Estimate, at_threshold, net_benefit, roc_auc, roc_curve, threshold_at, wilson
from .explain import Map, grad_cam, integrated_gradients, maps, occlusion, saliency, smooth_gradient
from .films import FilmError, Films, Pixels, duplicates
from .folders import PATIENTS, write
from .network import film_network
from .reading import read
from .recipes import fit, parted
from .simulation import simulate
from .splits import SplitWarning, apart, split

__all__ = [
    "PATIENTS",
    "AtThreshold",
    "Bin",
    "Detector",
    "Estimate",
    "FilmError",
    "Films",
    "Map",
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
    "film_network",
    "fit",
    "grad_cam",
    "integrated_gradients",
    "load_detector",
    "maps",
    "net_benefit",
    "occlusion",
    "opinions",
    "parted",
    "probability",
    "read",
    "reliability",
    "roc_auc",
    "roc_curve",
    "saliency",
    "simulate",
    "smooth_gradient",
    "split",
    "temperature",
    "threshold_at",
    "wilson",
    "with_dropout",
    "write",
]
