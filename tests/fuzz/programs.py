"""Random programs: a few lines of NumPy that fit together, since each was run before the next was drawn."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

import dragongrad as ad

from .arguments import ARGUMENTS, WRONG, WRONG_VALUES
from .lines import CHAPTERS, WRITES

HOLE = re.compile(r"\{([^{}]*)\}")
_VALUE = re.compile(r"([xrcbisvpmqt]\d?)(?:([~=])(\w+))?")
_NAME = re.compile(r"\b[xv]\d+\b")
# Larger arrays take time and show nothing that small ones do not.
_MOST = 128
# In a tame program, numbers beyond this lose too many digits for derivatives to be compared.
_LARGEST = 1e3


def with_inputs(inputs: tuple[str, ...], body: list[str]) -> str:
    """The source of a function `f` with the lines of its body, and of `inputs(seed)`, which gives its arguments."""
    return "\n".join([
        "def inputs(seed):",
        "    rng = np.random.default_rng(seed)",
        f"    return ({', '.join(inputs)},)",
        "",
        f"def f({', '.join(f'x{k}' for k in range(len(inputs)))}):",
        *[f"    {line}" for line in body],
        "",
    ])  # fmt: skip


@dataclass(frozen=True)
class Program:
    """A function of arrays as source, and the arrays.

    Attributes
    ----------
    inputs : tuple of str
        Expressions of `rng`, one for each argument `x0 x1 ...`.
    lines : tuple of str
        The body of the function.
    output : str
        The expression that it returns.
    precision : float
        The coarsest spacing at 1 of the floats that it works with.

    """

    inputs: tuple[str, ...]
    lines: tuple[str, ...]
    output: str
    precision: float

    @property
    def source(self) -> str:
        """Two functions: `inputs(seed)` gives the arguments of `f`."""
        return with_inputs(self.inputs, [*self.lines, f"return {self.output}"])

    @property
    def words(self) -> frozenset[str]:
        """The functions and operators that it is made of."""
        text = " ".join([*self.lines, self.output])
        return frozenset(re.findall(r"(?:\w+\.)+\w+|\.\w+|[-+*/%@&|^<>=!]+|\[", re.sub(r"-?\d[\w.]*", "", text)))

    def smaller(self) -> Iterator[Program]:
        """Programs with one change towards the simple that leave their arguments as they are."""
        written = re.compile(r"x\d+(\[.*\])? [-+*]?= ")
        return (p for p in self._changed() if not any(map(written.match, p.lines)))

    def _changed(self) -> Iterator[Program]:
        """Fewer lines and inputs, plainer inputs."""
        for k, line in enumerate(self.lines):
            name, equals, expression = line.partition(" = ")
            if equals and _NAME.fullmatch(name):
                for other in dict.fromkeys(_NAME.findall(expression)):  # one of its own operands in its place
                    yield self._with([re.sub(rf"\b{name}\b", other, t) for t in self._without(k)])
                if self.output != name:
                    yield self._with([*self.lines[: k + 1], name])
            else:
                yield self._with(self._without(k))
        used = set(_names([*self.lines, self.output]))
        for k, text in enumerate(self.inputs):
            if f"x{k}" not in used and len(self.inputs) > 1:
                yield self._drop(k)
            for plain in ("rng.normal()", "rng.normal(size=1)", "rng.normal(size=2)", "rng.normal(size=(2, 2))"):
                if len(plain) < len(text):
                    yield replace(self, inputs=(*self.inputs[:k], plain, *self.inputs[k + 1 :]))

    def _without(self, k: int) -> list[str]:
        return [*self.lines[:k], *self.lines[k + 1 :], self.output]

    def _with(self, texts: list[str]) -> Program:
        return replace(self, lines=tuple(_live(texts[:-1], texts[-1])), output=texts[-1])

    def _drop(self, k: int) -> Program:
        """Without an input that is not used; those after it are numbered anew."""
        moved = lambda text: re.sub(r"\bx(\d+)\b", lambda m: f"x{int(m[1]) - (int(m[1]) > k)}", text)
        lines, output = tuple(map(moved, self.lines)), moved(self.output)
        return replace(self, inputs=(*self.inputs[:k], *self.inputs[k + 1 :]), lines=lines, output=output)


def _kind(a: Any) -> str:
    return np.asarray(a).dtype.kind


# What a letter asks for, and the expression that makes such a value of any other.
KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "x": (lambda a: True, "{}"),
    "r": (lambda a: _kind(a) != "c", "np.real({})"),
    "c": (lambda a: _kind(a) in "fc", "{} * 1.0"),
    # Where two numbers happen to be equal, a derivative is that of one side.
    "b": (lambda a: _kind(a) == "b", "np.real({}) > 0.1"),
    "i": (lambda a: _kind(a) in "iu", "np.rint(np.real({}) * 2).astype(int)"),
    "s": (lambda a: np.ndim(a) == 0, "np.sum({})"),
    "v": (lambda a: np.ndim(a) == 1, "np.ravel({})"),
    "p": (lambda a: np.ndim(a) == 2, "np.reshape({}, (1, -1))"),
    "m": (lambda a: np.ndim(a) >= 2, "np.atleast_2d({})"),
    "q": (
        lambda a: np.ndim(a) >= 2 and np.shape(a)[-1] == np.shape(a)[-2],
        "np.outer({0}, {0}) + np.diag(np.arange(np.size({0})))",
    ),
}
# Buffers of the program's own.
BUFFERS = ("{0} * 1.0", "+{0}", "np.zeros_like({0})", "np.copy({0})", "np.zeros(np.shape({0}), like={0})")


class Builder:
    """Draws a program line by line, and runs each in plain NumPy to know what it makes.

    Parameters
    ----------
    draw : random.Random
        What the choices are drawn with.
    tame : bool
        Whether all values must be finite and of moderate size, so that derivatives can be compared.
    wrong : bool
        Whether an argument may be one that does not fit; what NumPy refuses then ends the program.

    """

    def __init__(self, draw: Random, tame: bool = True, wrong: bool = False) -> None:
        self.draw, self.tame, self.wrong = draw, tame, wrong
        self.values: dict[str, Any] = {}
        self.space: dict[str, Any] = {"np": np, "ad": ad, "rng": np.random.default_rng(0)}
        self.lines: list[str] = []
        self.refused = ""
        self.count = 0

    # Running

    def run(self, line: str) -> bool:
        """Whether a line runs."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(line, self.space)
        except Exception:
            if self.wrong:
                self.refused = line
            return False
        return True

    def usable(self, value: Any) -> bool:
        """Whether a value is a number or a small array, and a tame one if it must be."""
        if not isinstance(value, np.ndarray | np.generic | float | int | complex) or _kind(value) not in "fciub":
            return False
        if np.size(value) > _MOST or np.ndim(value) > 5 or isinstance(value, np.ma.MaskedArray | np.matrix):
            return False
        return not self.tame or bool(np.all(np.abs(np.asarray(value, complex)) <= _LARGEST))

    def make(self, expression: str) -> str:
        """The name of a new value; empty where there is none."""
        name = f"v{self.count}"
        self.count += 1
        if not self.run(f"{name} = {expression}") or not self.usable(self.space[name]):
            return ""
        self.lines.append(f"{name} = {expression}")
        self.values[name] = self.space[name]
        return name

    # Drawing

    def add(self, line: str, statement: bool) -> None:
        """Fill the holes of a line and add it, if it runs."""
        names: dict[str, str] = {}
        try:
            text = HOLE.sub(lambda match: self.fill(match[1], names), line)
        except KeyError:  # a value that a hole needs could not be made
            return
        if not statement:
            self.make(text)
        elif names["t"] in self.values and self.run(text):
            self.lines.append(text)
            self.forget(names["t"])

    def forget(self, buffer: str) -> None:
        """Leave alone what shares memory with a buffer that was written to, and what it made untame."""
        target = self.values[buffer] = self.space[buffer]
        for name, value in list(self.values.items()):
            shared = name != buffer and isinstance(value, np.ndarray) and np.may_share_memory(value, target)
            if shared or (name == buffer and not self.usable(value)):
                del self.values[name]

    def fill(self, hole: str, names: dict[str, str]) -> str:
        """The text for a hole; `names` are the values of this line so far."""
        if "|" in hole:
            return self.draw.choice(hole.split("|"))
        match = _VALUE.fullmatch(hole)
        if match is not None:
            return self.value(*match.groups(), names)
        if self.wrong and hole != "bool" and self.draw.random() < 0.3:
            return self.draw.choice(WRONG)
        name, _, argument = hole.partition(":")
        known = self.values.get(names[argument], ()) if argument else ()
        return ARGUMENTS[name](self.draw, np.shape(known))

    def value(self, hole: str, relation: str | None, other: str | None, names: dict[str, str]) -> str:
        """The name of a value for a hole: one made before that fits, or one made of it."""
        if hole in names:
            return names[hole]
        if self.wrong and self.draw.random() < 0.06:
            names[hole] = self.draw.choice(WRONG_VALUES)
        elif hole[0] == "t":
            names[hole] = self.make(self.draw.choice(BUFFERS).format(self.any()))
        else:
            wanted, made = KINDS[hole[0]]
            like = self.values.get(names[other]) if other else None
            fits = [
                k for k, v in self.values.items() if wanted(v) and (like is None or _related(v, relation, like))
            ]
            if not fits:
                fits = [self.make(made.format(names[other] if other else self.any()))]
            # The last more often: a program grows rather long than wide.
            names[hole] = self.draw.choice([*fits, *fits[-2:]])
        if not names[hole]:
            raise KeyError(hole)
        return names[hole]

    def any(self) -> str:
        """The name of some value."""
        return self.draw.choice([*self.values])

    def finished(self, given: tuple[str, ...]) -> Program:
        """The program that returns the last value, without the lines that it does not need."""
        lines, output = self.lines, [*self.values][-1]
        if self.refused:
            name, equals, expression = self.refused.partition(" = ")
            if equals and _NAME.fullmatch(name):
                output = expression
            else:
                lines, output = [*lines, self.refused], _NAME.findall(self.refused)[0]
        used = _live(lines, output)
        values = [self.space[n] for n in {*_names([*used, output])} if n in self.space]
        floats = [v.dtype for v in map(np.asarray, values) if v.dtype.kind in "fc"]
        coarsest = max([float(np.finfo(d).eps) for d in floats], default=0.0)
        return Program(given, tuple(used), output, max(coarsest, float(np.finfo(float).eps)))


