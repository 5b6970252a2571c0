"""What happens when modules are imported: this package's own, and those of NumPy that are imported late.

Our own look functions up by identity, and enter rules for them: if a transform runs, NumPy's names are NumPy's own
meanwhile. Those of `numpy.polynomial` are plain Python, and answered as the user's code is. They also ask
`isinstance(x, np.ndarray)` whether a value has axes: of a Variable the answer is yes.
"""

from __future__ import annotations

import sys
from abc import ABCMeta
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from .modules import is_polynomials
from .namespace import is_running, not_answering

if TYPE_CHECKING:
    # Importing it takes an eighth of the time that importing this package takes.
    from importlib.abc import Loader

_OWN = f"{__name__.partition('.')[0]}."


class HasAxes(metaclass=ABCMeta):  # noqa: B024  # it stands for what is registered
    """What an array is to functions of NumPy that only ask for axes."""


HasAxes.register(np.ndarray)


class _Seen(ModuleType):
    """NumPy's namespace for modules that take for an array whatever has axes."""

    ndarray = HasAxes
    # A global name of ours would get a namespace without our answers.
    _numpys = np

    def __getattr__(self, name: str) -> Any:
        return getattr(self._numpys, name)


_SEEN = _Seen(np.__name__, np.__doc__)


def _ask_for_axes(module: ModuleType) -> None:
    """Let a module take for an array whatever has axes."""
    vars(module)["np"] = _SEEN


class _Finder:
    """Finds NumPy's modules of polynomials, and our own while a transform runs; all others are found as ever."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module is, and what runs it."""
        polynomials = is_polynomials(fullname)
        if not polynomials and not (fullname.startswith(_OWN) and is_running()):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = (_OfPolynomials if polynomials else _Apart)(spec.loader)  # type: ignore[assignment]  # by its methods
        return spec


class _Apart:
    """Runs a module with NumPy's names left to NumPy; afterwards the module has the usual loader."""

    def __init__(self, usual: Loader) -> None:
        self._usual = usual

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module as ever."""
        return self._usual.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        module.__loader__ = self._usual
        if module.__spec__ is not None:
            module.__spec__.loader = self._usual
        with not_answering():
            self._usual.exec_module(module)


class _OfPolynomials(_Apart):
    """Lets a module of polynomials ask for axes, once it has been run."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        super().exec_module(module)
        _ask_for_axes(module)


def install() -> None:
    """Let modules be imported so from now on, and those of polynomials that are there ask for axes."""
    sys.meta_path.insert(0, _Finder())
    for title, module in list(sys.modules.items()):
        if is_polynomials(title):
            _ask_for_axes(module)
