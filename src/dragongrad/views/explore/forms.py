"""The forms that Blocks have in JavaScript, by which the page computes a recording again for other inputs."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from ...blocks.indices import At
from ...core.block import BLOCKS
from ...core.node import Node
from .encode import MOST, encode

# The elementwise Blocks that `engine.js` knows by name; its own table is compared with this one in the tests.
ELEMENTWISE = frozenset({
    "add", "subtract", "multiply", "divide", "power", "remainder", "negative", "positive", "reciprocal", "square",
    "sqrt", "cbrt", "absolute", "fabs", "sign", "hypot", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p",
    "logaddexp", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "degrees", "rad2deg", "radians",
    "deg2rad", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "maximum", "minimum", "logistic", "floor",
    "ceil", "trunc", "rint", "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and",
    "logical_or", "logical_not", "isfinite", "isnan", "isinf", "stop_gradient", "fmax", "fmin", "float_power",
    "fmod", "copysign", "ldexp", "heaviside", "logaddexp2", "sinc", "erfc", "i0", "i1", "floor_divide",
    "frexp_exponent", "signbit", "logical_xor",
})  # fmt: skip


class NoFormError(Exception):
    """A Node that JavaScript cannot compute; the message is what the page says of it."""


def form(node: Node) -> dict[str, Any]:
    """How JavaScript computes a Node: `{"f": name, ...}`, or `{"no": reason}`."""
    try:
        return _form(node)
    except NoFormError as reason:
        return {"no": str(reason)}


def _form(node: Node) -> dict[str, Any]:
    block: Any = node.block
    if node.pick is not None:
        _form(node.parents[0])  # type: ignore[arg-type]
        return {"f": "pick"}
    several = isinstance(node.dtype, tuple)
    if several and block.name not in _SPECIAL:
        raise NoFormError(f"{_called(node)} has no form in JavaScript")
    values: Any = (*node.saved[0], *node.saved[1:]) if several else node.saved
    if any(isinstance(v, (list, tuple)) for v in values):
        raise NoFormError(f"{block.name} has no form in JavaScript")
    if any(np.asarray(v).dtype.kind not in "fiub" for v in values):
        raise NoFormError(f"{block.name} is of complex numbers here: JavaScript has none")
    large = max(np.size(v) for v in values)
    if large > MOST:
        raise NoFormError(f"{block.name} is of {large} numbers: the page computes with at most {MOST}")
    if BLOCKS.get(block.fn) != block:
        raise NoFormError(f"{block.name} has a rule of its own, and no form in JavaScript")
    if block.name in ELEMENTWISE and not node.params:
        return {"f": block.name, **_single(node)}
    special = _SPECIAL.get(block.name)
    if special is not None:
        return special(node)
    if block.kind == "linear":
        return _gather(node)
    raise NoFormError(f"{block.name} has no form in JavaScript")


def _called(node: Any) -> str:
    """The name of a Block, or of the function of the user's with a rule of its own."""
    return str(node.params.get("rule", node.block.name))


def _axes(node: Node, axis: Any) -> list[int]:
    ndim = np.ndim(node.saved[1])
    if axis is None:
        return list(range(ndim))
    return [int(a) % ndim for a in (axis if isinstance(axis, (tuple, list)) else [axis])]


def _reduction(name: str) -> Callable[[Node], dict[str, Any]]:
    def reduced(node: Node) -> dict[str, Any]:
        given = dict(node.params)
        made = {"f": name, "axes": _axes(node, given.pop("axis", None)), **_single(node)}
        given.pop("keepdims", None)
        if any(v is not None for v in given.values()):
            raise NoFormError(f"{name} with {', '.join(given)} has no form in JavaScript")
        return made

    return reduced


def _plain(name: str) -> Callable[[Node], dict[str, Any]]:
    def plain(node: Node) -> dict[str, Any]:
        if any(v is not None for v in node.params.values()):
            raise NoFormError(f"{name} with {', '.join(node.params)} has no form in JavaScript")
        return {"f": name, **_single(node)}

    return plain


def _single(node: Node) -> dict[str, int]:
    """The mark of what is rounded to single precision."""
    return {"r": 1} if node.dtype == np.float32 else {}


