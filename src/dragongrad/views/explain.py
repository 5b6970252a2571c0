"""What a Block's rule says, printed from the rule itself."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from .. import late
from ..blocks.kinks import KINKS
from ..classic.block import Block as ClassicBlock
from ..core.block import BLOCKS, COMPOSITES, TABLE, UNSUPPORTED, Block, rule_names
from ..core.dispatch import no_rule
from ..core.errors import ArgumentError, NoRuleError
from ..core.node import KEEP, NEGATE, TIMES
from ..transforms.custom import CustomRule
from .symbols import Symbol, formula
from .text import application


class Explanation:
    """The rule of a function as text; `print` it.

    Attributes
    ----------
    text : str
    parts : dict
        What is in it for programs: `kind`, and where they are known `arguments`, `derivatives` and `domain` by the
        argument, `at` with the points where the derivative is chosen, or the `reason` why there is no rule.

    """

    def __init__(self, text: str, **parts: Any) -> None:
        self.text, self.parts = text, parts

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
        at -1 and 1: infinite

    """
    if isinstance(fn, CustomRule):
        return Explanation("\n".join(_own_rule(fn)), kind="a rule of its own")
    kind = fn if isinstance(fn, type) else type(fn)
    if issubclass(kind, ClassicBlock) and not issubclass(kind, Block):
        return Explanation("\n".join(_own_block(kind)), kind="a Block as a class")
    block = _block(fn)
    if block is not None:
        parts = _parts(block)
        rule = _formulas(parts) if block.partials else _sources(block)
        return Explanation("\n".join([_heading(block), *rule, *_promises(parts["at"])]), **parts)
    restated = COMPOSITES.get(fn) or (fn if _is_ours(fn) else None)
    if restated is not None:
        name, at = getattr(fn, "__name__", str(fn)), _points(fn)
        lines = [f"{name}: restated through other Blocks", _source(restated), *_promises(at)]
        return Explanation("\n".join(lines), kind="restated through other Blocks", at=at)
    if not callable(fn):
        raise ArgumentError(f"explain takes a function, got {fn!r}")
    if fn in UNSUPPORTED:
        text = f"{fn.__name__}: no derivative rule: {UNSUPPORTED[fn]}"
        return Explanation(text, kind="no derivative rule", reason=UNSUPPORTED[fn])
    raise no_rule(fn)


def _promises(points: list[dict[str, str]]) -> list[str]:
    return [f"    at {point['at']}: {point['derivative']}" for point in points]


def _points(fn: Any) -> list[dict[str, str]]:
    return [{"at": kink.at, "derivative": kink.derivative} for kink in KINKS.get(fn, ())]


def _parts(block: Block) -> dict[str, Any]:
    names = list(block.names)
    parts: dict[str, Any] = {"kind": _KINDS[block.kind], "arguments": names, "at": _points(block.fn)}
    if block.partials:
        found = partial_formulas(block, names)
        parts["derivatives"] = {name: formula(partial) for name, partial in zip(names, found, strict=True)}
        intervals = {names[i]: limits(block, i) for i in range(len(block.domain))}
        parts["domain"] = {name: text for name, text in intervals.items() if text}
    return parts


def _own_rule(fn: CustomRule[..., Any]) -> list[str]:
    lines = [f"{fn.__name__}{inspect.signature(fn.f)}: a rule of its own"]
    for title, rule in fn.rules().items():
        lines += [f"    {title}:", _source(rule)]
    return lines


def _own_block(kind: type) -> list[str]:
    lines = [f"{kind.__name__}: a Block as a class"]
    own = [vars(kind)[name] for name in ("gradient_fn", "get_jacobians", "gradient_forward") if name in vars(kind)]
    return [*lines, *map(_source, own)]


def _block(fn: Any) -> Block | None:
    if isinstance(fn, Block):
        return fn
    try:
        found = BLOCKS.get(fn)
    except TypeError:
        raise ArgumentError(f"explain takes a function, got {fn!r}") from None
    if found is None and late.declared():
        found = BLOCKS.get(fn)
    if found is None:
        # ad.sin is what answers for np.sin, and ad.logistic calls the Block of that name.
        name = fn.__name__ if _is_ours(fn) else fn
        found = next((b for key, b in BLOCKS.items() if TABLE.get(key) is fn or b.name == name), None)
    return found


def _is_ours(fn: Any) -> bool:
    """Whether it is one of dragongrad's own functions of arrays, as ad.logsumexp."""
    rooms = ("dragongrad.blocks.", "dragongrad.functions")
    return inspect.isfunction(fn) and fn.__module__.startswith(rooms)


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


# A rule asks what a symbol does not know: the truth of a comparison, an element, a shape.
_UNKNOWN = (TypeError, ValueError, IndexError, AttributeError, KeyError)
# A formula longer than this says less than the name of its Block.
_LONGEST = 90


def pushed_formulas(block: Block, out: Any, values: list[Any], dots: list[Any], params: dict[str, Any]) -> str:
    """The tangent of the output, written by running the pushforward on symbols; empty where it cannot be."""
    if block.pushforward is None or block.variadic or out is None:
        return ""
    dots = [0.0 if dot is None else dot for dot in dots]
    named = dict(zip(block.names, values, strict=True)) | {"out": out}
    named |= {f"{name}_dot": dot for name, dot in zip(block.names, dots, strict=True)}
    found = _run(block.pushforward, named, params)
    return "" if found is None or isinstance(found, (tuple, list)) else _brief(found)


