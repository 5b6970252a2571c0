"""`ad.compile`: which compiled path answers a call, and what becomes of calls that none can answer."""

from __future__ import annotations

import functools
import inspect
import threading
import time
import types
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, CompileWarning
from ..core.graph import Graph
from ..core.nests import Structure, flatten, unflatten
from ..core.variable import Variable
from .backends.native.backend import Native
from .backends.numpy_source import Source
from .passes import optimise
from .trace import Guard, Traced, UnstageableError, trace_call

BACKENDS = ("native", "numpy")
# More ways through a function's `if`s than this are not worth compiling: the next one runs eagerly.
MAX_PATHS = 12
# As many versions for other shapes, dtypes and static values.
MAX_VERSIONS = 64
_MISSING = object()


@dataclass
class Path:
    """One way through a function: its Graph before and after the passes, and what runs it."""

    traced: Graph
    graph: Graph
    guards: list[Guard]
    structure: Structure
    run: Callable[[list[Any]], list[Any]]
    seconds: dict[str, float]
    passes: list[tuple[str, int, float]]
    names: list[str]
    engine: Any = None

    def source(self) -> Source:
        """The Graph as NumPy source; the guards are no part of it."""
        count = len(self.graph.outputs) - len(self.guards)
        shown = Graph(
            self.graph.title, self.graph.inputs, self.graph.nodes, self.graph.outputs[:count], self.graph.names
        )
        return Source(optimise(shown)[0], self.names)


@dataclass
class Version:
    """The paths for one structure of arguments, with one set of shapes, dtypes and static values."""

    dynamic: list[int]
    paths: list[Path] = field(default_factory=list)
    eager: str = ""  # why this version runs eagerly, where it does
    lock: threading.Lock = field(default_factory=threading.Lock)


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
    """

    def __init__(self, f: Any, static: tuple[int | str, ...], backend: str | None) -> None:
        if not callable(f):
            raise ArgumentError(f"compile takes a function, got {f!r}")
        if backend is not None and backend not in BACKENDS:
            raise ArgumentError(f"backend must be one of {', '.join(map(repr, BACKENDS))}, got {backend!r}")
        functools.update_wrapper(self, f, updated=())
        self._f = f
        self._static = static
        self._backend = backend
        self._versions: dict[Any, Version] = {}
        self._latest: Path | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> Any:
        return Compiled, (self._f, self._static, self._backend)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"compile({getattr(self._f, '__qualname__', self._f)!s})"

    # Calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value of the function."""
        leaves, structure = flatten((args, kwargs))
        if any(isinstance(leaf, Variable) for leaf in leaves):
            # Somebody differentiates or traces around us: this function is part of theirs.
            return self._f(*args, **kwargs)
        fixed = self._fixed(args, kwargs) if self._static else frozenset()
        key, dynamic = _key(leaves, structure, fixed)
        version = self._versions.get(key)
        if version is None:
            version = self._new_version(key, dynamic)
        if version.eager:
            return self._f(*args, **kwargs)
        arrays = [_ready(leaves[i]) for i in version.dynamic]
        for path in version.paths:
            out = _take(path, arrays)
            if out is not _MISSING:
                return out
        return self._new_path(version, leaves, structure, arrays, args, kwargs)

    def _fixed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> frozenset[int]:
        """The leaves of the arguments named static."""
        found: set[int] = set()
        at = 0
        for name, value in [*enumerate(args), *sorted(kwargs.items())]:
            count = len(flatten(value)[0])
            if name in self._static or (isinstance(name, int) and name - len(args) in self._static):
                found.update(range(at, at + count))
            at += count
        return frozenset(found)

    def _new_version(self, key: Any, dynamic: list[int]) -> Version:
        with self._lock:
            version = self._versions.get(key)
            if version is None:
                version = self._versions[key] = Version(dynamic)
                if len(self._versions) == MAX_VERSIONS:
                    _warn(
                        f"{self!r} was compiled for {MAX_VERSIONS} sets of shapes, dtypes and static values: "
                        "pass numbers that change as floats or arrays (Python integers and strings are static)"
                    )
        return version

    def _new_path(
        self, version: Version, leaves: list[Any], structure: Structure, arrays: list[Any], args: Any, kwargs: Any
    ) -> Any:
        with version.lock:
            # Another thread may have traced it while we waited.
            for path in version.paths:
                out = _take(path, arrays)
                if out is not _MISSING:
                    return out
            if version.eager or len(version.paths) >= MAX_PATHS:
                if not version.eager:
                    version.eager = f"more than {MAX_PATHS} ways through its decisions"
                    _warn(
                        f"{self!r} takes more than {MAX_PATHS} ways through decisions that depend on values; it "
                        f"runs eagerly from now on. The last decision was {version.paths[-1].guards[-1].line}\n"
                        "Write np.where(condition, a, b) where both sides can be computed"
                    )
                return self._f(*args, **kwargs)
            try:
                path, out = self._trace(version, leaves, structure)
            except UnstageableError as error:
                version.eager = str(error)
                _warn(f"{self!r} runs eagerly: {error}")
                return self._f(*args, **kwargs)
            version.paths.insert(0, path)
            self._latest = path
            return out

    def _trace(self, version: Version, leaves: list[Any], structure: Structure) -> tuple[Path, Any]:
        start = time.perf_counter()
        title = getattr(self._f, "__name__", "compiled")
        traced = trace_call(self._f, leaves, structure, version.dynamic, title)
        seconds = {"trace": time.perf_counter() - start}
        whole = _with_guards(traced)
        start = time.perf_counter()
        graph, passes = optimise(whole)
        seconds["passes"] = time.perf_counter() - start
        run, engine, more = _build(graph, self._backend)
        names = _names(self._f, version.dynamic, leaves, structure)
        path = Path(
            whole, graph, traced.guards, traced.structure, run, {**seconds, **more}, passes, names, engine
        )  # fmt: skip
        return path, unflatten(traced.structure, [_fresh(v) for v in traced.leaves])

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

    def _native(self) -> Any:
        engine = self._path().engine
        if engine is None:
            raise ArgumentError(f"{self!r} runs on the numpy backend: there is no machine code; see .source")
        return engine


