"""Answering NumPy: from a ufunc or function applied to a Variable to its entry in the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from .. import late
from . import variable as _variable
from .block import BLOCKS, TABLE, UNSUPPORTED
from .errors import NUMPY_ERRORS, DragongradError, DtypeError, NoRuleError, operation_error, user_line
from .variable import Variable

# What answers for a function outside the table, where buffers are the arrays that they hold; what is made of them.
WITHOUT_RULE: Any = None
OWN: Any = None
# What writes into `out=`, and finds it among the arguments of a call.
INTO: Any = None
ANSWER_INTO: Any = None
BY_NAME: Any = None
_ARRAYS = frozenset({np.ndarray, tuple})


def array_ufunc(self: Variable, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Answer `Variable.__array_ufunc__`."""
    call = TABLE.get(ufunc)
    if call is None and late.declared():
        call = TABLE.get(ufunc)
    if call is None:
        return WITHOUT_RULE(getattr(ufunc, method), ufunc, inputs, kwargs)
    if method == "__call__":
        if self.level.stages:
            inputs = tuple(map(self.level.to_numpy, inputs))
        try:
            out = call(*inputs) if not kwargs else _ufunc_with_keywords(ufunc, call, inputs, kwargs)
        except NUMPY_ERRORS as error:
            raise operation_error(ufunc.__name__, inputs, error) from None
        return self.level.from_numpy(out) if self.level.stages else out
    call = partial(TABLE[getattr(np.ufunc, method)], ufunc)
    out = answer(f"{ufunc.__name__}.{method}", call, inputs, kwargs)
    return self.level.from_numpy(out) if self.level.stages else out


def _ufunc_with_keywords(ufunc: Any, call: Any, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    out, where = kwargs.pop("out", None), kwargs.pop("where", True)
    dtype, casting = kwargs.pop("dtype", None), kwargs.pop("casting", "same_kind")
    if casting != "same_kind" or "order" in kwargs or "subok" in kwargs:
        # These change no value, but NumPy refuses what they cannot be.
        np.positive(0.0, casting=casting, **{k: kwargs.pop(k) for k in ("order", "subok") if k in kwargs})
    targets = out if isinstance(out, tuple) else (out,)
    if kwargs.keys() == {"axis"} and ufunc.signature:
        call, kwargs = partial(call, **kwargs), {}
    if kwargs:
        raise NoRuleError(f"np.{ufunc.__name__}: the arguments {sorted(kwargs)} are not supported on Variables")
    if where is not True and out is None:
        raise NoRuleError(f"np.{ufunc.__name__}(where=...) leaves holes without out=: use np.where instead")
    value = call(*(inputs if dtype is None else _in_dtype(ufunc, inputs, dtype, casting)))
    if where is not True:
        np.empty(0, np.asarray(_variable.value_of(where)).dtype).astype(bool, casting="safe")
        value = TABLE[np.where](where, value, targets[0])
    if out is None:
        return value
    values = value if isinstance(value, tuple) else (value,)
    written = [INTO(t, v, ufunc.__name__, spreads=True) for t, v in zip(targets, values, strict=True)]
    return tuple(written) if len(written) > 1 else written[0]


def _in_dtype(ufunc: Any, inputs: tuple[Any, ...], dtype: Any, casting: str) -> list[Any]:
    """The arguments in the dtypes from which a ufunc computes a result of a dtype; NumPy's error if it cannot."""
    if np.dtype(dtype).hasobject:
        raise TypeError("Variables hold numbers, and no objects")
    arrays = [v if type(v) in (int, float, complex) else np.asarray(v) if np.isscalar(v) else v
              for v in map(_variable.plain, inputs)]  # fmt: skip
    signature = (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout
    kinds = (*[getattr(v, "dtype", type(v)) for v in arrays], *(None,) * ufunc.nout)
    found = ufunc.resolve_dtypes(kinds, signature=signature, casting=casting)
    return [v.astype(d) if getattr(v, "dtype", d) != d else v for v, d in zip(arrays, found, strict=False)]


# NumPy drops `like=x` from the arguments when it asks x: these functions are given it again.
CREATION: frozenset[Any] = frozenset({
    np.zeros, np.ones, np.empty, np.full, np.eye, np.identity, np.tri, np.arange, np.array, np.asarray,
    np.asanyarray, np.ascontiguousarray, np.asfortranarray,
})  # fmt: skip


def array_function(self: Variable, fn: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer `Variable.__array_function__`."""
    if fn in CREATION:
        kwargs = {**kwargs, "like": self}
    # A module that NumPy imports late has its functions in the table by name.
    call = TABLE.get(fn) or TABLE.get(f"{fn.__module__}.{fn.__name__}")
    if call is None:
        return WITHOUT_RULE(fn, fn, args, kwargs)
    out = answer(fn.__name__, call, args, kwargs)
    return self.level.from_numpy(out) if self.level.stages and fn not in AS_METHODS else out


# They give what a method or a comparison of their argument gives, of Python's numbers too.
AS_METHODS: frozenset[Any] = frozenset({np.real, np.imag, np.isreal, np.linalg.matrix_rank})


def answer(name: str, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call what answers for a function; an error of NumPy's is restated, of a function of the user's passed on."""
    try:
        if len(args) > 2:
            args, kwargs = BY_NAME(name, args, kwargs)
        if "out" in kwargs:
            return ANSWER_INTO(name, call, args, kwargs)
        return OWN(args, out) if (out := call(*args, **kwargs)).__class__ in _ARRAYS else out
    except NUMPY_ERRORS as error:
        if isinstance(error, DragongradError) or any(callable(a) and not isinstance(a, type) for a in args):
            raise
        raise operation_error(name, args, error) from None


def no_rule(fn: Any) -> NoRuleError:
    """The error for a function outside the table."""
    name = getattr(fn, "__name__", str(fn))
    module = getattr(fn, "__module__", None) or ("numpy" if hasattr(np, name) else "scipy.special")
    if name.endswith(" (vectorized)"):
        return NoRuleError(f"np.frompyfunc makes arrays of objects: write np.vectorize\n  at {user_line()}")
    reason = UNSUPPORTED.get(fn) or UNSUPPORTED.get(module) or "it is not in the table of Blocks"
    return NoRuleError(
        f"{module}.{name} has no derivative rule: {reason}\n  at {user_line()}\n"
        "Write it with functions that have one, give it a rule with @ad.custom_rule, or, where its "
        "derivative is not wanted, pass ad.stop_gradient(x)."
    )


# Operators and methods of a Variable, by the NumPy function that stands behind each

BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power,
    "floordiv": np.floor_divide, "mod": np.remainder, "matmul": np.matmul, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
}  # fmt: skip
COMPARISONS = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
               "eq": np.equal, "ne": np.not_equal}  # fmt: skip
UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}
_METHOD_NAMES = """
all any argmax argmin argpartition argsort choose clip copy cumprod cumsum diagonal dot
max mean min nonzero prod ravel repeat round searchsorted squeeze std sum swapaxes take trace var
"""
METHODS = {name: getattr(np, name) for name in _METHOD_NAMES.split()}
_WHOLE = ("__round__", "__floor__", "__ceil__", "__trunc__")


