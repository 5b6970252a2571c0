"""Names that people bring along from other libraries, and what to write here: read by messages of errors alone."""

from __future__ import annotations

import re
from typing import Any

from .lines import within_vectorize

# Attributes of arrays: the library that has them, and what to write instead.
_PYTORCH = {
    "detach": "ad.stop_gradient(x)",
    "backward": "ad.grad(f)(x), where f is the function that returns the loss",
    "grad": "ad.grad(f)(x), where f is the function that returns the loss",
    "grad_fn": "print(ad.graph(f, x))",
    "requires_grad": "nothing: what a transform is given is differentiated, and argnums= chooses",
    "requires_grad_": "nothing: what a transform is given is differentiated, and argnums= chooses",
    "retain_grad": "nothing: ad.vjp(f, x) gives a pullback that can be called again",
    "zero_grad": "nothing: gradients are returned, and nothing adds up",
    "numpy": "x itself, or ad.stop_gradient(x) for its plain array",
    "cpu": "x itself: everything runs on the processor",
    "cuda": "x itself: everything runs on the processor",
    "to": "x.astype(dtype) for another dtype; there are no devices",
    "double": "x.astype(np.float64)",
    "half": "x.astype(np.float16)",
    "long": "x.astype(np.int64)",
    "clone": "x.copy()",
    "numel": "x.size",
    "dim": "x.ndim",
    "unsqueeze": "np.expand_dims(x, axis), or x[:, None]",
    "permute": "np.transpose(x, axes)",
    "expand": "np.broadcast_to(x, shape)",
    "masked_fill": "np.where(mask, value, x)",
    "index_select": "np.take(x, indices, axis=axis)",
    "gather": "np.take_along_axis(x, indices, axis=axis)",
    "scatter_add_": "np.add.at(x, indices, values)",
    "mm": "x @ y",
    "bmm": "x @ y",
    "mv": "x @ y",
    "matmul": "x @ y",
    "pow": "x ** y",
    "abs": "np.abs(x)",
    "norm": "np.linalg.norm(x)",
    "relu": "nn.relu(x), of dragongrad.nn",
    "sigmoid": "nn.sigmoid(x), of dragongrad.nn",
    "softmax": "ad.softmax(x, axis=-1)",
    "log_softmax": "ad.log_softmax(x, axis=-1)",
    "logsumexp": "ad.logsumexp(x)",
    "add_": "x += y",
    "sub_": "x -= y",
    "mul_": "x *= y",
    "div_": "x /= y",
    "copy_": "x[...] = y",
    "fill_": "x[...] = v",
    "zero_": "x[...] = 0.0",
}
_JAX = {
    "at": "x[i] = v, or x[i] += v: elements are assigned as in NumPy",
    "block_until_ready": "nothing: results are there when a call returns",
}
_LISTS = {"append": "np.append(x, v), or collect in a list and join it with np.stack"}
_LIBRARIES = {"PyTorch": _PYTORCH, "JAX": _JAX, "Python's lists": _LISTS}

# Names of the module numpy that people expect, and where they are.
_OF_NUMPY = {
    "relu": "nn.relu, of dragongrad.nn",
    "sigmoid": "nn.sigmoid, of dragongrad.nn, or scipy.special.expit",
    "softmax": "ad.softmax",
    "log_softmax": "ad.log_softmax",
    "logsumexp": "ad.logsumexp",
    "erf": "scipy.special.erf",
    "gamma": "scipy.special.gamma",
    "cat": "np.concatenate",
    "grad": "ad.grad",
    "vmap": "ad.vmap",
}

# Keywords of functions of arrays.
_KEYWORDS = {"dim": "axis", "dims": "axis", "keepdim": "keepdims"}

# Names of the package.
OF_PACKAGE = {
    "jit": "ad.compile",
    "lax": "ad.scan, ad.cond, ad.while_loop and the like",
    "numpy": "import numpy as np: it is NumPy itself that is differentiated",
    "np": "import numpy as np: it is NumPy itself that is differentiated",
    "random": "np.random.default_rng(seed)",
    "pmap": "ad.vmap",
    "tree": "ad.tree_map",
    "tree_util": "ad.tree_map",
    "make_jaxpr": "print(ad.graph(f, x))",
    "custom_vjp": "@ad.custom_rule, with @f.pullback",
    "custom_jvp": "@ad.custom_rule, with @f.pushforward",
    "remat": "ad.checkpoint",
    "value_and_gradient": "ad.value_and_grad",
    "hessian_vector_product": "ad.hvp",
    "make_vjp": "ad.vjp",
    "make_jvp": "ad.jvp",
    "egrad": "ad.elementwise_grad",
    "primitive": "@ad.custom_rule",
    "tensor": "np.array",
    "Tensor": "np.array",
    "no_grad": "nothing: only what a transform calls is differentiated",
    "autograd": "ad.grad",
    "func": "ad.grad, ad.vmap and the like",
    "optim": "ad.minimize(f, x0, method='adam'), or nn.adam(1e-3) of dragongrad.nn",
    "optimizers": "ad.minimize(f, x0, method='adam'), or nn.adam(1e-3) of dragongrad.nn",
    "relu": "nn.relu, of dragongrad.nn",
    "sigmoid": "nn.sigmoid, of dragongrad.nn",
    "SX": "a Python function of arrays: there are no symbols",
    "MX": "a Python function of arrays: there are no symbols",
    "Function": "a Python function, and ad.compile of it",
    "nlpsol": "ad.minimize(f, x0, bounds=..., constraints=...)",
    "rootfinder": "ad.root",
    "vertcat": "np.concatenate, or np.array([a, b])",
    "if_else": "np.where",
    "curve_fit": "ad.least_squares, or curve_fit of dragongrad.interop.scipy",
    "fit": "ad.least_squares",
    "maximize": "ad.minimize of -f",
    "odeint": "ad.integrate.solve_ivp",
    "solve_ivp": "ad.integrate.solve_ivp",
}


