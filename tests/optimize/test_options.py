"""Options of the wrong kind: every way to run an optimizer times every option, refused by name before any work."""

import inspect
import math

import numpy as np
import pytest
from scipy.optimize import Bounds

import dragongrad as ad
from dragongrad.interop import scipy
from dragongrad.interop.methods import METHODS as SCIPYS
from dragongrad.optimize import LEAST_SQUARES, METHODS, Adam, ExponentialDecay, Objective
from dragongrad.optimize.bounds import read_bounds
from dragongrad.optimize.minimize import SCIPYS as SCIPYS_NAMES
from dragongrad.optimize.root import ROOTS

CALLS = []


def bowl(x):
    CALLS.append(0)
    return np.sum((x - 1) ** 2)


def line(x):
    CALLS.append(0)
    return x - np.array([1.0, 2.0])


@pytest.fixture(autouse=True)
def nothing_is_evaluated():
    CALLS.clear()
    yield
    assert not CALLS


WAYS = {
    **{name: (ad.minimize, bowl, {"method": name}) for name in (None, *METHODS)},
    **{f"scipy:{name}": (ad.minimize, bowl, {"method": f"scipy:{name}"}) for name in SCIPYS},
    **{f"fit {name}": (ad.least_squares, line, {"method": name}) for name in ("lm", "gauss-newton")},
    **{f"root {name}": (ad.root, line, {"method": name}) for name in (None, "newton", "lm")},
}


def run(way, **options):
    call, f, method = WAYS[way]
    return call(f, np.zeros(2), **method, **options)


NO_NUMBER = ["fast", True, math.nan, [0.1], np.array([0.1, 0.2]), 1j, {}]
WRONG = {
    "callback": [3, "print", lambda: None],
    "progress": [1, "yes", None],
    "watch": [1, "yes", lambda: None],
    "path": [1, "yes", None],
    "compile": [1, "no", None],
    "max_iter": [*NO_NUMBER, 1.5, 0, -3, math.inf],
    "max_time": [*NO_NUMBER, -1.0],
    "xtol": [*NO_NUMBER, -1e-3, math.inf],
    "ftol": [*NO_NUMBER, -1e-3, math.inf],
    "gtol": [*NO_NUMBER, -1e-3, math.inf],
    "nonsense": [1],
    "tol": [None, 1e-8],
}


@pytest.mark.parametrize("option", WRONG)
@pytest.mark.parametrize("way", WAYS)
def test_what_every_run_takes(way, option):
    if (way, option) == ("scipy:cobyla", "tol"):  # its own
        return
    for value in WRONG[option]:
        with pytest.raises(ad.ArgumentError, match=option) as caught:
            run(way, **{option: value})
        if isinstance(value, str) and "no option" not in str(caught.value):
            assert repr(value) in str(caught.value)


@pytest.mark.parametrize("name", {**METHODS, **LEAST_SQUARES, "newton root": ROOTS["newton"]})
def test_every_option_of_every_method(name):
    method = {**METHODS, **LEAST_SQUARES, "newton root": ROOTS["newton"]}[name]
    for option, default in method.options.items():
        wrong = [1, "yes", None] if isinstance(default, bool) else [*NO_NUMBER, -1]
        if isinstance(default, int) and not isinstance(default, bool):
            wrong += [0, 2.5]
        if option == "bounds" and name in LEAST_SQUARES:
            wrong = ["wide", 3, [1.0], (1, 2, 3), (2, 1)]  # two numbers are its two sides
        for value in wrong:
            with pytest.raises(ad.ArgumentError, match=option):
                method(bowl if name in METHODS else line, np.zeros(2), **{option: value})


RATES = [*NO_NUMBER, 0.0, -1, math.inf, ExponentialDecay, lambda: 0.1]


@pytest.mark.parametrize("name", [*METHODS, *LEAST_SQUARES])
@pytest.mark.parametrize("option", ["lr", "clip"])
def test_rates_and_clips(name, option):
    way = name if name in METHODS else "fit lm"
    for value in RATES if option == "lr" else [3, "norm", np.ones(2), lambda: 3]:
        with pytest.raises(ad.ArgumentError, match=option):
            run(way, **{option: value})


@pytest.mark.parametrize("options", [{"lr": "fast"}, {"max_iter": 1.5}, {"tol": None}, {"tol": -1}, {"clip": 3},
                                     {"beta1": "x"}, {"beta": 0.9}])  # fmt: skip
