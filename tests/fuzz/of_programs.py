"""The fuzzers of programs: with derivatives to compare, on special numbers, and with wrong arguments."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import numpy as np

import dragongrad as ad

from .programs import Program, program
from .scripts import script

EAGER = (
    "value", "forward_and_reverse", "exact", "of_directions", "second_order", "batched", "batched_gradient",
    "batch_of_one",
)  # fmt: skip
COMPILED = ("compiled", "compiled_gradient", "compiled_batch", "numpy_compiled", "numpy_compiled_gradient")
#: What has no rule, can't be batched, or would lose a derivative is refused by name; of an element of x.flat NumPy
#: keeps no cause.
REFUSALS = (
    "NoRuleError",
    "BatchError",
    "ConversionError",
    "would truncate it",
    "Error setting single item",
    "cannot write complex",
)


class NotUsedError(Exception):
    """A program that NumPy does not run on all of its inputs."""


@dataclass(frozen=True)
class Tried:
    """A program and the properties that it is tried on."""

    program: Program
    properties: tuple[str, ...]

    @property
    def script(self) -> str:
        """The program and its properties."""
        eps = self.program.precision
        tolerance = 1e-8 if eps < 1e-10 else 2e-3 if eps < 1e-5 else 5e-2
        return script(self.program.source, self.properties, tolerance)

    @property
    def steps(self) -> tuple[str, ...]:
        """A call of each property."""
        return tuple(f"{name}(f, inputs)" for name in self.properties)

    @property
    def words(self) -> frozenset[str]:
        """The functions of the program."""
        return self.program.words

    def smaller(self, step: str) -> Iterator[Tried]:
        """Smaller programs that NumPy runs."""
        name = step.partition("(")[0]
        if self.properties != (name,):
            yield replace(self, properties=(name,))
        for less in self.program.smaller():
            if name == "refused" or runs(less):
                yield Tried(less, (name,))


def runs(tried: Program) -> bool:
    """Whether NumPy runs a program on all the inputs that the properties take."""
    space = {"np": np, "ad": ad}
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(tried.source, space)
            return all(np.asarray(space["f"](*space["inputs"](seed))).dtype.kind in "fciub" for seed in range(5))
    except Exception:
        return False


def tame(draw: Random) -> Tried:
    """A program of moderate numbers, with all its derivatives, and with one of the ways to compile it."""
    return _tried(program(draw), (*EAGER, draw.choice(COMPILED)))


def wild(draw: Random) -> Tried:
    """A program that may meet infinities and NaN: its values only."""
    return _tried(program(draw, tame=False), ("value", "batched", "compiled", "compiled_batch", "numpy_compiled"))


def wrong(draw: Random) -> Tried:
    """A program with arguments that do not fit."""
    return Tried(program(draw, tame=draw.random() < 0.7, wrong=True, most=3), ("refused",))


def _tried(made: Program, properties: tuple[str, ...]) -> Tried:
    if not runs(made):
        raise NotUsedError
    return Tried(made, properties)
