"""HIPS autograd's names: programs written for it run with another import.

    from dragongrad.interop.autograd import grad, primitive, defvjp, numpy as np, scipy

`numpy` is NumPy itself; `scipy` has dragongrad's functions by SciPy's names, and autograd's `signal.convolve`.
Nothing here needs autograd to be installed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy

from ..core.errors import ArgumentError, user_line
from ..core.nests import flatten as _flatten
from ..core.nests import map_nest, unflatten
from ..core.variable import as_input
from ..transforms.checkpoint import checkpoint
from ..transforms.forward import jvp
from ..transforms.gradients import grad as _grad
from ..transforms.gradients import value_and_grad as _value_and_grad
from ..transforms.gradients import vjp
from ..transforms.jacobians import jacobian as _jacobian
from .autograd_scipy import scipy
from .primitives import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    primitive,
)

__all__ = [
    "checkpoint", "def_linear", "defjvp", "defjvp_argnum", "defvjp", "defvjp_argnum", "defvjp_argnums", "deriv",
    "elementwise_grad", "flatten", "flatten_func", "grad", "grad_and_aux", "grad_named", "hessian",
    "hessian_tensor_product", "hessian_vector_product", "holomorphic_grad", "jacobian", "make_ggnvp", "make_hvp",
    "make_jvp", "make_jvp_reversemode", "make_vjp", "multigrad_dict", "notrace_primitive", "numpy", "primitive",
    "scipy", "tensor_jacobian_product", "value_and_grad", "vector_jacobian_product",
]  # fmt: skip


def _nary(operator: Callable[..., Any]) -> Callable[..., Any]:
    """An operator on functions of one argument as one that takes `argnum`, a position or several."""

    @functools.wraps(operator)
    def of_function(fun: Callable[..., Any], argnum: Any = 0, *more: Any, **named: Any) -> Callable[..., Any]:
        several = isinstance(argnum, (tuple, list))
        places = tuple(argnum) if several else (argnum,)
        if not callable(fun) or not all(isinstance(p, (int, numpy.integer)) for p in places):
            raise ArgumentError(
                f"{operator.__name__} takes a function and a position or a tuple of them, got {fun!r}, {argnum!r}"
            )

        @functools.wraps(fun)
        def of_arguments(*args: Any, **kwargs: Any) -> Any:
            def unary(x: Any) -> Any:
                full = list(args)
                for place, value in zip(places, x if several else (x,), strict=True):
                    full[place] = value
                return fun(*full, **kwargs)

            x = tuple([args[p] for p in places]) if several else args[places[0]]
            return operator(unary, x, *more, **named)

        return of_arguments

    return of_function


@_nary
def grad(fun: Any, x: Any) -> Any:
    """The gradient of a scalar function: `grad(fun, argnum=0)(*args)`."""
    return _grad(fun)(x)


@_nary
def value_and_grad(fun: Any, x: Any) -> Any:
    """The value and the gradient of a scalar function."""
    return _value_and_grad(fun)(x)


@_nary
def grad_and_aux(fun: Any, x: Any) -> Any:
    """The gradient of the first output of a function, and its second output as it is."""
    return _grad(fun, has_aux=True)(x)


@_nary
def holomorphic_grad(fun: Any, x: Any) -> Any:
    """The derivative of the real part of a holomorphic function: the complex derivative."""
    return _grad(lambda x: numpy.real(fun(x)))(x)


@_nary
def elementwise_grad(fun: Any, x: Any) -> Any:
    """The sum of each column of the Jacobian: the derivative of a function that acts on each element."""
    value, pullback = vjp(fun, x)
    if numpy.iscomplexobj(value):
        raise ArgumentError(f"elementwise_grad is of functions with real output\n  at {user_line()}")
    return pullback(map_nest(numpy.ones_like, value))[0]


@_nary
def deriv(fun: Any, x: Any) -> Any:
    """The derivative along ones, by forward mode."""
    return jvp(fun, (x,), (map_nest(lambda leaf: numpy.ones_like(as_input(leaf)), x),))[1]


@_nary
def jacobian(fun: Any, x: Any) -> Any:
    """The Jacobian, of shape `output.shape + input.shape`."""
    return _jacobian(fun, holomorphic=numpy.iscomplexobj(x))(x)


@_nary
def hessian(fun: Any, x: Any) -> Any:
    """The Jacobian of the Jacobian."""
    return _jacobian(_jacobian(fun))(x)


@_nary
def make_vjp(fun: Any, x: Any) -> Any:
    """The pullback at a point and the value there.

    `vjp, value = make_vjp(fun)(x)`, then `vjp(g)`.
    """
    value, pullback = vjp(fun, x)
    return (lambda g: pullback(g)[0]), value


@_nary
def make_jvp(fun: Any, x: Any) -> Any:
    """The pushforward at a point.

    `value, tangent = make_jvp(fun)(x)(v)`.
    """
    return lambda v: jvp(fun, (x,), (v,))


@_nary
def make_jvp_reversemode(fun: Any, x: Any) -> Any:
    """The pushforward at a point, which gives the tangent alone."""
    return lambda v: jvp(fun, (x,), (v,))[1]


@_nary
def make_hvp(fun: Any, x: Any) -> Any:
    """Products with the Hessian at a point, and the gradient there.

    `hvp, gradient = make_hvp(fun)(x)`, then `hvp(v)`.
    """
    gradient, pullback = vjp(_grad(fun), x)
    return (lambda v: pullback(v)[0]), gradient


def _half_square(x: Any) -> Any:
    return numpy.sum(x**2, axis=-1) / 2


def make_ggnvp(f: Callable[..., Any], g: Callable[..., Any] = _half_square, f_argnum: int = 0) -> Any:
    """Products with the generalized Gauss-Newton matrix of `g(f(x))`: `make_ggnvp(f, g)(x)(v)`."""

    @_nary
    def build(f: Any, x: Any) -> Any:
        value, pullback = vjp(f, x)

        def product(v: Any) -> Any:
            moved = jvp(f, (x,), (v,))[1]
            return pullback(jvp(_grad(g), (value,), (moved,))[1])[0]

        return product

    return build(f, f_argnum)


def hessian_tensor_product(fun: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The Hessian times a tensor, which is the last argument: `hessian_tensor_product(fun)(*args, v)`."""

    def product(*args: Any, **kwargs: Any) -> Any:
        *rest, v = args
        return make_jvp(grad(fun, argnum), argnum)(*rest, **kwargs)(v)[1]

    return product


