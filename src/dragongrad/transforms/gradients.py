"""Gradients by reverse mode: value_and_grad, grad and vjp."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Concatenate, overload

import numpy as np

from ..context import CAREFUL, is_careful
from ..core.errors import ArgumentError, DtypeError, NotScalarError, ShapeError, describe, user_line
from ..core.level import Level
from ..core.nests import flatten, unflatten
from ..core.node import Node
from ..core.variable import Variable, as_input, value_of
from ..hints import no_return
from .careful import attempt
from .evaluate import call, drop
from .options import Argnums, Transform, bind_argnums, check_argnums, input_leaves
from .reverse import Reverse, open_reverse
from .roots import CarefulReverse
from .rules import fit
from .sweep import own, run_sweep

if TYPE_CHECKING:
    from ..typevars import Aux, No, P, R, Rest, Untyped, X, Yes, Zero


def record(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], positions: tuple[int, ...]) -> Any:
    """Run a function over Variables of a new level: its output, the level's tape, inputs and structures."""
    again = CAREFUL.get() if is_careful() else None
    level: Reverse = open_reverse(())[0] if again is None else CarefulReverse()
    if again is not None:
        again.begin(level)
    full = list(args)
    inputs: list[Node] = []
    structures = []
    for position in positions:
        leaves, structure = input_leaves(f, args[position], position)
        if again is not None:
            leaves = [again.lift(leaf) for leaf in leaves]
        nodes = [Node(None, (), leaf.shape, leaf.dtype) for leaf in leaves]
        variables = [Variable(leaf, level, node) for leaf, node in zip(leaves, nodes, strict=True)]
        full[position] = unflatten(structure, variables)
        inputs += nodes
        structures.append((structure, len(nodes)))
    try:
        out = call(f, full, kwargs)
    finally:
        tape = level.close()
    return out, level, tape, inputs, structures


def rebuild(structures: list[Any], leaves: list[Any]) -> list[Any]:
    """Put leaves back into the nests of several arguments."""
    built, start = [], 0
    for structure, count in structures:
        built.append(unflatten(structure, leaves[start : start + count]))
        start += count
    return built


def _drop_nest(out: Any, level: Level) -> Any:
    leaves, structure = flatten(out)
    return unflatten(structure, [drop(leaf, level)[0] for leaf in leaves])


def _run_value_and_grad(
    f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, has_aux: bool, holomorphic: bool,
    asked: str = "grad",
) -> Any:  # fmt: skip
    positions = bind_argnums(f, args, argnums)
    return attempt(_value_and_grad, f, args, kwargs, argnums, positions, has_aux, holomorphic, asked)


def _value_and_grad(
    f: Any, args: Any, kwargs: Any, argnums: Argnums, positions: tuple[int, ...], has_aux: bool, holomorphic: bool,
    asked: str,
) -> tuple[Any, bool]:  # fmt: skip
    """The result, and whether there is a NaN among the gradients."""
    out, level, tape, inputs, structures = record(f, args, kwargs, positions)
    aux = None
    if has_aux:
        out, aux = _split_aux(out)
        aux = _drop_nest(aux, level)
    if out.__class__ is not Variable and not isinstance(out, (Variable, np.ndarray, np.generic, float, int)):
        check_number(f, out, asked)
    value, node = drop(out, level)
    if value.__class__ is not np.float64:
        value = checked_scalar(f, value, holomorphic, asked)
    doubtful = False
    if node is None:
        grads = [np.zeros(n.shape, n.dtype)[()] for n in inputs]
    else:
        one = node.dtype.type(1) if node.shape == () else np.ones(node.shape, node.dtype)
        grads, doubtful = run_sweep(tape, [(node, one)], inputs, level)
        grads = own(grads)
    built = rebuild(structures, grads)
    grad_value = built[0] if isinstance(argnums, int) else tuple(built)
    return (((value, aux) if has_aux else value), grad_value), doubtful


def _split_aux(out: Any) -> tuple[Any, Any]:
    if not isinstance(out, tuple) or len(out) != 2:
        raise ArgumentError(f"has_aux=True: the function must return (output, aux), it returned {type(out)}")
    return out


# What to ask for instead, where a function returns more than one number.
_OF_ARRAYS = {
    "grad": ("ad.jacobian", "ad.jacobian for its Jacobian"),
    "hvp": ("ad.jvp(ad.jacobian(f), (x,), (v,))", "ad.jvp(ad.jacobian(f), (x,), (v,)) for the products of each"),
    "hessian": ("ad.jacobian(ad.jacobian(f))", "ad.jacobian(ad.jacobian(f)) for the second derivatives of each"),
}


def check_number(f: Any, out: Any, asked: str) -> None:
    """Refuse a gradient (or Hessian, as `asked` has it) of a nest, or of what is not numeric."""
    name = getattr(f, "__name__", "the function")
    if out is None:
        raise no_return(f, f"{asked} needs one number")
    if not hasattr(out, "dtype") and not isinstance(out, complex):
        raise NotScalarError(
            f"{asked} needs one number from {name}, it returned {type(out).__name__}\n  at {user_line()}\n"
            f"Return (loss, rest) with has_aux=True, or use {_OF_ARRAYS[asked][0]}"
        )


