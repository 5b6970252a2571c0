"""Norms, operators, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.errors import ArgumentError, user_line
from ..arrays import as_sparse
from ..combining import canonical
from ..elements import matrix_power as power_of
from .chapter import CHAPTER, refused, smooth


@smooth
def norm(x: Any, ord: Any = None, axis: Any = None) -> Any:
    """A norm of a sparse matrix: Frobenius' (None or "fro"), 1, -1, inf or -inf; at a kink as `numpy.linalg.norm`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> ad.grad(lambda v: sparse.linalg.norm(sparse.diags(v)))(np.array([3.0, 4.0]))
    array([0.6, 0.8])

    """
    a = canonical(as_sparse(x))
    if ord in (None, "fro", "f") and axis in (None, (0, 1)):
        return np.linalg.norm(a.entries)
    if axis is not None or ord not in (1, -1, np.inf, -np.inf):
        raise ArgumentError(
            f"norm of a sparse matrix with Variables knows no ord={ord!r}, axis={axis!r}\n  at {user_line()}\n"
            "Write np.linalg.norm(A.toarray(), ord, axis)"
        )
    sums = type(a)(np.abs(a.entries), a.pattern).sum(0 if abs(ord) == 1 else 1)
    return np.max(sums) if ord > 0 else np.min(sums)


@smooth
def matrix_power(A: Any, power: Any) -> Any:  # noqa: N803
    """The product of a sparse matrix with itself, so many times.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> ad.grad(lambda v: sparse.linalg.matrix_power(sparse.diags(v), 3).sum())(np.array([1.0, 2.0]))
    array([ 3., 12.])

    """
    return power_of(as_sparse(A), power)


_DENSE = "the result is dense, or nearly so"
expm = refused("expm", _DENSE, "Take la.expm(A.toarray())")
inv = refused("inv", _DENSE, "Take sparse.linalg.spsolve(A, b), or la.inv(A.toarray())")
funm_multiply_krylov = refused(
    "funm_multiply_krylov", "it is not written yet", "Take la.funm's kin of A.toarray(), times b"
)
lobpcg = refused("lobpcg", "it is not written yet", "Take sparse.linalg.eigsh")
onenormest = refused("onenormest", "it is an estimate", "Take sparse.linalg.norm(A, 1)")
spilu = refused("spilu", "it is an approximation, which drops what is small", "Take sparse.linalg.splu")
aslinearoperator = refused(
    "aslinearoperator", "an operator is known by its products alone", "Pass the sparse matrix itself to the solver"
)
LinearOperator, use_solver = CHAPTER.constant("LinearOperator", "use_solver")