def pulled_formulas(block: Block, bar: Any, out: Any, values: list[Any], params: dict[str, Any]) -> list[str]:
    """The cotangent of each argument, written by running the pullback on symbols; empty where it cannot be."""
    nothing = [""] * len(values)
    if bar is None or block.variadic or len(block.names) != len(values):
        return nothing
    named = dict(zip(block.names, values, strict=True)) | {"out": out, "out_bar": bar}
    if block.pulls:
        return ["" if pull is None else _brief(_run(pull, named, params)) for pull in block.pulls]
    found = None if block.pullback is None else _run(block.pullback, named, params)
    if found is None:
        return nothing
    return [_brief(f) for f in (found if isinstance(found, (tuple, list)) else [found])]


def _run(rule: Callable[..., Any], named: dict[str, Any], params: dict[str, Any]) -> Any:
    try:
        return rule(*[named[name] for name in rule_names(rule) if name in named], **params)
    except _UNKNOWN:
        return None


def _brief(value: Any) -> str:
    # An array that a rule filled with symbols is not a formula.
    text = formula(value) if isinstance(value, Symbol) or (value is not None and np.ndim(value) == 0) else ""
    return text if len(text) <= _LONGEST else ""


def _partial(partial: Any, pick: Any, values: tuple[Any, ...]) -> Any:
    if partial is KEEP:
        return 1
    if partial is NEGATE:
        return -1
    saved = pick(values)
    if isinstance(saved, Symbol) and _is_named(partial):
        return Symbol(f"{partial.__name__}({saved})")
    try:
        return saved if partial is TIMES else partial(saved)
    except NoRuleError as error:
        return Symbol(f"none: {str(error).partition(': ')[2].splitlines()[0]}")
    except _UNKNOWN:
        name = getattr(partial, "__name__", "<lambda>")
        inside = formula(saved) if isinstance(saved, tuple) else f"({formula(saved)})"
        return Symbol(f"{'partial' if name == '<lambda>' else name}{inside}")


def _is_named(partial: Any) -> bool:
    """Whether a partial is a function of ours whose name says more than its code."""
    name = getattr(partial, "__name__", "_")
    return (
        isinstance(partial, FunctionType) and name[0] not in "_<" and partial.__module__.startswith("dragongrad.")
    )


def _formulas(parts: dict[str, Any]) -> list[str]:
    lines = []
    for name, derivative in parts["derivatives"].items():
        text, calls = _shortened(derivative)
        lines += [f"    d/d{name} = {text}", *[f"        where {letter} = {call}" for letter, call in calls]]
    shown = ", ".join(parts["domain"].values())
    return [*lines, f"    domain: {shown} (the derivative is finite there)"] if shown else lines


def limits(block: Block, i: int) -> str:
    """The interval of an argument on which the derivative is finite, as `0 < x`; empty where it is everything."""
    name, (low, high) = block.names[i], block.domain[i]
    if not (np.isfinite(low) or np.isfinite(high)):
        return ""
    if np.isfinite(low) and not np.isfinite(high) and _is_finite_at(block, i, low - 0.75):
        # The table gives the side that it tests; this rule is as good on the other side of its pole.
        return f"{name} != {formula(low)}"
    return f"{formula(low)} < {name} < {formula(high)}".replace("-inf < ", "").replace(" < inf", "")


def _is_finite_at(block: Block, i: int, place: float) -> bool:
    arguments = [1.5] * len(block.names)
    arguments[i] = place
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        out = block.value(*map(np.float64, arguments))
        values = (out, *map(np.float64, arguments))
        slopes = [_partial(partial, pick, values) for partial, pick in block.partials]
        return all(np.isfinite([out, *[slope for slope in slopes if not isinstance(slope, Symbol)]]))


_WIDE, _LETTERS = 100, "tuvw"


def _shortened(text: str) -> tuple[str, list[tuple[str, str]]]:
    """A long formula with a letter for each call that it repeats, and what the letters stand for."""
    parts: list[tuple[str, str]] = []
    for letter in _LETTERS:
        repeated = {c for c in _calls(text) if text.count(c) > 1} if len(text) > _WIDE else set()
        if not repeated:
            break
        part = max(sorted(repeated), key=len)
        text = text.replace(part, letter)
        parts.append((letter, part))
    return text, parts


def _calls(text: str) -> list[str]:
    """Every call in a formula, with its arguments."""
    found = []
    for start in re.finditer(r"\b[a-z_]\w*\(", text):
        depth, end = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found.append(text[start.start() : end])
    return found


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
        try:
            return f"        {formula(rule(*[Symbol(name) for name in rule_names(rule)]))}"
        except (TypeError, IndexError, AttributeError, ValueError):
            # It asks a shape, an index or a truth value, which a symbol does not have.
            return f"        {_lambda_body(rule)}"
    try:
        text = inspect.getsource(rule)
    except (TypeError, OSError):
        text = getattr(rule, "__name__", str(rule))
    text = re.sub(r"(?::|\s*->) (?:Any|Axis)\b", "", text.replace("  # fmt: skip", ""))
    return textwrap.indent(textwrap.dedent(text).rstrip(), " " * 8)


def _lambda_body(rule: Callable[..., Any]) -> str:
    """The code of a lambda, without the line of the table around it."""
    try:
        lines, _ = inspect.findsource(rule)
    except OSError:
        return "a function without source"
    text = "".join(lines)
    code = rule.__code__
    # A line may hold several lambdas: the position of their code tells them apart.
    places = {(line, column) for line, _, column, _ in code.co_positions()}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno:
            inside = {(n.lineno, n.col_offset) for n in ast.walk(node.body) if isinstance(n, ast.expr)}
            if (node.body.lineno, node.body.col_offset) in places and inside & places:
                return " ".join((ast.get_source_segment(text, node.body) or "").split())
    return "a function without source"
