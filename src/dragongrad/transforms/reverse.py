"""Reverse mode: a tape of Nodes, swept backwards once."""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from threading import Lock
from typing import Any

import numpy as np

from ..core.block import Block, rule_names
from ..core.errors import (
    ArgumentError,
    ClosureError,
    DragongradError,
    DtypeError,
    EscapedError,
    NotScalarError,
    ShapeError,
    describe,
    operation_error,
    user_line,
)
from ..core.level import Level
from ..core.nests import flatten, unflatten
from ..core.node import KEEP, NEGATE, TIMES, Node, Spec
from ..core.variable import Variable, as_input, plain, settle, top_level, value_of
from .options import Argnums, Transform, bind_argnums, check_argnums, input_leaves
from .watch import WATCH, check_backward, check_forward

_ndarray = np.ndarray


def _closed(node: Node) -> None:
    """Stands where a tape was: a Variable that escaped its transform finds out on first use."""
    raise EscapedError(
        "a Variable was used after the transform that made it had ended (it was kept in a global, an "
        f"attribute or a closure)\n  at {user_line()}\n"
        "Return it from the function instead, or keep ad.stop_gradient(x)"
    )


class Reverse(Level):
    """The level of one reverse-mode transform: its tape."""

    __slots__ = ("append", "tape")

    def __init__(self) -> None:
        super().__init__()
        self.tape: list[Node] = []
        self.append: Callable[[Node], None] = self.tape.append

    def close(self) -> list[Node]:
        """End the recording and hand over the tape."""
        tape = self.tape
        self.tape = []
        self.append = _closed
        return tape

    def constant(self, value: Any) -> Variable:
        """A Variable of this level that depends on no input."""
        return Variable(value, self, None)

    # unary and binary are apply for the two commonest cases, written out: they are most of an eager run.

    def unary(self, block: Block, x: Variable) -> Any:
        value = x.data
        try:
            out = block.forward(value)
        except DragongradError:
            raise
        except (ValueError, TypeError) as error:
            raise operation_error(block.name, (value,), error) from None
        parent = x.link
        if not block.partials:
            return out
        if parent is None:
            return Variable(out, self, None)
        partial, pick = block.partials[0]
        saved = pick((out, value)) if pick is not None else None
        node = Node(block, ((parent, partial, saved),), out.shape, out.dtype)
        self.append(node)
        return Variable(out, self, node)

    def binary(self, block: Block, x: Any, y: Any) -> Any:
        px = py = None
        if x.__class__ is Variable and x.level is self:
            px = x.link
            x = x.data
        if y.__class__ is Variable and y.level is self:
            py = y.link
            y = y.data
        try:
            out = block.forward(x, y)
        except DragongradError:
            raise
        except (ValueError, TypeError) as error:
            raise operation_error(block.name, (x, y), error) from None
        if out.__class__ is complex:
            # Python's own product of a complex and a float: NumPy's float64 is a float to it.
            out = np.complex128(out)
        if not block.partials:
            return out
        edges: tuple[Any, ...]
        if px is not None:
            partial, pick = block.partials[0]
            edge = (px, partial, pick((out, x, y)) if pick is not None else None)
            if py is not None:
                partial, pick = block.partials[1]
                edges = (edge, (py, partial, pick((out, x, y)) if pick is not None else None))
            else:
                edges = (edge,)
        elif py is not None:
            partial, pick = block.partials[1]
            edges = ((py, partial, pick((out, x, y)) if pick is not None else None),)
        else:
            return Variable(out, self, None)
        node = Node(block, edges, out.shape, out.dtype)
        self.append(node)
        return Variable(out, self, node)

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        values, parents = [], []
        for a in args:
            if isinstance(a, Variable) and a.level is self:
                values.append(a.data)
                parents.append(a.link)
            else:
                values.append(a)
                parents.append(None)
        try:
            out = block.forward(*values, **params)
        except DragongradError:
            raise
        except (ValueError, TypeError, np.linalg.LinAlgError) as error:
            if not block.dispatches:
                raise
            raise operation_error(block.name, tuple(values), error) from None
        if not block.dispatches:
            refuse_closure(self, block, out)
        if block.kind == "constant":
            return out
        return self.record(block, values, parents, params, out)

    def record(
        self, block: Block, values: list[Any], parents: list[Node | None], params: dict[str, Any], out: Any
    ) -> Any:
        """Write the Node of an application, and give its output or outputs as Variables."""
        if block.pulls and not block.variadic:
            parents = [p if pull is not None else None for p, pull in zip(parents, block.pulls, strict=True)]
        active = tuple([p is not None for p in parents])
        if not any(active):
            if block.outputs > 1:
                return rewrap(out, [Variable(o, self, None) for o in out])
            return Variable(out, self, None)
        if block.partials:
            full = (out, *values)
            edges = tuple(
                [
                    (p, partial, pick(full) if pick is not None else None)
                    for p, (partial, pick) in zip(parents, block.partials, strict=True)
                    if p is not None
                ]
            )
            node = Node(block, edges, out.shape, out.dtype)
            self.append(node)
            return Variable(out, self, node)
        keep = block.keeps(active)
        kept_out = out if keep[0] else None
        saved = (kept_out, *[
            v if k else (p if p is not None else Spec(np.shape(v), getattr(v, "dtype", None)))
            for v, k, p in zip(values, keep[1:], parents, strict=True)
        ])  # fmt: skip
        if block.outputs == 1:
            node = Node(block, (), np.shape(out), out.dtype).keep(tuple(parents), saved, params)
            self.append(node)
            return Variable(out, self, node)
        specs = tuple([Spec(np.shape(o), o.dtype) for o in out])
        node = Node(block, (), (), specs).keep(tuple(parents), saved, params)
        self.append(node)
        picks = []
        for i, o in enumerate(out):
            if o.dtype.kind not in "fc":
                picks.append(o)
                continue
            pick = Node(block, (), o.shape, o.dtype).keep((node,), (), None, i)
            self.append(pick)
            picks.append(Variable(o, self, pick))
        return rewrap(out, picks)


