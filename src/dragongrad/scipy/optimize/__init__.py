"""`scipy.optimize`: SciPy's solvers, whose solutions have exact derivatives with respect to `args`.

On plain arguments each is SciPy's own. Where an argument is being differentiated, SciPy is called with plain values
and its solution differentiated through the equations or conditions that it satisfies (`ad.implicit`).
"""

__all__ = [
    "bisect", "brenth", "brentq", "fixed_point", "fsolve", "least_squares", "linprog", "lsq_linear", "minimize",
    "minimize_scalar", "newton", "nnls", "ridder", "root", "root_scalar", "toms748",
]  # fmt: skip

from typing import Any

from ...core.errors import AbsentError, user_line
from .linear import lsq_linear, nnls
from .minima import least_squares, linprog, minimize, minimize_scalar
from .roots import bisect, brenth, brentq, fixed_point, fsolve, newton, ridder, root, root_scalar, toms748

_INSTEAD = {
    "curve_fit": "Write optimize.least_squares of the residuals, or dragongrad.interop.scipy.curve_fit",
    "leastsq": "Write optimize.least_squares",
    "milp": "Write optimize.lsq_linear, or add a quadratic term and use ad.implicit.minimizer",
}


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        # Python itself asks for such names, and takes no for an answer.
        raise AttributeError(name)
    if name.startswith("fmin"):
        instead = "Write optimize.minimize"
    else:
        instead = _INSTEAD.get(name, f"Of plain arrays write scipy.optimize.{name}; ad.implicit takes any solver")
    raise AbsentError(f"dragongrad.scipy.optimize has no {name!r}\n  at {user_line()}\n{instead}")
