"""What an optimizer sees of the user's function: value, gradient and curvature at an array, each call counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..classic.mode import chosen_mode
from ..classic.variable import is_classic
from ..compiler.tiers import FORWARD, PRODUCT, REVERSE, VALUE, Kind, Tiered, data_of
from ..core.errors import ArgumentError, DtypeError, ShapeError, describe
from ..core.nests import Structure, flatten, unflatten
from ..core.variable import as_input
from ..hints import no_return
from ..transforms.forward import jvp
from ..transforms.gradients import grad, value_and_grad
from ..transforms.jacobians import hessian, jacfwd
from .options import choice, shown

Array: TypeAlias = np.ndarray[Any, Any]


class Packing:
    """How a nest of parameters becomes one array and back.

    A single array keeps its shape, and a list or tuple of plain numbers is an array; the leaves of any other
    nest lie one after the other in a vector, so that an optimizer needs to know of one array only.

    Raises
    ------
    DtypeError
        A parameter is not a real number.
    """

    def __init__(self, start: Any) -> None:
        leaves, self.structure = flatten(_array(start) if _is_list_of_numbers(start) else start)
        if callable(start):
            raise ArgumentError("the start is a function: the function comes first, and then the start, (f, x0)")
        if not sum(np.size(_bare(leaf)) for leaf in leaves):
            raise ArgumentError(
                f"there are no parameters: the start is empty, or None ({shown(start)}); give numbers to start from"
            )
        arrays = [np.asarray(as_input(_bare(leaf), "the start")) for leaf in leaves]
        for a in arrays:
            if a.dtype.kind == "c":
                raise DtypeError(
                    f"the parameters are {describe(a)}: optimize real numbers, and write "
                    "z = x[0] + 1j * x[1] inside the function"
                )
        self.numbers = [type(leaf) in (int, float, bool) for leaf in leaves]
        self.shapes = [a.shape for a in arrays]
        self.dtypes = [a.dtype for a in arrays]
        self.ends = np.cumsum([a.size for a in arrays]).tolist()
        self.start: Array = self._join(arrays)

    def names(self) -> list[str]:
        """What each number is called, in the order of the vector: `rate`, `weights[0, 1]`, `x[2]`."""
        paths = self.structure.accessors() if self.structure is not None else [()]
        return [
            _called(path) + (f"[{', '.join(map(str, index))}]" if index else "")
            for path, shape in zip(paths, self.shapes, strict=True)
            for index in np.ndindex(shape)
        ]

    def _join(self, leaves: list[Any]) -> Array:
        if self.structure is None:
            return np.array(leaves[0])
        return np.concatenate([np.ravel(leaf) for leaf in leaves])

    def pack(self, nest: Any) -> Any:
        """The array of a nest of the same structure."""
        return np.asarray(nest) if self.structure is None else self._join(flatten(nest)[0])

    def unpack(self, x: Any) -> Any:
        """The nest of an array (or of a Variable, in its derivatives)."""
        structure: Structure = self.structure
        if structure is None:
            return x
        return unflatten(structure, self._leaves(x))

    def _leaves(self, x: Any) -> list[Any]:
        begins = [0, *self.ends[:-1]]
        return [
            np.reshape(x[i:j], shape).astype(dtype)
            for i, j, shape, dtype in zip(begins, self.ends, self.shapes, self.dtypes, strict=True)
        ]

    def plain(self, x: Array) -> Any:
        """The nest of an array as users are given it: numbers as numbers, not as arrays without axes."""
        if self.structure is None:
            return x[()]
        parts = zip(self._leaves(x), self.numbers, strict=True)
        made = [float(leaf) if number else leaf[()] for leaf, number in parts]
        return unflatten(self.structure, made)


def _called(path: Any) -> str:
    """A leaf of a nest by its keys: `layers[0].weights`."""
    found = ""
    for step in path:
        name = getattr(step, "field", getattr(step, "name", step.entry))
        found += f"[{name}]" if isinstance(name, int) else f".{name}" if found else str(name)
    return found if found and not found.startswith("[") else f"x{found}"


def _is_list_of_numbers(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or hasattr(value, "_fields") or not value:
        return False
    return all(_is_list_of_numbers(v) or np.isscalar(v) for v in value)


def _array(numbers: Any) -> Array:
    try:
        return np.asarray(numbers)
    except ValueError:
        raise ShapeError(f"the start is a list of lists of different lengths: {shown(numbers)}") from None


def _bare(value: Any) -> Any:
    return value.data if is_classic(value) else value


class Objective:
    """A function to minimize, its derivatives, and how often each was asked for.

    Parameters
    ----------
    f : callable
        `f(params, *args)`, in one of the forms that `Optimizer` names.
    start : nest of arrays
        Where to start: it fixes the structure of the parameters.
    args : tuple
        Further arguments of `f`.
    mode : "forward", "reverse" or None
        How a plain NumPy function is differentiated; None: as `ad.set_mode` says, otherwise in reverse.
    form : "value", "pair" or None
        What `f` returns: the value, or `(value, gradient)` (or a Variable that holds both); None: find out.
    compile : bool
        Whether `f` and its derivatives may be compiled once they have run for a while.

    Attributes
    ----------
    nfev, njev, nhev : int
        How many values, gradients and second derivatives (Hessians, or products with one) were computed.
    data : int
        How many numbers the function reads besides its parameters, as far as `data_of` finds them.
    derived : Tiered or None
        Value and gradient of a function that gives its value alone, from the first call on.

    """

    def __init__(
        self, f: Callable[..., Any], start: Any, args: tuple[Any, ...] = (), mode: str | None = None,
        form: str | None = None, compile: bool = False,
    ) -> None:  # fmt: skip
        if not callable(f):
            raise ArgumentError(f"the function to minimize or fit must be callable, got {shown(f)}")
        if mode is not None:
            choice("mode", mode, ("forward", "reverse"))
        self.f = f
        self.args = args
        self.mode = mode
        self.form = form
        self.packing = Packing(start)
        self.nfev = self.njev = self.nhev = 0
        self.compile = compile
        self.data = data_of(f, args)
        self.derived: Tiered | None = None
        self._value = self._tiered(self._call, VALUE)
        self._hessian = self._tiered(self._flat_hessian, FORWARD)
        self._hvp = self._tiered(self._product, PRODUCT)

    def _tiered(self, function: Callable[..., Any], kind: Kind) -> Tiered:
        return Tiered(function, self.compile, kind, self.data)

    @property
    def start(self) -> Array:
        """The array of the parameters to start from."""
        return self.packing.start

    def _call(self, params: Any) -> Any:
        out = self.f(params, *self.args)
        if getattr(out, "shape", None) == ():
            return out
        if out is None:
            raise no_return(self.f, "the objective must return one number", ArgumentError)
        if isinstance(out, tuple) or is_classic(out):
            raise ArgumentError(
                f"the objective must return one number, it returned {type(out).__name__}; where it returns "
                "(value, gradient) itself, say jac=True"
            )
        _check_scalar(out)
        return np.reshape(out, ())

    def value(self, x: Array) -> float:
        """The value alone."""
        self.nfev += 1
        if self.form == "pair":
            return self._pair(self.f(self.packing.unpack(x), *self.args))[0]
        return _number(self._value(self.packing.unpack(x)))

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """The value, and the gradient in the shape of `x`."""
        self.nfev += 1
        self.njev += 1
        nest = self.packing.unpack(x)
        if self.form is None:
            out = self.f(nest, *self.args)
            self.form = "pair" if isinstance(out, tuple) or is_classic(out) else "value"
            if self.form == "pair":
                return self._pair(out)
            _check_scalar(out)
        if self.form == "pair":
            return self._pair(self.f(nest, *self.args))
        if self.derived is None:
            mode = self.mode or chosen_mode() or "reverse"
            both, kind = (value_and_grad(self._call), REVERSE) if mode == "reverse" else (self._forward, FORWARD)
            self.derived = self._tiered(both, kind)
        value, gradient = self.derived(nest)
        gradient = gradient if self.packing.structure is None else self.packing.pack(gradient)
        return _number(value), gradient

    def _forward(self, nest: Any) -> tuple[Any, Any]:
        def both(params: Any) -> tuple[Any, Any]:
            value = self._call(params)
            return value, value

        gradient, value = jacfwd(both, has_aux=True)(nest)
        return value, gradient

    def _pair(self, got: Any) -> tuple[float, Array]:
        """The value as a number and its gradient in the shape of the parameters, however they were given."""
        if is_classic(got):
            got = (got.data, got.gradient)
        if not isinstance(got, (tuple, list)) or len(got) != 2:
            raise ArgumentError(
                f"the objective must return the pair (value, gradient), it returned {_returned(got)}; where it "
                "returns the value alone, leave out jac: the gradient is found by itself"
            )
        value, gradient = got
        if isinstance(value, float) and _is_real(gradient) and gradient.shape == self.packing.start.shape:
            return value, gradient
        _check_scalar(value)
        parts = [np.asarray(part) for part in flatten(gradient)[0]]
        if not parts or not all(map(_is_real, parts)):
            raise ArgumentError(
                f"the gradient must be an array of real numbers like the parameters, it is {_returned(gradient)}"
            )
        flat = np.concatenate([np.ravel(part) for part in parts])
        if flat.size != self.start.size:
            raise ShapeError(f"the gradient holds {flat.size} numbers for parameters of shape {self.start.shape}")
        return _number(np.reshape(value, ())), flat.reshape(self.start.shape)

    def hessian(self, x: Array) -> Array:
        """The Hessian, as a matrix over the numbers of `x`."""
        self.nhev += 1
        self._needs_function("the Hessian")
        return np.asarray(self._hessian(np.ravel(x))).reshape(x.size, x.size)

    def _flat_hessian(self, x: Any) -> Any:
        def flat(v: Any) -> Any:
            return self._call(self.packing.unpack(np.reshape(v, self.start.shape)))

        return hessian(flat)(x)

    def hvp(self, x: Array, v: Array) -> Array:
        """The Hessian times a vector of the shape of `x`."""
        self.nhev += 1
        self._needs_function("a Hessian product")
        return self.packing.pack(self._hvp(self.packing.unpack(x), self.packing.unpack(v)))

    def _product(self, params: Any, direction: Any) -> Any:
        return jvp(grad(self._call), (params,), (direction,))[1]

    def unfit(self) -> str | None:
        """Why the value where it was last evaluated cannot be worked with, though it is finite, if so."""
        return None

    def faded(self) -> bool:
        """Whether next to nothing is left of what can only come to zero, so that what is left may be rounding."""
        return False

    def known(self) -> Any:
        """What is known of the function where it was last evaluated, for `recall`."""
        return None

    def recall(self, known: Any) -> None:
        """Know again what was known elsewhere."""

    def check(self) -> None:
        """Warn where what was compiled is no longer the function."""
        tiers = (self._value, self.derived, self._hvp, self._hessian)
        first = next((tier for tier in tiers if tier is not None and tier.compiled), None)
        if first is not None:
            first.check()

    def _needs_function(self, what: str) -> None:
        if self.form == "pair":
            raise ArgumentError(
                f"{what} needs a NumPy function that returns just the value; this one returns its own gradient"
            )


def _is_real(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind in "fiub"


def _returned(got: Any) -> str:
    """What a function returned, as a message says it."""
    if isinstance(got, (tuple, list)):
        return f"a {type(got).__name__} of {len(got)}"
    return describe(got) if hasattr(got, "dtype") else shown(got)


def _number(value: Any) -> float:
    if np.iscomplexobj(value):
        raise DtypeError(
            f"the objective must return one real number, it returned {describe(value)}\n"
            "Take its real part, or np.abs"
        )
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"the objective must return one real number, it returned {value!r}") from None


def _check_scalar(value: Any) -> None:
    if np.size(value) != 1:
        raise ArgumentError(
            f"the loss must be one number, it has shape {np.shape(value)}; sum it: np.sum(...), or fit its "
            "elements with ad.least_squares"
        )
