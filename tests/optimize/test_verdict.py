"""A success is a success: functions that fool tests of convergence, times every method, in all scales."""

import math

import numpy as np
import pytest
from grid import covering

import dragongrad as ad
from dragongrad.interop.watched import late_gain
from dragongrad.optimize import GD, METHODS, LineSearchOptimizer, Status, clip_by_norm, verdict, zoo

RNG = np.random.default_rng(0)
SECOND = ("newton", "trust-exact", "trust-ncg", "bfgs", "l-bfgs", "cg")
# First-order methods with a rate that gets them somewhere in some hundred steps.
RATES = {
    "gd": 1e-3, "momentum": 1e-3, "nesterov": 1e-3, "adagrad": 0.5, "rmsprop": 0.01, "adadelta": 1.0, "adam": 0.05,
    "amsgrad": 0.05, "adamw": 0.02, "nadam": 0.02, "radam": 1e-3, "lion": 0.01, "rprop": 0.01,
}  # fmt: skip


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def accelerated(center):
    """Weibull regression; a covariate lies around 20,000."""
    rng = np.random.default_rng(0)
    n = 500
    group, large = rng.integers(0, 2, n), 20000 + 10 * rng.normal(size=n)
    y = np.log(0.5) * group + np.log(rng.weibull(1.0, n))
    design = np.c_[np.ones(n), group, (large - large.mean()) / large.std() if center else large]

    def f(p):
        z = (y - design @ p[:3]) / np.exp(p[3])
        return np.sum(-z + np.exp(z) + p[3]) / n

    return f


def counts(scale):
    """Poisson regression; a covariate is measured in small or large units."""
    rng = np.random.default_rng(3)
    design = np.c_[np.ones(200), rng.normal(size=200), scale * (1 + 0.01 * rng.normal(size=200))]
    y = rng.poisson(np.exp(design @ np.array([0.3, 0.5, 0.2 / scale])))
    return lambda b: np.mean(np.exp(design @ b) - y * (design @ b))


LEAST = {
    "accelerated": ad.minimize(accelerated(True), np.zeros(4)).fun,
    "counts": ad.minimize(counts(1.0), np.zeros(3)).fun,
}
NOISE = np.random.default_rng(1)


def near(value, atol=1e-3):
    return lambda found: abs(found.fun - value) <= atol


def at(x, scale=1.0, atol=2e-2):
    return lambda found: np.allclose(np.asarray(found.x) / scale, x, atol=atol)


def never(found):
    return False


def always(found):
    return True


