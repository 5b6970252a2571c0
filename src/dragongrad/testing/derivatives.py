"""Derivatives against differences, and one mode against the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DerivativeError
from ..core.nests import flatten, unflatten
from ..core.variable import as_input
from ..transforms.forward import jvp
from ..transforms.gradients import vjp

Arrays = list[Any]


class _Flat:
    """A function of nests, as a function of the list of its floating-point leaves."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.f, self.kwargs = f, kwargs
        self.leaves, self.structure = flatten(args)
        self.paths = [i for i, leaf in enumerate(self.leaves) if np.asarray(leaf).dtype.kind in "fc"]
        if not self.paths:
            raise ArgumentError("check_derivatives needs at least one floating-point argument")
        self.point = [as_input(self.leaves[i]) for i in self.paths]

    def __call__(self, *moving: Any) -> tuple[Any, ...]:
        full = list(self.leaves)
        for i, x in zip(self.paths, moving, strict=True):
            full[i] = x
        return tuple(flatten(self.f(*unflatten(self.structure, full), **self.kwargs))[0])


def _direction(rng: np.random.Generator, like: Arrays) -> Arrays:
    def one(x: Any) -> Any:
        v = rng.normal(size=np.shape(x))
        if np.iscomplexobj(x):
            v = v + 1j * rng.normal(size=np.shape(x))
        return np.asarray(v).astype(x.dtype)[()]

    return [one(x) for x in like]


def _unit(like: Arrays, which: int, place: tuple[int, ...], factor: complex = 1.0) -> Arrays:
    units = [np.zeros(np.shape(x), x.dtype) for x in like]
    units[which][place] = factor if np.iscomplexobj(like[which]) else 1.0
    return [u[()] for u in units]


def _differences(f: Callable[..., Any], point: Arrays, v: Arrays, step: float) -> Iterator[Arrays]:
    """The derivative of `f` along `v` by central differences of fourth order, at one step length after another.

    A step is too long beside a singularity and too short for a large number; a wrong rule differs from all.
    """

    def central(h: float) -> Arrays:
        def at(t: float) -> Arrays:
            return [
                np.asarray(o) for o in f(*[x + np.asarray(t, x.dtype) * d for x, d in zip(point, v, strict=True)])
            ]

        # Not around the `yield`s: a generator that is collected would leave it in the middle of somebody's
        # `ContextVar.set`, and Python 3.11 crashes (python/cpython#148891).
        with np.errstate(invalid="ignore", divide="ignore"):
            one, two = (at(h), at(-h)), (at(2 * h), at(-2 * h))
            return [
                (8 * (a - b) - (c - d)) / (12 * h)
                for a, b, c, d in zip(one[0], one[1], two[0], two[1], strict=True)
            ]

    moved = [np.abs(np.asarray(x)[np.asarray(d) != 0]) for x, d in zip(point, v, strict=True)]
    sizes = [float(s) for m in moved for s in (np.max(m, initial=0.0), np.min(m, initial=1.0))]
    yield central(step)
    for size in (max(sizes), min(sizes)):
        if size not in (0.0, 1.0):
            yield central(step * size)


def _complex_step(f: Callable[..., Any], point: Arrays, v: Arrays) -> Arrays:
    """The derivative of an analytic function along `v` by one complex step (Squire and Trapp 1998)."""
    # Nothing is subtracted, so the step can be as short as one likes.
    h = 1e-100
    return [np.imag(o) / h for o in f(*[x + 1j * h * d for x, d in zip(point, v, strict=True)])]


def _size(values: Arrays) -> float:
    return max([float(np.max(np.abs(v), initial=0.0)) for v in values], default=0.0)


def _check(what: str, got: Arrays, expected: Arrays, rtol: float, atol: float) -> None:
    scale = _size(expected)
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        g, e = np.asarray(g), np.asarray(e)
        if g.shape != e.shape:
            raise DerivativeError(f"{what}: output {i} has shape {g.shape}, expected {e.shape}")
        with np.errstate(invalid="ignore"):
            wrong = ~(np.abs(g - e) <= atol + rtol * np.maximum(np.abs(e), scale))
        wrong &= ~(np.isnan(g) & np.isnan(e)) & (g != e)
        if np.any(wrong):
            place = tuple(int(k) for k in np.argwhere(np.atleast_1d(wrong))[0])[: g.ndim]
            raise DerivativeError(
                f"{what}: output {i}{list(place) if place else ''} is {g[place]!r}, expected {e[place]!r} "
                f"({int(np.sum(wrong))} of {g.size} entries differ)"
            )


def _check_one_of(what: str, got: Arrays, candidates: Iterator[Arrays], rtol: float, atol: float) -> None:
    """Pass where one of the expected values agrees; raise for the first that is finite."""
    found: DerivativeError | None = None
    finite = False
    for expected in candidates:
        try:
            return _check(what, got, expected, rtol, atol)
        except DerivativeError as error:
            found = found if finite else error
            finite = finite or all(np.all(np.isfinite(e)) for e in expected)
    assert found is not None
    raise found


