"""NumPy's namespace while a function of the user's is differentiated.

NumPy asks nobody when it is to make an array: `np.asarray(x)`, `np.array([x[0], 1.0])` and `np.zeros(n)` have no
protocol. While a function runs under a transform, functions of ours answer to these names: the module `numpy` has a
class whose properties they are, and they stand in modules that have imported some by name. Other threads, and code
of NumPy, SciPy and dragongrad itself, get what NumPy's own functions give.

The module is given that class when a transform begins, and its own class back when such names have been asked for
some times outside of any: to do both for every transform would take as long as a small operation.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from types import ModuleType
from typing import Any

import numpy as np

_NUMPYS_NAMES = vars(np)


class _Thread(threading.local):
    """Whether a function of the user's is being differentiated in this thread.

    No context variable, which takes longer to set: a task is never suspended inside a transform.
    """

    running = False


_THREAD = _Thread()
# Packages whose code means NumPy's own arrays: they hand them to C, or look at their memory.
_PLAIN_PACKAGES = frozenset({
    "dragongrad", "numpy", "scipy", "numba", "llvmlite", "optree", "matplotlib", "pandas", "sklearn", "torch",
    "jax", "jaxlib", "tensorflow", "numexpr", "cython", "Cython", "sympy", "mpmath", "PIL", "cv2", "skimage",
    "xarray", "h5py", "numpydoc", "hypothesis", "pytest", "_pytest", "IPython", "ipykernel", "rich", "autograd",
    "importlib",  # beneath it runs what code in C does when it is imported
})  # fmt: skip

# So often may names be asked for between two transforms, as in `while np.max(np.abs(g)) > tol: g = grad(f)(x)`.
_PATIENCE = 64

# NumPy imports it when it is first asked for; it takes as long as a third of the compiler.
_LATE = "random"
_MODULES = sys.modules
_STANDARD = os.path.dirname(os.__file__) + os.sep
_OWN = __name__.partition(".")[0]
_FOUND_IN = f"{_OWN}.numpy_names"
_frame = sys._getframe


class _Namespace:
    """The functions that are replaced, and where."""

    def __init__(self) -> None:
        # It is entered again where garbage is collected, or a signal is handled, while it is held.
        self.lock = threading.RLock()
        # One entry for each thread in which a transform runs.
        self.active: list[None] = []
        # Whether our functions answer everywhere, and no thread is about to take them away.
        self.ready = False
        # How often names were asked for outside, since a transform began.
        self.asked = 0
        # Ours by the identity of NumPy's own, and by their names in NumPy's namespace.
        self.by_identity: dict[int, Any] = {}
        self.ours: dict[str, Any] = {}
        self.numpys: dict[str, Any] = {}
        # The class of the module `numpy` at other times, and while a transform runs.
        self.usual: type[ModuleType] = ModuleType
        self.answering: type[ModuleType] = _class_of_numpy(ModuleType, {})
        # Other modules that have imported some, with the names that these have there.
        self.importers: dict[int, tuple[dict[str, Any], dict[str, tuple[Any, Any]]]] = {}
        # NumPy's own namespace for modules of ours, and for those in C, whose code is in no frame that
        # could be told from the user's.
        self.untouched = ModuleType(np.__name__, np.__doc__)
        self.served: set[str] = set()
        # How many names each module had when it was looked at, and how many modules there were.
        self.names: dict[int, int] = {}
        self.modules = 0
        # What is to be done when NumPy has imported what it imports late.
        self.awaiting: list[Callable[[], None]] = []
        self.main: dict[str, Any] = {}
        self.names_of_main = 0

    def enter(self) -> None:
        """Let our functions answer, for one thread more."""
        # We leave an entry and then ask whether all is ready; `take_away` says that it is not and then looks at the
        # entries. One of two threads that meet sees the other (Dekker's algorithm): nobody needs the lock here.
        self.active.append(None)
        self.asked = 0
        if not self.ready or type(np) is not self.answering or self._has_news():
            with self.lock:
                self.ready = False
                self._put()
                self.ready = not self.importers

    def leave(self) -> None:
        """One thread fewer."""
        self.active.pop()
        if self.importers:
            # The names of `numpy` itself ask whether a transform runs; those that others have imported cannot.
            with self.lock:
                self.ready = False
                if not self.active:
                    self._give_back()

    def take_away(self) -> None:
        """Let NumPy's functions answer, where no transform runs."""
        with self.lock:
            self.ready = False
            if self.active:
                # Whoever enters next puts in place what is there already.
                return
            if type(np) is self.answering:
                np.__class__ = self.usual
                self._restore()
            self._give_back()

    def _give_back(self) -> None:
        """Let modules that have imported names have NumPy's functions again."""
        for names, held in self.importers.values():
            for name, (numpys, ours) in held.items():
                _exchange(names, name, ours, numpys)

    def _restore(self) -> None:
        """Put NumPy's own back where somebody has read ours in a transform, and written it after the transform."""
        for name, ours in self.ours.items():
            _exchange(_NUMPYS_NAMES, name, ours, self.numpys[name])

    def _put(self) -> None:
        if type(np) is not self.answering:
            if type(np) is not self.usual:
                # Somebody else has given NumPy a class.
                self.usual = type(np)
                self.answering = _class_of_numpy(self.usual, {n: vars(self.answering)[n] for n in self.ours})
            np.__class__ = self.answering
        late = vars(self.answering).get(_LATE)
        if _LATE not in _NUMPYS_NAMES and late is None:
            setattr(self.answering, _LATE, _late())
        elif _LATE in _NUMPYS_NAMES and isinstance(late, _Late):
            # It was imported where the class of `numpy` was the usual one, and set in its place.
            delattr(self.answering, _LATE)
        if self._has_news():
            self._look()
        for names, held in self.importers.values():
            for name, (numpys, ours) in held.items():
                _exchange(names, name, numpys, ours)

    def add(self, name: str, numpys: Any, ours: Any) -> None:
        """Let ours answer to a name of NumPy's from now on."""
        self.by_identity[id(numpys)] = ours
        self.ours[name], self.numpys[name] = ours, numpys
        setattr(self.answering, name, _answer(name, numpys, ours))

    def arrived(self, module: Any) -> None:
        """What NumPy imports late is there: its code in C gets NumPy's own functions before any of it runs.

        Or somebody has put something else there.
        """
        with self.lock:
            _NUMPYS_NAMES[_LATE] = module
            if isinstance(vars(self.answering).get(_LATE), _Late):
                delattr(self.answering, _LATE)
            self._look()

    def serve(self) -> None:
        """Let modules of ours that are new have NumPy without our functions at once."""
        with self.lock:
            if self._has_news():
                self._look()

    def _has_news(self) -> bool:
        """Whether there are new modules, or new names in the main one, since these were looked at."""
        return len(_MODULES) != self.modules or len(self.main) != self.names_of_main

    def _look(self) -> None:
        """Look for modules that have imported names."""
        if _is_there():
            if vars(self.untouched).get("__getattr__"):
                vars(self.untouched).setdefault(_LATE, _NUMPYS_NAMES[_LATE])
            while self.awaiting:
                # Done before it is forgotten, as modules are: a child does what is left.
                self.awaiting[-1]()
                self.awaiting.pop()
        main = getattr(_MODULES.get("__main__"), "__dict__", {})
        modules, names_of_main = len(_MODULES), len(main)
        # Each thing is marked as done after it is: another thread may fork at any moment.
        for title, module in list(_MODULES.items()):
            names = getattr(module, "__dict__", None)
            if title not in self.served:
                loader = getattr(getattr(module, "__spec__", None), "loader", None)
                own = title.partition(".")[0] == _OWN and title != __name__
                if names is not None and (own or isinstance(loader, ExtensionFileLoader)):
                    self._serve(names)
                self.served.add(title)
            if names is None or self.names.get(id(names)) == len(names) or _is_plain(title) or _is_standard(names):
                continue
            count = len(names)
            held = {
                name: (f, self.by_identity[id(f)]) for name, f in list(names.items()) if id(f) in self.by_identity
            }
            if held:
                self.importers[id(names)] = names, held
            self.names[id(names)] = count
        self.main, self.modules, self.names_of_main = main, modules, names_of_main

    def _serve(self, names: dict[str, Any]) -> None:
        """Let a module have NumPy without our functions: Cython takes what they give for arrays."""
        known = vars(self.untouched)
        if not known.get("__getattr__"):
            known.update(_NUMPYS_NAMES)
            known["__getattr__"] = lambda name: getattr(np, name)
        for name in [name for name, value in names.items() if value is np]:
            names[name] = self.untouched

    def after_fork(self) -> None:
        """Let a child, which has one thread, count that one alone."""
        self.lock, self.ready, self.modules = threading.RLock(), False, 0
        self.active = [None] if _THREAD.running else []
        self.take_away()


