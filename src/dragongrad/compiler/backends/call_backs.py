"""What functions of the user's return in a program, beside what they returned while it was traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import late
from ...core.block import BLOCKS, Block
from ...core.errors import DtypeError, ShapeError
from .numpy_text import numpy_name

_CUSTOM = BLOCKS["custom"]
# Functions of the library's own that are called by their names.
OURS = frozenset({"logistic", "erfc", "i1"})


def is_users(block: Block) -> bool:
    """Whether the value of a Block is a function of the user's, which may return anything."""
    if block is _CUSTOM:
        return True
    known = isinstance(block.fn, str) or numpy_name(block.fn) or late.library_of(block.fn)
    return not known and block.name not in OURS


def check_dtype(name: str, value: Any, dtype: Any) -> None:
    """Refuse a value of another dtype than that with which the program goes on."""
    if np.asarray(value).dtype != dtype:
        raise DtypeError(f"{name} did not return {dtype} as it did while it was traced")


def check_shape(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Refuse a value of another shape."""
    if np.shape(value) != shape:
        raise ShapeError(
            f"{name} returned shape {np.shape(value)} where it returned {shape} while it was "
            "traced: the shape must follow from the shapes of its arguments"
        )


def checked(block: Block, places: Sequence[tuple[int | None, Any, tuple[int, ...]]]) -> Callable[..., Any]:
    """The value of a Block, which refuses what is not as it was while it was traced.

    Parameters
    ----------
    block : Block
        What is called.
    places : sequence of tuple
        `(index, dtype, shape)` of each output that is used; the index of the only one is None.
    """

    def call(*values: Any, **params: Any) -> Any:
        out = block.value(*values, **params)
        for index, dtype, shape in places:
            value = out if index is None else out[index]
            check_dtype(block.name, value, dtype)
            check_shape(block.name, value, shape)
        return out

    return call
