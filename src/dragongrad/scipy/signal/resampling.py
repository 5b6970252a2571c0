"""Signals at other rates, without their trends, and as analytic signals."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import scipy.signal as scipys

from ...blocks.axes import as_array
from ...core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from .chapter import back, last, numbers, smooth
from .convolving import convolve
from .filtering import lfilter, sosfilt, sosfiltfilt


@smooth
def upfirdn(
    h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant", cval: Any = 0
) -> Any:
    """Put `up - 1` zeros between the elements of a signal, filter it, and keep every `down`-th one.

    `h` has shape (k,); along the axis of `x`, of length n, the result has ceil(((n - 1) up + k) / down) elements.

    Raises
    ------
    NoRuleError
        The signal goes on beyond its ends with anything but zeros.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.jacobian(lambda h: signal.upfirdn(h, np.array([1.0, 2.0]), up=2))(np.ones(2))
    array([[1., 0.],
           [0., 1.],
           [2., 0.],
           [0., 2.]])

    """
    if mode != "constant" or np.any(cval):
        raise NoRuleError(
            f"scipy.signal.upfirdn has no derivative rule for mode={mode!r}, cval={cval!r}\n  at {user_line()}\n"
            "Extend the signal before, with np.pad"
        )
    if up < 1 or down < 1:
        raise ArgumentError(f"upfirdn: up={up} and down={down} are 1 or more\n  at {user_line()}")
    h, x = numbers(h, x)
    if h.ndim != 1:
        raise ShapeError(f"upfirdn({describe(h)}): the filter is a vector\n  at {user_line()}")
    signal = last(x, axis)
    n = signal.shape[-1]
    if 0 in signal.shape:
        count = max(((n - 1) * up + h.shape[0] - 1) // down + 1, 0)
        return back(np.zeros((*signal.shape[:-1], count), signal.dtype), axis)
    if up > 1:
        spread = np.concatenate([signal[..., None], np.zeros((*signal.shape, up - 1), signal.dtype)], axis=-1)
        signal = np.reshape(spread, (*signal.shape[:-1], n * up))[..., : (n - 1) * up + 1]
    whole = convolve(signal, np.reshape(h, (1,) * (signal.ndim - 1) + h.shape))
    return back(whole[..., ::down], axis)


def _spectral_window(window: Any, n: int) -> Any:
    if callable(window):
        return np.asarray(window(np.fft.fftfreq(n)))
    if hasattr(window, "shape"):
        if window.shape != (n,):
            raise ShapeError(f"resample: the window, {describe(window)}, has {n} elements\n  at {user_line()}")
        return window
    return np.fft.fftshift(scipys.get_window(window, n))


@smooth
def resample(
    x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time"
) -> Any:  # fmt: skip
    """A signal with `num` elements in the same time, by its Fourier transform; with `t`, the times too.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: signal.resample(x, 4)[0])(np.array([1.0, 2.0])).round(6)
    array([1., 0.])

    """
    if domain not in ("time", "freq"):
        raise ArgumentError(f"resample: domain is 'time' or 'freq', not {domain!r}\n  at {user_line()}")
    (x,) = numbers(x)
    signal = last(x, axis)
    n = signal.shape[-1]
    weights = None if window is None else _spectral_window(window, n)
    m = min(num, n)
    if domain == "time" and x.dtype.kind != "c":
        out = _real_resampled(signal, num, weights)
    else:
        spectrum = np.fft.fft(signal) if domain == "time" else signal.astype(np.result_type(x.dtype, np.complex64))
        spectrum = spectrum if weights is None else spectrum * weights.astype(x.real.dtype)
        low, high = spectrum[..., : m // 2 + 1], spectrum[..., n - (m - m // 2 - 1) :]
        if m - m // 2 - 1 == 0:
            high = spectrum[..., :0]
        if m % 2 == 0 and num < n:
            low = np.concatenate([low[..., :-1], low[..., -1:] + spectrum[..., n - m // 2 : n - m // 2 + 1]], -1)
        middle = np.zeros((*spectrum.shape[:-1], num - m), spectrum.dtype)
        if m % 2 == 0 and n < num:
            half = low[..., -1:] / 2
            low = np.concatenate([low[..., :-1], half], axis=-1)
            middle = np.concatenate([middle[..., 1:], half], axis=-1)
        out = np.fft.ifft(np.concatenate([low, middle, high], axis=-1)) * (num / n)
    out = back(out, axis)
    return out if t is None else (out, t[0] + (t[1] - t[0]) * (n / num) * np.arange(num))


def _real_resampled(x: Any, num: int, weights: Any) -> Any:
    n, dtype = x.shape[-1], x.dtype
    m = min(num, n)
    factors = np.ones(n // 2 + 1, dtype)
    if weights is not None:
        # The weights of a frequency and of its negative.
        folded = weights[: n // 2 + 1]
        mirrored = np.concatenate([folded[:1], np.flip(weights[n - n // 2 :])])
        factors = ((folded + mirrored) / 2).astype(dtype)
    spectrum = (np.fft.rfft(x) * factors)[..., : m // 2 + 1]
    if m % 2 == 0 and num != n:
        # The one frequency that has no partner gets one, or loses it.
        alone = np.ones(m // 2 + 1, dtype)
        alone[-1] = 2 if num < n else 0.5
        spectrum = spectrum * alone
    return np.fft.irfft(spectrum, n=num) * dtype.type(num / n)


_BACKGROUNDS = {"mean": np.mean, "median": np.median, "minimum": np.min, "maximum": np.max}


def _of_rates(window: Any, up: int, down: int, dtype: Any) -> Any:
    """The low-pass filter between two rates."""
    if isinstance(window, list) or hasattr(window, "shape"):
        return as_array(window) * up
    rate = max(up, down)
    return np.asarray(scipys.firwin(20 * rate + 1, 1 / rate, window=window)).astype(dtype) * up


@smooth
def resample_poly(
    x: Any, up: int, down: int, axis: int = 0, window: Any = ("kaiser", 5.0), padtype: str = "constant",
    cval: Any = None,
) -> Any:  # fmt: skip
    """A signal at `up / down` times its rate, by a filter between zeros; the window may be one that moves.

    Raises
    ------
    NoRuleError
        `padtype` is not "constant" (with zeros), "mean", "median", "minimum" or "maximum".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: signal.resample_poly(x, 2, 1)[0])(np.array([1.0, 2.0])).round(4)
    array([1.0005, 0.    ])

    """
    if padtype not in ("constant", *_BACKGROUNDS) or cval:
        raise NoRuleError(
            f"scipy.signal.resample_poly has no derivative rule for padtype={padtype!r}, cval={cval!r}\n"
            f"  at {user_line()}\nExtend the signal before, with np.pad"
        )
    (x,) = numbers(x)
    shared = math.gcd(up, down)
    up, down = up // shared, down // shared
    if up == down == 1:
        return x * 1
    signal = last(x, axis)
    h = _of_rates(window, up, down, x.dtype)
    half = (h.shape[0] - 1) // 2
    before = down - half % down
    count = -(-signal.shape[-1] * up // down)
    first = (half + before) // down
    missing = count + first - (-(-((signal.shape[-1] - 1) * up + h.shape[0] + before) // down))
    h = np.pad(h, (before, max(missing, 0) * down))
    ground = _BACKGROUNDS[padtype](signal, axis=-1, keepdims=True) if padtype in _BACKGROUNDS else 0
    out = upfirdn(h, signal - ground, up, down)[..., first : first + count] + ground
    return back(out, axis)


@smooth
def decimate(
    x: Any, q: int, n: Any = None, ftype: str = "iir", axis: int = -1, zero_phase: bool = True
) -> Any:  # fmt: skip
    """Every `q`-th element of a signal that was filtered so that its high frequencies do not fold back.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.jacobian(lambda x: signal.decimate(x, 2, ftype="fir"))(np.ones(4)).shape
    (2, 4)

    """
    (x,) = numbers(x)
    if ftype == "fir":
        b = scipys.firwin((20 * q if n is None else n) + 1, 1 / q, window="hamming").astype(x.dtype)
        if zero_phase:
            return resample_poly(x, 1, q, axis=axis, window=b)
        out = last(lfilter(b, np.ones(1, b.dtype), x, axis=axis), axis)
    elif ftype == "iir":
        sos = scipys.cheby1(8 if n is None else n, 0.05, 0.8 / q, output="sos").astype(x.dtype)
        out = last((sosfiltfilt if zero_phase else sosfilt)(sos, x, axis=axis), axis)
    else:
        raise NoRuleError(
            f"scipy.signal.decimate has no derivative rule for ftype={ftype!r}\n  at {user_line()}\n"
            "Write 'iir', 'fir', or signal.filtfilt with the coefficients"
        )
    return back(out[..., ::q], axis)


@smooth
def detrend(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False) -> Any:
    """A signal without its mean, or without the line that fits it best between break points.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: signal.detrend(x, type="constant")[0])(np.arange(4.0))
    array([ 0.75, -0.25, -0.25, -0.25])

    """
    if type not in ("linear", "l", "constant", "c"):
        raise ArgumentError(f"detrend: type is 'linear' or 'constant', not {type!r}\n  at {user_line()}")
    (x,) = numbers(data)
    if type in ("constant", "c"):
        return x - np.mean(x, axis, keepdims=True)
    x = last(x, axis)
    n = x.shape[-1]
    ends = np.unique(np.concatenate([[0, n], np.atleast_1d(bp)])).astype(int)
    if ends[-1] > n:
        raise ShapeError(f"detrend: break points {bp!r} beyond the length {n}\n  at {user_line()}")
    parts = []
    for low, high in itertools.pairwise(ends):
        design = np.stack([np.arange(1, high - low + 1) / (high - low), np.ones(high - low)])
        # The projection on lines.
        onto = (np.linalg.pinv(design) @ design).astype(x.dtype)
        parts.append(x[..., low:high] - x[..., low:high] @ onto)
    return back(np.concatenate(parts, axis=-1), axis)


def _one_sided(n: int, dtype: Any) -> Any:
    """Twice the positive frequencies, none of the negative ones."""
    factors = np.zeros(n, dtype)
    factors[0] = 1
    factors[1 : (n + 1) // 2] = 2
    if n % 2 == 0:
        factors[n // 2] = 1
    return factors


@smooth
def hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:  # noqa: N803 - SciPy's name
    """The analytic signal: its real part is the signal, its imaginary part Hilbert's transform of it.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: np.imag(signal.hilbert(x)[1]))(np.ones(4))
    array([ 0.5,  0. , -0.5,  0. ])

    """
    (x,) = numbers(x)
    if x.dtype.kind == "c":
        raise ArgumentError(f"hilbert takes a real signal, not {describe(x)}\n  at {user_line()}")
    signal = last(x, axis)
    n = signal.shape[-1] if N is None else N
    return back(np.fft.ifft(np.fft.fft(signal, n) * _one_sided(n, x.dtype)), axis)


@smooth
def hilbert2(x: Any, N: Any = None, axes: Any = (-2, -1)) -> Any:  # noqa: N803
    """The analytic image, of which only positive frequencies of both axes are left; `N` is one length or two.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: np.real(signal.hilbert2(x)[0, 0]))(np.ones((1, 3))).round(6)
    array([[1., 0., 0.]])

    """
    x = np.atleast_2d(numbers(x)[0])
    moved = np.moveaxis(x, axes, (-2, -1))
    m, n = moved.shape[-2:] if N is None else (N, N) if np.ndim(N) == 0 else N
    # Releases of SciPy treat the highest frequency differently: it tells its factors itself, from a single pulse.
    pulse = np.zeros((m, n))
    pulse[0, 0] = 1.0
    factors = np.round(np.real(np.fft.fft2(scipys.hilbert2(pulse)))).astype(x.dtype)
    return np.moveaxis(np.fft.ifft2(np.fft.fft2(moved, (m, n)) * factors), (-2, -1), axes)