def check_derivatives(
    f: Callable[..., Any], *args: Any, order: int = 2, method: str = "differences", step: float | None = None,
    rtol: float | None = None, atol: float | None = None, seed: int = 0, **kwargs: Any,
) -> None:  # fmt: skip
    """Check the derivatives of a function at a point, and name the entry that differs.

    Forward mode is compared with differences (or the complex step), entry by entry of the input where there
    are up to 64, else along random directions; reverse mode with forward mode by a random inner product.
    For `order=2` both are done again for the gradient of a random combination of the outputs.

    Parameters
    ----------
    f : callable
        A function of nests of arrays, returning a nest of arrays.
    *args, **kwargs
        Its arguments. All floating-point arrays among `args` are differentiated.
    order : int
        1 or 2.
    method : "differences" or "complex"
        Complex steps are exact to rounding, for functions that are analytic in real arguments (no `abs`,
        comparison or conjugate).
    step : float, optional
        The length of the steps; by default the best for the precision of the arguments.
    rtol, atol : float, optional
        The tolerances, relative to the largest entry; by default what the method can know.
    seed : int
        Of the random directions.

    Raises
    ------
    DerivativeError
        Two derivatives differ; the message names modes, input, output and values.
    ArgumentError
        Nothing can be differentiated, or an option is unknown.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives (2008), section 3.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.testing import check_derivatives
    >>> check_derivatives(lambda x: np.sin(x) * x, np.array([1.0, 2.0]))

    """
    if order not in (1, 2):
        raise ArgumentError(f"order must be 1 or 2, got {order!r}")
    if method not in ("differences", "complex"):
        raise ArgumentError(f"method must be 'differences' or 'complex', got {method!r}")
    flat = _Flat(f, args, kwargs)
    if method == "complex" and any(np.iscomplexobj(x) for x in flat.point):
        raise ArgumentError("the complex step needs real arguments")
    eps = max(float(np.finfo(x.dtype).eps) for x in flat.point)
    step = eps**0.2 if step is None else step
    rtol = (1e3 * eps**0.8 if method == "differences" else 100 * eps) if rtol is None else rtol
    atol = rtol if atol is None else atol
    rng = np.random.default_rng(seed)

    def expected(g: Callable[..., Any], v: Arrays) -> Iterator[Arrays]:
        if method == "complex":
            return iter([_complex_step(g, flat.point, v)])
        return _differences(g, flat.point, v, step)

    _first_order("", flat, flat.point, expected, rng, rtol, atol)
    if order == 2:
        weights = _direction(rng, [np.asarray(o) for o in flat(*flat.point)])

        def gradient(*xs: Any) -> tuple[Any, ...]:
            return tuple(vjp(flat, *xs)[1](tuple(weights)))

        # The complex step would have to pass through the pullback: differences serve the second order.
        loose = max(rtol, 1e3 * eps**0.8)
        _first_order(
            "second order: ", gradient, flat.point, lambda g, v: _differences(g, flat.point, v, eps**0.2), rng,
            loose, max(atol, loose),
        )  # fmt: skip


def _first_order(
    what: str, f: Callable[..., Any], point: Arrays, expected: Callable[..., Iterator[Arrays]],
    rng: np.random.Generator, rtol: float, atol: float,
) -> None:  # fmt: skip
    def forward(v: Arrays) -> Arrays:
        return list(jvp(f, tuple(point), tuple(v))[1])

    count = sum(int(np.size(x)) for x in point)
    if count <= 64:
        for i, x in enumerate(point):
            for place in np.ndindex(np.shape(x)):
                for factor in (1.0, 1j) if np.iscomplexobj(x) else (1.0,):
                    v = _unit(point, i, place, factor)
                    where = f"input {i}{list(place) if place else ''}"
                    name = f"{what}forward mode against the {where} difference"
                    _check_one_of(name, forward(v), expected(f, v), rtol, atol)
    else:
        for _ in range(4):
            v = _direction(rng, point)
            _check_one_of(f"{what}forward mode along a random direction", forward(v), expected(f, v), rtol, atol)
    v = _direction(rng, point)
    out_dot = forward(v)
    out, pullback = vjp(f, *point)
    bars = _direction(rng, [np.asarray(o) for o in out])
    x_bars = pullback(tuple(bars))
    left = sum(float(np.real(np.sum(b * d))) for b, d in zip(bars, out_dot, strict=True))
    right = sum(float(np.real(np.sum(b * d))) for b, d in zip(x_bars, v, strict=True))
    eps = max(float(np.finfo(x.dtype).eps) for x in point)
    bound = 1e4 * eps * max(1.0, _size(list(bars)) * _size(out_dot) * max(1, sum(np.size(b) for b in bars)))
    if not abs(left - right) <= bound and not (np.isnan(left) and np.isnan(right)):
        _name_reverse_entry(what, f, point, bars, x_bars)
        raise DerivativeError(f"{what}reverse mode: <out_bar, J v> is {left!r}, <J^T out_bar, v> is {right!r}")


def _name_reverse_entry(what: str, f: Callable[..., Any], point: Arrays, bars: Arrays, x_bars: Any) -> None:
    """Raise with the entry of the cotangent that forward mode contradicts."""
    for i, x in enumerate(point):
        for place in np.ndindex(np.shape(x)):
            dots = jvp(f, tuple(point), tuple(_unit(point, i, place)))[1]
            expected = sum(float(np.real(np.sum(b * d))) for b, d in zip(bars, dots, strict=True))
            got = float(np.real(np.asarray(x_bars[i])[place]))
            if not np.isclose(got, expected, rtol=1e-6, atol=1e-8, equal_nan=True):
                raise DerivativeError(
                    f"{what}reverse against forward mode: the cotangent of input {i}{list(place) if place else ''} "
                    f"is {got!r}, forward mode says {expected!r}"
                )
