"""The Block of all functions with a rule of their own.

All of them are one Block of any number of arrays; the rule travels as its parameter, taken apart into flat
lists, so that a batched rule is again a rule and nothing is lost when transforms nest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import general
from ..core.errors import ArgumentError, NoRuleError, ShapeError
from ..core.nests import flatten, unflatten
from ..core.node import Spec
from ..core.variable import Variable, plain
from ..records import record
from .batch import vmap
from .sweep import transpose


@record
class FlatRule:
    """A function of arrays with its rules, all over flat tuples; one of the rules may be missing."""

    name: str
    value: Callable[..., tuple[Any, ...]]  # (*arrays) -> outputs
    pull: Callable[..., Any] | None  # (cotangents, outputs, arrays) -> cotangent or None for each array
    push: Callable[..., Any] | None  # (tangents, outputs, arrays) -> tangent of each output
    foreign: bool = False  # whether the rules may be code of another library, which takes no Variables
    staged: bool = False  # whether a program is made of the function itself, which is NumPy code
    told: Any = None  # what tells it from others of its name, for it is made anew at each call; None: nothing does

    def __repr__(self) -> str:
        return self.name


def _value(*xs: Any, rule: FlatRule) -> tuple[Any, ...]:
    return rule.value(*xs)


def _pullback(out_bar: Any, out: Any, xs: Any, *, rule: Any) -> Any:
    bars = tuple([
        np.zeros(np.shape(o), _float_dtype(o)) if bar is None else bar for bar, o in zip(out_bar, out, strict=True)
    ])  # fmt: skip
    if rule.pull is not None:
        return _by_rule(rule, "pullback", rule.pull, (bars, out, xs))
    active = [i for i, x in enumerate(xs) if _is_float(x)]

    def push(*dots: Any) -> Any:
        full: list[Any] = [np.zeros(np.shape(x)) for x in xs]
        for i, dot in zip(active, dots, strict=True):
            full[i] = dot
        return tuple(rule.push(tuple(full), out, xs))

    got = iter(transpose(push, [Spec(np.shape(xs[i]), xs[i].dtype) for i in active], list(bars)))
    return [next(got) if _is_float(x) else None for x in xs]


def _pushforward(xs_dot: Any, out: Any, xs: Any, *, rule: Any) -> Any:
    if rule.push is not None:
        return tuple(_by_rule(rule, "pushforward", rule.push, (tuple(xs_dot), out, xs)))
    active = [i for i, x in enumerate(xs) if _is_float(x)]

    def pull(*bars: Any) -> Any:
        got = _by_rule(rule, "pullback", rule.pull, (bars, out, xs))
        return [got[i] for i in active if got[i] is not None]

    specs = [Spec(np.shape(o), _float_dtype(o)) for o in out]
    live = _live(rule, out, xs, active)
    return tuple(transpose(pull, specs, [xs_dot[i] for i in live]))


def _by_rule(rule: FlatRule, what: str, function: Callable[..., Any], groups: tuple[Any, ...]) -> Any:
    """What a rule gives; one that takes no Variables becomes a Block without a derivative, called with values."""
    flat = [value for group in groups for value in group]
    if not rule.foreign or not any(isinstance(value, Variable) for value in flat):
        return function(*groups)
    try:
        return function(*groups)
    except Exception as error:
        # One that the rule raises on values too comes again.
        reason = error
    ends = np.cumsum([len(group) for group in groups])
    present: list[bool] = []

    def value(*values: Any) -> tuple[Any, ...]:
        got = function(*[values[end - len(group) : end] for end, group in zip(ends, groups, strict=True)])
        present[:] = [part is not None for part in got]
        return tuple([np.asarray(part) for part in got if part is not None])

    def refuse(*args: Any) -> Any:
        raise NoRuleError(
            f"the {what} of {rule} takes no Variables, so that it cannot be differentiated itself ({reason})\n"
            "Second derivatives do that, and forward mode where there is only a pullback. Write it in NumPy, give "
            "both rules, or move what is not NumPy into a function with a rule of its own: @ad.custom_rule"
        ) from reason

    told = None if rule.told is None else (what, rule.told)
    found = iter(custom(*flat, rule=FlatRule(f"{what} of {rule}", value, refuse, refuse, told=told)))
    return [next(found) if here else None for here in present]


def _live(rule: FlatRule, out: Any, xs: Any, active: list[int]) -> list[int]:
    """The arguments for which a pullback returns a cotangent."""
    assert rule.pull is not None
    bars = tuple([np.zeros(np.shape(o), _float_dtype(o)) for o in out])
    got = _by_rule(rule, "pullback", rule.pull, (bars, out, xs))
    return [i for i in active if got[i] is not None]


def _is_float(x: Any) -> bool:
    return getattr(x, "dtype", np.dtype(type(x))).kind in "fc"


def _float_dtype(x: Any) -> Any:
    return x.dtype if _is_float(x) else np.float64


def _batch(size: int, values: list[Any], batched: tuple[bool, ...], rule: FlatRule) -> Any:
    axes = tuple([0 if b else None for b in batched])

    def pull(bars: Any, outs: Any, xs: Any) -> Any:
        def row(bars: Any, outs: Any, xs: Any) -> Any:
            got = _pullback(bars, outs, xs, rule=rule)
            present[:] = [g is not None for g in got]
            return tuple([g for g in got if g is not None])

        present: list[bool] = []
        rows = iter(vmap(row, (0, 0, axes))(bars, outs, xs))
        # An array that all rows share collects the cotangents of all.
        return [
            None if not here else (next(rows) if b else np.sum(next(rows), axis=0))
            for here, b in zip(present, batched, strict=True)
        ]

    def push(dots: Any, outs: Any, xs: Any) -> Any:
        return vmap(lambda dots, outs, xs: _pushforward(dots, outs, xs, rule=rule), (axes, 0, axes))(dots, outs, xs)

    def value(*xs: Any) -> Any:
        try:
            return vmap(lambda *xs: rule.value(*xs), axes)(*xs)
        except Exception:
            # The function may not be NumPy code. An error that is its own comes again from the loop.
            rows = [rule.value(*[x[i] if b else x for x, b in zip(xs, batched, strict=True)]) for i in range(size)]
            return tuple([np.stack(part) for part in zip(*rows, strict=True)])

    told = None if rule.told is None else (axes, rule.told)
    wide = FlatRule(rule.name, value, pull, push, staged=rule.staged, told=told)
    return custom(*values, rule=wide)


custom = general(
    "custom", pullback=_pullback, pushforward=_pushforward, value=_value, names=("xs",), outputs=2, batch=_batch,
    parameters=("rule",), dispatches=False,
)  # fmt: skip


def apply_flat(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], pull: Any = None, push: Any = None,
    foreign: bool = False, staged: bool = False, told: Any = None,
) -> Any:  # fmt: skip
    """Call a function of nests by a rule over nests.

    `pull(out_bar, out, args)` returns a nest of cotangents for each argument (or None), `push(args_dot, out,
    args)` the tangent of the output. Where they may be `foreign`, they are called with values if they take no
    Variables. Of a `staged` function, which is NumPy code, compiled functions are made. Loops want to know what is
    `told` of the rule beside its arguments: the functions and options that it is made of.
    """
    leaves, structure = flatten(args)
    leaves = [plain(leaf) for leaf in leaves]
    moving = [
        i for i, leaf in enumerate(leaves) if isinstance(leaf, (Variable, np.ndarray, np.generic, float, int))
    ]
    outer: list[Any] = []

    def rebuilt(xs: Any) -> Any:
        full = list(leaves)
        for i, x in zip(moving, xs, strict=True):
            full[i] = x
        return unflatten(structure, full)

    def value(*xs: Any) -> tuple[Any, ...]:
        found, out_structure = flatten(function(*rebuilt(xs)))
        outer[:] = [out_structure]
        return tuple([_array(leaf) for leaf in found])

    def flat_pull(bars: Any, outs: Any, xs: Any) -> Any:
        got = pull(unflatten(outer[0], list(bars)), unflatten(outer[0], list(outs)), rebuilt(xs))
        spread = _spread(name, got, args, moving)
        _check_shapes(name, "cotangent", spread, xs)
        return spread

    def flat_push(dots: Any, outs: Any, xs: Any) -> Any:
        out_dot = push(rebuilt(dots), unflatten(outer[0], list(outs)), rebuilt(xs))
        found = [_array(leaf) for leaf in flatten(out_dot)[0]]
        if len(found) != len(outs):
            raise ArgumentError(f"the pushforward of {name} returned {len(found)} tangents for {len(outs)} outputs")
        _check_shapes(name, "tangent", found, outs)
        return tuple([np.broadcast_to(dot, np.shape(o)) for dot, o in zip(found, outs, strict=True)])

    if told is not None:
        told = (told, tuple([leaf for i, leaf in enumerate(leaves) if i not in moving]))
    rule = FlatRule(name, value, flat_pull if pull else None, flat_push if push else None, foreign, staged, told)
    outs = custom(*[leaves[i] for i in moving], rule=rule)
    return unflatten(outer[0], list(outs))


_ARRAYS = (Variable, np.ndarray, np.generic, float, int, complex)


def _array(leaf: Any) -> Any:
    leaf = plain(leaf)
    return leaf if isinstance(leaf, (Variable, np.ndarray)) else np.asarray(leaf)[()]


def _spread(name: str, got: Any, args: tuple[Any, ...], moving: list[int]) -> list[Any]:
    """The cotangents that a pullback returned, one for each array of the arguments."""
    parts = got if isinstance(got, tuple) and len(args) > 1 else (got,)
    if len(args) == 1 and isinstance(got, tuple) and len(got) == 1 and not isinstance(args[0], tuple):
        parts = got
    if len(parts) != len(args):
        raise ArgumentError(
            f"the pullback of {name} returned {len(parts)} cotangents for {len(args)} arguments: return a tuple "
            "with one for each, None where there is no derivative"
        )
    full: list[Any] = []
    for part, arg in zip(parts, args, strict=True):
        count = len(flatten(arg)[0])
        leaves = [None] * count if part is None else flatten(part)[0]
        if len(leaves) != count:
            raise ArgumentError(f"the pullback of {name}: a cotangent does not have the structure of its argument")
        full += leaves
    return [None if full[i] is None else _array(full[i]) for i in moving]


def _check_shapes(name: str, what: str, values: Any, like: Any) -> None:
    """Refuse what a rule returned where it cannot be broadcast to the shape that it stands for."""
    for value, x in zip(values, like, strict=True):
        got, wanted = np.shape(value), np.shape(x)
        if value is None or got == wanted:
            continue
        # Axes are compared from the last one, as in broadcasting.
        pairs = zip(got[::-1], wanted[::-1], strict=False)
        if len(got) > len(wanted) or any(n not in (1, m) for n, m in pairs):
            raise ShapeError(f"the rule of {name} gave a {what} of shape {got} for an array of shape {wanted}")