def _related(value: Any, relation: str | None, other: Any) -> bool:
    if relation is None:
        return True
    if relation == "=":
        return np.shape(value) == np.shape(other)
    try:
        np.broadcast_shapes(np.shape(value), np.shape(other))
    except ValueError:
        return False
    return True


def _names(texts: Iterable[str]) -> list[str]:
    return [name for text in texts for name in _NAME.findall(text)]


def _live(lines: Iterable[str], output: str) -> list[str]:
    """The lines that an expression depends on."""
    needed, kept = set(_names([output])), []
    for line in reversed([*lines]):
        if set(_NAME.findall(line)[:1]) & needed:
            kept.append(line)
            needed |= set(_names([line]))
    return kept[::-1]


LENGTHS = (2, 3, 1, 4, 0, 5)
LAYOUTS = ("{}", "{}", "np.asfortranarray({})", "{}[::-1]", "{}.T", "np.repeat({}, 2, axis=-1)[..., ::2]")
SPECIAL = "rng.choice([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300], {})"


def argument(draw: Random, tame: bool = True) -> str:
    """The expression of an argument: its shape, dtype, values and layout."""
    shape = tuple(draw.choice(LENGTHS) for _ in range(draw.choice([0, 1, 1, 2, 2, 2, 3])))
    dtype = draw.choice(["float", "float", "float", "np.float32", "complex", "int", "bool", "np.float16"])
    values = draw.choice(["rng.normal(size={})", "rng.normal(size={})", "rng.integers(-2, 3, {})"])
    if not tame and draw.random() < 0.5:
        values = SPECIAL
    text = values.format(shape)
    if dtype == "complex":
        text = f"({text} + 1j * {values.format(shape)})"
    elif dtype == "bool":
        text = f"({text} > 0)"
    elif dtype != "float" or "integers" in values:
        text = f"np.asarray({text}).astype({dtype})"
    if shape:
        return draw.choice(LAYOUTS).format(text)
    return draw.choice([text, f"np.asarray({text})[()]", f"np.asarray({text}).item()", f"np.asarray({text})"])


def program(draw: Random, tame: bool = True, wrong: bool = False, most: int = 5) -> Program:
    """A program of at most so many lines, and perhaps a few more that make what they need."""
    given = tuple(argument(draw, tame) for _ in range(draw.choice([1, 1, 2, 3])))
    builder = Builder(draw, tame, wrong)
    with np.errstate(all="ignore"):
        for k, text in enumerate(given):
            builder.values[f"x{k}"] = builder.space[f"x{k}"] = eval(text, builder.space)
    for _ in range(draw.randint(1, most)):
        write = draw.random() < 0.12
        builder.add(draw.choice(WRITES if write else draw.choice(CHAPTERS)), write)
        if builder.refused:
            break
    return builder.finished(given)