# A function, where to start, and when a success is one.
TABLE = {
    "jump to a higher value": (
        lambda x: np.where(x[0] < 1.5, (x[0] - 2) ** 2, 10.0) + x[1] ** 2, [0.0, 1.0], never,
    ),
    "jump to a lower value": (
        lambda x: np.where(x[0] < 1.5, (x[0] - 2) ** 2, (x[0] - 3) ** 2 - 10) + x[1] ** 2, [0.0, 1.0], near(-10),
    ),
    "least at a jump": (lambda x: np.where(x[0] > 0, x[0] + 1, -x[0]) + x[1] ** 2, [2.0, 1.0], near(0, 1e-2)),
    "NaN beyond an edge": (lambda x: np.where(x[0] > 1, (x[0] - 0.5) ** 2, np.nan) + x[1] ** 2, [3.0, 1.0], never),
    "infinite beyond an edge": (
        lambda x: np.where(x[0] > 1, (x[0] - 0.5) ** 2, np.inf) + x[1] ** 2, [3.0, 1.0], never,
    ),
    "overflows beyond an edge": (lambda x: 3 * x[1] + ((1 - x[0]) / np.exp(x[1])) ** 2, [1.0, -700.0], never),
    "ends in a root": (lambda x: np.sqrt(x[0]) + x[1] ** 2, [1.0, 1.0], near(0, 1e-2)),
    "ends in minus infinity": (lambda x: np.log(x[0]) + x[1] ** 2, [1.0, 1.0], never),
    "cone": (lambda x: np.sqrt(np.sum(x**2)), [1.0, 2.0], at(0)),
    "absolute values": (lambda x: np.sum(np.abs(x)), [1.0, -2.0], at(0)),
    "absolute value of a number": (lambda x: np.abs(x - 0.3), 2.0, at(0.3)),
    "greater of two": (
        lambda x: np.maximum(x[0] ** 2 + x[1] ** 4, (2 - x[0]) ** 2 + (2 - x[1]) ** 2), [1.0, -0.1], near(1.9522),
    ),
    "plateau": (lambda x: np.where(x[0] < 0, 1.0, (x[0] - 1) ** 2) + 0 * x[1], [-5.0, 0.0], near(0)),
    "steps": (lambda x: np.sum(np.floor(x) ** 2), [-0.3, 0.9, 1.8], near(0)),
    "at a step": (lambda x: np.sum(np.floor(x) ** 2), [-1e-16, 0.0, 0.5], near(0)),
    "saturated": (lambda x: (1 / (1 + np.exp(-1000 * x[0])) - 1) ** 2 + x[1] ** 2, [-5.0, 1.0], near(0)),
    "hole far away": (lambda x: -np.exp(-np.sum(x**2)), [4.0, 4.0], near(-1)),
    "hole out of sight": (lambda x: -np.exp(-np.sum(x**2)), [30.0, 30.0], near(-1)),
    "towards a saddle": (lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [1.0, 0.0], near(-0.25)),
    "at a saddle": (lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [0.0, 0.0], near(-0.25)),
    "at a maximum": (lambda x: np.sum(np.cos(x)), [0.0, 0.0], near(-2)),
    "at a monkey saddle": (
        lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2 + 0.1 * np.sum(x**4), [0.0, 0.0], lambda found: found.fun < -10,
    ),
    "unbounded, straight": (lambda x: -np.sum(x), [1.0, 1.0], never),
    "unbounded, logarithm": (lambda x: -np.sum(np.log(x)), [1.0, 1.0], never),
    "unbounded, root": (lambda x: -np.sum(np.sqrt(x)), [1.0, 1.0], never),
    "least at infinity": (lambda x: np.sum(np.exp(-x)), [0.0, 0.0], near(0)),
    "constant": (lambda x: 3.0 + 0 * np.sum(x), [1.0, 2.0], always),
    "a parameter is not used": (lambda x: (x[0] - 1) ** 2, [3.0, 5.0], near(0)),
    "one parameter": (lambda x: (x - 1) ** 4 + x, 3.0, near(1 - (3 / 8) * 2 ** (1 / 3))),
    "quartic": (lambda x: np.sum(x**4), [1.0, 2.0], near(0)),
    "a large constant": (lambda x: 1e8 + rosenbrock(x), [-1.2, 1.0], at(1, atol=5e-2)),
    "noisy": (lambda x: np.sum((x - 1) ** 2) + 1e-3 * NOISE.normal(), [3.0, 2.0], at(1, atol=0.1)),
    "a covariate around 20,000": (accelerated(False), np.zeros(4), near(LEAST["accelerated"])),
    "a covariate in small units": (counts(1e-6), np.zeros(3), near(LEAST["counts"])),
    "a covariate in large units": (counts(1e4), np.zeros(3), near(LEAST["counts"])),
    "mixed units": (
        lambda x: rosenbrock(x / np.array([1e-5, 1e5])), np.array([-1.2e-5, 1e5]), at(1, np.array([1e-5, 1e5])),
    ),
    **{
        f"value times {s:g}": (lambda x, s=s: s * rosenbrock(x), [-1.2, 1.0], at(1))
        for s in (1e-12, 1e-6, 1e6, 1e12)
    },
    **{
        f"parameters times {s:g}": (lambda x, s=s: rosenbrock(x / s), np.array([-1.2, 1.0]) * s, at(1, s))
        for s in (1e-12, 1e-6, 1e6, 1e12)
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "method"), covering([*TABLE], SECOND) + covering([*TABLE], [m for m in METHODS if m not in SECOND])
)
@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning", "ignore::RuntimeWarning")
def test_what_is_called_a_success_is_one(name, method):
    f, start, right = TABLE[name]
    NOISE.bit_generator.state = np.random.default_rng(1).bit_generator.state
    options = {"lr": RATES[method], "max_iter": 200} if method in RATES else {"max_iter": 300}
    found = ad.minimize(f, start, method=method, **options)
    assert found.success == (found.status is Status.CONVERGED)
    assert not found.success or right(found), found
    assert found.message


