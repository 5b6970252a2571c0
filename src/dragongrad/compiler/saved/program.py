"""A program that was loaded: which of the saved paths answers a call, and what is said where none does."""

from __future__ import annotations

import inspect
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...context import WATCH
from ...core.errors import SavedProgramError, describe, user_line
from ...core.nests import Structure
from ...core.variable import Variable, plain
from ...records import mutable
from ..backends.native.call.fastcall import MISSING
from ..dispatch import closed, entry, first_of
from ..inside import Inside
from ..instances import take_apart
from ..integers import LARGEST
from ..layouts import layout
from ..passes import optimise
from ..signature import has_odd_keys, is_special, key_of, native, ready, static_key
from ..specialization import Path, Version, build, take
from ..versions import place_of
from .replay import lies_as, replay
from .save import save, static_value, write_to

# So many versions and decisions are told.
_TOLD = 8


def unmade(arrays: list[Any]) -> Any:
    """What runs a path that is not compiled yet."""
    raise SavedProgramError("a path is called before it is compiled")


@mutable
class Saved:
    """What a file holds.

    Attributes
    ----------
    title : str
        The name of the function.
    fast_math, takes_any : bool
        How it was compiled, and whether it takes keywords that it does not name.
    signature : Signature or None
        Of its parameters, where they are known.
    versions : dict
        The versions by their keys, whose paths are not compiled yet.
    """

    title: str
    fast_math: bool
    takes_any: bool
    signature: inspect.Signature | None
    versions: dict[Any, Version]


