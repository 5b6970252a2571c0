"""Modules: which mean NumPy's own arrays, and how what they hold is exchanged."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from types import FrameType, ModuleType
from typing import Any

import numpy as np

# Packages whose code means NumPy's own arrays: they hand them to C, or look at their memory.
_PLAIN_PACKAGES = frozenset({
    "dragongrad", "numpy", "scipy", "numba", "llvmlite", "optree", "matplotlib", "pandas", "sklearn", "torch",
    "jax", "jaxlib", "tensorflow", "numexpr", "cython", "Cython", "sympy", "mpmath", "PIL", "cv2", "skimage",
    "xarray", "h5py", "numpydoc", "hypothesis", "pytest", "_pytest", "IPython", "ipykernel", "rich", "autograd",
    "importlib",  # beneath it runs what code in C does when it is imported
})  # fmt: skip
_STANDARD = os.path.dirname(os.__file__) + os.sep


@cache
def is_plain(title: str | None) -> bool:
    """Whether a module's code, by its name, means NumPy's own arrays."""
    return (title or "").partition(".")[0] in _PLAIN_PACKAGES


def is_standard(names: dict[str, Any]) -> bool:
    """Whether a module is of Python's own library, which has imported nothing of NumPy's; its path tells."""
    path = names.get("__file__")
    return isinstance(path, str) and path.startswith(_STANDARD) and "site-packages" not in path


def exchange(names: dict[str, Any], name: str, old: Any, new: Any) -> None:
    """Put what is new in the place of what is old; what the user has put there stays."""
    if names.get(name) is old:
        names[name] = new


def class_of_numpy(usual: type[ModuleType], names: dict[str, property]) -> type[ModuleType]:
    """A class for the module `numpy`, in which names have our properties."""

    def reduce(module: ModuleType) -> Any:
        # Libraries that pickle functions with their modules know these by their exact class.
        return import_module, (module.__name__,)

    return type("module", (usual,), {**names, "__reduce__": reduce})


def double(module: ModuleType) -> ModuleType:
    """Another module that holds the same."""
    made = ModuleType(module.__name__, module.__doc__)
    vars(made).update(vars(module))
    return made


# Where the code of dragongrad, NumPy and its kin stands, as the beginnings of its files.
_HERE, _SITE = (
    os.path.dirname(os.path.abspath(__file__)),
    os.path.dirname(os.path.dirname(os.path.abspath(np.__file__))),
)
_KIN = ("numpy", "scipy", "pandas", "xarray", "sklearn", "einops")
INSIDE = (os.path.join(_HERE, ""), "<__array_function__", *[os.path.join(_SITE, name, "") for name in _KIN])


def is_inside(frame: FrameType) -> bool:
    """Whether a frame is of dragongrad, NumPy and its kin: by its file, or by its module where that has none."""
    name = frame.f_code.co_filename
    if name.startswith(INSIDE):
        return True
    # Cython names its own sources, which are not there, and `exec` none.
    return not os.path.isabs(name) and str(frame.f_globals.get("__name__")).partition(".")[0] in _KIN
