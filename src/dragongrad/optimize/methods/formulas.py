"""The formulas of the first-order methods: pure functions of arrays, each written once.

A step is made of two. `rates` computes from the number of the step (1 at the first) and the learning rate the
numbers that all arrays share; `move` takes one array, its gradient and what is remembered of it, and returns all
anew. Both are plain NumPy: they run on arrays a piece at a time, on whole nests, and inside a compiled step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..options import fraction, not_negative, positive

Numbers = Mapping[str, Any]
Memory = dict[str, Any]


def _rate(count: Any, lr: Any, numbers: Numbers, options: Numbers) -> tuple[Numbers, Numbers]:
    return {"rate": lr}, numbers


@dataclass(frozen=True)
class Formula:
    """A method.

    Attributes
    ----------
    move : callable
        `move(x, g, memory, rates, options)`: the array and the memory after the step.
    memory : tuple of str
        What is remembered of each array: arrays of its shape that begin at zero.
    rates : callable
        `rates(count, lr, numbers, options)`: what the arrays share, and the numbers handed on to the next step.
    numbers : mapping
        Those numbers at the start.
    only : mapping
        Of what is remembered: the option without which it is not.
    fractions, positive, not_negative : tuple of str
        The options that lie in [0, 1), above zero, and not below it.

    """

    move: Callable[[Any, Any, Memory, Numbers, Numbers], tuple[Any, Memory]]
    memory: tuple[str, ...] = ()
    rates: Callable[[Any, Any, Numbers, Numbers], tuple[Numbers, Numbers]] = _rate
    numbers: Numbers = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)
    fractions: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    not_negative: tuple[str, ...] = ()

    def check(self, options: Numbers) -> None:
        """Refuse options that do not lie as they must."""
        for names, test in (
            (self.fractions, fraction),
            (self.positive, positive),
            (self.not_negative, not_negative),
        ):
            for name in names:
                test(name, options[name])

    def remembered(self, options: Numbers) -> list[str]:
        """The names of what is remembered with these options."""
        return [name for name in self.memory if options.get(self.only.get(name, ""), True)]

    def begin(self, like: Any, lr: float, options: Numbers) -> Memory:
        """What is remembered of an array before the first step."""
        # The lengths of Rprop's steps begin at its rate.
        return {
            name: np.full_like(like, lr) if name == "length" else np.zeros_like(like)
            for name in self.remembered(options)
        }


def blend(mean: Any, new: Any, keep: float) -> Any:
    """A running mean after one more."""
    return mean * keep + new * (1 - keep)


# Without means


def _descend(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    return x - g * rates["rate"], memory


def _momentum(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    velocity = memory["velocity"] * options["momentum"] + g
    return x - velocity * rates["rate"], {"velocity": velocity}


def _nesterov(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    velocity = memory["velocity"] * options["momentum"] + g
    return x - (velocity * options["momentum"] + g) * rates["rate"], {"velocity": velocity}


def _rprop(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    sign = np.sign(g)
    turn = sign * memory["sign"]
    factor = np.where(turn > 0, options["increase"], np.where(turn < 0, options["decrease"], 1.0))
    length = np.clip(memory["length"] * factor.astype(x.dtype), options["smallest"], options["largest"])
    sign = np.where(turn < 0, 0.0, sign)
    return x - sign * length, {"length": length, "sign": sign}


# By squares


def _adagrad(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    square = memory["square"] + g * g
    return x - g / (np.sqrt(square) + options["eps"]) * rates["rate"], {"square": square}


def _adadelta(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    square = blend(memory["square"], g * g, options["rho"])
    move = np.sqrt((memory["moved"] + options["eps"]) / (square + options["eps"])) * g
    return x - move * rates["rate"], {
        "square": square,
        "moved": blend(memory["moved"], move * move, options["rho"]),
    }


def _rmsprop(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    new = {"square": blend(memory["square"], g * g, options["decay"])}
    variance = new["square"]
    if options["centered"]:
        new["mean"] = blend(memory["mean"], g, options["decay"])
        # A variance of zero may come out a rounding error below it.
        variance = np.maximum(variance - new["mean"] * new["mean"], 0)
    scaled = g / (np.sqrt(variance) + options["eps"])
    if options["momentum"]:
        scaled = new["velocity"] = memory["velocity"] * options["momentum"] + scaled
    return x - scaled * rates["rate"], new


# Adam and its kin


def _corrected(count: Any, lr: Any, numbers: Numbers, options: Numbers) -> tuple[Numbers, Numbers]:
    """The rate over what the mean still lacks, and the root of what the square lacks."""
    return {
        "lr": lr, "rate": lr / (1 - options["beta1"] ** count),
        "correction": np.sqrt(1 - options["beta2"] ** count),
    }, numbers  # fmt: skip


def _means(g: Any, memory: Memory, options: Numbers) -> Memory:
    return {
        "mean": blend(memory["mean"], g, options["beta1"]),
        "square": blend(memory["square"], g * g, options["beta2"]),
    }


def _adam(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    new = _means(g, memory, options)
    return x - new["mean"] / (np.sqrt(new["square"]) / rates["correction"] + options["eps"]) * rates["rate"], new


def _adamw(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    return _adam(x * (1 - rates["lr"] * options["weight_decay"]), g, memory, rates, options)


def _amsgrad(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    new = _means(g, memory, options)
    new["largest"] = np.maximum(memory["largest"], new["square"])
    return x - new["mean"] / (np.sqrt(new["largest"]) / rates["correction"] + options["eps"]) * rates["rate"], new


def _mu(count: Any, options: Numbers) -> Any:
    return options["beta1"] * (1 - 0.5 * 0.96 ** (count * options["momentum_decay"]))


def _nadam_rates(count: Any, lr: Any, numbers: Numbers, options: Numbers) -> tuple[Numbers, Numbers]:
    now, following = _mu(count, options), _mu(count + 1, options)
    # The product of mu over all steps: what the start at zero still weighs in the mean.
    product = numbers["product"] * now
    return {
        "rate": lr, "of_gradient": (1 - now) / (1 - product), "of_mean": following / (1 - product * following),
        "correction": np.sqrt(1 - options["beta2"] ** count),
    }, {"product": product}  # fmt: skip


def _nadam(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    new = _means(g, memory, options)
    ahead = new["mean"] * rates["of_mean"] + g * rates["of_gradient"]
    return x - ahead / (np.sqrt(new["square"]) / rates["correction"] + options["eps"]) * rates["rate"], new


def _radam_rates(count: Any, lr: Any, numbers: Numbers, options: Numbers) -> tuple[Numbers, Numbers]:
    rate, correction = lr / (1 - options["beta1"] ** count), 1 - options["beta2"] ** count
    longest = 2 / (1 - options["beta2"]) - 1
    length = longest - 2 * count * options["beta2"] ** count / correction
    # The variance of the mean square is known once the sum is long enough.
    known = length > 5
    safe = np.where(known, length, 6.0)
    top = correction * (safe - 4) * (safe - 2) * longest
    scaled = rate * np.sqrt(top / ((longest - 4) * (longest - 2) * safe))
    return {"rate": np.where(known, scaled, rate), "known": known}, numbers


def _radam(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    new = _means(g, memory, options)
    denominator = np.where(rates["known"], np.sqrt(new["square"]) + options["eps"], 1.0)
    return x - new["mean"] / denominator * rates["rate"], new


def _lion(x: Any, g: Any, memory: Memory, rates: Numbers, options: Numbers) -> tuple[Any, Memory]:
    step = np.sign(blend(memory["mean"], g, options["beta1"]))
    if options["weight_decay"]:
        step = step + x * options["weight_decay"]
    return x - step * rates["rate"], {"mean": blend(memory["mean"], g, options["beta2"])}


def _of_means(
    move: Any,
    *more: str,
    rates: Any = _corrected,
    numbers: Numbers | None = None,
    not_negative: tuple[str, ...] = (),
) -> Formula:
    memory, fractions = ("mean", "square", *more), ("beta1", "beta2")
    return Formula(move, memory, rates, numbers or {}, {}, fractions, ("eps",), not_negative)


#: The methods by name.
FORMULAS: dict[str, Formula] = {
    "gd": Formula(_descend),
    "momentum": Formula(_momentum, ("velocity",), fractions=("momentum",)),
    "nesterov": Formula(_nesterov, ("velocity",), fractions=("momentum",)),
    "rprop": Formula(_rprop, ("length", "sign"), not_negative=("smallest",)),
    "adagrad": Formula(_adagrad, ("square",), positive=("eps",)),
    "adadelta": Formula(_adadelta, ("square", "moved"), fractions=("rho",), positive=("eps",)),
    "rmsprop": Formula(
        _rmsprop, ("square", "mean", "velocity"), only={"mean": "centered", "velocity": "momentum"},
        fractions=("decay", "momentum"), positive=("eps",),
    ),
    "adam": _of_means(_adam),
    "adamw": _of_means(_adamw, not_negative=("weight_decay",)),
    "amsgrad": _of_means(_amsgrad, "largest"),
    "nadam": _of_means(_nadam, rates=_nadam_rates, numbers={"product": 1.0}, not_negative=("momentum_decay",)),
    "radam": _of_means(_radam, rates=_radam_rates),
    "lion": Formula(_lion, ("mean",), fractions=("beta1", "beta2"), not_negative=("weight_decay",)),
}  # fmt: skip
