"""Optimizers, a file per method, and what drives them."""

from . import zoo
from .adadelta import AdaDelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .amsgrad import AMSGrad
from .clipping import clip_by_norm, clip_by_value
from .descent import GD
from .lion import Lion
from .loop import Iteration, Limits
from .minimize import METHODS, minimize
from .momentum import Momentum
from .nadam import NAdam
from .nesterov import Nesterov
from .objective import Objective
from .optimizer import Optimizer
from .radam import RAdam
from .result import Result, Status
from .rmsprop import RMSProp
from .rprop import Rprop
from .schedules import ConstantRate, CosineDecay, ExponentialDecay, OneCycle, StepDecay, WarmUp

__all__ = [
    "GD",
    "METHODS",
    "AMSGrad",
    "AdaDelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "ConstantRate",
    "CosineDecay",
    "ExponentialDecay",
    "Iteration",
    "Limits",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Objective",
    "OneCycle",
    "Optimizer",
    "RAdam",
    "RMSProp",
    "Result",
    "Rprop",
    "Status",
    "StepDecay",
    "WarmUp",
    "clip_by_norm",
    "clip_by_value",
    "minimize",
    "zoo",
]
