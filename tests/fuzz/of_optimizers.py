"""The fuzzer of optimizers: problems, starts, methods and options; results are held against the function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from dragongrad.interop import scipy as scipy  # so that no child has to import it
from dragongrad.optimize import METHODS

_SCIPY = (
    "L-BFGS-B",
    "BFGS",
    "CG",
    "SLSQP",
    "trust-constr",
    "TNC",
    "Newton-CG",
    "Nelder-Mead",
    "trust-exact",
    "COBYLA",
)
# Each a function of a vector, and whether its least value is reached where its gradient is zero.
PROBLEMS = {
    "np.sum((x - 1) ** 2 * np.arange(1, np.size(x) + 1))": True,
    "0.5 * x @ np.diag(10.0 ** np.arange(np.size(x)) ** 1.5) @ x - np.sum(x)": True,
    "np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2) + np.sum((1 - x) ** 2)": True,
    "np.sum(np.log1p(np.exp(np.outer(np.sin(np.arange(20)), np.ones(np.size(x))) @ x))) + 0.1 * np.sum(x**2)": True,
    "np.sum(x**4) + np.prod(np.cos(x))": True,
    "np.sum(np.exp(x) - x)": True,
    "1e6 * np.sum((x - 3) ** 2) + 1e-4 * np.sum(x[:1] ** 2)": True,
    "np.sum(np.sqrt(1 + (x * np.array([1.0, 1e4, 1e-3, 1.0])[: np.size(x)] - 1) ** 2))": True,
    "np.sum(-np.exp(-(x**2))) + 0.01 * np.sum(x**2)": True,
    "np.sum(x**2 / (1 + np.abs(x)))": True,
    "np.sum(np.abs(x - 0.3))": False,
    "np.max(np.abs(x)) + 0.1 * np.sum(x)": False,
    "np.sum(x - np.log(x))": False,
    "np.sum(np.sqrt(x))": False,
    "-np.sum(x)": False,
    "-np.sum(x**2)": False,
    "np.sum(x) * 0.0 + 2.0": False,
    "np.sum(np.floor(x) ** 2)": False,
    "np.sum(np.where(x > 0.5, x**2, 1.0 - x))": False,
    "np.sum(x) * np.nan": False,
    "np.sum(1 / x)": False,
    "np.sum(x**3 - 3 * x)": False,
    "x": False,
    "'text'": False,
    "np.sum(x) > 0": False,
    "np.sum(x + 1j) ** 2": False,
}
STARTS = (
    "np.full(2, 0.2)", "np.array([-1.2, 1.0])", "rng.normal(size=3)", "rng.normal(size=1)",
    "np.ones(4, np.float32) * 2",
    "np.zeros(2)", "np.array([1e6, -1e6])", "np.array([3, 2])", "np.array([1e-9, 2.0])",
)  # fmt: skip
STRANGE = ("np.array([])", "np.array([np.nan, 1.0])", "np.array([np.inf, 1.0])", "'a'", "None", "np.ones((2, 2))",
           "np.array([1j, 2])", "[1.0, 2.0]", "(1.0, 2.0)", "np.array([True, False])", "2.0")  # fmt: skip
OPTIONS = {
    "max_iter": ("0", "1", "7", "50", "-1", "1.5", "None", "'a'", "10**12 * 0 + 100"),
    "gtol": ("1e-3", "0.0", "-1.0", "np.nan", "1e-14", "'a'"), "xtol": ("1e-3", "0", "np.inf", "[1]"),
    "ftol": ("1e-3", "0", "-1", "None"),
    "lr": ("0.1", "0.0", "-1.0", "np.nan", "1e9", "'a'", "ad.optimize.StepDecay(0.1, 5)"),
    "mode": ("'forward'", "'reverse'", "'both'", "'none such'", "3"), "compile": ("False", "True"),
    "momentum": ("0.5", "2.0", "None"), "path": ("True",), "clip": ("1.0", "-1"), "none_such": ("1",),
    "max_time": ("5.0", "0", "-1", "np.nan"),
    "bounds": ("[(0, 1)] * np.size(x0)", "[(None, 0.1)] * np.size(x0)", "[(1, 0)] * np.size(x0)", "[(0, 1)]", "'a'",
               "(0.0, 2.0)",               "[(np.nan, 1)] * np.size(x0)", "[(0.5, 0.5)] * np.size(x0)"),
}  # fmt: skip

SCRIPT = '''
import signal
import warnings

import numpy as np

import dragongrad as ad
from dragongrad import optimize

np.seterr(all="ignore")
warnings.simplefilter("ignore")
rng = np.random.default_rng({seed})


def f(x):
    return {problem}


x0 = {start}
options = {{"max_iter": 1000, **dict({options})}}


def solved():
    """The result, or the error, which is one of the library's own or the function's."""
    try:
        return optimize.minimize(f, x0, method={method}, **options)
    except ad.DragongradError as error:
        return error
    except ValueError as error:
        if refused():
            return error
        raise


def refused():
    """Whether the function itself takes no such start."""
    try:
        f(np.asarray(x0, float)[()])
    except ValueError:
        return True
    return False


def repeatable():
    """Equal calls give equal bits."""
    first, second = solved(), solved()
    assert type(first) is type(second), f"{{first!r}} and {{second!r}}"
    if not isinstance(first, Exception) and "max_time" not in options:
        for name in ("x", "fun", "nit", "nfev", "status"):
            a, b = getattr(first, name), getattr(second, name)
            assert np.array_equal(a, b, equal_nan=name in ("x", "fun")), f"{{name}}: {{a}} and {{b}}"


def honest():
    """The value is that of the point, the bounds hold, and a success is none where something better lies near."""
    found = solved()
    if isinstance(found, Exception):
        return
    assert np.array_equal(found.fun, f(found.x), equal_nan=True) or np.isclose(found.fun, f(found.x), rtol=1e-6)
    if "bounds" in options and options["bounds"] != "a":
        low, high = np.array(options["bounds"], object).T
        for x, least, most in np.broadcast(np.ravel(found.x), low, high):
            assert (least is None or not x < least) and (most is None or not x > most), f"{{x}} outside"
    if found.success and not set(options) & {{"gtol", "xtol", "ftol"}}:
        assert np.isfinite(found.fun), f"success at {{found.fun}}"
        assert {smooth} or "bounds" in options or not_less_near(found), f"success at {{found.x}}, {{found.fun}}"
        if {smooth} and "bounds" not in options:
            best = polished(np.asarray(found.x, float))
            close = 1e-3 * abs(best) + 1e-4
            assert found.fun <= best + close, f"success at {{found.fun}}, down hill is {{best}}: {{found.message}}"


def polished(x):
    """A value down hill of a point: damped steps by differences of the function alone."""
    for _ in range(200):
        g = np.array([(f(x + h) - f(x - h)) / 2e-6 for h in 1e-6 * np.eye(np.size(x)).reshape(-1, *np.shape(x))])
        g = g.reshape(np.shape(x))
        steps = [x - t * g for t in 2.0 ** np.arange(-40, 10)]
        values = [f(s) for s in steps]
        k = int(np.nanargmin(values))
        if not values[k] < f(x):
            break
        x = steps[k]
    return f(x)


def not_less_near(found):
    """Whether no value is much less within a hundredth around, as far as a hundred tries can tell."""
    x = np.asarray(found.x, float)
    near = [f(x + 1e-2 * v) for v in np.random.default_rng(0).normal(size=(100, *x.shape))]
    steps = [v for v in near if np.isfinite(v)]
    return not steps or min(steps) >= found.fun - 1e-1 * (1 + abs(found.fun))
'''


@dataclass(frozen=True)
class Solved:
    """A call of `minimize`."""

    problem: str
    start: str
    method: str
    options: tuple[tuple[str, str], ...]
    seed: int
    steps: tuple[str, ...] = ("repeatable()", "honest()")

    @property
    def script(self) -> str:
        """The call, and what is held against it."""
        options = ", ".join(f"{name}={value}" for name, value in self.options)
        smooth = PROBLEMS[self.problem]
        return SCRIPT.format(
            problem=self.problem,
            start=self.start,
            method=self.method,
            options=options,
            seed=self.seed,
            smooth=smooth,
        )

    @property
    def words(self) -> frozenset[str]:
        """The problem, the method and the options."""
        return frozenset([self.problem, self.method, *[f"{name}={value}" for name, value in self.options]])

    def smaller(self, step: str) -> Iterator[Solved]:
        """With fewer options, and simpler problems, methods and starts."""
        if self.steps != (step,):
            yield replace(self, steps=(step,))
        for k in range(len(self.options)):
            yield replace(self, options=(*self.options[:k], *self.options[k + 1 :]))
        for name, values in (("start", STARTS), ("method", ("None", "'gd'", "'bfgs'"))):
            now = getattr(self, name)
            for value in values[: values.index(now) if now in values else None]:
                yield replace(self, **{name: value})


def solved(draw: Random) -> Solved:
    """A problem with a method and a few options."""
    methods = ["None", *[repr(name) for name in METHODS], *[repr(f"scipy:{name}") for name in _SCIPY]]
    names = draw.sample([*OPTIONS], draw.choice([0, 0, 1, 1, 2, 3]))
    return Solved(
        draw.choice([*PROBLEMS]),
        draw.choice(STRANGE if draw.random() < 0.15 else STARTS),
        draw.choice(methods),
        tuple((name, draw.choice(OPTIONS[name])) for name in names),
        draw.randrange(1000),
    )
