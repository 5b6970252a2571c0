"""What a Block's rule says, printed from the rule itself."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import BLOCKS, COMPOSITES, TABLE, UNSUPPORTED, Block, rule_names
from ..core.dispatch import no_rule
from ..core.errors import ArgumentError
from ..core.graph import application
from ..core.node import KEEP, NEGATE, TIMES
from .symbols import Symbol, formula


class Explanation:
    """The rule of a function as text; `print` it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def explain(fn: Any) -> Explanation:
    """The derivative rule of a NumPy function (or of a Block), as a formula with its domain.

    An elementwise rule is run on symbols and printed as mathematics; any other rule is NumPy code, and is shown
    as that.

    Parameters
    ----------
    fn : callable
        A NumPy function, a Block, or one of dragongrad's own functions.

    Returns
    -------
    Explanation
        Text; `str` or `print` it.

    Raises
    ------
    NoRuleError
        The function has no rule.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> print(ad.explain(np.arcsin))
    arcsin(x): elementwise
        d/dx = 1 / sqrt((1 - x) * (1 + x))
        domain: -1 < x < 1 (the derivative is finite there)

    """
    block = _block(fn)
    if block is not None:
        return Explanation("\n".join([_heading(block), *(_formulas(block) if block.partials else _sources(block))]))
    restated = COMPOSITES.get(fn)
    if restated is not None:
        name = getattr(fn, "__name__", str(fn))
        return Explanation(f"{name}: restated through other Blocks\n{_source(restated)}")
    if not callable(fn):
        raise ArgumentError(f"explain takes a function, got {fn!r}")
    if fn in UNSUPPORTED:
        return Explanation(f"{fn.__name__}: no derivative rule: {UNSUPPORTED[fn]}")
    raise no_rule(fn)


def _block(fn: Any) -> Block | None:
    if isinstance(fn, Block):
        return fn
    try:
        found = BLOCKS.get(fn)
    except TypeError:
        raise ArgumentError(f"explain takes a function, got {fn!r}") from None
    if found is None:
        # ad.sin is what answers for np.sin.
        found = next((b for key, b in BLOCKS.items() if TABLE.get(key) is fn or b.name == fn), None)
    return found


_KINDS = {
    "elementwise": "elementwise", "linear": "linear", "multilinear": "linear in each argument",
    "general": "a rule in full", "constant": "its derivative is zero wherever it exists",
}  # fmt: skip


def _heading(block: Block) -> str:
    return f"{application(block, list(block.names), {})}: {_KINDS[block.kind]}"


def partial_formulas(block: Block, names: list[Any]) -> list[Any]:
    """The partial derivative with respect to each argument, written in the arguments' names (or numbers)."""
    arguments = [Symbol(name) if isinstance(name, str) else name for name in names]
    if isinstance(block.fn, np.ufunc):
        out = block.fn(*arguments)
    else:
        out = Symbol(application(block, [formula(a) for a in arguments], {}))
    return [_partial(partial, pick, (out, *arguments)) for partial, pick in block.partials]


def _partial(partial: Any, pick: Any, values: tuple[Any, ...]) -> Any:
    if partial is KEEP:
        return 1
    if partial is NEGATE:
        return -1
    return pick(values) if partial is TIMES else partial(pick(values))


def _formulas(block: Block) -> list[str]:
    lines = [
        f"    d/d{name} = {formula(partial)}"
        for name, partial in zip(block.names, partial_formulas(block, list(block.names)), strict=True)
    ]
    limits = [
        f"{formula(low)} < {name} < {formula(high)}".replace("-inf < ", "").replace(" < inf", "")
        for name, (low, high) in zip(block.names, block.domain, strict=False)
        if np.isfinite(low) or np.isfinite(high)
    ]
    return [*lines, f"    domain: {', '.join(limits)} (the derivative is finite there)"] if limits else lines


def _sources(block: Block) -> list[str]:
    lines: list[str] = []
    for name, pull in zip(block.names, block.pulls, strict=False):
        lines += [f"    transpose in {name}:", _source(pull) if pull is not None else "        no derivative"]
    for title, rule in (("pushforward", block.pushforward), ("pullback", block.pullback)):
        if rule is not None:
            lines += [f"    {title}:", _source(rule)]
    return lines


def _source(rule: Callable[..., Any]) -> str:
    if getattr(rule, "__name__", "") == "<lambda>":
        # The source of a lambda is the line of the table around it: its formula says more.
        try:
            return f"        {formula(rule(*[Symbol(name) for name in rule_names(rule)]))}"
        except (TypeError, IndexError, AttributeError):
            # It asks a shape, an index or a truth value, which a symbol does not have.
            return "        " + " ".join(inspect.getsource(rule).split())
    try:
        text = inspect.getsource(rule)
    except (TypeError, OSError):
        text = getattr(rule, "__name__", str(rule))
    return textwrap.indent(textwrap.dedent(text).rstrip(), " " * 8)
