"""Users' own Blocks as classes: a value, and its derivative as a Jacobian or elementwise."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

import numpy as np

from ..core.block import Block as CoreBlock
from ..core.errors import ArgumentError, NoRuleError, ShapeError
from ..core.variable import plain, top_level
from .forward import FORWARD
from .jacobian import Inputs, count
from .variable import Variable, is_classic


class Operand:
    """What a Block's methods receive where no Variable of this interface stands behind an argument: its `.data`.

    Under `grad` and at higher orders `.data` is itself under differentiation.
    """

    __slots__ = ("data",)

    def __init__(self, data: Any) -> None:
        self.data = data

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return np.shape(self.data)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return count(self.shape)


class Block(metaclass=ABCMeta):
    """A primitive of your own: subclass it, give `data_fn` and `get_jacobians`, and call an instance.

    What `ad.elementwise` and the other verbs make counts as one: `isinstance(block, ad.Block)` is true of it.

    The methods receive the arguments as objects and read their `.data`; they return plain arrays. Keyword
    arguments of the call are passed to each method. The Block works in both modes, under every transform
    and at every order, as long as `get_jacobians` is written in NumPy.

    Raises
    ------
    NoRuleError
        The subclass gives no derivative.
    ShapeError
        A Jacobian does not have `output.size * input.size` elements.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> class Multiply(ad.Block):
    ...     def data_fn(self, x, y):
    ...         return x.data * y.data
    ...
    ...     def get_jacobians(self, x, y):
    ...         return [np.diag(y.data), np.diag(x.data)]
    >>> x = ad.Variable([1.0, 2.0])
    >>> Multiply()(x, x).gradient
    array([[2., 0.],
           [0., 4.]])
    >>> ad.grad(lambda x: np.sum(Multiply()(x, np.sin(x))))(np.array([1.0]))
    array([1.38177329])

    """

    _record: Any  # what answers for the class: made at its first call

    def data_fn(self, *args: Any, **kwargs: Any) -> Any:
        """The value, as a plain array."""
        raise NotImplementedError(f"{type(self).__name__} needs data_fn(self, *args), which returns the value")

    def get_jacobians(self, *args: Any, **kwargs: Any) -> list[Any]:
        """The Jacobians of the output, one an input: `(m, n)`, or any shape of `m * n` elements."""
        raise NoRuleError(
            f"{type(self).__name__} has no derivative: give get_jacobians(self, *args), or gradient_fn in a "
            "SimpleBlock"
        )

    def gradient_forward(self, *args: Any, **kwargs: Any) -> Any:
        """The gradient of the output in forward mode: each Jacobian times the gradient of its input.

        Overriding it replaces the rule of forward mode for classic Variables; everything else still follows
        `get_jacobians`.
        """
        return self._apply(args, kwargs).gradient

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply to Variables (or plain arrays, for the value alone)."""
        out = self._apply(args, kwargs)
        if is_classic(out) and out.level is FORWARD and self._pushes_itself():
            out.link = _tangents(out, self.gradient_forward(*args, **kwargs), args)
        return out

    def _pushes_itself(self) -> bool:
        return type(self).gradient_forward is not Block.gradient_forward

    def _apply(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        kind = type(self)
        record = kind.__dict__.get("_record")
        if record is None:
            record = kind._declare()
            kind._record = record
        # The instance travels as a parameter: were the record its own, the two would hold each other.
        return record(*[_array(a) for a in args], _owner=self, **kwargs)

    @classmethod
    def _declare(cls) -> CoreBlock:
        def pushforward(out: Any, xs: Any, xs_dot: Any, *, _owner: Block, **kwargs: Any) -> Any:
            total: Any = None
            for jacobian, x_dot in zip(_owner._matrices(out, xs, kwargs), xs_dot, strict=True):
                term = jacobian @ np.ravel(x_dot)
                total = term if total is None else total + term
            return np.reshape(total, np.shape(out))

        def pullback(out: Any, out_bar: Any, xs: Any, *, _owner: Block, **kwargs: Any) -> Any:
            row = np.ravel(out_bar)
            jacobians = _owner._matrices(out, xs, kwargs)
            return [np.reshape(row @ j, np.shape(x)) for j, x in zip(jacobians, xs, strict=True)]

        return CoreBlock(
            cls, "general", value=_value, names=("xs",), pushforward=pushforward, pullback=pullback,
            name=cls.__name__, dispatches=False, parameters=(),
        )  # fmt: skip

    def _matrices(self, out: Any, xs: Any, kwargs: dict[str, Any]) -> list[Any]:
        got = self.get_jacobians(*_operands(xs), **kwargs)
        got = list(got) if isinstance(got, (list, tuple)) else [got]
        if len(got) != len(xs):
            raise ArgumentError(
                f"{type(self).__name__}.get_jacobians gave {len(got)} Jacobians for {len(xs)} inputs"
            )
        rows, matrices = count(np.shape(out)), []
        for jacobian, x in zip(got, xs, strict=True):
            columns = count(np.shape(x))
            jacobian = plain(jacobian)
            if count(np.shape(jacobian)) != rows * columns:
                raise ShapeError(
                    f"{type(self).__name__}.get_jacobians gave shape {np.shape(jacobian)} for an output of shape "
                    f"{np.shape(out)} and an input of shape {np.shape(x)}: it must hold {rows} x {columns} numbers"
                )
            matrices.append(np.reshape(jacobian, (rows, columns)))
        return matrices


Block.register(CoreBlock)


class SimpleBlock(Block):
    """An elementwise function of one Variable: give `data_fn` and its derivative `gradient_fn`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> class Sine(ad.SimpleBlock):
    ...     def data_fn(self, x):
    ...         return np.sin(x.data)
    ...
    ...     def gradient_fn(self, x):
    ...         return np.cos(x.data)
    >>> Sine()(ad.Variable(0.0)).gradient
    array([[1.]])
    >>> ad.derivative(Sine(), order=2)(0.5)
    np.float64(-0.479425538604203)

    """

    def gradient_fn(self, *args: Any, **kwargs: Any) -> Any:
        """The derivative at each element, as a plain array."""
        raise NoRuleError(f"{type(self).__name__} has no derivative: give gradient_fn(self, x)")

    def get_jacobians(self, *args: Any, **kwargs: Any) -> list[Any]:
        """The Jacobian: the derivative on its diagonal."""
        x = args[0]
        return [np.diag(np.ravel(np.broadcast_to(self.gradient_fn(*args, **kwargs), np.shape(x.data))))]

    @classmethod
    def _declare(cls) -> CoreBlock:
        if cls.gradient_fn is SimpleBlock.gradient_fn:
            return super()._declare()

        def pushforward(x: Any, x_dot: Any, *, _owner: SimpleBlock, **kwargs: Any) -> Any:
            return x_dot * _owner.gradient_fn(Operand(x), **kwargs)

        def pullback(out_bar: Any, x: Any, *, _owner: SimpleBlock, **kwargs: Any) -> Any:
            return out_bar * _owner.gradient_fn(Operand(x), **kwargs)

        def batch(size: int, values: list[Any], batched: tuple[bool, ...], **params: Any) -> Any:
            return record(*values, **params)

        record = CoreBlock(
            cls, "general", value=_value, names=("x",), pushforward=pushforward, pullback=pullback, batch=batch,
            name=cls.__name__, dispatches=False, parameters=(),
        )  # fmt: skip
        return record


def _value(*arrays: Any, _owner: Block, **kwargs: Any) -> Any:
    return np.asarray(_owner.data_fn(*_operands(arrays), **kwargs))[()]


def _array(value: Any) -> Any:
    value = plain(value)
    return value if top_level((value,)) is not None else np.asarray(value)[()]


def _operands(arrays: Any) -> list[Any]:
    return [Operand(np.asarray(a) if isinstance(a, np.generic) else a) for a in arrays]


def _tangents(out: Variable, gradient: Any, args: tuple[Any, ...]) -> dict[Inputs, Any]:
    """The tangents that a gradient computed by an overridden `gradient_forward` stands for."""
    owners = sorted(
        {key for a in args if is_classic(a) and a.level is FORWARD for key in a.link},
        key=lambda inputs: inputs.level.serial,
    )
    jacobians = list(gradient) if isinstance(gradient, list) else [gradient]
    links, start = {}, 0
    for inputs in owners:
        rows = []
        for jacobian, shape in zip(jacobians[start : start + len(inputs.shapes)], inputs.shapes, strict=True):
            matrix = np.reshape(np.asarray(jacobian, dtype=out.data.dtype), (count(out.data.shape), count(shape)))
            rows.append(matrix.T.reshape((count(shape), *out.data.shape)))
        start += len(inputs.shapes)
        links[inputs] = inputs.batch(np.concatenate(rows))
    return links
