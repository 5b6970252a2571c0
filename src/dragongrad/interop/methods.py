"""What each method of `scipy.optimize.minimize` takes: derivatives, bounds, constraints, tolerances."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import ArgumentError
from ..optimize.options import elsewhere, near, shown


@dataclass(frozen=True)
class Method:
    """A method of SciPy's and what it wants.

    Attributes
    ----------
    name : str
        SciPy's name of it.
    order : int
        0: values only; 1: gradients; 2: second derivatives too.
    products : bool
        Of order 2: products of the Hessian with a vector suffice.
    bounds, constraints : bool
        Whether it takes them.
    tolerances : dict
        SciPy's option for each of `gtol`, `xtol`, `ftol` that it has.
    most : str
        SciPy's option for the largest number of steps.

    """

    name: str
    order: int
    products: bool = False
    bounds: bool = False
    constraints: bool = False
    tolerances: dict[str, str] = field(default_factory=dict)
    most: str = "maxiter"

    def options(self, asked: dict[str, float]) -> dict[str, float]:
        """SciPy's options for our words."""
        theirs = {**self.tolerances, "max_iter": self.most}
        for name in asked:
            if name not in theirs:
                raise ArgumentError(f"SciPy's {self.name} has no {name}; it takes {', '.join(theirs)}")
        return {theirs[name]: value for name, value in asked.items()}

    def unknown(self, options: dict[str, Any]) -> ArgumentError:
        """The error for options that SciPy does not take."""
        from scipy.optimize import show_options

        # What SciPy prints of its options names each at the beginning of a line.
        text = show_options("minimize", self.name, disp=False)
        known = list(dict.fromkeys(
            [*self.tolerances, "max_iter", *re.findall(r"^ {0,4}(\w+) : ", text, re.MULTILINE)]
        ))  # fmt: skip
        strangers = [name for name in options if name not in known] or list(options)
        hint = next((elsewhere(name) for name in strangers if elsewhere(name)), "") or near(strangers[0], known)
        return ArgumentError(
            f"SciPy's {self.name} has no option {', '.join(strangers)}; it has: {', '.join(known)}{hint}"
        )


_GRADIENT = {"gtol": "gtol"}

METHODS = {
    method.name.lower(): method
    for method in (
        Method("Nelder-Mead", 0, bounds=True, tolerances={"xtol": "xatol", "ftol": "fatol"}),
        Method("Powell", 0, bounds=True, tolerances={"xtol": "xtol", "ftol": "ftol"}),
        Method("COBYLA", 0, bounds=True, constraints=True, tolerances={"xtol": "tol"}),
        Method("COBYQA", 0, bounds=True, constraints=True, tolerances={"xtol": "final_tr_radius"}),
        Method("CG", 1, tolerances=_GRADIENT),
        Method("BFGS", 1, tolerances={"gtol": "gtol", "xtol": "xrtol"}),
        Method("L-BFGS-B", 1, bounds=True, tolerances={"gtol": "gtol", "ftol": "ftol"}),
        Method(
            "TNC", 1, bounds=True, tolerances={"gtol": "gtol", "xtol": "xtol", "ftol": "ftol"}, most="maxfun",
        ),
        Method("SLSQP", 1, bounds=True, constraints=True, tolerances={"ftol": "ftol"}),
        Method("Newton-CG", 2, products=True, tolerances={"xtol": "xtol"}),
        Method("trust-ncg", 2, products=True, tolerances=_GRADIENT),
        Method("trust-krylov", 2, products=True, tolerances=_GRADIENT),
        Method("trust-exact", 2, tolerances=_GRADIENT),
        Method("dogleg", 2, tolerances=_GRADIENT),
        Method(
            "trust-constr", 2, products=True, bounds=True, constraints=True,
            tolerances={"gtol": "gtol", "xtol": "xtol"},
        ),
    )
}  # fmt: skip


def find(name: str) -> Method:
    """The method of a name, as SciPy spells it or nearly so."""
    plain = str(name).lower().replace("_", "-")
    for known, method in METHODS.items():
        if plain in (known, known.replace("-", "")):
            return method
    names = [m.name for m in METHODS.values()]
    nearest = difflib.get_close_matches(plain, METHODS, n=1)
    hint = f"; did you mean {METHODS[nearest[0]].name!r}?" if nearest else "."
    raise ArgumentError(f"SciPy has no method {shown(name)}{hint} It has: {', '.join(names)}")


def suitable(bounded: bool, constrained: bool) -> Method:
    """The method for a problem where none is named."""
    return METHODS["slsqp" if constrained else "l-bfgs-b" if bounded else "bfgs"]
