"""The interface of an optimizer: what a method is given, and the one step that it gives."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from sys import getrefcount
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..core.errors import ArgumentError, NonFiniteError
from .bounds import Box
from .hessians import symmetric
from .limits import Limits
from .loop import run
from .objective import Array, Objective
from .options import (
    count,
    fraction,
    function,
    not_negative,
    of_its_kind,
    positive,
    rate,
    refuse_unknown,
    shown,
)  # fmt: skip
from .result import Result, Status, Test
from .stalled import Stalled

if TYPE_CHECKING:
    from .stepping import Stepping

LossFunction = Callable[[Any], Any]


class Optimizer:
    """Minimizes a loss, step by step; subclass it and give `step`.

    A subclass declares its own options as annotated class attributes with their defaults
    (`beta1: float = 0.9`), checks them and allocates what it remembers in `setup`, and moves `self.params`
    in `step`.

    Parameters
    ----------
    loss_func : callable
        `loss_func(params)` returns `(value, gradient)`, as `(v.data, v.gradient)` of a Variable, or a Variable,
        or just the value of a NumPy function, which is then differentiated: in reverse mode, unless `ad.set_mode`
        chose the other.
        The array that it is given is only to be read.
    params : number, array, Variable, or nest of them
        Where to start; a single array keeps its shape, a nest is one vector inside and a nest again in the end.
    lr : float or callable
        The learning rate, or a schedule: a function of the number of steps made so far.
    max_iter : int
        The largest number of steps.
    tol : float
        `solve` stops when a step changes the loss by less than this.
    clip : callable, optional
        What is done to every gradient before the step: `clip_by_norm(1.0)`, `clip_by_value(0.1)`.
    **options
        Those of the method.

    Attributes
    ----------
    params : ndarray
        The parameters so far.
    loss : float
        The loss there.
    gradient : ndarray
        The gradient there, of the shape of `params`.
    count : int
        How many steps were begun: 1 in the first `step`.
    resting : bool
        Set by a step that stood still on purpose: that nothing changed is then no sign of convergence.

    Raises
    ------
    ArgumentError
        An option is unknown, of the wrong kind or out of its range, or the loss is not one number.
    NonFiniteError
        The loss became NaN or infinite.

    """

    lr: float = 0.01
    #: The options of the method with their defaults, collected from the annotations of the subclass.
    options: ClassVar[dict[str, Any]] = {}
    #: The annotation of each.
    kinds: ClassVar[dict[str, Any]] = {}
    #: What of `lr` and `clip` the method has no use for, since it chooses the length of its steps by trial.
    without: ClassVar[tuple[str, ...]] = ()
    #: When `ad.minimize` ends a run of this method, unless told otherwise; while it runs, when it ends.
    limits: Limits = Limits()
    #: What the parameters are kept within, by a method that takes bounds.
    box: Box | None = None
    #: What a function given to this method becomes.
    objective_class: ClassVar[type[Objective]] = Objective

    def __init_subclass__(cls) -> None:
        annotations = inspect.get_annotations(cls)
        mine = set(annotations) - {"lr", "limits", "objective_class", "without", "box"}
        own = {k: v for k, v in cls.__dict__.items() if k in mine}
        cls.options = {**cls.options, **own}
        cls.kinds = {**cls.kinds, **{k: annotations[k] for k in own}}
        if cls.__init__ is Optimizer.__init__:
            cls.__signature__ = _signature(cls)  # type: ignore[attr-defined]

    def __init__(
        self, loss_func: LossFunction | Objective, params: Any = None, lr: Any = None, max_iter: int = 100000,
        tol: float = 1e-14, clip: Callable[[Array], Array] | None = None, **options: Any,
    ) -> None:  # fmt: skip
        self._check(lr, clip, options)
        lr = type(self).lr if lr is None else lr
        self.objective = loss_func if isinstance(loss_func, Objective) else self.objective_class(loss_func, params)
        self.params: Array = self.objective.start.copy()
        self.schedule = lr if callable(lr) else None
        self.lr = rate(lr, 0) if callable(lr) else float(lr)
        self.max_iter = count("max_iter", max_iter)
        self.tol = not_negative("tol", tol)
        self.clip = clip
        self.count = 0
        self.resting = False
        self.loss = np.inf
        self.gradient: Array = np.zeros_like(self.params)
        self._evaluated = False
        for name, value in options.items():
            setattr(self, name, of_its_kind(name, value, self.kinds[name]))
        self.setup()

    def _check(self, lr: Any, clip: Any, options: dict[str, Any]) -> None:
        """Refuse options of the wrong kind, before the loss is looked at."""
        name = type(self).__name__
        refuse_unknown(name, options, ["lr", "max_iter", "tol", "clip", *self.options])
        for given, value in (("lr", lr), ("clip", clip)):
            if value is not None and given in self.without:
                raise ArgumentError(
                    f"{name} chooses the length of its steps by value and gradient together: leave out {given}"
                )
        if callable(lr):
            function("lr", lr, "lr(count), or a positive number")
        elif lr is not None:
            positive("lr", lr, example="lr=0.01, or a schedule such as ExponentialDecay(0.1, 0.99)")
        function("clip", clip, "clip(gradient), such as clip_by_norm(1.0) or clip_by_value(0.1)")

    def setup(self) -> None:
        """Check the options and allocate what the method remembers."""

    def step(self) -> None:
        """Move `self.params` once, from `self.loss` and `self.gradient`."""
        raise NotImplementedError(f"{type(self).__name__} needs step(self), which changes self.params")

    def advance(self) -> None:
        """Make one step and evaluate the loss and the gradient where it led."""
        if self.schedule is not None:
            self._follow(self.schedule)
        self.count += 1
        self._evaluated = False
        self.step()
        if not self._evaluated:
            self.evaluate()

    def _follow(self, schedule: Callable[[int], float]) -> None:
        before, self.lr = self.lr, rate(schedule, self.count)
        # A single zero may be where a schedule begins; after two nothing will move.
        if self.count and self.lr == before == 0:
            raise Stalled(
                f"the schedule's learning rate came to zero after {self.count - 1} steps, which did not suffice",
                Status.MAX_ITER,
            )

    def evaluate(self) -> None:
        """Set `self.loss` and `self.gradient` at `self.params`."""
        given = self.params.view()
        given.flags.writeable = False
        self.loss, gradient = self.objective.value_and_gradient(given)
        self.gradient = gradient if self.clip is None else self._clipped(gradient)
        self._evaluated = True
        if getrefcount(given) > _ONE_HOLDER or getrefcount(self.params) > _TWO_HOLDERS:
            # The user's function kept what it was given: leave that alone, and go on in memory of our own.
            self.params = self.params.copy()

    def _clipped(self, gradient: Array) -> Array:
        clipped = self.clip(gradient)  # type: ignore[misc]
        if np.shape(clipped) != gradient.shape:
            raise ArgumentError(
                f"clip must return a gradient of shape {gradient.shape}, it returned "
                f"{'None' if clipped is None else f'one of shape {np.shape(clipped)}'}"
            )
        return np.asarray(clipped, gradient.dtype)

    def arrive(self, params: Array, loss: float, gradient: Array) -> None:
        """Stand at parameters whose loss and gradient a step has already computed."""
        self.params, self.loss, self.gradient = params, loss, gradient
        self._evaluated = True

    def solve(self, return_steps: bool = False) -> Any:
        """Step until the loss changes by less than `tol`, or `max_iter` times.

        Parameters
        ----------
        return_steps : bool
            Also return the way travelled.

        Returns
        -------
        params : ndarray or nest
            The parameters reached.
        steps : ndarray, with `return_steps`
            The parameters at the start and after every step, along axis 0; `len(steps) - 1` steps were made.

        Raises
        ------
        NonFiniteError
            The loss became NaN or infinite.

        """
        limits = Limits(gtol=0, xtol=0, ftol=0, change=self.tol, max_iter=self.max_iter)
        result = run(self, limits, path=return_steps, best=False)
        if result.status in (Status.NON_FINITE, Status.UNBOUNDED):
            raise NonFiniteError(
                f"{type(self).__name__}: the loss became {self.loss} at params "
                f"{np.array2string(self.params, threshold=8)}; a smaller learning rate than {self.lr} may help"
            )
        if result.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        params = self.objective.packing.unpack(self.params)
        return (params, result.path) if return_steps else params

    def minimize(self, limits: Limits | None = None, **options: Any) -> Result:
        """Step until a test of convergence or a limit is met; see `ad.minimize` for the options."""
        return run(self, limits or replace(self.limits, max_iter=self.max_iter), **options)

    def free(self) -> Array:
        """Which parameters may move: those not at a bound that the gradient holds them at."""
        if self.box is None:
            return np.ones(self.params.size, bool)
        return ~self.box.held(self.params, self.gradient)

    def slope(self) -> Array:
        """The gradient, zero for parameters that their bounds hold: where it vanishes a run is at its end."""
        return self.gradient if self.box is None else self.gradient * self.free().reshape(self.params.shape)

    def hessian(self) -> Array:
        """The Hessian where the optimizer stands, as a symmetric float64 matrix."""
        return symmetric(self.objective.hessian(self.params))

    def leap(self, params: Array, loss: float, gradient: Array) -> None:
        """Stand at a better point that was found without the method, and go on from there."""
        self.restart()
        self.arrive(params, loss, gradient if self.clip is None else self._clipped(gradient))

    def restart(self) -> None:
        """Forget what was learnt on the way to the parameters."""

    def known(self) -> Any:
        """What is known at the parameters besides value and gradient, for `recall`."""
        return self.objective.known()

    def recall(self, known: Any) -> None:
        """Know again what was known at earlier parameters."""
        self.objective.recall(known)

    def tests(self) -> dict[str, Test] | None:
        """The method's own tests of convergence by name, in place of those of the loop."""
        return None

    def settled(self) -> bool:
        """Whether a success can be believed without a look at second derivatives; only asked with `tests`."""
        return True

    def stepping(self, limits: Limits) -> Stepping | None:
        """What makes many steps at once where nobody watches them, if the method has such."""
        return None

    def inverse_hessian(self) -> Array | None:
        """The inverse Hessian that the method has found, if it has one."""
        return None


