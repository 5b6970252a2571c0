"""Errors of the user's function that come of a Variable where NumPy or SciPy asks nobody: restated in our words."""

from __future__ import annotations

import sys
from traceback import walk_tb
from types import FrameType
from typing import Any

import numpy as np

from ..core.errors import BatchError, ConversionError, DragongradError, DtypeError, NoRuleError, user_line
from ..core.level import PLAIN
from ..core.variable import Variable

# How NumPy complains of the elements of an object array.
_OBJECT_ARRAY = ("which has no callable", "dtype('O')", "dtype object")
# The modules of SciPy's that `dragongrad.scipy` has.
_PARTS = frozenset({
    "fft", "integrate", "interpolate", "linalg", "ndimage", "optimize", "signal", "sparse", "spatial", "special",
    "stats",
})  # fmt: skip
_LIBRARIES = frozenset({"scipy", "numpy", "dragongrad"})


def restated(error: Exception) -> DragongradError | None:
    """Another error for one that the user's function has raised; None where it is to be passed on."""
    found: DragongradError | None = _of_scipy(error)
    if found is not None:
        return found
    if isinstance(error, ValueError) and isinstance(error.__cause__, (ConversionError, BatchError)):
        # Writing into an array calls `float` or `bool`, whose error NumPy keeps only as the cause.
        return error.__cause__
    found = _of_masked(error)
    if found is not None or isinstance(error, DragongradError):
        return found
    if isinstance(error, ValueError) and "maximum number of dimension" in str(error):
        # Of a Variable of one element NumPy takes no number, but the elements of a sequence.
        return ConversionError(
            f"one element of a plain array cannot hold a Variable or a list\n  at {user_line(error)}\n"
            "Write into a copy that was made in the function, np.array(a), and there a number: a[i] = v[0]"
        )
    if isinstance(error, IndexError) and str(error).startswith("only integers, slices"):
        return ConversionError(
            f"a plain array cannot be indexed with a Variable\n  at {user_line(error)}\n"
            "Where it is an integer under vmap, write ad.take(array, i)"
        )
    if not isinstance(error, TypeError):
        return None
    if "not 'Variable'" in str(error):
        return ConversionError(
            f"what reads the memory of arrays met a Variable, which has none: {error}\n  at {user_line(error)}\n"
            "For a plain array: ad.stop_gradient(x)"
        )
    if "REFS_OK" in str(error):
        return DtypeError(
            f"np.nditer does not ask Variables how to iterate over several of them\n  at {user_line(error)}\n"
            "Write for v in x.flat, or for i, v in np.ndenumerate(x)"
        )
    here = [v for frame, _ in walk_tb(error.__traceback__) for v in frame.f_locals.values()]
    if not any(sign in str(error) for sign in _OBJECT_ARRAY) and not (
        "not supported for the input types" in str(error) and any(map(_is_variable, here))
    ):
        return None
    return DtypeError(
        f"np.array([...]) of Variables is an object array, which NumPy could not compute with: {error}\n"
        f"  at {user_line(error)}\nJoin them with np.stack([x, y]) or np.array([x, 2.0], like=x)"
    )


def _of_masked(error: Exception) -> DtypeError | None:
    """The error for a masked array of Variables, which NumPy computes with one by one as far as it can."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    places = [i for i, frame in enumerate(frames) if _module(frame).startswith("numpy.ma.")]
    inner = frames[places[0] :] if places else []
    if isinstance(error, BatchError) or any(_module(f).partition(".")[0] not in _LIBRARIES for f in inner):
        return None
    if not any(_is_variable(value) for i in places for value in frames[i].f_locals.values()):
        return None
    name = frames[places[0]].f_code.co_name
    return DtypeError(
        f"np.ma, in {name}, makes an array of objects of a Variable, and could not go on: {_first_line(error)}\n"
        f"  at {user_line(error)}\nLeave out what is masked, x[~mask], or write numbers in its place: "
        "np.where(mask, 0.0, x), np.sum(x, where=~mask)"
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _of_scipy(error: Exception) -> NoRuleError | None:
    """The error for a Variable that was given to a function of SciPy's, which raised because of it."""
    if isinstance(error, DragongradError) and not isinstance(error, (ConversionError, BatchError)):
        return None
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    if _module(frames[-1]).partition(".")[0] not in _LIBRARIES:
        # A function of the user's has raised, which SciPy had called.
        return None
    for i, frame in enumerate(frames):
        parts = _module(frame).split(".")
        if parts[0] != "scipy" or len(parts) < 2:
            continue
        if not any(map(_is_variable, frame.f_locals.values())):
            return None
        name = _public_name(frames[i:], parts)
        known = parts[1] in _PARTS and (parts[1] != "sparse" or _is_public(name))
        instead = f"Write dragongrad.{name}" if known else "Give it a rule with @ad.custom_rule"
        return NoRuleError(f"{name} does not ask Variables for derivatives\n  at {user_line(error)}\n{instead}")
    return None


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__") or "")


def _is_public(name: str) -> bool:
    """Whether it is a function of a module of SciPy's, and no method of what is no function."""
    module, _, last = name.rpartition(".")
    return hasattr(sys.modules.get(module), last)


def _is_variable(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_is_variable, value))
    if isinstance(value, np.ndarray):
        return value.dtype.hasobject and any(map(_is_variable, value.ravel().tolist()))
    # A buffer without a derivative is the array that it holds.
    return isinstance(value, Variable) and value.level is not PLAIN


def _public_name(frames: list[FrameType], parts: list[str]) -> str:
    """The name by which the user called it, as far as the frames tell: decorators have frames of their own."""
    deeper = parts[1] in ("spatial", "sparse") and len(parts) > 2 and parts[2][0] != "_"
    part = ".".join(parts[: 3 if deeper else 2])
    for frame in frames:
        name, owner = frame.f_code.co_name, frame.f_locals.get("self")
        if _module(frame).startswith("scipy.") and not name.startswith("_") and "wrap" not in name:
            family = getattr(owner, "name", None)
            return f"{part}.{family}.{name}" if isinstance(family, str) else f"{part}.{name}"
        if name == "__init__" and owner is not None:
            return f"{part}.{type(owner).__name__}"
    return part
