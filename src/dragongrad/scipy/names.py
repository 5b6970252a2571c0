"""Which functions in Python of SciPy's have others that answer for Variables, and how those come to.

SciPy asks nobody when it makes an array of an argument, and so its functions in Python lose the derivative. From
its import on, the module `scipy.special` has ours under their names, which call SciPy's for plain arguments, and
so have its sparse matrices for their operators.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import update_wrapper
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import namespace
from ..core.errors import NoRuleError, user_line
from ..core.variable import Variable, holds_variable, plain

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
# The operators and methods of SciPy's sparse matrices that may meet a Variable.
_OPERATORS = """
__matmul__ __rmatmul__ __mul__ __rmul__ __add__ __radd__ __sub__ __rsub__ __truediv__ multiply dot
maximum minimum __pow__ power __imul__ __itruediv__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__
"""


def _meets_variable(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    given = (*args, *kwargs.values())
    return any(isinstance(a, Variable) or (isinstance(a, (list, tuple)) and holds_variable(a)) for a in given)


def _holds_one(array: Any) -> bool:
    """Whether a Variable is among the elements of an array: one of other objects is SciPy's to judge."""
    return array.dtype.hasobject and any(isinstance(v, Variable) for v in array.ravel().tolist())


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


def _of_sparse(name: str, original: Any) -> Callable[..., Any]:
    """A method of SciPy's sparse matrices, but where a Variable is the other operand or holds the entries."""
    # What is written in place is a matrix of ours, which the name holds then.
    ours_name = name.replace("__i", "__")

    def answer(self: Any, *given: Any, **options: Any) -> Any:
        # SciPy's methods have different names for the other operand, and options beside it.
        other = given[0] if given else next(iter(options.values()), None)
        kind: Any = other.__class__
        if getattr(kind, "answers_variables", False):
            return getattr(kind.of(self), ours_name)(*given, **options)
        meets = isinstance(other, Variable) if kind is not np.ndarray else _holds_one(other)
        if meets or isinstance(getattr(self, "data", None), Variable):
            if isinstance(plain(other), Variable) or isinstance(self.data, Variable):
                ours = import_module(f"{__package__}.sparse.arrays").as_sparse(self)
                return getattr(ours, ours_name)(*given, **options)
            given = tuple(map(plain, given))
            options = {key: plain(value) for key, value in options.items()}
        return original(self, *given, **options)

    return update_wrapper(answer, original, updated=())


def _written(name: str, original: Any) -> Callable[..., Any]:
    """A method of SciPy's sparse matrices that writes into them, which refuses Variables."""

    def write(self: Any, *args: Any, **kwargs: Any) -> Any:
        held = import_module(f"{__package__}.chapters").holds_variable
        if held((args, kwargs)):
            raise NoRuleError(
                f"a sparse matrix of SciPy's holds no Variables: {type(self).__name__}.{name}\n  at {user_line()}\n"
                "Write A = dragongrad.scipy.sparse.SparseArray.of(A) first, or "
                "dragongrad.scipy.sparse.coo_array((data, (i, j)), shape=...)"
            )
        return original(self, *args, **kwargs)

    return update_wrapper(write, original, updated=())


def _answer_for_sparse(module: ModuleType) -> None:
    """Let SciPy's sparse matrices know Variables."""
    both: Any = (module.sparray, module.spmatrix)
    kinds = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, both)]
    # One of them is a dict too.
    for base in {base for kind in kinds for base in kind.__mro__ if base.__module__ != "builtins"}:
        for name in _OPERATORS.split():
            original = vars(base).get(name)
            if original is not None and getattr(original, "__code__", None) is not _ANSWER:
                setattr(base, name, _of_sparse(name, original))
        for name in ("__setitem__", "setdiag"):
            original = vars(base).get(name)
            if original is not None and getattr(original, "__code__", None) is not _WRITE:
                setattr(base, name, _written(name, original))


def _answer_for_squareform(module: ModuleType) -> None:
    """Let `squareform` know Variables: its code in C copies pointers of an object array without counting them."""
    theirs = module.squareform

    def squareform(*args: Any, **kwargs: Any) -> Any:
        if not _meets_variable(args, kwargs):
            return theirs(*args, **kwargs)
        return import_module(f"{__package__}.spatial.distance").squareform(*args, **kwargs)

    vars(module)["squareform"] = update_wrapper(squareform, theirs, updated=())
    namespace.answer_for(theirs, squareform)


def _answer_for_zeros(module: ModuleType) -> None:
    """Let the finders of a zero in C see an error instead of a Variable, whose conversion they do not check."""
    solvers: Any = getattr(module, "_zeros_py", None)
    wrap = getattr(solvers, "_wrap_nan_raise", None)
    if wrap is None:
        return

    def wrap_and_refuse(f: Any) -> Any:
        def plain_only(x: Any, *args: Any) -> Any:
            value = plain(f(x, *args))
            if isinstance(value, Variable):
                raise NoRuleError(
                    "the finders of zeros of scipy.optimize do not ask Variables for derivatives\n"
                    f"  at {user_line()}\nWrite dragongrad.scipy.optimize.brentq or its kin, with args="
                )
            return value

        return wrap(plain_only)

    solvers._wrap_nan_raise = wrap_and_refuse


_ANSWER = _of_sparse("", lambda self, other: None).__code__
_WRITE = _written("", lambda self: None).__code__


# What is done after the import of a module of SciPy's.
_ANSWERS: dict[str, Callable[[ModuleType], None]] = {
    _THEIRS: _answer_in, "scipy.sparse": _answer_for_sparse, "scipy.spatial.distance": _answer_for_squareform,
    "scipy.optimize": _answer_for_zeros,
}  # fmt: skip


class _Watch:
    """Waits for the import of a module of SciPy's, of which it changes nothing but what is done after it."""

    def __init__(self, name: str, answer: Callable[[ModuleType], None]) -> None:
        self.name, self.answer = name, answer

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that the other finders give, or None for any other module."""
        if fullname != self.name:
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
                self.answer(module)

            loader.exec_module = execute_and_answer
        return spec


def install() -> None:
    """Let these functions answer, now or when SciPy's module is imported."""
    for name, answer in _ANSWERS.items():
        module = sys.modules.get(name)
        if module is None:
            sys.meta_path.insert(0, _Watch(name, answer))  # type: ignore[arg-type]
        else:
            answer(module)
