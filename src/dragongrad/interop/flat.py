"""NumPy functions as other libraries call them: over flat arrays, their derivatives being such functions again."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, MissingExtraError
from ..core.nests import flatten, unflatten
from ..core.variable import plain, value_of
from ..records import record
from ..transforms.batch import vmap
from ..transforms.forward import jvp
from ..transforms.gradients import vjp
from ..transforms.jacobians import jacobian


def library(name: str, extra: str) -> Any:
    """An optional library, imported when it is used."""
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"dragongrad.interop.{extra} needs {name}: pip install 'dragongrad[{extra}]'"
        ) from error


def is_real(value: Any) -> bool:
    """Whether an array can carry a derivative: real or complex floating point."""
    return np.dtype(value.dtype).kind in "fc"


@record
class Flat:
    """A function of arrays that returns a tuple of arrays, in NumPy functions that have derivatives."""

    name: str
    function: Callable[..., tuple[Any, ...]]

    def value(self, arrays: Any) -> list[Any]:
        """The outputs for plain arrays, as arrays of their own."""
        return [np.array(value_of(out)) for out in self.function(*arrays)]

    def _of(self, arrays: Any, active: tuple[int, ...], outputs: tuple[int, ...]) -> Callable[..., Any]:
        """The function of some of its arrays, giving some of its outputs."""

        def function(*moving: Any) -> Any:
            full = list(arrays)
            for i, x in zip(active, moving, strict=True):
                full[i] = x
            found = self.function(*full)
            return tuple([found[k] for k in outputs])

        return function

    def pullback(self, count: int, active: tuple[int, ...], outputs: tuple[int, ...]) -> Flat:
        """The cotangents of `active` arrays: a function of all arrays, then the cotangents of `outputs`."""

        def pull(*values: Any) -> Any:
            xs, bars = values[:count], values[count:]
            return vjp(self._of(xs, active, outputs), *[xs[i] for i in active])[1](tuple(bars))

        return Flat(f"the pullback of {self.name}", pull)

    def pushforward(self, count: int, active: tuple[int, ...], outputs: tuple[int, ...]) -> Flat:
        """The tangents of `outputs`: a function of all arrays, then the tangents of the `active` ones."""

        def push(*values: Any) -> Any:
            xs, dots = values[:count], values[count:]
            return jvp(self._of(xs, active, outputs), tuple([xs[i] for i in active]), tuple(dots))[1]

        return Flat(f"the pushforward of {self.name}", push)

    def jacobians(self, active: tuple[int, ...], outputs: tuple[int, ...]) -> Flat:
        """The Jacobian of each of `outputs` by each `active` array, one after the other."""

        def rows(*xs: Any) -> Any:
            chosen = [xs[i] for i in active]
            holomorphic = any(x.dtype.kind == "c" for x in chosen)
            places = tuple(range(len(active)))
            return tuple(
                flatten(jacobian(self._of(xs, active, outputs), places, holomorphic=holomorphic)(*chosen))[0]
            )

        return Flat(f"the Jacobian of {self.name}", rows)

    def batched(self, axes: tuple[int | None, ...]) -> Flat:
        """The function over a batch, which lies along an axis of each array; that of the outputs is the first."""
        return Flat(self.name, vmap(self.function, axes))


def flat_of(f: Callable[..., Any], args: Any, is_moving: Callable[[Any], bool]) -> tuple[Flat, list[Any], Any]:
    """A function of nests as one of the arrays in them that `is_moving`, those arrays, and how the output is built.

    The rest of the arguments is constant.
    """
    if not callable(f):
        raise ArgumentError(f"wrap takes a function, got {f!r}")
    leaves, structure = flatten(args)
    places = [i for i, leaf in enumerate(leaves) if is_moving(leaf)]
    seen: list[Any] = []

    def function(*arrays: Any) -> tuple[Any, ...]:
        full = list(leaves)
        for i, x in zip(places, arrays, strict=True):
            full[i] = x
        outs, outer = flatten(f(*unflatten(structure, full)))
        seen[:] = [outer]
        outs = [plain(out) for out in outs]
        strange = next((out for out in outs if not hasattr(out, "dtype") and not isinstance(out, _NUMBERS)), None)
        if strange is not None:
            raise ArgumentError(
                f"{_name(f)} must return numbers, arrays or nests of them, it returned {type(strange).__name__}"
            )
        return tuple([out if hasattr(out, "dtype") else np.asarray(out) for out in outs])

    return Flat(_name(f), function), [leaves[i] for i in places], lambda outs: unflatten(seen[0], list(outs))


_NUMBERS = (int, float, complex)


def _name(f: Any) -> str:
    return getattr(f, "__name__", "the function")
