"""The cache of machine code on the disk: a file for each library, named by all that its code follows from.

A file holds one object as LLVM wrote it, behind a header with its key, its length and a hash of all. It is written
under another name first and then renamed, so that no process ever reads half of one, and there is no index that
files would have to agree with. What does not fit (cut off, damaged, of another key) counts as absent.

The objects are run as they are. So nothing is read from a folder, or a file, that another user could have written.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import time

# As `hashlib` has it, which imports OpenSSL, too.
from _blake2 import blake2b
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "DRAGONGRAD_CACHE"
# Bytes of all files together. Names are evenly spread over the folders, and each of these keeps to its share.
LIMIT = 256 * 2**20
_FOLDERS = "0123456789abcdef"
# A folder that is full is emptied to this part of its share, the longest unused files first.
_KEPT = 0.75
# Seconds after which a file is marked as used again, and a file that was never finished is given up.
_HOUR = 3600

_MAGIC = b"dragongrad machine code 1\n"
_HASH = 32
_NAME = re.compile(r"[0-9a-f]{64}\.code")
_PART = re.compile(r"[0-9a-f]{64}\.code\.[0-9a-f]{16}\.part")


@dataclass(frozen=True)
class CacheInfo:
    """What is known of the cache of machine code.

    Attributes
    ----------
    folder : Path or None
        Where it is; None where there is none.
    off : str
        Why it is not used; empty where it is.
    files, bytes : int
        How many objects it holds, and the bytes of their files.
    limit : int
        The bytes that it may hold; those that were not used for longest are removed first.
    hits, misses : int
        How many libraries of machine code this process found there, and how many it compiled.
    """

    folder: Path | None
    off: str
    files: int
    bytes: int
    limit: int
    hits: int
    misses: int


@dataclass
class _Counts:
    hits: int = 0
    misses: int = 0

    def reset(self) -> None:
        self.hits = self.misses = 0


COUNTS = _Counts()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=COUNTS.reset)


def key_of(*parts: str) -> bytes:
    """The key of what follows from some texts alone."""
    hashed = blake2b(digest_size=_HASH)
    for part in parts:
        data = part.encode()
        hashed.update(len(data).to_bytes(8, "little"))
        hashed.update(data)
    return hashed.digest()


def load(key: bytes) -> bytes | None:
    """The object of a key, where a good file has it."""
    folder, _ = find_folder()
    found = _read(_path(folder, key), key) if folder else None
    if found is None:
        COUNTS.misses += 1
    else:
        COUNTS.hits += 1
    return found


def store(key: bytes, code: bytes) -> None:
    """Keep an object. Where that is impossible (no rights, no room), nothing happens."""
    folder, _ = find_folder(make=True)
    if not folder or len(code) > LIMIT // len(_FOLDERS):
        return
    path = _path(folder, key)
    part = f"{path}.{os.urandom(8).hex()}.part"
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.dirname(path), 0o700)
        try:
            with open(os.open(part, _flags(os.O_WRONLY | os.O_CREAT | os.O_EXCL), 0o600), "wb") as file:
                file.write(_header(key, code) + code)
            os.replace(part, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
        _trim(os.path.dirname(path))


def cache_info() -> CacheInfo:
    """Where the cache of machine code is, how much it holds, and how often this process found something there.

    `ad.compile` keeps the machine code that it makes, and a later process that would make the same reads it
    instead, which takes a fraction of the time. The environment variable `DRAGONGRAD_CACHE` names another folder;
    empty or `0`, it switches the cache off.

    Returns
    -------
    CacheInfo
        With the attributes `folder`, `off`, `files`, `bytes`, `limit`, `hits` and `misses`.

    See Also
    --------
    clear_cache : Remove what it holds.

    Examples
    --------
    >>> import dragongrad as ad
    >>> ad.cache_info().limit
    268435456

    """
    folder, off = find_folder()
    found = [file for file in _files(folder) if _NAME.fullmatch(file.name)] if folder else []
    size = sum(_size(file) for file in found)
    return CacheInfo(Path(folder) if folder else None, off, len(found), size, LIMIT, COUNTS.hits, COUNTS.misses)


def clear_cache() -> int:
    """Remove all machine code from the cache: how many files that were.

    Programs that are compiled already go on, and others compile anew. Other files in the folder are left alone.

    Returns
    -------
    int
        How many files were removed.

    See Also
    --------
    cache_info : What it holds.

    """
    folder, _ = find_folder()
    return sum(_remove(file.path) for file in _files(folder)) if folder else 0


# Where


def find_folder(make: bool = False) -> tuple[str, str]:
    """The folder, and why there is none: the one or the other is empty.

    Parameters
    ----------
    make : bool
        Whether to make it where it is not there yet.
    """
    given = os.environ.get(VARIABLE)
    if given in ("", "0"):
        return "", f"{VARIABLE} switches it off"
    folder = os.path.abspath(os.path.expanduser(given)) if given else _default()
    if not folder:
        return "", "this user has no home"
    try:
        if make and not os.path.exists(folder):
            if _is_guest(folder):
                return "", f"{folder} would lie among the files of another user"
            os.makedirs(folder, 0o700, exist_ok=True)
        found = os.stat(folder)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not make:
            # It is made when there is something to keep.
            return folder, ""
        return "", f"{folder} cannot be used: {error.strerror}"
    if not stat.S_ISDIR(found.st_mode):
        return "", f"{folder} is not a folder"
    if not _is_own(found):
        return "", f"{folder} belongs to another user, or others may write there: chmod 700 makes it private"
    return folder, ""


def _default() -> str:
    """The folder for caches of this system, or nothing where the user has none."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        # That of the XDG Base Directory Specification is to be ignored where it is relative.
        base = base if os.path.isabs(base) else os.path.join(home, ".cache")
    return os.path.join(base, "dragongrad") if os.path.isabs(base) else ""