def checked_scalar(f: Any, value: Any, holomorphic: bool, asked: str) -> Any:
    """The one real number that a value is, or that an array of one element holds; anything else is refused."""
    name = getattr(f, "__name__", "the function")
    shape = np.shape(value)
    if np.size(value) != 1:
        raise NotScalarError(
            f"{asked} needs one number from {name}, it returned an array of shape {shape}\n  at {user_line()}\n"
            f"Use {_OF_ARRAYS[asked][1]}, or sum it: np.sum(...)"
        )
    if np.iscomplexobj(value_of(value)) and not holomorphic:
        raise DtypeError(
            f"{NEEDS_REAL}, {name} returned a complex number; take its real part or np.abs, "
            "or pass holomorphic=True where the function is holomorphic"
        )
    return value if shape == () else np.reshape(value, ())[()]


# How the error of a complex output begins.
NEEDS_REAL = "grad needs a real output"


@overload
def value_and_grad(
    f: Untyped, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., tuple[Any, Any]]: ...
@overload  # as ArrayLike: the gradient of a list is an array
def value_and_grad(
    f: Callable[Concatenate[list[float], Rest], Any], argnums: Argnums = 0, has_aux: bool = False,
    holomorphic: bool = False,
) -> Transform[Concatenate[Any, Rest], Any]: ...  # fmt: skip
@overload
def value_and_grad(
    f: Callable[Concatenate[X, P], tuple[R, Aux]], argnums: Zero = 0, *, has_aux: Yes, holomorphic: bool = False
) -> Transform[Concatenate[X, P], tuple[tuple[R, Aux], X]]: ...
@overload
def value_and_grad(
    f: Callable[P, tuple[R, Aux]], argnums: tuple[int, ...], *, has_aux: Yes, holomorphic: bool = False
) -> Transform[P, tuple[tuple[R, Aux], tuple[Any, ...]]]: ...
@overload
def value_and_grad(
    f: Callable[P, tuple[R, Aux]], argnums: int = 0, *, has_aux: Yes, holomorphic: bool = False
) -> Transform[P, tuple[tuple[R, Aux], Any]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[X, P], R], argnums: Zero = 0, has_aux: No = False, holomorphic: bool = False
) -> Transform[Concatenate[X, P], tuple[R, X]]: ...
@overload
def value_and_grad(
    f: Callable[P, R], argnums: tuple[int, ...], has_aux: No = False, holomorphic: bool = False
) -> Transform[P, tuple[R, tuple[Any, ...]]]: ...
@overload
def value_and_grad(
    f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[P, Any]: ...
def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., Any]:
    """The value of a scalar function together with its gradient, by reverse mode.

    Parameters
    ----------
    f : callable
        A function of nests of arrays that returns one real number, or an array of one element.
    argnums : int or tuple of int
        Which positional arguments are differentiated.
    has_aux : bool
        Whether `f` returns `(value, aux)`; `aux` is passed through.
    holomorphic : bool
        Allow a complex output, of a holomorphic function.

    Returns
    -------
    callable
        Called as `f`, it returns `(value, gradient)`, or `((value, aux), gradient)`, the value as a number. The
        gradient has the nest, shapes and dtypes of the argument (a tuple of them where `argnums` is a tuple).
        Of a complex argument z = a + ib the gradient is df/da - i df/db.

    Raises
    ------
    NotScalarError
        The output is not one number.
    DtypeError
        An argument is not numeric, or the output is complex.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))

    """
    options = {"argnums": check_argnums(argnums, "value_and_grad"), "has_aux": has_aux, "holomorphic": holomorphic}
    return Transform(value_and_grad, _run_value_and_grad, f, options)


def _run_grad(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], **options: Any) -> Any:
    value, gradient = _run_value_and_grad(f, args, kwargs, **options)
    return (gradient, value[1]) if options["has_aux"] else gradient


def grad_for(asked: str, f: Callable[..., Any], argnums: Argnums, has_aux: bool = False) -> Transform[..., Any]:
    """The gradient as a part of what was asked for, which its errors name."""
    options = {"argnums": argnums, "has_aux": has_aux, "holomorphic": False}
    return Transform(grad, partial(_run_grad, asked=asked), f, options)


@overload
def grad(
    f: Untyped, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., Any]: ...
