"""Forward mode: value and tangent together, nothing kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import Block
from ..core.errors import ArgumentError, ShapeError, describe
from ..core.level import WATCH, Level
from ..core.nests import flatten, unflatten
from ..core.node import KEEP, NEGATE, TIMES, Spec
from ..core.variable import Variable, as_input, bottom
from .evaluate import call, drop, evaluate, rewrap
from .sweep import call_pushforward, call_rule, has_nan, own, strong_product, transpose
from .watch import check_forward


class Forward(Level):
    """The level of one forward-mode transform; the link of its Variables is the tangent."""

    __slots__ = ("careful",)

    def __init__(self, careful: bool = False) -> None:
        super().__init__()
        # Whether a staged product with a partial that may be infinite is masked: see run_jvp.
        self.careful = careful

    def constant(self, value: Any) -> Variable:
        """A Variable of this level with tangent zero."""
        return Variable(value, self, None)

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        values, tangents = [], []
        for a in args:
            if isinstance(a, Variable) and a.level is self:
                values.append(a.data)
                tangents.append(a.link)
            else:
                values.append(a)
                tangents.append(None)
        out = evaluate(self, block, values, params)
        if block.kind == "constant":
            return out
        out_dot = pushforward(block, out, values, tangents, params, self.careful)
        if block.outputs == 1:
            return Variable(out, self, out_dot)
        dots = out_dot if out_dot is not None else [None] * len(out)
        return rewrap(
            out,
            [Variable(o, self, d) if o.dtype.kind in "fc" else o for o, d in zip(out, dots, strict=True)],
        )


class WatchedForward(Forward):
    """The same under `debug_nans`."""

    __slots__ = ()

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        out = super().apply(block, args, params)
        check_forward(block, args, out, dots=(lambda o: getattr(o, "link", None),))
        return out


def pushforward(
    block: Block, out: Any, values: list[Any], tangents: list[Any], params: dict[str, Any], careful: bool = True
) -> Any:
    """The tangent of a Block's output (a tuple for several), None where it is zero."""
    if block.pulls and not block.variadic:
        tangents = [t if pull is not None else None for t, pull in zip(tangents, block.pulls, strict=True)]
    if all(t is None for t in tangents):
        return None
    if block.partials:
        return _push_elementwise(block, out, values, tangents, careful)
    if block.kind == "linear":
        full = [
            v if _is_parameter(block, i) else (np.zeros(np.shape(v), _dtype_of(v, out)) if t is None else t)
            for i, (v, t) in enumerate(zip(values, tangents, strict=True))
        ]
        return block.forward(*full, **params)
    if block.kind == "multilinear":
        total = None
        for i, t in enumerate(tangents):
            if t is not None:
                term = block.forward(*values[:i], t, *values[i + 1 :], **params)
                total = term if total is None else total + term
        return total
    if block.pushforward is not None:
        dots = call_pushforward(block, out, values, tangents, params)
        return _as_output(dots, out) if block.outputs == 1 else dots
    return _transposed_pullback(block, out, values, tangents, params)


def _is_parameter(block: Block, i: int) -> bool:
    return not block.variadic and block.pulls[i] is None


def _dtype_of(value: Any, out: Any) -> Any:
    dtype = getattr(value, "dtype", None)
    return dtype if dtype is not None and dtype.kind in "fc" else out.dtype


def _push_elementwise(block: Block, out: Any, values: list[Any], tangents: list[Any], careful: bool) -> Any:
    total: Any = None
    full = (out, *values)
    for x_dot, (partial, pick) in zip(tangents, block.partials, strict=True):
        if x_dot is None:
            continue
        if partial is KEEP:
            term = x_dot
        elif partial is NEGATE:
            term = -x_dot
        else:
            term = _term(block, x_dot, partial, pick(full), careful)
        total = term if total is None else total + term
    if total.shape != np.shape(out):
        total = np.broadcast_to(total, np.shape(out))
    return _as_output(total, out)


def _as_output(dot: Any, out: Any) -> Any:
    # The absolute value of a complex number is real, and so is its tangent; float32 stays float32.
    if dot.dtype == out.dtype:
        return dot
    return (np.real(dot) if out.dtype.kind != "c" else dot).astype(out.dtype)