class WatchedReverse(Reverse):
    """The same under `debug_nans`: every value is looked at, and every Node knows its line."""

    __slots__ = ()

    def unary(self, block: Block, x: Variable) -> Any:
        return self._watch(block, (x,), super().unary(block, x))

    def binary(self, block: Block, x: Any, y: Any) -> Any:
        return self._watch(block, (x, y), super().binary(block, x, y))

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return self._watch(block, args, super().apply(block, args, params))

    def _watch(self, block: Block, args: tuple[Any, ...], out: Any) -> Any:
        check_forward(block, args, out)
        line = user_line()
        for node in reversed(self.tape):
            if hasattr(node, "extra"):
                break
            node.extra = line
        return out


def rewrap(like: Any, values: list[Any]) -> Any:
    """A tuple of values of the type that NumPy returned (`EighResult` ... are namedtuples)."""
    return type(like)(*values) if hasattr(like, "_fields") else type(like)(values)


# The sweep


def pull_edge(bar: Any, partial: Any, saved: Any) -> Any:
    """The cotangent along an elementwise edge."""
    if partial is TIMES:
        return bar * saved
    if partial is KEEP:
        return bar
    if partial is NEGATE:
        return -bar
    return bar * partial(*saved)


# Arrays of this many elements are worth a look at whether their memory can be used again.
_LARGE = 4096


def _references(value: Any) -> int:
    return getrefcount(value)


# What `_references` says of an array that only one local name holds; CPython releases differ.
_UNSHARED = _references(np.empty(0)) + 1


def pull_large_edge(bar: Any, partial: Any, saved: Any) -> Any:
    """As `pull_edge` for a large array, making the product in the partial's own memory where it is free."""
    if partial is KEEP or partial is TIMES or partial is NEGATE:
        return pull_edge(bar, partial, saved)
    factor = partial(*saved)
    if (
        factor.__class__ is _ndarray
        and bar.__class__ is _ndarray
        and _references(factor) <= _UNSHARED
        and factor.base is None
        and factor.shape == bar.shape
        and factor.dtype == bar.dtype
    ):
        factor *= bar
        return factor
    return bar * factor


def careful_pull_edge(bar: Any, partial: Any, saved: Any) -> Any:
    """As `pull_edge`, with strong zeros: where `bar` is zero, a partial that is not finite counts as zero."""
    if partial is KEEP or partial is NEGATE:
        return pull_edge(bar, partial, saved)
    factor = saved if partial is TIMES else partial(*saved)
    return bar * strong(bar, factor)


def strong(direction: Any, factor: Any) -> Any:
    """A factor made zero where it is not finite and what it multiplies is zero.

    The factor is masked, not the product, so that the derivative of the product stays right where the
    direction merely happens to be zero.
    """
    return np.where((direction == 0) & ~np.isfinite(factor), 0.0, factor)


