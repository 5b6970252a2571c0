"""NumPy's namespace while a function of the user's is differentiated.

NumPy asks nobody when it is to make an array: `np.asarray(x)`, `np.array([x[0], 1.0])` and `np.zeros(n)` have no
protocol. While a function runs under a transform, functions of ours answer to these names, in NumPy's namespace and
in modules that have imported them by name. They are put there when the first transform begins, in whatever thread,
and taken away when the last one ends. Other threads, and code of NumPy, SciPy and dragongrad itself, get what
NumPy's own functions give.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import cache
from importlib.machinery import ExtensionFileLoader
from operator import itemgetter
from types import ModuleType
from typing import Any

import numpy as np

_NUMPYS_NAMES = vars(np)
# Whether a function of the user's is being differentiated in this thread or task.
_RUNNING: ContextVar[bool] = ContextVar("dragongrad.running", default=False)
# Packages whose code means NumPy's own arrays: they hand them to C, or look at their memory.
_PLAIN_PACKAGES = frozenset({
    "dragongrad", "numpy", "scipy", "numba", "llvmlite", "optree", "matplotlib", "pandas", "sklearn", "torch",
    "jax", "jaxlib", "tensorflow", "numexpr", "cython", "Cython", "sympy", "mpmath", "PIL", "cv2", "skimage",
    "xarray", "h5py", "numpydoc", "hypothesis", "pytest", "_pytest", "IPython", "ipykernel", "rich", "autograd",
})  # fmt: skip

_frame = sys._getframe


class _Namespace:
    """The functions that are replaced, where, and for how many threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        # Ours by the identity of NumPy's own, and by their names in NumPy's namespace.
        self.by_identity: dict[int, Any] = {}
        self.ours: dict[str, Any] = {}
        self.numpys: dict[str, Any] = {}
        # Gives what stands under all of these names at once.
        self.look_up: Callable[[dict[str, Any]], Any] = lambda names: ()
        # Other modules that have imported some, with the names that these have there.
        self.importers: dict[int, tuple[dict[str, Any], dict[str, tuple[Any, Any]]]] = {}
        # NumPy's own namespace for modules in C, whose code is in no frame that could be told from the user's.
        self.compiled = ModuleType(np.__name__, np.__doc__)
        self.served: set[str] = set()
        # How many names each module had when it was looked at, and how many modules there were.
        self.names: dict[int, int] = {}
        self.modules = 0

    def put(self) -> None:
        """Let our functions answer."""
        if not self.served:
            # NumPy imports it when it is first asked for, which would be too late for `_look`.
            self.served.add(np.random.__name__)
        self._exchange(self.numpys, self.ours)
        self._look()
        for names, held in self.importers.values():
            for name, (numpys, ours) in held.items():
                if names.get(name) is numpys:
                    names[name] = ours

    def take_away(self) -> None:
        """Let NumPy's functions answer."""
        self._exchange(self.ours, self.numpys)
        for names, held in self.importers.values():
            for name, (numpys, ours) in held.items():
                if names.get(name) is ours:
                    names[name] = numpys

    def _exchange(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Put what is new in the place of what is old; what the user has put there stays."""
        if self.look_up(_NUMPYS_NAMES) == tuple(old.values()):
            _NUMPYS_NAMES.update(new)
            return
        _NUMPYS_NAMES.update({name: f for name, f in new.items() if _NUMPYS_NAMES[name] is old[name]})

    def add(self, name: str, numpys: Any, ours: Any) -> None:
        """Let ours answer to a name of NumPy's from now on."""
        self.by_identity[id(numpys)] = ours
        self.ours[name], self.numpys[name] = ours, numpys
        self.look_up = itemgetter(*self.ours)

    def _look(self) -> None:
        """Look for modules that have imported names, where there are new modules or new names in the main one."""
        main = getattr(sys.modules.get("__main__"), "__dict__", {})
        if len(sys.modules) == self.modules and self.names.get(id(main)) == len(main):
            return
        self.modules = len(sys.modules)
        for title, module in list(sys.modules.items()):
            names = getattr(module, "__dict__", None)
            if title not in self.served:
                self.served.add(title)
                loader = getattr(getattr(module, "__spec__", None), "loader", None)
                if names is not None and isinstance(loader, ExtensionFileLoader):
                    self._serve(names)
            if names is None or self.names.get(id(names)) == len(names) or _is_plain(title):
                continue
            self.names[id(names)] = len(names)
            held = {
                name: (f, self.by_identity[id(f)]) for name, f in list(names.items()) if id(f) in self.by_identity
            }
            if held:
                self.importers[id(names)] = names, held

    def _serve(self, names: dict[str, Any]) -> None:
        """Let a module in C have NumPy without our functions: Cython takes what they give for arrays."""
        known = vars(self.compiled)
        if not known.get("__getattr__"):
            known.update(_NUMPYS_NAMES | self.numpys)
            known["__getattr__"] = lambda name: getattr(np, name)
        for name in [name for name, value in names.items() if value is np]:
            names[name] = self.compiled

    def after_fork(self) -> None:
        """Let a child, which has one thread, count that one alone."""
        self.lock = threading.Lock()
        self.count = int(_RUNNING.get())
        if not self.count:
            self.take_away()


_NAMESPACE = _Namespace()
os.register_at_fork(after_in_child=_NAMESPACE.after_fork)


def enter() -> Token[bool] | None:
    """Begin to answer for this thread; what is returned is for `leave`."""
    if _RUNNING.get():
        return None
    with _NAMESPACE.lock:
        _NAMESPACE.count += 1
        if _NAMESPACE.count == 1:
            _NAMESPACE.put()
    return _RUNNING.set(True)


def leave(token: Token[bool] | None) -> None:
    """Stop answering, where `enter` began it."""
    if token is None:
        return
    _RUNNING.reset(token)
    with _NAMESPACE.lock:
        _NAMESPACE.count -= 1
        if not _NAMESPACE.count:
            _NAMESPACE.take_away()


@contextmanager
def answering() -> Iterator[None]:
    """Answer to NumPy's names inside a `with` block."""
    token = enter()
    try:
        yield
    finally:
        leave(token)


@cache
def _is_plain(title: str | None) -> bool:
    return (title or "").partition(".")[0] in _PLAIN_PACKAGES


def is_answering() -> bool:
    """Whether what called the function that asks is the user's code, under a transform."""
    return _RUNNING.get() and not _is_plain(_frame(2).f_globals.get("__name__"))


def replace(name: str, function: Callable[..., Any]) -> None:
    """Let a function answer to a name of NumPy's while a transform runs; `linalg.det` names a part of a part."""
    part, _, last = name.rpartition(".")
    module = getattr(np, part) if part else np
    original = getattr(module, last)
    function.__name__ = function.__qualname__ = last
    function.__module__, function.__doc__ = module.__name__, original.__doc__
    if not part:
        _NAMESPACE.add(name, original, function)
        return
    _NAMESPACE.by_identity[id(original)] = function
    # One name to put and to take away is quicker than many: another module answers for all of a part.
    if part not in _NAMESPACE.ours:
        _NAMESPACE.add(part, module, _double(module))
    setattr(_NAMESPACE.ours[part], last, function)


def _double(module: ModuleType) -> ModuleType:
    double = ModuleType(module.__name__, module.__doc__)
    vars(double).update(vars(module))
    return double
