"""Functions and variables of a module, each with what it refers to: a module's text is that of what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .....records import record
from ....process import computed_once
from .code import Code, Symbol
from .registers import I1, I8, I64, PTR, VOID, Register, own_type


class _Named:
    """What a module knows by its name."""

    name: str

    @property
    def symbol(self) -> str:
        """Its name, as LLVM writes it."""
        return f"@{self.name}"


@record
class External(_Named):
    """A function that a module calls and does not define."""

    name: str
    result: str
    parameters: tuple[str, ...]
    attributes: str = ""

    def needs(self) -> dict[str, str]:
        """Its declaration."""
        kinds = ", ".join(self.parameters)
        return {self.symbol: f"declare {self.result} {self.symbol}({kinds}){_behind(self.attributes)}"}


@record
class Variable(_Named):
    """A variable of a module, or a constant; `start` is its first value as LLVM writes it."""

    name: str
    type: str
    start: str = "0"
    linkage: str = ""
    constant: bool = False

    def needs(self) -> dict[str, str]:
        """Its definition."""
        word = "constant" if self.constant else "global"
        return {self.symbol: f"{self.symbol} = {_before(self.linkage)}{word} {self.type} {self.start}"}


class _OfModule(_Named):
    """A function that is defined in some module."""

    result: str
    parameters: tuple[str, ...]

    def elsewhere(self, attributes: str = "") -> External:
        """The function as another module sees it."""
        return External(self.name, self.result, self.parameters, attributes)


@record
class Written(_OfModule):
    """A function whose text there is already, with those of whatever it refers to."""

    name: str
    result: str
    parameters: tuple[str, ...]
    text: str
    others: dict[str, str]

    def needs(self) -> dict[str, str]:
        """Its text, and those of whatever it refers to."""
        return {**self.others, self.symbol: self.text}


class Defined(_OfModule):
    """A function that Python code writes, when its text is first asked for: `write(code, *parameters)`.

    The parameters have the names of the Python function's. Code that comes to its end returns nothing.

    Parameters
    ----------
    name, result : str
        Its name, and the type of what it returns.
    parameters : tuple of str
        Their types, each perhaps with attributes behind.
    write : callable
        What writes it.
    linkage, attributes : str
        What stands before the type of its result, and behind its parameters.
    """

    def __init__(
        self,
        name: str,
        result: str,
        parameters: tuple[str, ...],
        write: Callable[..., None],
        linkage: str = "internal",
        attributes: str = "",
    ) -> None:
        self.name = name
        self.result, self.parameters = result, tuple(map(own_type, parameters))
        self._given = parameters
        self._write, self._linkage, self._attributes = write, linkage, attributes

    @computed_once
    def _texts(self) -> dict[str, str]:
        code = Code(self.result)
        names = [f"%{name}" for name in self._write.__code__.co_varnames[1 : len(self.parameters) + 1]]
        given = [f"{kind} {name}" for kind, name in zip(self._given, names, strict=True)]
        self._write(code, *[Register(code, kind, n) for kind, n in zip(self.parameters, names, strict=True)])
        text = definition(code, self.name, given, self._linkage, self._attributes)
        return {**code.declared, self.symbol: text}

    def needs(self) -> dict[str, str]:
        """Its text, and those of whatever it refers to."""
        return self._texts


def defined(
    name: str, result: str, *parameters: str, linkage: str = "internal", attributes: str = ""
) -> Callable[[Callable[..., None]], Defined]:
    """Make a function of the Python function that writes it."""
    return lambda write: Defined(name, result, parameters, write, linkage, attributes)


def definition(code: Code, name: str, parameters: Sequence[str], linkage: str = "", attributes: str = "") -> str:
    """The text of a function, its parameters each a type and a register; code that has an open end returns."""
    if code.block:
        code.ret()
    return framed([*code.entry, *code.lines], name, code.result, parameters, linkage, attributes)


def framed(
    lines: Sequence[str], name: str, result: str, parameters: Sequence[str], linkage: str, attributes: str
) -> str:
    """The text of a function that has these lines."""
    head = f"define {_before(linkage)}{result} @{name}({', '.join(parameters)}){_behind(attributes)} {{"
    return "\n".join([head, "entry:", *lines, "}"])


def module_text(*symbols: Symbol) -> str:
    """The text of a module that has these functions."""
    texts: dict[str, str] = {}
    for symbol in symbols:
        texts.update(symbol.needs())
    return "\n".join(texts.values())


def _before(words: str) -> str:
    return f"{words} " if words else ""


def _behind(words: str) -> str:
    return f" {words}" if words else ""


# What LLVM has for all.
COPY = External("llvm.memcpy.p0.p0.i64", VOID, (PTR, PTR, I64, I1))
FILL = External("llvm.memset.p0.i64", VOID, (PTR, I8, I64, I1))
LESSER, GREATER = (External(f"llvm.{name}.i64", I64, (I64, I64)) for name in ("smin", "smax"))