def _is_guest(folder: str) -> bool:
    """Whether root, who may write anywhere, is about to make a folder in the home of somebody else.

    `sudo` may leave `HOME` as it is: the folder would be root's, and of no use to the user.
    """
    above = os.path.dirname(folder)
    while not os.path.exists(above) and above != os.path.dirname(above):
        above = os.path.dirname(above)
    return hasattr(os, "geteuid") and os.geteuid() == 0 and os.stat(above).st_uid != 0


def _is_own(found: os.stat_result) -> bool:
    """Whether only this user may have written it; Windows has no such bits, and its folder is private as it is."""
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def _path(folder: str, key: bytes) -> str:
    name = key.hex()
    return os.path.join(folder, name[0], f"{name}.code")


# Files


def _flags(flags: int) -> int:
    """No link is followed, no process that is started has the file, and none of a device is waited for."""
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY", "O_NOINHERIT"):
        flags |= getattr(os, name, 0)
    return flags


def _header(key: bytes, code: bytes) -> bytes:
    size = len(code).to_bytes(8, "little")
    return _MAGIC + key + size + blake2b(key + size + code, digest_size=_HASH).digest()


def _read(path: str, key: bytes) -> bytes | None:
    """The object of a file that this user wrote for this key, whole and undamaged."""
    with contextlib.suppress(OSError), open(os.open(path, _flags(os.O_RDONLY)), "rb") as file:
        # The open file is asked, and not its name, which may mean another one by now.
        found = os.fstat(file.fileno())
        if not (stat.S_ISREG(found.st_mode) and _is_own(found) and found.st_size <= LIMIT):
            return None
        data = file.read()
        start = len(_MAGIC) + len(key) + 8 + _HASH
        code = data[start:]
        if data[:start] != _header(key, code):
            return None
        if time.time() - found.st_mtime > _HOUR:
            with contextlib.suppress(OSError):
                os.utime(path)
        return code
    return None


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    """The files of the cache; what else lies there is none of ours."""
    for name in _FOLDERS:
        yield from _files_in(os.path.join(folder, name))


def _files_in(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [e for e in entries if _NAME.fullmatch(e.name) or _PART.fullmatch(e.name)]
    except OSError:
        return []


def _size(file: os.DirEntry[str]) -> int:
    try:
        return file.stat(follow_symlinks=False).st_size
    except OSError:  # removed by another process
        return 0


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _trim(folder: str) -> None:
    """Keep a folder to its share; what was left by processes that were killed goes, too."""
    now, share, found = time.time(), LIMIT // len(_FOLDERS), []
    for file in _files_in(folder):
        with contextlib.suppress(OSError):
            known = file.stat(follow_symlinks=False)
            if _NAME.fullmatch(file.name):
                found.append((known.st_mtime, known.st_size, file.path))
            elif now - known.st_mtime > _HOUR:
                _remove(file.path)
    total = sum(size for _, size, _ in found)
    if total <= share:
        return
    for _, size, path in sorted(found):
        if total <= _KEPT * share:
            break
        _remove(path)
        total -= size
