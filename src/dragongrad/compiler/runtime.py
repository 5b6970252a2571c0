"""`ad.compile`: which compiled path answers a call, and what becomes of calls that none can answer."""

from __future__ import annotations

import functools
import sys
import time
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..context import ALWAYS, WATCH, careful
from ..core.errors import ArgumentError, DragongradError
from ..core.graph import Graph
from ..core.nests import Structure, flatten, unflatten
from ..core.variable import Variable
from .backends.native.call.fastcall import MISSING
from .bound import unbound
from .captured import Captured
from .dispatch import closed, entry, first_of
from .eager import run_instead
from .instances import holds_instances, take_apart, unchanging
from .parameters import Parameters
from .passes import optimise
from .randomness import trace_repeatable
from .report import report
from .results import computes_later
from .signature import ORDERED, all_fresh, fresh, is_special, key_of, names_of, native, ready
from .specialization import Path, Version, build, take, warn, with_guards
from .trace import Traced
from .versions import MAX_VALUES, MAX_VERSIONS, TOO_MANY, changing, place_of, too_many_values, too_many_ways

BACKENDS = ("native", "numpy")
# More ways through a function's `if`s than this are not worth compiling: the next one runs eagerly.
MAX_PATHS = 12
# What a function may raise because it was given Variables: its own run on plain arrays then has the last word.
_STAGING_ERRORS = (DragongradError, TypeError, ValueError, AttributeError, IndexError, NotImplementedError)


class Compiled:
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

    def __init__(
        self, f: Any, static: tuple[int | str, ...], backend: str | None, fast_math: bool, check: bool = False
    ) -> None:
        if not callable(f):
            above = f": write @{type(f).__name__} above @ad.compile" if hasattr(f, "__func__") else ""
            raise ArgumentError(f"compile takes a function, got {f!r}{above}")
        if backend is not None and backend not in BACKENDS:
            raise ArgumentError(f"backend must be one of {', '.join(map(repr, BACKENDS))}, got {backend!r}")
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
        # For what no further version is compiled, and one that says why.
        self._limits: dict[str, Version] = {}
        self._latest: Path | None = None
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

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"compile({getattr(self._f, '__qualname__', self._f)!s})"

    @property
    def compiled(self) -> int:
        """How many programs have been compiled so far: one for each way through the function of each version."""
        return sum(len(version.paths) for version in list(self._versions.values()))

    # Calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
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
        fixed = self._fixed(args, ordered) if self._parameters else frozenset()
        lenient = bool(self._owners) or holds_instances(structure)
        key, dynamic = key_of(leaves, structure, fixed, lenient)
        version = self._versions.get(key)
        if version is None:
            version = self._new_version(key, dynamic, leaves, structure, fixed)
        if version.eager or WATCH.get():
            return self._run_eagerly(args, kwargs)
        arrays = [ready(leaves[i]) for i in version.dynamic]
        for path in version.paths:
            out = take(path, arrays)
            if out is not MISSING:
                self._open(path, kwargs)
                return out
        return self._new_path(version, leaves, structure, arrays, args, kwargs)

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

    def _fixed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> frozenset[int]:
        """The leaves of the arguments named static."""
        found: set[int] = set()
        at = 0
        for value, is_static in self._parameters.static(args, kwargs):
            count = len(flatten(value, ORDERED)[0])
            if is_static:
                found.update(range(at, at + count))
            at += count
        return frozenset(found)

    def _new_version(
        self, key: Any, dynamic: list[int], leaves: list[Any], structure: Structure, fixed: Any
    ) -> Version:
        """A version of its own for a call, or one that runs eagerly and is not kept where there are too many."""
        leaf = changing(self._versions, key, len(leaves), {*dynamic, *fixed})
        if leaf is not None:
            place = place_of(self._run, structure, leaf)
            return self._limited(place, too_many_values(place, leaves[leaf]))
        if len(self._versions) >= MAX_VERSIONS:
            return self._limited("", TOO_MANY)
        return self._versions.setdefault(key, Version(dynamic))

    def _limited(self, place: str, reason: str) -> Version:
        made = Version([], eager=reason)
        if self._limits.setdefault(place, made) is made:
            warn(f"{self!r} runs eagerly from now on for {reason}")
        return made

    def _new_path(
        self, version: Version, leaves: list[Any], structure: Structure, arrays: list[Any], args: Any, kwargs: Any
    ) -> Any:
        with version.lock():
            # Another thread may have traced it while we waited.
            for path in version.paths:
                out = take(path, arrays)
                if out is not MISSING:
                    return out
            ways = [path for path in version.paths if path.plain is None]
            if version.eager or len(ways) >= MAX_PATHS:
                if not version.eager:
                    version.eager = f"more than {MAX_PATHS} ways through its decisions"
                    warn(f"{self!r} {too_many_ways([path.guards for path in ways])}")
                return self._run_eagerly(args, kwargs)
            return self._compiled(version, ways, leaves, structure, arrays, args, kwargs)

    def _compiled(
        self, version: Version, ways: list[Path], leaves: list[Any], structure: Structure, arrays: list[Any],
        args: Any, kwargs: Any,
    ) -> Any:  # fmt: skip
        """Compile the plain path, and the careful one where a derivative is NaN; the outputs of the call."""
        try:
            traced, seconds = self._trace(version, leaves, structure, args, kwargs)
        except _STAGING_ERRORS as error:
            return self._eagerly(version, error, args, kwargs)
        # Where the way is known and did not answer, a derivative is NaN.
        plain = next((path for path in ways if path.decisions == traced.decisions()), None)
        if plain is None:
            plain = self._add(version, traced, seconds, leaves, structure)
            out = self._first(plain, traced, arrays)
            if out is not MISSING:
                return out
        try:
            with careful(ALWAYS):
                traced, seconds = self._trace(version, leaves, structure, args, kwargs)
        except _STAGING_ERRORS as error:
            return self._eagerly(version, error, args, kwargs)
        out = self._first(self._add(version, traced, seconds, leaves, structure, plain), traced, arrays)
        return out if out is not MISSING else self._run_eagerly(args, kwargs)

    def _first(self, path: Path, traced: Traced, arrays: list[Any]) -> Any:
        """The outputs of the first call of a path: what the traced run computed, if it computed all."""
        if traced.complete:
            return unflatten(traced.structure, [fresh(v) for v in traced.leaves])
        return take(path, arrays)

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
        out, version.eager = run_instead(error, lambda: self._run_eagerly(args, kwargs))
        warn(f"{self!r} runs eagerly: {version.eager}")
        return out

    def _trace(
        self, version: Version, leaves: list[Any], structure: Structure, args: Any, kwargs: Any
    ) -> tuple[Traced, dict[str, float]]:
        start = time.perf_counter()
        title = getattr(self._f, "__name__", "compiled")
        given = args, self._parameters.ordered(kwargs)
        f = unchanging(self._run, given) if holds_instances(structure) else self._run
        traced = trace_repeatable(f, leaves, structure, version.dynamic, title, (self._f, given))
        return traced, {"trace": time.perf_counter() - start}

    def _add(
        self, version: Version, traced: Traced, seconds: dict[str, float], leaves: list[Any], structure: Structure,
        plain: Path | None = None,
    ) -> Path:  # fmt: skip
        """Compile what was traced; a plain path is the first that the next call tries, a careful one follows it."""
        decisions = traced.decisions()
        whole = with_guards(traced)
        start = time.perf_counter()
        graph, passes = optimise(whole, fast_math=self._fast_math)
        seconds["passes"] = time.perf_counter() - start
        run, engine, more = build(graph, traced, self._backend)
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
            whole, graph, traced.guards, traced.structure, run, seconds, passes, names, engine, way, decisions,
            plain, traced.layout,
        )  # fmt: skip
        version.paths.insert(0 if plain is None else len(version.paths), path)
        self._latest = path
        self._captured.look()
        self._open(path, unflatten(structure, leaves)[1])
        return path

    # Looking inside

    def _path(self) -> Path:
        if self._latest is None:
            raise ArgumentError(f"{self!r} has not compiled anything yet: call it once")
        return self._latest

    @property
    def graph(self) -> Graph:
        """The Graph of the latest path, after the passes."""
        return self._path().graph

    @property
    def source(self) -> str:
        """The latest path as NumPy source."""
        return self._path().source().text

    @property
    def llvm(self) -> str:
        """What LLVM was given for the latest path."""
        return str(self._native().text)

    @property
    def asm(self) -> str:
        """The machine code of the latest path."""
        return str(self._native().library.assembly())

    def report(self) -> str:
        """What the passes did, what is computed where, each call back with its reason, time and memory."""
        limits = [version.eager for version in self._limits.values()]
        return report(repr(self), self._versions.values(), self._latest, limits)

    def _native(self) -> Any:
        engine = self._path().engine
        if engine is None:
            raise ArgumentError(f"{self!r} runs on the numpy backend: there is no machine code; see .source")
        return engine


