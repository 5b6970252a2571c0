"""Exact derivatives of plain NumPy code, that you can look inside."""

from . import blocks as _blocks  # noqa: F401 - importing it fills the table
from .blocks.special import log_softmax, logistic, logsumexp, softmax, stop_gradient
from .core.block import composite, constant, elementwise, general, linear, multilinear
from .core.dispatch import install as _install
from .core.errors import (
    ArgumentError,
    BatchError,
    ClosureError,
    ConversionError,
    DerivativeError,
    DragongradError,
    DtypeError,
    EscapedError,
    NonFiniteError,
    NoRuleError,
    NotScalarError,
    ShapeError,
)
from .transforms.batch import vmap
from .transforms.checkpoint import checkpoint
from .transforms.custom import custom_rule
from .transforms.forward import jvp
from .transforms.gradients import grad, value_and_grad, vjp
from .transforms.jacobians import hessian, hvp, jacfwd, jacobian, jacrev
from .transforms.linear import derivative, linearize
from .transforms.watch import debug_nans

_install()
__version__ = "2.0.0.dev0"
__all__ = [
    "ArgumentError", "BatchError", "ClosureError", "ConversionError", "DerivativeError", "DragongradError",
    "DtypeError", "EscapedError", "NoRuleError", "NonFiniteError", "NotScalarError", "ShapeError",
    "checkpoint", "composite", "constant", "custom_rule", "debug_nans", "derivative", "elementwise",
    "general", "grad", "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "linear", "linearize",
    "log_softmax", "logistic", "logsumexp", "multilinear", "softmax", "stop_gradient", "value_and_grad",
    "vjp", "vmap",
]  # fmt: skip
