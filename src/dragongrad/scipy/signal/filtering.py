"""Recursive filters: lfilter and what is made of it.

A filter is its own derivative by the signal; by its coefficients, what they multiply is filtered again. Its
transpose is the filter run backwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as scipys

from ...blocks.axes import single
from ...core.block import general
from ...core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from ...core.variable import bottom
from .chapter import back, extended, last, numbers, smooth


def _value(x: Any, y: Any, z: Any) -> Any:
    return scipys.lfilter(x, y, z)


def _pushforward(x_dot: Any, y_dot: Any, z_dot: Any, out: Any, x: Any, y: Any, z: Any) -> Any:
    return filtered(x_dot, y, z) - filtered(y_dot, y, out) + filtered(x, y, z_dot)


def _pullback(out_bar: Any, out: Any, x: Any, y: Any, z: Any) -> Any:
    behind = np.flip(out_bar, -1)
    inner = np.flip(filtered(np.ones(1, y.dtype), y, behind), -1)
    x_bar, y_bar = _lagged(inner, z, x.shape[0]), -_lagged(inner, out, y.shape[0])
    return x_bar, y_bar, np.flip(filtered(x, y, behind), -1)


def _lagged(w: Any, x: Any, count: int) -> Any:
    """The sums of products of one signal and the other, delayed by 0, 1, 2 ... steps."""
    n = x.shape[-1]
    return np.stack([np.sum(w[..., k:] * x[..., : max(n - k, 0)]) for k in range(count)])


def _batch(size: int, values: list[Any], batched: Any) -> Any:
    b, a, x = values
    if not (batched[0] or batched[1]):
        return filtered(b, a, x)
    if not size:
        return np.zeros((0, *(x.shape[1:] if batched[2] else x.shape)), x.dtype)
    rows = [[v[i] if moves else v for v, moves in zip(values, batched, strict=True)] for i in range(size)]
    return np.stack([filtered(*row) for row in rows])


filtered: Any = general("lfilter", value=_value, pullback=_pullback, pushforward=_pushforward,
                        names=("x", "y", "z"), parameters=(), batch=_batch, dispatches=False)  # fmt: skip


@smooth
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Filter a signal along an axis: a[0] y[n] = b[0] x[n] + b[1] x[n - 1] + ... - a[1] y[n - 1] - ...

    Parameters
    ----------
    b, a : array of shape (k,), (l,)
        The coefficients; `a[0]` is not zero.
    x : array
        The signal, of one axis or more.
    axis : int
        The axis along which it is filtered.
    zi : array, optional
        The state before: of the shape of `x`, with max(k, l) - 1 elements along the axis.

    Returns
    -------
    y : array of the shape of `x`
    zf : array of the shape of `zi`
        The state behind, if `zi` is given.

    Raises
    ------
    ShapeError
        A coefficient is no vector, or the state does not fit.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.jacobian(lambda a: signal.lfilter([1.0], a, np.array([1.0, 0.0, 0.0])))(np.array([1.0, -0.5]))
    array([[-1.  ,  0.  ],
           [-1.  , -1.  ],
           [-0.75, -1.  ]])

    """
    b, a, x, *state = numbers(b, a, x, *([] if zi is None else [zi]))
    if b.ndim != 1 or a.ndim != 1:
        raise ShapeError(f"lfilter({describe(b)}, {describe(a)}): coefficients are vectors\n  at {user_line()}")
    signal = last(x, axis)
    if not state:
        return back(filtered(b, a, signal), axis)
    k = max(b.shape[0], a.shape[0])
    b, a = (np.pad(v, (0, k - v.shape[0])) / a[0] for v in (b, a))
    z = last(_fitting("lfilter", state[0], x, axis, k - 1), axis)
    n = signal.shape[-1]
    started = np.pad(z, [(0, 0)] * (z.ndim - 1) + [(0, max(n - k + 1, 0))])
    y = filtered(b, a, signal) + filtered(np.ones(1, a.dtype), a, started[..., :n])
    end = _tail(signal, k) @ _ahead(b) - _tail(y, k) @ _ahead(a)
    end = end + (np.pad(z[..., n:], [(0, 0)] * (z.ndim - 1) + [(0, n)]) if n < k - 1 else 0)
    return back(y, axis), back(end, axis)


def _fitting(name: str, state: Any, x: Any, axis: int, count: int) -> Any:
    """A state of so many elements along an axis of the signal; axes of length 1 stand for any other length."""
    shape = list(x.shape)
    shape[single(axis, x.ndim)] = count
    fits = state.ndim == x.ndim and all(m in (1, n) for m, n in zip(state.shape, shape, strict=True))
    if not fits or state.shape[axis] != count:
        raise ShapeError(
            f"{name}: the state of {describe(x)} has shape {tuple(shape)}, not {state.shape}\n  at {user_line()}"
        )
    return np.broadcast_to(state, shape)


