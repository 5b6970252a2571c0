"""Branches as functions: `cond` and `switch`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ...core.errors import ArgumentError, user_line
from .carry import chosen, decided, differs, whole

Result = TypeVar("Result")


def cond(pred: Any, true_fun: Callable[..., Result], false_fun: Callable[..., Result], *operands: Any) -> Result:
    """One of two functions, as a condition tells.

    As `true_fun(*operands) if pred else false_fun(*operands)`, under every transform. Only that one is computed;
    under `vmap`, where the condition may differ from row to row, both are.

    Parameters
    ----------
    pred : bool
        One truth value.
    true_fun, false_fun : callable
        Functions of the operands.
    *operands : nests of arrays
        What they are given.

    Returns
    -------
    nest of arrays

    Raises
    ------
    ShapeError, ArgumentError
        `pred` is no single truth value, or the branches return different nests under `vmap`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> def f(x):
    ...     return ad.cond(x > 0, np.log1p, lambda x: -(x**2), x)
    >>> ad.grad(f)(1.0), ad.grad(f)(-1.0)
    (np.float64(0.5), np.float64(2.0))
    >>> ad.vmap(ad.grad(f))(np.array([1.0, -1.0]))
    array([0.5, 2. ])

    """
    if not differs(pred):
        return true_fun(*operands) if decided("cond", pred)[0] else false_fun(*operands)
    if np.shape(pred) != ():
        decided("cond", pred)
    with np.errstate(all="ignore"):
        # A row, or step, is given to the other branch too, where it may be outside of its domain.
        found: Result = chosen("cond", pred, true_fun(*operands), false_fun(*operands))
    return found


def switch(index: Any, branches: Sequence[Callable[..., Result]], *operands: Any) -> Result:
    """One of several functions, by its number; numbers outside are those of the first and the last.

    Under `vmap`, where the number may differ from row to row, all are computed.

    Parameters
    ----------
    index : int
        The number of the branch.
    branches : sequence of callables
        Functions of the operands.
    *operands : nests of arrays
        What they are given.

    Returns
    -------
    nest of arrays

    Raises
    ------
    ArgumentError
        There are no branches, the number is not whole, or the branches return different nests under `vmap`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.grad(lambda x: ad.switch(1, [np.sin, np.exp, np.cos], x))(0.0)
    np.float64(1.0)

    """
    branches = list(branches)
    if not branches:
        raise ArgumentError(f"switch has no branches\n  at {user_line()}")
    if not differs(index):
        return branches[min(max(whole("switch", "the number", index), 0), len(branches) - 1)](*operands)
    with np.errstate(all="ignore"):
        found = branches[-1](*operands)
        for number in reversed(range(len(branches) - 1)):
            found = chosen("switch", np.less_equal(index, number), branches[number](*operands), found)
    return found