def _term(block: Block, x_dot: Any, partial: Any, saved: Any, careful: bool) -> Any:
    if not block.singular:
        return x_dot * (saved if partial is TIMES else partial(saved))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = saved if partial is TIMES else partial(saved)
        if _staged(factor) or _staged(x_dot):
            return strong_product(x_dot, factor) if careful else x_dot * factor
        term = x_dot * factor
        return strong_product(x_dot, factor) if has_nan(term) else term


def _staged(value: Any) -> bool:
    return value.__class__ is Variable and isinstance(bottom(value), Variable)


def _transposed_pullback(
    block: Block, out: Any, values: list[Any], tangents: list[Any], params: dict[str, Any]
) -> Any:
    """Derive the pushforward of a Block that gave only its pullback: transpose it."""
    active = [i for i, t in enumerate(tangents) if t is not None]
    saved = (out, *values)
    outs = out if block.outputs > 1 else [out]

    def pull(*bars: Any) -> Any:
        got = call_rule(block, block.pullback, bars if block.outputs > 1 else bars[0], saved, params)
        cotangents = got if isinstance(got, (tuple, list)) else (got,)
        return [cotangents[i] for i in active]

    dots = transpose(pull, [Spec(np.shape(o), o.dtype) for o in outs], [tangents[i] for i in active])
    return tuple(dots) if block.outputs > 1 else dots[0]


def run_jvp(f: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function over forward Variables: its output as Variables, and their level.

    A run that is staged masks nothing at first; where a NaN came out, which is a guard, it is staged again with
    strong zeros, so that only values that meet `0 * inf` pay for them.
    """
    out, level = _run_once(f, primals, tangents, kwargs, careful=False)
    if any(_staged(dot) and has_nan(dot) for dot in _dots(out, level)):
        out, level = _run_once(f, primals, tangents, kwargs, careful=True)
    return out, level


def _run_once(f: Any, primals: Any, tangents: Any, kwargs: dict[str, Any], careful: bool) -> Any:
    level = WatchedForward(careful) if WATCH.get() else Forward(careful)
    args = []
    for position, (primal, tangent) in enumerate(zip(primals, tangents, strict=True)):
        leaves, structure = flatten(primal)
        dots, dot_structure = flatten(tangent)
        if len(dots) != len(leaves) or (structure is not None and dot_structure != structure):
            raise ArgumentError(f"tangent {position} must have the structure of primal {position}")
        args.append(unflatten(structure, [_dual(x, t, level) for x, t in zip(leaves, dots, strict=True)]))
    try:
        return call(f, args, kwargs), level
    finally:
        level.ended = True


def _dots(out: Any, level: Level) -> list[Any]:
    leaves = [drop(leaf, level)[1] for leaf in flatten(out)[0]]
    return [dot for dot in leaves if dot is not None]


def _dual(primal: Any, tangent: Any, level: Forward) -> Variable:
    x = as_input(primal, "a primal")
    x_dot = as_input(tangent, "a tangent")
    if np.shape(x) != np.shape(x_dot):
        raise ShapeError(f"the tangent is {describe(x_dot)}, its primal is {describe(x)}: they must agree")
    if x_dot.dtype != x.dtype:
        if x_dot.dtype.kind == "c" and x.dtype.kind != "c":
            raise ShapeError(f"a complex tangent for a real primal: {describe(x_dot)} for {describe(x)}")
        x_dot = x_dot.astype(x.dtype)
    return Variable(x, level, x_dot)


def split(out: Any, level: Level, taken: Any = ()) -> tuple[Any, Any]:
    """Split a nest of forward Variables into values and tangents."""
    leaves, structure = flatten(out)
    pairs = [drop(leaf, level) for leaf in leaves]
    values: list[Any] = [v for v, _ in pairs]
    dots = [np.zeros(np.shape(v), _tangent_dtype(v))[()] if d is None else d for v, d in pairs]
    return unflatten(structure, values), unflatten(structure, own(dots, taken))


def _tangent_dtype(value: Any) -> Any:
    dtype = getattr(value, "dtype", np.dtype(np.float64))
    return dtype if dtype.kind in "fc" else np.float64


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
        if not isinstance(out, tuple) or len(out) != 2:
            raise ArgumentError("has_aux=True: the function must return (output, aux)")
        value, dot = split(out[0], level, given)
        return value, dot, split(out[1], level)[0]
    return split(out, level, given)
