"""One application of a Block to the payloads of a level: what every level does alike."""

from __future__ import annotations

import dis
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import namespace
from ..core.block import Block
from ..core.errors import (
    NUMPY_ERRORS,
    ClosureError,
    DragongradError,
    EscapedError,
    operation_error,
    user_line,
)  # fmt: skip
from ..core.level import PLAIN, Level
from ..core.node import Node
from ..core.variable import Variable, bottom, plain, settle, top_level
from ..subclasses import MATRIX, refuse_matrix
from .foreign_errors import restated

# Asked of what every Block gives.


def call(f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """The output of the user's function; where NumPy met a Variable that it cannot ask, its error is restated."""
    entered = namespace.enter()
    try:
        return settle(f(*args, **kwargs))
    except Exception as error:
        found = restated(error)
        if found is None:
            raise
        raise found.with_traceback(error.__traceback__) from None
    finally:
        namespace.leave(entered)


def evaluate(level: Level, block: Block, values: Sequence[Any], params: dict[str, Any]) -> Any:
    """The output of a Block on payloads; a NumPy error is restated with shapes and the user's line."""
    if level.ended:
        refuse_escaped()
    try:
        out = block.forward(*values, **params)
    except DragongradError:
        raise
    except NUMPY_ERRORS as error:
        if not block.dispatches:
            raise
        raise operation_error(block.name, tuple(values), error) from None
    if out.__class__ is MATRIX:
        refuse_matrix()
    if out.__class__ is Variable and out.level is PLAIN:
        # A function of the user's gave a buffer of its own.
        out = out.data
    if not block.dispatches:
        refuse_closure(level, block, out)
    # Python's own product of a complex and a float: NumPy's float64 is a float to it.
    return np.complex128(out) if out.__class__ is complex else out


def _makes_text(frame: Any) -> bool:
    """Whether the code that wants a number prints it: `"%.3f" % x`, or NumPy's functions that format one number."""
    code = frame.f_code
    if code.co_name.startswith("format_float_"):
        return str(code.co_filename).startswith(_NUMPY)
    # Only the formatting of text asks an operand of % for a number.
    operator, kind = code.co_code[frame.f_lasti : frame.f_lasti + 2]
    return dis.opname[operator] == "BINARY_OP" and kind in _REMAINDERS


_REMAINDERS = frozenset(kind for kind, (_, sign) in enumerate(dis._nb_ops) if sign in ("%", "%="))  # type: ignore[attr-defined]
_NUMPY = os.path.dirname(os.path.abspath(np.__file__))


class Differentiating(Level):
    """A level that carries a derivative: the link of its Variables is a tangent or a Node, None for constants."""

    __slots__ = ()

    def number(self, x: Variable, what: str) -> Any:
        """A plain number where it becomes text, which has no derivative anyhow."""
        if what in ("float", "int") and _makes_text(sys._getframe(2)):
            shown = bottom(x)
            # A number of each row of a batch below has no one text.
            return shown if np.ndim(shown) == x.ndim else x.data.level.number(x.data, what)
        return super().number(x, what)

    def constant(self, value: Any) -> Variable:
        """A Variable of this level that depends on no input."""
        return Variable(value, self, None)

    def differentiates(self, x: Variable) -> bool:
        """Whether this level carries a derivative of one of its Variables."""
        return x.link is not None

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute the value, and follow the derivative."""
        values, links = [], []
        for a in args:
            if isinstance(a, Variable) and a.level is self:
                values.append(a.data)
                links.append(a.link)
            else:
                # Of a buffer without a derivative the array, which rules may keep as it is.
                values.append(a.data if isinstance(a, Variable) and a.level is PLAIN else a)
                links.append(None)
        out = evaluate(self, block, values, params)
        if block.kind == "constant":
            return out
        return self.follow(block, out, values, links, params)

    def follow(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """The output or outputs of an application as Variables of this level, given those of the arguments."""
        raise NotImplementedError


def refuse_closure(level: Level, block: Block, out: Any) -> None:
    """Refuse the output of a function with a rule of its own that used a Variable which is not an argument."""
    inner = top_level(out if isinstance(out, (tuple, list)) else (out,))
    if inner is not None and inner.serial >= level.serial and block.kind != "constant":
        raise ClosureError(
            "a function with a rule of its own (custom_rule, checkpoint) used a Variable that is not one of its "
            f"arguments, whose derivative would be lost\n  at {user_line()}\nPass it as an argument"
        )


def rewrap(like: Any, values: list[Any]) -> Any:
    """A tuple of values of the type that NumPy returned (`EighResult` ... are namedtuples)."""
    return type(like)(*values) if hasattr(like, "_fields") else type(like)(values)


def drop(out: Any, level: Level) -> tuple[Any, Node | None]:
    """Split an output into its value below this level, and its Node."""
    out = plain(out)
    if isinstance(out, Variable):
        if out.level is level:
            return level.settle(out.data), out.link
        if out.level.serial > level.serial:
            refuse_escaped()
        out = level.settle(out)
    return out, None


def refuse_escaped() -> None:
    """Refuse a Variable of a transform that is over."""
    raise EscapedError(
        "a Variable was used after the transform that made it had ended (it was kept in a global, an "
        f"attribute or a closure)\n  at {user_line()}\n"
        "Return it from the function instead, or keep ad.stop_gradient(x)"
    )
