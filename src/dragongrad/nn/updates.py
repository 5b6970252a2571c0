"""Optimizers as pure updates: parameters, gradient and state in, parameters and state out.

The formulas are those of the classes in `dragongrad.optimize`. The state is a nest of arrays, so a whole training
step is one function that `ad.compile` makes native, and a checkpoint keeps it like any other nest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.nests import flatten, unflatten
from ..core.variable import plain, value_of
from ..hints import Elsewhere
from ..optimize.clipping import clip_by_norm, clip_by_value
from ..optimize.methods.formulas import FORMULAS, Formula
from ..optimize.options import fraction, not_negative, positive, refuse_unknown
from ..optimize.schedules import CosineDecay, ExponentialDecay, OneCycle, StepDecay, WarmUp
from .layers import Params

__all__ = [
    "CosineDecay", "ExponentialDecay", "OneCycle", "StepDecay", "Update", "WarmUp", "adadelta", "adagrad",
    "adam", "adamw", "amsgrad", "clip_by_norm", "clip_by_value", "lion", "momentum", "nadam", "nesterov",
    "radam", "rmsprop", "rprop", "sgd",
]  # fmt: skip

Rate = float | Callable[[Any], Any]


@dataclass(frozen=True)
class Update:
    """One step of a first-order method, as a pure function.

    Made by `nn.adam(1e-3)` and its like; called as `params, state = update(params, gradient, state)`.

    Attributes
    ----------
    method : str
        Its name.
    lr : float or callable
        The learning rate, or a schedule: a function of the number of steps made so far.
    options : dict
        The options of the method.
    clip : callable, optional
        From a gradient, all arrays of the nest one after the other, to a clipped one: `nn.clip_by_norm(1.0)`.
    decay : float
        How strongly parameters are drawn to zero: they are multiplied by `1 - lr * decay` before the step
        (Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019).
    decays : callable or nest of bool, optional
        Which are: of each array, such as `lambda w: w.ndim > 1`; all of them without it.
    average : float, optional
        How much a running mean of the parameters keeps at each step; `update.averaged(state)` is that mean (Polyak
        and Juditsky, *Acceleration of stochastic approximation by averaging*, 1992).

    Examples
    --------
    >>> import numpy as np
    >>> import dragongrad as ad
    >>> from dragongrad import nn
    >>> update = nn.adam(0.1)
    >>> params = {"x": np.array([0.0, 1.0])}
    >>> state = update.start(params)
    >>> @ad.compile
    ... def step(params, state):
    ...     gradient = ad.grad(lambda p: np.sum((p["x"] - 3) ** 2))(params)
    ...     return update(params, gradient, state)
    >>> for _ in range(500):
    ...     params, state = step(params, state)
    >>> params["x"].round(4)
    array([3., 3.])

    """

    method: str
    lr: Rate
    options: dict[str, Any] = field(default_factory=dict)
    clip: Callable[[Any], Any] | None = None
    decay: float = 0.0
    decays: Any = None
    average: float | None = None

    @property
    def _formula(self) -> Formula:
        return FORMULAS[self.method]

    @property
    def _remembered(self) -> list[str]:
        return self._formula.remembered(self.options)

    def start(self, params: Params) -> dict[str, Any]:
        """The state before the first step: a nest of arrays.

        Parameters
        ----------
        params : nest of arrays
            Of one dtype of floating numbers, or several.

        Returns
        -------
        dict
            `count`, the number of steps made; `memory`, what the method remembers of each array; `numbers`, what it
            remembers besides; `average`, the mean of the parameters where one is kept.
        """
        leaves, structure = flatten(params)
        if any(np.asarray(value_of(leaf)).dtype.kind not in "fc" for leaf in leaves):
            raise ArgumentError("parameters are floating numbers: keep counts and labels out of their nest")
        first = self.lr(0) if callable(self.lr) else self.lr
        begun = [self._formula.begin(leaf, first, self.options) for leaf in leaves]
        state: dict[str, Any] = {
            # Whole numbers up to 2**53, and the powers of a decay as exact as can be.
            "count": np.zeros((), np.float64),
            "memory": {name: unflatten(structure, [b[name] for b in begun]) for name in self._remembered},
            "numbers": {name: np.asarray(value, np.float64) for name, value in self._formula.numbers.items()},
        }
        if self.average is not None:
            state["average"] = unflatten(structure, [np.array(leaf) for leaf in leaves])
        return state

    # What other libraries call what is here

    init = Elsewhere("Optax", "state = update.start(params)")
    update = Elsewhere("Optax", "params, state = update(params, gradient, state)")
    step = Elsewhere("PyTorch", "params, state = update(params, gradient, state)")
    zero_grad = Elsewhere("PyTorch", "nothing: gradients are returned, and nothing adds up")

    def __call__(self, params: Params, gradient: Params, state: dict[str, Any]) -> tuple[Params, dict[str, Any]]:
        """The parameters and the state after one step.

        Parameters
        ----------
        params, gradient : nests of arrays
            Of the same structure and shapes.
        state : dict
            What `start`, or the step before, returned.

        Returns
        -------
        params, state
            Of the same structure, shapes and dtypes.

        Raises
        ------
        ShapeError
            The gradient is not one of these parameters.
        """
        leaves, structure = flatten(params)
        # Python's numbers have no dtype.
        leaves = [np.float64(x) if x.__class__ is float else x for x in leaves]
        slopes, given = flatten(gradient)
        if given != structure or any(np.shape(a) != np.shape(b) for a, b in zip(leaves, slopes, strict=True)):
            raise ShapeError(
                f"the gradient has the structure {given}, the parameters {structure}, or other shapes: "
                "it must be ad.grad(loss) at these parameters"
            )
        if set(state["memory"]) != set(self._remembered):
            had, wanted = (", ".join(names) or "nothing" for names in (state["memory"], self._remembered))
            raise ArgumentError(
                f"the state is of another method: it remembers {had}, and nn.{self.method} {wanted}; begin with "
                "update.start(params)"
            )
        lr = self.lr(state["count"]) if callable(self.lr) else self.lr
        count = _array(state["count"] + 1)
        rates, numbers = self._formula.rates(count, lr, state["numbers"], self.options)
        slopes = slopes if self.clip is None else self._clipped(slopes)
        memories = [flatten(state["memory"][name])[0] for name in self._remembered]
        moved, new = [], []
        for k, (x, g, decayed) in enumerate(zip(leaves, slopes, self._decayed(params, leaves), strict=True)):
            x, own = plain(x), {name: _like(x, value) for name, value in rates.items()}
            start = x * (1 - _like(x, lr) * self.decay) if decayed else x
            memory = dict(zip(self._remembered, [m[k] for m in memories], strict=True))
            x, memory = self._formula.move(start, g, memory, own, self.options)
            moved.append(x)
            new.append(memory)
        state = {
            **state, "count": count, "numbers": {k: _array(v) for k, v in numbers.items()},
            "memory": {name: unflatten(structure, [m[name] for m in new]) for name in self._remembered},
        }  # fmt: skip
        if self.average is not None:
            before, _ = flatten(state["average"])
            kept = [a * self.average + x * (1 - self.average) for a, x in zip(before, moved, strict=True)]
            state["average"] = unflatten(structure, kept)
        return unflatten(structure, moved), state

    def averaged(self, state: dict[str, Any]) -> Params:
        """The running mean of the parameters.

        Raises
        ------
        ArgumentError
            None is kept: make the update with `average=0.999`.
        """
        if self.average is None:
            raise ArgumentError(f"no mean of the parameters is kept: nn.{self.method}(..., average=0.999)")
        return state["average"]

    def _clipped(self, slopes: list[Any]) -> list[Any]:
        """The gradient after clipping, all arrays together."""
        assert self.clip is not None
        whole = self.clip(np.concatenate([np.ravel(g) for g in slopes]))
        parts, at = [], 0
        for g in slopes:
            size = int(np.prod(np.shape(g)))
            parts.append(np.reshape(whole[at : at + size], np.shape(g)))
            at += size
        return parts

    def _decayed(self, params: Params, leaves: list[Any]) -> list[bool]:
        if not self.decay:
            return [False] * len(leaves)
        if self.decays is None:
            return [True] * len(leaves)
        if callable(self.decays):
            return [bool(self.decays(leaf)) for leaf in leaves]
        chosen, structure = flatten(self.decays)
        if structure != flatten(params)[1]:
            raise ArgumentError(f"decays= has the structure {structure}, not that of the parameters")
        return [bool(c) for c in chosen]


def _array(number: Any) -> Any:
    """An array without axes, where NumPy makes a number of one: the same kind of argument at every step."""
    return np.reshape(np.atleast_1d(number), ())


def _like(x: Any, value: Any) -> Any:
    """A number that all arrays share, in the dtype of one: a double would make more of it."""
    if value.__class__ in (int, float):
        return value
    return value if value.dtype.kind == "b" else value.astype(x.dtype)


def _made(name: str, lr: Rate, given: dict[str, Any], more: dict[str, Any]) -> Update:
    formula = FORMULAS[name]
    refuse_unknown(f"nn.{name}", more, ["lr", *given, "clip", "decay", "decays", "average"])
    if not callable(lr):
        positive("lr", lr, example="nn.adam(1e-3), or a schedule such as nn.CosineDecay(1e-3, steps=1000)")
    formula.check(given)
    not_negative("decay", more.get("decay", 0.0))
    if more.get("clip") is not None and not callable(more["clip"]):
        raise ArgumentError(f"clip is a function such as nn.clip_by_norm(1.0), got {more['clip']!r}")
    if more.get("average") is not None:
        fraction("average", more["average"])
    return Update(name, lr, given, **more)


def sgd(lr: Rate = 0.01, *, momentum: float = 0.0, nesterov: bool = False, **more: Any) -> Update:
    """Gradient descent, with or without momentum.

    Parameters
    ----------
    lr : float or callable
        The learning rate, or a schedule of it.
    momentum : float
        How much of the velocity is kept each step, in [0, 1).
    nesterov : bool
        Whether the gradient is added once more to the velocity (Sutskever et al., ICML 2013).
    clip, decay, decays, average
        As `Update` has them, for every method here.

    Returns
    -------
    Update

    Raises
    ------
    ArgumentError
        An option is unknown, of the wrong kind or out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> update = nn.sgd(0.1)
    >>> update(np.array([1.0]), np.array([2.0]), update.start(np.array([1.0])))[0]
    array([0.8])

    """
    if not momentum:
        if nesterov:
            raise ArgumentError("Nesterov's step needs a momentum: nn.sgd(lr, momentum=0.9, nesterov=True)")
        return _made("gd", lr, {}, more)
    return _made("nesterov" if nesterov else "momentum", lr, {"momentum": momentum}, more)


def momentum(lr: Rate = 0.01, *, momentum: float = 0.9, **more: Any) -> Update:
    """The heavy ball: `dragongrad.optimize.Momentum` as an update; arguments as `sgd`."""
    return _made("momentum", lr, {"momentum": momentum}, more)


def nesterov(lr: Rate = 0.01, *, momentum: float = 0.9, **more: Any) -> Update:
    """Nesterov's momentum: `dragongrad.optimize.Nesterov` as an update; arguments as `sgd`."""
    return _made("nesterov", lr, {"momentum": momentum}, more)


