"""Checkpoints: memory saved by computing again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..context import is_careful
from ..core.errors import ArgumentError, user_line
from ..core.nests import flatten, unflatten
from ..core.variable import value_of
from .flat_rules import apply_flat
from .forward import jvp
from .gradients import vjp
from .options import Transform

if TYPE_CHECKING:
    from ..typevars import P, R, Ufunc


_VALUES = (np.ndarray, np.float64, np.float32, np.complex128, float)


def _differentiable(args: Any) -> tuple[list[int], list[Any], Any]:
    leaves, structure = flatten(args)
    active = [i for i, leaf in enumerate(leaves) if getattr(leaf, "dtype", np.dtype(bool)).kind in "fc"]
    return active, leaves, structure


@overload
def checkpoint(f: Ufunc) -> Transform[..., Any]: ...
@overload
def checkpoint(f: Callable[P, R]) -> Transform[P, R]: ...
def checkpoint(f: Callable[..., Any]) -> Transform[..., Any]:
    """The same function, whose intermediate values are not kept for the pullback but computed again.

    Parameters
    ----------
    f : callable
        A function of nests of arrays; it must give the same result when it is called again. A Variable that
        it needs must be an argument, not a closure.

    Returns
    -------
    callable

    Raises
    ------
    ClosureError
        `f` closes over a Variable.
    ArgumentError
        `f` gives another result when it is called again: it reads an array that was written meanwhile, or
        draws random numbers.

    References
    ----------
    Griewank and Walther, Algorithm 799: revolve (2000).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> block = ad.checkpoint(lambda x: np.sin(np.exp(x)))
    >>> ad.grad(lambda x: np.sum(block(x)))(np.zeros(2))
    array([0.54030231, 0.54030231])

    """
    return Transform(checkpoint, _run_checkpoint, f, {})


def _run_checkpoint(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if is_careful():
        # The careful computation looks at pairs of applications: it must see those inside.
        return f(*args, **kwargs)

    def function(args: Any, kwargs: Any) -> Any:
        return f(*args, **kwargs)

    def of_active(leaves: list[Any], active: list[int], structure: Any) -> Any:
        return lambda *moving: function(*unflatten(structure, _replaced(leaves, active, moving)))

    def pull(out_bar: Any, out: Any, both: Any) -> Any:
        active, leaves, structure = _differentiable(both)
        again, pullback = vjp(of_active(leaves, active, structure), *[leaves[i] for i in active])
        _check_same(out, again)
        bars = pullback(out_bar)
        return unflatten(structure, _replaced([np.float64(0.0)] * len(leaves), active, bars))

    def push(dots: Any, out: Any, both: Any) -> Any:
        active, leaves, structure = _differentiable(both)
        flat = flatten(dots)[0]
        primals, tangents = tuple([leaves[i] for i in active]), tuple([flat[i] for i in active])
        return jvp(of_active(leaves, active, structure), primals, tangents)[1]

    return apply_flat(getattr(f, "__name__", "checkpoint"), function, (args, kwargs), pull, push)


def _check_same(out: Any, again: Any) -> None:
    """Refuse a derivative of other values than those that the function gave."""
    for a, b in zip(map(value_of, flatten(out)[0]), map(value_of, flatten(again)[0]), strict=False):
        # While a program is traced large values are only outlined.
        if (
            not isinstance(a, (np.ndarray, np.generic, float))
            or np.shape(a) != np.shape(b)
            or type(a) is not type(b)
        ):
            continue
        size = np.max(np.abs(a), initial=0.0, where=np.isfinite(a))
        if not np.allclose(a, b, rtol=0, atol=1e-3 * size, equal_nan=True):
            raise ArgumentError(
                f"a function under ad.checkpoint gave another result when it was called again\n  at {user_line()}\n"
                "It must read nothing that is written in between, and draw no random numbers: pass these in"
            )


def _replaced(leaves: list[Any], places: list[int], values: Any) -> list[Any]:
    full = list(leaves)
    for i, value in zip(places, values, strict=True):
        full[i] = value
    return full
