"""Loops that go on as long as a condition holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ...context import STEPS
from ...core.nests import flatten, unflatten
from .carry import as_numpys, chosen, decided, kept
from .staged import as_trip, is_staged

Carry = TypeVar("Carry")


def while_loop(cond_fun: Callable[[Carry], Any], body_fun: Callable[[Carry], Carry], init_val: Carry) -> Carry:
    """Carry a value on as long as a condition on it holds.

    As `while cond_fun(value): value = body_fun(value)`, under every transform, the derivative in reverse included.
    Under `vmap` it goes on until no row's condition holds, and each row keeps the value at which its own ended.

    Parameters
    ----------
    cond_fun : callable
        `cond_fun(value)` returns one truth value.
    body_fun : callable
        `body_fun(value)` returns the next value, of the same structure, shapes and dtypes.
    init_val : nest of arrays
        The first value.

    Returns
    -------
    nest of arrays
        The first value on which the condition does not hold, its numbers as NumPy's.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError
        The body changes the shape, dtype or structure of the value, or the condition is no single truth value.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> def square_root(a):
    ...     return ad.while_loop(lambda x: abs(x * x - a) > 1e-14 * a, lambda x: (x + a / x) / 2, a)
    >>> print(f"{square_root(2.0):.6f} {ad.grad(square_root)(2.0):.6f}")
    1.414214 0.353553
    >>> ad.vmap(square_root)(np.array([1.0, 4.0, 9.0]))
    array([1., 2., 3.])

    """
    value = init_val
    if is_staged(1):
        start, structure = flatten(init_val)

        def step(carry: list[Any]) -> list[Any]:
            before = unflatten(structure, carry)
            return flatten(kept("while_loop", before, body_fun(before)))[0]

        last = as_trip(lambda carry: cond_fun(unflatten(structure, carry)), step, start)
        if last is not None:
            found: Carry = unflatten(structure, last)
            return found
    while True:
        condition = cond_fun(value)
        goes_on, rows = decided("while_loop", condition)
        if not goes_on:
            ended: Carry = as_numpys(value)
            return ended
        STEPS[0] += 1
        if not rows:
            value = kept("while_loop", value, body_fun(value))
            continue
        with np.errstate(all="ignore"):
            # Rows that have ended are given to the body too.
            after = kept("while_loop", value, body_fun(value))
        value = chosen("while_loop", condition, after, value)
