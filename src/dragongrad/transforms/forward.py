"""Forward mode: value and tangent together, nothing kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..context import CAREFUL, WATCH, is_careful
from ..core.block import Block
from ..core.errors import ArgumentError, ShapeError, describe
from ..core.level import Level
from ..core.nests import flatten, unflatten
from ..core.variable import Variable, as_input
from .careful import attempt
from .evaluate import call, drop
from .options import of_numbers
from .pushforward import Forward, push_masked, push_root
from .restate import is_unclear, remember
from .sweep import has_nan, own
from .watch import check_forward
from .zeros import Dot, decide, seed_mask

if TYPE_CHECKING:
    from ..typevars import Aux, No, R, Yes


class CarefulForward(Forward):
    """The same with structural zeros; the link is a `Dot`. It knows roots of zero and the origin of each value."""

    __slots__ = ()

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        out = super().apply(block, args, params)
        if block.fn is np.sqrt and out.link is not None and decide(out.data == 0):
            out = Variable(out.data, self, push_root(out.data, args[0].data, args[0].link, is_unclear(args[0])))
        return remember(self, block, args, params, out)

    def pushed(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """The same with masks; that of one of several outputs is not known."""
        found = push_masked(block, out, values, links, params)
        if found is None or block.outputs == 1:
            return found
        return [None if dot is None else Dot(dot, None) for dot in found.dot]


class WatchedForward(CarefulForward):
    """The same under `debug_nans`."""

    __slots__ = ()

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        out = super().apply(block, args, params)
        check_forward(block, args, out, dots=(lambda o: _tangent(getattr(o, "link", None)),))
        return out


def run_jvp(f: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function over forward Variables: its output as Variables, and their level.

    Where a NaN came out, which may come from `0 * inf`, the function is run again with structural zeros, so that
    only those that meet one pay for them.
    """
    if WATCH.get():
        return _run_once(f, primals, tangents, kwargs, WatchedForward)

    def run() -> tuple[Any, bool]:
        if is_careful():
            return _run_once(f, primals, tangents, kwargs, CarefulForward), False
        out, level = _run_once(f, primals, tangents, kwargs, Forward)
        return (out, level), any(has_nan(dot) for dot in _dots(out, level))

    return attempt(run)


def _run_once(f: Any, primals: Any, tangents: Any, kwargs: dict[str, Any], kind: type[Forward]) -> Any:
    level = kind()
    if is_careful():
        CAREFUL.get().begin(level)
    args = []
    for position, (primal, tangent) in enumerate(zip(primals, tangents, strict=True)):
        leaves, structure = flatten(of_numbers(primal, "a primal"))
        dots, dot_structure = flatten(of_numbers(tangent, "a tangent"))
        if len(dots) != len(leaves) or (structure is not None and dot_structure != structure):
            raise ArgumentError(f"tangent {position} must have the structure of primal {position}")
        args.append(unflatten(structure, [_dual(x, t, level) for x, t in zip(leaves, dots, strict=True)]))
    try:
        return call(f, args, kwargs), level
    finally:
        level.ended = True


def _dots(out: Any, level: Level) -> list[Any]:
    leaves = [_tangent(drop(leaf, level)[1]) for leaf in flatten(out)[0]]
    return [dot for dot in leaves if dot is not None]


def _tangent(link: Any) -> Any:
    return link.dot if link.__class__ is Dot else link


def _dual(primal: Any, tangent: Any, level: Forward) -> Variable:
    x = as_input(primal, "a primal")
    x_dot = as_input(tangent, "a tangent")
    if np.shape(x) != np.shape(x_dot):
        raise ShapeError(f"the tangent is {describe(x_dot)}, its primal is {describe(x)}: they must agree")
    if x_dot.dtype != x.dtype:
        if x_dot.dtype.kind == "c" and x.dtype.kind != "c":
            raise ShapeError(f"a complex tangent for a real primal: {describe(x_dot)} for {describe(x)}")
        x_dot = x_dot.astype(x.dtype)
    if is_careful():
        x = CAREFUL.get().lift(x)
    return Variable(x, level, Dot(x_dot, seed_mask(x_dot)) if isinstance(level, CarefulForward) else x_dot)


def split(out: Any, level: Level, taken: Any = ()) -> tuple[Any, Any]:
    """Split a nest of forward Variables into values and tangents."""
    leaves, structure = flatten(out)
    pairs = [drop(leaf, level) for leaf in leaves]
    values: list[Any] = [v for v, _ in pairs]
    dots = [np.zeros(np.shape(v), tangent_dtype(v))[()] if d is None else _fitted(_tangent(d), v) for v, d in pairs]
    return unflatten(structure, values), unflatten(structure, own(dots, taken))


def with_aux(out: Any) -> tuple[Any, Any]:
    """What a function returned as output and aux."""
    if not isinstance(out, tuple) or len(out) != 2:
        raise ArgumentError("has_aux=True: the function must return (output, aux)")
    return out


def _fitted(dot: Any, value: Any) -> Any:
    """A tangent in the dtype of its value: at roots of zero it is made of numbers in double precision."""
    dtype = getattr(value, "dtype", None)
    return dot if dtype is None or dot.dtype == dtype or dtype.kind != dot.dtype.kind else dot.astype(dtype)


def tangent_dtype(value: Any) -> Any:
    """The dtype of the tangent of a value."""
    dtype = getattr(value, "dtype", np.dtype(np.float64))
    return dtype if dtype.kind in "fc" else np.float64


@overload
def jvp(
    f: Callable[..., tuple[R, Aux]], primals: tuple[Any, ...], tangents: tuple[Any, ...], *,
    has_aux: Yes, **kwargs: Any,
) -> tuple[R, R, Aux]: ...  # fmt: skip
@overload
def jvp(
    f: Callable[..., R], primals: tuple[Any, ...], tangents: tuple[Any, ...], *, has_aux: No = False, **kwargs: Any
) -> tuple[R, R]: ...
@overload
def jvp(
    f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *, has_aux: bool, **kwargs: Any
) -> Any: ...
def jvp(
    f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *,
    has_aux: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """The value of a function and its pushforward (Jacobian-vector product), by forward mode.

    Memory does not grow with the length of the computation.

    Parameters
    ----------
    f : callable
        A function of nests of arrays, returning a nest of arrays.
    primals, tangents : tuple
        The arguments, and a tangent of the same nest and shapes for each.
    has_aux : bool
        Whether `f` returns `(out, aux)`.

    Returns
    -------
    out, out_dot : or `out, out_dot, aux`

    Raises
    ------
    ArgumentError, ShapeError
        The tangents do not match the primals.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.jvp(lambda x: x**2, (np.array([1.0, 3.0]),), (np.array([1.0, 0.5]),))
    (array([1., 9.]), array([2., 3.]))

    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError("jvp takes tuples: ad.jvp(f, (x,), (x_dot,))")
    if len(primals) != len(tangents):
        raise ArgumentError(f"jvp got {len(primals)} primals and {len(tangents)} tangents")
    out, level = run_jvp(f, tuple(primals), tuple(tangents), kwargs)
    given = flatten(tangents)[0]
    if has_aux:
        out, aux = with_aux(out)
        value, dot = split(out, level, given)
        return value, dot, split(aux, level)[0]
    return split(out, level, given)