def fit(g: Any, node: Spec) -> Any:
    """Undo broadcasting and promotion: bring a cotangent to its Node's shape and dtype."""
    if g.shape != node.shape:
        extra = g.ndim - len(node.shape)
        if extra < 0:
            g = np.broadcast_to(g, node.shape)
        else:
            axes = tuple(range(extra)) + tuple(
                i + extra for i, n in enumerate(node.shape) if n == 1 and g.shape[i + extra] != 1
            )
            g = np.sum(g, axis=axes, keepdims=True) if axes else g
            g = np.reshape(g, node.shape)
    if g.dtype is not node.dtype and g.dtype != node.dtype:
        if g.dtype.kind == "c" and node.dtype.kind != "c":
            g = np.real(g)
        if g.dtype != node.dtype:
            g = g.astype(node.dtype)
    return g


def watched_sweep(tape: list[Node]) -> None:
    """As `sweep` with strong zeros, looking at every cotangent."""
    for node in reversed(tape):
        bar = node.bar
        if bar is None:
            continue
        node.bar = None
        if node.edges:
            for edge in node.edges:
                check_backward(node, bar, careful_pull_edge(bar, edge[1], edge[2]))
            _pull_edges(node.edges, bar, careful_pull_edge)
        elif node.pick is not None:
            pull_node(node, bar)
        else:
            bars = [b for b in bar if b is not None] if isinstance(bar, list) else [bar]
            for g in cotangents(node.block, bar, node):  # type: ignore[arg-type]
                for b in bars:
                    check_backward(node, b, g)
            pull_node(node, bar)


def sweep(tape: list[Node], careful: bool = False) -> None:
    """Pass the cotangents backwards through a tape; each is freed as the sweep passes."""
    for node in reversed(tape):
        bar = node.bar
        if bar is None:
            continue
        node.bar = None
        edges = node.edges
        if not edges:
            pull_node(node, bar)
            continue
        if careful or bar.size > _LARGE:
            _pull_edges(edges, bar, careful_pull_edge if careful else pull_large_edge)
            continue
        # The loop for small arrays: here every tenth of a microsecond counts.
        for parent, partial, saved in edges:
            if partial is TIMES:
                g = bar * saved
            elif partial is KEEP:
                g = bar
            elif partial is NEGATE:
                g = -bar
            else:
                g = bar * partial(*saved)
            if g.shape != parent.shape or g.dtype is not parent.dtype:
                g = fit(g, parent)
            before = parent.bar
            parent.bar = g if before is None else before + g


def _pull_edges(edges: tuple[Any, ...], bar: Any, rule: Callable[..., Any]) -> None:
    for parent, partial, saved in edges:
        g = rule(bar, partial, saved)
        if g.shape != parent.shape or g.dtype is not parent.dtype:
            g = fit(g, parent)
        before = parent.bar
        if before is None:
            parent.bar = g
        elif partial is not KEEP and g.__class__ is _ndarray and g.base is None and before.__class__ is _ndarray:
            # A product made above: nobody else holds it, so the sum is made in place.
            g += before
            parent.bar = g
        else:
            parent.bar = before + g


def pull_node(node: Node, bar: Any) -> None:
    """Pass the cotangent of a Node that is not elementwise to its parents."""
    if node.pick is not None:
        parent: Any = node.parents[0]
        if parent.bar is None:
            parent.bar = [None] * len(parent.dtype)
        parent.bar[node.pick] = bar
        return
    block: Any = node.block
    for parent, g in zip(node.parents, cotangents(block, bar, node), strict=True):
        if parent is None or g is None:
            continue
        if g.__class__ is complex:
            g = np.complex128(g)
        if g.shape != parent.shape or g.dtype is not parent.dtype:
            g = fit(g, parent)
        parent.bar = g if parent.bar is None else parent.bar + g


def cotangents(block: Block, bar: Any, node: Node) -> tuple[Any, ...]:
    """The cotangents that a Block's rule gives its arguments."""
    saved, params = node.saved, node.params
    if block.pulls:
        if block.variadic:
            return tuple(call_rule(block, block.pulls[0], bar, saved, params))
        return tuple(
            [
                call_rule(block, pull, bar, _own_shape(saved, i, parent), params) if parent is not None else None
                for i, (pull, parent) in enumerate(zip(block.pulls, node.parents, strict=True))
            ]
        )
    if block.pullback is not None:
        got = call_rule(block, block.pullback, bar, saved, params)
        return tuple(got) if isinstance(got, (tuple, list)) else (got,)
    return transposed_pushforward(block, bar, node)


