"""The classic Variable: data and Jacobian in one object."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, TypeGuard

import numpy as np

from ..core.dispatch import BINARY, UNARY
from ..core.errors import ConversionError, user_line
from ..core.level import PLAIN
from ..core.variable import Variable as CoreVariable
from ..core.variable import as_input
from ..hints import Elsewhere
from .forward import FORWARD
from .jacobian import Inputs, before, count, layout
from .mode import current_mode
from .reverse import REVERSE, GraphNode, compute, input_node


class Variable(CoreVariable, metaclass=ABCMeta):
    """An input, or a result computed from inputs, that knows its derivative.

    What a function is given under a transform counts as one: `isinstance(x, ad.Variable)` is true of it.

    Parameters
    ----------
    data : number, list or array
        The value; integers become float64.

    Attributes
    ----------
    data : ndarray
        The value.
    gradient : ndarray or list of ndarray
        The Jacobian with respect to the input, or the list of Jacobians where there are several inputs: of
        shape `(m, n)` where neither side has more than one axis, `output.shape + input.shape` otherwise.
    node : GraphNode
        Its place in the computational graph (reverse mode).

    Raises
    ------
    DtypeError
        The data are not numbers.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> x = ad.Variable([1.0, np.pi])
    >>> y = (np.sin(x) + np.cos(x) + x) ** x
    >>> print(y)
    data :
    [ 2.38177329 10.94058428]
    grad :
    [[2.76584205 0.        ]
     [0.         8.33179958]]

    """

    __slots__ = ("_gradient",)
    _gradient: Any

    def __init__(self, data: Any) -> None:
        array = _numbers(data)
        _start(self, array, Inputs([array]), 0)

    @staticmethod
    def multi_variables(*data: Any) -> list[Variable]:
        """One Variable for each value; results then have one Jacobian for each.

        Examples
        --------
        >>> import dragongrad as ad
        >>> x, y = ad.Variable.multi_variables(2.0, [3.0, 4.0])
        >>> (x * y).compute_gradients()
        [array([[3.],
               [4.]]), array([[2., 0.],
               [0., 2.]])]

        """
        arrays = [_numbers(d) for d in data]
        inputs = Inputs(arrays)
        made = []
        for index, array in enumerate(arrays):
            variable = Variable.__new__(Variable)
            _start(variable, array, inputs, index)
            made.append(variable)
        return made

    def another(self, data: Any, link: Any) -> Variable:
        """A Variable made from this one by a Block."""
        made = Variable.__new__(Variable)
        CoreVariable.__init__(made, data, self.level, link)
        made._gradient = None
        return made

    @classmethod
    def __subclasshook__(cls, other: type) -> Any:
        return True if cls is Variable and issubclass(other, CoreVariable) else NotImplemented

    # The derivative

    @property
    def gradient(self) -> Any:
        """The Jacobian, or the list of Jacobians (in reverse mode the first look makes the pass)."""
        if self._gradient is None:
            self._gradient = self._jacobians()
        return self._gradient

    @gradient.setter
    def gradient(self, value: Any) -> None:
        self._gradient = value

    def compute_gradients(self) -> Any:
        """Compute, store and return the Jacobian, or the list of Jacobians where there are several inputs.

        In reverse mode each Node on the way keeps its own (`node.gradient`), and the graph is ready for
        another pass. An input that the result does not depend on gets zeros.
        """
        self._gradient = self._jacobians()
        return self._gradient

    def _jacobians(self) -> Any:
        found: dict[Inputs, list[Any]] = {}
        if self.level is FORWARD:
            for inputs, link in self.link.items():
                found[inputs] = inputs.jacobians(link.dot.data, self.data.shape)
        elif self.link is not None:
            for node in compute(self.link):
                if node.block is None:
                    inputs, index = node.saved
                    if inputs not in found:
                        found[inputs] = [self._zeros(shape) for shape in inputs.shapes]
                    found[inputs][index] = node.gradient
        jacobians = [j for inputs in sorted(found, key=before) for j in found[inputs]]
        if not jacobians:
            return self._zeros(self.data.shape)
        return jacobians[0] if len(jacobians) == 1 else jacobians

    def _zeros(self, shape: tuple[int, ...]) -> Any:
        out = self.data.shape
        return layout(np.zeros((count(out), count(shape)), self.data.dtype), out, shape)

    # What PyTorch's tensors have

    backward = Elsewhere("PyTorch", "x.compute_gradients()")
    grad = Elsewhere("PyTorch", "x.gradient")
    detach = Elsewhere("PyTorch", "x.data")

    # The graph

    @property
    def node(self) -> GraphNode:
        """The Node of this Variable; in forward mode no graph is kept, and its list of children is empty."""
        if isinstance(self.link, GraphNode):
            return self.link
        return input_node(self.data, None, 0)

    def reset_graph(self) -> None:
        """Forget the gradients of the last pass, here and on every Node that this Variable depends on."""
        self._gradient = None
        if isinstance(self.link, GraphNode):
            self.link.reset_graph()

    # Value semantics

    def replace(self, other: Any) -> None:
        """Let this object alone stand for another value."""
        super().replace(other)
        self._gradient = None
        if self.level is not PLAIN and self.link is None and self.level is FORWARD:
            self.link = {}

    def __copy__(self, memo: Any = None) -> Variable:
        return self.another(self.data, self.link)

    __deepcopy__ = __copy__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.data!r})"

    def __str__(self) -> str:
        gradient = self.gradient
        shown = "\n".join(str(g) for g in gradient) if isinstance(gradient, list) else str(gradient)
        return f"data :\n{np.atleast_1d(self.data)}\ngrad :\n{shown}"


def is_classic(value: Any) -> TypeGuard[Variable]:
    """Whether a value is a Variable of this interface, and not one that a transform made."""
    return type.__instancecheck__(Variable, value)


class Constant(Variable):
    """A Variable whose derivative is zero; also a buffer that Variables can be written into.

    Examples
    --------
    >>> import dragongrad as ad
    >>> x, c = ad.Variable([1.0, 2.0]), ad.Constant([3.0, 4.0])
    >>> (c * x).gradient
    array([[3., 0.],
           [0., 4.]])
    >>> (c * 2).gradient
    array([[0., 0.],
           [0., 0.]])

    """

    __slots__ = ()

    def __init__(self, data: Any) -> None:
        CoreVariable.__init__(self, _numbers(data), PLAIN)
        self._gradient = None

    def another(self, data: Any, link: Any) -> Variable:
        """A Variable made from this one by a Block."""
        return Constant(data) if self.level is PLAIN else super().another(data, link)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return self._again(super().__array_ufunc__(ufunc, method, *inputs, **kwargs))

    def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self._again(super().__array_function__(fn, types, args, kwargs))

    def _again(self, out: Any) -> Any:
        if isinstance(out, (np.ndarray, np.generic)) and out.dtype.kind in "fc":
            return Constant(out)
        return out


def _constant_operator(name: str) -> Any:
    def operator(self: Constant, *others: Any) -> Any:
        return self._again(getattr(CoreVariable, name)(self, *others))

    operator.__name__ = name
    return operator


for _name in [f"__{n}__" for n in (*BINARY, *UNARY)] + [f"__r{n}__" for n in BINARY] + ["__getitem__"]:
    setattr(Constant, _name, _constant_operator(_name))


def _numbers(data: Any) -> Any:
    if isinstance(data, Constant) and data.level is PLAIN:
        return data.data.copy()
    array = as_input(data, "the data of a Variable")
    if isinstance(array, CoreVariable):
        raise ConversionError(
            f"a Variable is made of plain numbers, it was given a Variable\n  at {user_line()}\n"
            "Use the Variable as it is; to join several write np.stack([x, y]), to start afresh Variable(x.data)"
        )
    return np.array(array)


def _start(variable: Variable, array: Any, inputs: Inputs, index: int) -> None:
    if current_mode() == "forward":
        CoreVariable.__init__(variable, array, FORWARD, {inputs: inputs.seed(index, array.dtype)})
    else:
        CoreVariable.__init__(variable, array, REVERSE, input_node(array, inputs, index))
    variable._gradient = None
