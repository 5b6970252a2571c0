"""Writing a compiled function to a file: what its versions are for, and the Graphs of their paths."""

from __future__ import annotations

import inspect
import os
import struct
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import IO, Any

import numpy as np

from ...core.errors import SavedProgramError, user_line
from ...files import replace
from ..constants import lying_as
from ..inside import Inside
from ..signature import has_odd_keys
from ..specialization import Path, Version
from . import graphs, nests
from .archive import write
from .values import Packer, UnsavableError, told

# The classes of what a function returns, beside NumPy's numbers.
FORMS: dict[str, type] = {
    "array": np.ndarray, "number": np.generic, "float": float, "int": int, "complex": complex, "bool": bool,
    "object": object,
}  # fmt: skip
_NAMES = {kind: name for name, kind in FORMS.items()}


def save(path: str | os.PathLike[str], compiled: Inside, f: Any, takes_any: bool, fast_math: bool) -> None:
    """Write what was compiled to a file."""
    document, arrays = described(compiled, f, takes_any, fast_math)
    replace(FilePath(path), lambda file: write(file, document, arrays))


def write_to(file: IO[bytes], compiled: Inside, f: Any, takes_any: bool, fast_math: bool) -> None:
    """Write what was compiled to a file that is open."""
    write(file, *described(compiled, f, takes_any, fast_math))


def described(compiled: Any, f: Any, takes_any: bool, fast_math: bool) -> tuple[dict[str, Any], list[Any]]:
    """A document and arrays that say what was compiled.

    Raises
    ------
    SavedProgramError
        Nothing was, or something of it cannot be said.
    """
    known = list(compiled._versions.items())
    made = [(key, version) for key, version in known if version.paths]
    if not made:
        reasons = [version.eager for _, version in known if version.eager]
        why = f"runs eagerly: {reasons[0]}" if reasons else "has not compiled anything yet"
        cure = "Only what is compiled can be saved" if reasons else "Call it once with each kind of arguments"
        raise SavedProgramError(f"{compiled!r} {why}\n  at {user_line()}\n{cure}")
    packer = Packer()
    try:
        document = {
            "title": getattr(f, "__name__", "compiled"),
            "fast_math": fast_math,
            "takes_any": takes_any,
            "parameters": _parameters(f, packer),
            "versions": [_version(key, version, packer) for key, version in made],
        }
    except UnsavableError as error:
        raise SavedProgramError(
            f"{compiled!r} cannot be saved: it {error}\n  at {user_line()}\n"
            "A file holds Graphs of the library's Blocks over numbers, arrays, texts, and tuples, lists and dicts"
        ) from None
    return {**document, "short": packer.short}, packer.arrays


def _parameters(f: Any, packer: Packer) -> list[Any] | None:
    """The names, kinds and defaults of the parameters, where they are known."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[p.name, p.kind.name, *_default(p.default, packer)] for p in parameters]


def _default(value: Any, packer: Packer) -> Iterable[Any]:
    """A default, for those who read the signature; what a file cannot hold is three dots."""
    if value is inspect.Parameter.empty:
        return ()
    plain = value is None or isinstance(value, (bool, int, float, complex, str))
    try:
        return (packer.pack(value if plain else ...),)
    except UnsavableError:  # a class made from a number
        return (packer.pack(...),)


def _version(key: Any, version: Version, packer: Packer) -> dict[str, Any]:
    structure, *parts = key
    parts = parts[1:] if has_odd_keys(structure) else parts
    dynamic = set(version.dynamic)
    paths = list(version.paths)
    return {
        "structure": told("takes an instance of", nests.pack, structure, packer),
        "leaves": [_leaf(part, packer, i in dynamic) for i, part in enumerate(parts)],
        "paths": [_path(path, paths, packer) for path in paths],
    }


def _leaf(part: Any, packer: Packer, dynamic: bool) -> dict[str, Any]:
    """A leaf of the arguments: an array or a number that is computed with, or a value that is compiled in."""
    if not dynamic:
        value = told("takes", static_value, part)
        packed = {"static": told("takes", packer.pack, value)}
        # Static arrays are told apart by how they lie.
        return {**packed, "strides": list(value.strides)} if isinstance(value, np.ndarray) else packed
    if isinstance(part, tuple):
        dtype, shape = part
        return {"array": [dtype.str, list(shape)]}
    return {"number": _NAMES[part] if part in _NAMES else np.dtype(part).str}


def static_value(key: Any) -> Any:
    """The static argument that is known by a key, which `static_key` made.

    Raises
    ------
    UnsavableError
        It cannot be made of it.
    """
    kind, *rest = key
    if issubclass(kind, np.ndarray):
        dtype, shape, strides, data = rest
        try:
            array = lying_as(np.frombuffer(data, dtype).reshape(shape), strides)
        except ValueError:
            cure = "pass np.ascontiguousarray of it"
            raise UnsavableError(f"a static array that has gaps in memory, or is reversed: {cure}") from None
        return array
    if len(rest) == 2 and issubclass(kind, np.generic):
        return np.frombuffer(rest[1], rest[0])[0]
    if kind is float:
        return struct.unpack("d", rest[0])[0]
    if kind is complex:
        return complex(*struct.unpack("dd", rest[0]))
    if kind is slice:
        return slice(*map(static_value, rest))
    if kind in (tuple, frozenset):
        return kind(map(static_value, rest[0]))
    if rest[0].__class__ is not kind:
        raise UnsavableError(f"a {kind.__name__}")
    return rest[0]


def _path(path: Path, paths: list[Path], packer: Packer) -> dict[str, Any]:
    plain = next((k for k, one in enumerate(paths) if one is path.plain), None)
    return {
        "graph": graphs.pack(path.traced, packer),
        "guards": [[guard.taken, _short(guard.line)] for guard in path.guards],
        "structure": told("returns an instance of", nests.pack, path.structure, packer),
        "forms": [_form(form) for form in path.forms],
        "names": path.names,
        "layout": packer.pack(path.layout),
        "plain": plain,
    }


def _form(form: type) -> str:
    if form in _NAMES:
        return _NAMES[form]
    return np.dtype(form).str if issubclass(form, np.generic) else "object"


def _short(line: str) -> str:
    """A line of the user's code without the folders that it is in, which are of this machine."""
    where, colon, text = line.partition(": ")
    return where.replace("\\", "/").rpartition("/")[2] + colon + text
