"""Classes of ours that stand for SciPy's: what they do not have themselves is SciPy's, of plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

from ..core.errors import AbsentError, NoRuleError, user_line
from .chapters import answered, holds_variable, settled
from .kinds import Kind, pickled, seen_as


class _Kind(Kind):
    """The class of such a class, which has SciPy's other ways to make one."""

    def __getattr__(cls: Any, name: str) -> Any:  # noqa: N805 - of a class of classes
        if name.startswith("_") or name == "theirs":
            # Python itself asks for such names, and takes no for an answer.
            raise AttributeError(name)
        found = getattr(cls.theirs, name, None)
        if found is None:
            raise _absent(cls, name)
        return of_plain(cls, name, found) if callable(found) else found

    def __call__(cls: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Make one; of Variables an error of NumPy's is restated."""
        if not any(map(cls._moves, (*args, *kwargs.values()))):
            return super().__call__(*args, **kwargs)
        return answered(_title(cls), super().__call__, args, kwargs)


class StandIn(metaclass=_Kind):
    """A class that stands for one of SciPy's.

    Attributes
    ----------
    theirs : type
        SciPy's.
    """

    __slots__ = ()
    theirs: Any
    # Whether a function that holds one is opened by its attributes.
    holds_parts = False

    @classmethod
    def _ours(cls, made: Any) -> Any:
        """What a method of SciPy's has given, as one of ours where it stands for it."""
        return made

    def _own(self) -> Any:
        """SciPy's own of the same numbers; None where a Variable is among them."""
        return getattr(self, "_scipys", None)

    @staticmethod
    def _moves(value: Any) -> bool:
        """Whether an argument is or holds a Variable."""
        return holds_variable(value)

    @staticmethod
    def _settled(value: Any) -> Any:
        """A plain argument, as SciPy takes it."""
        own = value._own() if isinstance(value, StandIn) else None
        return settled(value) if own is None else own

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if (own := self._own()) is None:
            if hasattr(self.theirs, name):
                raise AbsentError(
                    f"{_title(type(self))} of Variables has no {name!r}, which has no derivative rule\n"
                    f"  at {user_line()}\nMake it of plain arrays, such as ad.stop_gradient(x)"
                )
            raise _absent(type(self), name)
        try:
            found = getattr(own, name)
        except AttributeError:
            raise _absent(type(self), name) from None
        return of_plain(self, name, found) if callable(found) else found


class Seen(StandIn):
    """A class whose objects of plain numbers SciPy's own functions take, too."""

    __slots__ = ()
    holds_parts = True
    # A user's own class stays what it is.
    __class__ = seen_as(lambda self: self._own() if "theirs" in vars(type(self)) else None)

    __reduce__ = pickled

    def __getattr__(self, name: str) -> Any:
        # SciPy's functions read private names too.
        if name.startswith("_") and not name.startswith("__") and (own := self._own()) is not None:
            return getattr(own, name)
        return super().__getattr__(name)


class Kept(Seen):
    """A class that keeps SciPy's own, of plain numbers, in `_scipys`; what is set in it reaches SciPy's."""

    _scipys: Any = None

    def __setattr__(self, name: str, value: Any) -> None:
        own = self._scipys
        if own is None or name.startswith("_") or not hasattr(own, name):
            object.__setattr__(self, name, value)
        elif self._moves(value):
            raise NoRuleError(
                f"{_title(type(self))} of plain arrays keeps no Variable in {name!r}\n  at {user_line()}\n"
                "Pass it to what makes one"
            )
        else:
            setattr(own, name, self._settled(value))


def _title(cls: Any) -> str:
    module, name = cls.theirs.__module__.split("._")[0], cls.theirs.__name__
    return f"{module}.{name}"


def _absent(cls: Any, name: str) -> AbsentError:
    return AbsentError(f"{_title(cls)} has no {name!r}\n  at {user_line()}\ndir() of it names what is there")


def of_plain(owner: Any, name: str, found: Callable[..., Any]) -> Callable[..., Any]:
    """A method of SciPy's, which takes no Variables, as one of a class or of an object."""
    cls: Any = owner if isinstance(owner, type) else type(owner)

    def call(_owner: Any, /, *args: Any, **kwargs: Any) -> Any:
        if any(map(cls._moves, (*args, *kwargs.values()))):
            raise NoRuleError(
                f"{_title(cls)}.{name} has no derivative rule\n  at {user_line()}\n"
                "Pass plain arrays, such as ad.stop_gradient(x)"
            )
        return cls._ours(found(*map(cls._settled, args), **{k: cls._settled(v) for k, v in kwargs.items()}))

    call.__name__ = name
    call.__doc__ = found.__doc__
    # A method is pickled by its name.
    return MethodType(call, owner)
