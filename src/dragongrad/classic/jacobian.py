"""The shape of a Jacobian in the classic interface, and the inputs it is taken for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.variable import Variable
from ..transforms.batch import Batch
from ..transforms.zeros import Dot, seed_mask


class Inputs:
    """The inputs made by one call: one Variable, or several by `multi_variables`.

    Attributes
    ----------
    shapes : list of tuple
        The shape of each input.
    level : Batch
        The directions of all elements of all inputs, one a row.

    """

    __slots__ = ("level", "shapes")

    def __init__(self, arrays: list[Any]) -> None:
        self.shapes = [a.shape for a in arrays]
        self.level = Batch(sum(a.size for a in arrays))

    def seed(self, index: int, dtype: Any) -> Dot:
        """The tangents of one input: its part of the identity."""
        start = sum(count(shape) for shape in self.shapes[:index])
        size = count(self.shapes[index])
        part = np.zeros((self.level.size, size), dtype)
        part[start : start + size] = np.eye(size, dtype=dtype)
        rows = self.batch(part.reshape((self.level.size, *self.shapes[index]))).dot
        return Dot(rows, seed_mask(rows))

    def batch(self, rows: Any) -> Dot:
        """Tangents, one direction a row, as the level of forward mode takes them."""
        return Dot(Variable(rows, self.level), None)

    def jacobians(self, rows: Any, out: tuple[int, ...]) -> list[Any]:
        """Cut tangents, one direction a row, into the Jacobians with respect to each input."""
        columns = np.moveaxis(rows, 0, -1)
        found, start = [], 0
        for shape in self.shapes:
            found.append(layout(columns[..., start : start + count(shape)], out, shape).copy())
            start += count(shape)
        return found


def before(inputs: Inputs) -> int:
    """A key that sorts inputs in the order in which they were made."""
    return inputs.level.serial


def layout(matrix: Any, out: tuple[int, ...], x: tuple[int, ...]) -> Any:
    """Bring a Jacobian to `(m, n)` where neither has more than one axis, to `out + x` otherwise."""
    if len(out) <= 1 and len(x) <= 1:
        return np.reshape(matrix, (count(out), count(x)))
    return np.reshape(matrix, (*out, *x))


def count(shape: tuple[int, ...]) -> int:
    """The number of elements of a shape."""
    return int(np.prod(shape, dtype=int))
