"""The exception tree, and the search for the line of the user's code that an error speaks of.

DragongradError
├── NoRuleError          a NumPy function, or one of its arguments, without a derivative rule
├── ShapeError           shapes that do not fit
├── OutOfBoundsError     an index or axis that an array does not have
├── FactorizationError   a matrix that has no such inverse or factors
├── DtypeError           an input that cannot be differentiated, or a dtype that does not fit
├── ReadOnlyError        a write into a view that is for reading alone
├── ConversionError      a conversion that would lose the derivative
├── NotScalarError       a gradient asked of an output that is not one number
├── NonFiniteError       the first NaN or infinity under ``debug_nans``
├── EscapedError         a Variable used after the transform that made it has ended
├── BatchError           something that differs from row to row where one answer is needed
├── ClosureError         a custom rule around a function that closes over a Variable
├── ArgumentError        an option that a transform cannot take
├── CompileError         machine code that cannot be made in this process
├── SolutionError        what a solver gave, where it has no derivative: not solved, or at a kink
├── SavedProgramError    a program that no file can hold, a file that holds none, a call that it does not answer
├── MissingExtraError    an optional package that is not installed
├── AbsentError          a name that a part of the library does not have
└── DerivativeError      two derivatives that should agree and do not
"""

from __future__ import annotations

import linecache
import sys
from traceback import walk_stack, walk_tb
from typing import Any

import numpy as np

from ..modules import is_inside


class DragongradError(Exception):
    """The base of every error that dragongrad raises."""


class NoRuleError(DragongradError, NotImplementedError):
    """A function, or one of its arguments, has no derivative rule."""


class ShapeError(DragongradError, ValueError):
    """Shapes that do not fit together."""


class OutOfBoundsError(DragongradError, IndexError, ValueError):
    """An index or axis that an array does not have."""


class FactorizationError(DragongradError, np.linalg.LinAlgError):
    """A matrix that has no such inverse or factors."""


class DtypeError(DragongradError, TypeError):
    """A dtype that cannot be differentiated or does not fit."""


class ReadOnlyError(DragongradError, ValueError):
    """A write into what NumPy gives for reading alone, such as `np.broadcast_to`."""


class ConversionError(DragongradError, RuntimeError):
    """A conversion to a plain number or array that would lose the derivative."""


class NotScalarError(DragongradError, ValueError):
    """A gradient was asked of an output that is not a single number."""


class NonFiniteError(DragongradError, FloatingPointError):
    """A NaN or an infinity appeared under `debug_nans`."""


class EscapedError(DragongradError, RuntimeError):
    """A Variable was used after the transform that made it had ended."""


class BatchError(DragongradError, ValueError):
    """A batched Variable was used where one answer for all rows is needed."""


class ClosureError(DragongradError, ValueError):
    """A function with a rule of its own closes over a Variable."""


class ArgumentError(DragongradError, ValueError):
    """An option or argument of a transform that cannot be used."""


class CompileError(DragongradError, RuntimeError):
    """Machine code that cannot be made in this process."""


class SolutionError(DragongradError, ArithmeticError):
    """What a solver returned has no derivative: it is no solution, or one at which the solution has a kink."""


class SavedProgramError(DragongradError, ValueError):
    """A program that cannot be saved, a file that holds none, or a call that none of the saved versions answers."""


class MissingExtraError(DragongradError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class AbsentError(DragongradError, AttributeError):
    """A name that a part of the library does not have; the message says what to use instead."""


class CompileWarning(UserWarning):
    """A compiled function does something slower than its user may expect."""


class DerivativeError(DragongradError, AssertionError):
    """Two derivatives that should agree do not."""


# What NumPy raises where arguments do not fit (its LinAlgError is a ValueError).
NUMPY_ERRORS = (ValueError, TypeError, IndexError, OverflowError)


def user_line(error: BaseException | None = None) -> str:
    """Describe the innermost line outside dragongrad, NumPy and its kin, now or where an error was raised."""
    steps = walk_stack(sys._getframe(1)) if error is None else reversed([*walk_tb(error.__traceback__)])
    for frame, number in steps:
        if not is_inside(frame):
            name = frame.f_code.co_filename
            return f"{name}:{number}: {linecache.getline(name, number).strip()}".removesuffix(": ")
    return "unknown line"


def user_level() -> int:
    """The `stacklevel` at which the caller warns of the line that `user_line` describes."""
    frames = [frame for frame, _ in walk_stack(sys._getframe(1))]
    return next((level for level, frame in enumerate(frames, 1) if not is_inside(frame)), 1)


def describe(value: Any) -> str:
    """Name a value as messages do: ``float64 (3, 4)``, or its type where it has no shape."""
    if isinstance(value, (type, np.dtype)):
        return getattr(value, "__name__", str(value))
    if isinstance(value, (list, tuple)) and len(value) < 9:
        return f"[{', '.join(describe(v) for v in value)}]"
    if (shape := getattr(value, "shape", None)) is None:
        return f"{type(value).__name__} {value!r}" if np.isscalar(value) else type(value).__name__
    return f"{value.dtype} {tuple(shape)}"


def operation_error(name: str, args: tuple[Any, ...], error: Exception) -> DragongradError:
    """Restate an error raised by NumPy with the operands and the user's line; one of ours is kept."""
    if isinstance(error, DragongradError):
        return error
    kinds: dict[type, type] = {TypeError: DtypeError, np.linalg.LinAlgError: FactorizationError}
    kinds |= dict.fromkeys((IndexError, OverflowError), OutOfBoundsError)
    kind = next((ours for numpys, ours in kinds.items() if isinstance(error, numpys)), ShapeError)
    return kind(f"{name}({', '.join(map(describe, args))}) failed: {error}\n  at {user_line()}")
