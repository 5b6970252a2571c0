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

# Those of complex numbers, in `complex.js`.
COMPLEX = frozenset({
    "add", "subtract", "multiply", "divide", "power", "float_power", "negative", "positive", "reciprocal", "square",
    "sqrt", "absolute", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin",
    "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "stop_gradient", "equal",
    "not_equal", "isnan", "isinf", "isfinite",
})  # fmt: skip
# And what else computes with both parts; what only moves elements does too.
_OF_PARTS = frozenset({
    "sum", "cumsum", "where", "gather", "scatter", "scatter_at", "matmul", "convolve", "real", "imag", "conjugate",
    "astype", "fft", "ifft", "rfft", "irfft", "inv", "solve", "det", "slogdet", "cholesky", "eigh", "eig", "svd",
    "qr", "pinv", "lstsq",
})  # fmt: skip


class NoFormError(Exception):
    """A Node that JavaScript cannot compute; the message is what the page says of it."""


def form(node: Node) -> dict[str, Any]:
    """How JavaScript computes a Node: `{"f": name, ...}`, with `"z"` if complex, or `{"no": reason}`."""
    try:
        return {**_form(node), **({"z": 1} if _is_complex(node) else {})}
    except NoFormError as reason:
        return {"no": str(reason)}


def _form(node: Node) -> dict[str, Any]:
    block: Any = node.block
    if node.pick is not None:
        _form(node.parents[0])  # type: ignore[arg-type]
        return {"f": "pick"}
    if isinstance(node.dtype, tuple) and block.name not in _SPECIAL:
        raise NoFormError(f"this page cannot compute {_called(node)}")
    values = _values(node)
    if any(isinstance(v, (list, tuple)) or np.asarray(v).dtype.kind not in "fiubc" for v in values):
        raise NoFormError(f"this page cannot compute {block.name}")
    large = max(np.size(v) for v in values)
    if large > MOST:
        raise NoFormError(f"{block.name} is of {large} numbers, and this page computes with at most {MOST}")
    if BLOCKS.get(block.fn) != block:
        raise NoFormError(f"this page cannot compute {block.name}, which has a rule of its own")
    if _is_complex(node) and block.name not in _OF_PARTS | COMPLEX and block.kind != "linear":
        raise NoFormError(f"this page cannot compute {block.name} of complex numbers")
    if block.name in ELEMENTWISE and not node.params:
        return {"f": block.name, **_single(node)}
    special = _SPECIAL.get(block.name)
    if special is not None:
        return special(node)
    if block.kind == "linear":
        return _gather(node)
    raise NoFormError(f"this page cannot compute {block.name}")


def _values(node: Node) -> tuple[Any, ...]:
    """The outputs and the arguments."""
    return (*node.saved[0], *node.saved[1:]) if isinstance(node.dtype, tuple) else node.saved


def _is_complex(node: Node) -> bool:
    return node.pick is None and any(np.asarray(v).dtype.kind == "c" for v in _values(node))


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
            raise NoFormError(f"this page cannot compute {name} with {', '.join(given)}")
        return made

    return reduced


def _plain(name: str) -> Callable[[Node], dict[str, Any]]:
    def plain(node: Node) -> dict[str, Any]:
        if any(v is not None for v in node.params.values()):
            raise NoFormError(f"this page cannot compute {name} with {', '.join(node.params)}")
        return {"f": name, **_single(node)}

    return plain


def _single(node: Node) -> dict[str, int]:
    """The mark of what is rounded to single precision."""
    first = node.dtype[0].dtype if isinstance(node.dtype, tuple) else node.dtype
    return {"r": 1} if first in (np.float32, np.complex64) else {}


def _line(name: str, axis: int | None) -> Callable[[Node], dict[str, Any]]:
    """A Block that goes along an axis, which is a given one if the call names none."""

    def along(node: Node) -> dict[str, Any]:
        given = node.params.get("axis", axis)
        return {"f": name, "axis": None if given is None else int(given) % np.ndim(node.saved[1]), **_single(node)}

    return along


def _partitioned(node: Node) -> dict[str, Any]:
    """The places of a partition: those that were recorded as long as they still are one, else sorted ones."""
    n = np.shape(node.saved[1])[node.params.get("axis", -1)]
    kth = np.ravel(node.params["kth"]) % n
    return {**_line("partition", -1)(node), "kth": [int(k) for k in kth]}


def _truths(name: str) -> Callable[[Node], dict[str, Any]]:
    """A Block of bits where it is one of truths."""

    def logical(node: Node) -> dict[str, Any]:
        if node.dtype != np.bool_:
            raise NoFormError(f"this page cannot compute {node.block.name} of whole numbers")  # type: ignore[union-attr]
        return {"f": name}

    return logical


def _indexed(name: str) -> Callable[[Node], dict[str, Any]]:
    """A Block that reads or adds at places, which are arrays for the first axes; `At` is a part of the stack."""

    def at_places(node: Node) -> dict[str, Any]:
        parts = node.params["index"]
        if any(isinstance(p, slice) or p is None or p is Ellipsis or np.asarray(p).dtype == bool for p in parts):
            raise NoFormError(f"this page cannot compute {name} with slices beside places")
        index = [{"at": p.position} if isinstance(p, At) else encode(np.asarray(p)) for p in parts]
        return {"f": name, "index": index, **_single(node)}

    return at_places


