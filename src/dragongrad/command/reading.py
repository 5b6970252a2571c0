"""What is typed in on the command line, as values: functions, starts, regions, modes."""

from __future__ import annotations

import math
import re
import shlex
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from functools import reduce
from typing import Any

import numpy as np

from ..core.block import TABLE
from ..core.errors import ArgumentError
from ..late import is_late
from ..optimize.zoo import ZOO, Problem, get
from ..transforms.gradients import grad
from .formula import Formula, split_formulas

# Squares of such numbers, and of their differences, are still finite.
_LARGEST = 1e100
# Where a typed formula is begun at: the first of these, repeated for each variable, at which it is not level.
_STARTS = ((1.0,), (-1.2, 1.0), (2.0, -0.5), (0.3, 0.7))


def find_function(name: str) -> Any:
    """A function of NumPy or of dragongrad by its name, such as `sin`, `np.linalg.solve` or `logsumexp`.

    Raises
    ------
    ArgumentError
        There is none of this name: the message names the nearest.

    """
    path = re.sub(r"^(np|numpy|ad|dragongrad)\.", "", name.strip())
    for package in (np, sys.modules["dragongrad"]):
        found = reduce(lambda place, part: getattr(place, part, None), path.split("."), package)
        if callable(found) and not isinstance(found, type):
            return found
    held = _held_deeper(path)
    if held is not None:
        return held
    if path.isidentifier() and hasattr(sys.modules["dragongrad"].scipy.special, path):
        near = [f"scipy.special.{path}"]
    else:
        own = [fn for fn in TABLE if not (isinstance(fn, str) or is_late(fn))]
        places = [f"{getattr(fn, '__module__', 'numpy')}.{fn.__name__}" for fn in own]
        near = get_close_matches(path, [p.removeprefix("numpy.") for p in places if p.startswith("numpy.")], n=2)
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    if re.search(r"[-+*/%@(]", path):
        hint = (
            f"; it is a formula, and dragongrad trace {shlex.quote(name)} shows its derivative. "
            "A function is a name alone, as sin or linalg.inv"
        )
    raise ArgumentError(f"neither NumPy nor dragongrad has a function {name!r}{hint}")


def _held_deeper(name: str) -> Any:
    """What one module of NumPy's alone holds under a name, as `np.linalg.inv` for `inv`, or None.

    Parameters
    ----------
    name : str
        Without any module.

    """
    modules = (np.linalg, np.fft, np.lib.stride_tricks, np.emath)
    found = [getattr(module, name) for module in modules if callable(getattr(module, name, None))]
    return found[0] if len(found) == 1 and not isinstance(found[0], type) else None


def read_function(text: str, plane: bool = False) -> Problem:
    """A test function of the zoo by its name, or a formula of several variables (in alphabetical order).

    Parameters
    ----------
    text : str
    plane : bool
        Whether it must be a function of two numbers.

    Raises
    ------
    ArgumentError
        The text is neither, the formula has no variable or no single value, or it is not a function of two numbers.

    """
    named = _named(text) if text.replace("-", "_").isidentifier() else None
    problem = named or _typed(text)
    if plane and problem.n != 2 and not problem.any_n:
        raise ArgumentError(_not_plane(text, problem.n, [] if named else sorted(Formula(text).names)))
    return problem


def _not_plane(text: str, n: int, names: list[str]) -> str:
    """Why a function cannot be shown over the plane, and what can be done; one of the zoo has no names."""
    found = f"a function of two variables is needed here, and {text} has {n}"
    study = f"dragongrad study {shlex.quote(text)} takes functions of any number"
    if not names:
        return f"{found}: dragongrad zoo lists those that have two; {study}"
    cure = f"write {text} + {'x' if names == ['y'] else 'y'}**2, say" if n == 1 else "put numbers for the others"
    return f"{found}, {', '.join(names)}: {cure}; {study}"


def read_functions(text: str) -> list[Problem]:
    """Functions separated by commas; a comma within parentheses belongs to its formula.

    Raises
    ------
    ArgumentError
        One of them is none, or is named twice.

    """
    texts = split_formulas(text)
    check_list(texts, "function", "leave one out")
    return [read_function(part) for part in texts]


