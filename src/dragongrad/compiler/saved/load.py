"""Reading a program from a file: `ad.load`."""

from __future__ import annotations

import inspect
import io
import os
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import IO, Any

import numpy as np

from ...core.errors import ArgumentError, SavedProgramError
from ...core.nests import flatten
from ...core.node import Node
from ..constants import lying_as
from ..dispatch import closed
from ..graph import Op
from ..instances import take_apart
from ..rewrite import size_of
from ..signature import key_of
from ..specialization import Path, Version, check_backend
from ..traced import Guard
from . import graphs, nests
from .archive import read
from .check import check
from .program import Program, Saved, unmade
from .save import FORMS
from .values import Unpacker, UnsavableError, plain_dtype

# The values that guards are on are the last outputs of a Graph; what was traced is gone.
_ELSEWHERE = Node(None, (), (), np.dtype(bool))

# What reading a document that does not fit together raises.
_DAMAGE = (LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError, OverflowError)


def load(path: str | os.PathLike[str], *, backend: str | None = None) -> Program:
    """Read a program that `save` of a compiled function has written.

    It is compiled here, for this machine, when it is first called, without the function that it was made of.

    Parameters
    ----------
    path : str or Path
        The file.
    backend : "native", "numpy" or None
        As of `ad.compile`.

    Returns
    -------
    Program
        Called as the function, with arguments of the structures, shapes, dtypes and static values that it was
        compiled for. It can be differentiated, batched and compiled into others, and has `report()`, `save`,
        `graph`, `source`, `llvm` and `asm`.

    Raises
    ------
    SavedProgramError
        The file is cut off, damaged, of another format or no saved program; or it applies a Block that this
        process does not know. Later, where a call has other arguments than were saved, or decides otherwise.
    FileNotFoundError
        There is none.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad, pathlib, tempfile
    >>> slope = ad.compile(lambda w, x: np.tanh(x @ w))
    >>> slope(np.zeros(2), np.ones((3, 2)))
    array([0., 0., 0.])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "slope.npz"
    >>> slope.save(path)
    >>> loaded = ad.load(path)
    >>> loaded(np.zeros(2), np.ones((3, 2)))
    array([0., 0., 0.])
    >>> ad.grad(lambda w: np.sum(loaded(w, np.ones((3, 2)))))(np.zeros(2))
    array([3., 3.])

    """
    check_backend(backend)
    path = FilePath(path)
    if path.is_dir():
        raise ArgumentError(f"{path} is a folder: name the file in it that save has written")
    with open(path, "rb") as file:
        return read_program(file, str(path), backend)


def from_bytes(data: bytes, backend: str | None) -> Program:
    """A program of what `save` writes."""
    return read_program(io.BytesIO(data), "the pickled program", backend)


def read_program(file: IO[bytes], where: str, backend: str | None) -> Program:
    """Read a program from a file that is open."""
    document, arrays = read(file, where)
    try:
        return Program(_saved(document, arrays), backend, from_bytes)
    except UnsavableError as error:
        raise SavedProgramError(
            f"{where} applies what this process does not know: {error}\n"
            "Import the module that declares it first; if it is the library's own, use the release that saved it"
        ) from None
    except _DAMAGE as error:
        raise SavedProgramError(
            f"{where} is damaged: {type(error).__name__}: {error}\nSave the program again"
        ) from None


def _saved(document: dict[str, Any], arrays: list[Any]) -> Saved:
    unpacker = Unpacker(arrays, document["short"])
    versions = dict(_version(packed, unpacker) for packed in document["versions"])
    if not versions or len(versions) != len(document["versions"]):
        raise ValueError(f"{len(versions)} versions")
    flags = document["fast_math"], document["takes_any"]
    if any(flag.__class__ is not bool for flag in flags):
        raise TypeError(f"the options {flags}")
    return Saved(str(document["title"]), *flags, _signature(document["parameters"], unpacker), versions)


