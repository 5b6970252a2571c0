"""Training: epochs of compiled steps, validation, early stopping, and checkpoints that resume to the same bits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..compiler.decorator import compile as compile_
from ..core.errors import ArgumentError, NonFiniteError
from ..core.nests import flatten, map_nest
from ..hints import guided
from ..interrupts import interrupts_kept, raise_lost
from ..optimize.progress import Live, Watch, live
from ..transforms.gradients import value_and_grad
from . import layers
from .asked import CALL, KEYWORDS, check_options
from .batches import check_batch, digest, examples, taken
from .checkpoint import CheckpointError, load, remove_parts, save
from .layers import Params
from .pictures import draw_history
from .prediction import predictor, repeatable
from .updates import Update

Metric = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Epoch:
    """What is known after an epoch.

    Attributes
    ----------
    epoch : int
        Its number, from 1.
    loss : float
        The mean loss of its steps, each before the step was made.
    validation : float or None
        The loss on the validation data afterwards.
    metrics : dict
        The metrics on the validation data.
    seconds : float
        How long it took, validation included.

    """

    epoch: int
    loss: float
    validation: float | None
    metrics: dict[str, float]
    seconds: float


@dataclass(repr=False)
class Training:
    """How a training went, and what came out.

    Attributes
    ----------
    params : nest of arrays
        The best: of the epoch with the best validation, or of the last one where there is none.
    state : nest of arrays
        The states of layers that have any, of the same epoch.
    history : list of Epoch
        One a finished epoch.
    best : int
        The number of the epoch that `params` are from; 0: before the first one.
    stopped : str
        Why it ended: "all epochs", "no improvement" or "interrupted".
    last : nest of arrays
        The parameters after the last step.

    """

    params: Params
    state: Any
    history: list[Epoch]
    best: int
    stopped: str
    last: Params

    def __repr__(self) -> str:
        """How it went, without the arrays."""
        last = self.history[-1] if self.history else "no epoch"
        return f"<Training: {self.stopped}, the best of {len(self.history)} is epoch {self.best}; {last}>"

    def plot(self) -> Any:
        """Draw losses and metrics over the epochs; the axes of matplotlib."""
        return draw_history(self)


@dataclass
class _Run:
    """All that changes while training: what a checkpoint holds."""

    params: Params
    memory: Any
    state: Any
    rng: np.random.Generator
    order: Any = None
    epoch: int = 0
    position: int = 0
    total: float = 0.0
    slope: float = math.nan
    best: dict[str, Any] = field(default_factory=dict)
    history: list[Epoch] = field(default_factory=list)

    def write(self, path: Path, plan: dict[str, Any]) -> None:
        best = {k: self.best[k] for k in ("params", "state")} if self.best else {}
        nest = {
            "params": self.params, "memory": self.memory, "state": self.state, "best": best,
            "order": np.empty(0, np.int64) if self.order is None else self.order,
        }  # fmt: skip
        score = {k: v for k, v in self.best.items() if k not in ("params", "state")}
        save(
            path, nest, plan=plan, generator=_listed(self.rng.bit_generator.state), epoch=self.epoch,
            position=self.position, total=self.total.hex(), score=score, history=[asdict(e) for e in
            self.history],
        )  # fmt: skip

    def read(self, path: Path, plan: dict[str, Any]) -> None:
        """Go on where a checkpoint ends."""
        nest, more = load(path)
        if "plan" not in more:
            raise CheckpointError(f"{path} is no checkpoint of a training: give checkpoint= another name")
        differ = [k for k in plan if more["plan"].get(k) != plan[k]]
        for what, own, found in (
            ("parameters", self.params, nest["params"]), ("optimizer", self.memory, nest["memory"]),
            ("states of layers", self.state, nest["state"]),
        ):  # fmt: skip
            differ += [] if _form(own) == _form(found) else [what]
        if self.rng.bit_generator.state["bit_generator"] != more["generator"]["bit_generator"]:
            differ.append("generator")
        if differ:
            raise ArgumentError(
                f"{path} is of another training, with other {', '.join(differ)}: give checkpoint= another name, "
                "or remove the file to begin anew"
            )
        self.params, self.memory, self.state = nest["params"], nest["memory"], nest["state"]
        self.order = nest["order"] if nest["order"].size else None
        self.rng.bit_generator.state = more["generator"]
        self.epoch, self.position = more["epoch"], more["position"]
        self.total = float.fromhex(more["total"])
        self.best = {**nest["best"], **more["score"]}
        self.history = [Epoch(**e) for e in more["history"]]


@guided(CALL, KEYWORDS)
def train(
    model: Any, params: Params, data: Any, *, loss: Callable[[Any, Any], Any], update: Update, epochs: int = 10,
    batch: int = 32, seed: int | np.random.Generator = 0, validation: Any = None,
    metrics: Mapping[str, Metric] | None = None, monitor: str = "loss", patience: int | None = None,
    augment: Callable[[np.random.Generator, Any], Any] | None = None, state: Any = None,
    checkpoint: str | Path | None = None, every: float = 60.0, progress: bool = True, watch: Watch = False,
    compile: bool = True,
) -> Training:  # fmt: skip
    """Train a network: the whole step, loss, gradient and update, is one compiled program.

    Parameters
    ----------
    model : layer
        Most often a `Chain`.
    params : nest of arrays
        Where it begins: `model.init(rng, shape)`.
    data : tuple of (inputs, targets)
        Arrays, or nests of them, with one example a row.
    loss : callable
        `loss(outputs, targets)`: one number, such as `nn.cross_entropy`.
    update : Update
        The optimizer: `nn.adam(1e-3)`.
    epochs : int
        How often all examples are seen.
    batch : int
        How many examples make a step. Those left over at the end of an epoch are others in each.
    seed : int or numpy.random.Generator
        What draws the order, the noise of dropout, and what `augment` needs: all of it.
    validation : tuple of (inputs, targets), optional
        Other examples, looked at after each epoch.
    metrics : dict, optional
        Functions of (outputs, targets) of all validation examples, by name.
    monitor : str
        What says which epoch was the best: "loss" (of validation, the least), or the name of a metric (the
        greatest; with a minus before it, "-error", the least).
    patience : int, optional
        Stop after so many epochs without improvement.
    augment : callable, optional
        `augment(rng, inputs)`: the inputs of a batch, changed at random.
    state : nest of arrays, optional
        The states of layers that have any; `model.start(shape)` by default.
    checkpoint : str or Path, optional
        A file that the run is written to, whole or not at all. If it is there, the run goes on from it: a killed
        run comes to the same numbers, bit for bit, on the same machine with as many threads.
    every : float
        Seconds between writings within an epoch; each epoch ends with one.
    progress, watch : bool, bool or callable
        As `ad.minimize` has them. With `watch` the step returns the norm of the gradient too.
    compile : bool
        Whether the step is compiled; False to look at it in a debugger.

    Returns
    -------
    Training
        The best parameters, and how it went. Ctrl-C ends a run with the best so far.

    Raises
    ------
    NonFiniteError
        The loss became NaN or infinite.
    ArgumentError
        An option cannot be used, or the checkpoint is of another training.
    CheckpointError
        The checkpoint is damaged, or something else.
    ShapeError
        The arrays have different numbers of examples.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2)).astype(np.float32)
    >>> y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    >>> model = nn.Chain(hidden=nn.Dense(32), tanh=nn.tanh, head=nn.Dense(2))
    >>> done = nn.train(
    ...     model, model.init(rng, (2,)), (x, y), loss=nn.cross_entropy, update=nn.adam(0.02), epochs=60
    ... )
    >>> done.stopped, len(done.history)
    ('all epochs', 60)
    >>> float(np.mean(model(done.params, x).argmax(axis=1) == y)) > 0.95
    True

    """
    check_options(model, loss, update, metrics, epochs, patience)
    plan = _plan(data, batch, monitor, metrics, validation, patience, seed)
    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    shape = np.shape(flatten(data[0])[0][0])[1:]
    state = state if state is not None else layers.start(model, shape, _dtype(params))
    run = _Run(map_nest(np.array, params), update.start(params), map_nest(np.array, state), rng)
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None:
        plan["data"] = digest(data)
        remove_parts(path)
        if path.is_dir():
            raise ArgumentError(
                f"{path} is a folder: name a file in it, checkpoint={str(path / 'run.safetensors')!r}"
            )
        if path.exists():
            run.read(path, plan)
    show = live(progress, watch, "training", epochs * (examples(data) // batch), sure=patience is None)
    known = (model, loss, update, data, batch, augment, validation, metrics or {}, monitor, compile)
    return _Trainer(*known, bool(watch) and show is not None).run(run, epochs, plan, path, every, patience, show)


def _form(nest: Any) -> Any:
    """What two nests have in common where one can go on for the other: structure, shapes and dtypes."""
    leaves, structure = flatten(nest)
    return structure, [(np.shape(leaf), np.asarray(leaf).dtype) for leaf in leaves]


def _listed(state: Any) -> Any:
    """The state of a generator as JSON can hold it."""
    if isinstance(state, dict):
        return {key: _listed(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


def _plan(
    data: Any, batch: int, monitor: str, metrics: Any, validation: Any, patience: int | None, seed: Any
) -> dict[str, Any]:
    """What a checkpoint must agree with; refuses what cannot be run."""
    for what, given in (("data", data), ("validation", validation)):
        if given is not None and not (isinstance(given, tuple) and len(given) == 2):
            raise ArgumentError(
                f"{what} is a tuple (inputs, targets), got {type(given).__name__}: write "
                f"{'(x, y)' if what == 'data' else 'validation=(x, y)'}"
            )
    count = examples(data)
    check_batch(count, batch)
    if validation is None and (metrics or patience is not None):
        raise ArgumentError("metrics and patience need examples to look at: validation=(inputs, targets)")
    if validation is not None and not examples(validation):
        raise ArgumentError("the validation data has no examples")
    if monitor.lstrip("-") not in ("loss", *(metrics or {})):
        raise ArgumentError(
            f'monitor is "loss" or the name of a metric ({", ".join(metrics or {})}), got {monitor!r}'
        )
    held = 0 if validation is None else examples(validation)
    known = int(seed) if isinstance(seed, (int, np.integer)) else None
    return {"examples": count, "batch": int(batch), "validation": held, "monitor": monitor, "seed": known}


def _dtype(params: Params) -> Any:
    return next((leaf.dtype for leaf in flatten(params)[0]), np.dtype(np.float32))


class _Trainer:
    """What a training is made of, besides what changes."""

    def __init__(
        self, model: Any, loss: Any, update: Update, data: Any, batch: int, augment: Any, validation: Any,
        metrics: Mapping[str, Metric], monitor: str, compiled: bool, watched: bool,
    ) -> None:  # fmt: skip
        self.model, self.loss, self.update = model, loss, update
        self.data, self.batch, self.augment = data, batch, augment
        self.validation, self.metrics, self.monitor = validation, metrics, monitor
        self.watched = watched
        self.step = repeatable(compile_(self._step)) if compiled else self._step
        self.predict = predictor(model, compiled)

    def _step(self, params: Params, memory: Any, state: Any, noise: Any, inputs: Any, targets: Any) -> Any:
        def value(p: Params) -> tuple[Any, Any]:
            out, new = layers.train(self.model, p, inputs, state, noise)
            return self.loss(out, targets), new

        (loss, new), gradient = value_and_grad(value, has_aux=True)(params)
        params, memory = self.update(params, gradient, memory)
        # What is not watched runs the program that it always ran.
        slope = np.sqrt(sum(np.sum(g * g) for g in flatten(gradient)[0])) if self.watched else math.nan
        return params, memory, new, loss, slope

    def run(
        self, run: _Run, epochs: int, plan: dict[str, Any], path: Path | None, every: float, patience: int | None,
        show: Live | None,
    ) -> Training:  # fmt: skip
        """Train until an end."""
        steps = examples(self.data) // self.batch
        stopped = "all epochs"
        try:
            with interrupts_kept():
                while run.epoch < epochs:
                    if patience is not None and run.epoch - run.best.get("epoch", 0) >= patience:
                        stopped = "no improvement"
                        break
                    self._epoch(run, plan, path, every, show, steps)
        except KeyboardInterrupt:
            stopped = "interrupted"
        finally:
            if show is not None:
                show.end()
        best = run.best or {"params": self._final(run), "state": run.state, "epoch": run.epoch}
        return Training(best["params"], best["state"], run.history, best["epoch"], stopped, run.params)

    def _epoch(self, run: _Run, plan: Any, path: Path | None, every: float, show: Live | None, steps: int) -> None:
        started = written = time.monotonic()
        if run.order is None:
            run.order, run.position, run.total = run.rng.permutation(examples(self.data)), 0, 0.0
        while run.position < steps:
            raise_lost()
            self._one(run)
            if show is not None:
                show.note(run.epoch * steps + run.position, run.total / run.position, run.slope)
            if path is not None and run.position < steps and time.monotonic() - written > every:
                run.write(path, plan)
                written = time.monotonic()
        run.epoch += 1
        run.order = None
        self._look(run, run.total / max(steps, 1), started)
        if show is not None and run.history[-1].validation is not None:
            show.also("validation", run.epoch * steps, run.history[-1].validation)
        if path is not None:
            run.write(path, plan)

    def _one(self, run: _Run) -> None:
        rows = run.order[run.position * self.batch : (run.position + 1) * self.batch]
        inputs, targets = taken(self.data, rows)
        if self.augment is not None:
            inputs = self.augment(run.rng, inputs)
        noise = layers.draw(self.model, run.rng, np.shape(flatten(inputs)[0][0]))
        params, memory, state, loss, slope = self.step(run.params, run.memory, run.state, noise, inputs, targets)
        if not math.isfinite(loss):
            raise NonFiniteError(
                f"the loss became {loss} in epoch {run.epoch + 1}, step {run.position + 1}: try a smaller learning "
                "rate, or clip=nn.clip_by_norm(1.0); with compile=False and ad.debug_nans() the first NaN is named"
            )
        run.params, run.memory, run.state = params, memory, state
        run.slope = float(slope)
        run.position += 1
        run.total += float(loss)

    def _final(self, run: _Run) -> Params:
        return self.update.averaged(run.memory) if self.update.average is not None else run.params

    def _look(self, run: _Run, loss: float, started: float) -> None:
        """Validate, and keep the best."""
        params = self._final(run)
        found, measured = None, {}
        if self.validation is not None:
            inputs, targets = self.validation
            out = self.predict(params, inputs, run.state, min(256, examples(inputs)))
            found = float(self.loss(out, targets))
            measured = {name: float(metric(out, targets)) for name, metric in self.metrics.items()}
            name = self.monitor.lstrip("-")
            score = -found if name == "loss" else measured[name] * (-1 if self.monitor.startswith("-") else 1)
            # A score that is NaN is worse than any.
            if not run.best or score > run.best["value"] or math.isnan(run.best["value"]):
                run.best = {"params": params, "state": run.state, "epoch": run.epoch, "value": score}
        run.history.append(Epoch(run.epoch, loss, found, measured, time.monotonic() - started))
