"""PyTorch: a NumPy function inside its programs, with our derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..core.errors import DtypeError
from .flat import Flat, flat_of, is_real, library


def wrap(f: Callable[..., Any]) -> Callable[..., Any]:
    """Give a NumPy function to PyTorch: a function of tensors with derivatives of any order.

    Parameters
    ----------
    f : callable
        A function of nests of arrays in NumPy functions that have derivatives, returning a nest of arrays. All that
        is differentiated must be among its positional arguments.

    Returns
    -------
    callable
        Called with tensors in the place of arrays, it returns tensors, on the device of the first one. What is no
        tensor among the arguments is passed as it is. `backward`, `torch.autograd.grad` with `create_graph`, and
        `torch.func`'s `grad jvp vjp vmap jacrev jacfwd hessian` go through it. Values are computed on the CPU.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    DtypeError
        A tensor has a dtype that NumPy does not know, such as bfloat16.

    Examples
    --------
    >>> import numpy as np
    >>> import dragongrad.interop.torch as bridge
    >>> def energy(x):
    ...     return np.sum(np.linalg.inv(x))
    >>> layer = bridge.wrap(energy)
    >>> import torch  # doctest: +SKIP
    >>> torch.func.grad(layer)(2 * torch.eye(2))  # doctest: +SKIP
    tensor([[-0.2500, -0.2500],
            [-0.2500, -0.2500]])

    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        torch = library("torch", "torch")
        called = functools.partial(f, **kwargs) if kwargs else f
        flat, tensors, rebuilt = flat_of(called, args, lambda leaf: isinstance(leaf, torch.Tensor))
        return rebuilt(_apply(flat, tensors) if tensors else [torch.from_numpy(v) for v in flat.value(())])

    return wrapped


def _apply(flat: Flat, tensors: Any) -> Any:
    return _function().apply(flat, *tensors)


def _array(tensor: Any) -> Any:
    try:
        return tensor.detach().resolve_conj().resolve_neg().cpu().numpy()
    except TypeError as error:
        raise DtypeError(f"a tensor of {tensor.dtype} cannot become an array: {error}\nWrite x.float()") from None


@cache
def _function() -> Any:
    """The class that PyTorch differentiates, made when PyTorch is there."""
    torch = library("torch", "torch")

    class Call(torch.autograd.Function):  # type: ignore[name-defined]
        """A call of a `Flat`; its derivatives are calls of others."""

        @staticmethod
        def forward(flat: Flat, *tensors: Any) -> Any:
            device = tensors[0].device
            return tuple([torch.from_numpy(out).to(device) for out in flat.value([_array(t) for t in tensors])])

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.flat, *tensors = inputs
            ctx.save_for_backward(*tensors)
            ctx.save_for_forward(*tensors)
            ctx.active = tuple([i for i, t in enumerate(tensors) if t.is_floating_point() or t.is_complex()])
            ctx.outputs = tuple([k for k, t in enumerate(output) if t.is_floating_point() or t.is_complex()])
            ctx.mark_non_differentiable(*[t for k, t in enumerate(output) if k not in ctx.outputs])

        @staticmethod
        def backward(ctx: Any, *bars: Any) -> Any:
            tensors = ctx.saved_tensors
            grads: list[Any] = [None] * len(tensors)
            if ctx.active and ctx.outputs:
                # PyTorch's gradient of a complex number is df/da + i df/db, ours df/da - i df/db.
                pull = ctx.flat.pullback(len(tensors), ctx.active, ctx.outputs)
                given = [bars[k] for k in ctx.outputs]
                found = _apply(_conjugated(pull, tensors, given), [*tensors, *given])
                for i, bar in zip(ctx.active, found, strict=True):
                    grads[i] = bar
            return (None, *grads)

        @staticmethod
        def jvp(ctx: Any, _: Any, *dots: Any) -> Any:
            tensors = ctx.saved_tensors
            push = ctx.flat.pushforward(len(tensors), ctx.active, ctx.outputs)
            given = [torch.zeros_like(tensors[i]) if dots[i] is None else dots[i] for i in ctx.active]
            found = iter(_apply(push, [*tensors, *given]))
            count = max(ctx.outputs, default=-1) + 1
            return tuple([next(found) if k in ctx.outputs else None for k in range(count)])

        @staticmethod
        def vmap(info: Any, in_dims: Any, flat: Flat, *tensors: Any) -> Any:
            outs = _apply(flat.batched(tuple(in_dims[1:])), tensors)
            return outs, (0,) * len(outs)

    return Call


def _conjugated(pull: Flat, tensors: Any, bars: Any) -> Flat:
    """A pullback between PyTorch's cotangents."""
    if not any(t.is_complex() for t in (*tensors, *bars)):
        return pull
    count = len(tensors)

    def function(*values: Any) -> Any:
        flipped = [np.conj(bar) if is_real(bar) else bar for bar in values[count:]]
        return tuple([np.conj(out) for out in pull.function(*values[:count], *flipped)])

    return Flat(pull.name, function)
