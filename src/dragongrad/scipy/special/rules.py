"""The rules of all ufuncs of `scipy.special`; importing this enters them in the table."""

from ... import late
from . import (
    bessel,
    cylinders,
    distributions,
    elementary,
    elliptic,
    errors,
    gammas,
    hypergeometric,
    incomplete,
    integrals,
    noncentral,
    noncentral_t,
    polynomials,
    statistics,
)

__all__ = [
    "bessel",
    "cylinders",
    "distributions",
    "elementary",
    "elliptic",
    "errors",
    "gammas",
    "hypergeometric",
    "incomplete",
    "integrals",
    "noncentral",
    "noncentral_t",
    "polynomials",
    "statistics",
]

late.finish(__name__)
