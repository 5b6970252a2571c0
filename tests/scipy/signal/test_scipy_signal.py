"""`dragongrad.scipy.signal`: a table of cases times the properties that all of them have."""

import numpy as np
import pytest
import scipy.signal
from scipy_cases import case, properties

import dragongrad as ad
from dragongrad.scipy import signal
from dragongrad.scipy.signal.chapter import extended
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(5)
X, H = RNG.normal(size=9), RNG.normal(size=4)
IMAGE, KERNEL = RNG.normal(size=(4, 5)), RNG.normal(size=(2, 3))
B, A = np.array([0.4, 0.3, -0.2]), np.array([1.3, -0.5, 0.2])
SOS = np.array([[0.5, 0.2, 0.1, 1.0, -0.3, 0.1], [0.8, -0.1, 0.0, 1.0, 0.2, 0.0]])
SIGNAL = RNG.normal(size=(2, 12))
LONG = RNG.normal(size=30)
W2 = np.array([1.0, -0.5])


def sections(s):
    """Coefficients as SciPy wants them, with ones in front of the recursive part."""
    return np.concatenate([s[:, :3], np.ones((2, 1), s.dtype), s[:, 4:]], axis=1)


CONVOLVING = {
    f"{name} {mode}": case(lambda m, x, h, n=name, k=mode: getattr(m, n)(x, h, k), X, H)
    for name in ("convolve", "correlate", "fftconvolve", "oaconvolve")
    for mode in ("full", "same", "valid")
} | {
    "convolve short": case(lambda m, x, h: m.convolve(x, h, "same"), H, X),
    "correlate short": case(lambda m, x, h: m.correlate(x, h, "valid"), H, X),
    "correlate short same": case(lambda m, x, h: m.correlate(x, h, "same"), H, X),
    "convolve of images": case(lambda m, x, h: m.convolve(x, h), IMAGE, KERNEL),
    "convolve by fft": case(lambda m, x, h: m.convolve(x, h, "valid", "fft"), IMAGE, KERNEL),
    "correlate of images": case(lambda m, x, h: m.correlate(x, h, "same", "direct"), IMAGE, KERNEL),
    "fftconvolve axes": case(lambda m, x, h: m.fftconvolve(x, h, "same", axes=1), IMAGE, KERNEL[:1]),
    "convolve2d": case(lambda m, x, h: m.convolve2d(x, h), IMAGE, KERNEL),
    "convolve2d fill": case(lambda m, x, h: m.convolve2d(x, h, "same", fillvalue=2.0), IMAGE, KERNEL),
    "convolve2d wrap": case(lambda m, x, h: m.convolve2d(x, h, "same", "wrap"), IMAGE, KERNEL),
    "convolve2d symm": case(lambda m, x, h: m.convolve2d(x, h, "full", "symm"), IMAGE, KERNEL),
    "convolve2d valid": case(lambda m, x, h: m.convolve2d(x, h, "valid"), KERNEL, IMAGE),
    "correlate2d": case(lambda m, x, h: m.correlate2d(x, h, "same", "symm"), IMAGE, KERNEL),
    "deconvolve": case(lambda m, x, h: m.deconvolve(x, h), X[:5], H[:2]),
    "medfilt": case(lambda m, x: m.medfilt(x, (3, 5)), IMAGE),
    "medfilt of a signal": case(lambda m, x: m.medfilt(x), X),
    "wiener": case(lambda m, x: m.wiener(x, 3, noise=0.2), IMAGE),
}
TIMES = np.cumsum(0.2 + RNG.random(8))
FRAMES = {
    "stft": case(lambda m, x: m.stft(x, 2.0, nperseg=6)[2], LONG),
    "stft odd": case(
        lambda m, x: m.stft(x, nperseg=5, noverlap=3, nfft=8, boundary="odd", detrend="linear", scaling="psd")[1:],
        SIGNAL,
    ),
    "stft even": case(
        lambda m, x: m.stft(x, nperseg=4, boundary="even", padded=False, axis=0, return_onesided=False)[2], SIGNAL.T
    ),
    "stft window": case(lambda m, x, w: m.stft(x, window=w, nperseg=4, boundary=None)[2], SIGNAL, B[[0, 1, 0, 1]],
                        batches=False),
    "istft": case(lambda m, x: m.istft(m.stft(x, nperseg=6)[2] ** 2, nperseg=6)[1], LONG),
    "istft of a stack": case(
        lambda m, x: m.istft(m.stft(x, nperseg=6, axis=0)[2], nperseg=6, freq_axis=0)[1], SIGNAL.T
    ),
    "istft complex": case(
        lambda m, x: m.istft(x + 1j * x**2, 2.0, "boxcar", 4, 1, input_onesided=False, boundary=False)[1],
        IMAGE[:, :3],
    ),
    "lombscargle": case(lambda m, t, y, w: m.lombscargle(t, y, w), TIMES, X[:8], 1 + TIMES[:3]),
    "lombscargle of one": case(lambda m, t, y: m.lombscargle(t, y, [1.5]), TIMES, X[:8], since=(1, 15)),
    "lombscargle mean": case(
        lambda m, t, y, w: m.lombscargle(t, y, W2 + 1, normalize=True, weights=w**2, floating_mean=True),
        TIMES, X[:8], 1 + TIMES / 9, since=(1, 15),
    ),
}  # fmt: skip
FILTERING = {
    "lfilter": case(lambda m, b, a, x: m.lfilter(b, a, x), B, A, X),
    "lfilter axis": case(lambda m, b, a, x: m.lfilter(b, a, x, axis=0), B, A[:2], SIGNAL.T),
    "lfilter zi": case(lambda m, b, a, x, z: m.lfilter(b, a, x, zi=z), B, A, SIGNAL, SIGNAL[:, :2]),
    "lfilter short": case(lambda m, b, a, x, z: m.lfilter(b, a, x, zi=z), H, A, X[:2], X[:3]),
    "lfilter_zi": case(lambda m, b, a: m.lfilter_zi(b, a), H, A),
    "filtfilt": case(lambda m, b, a, x: m.filtfilt(b, a, x), B, A, SIGNAL),
    "filtfilt even": case(lambda m, b, a, x: m.filtfilt(b, a, x, axis=0, padtype="even", padlen=4), B, A, SIGNAL.T),
    "filtfilt constant": case(lambda m, b, a, x: m.filtfilt(b, a, x, padtype="constant"), B, A, SIGNAL),
    "filtfilt bare": case(lambda m, b, a, x: m.filtfilt(b, a, x, padtype=None), B, A, X),
    "sosfilt": case(lambda m, s, x: m.sosfilt(sections(s), x), SOS, SIGNAL),
    "sosfilt zi": case(lambda m, s, x, z: m.sosfilt(sections(s), x, zi=z), SOS, SIGNAL, RNG.normal(size=(2, 2, 2))),
    "sosfilt_zi": case(lambda m, s: m.sosfilt_zi(s), SOS),
    "sosfiltfilt": case(lambda m, s, x: m.sosfiltfilt(sections(s), x, padlen=5), SOS, SIGNAL),
    "sosfiltfilt short": case(lambda m, s, x: m.sosfiltfilt(sections(s), x), SOS + 0.03, LONG, batches=False),
    "savgol_filter": case(lambda m, x: m.savgol_filter(x, 5, 2), SIGNAL),
    "savgol_filter deriv": case(lambda m, x: m.savgol_filter(x, 5, 2, deriv=1, delta=0.5), X),
    "savgol_filter mirror": case(lambda m, x: m.savgol_filter(x, 3, 1, mode="mirror"), X),
    "savgol_filter constant": case(lambda m, x: m.savgol_filter(x, 3, 1, axis=0, mode="constant", cval=1.0), IMAGE),
}  # fmt: skip
RESAMPLING = {
    "upfirdn": case(lambda m, h, x: m.upfirdn(h, x, 3, 2), H, SIGNAL),
    "upfirdn axis": case(lambda m, h, x: m.upfirdn(h, x, 1, 3, axis=0), H, SIGNAL),
    "resample up": case(lambda m, x: m.resample(x, 13), X),
    "resample down": case(lambda m, x: m.resample(x, 6, axis=1), SIGNAL),
    "resample even": case(lambda m, x: m.resample(x, 16, axis=1), SIGNAL),
    "resample window": case(lambda m, x: m.resample(x, 7, axis=1, window="hamming"), SIGNAL),
    "resample odd window": case(lambda m, x: m.resample(x, 12, window=("kaiser", 3.0)), X),
    "resample complex": case(lambda m, x: m.resample(x, 8), X + 1j * X[::-1]),
    "resample complex up": case(lambda m, x: m.resample(x, 15), SIGNAL[0] + 1j * SIGNAL[1]),
    "resample complex down": case(lambda m, x: m.resample(x, 7), SIGNAL[0] + 1j * SIGNAL[1]),
    "resample freq": case(lambda m, x: m.resample(x, 12, domain="freq"), X + 1j * X[::-1]),
    "resample_poly": case(lambda m, x: m.resample_poly(x, 3, 2, axis=1), SIGNAL, near=1e-9),
    "resample_poly down": case(lambda m, x: m.resample_poly(x, 2, 6, padtype="mean"), LONG, near=1e-9),
    "resample_poly line": case(lambda m, x, h: m.resample_poly(x, 2, 1, window=h), X, H[:3], batches=False),
    "decimate": case(lambda m, x: m.decimate(x, 2, n=2), LONG, near=1e-9),
    "decimate fir": case(lambda m, x: m.decimate(x, 3, n=6, ftype="fir", zero_phase=False), LONG),
    "detrend": case(lambda m, x: m.detrend(x), SIGNAL),
    "detrend breaks": case(lambda m, x: m.detrend(x, axis=0, bp=[4]), LONG),
    "detrend constant": case(lambda m, x: m.detrend(x, type="constant"), SIGNAL),
    "hilbert": case(lambda m, x: m.hilbert(x), SIGNAL),
    "hilbert N": case(lambda m, x: m.hilbert(x, 7, axis=0), SIGNAL),
    "hilbert2": case(lambda m, x: m.hilbert2(x), IMAGE),
}
SPECTRA = {
    "welch": case(lambda m, x: m.welch(x, nperseg=6)[1], SIGNAL),
    "welch median": case(
        lambda m, x: m.welch(x, 2.0, "hamming", nperseg=5, average="median")[1], LONG
    ),
    "welch twosided": case(
        lambda m, x: m.welch(x, nperseg=8, nfft=10, detrend="linear", return_onesided=False, scaling="spectrum")[1],
        LONG,
    ),
    "csd": case(lambda m, x, y: m.csd(x, y, nperseg=6, noverlap=2)[1], LONG, X),
    "csd of a stack": case(lambda m, x, y: m.csd(x, y, nperseg=8)[1], SIGNAL[0] ** 2, SIGNAL),
    "welch of a window": case(
        lambda m, x, w: (m.welch(x, 2.0, w)[1], m.spectrogram(x, 2.0, w, mode="complex")[2]), LONG, X[:6] ** 2,
        batches=False,
    ),
    "csd median": case(lambda m, x, y: m.csd(x, y, nperseg=6, average="median")[1], LONG, LONG**2),
    "periodogram": case(lambda m, x: m.periodogram(x, fs=3.0)[1], SIGNAL),
    "periodogram nfft": case(lambda m, x: m.periodogram(x, nfft=7, axis=0)[1], LONG),
    "coherence": case(lambda m, x, y: m.coherence(x, y, nperseg=8)[1][1:-1], LONG, LONG**2),
    "spectrogram": case(lambda m, x: m.spectrogram(x, 2.0, nperseg=6, axis=0), LONG[:, None] * W2),
    "spectrogram amplitudes": case(
        lambda m, x: (m.spectrogram(x, nperseg=6, noverlap=2, mode="complex")[2],
                      m.spectrogram(x, 1.0, "boxcar", 5, detrend=False, mode="magnitude")[2]),
        LONG,
    ),
    "freqz": case(lambda m, b, a: m.freqz(b, a, worN=5), B, A),
    "freqz of frequencies": case(lambda m, b, a, w: m.freqz(b, a, w, fs=3.0), B, A, H),
    "freqz_sos of frequencies": case(lambda m, s, w: m.freqz_sos(sections(s), w), SOS, H, since=(1, 15)),
    "freqz_sos": case(lambda m, s: m.freqz_sos(sections(s), worN=5, fs=2.0), SOS,
                      since=(1, 15)),
    "chirp": case(lambda m, t, f, g: m.chirp(t, f, 2.0, g), X, np.array(0.3), np.array(1.4)),
    "chirp quadratic": case(lambda m, t, f, g: m.chirp(t, f, 2.0, g, "quadratic", vertex_zero=False), X,
                            np.array(0.3), np.array(1.4)),
    "chirp logarithmic": case(lambda m, t, f, g: m.chirp(t, f, 2.0, g, "log", phi=30), X, np.array(0.3),
                              np.array(1.4)),
    "chirp hyperbolic": case(lambda m, t, f, g: m.chirp(t, f, 2.0, g, "hyp"), np.abs(X), np.array(0.3),
                             np.array(1.4)),
}  # fmt: skip
CASES = CONVOLVING | FILTERING | RESAMPLING | SPECTRA | FRAMES


