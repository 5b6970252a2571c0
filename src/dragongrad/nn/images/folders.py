"""Folders and zip archives of films, those of each class in a folder of its name."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from . import dicom, pixels
from .films import PARTS, FilmError, Films, Pixels, ordered_classes
from .pixels import Size

#: The patient in the names of Kermany et al. 2018: `person1000_virus_1681.jpeg`, `NORMAL2-IM-0115-0001.jpeg`.
PATIENTS = r"(person\d+|IM-\d+)"
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
_DICOM = (".dcm", ".dicom", ".dic", "")
_Read = Callable[[], bytes]
_MOST_BYTES = 1 << 29


def read_folder(path: str | Path, size: Size = None, pattern: str | None = None, skip: bool = False) -> Films:
    """Read a folder, a zip archive (which is not unpacked), or one file.

    Parameters
    ----------
    path : str or Path
        Where the films are: PNG, JPEG, TIFF, BMP or DICOM. The first folder in which their paths differ is the
        class; folders `train`, `val` and `test` are parts.
    size : int or (int, int), optional
        Height and width.
    pattern : str, optional
        A regular expression that finds the patient in a film's name (its first group, or all of it); that of the
        films of Kermany et al. by default. DICOM files know their patients.
    skip : bool
        Whether files that cannot be read are left out and counted; they are refused by default.

    Returns
    -------
    Films

    Raises
    ------
    FilmError
        There are no films, files cannot be read, or the films have different sizes and `size` is not given.
    ArgumentError
        The pattern is no regular expression, or finds no patient.
    """
    path = Path(path)
    with _opened(path) as (files, source):
        kept, arrays, patients, skipped, counts = [], [], [], [], Counter[str]()
        for name, content in files:
            try:
                grey, notes, patient = _decoded(name, content())
                grey, more = pixels.resized(grey, size)
            except FilmError as error:
                skipped.append(f"{name}: {error}")
                continue
            kept.append(name)
            arrays.append(grey)
            patients.append(patient)
            counts.update([*notes, *more])
    if skipped and not skip:
        shown = "\n  ".join(skipped[:5])
        raise FilmError(
            f"{len(skipped)} of {len(skipped) + len(kept)} files in {path} cannot be read:\n  {shown}\n"
            "remove them, or skip them: skip=True, --skip"
        )
    images = _stacked(path, kept, arrays)
    labels, classes, parts = _placed(path, kept)
    groups = _groups(kept, patients, pattern)
    return Films(
        images, labels, classes, tuple(kept), groups, parts, Pixels(source, images.shape[1:3], dict(counts)),
        tuple(skipped),
    )  # fmt: skip


@contextmanager
def _opened(path: Path) -> Iterator[tuple[list[tuple[str, _Read]], str]]:
    """The names of all films below a path, sorted, with what reads each."""
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and _is_film(p.relative_to(path)))
        yield [(p.relative_to(path).as_posix(), _content(p)) for p in found], "folder"
    elif path.suffix.lower() == ".zip":
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile:
            raise FilmError(f"{path} is damaged, or no zip archive") from None
        with archive:
            inside = sorted((i for i in archive.infolist() if not i.is_dir()), key=lambda i: i.filename)
            films = [(i.filename, _member(archive, i)) for i in inside if _is_film(PurePosixPath(i.filename))]
            yield films, "zip"
    else:
        yield [(path.name, _content(path))], "file"


def _content(path: Path) -> _Read:
    def read() -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise FilmError(f"it cannot be read: {error.strerror}") from None

    return read


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> _Read:
    def read() -> bytes:
        # No more than this is unpacked, whatever else the archive holds.
        if member.file_size > _MOST_BYTES:
            raise FilmError(
                f"it would be {member.file_size:,} bytes long, where a film has at most {_MOST_BYTES:,}"
            )
        try:
            return archive.read(member)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
            raise FilmError(f"it cannot be unpacked: {type(error).__name__}") from None
        except Exception as error:  # zlib.error is no OSError
            raise FilmError(f"it is damaged: {type(error).__name__}") from None

    return read


def _is_film(path: PurePath) -> bool:
    """Whether a file is one to read, and not what systems leave in folders."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() in (*_PICTURES, *_DICOM) and path.name not in ("LICENSE", "README")