def tensor_jacobian_product(fun: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """A tensor times the Jacobian, the tensor being the last argument: `tensor_jacobian_product(fun)(*args, g)`."""

    def product(*args: Any, **kwargs: Any) -> Any:
        *rest, g = args
        contracted = lambda *args, **kwargs: numpy.tensordot(g, fun(*args, **kwargs), numpy.ndim(g))
        return jacobian(contracted, argnum)(*rest, **kwargs)

    return product


hessian_vector_product = hessian_tensor_product
vector_jacobian_product = tensor_jacobian_product


def grad_named(fun: Callable[..., Any], argname: str) -> Callable[..., Any]:
    """The gradient with respect to an argument by its name."""
    names = list(inspect.signature(fun).parameters)
    if argname not in names:
        raise ArgumentError(f"the function has no argument {argname!r}; it has {', '.join(names)}")
    return grad(fun, names.index(argname))


def multigrad_dict(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The gradients with respect to all arguments, as a dict by their names."""
    signature = inspect.signature(fun)

    def gradients(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_dict(arguments: dict[str, Any]) -> Any:
            again = inspect.BoundArguments(signature, arguments)  # type: ignore[arg-type]
            return fun(*again.args, **again.kwargs)

        return _grad(of_dict)(dict(bound.arguments))

    return gradients


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """All numbers of a nest as one vector, and the function that puts them back; both are differentiable.

    Examples
    --------
    >>> from dragongrad.interop.autograd import flatten
    >>> vector, unflatten = flatten({"a": 1.0, "b": [2.0, 3.0]})
    >>> vector
    array([1., 2., 3.])
    >>> unflatten(2 * vector)
    {'a': np.float64(2.0), 'b': [np.float64(4.0), np.float64(6.0)]}

    """
    leaves, structure = _flatten(value)
    shapes = [numpy.shape(leaf) for leaf in leaves]
    ends = numpy.cumsum([int(numpy.prod(shape)) for shape in shapes]).tolist()

    def rebuilt(vector: Any) -> Any:
        parts = [
            numpy.reshape(vector[end - int(numpy.prod(shape)) : end], shape)[()]
            for end, shape in zip(ends, shapes, strict=True)
        ]
        return unflatten(structure, parts)

    return (numpy.concatenate([numpy.ravel(leaf) for leaf in leaves]) if leaves else numpy.array([])), rebuilt


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Any, Any, Any]:
    """A function of a nest as one of vectors, what puts a vector back, and the vector of the example."""
    vector, rebuilt = flatten(example)
    return (lambda x, *args: flatten(func(rebuilt(x), *args))[0]), rebuilt, vector
