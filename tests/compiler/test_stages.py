"""Long loops of dear functions: strips of their steps are gone over in stages."""

import numpy as np
import pytest

import dragongrad as ad


def chain(x):
    return np.tanh(np.exp(np.sin(x)))


# What is computed, and whether in stages.
CASES = {
    "a map": (chain, True),
    "a sum": (lambda x: np.sum(chain(x) * x), True),
    "a row beside sums": (lambda x: (chain(x), np.sum(np.log1p(chain(x) ** 2)), np.max(np.exp(x))), True),
    "a number of all steps": (lambda x: np.sum(np.exp(np.tanh(np.sin(x[0]) * np.log1p(x * x)))), True),
    "columns": (lambda x: np.sum(chain(x)[:, None] * np.stack([x, np.exp(x)], 1), 0), True),
    "neighbours": (lambda x: np.sum(chain(x)[1:] * chain(x)[:-1]), True),
    "backwards": (lambda x: chain(x) * np.exp(np.tanh(x))[::-1], True),
    "a choice": (lambda x: np.where(np.exp(np.sin(x)) > 1, chain(x), np.floor(x)), True),
    "parts joined": (lambda x: np.concatenate([chain(x[:700]), np.cos(np.exp(np.tanh(x[700:])))]), False),
    "one round": (lambda x: np.sum(np.exp(x) * np.sin(x) * np.tanh(x)), False),
    "two functions": (lambda x: np.sum(np.log1p(np.exp(x))), False),
}


# Whole vectors, and some steps left over in a strip that is not the first.
@pytest.mark.parametrize(("n", "dtype"), [(4096, "float64"), (1531, "float64"), (2050, "float32")])
@pytest.mark.parametrize("name", CASES)
def test_values(name, n, dtype, rng):
    f, staged = CASES[name]
    x = rng.standard_normal(n).astype(dtype)
    compiled = ad.compile(lambda x: f(x), backend="native")
    digits = 1e-12 if dtype == "float64" else 1e-4
    for given in (x, 0.5 * x[::-1]):
        found, expected = compiled(given), f(given)
        pairs = zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]
        for one, other in pairs:
            np.testing.assert_allclose(one, other, rtol=digits, atol=digits)
    assert ("%strip" in compiled.llvm) == staged
    assert "No call back" in compiled.report()


@pytest.mark.parametrize("n", [1024, 1999])
def test_derivatives(n, rng):
    x = rng.standard_normal(n)
    given = {"a sum": CASES["a sum"][0], "columns": lambda x: np.sum(CASES["columns"][0](x) ** 2)}
    for name, f in given.items():
        both = ad.value_and_grad(f)
        compiled = ad.compile(both, backend="native")
        for one, other in zip(compiled(x), both(x), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11, err_msg=name)
        assert "%strip" in compiled.llvm


def test_ends_of_the_numbers():
    x = np.resize([0.0, -0.0, np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324, 800.0], 1100)
    f = lambda x: np.tanh(np.exp(np.log1p(np.abs(x))))
    compiled = ad.compile(f, backend="native")
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(compiled(x), f(x), rtol=1e-13)


def test_short_loops_are_one():
    compiled = ad.compile(chain, backend="native")
    compiled(np.ones(500))
    assert "%strip" not in compiled.llvm


def test_a_product_with_data_is_handed_on(rng):
    x, y = rng.standard_normal((2000, 8)), rng.random(2000) + 0.5

    def pareto(w):
        scale = np.exp(x @ w)
        return np.sum(np.log(scale) + 3 * np.log1p(y / scale))

    w, both = 0.1 * rng.standard_normal(8), ad.value_and_grad(pareto)
    compiled = ad.compile(both, backend="native")
    for one, other in zip(compiled(w), both(w), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11)
    # The products, their exponentials, the quotients and the logarithms; that of an exponential is none.
    assert compiled.llvm.count(" = alloca [") == 4
    assert "@dragon.log.double" not in compiled.llvm
