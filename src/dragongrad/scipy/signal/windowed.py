"""`ShortTimeFFT`: Fourier transforms of a window that slides over a signal, and back; linear in the signal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal as scipys

from ...blocks.axes import as_array, single
from ...blocks.indexing import read
from ...core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from ..chapters import holds_variable, one_of, settled
from ..standing import StandIn
from .chapter import CHAPTER
from .frames import overlapped
from .resampling import detrend

_PADS: dict[str, dict[str, Any]] = {
    "zeros": {"mode": "constant"}, "edge": {"mode": "edge"}, "even": {"mode": "reflect"},
    "odd": {"mode": "reflect", "reflect_type": "odd"},
}  # fmt: skip


class ShortTimeFFT(StandIn):
    """`scipy.signal.ShortTimeFFT`, whose signals and transforms may be Variables.

    All its properties and its other methods are those of SciPy's, which is `scipys`.

    Parameters
    ----------
    win, hop, fs, fft_mode, mfft, dual_win, scale_to, phase_shift
        As SciPy's, plain.

    Raises
    ------
    NoRuleError
        A window is a Variable: of one that moves take `signal.stft`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> frames = signal.ShortTimeFFT(np.ones(4), hop=2, fs=1.0)
    >>> power = lambda x: np.sum(frames.spectrogram(x))
    >>> ad.grad(power)(np.array([0.0, 1.0, 0.0, -1.0])).round(6) + 0.0
    array([  0.,  10.,   0., -10.])

    """

    theirs = scipys.ShortTimeFFT
    scipys: Any

    def __init__(self, win: Any, hop: int, fs: float, **options: Any) -> None:
        self._hold(scipys.ShortTimeFFT, win, hop, fs, **options)

    @classmethod
    def _made(cls, name: str, *args: Any, **kwargs: Any) -> ShortTimeFFT:
        made = object.__new__(cls)
        made._hold(getattr(scipys.ShortTimeFFT, name), *args, **kwargs)
        return made

    def _hold(self, make: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if holds_variable((args, kwargs)):
            raise NoRuleError(
                f"scipy.signal.ShortTimeFFT has no derivative rule for its window\n  at {user_line()}\n"
                "Write signal.stft(x, window=w), whose window may be a Variable"
            )
        self.__dict__["scipys"] = make(*map(settled, args), **{k: settled(v) for k, v in kwargs.items()})

    @classmethod
    def from_window(cls, *args: Any, **kwargs: Any) -> ShortTimeFFT:
        """Of a window by its name, as SciPy's."""
        return cls._made("from_window", *args, **kwargs)

    @classmethod
    def from_dual(cls, *args: Any, **kwargs: Any) -> ShortTimeFFT:
        """Of the dual window, as SciPy's."""
        return cls._made("from_dual", *args, **kwargs)

    @classmethod
    def _ours(cls, made: Any) -> Any:
        if not isinstance(made, scipys.ShortTimeFFT):
            return made
        held = object.__new__(cls)
        held.__dict__["scipys"] = made
        return held

    def __getattr__(self, name: str) -> Any:
        if name == "scipys" or name.startswith("__"):
            # Python itself asks for such names, and takes no for an answer.
            raise AttributeError(name)
        return getattr(self.scipys, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Its properties may be set.
        setattr(self.scipys, name, value)

    def stft(
        self, x: Any, p0: int | None = None, p1: int | None = None, *, k_offset: int = 0, padding: str = "zeros",
        axis: int = -1,
    ) -> Any:  # fmt: skip
        """The transforms of the windows p0 to p1 of a signal: frequencies stand where time stood, windows last."""
        return self.stft_detrend(x, None, p0, p1, k_offset=k_offset, padding=padding, axis=axis)

    def stft_detrend(
        self, x: Any, detr: Any, p0: int | None = None, p1: int | None = None, *, k_offset: int = 0,
        padding: str = "zeros", axis: int = -1,
    ) -> Any:  # fmt: skip
        """As `stft`, of windows from which a trend is taken: "linear", "constant" or a function of a window."""
        if not holds_variable(x):
            rest = {"k_offset": k_offset, "padding": padding, "axis": axis}
            return self.scipys.stft_detrend(np.asarray(settled(x)), detr, p0, p1, **rest)
        one_of("ShortTimeFFT", "padding", padding, *_PADS)
        x, frames = as_array(x), self.scipys
        at = single(axis, x.ndim)
        n, least = x.shape[at], frames.m_num - frames.m_num_mid
        if n < least or (frames.onesided_fft and x.dtype.kind == "c"):
            raise ShapeError(
                f"ShortTimeFFT of {describe(x)}: a signal of {least} elements or more, and a real one where "
                f"fft_mode is one-sided\n  at {user_line()}"
            )
        first, last = frames.p_range(n, p0, p1)
        windows = self._windows(np.moveaxis(x, at, -1), first, last, k_offset, padding)
        found = self._transformed(_detrended(windows, detr) * np.conj(frames.win)).astype(complex)
        return np.moveaxis(np.swapaxes(found, -1, -2), -2, at)

    def spectrogram(self, x: Any, y: Any = None, detr: Any = None, **options: Any) -> Any:
        """The squared size of the transforms of a signal, or the product of those of two signals."""
        of_x = self.stft_detrend(x, detr, **options)
        if y is None or y is x:
            return np.real(of_x) ** 2 + np.imag(of_x) ** 2
        return of_x * np.conj(self.stft_detrend(y, detr, **options))

    def istft(self, S: Any, k0: int = 0, k1: int | None = None, *, f_axis: int = -2, t_axis: int = -1) -> Any:  # noqa: N803
        """The signal of transforms as `stft` gives them, from the element k0 to k1."""
        if not holds_variable(S):
            return self.scipys.istft(np.asarray(settled(S)), k0, k1, f_axis=f_axis, t_axis=t_axis)
        z, frames = as_array(S), self.scipys
        along, times = single(f_axis, z.ndim), single(t_axis, z.ndim)
        least = frames.m_num - frames.m_num_mid
        if along == times or z.shape[along] != frames.f_pts or z.shape[times] < frames.p_num(least):
            raise ShapeError(
                f"ShortTimeFFT.istft({describe(z)}): {frames.f_pts} frequencies along axis {f_axis}, and "
                f"{frames.p_num(least)} windows or more along {t_axis}\n  at {user_line()}"
            )
        z = np.moveaxis(z, (along, times), (-1, -2))
        last = z.shape[-2] + frames.p_min
        most = (last - 1) * frames.hop + least
        k1 = most if k1 is None else k1
        if not frames.k_min <= k0 < k1 <= most or k1 - k0 < least:
            raise ArgumentError(
                f"ShortTimeFFT.istft: k0={k0} and k1={k1} lie between {frames.k_min} and {most}, {least} apart or "
                f"more\n  at {user_line()}"
            )
        # No window stands before the first, where SciPy takes the last ones.
        begin = max(k0 // frames.hop + (frames.p_min if k0 >= 0 else 0), frames.p_min)
        end = min(frames.p_max(k1), last)
        parts = self._inverse(z[..., begin - frames.p_min : end - frames.p_min, :]) * frames.dual_win
        total = overlapped(parts, frames.hop)
        # Its first element is that of the first window.
        left = k0 - (begin * frames.hop - frames.m_num_mid)
        total = np.pad(
            total, [(0, 0)] * (total.ndim - 1) + [(max(-left, 0), max(k1 - k0 + left - total.shape[-1], 0))]
        )
        out = total[..., max(left, 0) : max(left, 0) + k1 - k0]
        out = out.astype(float if frames.onesided_fft else complex)
        return np.moveaxis(out, -1, along if along < out.ndim else times) if out.ndim > 1 else out

    # What SciPy's own has as private methods, of all windows at once: (..., windows, elements)

    def _windows(self, x: Any, first: int, last: int, offset: int, padding: str) -> Any:
        frames, n = self.scipys, x.shape[-1]
        begin = first * frames.hop - frames.m_num_mid + offset
        end = begin + (last - first) * frames.hop + frames.m_num
        widths = [(0, 0)] * (x.ndim - 1) + [(max(-begin, 0), max(end - n, 0))]
        wide = np.pad(x[..., max(begin, 0) : min(end, n)], widths, **_PADS[padding])
        starts = np.arange(0, (last - first) * frames.hop, frames.hop)
        return read(wide, (..., starts[:, None] + np.arange(frames.m_num)))

    def _turn(self) -> int:
        return int((self.scipys.phase_shift + self.scipys.m_num_mid) % self.scipys.m_num)

    def _transformed(self, x: Any) -> Any:
        frames, mode = self.scipys, self.scipys.fft_mode
        if frames.phase_shift is not None:
            x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, max(frames.mfft - x.shape[-1], 0))])
            x = np.roll(x, -self._turn(), axis=-1)
        if mode in ("twosided", "centered"):
            found = np.fft.fft(x, frames.mfft)
            return np.fft.fftshift(found, axes=-1) if mode == "centered" else found
        found = np.fft.rfft(x, frames.mfft)
        return found * self._doubled() if mode == "onesided2X" else found

    def _doubled(self) -> Any:
        """By what frequencies are multiplied that stand for their negatives too."""
        frames = self.scipys
        factors = np.full(frames.f_pts, np.sqrt(2) if frames.scaling == "psd" else 2.0)
        factors[0] = 1.0
        if frames.mfft % 2 == 0:
            factors[-1] = 1.0
        return factors

    def _inverse(self, z: Any) -> Any:
        frames, mode = self.scipys, self.scipys.fft_mode
        if mode in ("twosided", "centered"):
            x = np.fft.ifft(np.fft.ifftshift(z, axes=-1) if mode == "centered" else z, frames.mfft)
        else:
            x = np.fft.irfft(z / self._doubled() if mode == "onesided2X" else z, frames.mfft)
        x = x if frames.phase_shift is None else np.roll(x, self._turn(), axis=-1)
        return x[..., : frames.m_num]


def _detrended(windows: Any, detr: Any) -> Any:
    if detr is None:
        return windows
    if isinstance(detr, str):
        return detrend(windows, type=detr)
    if not callable(detr):
        raise ArgumentError(f"ShortTimeFFT: detr is a name, a function or None, not {detr!r}\n  at {user_line()}")
    return np.stack([detr(windows[..., p, :]) for p in range(windows.shape[-2])], axis=-2)


CHAPTER.states["ShortTimeFFT"] = "exact derivatives of stft, stft_detrend, spectrogram, istft"