def frames(m, mode, **options):
    window = np.array([0.6, 0.9, 1.0, 0.8, 0.7])
    return m.ShortTimeFFT(window, 2, 2.0, fft_mode=mode, **options)


SLIDING = RNG.normal(size=11)
CASES |= {
    "ShortTimeFFT": case(
        lambda m, x: frames(m, "centered", mfft=7, phase_shift=1).stft(x, padding="odd"), SLIDING
    ),
    "ShortTimeFFT spectrogram": case(
        lambda m, x: frames(m, "onesided2X", scale_to="psd").spectrogram(x, 2 * x[::-1], detr="linear", axis=0),
        SLIDING,
    ),
    "ShortTimeFFT back": case(
        lambda m, x: frames(m, "onesided", phase_shift=None).istft(frames(m, "onesided").stft(x), 1, 9), SLIDING,
    ),
}  # fmt: skip
globals().update(properties("signal", CASES))


def test_a_short_time_transform_is_scipys_otherwise():
    ours = signal.ShortTimeFFT.from_window("hann", 2.0, 6, 3, fft_mode="twosided")
    own = scipy.signal.ShortTimeFFT.from_window("hann", 2.0, 6, 3, fft_mode="twosided")
    np.testing.assert_array_equal(ours.t(14), own.t(14))
    ours.fft_mode = own.fft_mode = "onesided"
    np.testing.assert_array_equal(ours.stft(SLIDING), own.stft(SLIDING))
    np.testing.assert_allclose(ad.jvp(ours.stft, (SLIDING,), (SLIDING,))[0], own.stft(SLIDING), atol=1e-15)
    flat = lambda window: window - window[..., :1]
    got = ad.jvp(lambda x: ours.stft_detrend(x, flat), (SLIDING,), (SLIDING,))[0]
    np.testing.assert_allclose(got, own.stft_detrend(SLIDING, flat), atol=1e-15)


