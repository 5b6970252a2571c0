"""Functions with rules of their own, and solutions of equations, inside loops that are compiled."""

import itertools
import warnings

import numpy as np
import pytest
from grid import BACKENDS

import dragongrad as ad
from dragongrad.testing import check_derivatives


@ad.custom_rule
def bent(x, *, by=2.0):
    return np.asarray(by * np.sin(np.asarray(x)))


@bent.pullback
def _(out_bar, x, by):
    return out_bar * by * np.cos(x)


@ad.custom_rule
def foreign(x):
    return np.array([float(np.max(x)), len(x)])


@foreign.pullback
def _(out_bar, x):
    bar = np.zeros(len(x))
    bar[int(np.argmax(x))] = float(out_bar[0])
    return bar


def heron(a):
    x = 1.0 + a
    for _ in range(40):
        x = (x + a / x) / 2
    return x


root = ad.implicit.root(heron, lambda x, a: x * x - a)
lowest = ad.implicit.minimizer(lambda a: a / 2, lambda x, a: np.sum((2 * x - a) ** 2))
CASES = {
    "custom": lambda c: bent(c) + 0.1,
    "options": lambda c: bent(c, by=0.5) + bent(c),
    "root": lambda c: root(c + 2.0),
    "root made in the body": lambda c: ad.implicit.root(heron, lambda x, a: x * x - a)(c + 2.0),
    "minimizer": lambda c: lowest(c) + 0.3,
    "in a batch": lambda c: ad.vmap(lambda x: bent(x[None])[0])(c),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_they_are_called_back_inside_the_loop(name, backend):
    def run(c):
        return np.sum(ad.scan(lambda c, _: (CASES[name](c), None), c, length=4)[0])

    start = np.array([0.4, 1.3])
    if backend == "native":
        check_derivatives(run, start)
    for f in (run, ad.grad(run)):
        compiled = ad.compile(f, backend=backend)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for x in (start, start, start + 0.2):
                np.testing.assert_allclose(compiled(x), f(x), rtol=1e-10)


def test_a_rule_in_another_language():
    def run(c):
        return np.sum(ad.scan(lambda c, _: (c * foreign(c)[0], None), c, length=3)[0])

    gradient, x = ad.compile(ad.grad(run)), np.array([0.4, 1.3])
    for _ in range(2):
        np.testing.assert_allclose(gradient(x), ad.grad(run)(x))


def test_a_rule_that_is_another_at_each_call_still_runs_eagerly():
    numbers = itertools.count()

    def run(c):
        def step(c, _):
            return bent(c, by=float(len(seen))), seen.append(1)

        seen = [1]
        return np.sum(ad.scan(lambda c, _: (step(c, _)[0], None), c, length=3)[0]) + 0 * next(numbers)

    compiled, x = ad.compile(run), np.array([0.4, 1.3])
    with pytest.warns(ad.CompileWarning, match="does something else"):
        first = compiled(x)
    np.testing.assert_allclose(first, run(x))
    np.testing.assert_allclose(compiled(x), run(x))
