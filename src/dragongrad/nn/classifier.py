"""A network with the face of scikit-learn: `fit`, `predict`, `predict_proba`, `score`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, MissingExtraError, ShapeError
from . import layers
from .activations import relu
from .chain import Chain
from .dense import Dense
from .losses import cross_entropy
from .prediction import predict
from .training import train
from .updates import Update, adam

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise MissingExtraError("nn.Classifier needs scikit-learn 1.6: pip install 'dragongrad[nn]'") from error


class Classifier(ClassifierMixin, BaseEstimator):
    """A network that learns classes, as an estimator of scikit-learn.

    Parameters
    ----------
    model : layer, optional
        From examples to one number a class; by default a hidden layer of 64 and a relu. A last dense layer is put
        behind it where its output has another length than there are classes.
    loss : callable
        `loss(outputs, targets)`; targets are the numbers of the classes.
    optimizer : Update, optional
        `nn.adam(1e-3)` by default.
    epochs, batch : int
        How often all examples are seen, and how many make a step (all of them where there are fewer).
    validation : float
        The part of the examples that is kept for validation, in [0, 1); the best epoch on it counts.
    patience : int, optional
        Stop after so many epochs without improvement there.
    augment : callable, optional
        `augment(rng, inputs)`, as `nn.train` has it.
    dtype : dtype
        Of inputs and parameters.
    compile : bool
        Whether the step is compiled.
    random_state : int, RandomState or None
        What draws.
    verbose : bool
        Whether a bar is shown at a terminal.

    Attributes
    ----------
    classes_ : ndarray
        The classes, sorted.
    model_, params_, state_
        The network, its parameters and states.
    history_ : list of Epoch
        How the training went.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2))
    >>> y = np.where(x[:, 0] * x[:, 1] > 0, "same", "other")
    >>> net = nn.Classifier(optimizer=nn.adam(0.02), epochs=60, random_state=0).fit(x, y)
    >>> net.classes_.tolist(), bool(net.score(x, y) > 0.95)
    (['other', 'same'], True)

    """

    def __init__(
        self, model: Any = None, *, loss: Callable[[Any, Any], Any] = cross_entropy,
        optimizer: Update | None = None, epochs: int = 50, batch: int = 32, validation: float = 0.0,
        patience: int | None = None, augment: Any = None, dtype: Any = np.float32, compile: bool = True,
        random_state: Any = None, verbose: bool = False,
    ) -> None:  # fmt: skip
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.epochs = epochs
        self.batch = batch
        self.validation = validation
        self.patience = patience
        self.augment = augment
        self.dtype = dtype
        self.compile = compile
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Classifier:  # noqa: N803 - scikit-learn's name
        """Train the network.

        Parameters
        ----------
        X : array of shape (examples, ...)
            One example a row: numbers, or images with their channels last.
        y : array of shape (examples,)
            The classes: numbers or texts.

        Returns
        -------
        Classifier
            Itself.
        """
        x, y = validate_data(self, X, y, multi_output=False, **self._asked(X))
        y = column_or_1d(y)
        check_classification_targets(y)
        self.classes_, targets = np.unique(y, return_inverse=True)
        rng = np.random.default_rng(_seed(self.random_state))
        self.model_ = self._network(x.shape[1:])
        params = self.model_.init(rng, x.shape[1:], self.dtype)
        data, held = self._split(rng, x, targets)
        done = train(
            self.model_, params, data, loss=self.loss, update=self.optimizer or adam(1e-3), epochs=self.epochs,
            batch=min(self.batch, len(data[0])), seed=rng, validation=held, patience=self.patience,
            augment=self.augment, compile=self.compile, progress=self.verbose,
        )  # fmt: skip
        self.params_, self.state_, self.history_ = done.params, done.state, done.history
        self.n_iter_ = len(done.history)
        return self

    def decision_function(self, X: Any) -> Any:  # noqa: N803
        """The outputs of the network: (examples, classes), or of two classes the difference, (examples,)."""
        out = self._outputs(X)
        return out[:, 1] - out[:, 0] if len(self.classes_) == 2 else out

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """The probability of each class, by the softmax of the outputs: (examples, classes)."""
        out = self._outputs(X)
        powers = np.exp(out - out.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The most probable class of each example."""
        best = np.argmax(self._outputs(X), axis=1)
        return self.classes_[best]

    def _outputs(self, given: Any) -> Any:
        check_is_fitted(self, "params_")
        x = validate_data(self, given, reset=False, **self._asked(given))
        return predict(self.model_, self.params_, x, self.state_).astype(np.float64)

    def _asked(self, given: Any) -> dict[str, Any]:
        """What scikit-learn is to look for in examples: vectors, or images of any number of axes."""
        images = len(getattr(given, "shape", ())) > 2
        return {"dtype": self.dtype, "ensure_2d": not images, "allow_nd": images, "order": "C"}

    def _network(self, shape: tuple[int, ...]) -> Any:
        count = len(self.classes_)
        model = Chain(hidden=Dense(64), relu=relu) if self.model is None else self.model
        layers.check(model)
        out = layers.out(model, shape)
        if len(out) != 1:
            raise ShapeError(
                f"the model makes outputs of shape {out} of one example, where one number a class is needed: "
                "end it with nn.flatten and nn.Dense(classes)"
            )
        if self.model is not None and out == (count,):
            return Chain(model=model) if not isinstance(model, Chain) else model
        named = dict(model.layers) if isinstance(model, Chain) else {"model": model}
        name = "head" if "head" not in named else "classes"
        return Chain(**named, **{name: Dense(count)})

    def _split(self, rng: np.random.Generator, x: Any, y: Any) -> tuple[Any, Any]:
        if not 0 <= self.validation < 1:
            raise ArgumentError(f"validation is the part that is kept, in [0, 1), got {self.validation!r}")
        if not self.validation:
            return (x, y), None
        order = rng.permutation(len(x))
        count = max(1, round(self.validation * len(x)))
        return (x[order[count:]], y[order[count:]]), (x[order[:count]], y[order[:count]])

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn's checks ask."""
        tags = super().__sklearn_tags__()
        tags.non_deterministic = False
        tags.input_tags.three_d_array = True
        return tags


def _seed(random_state: Any) -> Any:
    if isinstance(random_state, np.random.RandomState):
        return random_state.randint(0, 2**31)
    return random_state
