"""How functions of `scipy.special` enter the table: by name, as not every release of SciPy has every one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import special

from ...core.block import ARGUMENTS, BLOCKS, TABLE, Block, composite, constant, elementwise, general, unsupported
from ...core.errors import NoRuleError, user_line
from ...core.variable import Variable, plain
from ...records import record
from ..chapters import double


@record
class Rule:
    """What the manual says of a function.

    Attributes
    ----------
    name : str
        SciPy's.
    state : str
        "Block", "composite", "constant" or "refused".
    refused : dict
        Arguments without a derivative, with the reason.
    """

    name: str
    state: str
    refused: dict[str, str]


# Every ufunc of SciPy's that has a rule, or a reason why it has none.
RULES: dict[str, Rule] = {}


class Refused:
    """Stands where a partial derivative would: the argument must be a constant, for the reason given."""

    def __init__(self, argument: str, reason: str) -> None:
        self.argument, self.reason = argument, reason

    def partial(self, name: str) -> Callable[..., Any]:
        """What raises the error."""

        def _refuse(x: Any) -> Any:
            raise NoRuleError(
                f"scipy.special.{name} has no derivative by its argument {self.argument}: {self.reason}\n"
                f"  at {user_line()}\n"
                f"Where that derivative is not wanted, pass ad.stop_gradient({self.argument})"
            )

        return _refuse


def order(argument: str = "n") -> Refused:
    """An order that only whole numbers make sense of."""
    return Refused(argument, "orders are constants")


def of_special(name: str) -> Any:
    """A function of `scipy.special`, also one of its inner ones; None where this release has none of that name."""
    found = getattr(special, name, None)
    # A module of SciPy's may have the same name.
    return found if isinstance(found, np.ufunc) else getattr(special._ufuncs, name, None)


def enter(name: str, *partials: Any, domain: Any = (), singular: bool = True, public: str = "") -> Block | None:
    """Declare a ufunc of `scipy.special` as an elementwise Block, unless the user has given it a rule."""
    fn = of_special(name)
    refused = {p.argument: p.reason for p in partials if isinstance(p, Refused)}
    RULES[public or name] = Rule(public or name, "Block", refused)
    if fn is None or fn in TABLE:
        return None if fn is None else BLOCKS.get(fn)
    rules = [p.partial(public or name) if isinstance(p, Refused) else p for p in partials]
    return elementwise(fn, *rules, domain=domain, singular=singular)


def enter_several(
    name: str, pushforward: Callable[..., Any], outputs: int, constants: Sequence[str] = (), wide: bool = False
) -> None:
    """Declare a ufunc with several outputs, by its pushforward; its first arguments may be constants.

    One that is `wide` is computed in double precision always, as SciPy's own never ends in single precision.
    """
    fn = of_special(name)
    refused = [order(argument) for argument in constants]
    RULES[name] = Rule(name, "Block", {p.argument: p.reason for p in refused})
    if fn is None or fn in TABLE:
        return

    def batch(size: int, values: list[Any], batched: tuple[bool, ...]) -> Any:
        ndim = max(np.ndim(v) - b for v, b in zip(values, batched, strict=True))
        aligned = [
            np.reshape(v, (np.shape(v)[0], *(1,) * (ndim + 1 - np.ndim(v)), *np.shape(v)[1:])) if b else v
            for v, b in zip(values, batched, strict=True)
        ]
        return fn(*aligned)

    block = general(fn, pushforward=pushforward, outputs=outputs, names=ARGUMENTS[: fn.nin], batch=batch)
    if refused:
        guards = [_guard(name, p) for p in refused]

        @composite(fn)
        def guarded(*args: Any) -> Any:
            args = tuple(map(plain, args))
            known = [guard(a) if isinstance(a, Variable) else a for guard, a in zip(guards, args, strict=False)]
            given = (*known, *args[len(guards) :])
            if not wide or np.result_type(*given) not in (np.float16, np.float32):
                return block.apply(*given)
            return tuple([one.astype(np.float32) for one in block.apply(*map(double, given))])


def _guard(name: str, refused: Refused) -> Callable[[Any], Any]:
    """What an argument goes through that must not be differentiated."""
    return elementwise(lambda x: x, refused.partial(name), name=f"{name} of {refused.argument}", inlined=True).call


def enter_constant(name: str) -> None:
    """Declare a ufunc whose derivative is zero wherever it exists."""
    fn = of_special(name)
    RULES[name] = Rule(name, "constant", {})
    if fn is not None and fn not in TABLE:
        constant(fn)


def refuse(reason: str, *names: str) -> None:
    """List ufuncs without a rule, with the reason of their error."""
    for name in names:
        RULES[name] = Rule(name, "refused", {"": reason})
        fn = of_special(name)
        if fn is not None and fn not in TABLE:
            unsupported(reason, fn)
