"""SciPy's own integrators through the same interface."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import STAGE
from ..core.errors import ArgumentError, NoRuleError, user_line
from ..core.nests import flatten, unflatten
from ..core.variable import value_of
from ..transforms.flat_rules import apply_flat
from ..transforms.forward import jvp
from ..transforms.gradients import vjp
from ..transforms.jacobians import jacobian
from .decisions import is_recorded
from .events import Event
from .problem import Problem
from .solution import SCIPYS, Solution

_STIFF = ("Radau", "BDF", "LSODA")
NAMES = ("RK23", "RK45", "DOP853", *_STIFF)


def by_scipy(given: Problem, times: Any, events: list[Event], dense: bool, sensitivity: str) -> Solution:
    """The solution by a method of SciPy's, with first derivatives: of the equation, not of the steps."""
    name = given.method.removeprefix("scipy:")
    if name not in NAMES:
        raise ArgumentError(
            f"SciPy has no method {name!r}\n  at {user_line()}\nGive one of scipy:{', scipy:'.join(NAMES)}"
        )
    if times is None or events or dense:
        return _plain(given, name, times, events, dense)
    found, counts = _Differentiable(given, name, times)()
    code = np.where(counts[3] < 0, SCIPYS, counts[3])
    y = given.packing.unpack(np.transpose(found))
    return Solution(times, y, None, None, None, counts[0], counts[1], counts[2], code)


def _plain(given: Problem, name: str, times: Any, events: list[Event], dense: bool) -> Solution:
    """SciPy's result itself, where there is nothing to differentiate."""
    leaves = [given.begin, given.end, given.y, *([] if times is None else [times]), *flatten(given.args)[0]]
    if STAGE.get() is not None or not is_recorded(*leaves) or any(hasattr(x, "level") for x in leaves):
        kind = NoRuleError if STAGE.get() is not None else ArgumentError
        raise kind(
            f"the methods of SciPy are differentiated at t_eval only, without events and dense output\n"
            f'  at {user_line()}\nGive t_eval, or method="auto"'
        )
    from scipy import integrate

    watched = [_scipys(e) for e in events] or None
    found = integrate.solve_ivp(
        given.march.right, (given.begin, given.end), given.y, method=name, t_eval=times, dense_output=dense,
        events=watched, **_options(given, name, given.march.right),
    )  # fmt: skip
    unpack = given.packing.unpack
    rows = None if found.y_events is None else [unpack(np.asarray(y).T) if len(y) else y for y in found.y_events]
    sol = None if found.sol is None else lambda t: unpack(found.sol(t))
    return Solution(
        found.t, unpack(found.y), sol, found.t_events, rows, found.nfev, found.njev, found.nlu, 
        np.where(found.status < 0, SCIPYS, found.status),
    )  # fmt: skip


def _scipys(event: Event) -> Any:
    def watched(t: float, y: Any) -> float:
        return float(event.f(t, y))

    watched.terminal, watched.direction = event.terminal, event.direction  # type: ignore[attr-defined]
    return watched


def _options(given: Problem, name: str, right: Any, own: bool = True) -> dict[str, Any]:
    """SciPy's options, with the exact Jacobian where the method has use for it."""
    options = {"rtol": given.rtol, "atol": given.atol if own else np.min(given.atol)}
    options |= {"max_step": given.max_step, "first_step": given.first_step if own else None}
    if name in _STIFF:
        options["jac"] = lambda t, y: np.asarray(jacobian(lambda y: right(t, y))(y))
    return options


