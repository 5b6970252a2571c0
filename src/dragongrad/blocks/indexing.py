"""Indexing, and item assignment by value.

`x[i]` is linear in `x`; its transpose (`scatter`) adds what arrives at the same place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import linear
from ..core.errors import NoRuleError, user_line
from ..core.variable import Variable, plain
from .axes import front

Index = tuple[Any, ...]


def _tidy(index: Any) -> Index:
    parts = index if isinstance(index, tuple) else (index,)
    tidied = tuple([plain(p) if isinstance(p, (list, np.ndarray)) else p for p in parts])
    if any(isinstance(p, Variable) for p in tidied):
        raise NoRuleError(
            f"indexing with a Variable has no derivative rule yet\n  at {user_line()}\n"
            "Index with plain integers, slices or masks"
        )
    return tidied


def _is_basic(index: Index) -> bool:
    return all(p is None or p is Ellipsis or isinstance(p, (int, np.integer, slice)) for p in index)


def _getitem(x: Any, index: Index) -> Any:
    return x[index]


def _scatter(x: Any, index: Index, shape: tuple[int, ...]) -> Any:
    if isinstance(x, Variable):
        return scatter.call(x, index, shape)
    out = np.zeros(shape, np.asarray(x).dtype)
    if _is_basic(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


def _setitem(x: Any, y: Any, index: Index) -> Any:
    if isinstance(x, Variable) or isinstance(y, Variable):
        return setitem.call(x, y, index)
    dtype = np.result_type(x, y) if np.asarray(y).dtype.kind == "c" else None
    out = np.array(x, dtype=dtype)
    out[index] = y
    return out


def _batch_rows(fn: Any) -> Any:
    # Separated advanced indices put their axes first, so the batch is looped over, not indexed with.
    def batch(size: int, values: list[Any], batched: Any, index: Index, **params: Any) -> Any:
        rows = [front(size, v, b) for v, b in zip(values, batched, strict=True)]
        if fn is _getitem and _is_basic(index):
            return rows[0][(slice(None), *index)]
        return np.stack([fn(*[r[i] for r in rows], index, **params) for i in range(size)])

    return batch


def _getitem_transpose(out_bar: Any, x: Any, index: Index) -> Any:
    return _scatter(out_bar, index, x.shape)


def _scatter_transpose(out_bar: Any, index: Index, shape: tuple[int, ...]) -> Any:
    return out_bar[index]


getitem = linear("getitem", _getitem_transpose, value=_getitem, parameters=("index",), symbol="[]",
                 bind=lambda x, index: ((x,), {"index": _tidy(index)}), batch=_batch_rows(_getitem))  # fmt: skip
scatter = linear("scatter", _scatter_transpose, names=("x",), value=_scatter, parameters=("index", "shape"),
                 bind=lambda x, index, shape: ((x,), {"index": index, "shape": shape}),
                 batch=_batch_rows(_scatter))  # fmt: skip
setitem = linear("setitem", lambda out_bar, index: _setitem(out_bar, 0.0, index),
                 lambda out_bar, index: out_bar[index], names=("x", "y"), value=_setitem, symbol="[]=",
                 parameters=("index",), batch=_batch_rows(_setitem),
                 bind=lambda x, y, index: ((x, y), {"index": _tidy(index)}))  # fmt: skip
