"""Jacobians and Hessians: the basis directions pushed forward or pulled back in one batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, overload

import numpy as np

from ..core.errors import ArgumentError, DtypeError, describe
from ..core.nests import flatten, map_nest, unflatten
from ..core.variable import Variable, plain, value_of
from .batch import MOST_AXES, one_axis_too_many, vmap
from .columns import columns_apart
from .forward import jvp
from .gradients import NEEDS_REAL, grad_for, vjp
from .options import Argnums, Transform, check_argnums
from .problem import Problem

if TYPE_CHECKING:
    from ..typevars import Array, ArrayX, Aux, No, Number, P, Untyped, X, Yes, Zero


def _basis(leaves: list[Any]) -> list[Any]:
    """For each leaf, its part of the identity: shape (all elements, *leaf.shape)."""
    sizes = [math.prod(np.shape(leaf)) for leaf in leaves]
    total, start, parts = sum(sizes), 0, []
    for leaf, size in zip(leaves, sizes, strict=True):
        if np.ndim(leaf) == MOST_AXES:
            raise one_axis_too_many(leaf)
        part = np.zeros((total, size), leaf.dtype)
        part[start : start + size] = np.eye(size, dtype=leaf.dtype)
        parts.append(part.reshape((total, *np.shape(leaf))))
        start += size
    return parts


def _split(rows: Any, leaves: list[Any], axis: int) -> list[Any]:
    """Cut the axis of all elements into the leaves' own axes."""
    parts, start = [], 0
    for leaf in leaves:
        size = math.prod(np.shape(leaf))
        cut = rows[(slice(None),) * axis + (slice(start, start + size),)]
        shape = np.shape(cut)
        parts.append(np.reshape(cut, shape[:axis] + np.shape(leaf) + shape[axis + 1 :]))
        start += size
    return parts


# How the error of a complex input in forward mode begins.
_NEEDS_REAL_INPUTS = "jacfwd needs real inputs"


def _forward(problem: Problem, holomorphic: bool) -> Any:
    if problem.is_complex() and not holomorphic:
        raise DtypeError(
            f"{_NEEDS_REAL_INPUTS}, one is complex; use ad.jacrev where the output is real, or pass "
            "holomorphic=True where the function is holomorphic"
        )
    leaves = problem.leaves

    def column(*dots: Any) -> Any:
        got = jvp(problem, tuple(leaves), dots, has_aux=problem.has_aux)
        if problem.has_aux:
            # It depends on the primals alone, so no direction is in it.
            problem.aux = got[2]
        for out in flatten(got[0])[0]:
            _as_numbers(out)
        return got[1]

    apart = columns_apart(problem, _as_numbers)
    if apart is not None:
        columns, problem.aux = apart
    elif problem.n_in:
        columns = vmap(column, out_axes=-1)(*_basis(leaves))
    else:
        columns = map_nest(lambda o: np.zeros((*np.shape(o), 0)), column(*leaves))
    outs, structure = flatten(columns)
    return unflatten(structure, [problem.rebuild(_split(out, leaves, np.ndim(out) - 1)) for out in outs])


def _pull(problem: Problem) -> tuple[Any, Any]:
    if problem.has_aux:
        value, pullback, problem.aux = vjp(problem, *problem.leaves, has_aux=True)
    else:
        value, pullback = vjp(problem, *problem.leaves)
    return value, pullback


def _as_numbers(out: Any) -> Any:
    """An output as an array, where it is a number of Python's; what is not numeric is refused."""
    out = plain(out)
    out = out if isinstance(out, (Variable, np.ndarray, np.generic)) else np.asarray(out)
    if out.dtype.kind not in "biufc":
        raise DtypeError(
            f"a Jacobian is of numbers and arrays of them, the function returned {describe(value_of(out))}; "
            "return (out, rest) with has_aux=True"
        )
    return out


def _any_complex(outs: list[Any]) -> bool:
    return any(np.iscomplexobj(value_of(o)) for o in outs)


def _reverse(problem: Problem, holomorphic: bool, pulled: Any = None) -> Any:
    value, pullback = pulled or _pull(problem)
    outs, structure = flatten(value)
    outs = [_as_numbers(out) for out in outs]
    if _any_complex(outs) and not holomorphic:
        raise DtypeError(
            "jacrev needs real outputs, one is complex; return real and imaginary parts, or pass "
            "holomorphic=True where the function is holomorphic"
        )
    if not any(np.size(value_of(o)) for o in outs):
        rows = [np.zeros((0, *np.shape(leaf)), leaf.dtype) for leaf in problem.leaves]
    else:
        bars = _basis([np.zeros(np.shape(o), o.dtype) for o in outs])
        rows = list(vmap(lambda *bar: pullback(unflatten(structure, list(bar))))(*bars))
    by_input = [_split(row, outs, 0) for row in rows]
    return unflatten(structure, [problem.rebuild([parts[i] for parts in by_input]) for i in range(len(outs))])


