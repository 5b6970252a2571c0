"""The interface of an optimizer, and the loop that drives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..classic.mode import current_mode
from ..classic.variable import Variable
from ..core.errors import ArgumentError, NonFiniteError, ShapeError
from ..core.variable import as_input
from ..transforms.forward import jvp
from ..transforms.gradients import value_and_grad
from ..transforms.jacobians import jacfwd

LossFunction = Callable[[Any], Any]


class Optimizer:
    """Minimizes a loss, step by step; subclass it and give `step`.

    Parameters
    ----------
    loss_func : callable
        `loss_func(params)` returns `(value, gradient)`, as `(v.data, v.gradient)` of a Variable, or a Variable,
        or just the value of a NumPy function, which is then differentiated in the ambient mode (`ad.set_mode`).
    params : number, list, array or Variable
        Where to start; its shape is that of the parameters throughout.
    lr : float
        The learning rate.
    max_iter : int
        The largest number of steps.
    tol : float
        `solve` stops when a step changes the loss by less than this.

    Attributes
    ----------
    params : ndarray
        The parameters so far.
    loss : float
        The loss there.
    gradient : ndarray
        The gradient there, of the shape of `params`.

    Raises
    ------
    ArgumentError
        `lr` or `max_iter` is not positive, or the loss is not one number.
    NonFiniteError
        The loss became NaN or infinite.

    """

    def __init__(
        self, loss_func: LossFunction, params: Any, lr: float = 0.01, max_iter: int = 100000, tol: float = 1e-14
    ) -> None:
        if not callable(loss_func):
            raise ArgumentError(f"loss_func must be callable, got {loss_func!r}")
        if not lr > 0 or max_iter < 1:
            raise ArgumentError(f"lr and max_iter must be positive, got lr={lr} and max_iter={max_iter}")
        self.loss_func = loss_func
        start = params.data if isinstance(params, Variable) else params
        self.params = np.array(as_input(start, "the parameters"))
        self.lr = lr
        self.max_iter = max_iter
        self.tol = tol
        self.loss = np.inf
        self.gradient = np.zeros_like(self.params)

    def step(self) -> None:
        """Move `self.params` once, from `self.loss` and `self.gradient`."""
        raise NotImplementedError(f"{type(self).__name__} needs step(self), which changes self.params")

    def solve(self, return_steps: bool = False) -> Any:
        """Step until the loss changes by less than `tol`, or `max_iter` times.

        Parameters
        ----------
        return_steps : bool
            Also return the way travelled.

        Returns
        -------
        params : ndarray
            The parameters reached.
        steps : ndarray, with `return_steps`
            The parameters at the start and after every step, along axis 0; `len(steps) - 1` steps were made.

        Raises
        ------
        NonFiniteError
            The loss became NaN or infinite.

        """
        steps = [self.params.copy()]
        self.evaluate()
        for _ in range(self.max_iter):
            previous = self.loss
            self.step()
            self.evaluate()
            if return_steps:
                steps.append(self.params.copy())
            if abs(previous - self.loss) < self.tol:
                break
        return (self.params, np.array(steps)) if return_steps else self.params

    def evaluate(self) -> None:
        """Set `self.loss` and `self.gradient` at `self.params`."""
        # The user's function gets an array of its own: what it writes or keeps is never ours.
        loss, gradient = loss_and_gradient(self.loss_func, self.params.copy())
        if not np.isfinite(loss):
            raise NonFiniteError(
                f"{type(self).__name__}: the loss became {loss} at params "
                f"{np.array2string(self.params, threshold=8)}; a smaller learning rate than {self.lr} may help"
            )
        self.loss, self.gradient = loss, gradient


def loss_and_gradient(loss_func: LossFunction, params: np.ndarray[Any, Any]) -> tuple[float, Any]:
    """The loss as a number and its gradient in the shape of the parameters, however the function gives them."""
    got = loss_func(params)
    if isinstance(got, Variable):
        got = (got.data, got.gradient)
    if not isinstance(got, tuple):
        return _differentiated(loss_func, params)
    if len(got) != 2:
        raise ArgumentError(f"loss_func must return (value, gradient) or a value, it returned {len(got)} things")
    value, gradient = got
    if np.size(value) != 1:
        raise ArgumentError(f"the loss must be one number, it has shape {np.shape(value)}")
    parts = gradient if isinstance(gradient, (list, tuple)) else [gradient]
    flat = np.concatenate([np.ravel(part) for part in parts])
    if flat.size != params.size:
        raise ShapeError(f"the gradient holds {flat.size} numbers for parameters of shape {params.shape}")
    return float(np.reshape(value, ())), flat.reshape(params.shape)


def _differentiated(loss_func: LossFunction, params: np.ndarray[Any, Any]) -> tuple[float, Any]:
    def scalar(x: Any) -> Any:
        value = loss_func(x)
        return np.reshape(value, ()) if np.size(value) == 1 else value

    if current_mode() == "reverse":
        value, gradient = value_and_grad(scalar)(params)
    else:
        value, _ = jvp(scalar, (params,), (np.zeros_like(params),))
        if np.shape(value) != ():
            raise ArgumentError(f"the loss must be one number, it has shape {np.shape(value)}")
        gradient = jacfwd(scalar)(params)
    return float(value), np.asarray(gradient)