def install() -> None:
    """Give Variable its operators and methods, once the table is complete."""
    for name, fn in BINARY.items():
        call = TABLE[fn]
        # The function of an elementwise Block becomes the operator itself, without another call between.
        setattr(Variable, f"__{name}__", call if isinstance(call, FunctionType) else as_method(f"__{name}__", call))
        setattr(Variable, f"__r{name}__", _reflected(call))
    for name, fn in (COMPARISONS | UNARY).items():
        setattr(Variable, f"__{name}__", TABLE[fn])
    for name, fn in METHODS.items():
        if fn in TABLE:
            setattr(Variable, name, as_method(name, TABLE[fn]))
    for key, call in TABLE.items():
        if isinstance(key, str) and key.startswith("x."):
            setattr(Variable, key[2:], as_method(key[2:], call))
    for key, reason in UNSUPPORTED.items():
        if isinstance(key, str) and key.startswith("x."):
            setattr(Variable, key[2:], _refused(key, reason))
    # Real numbers and truths are their own conjugates, and keep their dtype.
    conjugate = lambda self: TABLE[np.conjugate](self) if self.dtype.kind == "c" else self
    methods: dict[str, Any] = {
        "__array_ufunc__": array_ufunc, "__array_function__": array_function,
        "reshape": _reshape, "transpose": _transpose,
        "flatten": as_method("flatten", lambda self, *order: TABLE[np.ravel](self, *order).copy()),
        "T": property(TABLE[np.transpose]), "mT": property(TABLE[np.matrix_transpose]),
        "conj": conjugate, "conjugate": conjugate, "real": property(TABLE[np.real]),
        "imag": property(TABLE[np.imag]), "astype": as_method("astype", BLOCKS["astype"].call),
        "compress": as_method("compress", lambda self, condition, *axis, **named:
                              TABLE[np.compress](condition, self, *axis, **named)),
        "__divmod__": lambda x, y: (x // y, x % y), "__rdivmod__": lambda x, y: (y // x, y % x),
        **{name: _whole(name, TABLE[getattr(np, name.strip("_"))]) for name in _WHOLE},
    }  # fmt: skip
    for name, method in methods.items():
        setattr(Variable, name, method)


def _reflected(call: Callable[..., Any]) -> Callable[..., Any]:
    def reflected(self: Any, other: Any) -> Any:
        return call(other, self)

    return reflected


def as_method(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """A method that answers as a function of the table does, with its errors restated."""

    def answered(self: Any, *args: Any, **kwargs: Any) -> Any:
        return answer(name, call, (self, *args), kwargs)

    answered.__name__, answered.__doc__ = name, f"As `numpy.{name}` of this Variable."
    return answered


def _whole(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """What Python's rounding gives of a number: one of its integers, once it is known."""
    rounded = as_method(name, call)

    def whole(self: Any, *digits: Any) -> Any:
        out = rounded(self, *[d for d in digits if d is not None])
        return int(out) if isinstance(out, np.generic) and digits in ((), (None,)) else out

    whole.__name__, whole.__doc__ = name, rounded.__doc__
    return whole


def _refused(name: str, reason: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise NoRuleError(f"{name} has no derivative rule: {reason}\n  at {user_line()}")

    return method


def _reshape(self: Any, *shape: Any, order: str = "C") -> Any:
    """As `numpy.ndarray.reshape`."""
    if not shape:
        raise DtypeError(f"reshape needs a shape, as x.reshape(-1)\n  at {user_line()}")
    return answer("reshape", TABLE[np.reshape], (self, shape[0] if len(shape) == 1 else shape), {"order": order})


def _transpose(self: Any, *axes: Any) -> Any:
    """As `numpy.ndarray.transpose`."""
    return answer("transpose", TABLE[np.transpose], (self, axes[0] if len(axes) == 1 else axes or None), {})
