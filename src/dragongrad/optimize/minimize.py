"""`minimize`: one call from a NumPy function to its minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..core.errors import ArgumentError
from .adadelta import AdaDelta
from .adagrad import Adagrad
from .adam import Adam
from .adamw import AdamW
from .amsgrad import AMSGrad
from .descent import GD
from .lion import Lion
from .loop import Iteration, run
from .momentum import Momentum
from .nadam import NAdam
from .nesterov import Nesterov
from .objective import Objective
from .optimizer import Optimizer
from .radam import RAdam
from .result import Result
from .rmsprop import RMSProp
from .rprop import Rprop

METHODS: dict[str, type[Optimizer]] = {
    "gd": GD, "momentum": Momentum, "nesterov": Nesterov, "adagrad": Adagrad, "rmsprop": RMSProp,
    "adadelta": AdaDelta, "adam": Adam, "amsgrad": AMSGrad, "adamw": AdamW, "nadam": NAdam, "radam": RAdam,
    "lion": Lion, "rprop": Rprop,
}  # fmt: skip

# Families of methods by the word before a colon (`scipy:trust-krylov`), entered by the room that adapts them.
FAMILIES: dict[str, Callable[..., Result]] = {}


def method_class(method: str | type[Optimizer]) -> type[Optimizer]:
    """The Optimizer of a name, hyphens and capitals aside."""
    if isinstance(method, type) and issubclass(method, Optimizer):
        return method
    known = METHODS.get(str(method).lower().replace("-", "").replace("_", ""))
    if known is None:
        raise ArgumentError(
            f"unknown method {method!r}: choose one of {', '.join(METHODS)}, 'scipy:NAME', "
            "or a subclass of Optimizer"
        )
    return known


def minimize(
    f: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | type[Optimizer] | None = None,
    *,
    jac: bool | None = None,
    mode: str = "reverse",
    gtol: float | None = None,
    xtol: float | None = None,
    ftol: float | None = None,
    max_iter: int | None = None,
    max_time: float | None = None,
    callback: Callable[[Iteration], Any] | None = None,
    progress: bool = False,
    path: bool = False,
    **options: Any,
) -> Result:
    """Minimize a function of a nest of arrays; its derivatives are found by themselves."""
    if isinstance(method, str) and ":" in method:
        family, _, name = method.partition(":")
        if family not in FAMILIES:
            raise ArgumentError(
                f"unknown family of methods {family!r}: choose one of {', '.join(FAMILIES) or 'none'}"
            )
        asked = {"gtol": gtol, "xtol": xtol, "ftol": ftol, "max_iter": max_iter, "max_time": max_time}
        return FAMILIES[family](
            f, x0, args, name, jac=jac, mode=mode, callback=callback, path=path,
            **{k: v for k, v in asked.items() if v is not None}, **options,
        )  # fmt: skip
    objective = Objective(f, x0, tuple(args), mode=mode, form="pair" if jac else "value")
    optimizer = method_class(method or default_method(objective))(objective, **options)
    asked = {"gtol": gtol, "xtol": xtol, "ftol": ftol, "max_iter": max_iter, "max_time": max_time}
    chosen: dict[str, Any] = {k: v for k, v in asked.items() if v is not None}
    limits = replace(optimizer.limits, **chosen)
    return run(optimizer, limits, callback=callback, progress=progress, path=path)


def default_method(objective: Objective) -> str:
    """The method that suits an objective best."""
    return "adam"