def _key(leaves: list[Any], structure: Structure, fixed: frozenset[int]) -> tuple[Any, list[int]]:
    parts: list[Any] = [structure]
    dynamic = []
    for i, leaf in enumerate(leaves):
        if leaf.__class__ is np.ndarray and i not in fixed:
            if leaf.dtype.hasobject:
                raise ArgumentError("a compiled function takes arrays of numbers, one has dtype object")
            parts.append((leaf.dtype, leaf.shape))
            dynamic.append(i)
        elif isinstance(leaf, (float, complex, np.generic)) and i not in fixed:
            parts.append(leaf.__class__)
            dynamic.append(i)
        else:
            parts.append(_static_key(leaf))
    return tuple(parts), dynamic


def _static_key(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.dtype, leaf.shape, leaf.tobytes()
    try:
        hash(leaf)
    except TypeError:
        raise ArgumentError(
            f"a static argument must be hashable, got {type(leaf).__name__}: pass an array, a number, a string "
            "or a nest of them"
        ) from None
    return leaf.__class__, leaf


def _ready(value: Any) -> Any:
    return value if value.__class__ is np.ndarray else np.asarray(value)


def _fresh(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _take(path: Path, arrays: list[Any]) -> Any:
    """The outputs of a path, or `_MISSING` where it decides otherwise on these values."""
    out = path.run(arrays)
    count = len(path.guards)
    if count:
        for guard, value in zip(path.guards, out[-count:], strict=True):
            if bool(value) is not guard.taken:
                return _MISSING
        out = out[:-count]
    return unflatten(path.structure, out)


def _with_guards(traced: Traced) -> Graph:
    graph = traced.graph
    outputs = [*graph.outputs, *[g.node for g in traced.guards]]
    return Graph(graph.title, graph.inputs, graph.nodes, outputs, graph.names)


def _build(graph: Graph, backend: str | None) -> tuple[Callable[[list[Any]], list[Any]], Any, dict[str, float]]:
    """What runs a Graph: the function, the engine behind it, and the seconds it took."""
    if backend == "native" or (backend is None and _has_llvm()):
        engine = Native(graph)
        return engine, engine, engine.seconds
    start = time.perf_counter()
    function = Source(graph).function

    def run(arrays: list[Any]) -> list[Any]:
        with np.errstate(all="ignore"):
            return [_fresh(v) if isinstance(v, np.ndarray) else v for v in function(*[a[()] for a in arrays])]

    return run, None, {"source": time.perf_counter() - start}


@functools.cache
def _has_llvm() -> bool:
    found = find_spec("llvmlite") is not None
    if not found:
        _warn("llvmlite is not installed: compiled functions run as NumPy source; pip install llvmlite")
    return found


def _warn(message: str) -> None:
    warnings.warn(message, CompileWarning, stacklevel=4)


def _names(f: Any, dynamic: list[int], leaves: list[Any], structure: Structure) -> list[str]:
    """Names for the inputs, from the parameters of the function."""
    try:
        parameters = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        parameters = []
    args, kwargs = unflatten(structure, list(range(len(leaves))))
    names = {}
    for k, value in enumerate(args):
        inner = flatten(value)[0]
        base = parameters[k] if k < len(parameters) else f"x{k}"
        names.update({i: base if len(inner) == 1 else f"{base}{j}" for j, i in enumerate(inner)})
    for key, value in kwargs.items():
        inner = flatten(value)[0]
        names.update({i: key if len(inner) == 1 else f"{key}{j}" for j, i in enumerate(inner)})
    return [names[i] for i in dynamic]


def compile(
    f: Callable[..., Any] | None = None, *, static: int | str | Sequence[int | str] = (), backend: str | None = None
) -> Any:
    """Compile a NumPy function, with the transforms inside it, to native code.

    The first call with new shapes, dtypes or static values runs the function once on the real arguments and
    compiles what it did; later calls never run the Python code again. A Python `if` on a value is a guard: where
    it goes the other way, the other way is compiled too.

    Parameters
    ----------
    f : callable
        A function of nests of arrays; what it prints or stores happens in the first call only. Without it a
        decorator is made: `@ad.compile(static="n")`.
    static : int, str, or a sequence of them
        Arguments, by position or name, that are compiled in by value. Python integers, booleans, strings and
        anything else that is not an array or a float is static anyway.
    backend : "native", "numpy" or None
        Machine code by LLVM, or NumPy source; None: native where llvmlite is installed.

    Returns
    -------
    Compiled
        Called as `f`. Its `graph`, `source`, `llvm`, `asm` and `report()` show what was made.

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
    names = (static,) if isinstance(static, (int, str)) else tuple(static)
    if f is None:
        return lambda f: Compiled(f, names, backend)
    return Compiled(f, names, backend)
