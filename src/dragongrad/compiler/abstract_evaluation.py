"""What a value looks like before anybody asks for its elements: large values are not computed while tracing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import BLOCKS, Block
from . import forms
from .backends.native.elements import LOWERINGS

# Arrays of fewer elements are computed at once: that is quicker than to think about them.
LARGE = 4096


class Outline(np.ndarray[Any, Any]):
    """A shape and a dtype; every element is one and the same zero in memory, and means nothing."""

    def __repr__(self) -> str:
        return f"<array of shape {self.shape} and dtype {self.dtype}, not computed while tracing>"

    __str__ = __repr__

    def __getitem__(self, index: Any) -> Any:
        """The outline of an element, or of a part."""
        found = super().__getitem__(index)
        return found.view(Outline) if isinstance(found, np.ndarray) else outline((), self.dtype, number=True)

    def as_truth(self) -> Any:
        """The outline of a truth value of Python's."""
        return self.view(OutlinedTruth)


class OutlinedNumber(Outline):
    """The outline of one of NumPy's numbers."""

    is_number = True


class OutlinedTruth(OutlinedNumber):
    """The outline of True or False."""


def outline(shape: tuple[int, ...], dtype: Any, number: bool = False) -> Outline:
    """The outline of an array, or of a number."""
    return np.broadcast_to(np.zeros((), dtype), shape).view(OutlinedNumber if number else Outline)


def form_of(value: Any) -> type:
    """The class of a value, outlined or not, of which every array is an ndarray."""
    if isinstance(value, OutlinedNumber):
        return bool if isinstance(value, OutlinedTruth) else np.generic
    return np.ndarray if isinstance(value, np.ndarray) else value.__class__


def outlined(block: Block, values: list[Any], params: dict[str, Any]) -> Outline | None:
    """The outline of a Block's value where that is worth it; None: compute it.

    A mistake in shapes or axes is left to the computation, which raises NumPy's own error.
    """
    # Of numbers alone no array is large.
    for v in values:
        if isinstance(v, np.ndarray):
            break
    else:
        return None
    large = any(isinstance(v, Outline) or np.size(v) > LARGE for v in values)
    known = LOWERINGS.get(block)
    form = known.form if known is not None else None
    if form is None and isinstance(block.fn, np.ufunc) and block.fn.signature is None:
        form = forms.elementwise
    if form is None or not (large or (form is forms.elementwise and len(values) > 1)):
        return None
    if form in (forms.view, forms.broadcast) and not isinstance(values[0], Outline):
        # A view of an outline is an outline; of an array, it costs nothing.
        return None
    try:
        found = form(block, values, params)
    except (ValueError, TypeError, IndexError, RuntimeError):
        # NumPy raises a RuntimeError where it cannot broadcast shapes of more than 32 axes.
        return None
    if found is None:
        return None
    shape, dtype, number = found
    size = 1
    for n in shape:
        size *= n
    return outline(shape, dtype, number) if size > LARGE or large else None


# What looks at the shape of its argument alone.
OF_SHAPES = frozenset({b for b in BLOCKS.values() if b.name == "_ones_like"})
