"""From eager to compiled inside minimize, least_squares and root: when, and never silently wrong."""

import functools
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.compiler import tiers
from dragongrad.compiler.tiers import Tiered


@pytest.fixture
def at_once(monkeypatch):
    """Compile after the first call."""
    monkeypatch.setattr(tiers, "_LARGE", 0)
    monkeypatch.setattr(tiers, "worth", lambda *args: 1)


def valley(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def decay(p, t, y):
    return p["height"] * np.exp(-p["rate"] * t) - y


T = np.linspace(0, 3, 20)
Y = 2 * np.exp(-0.7 * T) + 0.01 * np.sin(40 * T)


def test_a_short_run_compiles_nothing():
    double = Tiered(lambda x: 2 * x, True)
    assert double(np.ones(2)).tolist() == [2, 2]
    assert not double.compiled


@pytest.mark.parametrize("kind", [tiers.VALUE, tiers.REVERSE, tiers.PRODUCT, tiers.FORWARD])
def test_the_more_a_call_costs_the_earlier_it_is_compiled(kind):
    def smooth(x):
        return np.sum(np.exp(-(x**2)) * np.sin(x))

    calls = [tiers.worth(smooth, (np.ones(n),), kind) for n in (1, 1_000, 100_000, 10_000_000)]
    assert calls == sorted(calls, reverse=True)
    assert calls[0] > kind.look
    assert calls[-1] <= 2
    assert tiers.worth(lambda x: float(x[0]), (np.ones(1),), kind) == np.inf


def test_much_data_is_looked_at_at_once():
    """With a million numbers compiling pays after ten calls, with one after hundreds."""
    data = np.ones(1_000_000)

    def compiled_after_ten_calls(f, x):
        g = Tiered(f, True, data=tiers.data_of(f))
        for _ in range(10):
            g(x)
        return g.compiled

    assert compiled_after_ten_calls(lambda x: np.sum(x * data), 2.0)
    assert compiled_after_ten_calls(lambda x: x + 0.5, data)
    assert not compiled_after_ten_calls(lambda x: x + 0.5, 2.0)


class Model:
    def __init__(self):
        self.rows = np.ones((7, 3))

    def loss(self, x):
        return np.sum(self.rows * x)


ROWS = np.ones((11, 2))


def of_globals(x):
    return ROWS @ x


FIVE = np.ones(5)


def of_closure(data):
    def f(x, more=FIVE):
        return of_globals(x) + data + more

    return f


@pytest.mark.parametrize(
    ("f", "numbers"),
    [(np.sum, 0), (of_globals, 22), (of_closure(np.ones(3)), 30), (Model().loss, 21), (Model(), 21),
     (functools.partial(of_globals, np.ones(2)), 24), ([of_globals, np.ones(4)], 26)],
)  # fmt: skip
def test_data_is_found_where_functions_hold_it(f, numbers):
    assert tiers.data_of(f) == numbers


# Equal runs, equal bits: how long calls take and what ran before must not matter.

RUNS = {
    "nadam": lambda f: ad.minimize(f, np.array([-1.2, 1.0, 0.5]), method="nadam", max_iter=200),
    "l-bfgs": lambda f: ad.minimize(f, np.array([-1.2, 1.0, 0.5]), method="l-bfgs"),
    "newton": lambda f: ad.minimize(f, np.array([-1.2, 1.0, 0.5])),
    "scipy:SLSQP": lambda f: ad.minimize(
        f, np.array([-1.2, 1.0, 0.5]), method="scipy:SLSQP", ftol=1e-12,
        constraints={"type": "ineq", "fun": lambda x: 2 - np.sum(x**2)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_slow_calls_give_the_same_bits(name, monkeypatch):
    calls = []
    monkeypatch.setattr(tiers, "_LARGE", 0)
    monkeypatch.setattr(tiers, "worth", lambda *args: 15)

    def slow(x):
        calls.append(None)
        time.sleep(0.008)
        return valley(x)

    one, other = RUNS[name](valley), RUNS[name](slow)
    assert len(calls) < one.njev + one.nhev  # it was compiled on the way
    assert one.x.tobytes() == other.x.tobytes()
    assert (one.fun, one.nit, one.nfev, one.njev, one.nhev) == (
        other.fun,
        other.nit,
        other.nfev,
        other.njev,
        other.nhev,
    )


BITS = """
import sys
import numpy as np
import dragongrad as ad

def valley(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

if sys.argv[1] == "before":
    ad.compile(ad.value_and_grad(valley))(np.ones(3))
    ad.minimize(valley, np.array([-1.2, 1.0, 0.7]), method="nadam", max_iter=450)
found = [ad.minimize(valley, np.array([-1.2, 1.0, 0.5]), method="nadam", max_iter=450).x for _ in range(2)]
assert found[0].tobytes() == found[1].tobytes()
print(found[0].tobytes().hex())
"""


def test_what_ran_before_does_not_matter():
    """In processes of their own, since this one has compiled many things."""
    words = ("fresh", "before")
    children = [subprocess.Popen([sys.executable, "-c", BITS, w], stdout=subprocess.PIPE, text=True) for w in words]
    runs = [child.communicate()[0] for child in children]
    assert runs[0] == runs[1]
    assert len(runs[0]) == 49


def test_a_long_run_is_compiled_and_gives_the_same(at_once):
    calls = []

    def f(x):
        calls.append(0)
        return np.sin(x) * x

    g = Tiered(ad.jacobian(f), True)
    for k in range(20):
        x = np.linspace(0, 1, 5) + k
        np.testing.assert_allclose(g(x), ad.jacobian(lambda x: np.sin(x) * x)(x), rtol=1e-14)
    assert g.compiled
    assert len(calls) < 20


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("samples", [100, 10_000])
@pytest.mark.filterwarnings("error::dragongrad.CompileWarning")
def test_rounding_is_not_taken_for_chance(at_once, dtype, samples):
    """Compiled sums add in another order; near a minimum, where the terms cancel, little else is left."""
    rng = np.random.default_rng(0)
    rows, hit = rng.normal(size=(samples, 3)).astype(dtype), rng.random(samples) < 0.5

    def loss(w):
        return np.mean(np.logaddexp(dtype(0), rows @ w) - hit.astype(dtype) * (rows @ w))

    start = ad.minimize(loss, np.zeros(3, dtype), compile=False).x
    for method in ("newton", "l-bfgs", "adam"):
        ad.minimize(loss, start, method=method, max_iter=20)
        ad.minimize(loss, np.zeros(3, dtype), method=method, max_iter=20)


@pytest.mark.parametrize("method", ["newton", "bfgs", "lbfgs", "trust-ncg", "trust-exact", "cg", "scipy:bfgs"])
def test_minimize_arrives_at_the_same_point(at_once, method):
    runs = [ad.minimize(valley, np.array([-1.2, 1.0, 0.5]), method=method, compile=c) for c in (False, True)]
    for run in runs:
        np.testing.assert_allclose(run.x, 1.0, atol=1e-3)
    assert abs(runs[0].nfev - runs[1].nfev) <= max(5, runs[0].nfev // 5)


def test_fits_and_roots_over_nests(at_once):
    start = {"height": 1.0, "rate": 1.0}
    eager, compiled = (ad.least_squares(decay, start, (T, Y), compile=c) for c in (False, True))
    for name in start:
        np.testing.assert_allclose(compiled.x[name], eager.x[name], rtol=1e-8)
    np.testing.assert_allclose(compiled.jac, eager.jac, rtol=1e-6)
    found = ad.root(lambda x: np.array([x[0] ** 2 + x[1] - 3, x[0] - x[1] ** 3]), [1.0, 1.0])
    assert found.success
    np.testing.assert_allclose(found.fun, 0, atol=1e-8)


def test_a_random_function_stays_eager_and_says_so(at_once):
    rng = np.random.default_rng(0)

    def noisy(x):
        return np.sum(x**2) + 1e-3 * rng.normal()

    with pytest.warns(ad.CompileWarning, match="compile=False"):
        ad.minimize(noisy, np.ones(3), method="adam", lr=0.01, max_iter=50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ad.minimize(noisy, np.ones(3), method="adam", lr=0.01, max_iter=50, compile=False)


def test_what_changes_later_is_found_at_the_result(at_once):
    data = {"shift": 0.0}

    def f(x):
        return np.sum((x - data["shift"]) ** 2)

    def change(iteration):
        data["shift"] = 1.0 if iteration.nit == 5 else data["shift"]

    with pytest.warns(ad.CompileWarning, match="reads something that changes"):
        ad.minimize(f, np.ones(3) * 3, method="gd", lr=0.01, max_iter=40, callback=change)


def test_an_error_in_the_function_is_the_users_own(at_once):
    def f(x):
        if x[0] < 0.9:
            raise ZeroDivisionError("mine")
        return np.sum(x**2)

    with pytest.raises(ZeroDivisionError, match="mine"):
        ad.minimize(f, np.ones(2), method="gd", lr=0.01, max_iter=100)


def test_branches_are_followed(at_once):
    def f(x):
        return np.sum(x**2) if x[0] > 0.5 else np.sum(np.abs(x) ** 3) + 0.125

    run = ad.minimize(f, np.ones(2), method="gd", lr=0.1, max_iter=300)
    assert run.x[0] < 0.5
    assert run.fun == pytest.approx(0.125, abs=1e-2)
