"""Other libraries' solvers, fed with exact derivatives, and bridges to other libraries' programs."""

__all__ = ["autograd", "jax", "scipy", "torch"]

from . import autograd, jax, scipy, torch