ARRIVE = [n for n in TABLE if n not in (
    "jump to a higher value", "jump to a lower value", "least at a jump", "NaN beyond an edge", "noisy", "plateau",
    "steps", "at a step", "overflows beyond an edge",
    "infinite beyond an edge", "ends in a root", "ends in minus infinity", "cone", "absolute values",
    "absolute value of a number", "greater of two", "unbounded, straight", "unbounded, logarithm",
    "unbounded, root",
)]  # fmt: skip


@pytest.mark.parametrize(("name", "method"), covering(ARRIVE, [m for m in SECOND if m != "cg"]))
def test_smooth_functions_are_minimized_in_any_scale(name, method):
    f, start, right = TABLE[name]
    found = ad.minimize(f, start, method=method)
    assert right(found), found
    assert found.success, found


STATUSES = [
    ("jump to a higher value", Status.NO_DESCENT, "kink or a jump"),
    ("NaN beyond an edge", Status.NO_DESCENT, "kink or a jump"),
    ("overflows beyond an edge", Status.NO_DESCENT, "kink or a jump"),
    ("unbounded, straight", Status.UNBOUNDED, "no minimum"),
    ("unbounded, logarithm", Status.UNBOUNDED, "no minimum"),
    ("unbounded, root", Status.UNBOUNDED, "no minimum"),
]


@pytest.mark.parametrize(("name", "status", "says"), STATUSES)
@pytest.mark.parametrize("method", SECOND)
def test_why_there_is_no_success(method, name, status, says):
    f, start, _ = TABLE[name]
    found = ad.minimize(f, start, method=method)
    assert found.status is status, found
    assert says in found.message
    assert found.nfev < 3000


@pytest.mark.parametrize("method", SECOND)
def test_small_changes_before_an_edge_are_no_success_where_curvature_is_infinite(method):
    f, start, _ = TABLE["overflows beyond an edge"]
    with np.errstate(all="ignore"):
        found = ad.minimize(f, start, method=method, ftol=1e-8)
    assert found.status is Status.NO_DESCENT, found


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
@pytest.mark.parametrize("method", SECOND)
def test_values_whose_squares_underflow_or_overflow(method, scale):
    with np.errstate(all="ignore"):
        found = ad.minimize(lambda x: scale * rosenbrock(x), [-1.2, 1.0], method=method, max_iter=100)
    assert found.success == np.allclose(found.x, 1, atol=1e-3)
    assert found.success or (scale > 1 and ("divide the function" in found.message or method == "trust-ncg"))


@pytest.mark.parametrize("name", ["wood", "osborne-1", "jennrich-sampson", "biggs-exp6", "penalty-1"])
def test_lbfgs_goes_on_where_its_tolerances_would_have_ended_it(name):
    problem = zoo.get(name)
    found = ad.minimize(problem, problem.starts()[0], method="l-bfgs")
    assert found.success
    assert found.fun == pytest.approx(problem.minimum(), rel=1e-3, abs=1e-6)


def test_a_loose_tolerance_is_taken_at_its_word():
    """It leaves as much to gain, in parts of what was gained: no second derivatives are spent on more."""
    loose, tight = (ad.minimize(rosenbrock, [-1.2, 1.0], method="bfgs", gtol=g) for g in (0.3, 1e-8))
    assert loose.success
    assert loose.nit < tight.nit
    assert 1e-8 < loose.fun < 0.1


@pytest.mark.parametrize("method", ["scipy:COBYLA", "scipy:Nelder-Mead", "scipy:Powell"])
@pytest.mark.parametrize(
    ("f", "start", "least"),
    [
        (lambda x: 1e6 * np.sum((x - 3) ** 2) + 1e-4 * np.sum(x[:1] ** 2), [0.2, 0.2], 9e-4),
        (lambda x: np.sum((x - 1) ** 2 * np.array([1.0, 2.0])), [1e-9, 2.0], 0.0),
        (lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, [1.0, 2.0], 0.0),
        (lambda x: np.sum(np.abs(x - 1)), [3.0, 2.0], 0.0),
    ],
)
def test_methods_without_derivatives_are_looked_at_too(f, start, least, method):
    found = ad.minimize(f, np.array(start), method=method, max_iter=1000)
    assert found.status is Status.MAX_ITER or (found.success and abs(found.fun - least) < 1e-4)


