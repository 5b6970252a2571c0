"""`debug_nans`: levels that look at every value that passes, and stop at the first NaN or infinity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..context import WATCH
from ..core.block import Block
from ..core.errors import NonFiniteError, describe, user_line
from ..core.node import Node
from ..core.variable import value_of


@contextmanager
def debug_nans(active: bool = True) -> Iterator[None]:
    """Stop at the first NaN or infinity that was not in the input, while a transform runs.

    Parameters
    ----------
    active : bool
        False switches the watch off inside another one.

    Raises
    ------
    NonFiniteError
        Names the Block, whether it happened forward or backward, the operands and the line of your code.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> with ad.debug_nans(), np.errstate(divide="ignore"):
    ...     ad.grad(lambda x: np.log(x))(0.0)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    NonFiniteError: log made an infinity (forward) ...

    """
    token = WATCH.set(active)
    try:
        yield
    finally:
        WATCH.reset(token)


def is_finite(value: Any) -> bool:
    """Whether every number at the bottom of a value is finite; what is not a number counts as finite."""
    value = value_of(value)
    if value is None or not hasattr(value, "dtype"):
        return not isinstance(value, float) or bool(np.isfinite(value))
    return value.dtype.kind not in "fc" or bool(np.all(np.isfinite(value)))


def _name(value: Any) -> str:
    value = np.asarray(value_of(value))
    return "a NaN" if np.any(np.isnan(value)) else "an infinity"


def check_forward(block: Block, args: Any, out: Any, dots: Any = ()) -> None:
    """Raise where an application made something that is not finite out of finite arguments."""
    if not all(is_finite(a) for a in args):
        return
    values = ", ".join(_brief(a) for a in args)
    for o in out if isinstance(out, (tuple, list)) else (out,):
        if not is_finite(o):
            raise NonFiniteError(f"{block.name} made {_name(o)} (forward) from {values}\n  at {user_line()}")
        for dot in dots:
            if not is_finite(dot(o)):
                raise NonFiniteError(
                    f"{block.name} made {_name(dot(o))} in the tangent (forward) at {values}\n  at {user_line()}"
                )


def _brief(value: Any) -> str:
    value = value_of(value)
    return (
        f"{value!r}" if np.ndim(value) == 0 else f"{describe(value)} in [{np.min(value):.6g}, {np.max(value):.6g}]"
    )


def check_backward(node: Node, bar: Any, arrived: Any) -> None:
    """Raise where a pullback made something that is not finite out of a finite cotangent."""
    if arrived is None or is_finite(arrived) or not is_finite(bar):
        return
    name = node.block.name if node.block is not None else "input"
    raise NonFiniteError(
        f"the pullback of {name} made {_name(arrived)} (backward) from a cotangent {_brief(bar)}\n"
        f"  at {getattr(node, 'extra', 'unknown line')}"
    )
