"""What the methods by gradients alone share: a formula, applied a piece of the parameters at a time."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from ...core.errors import ArgumentError, user_line
from ..limits import Limits
from ..optimizer import Optimizer
from ..options import rate
from ..stepping import Stepping
from .formulas import Formula, Numbers
from .pieces import pieces


class Upcoming(NamedTuple):
    """A step that is still to be made: its learning rate, and the numbers of the formula for it and after it."""

    lr: float
    rates: dict[str, Any]
    numbers: Numbers


class FirstOrder(Optimizer):
    """An optimizer whose step is a formula of the gradient and of what is remembered.

    A subclass has its options as annotated class attributes, as every Optimizer, and names its `formula`.
    """

    formula: ClassVar[Formula]

    def setup(self) -> None:
        """Check the options and begin what is remembered."""
        self.given: dict[str, Any] = {name: getattr(self, name) for name in self.options}
        self.formula.check(self.given)
        self.memory = self.formula.begin(self.params, self.lr, self.given)
        self.numbers = self.formula.numbers

    def step(self) -> None:
        """Move by the formula."""
        if not self.count:
            raise ArgumentError(
                f"{type(self).__name__}.step() only moves: nothing has been evaluated yet\n  at {user_line()}\n"
                "Write optimizer.advance(), which counts, moves and evaluates"
            )
        rates, self.numbers = self._rates(self.count, self.lr, self.numbers)
        names = list(self.memory)
        for x, g, *own in pieces(self.params, self.gradient, *self.memory.values()):
            x[...], new = self.formula.move(x, g, dict(zip(names, own, strict=True)), rates, self.given)
            for name, piece in zip(names, own, strict=True):
                piece[...] = new[name]

    def _rates(self, count: int, lr: float, numbers: Numbers) -> tuple[dict[str, Any], Numbers]:
        rates, numbers = self.formula.rates(count, lr, numbers, self.given)
        # Numbers of Python take the dtype of the parameters; NumPy's would make more of single precision.
        return {name: value if isinstance(value, bool) else float(value) for name, value in rates.items()}, numbers

    def stepping(self, limits: Limits) -> Stepping | None:
        """Its steps in a compiled loop, unless a subclass has its own."""
        kind = type(self)
        same = all(getattr(kind, name) is getattr(Optimizer, name) for name in ("advance", "evaluate", "tests"))
        return Stepping(self, limits) if same and kind.step is FirstOrder.step else None

    def upcoming(self, most: int) -> list[Upcoming]:
        """The next steps, fewer where the schedule comes to its end; the schedule is asked for them in advance."""
        found: list[Upcoming] = []
        lr, numbers = self.lr, self.numbers
        for count in range(self.count, self.count + most):
            if self.schedule is not None:
                before, lr = lr, rate(self.schedule, count)
                if count and lr == before == 0:
                    break
            rates, numbers = self._rates(count + 1, lr, numbers)
            found.append(Upcoming(lr, rates, numbers))
        return found

    def made(self, steps: list[Upcoming]) -> None:
        """Note that these steps were made elsewhere."""
        if steps:
            self.count += len(steps)
            self.lr, self.numbers = steps[-1].lr, steps[-1].numbers