def _decoded(name: str, data: bytes) -> tuple[Any, list[str], str | None]:
    if dicom.is_dicom(data) or PurePosixPath(name).suffix.lower() in _DICOM:
        return dicom.decode(data)
    return (*pixels.decode(data), None)


def _stacked(path: Path, names: Sequence[str], arrays: Sequence[Any]) -> Any:
    if not arrays:
        raise FilmError(
            f"there are no films in {path}: they are {', '.join(_PICTURES)} or DICOM files, in folders by class"
        )
    sizes = Counter(a.shape for a in arrays)
    if len(sizes) > 1:
        common = ", ".join(f"{h} x {w}" for (h, w), _ in sizes.most_common(3))
        raise FilmError(f"the films in {path} have {len(sizes)} sizes ({common} ...): say which, as size=64")
    return np.stack(arrays)[..., None]


def _placed(path: Path, names: Sequence[str]) -> tuple[Any, tuple[str, ...], Any]:
    """Classes and parts, from the folders the films are in."""
    folders = [list(PurePosixPath(name).parts[:-1]) for name in names]
    parts = [next((PARTS[f.lower()] for f in some if f.lower() in PARTS), "") for some in folders]
    folders = [[f for f in some if f.lower() not in PARTS] for some in folders]
    while all(folders) and len({some[0] for some in folders}) == 1:
        folders = [some[1:] for some in folders]
    split = np.array(parts) if any(parts) else None
    if not any(folders):
        return None, (), split
    if not all(folders):
        loose = sum(not some for some in folders)
        raise FilmError(f"{path} has folders of films, and {loose} films beside them: put these into one too")
    classes = ordered_classes([some[0] for some in folders])
    return np.array([classes.index(some[0]) for some in folders], np.int64), classes, split


def _groups(names: Sequence[str], patients: Sequence[str | None], pattern: str | None) -> Any:
    """The patient of each film: what the file says, what the pattern finds, or each film by itself."""
    try:
        search = re.compile(PATIENTS if pattern is None else pattern).search
    except re.error as error:
        raise ArgumentError(f"the pattern {pattern!r} is no regular expression: {error}") from None
    found = []
    for name, known in zip(names, patients, strict=True):
        match = None if known else search(PurePosixPath(name).name)
        found.append(known or (match and (match.group(1) if match.re.groups else match.group())))
    if not any(found):
        if pattern is not None:
            raise ArgumentError(f"the pattern {pattern!r} finds no patient in names such as {_example(names)}")
        return None
    return np.array([one or f"film:{name}" for one, name in zip(found, names, strict=True)])


def _example(names: Sequence[str]) -> str:
    return repr(PurePosixPath(names[0]).name)


def write(films: Films, folder: str | Path) -> None:
    """Write films as 8-bit PNG files that `read` takes, those of each class into a folder of its name.

    Parameters
    ----------
    films : Films
        Labels, parts and names are kept, and whether they are simulated.
    folder : str or Path
        Made if it is not there.
    """
    image = pixels.pillow().Image
    text = pixels.pillow().PngImagePlugin.PngInfo()
    if films.pixels.source == "simulated":
        text.add_text("Description", "simulated")
    for k, (name, film) in enumerate(zip(films.names, films.images, strict=True)):
        place = Path(folder)
        place = place if films.parts is None else place / str(films.parts[k])
        place = place if films.labels is None else place / films.classes[films.labels[k]]
        place.mkdir(parents=True, exist_ok=True)
        grey = np.round(film[..., 0] * 255).astype(np.uint8)
        image.fromarray(grey).save(place / f"{PurePosixPath(name).stem}.png", pnginfo=text)
