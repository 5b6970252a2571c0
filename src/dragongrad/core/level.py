"""Levels: who answers when a Block is applied to Variables.

Every transform that runs opens a level. A level opened later is an inner one, so its serial number orders
it; a Block applied to Variables of several levels is handled by the one with the highest number, which
applies the Block again to the payloads below. That rules out perturbation confusion.
"""

from __future__ import annotations

import sys
from itertools import count, islice
from traceback import walk_stack
from typing import TYPE_CHECKING, Any

from .errors import ConversionError, user_line

if TYPE_CHECKING:
    from .block import Block
    from .variable import Variable

# `next` on a counter is atomic: levels opened by different threads never share a number.
_serials = count(1)


def within_vectorize() -> bool:
    """Whether NumPy's `vectorize` asks for plain numbers, whose dtypes it was told."""
    names = [frame.f_code.co_name for frame, _ in islice(walk_stack(sys._getframe(1)), 5)]
    return "_vectorize_call" in names


class Level:
    """The interface of a level; a subclass gives `apply`.

    `batch_axes` is the number of leading axes of a payload that the user does not see (1 under `vmap`),
    `ended` whether the transform is over: a Variable of it that was kept is then refused; `stages` says that
    the level writes a Graph to be run again: what is decided from its values is guarded, unless nothing `decides`;
    `assists` that what it carries is no derivative that anybody asked for, and helps to find one.
    """

    __slots__ = ("ended", "serial")
    batch_axes = 0
    stages = False
    decides = True
    assists = False

    def __init__(self) -> None:
        self.serial = next(_serials)
        self.ended = False

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply a Block where this level is the highest among the arguments."""
        raise NotImplementedError

    def unary(self, block: Block, x: Variable) -> Any:
        """Apply an elementwise Block of one argument (a level may have a faster way)."""
        return self.apply(block, (x,), {})

    def binary(self, block: Block, x: Any, y: Any) -> Any:
        """Apply an elementwise Block of two arguments (a level may have a faster way)."""
        return self.apply(block, (x, y), {})

    def differentiates(self, x: Variable) -> bool:
        """Whether this level carries a derivative of one of its Variables."""
        return False

    def settle(self, value: Any) -> Any:
        """A payload as it is without this level (a careful one keeps marks on it)."""
        return value

    def truth(self, x: Variable) -> bool:
        """The truth value of a Variable, for Python's `if`."""
        return bool(x.data)

    def number(self, x: Variable, what: str) -> Any:
        """A plain number in place of a Variable, for Python's `int`, `float` ...: refused, it has no derivative."""
        if within_vectorize():
            raise ConversionError(
                f"np.vectorize(otypes=...) makes plain numbers of Variables\n  at {user_line()}\n"
                "Leave otypes out, or give a signature: np.vectorize(f, signature='()->()')"
            )
        raise ConversionError(
            f"converting a Variable of shape {x.shape} to {what} would lose its derivative\n  at {user_line()}\n"
            "An array from outside cannot hold it: write into a copy, np.array(a), or join: np.stack([x, y]). "
            'For math.sin(x) write np.sin(x); to print it, f"{x:.3f}". For a plain number: ad.stop_gradient(x).'
        )

    def to_numpy(self, value: Any) -> Any:
        """What a ufunc is called on, rather than an operator of Python's; asked of levels that stage."""
        return value

    def from_numpy(self, out: Any) -> Any:
        """What a function of NumPy's gives, rather than an operator of Python's; asked of levels that stage."""
        return out

    def constant(self, value: Any) -> Variable:
        """A Variable of this level whose derivative is zero."""
        raise NotImplementedError


class Plain(Level):
    """The level of a buffer without derivative, below all others; `apply` is installed with the table."""

    __slots__ = ()

    def __init__(self) -> None:
        self.serial, self.ended = -1, False

    def number(self, x: Variable, what: str) -> Any:
        """The number itself: nothing with a derivative was written."""
        return x.data.tolist() if what in ("tolist()", "item()") else x.data


PLAIN = Plain()