def _named(text: str) -> Problem | None:
    """The test function of a name; None where the text is rather a difference of variables, as `x-y` and `-x-y`."""
    try:
        return get(text)
    except ArgumentError:
        if re.fullmatch(r"(?=.*-)-?[^\W\d]\d*(-[^\W\d]\d*)*", text):
            return None
    near = get_close_matches(text.lower(), ZOO, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else "dragongrad zoo lists them"
    formula = "; a formula is written with spaces, as 'a - b'" if "-" in text else ""
    raise ArgumentError(f"no test function is called {text!r}: {hint}{formula}")


def _typed(text: str) -> Problem:
    formula = Formula(text)
    names = sorted(formula.names)
    if not names:
        raise ArgumentError(f"the formula {text!r} has no variable: there is nothing to minimize")

    def f(x: Any) -> Any:
        return formula(**{name: x[k] for k, name in enumerate(names)})

    start = np.ones(len(names))
    with np.errstate(all="ignore"):
        value = f(start)
    if np.ndim(value):
        raise ArgumentError(
            f"the formula {text!r} gives an array, and only one number can be minimized: write sum(...)"
        )
    return Problem(
        name=text, f=f, n=len(names), formula=text, source="typed in", bounds=(-3.0, 3.0), at=lambda n: [],
        least=math.nan, begin=lambda n: [_sloping(f, n)],
    )  # fmt: skip


def _sloping(f: Any, n: int) -> Any:
    """A start at which a function has a gradient that is finite and not zero, where one of the usual ones has."""
    starts = [np.resize(pattern, n) for pattern in _STARTS]
    with np.errstate(all="ignore"):
        for start in starts:
            slope = grad(f)(start)
            if np.all(np.isfinite(slope)) and np.any(slope):
                return start
    return starts[0]


def read_numbers(text: str, what: str) -> np.ndarray[Any, Any]:
    """Numbers separated by commas.

    Raises
    ------
    ArgumentError
        One of them is not a number.

    """
    parts = text.split(",")
    wrong = next((p for p in parts if not is_number(p)), None)
    if wrong is not None:
        raise ArgumentError(f"{what} is a list of numbers such as -1.5,2, and {wrong!r} is not a number")
    return np.array([float(p) for p in parts])


def is_number(text: str) -> bool:
    """Whether a text is a number as Python writes them, `inf` and `nan` included."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def check_list(texts: list[str], what: str, cure: str) -> None:
    """Refuse a list in which something is missing, or named twice."""
    if "" in texts:
        raise ArgumentError(f"{','.join(texts)!r} lacks the name of a {what}: leave out the comma, or name one")
    twice = next((text for k, text in enumerate(texts) if text in texts[:k]), None)
    if twice is not None:
        raise ArgumentError(f"{twice!r} is named twice: {cure}")


def read_values(texts: Sequence[str], names: Sequence[str]) -> list[Any]:
    """The value of each variable of a formula, from words such as `x=2` and `y=0.5,1`.

    Raises
    ------
    ArgumentError
        A variable has no value or two, or a word gives none to a variable.

    """
    given: dict[str, Any] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        name = name.strip()
        if not equals or name not in names:
            known = f"the formula is of {', '.join(names)}" if names else "the formula has no variables"
            wrong = f"has no value: write {text}=2" if text in names else f"names no variable: {known}"
            raise ArgumentError(f"{text!r} {wrong}")
        if name in given:
            raise ArgumentError(f"{name} is given two values: leave one out, or write a vector, as {name}=1,2")
        numbers = read_numbers(number, f"the value of {name}")
        given[name] = numbers if numbers.size > 1 else numbers[0]
    missing = [name for name in names if name not in given]
    if missing:
        raise ArgumentError(f"the formula also needs {', '.join(f'{n}=...' for n in missing)}")
    return [given[name] for name in names]


def read_start(text: str | None, problem: Problem) -> np.ndarray[Any, Any]:
    """The start of a race: two numbers, or the first standard start of the function.

    Raises
    ------
    ArgumentError
        These are not two numbers of moderate size.

    """
    if text is None:
        return np.asarray(problem.starts(2)[0])
    start = read_numbers(text, "a start")
    if start.size != 2:
        raise ArgumentError(f"{problem.name} is run as a function of 2 numbers, the start has {start.size}")
    return _moderate(start, "a start")


def _moderate(numbers: np.ndarray[Any, Any], what: str) -> np.ndarray[Any, Any]:
    if not (np.abs(numbers) <= _LARGEST).all():
        shown = ",".join(f"{v:g}" for v in numbers)
        raise ArgumentError(f"{what} is of finite numbers up to {_LARGEST:g} in size, not {shown}")
    return numbers


def read_region(text: str | None) -> np.ndarray[Any, Any] | None:
    """A region of the plane, `x_low,x_high,y_low,y_high`, of shape (2, 2).

    Raises
    ------
    ArgumentError
        These are not four numbers of moderate size, or a low one is not less than the high one.

    """
    if text is None:
        return None
    numbers = _moderate(read_numbers(text, "a region"), "a region")
    if numbers.size != 4:
        raise ArgumentError(f"a region is x_low,x_high,y_low,y_high: four numbers, got {numbers.size}")
    region = numbers.reshape(2, 2)
    # Between neighbouring floats there is nothing to see.
    if not (region[:, 1] - region[:, 0] > 1e-9 * np.abs(region).max(axis=1)).all():
        raise ArgumentError(
            f"a region is x_low,x_high,y_low,y_high, each low one less than its high one: not {text}"
        )
    return region


def read_modes(text: str) -> list[str]:
    """The modes named: `forward`, `reverse`, or `both`.

    Raises
    ------
    ArgumentError
        It is another word.

    """
    known = {"forward": ["forward"], "reverse": ["reverse"], "both": ["forward", "reverse"]}
    modes = [mode for word in text.split(",") for mode in known.get(word.strip(), [""])]
    if "" in modes:
        raise ArgumentError(f"--modes is forward, reverse or both, not {text!r}")
    return list(dict.fromkeys(modes))
