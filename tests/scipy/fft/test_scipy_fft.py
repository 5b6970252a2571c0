"""`dragongrad.scipy.fft`: a table of cases times the properties that all of them have."""

import numpy as np
import pytest
import scipy.fft
from scipy_cases import case, properties

import dragongrad as ad
from dragongrad.scipy import fft

RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(3, 5)), RNG.normal(size=6)
Z = Y + 1j * RNG.normal(size=6)
LINEAR = {"order": 1}

FOURIER = {
    "fft": case(lambda m, x: m.fft(x), X),
    "fft n": case(lambda m, x: m.fft(x, n=4, axis=0, norm="ortho"), X),
    "ifft": case(lambda m, x: m.ifft(x, 7), Z),
    "rfft": case(lambda m, x: m.rfft(x, norm="forward"), X),
    "irfft": case(lambda m, x: m.irfft(x, 7), Z),
    "hfft": case(lambda m, x: m.hfft(x, norm="ortho"), Z),
    "ihfft": case(lambda m, x: m.ihfft(x), Y),
    "fft2": case(lambda m, x: m.fft2(x), X),
    "ifft2": case(lambda m, x: m.ifft2(x), X),
    "rfft2": case(lambda m, x: m.rfft2(x), X),
    "irfft2": case(lambda m, x: m.irfft2(x), X),
    "hfft2": case(lambda m, x: m.hfft2(x), X),
    "ihfft2": case(lambda m, x: m.ihfft2(x), X),
    "fftn": case(lambda m, x: m.fftn(x, s=(4, 6)), X),
    "ifftn": case(lambda m, x: m.ifftn(x, axes=(0,)), X),
    "rfftn": case(lambda m, x: m.rfftn(x, s=4), X),
    "irfftn": case(lambda m, x: m.irfftn(x, s=(3, 6), axes=(1, 0)), X),
    "hfftn": case(lambda m, x: m.hfftn(x, norm="forward"), X),
    "ihfftn": case(lambda m, x: m.ihfftn(x), X),
    "fftshift": case(lambda m, x: m.fftshift(x) ** 2, X),
    "ifftshift": case(lambda m, x: m.ifftshift(x, axes=1) ** 2, X),
    "fht": case(lambda m, x: m.fht(x, 0.2, 0.7, offset=0.1), Y),
    "fht bias": case(lambda m, x: m.fht(x, 0.2, 0.7, bias=0.3), X),
    "ifht": case(lambda m, x: m.ifht(x, 0.2, 0.7, bias=-0.1), Y),
}


def cosines():
    """All types and scalings of all transforms."""
    for name in ("dct", "idct", "dst", "idst"):
        for type in (1, 2, 3, 4):
            for norm in ("backward", "ortho", "forward"):
                f = lambda m, x, n=name, t=type, s=norm: getattr(m, n)(x, t, axis=0, norm=s) ** 2
                yield f"{name} {type} {norm}", case(f, X, compiles=norm == "ortho", single=norm != "forward")


COSINES = dict(cosines()) | {
    "dct n": case(lambda m, x: m.dct(x, n=7), X),
    "dct orthogonal": case(lambda m, x: m.dct(x, 3, orthogonalize=True), X),
    "dst not orthogonal": case(lambda m, x: m.idst(x, 2, norm="ortho", orthogonalize=False), X),
    "dctn": case(lambda m, x: m.dctn(x, 2, norm="ortho"), X),
    "idctn": case(lambda m, x: m.idctn(x, 3, s=(4, 4)), X),
    "dstn": case(lambda m, x: m.dstn(x, axes=(1,)), X),
    "idstn": case(lambda m, x: m.idstn(x, 4), X),
    "dct complex": case(lambda m, x: m.dct(x), Z),
}
CASES = FOURIER | COSINES
globals().update(properties("fft", CASES))


def test_constants_are_scipys():
    assert fft.next_fast_len(13) == scipy.fft.next_fast_len(13)
    np.testing.assert_array_equal(fft.fftfreq(5), scipy.fft.fftfreq(5))
    with pytest.raises(ad.NoRuleError, match="plain numbers"):
        ad.grad(lambda x: np.sum(fft.fftfreq(3, x)))(1.0)


def test_an_axis_without_a_frequency_is_filled_with_zeros():
    # NumPy's `irfft` reads a first one that is not there.
    empty = np.zeros((2, 0), complex)
    for f in (lambda x: fft.irfft(x, 6), lambda x: fft.hfft(x, 6), lambda x: np.fft.irfft(x, 6)):
        for _ in range(9):
            np.testing.assert_array_equal(ad.jvp(f, (empty,), (empty,))[0], np.zeros((2, 6)))
            np.testing.assert_array_equal(ad.vmap(f)(empty), np.zeros((2, 6)))
        assert ad.grad(lambda x, f=f: np.sum(f(x)))(empty).shape == (2, 0)


def test_lengths_of_one():
    for f in (fft.fft, fft.dct, fft.dst, lambda x: fft.dct(x, 3, norm="ortho"), fft.dstn):
        assert np.all(np.isfinite(ad.grad(lambda x, f=f: np.sum(np.abs(f(x))))(np.array([2.0]))))


@pytest.mark.parametrize("f", [
    lambda x: fft.dct(x, 5), lambda x: fft.dct(x, norm="other"), lambda x: fft.hfft(x, norm="other"),
    lambda x: fft.dct(x, 1), lambda x: fft.fft(x, axis=3),
])  # fmt: skip
def test_wrong_arguments_are_errors_of_ours(f):
    with pytest.raises(ad.DragongradError):
        ad.jvp(f, (np.ones(1),), (np.ones(1),))