def _signature(packed: Any, unpacker: Unpacker) -> inspect.Signature | None:
    if packed is None:
        return None
    made = []
    for name, kind, *default in packed:
        known = {"default": unpacker.unpack(default[0])} if default else {}
        made.append(inspect.Parameter(name, getattr(inspect.Parameter, kind), **known))
    return inspect.Signature(made)


def _version(packed: dict[str, Any], unpacker: Unpacker) -> tuple[Any, Version]:
    structure = nests.unpack(packed["structure"], unpacker, take_apart)
    leaves = [_leaf(one, unpacker) for one in packed["leaves"]]
    dynamic = [i for i, one in enumerate(packed["leaves"]) if "static" not in one]
    integers = frozenset([i for i in dynamic if leaves[i].__class__ is int])
    if structure is None or structure.num_leaves != len(leaves):
        raise ValueError(f"{len(leaves)} leaves of the arguments")
    key, found = key_of(leaves, structure, frozenset(range(len(leaves))).difference(dynamic), True, integers)
    if found != dynamic:
        raise ValueError(f"the leaves {dynamic}")
    version = Version(dynamic, integers)
    specs = [(np.shape(leaves[i]), np.asarray(leaves[i]).dtype) for i in dynamic]
    for one in packed["paths"]:
        version.paths.append(_path(one, unpacker, specs, version.paths))
    if not version.paths:
        raise ValueError("a version without paths")
    # A careful path names its plain one, which may come before it or after.
    for one, made in zip(packed["paths"], version.paths, strict=True):
        made.plain = None if one["plain"] is None else version.paths[one["plain"]]
        if made.plain is not None and made.plain.plain is not None:
            raise ValueError("a path that is no plain one")
    return key, version


def _leaf(packed: dict[str, Any], unpacker: Unpacker) -> Any:
    """An example of a leaf of the arguments."""
    if "static" in packed:
        value = unpacker.unpack(packed["static"])
        return lying_as(value, packed["strides"]) if isinstance(value, np.ndarray) else value
    ((kind, held),) = packed.items()
    if kind == "number":
        made: Any = (FORMS[held] if held in FORMS else plain_dtype(held).type)(1)
        return made
    dtype, shape = held
    return np.broadcast_to(np.zeros((), plain_dtype(dtype)), graphs.checked(shape))


def _path(packed: dict[str, Any], unpacker: Unpacker, specs: list[Any], others: list[Path]) -> Path:
    graph = graphs.unpack(packed["graph"], unpacker)
    check(graph)
    if [(node.shape, node.dtype) for node in graph.inputs] != specs:
        raise ValueError("other inputs than arguments")
    structure = nests.unpack(packed["structure"], unpacker, flatten)
    forms = [_form(one) for one in packed["forms"]]
    guards = [Guard(_ELSEWHERE, taken, str(line)) for taken, line in packed["guards"]]
    names = [str(name) for name in packed["names"]]
    count = 1 if structure is None else structure.num_leaves
    if any(guard.taken.__class__ is not bool for guard in guards):
        raise TypeError("a decision that is neither true nor false")
    if (len(forms), len(graph.outputs), len(names)) != (count, count + len(guards), len(specs)):
        raise ValueError(f"{len(graph.outputs)} outputs")
    if any(size_of(value) != 1 for value in graph.outputs[count:]):
        raise ValueError("a decision on no one value")
    if any(isinstance(value, Op) and value.outputs for value in graph.outputs):
        raise ValueError("several values as one output")
    layout = unpacker.unpack(packed["layout"])
    if layout is not None and len(layout) != len(specs):
        raise ValueError(f"the layout {layout}")
    return Path(graph, graph, guards, structure, forms, unmade, {}, [], names, None, closed, (), None, layout)


def _form(text: str) -> type:
    known: Callable[..., Any] = FORMS[text] if text in FORMS else plain_dtype(text).type
    return known  # type: ignore[return-value]
