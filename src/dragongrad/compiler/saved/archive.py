"""The file: a zip archive as NumPy's `.npz` is, of `program.json` and arrays as `.npy`, none of them compressed."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from typing import IO, Any

import numpy as np

from ...core.errors import SavedProgramError
from .values import plain_dtype

FORMAT = "dragongrad program 1"
_TEXT = "program.json"
# What reading a file that is none, or one that is cut off, raises.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, OverflowError)


def write(file: IO[bytes], document: dict[str, Any], arrays: list[Any]) -> None:
    """Write a document and its arrays."""
    text = json.dumps({"format": FORMAT, **document}, allow_nan=False, separators=(",", ":"))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        # The time of day is none of the program's: equal programs are equal files.
        archive.writestr(zipfile.ZipInfo(_TEXT), text)
        for number, array in enumerate(arrays):
            with archive.open(zipfile.ZipInfo(_name(number)), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read(file: IO[bytes], where: str) -> tuple[dict[str, Any], list[Any]]:
    """Read a document and its arrays.

    Raises
    ------
    SavedProgramError
        The file is cut off or damaged, or no saved program, or one of another format.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = _members(archive, file, where)
            document = json.loads(archive.read(_TEXT))
            if not isinstance(document, dict) or document.get("format") != FORMAT:
                known = document.get("format") if isinstance(document, dict) else None
                raise SavedProgramError(
                    f"{where} is of the format {known!r}, and this release reads {FORMAT!r}\n"
                    "Save the program again with this release, or load it with the one that saved it"
                )
            return document, [_array(archive.read(_name(number))) for number in range(len(sizes) - 1)]
    except SavedProgramError:
        raise
    except (*_DAMAGE, KeyError, TypeError, RecursionError) as error:
        raise SavedProgramError(f"{where} is no whole saved program: {error}\nSave the program again") from None


def _members(archive: zipfile.ZipFile, file: IO[bytes], where: str) -> dict[str, int]:
    """The members and their sizes, which are those that stand in the file: nothing grows while it is read."""
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    if _TEXT not in sizes:
        raise SavedProgramError(f"{where} was not written by save: it holds no {_TEXT}")
    wanted = {_TEXT, *[_name(number) for number in range(len(sizes) - 1)]}
    every = archive.infolist()
    stored = all(i.compress_type == zipfile.ZIP_STORED and i.compress_size == i.file_size for i in every)
    size = file.seek(0, os.SEEK_END)
    if set(sizes) != wanted or len(every) != len(sizes) or not stored or sum(sizes.values()) > size:
        raise SavedProgramError(f"{where} was not written by save: it holds other members, or compressed ones")
    return sizes


def _array(data: bytes) -> Any:
    """An array of a `.npy` file, over its bytes: no more memory is taken than there are."""
    head = io.BytesIO(data)
    version = np.lib.format.read_magic(head)
    if version != (1, 0):
        raise ValueError(f"an array of version {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(head)
    if fortran or plain_dtype(dtype.str) != dtype:
        raise ValueError(f"an array of dtype {dtype}")
    return np.frombuffer(data, dtype, offset=head.tell()).reshape(shape)


def _name(number: int) -> str:
    return f"arrays/{number}.npy"
