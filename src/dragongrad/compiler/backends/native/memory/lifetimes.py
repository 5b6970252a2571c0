"""Which values the steps of a program make, hold, read and write."""

from __future__ import annotations

from ....graph import Op, Value
from ....scans import in_memory
from ..ir.builder import Function
from ..linalg import gemm, lapack
from ..schedule.steps import Callback, Factorisation, Loops, Product, Repeat, Step, makes


def as_run(step: Step) -> Step:
    """A product that BLAS does not compute is a call back."""
    if isinstance(step, Product) and not isinstance(step, Factorisation) and not gemm.fits(step.node):
        return Callback(step.node, f"matmul of dtype {step.node.dtype} is not computed natively")
    return step


def made_natively(step: Step) -> list[Op]:
    """The operations that a step computes natively."""
    return [] if isinstance(step, Callback) else makes(step)


def holds(step: Step, node: Op) -> bool:
    """Whether a step holds a row of a value only."""
    return isinstance(step, Loops) and node in step.local


def touches(step: Step, function: Function | None) -> list[Value]:
    """The values whose memory a step reads or writes."""
    if isinstance(step, Loops):
        assert function is not None
        return function.values
    if isinstance(step, Product):
        read = lapack.operands(step.node) if isinstance(step, Factorisation) else gemm.factors(step.node)
        return [step.node, *[f.value for f in read]]
    if isinstance(step, Repeat):
        return [*step.results, *[v for v in in_memory(step.node) if isinstance(v, Op)]]
    return [v for v in step.node.operands if isinstance(v, Op)]