def rprop(
    lr: Rate = 0.01, *, increase: float = 1.2, decrease: float = 0.5, smallest: float = 0.0, largest: float = 50.0,
    **more: Any,
) -> Update:  # fmt: skip
    """Resilient propagation: `dragongrad.optimize.Rprop` as an update; for whole data sets, not for batches."""
    given = {"increase": increase, "decrease": decrease, "smallest": smallest, "largest": largest}
    return _made("rprop", lr, given, more)


def adagrad(lr: Rate = 0.01, *, eps: float = 1e-10, **more: Any) -> Update:
    """Steps over the root of the sum of squares: `dragongrad.optimize.Adagrad` as an update."""
    return _made("adagrad", lr, {"eps": eps}, more)


def adadelta(lr: Rate = 1.0, *, rho: float = 0.95, eps: float = 1e-6, **more: Any) -> Update:
    """Steps of the size of those before: `dragongrad.optimize.AdaDelta` as an update."""
    return _made("adadelta", lr, {"rho": rho, "eps": eps}, more)


def rmsprop(
    lr: Rate = 0.01, *, decay_rate: float = 0.9, eps: float = 1e-8, momentum: float = 0.0, centered: bool = False,
    **more: Any,
) -> Update:  # fmt: skip
    """Steps over the root mean square: `dragongrad.optimize.RMSProp` as an update.

    `decay_rate` is how much of the mean square is kept each step; `decay` is that of the weights.
    """
    return _made("rmsprop", lr, {"decay": decay_rate, "eps": eps, "momentum": momentum, "centered": centered}, more)


