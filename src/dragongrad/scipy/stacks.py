"""Functions of matrices applied to each matrix of a stack."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from math import prod
from typing import Any

import numpy as np

from ..blocks.axes import as_array
from ..core.errors import FactorizationError, ShapeError, describe, user_line


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


def over_stacks(**cores: int | str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a rule for single arrays take stacks of them, as SciPy's functions do: leading axes broadcast.

    It is asked for each row, and what it gives is stacked. `cores` says how many axes each argument has by itself;
    "1|2" is one where there is but one, else two.
    """

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        names = signature(rule)

        @wraps(rule)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = names.bind(*args, **kwargs)
            arrays = {name: as_array(v) for name in cores if (v := given.arguments.get(name)) is not None}
            leads = {name: _lead(a.ndim, a.shape, cores[name]) for name, a in arrays.items()}
            if not any(leads.values()):
                return rule(*args, **kwargs)
            lead = np.broadcast_shapes(*leads.values())
            if 0 in lead:
                shapes = ", ".join(map(describe, arrays.values()))
                raise ShapeError(f"{rule.__name__}({shapes}): the stack is empty\n  at {user_line()}")
            rows = {name: _flat(a, leads[name], lead) for name, a in arrays.items()}
            found = []
            for i in range(prod(lead)):
                given.arguments.update({name: a[i] for name, a in rows.items()})
                found.append(rule(*given.args, **given.kwargs))
            if isinstance(found[0], tuple):
                return tuple(_of_rows(part, lead) for part in zip(*found, strict=True))
            return _of_rows(found, lead)

        return call

    return declare


def _lead(ndim: int, shape: tuple[int, ...], core: int | str) -> tuple[int, ...]:
    axes = (1 if ndim == 1 else 2) if isinstance(core, str) else core
    return shape[: max(ndim - axes, 0)]


def _flat(a: Any, had: tuple[int, ...], lead: tuple[int, ...]) -> Any:
    """An array with its leading axes as they broadcast, in one."""
    core = a.shape[len(had) :]
    return np.reshape(np.broadcast_to(a, lead + core), (prod(lead), *core))


def _of_rows(parts: Any, lead: tuple[int, ...]) -> Any:
    return None if parts[0] is None else _joined(parts, lead)