def _exchange(names: dict[str, Any], name: str, old: Any, new: Any) -> None:
    """Put what is new in the place of what is old; what the user has put there stays."""
    if names.get(name) is old:
        names[name] = new


def _class_of_numpy(usual: type[ModuleType], names: dict[str, property]) -> type[ModuleType]:
    """A class for the module `numpy`, in which names have our properties."""

    def reduce(module: ModuleType) -> Any:
        # Libraries that pickle functions with their modules know these by their exact class.
        return import_module, (module.__name__,)

    return type("module", (usual,), {**names, "__reduce__": reduce})


def _answer(name: str, numpys: Any, ours: Any) -> property:
    """What the module `numpy` has under a name: ours in a transform, unless the user has put another there."""

    def get(module: ModuleType) -> Any:
        held = _NUMPYS_NAMES[name]
        if _THREAD.running:
            return ours if held is numpys else held
        _NAMESPACE.asked += 1
        if _NAMESPACE.asked > _PATIENCE:
            _NAMESPACE.take_away()
        return numpys if held is ours else held

    def put(module: ModuleType, value: Any) -> None:
        # What was read in a transform and is put back is NumPy's own.
        _NUMPYS_NAMES[name] = numpys if value is ours else value

    def remove(module: ModuleType) -> None:
        del _NUMPYS_NAMES[name]

    return property(get, put, remove)