@pytest.mark.parametrize(("f", "error"), [
    (lambda x: signal.ShortTimeFFT(x, 2, 1.0), ad.NoRuleError),
    (lambda x: frames(signal, "onesided").stft(x, padding="other"), ad.ArgumentError),
    (lambda x: frames(signal, "onesided").stft(x[:2]), ad.ShapeError),
    (lambda x: frames(signal, "onesided").stft_detrend(x, 3), ad.ArgumentError),
    (lambda x: frames(signal, "onesided").istft(x[None]), ad.ShapeError),
    (lambda x: frames(signal, "onesided").istft(frames(signal, "onesided").stft(x), 5, 2), ad.ArgumentError),
])  # fmt: skip
def test_a_short_time_transform_that_cannot_be(f, error):
    with pytest.raises(error, match="test_scipy_signal"):
        ad.jvp(f, (SLIDING,), (SLIDING,))


@pytest.mark.parametrize("kind", ["odd", "even", "constant", "zeros"])
def test_an_extended_signal_keeps_the_signs_of_its_zeros(kind):
    x = np.array([-0.0, 2.0, -3.0, -0.0])
    beyond = {"odd": [3.0, -2.0], "even": [-3.0, 2.0], "constant": [-0.0, -0.0], "zeros": [0.0, 0.0]}[kind]
    behind = {"odd": [3.0, -2.0], "even": [-3.0, 2.0]}.get(kind, beyond)
    wide = ad.jvp(lambda x: extended("f", x, kind, 2), (x,), (x,))[0]
    np.testing.assert_array_equal(wide, [*beyond, *x, *behind])
    np.testing.assert_array_equal(np.signbit(wide), np.signbit([*beyond, *x, *behind]))