def _run_jacobian(
    f: Any, args: Any, kwargs: Any, argnums: Argnums, mode: str | None, has_aux: bool = False,
    holomorphic: bool = False,
) -> Any:  # fmt: skip
    problem = Problem(f, args, kwargs, argnums, has_aux)
    pulled = None
    if mode is None:
        pulled = _pull(problem)
        outs = flatten(pulled[0])[0]
        # Of real inputs, forward mode gives both parts of a complex output at once; reverse mode none of them.
        small = problem.n_in <= sum(math.prod(np.shape(o)) for o in outs) or _any_complex(outs)
        mode = "forward" if small and (holomorphic or not problem.is_complex()) else "reverse"
    result = _forward(problem, holomorphic) if mode == "forward" else _reverse(problem, holomorphic, pulled)
    return (result, problem.aux) if has_aux else result


def _run_jacfwd(f: Any, args: Any, kwargs: Any, **options: Any) -> Any:
    return _run_jacobian(f, args, kwargs, mode="forward", **options)


def _run_jacrev(f: Any, args: Any, kwargs: Any, **options: Any) -> Any:
    return _run_jacobian(f, args, kwargs, mode="reverse", **options)


@overload
def jacfwd(
    f: Untyped, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., Any]: ...
@overload
def jacfwd(
    f: Callable[P, tuple[Any, Aux]], argnums: Argnums = 0, *, has_aux: Yes, holomorphic: bool = False
) -> Transform[P, tuple[Any, Aux]]: ...
@overload
def jacfwd(
    f: Callable[Concatenate[ArrayX, P], Array | Number], argnums: Zero = 0, has_aux: No = False,
    holomorphic: bool = False,
) -> Transform[Concatenate[ArrayX, P], Array]: ...  # fmt: skip
@overload
def jacfwd(
    f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[P, Any]: ...
def jacfwd(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., Any]:
    """The Jacobian by forward mode: one pushforward of all input directions at once.

    Parameters, result and errors as `jacobian`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.jacfwd(lambda x: np.cumsum(x))(np.ones(2))
    array([[1., 0.],
           [1., 1.]])

    """
    options = {"argnums": check_argnums(argnums, "jacfwd"), "has_aux": has_aux, "holomorphic": holomorphic}
    return Transform(jacfwd, _run_jacfwd, f, options)


@overload
def jacrev(
    f: Untyped, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., Any]: ...
@overload
def jacrev(
    f: Callable[P, tuple[Any, Aux]], argnums: Argnums = 0, *, has_aux: Yes, holomorphic: bool = False
) -> Transform[P, tuple[Any, Aux]]: ...
@overload
def jacrev(
    f: Callable[Concatenate[ArrayX, P], Array | Number], argnums: Zero = 0, has_aux: No = False,
    holomorphic: bool = False,
) -> Transform[Concatenate[ArrayX, P], Array]: ...  # fmt: skip
@overload
def jacrev(
    f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[P, Any]: ...
def jacrev(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., Any]:
    """The Jacobian by reverse mode: one pullback of all output directions at once.

    Parameters, result and errors as `jacobian`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.jacrev(lambda x: np.cumsum(x))(np.ones(2))
    array([[1., 0.],
           [1., 1.]])

    """
    options = {"argnums": check_argnums(argnums, "jacrev"), "has_aux": has_aux, "holomorphic": holomorphic}
    return Transform(jacrev, _run_jacrev, f, options)


@overload
def jacobian(
    f: Untyped, argnums: Argnums = 0, mode: str | None = None, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., Any]: ...
@overload
def jacobian(
    f: Callable[P, tuple[Any, Aux]], argnums: Argnums = 0, mode: str | None = None,
    *, has_aux: Yes, holomorphic: bool = False,
) -> Transform[P, tuple[Any, Aux]]: ...  # fmt: skip
@overload
def jacobian(
    f: Callable[Concatenate[ArrayX, P], Array | Number], argnums: Zero = 0, mode: str | None = None,
    has_aux: No = False, holomorphic: bool = False,
) -> Transform[Concatenate[ArrayX, P], Array]: ...  # fmt: skip
@overload
def jacobian(
    f: Callable[P, Any], argnums: Argnums = 0, mode: str | None = None,
    has_aux: bool = False, holomorphic: bool = False,
) -> Transform[P, Any]: ...  # fmt: skip
def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, mode: str | None = None, has_aux: bool = False,
    holomorphic: bool = False,
) -> Transform[..., Any]:  # fmt: skip
    """The Jacobian, of shape `output.shape + input.shape`.

    Parameters
    ----------
    f : callable
        A function of nests of arrays, returning a nest of arrays.
    argnums : int or tuple of int
        Which positional arguments are differentiated.
    mode : "forward", "reverse" or None
        None chooses: forward where there are no more inputs than outputs or an output is complex, else reverse.
    has_aux : bool
        Whether `f` returns `(out, aux)`; the result is then `(jacobian, aux)`.
    holomorphic : bool
        Allow complex inputs and outputs, of a holomorphic function: the complex derivative.

    Returns
    -------
    callable
        Called as `f`, it returns the nest of the output, each array replaced by the nest of the argument
        (a tuple of them where `argnums` is a tuple) that holds its Jacobians.

    Raises
    ------
    DtypeError, NotScalarError
        An argument is not numeric, or complex numbers need `holomorphic`; the function returned nothing.
    ArgumentError
        An unknown mode.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.jacobian(lambda x: np.array([x[0] * x[1], np.sin(x[0])]))(np.array([0.0, 2.0]))
    array([[2., 0.],
           [1., 0.]])

    """
    if mode not in (None, "forward", "reverse"):
        raise ArgumentError(f"mode must be 'forward', 'reverse' or None, got {mode!r}")
    options = {
        "argnums": check_argnums(argnums, "jacobian"), "mode": mode, "has_aux": has_aux, "holomorphic": holomorphic,
    }  # fmt: skip
    return Transform(jacobian, _run_jacobian, f, options)


@overload
def hessian(f: Untyped, argnums: Argnums = 0, has_aux: bool = False) -> Transform[..., Any]: ...
@overload
def hessian(
    f: Callable[P, tuple[Any, Aux]], argnums: Argnums = 0, *, has_aux: Yes
) -> Transform[P, tuple[Any, Aux]]: ...
@overload
def hessian(
    f: Callable[Concatenate[ArrayX, P], Any], argnums: Zero = 0, has_aux: No = False
) -> Transform[Concatenate[ArrayX, P], Array]: ...
@overload
def hessian(f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False) -> Transform[P, Any]: ...
def hessian(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Transform[..., Any]:
    """The Hessian of a scalar function, of shape `input.shape + input.shape`: forward over reverse.

    Parameters
    ----------
    f : callable
        A function of nests of real arrays that returns one number, or an array of one element; of a complex
        number it is forward over forward.
    argnums : int or tuple of int
        Which positional arguments are differentiated.
    has_aux : bool
        Whether `f` returns `(value, aux)`; the result is then `(hessian, aux)`.

    Returns
    -------
    callable
        Called as `f`, it returns the nest of the argument, in it the nest of the argument.

    Raises
    ------
    NotScalarError, DtypeError
        As `grad`; complex arguments are refused.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])

    """
    return Transform(hessian, _run_hessian, f, {"argnums": check_argnums(argnums, "hessian"), "has_aux": has_aux})


def _run_hessian(f: Any, args: Any, kwargs: Any, argnums: Argnums, has_aux: bool) -> Any:
    try:
        return jacfwd(grad_for("hessian", f, argnums, has_aux), argnums, has_aux)(*args, **kwargs)
    except DtypeError as error:
        if str(error).startswith(_NEEDS_REAL_INPUTS):
            raise DtypeError(
                "hessian needs real inputs, one is complex: write the function of real and imaginary parts"
            ) from None
        if not str(error).startswith(NEEDS_REAL):
            raise
    # A complex number: forward mode gives both of its parts, reverse mode none of them.
    return jacfwd(jacfwd(f, argnums, has_aux), argnums, has_aux)(*args, **kwargs)


@overload
def hvp(f: Callable[Concatenate[X, P], Any], x: X, v: X, *args: P.args, **kwargs: P.kwargs) -> X: ...
@overload
def hvp(f: Callable[..., Any], x: list[Any], v: list[Any], *args: Any, **kwargs: Any) -> Any: ...
def hvp(f: Callable[..., Any], x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
    """The product of the Hessian of a scalar function at `x` with `v`, without the Hessian: forward over reverse.

    Parameters
    ----------
    f : callable
        A function of a nest of arrays, returning one real number.
    x, v : nest of arrays
        The point and the direction, of one structure.
    *args, **kwargs
        What else `f` takes, after `x`.

    Returns
    -------
    nest
        Of the structure of `x`.

    Raises
    ------
    NotScalarError, ShapeError, ArgumentError
        As `grad` and `jvp`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])

    """
    return jvp(lambda x: grad_for("hvp", f, 0)(x, *args, **kwargs), (x,), (v,))[1]
