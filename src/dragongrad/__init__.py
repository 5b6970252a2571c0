"""Exact derivatives of plain NumPy code, that you can look inside."""

from . import blocks as _blocks  # noqa: F401 - importing it fills the table
from .blocks.special import log_softmax, logistic, logsumexp, softmax, stop_gradient
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
from .transforms.forward import jvp
from .transforms.jacobians import hessian, hvp, jacfwd, jacobian, jacrev
from .transforms.reverse import grad, value_and_grad, vjp

_install()
__version__ = "2.0.0.dev0"
__all__ = [
    "ArgumentError", "BatchError", "ClosureError", "ConversionError", "DerivativeError", "DragongradError",
    "DtypeError", "EscapedError", "NoRuleError", "NonFiniteError", "NotScalarError", "ShapeError", "grad",
    "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "log_softmax", "logistic", "logsumexp", "softmax",
    "stop_gradient", "value_and_grad", "vjp", "vmap",
]  # fmt: skip
