"""Loops of a known number of steps: `scan`, `fori_loop` and `map`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ...context import STEPS
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ...core.nests import flatten, unflatten
from .carry import as_numpys, has_rows, kept, whole
from .staged import as_loop, is_staged
from .while_loop import while_loop

Carry = TypeVar("Carry")


def scan(
    f: Callable[[Carry, Any], tuple[Carry, Any]], init: Carry, xs: Any = None, length: int | None = None,
    reverse: bool = False, unroll: int = 1, checkpoint: int | str | None = None,
) -> tuple[Carry, Any]:  # fmt: skip
    """Carry a value through a sequence, and collect what each step returns.

    As `for i in range(n): carry, ys[i] = f(carry, xs[i])`, under every transform.

    Parameters
    ----------
    f : callable
        `f(carry, x)` returns the next carry, of the same structure, shapes and dtypes, and what is collected; None
        for nothing.
    init : nest of arrays
        The first carry.
    xs : nest of arrays, optional
        Arrays of shape (n, ...), of which a step is given one element each along the first axis; None without.
    length : int, optional
        The number of steps n, where `xs` does not tell.
    reverse : bool
        Begin with the last element. What step i returns is in place i all the same.
    unroll : int
        In compiled code, how many steps are written out in one turn of the loop: what is computed in neighbouring
        steps is then fused. Elsewhere it changes nothing.
    checkpoint : int or "sqrt", optional
        In compiled code, the carry is kept for the derivative in reverse before each so many steps only, and the
        steps between are computed once more; "sqrt" is the square root of their number, which takes the least
        memory. Elsewhere, and without a derivative, it changes nothing.

    Returns
    -------
    carry : nest of arrays
        After the last step, its numbers as NumPy's.
    ys : nest of arrays
        What the steps returned, of shape (n, ...).

    Raises
    ------
    ShapeError, DtypeError
        The body changes the shape or dtype of the carry, or the arrays of `xs` differ in length.
    ArgumentError
        The structure of the carry changes, there is no length, or `unroll` or `checkpoint` is no number of steps.

    References
    ----------
    Griewank, Achieving logarithmic growth of temporal and spatial complexity in reverse automatic differentiation
    (1992), for checkpoints.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.scan(lambda total, x: (total + x, total), 0.0, np.array([1.0, 2.0, 4.0]))
    (np.float64(7.0), array([0., 1., 3.]))
    >>> def last(a):
    ...     return ad.scan(lambda x, _: (a * x * (1 - x), None), 0.5, length=3)[0]
    >>> ad.grad(last)(2.0)
    np.float64(0.25)

    """
    leaves, structure = ([], None) if xs is None else flatten(xs)
    n = _length(leaves, length)
    turn = _steps("unroll", unroll, n)
    segment = 0 if checkpoint is None else _steps("checkpoint", checkpoint, n)
    if not n:
        return as_numpys(init), _none(f, init, leaves, structure, xs)
    if is_staged(n):
        if 0 < segment < n:
            return _by_segments(f, init, xs, n, bool(reverse), (segment, turn, False))
        if 1 < turn < n:
            return _by_segments(f, init, xs, n, bool(reverse), (turn, 1, True))
        if turn < n and (whole_loop := _staged(f, init, leaves, structure, xs, n, reverse)) is not None:
            return whole_loop
    STEPS[0] += n
    carry, found = init, []
    for i in reversed(range(n)) if reverse else range(n):
        x = None if xs is None else unflatten(structure, [leaf[i] for leaf in leaves])
        after, y = _pair(f(carry, x))
        carry = kept("scan", carry, after)
        found.append(y)
    return as_numpys(carry), _collected(found[::-1] if reverse else found)


def _steps(what: str, number: Any, n: int) -> int:
    """How many steps an option stands for."""
    if what == "checkpoint" and isinstance(number, str) and number == "sqrt":
        return max(1, round(n**0.5))
    found = whole("scan", what, number)
    if found < 1:
        raise ArgumentError(f"{what} of scan must be at least one step, got {found}\n  at {user_line()}")
    return found


def _by_segments(f: Any, init: Any, xs: Any, n: int, reverse: bool, options: tuple[int, int, bool]) -> Any:
    """A loop over segments of steps, each a loop itself or written out, and what is left over behind them."""
    size, unroll, flat = options
    count, rest = divmod(n, size)
    leaves, structure = ([], None) if xs is None else flatten(xs)
    # What is left over comes last, which in reverse is the beginning.
    main = slice(rest, None) if reverse else slice(0, n - rest)
    over = slice(0, rest) if reverse else slice(n - rest, None)

    def part(rows: list[Any]) -> Any:
        return None if xs is None else unflatten(structure, rows)

    def segment(carry: Any, rows: Any) -> Any:
        return scan(f, carry, rows, size, reverse, size if flat else unroll)

    parts = [np.reshape(leaf[main], (count, size, *np.shape(leaf)[1:])) for leaf in leaves]
    carry, ys = scan(segment, init, part(parts), count, reverse)
    found, own = flatten(ys)
    found = [np.reshape(y, (count * size, *np.shape(y)[2:])) for y in found]
    if rest:
        carry, more = scan(f, carry, part([leaf[over] for leaf in leaves]), rest, reverse, rest if flat else unroll)
        pairs = [(b, a) if reverse else (a, b) for a, b in zip(found, flatten(more)[0], strict=True)]
        found = [np.concatenate(pair) for pair in pairs]
    return carry, unflatten(own, found)


def _staged(f: Any, init: Any, leaves: list[Any], structure: Any, xs: Any, n: int, reverse: bool) -> Any:
    """The loop as one operation of a program; None where it must be written out."""
    start, carried = flatten(init)
    collected: list[Any] = []

    def step(carry: list[Any], row: list[Any]) -> tuple[list[Any], list[Any]]:
        before = unflatten(carried, carry)
        after, y = _pair(f(before, None if xs is None else unflatten(structure, row)))
        found, collected[:] = flatten(y)[0], [flatten(y)[1]]
        return flatten(kept("scan", before, after))[0], found

    whole_loop = as_loop(step, start, leaves, n, bool(reverse), "scan")
    if whole_loop is None:
        return None
    last, found = whole_loop
    return unflatten(carried, last), unflatten(collected[0], found)


def _length(leaves: list[Any], length: int | None) -> int:
    lengths = {}
    for leaf in leaves:
        if not np.ndim(leaf):
            raise ShapeError(
                f"scan goes along the first axis of xs, and {describe(leaf)} has none\n  at {user_line()}\n"
                "Let the body close over what is the same in all steps"
            )
        lengths[np.shape(leaf)[0]] = leaf
    if len(lengths) > 1:
        told = ", ".join([describe(leaf) for leaf in lengths.values()])
        raise ShapeError(f"the arrays of xs differ in length: {told}\n  at {user_line()}")
    known = None if length is None else whole("scan", "the length", length)
    if known is not None and known < 0:
        raise ArgumentError(f"the length of scan must not be negative, got {known}\n  at {user_line()}")
    if known is None and not lengths:
        raise ArgumentError(f"scan has no xs\n  at {user_line()}\nGive it length=n")
    if known is not None and lengths and known not in lengths:
        raise ArgumentError(
            f"scan was given length={known}, and xs of length {next(iter(lengths))}\n  at {user_line()}"
        )
    return next(iter(lengths)) if known is None else known


def _pair(returned: Any) -> tuple[Any, Any]:
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise ArgumentError(
            f"the body of scan must return a carry and what is collected, it returned a {type(returned).__name__}\n"
            f"  at {user_line()}\nWrite return carry, None"
        )
    return returned


def _collected(found: list[Any]) -> Any:
    """Equal nests as one, of arrays with one more axis."""
    columns = [flatten(y) for y in found]
    structure = columns[0][1]
    if any(other != structure for _, other in columns):
        raise ArgumentError(f"the body of scan returned nests of different structures\n  at {user_line()}")
    return unflatten(structure, [np.stack(rows) for rows in zip(*[leaves for leaves, _ in columns], strict=True)])


def _none(f: Any, init: Any, leaves: list[Any], structure: Any, xs: Any) -> Any:
    """What no step has collected: the body is called once, on zeros, to know what that is."""
    arrays = [leaf if hasattr(leaf, "dtype") else np.asarray(leaf) for leaf in leaves]
    zeros = [np.zeros(a.shape[1:], a.dtype) for a in arrays]
    _, y = _pair(f(init, None if xs is None else unflatten(structure, zeros)))
    made, own = flatten(y)
    return unflatten(own, [np.stack([leaf])[:0] for leaf in made])


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Carry], Carry], init_val: Carry) -> Carry:
    """Carry a value through the whole numbers from `lower` to `upper`, which is not among them.

    As `for i in range(lower, upper): value = body_fun(i, value)`, under every transform. Under `vmap` the numbers
    may differ from row to row.

    Parameters
    ----------
    lower, upper : int
        The first number, and the one after the last.
    body_fun : callable
        `body_fun(i, value)` returns the next value, of the same structure, shapes and dtypes.
    init_val : nest of arrays
        The first value.

    Returns
    -------
    nest of arrays
        The value after the last step, its numbers as NumPy's.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError
        The body changes the shape, dtype or structure of the value, or a bound is no whole number.

    Examples
    --------
    >>> import dragongrad as ad
    >>> ad.grad(lambda x: ad.fori_loop(0, 3, lambda i, y: y * x + i, 1.0))(2.0)
    np.float64(13.0)

    """
    if has_rows(lower) or has_rows(upper):
        start = lower + 0 * upper, init_val
        last: Any = while_loop(lambda at: at[0] < upper, lambda at: (at[0] + 1, body_fun(*at)), start)
        return last[1]
    value: Any = init_val
    numbers = range(whole("fori_loop", "lower", lower), whole("fori_loop", "upper", upper))
    if is_staged(len(numbers)) and len(numbers):
        carried, structure = flatten(init_val)

        def step(carry: list[Any], row: list[Any]) -> tuple[list[Any], list[Any]]:
            before = unflatten(structure, carry)
            return flatten(kept("fori_loop", before, body_fun(row[0], before)))[0], []

        found = as_loop(step, carried, [numbers], len(numbers), False, "fori_loop")
        if found is not None:
            value = unflatten(structure, found[0])
            return value
    STEPS[0] += len(numbers)
    for i in numbers:
        value = kept("fori_loop", value, body_fun(i, value))
    found_last: Carry = as_numpys(value)
    return found_last


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Apply a function to each element along the first axis, one after the other.

    The same values as `vmap(f)(xs)`, with the memory of one element at a time.

    Parameters
    ----------
    f : callable
        A function of one element.
    xs : nest of arrays
        Arrays of shape (n, ...).

    Returns
    -------
    nest of arrays
        What the calls returned, of shape (n, ...).

    Raises
    ------
    ShapeError
        The arrays differ in length, or have no axis.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.map(lambda x: np.sum(x**2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 5., 25.])

    """
    return scan(lambda _, x: (None, f(x)), None, xs)[1]
