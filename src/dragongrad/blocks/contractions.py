"""Products of arrays that sum over shared axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, multilinear
from ..core.variable import plain


def _matmul_x(out_bar: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        if np.ndim(y) == 1:
            return out_bar * y
        return np.matmul(y, out_bar[..., None])[..., 0]
    if np.ndim(y) == 1:
        return out_bar[..., None] * y
    return np.matmul(out_bar, np.swapaxes(y, -1, -2))


def _matmul_y(out_bar: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        if np.ndim(x) == 1:
            return out_bar * x
        return np.matmul(np.swapaxes(x, -1, -2), out_bar[..., None])[..., 0]
    if np.ndim(x) == 1:
        return x[:, None] * out_bar[..., None, :]
    return np.matmul(np.swapaxes(x, -1, -2), out_bar)


def _batch_matmul(size: int, values: list[Any], batched: Any) -> Any:
    x, y = values
    vector_x, vector_y = np.ndim(x) - batched[0] == 1, np.ndim(y) - batched[1] == 1
    x = x[..., None, :] if vector_x else x
    y = y[..., :, None] if vector_y else y
    ndim = max(np.ndim(x) - batched[0], np.ndim(y) - batched[1])
    x, y = (
        np.reshape(v, (v.shape[0], *(1,) * (ndim + 1 - v.ndim), *v.shape[1:])) if b else v
        for v, b in ((x, batched[0]), (y, batched[1]))
    )
    out = np.matmul(x, y)
    out = out[..., 0, :] if vector_x else out
    if vector_y:
        out = out[..., 0]
    return out


multilinear(np.matmul, _matmul_x, _matmul_y, symbol="@", batch=_batch_matmul)


@composite(np.dot)
def dot(a: Any, b: Any) -> Any:
    """The dot product: `a @ b`, a product where one is a scalar."""
    a, b = plain(a), plain(b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(b) <= 2:
        return a @ b
    rest = b.shape[:-2] + b.shape[-1:]
    flat = np.reshape(np.moveaxis(b, -2, 0), (b.shape[-2], -1))
    return np.reshape(a @ flat, a.shape[:-1] + rest)
