"""`scipy.interpolate` with exact derivatives: by the places, by the values, and by where they are asked for."""

from .chapter import CHAPTER
from .fitted import (
    InterpolatedUnivariateSpline,
    LSQUnivariateSpline,
    UnivariateSpline,
    make_lsq_spline,
    make_smoothing_spline,
    splrep,
)
from .grids import (
    BarycentricInterpolator,
    LinearNDInterpolator,
    RegularGridInterpolator,
    griddata,
    interp1d,
    interpn,
)
from .pieces import PPoly
from .polynomials import (
    Akima1DInterpolator,
    CubicHermiteSpline,
    CubicSpline,
    PchipInterpolator,
    pchip_interpolate,
)
from .scattered import RBFInterpolator, RectBivariateSpline
from .splines import BSpline, make_interp_spline, splev

__all__ = [
    "Akima1DInterpolator", "BSpline", "BarycentricInterpolator", "CubicHermiteSpline", "CubicSpline",
    "InterpolatedUnivariateSpline", "LSQUnivariateSpline", "LinearNDInterpolator", "PPoly", "PchipInterpolator",
    "RBFInterpolator", "RectBivariateSpline", "RegularGridInterpolator", "UnivariateSpline", "griddata",
    "interp1d", "interpn", "make_interp_spline", "make_lsq_spline", "make_smoothing_spline",
    "pchip_interpolate", "splev", "splrep",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
