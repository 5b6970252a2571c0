"""`scipy.integrate` with exact derivatives: integrals of samples and of functions, and differential equations."""

from .chapter import CHAPTER
from .equations import complex_ode, ode, odeint, solve_bvp, solve_ivp
from .functions import (
    dblquad,
    fixed_quad,
    newton_cotes,
    nquad,
    quad,
    quad_vec,
    tplquad,
)
from .samples import cumulative_simpson, cumulative_trapezoid, romb, simpson, trapezoid

__all__ = [
    "complex_ode", "cumulative_simpson", "cumulative_trapezoid", "dblquad", "fixed_quad", "newton_cotes", "nquad",
    "ode", "odeint", "quad", "quad_vec", "romb", "simpson", "solve_bvp", "solve_ivp", "tplquad", "trapezoid",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
