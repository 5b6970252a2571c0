"""`ad.compile`, as a function and as a decorator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from ..core.errors import ArgumentError, user_line
from .runtime import Compiled

if TYPE_CHECKING:
    from ..typevars import P, R, Ufunc

Static = int | str | Sequence[int | str]


@overload
def compile(
    f: None = None, *, static: Static = (), backend: str | None = None, fast_math: bool = False,
    check_captured: bool = False,
) -> Callable[[Callable[P, R]], Compiled[P, R]]: ...  # fmt: skip
@overload
def compile(
    f: Ufunc, *, static: Static = (), backend: str | None = None, fast_math: bool = False,
    check_captured: bool = False,
) -> Compiled[..., Any]: ...  # fmt: skip
@overload
def compile(
    f: Callable[P, R], *, static: Static = (), backend: str | None = None, fast_math: bool = False,
    check_captured: bool = False,
) -> Compiled[P, R]: ...  # fmt: skip
def compile(
    f: Callable[..., Any] | None = None,
    *,
    static: Static = (),
    backend: str | None = None,
    fast_math: bool = False,
    check_captured: bool = False,
    **others: Any,
) -> Any:
    """Compile a NumPy function, with the transforms inside it, to native code.

    The first call with new shapes, dtypes or static values runs the function once on the real arguments and
    compiles what it did; later calls never run the Python code again. A Python `if` on a value is a guard: where
    it goes the other way, the other way is compiled too.

    Parameters
    ----------
    f : callable
        A function or method of nests of arrays; instances of classes of one's own are nests of their attributes,
        that of a bound method too.
        What it stores happens in the first call only. Without it a decorator is made: `@ad.compile(static="n")`.
    static : int, str, or a sequence of them
        Arguments, by position or name, that are compiled in by value. Booleans, strings and anything else that is
        neither array nor number is static anyway, for a dozen values of each, and so are Python's integers whose
        values the function needs.
    backend : "native", "numpy" or None
        Machine code by LLVM, or NumPy source; None: native where llvmlite is installed.
    fast_math : bool
        Use identities of real numbers that rounding, NaN, infinities and the sign of zero do not keep.
    check_captured : bool
        Compare the contents of the arrays that the function reads from globals and closures at each call, and
        compile it again where they were written to. That another object has taken their place is always seen.

    Returns
    -------
    Compiled
        Called as `f`. Its `graph`, `source`, `llvm`, `asm` and `report()` show what was made, and `save` writes it
        to a file, which `ad.load` reads without `f`.

    Warns
    -----
    CompileWarning
        What it captures has changed, and it is compiled again. It runs eagerly, for all arguments or for those
        that come after; with the line, and what to write instead.

    Raises
    ------
    ArgumentError
        `f` is not callable, an option or the backend is unknown, or an argument is neither numeric nor hashable.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> gradient = ad.compile(ad.grad(lambda x: np.sum(x**2)))
    >>> gradient(np.array([1.0, 2.0]))
    array([2., 4.])

    """
    if others:
        raise _unknown(next(iter(others)))
    several = isinstance(static, Iterable) and not isinstance(static, (str, bytes))
    names: Any = tuple(static) if several else (static,)  # type: ignore[arg-type]
    if f is None:
        return lambda f: Compiled(f, names, backend, fast_math, check_captured)
    return Compiled(f, names, backend, fast_math, check_captured)


# What other libraries call it.
_ELSEWHERE = {
    "static_argnums": "static, by position or name: ad.compile(f, static=0)",
    "static_argnames": 'static, by position or name: ad.compile(f, static="n")',
}


def _unknown(name: str) -> ArgumentError:
    told = _ELSEWHERE.get(name, "one of static, backend, fast_math, check_captured")
    return ArgumentError(f"ad.compile has no option {name!r}\n  at {user_line()}\nHere it is {told}")
