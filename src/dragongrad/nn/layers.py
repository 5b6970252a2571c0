"""What a layer is: a description that makes parameters and applies them; a plain function is one without any.

A layer is a small frozen object. What it needs of the protocol it has as methods, everything else has an answer
here:

| method | of what |
|---|---|
| `layer(params, x)` | every layer: its output |
| `layer.init(rng, shape, dtype)` | a layer with parameters: fresh ones, for inputs of one example's shape |
| `layer.out(shape)` | the shape of one example's output; by trying on zeros where it is not given |
| `layer.start(shape, dtype)` | a layer with state (batch norm): the state before any training |
| `layer.draw(rng, shape)` | a random layer (dropout): the noise for a batch of this shape |
| `layer.train(params, x, state, noise)` | a layer that does something else in training: output and new state |
| `layer.multiplications(shape)` | how many one example costs |

Nothing is global and nothing is hidden: parameters, state and noise are arguments, nests of arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache, wraps
from inspect import get_annotations
from typing import Any, TypeVar, dataclass_transform

import numpy as np

from ..core.errors import ArgumentError, OutOfBoundsError, ShapeError, user_line
from ..core.nests import NAMESPACE
from ..core.variable import Variable, value_of
from ..pytrees import register_pytree_node, tree_flatten

_METHODS = "init", "out", "start", "draw", "train", "multiplications"
Shape = tuple[int, ...]
#: A nest of parameters: a dict of arrays, of dicts of them, ...
Params = Any
_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def layer(cls: type[_T]) -> type[_T]:
    """Make a class of layers of a class with annotated options: frozen, compared by its options, static in nests.

    Parameters
    ----------
    cls : type
        A class with `__call__(self, params, x)` and what it needs of the other methods.

    Returns
    -------
    type
        A frozen dataclass. In a nest of arguments its objects are structure, not leaves: no option is ever trained.

    Raises
    ------
    ArgumentError
        An option has the name of a method of layers, such as `start`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> @nn.layer
    ... class Scale:
    ...     start_at: float = 1.0
    ...
    ...     def init(self, rng, shape, dtype=np.float32):
    ...         return {"factor": np.asarray(self.start_at, dtype)}
    ...
    ...     def __call__(self, params, x):
    ...         return params["factor"] * x
    >>> model = nn.Chain(scale=Scale(2.0), relu=nn.relu)
    >>> params = model.init(np.random.default_rng(0), (3,))
    >>> model(params, np.array([[-1.0, 0.0, 1.0]], np.float32))
    array([[0., 0., 2.]], dtype=float32)

    """
    taken = sorted(set(get_annotations(cls)) & set(_METHODS))
    if taken:
        raise ArgumentError(f"{taken[0]!r} is a method of layers: give the option of {cls.__name__} another name")
    options: Any = cls
    if "init" in cls.__dict__:
        options.init = _of_one_example(options.init)
    check = getattr(cls, "__post_init__", None)

    def settle(self: Any) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, _settled(getattr(self, one.name)))
        if check is not None:
            check(self)

    options.__post_init__ = settle
    if "__repr__" not in cls.__dict__:
        options.__repr__ = described
    made = dataclass(frozen=True, repr=False)(cls)
    options.__init__ = _of_its_options(made.__init__)
    static(made)
    return made


def _of_its_options(init: Callable[..., Any]) -> Callable[..., Any]:
    """The constructor of a layer, which says so when it is given the number of inputs, as in PyTorch."""

    @wraps(init)
    def explained(self: Any, *args: Any, **options: Any) -> None:
        try:
            init(self, *args, **options)
        except TypeError as error:
            if "positional argument" in str(error) and len(args) > 1:
                name = type(self).__name__
                error.add_note(f"Inputs follow from the data, and options have names: nn.{name}({args[1]!r})")
            raise

    return explained


def _of_one_example(init: Callable[..., Any]) -> Callable[..., Any]:
    """A method `init` that takes no shape that is none."""

    @wraps(init)
    def checked(self: Any, rng: Any, shape: Any, *more: Any, **options: Any) -> Any:
        return init(self, rng, one_example(shape), *more, **options)

    return checked


def one_example(shape: Any) -> Shape:
    """The shape of an example as a tuple."""
    if isinstance(shape, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in shape):
        return tuple(map(int, shape))
    hint = f": ({shape},)" if isinstance(shape, (int, np.integer)) else ""
    raise ArgumentError(
        f"the shape of one example, without the batch, is a tuple such as (28, 28, 1); got {shape!r}{hint}\n"
        f"  at {user_line()}"
    )


def last(layer: Any, shape: Shape) -> int:
    """The length of an example's last axis: its inputs or channels."""
    if not shape:
        raise misfit(
            f"nn.{type(layer).__name__}", np.empty(1), "has examples that are single numbers",
            "give each an axis: x[:, None], and model.init(rng, (1,))",
        )  # fmt: skip
    return shape[-1]


def whole(layer: Any, **options: Any) -> None:
    """Refuse options that are not whole numbers from 1 on."""
    for name, value in options.items():
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
            raise ArgumentError(f"nn.{type(layer).__name__}: {name} is a whole number from 1 on, got {value!r}")


