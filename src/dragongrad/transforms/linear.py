"""The derivative as a function: of one number, and as a linear map."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np

from ..core.errors import ArgumentError, NotScalarError, ShapeError, describe, user_line
from ..core.nests import flatten, unflatten
from ..core.variable import Variable, as_input
from ..hints import no_return
from ..typevars import P, R
from .evaluate import drop
from .forward import jvp
from .gradients import vjp
from .options import Transform, bind_argnums, check_argnums, of_numbers
from .reverse import open_reverse
from .sweep import has_nan, sweep_once

if TYPE_CHECKING:
    from ..typevars import Ufunc


def _run_derivative(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: int, order: int) -> Any:
    if argnums >= max(len(args), 2) and order == 1:
        # Who writes ad.derivative(f, 2) means the second derivative.
        raise ArgumentError(
            f"argnums={argnums} names argument {argnums} of {len(args)}\n"
            f"  at {user_line()}\nThe derivative of order {argnums} is ad.derivative(f, order={argnums})"
        )
    (position,) = bind_argnums(f, args, argnums)
    point = as_input(args[position], f"argument {position}")
    if np.shape(point) != ():
        raise NotScalarError(
            f"derivative is of functions of one number, argument {position} is {describe(point)}; write "
            "ad.vmap(ad.derivative(f)) for many points, ad.jacobian(f) for functions of arrays"
        )

    def nth(x: Any, order: int) -> Any:
        if order == 0:
            out = f(*args[:position], x, *args[position + 1 :], **kwargs)
            if out is None:
                raise no_return(f, "derivative needs a number")
            return out
        return jvp(lambda x: nth(x, order - 1), (x,), (np.ones((), point.dtype)[()],))[1]

    return nth(point, order)


@overload
def derivative(f: Ufunc, argnums: int = 0, order: int = 1) -> Transform[..., Any]: ...
@overload
def derivative(f: Callable[P, R], argnums: int = 0, order: int = 1) -> Transform[P, R]: ...
def derivative(f: Callable[..., Any], argnums: int = 0, order: int = 1) -> Transform[..., Any]:
    """The derivative of a function of one number, by forward mode.

    Parameters
    ----------
    f : callable
        A function of a number, returning a nest of arrays of any shape.
    argnums : int
        Which positional argument is differentiated.
    order : int
        How often; order 2 is the second derivative.

    Returns
    -------
    callable
        Called as `f`, it returns the derivative, in the nest and shapes of the output.

    Raises
    ------
    NotScalarError
        The argument is not one number, or the function returned nothing.
    ArgumentError
        `argnums` or `order` is none.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.derivative(np.sin)(0.0)
    np.float64(1.0)
    >>> ad.derivative(lambda t: np.array([t**3, t**2]), order=2)(2.0)
    array([12.,  2.])

    """
    if not isinstance(check_argnums(argnums, "derivative"), int):
        raise ArgumentError("derivative takes one position in argnums: use ad.jacobian for several")
    if not isinstance(order, int) or order < 0:
        raise ArgumentError(f"order must be a number of times, got {order!r}")
    return Transform(derivative, _run_derivative, f, {"argnums": int(argnums), "order": order})


def linearize(f: Callable[P, R], *primals: P.args, **kwargs: P.kwargs) -> tuple[R, Callable[..., R]]:
    """The value of a function, and its derivative at that point as a linear function of tangents.

    Unlike `jvp`, the function is run once, whatever the number of directions: the pullback is recorded and
    transposed. Only where a NaN comes out `jvp` is asked.

    Parameters
    ----------
    f : callable
        A function of nests of arrays, returning a nest of arrays.
    *primals
        Its arguments; keyword arguments are passed through.

    Returns
    -------
    out, pushforward
        `pushforward(*tangents)`, with tangents of the nests and shapes of the primals, returns the tangent
        of the output.

    Raises
    ------
    ShapeError
        The tangents do not match the primals.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> out, push = ad.linearize(lambda x: x**2, np.array([1.0, 3.0]))
    >>> push(np.array([1.0, 1.0])), push(np.array([0.0, 2.0]))
    (array([2., 6.]), array([ 0., 12.]))

    """
    out, pullback = vjp(f, *primals, **kwargs)
    outs, structure = flatten(out)
    leaves = [as_input(leaf) for leaf in flatten([of_numbers(x, "a primal") for x in primals])[0]]
    level, inputs = open_reverse([(np.shape(o), np.asarray(o).dtype if not isinstance(o, Variable) else o.dtype)
                                  for o in outs])  # fmt: skip
    # The pullback is linear, so any cotangent records it; ones meet no zeros.
    bars = [Variable(np.ones(n.shape, n.dtype), level, n) for n in inputs]
    results = flatten(pullback(unflatten(structure, bars)))[0]
    tape = level.close()
    nodes = [drop(result, level)[1] for result in results]
    lock, again = Lock(), cast(Any, jvp)

    def pushforward(*tangents: Any) -> Any:
        """The tangent of the output for tangents of the primals."""
        dots = flatten([of_numbers(x_dot, "a tangent") for x_dot in tangents])[0]
        if len(dots) != len(leaves):
            raise ShapeError("the tangents must have the structure of the primals")
        seeds = []
        for x, x_dot, node in zip(leaves, dots, nodes, strict=True):
            x_dot = as_input(x_dot, "a tangent")
            if np.shape(x_dot) != np.shape(x):
                raise ShapeError(f"the tangent is {describe(x_dot)}, its primal is {describe(x)}: they must agree")
            if node is not None:
                seeds.append((node, x_dot if x_dot.dtype == node.dtype else x_dot.astype(node.dtype)))
        with lock:
            found = sweep_once(tape, seeds, inputs)
        if any(map(has_nan, found)):
            # The tape of the pullback tells no zero that is structural from one that is not.
            return again(f, primals, tangents, **kwargs)[1]
        return unflatten(structure, found)

    return out, pushforward
