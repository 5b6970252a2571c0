"""The fuzzer of writes: programs of views, aliases, buffers and loops, of which all that they made is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from .of_programs import COMPILED, EAGER, NotUsedError, Tried, runs
from .programs import HOLE, Builder, with_inputs

# What shares memory with an array, where its layout allows.
VIEWS = """
{x}[{index:x}]|{x}[{index:x}]|{x}.reshape({shape:x})|np.reshape({x}, {shape:x})|{x}.ravel()|np.ravel({x})|{x}.T
{m}.swapaxes(0, -1)|{m}.swapaxes(0, 1)|np.moveaxis({m}, 0, -1)|np.transpose({x}, {perm:x})|np.squeeze({x})
{x}.squeeze()|{x}[None]|{x}[..., None]|np.expand_dims({x}, 0)|np.split({v}, 1)[0]|np.array_split({v}, 2)[1]
np.array_split({m}, 2, axis=1)[0]|np.split({m}, 1, axis=-1)[0]|np.einsum("ii->i", {q})|np.einsum("ij->ji", {p})
{x}.real|{c}.imag|np.real({x})|np.flip({x})|{x}[::-1]|np.flip({x}, {axis:x})|np.rot90({p})|np.flipud({m})
np.fliplr({m})|{x}.view()|{x}[()]|{x}[...]|np.asarray({x})|np.atleast_1d({x})|np.atleast_2d({x})
np.diagonal({q})|np.broadcast_to({x}, {wider:x})|{x}.reshape(-1)|np.reshape({x}, -1, order="F")|{x}.T.ravel()
{v}[::2]|{v}[1:]|list({v})[0]|[*{m}][-1]|{x}.reshape({shape:x}, order="F")|np.ascontiguousarray({x})
np.asfortranarray({x})|np.vsplit({m}, 1)[0]|np.hsplit({m}, 1)[0]|np.rollaxis({m}, 1)|np.matrix_transpose({m})
{m}.mT|np.unstack({m})[0]
""".replace("\n", "|").strip("|")  # fmt: skip

# Arrays of a program's own.
BUFFERS = """
{x} * 1.0|+{x}|-{x}|{x}.copy()|np.copy({x})|np.array({x})|np.zeros_like({x})|np.ones_like({x})
np.full_like({x}, 0.5)|np.zeros(np.shape({x}))|np.zeros(3)|np.zeros((2, 3))|np.ones((3, 2))
np.ones(np.shape({x}), np.float32)|np.eye(3)|np.full(np.shape({x}), 2.0)|np.full(3, {s})|np.full((2, 2), {s})
np.zeros(np.shape({x}), {x}.dtype)|np.identity(2)|np.zeros(np.shape({x}), complex)|np.zeros(3, int)
np.arange(4.0)|np.linspace(0.0, 1.0, 3)|np.zeros((0, 2))|np.zeros(1)|np.zeros(())|np.array(0.5)
np.array([0.5, 1.0, 2.0])|np.array([[1.0, 0.0], [0.5, 2.0]])|np.array([{s}, 1.0, {s1}])|np.array([{v}, {v}])
np.array([[{s}, 0.0], [1.0, {s1}]])|np.array([[{s}], [{s1}]])|np.array([{s}, {s1}], dtype=float)
np.array([{s}, 2])|np.asarray([{s}, {s1}, 1.0])|np.stack([{x}, {x}])|np.concatenate([{v}, {v1}])|{x}.flatten()
{x}.astype(float)|{x}.astype(complex)|np.asarray({r}, dtype=float)|np.array({x}, dtype=complex)
np.isnan(np.empty(np.shape({x}))) * 0.0|np.sin({x})|np.tile({v}, 2)|np.repeat({v}, 2)|np.where({b}, {r}, 1.0)
{x} + {x1~x}|{x} * {x1~x}|np.vstack([{v}, {v}])|np.diag({v})|np.outer({v}, {v1})|np.cumsum({v})|np.sort({r})
np.dot({v}, {v})|{x}.sum()|{x}.mean()|np.sum({x}, axis=0)|{x}.max()|np.pad({v}, 1)|np.ones(3)[1:]|np.zeros((2, 2)).T
np.triu({p})|np.roll({x}, 1)|np.zeros(4).reshape(2, 2)|np.array([*{v}])|np.array(list({v}) + [1.0])
np.array(({s}, ({s1})))|np.array([np.zeros(2), np.ones(2)])|np.meshgrid({v}, {v1})[0]
np.zeros_like({x}, dtype=float)|np.array({x}, copy=True, ndmin=2)
np.random.default_rng(0).normal(size=3)|np.ones((2, 1, 3))
np.zeros(np.shape({x}))[...]|np.array({x}, copy=None)|np.asanyarray({x})
""".replace("\n", "|").strip("|")  # fmt: skip

# What is written.
SOURCES = """
{n}|{s}|{x~t}|{x~t}|{t}|{t} * 0.5|np.sin({x~t})|{x} * {x~t}|0.5|[{s}]|np.sum({x}) * 0.1|{t}[::-1]|{t}.T|0
{t}.copy()
""".strip().replace("{n}", "1.5")  # fmt: skip

WRITES = """
{t}[{index:t}] = {SOURCE}|{t}[{index:t}] = {SOURCE}|{t}[{index:t}] = {SOURCE}|{t}[{index:t}] = {SOURCE}
{t}[{index:t}] {+|-|*} = {SOURCE}|{t}[{index:t}] {+|-|*} = {SOURCE}|{t}[{index:t}] /= 2.0|{t}[{index:t}] **= 2
{t} {+|-|*} = {SOURCE}|{t} {+|-|*} = {SOURCE}|{t} /= 3.0|{t} **= 2|{t}[...] = {SOURCE}|{t}[:] = {SOURCE}
np.add({x~t}, {x1~t}, out={t})|np.multiply({t}, 2.0, out={t})|np.sin({x~t}, out={t})|np.negative({t}, out={t})
np.multiply({t}, {x~t}, out={t}, where={mask:t})|np.cumsum({t}, axis=0, out={t})|np.sum({x}, axis=0, out={t})
np.clip({r}, -0.5, 0.5, out={t})|np.dot({x}, {x1}, out={t})|np.add({t}, {t}, out={t})|np.copyto({t}, {SOURCE})
{t}.fill({s})|np.put({t}, [0], {s})|{t}.flat[0] = {s}|{t}.flat = {s}|{t}.real = {r~t}|{t}.imag = {r~t}
{t}.real[{index:t}] = {s}|{t}.imag[...] *= 0.5|{t}.real *= 2.0|{t}[0], {t}[-1] = {t}[-1], {t}[0]
{t}[[0, -1]] = {t}[[-1, 0]]|{t}[1:] = {t}[:-1]|{t}[:-1] += {t}[1:]|{t}[0] = {t}[-1]|for row in {t}: row *= 0.5
for row in {t}: row += {s}|for i in range(len({t})): {t}[i] = {t}[i - 1] * 0.5 + {s}
for i in range(len({t})): {t}[i] *= {v}[0]|for k, row in enumerate({t}): row[...] = k * {s}
for row in {t}: row[0] = row[-1]|for row in {t}[1:]: row -= {t}[0]
for i in range(1, len({t})): {t}[i] += {t}[i - 1]|for i, j in np.ndindex(2, 2): {t}[i, j] *= {s}
scale({t}, {SOURCE})|first({t}, {SOURCE})|swap({t})|kept["a"] = {t}; kept["a"] += {SOURCE}
kept["b"] = [{t}, {x}]; kept["b"][0] *= 2.0|kept["c"] = {t}; kept["c"][0] = {s}|kept["c"] *= 0.5
kept["a"][0] = {s}|kept["b"][1][0] += 1.0|for a in kept.values(): a *= 0.5|{t}.sort()
np.add.at({t}, [0, 0], {s})|{t}[{mask:t}] = {s}|{t}[{t} > 0] *= 0.5|{t}[{t} > 0] = {s}
{t}[np.abs({t}) < 0.5] = 0.0|np.fill_diagonal({t}, {s})|np.place({t}, {mask:t}, [1.0])
np.putmask({t}, {mask:t}, 0.5)|{t}[np.argmax({t})] = {s}|{t}[np.argsort({t})] = {t}.copy()|{t}.T[0] = {SOURCE}
{t}.reshape(-1)[0] = {s}|{t}.ravel()[-1] *= {s}|{t}[0][-1] = {s}|{t}[0][0] += {s}|{t}[..., 0] = {SOURCE}
np.diagonal({t})[0] = {s}
""".replace("\n", "|").strip("|")  # fmt: skip

HELPERS = """kept = {}

