"""Classes of SciPy's that take plain arrays alone, and say what to take for Variables."""

from __future__ import annotations

from typing import Any

import scipy.spatial.transform as scipys

from ....core.errors import NoRuleError, user_line
from ...chapters import REFUSED
from ...standing import StandIn, of_plain
from .chapter import CHAPTER, refused
from .rotation import for_scipy, held, moves


def _for_scipy(value: Any) -> Any:
    if isinstance(value, _Plain):
        return value._scipys
    if isinstance(value, (list, tuple)) and any(isinstance(v, _Plain) for v in value):
        return [_for_scipy(v) for v in value]
    return for_scipy(value)


class _Plain(StandIn):
    """A class of SciPy's without derivatives."""

    __slots__ = ("_scipys",)
    reason = "it is not written yet"
    instead: str
    _moves, _settled = staticmethod(moves), staticmethod(_for_scipy)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if any(map(moves, (*args, *kwargs.values()))):
            raise NoRuleError(
                f"scipy.spatial.transform.{type(self).__name__} has no derivative rule: {self.reason}\n"
                f"  at {user_line()}\n{self.instead}"
            )
        self._scipys = self.theirs(*map(_for_scipy, args), **{k: _for_scipy(v) for k, v in kwargs.items()})

    @classmethod
    def _ours(cls, made: Any) -> Any:
        if isinstance(made, tuple):
            return tuple(map(cls._ours, made))
        if not isinstance(made, cls.theirs):
            return held(made)
        own = object.__new__(cls)
        own._scipys = made
        return own

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        return found if callable(found) else self._ours(found)

    def __repr__(self) -> str:
        return repr(self._scipys)


def _special(name: str) -> Any:
    def method(self: Any, *args: Any) -> Any:
        return of_plain(self, name, getattr(self._scipys, name))(*args)

    method.__name__, method.__doc__ = name, f"As SciPy's {name}."
    return method


class RotationSpline(_Plain):
    """`scipy.spatial.transform.RotationSpline`, of plain arrays: with Variables take Slerp."""

    __slots__ = ()
    theirs = scipys.RotationSpline
    instead = "Take Slerp, or CubicSpline of as_rotvec()"
    __call__ = _special("__call__")


def _rigid() -> Any:
    """The class of rigid motions; of a release of SciPy's without it what says so."""
    instead = "Take a Rotation and a vector: r.apply(x) + v"
    stated = refused("RigidTransform", _Plain.reason, instead)
    if not hasattr(scipys, "RigidTransform"):
        return stated
    names = ("__bool__", "__getitem__", "__setitem__", "__len__", "__mul__", "__pow__")
    parts: dict[str, Any] = {n: _special(n) for n in names if hasattr(scipys.RigidTransform, n)}
    doc = "`scipy.spatial.transform.RigidTransform`, of plain arrays: with Variables take a Rotation and a vector."
    parts["__iter__"] = lambda self: map(self._ours, self._scipys)
    parts |= {"theirs": scipys.RigidTransform, "instead": instead, "__doc__": doc}
    return type("RigidTransform", (_Plain,), {"__slots__": (), "__module__": __name__, **parts})


RigidTransform = _rigid()
CHAPTER.states["RotationSpline"] = f"{REFUSED}: {_Plain.reason}. {RotationSpline.instead}"