def of_attribute(message: str) -> tuple[str, str] | None:
    """What an array or NumPy does not have, by Python's error, and what to write; None where nothing is known."""
    found = re.match(r"(module 'numpy'|'(?:Variable|numpy\.\w+)' object) has no attribute '(\w+)'", message)
    if found is None:
        return None
    return of_numpy(found[2]) if found[1].startswith("module") else of_array(found[2])


def of_array(name: str) -> tuple[str, str] | None:
    """What an array does not have, and what to write instead; None where nothing is known of the name."""
    for library, known in _LIBRARIES.items():
        if name in known:
            return f"an array has no attribute {name!r}, which is a name of {library}", known[name]
    return None


def of_numpy(name: str) -> tuple[str, str] | None:
    """As `of_array`, for a name of the module numpy."""
    return (f"NumPy has no function {name!r}", _OF_NUMPY[name]) if name in _OF_NUMPY else None


def of_keyword(error: TypeError) -> str:
    """What to write for a keyword that a function of arrays does not know; empty where nothing is known of it."""
    found = re.search(r"unexpected keyword argument '(\w+)'", str(error))
    name = found and _KEYWORDS.get(found[1])
    return f"Write {name}=, as in NumPy" if name else ""


def of_error(error: BaseException) -> str:
    """What to write, for an error about a name of another library; empty where nothing is known of it."""
    if isinstance(error, AttributeError) and (found := of_attribute(str(error))):
        return f"Write {found[1]}"
    return of_keyword(error) if isinstance(error, TypeError) else ""


def of_setting(name: str, key: str) -> str:
    """What to write where a Variable stands for an axis, a shape or another setting."""
    if name in ("concatenate", "stack") and key == "axis":
        return f"The arrays are one argument, a list: np.{name}([x, y])"
    return f"If its derivative is not wanted, pass ad.stop_gradient({key})"


def of_operands(name: str, args: tuple[Any, ...], error: Exception) -> str:
    """What to write where NumPy could not compute with some operands; empty where its error says enough."""
    shapes: list[Any] = [getattr(a, "shape", ()) for a in args]
    if isinstance(error, TypeError):
        return _of_kinds(name, args) or of_keyword(error)
    if name in ("matmul", "dot") and len(shapes) == 2 and all(shapes) and "mismatch" in str(error):
        other = "first" if len(shapes[1]) < 3 else "last axis but one"
        ends = f"{shapes[0][-1]}, and the {other} of the second, {shapes[1][-2:][0]}"
        return f"The last axis of the first, {ends}, must be equal"
    if name == "matmul" and not all(shapes):
        return "@ is of arrays; a number times an array is x * y"
    if "could not be broadcast" in str(error):
        return "Axes are compared from the last one: two must be equal, or one of them 1; x[:, None] adds one"
    if name == "concatenate" and "zero-dimensional" in str(error):
        return "Write np.stack([x, y]) to join numbers"
    return ""


def _of_kinds(name: str, args: tuple[Any, ...]) -> str:
    if any(a is None for a in args):
        return "One of them is None: does a function lack its return?"
    if any(isinstance(a, str) for a in args):
        return "A text is no number: write float(text)"
    if name == "bitwise_xor":
        return "Write x ** y for powers"
    if name in ("bitwise_and", "bitwise_or"):
        return "Put comparisons into parentheses, (x > 0) & (y > 0), or write np.logical_and and np.logical_or"
    return ""


# What stands on the line where a number was wanted, and what to write there.
_NUMBERS = (
    (r"\bmath\.(\w+)\(", r"Write np.\1"),
    (
        r"\.(?:random|uniform|normal|standard_normal|exponential|gamma|poisson|choice)\(",
        "Draw what does not depend on it: m + s * rng.normal(size=n)",
    ),
    (r"\brange\(", "Count with a plain integer: give it as an argument that argnums= does not name"),
    (r"\bnp\.arange\(", "Write x * np.arange(n) / n, with a plain integer n"),
    (r"\.item\(|\.tolist\(", "Leave it out: x is used as a number is"),
    (r"\bnp\.fromiter\(", "Write np.stack([v for v in values])"),
    (
        r"\[(['\"])\w+\1\]\s*[-+*/]?=(?!=)",
        "Keep the fields in a dict, d['x'] = x: those of an array hold no Variable",
    ),
    (r"\]\s*[-+*/]?=(?!=)", "Write into a copy that was made in the function, np.array(a), and return it"),
)
_ANY_NUMBER = "A number without a derivative is ad.stop_gradient(x)"


def of_line(line: str) -> str:
    """What to write where a plain number was wanted, by the user's line; empty where it says nothing."""
    found = re.match(r".*?:\d+: (.*)", line)
    source = found[1] if found else ""
    return next((m.expand(cure) for pattern, cure in _NUMBERS if (m := re.search(pattern, source))), "")


def of_number(what: str, line: str) -> str:
    """What to write where a plain number was wanted and a Variable stands."""
    if within_vectorize():
        return "Of np.vectorize leave otypes out, or give a signature: np.vectorize(f, signature='()->()')"
    if cure := of_line(line):
        return f"{cure}. {_ANY_NUMBER}"
    if what == "an index":
        return f"Lengths and indices are plain integers. {_ANY_NUMBER}"
    return (
        'Leave the conversion out, and write np.sin(x) for math.sin(x); to print it, f"{x:.3f}". '
        f"An array from outside cannot hold it: write into np.array(a). {_ANY_NUMBER}"
    )
