"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from .core.errors import ArgumentError


def replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let a file have what is written, from one moment to the next.

    It is written under another name, brought to the disk and then renamed: whoever looks sees the file before or
    this one, also where the process is killed meanwhile or another writes at the same time.

    Raises
    ------
    ArgumentError
        There is no such folder, or nobody may write into it.
    OSError
        The disk is full, for example; what was there before is there still.
    """
    folder = path.parent
    part = folder / f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part"
    try:
        # As any new file is made, with the permissions that the user wants; a temporary file is the owner's alone.
        file = open(part, "xb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise ArgumentError(f"cannot write into {folder}: {error.strerror}") from None
    try:
        with file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    # The new name itself goes to the disk with its folder; Windows has no such thing.
    if os.name == "posix":
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
