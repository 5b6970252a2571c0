"""`scipy.ndimage` with exact derivatives: filters, parts of images, and images between their places."""

from .chapter import CHAPTER, constant
from .filters import (
    convolve,
    convolve1d,
    correlate,
    correlate1d,
    generic_filter,
    generic_filter1d,
    generic_gradient_magnitude,
    generic_laplace,
    laplace,
    prewitt,
    sobel,
    uniform_filter,
    uniform_filter1d,
    vectorized_filter,
)
from .fourier import (
    fourier_ellipsoid,
    fourier_gaussian,
    fourier_shift,
    fourier_uniform,
)
from .gaussian import (
    gaussian_filter,
    gaussian_filter1d,
    gaussian_gradient_magnitude,
    gaussian_laplace,
)
from .measuring import (
    center_of_mass,
    extrema,
    histogram,
    label,
    labeled_comprehension,
    maximum,
    maximum_position,
    mean,
    median,
    minimum,
    minimum_position,
    standard_deviation,
    sum,
    sum_labels,
    variance,
)
from .morphology import (
    binary_closing,
    binary_dilation,
    binary_erosion,
    binary_fill_holes,
    binary_hit_or_miss,
    binary_opening,
    binary_propagation,
    black_tophat,
    distance_transform_bf,
    distance_transform_cdt,
    distance_transform_edt,
    grey_closing,
    grey_dilation,
    grey_erosion,
    grey_opening,
    morphological_gradient,
    morphological_laplace,
    white_tophat,
)
from .moving import (
    affine_transform,
    geometric_transform,
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

find_objects, generate_binary_structure, iterate_structure, value_indices, watershed_ift = constant(
    "find_objects", "generate_binary_structure", "iterate_structure", "value_indices", "watershed_ift"
)

__all__ = [
    "affine_transform", "binary_closing", "binary_dilation", "binary_erosion", "binary_fill_holes",
    "binary_hit_or_miss", "binary_opening", "binary_propagation", "black_tophat", "center_of_mass", "convolve",
    "convolve1d", "correlate", "correlate1d", "distance_transform_bf", "distance_transform_cdt",
    "distance_transform_edt", "extrema", "find_objects", "fourier_ellipsoid", "fourier_gaussian", "fourier_shift",
    "fourier_uniform", "gaussian_filter", "gaussian_filter1d", "gaussian_gradient_magnitude", "gaussian_laplace",
    "generate_binary_structure", "generic_filter", "generic_filter1d", "generic_gradient_magnitude",
    "generic_laplace", "geometric_transform", "grey_closing", "grey_dilation", "grey_erosion", "grey_opening",
    "histogram", "iterate_structure", "label", "labeled_comprehension", "laplace", "map_coordinates", "maximum",
    "maximum_filter", "maximum_filter1d", "maximum_position", "mean", "median", "median_filter", "minimum",
    "minimum_filter", "minimum_filter1d", "minimum_position", "morphological_gradient", "morphological_laplace",
    "percentile_filter", "prewitt", "rank_filter", "rotate", "shift", "sobel", "spline_filter", "spline_filter1d",
    "standard_deviation", "sum", "sum_labels", "uniform_filter", "uniform_filter1d", "value_indices", "variance",
    "vectorized_filter", "watershed_ift", "white_tophat", "zoom",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