def adam(lr: Rate = 1e-3, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, **more: Any) -> Update:
    """Adam: `dragongrad.optimize.Adam` as an update.

    Parameters
    ----------
    lr : float or callable
        The learning rate, or a schedule of it.
    beta1, beta2 : float
        How much of the running means of the gradient and of its square is kept each step, in [0, 1).
    eps : float
        Added to the denominator.
    clip, decay, decays, average
        As `Update` has them.

    Returns
    -------
    Update

    Raises
    ------
    ArgumentError
        An option is unknown, of the wrong kind or out of its range.

    """
    return _made("adam", lr, {"beta1": beta1, "beta2": beta2, "eps": eps}, more)


def adamw(
    lr: Rate = 1e-3, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.01,
    **more: Any,
) -> Update:  # fmt: skip
    """Adam with decoupled weight decay: `dragongrad.optimize.AdamW` as an update; `decays` says of which arrays."""
    given = {"beta1": beta1, "beta2": beta2, "eps": eps}
    not_negative("weight_decay", weight_decay)
    return _made("adam", lr, given, {"decay": weight_decay, **more})


def amsgrad(lr: Rate = 1e-3, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, **more: Any) -> Update:
    """Adam by the largest mean square so far: `dragongrad.optimize.AMSGrad` as an update; arguments as `adam`."""
    return _made("amsgrad", lr, {"beta1": beta1, "beta2": beta2, "eps": eps}, more)


def nadam(
    lr: Rate = 1e-3, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, momentum_decay: float = 0.004,
    **more: Any,
) -> Update:  # fmt: skip
    """Adam with Nesterov's momentum: `dragongrad.optimize.NAdam` as an update."""
    given = {"beta1": beta1, "beta2": beta2, "eps": eps, "momentum_decay": momentum_decay}
    return _made("nadam", lr, given, more)


def radam(lr: Rate = 1e-3, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, **more: Any) -> Update:
    """Adam with a rectified start: `dragongrad.optimize.RAdam` as an update; arguments as `adam`."""
    return _made("radam", lr, {"beta1": beta1, "beta2": beta2, "eps": eps}, more)


def lion(
    lr: Rate = 1e-4, *, beta1: float = 0.9, beta2: float = 0.99, weight_decay: float = 0.0, **more: Any
) -> Update:
    """Steps by the sign: `dragongrad.optimize.Lion` as an update; `decays` says which arrays decay."""
    not_negative("weight_decay", weight_decay)
    return _made("lion", lr, {"beta1": beta1, "beta2": beta2, "weight_decay": 0.0}, {"decay": weight_decay, **more})
