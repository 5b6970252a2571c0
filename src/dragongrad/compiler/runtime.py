"""Compiled functions: which path answers a call, and what becomes of calls that none can answer."""

from __future__ import annotations

import functools
import os
import sys
import time
import types
from collections.abc import Callable, Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any, Concatenate, Generic, overload

import numpy as np

from ..collector import collector_paused
from ..context import WATCH, Derivatives, careful
from ..core.errors import ArgumentError, DragongradError, SavedProgramError, describe, user_line
from ..core.nests import Structure, unflatten
from ..core.variable import Variable
from ..forks import locked
from ..typevars import P, R
from . import bodies as _bodies  # noqa: F401 - it lets traces write down loops
from .backends.native.call.fastcall import MISSING
from .bound import unbound
from .captured import Captured
from .dispatch import closed, entry, first_of
from .eager import run_instead
from .inside import Inside
from .instances import holds_instances, take_apart, unchanging
from .integers import ValueNeededError
from .parameters import Parameters
from .passes import optimise
from .randomness import trace_repeatable
from .results import agree, computes_later
from .signature import all_fresh, fresh, is_special, names_of, native, ready
from .specialization import Failures, Path, Version, build, check_backend, take, warn, with_guards
from .traced import Traced
from .versions import MAX_VALUES, Signatures, excess, most_decided, too_many_ways

if TYPE_CHECKING:
    from ..typevars import Rest

# More ways through a function's `if`s than this are not worth compiling: the next one runs eagerly.
MAX_PATHS = 12
# What a function may raise because it was given Variables: its own run on plain arrays then has the last word.
_STAGING_ERRORS = (DragongradError, TypeError, ValueError, AttributeError, IndexError, NotImplementedError)


