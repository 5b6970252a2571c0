"""Which functions in Python of SciPy's have others that answer for Variables, and how those come to.

SciPy asks nobody when it makes an array of an argument, and so its functions in Python lose the derivative. From
its import on, the module `scipy.special` has ours under their names, which call SciPy's for plain arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import update_wrapper
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import namespace
from ..blocks.creation import holds_variable
from ..core.variable import Variable

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

# Those that `special/functions.py` has.
_PYTHON = """
comb diric factorial lambertw legendre_p log_softmax logsumexp multigammaln perm polygamma softmax sph_harm_y
sph_legendre_p spherical_in spherical_jn spherical_kn spherical_yn
"""
PYTHON = frozenset(_PYTHON.split())
# Those that have no rule, with the reason or the line to write instead.
_SEQUENCE = "it gives all orders up to one, of one number; write a call for each order"
REFUSED = {
    "assoc_legendre_p": "write scipy.special.lpmv(m, n, z)",
    "assoc_legendre_p_all": "write scipy.special.lpmv(m, n, z) for each degree and order",
    "ellip_harm": "SciPy has its value alone",
    "ellip_harm_2": "SciPy has its value alone",
    "ellip_normal": "SciPy has its value alone",
    "factorial2": "it is a product of integers; write it with scipy.special.gamma",
    "factorialk": "it is a product of integers; write it with scipy.special.gamma",
    "legendre_p_all": "write scipy.special.legendre_p(n, z) for each degree",
    "lmbda": _SEQUENCE,
    "lqmn": _SEQUENCE,
    "lqn": _SEQUENCE,
    "pbdn_seq": _SEQUENCE,
    "pbdv_seq": _SEQUENCE,
    "pbvv_seq": _SEQUENCE,
    "riccati_jn": _SEQUENCE,
    "riccati_yn": _SEQUENCE,
    "sph_harm_y_all": "write scipy.special.sph_harm_y(n, m, theta, phi) for each degree and order",
    "sph_legendre_p_all": "write scipy.special.sph_legendre_p(n, m, theta) for each degree and order",
    "stirling2": "it counts with integers",
}
_OURS, _THEIRS = f"{__package__}.special", "scipy.special"


def _meets_variable(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    given = (*args, *kwargs.values())
    return any(isinstance(a, Variable) or (isinstance(a, (list, tuple)) and holds_variable(a)) for a in given)


def _for_variables(name: str, original: Any) -> Callable[..., Any]:
    """SciPy's function, but where a Variable is among its arguments."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        if not _meets_variable(args, kwargs):
            return original(*args, **kwargs)
        ours = import_module(_OURS)
        return ours.refuse(name) if name in REFUSED else getattr(ours, name)(*args, **kwargs)

    update_wrapper(answer, original, updated=())
    # Pickle looks for it there.
    answer.__name__, answer.__qualname__, answer.__module__ = name, name, _THEIRS
    return answer


def _answer_in(module: ModuleType) -> None:
    """Put ours in the place of SciPy's functions, also where those were imported by name before."""
    names = vars(module)
    for name in (PYTHON | set(REFUSED)).intersection(names):
        theirs = names[name]
        names[name] = ours = _for_variables(name, theirs)
        namespace.answer_for(theirs, ours)


class _Watch:
    """Waits for the import of SciPy's module, of which it changes nothing but what is done after it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that the other finders give, or None for any other module."""
        if fullname != _THEIRS:
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        found = (finder.find_spec(fullname, path, target) for finder in sys.meta_path)
        spec = next((one for one in found if one is not None), None)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def execute_and_answer(module: ModuleType) -> None:
                del loader.exec_module
                execute(module)
                _answer_in(module)

            loader.exec_module = execute_and_answer
        return spec


def install() -> None:
    """Let these functions answer, now or when SciPy's module is imported."""
    module = sys.modules.get(_THEIRS)
    if module is None:
        sys.meta_path.insert(0, _Watch())  # type: ignore[arg-type]
    else:
        _answer_in(module)
