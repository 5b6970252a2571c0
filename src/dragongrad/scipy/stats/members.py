"""One distribution of a family: its methods with the parameters that were given."""

from __future__ import annotations

from types import MethodType
from typing import Any

from ...core.errors import AbsentError, user_line
from ..chapters import holds_variable, settled
from ..kinds import pickled, seen_as

# The methods whose first arguments SciPy's families take by name only.
_NAMED = {"rvs": ("size", "random_state"), "stats": ("moments",), "expect": ("func", "lb", "ub", "conditional")}


class Member:
    """One distribution. Of plain parameters all that takes plain arguments is SciPy's own.

    Attributes
    ----------
    dist : Family or Multivariate
        The family.
    args, kwds : tuple, dict
        The parameters.
    """

    holds_parts = True
    __class__ = seen_as(lambda self: vars(self).get("_own"))

    def __init__(self, family: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.dist, self.args, self.kwds = family, args, kwargs
        moves = holds_variable((args, kwargs))
        self._own: Any = None
        if not moves:
            self._own = family.scipys(*settled(args), **{k: settled(v) for k, v in kwargs.items()})
        elif hasattr(family, "ends"):
            shapes, _, _ = family.parameters(args, kwargs)
            self.a, self.b = family.ends(shapes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            # SciPy's functions ask for such names of one of plain parameters.
            own = None if name.startswith("__") else vars(self).get("_own")
            if own is None:
                raise AttributeError(name)
            return getattr(own, name)
        missing: Any = object()
        found = getattr(self._own, name, missing)
        if found is not missing and not callable(found):
            return found
        method = getattr(self.dist, name)
        if not callable(method):
            raise AbsentError(f"a distribution of Variables has no {name!r}\n  at {user_line()}\nAsk its family")

        def call(_member: Any, /, *args: Any, **kwargs: Any) -> Any:
            if found is not missing and name != "expect" and not holds_variable((args, kwargs)):
                return found(*map(settled, args), **{k: settled(v) for k, v in kwargs.items()})
            kwargs |= dict(zip(_NAMED.get(name, ()), args, strict=False))
            args = args[len(_NAMED.get(name, ())) :]
            if name == "expect":
                return method(**self._parts(), **kwargs)
            # What starts random numbers is no parameter.
            return method(*args, *self.args, **{k: v for k, v in self.kwds.items() if k != "seed"}, **kwargs)

        call.__name__ = name
        call.__doc__ = method.__doc__
        # A method is pickled by its name.
        return MethodType(call, self)

    __reduce__ = pickled

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *dir(self.dist if self._own is None else self._own)})

    @property
    def random_state(self) -> Any:
        """SciPy's generator of random numbers, which may be set."""
        return (self.dist if self._own is None else self._own).random_state

    @random_state.setter
    def random_state(self, seed: Any) -> None:
        (self.dist if self._own is None else self._own).random_state = seed

    def _parts(self) -> dict[str, Any]:
        """The parameters by the names that `expect` has for them."""
        shapes, loc, scale = self.dist.parameters(self.args, self.kwds)
        return {"args": tuple(shapes), "loc": loc, **({} if self.dist.discrete else {"scale": scale})}
