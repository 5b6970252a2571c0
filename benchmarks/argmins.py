"""GradBench's saddle and particle: minima that are sought by descent, each a loop until it has ended.

Each derivative is taken in forward (f) or reverse (r) mode: "rf" is reverse mode outside, forward mode inside. JAX
has no reverse mode of `while_loop`, so that its outer derivatives go forwards.
"""

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

import dragongrad as ad


@dataclass
class Library:
    """How a library spells what is needed."""

    np: Any
    while_loop: Any
    compile: Any
    grad: dict[str, Any]


def dragongrads():
    return Library(np, ad.while_loop, ad.compile, {"r": ad.grad, "f": ad.jacfwd})


def jaxes():
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    return Library(jax.numpy, jax.lax.while_loop, jax.jit, {"r": jax.grad, "f": jax.jacfwd})


def argmin(to, f, gradient, x):
    """Where a function is least: steps along the gradient, longer while they succeed, half as long where not."""
    xp = to.np

    def distance(a):
        return xp.sqrt(xp.sum(a * a))

    def goes_on(at):
        return xp.logical_not(at["done"])

    def step(at):
        eta = xp.where(at["i"] == 10.0, 2 * at["eta"], at["eta"])
        i = xp.where(at["i"] == 10.0, 0.0, at["i"])
        there = at["x"] - eta * at["g"]
        value, slope = f(there), gradient(there)
        done = (distance(at["g"]) <= 1e-5) | (distance(at["x"] - there) <= 1e-5)
        better = xp.logical_not(done) & (value < at["f"])
        pairs = {"x": there, "f": value, "g": slope}
        kept = {name: xp.where(better, new, at[name]) for name, new in pairs.items()}
        return kept | {
            "eta": xp.where(better | done, eta, eta / 2),
            "i": xp.where(better, i + 1.0, 0.0),
            "done": done,
        }

    begun = {
        "x": x,
        "f": f(x),
        "g": gradient(x),
        "eta": xp.asarray(1e-5),
        "i": xp.asarray(0.0),
        "done": xp.asarray(False),
    }
    return to.while_loop(goes_on, step, begun)["x"]


def saddle(to, outer, inner, start):
    """The saddle of a function of two points, of which one minimizes what the other maximizes."""

    def height(a, b):
        return to.np.sum(a * a) - to.np.sum(b * b)

    def least(a):
        f = partial(lambda b, a: -height(a, b), a=a)
        return height(a, argmin(to, f, to.grad[inner](f), start))

    one = argmin(to, least, to.grad[outer](least), start)
    f = partial(lambda b, a: -height(a, b), a=one)
    return to.np.concatenate([one, argmin(to, f, to.grad[inner](f), start)])


def particle(to, outer, inner, start):
    """The place of a charge, so that a particle that it deflects comes down at the origin."""
    xp = to.np

    def landing(w):
        charges = xp.stack([xp.stack([10.0 + 0.0 * w[0], 10.0 - w[0]]), xp.asarray([10.0, 0.0])])

        def potential(x):
            return xp.sum(1 / xp.sqrt(xp.sum((x - charges) ** 2, axis=1)))

        def step(at):
            x, speed = at
            return x + 0.1 * speed, speed - 0.1 * to.grad[inner](potential)(x)

        begun = xp.asarray([0.0, 8.0]), xp.asarray([0.75, 0.0])
        x, speed = to.while_loop(lambda at: at[0][1] + 0.1 * at[1][1] > 0, step, begun)
        return (x - x[1] / speed[1] * speed)[0] ** 2

    return argmin(to, landing, to.grad[outer](landing), start)


PROBLEMS = {"saddle": (saddle, np.array([1.0, 1.0])), "particle": (particle, np.array([0.0]))}
MODES = ("rr", "rf", "fr", "ff")


def functions(library, name, modes):
    """A problem compiled by a library, and where it begins."""
    f, start = PROBLEMS[name]
    return library.compile(partial(f, library, *modes)), start