def _own_shape(saved: tuple[Any, ...], i: int, parent: Node) -> tuple[Any, ...]:
    # The transpose of an argument knows that argument by its shape alone.
    return (*saved[: i + 1], parent, *saved[i + 2 :])


def call_rule(block: Block, rule: Any, bar: Any, saved: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Call a rule with what its parameters name."""
    values = []
    for name in block.needs[id(rule)]:
        if name == "out_bar":
            values.append(bar)
        elif name == "out":
            values.append(saved[0])
        elif name == "xs":
            values.append(saved[1:])
        else:
            values.append(saved[1 + block.names.index(name)])
    return rule(*values, **params)


def transposed_pushforward(block: Block, bar: Any, node: Node) -> tuple[Any, ...]:
    """Derive the pullback of a Block that gave only its pushforward: transpose it."""
    out, *values = node.saved
    specs = [Spec(np.shape(v), getattr(v, "dtype", None)) for v in values]
    active = [i for i, p in enumerate(node.parents) if p is not None]

    def push(*dots: Any) -> Any:
        tangents: list[Any] = [None] * len(values)
        for i, dot in zip(active, dots, strict=True):
            tangents[i] = dot
        return call_pushforward(block, out, values, tangents, node.params)

    got = transpose(push, [specs[i] for i in active], bar)
    full: list[Any] = [None] * len(values)
    for i, g in zip(active, got, strict=True):
        full[i] = g
    return tuple(full)


def call_pushforward(block: Block, out: Any, values: list[Any], tangents: list[Any], params: Any) -> Any:
    """Call a pushforward with what it names; an absent tangent is made of zeros."""
    rule: Any = block.pushforward
    full = [
        np.zeros(np.shape(v), getattr(v, "dtype", np.float64)) if t is None else t
        for v, t in zip(values, tangents, strict=True)
    ]
    known: dict[str, Any] = {"out": out}
    if block.variadic:
        known |= {"xs": tuple(values), "xs_dot": tuple(full)}
    else:
        known |= dict(zip(block.names, values, strict=True))
        known |= {f"{n}_dot": t for n, t in zip(block.names, full, strict=True)}
    return rule(*[known[name] for name in rule_names(rule)], **params)


def open_reverse(inputs: Any) -> tuple[Reverse, list[Node]]:
    """Open a level, with a Node for each input `(shape, dtype)`."""
    level = WatchedReverse() if WATCH.get() else Reverse()
    return level, [Node(None, (), shape, dtype) for shape, dtype in inputs]


def transpose(function: Any, specs: list[Spec], bar: Any) -> list[Any]:
    """Apply the transpose of a linear function to a cotangent (or list of them, for several outputs)."""
    level, nodes = open_reverse([(s.shape, s.dtype) for s in specs])
    out = function(*[Variable(np.zeros(s.shape, s.dtype), level, n) for s, n in zip(specs, nodes, strict=True)])
    tape = level.close()
    outs, bars = (out, bar) if isinstance(out, (tuple, list)) else ([out], [bar])
    seeds = [
        (o.link, b)
        for o, b in zip(outs, bars, strict=True)
        if b is not None and isinstance(o, Variable) and o.level is level and o.link is not None
    ]
    return run_sweep(tape, seeds, nodes)


def run_sweep(tape: list[Node], seeds: list[tuple[Node, Any]], inputs: list[Node]) -> list[Any]:
    """Seed the outputs, sweep, and collect the cotangents of the inputs (zeros where none arrived).

    A NaN among the results may come from `0 * inf`: then the sweep is run again with strong zeros, so that
    only functions that meet one pay for it.
    """
    if WATCH.get():
        return _sweep_once(tape, seeds, inputs, careful=None)
    results = _sweep_once(tape, seeds, inputs, careful=False)
    if any(has_nan(g) for g in results):
        results = _sweep_once(tape, seeds, inputs, careful=True)
    return results


def _sweep_once(
    tape: list[Node], seeds: list[tuple[Node, Any]], inputs: list[Node], careful: bool | None
) -> list[Any]:
    try:
        for node, bar in seeds:
            node.bar = bar if node.bar is None else node.bar + bar
        # A partial may divide by zero where strong zeros then discard it: no warning for that.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if careful is None:
                watched_sweep(tape)
            else:
                sweep(tape, careful)
        return [np.zeros(n.shape, n.dtype)[()] if n.bar is None else n.bar for n in inputs]
    except BaseException:
        for node in tape:
            node.bar = None
        raise
    finally:
        for node in inputs:
            node.bar = None


def own(values: list[Any], others: Any = ()) -> list[Any]:
    """Give the caller arrays of their own, that they may write into: no views, none twice, none of `others`."""
    taken = {id(o) for o in others}
    for i, g in enumerate(values):
        if g.__class__ is _ndarray:
            if g.base is not None or not g.flags.writeable or id(g) in taken:
                g = values[i] = g.copy()
            taken.add(id(g))
    return values


def has_nan(value: Any) -> bool:
    """Whether there is a NaN at the bottom of a value; a dot product is the cheapest way to see."""
    value = value_of(value)
    if value.__class__ is _ndarray:
        flat = value.ravel()
        total = flat.dot(flat)
        return bool(total != total)
    return bool(value != value)


# The transforms


def record(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], positions: tuple[int, ...]) -> Any:
    """Run a function over Variables of a new level: its output, the level's tape, inputs and structures."""
    level, _ = open_reverse(())
    full = list(args)
    inputs: list[Node] = []
    structures = []
    for position in positions:
        leaves, structure = input_leaves(f, args[position], position)
        nodes = [Node(None, (), leaf.shape, leaf.dtype) for leaf in leaves]
        variables = [Variable(leaf, level, node) for leaf, node in zip(leaves, nodes, strict=True)]
        full[position] = unflatten(structure, variables)
        inputs += nodes
        structures.append((structure, len(nodes)))
    try:
        out = settle(f(*full, **kwargs))
    finally:
        tape = level.close()
    return out, level, tape, inputs, structures


def refuse_closure(level: Level, block: Block, out: Any) -> None:
    """Refuse the output of a function with a rule of its own that used a Variable which is not an argument."""
    inner = top_level(out if isinstance(out, (tuple, list)) else (out,))
    if inner is not None and inner.serial >= level.serial and block.kind != "constant":
        raise ClosureError(
            "a function with a rule of its own (custom_rule, checkpoint) used a Variable that is not one of its "
            f"arguments, whose derivative would be lost\n  at {user_line()}\nPass it as an argument"
        )


def drop(out: Any, level: Level) -> tuple[Any, Node | None]:
    """Split an output into its value below this level, and its Node."""
    out = plain(out)
    if isinstance(out, Variable) and out.level is level:
        return out.data, out.link
    return out, None


def rebuild(structures: list[Any], leaves: list[Any]) -> list[Any]:
    """Put leaves back into the nests of several arguments."""
    built, start = [], 0
    for structure, count in structures:
        built.append(unflatten(structure, leaves[start : start + count]))
        start += count
    return built


def _drop_nest(out: Any, level: Level) -> Any:
    leaves, structure = flatten(out)
    return unflatten(structure, [drop(leaf, level)[0] for leaf in leaves])


def _run_value_and_grad(
    f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, has_aux: bool, holomorphic: bool
) -> Any:
    positions = bind_argnums(f, args, argnums)
    out, level, tape, inputs, structures = record(f, args, kwargs, positions)
    aux = None
    if has_aux:
        out, aux = _split_aux(out)
        aux = _drop_nest(aux, level)
    value, node = drop(out, level)
    check_scalar(f, value, holomorphic)
    if node is None:
        grads = [np.zeros(n.shape, n.dtype)[()] for n in inputs]
    else:
        grads = own(run_sweep(tape, [(node, np.ones((), node.dtype)[()])], inputs))
    built = rebuild(structures, grads)
    grad_value = built[0] if isinstance(argnums, int) else tuple(built)
    return ((value, aux) if has_aux else value), grad_value


def _split_aux(out: Any) -> tuple[Any, Any]:
    if not isinstance(out, tuple) or len(out) != 2:
        raise ArgumentError(f"has_aux=True: the function must return (output, aux), it returned {type(out)}")
    return out


def check_scalar(f: Any, value: Any, holomorphic: bool) -> None:
    """Refuse a gradient of anything but one real number."""
    name = getattr(f, "__name__", "the function")
    if isinstance(value, (tuple, list, dict)) or value is None:
        raise NotScalarError(
            f"grad needs one number from {name}, it returned {type(value).__name__}; "
            "return (loss, rest) with has_aux=True, or use ad.jacobian"
        )
    if np.shape(value) != ():
        raise NotScalarError(
            f"grad needs one number from {name}, it returned an array of shape {np.shape(value)}; "
            "use ad.jacobian for its Jacobian, or sum it: np.sum(...)"
        )
    if np.iscomplexobj(value_of(value)) and not holomorphic:
        raise DtypeError(
            f"grad needs a real output, {name} returned a complex number; take its real part or np.abs, "
            "or pass holomorphic=True where the function is holomorphic"
        )


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """The value of a scalar function together with its gradient, by reverse mode.

    Parameters
    ----------
    f : callable
        A function of nests of arrays that returns one real number.
    argnums : int or tuple of int
        Which positional arguments are differentiated.
    has_aux : bool
        Whether `f` returns `(value, aux)`; `aux` is passed through.
    holomorphic : bool
        Allow a complex output, of a holomorphic function.

    Returns
    -------
    callable
        Called as `f`, it returns `(value, gradient)`, or `((value, aux), gradient)`. The gradient has the
        nest, shapes and dtypes of the argument (a tuple of them where `argnums` is a tuple). Of a complex
        argument z = a + ib the gradient is df/da - i df/db.

    Raises
    ------
    NotScalarError
        The output is not one number.
    DtypeError
        An argument is not numeric, or the output is complex.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))

    """
    options = {"argnums": check_argnums(argnums), "has_aux": has_aux, "holomorphic": holomorphic}
    return Transform(value_and_grad, _run_value_and_grad, f, options)


def _run_grad(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], **options: Any) -> Any:
    value, gradient = _run_value_and_grad(f, args, kwargs, **options)
    return (gradient, value[1]) if options["has_aux"] else gradient


def grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """The gradient of a scalar function, by reverse mode; parameters and errors as `value_and_grad`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.grad(lambda x: np.sum(np.sin(x) * x))(np.array([0.0, 1.0]))
    array([0.        , 1.38177329])
    >>> ad.grad(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 2.0})
    {'a': np.float64(12.0), 'b': np.float64(9.0)}

    """
    options = {"argnums": check_argnums(argnums), "has_aux": has_aux, "holomorphic": holomorphic}
    return Transform(grad, _run_grad, f, options)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False, **kwargs: Any) -> Any:
    """The value of a function, and its pullback (vector-Jacobian product) at that point.

    Parameters
    ----------
    f : callable
        A function of nests of arrays, returning a nest of arrays.
    *primals
        Its arguments; all are differentiated. Keyword arguments are passed through.
    has_aux : bool
        Whether `f` returns `(out, aux)`.

    Returns
    -------
    out, pullback : or `out, pullback, aux`
        `pullback(out_bar)`, with `out_bar` of the nest and shapes of `out`, returns the tuple of cotangents
        of the primals. It can be called any number of times.

    Raises
    ------
    ShapeError
        A cotangent does not have the shape of its output.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> out, pullback = ad.vjp(lambda x: np.sin(x), np.array([0.0, np.pi]))
    >>> pullback(np.ones(2))[0]
    array([ 1., -1.])

    """
    result, level, tape, inputs, structures = record(f, primals, kwargs, tuple(range(len(primals))))
    aux = None
    if has_aux:
        result, aux = _split_aux(result)
        aux = _drop_nest(aux, level)
    leaves, structure = flatten(result)
    dropped = [drop(leaf, level) for leaf in leaves]
    values = [value for value, _ in dropped]
    lock = Lock()

    def pullback(out_bar: Any) -> tuple[Any, ...]:
        """The cotangents of the primals for a cotangent of the output."""
        bars, given = flatten(out_bar)
        if len(bars) != len(values) or (structure is not None and given != structure):
            raise ShapeError("the cotangent must have the structure of the function's output")
        seeds = []
        for (value, node), bar in zip(dropped, bars, strict=True):
            bar = as_input(bar, "the cotangent")
            if np.shape(bar) != np.shape(value):
                raise ShapeError(
                    f"the cotangent is {describe(bar)}, but the output is {describe(value)}: they must agree"
                )
            if node is not None:
                seeds.append((node, fit(bar, node)))
        # The cotangents live on the tape while it is swept: one sweep at a time.
        with lock:
            return tuple(rebuild(structures, own(run_sweep(tape, seeds, inputs), bars)))

    out = unflatten(structure, values)
    return (out, pullback, aux) if has_aux else (out, pullback)
