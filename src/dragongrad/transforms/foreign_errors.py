"""Errors of the user's function that come of a Variable where NumPy or SciPy asks nobody: restated in our words."""

from __future__ import annotations

import re
from functools import partial
from traceback import walk_tb
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from .. import elsewhere
from ..core.errors import (
    BatchError,
    ConversionError,
    DragongradError,
    DtypeError,
    NoRuleError,
    ShapeError,
    user_line,
)
from ..core.level import PLAIN
from ..core.variable import Variable
from ..hints import absent
from ..lines import is_inside
from .scipy_names import instead_of, module_of, public_name

# How NumPy complains of the elements of an object array.
_OBJECT_ARRAY = ("dtype('O')", "dtype object", "not supported for the input types")
_ELEMENTS = re.compile(r"of type (?:Variable|float|int|complex|bool|numpy\.\w+) which has no callable")
# And of what is no number, where it writes one element (of all elements, and of `a.flat`).
_ONE_ELEMENT = ("maximum number of dimension", "Error setting single item")
_LIBRARIES = frozenset({"scipy", "numpy", "dragongrad"})
# Functions of arrays that NumPy does not have.
_OURS = frozenset({"softmax", "log_softmax", "logsumexp"})


def restated(error: Exception) -> DragongradError | None:
    """Another error for one that the user's function has raised; None where it is to be passed on."""
    found: DragongradError | None = _of_scipy(error)
    if found is not None:
        return found
    if isinstance(error, ValueError) and isinstance(error.__cause__, (ConversionError, BatchError)):
        # Writing into an array calls `float` or `bool`, whose error NumPy keeps only as the cause.
        return error.__cause__
    if isinstance(error, SystemError):
        # NumPy goes on comparing objects when one of them has refused.
        cause: BaseException | None = error
        while isinstance(cause, SystemError):
            cause = cause.__cause__
        return cause if isinstance(cause, DragongradError) else None
    found = _of_masked(error)
    if found is not None or isinstance(error, DragongradError):
        return found
    if isinstance(error, ValueError) and any(text in str(error) for text in _ONE_ELEMENT):
        # Of a Variable of one element NumPy takes no number, but the elements of a sequence.
        return ConversionError(
            f"one element of a plain array cannot hold a Variable or a list\n  at {user_line(error)}\n"
            "Write into a copy that was made in the function, np.array(a), and there a number: a[i] = v[0]"
        )
    if any(module_of(frame).endswith(".defchararray") for frame, _ in walk_tb(error.__traceback__)):
        return NoRuleError(
            f"np.char works on texts, which have no derivative: {error}\n  at {user_line(error)}\n"
            "Pass ad.stop_gradient(x)"
        )
    if isinstance(error, ValueError) and str(error).startswith("The truth value of an array with more"):
        return ShapeError(
            f"an array of several elements is neither true nor false\n  at {user_line(error)}\n"
            "Write np.where(condition, x, y) to choose element by element, np.all or np.any for one answer"
        )
    if isinstance(error, IndexError) and str(error).startswith("only integers, slices"):
        return ConversionError(
            f"a plain array cannot be indexed with a Variable\n  at {user_line(error)}\n"
            "Where it is an integer under vmap, write ad.take(array, i)"
        )
    if isinstance(error, AttributeError):
        known = elsewhere.of_attribute(str(error))
        return absent(known, error) if known else None
    if not isinstance(error, TypeError):
        return None
    if str(error).endswith("not Variable"):
        return NoRuleError(
            f"a function in C takes plain arrays alone: {error}\n  at {user_line(error)}\n"
            "Write its name in dragongrad.scipy, where it is SciPy's, or give it a rule with @ad.custom_rule"
        )
    name = str(error).partition("(")[0]
    if (cure := elsewhere.of_keyword(error)) and (hasattr(np, name) or name in _OURS):
        return DtypeError(f"{error}\n  at {user_line(error)}\n{cure}")
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
    if not any(sign in str(error) for sign in _OBJECT_ARRAY) and not _ELEMENTS.search(str(error)):
        return None
    # NumPy tells neither texts from lists of Variables, which are arrays of objects to it, nor what these hold.
    return DtypeError(
        f"NumPy could not compute of a text, or of an array of objects: {error}\n  at {user_line(error)}\n"
        "Join Variables with np.stack([x, y]) or np.array([x, 2.0], like=x); of a text write float(text)"
    )


def _of_masked(error: Exception) -> DtypeError | None:
    """The error for a masked array of Variables, which NumPy computes with one by one as far as it can."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    places = [i for i, frame in enumerate(frames) if module_of(frame).startswith("numpy.ma.")]
    inner = frames[places[0] :] if places else []
    if isinstance(error, BatchError) or any(module_of(f).partition(".")[0] not in _LIBRARIES for f in inner):
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
    refused = isinstance(error, (ConversionError, BatchError)) or isinstance(error.__cause__, ConversionError)
    if isinstance(error, DragongradError) and not refused:
        return None
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    start = max((i for i, frame in enumerate(frames) if not is_inside(frame)), default=-1) + 1
    inner = [frame for frame in frames[start:] if module_of(frame).partition(".")[0] != "dragongrad"]
    # A function of the user's may have raised, which SciPy had called.
    if not inner or module_of(inner[0]).partition(".")[0] != "scipy":
        return None
    if any(module_of(frame).partition(".")[0] not in _LIBRARIES for frame in frames[start:]):
        return None
    if not refused and not any(_is_variable(v) for frame in inner for v in frame.f_locals.values()):
        return None
    name = public_name(inner)
    reason, instead = instead_of(name)
    problem = f"has no derivative rule: {reason}" if reason else "does not ask Variables for derivatives"
    return NoRuleError(f"{name} {problem}\n  at {user_line(error)}\n{instead}")


def _is_variable(value: Any, depth: int = 3) -> bool:
    """Whether a local value of a function of SciPy's is a Variable, or holds one."""
    if isinstance(value, Variable):
        # A buffer without a derivative is the array that it holds.
        return value.level is not PLAIN
    if isinstance(value, np.ndarray):
        return value.dtype.hasobject and any(map(_is_variable, value.ravel().tolist()))
    return depth > 0 and any(_is_variable(v, depth - 1) for v in _held(value))


def _held(value: Any) -> list[Any]:
    """What a value holds: the elements of a nest, the attributes of an object, what a function reads."""
    if isinstance(value, (tuple, list)):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, MethodType):
        return [value.__self__]
    if isinstance(value, FunctionType):
        names = value.__globals__
        read = [names[n] for n in value.__code__.co_names if n in names and isinstance(names[n], Variable)]
        return [*read, *(value.__defaults__ or ()), *map(_content, value.__closure__ or ())]
    if type(value).__module__.startswith("dragongrad."):
        # A sparse matrix of ours.
        return [getattr(value, "entries", None)]
    held = getattr(value, "__dict__", None)
    return list(held.values()) if isinstance(held, dict) and not isinstance(value, type) else []


def _content(cell: Any) -> Any:
    """What a cell of a closure holds, None before it is set."""
    try:
        return cell.cell_contents
    except ValueError:
        return None
