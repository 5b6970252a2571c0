"""Functions with a rule of the user's own."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from ..core.errors import ArgumentError
from ..typevars import P, R
from .flat_rules import apply_flat

_Rule = TypeVar("_Rule", bound=Callable[..., Any])


class CustomRule(Generic[P, R]):
    """A function with a rule of its own, as `custom_rule` makes it."""

    def __init__(self, f: Callable[P, R], pullback: Any = None, pushforward: Any = None) -> None:
        functools.update_wrapper(self, f, updated=())
        self.f = f
        self._signature = inspect.signature(f)
        self._pullback, self._pushforward = pullback, pushforward
        # One rule for each argument, in place of a pullback.
        self._each: dict[str, Any] = {}
        parameters = self._signature.parameters.values()
        self._names = [p.name for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
        self._many = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        self._rest = next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), None)

    __name__: str
    __qualname__: str

    def pullback(self, rule: _Rule) -> _Rule:
        """Give the reverse rule (a decorator)."""
        self._pullback = rule
        return rule

    def pushforward(self, rule: _Rule) -> _Rule:
        """Give the forward rule (a decorator)."""
        self._pushforward = rule
        return rule

    def pullbacks(self, **rules: Callable[..., Any] | None) -> CustomRule[P, R]:
        """Give a reverse rule for each parameter by its name, None for one that has no derivative.

        Each rule names what it needs, as a pullback does, and returns the cotangent of its parameter; that of `*xs`
        returns a tuple of them.

        Raises
        ------
        ArgumentError
            A parameter is missing, or unknown.
        """
        if set(rules) != set(self._names):
            wrong = sorted(set(rules) ^ set(self._names))
            raise ArgumentError(
                f"{self.__name__}.pullbacks takes one rule for each of {', '.join(self._names)}: look at "
                f"{', '.join(wrong)}\nWrite {wrong[0]}=None for a parameter without a derivative"
            )
        self._each = {name: rules[name] for name in self._names}
        return self

    def rules(self) -> dict[str, Callable[..., Any]]:
        """The rules that were given, by their names."""
        given = {"pushforward": self._pushforward, "pullback": self._pullback}
        given |= {f"pullback of {name}": rule for name, rule in self._each.items()}
        return {name: rule for name, rule in given.items() if rule is not None}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if not self.rules():
            raise ArgumentError(f"{self.__name__} has no rule yet: give it one with @{self.__name__}.pullback")
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        options = {n: v for n, v in bound.arguments.items() if n not in self._names}
        given = {n: v for n, v in options.items() if n != self._rest} | options.get(self._rest or "", {})
        values: list[Any] = []
        for name in self._names:
            values += bound.arguments[name] if name == self._many else [bound.arguments[name]]

        def pull(out_bar: Any, out: Any, args: Any) -> Any:
            known = {"out_bar": out_bar, "out": out, **options, **self._named(args)}
            return _call(self._pullback, known) if self._pullback else self._by_each(known, len(args))

        def push(dots: Any, out: Any, args: Any) -> Any:
            known = {"out": out, **options, **self._named(args)}
            known |= {f"{n}_dot": d for n, d in self._named(dots).items()}
            return _call(self._pushforward, known)

        return apply_flat(
            self.__name__, lambda *args: self.f(*args, **given), tuple(values),
            pull if self._pullback or self._each else None, push if self._pushforward else None, foreign=True,
            told=(self, given),
        )  # fmt: skip

    def _named(self, values: Any) -> dict[str, Any]:
        """The arguments by the names of their parameters; `*xs` has a tuple of them."""
        one_each = [name for name in self._names if name != self._many]
        known = dict(zip(one_each, values, strict=False))
        return known if self._many is None else {**known, self._many: tuple(values[len(one_each) :])}

    def _by_each(self, known: dict[str, Any], count: int) -> Any:
        bars: list[Any] = []
        for name, rule in self._each.items():
            bar = None if rule is None else _call(rule, known)
            if name != self._many:
                bars.append(bar)
            else:
                bars += [None] * (count - len(bars)) if bar is None else bar
        return bars[0] if count == 1 else tuple(bars)

    def __reduce__(self) -> Any:
        # What a decorator put in the place of its function is found there.
        found: Any = sys.modules.get(self.__module__)
        for name in self.__qualname__.split("."):
            found = getattr(found, name, None)
        return (
            self.__qualname__
            if found is self
            else (_remade, (self.f, self._pullback, self._pushforward, self._each))
        )

    def __repr__(self) -> str:
        return f"custom_rule({self.__name__})"


def _remade(f: Any, pullback: Any, pushforward: Any, each: dict[str, Any]) -> CustomRule[..., Any]:
    made: CustomRule[..., Any] = CustomRule(f, pullback, pushforward)
    return made.pullbacks(**each) if each else made


def _call(rule: Callable[..., Any], known: dict[str, Any]) -> Any:
    """Call a rule with what its parameters name."""
    names = list(inspect.signature(rule).parameters)
    missing = [n for n in names if n not in known]
    if missing:
        raise ArgumentError(
            f"the rule {getattr(rule, '__name__', rule)} asks for {missing}; known are {', '.join(known)}"
        )
    return rule(**{n: known[n] for n in names})


@overload
def custom_rule(
    f: None = None, *, pullback: Callable[..., Any] | None = None, pushforward: Callable[..., Any] | None = None
) -> Callable[[Callable[P, R]], CustomRule[P, R]]: ...
@overload
def custom_rule(
    f: Callable[P, R], *, pullback: Callable[..., Any] | None = None, pushforward: Callable[..., Any] | None = None
) -> CustomRule[P, R]: ...
def custom_rule(
    f: Callable[..., Any] | None = None, *, pullback: Callable[..., Any] | None = None,
    pushforward: Callable[..., Any] | None = None,
) -> Any:  # fmt: skip
    """Give a function derivative rules of its own; of the two, one suffices and the other is its transpose.

    Parameters
    ----------
    f : callable
        A function of nests of arrays. It is called with plain values, so it may use any library (under `vmap`
        row by row, where it is not NumPy code). Keyword-only parameters and `**kwargs` are options.
    pullback : callable, optional
        Named by what it needs: `out_bar` (the cotangent of the output), `out`, and any parameters of `f`. It
        returns the cotangent of each positional argument, None where there is no derivative. A parameter `*xs`
        is known as the tuple of its arguments.
    pushforward : callable, optional
        Likewise from `x_dot` (for a parameter `x`), `out` and the parameters: the tangent of the output.

    Returns
    -------
    CustomRule
        Called as `f`; `.pullback` and `.pushforward` are decorators that set the rules later, and
        `.pullbacks(x=..., y=...)` takes one reverse rule for each parameter.

    Raises
    ------
    ArgumentError
        A rule asks for something unknown, or returns another number of cotangents.
    ClosureError
        `f` closes over a Variable: pass it as an argument.

    Notes
    -----
    A rule that is not NumPy code, but calls SciPy or `float(x)`, is enough for first derivatives of its own
    direction, in compiled functions too. Second derivatives, and the other direction, differentiate the rule: they
    want NumPy functions that have rules themselves.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> @ad.custom_rule
    ... def clipped(x):
    ...     return np.clip(x, -1.0, 1.0)
    >>> @clipped.pullback
    ... def straight_through(out_bar):
    ...     return out_bar
    >>> ad.grad(clipped)(5.0)
    np.float64(1.0)

    One rule for each argument:

    >>> product = ad.custom_rule(lambda x, y: x * y)
    >>> product = product.pullbacks(x=lambda out_bar, y: out_bar * y, y=lambda out_bar, x: out_bar * x)
    >>> ad.grad(product, (0, 1))(2.0, 3.0)
    (np.float64(3.0), np.float64(2.0))

    """
    if f is None:
        return functools.partial(custom_rule, pullback=pullback, pushforward=pushforward)
    return CustomRule(f, pullback, pushforward)