def _scattered(node: Node) -> dict[str, Any]:
    try:
        return _gather(node)
    except NoFormError:  # elements meet at a place
        return _indexed("scatter")(node)


def _transform(inverse: bool) -> Callable[[Node], dict[str, Any]]:
    """A Fourier transform along an axis: how many elements it reads, and what scales it."""

    def along(node: Node) -> dict[str, Any]:
        given = node.params
        axis = int(given.get("axis", -1)) % np.ndim(node.saved[1])
        is_real = node.block.name == "irfft"  # type: ignore[union-attr]
        n = node.shape[axis] if is_real or given.get("n") is None else int(given["n"])
        if node.block.name == "rfft" and given.get("n") is None:  # type: ignore[union-attr]
            n = np.shape(node.saved[1])[axis]
        norm = given.get("norm") or "backward"
        by = n**-0.5 if norm == "ortho" else 1 / n if (norm == "backward") == inverse else 1.0
        name = "irfft" if is_real else "ifft" if inverse else "fft"
        return {"f": name, "axis": axis, "n": n, "by": by, **_single(node)}

    return along


def _of_triangle(node: Node) -> dict[str, Any]:
    return {"f": "eigh", **({"upper": 1} if node.params.get("UPLO") == "U" else {}), **_single(node)}


def _cut(name: str) -> Callable[[Node], dict[str, Any]]:
    """A Block that counts small singular values as zero: below which part of the largest."""

    def cut(node: Node) -> dict[str, Any]:
        given, shape = node.params, np.shape(node.saved[1])
        widest = float(np.finfo(np.float64).eps) * max(shape)
        if name == "lstsq":
            limit = widest if given.get("rcond") is None else abs(given["rcond"])
            limit = float(np.finfo(np.float64).eps) if given.get("rcond") == -1 else limit
        else:
            limit = given.get("rcond") if given.get("rcond") is not None else given.get("rtol", 1e-15)
            limit = float(np.finfo(node.dtype).eps) * max(shape) if limit is None else limit
        if "limit" in given or np.ndim(limit):
            raise NoFormError(f"this page cannot compute {name} that leaves singular values out")
        return {"f": name, "limit": float(limit), **_single(node)}

    return cut


def _changed_type(node: Node) -> dict[str, Any]:
    if np.asarray(node.saved[0]).dtype.kind != "c":
        return _gather(node)
    return {"f": "same", **_single(node)}


def _searched(node: Node) -> dict[str, Any]:
    if node.params.get("sorter") is not None:
        raise NoFormError("this page cannot compute searchsorted with sorter")
    return {"f": "searchsorted", "side": str(node.params.get("side", "left"))}


_SPECIAL: dict[str, Callable[[Node], dict[str, Any]]] = {
    "sum": _reduction("sum"), "max": _reduction("max"), "min": _reduction("min"), "prod": _reduction("prod"),
    "all": _reduction("all"), "any": _reduction("any"), "count_nonzero": _reduction("count_nonzero"),
    "argsort": _line("argsort", -1), "partition": _partitioned, "argpartition": _partitioned,
    "argmax": _line("argmax", None), "argmin": _line("argmin", None),
    "cumsum": _line("cumsum", None), "searchsorted": _searched,
    "round": lambda node: {"f": "round", "digits": int(node.params.get("decimals", 0)), **_single(node)},
    "truncation": lambda node: {"f": "truncation"},
    "invert": _truths("logical_not"), "bitwise_and": _truths("logical_and"), "bitwise_or": _truths("logical_or"),
    "bitwise_xor": _truths("logical_xor"),
    "gather": _indexed("index"), "scatter": _scattered, "scatter_at": _indexed("scatter"),
    "matmul": _plain("matmul"), "where": _plain("where"), "convolve": _plain("convolve"), "inv": _plain("inv"),
    "solve": _plain("solve"), "det": _plain("det"), "slogdet": _plain("slogdet"), "cholesky": _plain("cholesky"),
    "eigh": _of_triangle, "eig": _plain("eig"), "svd": _plain("svd"), "qr": _plain("qr"),
    "pinv": _cut("pinv"), "lstsq": _cut("lstsq"),
    "real": _plain("real"), "imag": _plain("imag"), "conjugate": _plain("conjugate"), "astype": _changed_type,
    "fft": _transform(False), "rfft": _transform(False), "ifft": _transform(True), "irfft": _transform(True),
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
        raise NoFormError(f"this page cannot compute {block.name}") from error
    index = source.astype(np.int64)
    inside = bool(np.all((index == source) & (index >= 0) & (index < start)))
    if not inside or not np.array_equal(flat[index], again):
        raise NoFormError(f"this page cannot compute {block.name}")
    if len(arrays) == 1 and np.array_equal(index, np.arange(1, start)):
        return {"f": "same"}
    return {"f": "gather", "at": base64.b64encode((index - 1).astype("<i4").tobytes()).decode()}
