"""Blocks: primitives with their derivative rules, and the six verbs that declare them.

A rule names what it needs by its parameters, and a Node keeps just that:

    ``out``              the value of the Block
    ``x y z u v w``      its array arguments in order (``xs`` for any number of them)
    ``x_dot`` ...        their tangents, in a pushforward
    ``out_bar``          the cotangent of the output, in a pullback
    anything else        a keyword parameter of the NumPy function, with its default

In a pullback that is linear in an argument, that argument is known by its shape alone (`Spec`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from .. import elsewhere
from . import variable as _variable
from .errors import ArgumentError, NoRuleError, user_line
from .node import KEEP, NEGATE, TIMES
from .variable import Variable, is_constant, plain, top_level

ARGUMENTS = ("x", "y", "z", "u", "v", "w")
_PLAIN_SCALARS = frozenset({float, int, np.float64})
# NumPy numbers its dtypes: after those of numbers come objects, texts, records, dates and times (and halves).
_BOOLEANS_TO_COMPLEX = np.dtype(np.clongdouble).num
# What a function does that returns its argument; a partial is looked at, and not called before it is needed.
_IDENTITY = (lambda out: out).__code__.co_code

# The table of primitives: every NumPy function that has a rule, and what answers for it.
TABLE: dict[Any, Callable[..., Any]] = {}
BLOCKS: dict[Any, Block] = {}
COMPOSITES: dict[Any, Callable[..., Any]] = {}
UNSUPPORTED: dict[Any, str] = {}


class Block:
    """A primitive: its value and its rules.

    Attributes
    ----------
    fn : callable
        The NumPy function: the key of the table.
    name, symbol : str
        How messages and pictures call it.
    kind : str
        The verb: elementwise, linear, multilinear, general or constant.
    value, forward : callable
        `value(*arrays, **params)` of plain arrays; `forward` is the same for payloads of any level.
    names : tuple of str
        The names of the array arguments; `("xs",)` where there may be any number.
    partials : tuple
        Elementwise: for each argument `(partial, pick)`.
    pulls : tuple
        Linear and multilinear: the transpose for each argument, None where there is no derivative.
    pullback, pushforward : callable or None
        General: the rule for all arguments together.
    batch : callable or None
        `batch(size, arrays, batched, **params)`: the value with the batch along axis 0.
    domain : tuple of float
        Elementwise: the open interval of each argument on which the derivative is finite.
    dispatches : bool
        Whether the value is NumPy code that inner levels answer. Otherwise they meet the Block itself; if it is
        `inlined`, only those that differentiate do, and a batch or a trace sees the NumPy code.
    singular : bool
        Whether a partial may be infinite where its tangent is zero, or the reverse: no warning for that.
    selects : bool
        Whether a zero among the partials says that another element was chosen (`maximum`).
    mixes : bool
        Linear: whether all elements along an axis depend on all others (`fft`).
    source, restated : callable or None
        From `(out, *args)` the elements that are a singularity others may remove; from `(out, *args, **params)`
        those where the Block itself removes one, with a function that makes the other expression, or None.

    """

    __slots__ = (
        "__weakref__", "_kept", "allowed", "batch", "bind_fn", "call", "defaults", "dispatches", "domain",
        "edges", "fn", "forward", "inlined", "kind", "mixes", "name", "names", "needs", "outputs", "parameters",
        "partials", "pullback", "pulls", "pushforward", "restated", "selects", "signature", "singular",
        "source", "symbol", "value", "variadic",
    )  # fmt: skip

    def __init__(
        self, fn: Any, kind: str, *, value: Callable[..., Any] | None = None, names: tuple[str, ...] = ("x",),
        pulls: tuple[Callable[..., Any] | None, ...] = (), pullback: Callable[..., Any] | None = None,
        pushforward: Callable[..., Any] | None = None, bind: Callable[..., Any] | None = None,
        batch: Callable[..., Any] | None = None, parameters: tuple[str, ...] | None = None, outputs: int = 1,
        domain: tuple[tuple[float, float], ...] = (), singular: bool = False, selects: bool = False,
        mixes: bool = False, signature: str | None = None, symbol: str | None = None, name: str | None = None,
        dispatches: bool = True, inlined: bool = False,
    ) -> None:  # fmt: skip
        self.fn, self.kind = fn, kind
        self.value = fn if value is None else value
        # What a level applies to its payloads: NumPy dispatches by itself, a function of the user's does not.
        self.dispatches, self.inlined = dispatches and not inlined, inlined
        self.forward = _inlined(self) if inlined else self.value if dispatches else self
        self.names, self.variadic, self.outputs = names, names == ("xs",), outputs
        self.pulls, self.pullback, self.pushforward = pulls, pullback, pushforward
        self.bind_fn, self.batch, self.signature = bind, batch, signature
        self.domain, self.singular, self.selects, self.mixes = domain, singular, selects, mixes
        self.source: Callable[..., Any] | None = None
        self.restated: Callable[..., Any] | None = None
        self.name: str = name or str(getattr(fn, "__name__", fn))
        self.symbol: str = symbol or self.name
        self.partials: tuple[Any, ...] = ()
        # What reverse mode writes on the edges of an application without parameters: the partials, and more
        # wherever a cotangent only needs to be kept and spread.
        self.edges: tuple[Any, ...] = ()
        self.call: Callable[..., Any] = self.forward if inlined else self.apply
        rules = [r for r in (*pulls, pullback, pushforward) if r is not None]
        self.needs = {id(r): _needed(r, self) for r in rules}
        self._kept: dict[tuple[bool, ...], tuple[bool, ...]] = {}
        self.allowed = _allowed(rules, self.value, parameters)

    def __getattr__(self, name: str) -> Any:
        if name not in ("parameters", "defaults"):
            raise AttributeError(f"a Block has no attribute {name!r}")
        # Python takes long to say: it is asked when that is first needed.
        self.defaults: dict[str, Any] = _defaults(self.fn)
        self.parameters: tuple[str, ...] = tuple(self.defaults)
        return getattr(self, name)

    def __call__(self, *arrays: Any, **params: Any) -> Any:
        """Apply to arrays and keyword parameters, whatever the levels of the arrays."""
        level = top_level(arrays)
        if level is None:
            return self.value(*arrays, **params)
        return level.apply(self, arrays, params)

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """Apply as the user called the NumPy function."""
        # Most calls have one argument and no options: nothing to sort.
        simple = len(args) == 1 and not kwargs and self.bind_fn is None and len(self.names) == 1
        if simple and args[0].__class__ is Variable:
            return args[0].level.apply(self, args, kwargs)
        arrays, params = self.bind(args, kwargs)
        level = top_level(arrays)
        if level is None:
            return self.value(*arrays, **params)
        return level.apply(self, arrays, params)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort the arguments of a NumPy call into arrays and keyword parameters."""
        if self.bind_fn is not None:
            arrays, params = self.bind_fn(*args, **kwargs)
            params = dict(params)
        else:
            arrays, params = self._bind_by_name(args, kwargs)
        for key in list(params):
            value = params[key]
            if key not in self.allowed:
                if value is None or value is np._NoValue or value is self.defaults.get(key, _MISSING):
                    del params[key]
                    continue
                raise NoRuleError(
                    f"{self.name} has no derivative rule for its argument {key}={value!r}; "
                    f"supported: {', '.join(sorted(self.allowed)) or 'none'}"
                )
            if isinstance(value, Variable):
                wrong = f"{self.name}: the argument {key!r} must be plain, it was a Variable\n  at {user_line()}"
                raise NoRuleError(f"{wrong}\n{elsewhere.of_setting(self.name, key)}")
        return tuple([plain(a) for a in arrays]), params

    def _bind_by_name(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        count = len(self.names)
        params = dict(kwargs)
        arrays = list(args[:count])
        while len(arrays) < count:
            position = len(arrays)
            key = self.parameters[position] if position < len(self.parameters) else ""
            if key not in params:
                raise ArgumentError(f"{self.name} needs {count} arrays, got {len(arrays)}")
            arrays.append(params.pop(key))
        for position in range(count, len(args)):
            params[self.parameters[position]] = args[position]
        return tuple(arrays), params

    def keeps(self, active: tuple[bool, ...]) -> tuple[bool, ...]:
        """Which of `(out, *arguments)` the pullback needs in full when these arguments are active."""
        known = self._kept.get(active)
        if known is None:
            known = self._kept[active] = self._keeps(active)
        return known

    def _keeps(self, active: tuple[bool, ...]) -> tuple[bool, ...]:
        rules = [self.pullback or self.pushforward] if not self.pulls else []
        keep = [False] * (len(active) + 1)
        if self.pulls:
            rules = [self.pulls[0 if self.variadic else i] for i, a in enumerate(active) if a]
        for rule in rules:
            if rule is None:
                continue
            for name in self.needs[id(rule)]:
                if name == "out":
                    keep[0] = True
                elif name == "xs":
                    keep[1:] = [True] * len(active)
                elif name in self.names:
                    keep[1 + self.names.index(name)] = True
        for i, pull in enumerate(self.pulls):
            if pull is not None and self.kind == "linear":
                # Linear arguments are known by their shapes.
                if self.variadic:
                    keep[1:] = [False] * len(active)
                else:
                    keep[1 + i] = False
            elif self.kind == "multilinear" and not any(a for j, a in enumerate(active) if j != i):
                keep[1 + i] = False
        return tuple(keep)

    def __repr__(self) -> str:
        return f"<Block {self.name}: {self.kind}>"


def _inlined(block: Block) -> Callable[..., Any]:
    def forward(*arrays: Any) -> Any:
        arrays = tuple([plain(a) for a in arrays])
        return block.value(*arrays) if all(map(is_constant, arrays)) else block(*arrays)

    return forward


_MISSING = object()


def _defaults(fn: Any) -> dict[str, Any]:
    try:
        return {k: p.default for k, p in inspect.signature(fn).parameters.items()}
    except (TypeError, ValueError):
        # Some C functions carry no signature; they are called by position.
        return {}


def rule_names(rule: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a rule's positional parameters."""
    if isinstance(rule, np.ufunc):
        return ARGUMENTS[: rule.nin]
    code = rule.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults = rule.__defaults__ or ()
    return names[: len(names) - len(defaults)]


def _needed(rule: Callable[..., Any], block: Block) -> tuple[str, ...]:
    known = {"out", "out_bar", *block.names}
    known |= {f"{name}_dot" for name in block.names}
    return tuple(name for name in rule_names(rule) if name in known)


def _allowed(
    rules: list[Callable[..., Any]], value: Callable[..., Any], extra: tuple[str, ...] | None
) -> frozenset[str]:
    """The keyword parameters that a Block takes: those that its rules spell out."""
    if extra is not None:
        return frozenset(extra)
    allowed: set[str] = set()
    for rule in rules:
        if isinstance(rule, np.ufunc):
            continue
        code = rule.__code__
        count = len(rule.__defaults__ or ())
        stop = code.co_argcount
        allowed |= set(code.co_varnames[stop - count : stop])
        allowed |= set(code.co_varnames[stop : stop + code.co_kwonlyargcount])
    return frozenset(allowed)


# The six verbs


def elementwise(
    fn: Any, *partials: Any, symbol: str | None = None, domain: Any = (), singular: bool = False,
    selects: bool = False, forward: Callable[..., Any] | None = None, name: str | None = None,
    dispatches: bool = True, inlined: bool = False,
) -> Block:  # fmt: skip
    """Declare a Block that acts on each element: one partial derivative per argument.

    A partial is a number, a ufunc of the argument, or a function of any of `out, x, y, z`. A partial
    that merely names one of them (`lambda out: out`) is recognised, and costs no call.
    """
    names = ARGUMENTS[: len(partials)]
    if domain and not isinstance(domain[0], tuple):
        domain = (domain,)
    block = Block(
        fn, "elementwise", names=names, symbol=symbol, domain=domain, singular=singular, selects=selects,
        name=name, parameters=(), dispatches=dispatches, inlined=inlined,
    )  # fmt: skip
    block.forward = forward or block.forward
    block.partials = block.edges = tuple(_prepare_partial(p, ("out", *names)) for p in partials)
    calls = {1: _unary_call, 2: _binary_call}
    block.call = block.forward if inlined else calls.get(len(partials), _elementwise_call)(block)
    return register(block)


def _prepare_partial(partial: Any, names: tuple[str, ...]) -> tuple[Any, Any]:
    """A partial as a function of what it saves, and what picks that from `(out, *arguments)`."""
    if not callable(partial):
        known = {1: KEEP, -1: NEGATE}.get(partial)
        return (known, None) if known is not None else ((lambda saved: partial), _pick_nothing)
    positions = [names.index(name) for name in rule_names(partial)]
    if len(positions) > 1:
        return (lambda saved: partial(*saved)), itemgetter(*positions)
    if getattr(getattr(partial, "__code__", None), "co_code", None) == _IDENTITY:
        return TIMES, itemgetter(positions[0])
    return partial, itemgetter(positions[0])


def _pick_nothing(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return ()


def _unary_call(block: Block) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        if x.__class__ is Variable:
            return x.level.unary(block, x)
        return block(plain(x))

    return call


def _binary_call(block: Block) -> Callable[..., Any]:
    # These few lines run for every operator: the levels are compared without a loop.
    def call(x: Any, y: Any) -> Any:
        if x.__class__ is Variable:
            level = x.level
            if y.__class__ is Variable:
                other = y.level
                if other is not level:
                    level = other if other.serial > level.serial else level
                    x, y = plain(x), plain(y)  # a buffer without a derivative is the array that it holds
            elif y.__class__ is np.ndarray:
                if y.dtype.num > _BOOLEANS_TO_COMPLEX:
                    y = plain(y)
                    if y.__class__ is Variable:
                        return call(x, y)
                    _variable.FOREIGN(y)
            elif y.__class__ not in _PLAIN_SCALARS:
                y = plain(y)
                if y.__class__ is Variable or (y.__class__ is not np.ndarray and x.defers(y)):
                    return call(x, y) if y.__class__ is Variable else x.defers(y, block.fn, x)
            return level.binary(block, x, y)
        if y.__class__ is Variable:
            if x.__class__ not in _PLAIN_SCALARS:
                x = plain(x)
                if x.__class__ is Variable:
                    return call(x, y)
                if x.__class__ is not np.ndarray or x.dtype.num > _BOOLEANS_TO_COMPLEX:
                    _variable.FOREIGN(x)
            return y.level.binary(block, x, y)
        return block(plain(x), plain(y))

    return call


def _elementwise_call(block: Block) -> Callable[..., Any]:
    def call(*arrays: Any) -> Any:
        return block(*[plain(a) for a in arrays])

    return call


def linear(fn: Any, *transposes: Callable[..., Any] | None, **options: Any) -> Block:
    """Declare a Block that is linear in its named arguments together: forward is itself, give the transposes.

    One transpose an argument, None for an argument without a derivative (an index, a condition). A
    Block of any number of arrays (`xs`) has one transpose, which returns a cotangent for each.
    """
    options.setdefault("names", _argument_names(transposes))
    return register(Block(fn, "linear", pulls=transposes, **options))


def multilinear(fn: Any, *transposes: Callable[..., Any] | None, **options: Any) -> Block:
    """Declare a Block that is linear in each argument while the others stay: one transpose each."""
    options.setdefault("names", _argument_names(transposes))
    return register(Block(fn, "multilinear", pulls=transposes, **options))


def general(
    fn: Any,
    *,
    pullback: Callable[..., Any] | None = None,
    pushforward: Callable[..., Any] | None = None,
    **options: Any,
) -> Block:
    """Declare a Block by its pullback and pushforward in full; a missing one is derived by transposition.

    The pullback returns a cotangent (or a tuple of them, None for no derivative), the pushforward the
    tangent of the output (a tuple where the Block has several outputs).
    """
    if pullback is None and pushforward is None:
        raise ArgumentError(f"{fn} needs a pullback or a pushforward")
    return register(Block(fn, "general", pullback=pullback, pushforward=pushforward, **options))


def constant(fn: Any, *, parameters: tuple[str, ...] | None = None, **options: Any) -> Block:
    """Declare a Block whose derivative is zero wherever it exists (comparisons, rounding, argmax)."""
    if isinstance(fn, np.ufunc) and "batch" not in options:
        block = Block(fn, "constant", names=ARGUMENTS[: fn.nin], parameters=parameters or (), **options)
        block.outputs = fn.nout
        if fn.nout == 1:
            block.call = {1: _unary_call, 2: _binary_call}.get(fn.nin, _elementwise_call)(block)
        return register(block)
    params = tuple(_defaults(fn)) if parameters is None else parameters
    return register(Block(fn, "constant", parameters=params, **options))


def composite(fn: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Restate a NumPy function through other Blocks: no rule at all."""

    def declare(restated: Callable[..., Any]) -> Callable[..., Any]:
        COMPOSITES[fn] = TABLE[fn] = restated
        return restated

    return declare


def unsupported(reason: str, *fns: Any) -> None:
    """List NumPy functions, modules or methods (`x.sort`) without a rule, with the reason of their error."""
    for fn in fns:
        UNSUPPORTED[fn] = reason


def register(block: Block) -> Block:
    """Enter a Block in the table, unless it is only part of the rules of others."""
    if block.inlined:
        return block
    BLOCKS[block.fn] = block
    TABLE[block.fn] = block.call
    return block


def _argument_names(rules: tuple[Any, ...]) -> tuple[str, ...]:
    return ARGUMENTS[: len(rules)]
