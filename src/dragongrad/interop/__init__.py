"""Other libraries' solvers, fed with exact derivatives."""

__all__ = ["scipy"]

from . import scipy