class _Differentiable:
    """The states at given times, with the rules of the equation: sensitivities forwards, the adjoint backwards."""

    def __init__(self, given: Problem, name: str, times: Any) -> None:
        self.given, self.name, self.times = given, name, times

    def __call__(self) -> Any:
        given = self.given
        arrays = (given.begin, given.end, given.y, self.times, given.args)
        return apply_flat(f"solve_ivp by {self.name}", self._value, arrays, self._pull, self._push, foreign=True)

    def _run(self, right: Any, span: Any, y: Any, times: Any, own: bool = True, dense: bool = False) -> Any:
        from scipy import integrate

        options = _options(self.given, self.name, right, own)
        return integrate.solve_ivp(
            right, [float(t) for t in span], np.asarray(y, float), method=self.name, t_eval=times,
            dense_output=dense, **options,
        )  # fmt: skip

    def _value(self, begin: Any, end: Any, y: Any, times: Any, args: Any) -> Any:
        right = self.given.packing.right(self.given.f, args)
        found = self._run(right, (begin, end), y, np.asarray(times))
        states = np.full((len(times), len(y)), np.nan)
        states[: found.y.shape[1]] = found.y.T
        return states, tuple([np.int64(c) for c in (found.nfev, found.njev, found.nlu, found.status)])

    def _push(self, dots: Any, out: Any, given: Any) -> Any:
        begin, end, y, times, args = given
        begin_dot, _, y_dot, times_dot, args_dot = dots
        size, make = len(y), self.given.packing.right
        leaves, structure = flatten(args)
        active = [i for i, x in enumerate(leaves) if np.asarray(x).dtype.kind == "f"]
        tangents = flatten(args_dot)[0]

        def of(t: Any, y: Any, *moving: Any) -> Any:
            full = list(leaves)
            for i, x in zip(active, moving, strict=True):
                full[i] = x
            return make(self.given.f, unflatten(structure, full))(t, y)

        def both(t: Any, z: Any) -> Any:
            primals = (z[:size], *[leaves[i] for i in active])
            speed, dot = jvp(
                lambda y, *p: of(t, y, *p), primals, (z[size:], *[np.asarray(tangents[i], float) for i in active])
            )
            return np.concatenate([speed, dot])

        right = make(self.given.f, args)
        start = np.concatenate([y, y_dot - begin_dot * right(begin, y)])
        found = self._run(both, (begin, end), start, np.asarray(times), own=False).y[size:].T
        speeds = np.stack([right(t, s) for t, s in zip(times, out[0], strict=True)])
        return found + np.reshape(times_dot, (-1, 1)) * speeds, tuple([np.float64(0.0)] * 4)

    def _pull(self, out_bar: Any, out: Any, given: Any) -> Any:
        begin, end, y, times, args = given
        bars, states = np.asarray(out_bar[0]), out[0]
        make = self.given.packing.right
        right = make(self.given.f, args)
        leaves, structure = flatten(args)
        active = [i for i, x in enumerate(leaves) if np.asarray(x).dtype.kind == "f"]
        shapes = [np.shape(leaves[i]) for i in active]
        sizes = [int(np.prod(s)) for s in shapes]
        way = self._run(right, (begin, end), y, None, dense=True).sol
        size = len(y)

        def back(t: Any, z: Any) -> Any:
            def of(y: Any, *moving: Any) -> Any:
                full = list(leaves)
                for i, x in zip(active, moving, strict=True):
                    full[i] = x
                return make(self.given.f, unflatten(structure, full))(t, y)

            found = vjp(of, way(float(value_of(t))), *[leaves[i] for i in active])[1](z[:size])
            return np.concatenate([-np.reshape(g, (-1,)) for g in found])

        z = np.zeros(size + sum(sizes))
        for k in reversed(range(len(times))):
            z[:size] += bars[k]
            before = times[k - 1] if k else begin
            if before != times[k]:
                z = self._run(back, (times[k], before), z, None, own=False).y[:, -1]
        speeds = np.stack([right(t, s) for t, s in zip(times, states, strict=True)])
        to_args: list[Any] = [np.zeros(np.shape(x)) for x in leaves]
        ends = np.cumsum([size, *sizes])
        for i, shape, a, b in zip(active, shapes, ends[:-1], ends[1:], strict=True):
            to_args[i] = np.reshape(z[a:b], shape)
        bar = z[:size]
        return (
            -np.sum(bar * right(begin, y)), np.zeros(()), bar, np.sum(speeds * bars, axis=1),
            unflatten(structure, to_args),
        )  # fmt: skip