@pytest.mark.parametrize("f", [
    lambda z, h: signal.convolve(z, h), lambda z, h: signal.correlate(z, h, "valid"),
    lambda z, h: signal.lfilter(h, 2 + h[::-1], z), lambda z, h: signal.fftconvolve(z[None], h[None], axes=1),
])  # fmt: skip
def test_complex_signals(f):
    check_derivatives(f, X + 1j * X[::-1], H + 1j * H[::-1])


@pytest.mark.parametrize("f", [
    lambda x: signal.convolve(x, H), lambda x: signal.lfilter(B, A, x), lambda x: signal.sosfilt(SOS, x),
    lambda x: signal.hilbert(x), lambda x: signal.detrend(x, type="constant"),
])  # fmt: skip
def test_signals_of_one_element(f):
    check_derivatives(f, np.array([1.5]))


@pytest.mark.parametrize("whole", [np.uint8, np.int16, np.int64])
@pytest.mark.parametrize("f", [
    lambda m, x, n: m.convolve(x, n), lambda m, x, n: m.lfilter(x, x, n), lambda m, x, n: m.upfirdn(x, n),
])  # fmt: skip
def test_whole_numbers_beside_single_precision(f, whole):
    x, n = np.array([1.0, 2.0], np.float32), np.arange(5).astype(whole)
    out = ad.jvp(lambda x: f(signal, x, n), (x,), (x,))[0]
    assert out.dtype == f(scipy.signal, x, n).dtype


