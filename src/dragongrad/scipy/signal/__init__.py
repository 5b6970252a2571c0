"""`scipy.signal` with exact derivatives: convolution, filters, other rates, spectra and waves."""

from .chapter import CHAPTER
from .convolving import (
    choose_conv_method,
    convolve,
    convolve2d,
    correlate,
    correlate2d,
    correlation_lags,
    deconvolve,
    fftconvolve,
    medfilt,
    oaconvolve,
    wiener,
)
from .filtering import filtfilt, lfilter, lfilter_zi, savgol_filter, sosfilt, sosfilt_zi, sosfiltfilt
from .frames import istft, lombscargle, stft
from .resampling import decimate, detrend, hilbert, hilbert2, resample, resample_poly, upfirdn
from .spectra import (
    bessel,
    butter,
    cheby1,
    cheby2,
    chirp,
    coherence,
    csd,
    ellip,
    find_peaks,
    firls,
    firwin,
    firwin2,
    freqz,
    freqz_sos,
    get_window,
    iirdesign,
    iirfilter,
    iirnotch,
    iirpeak,
    kaiser_beta,
    max_len_seq,
    periodogram,
    remez,
    savgol_coeffs,
    sawtooth,
    sosfreqz,
    spectrogram,
    square,
    unit_impulse,
    welch,
    windows,
)
from .windowed import ShortTimeFFT

__all__ = [
    "ShortTimeFFT", "bessel", "butter", "cheby1", "cheby2", "chirp", "choose_conv_method", "coherence",
    "convolve", "convolve2d", "correlate", "correlate2d", "correlation_lags", "csd", "decimate", "deconvolve",
    "detrend", "ellip", "fftconvolve", "filtfilt", "find_peaks", "firls", "firwin", "firwin2", "freqz",
    "freqz_sos", "get_window", "hilbert", "hilbert2", "iirdesign", "iirfilter", "iirnotch", "iirpeak", "istft",
    "kaiser_beta", "lfilter", "lfilter_zi", "lombscargle", "max_len_seq", "medfilt", "oaconvolve",
    "periodogram", "remez", "resample", "resample_poly", "savgol_coeffs", "savgol_filter", "sawtooth",
    "sosfilt", "sosfilt_zi", "sosfiltfilt", "sosfreqz", "spectrogram", "square", "stft", "unit_impulse",
    "upfirdn", "welch", "wiener", "windows",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
