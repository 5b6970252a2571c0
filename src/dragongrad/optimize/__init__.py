"""Optimizers, a file per method, and what drives them."""

from . import zoo
from .adadelta import AdaDelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .amsgrad import AMSGrad
from .clipping import clip_by_norm, clip_by_value
from .descent import GD
from .gauss_newton import GaussNewton
from .least_squares import LEAST_SQUARES, least_squares
from .levenberg import LevenbergMarquardt
from .lion import Lion
from .loop import Iteration, Limits
from .minimize import METHODS, minimize
from .momentum import Momentum
from .nadam import NAdam
from .nesterov import Nesterov
from .objective import Objective
from .optimizer import Optimizer
from .radam import RAdam
from .residuals import Residuals
from .result import Result, Status, Test
from .rmsprop import RMSProp
from .root import NewtonRoot, root
from .rprop import Rprop
from .schedules import ConstantRate, CosineDecay, ExponentialDecay, OneCycle, StepDecay, WarmUp

__all__ = [
    "GD",
    "LEAST_SQUARES",
    "METHODS",
    "AMSGrad",
    "AdaDelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "ConstantRate",
    "CosineDecay",
    "ExponentialDecay",
    "GaussNewton",
    "Iteration",
    "LevenbergMarquardt",
    "Limits",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "NewtonRoot",
    "Objective",
    "OneCycle",
    "Optimizer",
    "RAdam",
    "RMSProp",
    "Residuals",
    "Result",
    "Rprop",
    "Status",
    "StepDecay",
    "Test",
    "WarmUp",
    "clip_by_norm",
    "clip_by_value",
    "least_squares",
    "minimize",
    "root",
    "zoo",
]