class Compiled(Inside, Generic[P, R]):
    """A compiled function: called as the original, named and documented as it, and pickled when it is.

    Attributes
    ----------
    graph : Graph
        The Graph of the latest path, after the passes.
    source : str
        The same as readable NumPy source.
    llvm, asm : str
        What LLVM was given, and the machine code it made (native backend).
    compiled : int
        How many programs have been compiled so far.
    """

    __name__: str
    __qualname__: str

    def __init__(
        self, f: Any, static: tuple[int | str, ...], backend: str | None, fast_math: bool, check: bool = False
    ) -> None:
        if not callable(f):
            above = f": write @{type(f).__name__} above @ad.compile" if hasattr(f, "__func__") else ""
            raise ArgumentError(f"compile takes a function, got {f!r}{above}")
        check_backend(backend)
        functools.update_wrapper(self, f, updated=())
        self._f = f
        self._static = static
        self._hopeless = computes_later(f)
        self._captured = Captured(f, check)
        # What it is bound to comes before its arguments.
        self._run, self._owners = unbound(f)
        self._parameters = Parameters(self._run, static, len(self._owners))
        self._backend = backend
        self._fast_math = fast_math
        self._versions: dict[Any, Version] = {}
        self._signatures = Signatures()
        # For what no further version is compiled, and one that says why.
        self._limits: dict[str, Version] = {}
        self._latest = None
        # The ways in of the paths that answered last, without and with arguments by name.
        self._entry: Callable[..., Any] = closed
        self._named: Callable[..., Any] = closed

    def __reduce__(self) -> Any:
        # What a decorator put in the place of its function is found there.
        path = getattr(self, "__qualname__", "")
        found: Any = sys.modules.get(self.__module__)
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is self:
            return path
        return Compiled, (self._f, self._static, self._backend, self._fast_math, self._captured.contents)

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Compiled[P, R]: ...
    @overload
    def __get__(
        self: Compiled[Concatenate[Any, Rest], R], instance: object, owner: Any = None
    ) -> Callable[Rest, R]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"compile({getattr(self._f, '__qualname__', self._f)!s})"

    @property
    def compiled(self) -> int:
        """How many programs have been compiled so far: one for each way through the function of each version."""
        return sum(len(version.paths) for version in list(self._versions.values()))

    # Calls

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The value of the function."""
        if not WATCH.get():
            # The path that answered last, if it knows such arguments.
            try:
                out = self._named(*args, **kwargs) if kwargs else self._entry(*args)
            except Exception:
                # It may be of another way through the function, which never comes to what failed.
                out = MISSING
            if out is not MISSING:
                return out
        return self._find(args, kwargs)

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Look the arguments up; trace and compile where they are new."""
        args = (*self._owners, *args)
        if self._captured.places and (name := self._captured.changed()):
            self._forget(name)
        if self._hopeless:
            return self._uncompiled(*self._hopeless, args, kwargs)
        ordered = self._parameters.ordered(kwargs)
        try:
            leaves, structure = take_apart((args, ordered))
        except RecursionError:
            return self._uncompiled("an argument holds itself", "", args, kwargs)
        if any(isinstance(leaf, Variable) for leaf in leaves):
            # Somebody differentiates or traces around us: this function is part of theirs.
            return self._run(*args, **kwargs)
        if any(map(is_special, leaves)):
            return self._run_eagerly(args, kwargs)
        leaves = [native(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
        fixed = self._parameters.static(args, ordered) if self._parameters else frozenset()
        while True:
            version = self._version(leaves, structure, fixed)
            if version.eager or WATCH.get():
                return self._run_eagerly(args, kwargs)
            arrays, failed = [ready(leaves[i]) for i in version.dynamic], Failures()
            for path in version.paths:
                out = take(path, arrays, failed)
                if out is not MISSING:
                    self._open(path, kwargs)
                    return out
            if any(path.failures for path, _ in failed):
                return self._instead(failed, args, kwargs)
            try:
                return self._new_path(version, failed, leaves, structure, arrays, args, kwargs)
            except ValueNeededError as error:
                self._specialise(version, error.leaves, error.line)

    def _forget(self, name: str) -> None:
        """Compile no more of what was made with captured values that are not those of now."""
        reason = f"{name}, which it captures and has as a constant, has changed"
        again = f"{self!r} is compiled again: {reason}"
        self._versions = {key: version for key, version in self._versions.items() if version.eager}
        self._entry = self._named = closed
        self._captured.places = []
        self._captured.changes += 1
        if self._captured.changes == 1:
            warn(f"{again}\nPass it as an argument, which is never compiled again")
        elif self._captured.changes > MAX_VALUES:
            self._hopeless = f"{reason} for the {MAX_VALUES + 1}th time", "\nPass it as an argument"

    def _run_eagerly(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The function's own value, in arrays that are the caller's own, as those of a program are."""
        return all_fresh(self._run(*args, **kwargs))

    def _uncompiled(self, reason: str, advice: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function whose arguments do not matter, or cannot be looked at."""
        made = Version([], eager=reason)
        if self._versions.setdefault(reason, made) is made:
            warn(f"{self!r} runs eagerly: {reason}{advice}")
        return self._run_eagerly(args, kwargs)

    def _version(self, leaves: list[Any], structure: Structure, fixed: frozenset[int]) -> Version:
        """The version for a call, made where there is none; where there are too many, one that runs eagerly."""
        lenient = bool(self._owners) or holds_instances(structure)
        key, dynamic, integers, alike = self._signatures.of(leaves, structure, fixed, lenient)
        version = self._versions.get(key)
        if version is not None:
            return version
        free = {*dynamic, *fixed}
        if limit := excess(self._run, self._versions, key, leaves, structure, free, alike):
            return self._limited(*limit)
        return self._versions.setdefault(key, Version(dynamic, integers, alike))

    def _specialise(self, version: Version, integers: Collection[int], line: str) -> None:
        """Compile integers in by value from now on, and forget a version that computes with them."""
        version.alike.need(integers, line)
        self._versions = {key: other for key, other in self._versions.items() if other is not version}
        self._entry = self._named = closed

    def _limited(self, place: str, reason: str) -> Version:
        made = Version([], eager=reason)
        if self._limits.setdefault(place, made) is made:
            warn(f"{self!r} runs eagerly from now on for {reason}")
        return made

    def _new_path(
        self, version: Version, failed: Failures, leaves: list[Any], structure: Structure, arrays: list[Any],
        args: Any, kwargs: Any,
    ) -> Any:  # fmt: skip
        with version.lock():
            # Another thread may have traced it while we waited.
            for path in version.paths:
                out = take(path, arrays)
                if out is not MISSING:
                    return out
            ways = [path for path in version.paths if path.plain is None]
            if version.eager or len(ways) >= MAX_PATHS:
                if version.integers:
                    raise ValueNeededError(version.integers, most_decided([path.guards for path in ways]))
                if not version.eager:
                    version.eager = f"more than {MAX_PATHS} ways through its decisions"
                    warn(f"{self!r} {too_many_ways([path.guards for path in ways])}")
                return self._run_eagerly(args, kwargs)
            return self._compiled(version, ways, failed, leaves, structure, arrays, args, kwargs)

    def _compiled(
        self, version: Version, ways: list[Path], failed: Failures, leaves: list[Any], structure: Structure,
        arrays: list[Any], args: Any, kwargs: Any,
    ) -> Any:  # fmt: skip
        """Compile the plain path, and a careful one where a derivative is NaN; the outputs of the call."""
        # What is raised because integers are Variables may be anything.
        errors = (Exception,) if version.integers else _STAGING_ERRORS
        derivatives = Derivatives()
        try:
            with careful(derivatives):
                traced, seconds = self._trace(version, leaves, structure, args, kwargs)
        except errors as error:
            return self._eagerly(version, error, args, kwargs)
        # Where the way is known and did not answer, a derivative is NaN.
        plain = next((path for path in ways if path.decisions == traced.decisions()), None)
        if plain is None:
            plain = self._add(version, traced, seconds, leaves, structure)
            out = self._first(plain, traced, arrays)
            if out is not MISSING:
                return self._verified(version, out, args, kwargs) if version.integers else out
        elif failed := [one for one in failed if plain is one[0] or plain is one[0].plain]:
            return self._instead(failed, args, kwargs)
        if plain.uncareful:
            return self._run_eagerly(args, kwargs)
        try:
            with careful(derivatives.again()):
                traced, seconds = self._trace(version, leaves, structure, args, kwargs)
        except errors as error:
            if version.integers:
                return self._eagerly(version, error, args, kwargs)
            out, plain.uncareful = run_instead(error, lambda: self._run_eagerly(args, kwargs))
            warn(f"{self!r} runs eagerly where a derivative is NaN: {plain.uncareful}")
            return out
        out = self._first(self._add(version, traced, seconds, leaves, structure, plain), traced, arrays)
        return out if out is not MISSING else self._run_eagerly(args, kwargs)

    def _first(self, path: Path, traced: Traced, arrays: list[Any]) -> Any:
        """The outputs of the first call of a path: what the traced run computed, if it computed all."""
        if traced.complete:
            return unflatten(traced.structure, [fresh(v) for v in traced.leaves])
        return take(path, arrays)

    def _verified(self, version: Version, out: Any, args: Any, kwargs: Any) -> Any:
        """What the function itself gives, which may treat an integer otherwise than a Variable."""
        own = self._run_eagerly(args, kwargs)
        if not agree(out, own):
            self._specialise(version, version.integers, "")
        return own

    def _open(self, path: Path, kwargs: Any) -> None:
        """Let the next call try this path first."""
        way = functools.partial(path.entry, *self._owners) if self._owners else path.entry
        way = way if path.entry is closed else self._captured.guarded(way, bool(kwargs))
        if kwargs:
            self._named = way
        else:
            self._entry = way

    def _eagerly(self, version: Version, error: Exception, args: Any, kwargs: Any) -> Any:
        """What the function itself says: its own error, or a value that could not be traced."""
        if isinstance(error, ValueNeededError):
            raise error
        out, reason = run_instead(error, lambda: self._run_eagerly(args, kwargs))
        if version.integers:
            self._specialise(version, version.integers, user_line(error))
            return out
        version.eager = reason
        warn(f"{self!r} runs eagerly: {version.eager}")
        return out

    def _instead(self, failed: Failures, args: Any, kwargs: Any) -> Any:
        """What the function itself gives where programs raise errors and it does not."""
        out = self._run_eagerly(args, kwargs)
        for path, error in failed:
            path.failures += 1
            if not path.reason:
                path.reason = f"{type(error).__name__}: {error}"
                warn(
                    f"{self!r} runs eagerly where its program fails, as it does here: {path.reason}\n"
                    "Functions that it calls must give equal shapes and dtypes for equal ones; if they do, please "
                    "report this"
                )
        return out

    def _trace(
        self, version: Version, leaves: list[Any], structure: Structure, args: Any, kwargs: Any
    ) -> tuple[Traced, dict[str, float]]:
        start = time.perf_counter()
        title = getattr(self._f, "__name__", "compiled")
        given = args, self._parameters.ordered(kwargs)
        f = unchanging(self._run, given) if holds_instances(structure) else self._run
        # What a trace writes down stays: a long one is walked over by the collector again and again.
        with collector_paused():
            traced = trace_repeatable(f, leaves, structure, version.dynamic, title, (self._f, given))
        return traced, {"trace": time.perf_counter() - start}

    def _add(
        self, version: Version, traced: Traced, seconds: dict[str, float], leaves: list[Any], structure: Structure,
        plain: Path | None = None,
    ) -> Path:  # fmt: skip
        """Compile what was traced; a plain path is the first that the next call tries, a careful one follows it."""
        decisions = traced.decisions()
        with collector_paused():
            whole = with_guards(traced)
        start = time.perf_counter()
        graph, passes = optimise(whole, fast_math=self._fast_math)
        seconds["passes"] = time.perf_counter() - start
        run, engine, more = build(graph, traced.guards, traced.forms, self._backend)
        names = names_of(self._run, version.dynamic, leaves, structure)
        way = entry(
            engine, leaves, version.dynamic, structure, traced.structure, in_order=self._parameters.takes_any
        )
        seconds = {**seconds, **more}
        if traced.layout is not None and any(traced.layout):
            # The fast way in takes whatever lies in C's order, and nothing else.
            way = closed
        elif plain is not None:
            # The plain path always comes first, so that equal calls give equal bits whatever came before.
            way = first_of(plain.entry, way)
        path = Path(
            whole, graph, traced.guards, traced.structure, traced.forms, run, seconds, passes, names, engine, way,
            decisions, plain, traced.layout, unrolled=traced.unrolled,
        )  # fmt: skip
        version.paths.insert(0 if plain is None else len(version.paths), path)
        self._latest = path
        self._captured.look()
        self._open(path, unflatten(structure, leaves)[1])
        return path

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was compiled so far to a file, which `ad.load` reads where the function itself is not known.

        Parameters
        ----------
        path : str or Path
            The file; one of that name is replaced. It is a zip archive of JSON and arrays, without any code.

        Raises
        ------
        SavedProgramError
            Nothing was compiled yet, or it holds what no file can: calls of Python functions (rules of one's own,
            Blocks that no module declares), objects that are neither numbers, arrays nor nests of them.
        ArgumentError
            There is no such folder.

        Examples
        --------
        >>> import numpy as np, dragongrad as ad, pathlib, tempfile
        >>> gradient = ad.compile(ad.grad(lambda x: np.sum(x**2)))
        >>> gradient(np.array([1.0, 2.0]))
        array([2., 4.])
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "gradient.npz"
        >>> gradient.save(path)
        >>> ad.load(path)(np.array([3.0, 4.0]))
        array([6., 8.])

        """
        if self._owners:
            raise SavedProgramError(
                f"{self!r} is bound to {describe(self._owners[0])}, which no file can hold\n  at {user_line()}\n"
                "Compile a function that takes its arrays as arguments, or closes over them"
            )
        # What writes files is imported by those who do: a first call takes a part of its time to import modules.
        with locked():
            writer = import_module(".saved.save", __package__)
        writer.save(path, self, self._run, self._parameters.takes_any, self._fast_math)
