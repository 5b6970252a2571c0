"""Optimizers, a file per method, and what drives them."""

from . import zoo
from .clipping import clip_by_norm, clip_by_value
from .fitting.gauss_newton import GaussNewton
from .fitting.least_squares import LEAST_SQUARES, least_squares
from .fitting.levenberg import LevenbergMarquardt
from .fitting.residuals import Residuals
from .limits import Iteration, Limits
from .line_search.method import LineSearchOptimizer
from .methods.adadelta import AdaDelta
from .methods.adagrad import Adagrad
from .methods.adam import Adam
from .methods.adamw import AdamW
from .methods.amsgrad import AMSGrad
from .methods.bfgs import BFGS
from .methods.conjugate import ConjugateGradient
from .methods.descent import GD
from .methods.lbfgs import LBFGS
from .methods.lion import Lion
from .methods.momentum import Momentum
from .methods.nadam import NAdam
from .methods.nesterov import Nesterov
from .methods.newton import Newton
from .methods.radam import RAdam
from .methods.rmsprop import RMSProp
from .methods.rprop import Rprop
from .minimize import METHODS, minimize
from .objective import Objective
from .optimizer import Optimizer
from .progress import Glimpse
from .result import Result, Status, Test
from .root import NewtonRoot, root
from .schedules import ConstantRate, CosineDecay, ExponentialDecay, OneCycle, StepDecay, WarmUp
from .trust_region.exact import TrustExact
from .trust_region.method import TrustNCG, TrustRegion

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
    "Glimpse",
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
