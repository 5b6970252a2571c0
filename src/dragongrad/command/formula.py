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
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..core.block import BLOCKS, TABLE
from ..core.errors import ArgumentError

CONSTANTS = {"pi": np.pi, "e": np.e, "inf": np.inf}
OPERATORS: dict[str, Any] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "//": np.floor_divide, "%": np.remainder,
    "@": np.matmul, "**": np.power,
}  # fmt: skip
_STEPS = (np.floor, np.ceil, np.trunc, np.rint, np.sign)
_SUMMARIES = (np.sum, np.prod, np.mean, np.max, np.min, np.var, np.std, np.dot, np.cumsum)
# Deeper than any formula that a person types; Python's own stack ends later.
_DEPTH = 60
_LENGTH = 4000
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
    """The functions that a formula may name."""
    elementwise = [fn for fn, block in BLOCKS.items() if block.kind == "elementwise" and not isinstance(fn, str)]
    found = {fn.__name__: TABLE[fn] for fn in (*elementwise, *_STEPS, *_SUMMARIES)}
    return {"abs": TABLE[np.absolute], **{name: fn for name, fn in sorted(found.items()) if name[0] != "_"}}


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
        # Postfix: each step puts a number or a variable on a stack, or applies a function to its top.
        self._program: list[tuple[str, Any, int]] = []
        self._sum()
        if self._next.kind != "end":
            raise self._error(self._next, "an operator was expected here")
        self.names = tuple(dict.fromkeys(what for kind, what, _ in self._program if kind == "name"))
        self.__name__ = text
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in self.names])

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The value for the variables in order, or by name."""
        given = {**dict(zip(self.names, values, strict=False)), **named}
        if set(given) != set(self.names) or len(values) > len(self.names):
            raise ArgumentError(
                f"the formula is of {', '.join(self.names) or 'no variables'}; it was given "
                f"{', '.join(given) or 'none'}"
            )
        stack: list[Any] = []
        for kind, what, count in self._program:
            if kind == "apply":
                stack[-count:] = [what(*stack[-count:])]
            else:
                stack.append(given[what] if kind == "name" else what)
        return stack[0]

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
                hint = ": write ** for a power" if wrong == "^" else ""
                raise self._error(_Token("?", wrong, at), f"{wrong!r} is not part of a formula{hint}")
            kind = match.lastgroup or ""
            tokens.append(_Token(kind, match.group(kind), match.start(kind)))
            at = match.end()
        return [*tokens, _Token("end", "", end)]

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        token = self._next
        self._place += token.kind != "end"
        return token

    def _error(self, token: _Token, message: str) -> FormulaError:
        shown = self.text.replace("\n", " ").replace("\t", " ")
        return FormulaError(f"{message}\n  {shown}\n  {' ' * token.at}^")

    def _apply(self, function: Any, count: int) -> None:
        self._program.append(("apply", function, count))

    def _binary(self, marks: tuple[str, ...], part: Callable[[], None]) -> None:
        part()
        while self._next.kind == "mark" and self._next.text in marks:
            operator = OPERATORS[self._take().text]
            part()
            self._apply(operator, 2)

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
        negative = self._signs()
        self._power()
        if negative:
            self._apply(np.negative, 1)

    def _power(self) -> None:
        # 2**3**2 is 2**9: all parts go on the stack, and the powers are taken from the right.
        self._atom()
        negatives = []
        while self._next.text == "**":
            self._take()
            negatives.append(self._signs())
            if not self._exponent():
                self._atom()
        for negative in reversed(negatives):
            if negative:
                self._apply(np.negative, 1)
            self._apply(np.power, 2)

    def _exponent(self) -> bool:
        """A whole number that ends a chain of powers stays an integer, so that x**2 is known as a square."""
        token = self._next
        following = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 9 or following.text == "**":
            return False
        self._take()
        self._program.append(("number", int(token.text), 0))
        return True

    def _atom(self) -> None:
        token = self._take()
        if token.kind == "number":
            self._program.append(("number", float(token.text), 0))
        elif token.text == "(":
            self._sum()
            self._expect(")", token)
        elif token.kind != "name":
            missing = (
                "the formula ends too early" if token.kind == "end" else f"{token.text!r} was not expected here"
            )
            raise self._error(token, f"{missing}: a number, a name or ( was")
        elif self._next.text == "(":
            self._call(token)
        elif token.text in CONSTANTS:
            self._program.append(("number", CONSTANTS[token.text], 0))
        elif token.text in self._known:
            raise self._error(token, f"{token.text} is a function: write {token.text}(...)")
        else:
            self._program.append(("name", token.text, 0))

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
        block = BLOCKS.get(getattr(np, token.text, None))
        wanted = len(block.names) if block is not None else 1
        if count != wanted:
            raise self._error(token, f"{token.text} takes {wanted} argument(s), it was given {count}")
        self._apply(function, count)

    def _expect(self, mark: str, opened: _Token) -> None:
        if self._next.text != mark:
            raise self._error(self._next, f"{mark} was expected here, to close the {opened.text} before")
        self._take()