def test_the_classes_themselves(options):
    with pytest.raises(ad.ArgumentError, match=next(iter(options))):
        Adam(bowl, np.zeros(2), **options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"max_itr": 5}, "did you mean 'max_iter'"),
        ({"method": "adam", "beta": 0.9}, "did you mean 'beta[12]'"),
        ({"method": "newtn"}, "did you mean 'newton'"),
        ({"method": "l-bfg"}, "did you mean 'l-bfgs'"),
        ({"method": "trust-exat"}, "did you mean 'trust-exact'"),
        ({"method": "nope"}, "choose one of .*l-bfgs, cg, trust-ncg, trust-exact, 'scipy:NAME'"),
        ({"method": "SLSQP"}, "did you mean 'scipy:SLSQP'"),
        ({"method": "trust_constr"}, "did you mean 'scipy:trust-constr'"),
        ({"method": "nelder-mead"}, "did you mean 'scipy:Nelder-Mead'"),
        ({"method": "L-BFGS-B"}, "did you mean 'scipy:L-BFGS-B'"),
        ({"method": "spicy:CG"}, "did you mean 'scipy'"),
        ({"method": "scipy:L-BFGS-B", "maxcorr": 3}, "did you mean 'maxcor'"),
        ({"method": "scipy:trust-constr", "verbos": 3}, "verbos"),
        ({"hess": np.eye}, "found by themselves"),
        ({"method": "scipy:trust-constr", "hess": np.eye}, "found by themselves"),
        ({"tol": 1e-8}, "gtol, xtol or ftol"),
        ({"method": "scipy:BFGS", "options": {}}, "arguments of their own"),
        ({"jac": "2-point"}, "exact gradients are found by themselves"),
        ({"mode": "sideways"}, "mode must be one of 'forward', 'reverse', got 'sideways'"),
        ({"mode": 3}, "mode"),
        ({"method": 3}, "unknown method 3"),
        ({"method": ""}, "unknown method"),
        ({"method": "lbfgs", "memory": 2.5}, "memory must be a positive whole number, got 2.5"),
        ({"method": "scipy:L-BFGS-B", "maxls": "x"}, "L-BFGS-B refuses"),
    ],
)
def test_messages_say_what_was_perhaps_meant(options, match):
    with pytest.raises(ad.ArgumentError, match=match):
        ad.minimize(bowl, np.zeros(2), **options)
    if "refuses" in match:  # SciPy looks at the values of its own options when it needs them
        CALLS.clear()


def test_scipys_names_are_known():
    assert sorted(SCIPYS_NAMES) == sorted(method.name for method in SCIPYS.values())


NO_PAIRS = [3.0, np.float64(3), None, "ab", (1.0,), (1.0, 2.0, 3.0), np.ones(2)]
NO_GRADIENTS = [None, "ab", 2j * np.ones(2), [], {"a": "b"}]


@pytest.mark.parametrize("method", ["bfgs", "scipy:BFGS"])
@pytest.mark.parametrize(
    ("returned", "match"),
    [(out, r"must return the pair \(value, gradient\), it returned .*leave out jac") for out in NO_PAIRS]
    + [((1.0, g), "the gradient must be an array of real numbers") for g in NO_GRADIENTS],
)
def test_what_returns_its_gradient_must_do_so(method, returned, match):
    with pytest.raises(ad.ArgumentError, match=match):
        ad.minimize(lambda x: returned, np.ones(2), jac=True, method=method)


STARTS = ["abc", None, [], np.zeros(0), np.zeros((0, 3)), {}, {"a": np.zeros(0)}, [[1, 2], [3]], [1, "a"], bowl, 1j,
          np.array([None, 1]), np.array(["a"])]  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("call", [ad.minimize, ad.least_squares, ad.root])
def test_starts(call, start):
    with pytest.raises(ad.core.errors.DragongradError):
        call(bowl, start)


@pytest.mark.parametrize("f", [3, None, "f", np.zeros(2)], ids=repr)
@pytest.mark.parametrize("call", [ad.minimize, ad.least_squares, ad.root])
def test_functions(call, f):
    with pytest.raises(ad.ArgumentError, match="must be callable, got"):
        call(f, np.zeros(2))


# Bounds and constraints

