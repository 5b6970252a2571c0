"""DICOM files: the grey values that a viewer would show, and nothing of whose they are.

Rescale and window are those of the standard's part 3, C.11.1 and C.11.2, as pydicom applies them. No name, number
or date of a patient is kept, printed or put into a message: what groups the films of one patient is a hash.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from contextlib import suppress
from typing import Any

import numpy as np

from .films import FilmError, missing

# Further out than any stored number.
_FAR = 1e9


def is_dicom(data: bytes) -> bool:
    """Whether the bytes begin as a DICOM file does."""
    return data[128:132] == b"DICM"


def decode(data: bytes) -> tuple[Any, list[str], str | None]:
    """The grey values of a DICOM film, what was found or done, and a word for its patient.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    ndarray of shape (H, W), float32
        In [0, 1]; 0 is black whichever way it was stored.
    list of str
        Such as "window applied", "inverted (MONOCHROME1)".
    str or None
        A hash that is equal for the films of one patient; None where the file does not say whose it is.

    Raises
    ------
    FilmError
        It is no film: no pixels, several frames, a compression that cannot be undone, or damaged.
    MissingExtraError
        pydicom is not installed.
    """
    try:
        import pydicom
        from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
    except ImportError:
        raise missing("reading DICOM", "pydicom 3") from None
    with warnings.catch_warnings():
        # They may quote what the file says.
        warnings.simplefilter("ignore")
        try:
            file = pydicom.dcmread(io.BytesIO(data))
            frames = int(file.get("NumberOfFrames") or 1)
            if "PixelData" not in file:
                raise FilmError("it has no pixels")
            if frames > 1:
                raise FilmError(f"it holds {frames} frames: a film has one")
            stored = file.pixel_array
            rescaled = apply_modality_lut(stored, file)
            grey, notes = _shown(file, rescaled, apply_modality_lut, apply_voi_lut)
            grey[_padding(file, stored)] = 0
            return grey, [f"{int(file.BitsStored)} bits", *notes, *_position(file)], _patient(file)
        except FilmError:
            raise
        except Exception as error:  # whatever a damaged file leads to; its text may name the patient
            raise FilmError(_why(file if "file" in locals() else None, error)) from None


def _why(file: Any, error: Exception) -> str:
    with suppress(AttributeError, ValueError):  # damage may be in the kind of compression too
        syntax = file.file_meta.TransferSyntaxUID
        if syntax.is_compressed:
            return f"its pixels are compressed ({syntax.name}): install pylibjpeg, or save it uncompressed"
    return f"it is damaged, or no DICOM: {type(error).__name__}"


def _shown(file: Any, rescaled: Any, rescale: Any, window: Any) -> tuple[Any, list[str]]:
    """What a viewer shows, scaled to [0, 1]."""
    kind = str(file.PhotometricInterpretation)
    if kind not in ("MONOCHROME1", "MONOCHROME2"):
        if rescaled.ndim != 3 or rescaled.shape[-1] != 3 or kind == "PALETTE COLOR":
            raise FilmError(f"its pixels are {kind}, where a film is MONOCHROME1 or MONOCHROME2")
        grey = rescaled @ np.array([0.299, 0.587, 0.114]) / (2.0 ** int(file.BitsStored) - 1)
        return grey.astype(np.float32), ["colour, made grey"]
    notes = ["rescaled"] if "RescaleSlope" in file or "ModalityLUTSequence" in file else []
    if file.get("VOILUTSequence"):
        shown, high = window(rescaled, file), 2.0 ** int(file.VOILUTSequence[0].LUTDescriptor[2]) - 1
        low, notes = 0.0, [*notes, "look-up table applied"]
    elif "WindowCenter" in file:
        shown = window(rescaled.astype(np.float64), file)
        # The window's own output for what lies below and above it.
        low, high = (float(v) for v in window(np.array([-_FAR, _FAR]), file))
        notes.append("window applied")
    else:
        bits, signed = int(file.BitsStored), bool(file.PixelRepresentation)
        ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1])
        lut = "ModalityLUTSequence" in file
        low, high = (0, float(np.max(rescaled)) or 1.0) if lut else sorted(map(float, rescale(ends, file)))
        shown = rescaled
        notes.append("no window: the whole range of its bits")
    grey = np.clip((shown - low) / (high - low), 0, 1).astype(np.float32)
    if kind == "MONOCHROME1":
        return 1 - grey, [*notes, "inverted (MONOCHROME1)"]
    return grey, notes


def _padding(file: Any, stored: Any) -> Any:
    """Where there is no picture: shown black."""
    if "PixelPaddingValue" not in file:
        return np.zeros(np.shape(stored)[:2], bool)
    one = int(file.PixelPaddingValue)
    other = int(file.get("PixelPaddingRangeLimit", one))
    found = (stored >= min(one, other)) & (stored <= max(one, other))
    return found if found.ndim == 2 else found.all(axis=-1)


def _position(file: Any) -> list[str]:
    """How the patient stood, where the file says it."""
    view = str(file.get("ViewPosition") or "")
    notes = [f"view {view}"] if view in ("PA", "AP", "LL", "RL", "LATERAL") else []
    rows = [str(v) for v in (file.get("PatientOrientation") or [])]
    if rows:
        usual = rows[0].startswith("L") and rows[-1].startswith("F")
        notes.append("oriented as usual" if usual else f"oriented otherwise ({'/'.join(r[:3] for r in rows)})")
    return notes


def _patient(file: Any) -> str | None:
    identity = str(file.get("PatientID") or "") or str(file.get("PatientName") or "")
    return f"patient-{hashlib.blake2b(identity.encode(), digest_size=6).hexdigest()}" if identity else None
