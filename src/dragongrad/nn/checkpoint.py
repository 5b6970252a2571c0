"""Checkpoints: a nest of arrays and what goes with it in one file, which is there whole or not at all.

The format is safetensors: the arrays by the paths of their places, and in the file's metadata a JSON text with the
structure of the nest, everything that is not an array, and a hash of all of it.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DragongradError, MissingExtraError
from ..files import replace

_FORMAT = "dragongrad nest 2"
_KINDS = "fiub"


class CheckpointError(DragongradError, ValueError):
    """A file that is not a whole checkpoint of ours."""


def save(path: str | os.PathLike[str], nest: Any, **more: Any) -> None:
    """Write a nest of arrays, and whatever JSON can hold, to a file.

    The file is written under another name, brought to the disk and then renamed: whoever looks sees the one
    before or this one, also where the process is killed meanwhile or another writes at the same time.

    Parameters
    ----------
    path : str or Path
        The file; one of that name is replaced.
    nest : nest of arrays
        Dicts with text as keys, lists and tuples of arrays, numbers, texts, truths and None.
    **more
        What goes with it: anything that JSON can hold.

    Raises
    ------
    ArgumentError
        Something cannot be written: its place in the nest is named.
    OSError
        The disk is full, for example; what was there before is there still.
    MissingExtraError
        safetensors is not installed.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> from dragongrad import nn
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> nn.save(path, {"w": np.ones(2), "name": "net"}, epoch=3)
    >>> nn.load(path)
    ({'w': array([1., 1.]), 'name': 'net'}, {'epoch': 3})

    """
    arrays: dict[str, Any] = {}
    skeleton = _taken_apart(nest, "", arrays)
    try:
        body = json.dumps({"nest": skeleton, "more": more})
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"what goes with a checkpoint must be something that JSON can hold: {error}") from None
    text = json.dumps({"format": _FORMAT, "hash": _hash(arrays, body), "body": body})
    data = _safetensors().save(arrays, metadata={"dragongrad": text})
    replace(Path(path), lambda file: file.write(data))


def load(path: str | os.PathLike[str]) -> tuple[Any, dict[str, Any]]:
    """Read what `save` has written.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    nest
        As it was saved, with the same dtypes.
    more : dict
        What went with it.

    Raises
    ------
    CheckpointError
        The file is cut off, damaged, or no checkpoint of this library.
    FileNotFoundError
        There is none.
    """
    data = Path(path).read_bytes()
    try:
        arrays = _safetensors().load(data)
        length = int.from_bytes(data[:8], "little")
        text = json.loads(data[8 : 8 + length]).get("__metadata__", {}).get("dragongrad")
        header = None if text is None else json.loads(text)
    except MissingExtraError:
        raise
    except Exception as error:
        raise CheckpointError(f"{path} is not a whole safetensors file: {error}") from None
    if header is None or header.get("format") != _FORMAT:
        raise CheckpointError(
            f"{path} holds arrays ({', '.join(sorted(arrays)[:4])} ...) but was not written by nn.save: "
            "read it with safetensors.numpy.load_file and put the arrays into a nest yourself"
        )
    body = header.get("body", "")
    if header.get("hash") != _hash(arrays, body):
        raise CheckpointError(f"{path} is damaged: it does not hold what was written")
    content = json.loads(body)
    return _put_together(content["nest"], arrays), content["more"]


def _taken_apart(nest: Any, place: str, arrays: dict[str, Any]) -> Any:
    """The structure as JSON has it; the arrays go to their paths."""
    if isinstance(nest, (np.ndarray, np.generic)):
        array = np.asarray(nest)
        if array.dtype.kind not in _KINDS or array.dtype.itemsize > 8:
            raise ArgumentError(f"a checkpoint cannot hold the {array.dtype} array at {place or 'its top'}")
        name = place or "value"
        # A copy in this machine's order, in C order, of its own.
        arrays[name] = np.array(array, array.dtype.newbyteorder("="), order="C")
        return {"array": name, "number": not isinstance(nest, np.ndarray)}
    if isinstance(nest, dict):
        if any(not isinstance(key, str) or "/" in key for key in nest):
            raise ArgumentError(
                f"the keys of a checkpoint's nest are texts without '/', got {list(nest)} at {place!r}"
            )
        return {"dict": [[key, _taken_apart(value, _below(place, key), arrays)] for key, value in nest.items()]}
    if isinstance(nest, (list, tuple)) and not hasattr(nest, "_fields"):
        kind = "tuple" if isinstance(nest, tuple) else "list"
        return {kind: [_taken_apart(value, _below(place, str(k)), arrays) for k, value in enumerate(nest)]}
    if nest is None or isinstance(nest, (bool, int, float, str)):
        return {"value": nest}
    raise ArgumentError(
        f"a checkpoint cannot hold the {type(nest).__name__} at {place or 'its top'}: it holds dicts, lists, "
        "tuples, arrays, numbers and texts"
    )


def _below(place: str, key: str) -> str:
    return f"{place}/{key}" if place else key


def _put_together(skeleton: Any, arrays: dict[str, Any]) -> Any:
    ((kind, value), *_) = skeleton.items()
    if kind == "array":
        return arrays[value][()] if skeleton["number"] else arrays[value]
    if kind == "dict":
        return {key: _put_together(inner, arrays) for key, inner in value}
    if kind in ("list", "tuple"):
        made = [_put_together(inner, arrays) for inner in value]
        return tuple(made) if kind == "tuple" else made
    return value


def _hash(arrays: dict[str, Any], text: str) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def remove_parts(path: Path) -> None:
    """Remove what killed processes left half written beside a checkpoint."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError):
            if not _runs(part.name.split(".")[-3]):
                part.unlink()


def _runs(process: str) -> bool:
    """Whether a process, by its number, may be writing still; this one may in another thread."""
    if os.name != "posix" or not process.isdigit():  # elsewhere asking would end it
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _safetensors() -> Any:
    try:
        from safetensors import numpy
    except ImportError:
        raise MissingExtraError("checkpoints need safetensors: pip install 'dragongrad[nn]'") from None
    return numpy