INF = math.inf
NEST = {"a": 1.0, "b": np.zeros(2)}
FORMS = [
    # start, bounds, low, high
    (0.5, (0, 1), [0], [1]),
    (0.5, [(0, None)], [0], [INF]),
    (0.5, Bounds(0, 1), [0], [1]),
    ([1.0, 2.0], [(0, 1), (None, 2)], [0, -INF], [1, 2]),
    ([1.0, 2.0], ((0, 1), None), [0, -INF], [1, INF]),
    ([1.0, 2.0], np.array([[0, 1], [2, 3]]), [0, 2], [1, 3]),
    ([1.0, 2.0], Bounds([0, 0], INF), [0, 0], [INF, INF]),
    (np.zeros((1, 2)), [(0, 1), (2, 3)], [0, 2], [1, 3]),
    (NEST, (0, 1), [0, 0, 0], [1, 1, 1]),
    (NEST, ({"a": 0, "b": [1, None]}, INF), [0, 1, -INF], [INF, INF, INF]),
    (NEST, {"a": (0, 1)}, [0, -INF, -INF], [1, INF, INF]),
    (NEST, {"b": (0, [2, 3])}, [-INF, 0, 0], [INF, 2, 3]),
    (NEST, {"b": [(0, 1), None]}, [-INF, 0, -INF], [INF, 1, INF]),
    (NEST, Bounds([0, 1, 2], [3, 4, 5]), [0, 1, 2], [3, 4, 5]),
    ({"w": [1.0, 2.0]}, {"w": (0, 1)}, [0, 0], [1, 1]),
    ({"w": [1.0, 2.0]}, {"w": [(0, 1), (2, 3)]}, [0, 2], [1, 3]),
    ((np.zeros(2), 1.0), ([0, 0], 1), None, None),
    ([{"u": 1.0}, 2.0], [{"u": (0, 1)}, None], [0, -INF], [1, INF]),
]


@pytest.mark.parametrize(("start", "bounds", "low", "high"), FORMS)
def test_forms_of_bounds(start, bounds, low, high):
    packing = Objective(bowl, start).packing
    if low is None:
        with pytest.raises(ad.ArgumentError, match="structure"):
            read_bounds(bounds, packing)
        return
    box = read_bounds(bounds, packing)
    np.testing.assert_array_equal(box.low, low)
    np.testing.assert_array_equal(box.high, high)
    assert read_bounds(None, packing) is None


@pytest.mark.parametrize(
    ("bounds", "low", "high"),
    [((0, 1), [0, 0], [1, 1]), (([0, 1], [2, 3]), [0, 1], [2, 3]), ((None, [1, 2]), [-INF, -INF], [1, 2]),
     (Bounds(0, [1, 2]), [0, 0], [1, 2])],
)  # fmt: skip
def test_two_sides_where_fits_take_them(bounds, low, high):
    box = read_bounds(bounds, Objective(bowl, [0.5, 0.5]).packing, sides_first=True)
    np.testing.assert_array_equal(box.low, low)
    np.testing.assert_array_equal(box.high, high)


BAD_BOUNDS = [
    (0, 1), [0, 1], [(0, 1)], [(0, 1)] * 3, "ab", 3, True, [(1, 0), (0, 1)], [("a", 1)] * 2, [(math.nan, 1)] * 2,
    {"a": 1}, np.zeros((2, 3)), [(0, 1, 2)] * 2, ([0], [1, 1]), [(INF, INF), (0, 1)], [(0, 1), (-INF, -INF)],
    Bounds(INF, INF), Bounds([0, 0, 0], 1), lambda x: x,
]  # fmt: skip


@pytest.mark.parametrize("bounds", BAD_BOUNDS)
@pytest.mark.parametrize("method", [name for name, m in SCIPYS.items() if m.bounds])
def test_bounds_that_do_not_fit(method, bounds):
    with pytest.raises(ad.ArgumentError, match="bound"):
        ad.minimize(bowl, np.zeros(2), method=f"scipy:{method}", bounds=bounds)
    with pytest.raises(ad.ArgumentError, match="bound"):
        scipy.minimize(bowl, np.zeros(2), method=method, bounds=bounds)


@pytest.mark.parametrize(
    ("bounds", "match"),
    [
        ([(2, 1), (0, 1)], r"the bounds of x\[0\] are 2 and 1: .*write \(1, 2\)"),
        (
            [(0, 1), (INF, INF)],
            r"x\[1\] are inf and inf: there is no number.*write \(-np.inf, np.inf\)",
        ),
        (([0], [1, 1]), r"write bounds=\[\(0, 1\), \(0, 1\)\]"),
        ([(0, math.nan), None], "a bound must be a number, or None where there is none, got nan"),
    ],
)
def test_bounds_that_are_wrong_say_what_to_write(bounds, match):
    with pytest.raises(ad.ArgumentError, match=match):
        ad.minimize(bowl, np.zeros(2), bounds=bounds)