def _tail(x: Any, k: int) -> Any:
    """The last k - 1 elements, with zeros before the signal."""
    wide = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(k - 1, 0)])
    return wide[..., x.shape[-1] :]


def _ahead(c: Any) -> Any:
    """The matrix by which the last elements act on the k - 1 that come: element (j, i) is c[k - 1 + i - j]."""
    k = c.shape[0]
    place = k - 1 + np.subtract.outer(np.arange(k - 1), np.arange(k - 1)).T
    return np.where(place < k, c[np.minimum(place, k - 1)], 0)


@smooth
def lfilter_zi(b: Any, a: Any) -> Any:
    """The state in which a filter answers a constant signal with a constant: of shape (max(k, l) - 1,).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda a: signal.lfilter_zi(np.ones(1), a)[0])(np.array([1.0, -0.5]))
    array([-3., -4.])

    """
    b, a = numbers(b, a)
    k = max(b.shape[0], a.shape[0])
    if b.ndim != 1 or a.ndim != 1 or not a.shape[0] or k < 2:
        raise ShapeError(
            f"lfilter_zi({describe(b)}, {describe(a)}): coefficients are vectors, one of them of two or more\n"
            f"  at {user_line()}"
        )
    b, a = (np.pad(v, (0, k - v.shape[0])) / a[0] for v in (b, a))
    excess = b[1:] - a[1:] * b[0]
    # Each state is the one before it, and what the steady output leaves: y = sum(b) / sum(a).
    steady = np.sum(b) / np.sum(a)
    return np.flip(np.cumsum(np.flip(excess))) + np.flip(np.cumsum(np.flip(-a[1:]))) * (steady - b[0])


# Filters that run both ways: the signal is continued, so that it begins and ends in a steady state


def _edge(name: str, x: Any, padtype: str | None, padlen: Any, taps: int) -> int:
    if padtype not in ("odd", "even", "constant", None):
        raise ArgumentError(f"{name}: padtype is 'odd', 'even', 'constant' or None\n  at {user_line()}")
    edge = 0 if padtype is None else 3 * taps if padlen is None else int(padlen)
    if x.shape[-1] <= edge or edge < 0:
        raise ShapeError(
            f"{name}: the signal, of length {x.shape[-1]}, is not longer than its extension of {edge}\n"
            f"  at {user_line()}\nGive a smaller padlen"
        )
    return edge


@smooth
def filtfilt(
    b: Any, a: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: Any = None, method: str = "pad",
    irlen: Any = None,
) -> Any:  # fmt: skip
    """Filter a signal forwards and backwards, so that nothing is delayed; of the shape of `x`.

    Raises
    ------
    ShapeError
        The signal is not longer than its extension.
    NoRuleError
        The method is "gust".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> f = lambda x: signal.filtfilt([0.5], [1.0, -0.5], x, padlen=0)[0]
    >>> ad.grad(f)(np.array([1.0, 0.0])).round(4)
    array([0.75, 0.25])

    """
    if method != "pad":
        raise NoRuleError(
            f"scipy.signal.filtfilt has no derivative rule for method={method!r}\n  at {user_line()}\nWrite 'pad'"
        )
    b, a, x = numbers(b, a, x)
    if not b.shape[0]:
        raise ShapeError(f"filtfilt({describe(b)}): there are no coefficients\n  at {user_line()}")
    x = last(x, axis)
    edge = _edge("filtfilt", x, padtype, padlen, max(a.shape[0], b.shape[0]))
    state = lfilter_zi(b, a)
    wide = x if padtype is None else extended("filtfilt", x, padtype, edge)
    for _ in range(2):
        wide, _end = lfilter(b, a, wide, zi=state * wide[..., :1])
        wide = np.flip(wide, -1)
    return back(wide[..., edge : wide.shape[-1] - edge], axis)


def _sections(sos: Any, *others: Any) -> list[Any]:
    arrays = numbers(sos, *others)
    if arrays[0].ndim != 2 or arrays[0].shape[1] != 6:
        raise ShapeError(f"sos, {describe(arrays[0])}, has rows of six coefficients\n  at {user_line()}")
    return arrays


@smooth
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """Filter a signal by sections of the second order, one after the other.

    `sos` has shape (sections, 6), `zi` (sections, ...) with two elements along the axis of `x`. The state behind is
    given too if `zi` is.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> sos = np.array([[1.0, 0.0, 0.0, 1.0, -0.5, 0.0]])
    >>> ad.grad(lambda s: signal.sosfilt(s, np.array([1.0, 0.0]))[1])(sos)
    array([[ 0.5,  1. ,  0. , -1. , -1. ,  0. ]])

    """
    sos, x, *state = _sections(sos, x, *([] if zi is None else [zi]))
    if state and state[0].shape[:1] != sos.shape[:1]:
        raise ShapeError(f"sosfilt: zi, {describe(state[0])}, has a state for each section\n  at {user_line()}")
    ends = []
    for i in range(sos.shape[0]):
        if state:
            x, end = lfilter(sos[i, :3], sos[i, 3:], x, axis=axis, zi=state[0][i])
            ends.append(end)
        else:
            x = lfilter(sos[i, :3], sos[i, 3:], x, axis=axis)
    return (x, np.stack(ends)) if state else x