def described(one: Any) -> str:
    """A layer by its class and the options that differ from the default."""
    if not is_layer(one):
        return str(getattr(one, "__name__", one))
    given = []
    for field in fields(one):
        value = getattr(one, field.name)
        if field.default is MISSING:
            given.append(_short(value))
        elif value != field.default:
            given.append(f"{field.name}={_short(value)}")
    return f"{type(one).__name__}({', '.join(given)})"


def _short(value: Any) -> str:
    if hasattr(value, "layers"):
        return type(value).__name__
    return str(value.__name__) if callable(value) and hasattr(value, "__name__") else repr(value)


def _settled(value: Any) -> Any:
    """A list as a tuple, which can be compared and hashed as the other options are."""
    return tuple([_settled(v) for v in value]) if isinstance(value, (list, tuple)) else value


def static(cls: type) -> None:
    """Let objects of a class be structure in nests: compared, and not taken apart."""
    register_pytree_node(cls, lambda value: ((), value), lambda value, _: value, NAMESPACE)


def init(one: Any, rng: np.random.Generator, shape: Shape, dtype: Any) -> Params:
    """The fresh parameters of a layer: an empty dict where it has none."""
    return one.init(rng, shape, dtype) if hasattr(one, "init") else {}


def apply(one: Any, params: Params, x: Any, state: Any = None) -> Any:
    """The output of a layer, or of a function, as it is used after training."""
    if hasattr(one, "start") and hasattr(one, "train"):
        return one(params, x, state=state)
    return one(params, x) if is_layer(one) else one(x)


def train(one: Any, params: Params, x: Any, state: Any, noise: Any) -> tuple[Any, Any]:
    """The output of a layer in training, and its state after that."""
    if hasattr(one, "train"):
        return one.train(params, x, state, noise)
    return apply(one, params, x), state


def start(one: Any, shape: Shape, dtype: Any) -> Any:
    """The state of a layer before training: an empty dict where it has none."""
    return one.start(shape, dtype) if hasattr(one, "start") else {}


def draw(one: Any, rng: np.random.Generator, shape: Shape) -> Any:
    """The noise of a layer for a batch of this shape: an empty dict where it needs none."""
    return one.draw(rng, shape) if hasattr(one, "draw") else {}


def out(one: Any, shape: Shape) -> Shape:
    """The shape of the output for one example of this shape."""
    try:
        hash(one)
    except TypeError:
        return _out(one, shape)
    return _known(one, shape)


def _out(one: Any, shape: Shape) -> Shape:
    if hasattr(one, "out"):
        found: Shape = one.out(shape)
        return found
    params = init(one, np.random.default_rng(0), shape, np.float32)
    return np.shape(apply(one, params, np.zeros((1, *shape), np.float32), start(one, shape, np.float32)))[1:]


# Noise is drawn for the shapes of all layers at every step of a training.
_known = lru_cache(maxsize=1024)(_out)


def multiplications(one: Any, shape: Shape) -> int:
    """How many products of a parameter and a number one example costs."""
    return int(one.multiplications(shape)) if hasattr(one, "multiplications") else 0


def is_layer(one: Any) -> bool:
    """Whether something is called with parameters: an object of a class of layers, and not a function."""
    return tree_flatten(one, NAMESPACE)[0] == [] and not isinstance(one, (dict, list, tuple, type(None)))


def check(one: Any) -> None:
    """Refuse what is neither a layer nor a function of arrays."""
    if not callable(one) or isinstance(one, type):
        hint = f"; make one: {one.__name__}(...)" if isinstance(one, type) else ""
        raise ArgumentError(
            f"a layer is an object such as nn.Dense(10), or a function of an array such as nn.relu; "
            f"got {one!r}{hint}\n  at {user_line()}"
        )


def name_of(one: Any) -> str:
    """How a layer is called where it has no name of its own."""
    name = type(one).__name__ if is_layer(one) else getattr(one, "__name__", type(one).__name__)
    return str(name).strip("<>").lower()


def misfit(who: str, x: Any, why: str, instead: str) -> ShapeError:
    """The error for an input of the wrong shape."""
    return ShapeError(f"{who}: an input of shape {np.shape(x)} {why}\n  at {user_line()}\n{instead}")


def counted_from_zero(who: str, numbers: Any, count: int) -> Any:
    """Whole numbers from 0, below a count: NumPy would take those below 0 from the end."""
    seen = value_of(numbers)
    if seen.size and (seen.min() < 0 or seen.max() >= count):
        raise OutOfBoundsError(
            f"{who}: numbers from {seen.min()} to {seen.max()}, where they lie between 0 and {count - 1}\n"
            f"  at {user_line()}\ncount from 0: np.unique(y, return_inverse=True)[1]"
        )
    # What is not seen here, because it comes in a later call of a compiled function, is out of bounds there.
    return np.where(np.less(numbers, 0), count, numbers) if isinstance(numbers, Variable) else numbers


Initializer = Callable[[np.random.Generator, Shape, Any], Any]