# What getrefcount says in `evaluate` of an array that one local name holds, or an attribute and a view.
def _count() -> tuple[int, int]:
    class Holder:
        params: Any

    holder = Holder()
    holder.params = np.empty(1)
    given = holder.params.view()
    return getrefcount(given), getrefcount(holder.params)


_ONE_HOLDER, _TWO_HOLDERS = _count()


def find_method(
    method: str | type[Optimizer],
    table: dict[str, type[Optimizer]],
    of: str,
    choices: str,
    others: Iterable[str] = (),
) -> type[Optimizer]:  # fmt: skip
    """The Optimizer of a name, hyphens and capitals aside; a class is one already.

    Parameters
    ----------
    method : str or subclass of Optimizer
    table : dict
        The methods by their names.
    of, choices : str
        What they are methods of, and which there are, as the message has it.
    others : iterable of str
        Names of other families, such as "scipy:SLSQP", that may be meant.

    Raises
    ------
    ArgumentError
        The table has no such name: the message gives the choices.
    """
    if isinstance(method, type) and issubclass(method, Optimizer):
        return method
    known = {_plain(k): kind for k, kind in table.items()}.get(_plain(method)) if isinstance(method, str) else None
    if known is None:
        hint = _meant(method, table, others) if isinstance(method, str) else ""
        raise ArgumentError(
            f"unknown method {shown(method)}{of}{f'{hint} C' if hint else ': c'}hoose {choices}, or a subclass of "
            "Optimizer"
        )
    return known


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _meant(name: str, table: Iterable[str], others: Iterable[str]) -> str:
    """A question for the method whose name is nearest, one of another family by its part after the colon."""
    names = {_plain(other.partition(":")[2]): other for other in others} | {_plain(key): key for key in table}
    found = difflib.get_close_matches(_plain(name), names, n=1, cutoff=0.7)
    return f"; did you mean {names[found[0]]!r}?" if found else ""


def _signature(cls: type[Optimizer]) -> inspect.Signature:
    parameters = list(inspect.signature(Optimizer.__init__).parameters.values())[1:-1]
    defaults: dict[str, Any] = {"lr": cls.lr}
    shown = [p.replace(default=defaults.get(p.name, p.default)) for p in parameters]
    shown[1] = shown[1].replace(default=inspect.Parameter.empty)
    own = [inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY, default=v) for k, v in cls.options.items()]
    return inspect.Signature([*shown, *own])


def check_fractions(optimizer: Optimizer, *names: str) -> None:
    """Refuse options outside [0, 1)."""
    for name in names:
        fraction(name, getattr(optimizer, name))


def check_positive(optimizer: Optimizer, *names: str) -> None:
    """Refuse options that are not greater than zero, or infinite."""
    for name in names:
        positive(name, getattr(optimizer, name))
