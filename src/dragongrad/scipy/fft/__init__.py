"""`scipy.fft` with exact derivatives: Fourier, cosine, sine and Hankel transforms."""

from .chapter import CHAPTER
from .cosines import dct, dctn, dst, dstn, fht, idct, idctn, idst, idstn, ifht
from .fourier import fft, hfft, ifft, ihfft, irfft, rfft
from .several import (
    fft2,
    fftfreq,
    fftn,
    fftshift,
    fhtoffset,
    get_workers,
    hfft2,
    hfftn,
    ifft2,
    ifftn,
    ifftshift,
    ihfft2,
    ihfftn,
    irfft2,
    irfftn,
    next_fast_len,
    prev_fast_len,
    rfft2,
    rfftfreq,
    rfftn,
    set_workers,
)

__all__ = [
    "dct", "dctn", "dst", "dstn", "fft", "fft2", "fftfreq", "fftn", "fftshift", "fht", "fhtoffset",
    "get_workers", "hfft", "hfft2", "hfftn", "idct", "idctn", "idst", "idstn", "ifft", "ifft2", "ifftn",
    "ifftshift", "ifht", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "next_fast_len",
    "prev_fast_len", "rfft", "rfft2", "rfftfreq", "rfftn", "set_workers",
]  # fmt: skip
__getattr__ = CHAPTER.getattr()
