"""Functions of matrices applied to each matrix of a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import FactorizationError, describe, user_line


def restated(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A function of matrices that says in our words that one is singular: in a sweep nobody else does."""

    def value(*arrays: Any, **params: Any) -> Any:
        try:
            return fn(*arrays, **params)
        except np.linalg.LinAlgError as error:
            shapes = ", ".join(map(describe, arrays))
            raise FactorizationError(f"of {shapes}: {error}\n  at {user_line()}") from None

    return value


def stacked(fn: Callable[..., Any], *cores: int) -> Callable[..., Any]:
    """A function of arrays with so many axes each, over leading axes that broadcast."""
    fn = restated(fn)

    def value(*arrays: Any, **params: Any) -> Any:
        arrays = tuple(map(np.asarray, arrays))
        leading = [a.shape[: a.ndim - c] for a, c in zip(arrays, cores, strict=True)]
        lead = np.broadcast_shapes(*leading)
        if not lead:
            return fn(*arrays, **params)
        rows = [np.broadcast_to(a, lead + a.shape[len(had) :]) for a, had in zip(arrays, leading, strict=True)]
        if 0 in lead:
            found = fn(*[_sample(a.shape[len(lead) :], a.dtype) for a in rows], **params)
            return _each(found, lambda part: np.zeros((*lead, *np.shape(part)), np.asarray(part).dtype))
        every = [fn(*[a[i] for a in rows], **params) for i in np.ndindex(lead)]
        if isinstance(every[0], tuple):
            return tuple(_joined(part, lead) for part in zip(*every, strict=True))
        return _joined(every, lead)

    return value


def _sample(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array for which every function has a value, to tell shapes and dtypes where there is no row."""
    sample = np.ones(shape, dtype)
    return sample + 3 * np.eye(*shape[-2:], dtype=dtype) if len(shape) == 2 else sample


def _each(found: Any, do: Callable[[Any], Any]) -> Any:
    return tuple(map(do, found)) if isinstance(found, tuple) else do(found)


def _joined(parts: Any, lead: tuple[int, ...]) -> Any:
    whole = np.stack(parts)
    return whole.reshape(*lead, *whole.shape[1:])
