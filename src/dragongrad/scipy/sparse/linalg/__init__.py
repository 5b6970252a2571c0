"""`scipy.sparse.linalg` with exact derivatives by the stored entries and by right-hand sides."""

from .chapter import CHAPTER
from .exponential import expm_multiply
from .iterations import bicg, bicgstab, cg, cgs, gcrotmk, gmres, lgmres, minres, qmr, tfqmr
from .least import lsmr, lsqr
from .others import (
    LinearOperator,
    aslinearoperator,
    expm,
    funm_multiply_krylov,
    inv,
    lobpcg,
    matrix_power,
    norm,
    onenormest,
    spilu,
    use_solver,
)
from .spectra import eigs, eigsh, svds
from .systems import factorized, splu, spsolve, spsolve_triangular

__all__ = [
    "LinearOperator", "aslinearoperator", "bicg", "bicgstab", "cg", "cgs", "eigs", "eigsh", "expm",
    "expm_multiply", "factorized", "funm_multiply_krylov", "gcrotmk", "gmres", "inv", "lgmres", "lobpcg", "lsmr",
    "lsqr", "matrix_power", "minres", "norm", "onenormest", "qmr", "spilu", "splu", "spsolve",
    "spsolve_triangular", "svds", "tfqmr", "use_solver",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
