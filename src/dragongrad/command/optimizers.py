"""Optimizers that are typed in with their options, and the learning rates that nobody chose."""

from __future__ import annotations

import math
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..optimize.limits import Limits
from ..optimize.line_search.method import LineSearchOptimizer
from ..optimize.minimize import ADAPTERS, METHODS, method_class, minimize
from ..optimize.trust_region.method import TrustRegion
from ..optimize.zoo import Problem
from .reading import check_list, is_number

Options = dict[str, Any]
Entries = dict[str, tuple[str, Options]]

_TRIAL_STEPS = 60
_TRIALS = 14
# What every method of ours understands beside its own options.
_LIMITS = {f.name: f.default for f in fields(Limits) if f.name != "change"}
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def read_optimizers(text: str, lr: float | None = None) -> Entries:
    """Optimizers by name with their options, as `gd,adam:lr=0.1:beta1=0.8,scipy:bfgs`.

    Raises
    ------
    ArgumentError
        A method or an option is unknown, a value is of another kind, or one optimizer is named twice.

    """
    if lr is not None and not 0 < lr < math.inf:
        raise ArgumentError(f"--lr is a positive number, not {lr:g}")
    labels = [part.strip() for part in text.split(",")]
    check_list(labels, "method", "give each its own options, as gd:lr=0.1,gd:lr=0.2")
    return {label: _read_optimizer(label, lr) for label in labels}


def _read_optimizer(label: str, lr: float | None) -> tuple[str, Options]:
    words = [word.strip() for word in label.split(":")]
    if words[0] in ADAPTERS:
        if len(words) == 1 or "=" in words[1] or not words[1]:
            raise ArgumentError(f"{label!r} names no method: write scipy:NAME, as scipy:bfgs")
        method, words, known = ":".join(words[:2]), words[2:], None
    else:
        if not words[0]:
            raise ArgumentError(f"an optimizer is named as adam or adam:lr=0.1, {label!r} has no name")
        method, words, known = words[0], words[1:], _known(words[0])
    options: Options = {}
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        if not equals:
            raise ArgumentError(f"the options of an optimizer are written adam:lr=0.1:beta1=0.8, not {label!r}")
        if name in options:
            raise ArgumentError(f"{label}: {name} is given twice")
        if known is not None and name not in known:
            raise ArgumentError(f"{method} has no option {name!r}; it has: {', '.join(known)}")
        options[name] = _value(f"{label}: {name}", value, None if known is None else known[name])
    if lr is not None and has_rate(method):
        options = {"lr": lr, **options}
    if not 0 < options.get("lr", 1.0) < math.inf:
        raise ArgumentError(f"{label}: lr is a positive number, not {options['lr']:g}")
    return method, options


def _known(name: str) -> Options:
    """The options of a method, with their defaults."""
    if name not in ADAPTERS and not _is_method(name):
        near = get_close_matches(name.lower(), METHODS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(METHODS)}, scipy:NAME"
        raise ArgumentError(f"unknown method {name!r}: {hint}")
    kind = method_class(name)
    return {"lr": kind.lr, **kind.options, **_LIMITS}


def _is_method(name: str) -> bool:
    try:
        method_class(name)
    except ArgumentError:
        return False
    return True


def _value(what: str, text: str, default: Any) -> Any:
    """A number of the kind of a default, or, where nothing is known of it, of the kind that it looks like."""
    if isinstance(default, bool):
        if text.lower() not in _TRUTHS:
            raise ArgumentError(f"{what} is true or false, not {text!r}")
        return _TRUTHS[text.lower()]
    if not is_number(text) or math.isnan(float(text)):
        raise ArgumentError(f"{what} is a number, not {text!r}")
    number = float(text)
    whole = number.is_integer() and abs(number) < 2**63
    if isinstance(default, int) and not whole:
        raise ArgumentError(f"{what} is a whole number, not {text!r}")
    return int(number) if whole and (isinstance(default, int) or default is None) else number


def has_rate(name: str) -> bool:
    """Whether a method has a learning rate that matters: those that search for the length of a step do not."""
    return ":" not in name and not issubclass(method_class(name), (LineSearchOptimizer, TrustRegion))


def tame(problem: Problem, start: np.ndarray[Any, Any], entries: Entries) -> tuple[Entries, list[str]]:
    """Make smaller the learning rates that nobody chose and with which a method flies off; and a note of each."""
    tamed, notes = {}, []
    for label, (method, options) in entries.items():
        tamed[label] = (method, options)
        if "lr" in options or not has_rate(method):
            continue
        usual = rate = float(method_class(method).lr)
        for _ in range(_TRIALS):
            if _stays(problem, start, method, {**options, "lr": rate}):
                break
            rate /= 2
        if rate != usual:
            tamed[label] = (method, {**options, "lr": rate})
            notes.append(f"{label}: lr = {rate:.3g}, since {usual:g} diverges from here")
    return tamed, notes


def _stays(problem: Problem, start: np.ndarray[Any, Any], method: str, options: Options) -> bool:
    steps = min(_TRIAL_STEPS, options.get("max_iter", _TRIAL_STEPS))
    with np.errstate(all="ignore"):
        run = minimize(problem.f, start, method=method, path=True, **{**options, "max_iter": steps})
    assert run.losses is not None
    return bool(np.isfinite(run.losses).all() and run.losses[-1] <= run.losses[0])
