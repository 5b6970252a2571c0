"""Arguments of calls, drawn for an array: axes, shapes, orders, indices, numbers; and some that do not fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

Shape = tuple[int, ...]

DTYPES = ("float", "np.float32", "complex", "int", "np.float16", "bool", "np.complex64", "np.int8")
NUMBERS = ("2.0", "0.5", "-1.5", "3", "0.0", "-1", "np.float64(0.7)", "np.float32(1.5)", "1 + 2j", "True")

#: What is put where an argument belongs.
WRONG = (
    "None", "'a'", "99", "-99", "1.5", "np.nan", "(0, 0)", "[]", "object()", "True", "10**30", "...", "b'a'",
    "-(2**63)", "slice(None)", "[1]", "1j", "np.array([0, 1])", "(0, 1, 2, 3)", "lambda: 0", "np.array('a')",
    "{'a': 1}", "[[0], [0, 1]]", "np.inf", "-1", "''", "2.0", "np.array(1)",
)  # fmt: skip
#: What is put where an array belongs.
WRONG_VALUES = (
    "None", "'text'", "object()", "np.array(['a', 'b'])", "np.array([None, 1.0])", "[]", "np.zeros((0, 3))",
    "(10**400)",
    "[[1.0], [2.0, 3.0]]", "np.array('2020', dtype='M8[D]')", "np.ma.array([1.0, 2.0])", "np.full(2, np.nan)",
    "{1, 2}", "np.array([1e308, -1e308])", "np.matrix([[1.0]])", "range(3)", "(i for i in range(2))",
    "np.longdouble(1)", "[1, 2.5]", "np.zeros((2, 3, 5))",
)  # fmt: skip


def axis(draw: Random, shape: Shape) -> str:
    """An axis; of an array without any, one that NumPy may take or refuse."""
    n = max(len(shape), 1)
    return str(draw.randrange(-n, n))


def axes(draw: Random, shape: Shape) -> str:
    """No axis, one, or several."""
    several = draw.sample(range(len(shape)), draw.randint(0, len(shape)))
    return draw.choice(["None", axis(draw, shape), str(tuple(several))])


def reshaped(draw: Random, shape: Shape) -> str:
    """A shape of as many elements."""
    size = math.prod(shape)
    known = [(size,), (-1,), (1, size), (size, 1), shape[::-1], (-1, *shape[1:]) if 0 not in shape else (0,)]
    known += [(k, size // k) for k in (2, 3, 4) if size and size % k == 0] + [()] * (size == 1)
    return str(draw.choice(known))


def permutation(draw: Random, shape: Shape) -> str:
    """An order of the axes."""
    return str(tuple(draw.sample(range(len(shape)), len(shape))))


def wider(draw: Random, shape: Shape) -> str:
    """A shape to which this one is broadcast."""
    stretched = tuple(draw.choice([1, 2, 3]) if n == 1 else n for n in shape)
    return str((*draw.choice([(), (2,), (1,), (2, 1)]), *stretched))


def mask(draw: Random, shape: Shape) -> str:
    """An array of booleans of a shape."""
    return f"(np.indices({shape}).sum(0) % 2 == {draw.choice([0, 1, 2])})"


def _one(draw: Random, n: int) -> str:
    """What selects along one axis."""
    bounds = ["", "0", "1", "-1", "2", "-3", "9"]
    part = draw.choice(["slice", "integer", "step", "integers", "booleans"])
    if part == "integer" and n:
        return str(draw.randrange(-n, n))
    if part == "step":
        return f"{draw.choice(bounds)}:{draw.choice(bounds)}:{draw.choice(['-1', '2', '-2', '3'])}"
    if part == "integers" and n:
        return str([draw.randrange(-n, n) for _ in range(draw.randint(0, 3))])
    if part == "booleans" and n:
        return str([draw.random() < 0.5 for _ in range(n)])
    return f"{draw.choice(bounds)}:{draw.choice(bounds)}"


def index(draw: Random, shape: Shape) -> str:
    """What may stand between brackets."""
    if shape and draw.random() < 0.12:
        return mask(draw, shape[: draw.randint(1, len(shape))])
    count = draw.randint(0, len(shape))
    # The axes after an Ellipsis are counted from the end.
    dots = draw.randint(0, count) if draw.random() < 0.5 else None
    lengths = shape[:count] if dots is None else (*shape[:dots], *shape[len(shape) - count + dots :])
    parts = [_one(draw, n) for n in lengths]
    if dots is not None:
        parts.insert(dots, "...")
    if draw.random() < 0.25:
        parts.insert(draw.randint(0, len(parts)), "None")
    return ", ".join(parts) or draw.choice(["...", "()", "None"])


def _chosen(*words: str) -> Callable[[Random, Shape], str]:
    return lambda draw, shape: draw.choice(words)


ARGUMENTS: dict[str, Callable[[Random, Shape], str]] = {

    "axis": axis, "axes": axes, "shape": reshaped, "perm": permutation, "wider": wider, "mask": mask,
    "index": index,
    "bool": _chosen("False", "True"), "number": _chosen(*NUMBERS), "dtype": _chosen(*DTYPES),
    "n": lambda draw, shape: str(shape[-1] if shape else 1), "ndim": lambda draw, shape: str(len(shape)),
}  # fmt: skip