def scale(a, b):
    a *= b
    return a

def first(a, b):
    a[0] = b

def swap(a):
    a[0], a[-1] = a[-1], a[0]
"""


def _parts(text: str) -> list[str]:
    """The choices, apart; a `|` between braces is a choice of its own."""
    return [re.sub(r"\} =", "}=", part) for part in re.split(r"\|(?![^{}]*\})", text)]


_VIEWS, _BUFFERS, _SOURCES, _WRITES = map(_parts, (VIEWS, BUFFERS, SOURCES, WRITES))


@dataclass(frozen=True)
class Writing:
    """A function that writes, and gives all that it made as one vector."""

    inputs: tuple[str, ...]
    lines: tuple[str, ...]
    outputs: tuple[str, ...]
    precision: float

    @property
    def source(self) -> str:
        """Two functions: `inputs(seed)` gives the arguments of `f`."""
        helpers = HELPERS.splitlines() if re.search(r"kept|scale\(|first\(|swap\(", " ".join(self.lines)) else []
        outputs = ", ".join(f"np.ravel({name})" for name in self.outputs)
        return with_inputs(self.inputs, [*helpers, *self.lines, f"return np.concatenate([{outputs}])"])

    @property
    def words(self) -> frozenset[str]:
        """The functions, methods and operators that it is made of."""
        text = re.sub(r"\b[vx]\d+\b|\d[\w.]*", "", " ".join(self.lines))
        return frozenset(re.findall(r"(?:\w+\.)+\w+|\.\w+|[-+*/%@&|^<>=!]+|\[[^\]]*\]|\b(?:for|kept|\w+\()", text))

    def smaller(self) -> Iterator[Writing]:
        """With one line or output less, one operand for another, or plainer inputs."""
        for k in range(len(self.lines) - 1, -1, -1):
            lines = (*self.lines[:k], *self.lines[k + 1 :])
            made = re.match(r"(v\d+) = ", self.lines[k])
            outputs = tuple(o for o in self.outputs if made is None or o != made[1])
            if outputs:
                yield replace(self, lines=lines, outputs=outputs)
        for output in self.outputs:
            if len(self.outputs) > 1:
                yield replace(self, outputs=tuple(o for o in self.outputs if o != output))
        for k, line in enumerate(self.lines):
            for name in dict.fromkeys(re.findall(r"\b[vx]\d+\b", line)[1:]):
                plain = re.sub(rf"\b{name}\b", "0.5", line)
                yield replace(self, lines=(*self.lines[:k], plain, *self.lines[k + 1 :]))
        for k, text in enumerate(self.inputs):
            for simple in ("rng.normal(size=1)", "rng.normal(size=2)", "rng.normal(size=(2, 2))"):
                if len(simple) < len(text):
                    yield replace(self, inputs=(*self.inputs[:k], simple, *self.inputs[k + 1 :]))


class _Writer(Builder):
    """Draws a program that writes, line by line."""

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        exec(HELPERS, self.space)

    def value(self, hole: str, relation: str | None, other: str | None, names: dict[str, str]) -> str:
        """As ever, but that anything is written to."""
        if hole == "t" and hole not in names:
            arrays = [n for n, v in self.values.items() if isinstance(v, np.ndarray)] or [*self.values]
            names[hole] = self.draw.choice([*arrays, *arrays[-2:]])
        if hole == "q" and hole not in names:
            square = [n for n, v in self.values.items() if np.ndim(v) == 2 and len({*np.shape(v)}) == 1]
            names[hole] = self.draw.choice(square) if square else self.make("np.eye(2)")
        return super().value(hole, relation, other, names)

    def write(self, line: str) -> None:
        """Add a line that writes, if NumPy runs it and all values stay tame."""
        before = {name: np.copy(value) for name, value in self.values.items()}
        count = len(self.lines)
        names: dict[str, str] = {}
        try:
            text = HOLE.sub(
                lambda match: self.fill(match[1], names), line.replace("{SOURCE}", self.draw.choice(_SOURCES))
            )
        except KeyError:  # a value that a hole needs could not be made
            return
        if self.run(text):
            self.lines.append(text)
        for name in before:
            self.values[name] = self.space[name]
        if len(self.lines) > count and not all(map(self.usable, self.values.values())):
            raise NotUsedError

    def forget(self, buffer: str) -> None:
        """Forget nothing: what shares memory is what is tried."""


def argument(draw: Random) -> str:
    """The expression of an argument."""
    shape = draw.choice([
        "3", "3", "(2, 3)", "(2, 2)", "(2, 2)", "(3, 2)", "1", "(1, 2)", "()", "(0, 2)", "4", "(2, 1, 2)",
    ])  # fmt: skip
    text = f"rng.normal(size={shape})"
    text = draw.choice([text, text, text, text, f"{text}.astype(np.float32)", f"({text} + 1j * {text})"])
    if shape == "()":
        return f"np.asarray({text})"
    return draw.choice([text, text, text, f"np.asfortranarray({text})", f"{text}.T"])


def writing(draw: Random, most: int = 9) -> Tried:
    """A program that writes, with all its derivatives, and with one of the ways to compile it."""
    given = tuple(argument(draw) for _ in range(draw.choice([1, 1, 2])))
    writer = _Writer(draw)
    for k, text in enumerate(given):
        writer.values[f"x{k}"] = writer.space[f"x{k}"] = eval(text, writer.space)
    for _ in range(draw.randint(3, most)):
        what = draw.random()
        if what < 0.45:
            writer.write(draw.choice(_WRITES))
        else:
            writer.add(draw.choice(_VIEWS if what < 0.8 else _BUFFERS), statement=False)
    floats = [np.asarray(v).dtype for v in writer.values.values() if np.asarray(v).dtype.kind in "fc"]
    coarsest = max([float(np.finfo(d).eps) for d in floats])
    made = Writing(given, tuple(writer.lines), tuple(writer.values), coarsest)
    if not runs(made):
        raise NotUsedError
    tried = (*EAGER, "unwritten", draw.choice(COMPILED))
    # A row of no axes is a number, which nobody writes into.
    alike = not any("size=()" in text for text in given)
    return Tried(made, tuple(name for name in tried if alike or "batch" not in name))