@pytest.mark.parametrize("f", [lambda m, x: m.welch(x, axis=1)[1], lambda m, x: m.csd(x, x[..., :2])[0]])
def test_spectra_of_nothing(f):
    x = np.zeros((0, 5, 2))
    assert np.shape(ad.jvp(lambda x: f(signal, x), (x,), (x,))[0]) == f(scipy.signal, x).shape


def test_empty_signals():
    assert ad.grad(lambda x: np.sum(signal.lfilter(B, A, x)))(np.zeros(0)).size == 0
    assert ad.grad(lambda x: np.sum(signal.convolve(x, H)))(np.zeros(0)).size == 0
    assert ad.vmap(lambda x: signal.lfilter(B, A, x))(np.zeros((0, 3))).shape == (0, 3)
    assert ad.vmap(lambda x: signal.convolve(x, x))(np.zeros((0, 3))).shape == (0, 5)


@pytest.mark.parametrize(("f", "error"), [
    (lambda x: signal.convolve(x, np.ones((2, 2))), ad.ShapeError),
    (lambda x: signal.convolve(x, H, "other"), ad.ArgumentError),
    (lambda x: signal.filtfilt(B, A, x), ad.ShapeError),
    (lambda x: signal.filtfilt(B, A, x, method="gust"), ad.NoRuleError),
    (lambda x: signal.savgol_filter(x, 4, 2), ad.NoRuleError),
    (lambda x: signal.detrend(x, type="other"), ad.ArgumentError),
    (lambda x: signal.lfilter(B, [0.0, 1.0], x), ad.ShapeError),
    (lambda x: signal.lfilter(B, A, x, zi=x[:1]), ad.ShapeError),
    (lambda x: signal.sosfilt(SOS, x, zi=x[:2]), ad.ShapeError),
    (lambda x: signal.medfilt(x + 1j), ad.ArgumentError),
    (lambda x: signal.welch(x, window=("kaiser", x[0])), ad.NoRuleError),
    (lambda x: signal.find_peaks(x), ad.NoRuleError),
    (lambda x: signal.upfirdn(H, x, mode="wrap"), ad.NoRuleError),
])  # fmt: skip
def test_what_cannot_be_is_an_error_that_names_the_line(f, error):
    with pytest.raises(error, match="test_scipy_signal"):
        ad.jvp(f, (X[:4],), (X[:4],))


def test_designs_are_scipys():
    np.testing.assert_array_equal(signal.butter(2, 0.3), scipy.signal.butter(2, 0.3))
    assert signal.windows is scipy.signal.windows


@pytest.mark.parametrize(("f", "x"), [
    (lambda m, x: m.hilbert2(x), np.array(1.5)), (lambda m, x: m.resample_poly(x, 3, 2), np.zeros((0, 3))),
    (lambda m, x: m.resample_poly(x, 3, 2), np.zeros((3, 0))),
    (lambda m, x: m.upfirdn([1.0, 2.0], x), np.zeros((0, 3))),
    (lambda m, x: m.freqz(x, 1.0, 4)[1], np.ones(5, np.float32)),
    (lambda m, x: m.freqz(x, 1, 4)[1], np.ones(5, np.float32)),
])  # fmt: skip
def test_shapes_and_dtypes_at_the_edges(f, x):
    want, value = f(scipy.signal, x), ad.jvp(lambda x: f(signal, x), (x,), (x,))[0]
    assert (value.shape, value.dtype) == (want.shape, want.dtype)
    np.testing.assert_allclose(value, want, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("f", [
    lambda b: signal.lfilter_zi(b, np.ones(1)), lambda b: signal.lfilter_zi(np.ones(2), b[:0]),
    lambda b: signal.filtfilt(b[:0], np.array([2.0, 1.0]), np.arange(9.0)), lambda b: signal.deconvolve(b[:0], b),
])  # fmt: skip
def test_filters_without_coefficients_are_refused(f):
    with pytest.raises(ad.ShapeError, match="test_scipy_signal"):
        ad.grad(lambda b: np.sum(f(b)[0]))(np.ones(1))
