"""The Blocks of sparse matrices: products, what the entries of a pattern have of two matrices, and systems.

Their rules are made of one another, so that every order of derivative follows and none fills the matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.block import general, multilinear
from ...core.errors import FactorizationError, user_line
from ...transforms.batch import row_by_row
from .pattern import Pattern


def _columns(size: int, y: Any) -> Any:
    """The matrices of a batch beside one another."""
    return np.reshape(np.moveaxis(y, 0, 1), (np.shape(y)[1], size * np.shape(y)[2]))


def _apart(size: int, out: Any) -> Any:
    """Matrices beside one another as a batch."""
    return np.moveaxis(np.reshape(out, (np.shape(out)[0], size, np.shape(out)[1] // size)), 1, 0)


def _below(size: int, y: Any, is_batched: bool) -> Any:
    """The arrays of a batch one after the other, or one of them so many times."""
    if not is_batched:
        y = np.broadcast_to(y, (size, *np.shape(y)))
    return np.reshape(y, (size * np.shape(y)[1], *np.shape(y)[2:]))


# A product with a matrix, or with its transpose


def _product_value(x: Any, y: Any, pattern: Any, trans: bool = False) -> Any:
    return pattern.filled(x, trans) @ y


def product_x(out_bar: Any, y: Any, pattern: Any = None, trans: bool = False) -> Any:
    """The derivative of a product by the entries: of `out_bar` times `y` those at stored places."""
    return sampled(y, out_bar, pattern=pattern) if trans else sampled(out_bar, y, pattern=pattern)


def _product_y(out_bar: Any, x: Any, pattern: Any = None, trans: bool = False) -> Any:
    return product(x, out_bar, pattern=pattern, trans=not trans)


def _product_batch(size: int, values: list[Any], batched: Any, pattern: Pattern, trans: bool = False) -> Any:
    if size == 0:
        return row_by_row(size, product, values, batched, {"pattern": pattern, "trans": trans})
    x, y = values
    if not batched[0]:
        return _apart(size, product(x, _columns(size, y), pattern=pattern, trans=trans))
    out = product(np.reshape(x, (-1,)), _below(size, y, batched[1]), pattern=pattern.repeated(size), trans=trans)
    return np.reshape(out, (size, np.shape(out)[0] // size, np.shape(out)[1]))


product: Any = multilinear(
    "sparse product", product_x, _product_y, value=_product_value, batch=_product_batch, dispatches=False,
    names=("x", "y"), parameters=("pattern", "trans"),
)  # fmt: skip


# For each entry of a pattern the product of a row of one matrix and a row of the other


def _sampled_value(x: Any, y: Any, pattern: Any) -> Any:
    return np.einsum("ek,ek->e", x[pattern.rows], y[pattern.indices])


def _sampled_x(out_bar: Any, y: Any, pattern: Any = None) -> Any:
    return product(out_bar, y, pattern=pattern)


def _sampled_y(out_bar: Any, x: Any, pattern: Any = None) -> Any:
    return product(out_bar, x, pattern=pattern, trans=True)


def _sampled_batch(size: int, values: list[Any], batched: Any, pattern: Pattern) -> Any:
    x, y = [_below(size, v, b) for v, b in zip(values, batched, strict=True)]
    return np.reshape(sampled(x, y, pattern=pattern.repeated(size)), (size, pattern.nnz))


sampled: Any = multilinear(
    "sparse samples", _sampled_x, _sampled_y, value=_sampled_value, batch=_sampled_batch, dispatches=False,
    names=("x", "y"), parameters=("pattern",),
)  # fmt: skip


# A system of equations: the adjoint one has the same factors

# How much of the answer may be lost where coinciding eigenvalues make a system singular.
_LOST = 1e-3


def _solved_value(x: Any, y: Any, pattern: Any, trans: bool = False, order: str = "COLAMD",
                  alone: bool = False) -> Any:  # fmt: skip
    dtype = np.result_type(x, y)
    factors = pattern.factors(x.astype(dtype, copy=False), order)
    out = factors.solve(np.asarray(y, dtype), "T" if trans else "N")
    if alone:
        _check_alone(pattern, x, factors)
    return out


def _check_alone(pattern: Pattern, x: Any, factors: Any) -> None:
    """Refuse the system of an eigenvector that is not the only one: a direction that nothing knows tells."""
    seen = np.random.default_rng(pattern.shape[0]).standard_normal(pattern.shape[0]).astype(x.dtype)
    with np.errstate(all="ignore"):
        found = np.linalg.norm(factors.solve(seen)) / np.linalg.norm(seen)
        size = float(np.max(np.abs(x), initial=0.0))
    if not found * size * np.finfo(x.dtype).eps <= _LOST:
        raise FactorizationError(
            "eigenvalues or singular values coincide, or nearly so: their vectors have no derivative\n"
            f"  at {user_line()}\nA function that does not tell the vectors apart has one: write it with the matrix"
        )


def _solved_pushforward(
    x_dot: Any, y_dot: Any, out: Any, x: Any, pattern: Any = None, trans: bool = False, order: str = "COLAMD",
    alone: bool = False,
) -> Any:  # fmt: skip
    moved = y_dot - product(x_dot, out, pattern=pattern, trans=trans)
    return solved(x, moved, pattern=pattern, trans=trans, order=order)


def _solved_pullback(
    out_bar: Any, out: Any, x: Any, pattern: Any = None, trans: bool = False, order: str = "COLAMD",
    alone: bool = False,
) -> Any:  # fmt: skip
    y_bar = solved(x, out_bar, pattern=pattern, trans=not trans, order=order)
    x_bar = product_x(y_bar, out, pattern, trans)
    return -x_bar, y_bar


def _solved_batch(size: int, values: list[Any], batched: Any, **params: Any) -> Any:
    if batched[0] or size == 0:
        return row_by_row(size, solved, values, batched, params)
    return _apart(size, solved(values[0], _columns(size, values[1]), **params))


solved: Any = general(
    "sparse solve", value=_solved_value, pullback=_solved_pullback, pushforward=_solved_pushforward,
    batch=_solved_batch, names=("x", "y"), parameters=("pattern", "trans", "order", "alone"), dispatches=False,
)  # fmt: skip
