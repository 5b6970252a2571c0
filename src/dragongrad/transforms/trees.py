"""Nests of arrays as users handle them, and the derivative of each element, by the names that they are known by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError, DtypeError, ShapeError, describe, user_line
from ..core.nests import flatten, map_nest, unflatten
from ..core.variable import Variable, as_input, value_of
from ..pytrees import written
from .gradients import vjp
from .options import Transform, bind_argnums, check_argnums

if TYPE_CHECKING:
    from ..typevars import P


def tree_map(function: Callable[..., Any], nest: Any, *others: Any) -> Any:
    """Apply a function to every leaf of a nest: of tuples, lists, dicts, namedtuples and dataclasses.

    Parameters
    ----------
    function : callable
        Of a leaf of `nest`, and of the leaves at the same place of `others`.
    nest, *others : nest
        Of one structure.

    Returns
    -------
    nest
        Of that structure.

    Raises
    ------
    ArgumentError
        The structures differ.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> params, gradient = {"w": np.ones(2), "b": 0.5}, {"w": np.array([1.0, 2.0]), "b": 3.0}
    >>> ad.tree_map(lambda p, g: p - 0.25 * g, params, gradient)
    {'w': array([0.75, 0.5 ]), 'b': -0.25}

    """
    leaves, structure = flatten(nest)
    columns = [leaves]
    for other in others:
        more, form = flatten(other)
        if form != structure or len(more) != len(leaves):
            raise ArgumentError(
                f"the nests of tree_map differ: {_form(structure)} and {_form(form)}\n  at {user_line()}\n"
                "Give nests with the same keys and lengths"
            )
        columns.append(more)
    return unflatten(structure, [function(*row) for row in zip(*columns, strict=True)])


def _form(structure: Any) -> str:
    """A structure without the name of what describes it: `{'a': *, 'b': *}`."""
    if structure is None:
        return "*"
    # A namespace is named only where one of its own classes is met.
    return written(structure).removeprefix("PyTreeSpec(").removesuffix(")").partition(", namespace")[0]


def ravel_pytree(nest: Any) -> tuple[Any, Callable[[Any], Any]]:
    """All numbers of a nest as one vector, and the function that makes such a nest of such a vector.

    Both can be differentiated, batched and compiled.

    Parameters
    ----------
    nest : nest of numbers and arrays
        Whole numbers and booleans become floats.

    Returns
    -------
    vector : array of shape (n,)
        The leaves one after the other, those of a dict in the order of its sorted keys.
    unravel : callable
        `unravel(vector)` is the nest of that vector's numbers, each leaf with its own shape and dtype; of a complex
        number a real leaf takes the real part.

    Raises
    ------
    DtypeError
        A leaf is not numeric.
    ShapeError
        Of `unravel`: the vector has another length.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> vector, unravel = ad.ravel_pytree({"w": np.array([[1.0, 2.0]]), "b": 3.0})
    >>> vector
    array([3., 1., 2.])
    >>> unravel(2 * vector)
    {'w': array([[2., 4.]]), 'b': np.float64(6.0)}

    """
    held, structure = flatten(nest)
    leaves = [as_input(leaf, "a leaf of the nest") for leaf in held]
    shapes = [np.shape(leaf) for leaf in leaves]
    dtypes = [leaf.dtype for leaf in leaves]
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)]).tolist()

    def unravel(vector: Any) -> Any:
        """The nest of the numbers of a vector."""
        vector = vector if isinstance(vector, (Variable, np.ndarray)) else np.asarray(vector)
        if np.shape(vector) != (ends[-1],):
            raise ShapeError(
                f"unravel takes a vector of shape ({ends[-1]},), not {describe(vector)}\n  at {user_line()}"
            )
        parts = []
        for begin, end, shape, dtype in zip(ends, ends[1:], shapes, dtypes, strict=False):
            part = np.reshape(vector[begin:end], shape) if shape else vector[begin]
            part = np.real(part) if dtype.kind == "f" and vector.dtype.kind == "c" else part
            parts.append(part if part.dtype == dtype else part.astype(dtype))
        return unflatten(structure, parts)

    return np.concatenate([np.ravel(leaf) for leaf in leaves]) if leaves else np.zeros(0), unravel


def _run_elementwise(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: int) -> Any:
    (position,) = bind_argnums(f, args, argnums)

    def of_one(x: Any) -> Any:
        return f(*args[:position], x, *args[position + 1 :], **kwargs)

    value, pullback = vjp(of_one, args[position])
    if any(np.iscomplexobj(value_of(leaf)) for leaf in flatten(value)[0]):
        raise DtypeError(
            f"elementwise_grad needs a real output, it is complex\n  at {user_line()}\nTake its real part or np.abs"
        )
    return pullback(map_nest(np.ones_like, value))[0]


def elementwise_grad(f: Callable[P, Any], argnums: int = 0) -> Transform[P, Any]:
    """The derivative of a function that acts on each element, at every element, in one sweep.

    Of a function that mixes elements it gives what HIPS autograd's gives: for each element of the argument the sum
    of the derivatives of all elements of the output.

    Parameters
    ----------
    f : callable
        A function that returns an array of real numbers.
    argnums : int
        Which positional argument is differentiated.

    Returns
    -------
    callable
        Called as `f`, it returns the derivative, of the shape of the argument.

    Raises
    ------
    DtypeError
        The argument is not numeric, or the output is complex.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.elementwise_grad(np.tanh)(np.array([0.0, 1.0])).round(6)
    array([1.      , 0.419974])

    """
    if not isinstance(check_argnums(argnums, "elementwise_grad"), int):
        raise ArgumentError("elementwise_grad takes one position in argnums")
    return Transform(elementwise_grad, _run_elementwise, f, {"argnums": int(argnums)})
