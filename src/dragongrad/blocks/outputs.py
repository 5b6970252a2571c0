"""What `out=` is given: which arrays NumPy's functions write their results into, and which they refuse."""

from __future__ import annotations

import sys
from inspect import Parameter, signature
from typing import Any

import numpy as np

from ..core import dispatch
from ..core.block import TABLE
from ..core.errors import ConversionError, DtypeError, ShapeError, describe, user_line
from ..core.variable import Variable
from .axes import single
from .views import lying_together

# Ufuncs spread a result over a greater array; of all other functions these do.
_SPREADING = frozenset({
    "clip", "fix", "isneginf", "isposinf", "multiply.outer", "nanmedian", "nanpercentile", "nanquantile", "outer",
    "percentile", "quantile",
})  # fmt: skip
# These take the dtype of the result alone, one that it can be cast to without loss, or one of its own kind.
_EXACT = frozenset({"argmax", "argmin", "dot", "multi_dot", "nanargmax", "nanargmin"})
_LOSSLESS = frozenset({"einsum"})
_OF_ITS_KIND = frozenset({"compress", "take"})


def into(target: Any, value: Any, name: str, spreads: bool = False) -> Any:
    """What `out=target` gives: the target's name now means the value, in its shape and dtype."""
    if target is None:
        return value
    _check(target, value, name, spreads)
    value = value if value.shape == target.shape else TABLE[np.broadcast_to](value, target.shape)
    target.rebind(value if value.dtype == target.dtype else value.astype(target.dtype))
    return target


def _check(target: Any, value: Any, name: str, spreads: bool = False) -> None:
    """Refuse what NumPy cannot write."""
    if not isinstance(target, Variable):
        raise ConversionError(
            f"np.{name} cannot write a Variable into a plain ndarray: the derivative would be lost\n"
            f"  at {user_line()}\n"
            "Instead of a += v write a = a + v, and drop out=; or write into a copy made here: np.array(a)"
        )
    if not _takes(target.dtype, value.dtype, name):
        raise DtypeError(f"np.{name} cannot write {describe(value)} into {describe(target)}\n  at {user_line()}")
    if value.shape != target.shape:
        spreads = spreads or name in _SPREADING
        if not spreads or not _spreads(value.shape, target.shape):
            raise ShapeError(
                f"np.{name} cannot write {describe(value)} into {describe(target)}: out= must have "
                f"{'a shape that it can be broadcast to' if spreads else 'its shape'}\n  at {user_line()}\n"
                "Drop out=, and write out[...] = with what the function gives"
            )


def _answer_into(name: str, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Write what a function gives into what it is given by `out=`."""
    target = kwargs.pop("out")
    target = target[0] if isinstance(target, tuple) else target
    if name not in _JOINING or not any([lying_together(target, part) for part in args[0]]):
        return into(target, call(*args, **kwargs), name)
    # NumPy writes the arrays one after another, also over those that follow.
    _check(target, call(*args, **kwargs), name)
    axis = args[1] if len(args) > 1 else kwargs.get("axis", 0)
    parts = [np.ravel(part) for part in args[0]] if axis is None else args[0]
    before, at = (slice(None),) * single(axis or 0, target.ndim), 0
    for part in parts:
        stop = at + (1 if name == "stack" else part.shape[len(before)])
        target[(*before, at if name == "stack" else slice(at, stop))] = part
        at = stop
    return target


def _takes(target: Any, value: Any, name: str) -> bool:
    if name in _EXACT:
        return bool(target == value)
    if name in _OF_ITS_KIND:
        return np.can_cast(target, value, "same_kind") and np.can_cast(value, target, "same_kind")
    return np.can_cast(value, target, "safe" if name in _LOSSLESS else "same_kind")


def _spreads(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


# These write several arrays into one.
_JOINING = frozenset({"concatenate", "stack"})

# The functions of a name, and where in a call by position `out` stands, with the names of the arguments: that is
# asked when it is first needed, since Python takes long to say.
_FUNCTIONS: dict[str, list[Any]] = {}
_POSITIONS: dict[str, tuple[int, tuple[str, ...]]] = {}


def by_name(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, where `out` and what stands after it is given by name."""
    found = _POSITIONS.get(name)
    if found is None:
        found = _POSITIONS[name] = _position(name)
    at, names = found
    return args[:at], kwargs | dict(zip(names[at:], args[at:], strict=False))


def _position(name: str) -> tuple[int, tuple[str, ...]]:
    for function in reversed(_FUNCTIONS.get(name, [])):
        try:
            parameters = signature(function).parameters
        except (TypeError, ValueError):
            continue
        if "out" in parameters and parameters["out"].kind is Parameter.POSITIONAL_OR_KEYWORD:
            names = tuple(parameters)
            return names.index("out"), names
    return sys.maxsize, ()


def install() -> None:
    """Let dispatch write into what `out=` is given, once the table is complete."""
    dispatch.INTO, dispatch.ANSWER_INTO, dispatch.BY_NAME = into, _answer_into, by_name
    for function in TABLE:
        if callable(function) and not isinstance(function, np.ufunc):
            _FUNCTIONS.setdefault(function.__name__, []).append(function)