class Program(Inside):
    """A saved program, as `ad.load` gives it: called as the function that it was made of."""

    def __init__(self, saved: Saved, backend: str | None, again: Callable[[bytes, str | None], Any]) -> None:
        self.__name__ = self.__qualname__ = saved.title
        if saved.signature is not None:
            self.__signature__ = saved.signature
        # `again` makes a program of the bytes of a file.
        self._saved, self._backend, self._again = saved, backend, again
        self._versions, self._limits, self._latest = saved.versions, {}, None
        # How versions are looked for: those first that compute with most of Python's integers.
        ways = {(_fixed(key, version), version.integers): None for key, version in saved.versions.items()}
        self._ways = sorted(ways, key=lambda way: -len(way[1]))
        self._entry: Callable[..., Any] = closed
        self._named: Callable[..., Any] = closed

    def __reduce__(self) -> Any:
        file = io.BytesIO()
        write_to(file, self, self, self._saved.takes_any, self._saved.fast_math)
        return self._again, (file.getvalue(), self._backend)

    def __repr__(self) -> str:
        return f"load({self.__name__})"

    def save(self, path: Any) -> None:
        """Write the program to a file, as `save` of a compiled function does."""
        save(path, self, self, self._saved.takes_any, self._saved.fast_math)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value of the function.

        Raises
        ------
        SavedProgramError
            No saved version is for such arguments, or all decide otherwise on these values.
        """
        if not WATCH.get():
            try:
                out = self._named(*args, **kwargs) if kwargs else self._entry(*args)
            except Exception:
                # It may be of another path, which never comes to what failed.
                out = MISSING
            if out is not MISSING:
                return out
        return self._find(args, kwargs)

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Look the arguments up, as they are passed and by the names of other parameters."""
        for given in self._spelled(args, kwargs):
            try:
                leaves, structure = take_apart(given)
            except RecursionError:
                raise SavedProgramError(
                    f"{self.__name__} was called with an argument that holds itself\n  at {user_line()}"
                ) from None
            # A buffer without a derivative is the array that it holds.
            leaves = [plain(leaf) if isinstance(leaf, Variable) else leaf for leaf in leaves]
            if any(isinstance(leaf, Variable) for leaf in leaves):
                out = self._replayed(leaves, structure)
            else:
                out = self._looked_up(leaves, structure, given)
            if out is not MISSING:
                return out
        raise self._other_arguments(*self._ordered(args, kwargs))

    def _ordered(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return args, kwargs if self._saved.takes_any else dict(sorted(kwargs.items()))

    def _spelled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Any]:
        """The arguments as they are passed, then as the saved versions were passed them."""
        yield self._ordered(args, kwargs)
        signature = self._saved.signature
        if signature is None or self._saved.takes_any:
            return
        try:
            bound = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return
        by_position = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
        positions = [name for name, p in signature.parameters.items() if p.kind in by_position]
        own = len(args), tuple(sorted(kwargs))
        for count, names in {_spelling(key[0]) for key in self._versions} - {own}:
            before = positions[:count]
            if len(before) == count and {*before, *names} == set(bound):
                yield tuple([bound[n] for n in before]), {name: bound[name] for name in names}

    # Arrays and numbers

    def _looked_up(self, leaves: list[Any], structure: Structure, given: Any) -> Any:
        special = next(filter(is_special, leaves), None)
        if special is not None:
            raise SavedProgramError(
                f"{self.__name__} is a saved program, which does not know what a {type(special).__name__} means by "
                f"its operators\n  at {user_line()}\nPass np.asarray of it"
            )
        leaves = [native(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
        version = self._version(leaves, structure)
        if version is None:
            return MISSING
        arrays = [ready(leaves[i]) for i in version.dynamic]
        if WATCH.get():
            return self._by_blocks(version, arrays)
        for path in version.paths:
            if path.layout is None or path.layout == layout(arrays):
                self._make(path, version, leaves, structure)
                out = take(path, arrays, [])
                if out is not MISSING:
                    self._open(path, given[1])
                    return out
        return self._by_blocks(version, arrays)

    def _version(self, leaves: list[Any], structure: Structure) -> Version | None:
        for fixed, integers in self._ways:
            if any(i >= len(leaves) or not _is_computed(leaves[i]) for i in integers):
                continue
            key, _ = key_of(leaves, structure, fixed, True, integers)
            version = self._versions.get(key)
            if version is not None:
                return version
        return None

    def _by_blocks(self, version: Version, arrays: list[Any]) -> Any:
        """What the Blocks give, one after the other: it may be an error that they raise."""
        with np.errstate(all="ignore"):
            for path in version.paths:
                if path.layout is None or path.layout == layout(arrays):
                    out = replay(path, arrays)
                    if out is not MISSING:
                        return out
        raise self._other_decisions(version)

    def _make(self, path: Path, version: Version, leaves: list[Any], structure: Structure) -> None:
        """Compile a path, and before it the plain one that is tried first."""
        if path.run is not unmade:
            return
        if path.plain is not None:
            self._make(path.plain, version, leaves, structure)
        with version.lock():
            # Another thread may have made it while we waited.
            if path.run is not unmade:
                return
            start = time.perf_counter()
            path.graph, path.passes = optimise(path.traced, fast_math=self._saved.fast_math)
            seconds = {"passes": time.perf_counter() - start}
            run, path.engine, more = build(path.graph, path.guards, path.forms, self._backend)
            path.seconds = {**seconds, **more}
            path.entry = entry(
                path.engine, leaves, version.dynamic, structure, path.structure, in_order=self._saved.takes_any
            )
            if path.layout is not None and any(path.layout):
                path.entry = closed
            elif path.plain is not None:
                path.entry = first_of(path.plain.entry, path.entry)
            self._latest = path
            # Last: who finds it made finds all of it.
            path.run = run

    def _open(self, path: Path, kwargs: Any) -> None:
        if kwargs:
            self._named = path.entry
        else:
            self._entry = path.entry

    # Variables

    def _replayed(self, leaves: list[Any], structure: Structure) -> Any:
        """The program inside a transform: its Blocks, applied to Variables."""
        for key, version in sorted(self._versions.items(), key=lambda pair: -len(pair[1].integers)):
            if key[0] != structure or not _fits(key, version, leaves):
                continue
            inputs = [leaves[i] for i in version.dynamic]
            for path in version.paths:
                if lies_as(path, inputs):
                    out = replay(path, inputs)
                    if out is not MISSING:
                        return out
            raise self._other_decisions(version)
        return MISSING

    # What is said

    def _other_arguments(self, args: Any, kwargs: Any) -> SavedProgramError:
        leaves, structure = take_apart((args, kwargs))
        called = _told(self, structure, [describe(leaf) for leaf in leaves])
        every = [_told(self, key[0], _described(key, version)) for key, version in self._versions.items()]
        known = list(dict.fromkeys(every))
        takes = "\n    ".join(known[:_TOLD] + ([f"... and {len(known) - _TOLD} more"] if known[_TOLD:] else []))
        return SavedProgramError(
            f"{self.__name__} was not saved for such arguments\n  at {user_line()}\nIt is called with\n"
            f"    {called}\nand takes\n    {takes}\n"
            "Call the compiled function with such arguments before it is saved"
        )

    def _other_decisions(self, version: Version) -> SavedProgramError:
        lines = list(dict.fromkeys(guard.line for path in version.paths for guard in path.guards))
        more = [f"... and {len(lines) - _TOLD} more"] if lines[_TOLD:] else []
        told = "\n    ".join(lines[:_TOLD] + more) or "the layout of its arguments in memory"
        return SavedProgramError(
            f"{self.__name__} decides otherwise on these values than on any it was saved for\n  at {user_line()}\n"
            f"It decides at\n    {told}\n"
            "Call the compiled function with such values before it is saved; at a gradient, a derivative may be NaN"
        )


def _is_computed(leaf: Any) -> bool:
    """Whether it is an integer of Python's that programs compute with."""
    return leaf.__class__ is int and abs(leaf) <= LARGEST


def _fixed(key: Any, version: Version) -> frozenset[int]:
    return frozenset(range(len(_parts(key)))).difference(version.dynamic)


def _parts(key: Any) -> Any:
    return key[2:] if has_odd_keys(key[0]) else key[1:]


def _spelling(structure: Any) -> tuple[int, tuple[str, ...]]:
    """How many arguments are passed by position, and the names of the others."""
    args, kwargs = structure.children()
    return args.num_children, tuple(sorted(kwargs.entries()))


def _fits(key: Any, version: Version, leaves: list[Any]) -> bool:
    """Whether arguments, Variables among them, are such as a version takes, up to whose numbers they are."""
    for i, (part, leaf) in enumerate(zip(_parts(key), leaves, strict=True)):
        if i not in version.dynamic:
            if isinstance(leaf, Variable) or static_key(leaf, True) != part:
                return False
        else:
            dtype, shape = part if isinstance(part, tuple) else (np.dtype(part), ())
            known = isinstance(leaf, (Variable, np.ndarray, np.generic, float, complex, int))
            if not known or np.shape(leaf) != shape or getattr(leaf, "dtype", np.dtype(type(leaf))) != dtype:
                return False
    return True


def _described(key: Any, version: Version) -> list[str]:
    """The leaves of a version's arguments in words."""
    told = []
    for i, part in enumerate(_parts(key)):
        if i not in version.dynamic:
            told.append(describe(static_value(part)))
        else:
            told.append(f"{part[0]} {part[1]}" if isinstance(part, tuple) else part.__name__)
    return told


def _told(program: Program, structure: Any, leaves: list[str]) -> str:
    """Arguments in words, each with its place."""
    told = [f"{place_of(program, structure, i)}: {leaf}" for i, leaf in enumerate(leaves)]
    return ", ".join(told) or "no arguments"
