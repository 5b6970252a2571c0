"""`scipy.ndimage` with exact derivatives: filters, and images between their places."""

from .chapter import CHAPTER
from .filters import (
    convolve,
    convolve1d,
    correlate,
    correlate1d,
    laplace,
    prewitt,
    sobel,
    uniform_filter,
    uniform_filter1d,
)
from .gaussian import gaussian_filter, gaussian_filter1d, gaussian_gradient_magnitude, gaussian_laplace
from .moving import (
    affine_transform,
    center_of_mass,
    geometric_transform,
    label,
    map_coordinates,
    rotate,
    shift,
    spline_filter,
    spline_filter1d,
    zoom,
)
from .ranks import (
    maximum_filter,
    maximum_filter1d,
    median_filter,
    minimum_filter,
    minimum_filter1d,
    percentile_filter,
    rank_filter,
)

__all__ = [
    "affine_transform", "center_of_mass", "convolve", "convolve1d", "correlate", "correlate1d",
    "gaussian_filter", "gaussian_filter1d", "gaussian_gradient_magnitude", "gaussian_laplace",
    "geometric_transform", "label", "laplace", "map_coordinates", "maximum_filter", "maximum_filter1d",
    "median_filter", "minimum_filter", "minimum_filter1d", "percentile_filter", "prewitt", "rank_filter",
    "rotate", "shift", "sobel", "spline_filter", "spline_filter1d", "uniform_filter", "uniform_filter1d",
    "zoom",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
