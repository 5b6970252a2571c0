"""Fourier transforms of windows in time, and back; the spectrum of samples at any times."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as scipys

from ...blocks.axes import as_array, single
from ...blocks.special import stop_gradient
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ..sparse.blocks import product
from ..sparse.pattern import placed
from .chapter import back, extended, last, numbers, smooth
from .spectra import segments, window_of


def _scale(scaling: str, win: Any, fs: float) -> Any:
    if scaling not in ("spectrum", "psd"):
        raise ArgumentError(f"scaling is 'spectrum' or 'psd', not {scaling!r}\n  at {user_line()}")
    return np.absolute(np.sum(win)) if scaling == "spectrum" else np.sqrt(fs * np.sum(win * win))


@smooth
def stft(
    x: Any, fs: float = 1.0, window: Any = "hann", nperseg: int = 256, noverlap: Any = None, nfft: Any = None,
    detrend: Any = False, return_onesided: bool = True, boundary: str | None = "zeros", padded: bool = True,
    axis: int = -1, scaling: str = "spectrum",
) -> Any:  # fmt: skip
    """The frequencies, the times, and the Fourier transforms of windows of a signal.

    Parameters
    ----------
    x : array
        The signal.
    fs, window, nperseg, noverlap, nfft, detrend, return_onesided, boundary, padded, axis, scaling
        As SciPy's. A window that is an array may be a Variable.

    Returns
    -------
    f : array of shape (frequencies,)
    t : array of shape (windows,)
    Zxx : array
        Frequencies stand where time stood, and windows last.

    Raises
    ------
    ArgumentError
        An option that is none of these.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> power = lambda x: np.sum(np.abs(signal.stft(x, nperseg=4)[2]) ** 2)
    >>> ad.grad(power)(np.array([0.0, 1.0, 0.0, -1.0])).round(6)
    array([ 0.   ,  0.625,  0.   , -0.625])

    """
    (x,) = numbers(x)
    at = single(axis, x.ndim)
    x = last(x, axis)
    win = window_of(window, nperseg, x.shape[-1])
    length = win.shape[0]
    overlap = length // 2 if noverlap is None else int(noverlap)
    count = length if nfft is None else int(nfft)
    if overlap >= length or count < length:
        raise ArgumentError(f"stft: noverlap < nperseg <= nfft\n  at {user_line()}")
    hop = length - overlap
    x = x if boundary is None else extended("stft", x, boundary, length // 2)
    if padded:
        missing = -(x.shape[-1] - length) % hop % length
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)])
    onesided = return_onesided and x.dtype.kind != "c" and win.dtype.kind != "c"
    real = np.zeros(0, x.dtype).real.dtype
    win = win if win.dtype.kind == "c" else win.astype(real)
    found = segments(x, win, hop, detrend, onesided, count) / _scale(scaling, win, fs).astype(real)
    frequencies = (np.fft.rfftfreq if onesided else np.fft.fftfreq)(count, 1 / fs)
    times = np.arange(length / 2, x.shape[-1] - length / 2 + 1, hop) / fs
    times = times if boundary is None else times - length / 2 / fs
    return frequencies, times, np.moveaxis(np.swapaxes(found, -1, -2), -2, at)


def overlapped(parts: Any, hop: int) -> Any:
    """The sum of windows (..., windows, length) at their places in time."""
    *lead, count, length = parts.shape
    places = np.add.outer(hop * np.arange(count), np.arange(length)).reshape(-1)
    pattern, _ = placed(places, np.arange(places.size), (length + hop * (count - 1), places.size))
    columns = np.reshape(parts, (-1, count * length)).T
    ones = np.ones(places.size, np.zeros(0, parts.dtype).real.dtype)
    return np.reshape(product(ones, columns, pattern=pattern).T, (*lead, pattern.shape[0]))


@smooth
def istft(
    Zxx: Any, fs: float = 1.0, window: Any = "hann", nperseg: Any = None, noverlap: Any = None,  # noqa: N803
    nfft: Any = None, input_onesided: bool = True, boundary: Any = True, time_axis: int = -1, freq_axis: int = -2,
    scaling: str = "spectrum",
) -> Any:  # fmt: skip
    """The times, and the signal that is nearest to Fourier transforms of windows, as `stft` gives them.

    Parameters
    ----------
    Zxx : array
        Frequencies along `freq_axis`, windows along `time_axis`.
    fs, window, nperseg, noverlap, nfft, input_onesided, boundary, scaling
        As SciPy's, and as `stft` was given them.

    Returns
    -------
    t : array
    x : array
        Time stands where it stood, without the axis of frequencies.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> back = lambda x: signal.istft(signal.stft(x, nperseg=4)[2], nperseg=4)[1]
    >>> ad.jacobian(back)(np.arange(4.0)).round(6).diagonal()
    array([1., 1., 1., 1.])

    """
    (z,) = numbers(Zxx)
    at, along = single(time_axis, z.ndim), single(freq_axis, z.ndim)
    if z.ndim < 2 or at == along:
        raise ShapeError(f"istft({describe(z)}): two axes, of frequencies and of windows\n  at {user_line()}")
    z = np.moveaxis(z, (time_axis, freq_axis), (-2, -1))
    most = 2 * (z.shape[-1] - 1) if input_onesided else z.shape[-1]
    length = most if nperseg is None else int(nperseg)
    odd = input_onesided and length == most + 1
    count = (length if odd else most) if nfft is None else int(nfft)
    hop = length - (length // 2 if noverlap is None else int(noverlap))
    win = window_of(window, length, length)
    if hop <= 0 or count < length:
        raise ArgumentError(f"istft: noverlap < nperseg <= nfft\n  at {user_line()}")
    parts = (np.fft.irfft if input_onesided else np.fft.ifft)(z, count)[..., :length]
    real = np.zeros(0, parts.dtype).real.dtype
    parts = parts * win.astype(real)
    total = overlapped(parts, hop) * _scale(scaling, win, fs).astype(real)
    weight = overlapped(np.broadcast_to(win * win, (z.shape[-2], length)), hop)
    if boundary:
        end = total.shape[-1] - length // 2
        total, weight = total[..., length // 2 : end], weight[length // 2 : end]
    out = total / np.where(weight > 1e-10, weight, 1.0).astype(real)
    out = back(out, at - (along < at))
    # As SciPy, which counts along the first axis.
    return np.arange(out.shape[0]) / float(fs), np.real(out) if input_onesided else out


@smooth
def lombscargle(
    x: Any, y: Any, freqs: Any, precenter: bool = False, normalize: Any = False, *, weights: Any = None,
    floating_mean: bool = False,
) -> Any:  # fmt: skip
    """The periodogram of samples `y` at times `x`, at angular frequencies (Zechmeister and Kuerster 2009).

    Parameters
    ----------
    x, y : arrays of shape (n,)
        Times and samples.
    freqs : array of shape (m,)
        Angular frequencies.
    normalize : bool or {"power", "normalize", "amplitude"}
    weights : array of shape (n,), optional
    floating_mean : bool
        Whether a constant is fitted too.

    Returns
    -------
    array of shape (m,)

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> t = np.array([0.0, 0.4, 1.1, 1.9, 2.5])
    >>> power = lambda w: signal.lombscargle(t, np.sin(2 * t), w)[0]
    >>> ad.grad(power)(np.array([1.8, 3.0])).round(6)
    array([0.321147, 0.      ])

    """
    x, y, freqs = (v.astype(np.float64) for v in numbers(x, y, freqs))
    kind = {False: "power", True: "normalize"}.get(normalize, normalize)
    w = np.ones(x.shape) if weights is None else as_array(weights).astype(np.float64)
    fits = x.ndim == 1 and x.size and x.shape == y.shape == w.shape and freqs.ndim == 1 and freqs.size
    if not fits or kind not in ("power", "normalize", "amplitude"):
        raise ArgumentError(
            f"lombscargle({describe(x)}, {describe(y)}, {describe(freqs)}, normalize={normalize!r}): vectors of "
            f"one length for times, samples and weights, and one of frequencies\n  at {user_line()}"
        )
    y = y - np.mean(y) if precenter else y
    w = w / np.sum(w)
    mean = np.sum(w * y) if floating_mean else 0.0

    def sums(turn: Any) -> tuple[Any, ...]:
        angle = np.multiply.outer(freqs, x) - turn
        c, s = np.cos(angle), np.sin(angle)
        mean_c, mean_s = (c @ w, s @ w) if floating_mean else (0.0, 0.0)
        cc = (c * c) @ w
        found = cc - mean_c * mean_c, 1 - cc - mean_s * mean_s, (c * s) @ w - mean_c * mean_s
        return *found, c @ (w * y) - mean * mean_c, s @ (w * y) - mean * mean_s

    cc, ss, cs, _, _ = sums(0.0)
    # Any turn fits the same wave, and this one makes the sums of products zero, but for their derivatives.
    tau = stop_gradient(0.5 * np.arctan2(2 * cs, cc - ss))
    cc, ss, cs, yc, ys = sums(tau[:, None])
    least = np.finfo(np.float64).epsneg
    cc, ss = np.maximum(cc, least), np.maximum(ss, least)
    cs = cs - stop_gradient(cs)
    whole = 1 - cs * cs / (cc * ss)
    a, b = (yc - cs * ys / ss) / cc / whole, (ys - cs * yc / cc) / ss / whole
    # As SciPy since 1.15, a single number for a single frequency.
    alone = freqs.size == 1 and not np.ndim(scipys.lombscargle(np.arange(3.0), np.ones(3), np.ones(1)))
    a, b, tau, yc, ys = (v[0] if alone else v for v in (a, b, tau, yc, ys))
    if kind == "amplitude":
        return (a + 1j * b) * np.exp(1j * tau)
    power = 2 * (a * yc + b * ys)
    if kind == "power":
        return power * (x.shape[0] / 4)
    return power * 0.5 / (np.sum(w * y * y) - mean * mean)
