"""Symbols: stand-ins for arrays that write down the formula of the code that runs on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .text import index_text

# How tightly each operator binds; an operand that binds less tightly is put in parentheses.
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = 1, 2, 3, 4, 5
_OPERATORS = {
    np.add: ("+", _SUM), np.subtract: ("-", _SUM), np.multiply: ("*", _PRODUCT), np.divide: ("/", _PRODUCT),
    np.matmul: ("@", _PRODUCT), np.remainder: ("%", _PRODUCT), np.floor_divide: ("//", _PRODUCT),
    np.power: ("**", _POWER), np.less: ("<", 0), np.less_equal: ("<=", 0), np.greater: (">", 0),
    np.greater_equal: (">=", 0), np.equal: ("==", 0), np.not_equal: ("!=", 0), np.bitwise_and: ("&", 0),
    np.bitwise_or: ("|", 0),
}  # fmt: skip
_NAMES = {"absolute": "abs", "conjugate": "conj"}
_LONGEST = 600
# Whole numbers from here on are written as 1e+15.
_WRITTEN_OUT = 1e15
_RIGHT_MATTERS = frozenset({"-", "/", "%", "//", "@"})


class Symbol:
    """A formula under construction; NumPy's functions and Python's operators on it give longer ones."""

    # Comparisons give formulas, so a Symbol is found by identity only.
    __hash__ = object.__hash__

    def __init__(self, text: str, binding: int = _ATOM, like: Any = None) -> None:
        if len(text) > _LONGEST:
            # What stands in it twice is written twice: a program would grow without end.
            raise TypeError("a formula that is too long to be read")
        self.text = text
        self.binding = binding
        # What follows `1 /` in a reciprocal: multiplied by a factor it is a division.
        self.under = ""
        if like is not None:
            # It stands for this very array, so a rule that asks for its shape gets an answer.
            self.shape, self.ndim, self.dtype = np.shape(like), np.ndim(like), np.asarray(like).dtype

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Symbol:
        if ufunc in _OPERATORS:
            return _infix(*_OPERATORS[ufunc], *inputs)
        if ufunc is np.negative:
            return _minus(inputs[0])
        return _call(_NAMES.get(ufunc.__name__, ufunc.__name__), inputs, kwargs)

    def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if fn in (np.shape, np.ndim) and "shape" in vars(args[0]):
            return getattr(args[0], fn.__name__)
        if fn is np.swapaxes and args[1:] == (-1, -2):
            return Symbol(f"{_wrapped(args[0], _ATOM)}.mT")
        if fn is np.transpose and args[1:] in ((), (None,)):
            return Symbol(f"{_wrapped(args[0], _ATOM)}.T")
        return _call(fn.__name__, args, kwargs)

    def __neg__(self) -> Symbol:
        return _minus(self)

    def __getitem__(self, index: Any) -> Symbol:
        return Symbol(f"{_wrapped(self, _ATOM)}[{index_text(index)}]")

    def __getattr__(self, name: str) -> Symbol:
        if name.startswith("__"):
            raise AttributeError(name)
        return Symbol(f"{_wrapped(self, _ATOM)}.{name}")

    def __iter__(self) -> Any:
        raise TypeError("a formula has no elements")

    def __bool__(self) -> bool:
        raise TypeError("a formula has no truth value")

    def __str__(self) -> str:
        return self.text


def _operator(ufunc: Any, swapped: bool) -> Any:
    def operator(self: Symbol, other: Any) -> Symbol:
        pair = (other, self) if swapped else (self, other)
        return _infix(*_OPERATORS[ufunc], *pair)

    return operator


_BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power,
           "matmul": np.matmul, "mod": np.remainder, "and": np.bitwise_and, "or": np.bitwise_or}  # fmt: skip
_COMPARE = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal,
            "ne": np.not_equal}  # fmt: skip
for _name, _ufunc in _BINARY.items():
    setattr(Symbol, f"__{_name}__", _operator(_ufunc, swapped=False))
    setattr(Symbol, f"__r{_name}__", _operator(_ufunc, swapped=True))
for _name, _ufunc in _COMPARE.items():
    setattr(Symbol, f"__{_name}__", _operator(_ufunc, swapped=False))


def _infix(sign: str, binding: int, left: Any, right: Any) -> Symbol:
    texts = formula(left), formula(right)
    if (sign == "+" and texts[0] == "0") or (sign == "*" and texts[0] == "1"):
        return _symbol(right)
    if (sign in "+-" and texts[1] == "0") or (sign in ("*", "**") and texts[1] == "1"):
        return _symbol(left)
    if sign == "*" and "0" in texts:
        return Symbol("0")
    if sign in "+-" and texts[1].startswith("-") and _binding(right) >= _PRODUCT:
        # a + -b reads better as a - b, and a - -b as a + b.
        sign, right = "-" if sign == "+" else "+", Symbol(texts[1][1:], _binding(right))
    first = _wrapped(left, binding + (sign == "**"))
    second = _wrapped(right, binding + (sign in _RIGHT_MATTERS))
    made = Symbol(f"{first}**{second}" if sign == "**" else f"{first} {sign} {second}", binding)
    made.under = second if sign == "/" and texts[0] == "1" else ""
    return made


def _symbol(value: Any) -> Symbol:
    return value if isinstance(value, Symbol) else Symbol(formula(value), _binding(value))


def product(partial: Any, factor: str) -> str:
    """The text of a partial derivative times a named factor."""
    if isinstance(partial, Symbol) and partial.under:
        return f"{factor} / {partial.under}"
    text = formula(partial)
    if text == "-1":
        return f"-{factor}"
    return _infix("*", _PRODUCT, partial, Symbol(factor)).text


def _minus(x: Any) -> Symbol:
    text = _wrapped(x, _SIGN)
    return Symbol(text[1:], _SIGN) if text.startswith("-") else Symbol(f"-{text}", _SIGN)


def _binding(value: Any) -> int:
    return value.binding if isinstance(value, Symbol) else _SIGN if formula(value).startswith("-") else _ATOM


def _wrapped(value: Any, binding: int) -> str:
    text = formula(value)
    return f"({text})" if _binding(value) < binding else text


def _call(name: str, args: Any, kwargs: dict[str, Any]) -> Symbol:
    plain = [repr(a) if isinstance(a, str) else formula(a) for a in args]
    options = [f"{k}={v!r}" if isinstance(v, str) else f"{k}={formula(v)}" for k, v in kwargs.items()]
    return Symbol(f"{name}({', '.join([*plain, *options])})")


_CONSTANTS = {np.pi: "pi", np.e: "e", np.log(2): "log(2)", np.log(10): "log(10)", 1 / np.log(2): "1/log(2)",
              1 / np.log(10): "1/log(10)", 2 / np.sqrt(np.pi): "2/sqrt(pi)", np.pi / 180: "pi/180",
              180 / np.pi: "180/pi"}  # fmt: skip


def formula(value: Any) -> str:
    """The text of a formula, a number or a list of them."""
    if isinstance(value, Symbol):
        return value.text
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(formula, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (float, np.floating)):
        known = _CONSTANTS.get(float(value))
        whole = abs(value) < _WRITTEN_OUT and value == int(value)
        return known or (f"{value:.0f}" if whole else f"{value:.10g}")
    if isinstance(value, complex) and value.real == 0:
        return f"{formula(value.imag)}j"
    return str(value)
