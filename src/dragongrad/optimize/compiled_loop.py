"""Loops of the library's own as machine code: the steps of an optimizer, many to a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..collector import collector_paused
from ..compiler.backends.native.call.fastcall import MISSING
from ..compiler.passes import optimise
from ..compiler.specialization import build, with_guards
from ..compiler.trace import trace_call
from ..context import Derivatives, careful
from ..core.errors import CompileError
from ..core.nests import flatten
from ..transforms.loops.body import written
from ..transforms.loops.trips import Trip

#: From constants and what is carried to whether there is another step, and to what is carried next.
Part = Callable[[list[Any], list[Any]], Any]


class CompiledLoop:
    """A loop that goes on as long as a condition holds, compiled for arrays of these shapes and dtypes.

    Derivatives that it takes are not looked at: a NaN among them is found by whoever runs it.

    Parameters
    ----------
    goes_on, step : callable
        From the lists of constants and of what is carried to one truth value, and to the list of what is carried
        next.
    consts, carry : list of arrays
        Examples of both.

    Raises
    ------
    CompileError
        It cannot be machine code alone: a step decides by a value, or calls back to NumPy, or there is no LLVM.

    """

    def __init__(self, goes_on: Part, step: Part, consts: Sequence[Any], carry: Sequence[Any]) -> None:
        self._count = len(consts)
        arrays = [np.asarray(a) for a in (*consts, *carry)]
        leaves, structure = flatten((tuple(arrays), {}))

        def loop(*given: Any) -> list[Any]:
            cond = self._part(lambda c, s: [goes_on(c, s)], given)
            return list(Trip(cond, self._part(step, given), None, len(consts), len(carry))(*given))

        with collector_paused():
            try:
                with careful(Derivatives(asked=False)):
                    traced = trace_call(loop, leaves, structure, list(range(len(leaves))), "steps", lazy=True)
                graph = optimise(with_guards(traced))[0]
                self._run, engine, _ = build(graph, traced.guards, [np.ndarray] * len(carry), "native")
            except Exception as error:  # what a function makes of Variables may be anything
                raise CompileError(f"the steps are not compiled: {error}") from error
        if engine.calls_back:
            raise CompileError("the steps are not compiled: they call back to NumPy")

    def _part(self, function: Part, given: Sequence[Any]) -> Any:
        def flat(*arrays: Any) -> list[Any]:
            return list(function(list(arrays[: self._count]), list(arrays[self._count :])))

        return written(flat, given)

    def __call__(self, consts: Sequence[Any], carry: Sequence[Any]) -> list[Any] | None:
        """What is carried in the end; None where what the program takes for granted does not hold."""
        found = self._run([np.asarray(a) for a in (*consts, *carry)])
        return None if found is MISSING else list(found)