@pytest.mark.parametrize("method", ["scipy:TNC", "scipy:BFGS", "scipy:L-BFGS-B", "scipy:Newton-CG", "bfgs"])
@pytest.mark.parametrize("start", [[1e6, -1e6], [-1e5, 1e3], [1e4, -1e4]])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_was_gained_on_the_way_from_far_away_is_no_measure_of_what_is_left(method, start):
    found = ad.minimize(rosenbrock, start, method=method, max_iter=3000)
    assert not found.success or abs(found.fun) < 1e-6, found


def test_late_gains():
    # Equal parts of what there is to gain: about what the second half tells.
    steady = (1e3 * 10.0 ** -np.linspace(0, 12, 400)).tolist()
    assert late_gain(steady) == pytest.approx(1e-3, rel=0.1)
    # Tens of powers of ten in a few steps: the last of them tell.
    sudden = [1e22, 1e18, 1e14, 1e13, 1e12, 1e5, 240.0, 7.0, 5.5, 5.4]
    assert late_gain(sudden) < 1e5
    assert late_gain([3.0]) == 0.0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_direction_whose_square_is_too_small_is_no_division_by_zero():
    found = ad.minimize(lambda x: np.sum(np.sqrt(x)), np.full(2, 0.2))
    assert not found.success


@pytest.mark.parametrize("method", [None, "adam", "scipy:COBYLA", "scipy:BFGS"])
def test_a_complex_value_is_refused(method):
    with pytest.raises(ad.DtypeError, match="real"):
        ad.minimize(lambda x: np.sum(x + 1j) ** 2, np.full(2, 0.2), method=method)


def test_without_second_derivatives_differences_of_gradients_serve():
    f = accelerated(False)
    pair = ad.value_and_grad(f)
    found = ad.minimize(pair, np.zeros(4), method="l-bfgs", jac=True)
    assert found.fun == pytest.approx(LEAST["accelerated"], abs=1e-3)
    assert found.nhev == 0
    away = ad.minimize(ad.value_and_grad(TABLE["towards a saddle"][0]), [1.0, 0.0], method="bfgs", jac=True)
    assert away.fun == pytest.approx(-0.25)


@pytest.mark.parametrize("n", [30, 300])
@pytest.mark.parametrize("pair", [False, True])
def test_of_many_parameters_products_are_enough(n, pair):
    """A saddle in many dimensions, which gradients alone lead into."""
    weights = np.linspace(1, 2, n - 1)

    def f(x):
        return np.sum(weights * x[1:] ** 2) - x[0] ** 2 + x[0] ** 4

    start = np.r_[0.0, np.ones(n - 1)]
    found = ad.minimize(ad.value_and_grad(f) if pair else f, start, method="l-bfgs", jac=pair)
    assert found.success, found
    assert found.fun == pytest.approx(-0.25, abs=1e-6)


def test_a_function_that_cannot_be_differentiated_twice_is_believed():
    @ad.custom_rule
    def softened(x):
        return np.logaddexp(0.0, x)

    @softened.pullback
    def rule(out_bar, out, x):
        return out_bar * np.fromiter((1 / (1 + np.exp(-v)) for v in x), float)  # no NumPy that a level could see

    found = ad.minimize(lambda x: np.sum(softened(x) + softened(-x) + x**2), [2.0, -3.0], method="bfgs")
    assert found.success
    np.testing.assert_allclose(found.x, 0, atol=1e-6)


def test_clipped_gradients_are_no_small_ones():
    found = ad.minimize(rosenbrock, [-1.2, 1.0], method="gd", lr=1e-3, clip=clip_by_norm(1e-7), max_iter=50)
    assert not found.success or found.fun < 1e-6


def test_what_is_best_is_not_where_the_run_came_to_rest():
    """Too long a step leads over the edge onto a plateau."""
    found = ad.minimize(lambda x: np.tanh(x[0] ** 2), [0.5], method=GD, lr=50.0)
    assert not found.success or found.fun < 1e-6
    if not found.success:
        assert found.fun == np.tanh(0.25)
        assert "came to rest" in found.message


def test_a_run_goes_on_with_its_own_steps():
    """The point that second derivatives found is one of the path, and the method forgets what was before it."""
    forgotten = []

    class Steepest(LineSearchOptimizer):
        def direction(self):
            return -self.gradient.ravel()

        def forget(self):
            forgotten.append(self.params.copy())
            return False

    found = ad.minimize(lambda x: 1e-12 * rosenbrock(x), [-1.2, 1.0], method=Steepest, path=True)
    assert found.success
    np.testing.assert_allclose(found.x, 1, atol=1e-3)
    assert len(found.path) == found.nit + 1
    assert forgotten
    assert found.nhev == len(forgotten) + 1