@smooth
def sosfilt_zi(sos: Any) -> Any:
    """The states in which the sections answer a constant signal with constants: of shape (sections, 2).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> sos = np.array([[1.0, 0.0, 0.0, 1.0, -0.5, 0.0]])
    >>> ad.grad(lambda s: signal.sosfilt_zi(s)[0, 0])(sos)
    array([[ 1.,  2.,  2., -3., -4., -4.]])

    """
    (sos,) = _sections(sos)
    states, gain = [], np.ones((), sos.dtype)
    for i in range(sos.shape[0]):
        states.append(gain * lfilter_zi(sos[i, :3], sos[i, 3:]))
        gain = gain * np.sum(sos[i, :3]) / np.sum(sos[i, 3:])
    return np.stack(states)


@smooth
def sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: Any = None) -> Any:
    """As `filtfilt`, by sections of the second order.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> sos = np.array([[0.5, 0.0, 0.0, 1.0, -0.5, 0.0]])
    >>> ad.grad(lambda x: signal.sosfiltfilt(sos, x, padlen=0)[0])(np.array([1.0, 0.0])).round(4)
    array([0.75, 0.25])

    """
    sos, x = _sections(sos, x)
    x = last(x, axis)
    taps = 2 * sos.shape[0] + 1
    if padlen is None and padtype is not None:
        if np.ndim(bottom(sos)) > 2:
            raise ArgumentError(
                f"sosfiltfilt: padlen depends on which coefficients are zero in each row\n  at {user_line()}\n"
                "Give padlen="
            )
        # How many are zero is a matter of the design, and not of its derivative.
        zeros = [sum(bool(bottom(sos[i, j] == 0)) for i in range(sos.shape[0])) for j in (2, 5)]
        padlen = 3 * (taps - min(zeros))
    edge = _edge("sosfiltfilt", x, padtype, padlen, taps)
    state = np.reshape(sosfilt_zi(sos), (sos.shape[0], *(1,) * (x.ndim - 1), 2))
    wide = x if padtype is None else extended("sosfiltfilt", x, padtype, edge)
    for _ in range(2):
        wide, _end = sosfilt(sos, wide, zi=state * wide[..., :1])
        wide = np.flip(wide, -1)
    return back(wide[..., edge : wide.shape[-1] - edge], axis)


_PADS = {"mirror": "reflect", "nearest": "edge", "wrap": "wrap", "constant": "constant"}


@smooth
def savgol_filter(
    x: Any, window_length: int, polyorder: int, deriv: int = 0, delta: float = 1.0, axis: int = -1,
    mode: str = "interp", cval: float = 0.0,
) -> Any:  # fmt: skip
    """Savitzky's and Golay's filter: polynomials fitted to a window that slides; its length is odd.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: signal.savgol_filter(x, 3, 1)[2])(np.arange(5.0)).round(4)
    array([0.    , 0.3333, 0.3333, 0.3333, 0.    ])

    """
    if window_length % 2 == 0:
        raise NoRuleError(
            f"scipy.signal.savgol_filter has no derivative rule for an even window\n  at {user_line()}\n"
            f"Write window_length={window_length + 1}"
        )
    if mode not in (*_PADS, "interp"):
        raise ArgumentError(f"savgol_filter: mode is {sorted(_PADS)} or 'interp', not {mode!r}\n  at {user_line()}")
    (x,) = numbers(x)
    signal, half = last(x, axis), window_length // 2
    weights = scipys.savgol_coeffs(window_length, polyorder, deriv=deriv, delta=delta).astype(x.dtype)
    if mode == "interp":
        if window_length > signal.shape[-1]:
            raise ShapeError(f"savgol_filter({describe(x)}): the window is longer\n  at {user_line()}")
        options = {"deriv": deriv, "delta": delta}
        ends = scipys.savgol_filter(np.eye(window_length, dtype=x.dtype), window_length, polyorder, **options)
        front = signal[..., :window_length] @ ends[:, :half]
        behind = signal[..., signal.shape[-1] - window_length :] @ ends[:, half + 1 :]
        return back(np.concatenate([front, _slid(signal, weights), behind], axis=-1), axis)
    options = {"constant_values": cval} if mode == "constant" else {}
    wide = np.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(half, half)], _PADS[mode], **options)
    return back(_slid(wide, weights), axis)


def _slid(x: Any, weights: Any) -> Any:
    """The valid part of a convolution along the last axis."""
    k, n = weights.shape[0], x.shape[-1]
    return sum(weights[k - 1 - j] * x[..., j : n - k + 1 + j] for j in range(k))
