"""`scipy.integrate` with exact derivatives: integrals of samples and of functions."""

from .chapter import CHAPTER
from .functions import (
    dblquad,
    fixed_quad,
    newton_cotes,
    nquad,
    odeint,
    quad,
    quad_vec,
    solve_bvp,
    solve_ivp,
    tplquad,
)
from .samples import cumulative_simpson, cumulative_trapezoid, romb, simpson, trapezoid

__all__ = [
    "cumulative_simpson", "cumulative_trapezoid", "dblquad", "fixed_quad", "newton_cotes", "nquad", "odeint",
    "quad", "quad_vec", "romb", "simpson", "solve_bvp", "solve_ivp", "tplquad", "trapezoid",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
