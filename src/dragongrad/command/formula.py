"""Formulas typed in, such as `sin(x) * y**2`: parsed into NumPy calls, never evaluated as Python.

    sum      = product (("+" | "-") product)*
    product  = sign (("*" | "/" | "//" | "%" | "@") sign)*
    sign     = ("-" | "+") sign | power
    power    = atom ("**" sign)?
    atom     = number | name | name "(" sum ("," sum)* ")" | "(" sum ")"

A name with parentheses is a function of the table of Blocks that acts on numbers or sums them up; a name without
is a variable, or one of the constants `pi`, `e` and `inf`.
"""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

import numpy as np
from rich.cells import cell_len

from ..core.block import BLOCKS, TABLE
from ..core.errors import NUMPY_ERRORS, ArgumentError, DragongradError, DtypeError, OutOfBoundsError, ShapeError
from ..late import is_late


def _power(x: Any, y: Any) -> Any:
    """As Python's operator has it of NumPy's numbers; `np.power` may differ in the last bit."""
    base, exponent = (np.asarray(v)[()] if v.__class__ in (int, float, complex) else v for v in (x, y))
    return (base * 1.0 if base.__class__ is np.int64 else base) ** exponent


CONSTANTS = {"pi": np.pi, "e": np.e, "inf": np.inf}
# What those who write it most often mean.
_CURES = {"^": "write ** for a power", ".": "functions have NumPy's names without np., as sin(x)"}
OPERATORS: dict[str, Any] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "//": np.floor_divide, "%": np.remainder,
    "@": np.matmul, "**": _power,
}  # fmt: skip
_STEPS = (np.floor, np.ceil, np.trunc, np.rint, np.sign)
_SUMMARIES = (np.sum, np.prod, np.mean, np.max, np.min, np.var, np.std, np.dot, np.cumsum)
# Its second argument is an integer, and a formula's numbers are floats.
_UNUSABLE = (np.ldexp,)
# Deeper than any formula that a person types; Python's own stack ends later.
_DEPTH = 60
_LENGTH = 4000
# So much of a long formula is shown on either side of a mistake.
_AROUND = 50
# What says that the arguments of a function do not fit; other errors of ours steer the transforms.
_MISFITS = (ShapeError, DtypeError, OutOfBoundsError)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<mark>\*\*|//|[-+*/%@(),]))"
)


class FormulaError(ArgumentError):
    """A formula that cannot be read; the message points at the character."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def functions() -> dict[str, Any]:
    """The functions that a formula may name: NumPy's."""
    # Blocks of other libraries' functions enter the table only where these are met.
    own = [fn for fn, block in BLOCKS.items() if block.kind == "elementwise" and not isinstance(fn, str)]
    elementwise = [fn for fn in own if not is_late(fn)]
    found = {fn.__name__: TABLE[fn] for fn in (*elementwise, *_STEPS, *_SUMMARIES) if fn not in _UNUSABLE}
    return {"abs": TABLE[np.absolute], **{name: fn for name, fn in sorted(found.items()) if name[0] not in "_<"}}