class _Late(property):
    """What the module `numpy` has under the name of a part that it has not imported yet."""


def _late() -> _Late:
    def get(module: ModuleType) -> Any:
        # Code of NumPy's own runs, and looks for no answers of ours. Python sets the name when it has imported it.
        running, _THREAD.running = _THREAD.running, False
        try:
            found = import_module(f"{np.__name__}.{_LATE}")
        finally:
            _THREAD.running = running
        if _LATE not in _NUMPYS_NAMES:
            _NAMESPACE.arrived(found)
        return getattr(module, _LATE)

    def put(module: ModuleType, value: Any) -> None:
        _NAMESPACE.arrived(value)

    return _Late(get, put)


_NAMESPACE = _Namespace()
os.register_at_fork(after_in_child=_NAMESPACE.after_fork)


def enter() -> bool:
    """Begin to answer for this thread; what is returned is for `leave`."""
    if _THREAD.running:
        return False
    _NAMESPACE.enter()
    _THREAD.running = True
    return True


def leave(entered: bool) -> None:
    """Stop answering, where `enter` began it."""
    if entered:
        _THREAD.running = False
        _NAMESPACE.leave()


@contextmanager
def answering() -> Iterator[None]:
    """Answer to NumPy's names inside a `with` block."""
    entered = enter()
    try:
        yield
    finally:
        leave(entered)


@contextmanager
def not_answering() -> Iterator[None]:
    """Leave NumPy's names to NumPy inside a `with` block: code of our own looks functions up by identity."""
    running, _THREAD.running = _THREAD.running, False
    try:
        yield
    finally:
        _THREAD.running = running
        if running:
            _NAMESPACE.serve()


@cache
def _is_plain(title: str | None) -> bool:
    return (title or "").partition(".")[0] in _PLAIN_PACKAGES


def _is_standard(names: dict[str, Any]) -> bool:
    """Whether a module is of Python's own library, which has imported nothing of NumPy's; its path tells."""
    path = names.get("__file__")
    return isinstance(path, str) and path.startswith(_STANDARD) and "site-packages" not in path


def is_running() -> bool:
    """Whether a transform runs in this thread."""
    return _THREAD.running


def is_answering() -> bool:
    """Whether what called the function that asks is the user's code, under a transform."""
    return _THREAD.running and not _is_plain(_frame(2).f_globals.get("__name__"))


def generators() -> Any:
    """NumPy's module of generators; None where nobody has asked for it, so that there are none."""
    found = _MODULES.get(f"{np.__name__}.{_LATE}")
    # Another thread may be importing it.
    return found if hasattr(found, "get_state") else None


def _is_there() -> bool:
    """Whether what NumPy imports late is there, under its own name."""
    return _LATE in _NUMPYS_NAMES and _NUMPYS_NAMES[_LATE] is generators()


def when_random(do: Callable[[], None]) -> None:
    """Do something now if NumPy has imported its generators, and otherwise as soon as it has."""
    with _NAMESPACE.lock:
        if not _is_there():
            _NAMESPACE.awaiting.append(do)
            return
    do()


def replace(name: str, function: Callable[..., Any]) -> None:
    """Let a function answer to a name of NumPy's while a transform runs; `linalg.det` names a part of a part."""
    part, _, last = name.rpartition(".")
    module = getattr(np, part) if part else np
    original = getattr(module, last)
    function.__name__, function.__qualname__, function.__doc__ = last, name, original.__doc__
    # Not NumPy's: pickle looks for it there, also once NumPy's names are NumPy's again.
    function.__module__ = _FOUND_IN
    if not part:
        _NAMESPACE.add(name, original, function)
        return
    _NAMESPACE.by_identity[id(original)] = function
    # Another module answers for all of a part, whose own class stays as it is.
    if part not in _NAMESPACE.ours:
        _NAMESPACE.add(part, module, _double(module))
    setattr(_NAMESPACE.ours[part], last, function)


def ours(name: str) -> Any:
    """What answers to a name of NumPy's while a transform runs; None where NumPy itself does."""
    return _NAMESPACE.ours.get(name)


def _double(module: ModuleType) -> ModuleType:
    double = ModuleType(module.__name__, module.__doc__)
    vars(double).update(vars(module))
    return double


def answer_for(theirs: Any, ours: Any) -> None:
    """Let ours answer for a function of another library in modules that had imported it by name."""
    _NAMESPACE.by_identity[id(theirs)] = ours
