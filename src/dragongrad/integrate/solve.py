"""`solve_ivp`: ordinary differential equations, and the derivatives of their solutions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..blocks.special import stop_gradient
from ..context import STAGE
from ..core.errors import ArgumentError, ClosureError, NoRuleError, user_line
from ..core.nests import map_nest
from ..core.variable import value_of
from .adjoint import Adjoint
from .decisions import holds, is_open, is_recorded, levels, number
from .events import Event, as_events, located
from .march import March, State
from .problem import SENSITIVITIES, Problem, problem, times_of
from .recorded import Record, recorded
from .scipys import by_scipy
from .solution import EVENT, Again, Pieces, Solution

_NEED_TIMES = (
    "how many steps an integration takes is not known in {}, and so not the shape of all its times\n  at {}\n"
    "Write t_eval=[end], or the times that are needed"
)


def solve_ivp(
    fun: Callable[..., Any], t_span: Any, y0: Any, method: str = "auto", t_eval: Any = None,
    dense_output: bool = False, events: Any = None, *, args: Any = (), rtol: Any = 1e-3, atol: Any = 1e-6,
    max_step: Any = np.inf, first_step: Any = None, max_steps: int = 100_000, sensitivity: str = "steps",
    checkpoints: int = 4,
) -> Solution:  # fmt: skip
    """`scipy.integrate.solve_ivp` under every transform: `dy/dt = fun(t, y, *args)`, from `y0` at `t_span[0]`.

    Parameters
    ----------
    fun : callable
        `fun(t, y, *args)` in plain NumPy returns the derivative of `y`, in its structure.
    t_span : tuple of two floats
        From when to when; the second may be the earlier.
    y0 : nest of arrays
        The state at the beginning: a number, an array, a list of numbers, or any nest.
    method : str
        "Tsit5", explicit, of order 5; "Rodas5P", a Rosenbrock method of order 5 for stiff equations, with the exact
        Jacobian; "auto", Tsit5 until the equation turns out to be stiff, and then Rodas5P; "scipy:RK45",
        "scipy:DOP853", "scipy:Radau", "scipy:BDF", "scipy:LSODA", "scipy:RK23".
    t_eval : array of shape (k,), optional
        The times at which the solution is wanted. Without it, at all steps; compiled functions and batches need it.
    dense_output : bool
        Whether to return the solution as a function of time too.
    events : callable or list of callables, optional
        `event(t, y, *args)` returns a number; an event is where it is zero. Attributes as SciPy's: `terminal`,
        `direction`. Compiled functions and batches take terminal events only.
    args : tuple
        Further arguments of `fun` and of the events, nests of arrays.
    rtol, atol : float
        Each step may have the error `atol + rtol * abs(y)`; `atol` may be like `y0`.
    max_step, first_step : float, optional
        The longest step, and the length of the first.
    max_steps : int
        After so many attempts at steps it fails.
    sensitivity : "steps" or "adjoint"
        How derivatives in reverse are found: through the steps that were taken, or by the adjoint equation, which
        keeps nothing of the steps.
    checkpoints : int
        Of the adjoint: the way back begins anew so often between two times of `t_eval`.

    Returns
    -------
    Solution
        SciPy's fields: `t y sol t_events y_events nfev njev nlu status message success`.

    Raises
    ------
    ArgumentError, ShapeError, DtypeError
        An option is wrong, or `fun` does not return what is like `y0`.
    DerivativeError
        The adjoint equation is unstable.

    Notes
    -----
    The lengths of the steps are chosen by values and have no derivative. What is differentiated is the solution
    with these steps, whose derivative is about as exact as the solution: `integrate.check` compares two tolerances.
    Where the integration fails, the `status` is -1, and the states from there are NaN; without `t_eval` the result
    ends there.

    References
    ----------
    Tsitouras (2011); Steinebach (2023); Hairer, Nørsett and Wanner, *Solving Ordinary Differential Equations* I,
    II.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> def decay(t, y, rate):
    ...     return -rate * y
    >>> def left(rate):
    ...     found = ad.integrate.solve_ivp(decay, (0, 2), 1.0, t_eval=[2.0], args=(rate,), rtol=1e-8, atol=1e-8)
    ...     return found.y[-1]
    >>> print(f"{left(0.5):.6f} {ad.grad(left)(0.5):.6f}")
    0.367879 -0.735759

    """
    given = problem(fun, t_span, y0, method, args, rtol, atol, max_step, first_step, max_steps)
    times = None if t_eval is None else times_of(t_eval, given.begin, given.end)
    watched = as_events(events, given.packing, given.args)
    if sensitivity not in SENSITIVITIES:
        raise ArgumentError(f'sensitivity must be "steps" or "adjoint", got {sensitivity!r}\n  at {user_line()}')
    if method.startswith("scipy:"):
        return by_scipy(given, times, watched, dense_output, sensitivity)
    if sensitivity == "adjoint":
        return _by_adjoint(given, times, watched, dense_output, checkpoints)
    march = given.march
    first = march.first(given.y, given.first_step)
    if is_recorded(first.t, first.y, first.f, given.end) and (times is None or watched or dense_output):
        return _from_record(given, recorded(march, first, watched), times, watched, dense_output)
    if times is None:
        where = "a compiled function" if STAGE.get() is not None else "a batch"
        kind = NoRuleError if STAGE.get() is not None else ArgumentError
        raise kind(_NEED_TIMES.format(where, user_line()))
    return _in_loops(given, march, first, times, watched, dense_output)


def _from_record(given: Problem, record: Record, times: Any, events: list[Event], dense: bool) -> Solution:
    """The solution of an eager run that kept its steps."""
    begin, reached = record.times[0], record.times[-1]
    steps = record.steps or [
        (record.state.start, record.state.length, record.state.begin, record.state.powers),
    ]
    sol = Pieces(given.packing, (begin, reached), steps)
    if times is None:
        t, y = np.stack(record.times), given.packing.unpack(np.stack(record.states, axis=-1))
    else:
        sense = 1.0 if value_of(given.end) >= value_of(given.begin) else -1.0
        count = int(np.sum(sense * (value_of(reached) - value_of(times)) >= 0))
        ended = value_of(record.state.code) == EVENT
        # The derivative of what was not reached is NaN too.
        rest = np.full((0 if ended else len(times) - count, *np.shape(given.y)), np.nan) * record.states[-1]
        t = times[:count] if ended else times
        y = given.packing.unpack(np.transpose(np.concatenate([sol.rows(times[:count]), rest])))
    seen = [[o for o in record.occurrences if o.which == k] for k in range(len(events))]
    empty = np.zeros((0, *np.shape(given.y)))
    return _solution(
        given, record.state, t, y, sol=sol if dense else None,
        t_events=[np.stack([o.t for o in each]) if each else np.zeros(0) for each in seen] if events else None,
        y_events=[
            _along_rows(given, np.stack([o.y for o in each]) if each else empty) for each in seen
        ] if events else None,
    )  # fmt: skip


def _along_rows(given: Problem, rows: Any) -> Any:
    """States along axis 0, as nests."""
    packing = given.packing
    if packing.structure is None and not packing.complex[0] and len(packing.shapes[0]) == 1:
        return rows
    return map_nest(lambda leaf: np.moveaxis(leaf, -1, 0), packing.unpack(np.transpose(rows)))


def _in_loops(
    given: Problem, march: March, first: State, times: Any, events: list[Event], dense: bool
) -> Solution:  # fmt: skip
    """The solution at given times, by loops that compile."""
    if any(e.terminal != 1 for e in events):
        where = "a compiled function" if STAGE.get() is not None else "a batch"
        kind = NoRuleError if STAGE.get() is not None else ArgumentError
        raise kind(
            f"events in {where} must end the integration when they occur first\n  at {user_line()}\n"
            "Set event.terminal = True, or leave the event out"
        )
    if events:
        march = replace(
            march, events=lambda t, y: np.stack([e.f(t, y) for e in events]),
            directions=np.array([e.direction for e in events]),
        )  # fmt: skip
        first = march.first(given.y, given.first_step)
    state, found = march.through(first, times)
    state = march.until(state, given.end)
    sol = Again(given.packing, (given.begin, given.end), lambda t: march.through(first, t)[1]) if dense else None
    if not events:
        return _cut(given, state, times, found, state.t, sol)
    return _with_events(given, state, times, found, events, sol)


def _with_events(given: Problem, state: State, times: Any, found: Any, events: list[Event], sol: Any) -> Solution:
    sense = np.where(given.end >= given.begin, 1.0, -1.0)
    fired = state.code == EVENT
    places = [located(e, state.start, state.length, state.begin, state.powers) for e in events]
    crossed = [np.logical_and(fired, state.crossed[k]) for k in range(len(events))]
    ahead = np.stack([
        np.where(c, sense * stop_gradient(t - state.start), np.inf)
        for c, (t, _) in zip(crossed, places, strict=True)
    ])  # fmt: skip
    earliest = np.min(ahead)
    ends = state.t
    t_events, y_events = [], []
    for k, (t, y) in enumerate(places):
        mine = np.logical_and(crossed[k], ahead[k] == earliest)
        ends = np.where(mine, t, ends)
        if is_open(mine):
            count = int(holds(mine))
            t_events.append(np.reshape(t, (1,))[:count])
            y_events.append(_along_rows(given, np.reshape(y, (1, -1))[:count]))
        else:
            t_events.append(np.reshape(np.where(mine, t, np.nan), (1,)))
            y_events.append(_along_rows(given, np.reshape(np.where(mine, y, np.nan), (1, -1))))
    return _cut(given, state, times, found, ends, sol, t_events, y_events)


def _cut(
    given: Problem, state: State, times: Any, found: Any, reached: Any, sol: Any, t_events: Any = None,
    y_events: Any = None,
) -> Solution:  # fmt: skip
    """The solution as far as it was reached."""
    sense = np.where(given.end >= given.begin, 1.0, -1.0)
    inside = sense * stop_gradient(reached - times) >= 0
    if t_events is not None:
        if not is_open(state.code) or not is_open(inside):
            found = found * np.where(inside[:, None], 1.0, np.nan)
        elif holds(state.code == EVENT):
            # As SciPy, what lies behind the event is left out.
            count = number(np.sum(inside))
            times, found = times[:count], found[:count]
    y = given.packing.unpack(np.transpose(found))
    return _solution(given, state, times, y, sol, t_events, y_events)


def _by_adjoint(given: Problem, times: Any, events: list[Event], dense: bool, checkpoints: int) -> Solution:
    if times is None or events or dense:
        raise ArgumentError(
            'sensitivity="adjoint" gives the solution at t_eval, without events and dense output\n'
            f"  at {user_line()}\nGive t_eval"
        )
    if not isinstance(checkpoints, int) or checkpoints < 1:
        raise ArgumentError(f"checkpoints must be a positive whole number, got {checkpoints!r}\n  at {user_line()}")
    if not len(times):
        raise ArgumentError(f"t_eval is empty\n  at {user_line()}")
    if levels(given.march.right(given.begin, given.y)) - levels(given.begin, given.end, given.y, times, given.args):
        raise ClosureError(
            f'sensitivity="adjoint" differentiates by the arguments of f only, and f closes over a Variable\n'
            f'  at {user_line()}\nPass it in args=, or write sensitivity="steps"'
        )
    before = np.concatenate([np.reshape(given.begin, (1,)), times[:-1]])
    parts = np.arange(1, checkpoints + 1) / checkpoints
    # The last of each row is the time itself, to the last bit.
    grid = np.where(parts == 1.0, times[:, None], before[:, None] + (times - before)[:, None] * parts)
    grid = np.reshape(grid, (-1,))
    found, code, evaluations, jacobians = Adjoint(given.made, given.first_step)(
        given.begin, given.end, given.y, grid, given.args
    )
    found = np.reshape(found, (len(times), checkpoints, -1))[:, -1]
    state = _Ended(code, evaluations, jacobians)
    return _solution(given, state, times, given.packing.unpack(np.transpose(found)))


class _Ended:
    """What a run leaves that keeps no state."""

    def __init__(self, code: Any, evaluations: Any, jacobians: Any) -> None:
        self.code, self.evaluations, self.jacobians = code, evaluations, jacobians


def _solution(
    given: Problem, state: Any, t: Any, y: Any, sol: Any = None, t_events: Any = None, y_events: Any = None
) -> Solution:  # fmt: skip
    evaluations, jacobians = _count(state.evaluations), _count(state.jacobians)
    return Solution(t, y, sol, t_events, y_events, evaluations, jacobians, jacobians, state.code)


def _count(value: Any) -> Any:
    return int(value) if isinstance(value, (np.integer, np.ndarray)) and np.ndim(value) == 0 else value
