"""Functions with rules in the form of HIPS autograd: `primitive`, `defvjp`, `defjvp`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, NoRuleError, user_line
from ..core.nests import flatten, map_nest
from ..core.variable import Variable, is_constant, plain
from ..transforms.flat_rules import apply_flat

_Maker = Callable[..., Any]


class Primitive:
    """A function that is not looked into, with a rule for each argument."""

    def __init__(self, f: Callable[..., Any], constant: bool = False) -> None:
        functools.update_wrapper(self, f)
        self.f = f
        self.constant = constant
        self.vjps: dict[int, _Maker | None] = {}
        self.jvps: dict[int, _Maker | None] = {}
        self.linear = False
        # Rules for any position, given where it is called.
        self.vjps_of_all: Callable[..., Any] | None = None
        self.jvp_of_any: Callable[..., Any] | None = None

    __name__: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value, with a derivative where an argument has one."""
        if any(_moves(value) for value in kwargs.values()):
            raise ArgumentError(
                f"a keyword argument of {self.__name__} is a Variable, but rules are for positions\n  at "
                f"{user_line()}\nPass it by position"
            )
        moving = [i for i, arg in enumerate(args) if _moves(arg)]
        if not moving:
            return self.f(*args, **kwargs)
        live = [i for i in moving if not all(is_constant(plain(leaf)) for leaf in flatten(args[i])[0])]

        def full(values: Any) -> list[Any]:
            found = list(args)
            for i, value in zip(moving, values, strict=True):
                found[i] = value
            return found

        def value(*values: Any) -> Any:
            return self.f(*full(values), **kwargs)

        def pull(out_bar: Any, out: Any, values: Any) -> Any:
            bars = self._pulled(moving, live, out_bar, out, full(values), kwargs)
            return bars[0] if len(moving) == 1 else tuple(bars)

        def push(dots: Any, out: Any, values: Any) -> Any:
            return self._pushed(moving, live, dots, out, full(values), kwargs)

        # What is linear by its own word has no other rule that could be transposed.
        reverse = bool(self.vjps) or self.vjps_of_all is not None or self.constant or self.linear
        forward = (bool(self.jvps) or self.jvp_of_any is not None) and not self.constant
        if not (reverse or forward):
            raise self._missing("rule", live[0] if live else moving[0])
        wanted = tuple([args[i] for i in moving])
        return apply_flat(
            self.__name__, value, wanted, pull if reverse else None, push if forward else None, foreign=True
        )

    def _pulled(self, moving: Any, live: Any, g: Any, out: Any, args: Any, kwargs: Any) -> list[Any]:
        if self.constant:
            return [None] * len(moving)
        if self.vjps_of_all is not None:
            return list(self.vjps_of_all(tuple(moving), out, tuple(args), kwargs)(g))
        found = []
        for i in moving:
            if i in self.vjps:
                maker = self.vjps[i]
                found.append(None if maker is None else maker(out, *args, **kwargs)(g))
            elif i in live:
                raise self._missing("VJP", i)
            else:
                # Nothing asks for it as far as is known here: were it asked for, a NaN is no silent zero.
                found.append(map_nest(lambda x: np.full(np.shape(x), np.nan), args[i]))
        return found

    def _pushed(self, moving: Any, live: Any, dots: Any, out: Any, args: Any, kwargs: Any) -> Any:
        total: Any = None
        for i, dot in zip(moving, dots, strict=True):
            if self.jvp_of_any is not None:
                part = self.jvp_of_any(i, dot, out, tuple(args), kwargs)
            elif i in self.jvps:
                rule = self.jvps[i]
                part = None if rule is None else rule(dot, out, *args, **kwargs)
            elif i in live:
                raise self._missing("JVP", i)
            else:
                part = None
            total = part if total is None else total if part is None else total + part
        return np.zeros(np.shape(out)) if total is None else total

    def _missing(self, what: str, place: int) -> NoRuleError:
        return NoRuleError(
            f"{self.__name__} has no {what} for argument {place}\n  at {user_line()}\n"
            f"Give it one: defvjp({self.__name__}, lambda ans, *args: lambda g: ..., argnums=({place},)), or None "
            "where it has no derivative"
        )

    def __repr__(self) -> str:
        return f"primitive({self.__name__})"


def _moves(arg: Any) -> bool:
    return any(isinstance(plain(leaf), Variable) for leaf in flatten(arg)[0])


def primitive(f: Callable[..., Any]) -> Primitive:
    """A function that is not looked into (a decorator); `defvjp` or `defjvp` gives its rules.

    Examples
    --------
    >>> import math
    >>> from dragongrad.interop.autograd import defvjp, grad, primitive
    >>> @primitive
    ... def exp(x):
    ...     return math.exp(x)
    >>> defvjp(exp, lambda ans, x: lambda g: g * ans)
    >>> grad(exp)(0.0)
    np.float64(1.0)

    """
    return Primitive(f)


def notrace_primitive(f: Callable[..., Any]) -> Primitive:
    """A function without a derivative (a decorator)."""
    return Primitive(f, constant=True)


def _known(fun: Any) -> Primitive:
    if not isinstance(fun, Primitive):
        raise ArgumentError(
            f"rules are for functions made by primitive, got {fun!r}; NumPy's functions have theirs\n"
            f"  at {user_line()}"
        )
    return fun


def defvjp(fun: Any, *vjpmakers: _Maker | None, argnums: Sequence[int] | None = None) -> None:
    """Give a reverse rule `lambda ans, *args: lambda g: ...` for each argument, None for no derivative."""
    _known(fun).vjps.update(zip(range(len(vjpmakers)) if argnums is None else argnums, vjpmakers, strict=False))


def defvjp_argnum(fun: Any, vjpmaker: _Maker) -> None:
    """Give one reverse rule for all arguments: `vjpmaker(argnum, ans, args, kwargs)(g)`."""
    _known(fun).vjps_of_all = lambda argnums, ans, args, kwargs: (
        lambda g: tuple([vjpmaker(i, ans, args, kwargs)(g) for i in argnums])
    )


def defvjp_argnums(fun: Any, vjpmaker: _Maker) -> None:
    """Give one reverse rule for several arguments at once: `vjpmaker(argnums, ans, args, kwargs)(g)`."""
    _known(fun).vjps_of_all = vjpmaker


def defjvp(fun: Any, *jvpfuns: Any, argnums: Sequence[int] | None = None) -> None:
    """Give a forward rule `lambda g, ans, *args: ...` for each argument, "same" where it is linear in it."""
    _known(fun).linear |= "same" in [rule for rule in jvpfuns if isinstance(rule, str)]
    for i, rule in zip(range(len(jvpfuns)) if argnums is None else argnums, jvpfuns, strict=False):
        _known(fun).jvps[i] = _same(fun, i) if isinstance(rule, str) and rule == "same" else rule


def defjvp_argnum(fun: Any, jvpmaker: _Maker) -> None:
    """Give one forward rule for all arguments: `jvpmaker(argnum, g, ans, args, kwargs)`."""
    _known(fun).jvp_of_any = jvpmaker


def def_linear(fun: Any) -> None:
    """Say that a function is linear in each argument, which is its forward rule."""
    _known(fun).linear = True
    _known(fun).jvp_of_any = lambda i, g, ans, args, kwargs: _same(fun, i)(g, ans, *args, **kwargs)


def _same(fun: Any, place: int) -> _Maker:
    return lambda g, ans, *args, **kwargs: fun(*args[:place], g, *args[place + 1 :], **kwargs)
