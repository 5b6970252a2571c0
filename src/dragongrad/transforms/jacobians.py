"""Jacobians and Hessians: the basis directions pushed forward or pulled back in one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.nests import flatten, unflatten
from .batch import vmap
from .forward import jvp
from .options import Argnums, Transform, bind_argnums, check_argnums, input_leaves
from .reverse import grad, vjp


def _basis(leaves: list[Any]) -> list[Any]:
    """For each leaf, its part of the identity: shape (all elements, *leaf.shape)."""
    sizes = [int(np.prod(np.shape(leaf))) for leaf in leaves]
    total, start, parts = sum(sizes), 0, []
    for leaf, size in zip(leaves, sizes, strict=True):
        part = np.zeros((total, size), leaf.dtype)
        part[start : start + size] = np.eye(size, dtype=leaf.dtype)
        parts.append(part.reshape((total, *np.shape(leaf))))
        start += size
    return parts


def _split(rows: Any, leaves: list[Any], axis: int) -> list[Any]:
    """Cut the axis of all elements into the leaves' own axes."""
    parts, start = [], 0
    for leaf in leaves:
        size = int(np.prod(np.shape(leaf)))
        cut = rows[(slice(None),) * axis + (slice(start, start + size),)]
        shape = np.shape(cut)
        parts.append(np.reshape(cut, shape[:axis] + np.shape(leaf) + shape[axis + 1 :]))
        start += size
    return parts


def _prepare(f: Any, args: Any, kwargs: Any, argnums: Argnums) -> Any:
    positions = bind_argnums(f, args, argnums)
    nest = tuple(input_leaves(f, args[p], p) for p in positions)
    leaves = [leaf for part, _ in nest for leaf in part]

    def of_leaves(*flat: Any) -> Any:
        full, start = list(args), 0
        for p, (part, structure) in zip(positions, nest, strict=True):
            full[p] = unflatten(structure, list(flat[start : start + len(part)]))
            start += len(part)
        return f(*full, **kwargs)

    def rebuild(flat: list[Any]) -> Any:
        built, start = [], 0
        for part, structure in nest:
            built.append(unflatten(structure, flat[start : start + len(part)]))
            start += len(part)
        return built[0] if isinstance(argnums, int) else tuple(built)

    return leaves, of_leaves, rebuild


def _run_jacfwd(f: Any, args: Any, kwargs: Any, argnums: Argnums) -> Any:
    leaves, of_leaves, rebuild = _prepare(f, args, kwargs, argnums)
    columns = vmap(lambda *dots: jvp(of_leaves, tuple(leaves), dots)[1], out_axes=-1)(*_basis(leaves))
    outs, structure = flatten(columns)
    return unflatten(structure, [rebuild(_split(out, leaves, np.ndim(out) - 1)) for out in outs])


def _run_jacrev(f: Any, args: Any, kwargs: Any, argnums: Argnums) -> Any:
    leaves, of_leaves, rebuild = _prepare(f, args, kwargs, argnums)
    value, pullback = vjp(of_leaves, *leaves)
    outs, structure = flatten(value)
    bars = _basis([np.zeros(np.shape(o), o.dtype) for o in outs])
    rows = vmap(lambda *bar: pullback(unflatten(structure, list(bar))))(*bars)
    by_input = [_split(row, outs, 0) for row in rows]
    return unflatten(structure, [rebuild([parts[i] for parts in by_input]) for i in range(len(outs))])


def _run_jacobian(f: Any, args: Any, kwargs: Any, argnums: Argnums, mode: str | None) -> Any:
    if mode is None:
        leaves, of_leaves, _ = _prepare(f, args, kwargs, argnums)
        value, _ = vjp(of_leaves, *leaves)
        n_out = sum(int(np.prod(np.shape(o))) for o in flatten(value)[0])
        n_in = sum(int(np.prod(np.shape(leaf))) for leaf in leaves)
        mode = "forward" if n_in <= n_out else "reverse"
    run = {"forward": _run_jacfwd, "reverse": _run_jacrev}[mode]
    return run(f, args, kwargs, argnums)


def jacfwd(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The Jacobian by forward mode: one pushforward of all input directions at once."""
    return Transform(jacfwd, _run_jacfwd, f, {"argnums": check_argnums(argnums)})


def jacrev(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The Jacobian by reverse mode: one pullback of all output directions at once."""
    return Transform(jacrev, _run_jacrev, f, {"argnums": check_argnums(argnums)})


def jacobian(f: Callable[..., Any], argnums: Argnums = 0, mode: str | None = None) -> Callable[..., Any]:
    """The Jacobian, of shape `output.shape + input.shape`.

    With `mode=None` it runs forward where there are no more inputs than outputs, in reverse otherwise.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.jacobian(lambda x: np.array([x[0] * x[1], np.sin(x[0])]))(np.array([0.0, 2.0]))
    array([[2., 0.],
           [1., 0.]])

    """
    return Transform(jacobian, _run_jacobian, f, {"argnums": check_argnums(argnums), "mode": mode})


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The Hessian of a scalar function, of shape `input.shape + input.shape`: forward over reverse.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])

    """
    return jacfwd(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """The product of the Hessian of a scalar function at `x` with `v`, without the Hessian.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])

    """
    return jvp(grad(f), (x,), (v,))[1]
