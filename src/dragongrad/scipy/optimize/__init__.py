"""`scipy.optimize`: SciPy's solvers, whose solutions have exact derivatives with respect to `args`.

On plain arguments each is SciPy's own. Where an argument is being differentiated, SciPy is called with plain values
and its solution differentiated through the equations or conditions that it satisfies (`ad.implicit`).
"""

__all__ = [
    "bisect", "brenth", "brentq", "fixed_point", "fsolve", "least_squares", "linprog", "minimize",
    "minimize_scalar", "newton", "ridder", "root", "root_scalar", "toms748",
]  # fmt: skip

from .minima import least_squares, linprog, minimize, minimize_scalar
from .roots import bisect, brenth, brentq, fixed_point, fsolve, newton, ridder, root, root_scalar, toms748
