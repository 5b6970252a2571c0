"""From what a file stores to grey values in [0, 1] of one size."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .films import FilmError, missing

Size = int | tuple[int, int] | None
# Channels of a grey picture kept as colour differ by no more than this, of 255 (JPEG rounds them apart).
_GREY = 8


def pillow() -> Any:
    """Pillow, or the error that names the extra."""
    try:
        import PIL.Image
        import PIL.ImageChops
        import PIL.ImageOps
        import PIL.PngImagePlugin
    except ImportError:
        raise missing("reading pictures", "Pillow") from None
    return PIL


def decode(data: bytes) -> tuple[Any, list[str]]:
    """The grey values of a picture file, and what was found or done.

    Parameters
    ----------
    data : bytes
        A PNG, JPEG, TIFF or BMP file.

    Returns
    -------
    ndarray of shape (H, W), float32
        In [0, 1].
    list of str
        Such as "8 bits", "turned as EXIF says".

    Raises
    ------
    FilmError
        It cannot be read, or its numbers have no known range.
    """
    image = pillow().Image
    if not data:
        raise FilmError("the file is empty")
    try:
        with _quiet(image), image.open(io.BytesIO(data)) as picture:
            frames = getattr(picture, "n_frames", 1)
            if frames > 1:
                raise FilmError(f"it holds {frames} pictures: save the one that is the film by itself")
            picture.load()
            turned = pillow().ImageOps.exif_transpose(picture)
            notes = ["simulated"] if picture.info.get("Description") == "simulated" else []
            notes += [] if turned.size == picture.size and not _turns(picture) else ["turned as EXIF says"]
            grey, more = _grey(turned)
    except FilmError:
        raise
    except (image.DecompressionBombWarning, image.DecompressionBombError):
        raise FilmError(f"it has more than {image.MAX_IMAGE_PIXELS:,} pixels: save it smaller") from None
    except Exception as error:  # whatever a decoder makes of a damaged file
        raise FilmError(f"it is damaged, or no picture: {type(error).__name__}") from None
    return grey, [*more, *notes]


@contextmanager
def _quiet(image: Any) -> Iterator[None]:
    """Let Pillow refuse pictures that would fill the memory, and not warn of damage in what is not looked at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", image.DecompressionBombWarning)
        yield


def _turns(picture: Any) -> bool:
    return picture.getexif().get(0x0112, 1) != 1


def _grey(picture: Any) -> tuple[Any, list[str]]:
    mode = picture.mode
    if mode == "1":
        return np.asarray(picture, np.float32), ["1 bit"]
    if mode.startswith("I"):
        stored = np.asarray(picture)
        low, high = int(stored.min()), int(stored.max())
        if low < 0 or high > 65535:
            raise FilmError(f"its values, {low} to {high}, are not of 16 bits: save it with 16 bits or fewer")
        used = ["16 bits, of which at most 12 are used"] if high < 4096 else ["16 bits"]
        return (stored / np.float32(65535)).astype(np.float32), used
    if mode == "F":
        stored = np.asarray(picture, np.float32)
        if not (np.isfinite(stored).all() and stored.min() >= 0 and stored.max() <= 1):
            raise FilmError("it holds floating numbers outside [0, 1], whose meaning is unknown")
        return stored, ["floating numbers in [0, 1]"]
    notes = ["8 bits"]
    if mode == "P":
        notes.append("from a palette")
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif mode == "CMYK":
        notes.append("from CMYK")
        picture = picture.convert("RGB")
    if picture.mode in ("LA", "La", "RGBA", "RGBa", "PA"):
        picture, clear = _opaque(picture)
        notes += ["transparent, put on black"] if clear else []
    if picture.mode != "L":
        picture = picture.convert("RGB")
        notes.append("grey, stored as colour" if _is_grey(picture) else "colour, made grey")
        picture = picture.convert("L")
    return (np.asarray(picture) / np.float32(255)).astype(np.float32), notes


def _is_grey(picture: Any) -> bool:
    red, green, blue = picture.split()
    apart = pillow().ImageChops.difference
    return max(apart(one, green).getextrema()[1] for one in (red, blue)) <= _GREY


def _opaque(picture: Any) -> tuple[Any, bool]:
    """A picture with an alpha channel laid on black; whether any of it was transparent."""
    picture = picture.convert("RGBA")
    alpha = picture.getchannel("A")
    clear = alpha.getextrema()[0] < 255
    black = pillow().Image.new("RGBA", picture.size, (0, 0, 0, 255))
    return pillow().Image.alpha_composite(black, picture).convert("RGB"), clear


def resized(grey: Any, size: Size) -> tuple[Any, list[str]]:
    """A film cut to the ratio of a size around its centre, then brought to it by means of the pixels covered.

    Parameters
    ----------
    grey : ndarray of shape (H, W), float32
        The film.
    size : int, (int, int) or None
        Height and width; None leaves it as it is.
    """
    if size is None:
        return grey, []
    height, width = (size, size) if isinstance(size, (int, np.integer)) else size
    if grey.shape == (height, width):
        return grey, []
    h, w = grey.shape
    notes = [f"resized from {h} x {w}"]
    keep_h, keep_w = min(h, max(1, round(w * height / width))), min(w, max(1, round(h * width / height)))
    if (keep_h, keep_w) != (h, w):
        top, left = (h - keep_h) // 2, (w - keep_w) // 2
        grey = grey[top : top + keep_h, left : left + keep_w]
        notes = ["cut around the centre", *notes]
    image = pillow().Image
    made = image.fromarray(np.ascontiguousarray(grey)).resize((width, height), image.Resampling.BILINEAR)
    return np.clip(np.asarray(made, np.float32), 0, 1), notes
