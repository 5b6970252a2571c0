"""JAX: a NumPy function inside its programs, with our derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..optimize.options import choice
from .flat import Flat, flat_of, is_real, library

# Up to so many numbers a Jacobian is formed, which serves forward and reverse mode.
_JACOBIAN = 1_000_000


def wrap(f: Callable[..., Any], mode: str | None = None) -> Callable[..., Any]:
    """Give a NumPy function to JAX: a function of its arrays with derivatives, under `jit` and `vmap`.

    Parameters
    ----------
    f : callable
        A function of nests of arrays in NumPy functions that have derivatives, returning a nest of arrays whose
        shapes and dtypes depend on those of the arguments only. All that is differentiated must be among its
        positional arguments. It is called once with ones, to learn the shapes of what it returns.
    mode : {"jacobian", "vjp", None}
        "jacobian": derivatives are products with the Jacobian, which is formed: forward and reverse mode of any
        order. "vjp": reverse mode only, of any order, whatever the sizes. None: "jacobian" up to a million numbers.

    Returns
    -------
    callable
        Called with JAX's arrays, it returns such; it is computed on the CPU, by `jax.pure_callback`. Without
        `jax_enable_x64` JAX makes float32 of what is float64.

    Raises
    ------
    MissingExtraError
        JAX is not installed.
    ArgumentError
        The mode is unknown, or the function does not run on ones.

    Examples
    --------
    >>> import numpy as np
    >>> import dragongrad.interop.jax as bridge
    >>> energy = bridge.wrap(lambda x: np.sum(np.linalg.inv(x)))
    >>> import jax  # doctest: +SKIP
    >>> jax.jit(jax.grad(energy))(2 * jax.numpy.eye(2))  # doctest: +SKIP
    Array([[-0.25, -0.25],
           [-0.25, -0.25]], dtype=float32)

    """
    if mode is not None:
        choice("mode", mode, ("jacobian", "vjp"))

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        jax = library("jax", "jax")
        called = functools.partial(f, **kwargs) if kwargs else f
        flat, arrays, rebuilt = flat_of(called, args, lambda leaf: isinstance(leaf, (jax.Array, np.ndarray, float)))
        return rebuilt(_call(jax, flat, [jax.numpy.asarray(a) for a in arrays], mode))

    return wrapped


def _shapes(jax: Any, flat: Flat, arrays: Any) -> tuple[Any, ...]:
    """The shapes and dtypes of the outputs, from a call with ones."""
    try:
        with np.errstate(all="ignore"):
            outs = flat.value([np.ones(a.shape, a.dtype) for a in arrays])
    except Exception as error:
        raise ArgumentError(
            f"{flat.name} does not run on arrays of ones, by which the shapes of its results are found: {error}"
        ) from error
    known = jax.dtypes.canonicalize_dtype
    return tuple([jax.ShapeDtypeStruct(out.shape, known(out.dtype)) for out in outs])


def _call(jax: Any, flat: Flat, arrays: Any, mode: str | None) -> Any:
    shapes = _shapes(jax, flat, arrays)
    active = tuple([i for i, a in enumerate(arrays) if is_real(a)])
    outputs = tuple([k for k, s in enumerate(shapes) if is_real(s)])

    def plainly(*arrays: Any) -> Any:
        def run(*arrays: Any) -> Any:
            outs = flat.value([np.asarray(a) for a in arrays])
            return tuple([out.astype(s.dtype, copy=False) for out, s in zip(outs, shapes, strict=True)])

        return tuple(jax.pure_callback(run, shapes, *arrays, vmap_method="sequential"))

    if not (active and outputs):
        return plainly(*arrays)
    size = sum(arrays[i].size for i in active) * sum(int(np.prod(shapes[k].shape)) for k in outputs)
    forms = mode == "jacobian" or (mode is None and size <= _JACOBIAN)
    rule = _by_jacobian if forms else _by_pullback
    return rule(jax, flat, plainly, active, outputs, mode)(*arrays)


def _by_jacobian(jax: Any, flat: Flat, plainly: Any, active: Any, outputs: Any, mode: Any) -> Any:
    function = jax.custom_jvp(plainly)

    def push(arrays: Any, dots: Any) -> Any:
        outs = function(*arrays)
        blocks = iter(_call(jax, flat.jacobians(active, outputs), arrays, mode))
        found = []
        for k, out in enumerate(outs):
            if k not in outputs:
                found.append(np.zeros(out.shape, jax.dtypes.float0))
                continue
            parts = [jax.numpy.tensordot(next(blocks), dots[i], arrays[i].ndim) for i in active]
            found.append(sum(parts[1:], parts[0]).astype(out.dtype))
        return outs, tuple(found)

    function.defjvp(push)
    return function


def _by_pullback(jax: Any, flat: Flat, plainly: Any, active: Any, outputs: Any, mode: Any) -> Any:
    function = jax.custom_vjp(plainly)

    def forward(*arrays: Any) -> Any:
        return function(*arrays), arrays

    def backward(arrays: Any, bars: Any) -> Any:
        given = [bars[k] for k in outputs]
        pull = flat.pullback(len(arrays), active, outputs)
        found = iter(_call(jax, pull, [*arrays, *given], mode))
        return tuple(
            [next(found) if i in active else np.zeros(a.shape, jax.dtypes.float0) for i, a in enumerate(arrays)]
        )

    function.defvjp(forward, backward)
    return function