def split_formulas(text: str) -> list[str]:
    """Formulas and names separated by commas; a comma within parentheses belongs to its formula."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


class Formula:
    """A function of named variables, read from text.

    Parameters
    ----------
    text : str
        Numbers, names, `+ - * / // % @ **`, parentheses, and functions of the table of Blocks.

    Attributes
    ----------
    names : tuple of str
        The variables in order of appearance; calling the formula takes them in this order, or by name.

    Raises
    ------
    FormulaError
        The text is not such a formula. The message points at the character.

    Examples
    --------
    >>> import dragongrad as ad
    >>> from dragongrad.command.formula import Formula
    >>> f = Formula("sin(x) * y**2")
    >>> f.names
    ('x', 'y')
    >>> ad.grad(f, argnums=(0, 1))(0.0, 3.0)
    (np.float64(9.0), np.float64(0.0))

    """

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > _LENGTH:
            raise FormulaError(f"the formula has {len(text)} characters; at most {_LENGTH} are read")
        self._tokens = self._scan()
        self._place = 0
        self._depth = 0
        self._known = functions()
        # Postfix: each step puts a number or a variable on a stack, or applies a function to so many at its top.
        # The token is where a mistake in the step is shown.
        self._program: list[tuple[str, Any, int, _Token]] = []
        self._sum()
        if self._next.kind != "end":
            hint = "; a product is written 2*x" if self._next.kind == "name" or self._next.text == "(" else ""
            raise self._error(self._next, f"an operator was expected here{hint}")
        self._refuse_overflow()
        self.names = tuple(dict.fromkeys(what for kind, what, _, _ in self._program if kind == "name"))
        self.__name__ = text
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in self.names])

    def __call__(self, /, *values: Any, **named: Any) -> Any:
        """The value for the variables in order, or by name."""
        given = {**dict(zip(self.names, values, strict=False)), **named}
        if set(given) != set(self.names) or len(values) > len(self.names):
            raise ArgumentError(
                f"the formula is of {', '.join(self.names) or 'no variables'}; it was given "
                f"{', '.join(given) or 'none'}"
            )
        stack: list[Any] = []
        for kind, what, count, token in self._program:
            if kind == "apply":
                stack[-count:] = [self._applied(what, stack[-count:], token)]
            else:
                stack.append(given[what] if kind == "name" else what)
        return stack[0]

    def _applied(self, function: Any, values: list[Any], token: _Token) -> Any:
        """The value of a function; where its arguments do not fit, the error points at it."""
        try:
            return function(*values)
        except NUMPY_ERRORS as error:
            if isinstance(error, DragongradError) and not isinstance(error, _MISFITS):
                raise
            raise self._error(token, str(error).partition("\n")[0].strip()) from None

    def python(self) -> str:
        """The formula as a line of Python, of `np`, of `ad` and, where it needs it, of SciPy's `special`.

        Numbers are written as floats, but for whole exponents: so Python computes with them what the formula does.

        Examples
        --------
        >>> from dragongrad.command.formula import Formula
        >>> Formula("sin(x) * 2 + pi * y**2").python()
        'np.sin(x) * 2.0 + np.pi * y**2'

        """
        program = {token.at: what for kind, what, _, token in self._program if kind == "number"}
        text = re.sub(r"\s", " ", self.text)
        parts, before = [], 0
        for token, following in pairwise(self._tokens):
            called = token.kind == "name" and following.text == "("
            spelled = self._named(token.text, called) if token.kind == "name" else token.text
            if token.kind == "number":
                spelled = repr(value) if isinstance(value := program[token.at], int) else repr(float(value))
            parts += [text[before : token.at], spelled]
            before = token.at + len(token.text)
        return "".join(parts).strip()

    def _named(self, name: str, called: bool) -> str:
        if called:
            return f"np.{name}" if hasattr(np, name) else f"ad.{name}" if name == "logistic" else f"special.{name}"
        return f"np.{name}" if name in CONSTANTS else self.spelled(name)

    @staticmethod
    def spelled(name: str) -> str:
        """A variable as `python` writes it: it may not hide the libraries that the line calls."""
        return f"{name}_" if name in ("np", "ad", "special") else name

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    # Reading

    def _scan(self) -> list[_Token]:
        tokens, at = [], 0
        end = len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                wrong = self.text[at]
                cure = _CURES.get(wrong)
                hint = f": {cure}" if cure else ""
                raise self._error(_Token("?", wrong, at), f"{wrong!r} is not part of a formula{hint}")
            kind = match.lastgroup or ""
            token = _Token(kind, match.group(kind), match.start(kind))
            if kind == "name" and not token.text.isidentifier():
                self._refuse_name(token)
            tokens.append(token)
            at = match.end()
        return [*tokens, _Token("end", "", end)]

    def _refuse_name(self, token: _Token) -> None:
        """Point at a character that Python does not take in a name, such as a raised 2."""
        k = next(k for k in range(len(token.text)) if not token.text[: k + 1].isidentifier())
        wrong = token.text[k]
        hint = ": write ** for a power" if wrong in "²³" else ""
        raise self._error(_Token("?", wrong, token.at + k), f"{wrong!r} is not part of a formula{hint}")

    def _refuse_overflow(self) -> None:
        """Point at numbers and powers of numbers that are beyond what a float holds; `inf` can be written."""
        stack: list[Any] = []
        for kind, what, count, token in self._program:
            if token.kind == "number" and kind == "number" and np.isinf(what):
                raise self._error(
                    token, f"the number is too large: at most {np.finfo(float).max:.1e}; infinity is inf"
                )
            if kind != "apply":
                stack.append(None if kind == "name" else what)
                continue
            values = stack[-count:]
            known = what in (np.negative, _power) and all(v is not None for v in values)
            with np.errstate(all="ignore"):
                out = what(*values) if known else None
            if known and np.isinf(out) and np.all(np.isfinite(values)) and values[0] != 0:
                raise self._error(
                    token, f"the power is too large: at most {np.finfo(float).max:.1e}; infinity is inf"
                )
            stack[-count:] = [out]

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        token = self._next
        self._place += token.kind != "end"
        return token

    def _error(self, token: _Token, message: str) -> FormulaError:
        text = re.sub(r"\s", " ", self.text)
        before, after = text[: token.at], text[token.at :]
        if len(text) > 2 * _AROUND + 20:
            before = before if len(before) <= _AROUND else f"...{before[-_AROUND:]}"
            after = after if len(after) <= _AROUND else f"{after[:_AROUND]}..."
        return FormulaError(f"{message}\n  {before}{after}\n  {' ' * cell_len(before)}^")

    def _number(self, value: float, token: _Token) -> None:
        self._program.append(("number", value, 0, token))

    def _apply(self, function: Any, count: int, token: _Token) -> None:
        self._program.append(("apply", function, count, token))

    def _binary(self, marks: tuple[str, ...], part: Callable[[], None]) -> None:
        part()
        while self._next.kind == "mark" and self._next.text in marks:
            token = self._take()
            part()
            self._apply(OPERATORS[token.text], 2, token)

    def _sum(self) -> None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise self._error(self._next, f"more than {_DEPTH} levels of parentheses")
        self._binary(("+", "-"), self._product)
        self._depth -= 1

    def _product(self) -> None:
        self._binary(("*", "/", "//", "%", "@"), self._sign)

    def _signs(self) -> bool:
        negative = False
        while self._next.text in ("+", "-"):
            negative ^= self._take().text == "-"
        return negative

    def _sign(self) -> None:
        token = self._next
        negative = self._signs()
        self._power()
        if negative:
            self._apply(np.negative, 1, token)

    def _power(self) -> None:
        # 2**3**2 is 2**9: all parts go on the stack, and the powers are taken from the right.
        self._atom()
        powers = []
        while self._next.text == "**":
            powers.append((self._take(), self._signs()))
            if not self._exponent():
                self._atom()
        for token, negative in reversed(powers):
            if negative:
                self._apply(np.negative, 1, token)
            self._apply(OPERATORS["**"], 2, token)

    def _exponent(self) -> bool:
        """A whole number that ends a chain of powers stays an integer, so that x**2 is known as a square."""
        token = self._next
        following = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 9 or following.text == "**":
            return False
        self._take()
        self._number(int(token.text), token)
        return True

    def _atom(self) -> None:
        token = self._take()
        if token.kind == "number":
            self._number(np.float64(token.text), token)
        elif token.text == "(":
            self._sum()
            self._expect(")", token)
        elif token.kind != "name":
            ends = token.kind == "end"
            found = "the formula ends too early" if ends else f"{token.text!r} was not expected here"
            raise self._error(token, f"{found}; it needs a number, a name or (")
        elif self._next.text == "(":
            self._call(token)
        elif token.text in CONSTANTS:
            self._number(np.float64(CONSTANTS[token.text]), token)
        elif token.text in self._known:
            raise self._error(token, f"{token.text} is a function: write {token.text}(...)")
        elif keyword.iskeyword(token.text):
            raise self._error(token, f"{token.text} is a word of Python's own: give the variable another name")
        else:
            self._program.append(("name", token.text, 0, token))

    def _call(self, token: _Token) -> None:
        function = self._known.get(token.text)
        if function is None:
            close = get_close_matches(token.text, self._known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise self._error(token, f"{token.text} is not a function of the table of Blocks{hint}")
        opened = self._take()
        count = 1
        self._sum()
        while self._next.text == ",":
            self._take()
            self._sum()
            count += 1
        self._expect(")", opened)
        wanted = _arguments(function)
        if count != wanted:
            raise self._error(token, f"{token.text} takes {wanted} argument{'s' * (wanted != 1)}, not {count}")
        self._apply(function, count, token)

    def _expect(self, mark: str, opened: _Token) -> None:
        if self._next.text != mark:
            raise self._error(self._next, f"{mark} was expected here, to close the {opened.text} before")
        self._take()


def _arguments(function: Any) -> int:
    """How many arguments a function takes in a formula: those without a default."""
    parameters = inspect.signature(function).parameters.values()
    return sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
