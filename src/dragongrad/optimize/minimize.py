"""`minimize`: one call from a NumPy function to its minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..transforms.implicit.constraints import own_arguments
from .limits import Iteration
from .loop import run
from .methods.adadelta import AdaDelta
from .methods.adagrad import Adagrad
from .methods.adam import Adam
from .methods.adamw import AdamW
from .methods.amsgrad import AMSGrad
from .methods.bfgs import BFGS
from .methods.conjugate import ConjugateGradient
from .methods.descent import GD
from .methods.lbfgs import LBFGS
from .methods.lion import Lion
from .methods.momentum import Momentum
from .methods.nadam import NAdam
from .methods.nesterov import Nesterov
from .methods.newton import Newton
from .methods.radam import RAdam
from .methods.rmsprop import RMSProp
from .methods.rprop import Rprop
from .objective import Objective, Packing
from .optimizer import Optimizer, find_method
from .options import arguments, check_watching, limits_asked, near, refuse_unknown, shown
from .progress import Watch
from .result import Result
from .solutions import depends, minimum
from .trust_region.exact import TrustExact
from .trust_region.method import TrustNCG

METHODS: dict[str, type[Optimizer]] = {
    "gd": GD, "momentum": Momentum, "nesterov": Nesterov, "adagrad": Adagrad, "rmsprop": RMSProp,
    "adadelta": AdaDelta, "adam": Adam, "amsgrad": AMSGrad, "adamw": AdamW, "nadam": NAdam, "radam": RAdam,
    "lion": Lion, "rprop": Rprop,
    "newton": Newton, "bfgs": BFGS, "l-bfgs": LBFGS, "cg": ConjugateGradient, "trust-ncg": TrustNCG,
    "trust-exact": TrustExact,
}  # fmt: skip

# Up to so many parameters a matrix over them is cheap beside what it saves in steps.
_DENSE_HESSIAN = 200
_DENSE_ESTIMATE = 500

# Families of methods by the word before a colon (`scipy:trust-krylov`): the adapter that enters itself when it is
# imported. It stands in a room above and may need an optional package, so it is only named here.
ADAPTERS = {"scipy": "dragongrad.interop.scipy"}
FAMILIES: dict[str, Callable[..., Result]] = {}
# What SciPy's methods are called, for whoever leaves the family out.
SCIPYS = (
    "Nelder-Mead", "Powell", "COBYLA", "COBYQA", "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-ncg",
    "trust-krylov", "trust-exact", "dogleg", "trust-constr",
)  # fmt: skip


def family_of(name: str) -> Callable[..., Result]:
    """What runs the methods of a family."""
    if name not in FAMILIES and name in ADAPTERS:
        import_module(ADAPTERS[name])
    found = FAMILIES.get(name)
    if found is None:
        known = sorted({*ADAPTERS, *FAMILIES})
        raise ArgumentError(
            f"unknown family of methods {name!r}{near(name, known)}: choose one of {', '.join(known)}"
        )
    return found


def method_class(method: str | type[Optimizer]) -> type[Optimizer]:
    """The Optimizer of a name, hyphens and capitals aside."""
    choices = f"one of {', '.join(METHODS)}, 'scipy:NAME'"
    return find_method(method, METHODS, "", choices, [f"scipy:{name}" for name in SCIPYS])


def minimize(
    f: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | type[Optimizer] | None = None,
    *,
    bounds: Any = None,
    constraints: Any = (),
    jac: bool | Callable[..., Any] | None = None,
    mode: str = "reverse",
    gtol: float | None = None,
    xtol: float | None = None,
    ftol: float | None = None,
    max_iter: int | None = None,
    max_time: float | None = None,
    callback: Callable[[Iteration], Any] | None = None,
    progress: bool = False,
    watch: Watch = False,
    path: bool = False,
    compile: bool = True,
    **options: Any,
) -> Result:
    """Minimize a function of a nest of arrays; its derivatives are found by themselves.

    Parameters
    ----------
    f : callable
        `f(x, *args)` returns one number, in plain NumPy; with `jac=True`, the pair `(value, gradient)`.
    x0 : number, array, or nest of arrays
        Where to start; it fixes the structure, the shapes and the precision of `x`, and is left as it is.
    args : tuple
        Further arguments of `f`. While they are differentiated, `x` and `fun` of the result have derivatives with
        respect to them.
    method : str, subclass of Optimizer, or None
        A name of `dragongrad.optimize.METHODS`: `"newton"`, `"trust-ncg"` (products with the Hessian only),
        `"trust-exact"`, `"bfgs"`, `"l-bfgs"`, `"cg"`, or a first-order method such as `"adam"`; hyphens and
        capitals do not matter. `"scipy:NAME"` is a method of `scipy.optimize.minimize`. None: Newton's method with
        a line search up to 200 parameters and `"trust-ncg"` above; where `f` gives its own gradient, `"bfgs"` up
        to 500 and `"l-bfgs"` above. Within bounds `"trust-exact"` up to 200, otherwise SciPy's L-BFGS-B; under
        constraints SciPy's SLSQP, and trust-constr where that finds no solution.
    bounds : optional
        Pairs `(low, high)` for each number of `x`, with None for no bound, or `scipy.optimize.Bounds`. Of a nest,
        two sides `(low, high)`, each a number or a nest like `x0`, or a nest of pairs, in which a dict may leave
        out what has no bounds. A start outside is moved to the nearest point inside.
    constraints : optional
        One or a list of SciPy's `LinearConstraint` (of the vector of all parameters) and `NonlinearConstraint`, or
        dicts `{"type": "eq" or "ineq", "fun": function}`; the functions take what `f` takes, and are
        differentiated.
    jac : bool or callable, optional
        True: `f` returns its gradient too, in the shape of `x`; a function: `jac(x, *args)` returns it. Second
        derivatives are then not to be had. Without it the gradient is found by itself.
    mode : {"reverse", "forward"}
        How the gradient is found.
    gtol : float, optional
        Converged when no element of the gradient is greater.
    xtol : float, optional
        Converged when a step is short: `|dx| <= xtol * (xtol + |x|)`.
    ftol : float, optional
        Converged when the value changed little: `|df| <= ftol * max(|f|, 1)`.
    max_iter : int, optional
        The largest number of steps.
    max_time : float, optional
        Seconds after which no further step is made.
    callback : callable, optional
        `callback(iteration)` after every step, with `x`, `fun`, `jac`, `nit` and `seconds`; the run ends when it
        returns True or raises StopIteration.
    progress : bool
        Show a progress bar, where the output is a terminal.
    watch : bool or callable
        True: a bar with a curve at a terminal, a plot that grows in a notebook. A function is called with what is
        seen, a `dragongrad.optimize.Glimpse`, at most ten times a second and at the end.
    compile : bool
        Compile the derivatives once they have run for about as long as compiling takes; what `f` prints or stores
        then happens no more. Compiled and eager values are compared when the one takes over from the other and at
        the result: where they differ, a CompileWarning says so and the run goes on eagerly.
    path : bool
        Keep the parameters, values and times of all steps in the result.
    **options
        Those of the method: `lr` and what its class lists.

    Returns
    -------
    Result
        `x fun jac hess_inv nit nfev njev nhev success status message` as in SciPy, `tests` (what every test of
        convergence measured), `seconds`, and `path`, `losses`, `times` if asked for. `success` is True where a test
        of convergence was met or where floating point allows no further decrease; `message` says which.

    Raises
    ------
    ArgumentError
        The method or an option is unknown, of the wrong kind or out of its range, `f` does not return one number,
        or a method that needs second derivatives is given a function that returns its own gradient.
    ShapeError
        The gradient that `f` returns does not fit `x`.
    DtypeError
        A parameter is not a real number.
    DragongradError
        What the differentiation of `f` raises. What `f` does with its values raises nothing: a NaN, an infinity
        or a value without bound ends the run, and the result says so.

    Notes
    -----
    Tolerances that are not given are those of the method (its class's `limits`). Ctrl-C ends a run with the best
    point so far and status `INTERRUPTED`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> def rosenbrock(x):
    ...     return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> result = ad.minimize(rosenbrock, [-1.2, 1.0])
    >>> print(result.x, result.success, result.message)
    [1. 1.] True no element of the gradient is greater than gtol = 1e-08

    Any nest of parameters, any method, any option of it:

    >>> def loss(params):
    ...     return np.sum((params["w"] - 1) ** 2) + (params["b"] + 2) ** 4
    >>> result = ad.minimize(loss, {"w": np.zeros(3), "b": 0.0}, method="l-bfgs", memory=5, gtol=1e-10, ftol=0)
    >>> print(result.x["w"].round(6))
    [1. 1. 1.]

    """
    check_watching(callback, progress, watch, path, compile)
    args = arguments(args)
    f, pair = _with_gradient(f, jac)
    asked = limits_asked(gtol=gtol, xtol=xtol, ftol=ftol, max_iter=max_iter, max_time=max_time)
    if depends(f, x0, args, own_arguments(constraints)):

        def plainly(x0: Any, args: tuple[Any, ...], constraints: Any) -> Result:
            return minimize(
                f, x0, args, method, bounds=bounds, constraints=constraints, jac=pair, mode=mode, callback=callback,
                progress=progress, watch=watch, path=path, compile=compile, **asked, **options,
            )  # fmt: skip

        return minimum(f, x0, args, plainly, pair, bounds, constraints)
    if method is None:
        method = default_method(Packing(x0).start.size, pair, bounds is not None, _some(constraints))
    if isinstance(method, str) and ":" in method:
        family, _, name = method.partition(":")
        watching = {"callback": callback, "progress": progress, "watch": watch, "path": path, "compile": compile}
        within = {"bounds": bounds, "constraints": constraints}
        return family_of(family)(f, x0, args, name, jac=pair, mode=mode, **within, **watching, **asked, **options)
    objective = Objective(f, x0, args, mode=mode, form="pair" if pair else "value", compile=compile)
    chosen = method_class(method)
    within = _within(chosen, bounds, constraints)
    refuse_unknown(chosen.__name__, options, [*_KEYWORDS, *(k for k in chosen.options if k != "bounds")])
    optimizer = chosen(objective, **within, **options)
    limits = replace(optimizer.limits, **asked)
    return run(optimizer, limits, callback=callback, progress=progress, watch=watch, path=path)


# What `minimize` takes for every method.
_KEYWORDS = ("gtol", "xtol", "ftol", "max_iter", "max_time", "lr", "clip")


def _with_gradient(f: Any, jac: Any) -> tuple[Any, bool]:
    """The function, and whether it returns its gradient too."""
    if callable(jac):

        def both(x: Any, *args: Any) -> tuple[Any, Any]:
            return f(x, *args), jac(x, *args)

        return both, True
    if jac is not None and not isinstance(jac, (bool, np.bool_)):
        raise ArgumentError(
            f"jac must be True (f returns its gradient too), a function, or left out, got {shown(jac)}: exact "
            "gradients are found by themselves"
        )
    return f, bool(jac)


def _some(constraints: Any) -> bool:
    return constraints is not None and not (isinstance(constraints, (list, tuple)) and not constraints)


def _within(method: type[Optimizer], bounds: Any, constraints: Any) -> dict[str, Any]:
    """The bounds as an option, where the method takes them; none of ours takes constraints."""
    name = method.__name__
    if _some(constraints):
        raise ArgumentError(
            f"{name} takes no constraints: leave out method, or choose 'scipy:SLSQP' or 'scipy:trust-constr'"
        )
    if bounds is not None and "bounds" not in method.options:
        raise ArgumentError(
            f"{name} takes no bounds: leave out method, or choose 'trust-exact' or 'scipy:L-BFGS-B'"
        )
    return {} if bounds is None else {"bounds": bounds}


def default_method(n: int, pair: bool = False, bounded: bool = False, constrained: bool = False) -> str:
    """The method that suits a problem best, as measured in docs/decisions/default-method.md.

    Parameters
    ----------
    n : int
        The number of parameters.
    pair : bool
        Whether the function gives its own gradient, and so no second derivatives.
    bounded, constrained : bool
        Whether there are bounds, constraints.

    """
    if constrained:
        return "scipy:"
    if bounded:
        return "scipy:L-BFGS-B" if pair or n > _DENSE_HESSIAN else "trust-exact"
    if pair:
        return "bfgs" if n <= _DENSE_ESTIMATE else "l-bfgs"
    return "newton" if n <= _DENSE_HESSIAN else "trust-ncg"
