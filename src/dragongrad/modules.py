"""Modules: which mean NumPy's own arrays, and how what they hold is exchanged."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import Any

# Packages whose code means NumPy's own arrays: they hand them to C, or look at their memory.
_PLAIN_PACKAGES = frozenset({
    "dragongrad", "numpy", "scipy", "numba", "llvmlite", "optree", "matplotlib", "pandas", "sklearn", "torch",
    "jax", "jaxlib", "tensorflow", "numexpr", "cython", "Cython", "sympy", "mpmath", "PIL", "cv2", "skimage",
    "xarray", "h5py", "numpydoc", "hypothesis", "pytest", "_pytest", "IPython", "ipykernel", "rich", "autograd",
    "importlib",  # beneath it runs what code in C does when it is imported
})  # fmt: skip
_STANDARD = os.path.dirname(os.__file__) + os.sep


# But this part of NumPy is written in Python, by names of NumPy's that are public.
_POLYNOMIALS = "numpy.polynomial"


def is_polynomials(title: str) -> bool:
    """Whether a module is one of NumPy's about polynomials."""
    return title.startswith(_POLYNOMIALS)


class _Titles(dict[Any, bool]):
    """Whether modules' code, by their names, means NumPy's own arrays: asked in each call that is answered."""

    def __missing__(self, title: str | None) -> bool:
        title = title or ""
        self[title] = answer = title.partition(".")[0] in _PLAIN_PACKAGES and not is_polynomials(title)
        return answer


is_plain = _Titles().__getitem__


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
