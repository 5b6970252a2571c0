"""`scipy.spatial.distance` with exact derivatives."""

from .chapter import CHAPTER
from .metrics import (
    braycurtis,
    canberra,
    chebyshev,
    cityblock,
    correlation,
    cosine,
    euclidean,
    jensenshannon,
    mahalanobis,
    minkowski,
    seuclidean,
    sqeuclidean,
)
from .pairs import (
    cdist,
    dice,
    directed_hausdorff,
    hamming,
    jaccard,
    pdist,
    rogerstanimoto,
    russellrao,
    sokalsneath,
    squareform,
    yule,
)

__all__ = [
    "braycurtis", "canberra", "cdist", "chebyshev", "cityblock", "correlation", "cosine", "dice",
    "directed_hausdorff", "euclidean", "hamming", "jaccard", "jensenshannon", "mahalanobis", "minkowski",
    "pdist", "rogerstanimoto", "russellrao", "seuclidean", "sokalsneath", "sqeuclidean", "squareform", "yule",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