def test_promises_of_a_smooth_function_come_true_evenly():
    """Over ever shorter steps: of a kink none, of an edge all at once, of a curve more and more."""
    optimizer = METHODS["gd"](lambda x: np.sum(x**2), [1.0])
    optimizer.evaluate()
    judge = verdict._judge
    steps = [4.0**-k for k in range(8)]
    judge(optimizer, [(t, t * (1 - 8 * t)) for t in steps])
    for fall in (lambda t: -5.0 if t > 1e-3 else t, lambda t: min(t, 1e-3)):
        with pytest.raises(verdict.Doubt):
            judge(optimizer, [(t, fall(t)) for t in steps])
    for fall in (lambda t: -0.9 * t, lambda t: -math.inf, lambda t: -1.0):
        with pytest.raises(verdict.Stalled):
            judge(optimizer, [(t, fall(t)) for t in steps])
    judge(optimizer, [])
    assert math.isclose(optimizer.loss, 1.0)


# At a corner without slope the curvature decides, where bounds leave a way.
CORNERS = {
    "both away": (lambda x: -x[0] * x[1], [0.0, 0.0], [(0, 1)] * 2, [1.0, 1.0]),
    "one away": (lambda x: x[0] ** 2 - x[1] ** 2, [1.0, 0.0], [(-1, 1), (0, 1)], [0.0, 1.0]),
    "none": (lambda x: x[0] * x[1], [0.0, 0.0], [(0, 1)] * 2, [0.0, 0.0]),
    "one value": (lambda x: x[0] ** 2 - x[1] ** 2, [1.0, 0.0], [(-1, 1), (0, 0)], [0.0, 0.0]),
}  # fmt: skip


@pytest.mark.parametrize("name", CORNERS)
def test_a_saddle_at_a_corner_of_the_bounds_is_left(name):
    f, start, bounds, expected = CORNERS[name]
    for method in (None, "trust-exact", "scipy:L-BFGS-B"):
        found = ad.minimize(f, np.array(start), method=method, bounds=bounds)
        assert not found.success or np.allclose(found.x, expected, atol=1e-6), method


def test_a_promise_that_is_hardly_above_rounding_is_tried():
    """The value is -1e12 and some: a valley is followed as far as its last digits tell."""
    for method in SECOND:
        found = ad.minimize(lambda x: rosenbrock(x) - 1e12, np.array([-1.2, 1.0]), method=method)
        assert not found.success or rosenbrock(found.x) < 3e-3, method


# Slope and curvature vanish together, and beyond the value falls.
INFLECTIONS = {
    "cube": (lambda x: np.sum(x**3), [1.0]),
    "cube, large": (lambda x: 1e8 * np.sum(x**3), [1.0]),
    "cube beside a parabola": (lambda x: x[0] ** 3 + x[1] ** 2, [0.5, 1.0]),
    "fifth power": (lambda x: np.sum(x**5), [0.5]),
    "three ways down": (lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2, [0.5, 0.0]),
    "a way beside": (lambda x: x[0] ** 3 * x[1] + x[1] ** 4, [1.0, 1.0]),
    "a way between the axes": (lambda x: x[0] ** 3 * x[1] + x[1] ** 4, [0.0, 1.0]),
    "a way beside a parabola": (lambda x: x[0] ** 3 * x[1] + x[1] ** 4 + x[2] ** 2, [0.0, 1.0, 0.5]),
    "a narrow way": (lambda x: x[0] ** 3 * x[1] + 5 * x[1] ** 4, [0.0, 1.0]),
    "a way behind a saddle": (lambda x: x[0] ** 2 * x[1] + x[1] ** 4, [0.0, 1.0]),
    "a way behind a flat saddle": (lambda x: x[0] ** 2 * x[1] ** 3 + x[1] ** 6, [0.0, 1.0]),
    "stairs": (lambda x: np.sum(x - np.sin(x)), [1.0]),
}


