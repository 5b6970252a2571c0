"""A network of two layers that learns to tell points apart, a few steps at a time."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ... import nn
from ...compiler.decorator import compile
from ...core.errors import ArgumentError
from ...transforms.gradients import value_and_grad
from .asked import Asked
from .points import SETS, points

KNOWN = ("data", "noise", "points", "hidden", "activation", "o", "lr", "seed")
RUNNING = ("speed", "lr")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "gelu")
UPDATES = ("adam", "sgd", "momentum", "rmsprop")
# Pixels along each side of the map, which reaches so far from the origin.
SIDE, REACH = 50, 1.4
_LONGEST = 20_000
# Seconds between two pictures.
_FRAME = 0.07
_KEPT = 16
# Seconds to wait for a page that has just been told to stop.
_PATIENCE = 2.0


@dataclass(frozen=True)
class Setup:
    """What is trained, and on what."""

    data: str
    noise: float
    points: int
    hidden: int
    activation: str
    update: str
    lr: float
    seed: int


def read_setup(asked: Asked) -> Setup:
    """The network that a page asks for.

    Raises
    ------
    ArgumentError
        A word is unknown, or a number out of its range.

    """
    return Setup(
        asked.choice("data", SETS), asked.number("noise", 0.05, 0.0, 0.5), asked.whole("points", 200, 10, 500),
        asked.whole("hidden", 12, 1, 64), asked.choice("activation", ACTIVATIONS), asked.choice("o", UPDATES),
        read_rate(asked, 0.03), asked.whole("seed", 0, 0, 9999),
    )  # fmt: skip


def read_rate(asked: Asked, usual: float) -> float:
    """A learning rate."""
    return asked.number("lr", usual, 1e-6, 10.0)


def _model(hidden: int, activation: str) -> nn.Chain:
    return nn.Chain(hidden=nn.Dense(hidden), bend=getattr(nn, activation), out=nn.Dense(1))


@lru_cache(32)
def _step(hidden: int, activation: str, update: str, lr: float) -> tuple[nn.Update, Callable[..., Any]]:
    """One step of an update, compiled: parameters, state and loss from those before."""
    model, rule = _model(hidden, activation), getattr(nn, update)(lr)

    def step(params: Any, state: Any, x: Any, y: Any) -> Any:
        loss, slope = value_and_grad(lambda p: nn.binary_cross_entropy(model(p, x)[:, 0], y))(params)
        return *rule(params, slope, state), loss

    return rule, compile(step)


class Training:
    """Parameters on their way.

    Attributes
    ----------
    setup : Setup
    steps : int
        How many were made.
    lock : Lock
        Held by who trains it.

    """

    def __init__(self, setup: Setup) -> None:
        self.setup, self.steps = setup, 0
        self.lock = threading.Lock()
        self.x, self.y = points(setup.data, setup.points, setup.noise, setup.seed)
        self._model = _model(setup.hidden, setup.activation)
        self._params = self._model.init(np.random.default_rng(setup.seed), (2,))
        self._rule, self._advance = self._at(setup.lr)
        self._state = self._rule.start(self._params)
        self._losses: list[list[float]] = []

    def _at(self, lr: float) -> tuple[nn.Update, Callable[..., Any]]:
        return _step(self.setup.hidden, self.setup.activation, self.setup.update, lr)

    def set_rate(self, lr: float) -> None:
        """Go on with another learning rate."""
        self._rule, self._advance = self._at(lr)

    def advance(self, count: int) -> None:
        """Make steps.

        Raises
        ------
        ArgumentError
            The loss is no longer finite, or the training has become too long.

        """
        for _ in range(count):
            if self.steps >= _LONGEST:
                raise ArgumentError(f"after {_LONGEST} steps a training ends here: reset it")
            params, state, loss = self._advance(self._params, self._state, self.x, self.y)
            if not np.isfinite(loss):
                raise ArgumentError(
                    f"the loss is {loss} at step {self.steps}: choose a smaller learning rate, and reset"
                )
            self._losses.append([self.steps, float(f"{loss:.5g}")])
            self._params, self._state, self.steps = params, state, self.steps + 1

    def frame(self) -> dict[str, Any]:
        """What a page draws: the probability of class 1 over the map, and the losses since the last frame."""
        line = np.linspace(-REACH, REACH, SIDE, dtype=np.float32)
        grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        odds = self._model(self._params, grid)[:, 0]
        right = (self._model(self._params, self.x)[:, 0] > 0) == (self.y > 0)
        losses, self._losses = self._losses, []
        # Where the parameters are no longer finite, which the next step tells, the network does not know.
        level = np.round(255 * np.nan_to_num(np.asarray(nn.sigmoid(odds)), nan=0.5))
        return {
            "step": self.steps, "losses": losses, "right": float(np.mean(right)), "side": SIDE, "reach": REACH,
            "map": base64.b64encode(level.astype(np.uint8).tobytes()).decode(),
        }  # fmt: skip

    def data(self) -> dict[str, Any]:
        """The points, and the frame before the first step."""
        shown = np.round(self.x.astype(float), 4).tolist()
        return {"x": shown, "y": self.y.astype(int).tolist(), **self.frame()}


class Trainings:
    """The trainings that pages have begun, by their names; the oldest is dropped for the newest."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Training] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, asked: Asked) -> dict[str, Any]:
        """A new training, and its first frame."""
        training = Training(read_setup(asked))
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._kept[name] = training
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return {"name": name, **training.data()}

    def find(self, name: str) -> Training:
        """A training by its name.

        Raises
        ------
        ArgumentError
            There is none, or no longer.

        """
        with self._lock:
            if name not in self._kept:
                raise ArgumentError("this training is no longer kept: reset it")
            self._kept.move_to_end(name)
            return self._kept[name]

    def step(self, name: str) -> dict[str, Any]:
        """One step of a training."""
        training = self.find(name)
        with np.errstate(all="ignore"), _alone(training):
            training.advance(1)
            return training.frame()

    def run(self, name: str, asked: Asked) -> Callable[[Callable[[Any], None]], None]:
        """The work of training on and on: a function that takes where to tell the frames."""
        training = self.find(name)
        speed = asked.whole("speed", 5, 1, 100)
        lr = read_rate(asked, training.setup.lr)

        def work(tell: Callable[[Any], None]) -> None:
            with _alone(training):
                training.set_rate(lr)
                while True:
                    began = time.monotonic()
                    training.advance(speed)
                    tell(training.frame())
                    time.sleep(max(0.0, _FRAME - (time.monotonic() - began)))

        return work


@contextmanager
def _alone(training: Training) -> Iterator[None]:
    """A training for oneself, or a refusal."""
    if not training.lock.acquire(timeout=_PATIENCE):
        raise ArgumentError("this training runs already, in another page: pause it there")
    try:
        yield
    finally:
        training.lock.release()
