"""What a command will need: where it writes and how much memory, checked before the work begins."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..core.errors import ArgumentError
from ..views.palette import drawing

_GB = 1 << 30
# Of a machine that does not say how much memory it has.
_USUAL_MEMORY = 8 * _GB
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def check_file(path: Path, endings: Sequence[str], force: bool) -> None:
    """Refuse an output file that could not, or should not, be written.

    Raises
    ------
    ArgumentError
        The name has another ending, its folder is missing or cannot be written to, or the file exists and `force`
        is not given.

    """
    if path.suffix.lower() not in endings:
        raise ArgumentError(f"cannot write {str(path)!r}: choose a name that ends in {' or '.join(endings)}")
    if path.is_dir():
        raise ArgumentError(f"{path} is a folder: name a file in it, as --out {path / f'name{endings[0]}'}")
    if not path.parent.is_dir():
        raise ArgumentError(f"there is no folder {path.parent}: make it first, or choose another --out")
    _probe(path.parent)
    if path.exists() and not force:
        raise ArgumentError(f"{path} exists: add --force to overwrite it, or choose another --out")


def check_folder(path: Path, patterns: Sequence[str], force: bool) -> None:
    """Refuse an output folder that cannot be written to, or that holds what would be overwritten.

    Parameters
    ----------
    path : Path
        Made later if it is not there.
    patterns : sequence of str
        The names of the files to be written, as `Path.glob` takes them.
    force : bool
        Whether they may be overwritten.

    Raises
    ------
    ArgumentError
        It is such a folder, or not a folder at all.

    """
    there = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not there.is_dir():
        raise ArgumentError(f"{there} is not a folder: choose another --out")
    _probe(there)
    held = next((file for pattern in patterns for file in sorted(path.glob(pattern))), None)
    if held is not None and not force:
        raise ArgumentError(f"{held} exists: add --force to overwrite what is in {path}, or choose another --out")


def _probe(folder: Path) -> None:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ArgumentError(f"cannot write into {folder}: {error.strerror}; choose another --out") from None


def check_pictures() -> None:
    """Refuse to begin what will end in a picture where matplotlib is not installed.

    Raises
    ------
    MissingExtraError
        It is not.

    """
    with drawing():
        pass


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes the file only when all is written: no half a file is left behind."""
    path = path.resolve()
    part = path.with_name(f".{os.getpid()}{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def check_memory(need: int, what: str, fits: Callable[[float], str]) -> None:
    """Refuse work that would need more than half of the machine's memory.

    Parameters
    ----------
    need : int
        An estimate, in bytes.
    what : str
        The work in words.
    fits : callable
        The option that fits, in words, for the share of the work that there is memory for.

    Raises
    ------
    ArgumentError
        It is too much.

    """
    limit = _memory() // 2
    if need > limit:
        raise ArgumentError(
            f"{what} may take {need / _GB:.3g} GB of memory, and half of this machine's is {limit / _GB:.3g} GB: "
            f"{fits(limit / need)} fits"
        )


def _memory() -> int:
    """The memory of this machine, or what its container may use of it."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        found = _USUAL_MEMORY
    with suppress(OSError, ValueError):
        found = min(found, int(_CGROUP.read_text()))
    return found