@pytest.mark.parametrize(
    ("name", "method"), covering([*INFLECTIONS], [*RATES, "newton", "l-bfgs", "trust-exact", "scipy:trust-exact"])
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_inflection_is_no_minimum(name, method):
    f, start = INFLECTIONS[name]
    options = {"lr": RATES[method]} if method in RATES else {}
    found = ad.minimize(f, np.array(start), method=method, max_iter=2000, **options)
    assert not found.success, found


@pytest.mark.parametrize("method", ["rmsprop", "lion", "newton"])
def test_a_minimum_beside_an_inflection_is_one(method):
    f = lambda x: np.sum(3 * x**4 - 4 * x**3)  # flat at 0, least at 1
    found = ad.minimize(
        f, np.array([-0.5]), method=method, max_iter=3000, **{"lr": 0.01} if method in RATES else {}
    )
    assert not found.success or np.allclose(found.x, 1, atol=1e-2)


@pytest.mark.parametrize("start", [1.0, 0.1, -0.1, 6.0])
def test_a_search_that_met_values_far_below_is_measured_by_where_it_ended(start):
    found = ad.minimize(lambda x: x - np.sin(x), start, method="scipy:L-BFGS-B")
    assert not found.success, found


def test_a_search_that_ran_off_is_no_success():
    found = ad.minimize(lambda x: -np.log(1 + x[0] ** 2), np.array([0.1]), method="scipy:COBYLA")
    assert found.status is Status.UNBOUNDED


@pytest.mark.parametrize("method", ["rprop", "rmsprop", "bfgs", "newton", "trust-ncg"])
def test_a_minimum_near_a_saddle_of_higher_order_is_found(method):
    """The value falls around 0 alone, and rises again at the size of the start."""
    f = lambda x: x[0] ** 2 * x[1] * (1 + 3 * x[1]) + np.sum(x**6)
    options = {"lr": RATES[method]} if method in RATES else {}
    found = ad.minimize(f, np.array([0.0, 1.0]), method=method, max_iter=5000, **options)
    assert not found.success or (found.fun < -0.009 and np.allclose(found.jac, 0, atol=1e-5)), found


# Without second derivatives, or with infinite ones, the values around tell.
CUSPS = {
    "a summit": (lambda x: np.sum(np.abs(x) ** 1.5 - np.abs(x)), [0.0, 0.0], -8 / 27),
    "a summit beside a parabola": (lambda x: np.abs(x[0]) ** 1.5 - np.abs(x[0]) + x[1] ** 2, [0.0, 1.0], -4 / 27),
    "a minimum": (lambda x: np.sum(np.abs(x) ** 1.5), [1.0, -0.5], 0.0),
}


@pytest.mark.parametrize(("name", "method"), covering([*CUSPS], ["bfgs", "l-bfgs", "trust-exact", "scipy:BFGS"]))
def test_where_curvature_is_infinite_the_values_around_tell(name, method):
    f, start, least = CUSPS[name]
    found = ad.minimize(f, np.array(start), method=method)
    assert found.success, found
    assert np.isclose(found.fun, least, atol=1e-6)


KINKS = {
    "a kink": (lambda x: np.where(x[0] > 0.5, x[0], 1 - x[0]) + np.sum(x[1:] ** 2), [0.001, 0.001, 1.0], 0.5),
    "an edge": (lambda x: np.sqrt(1 - x[0] ** 2) + x[1] ** 2, [0.0, 1.0], 0.0),
    "a steep edge": (lambda x: np.arccos(x[0]) + x[1] ** 2, [-0.36, -0.06], 0.0),
    "a valley": (lambda x: np.abs(x[0] - x[1]) + 0.1 * x[0] ** 2 - 0.05 * x[0], [1.0, 0.0], -0.00625),
}


@pytest.mark.parametrize(("name", "method"), covering([*KINKS], ["COBYLA", "COBYQA", "Nelder-Mead", "Powell"]))
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_without_derivatives_a_lower_value_beside_is_looked_for(name, method):
    f, start, least = KINKS[name]
    found = ad.minimize(f, np.array(start), method=f"scipy:{method}")
    assert not found.success or found.fun < least + 1e-3, found


def test_what_is_found_at_the_end_of_a_run_ends_it():
    """The look far away came due at the last point, and its news was an error."""
    f = lambda x: x[0] ** 2 * (1 + x[1] ** 3) + x[1] ** 4
    found = ad.minimize(f, np.array([0.36, 1.51]), method="scipy:Powell")
    assert found.status is Status.UNBOUNDED