def _line(name: str, axis: int | None) -> Callable[[Node], dict[str, Any]]:
    """A Block that goes along an axis, which is a given one if the call names none."""

    def along(node: Node) -> dict[str, Any]:
        given = node.params.get("axis", axis)
        return {"f": name, "axis": None if given is None else int(given) % np.ndim(node.saved[1]), **_single(node)}

    return along


def _truths(name: str) -> Callable[[Node], dict[str, Any]]:
    """A Block of bits where it is one of truths."""

    def logical(node: Node) -> dict[str, Any]:
        if node.dtype != np.bool_:
            raise NoFormError(f"{node.block.name} of whole numbers has no form in JavaScript")  # type: ignore[union-attr]
        return {"f": name}

    return logical


def _indexed(name: str) -> Callable[[Node], dict[str, Any]]:
    """A Block that reads or adds at places, which are arrays for the first axes; `At` is a part of the stack."""

    def at_places(node: Node) -> dict[str, Any]:
        parts = node.params["index"]
        if any(isinstance(p, slice) or p is None or p is Ellipsis or np.asarray(p).dtype == bool for p in parts):
            raise NoFormError(f"{name} with slices beside places has no form in JavaScript")
        index = [{"at": p.position} if isinstance(p, At) else encode(np.asarray(p)) for p in parts]
        return {"f": name, "index": index, **_single(node)}

    return at_places


def _scattered(node: Node) -> dict[str, Any]:
    try:
        return _gather(node)
    except NoFormError:  # elements meet at a place
        return _indexed("scatter")(node)


def _searched(node: Node) -> dict[str, Any]:
    if node.params.get("sorter") is not None:
        raise NoFormError("searchsorted with sorter has no form in JavaScript")
    return {"f": "searchsorted", "side": str(node.params.get("side", "left"))}


_SPECIAL: dict[str, Callable[[Node], dict[str, Any]]] = {
    "sum": _reduction("sum"), "max": _reduction("max"), "min": _reduction("min"), "prod": _reduction("prod"),
    "all": _reduction("all"), "any": _reduction("any"), "count_nonzero": _reduction("count_nonzero"),
    "argsort": _line("argsort", -1), "argmax": _line("argmax", None), "argmin": _line("argmin", None),
    "cumsum": _line("cumsum", None), "searchsorted": _searched,
    "round": lambda node: {"f": "round", "digits": int(node.params.get("decimals", 0)), **_single(node)},
    "truncation": lambda node: {"f": "truncation"},
    "invert": _truths("logical_not"), "bitwise_and": _truths("logical_and"), "bitwise_or": _truths("logical_or"),
    "bitwise_xor": _truths("logical_xor"),
    "gather": _indexed("index"), "scatter": _scattered, "scatter_at": _indexed("scatter"),
    "matmul": _plain("matmul"), "where": _plain("where"), "convolve": _plain("convolve"), "inv": _plain("inv"),
    "solve": _plain("solve"), "det": _plain("det"), "slogdet": _plain("slogdet"), "cholesky": _plain("cholesky"),
}  # fmt: skip


def _gather(node: Node) -> dict[str, Any]:
    """A linear Block that only moves elements, as the place that each element comes from.

    It is run on the places themselves, and tried on random numbers: what adds or scales is found out.
    """
    block: Any = node.block
    arrays = list(node.saved[1:])
    start, places = 1, []
    for array in arrays:
        count = np.size(array)
        places.append(np.arange(start, start + count, dtype=np.float64).reshape(np.shape(array)))
        start += count
    rng = np.random.default_rng(0)
    tried = [rng.random(np.shape(array)) for array in arrays]
    flat = np.concatenate([[0.0], *map(np.ravel, tried)])
    try:
        source = np.ravel(block.value(*places, **node.params))
        again = np.ravel(block.value(*tried, **node.params))
    except (ValueError, TypeError, IndexError) as error:
        raise NoFormError(f"{block.name} has no form in JavaScript") from error
    index = source.astype(np.int64)
    inside = bool(np.all((index == source) & (index >= 0) & (index < start)))
    if not inside or not np.array_equal(flat[index], again):
        raise NoFormError(f"{block.name} has no form in JavaScript")
    if len(arrays) == 1 and np.array_equal(index, np.arange(1, start)):
        return {"f": "same"}
    return {"f": "gather", "at": base64.b64encode((index - 1).astype("<i4").tobytes()).decode()}
