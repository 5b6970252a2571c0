"""Spectra of signals, frequency responses of filters, and waves."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as scipys

from ...blocks.axes import as_array, single
from ...core.errors import ArgumentError, ShapeError, user_line
from ...core.variable import bottom
from ..chapters import double, holds_variable, settled
from .chapter import constant, last, numbers, refused, smooth
from .resampling import detrend as without_trend


def window_of(window: Any, nperseg: Any, n: int) -> Any:
    """The elements of a window that is named or given, no more than n."""
    if isinstance(window, (str, tuple)):
        return np.asarray(get_window(window, min(256 if nperseg is None else int(nperseg), n)))
    window = as_array(window)
    if nperseg not in (None, window.shape[0]) or window.shape[0] > n:
        raise ShapeError(f"the window has {window.shape[0]} elements, not nperseg\n  at {user_line()}")
    return window


def segments(x: Any, win: Any, hop: int, detrend: Any, onesided: bool, nfft: int) -> Any:
    """The Fourier transforms of windows that overlap: (..., windows, frequencies)."""
    count, length = (x.shape[-1] - win.shape[0]) // hop + 1, win.shape[0]
    parts = x[..., np.add.outer(hop * np.arange(count), np.arange(length))]
    if detrend is not False and detrend is not None:
        parts = detrend(parts) if callable(detrend) else without_trend(parts, type=detrend)
    parts = parts * win
    return np.fft.rfft(parts, nfft) if onesided else np.fft.fft(parts, nfft)


def _median_bias(n: int) -> float:
    """Of the median of n values that are distributed as squares are (Allen et al., 2012, appendix B)."""
    places = 2 * np.arange(1.0, (n - 1) // 2 + 1)
    return float(1 + np.sum(1 / (places + 1) - 1 / places))


@smooth
def csd(
    x: Any, y: Any, fs: float = 1.0, window: Any = "hann", nperseg: Any = None, noverlap: Any = None,
    nfft: Any = None, detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density",
    axis: int = -1, average: str = "mean",
) -> Any:  # fmt: skip
    """The frequencies, and the cross spectrum of two signals by Welch's method.

    Parameters
    ----------
    x, y : array
        The signals; the shorter one is filled with zeros.
    fs : float
        The rate at which they were sampled.
    window : str, tuple or array
        The window of each segment.
    nperseg, noverlap, nfft : int, optional
        The length of segments, how far they overlap, and the length of their transforms.
    detrend : {"constant", "linear", False} or callable
        What is taken from each segment.
    return_onesided : bool
        Whether negative frequencies of real signals are left out.
    scaling : {"density", "spectrum"}
        Whether it is a power for each frequency or a power.
    axis : int
        The axis of time.
    average : {"mean", "median"}
        How segments are averaged.

    Returns
    -------
    f : array of shape (frequencies,)
    Pxy : array
        Frequencies stand where time stood.

    Raises
    ------
    ArgumentError
        An option that is none of these.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> f = lambda y: np.real(signal.csd(np.array([1.0, -1.0]), y, window="boxcar", detrend=False)[1][1])
    >>> ad.grad(f)(np.array([1.0, 2.0]))
    array([ 1., -1.])

    """
    if (nothing := _nothing(as_array(x), as_array(y), axis)) is not None:
        return nothing, nothing
    options = (window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis)
    frequencies, power, at, _ = _windows_of(x, y, x is y, fs, *options)
    return frequencies, np.moveaxis(_averaged(power, average), -1, at)


def _nothing(x: Any, y: Any, axis: int) -> Any:
    """What SciPy gives for frequencies and spectra of signals without an element; None for others."""
    if x.size and y.size:
        return None
    lead = np.broadcast_shapes(np.delete(x.shape, axis).astype(int), np.delete(y.shape, axis).astype(int))
    return np.moveaxis(np.empty((*lead, min(x.shape[axis], y.shape[axis]))), -1, axis)


def _check_rate(fs: Any) -> None:
    if not np.all(bottom(fs) > 0):
        raise ArgumentError(f"a sampling frequency is positive, not {fs}\n  at {user_line()}")


def _windows_of(
    x: Any, y: Any, same: bool, fs: float, window: Any, nperseg: Any, noverlap: Any, nfft: Any, detrend: Any,
    return_onesided: bool, scaling: str, axis: int, amplitude: bool = False,
) -> Any:  # fmt: skip
    """The frequencies, the spectra of all windows (..., windows, frequencies), the axis, and the times of windows.

    Spectra are powers, of one signal or of two, or the amplitude of one.
    """
    _check_rate(fs)
    x, y = numbers(x, y)
    at = single(axis, max(x.ndim, y.ndim))
    x, y = last(x, axis), last(y, axis)
    n = max(x.shape[-1], y.shape[-1])
    x, y = (np.pad(v, [(0, 0)] * (v.ndim - 1) + [(0, n - v.shape[-1])]) for v in (x, y))
    win = window_of(window, nperseg, n)
    length = win.shape[0]
    overlap = (
        (length // 8 if noverlap == "eighth" else length // 2) if noverlap in (None, "eighth") else int(noverlap)
    )
    nfft = length if nfft is None else int(nfft)
    if overlap >= length or nfft < length or scaling not in ("density", "spectrum"):
        raise ArgumentError(f"noverlap < nperseg <= nfft, and scaling is known\n  at {user_line()}")
    real = np.zeros(0, x.dtype).real.dtype
    onesided, hop = return_onesided and x.dtype.kind != "c", length - overlap
    scale = 1 / (fs * np.sum(win * win)) if scaling == "density" else 1 / np.sum(win) ** 2
    options = (win.astype(real), hop, detrend, onesided, nfft)
    frequencies = (np.fft.rfftfreq if onesided else np.fft.fftfreq)(nfft, 1 / fs)
    times = np.arange(length / 2, n - length / 2 + 1, hop) / fs
    of_x = segments(x, *options)
    if amplitude:
        return frequencies, of_x * np.sqrt(scale).astype(real), at, times
    of_y = of_x if same else segments(y, *options)
    power = np.conj(of_x) * of_y
    power = (np.real(power) if same else power) * scale.astype(real)
    if onesided:
        factors = np.full(power.shape[-1], 2, real)
        factors[0] = 1
        if nfft % 2 == 0:
            factors[-1] = 1
        power = power * factors
    return frequencies, power, at, times


def _averaged(power: Any, average: str) -> Any:
    if average == "mean":
        return np.mean(power, axis=-2)
    if average != "median":
        raise ArgumentError(f"average is 'mean' or 'median', not {average!r}\n  at {user_line()}")
    middle = np.median(np.real(power), axis=-2)
    if power.dtype.kind == "c":
        middle = middle + 1j * np.median(np.imag(power), axis=-2)
    return middle / _median_bias(power.shape[-2])


@smooth
def welch(
    x: Any, fs: float = 1.0, window: Any = "hann", nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density", axis: int = -1,
    average: str = "mean",
) -> Any:  # fmt: skip
    """The frequencies, and the power spectrum of a signal by Welch's method; arguments are those of `csd`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> f = lambda x: signal.welch(x, window="boxcar", detrend=False)[1][1]
    >>> ad.grad(f)(np.array([1.0, -1.0]))
    array([ 2., -2.])

    """
    x = as_array(x)
    return csd(x, x, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average)


@smooth
def periodogram(
    x: Any, fs: float = 1.0, window: Any = "boxcar", nfft: Any = None, detrend: Any = "constant",
    return_onesided: bool = True, scaling: str = "density", axis: int = -1,
) -> Any:  # fmt: skip
    """The frequencies, and the power spectrum of a signal as a whole; arguments are those of `csd`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: signal.periodogram(x, detrend=False)[1][1])(np.array([1.0, -1.0]))
    array([ 2., -2.])

    """
    x = as_array(x)
    n = x.shape[axis]
    if nfft is not None and nfft < n:
        x = np.moveaxis(np.moveaxis(x, axis, -1)[..., :nfft], -1, axis)
        n, nfft = nfft, None
    window = "boxcar" if window is None else window
    return csd(x, x, fs, window, n, 0, nfft, detrend, return_onesided, scaling, axis)


@smooth
def coherence(
    x: Any, y: Any, fs: float = 1.0, window: Any = "hann", nperseg: Any = None, noverlap: Any = None,
    nfft: Any = None, detrend: Any = "constant", axis: int = -1,
) -> Any:  # fmt: skip
    """The frequencies, and the squared coherence of two signals; arguments are those of `csd`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> t = np.arange(8.0)
    >>> ad.grad(lambda x: signal.coherence(x, t**2, nperseg=4)[1][1])(np.sin(t)).shape
    (8,)

    """
    options = {"detrend": detrend, "axis": axis}
    x, y = as_array(x), as_array(y)
    frequencies, cross = csd(x, y, fs, window, nperseg, noverlap, nfft, **options)
    of_x, of_y = (csd(v, v, fs, window, nperseg, noverlap, nfft, **options)[1] for v in (x, y))
    return frequencies, np.absolute(cross) ** 2 / of_x / of_y


_AMPLITUDES = {"complex": lambda z: z, "magnitude": np.absolute, "angle": np.angle}


@smooth
def spectrogram(
    x: Any, fs: float = 1.0, window: Any = ("tukey", 0.25), nperseg: Any = None, noverlap: Any = None,
    nfft: Any = None, detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density",
    axis: int = -1, mode: str = "psd",
) -> Any:  # fmt: skip
    """The frequencies, the times, and the spectra of windows: "psd", "complex", "magnitude" or "angle".

    Frequencies stand where time stood, and times stand last; arguments are those of `csd`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> f = lambda x: signal.spectrogram(x, window="boxcar", nperseg=2, noverlap=0, detrend=False)[2][1, 0]
    >>> ad.grad(f)(np.array([1.0, -1.0, 5.0]))
    array([ 2., -2.,  0.])

    """
    if mode not in ("psd", "phase", *_AMPLITUDES):
        raise ArgumentError(f"spectrogram: mode is 'psd' or one of {['phase', *_AMPLITUDES]}\n  at {user_line()}")
    overlap = "eighth" if noverlap is None else noverlap
    options = (window, nperseg, overlap, nfft, detrend, return_onesided, scaling, axis)
    frequencies, found, at, times = _windows_of(x, x, True, fs, *options, amplitude=mode != "psd")
    if mode == "phase":
        found = np.unwrap(np.angle(found), axis=-1)
    else:
        found = found if mode == "psd" else _AMPLITUDES[mode](found)
    # Times to the end, and frequencies to where time stood.
    return frequencies, times, np.moveaxis(np.swapaxes(found, -1, -2), -2, at)


def _powers(c: Any, w: Any) -> Any:
    """A polynomial in exp(-iw)."""
    return np.exp(-1j * np.multiply.outer(w, np.arange(c.shape[0]))) @ c


def _frequencies(given: Any, b: Any, a: Any, **options: Any) -> tuple[Any, Any]:
    """The frequencies at which a response is wanted, which may be Variables, and the dtype of the response."""
    # SciPy's dtypes follow from the lengths too.
    like = [np.ones(np.shape(v), as_array(v).dtype) for v in (b, a)]
    if holds_variable(given):
        w = np.atleast_1d(as_array(given))
        return w, scipys.freqz(*like, np.ones(1, w.dtype))[1].dtype
    w, response = scipys.freqz(*like, settled(given), **options)
    return w, response.dtype


def _narrowed(response: Any, w: Any) -> Any:
    """A response in the precision of its frequencies."""
    return response.astype(np.complex64) if w.dtype in (np.float16, np.float32, np.complex64) else response


@smooth
def freqz(
    b: Any, a: Any = 1, worN: Any = 512, whole: bool = False, plot: Any = None, fs: float = 2 * np.pi,  # noqa: N803
    include_nyquist: bool = False,
) -> Any:  # fmt: skip
    """The frequencies, and the response of a filter with coefficients `b` (k,) and `a` (l,), complex.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda b: np.real(signal.freqz(b, worN=[np.pi])[1][0]))(np.ones(2))
    array([ 1., -1.])

    """
    options = {"whole": whole, "fs": fs, "include_nyquist": include_nyquist}
    w, dtype = _frequencies(worN, b, a, **options)
    b, a = numbers(b, a)
    angle = 2 * np.pi * w / fs
    response = (_powers(b, angle) / _powers(a, angle)).astype(dtype)
    if plot is not None:
        plot(w, response)
    return w, response


@smooth
def freqz_sos(sos: Any, worN: Any = 512, whole: bool = False, fs: float = 2 * np.pi) -> Any:  # noqa: N803
    """The frequencies, and the response of a filter in sections of the second order: (sections, 6).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> sos = np.array([[1.0, 1.0, 0.0, 1.0, 0.0, 0.0]])
    >>> ad.grad(lambda s: np.real(signal.freqz_sos(s, worN=[np.pi])[1][0]))(sos)[0, :3]
    array([ 1., -1.,  1.])

    """
    (sos,) = numbers(sos)
    w, _ = _frequencies(worN, *np.ones((2, 3), sos.dtype), whole=whole, fs=fs)
    angle, out = 2 * np.pi * w / fs, 1
    for i in range(sos.shape[0]):
        out = out * _powers(sos[i, :3], angle) / _powers(sos[i, 3:], angle)
    return w, _narrowed(out, w)


@smooth
def sosfreqz(*args: Any, **kwargs: Any) -> Any:
    """The former name of `freqz_sos`."""
    return freqz_sos(*args, **kwargs)


def _phase(t: Any, f0: Any, t1: Any, f1: Any, method: str, vertex_zero: bool) -> Any:
    if method in ("linear", "lin", "li"):
        return 2 * np.pi * (f0 * t + 0.5 * (f1 - f0) / t1 * t * t)
    if method in ("quadratic", "quad", "q"):
        beta = (f1 - f0) / t1**2
        if vertex_zero:
            return 2 * np.pi * (f0 * t + beta * t**3 / 3)
        return 2 * np.pi * (f1 * t + beta * ((t1 - t) ** 3 - t1**3) / 3)
    if method in ("logarithmic", "log", "lo"):
        beta = t1 / np.log(f1 / f0)
        return 2 * np.pi * beta * f0 * ((f1 / f0) ** (t / t1) - 1)
    if method in ("hyperbolic", "hyp"):
        singular = -f1 * t1 / (f0 - f1)
        return 2 * np.pi * (-singular * f0) * np.log(np.absolute(1 - t / singular))
    raise ArgumentError(f"chirp: method is linear, quadratic, logarithmic or hyperbolic\n  at {user_line()}")


@smooth
def chirp(
    t: Any, f0: Any, t1: Any, f1: Any, method: str = "linear", phi: Any = 0, vertex_zero: bool = True, *,
    complex: bool = False,
) -> Any:  # fmt: skip
    """A wave whose frequency goes from `f0` at time 0 to `f1` at `t1`; frequencies and times may move.

    The logarithmic and hyperbolic methods need frequencies that differ.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda f0: signal.chirp(0.5, f0, 1.0, 2.0))(1.0).round(6)
    np.float64(1.666081)

    """
    phase = _phase(double(t), f0, t1, f1, method, vertex_zero) + phi * np.pi / 180
    return np.exp(1j * phase) if complex else np.cos(phase)


(windows, get_window, butter, cheby1, cheby2, ellip, bessel, iirfilter, iirdesign, iirnotch, iirpeak, firwin,
 firwin2, firls, remez, unit_impulse, savgol_coeffs, kaiser_beta, sawtooth, square, max_len_seq) = constant(
    "windows", "get_window", "butter", "cheby1", "cheby2", "ellip", "bessel", "iirfilter", "iirdesign", "iirnotch",
    "iirpeak", "firwin", "firwin2", "firls", "remez", "unit_impulse", "savgol_coeffs", "kaiser_beta", "sawtooth",
    "square", "max_len_seq",
)  # fmt: skip
find_peaks = refused(
    "find_peaks", "the places of peaks are whole numbers",
    "Find them in the plain values, and index the Variable with them",
)  # fmt: skip
