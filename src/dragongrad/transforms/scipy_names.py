"""The name by which a user called SciPy, told by the frames of an error, and what to write instead."""

from __future__ import annotations

import sys
from importlib import import_module
from types import FrameType, FunctionType
from typing import Any

_RULE = "Give it a rule with @ad.custom_rule"
_SCIPY = "scipy"
# Modules of SciPy's that have public modules of their own.
_DEEPER = frozenset({"spatial", "sparse", "cluster", "linalg", "stats", "optimize", "signal"})
# A class of SciPy's for what one of its objects makes, or is of.
_SUFFIXES = ("_frozen", "_gen")
# What is written instead of functions that have no counterpart of their own.
_WAYS = {
    "scipy.differentiate.derivative": "Write ad.derivative(f)(x), which is exact",
    "scipy.differentiate.jacobian": "Write ad.jacobian(f)(x), which is exact",
    "scipy.differentiate.hessian": "Write ad.hessian(f)(x), which is exact",
    "scipy.optimize.approx_fprime": "Write ad.jacobian(f)(x), which is exact",
    "scipy.optimize.check_grad": "Write dragongrad.testing.check_derivatives(f, x)",
    "scipy.optimize.": "Write dragongrad.scipy.optimize.minimize, least_squares, root or fixed_point with args=, "
    "or ad.implicit around a solution",
}


def module_of(frame: FrameType) -> str:
    """The name of the module that a frame's code stands in."""
    return str(frame.f_globals.get("__name__") or "")


def public_name(frames: list[FrameType]) -> str:
    """The name of the outermost function of SciPy's that the frames, from its own on, tell of: `stats.norm.cdf`."""
    for frame in frames:
        if not module_of(frame).startswith(f"{_SCIPY}."):
            continue
        found = _of_object(frame) or _of_function(frame)
        if found:
            return found
    return _part(module_of(frames[0]))


def instead_of(name: str) -> tuple[str, str]:
    """Why a function of SciPy's has no derivative, "" where dragongrad's has one, and what to write instead."""
    part, first, method = _split(name)
    otherwise = _WAYS.get(name) or _WAYS.get(f"{part}.", _RULE)
    try:
        ours: Any = import_module(f"dragongrad.{part}")
    except (ImportError, AttributeError):
        return "", otherwise
    state = _state(ours, first)
    if state.startswith("refused: "):
        reason, _, instead = state.removeprefix("refused: ").partition(". ")
        return reason, instead
    if state.startswith("no derivative"):
        return "", "Pass plain numbers, such as ad.stop_gradient(x)"
    owner = getattr(ours, first, None)
    of, _, methods = state.partition(" of ")
    listed = method and methods and of == "exact derivatives" and not isinstance(owner, type)
    if not state or (listed and method not in methods.split(", ")):
        return "", otherwise
    # What an object has that a function makes is not known before there is one.
    ending = f".{method}" if method and hasattr(owner, method) else ""
    return "", f"Write dragongrad.{part}.{first}{ending}"


def _state(ours: Any, name: str) -> str:
    """What a function of ours does with Variables; "" where there is none."""
    if name not in getattr(ours, "__all__", ()):
        return ""
    chapter = getattr(ours, "CHAPTER", None)
    return str(getattr(chapter, "states", {}).get(name, "exact derivatives"))


def _split(name: str) -> tuple[str, str, str]:
    """A name as that of the public module, of a function or class there, and of a method."""
    parts = name.split(".")
    count = next(n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in sys.modules)
    first, method = (*parts[count:], "", "")[:2]
    return ".".join(parts[:count]), first, method


def _part(module: str) -> str:
    """The public module that a module of SciPy's belongs to."""
    parts = [p for p in module.split(".")[:3] if not p.startswith("_")]
    return ".".join(parts[: 3 if len(parts) > 2 and parts[1] in _DEEPER else 2])


def _of_function(frame: FrameType) -> str:
    """The public function that a frame runs, or that a decorator's frame wraps."""
    part, (*owner, name) = _part(module_of(frame)), frame.f_code.co_qualname.split(".")[-2:]
    found = _exported(part, owner[0]) if owner else ""
    found = f"{found}.{name}" if found else _exported(part, name)
    if found:
        return found
    for value in frame.f_locals.values():
        if isinstance(value, FunctionType) and str(value.__module__).startswith(f"{_SCIPY}."):
            found = _exported(_part(value.__module__), value.__name__)
            if found:
                return found
    return ""


def _exported(part: str, name: str) -> str:
    """The full name of a function where one of SciPy's public modules has it."""
    candidates = [part, ".".join(part.split(".")[:2])]
    if name.startswith("_"):
        return ""
    return next((f"{p}.{name}" for p in candidates if callable(getattr(sys.modules.get(p), name, None))), "")


def _of_object(frame: FrameType) -> str:
    """The name of the object whose method a frame runs, with that of the method; "" where it runs none."""
    names = frame.f_locals
    owner = names.get("self", names.get("cls"))
    kind = owner if isinstance(owner, type) else type(owner)
    if not kind.__module__.startswith(f"{_SCIPY}."):
        return ""
    part, method = _part(kind.__module__), frame.f_code.co_name
    title = _title(part, owner, kind)
    if not title:
        return ""
    # A decorator's frame has a name of its own.
    return f"{part}.{title}" if method.startswith("_") or "wrap" in method else f"{part}.{title}.{method}"


def _title(part: str, owner: Any, kind: type) -> str:
    """The public name of an object of SciPy's, of the object that made it, or of its class."""
    known = vars(sys.modules[part]) if part in sys.modules else {}
    made_by = getattr(owner, "dist", owner)
    name = getattr(made_by, "name", None)
    if isinstance(name, str) and name in known:
        return name
    for base in kind.__mro__:
        for title in (base.__name__, *(base.__name__.removesuffix(s) for s in _SUFFIXES)):
            if title in known and not title.startswith("_"):
                return title
    return ""
