"""Exact derivatives of plain NumPy code, that you can look inside."""

import sys as _sys
import typing as _typing
from importlib import import_module as _import_module

from . import blocks as _blocks  # noqa: F401 - importing it fills the table
from . import functions as _functions
from . import late as _late
from .blocks.convolution import conv, conv_transpose
from .blocks.habits import install as _install_habits
from .blocks.operators import install as _install_operators
from .blocks.special import log_softmax, logistic, logsumexp, softmax, stop_gradient
from .blocks.standard import install as _install_standard
from .classic.block import Block, SimpleBlock
from .classic.mode import mode, set_mode
from .classic.variable import Constant, Variable
from .collector import collector_paused as _collector_paused
from .core.block import composite
from .core.dispatch import install as _install
from .core.errors import (
    AbsentError,
    ArgumentError,
    BatchError,
    ClosureError,
    CompileError,
    CompileWarning,
    ConversionError,
    DerivativeError,
    DragongradError,
    DtypeError,
    EscapedError,
    FactorizationError,
    MissingExtraError,
    NonFiniteError,
    NoRuleError,
    NotScalarError,
    OutOfBoundsError,
    ReadOnlyError,
    SavedProgramError,
    ShapeError,
    SolutionError,
)
from .elsewhere import OF_PACKAGE as _OF_PACKAGE
from .forks import locked as _locked
from .functions import empty, full, log, ones, power, sum_elts, zeros
from .imports import install as _install_imports
from .scipy.names import install as _install_scipy
from .transforms.batch import vmap
from .transforms.checkpoint import checkpoint
from .transforms.custom import custom_rule
from .transforms.forward import jvp
from .transforms.gradients import grad, value_and_grad, vjp
from .transforms.jacobians import hessian, hvp, jacfwd, jacobian, jacrev
from .transforms.linear import derivative, linearize
from .transforms.watch import debug_nans

if _typing.TYPE_CHECKING:
    from . import integrate, interop, lab, nn, scipy
    from . import table as _table  # the declarations of the functions of the table, which have no file of their own
    from .command.play.server import play
    from .compiler.backends.native.jit.cache import cache_info, clear_cache
    from .compiler.backends.native.parallel.thread_pool import set_threads
    from .compiler.decorator import compile
    from .compiler.runtime import Compiled
    from .compiler.saved.load import load
    from .optimize.fitting.least_squares import least_squares
    from .optimize.minimize import minimize
    from .optimize.root import root
    from .table import *  # noqa: F403
    from .transforms import implicit
    from .transforms.loops.branches import cond, switch
    from .transforms.loops.scan import fori_loop, map, scan
    from .transforms.loops.while_loop import while_loop
    from .transforms.trees import elementwise_grad, ravel_pytree, tree_map
    from .verbs import constant, elementwise, general, linear, multilinear  # what they make is an `ad.Block`
    from .views.drawing import graph
    from .views.explain import explain
    from .views.explore.page import explore
    from .views.table import trace_table
else:
    from .core.block import constant, elementwise, general, linear, multilinear

# Whole rooms that not every program enters: imported when first asked for, so that `import dragongrad` stays quick.
_ROOMS = {
    "Compiled": ".compiler.runtime", "compile": ".compiler.decorator",
    "cache_info": ".compiler.backends.native.jit.cache", "clear_cache": ".compiler.backends.native.jit.cache",
    "load": ".compiler.saved.load",
    "graph": ".views.drawing", "explain": ".views.explain", "explore": ".views.explore.page",
    "trace_table": ".views.table", "play": ".command.play.server",
    "set_threads": ".compiler.backends.native.parallel.thread_pool",
    "course": ".course", "integrate": ".integrate", "lab": ".lab", "nn": ".nn", "optimize": ".optimize",
    "scipy": ".scipy", "testing": ".testing", "variable": ".variable",
    "least_squares": ".optimize.fitting.least_squares",
    "minimize": ".optimize.minimize", "root": ".optimize.root", "cond": ".transforms.loops.branches",
    "switch": ".transforms.loops.branches", "scan": ".transforms.loops.scan", "map": ".transforms.loops.scan",
    "implicit": ".transforms.implicit", "interop": ".interop",
    "elementwise_grad": ".transforms.trees", "ravel_pytree": ".transforms.trees", "tree_map": ".transforms.trees",
    "fori_loop": ".transforms.loops.scan", "while_loop": ".transforms.loops.while_loop",
}  # fmt: skip

# Some ufuncs have their names in the second alone.
_late.RULES.update(dict.fromkeys(("scipy.special", "scipy.special._ufuncs"), f"{__name__}.scipy.special.rules"))
_install_imports()
_install()
_install_operators()
_install_habits()
_install_scipy()
_install_standard()
__version__ = "2.0.0.dev0"
__all__ = [
    "AbsentError", "ArgumentError", "BatchError", "Block", "ClosureError", "CompileError", "CompileWarning",
    "Compiled", "Constant", "ConversionError", "DerivativeError", "DragongradError", "DtypeError", "EscapedError",
    "FactorizationError", "MissingExtraError", "NoRuleError", "NonFiniteError", "NotScalarError",
    "OutOfBoundsError", "ReadOnlyError", "SavedProgramError", "ShapeError", "SimpleBlock", "SolutionError",
    "Variable", "cache_info", "checkpoint", "clear_cache", "compile", "composite", "cond", "constant", "conv",
    "conv_transpose", "custom_rule", "debug_nans", "derivative", "elementwise", "elementwise_grad", "empty",
    "explain", "explore", "fori_loop", "full", "general", "grad", "graph", "hessian", "hvp", "implicit",
    "integrate", "interop", "jacfwd", "jacobian", "jacrev", "jvp", "lab", "least_squares", "linear", "linearize",
    "load", "log", "log_softmax", "logistic", "logsumexp", "map", "minimize", "mode", "multilinear", "nn", "ones",
    "play", "power", "ravel_pytree", "root", "scan", "scipy", "set_mode", "set_threads", "softmax", "stop_gradient",
    "sum_elts", "switch", "trace_table", "tree_map", "value_and_grad", "vjp", "vmap", "while_loop", "zeros",
]  # fmt: skip


if _typing.TYPE_CHECKING:
    __all__ += _table.__all__

# Type checkers are not told: to them every name would be one.
if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> _typing.Any:
        if name in _ROOMS:
            with _locked(), _collector_paused():
                module = _import_module(_ROOMS[name], __name__)
            found = getattr(module, name, module)
        else:
            # The whole table by name: ad.sin is the Block of np.sin, called without NumPy's dispatch in between.
            found = _functions.named(name)
        if found is None:
            cure = f": write {_OF_PACKAGE[name]}" if name in _OF_PACKAGE else ""
            # With these two, Python looks for the nearest name itself.
            raise AttributeError(
                f"dragongrad has no attribute {name!r}{cure}", name=name, obj=_sys.modules[__name__]
            )
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_functions.names()})
