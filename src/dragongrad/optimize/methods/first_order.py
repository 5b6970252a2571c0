"""What the methods by gradients alone share: a formula, applied a piece of the parameters at a time."""

from __future__ import annotations

from typing import Any, ClassVar

from ..optimizer import Optimizer
from .formulas import Formula
from .pieces import pieces


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
        rates, self.numbers = self.formula.rates(self.count, self.lr, self.numbers, self.given)
        # Numbers of Python take the dtype of the parameters; NumPy's would make more of single precision.
        rates = {name: value if isinstance(value, bool) else float(value) for name, value in rates.items()}
        names = list(self.memory)
        for x, g, *own in pieces(self.params, self.gradient, *self.memory.values()):
            x[...], new = self.formula.move(x, g, dict(zip(names, own, strict=True)), rates, self.given)
            for name, piece in zip(names, own, strict=True):
                piece[...] = new[name]
