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
from _thread import _count as _count_threads
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from operator import attrgetter, is_
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from .modules import class_of_numpy, double, exchange, is_plain, is_standard

_NUMPYS_NAMES = vars(np)


class _Thread(threading.local):
    """Whether a function of the user's is being differentiated in this thread.

    No context variable, which takes longer to set: a task is never suspended inside a transform.
    """

    running = False


_THREAD = _Thread()
# So often may names be asked for between two transforms, as in `while np.max(np.abs(g)) > tol: g = grad(f)(x)`.
_PATIENCE = 64

# NumPy imports it when it is first asked for; it takes as long as a third of the compiler.
_LATE = "random"
_MODULES = sys.modules
_OWN = __name__.partition(".")[0]
_FOUND_IN = f"{_OWN}.numpy_names"
_frame = sys._getframe
# Where the module `numpy` has what its names stand for now.
_ANSWERS = "__dragongrad_answers__"
# What NumPy's names stand for in a transform: ours, or what the user has put there.
_SHOWN = SimpleNamespace()
_SHOWN_NAMES = vars(_SHOWN)


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
        # What NumPy had under the names when that was last looked at.
        self.seen: list[Any] = []
        # The class of the module `numpy` at other times, and while a transform runs.
        self.usual: type[ModuleType] = ModuleType
        self.answering: type[ModuleType] = class_of_numpy(ModuleType, {})
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
                exchange(names, name, ours, numpys)

    def _restore(self) -> None:
        """Put NumPy's own back where somebody has read ours in a transform, and written it after the transform."""
        for name, ours in self.ours.items():
            exchange(_NUMPYS_NAMES, name, ours, self.numpys[name])

    def _see_what_was_put(self) -> None:
        """Let names stand for what somebody has put there while the module `numpy` had its usual class."""
        held = list(map(_NUMPYS_NAMES.get, self.ours))
        if len(held) != len(self.seen) or not all(map(is_, held, self.seen)):
            for (name, ours), value in zip(self.ours.items(), held, strict=True):
                _SHOWN_NAMES[name] = ours if value is self.numpys[name] else value
            self.seen = held

    def _put(self) -> None:
        if type(np) is not self.answering:
            if type(np) is not self.usual:
                # Somebody else has given NumPy a class.
                self.usual = type(np)
                self.answering = class_of_numpy(self.usual, {n: vars(self.answering)[n] for n in self.ours})
            self._see_what_was_put()
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
                exchange(names, name, numpys, ours)

    def add(self, name: str, numpys: Any, ours: Any) -> None:
        """Let ours answer to a name of NumPy's from now on."""
        self.by_identity[id(numpys)] = ours
        self.ours[name], self.numpys[name] = ours, numpys
        _SHOWN_NAMES[name] = ours
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
                own = title.partition(".")[0] in (_OWN, np.__name__) and title not in (__name__, np.__name__)
                if names is not None and (own or isinstance(loader, ExtensionFileLoader)):
                    self._serve(names)
                self.served.add(title)
            if names is None or self.names.get(id(names)) == len(names) or is_plain(title) or is_standard(names):
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
        _run(_THREAD.running)
        self.take_away()


class _Asking:
    """What names stand for where no transform runs in this thread, or threads have to be told apart."""

    def __getattribute__(self, name: str) -> Any:
        if _THREAD.running and name in _SHOWN_NAMES:
            return _SHOWN_NAMES[name]
        if name not in _NAMESPACE.ours:
            # Somebody looks at everything in NumPy's namespace.
            return object.__getattribute__(self, name)
        _NAMESPACE.asked += 1
        if _NAMESPACE.asked > _PATIENCE:
            _NAMESPACE.take_away()
        held = _NUMPYS_NAMES[name]
        return _NAMESPACE.numpys[name] if held is _NAMESPACE.ours[name] else held


def _answer(name: str, numpys: Any, ours: Any) -> property:
    """What the module `numpy` has under a name: ours in a transform, unless the user has put another there."""

    def put(module: ModuleType, value: Any) -> None:
        # What was read in a transform and is put back is NumPy's own.
        _NUMPYS_NAMES[name] = numpys if value is ours else value
        _SHOWN_NAMES[name] = ours if value is numpys else value
        _NAMESPACE.seen = []

    def remove(module: ModuleType) -> None:
        del _NUMPYS_NAMES[name]
        del _SHOWN_NAMES[name]
        _NAMESPACE.seen = []

    # Written in C: a function of Python's takes three times as long, for each name that a program reads.
    return property(attrgetter(f"{_ANSWERS}.{name}"), put, remove)


class _Late(property):
    """What the module `numpy` has under the name of a part that it has not imported yet."""


def _late() -> _Late:
    def get(module: ModuleType) -> Any:
        # Code of NumPy's own runs, and looks for no answers of ours. Python sets the name when it has imported it.
        running = _THREAD.running
        _run(False)
        try:
            found = import_module(f"{np.__name__}.{_LATE}")
        finally:
            _run(running)
        if _LATE not in _NUMPYS_NAMES:
            _NAMESPACE.arrived(found)
        return getattr(module, _LATE)

    def put(module: ModuleType, value: Any) -> None:
        _NAMESPACE.arrived(value)

    return _Late(get, put)


_NAMESPACE = _Namespace()
_ASKING = _Asking()
_NUMPYS_NAMES[_ANSWERS] = _ASKING


def _run(running: bool) -> None:
    """Say whether a transform runs in this thread."""
    # One that is alone need not be told from others. If another begins it sees our functions, which ask themselves.
    _THREAD.running = running
    _NUMPYS_NAMES[_ANSWERS] = _SHOWN if running and not _count_threads() else _ASKING


os.register_at_fork(after_in_child=_NAMESPACE.after_fork)


def enter() -> bool:
    """Begin to answer for this thread; what is returned is for `leave`."""
    if _THREAD.running:
        return False
    _NAMESPACE.enter()
    _run(True)
    return True


def leave(entered: bool) -> None:
    """Stop answering, where `enter` began it."""
    if entered:
        _run(False)
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
    running = _THREAD.running
    _run(False)
    try:
        yield
    finally:
        _run(running)
        if running:
            _NAMESPACE.serve()


def is_running() -> bool:
    """Whether a transform runs in this thread."""
    return _THREAD.running


def is_answering(depth: int = 2) -> bool:
    """Whether what called the function that asks, or one further out, is the user's code, under a transform."""
    return _THREAD.running and not is_plain(_frame(depth).f_globals.get("__name__"))


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
        _NAMESPACE.add(part, module, double(module))
    setattr(_NAMESPACE.ours[part], last, function)


def ours(name: str) -> Any:
    """What answers to a name of NumPy's while a transform runs; None where NumPy itself does."""
    return _NAMESPACE.ours.get(name)


def answer_for(theirs: Any, ours: Any) -> None:
    """Let ours answer for a function of another library in modules that had imported it by name."""
    _NAMESPACE.by_identity[id(theirs)] = ours
