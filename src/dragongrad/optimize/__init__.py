"""Optimizers, a file per method, and what drives them."""

from . import zoo
from .adadelta import AdaDelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .amsgrad import AMSGrad
from .bfgs import BFGS
from .clipping import clip_by_norm, clip_by_value
from .conjugate import ConjugateGradient
from .descent import GD
from .gauss_newton import GaussNewton
from .lbfgs import LBFGS
from .least_squares import LEAST_SQUARES, least_squares
from .levenberg import LevenbergMarquardt
from .limits import Iteration, Limits
from .lion import Lion
from .minimize import METHODS, minimize
from .momentum import Momentum
from .nadam import NAdam
from .nesterov import Nesterov
from .newton import Newton
from .objective import Objective
from .optimizer import Optimizer
from .radam import RAdam
from .residuals import Residuals
from .result import Result, Status, Test
from .rmsprop import RMSProp
from .root import NewtonRoot, root
from .rprop import Rprop
from .schedules import ConstantRate, CosineDecay, ExponentialDecay, OneCycle, StepDecay, WarmUp
from .searching import LineSearchOptimizer
from .trust import TrustNCG, TrustRegion
from .trust_exact import TrustExact

__all__ = [
    "BFGS",
    "GD",
    "LBFGS",
    "LEAST_SQUARES",
    "METHODS",
    "AMSGrad",
    "AdaDelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "ConjugateGradient",
    "ConstantRate",
    "CosineDecay",
    "ExponentialDecay",
    "GaussNewton",
    "Iteration",
    "LevenbergMarquardt",
    "Limits",
    "LineSearchOptimizer",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Newton",
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
    "TrustExact",
    "TrustNCG",
    "TrustRegion",
    "WarmUp",
    "clip_by_norm",
    "clip_by_value",
    "least_squares",
    "minimize",
    "root",
    "zoo",
]