@overload  # as ArrayLike: the gradient of a list is an array
def grad(
    f: Callable[Concatenate[list[float], Rest], Any], argnums: Argnums = 0, has_aux: bool = False,
    holomorphic: bool = False,
) -> Transform[Concatenate[Any, Rest], Any]: ...  # fmt: skip
@overload
def grad(
    f: Callable[Concatenate[X, P], tuple[Any, Aux]], argnums: Zero = 0, *, has_aux: Yes, holomorphic: bool = False
) -> Transform[Concatenate[X, P], tuple[X, Aux]]: ...
@overload
def grad(
    f: Callable[P, tuple[Any, Aux]], argnums: tuple[int, ...], *, has_aux: Yes, holomorphic: bool = False
) -> Transform[P, tuple[tuple[Any, ...], Aux]]: ...
@overload
def grad(
    f: Callable[P, tuple[Any, Aux]], argnums: int = 0, *, has_aux: Yes, holomorphic: bool = False
) -> Transform[P, tuple[Any, Aux]]: ...
@overload
def grad(
    f: Callable[Concatenate[X, P], Any], argnums: Zero = 0, has_aux: No = False, holomorphic: bool = False
) -> Transform[Concatenate[X, P], X]: ...
@overload
def grad(
    f: Callable[P, Any], argnums: tuple[int, ...], has_aux: No = False, holomorphic: bool = False
) -> Transform[P, tuple[Any, ...]]: ...
@overload
def grad(
    f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[P, Any]: ...
def grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Transform[..., Any]:
    """The gradient of a scalar function, by reverse mode; parameters and errors as `value_and_grad`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.grad(lambda x: np.sum(np.sin(x) * x))(np.array([0.0, 1.0]))
    array([0.        , 1.38177329])
    >>> ad.grad(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 2.0})
    {'a': np.float64(12.0), 'b': np.float64(9.0)}

    """
    options = {"argnums": check_argnums(argnums, "grad"), "has_aux": has_aux, "holomorphic": holomorphic}
    return Transform(grad, _run_grad, f, options)


@overload
def vjp(  # type: ignore[overload-overlap]
    f: Callable[..., tuple[R, Aux]], *primals: Any, has_aux: Yes, **kwargs: Any
) -> tuple[R, Callable[[Any], tuple[Any, ...]], Aux]: ...
@overload
def vjp(f: Callable[P, R], *primals: P.args, **kwargs: P.kwargs) -> tuple[R, Callable[[Any], tuple[Any, ...]]]: ...
@overload
def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool, **kwargs: Any) -> Any: ...
def vjp(  # type: ignore[misc]
    f: Callable[..., Any], *primals: Any, has_aux: bool = False, **kwargs: Any
) -> Any:
    """The value of a function, and its pullback (vector-Jacobian product) at that point.

    Parameters
    ----------
    f : callable
        A function of nests of arrays, returning a nest of arrays.
    *primals
        Its arguments; all are differentiated. Keyword arguments are passed through.
    has_aux : bool
        Whether `f` returns `(out, aux)`.

    Returns
    -------
    out, pullback : or `out, pullback, aux`
        `pullback(out_bar)`, with `out_bar` of the nest and shapes of `out`, returns the tuple of cotangents
        of the primals. It can be called any number of times.

    Raises
    ------
    ShapeError
        A cotangent does not have the shape of its output.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> out, pullback = ad.vjp(lambda x: np.sin(x), np.array([0.0, np.pi]))
    >>> pullback(np.ones(2))[0]
    array([ 1., -1.])

    """
    positions = tuple(range(len(primals)))
    result, level, tape, inputs, structures = record(f, primals, kwargs, positions)
    aux = None
    if has_aux:
        result, aux = _split_aux(result)
        aux = _drop_nest(aux, level)
    leaves, structure = flatten(result)
    dropped = [drop(leaf, level) for leaf in leaves]
    values = [value for value, _ in dropped]
    lock = Lock()

    def pullback(out_bar: Any) -> tuple[Any, ...]:
        """The cotangents of the primals for a cotangent of the output."""
        bars, given = flatten(out_bar)
        if len(bars) != len(values) or (structure is not None and given != structure):
            raise ShapeError("the cotangent must have the structure of the function's output")
        seeds = []
        for (value, node), bar in zip(dropped, bars, strict=True):
            bar = as_input(bar, "the cotangent")
            if np.shape(bar) != np.shape(value):
                raise ShapeError(
                    f"the cotangent is {describe(bar)}, but the output is {describe(value)}: they must agree"
                )
            if node is not None:
                seeds.append((node, fit(bar, node)))

        def run() -> tuple[list[Any], bool]:
            if is_careful() and not isinstance(level, CarefulReverse):
                return swept_again(bars)
            # The cotangents live on the tape while it is swept: one sweep at a time.
            with lock:
                return run_sweep(tape, seeds, inputs, level)

        return tuple(rebuild(structures, own(attempt(run), bars)))

    def swept_again(bars: list[Any]) -> tuple[list[Any], bool]:
        out, level, tape, inputs, _ = record(f, primals, kwargs, positions)
        nodes = [drop(leaf, level)[1] for leaf in flatten(out[0] if has_aux else out)[0]]
        known = [(node, as_input(bar)) for node, bar in zip(nodes, bars, strict=True) if node is not None]
        return run_sweep(tape, [(node, fit(bar, node)) for node, bar in known], inputs, level)

    out = unflatten(structure, values)
    return (out, pullback, aux) if has_aux else (out, pullback)
