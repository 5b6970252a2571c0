"""`scipy.linalg` with exact derivatives: systems, factors, eigenvalues, functions of matrices, matrix equations.

On plain arrays each function is SciPy's own. Of a Variable, what is not smooth, such as the basis of a null space,
says why it has no derivative and what to write instead.
"""

from .banded import (
    cho_solve_banded,
    cholesky_banded,
    matmul_toeplitz,
    solve_banded,
    solve_circulant,
    solve_toeplitz,
    solveh_banded,
)
from .chapter import CHAPTER
from .diagonals import eig_banded, eigh_tridiagonal, eigvals_banded, eigvalsh_tridiagonal
from .equations import (
    solve_continuous_are,
    solve_continuous_lyapunov,
    solve_discrete_are,
    solve_discrete_lyapunov,
    solve_sylvester,
)
from .factors import (
    cho_factor,
    cho_solve,
    cholesky,
    hessenberg,
    ldl,
    lu,
    lu_factor,
    lu_solve,
    matrix_balance,
    null_space,
    orth,
    qr,
    qz,
    svd,
    svdvals,
)
from .functions import (
    coshm,
    cosm,
    expm,
    expm_cond,
    expm_frechet,
    fractional_matrix_power,
    funm,
    logm,
    signm,
    sinhm,
    sinm,
    sqrtm,
    tanhm,
    tanm,
)
from .orthogonal import orthogonal_procrustes, polar, rq, subspace_angles
from .spectra import (
    cossin,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    schur,
)
from .structured import (
    block_diag,
    circulant,
    companion,
    convolution_matrix,
    fiedler,
    hankel,
    khatri_rao,
    kron,
    leslie,
    toeplitz,
)
from .systems import det, inv, lstsq, norm, pinv, pinvh, solve, solve_triangular

LinAlgError, LinAlgWarning = CHAPTER.module.LinAlgError, CHAPTER.module.LinAlgWarning
_CONSTANTS = """
bandwidth dft hadamard helmert hilbert invhilbert invpascal ishermitian issymmetric pascal
"""
bandwidth, dft, hadamard, helmert, hilbert, invhilbert, invpascal, ishermitian, issymmetric, pascal = (
    CHAPTER.constant(*_CONSTANTS.split())
)

__all__ = [
    "LinAlgError", "LinAlgWarning", "bandwidth", "block_diag", "cho_factor", "cho_solve", "cho_solve_banded",
    "cholesky", "cholesky_banded", "circulant", "companion", "convolution_matrix", "coshm", "cosm", "cossin",
    "det", "dft", "eig", "eig_banded", "eigh", "eigh_tridiagonal", "eigvals", "eigvals_banded", "eigvalsh",
    "eigvalsh_tridiagonal", "expm", "expm_cond", "expm_frechet", "fiedler", "fractional_matrix_power", "funm",
    "hadamard", "hankel", "helmert", "hessenberg", "hilbert", "inv", "invhilbert", "invpascal", "ishermitian",
    "issymmetric", "khatri_rao", "kron", "ldl", "leslie", "logm", "lstsq", "lu", "lu_factor", "lu_solve",
    "matmul_toeplitz", "matrix_balance", "norm", "null_space", "orth", "orthogonal_procrustes", "pascal",
    "pinv", "pinvh", "polar", "qr", "qz", "rq", "schur", "signm", "sinhm", "sinm", "solve", "solve_banded",
    "solve_circulant", "solve_continuous_are", "solve_continuous_lyapunov", "solve_discrete_are",
    "solve_discrete_lyapunov", "solve_sylvester", "solve_toeplitz", "solve_triangular", "solveh_banded",
    "sqrtm", "subspace_angles", "svd", "svdvals", "tanhm", "tanm", "toeplitz",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