def compile(
    f: Callable[..., Any] | None = None,
    *,
    static: int | str | Sequence[int | str] = (),
    backend: str | None = None,
    fast_math: bool = False,
    check_captured: bool = False,
) -> Any:
    """Compile a NumPy function, with the transforms inside it, to native code.

    The first call with new shapes, dtypes or static values runs the function once on the real arguments and
    compiles what it did; later calls never run the Python code again. A Python `if` on a value is a guard: where
    it goes the other way, the other way is compiled too.

    Parameters
    ----------
    f : callable
        A function or method of nests of arrays; instances of classes of one's own are nests of their attributes,
        that of a bound method too.
        What it stores happens in the first call only. Without it a decorator is made: `@ad.compile(static="n")`.
    static : int, str, or a sequence of them
        Arguments, by position or name, that are compiled in by value. Python integers, booleans, strings and
        anything else that is not an array or a float is static anyway, for a dozen values of each.
    backend : "native", "numpy" or None
        Machine code by LLVM, or NumPy source; None: native where llvmlite is installed.
    fast_math : bool
        Use identities of real numbers that rounding, NaN, infinities and the sign of zero do not keep.
    check_captured : bool
        Compare the contents of the arrays that the function reads from globals and closures at each call, and
        compile it again where they were written to. That another object has taken their place is always seen.

    Returns
    -------
    Compiled
        Called as `f`. Its `graph`, `source`, `llvm`, `asm` and `report()` show what was made.

    Warns
    -----
    CompileWarning
        What it captures has changed, and it is compiled again. It runs eagerly, for all arguments or for those
        that come after; with the line, and what to write instead.

    Raises
    ------
    ArgumentError
        `f` is not callable, the backend is unknown, or an argument is neither numeric nor hashable.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> gradient = ad.compile(ad.grad(lambda x: np.sum(x**2)))
    >>> gradient(np.array([1.0, 2.0]))
    array([2., 4.])

    """
    several = isinstance(static, Iterable) and not isinstance(static, (str, bytes))
    names: Any = tuple(static) if several else (static,)  # type: ignore[arg-type]
    if f is None:
        return lambda f: Compiled(f, names, backend, fast_math, check_captured)
    return Compiled(f, names, backend, fast_math, check_captured)
