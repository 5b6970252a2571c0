"""The steps of a schedule: loops, products by BLAS, factors by LAPACK, and what is left to NumPy."""

from __future__ import annotations

from typing import Any, TypeAlias

from .....records import field, mutable
from ....graph import Op
from ..linalg.gemm import is_matmul
from .stores import Store


@mutable
class Loops:
    """Stores that share their loops."""

    mode: str  # "straight", "lanes" or "nest"
    length: int
    stores: list[Store] = field(default_factory=list)
    # Values of which one row at a time is held, while the outermost loop of a nest is there.
    local: set[Op] = field(default_factory=set)
    # Straight code that is so long that it is to be compiled quickly.
    quick: bool = False

    @property
    def multiplies(self) -> bool:
        """Whether matrices are multiplied inside, or images convolved."""
        return any(store.kind in ("product", "total", "frame") for store in self.stores)

    @property
    def calls_blas(self) -> bool:
        """Whether matrices are multiplied inside by BLAS."""
        return any(store.kind == "product" and is_matmul(store.node) for store in self.stores)


@mutable
class Product:
    """A matrix product by BLAS."""

    node: Op


@mutable
class Factorisation(Product):
    """A linear system or a factor of a matrix by LAPACK."""


@mutable
class Callback:
    """A Block that is left to NumPy."""

    node: Op
    why: str


@mutable
class Repeat:
    """A loop of the user's: a program of one step, run again and again.

    Attributes
    ----------
    node : Op
        The loop.
    results : list of Op
        Those of its values that are read.
    plans : dict of Plan
        Of its body, and where there are any of its condition and its way back.
    """

    node: Op
    results: list[Op]
    plans: dict[str, Any]


Step: TypeAlias = Loops | Product | Callback | Repeat


def makes(step: Step) -> list[Op]:
    """The operations whose values a step writes."""
    if isinstance(step, Repeat):
        return step.results
    return [r.node for r in step.stores] if isinstance(step, Loops) else [step.node]


def described(step: Step, names: dict[Op, str]) -> str:
    """A step as a line of text."""
    if isinstance(step, Callback):
        return f"call back {names[step.node]} = {step.node.block.name}: {step.why}"
    if isinstance(step, Repeat):
        lines = [line for plan in step.plans.values() for line in str(plan.schedule).splitlines()]
        made, often = ", ".join([names[node] for node in step.results]), step.node.params.get("length")
        return "\n    ".join([f"repeat{'' if often is None else f' {often} times'}: {made}", *lines])
    if isinstance(step, Product):
        return (
            f"{'LAPACK' if isinstance(step, Factorisation) else 'BLAS'} {names[step.node]} = {step.node.block.name}"
        )
    held = [
        f"row of {names[store.node]}" if store.node in step.local else names[store.node] for store in step.stores
    ]
    kinds = [f"{name} ({store.kind})" for name, store in zip(held, step.stores, strict=True)]
    return f"{step.mode}{f' of {step.length}' if step.length else ''}: {', '.join(kinds)}"