@pytest.mark.parametrize(
    ("bounds", "match"),
    [
        ({"c": (0, 1)}, "there are bounds for 'c', which is no parameter"),
        ({"aa": (0, 1)}, "did you mean 'a'"),
        ({"a": 3}, r"a pair \(low, high\), got 3"),
        ({"b": (0, [1, 2, 3])}, "do not fit a parameter of shape"),
        ({"b": ([0, 5], 2)}, r"the bounds of b\[1\] are 5 and 2"),
        ([(0, 1)], "structure of the parameters"),
        (3, "those of a nest are"),
    ],
)
def test_bounds_of_a_nest_that_do_not_fit(bounds, match):
    with pytest.raises(ad.ArgumentError, match=match):
        read_bounds(bounds, Objective(bowl, NEST).packing)


@pytest.mark.parametrize("bounds", [[(0, 1), (0, 1)], 3, "ab", (1, 0), ([0, 0, 0], 1)], ids=repr)
def test_sides_that_do_not_fit(bounds):
    with pytest.raises(ad.ArgumentError, match="bound"):
        read_bounds(bounds, Objective(bowl, [0.5, 0.5]).packing, sides_first=True)


BAD_CONSTRAINTS = [
    3, "a", True, [3], lambda x: x, {"type": "ineq"}, {"fun": bowl}, {"type": "ineq", "fun": 3},
    {"type": "equal", "fun": bowl}, {"type": "ineq", "fun": bowl, "jac": 3},
    {"type": "ineq", "fun": bowl, "hes": 1},
]  # fmt: skip


@pytest.mark.parametrize("constraints", BAD_CONSTRAINTS)
@pytest.mark.parametrize("method", [name for name, m in SCIPYS.items() if m.constraints])
def test_constraints_that_are_none(method, constraints):
    with pytest.raises(ad.ArgumentError, match="constraint"):
        ad.minimize(bowl, np.zeros(2), method=f"scipy:{method}", constraints=constraints)


# What is of the right kind, in whatever form


def test_numbers_of_any_type_are_numbers():
    found = ad.minimize(
        lambda x: np.sum((x - 1) ** 2), np.zeros(2), method="adam", lr=np.float32(0.1), max_iter=1e2,
        gtol=np.array(1e-3), xtol=np.int64(0), max_time=math.inf, beta1=np.float64(0.8), path=np.True_,
    )  # fmt: skip
    assert found.nit <= 100
    assert found.path is not None


def test_a_single_argument_need_not_be_a_tuple():
    data = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(ad.least_squares(lambda mean, y: mean - y, 0.0, data).x, 2)
    np.testing.assert_allclose(ad.minimize(lambda x, y: np.sum((x - y) ** 2), 0.0, data).x, 2)
    np.testing.assert_allclose(ad.root(lambda x, y: x - y[1], 0.0, [1.0, 4.0]).x, 4)


def test_a_gradient_may_be_a_function():
    found = ad.minimize(lambda x, a: np.sum((x - a) ** 2), np.zeros(2), 3.0, jac=lambda x, a: 2 * (x - a))
    assert found.success
    assert found.nhev == 0
    np.testing.assert_allclose(found.x, 3)


@pytest.mark.parametrize("clip", [lambda g: g[:1], lambda g: None, lambda g: np.stack([g, g])])
def test_clips_keep_the_shape(clip):
    with pytest.raises(ad.ArgumentError, match=r"clip must return a gradient of shape \(2,\)"):
        ad.minimize(lambda x: np.sum(x**2), np.ones(2), method="gd", clip=clip)


@pytest.mark.parametrize("rate", ["fast", None, [0.1]])
def test_schedules_give_numbers(rate):
    with pytest.raises(ad.ArgumentError, match="the schedule gave the learning rate"):
        ad.minimize(lambda x: np.sum(x**2), np.ones(2), method="gd", lr=lambda count: rate)


def test_options_are_shown_in_signatures():
    for method in METHODS.values():
        assert set(method.options) == set(method.kinds) <= set(inspect.signature(method).parameters)
