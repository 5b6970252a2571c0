"""The numbers of the laboratory: studies, orders of convergence, profiles, basins, modes."""

import csv
import functools
import math

import numpy as np
import pytest

import dragongrad as ad
from dragongrad import lab
from dragongrad.lab.basins import DIVERGED, UNDER_WAY
from dragongrad.lab.convergence import fit_order, refine
from dragongrad.lab.lineup import cases
from dragongrad.lab.profiles import measure_of
from dragongrad.optimize import Adam, Optimizer, minimize, zoo


def bowl(x):
    return np.sum((x - 1) ** 2 * np.arange(1, len(x) + 1))


def double_well(x):
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2


SLOW, QUICK = ("gd", {"lr": 0.05}), ("gd", {"lr": 0.2})


@pytest.fixture(scope="module")
def study():
    optimizers = {"slow": SLOW, "quick": QUICK, "newton": "newton", "lost": ("gd", {"lr": 5.0})}
    return lab.study(["booth", bowl], optimizers, starts=[[0.0, 3.0], [2.0, -1.0]], max_iter=400)


# Numbers


def test_a_record_for_each_combination(study):
    assert len(study.records) == 2 * 4 * 2 * 2
    keys = {(r.function, r.optimizer, r.start, r.mode) for r in study.records}
    assert len(keys) == len(study.records)
    assert {k[0] for k in keys} == {"booth", "bowl"}
    assert {k[3] for k in keys} == {"forward", "reverse"}


def test_records_say_what_the_run_did(study):
    for record, run in study.select(optimizer="quick", function="bowl"):
        alone = minimize(bowl, run.path[0], method="gd", lr=0.2, max_iter=400, mode=record.mode)
        assert (record.iterations, record.nfev, record.njev) == (alone.nit, alone.nfev, alone.njev)
        assert record.status == "CONVERGED"
        assert record.success
        assert record.solved
        assert record.value == alone.fun
        assert record.x0 == ", ".join(f"{v:g}" for v in run.path[0])
        assert record.seconds > 0


def test_errors_are_measured_from_the_published_minimum(study):
    ((record, run),) = study.select(optimizer="slow", function="booth", start=0, mode="reverse")
    assert record.distance == pytest.approx(np.linalg.norm(run.x - [1, 3]))
    assert record.error == pytest.approx(run.fun, abs=1e-20)


def test_forward_and_reverse_travel_alike(study):
    for record, run in study.select(mode="forward"):
        ((other, run2),) = study.select(
            function=record.function, optimizer=record.optimizer, start=record.start, mode="reverse"
        )
        assert record.iterations == other.iterations
        np.testing.assert_allclose(run.path, run2.path, rtol=1e-7)


def test_a_diverging_run_is_a_record_too(study):
    (record, _), *_ = study.select(optimizer="lost", function="booth")
    assert not record.solved
    assert not record.success
    assert record.status in ("NON_FINITE", "UNBOUNDED")


def test_an_error_inside_a_function_is_a_record_too():
    def broken(x):
        raise OverflowError("too large")

    record = lab.study(broken, "gd", [1.0, 2.0]).records[0]
    assert (record.status, record.message, record.solved) == ("ERROR", "OverflowError: too large", False)


def test_rate_of_gradient_descent(study):
    """On a quadratic each step shrinks the slowest part of the error by 1 - lr * curvature."""
    ((record, _),) = study.select(optimizer="slow", function="bowl", start=0, mode="reverse")
    assert record.order == pytest.approx(1, abs=0.01)
    assert record.constant == pytest.approx(1 - 0.05 * 2, abs=0.01)


def test_newton_is_of_second_order():
    records = lab.study("himmelblau", "newton", starts=[[-1.0, 1.0], [3.5, 3.0]], modes=["reverse"]).records
    for record in records:
        assert record.order == pytest.approx(2, abs=0.15)
        assert record.distance < 1e-9


def test_csv_round_trip(study, tmp_path):
    study.to_csv(tmp_path / "study.csv")
    with open(tmp_path / "study.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(study.records)
    for row, record in zip(rows, study.records, strict=True):
        for name, value in vars(record).items():
            if isinstance(value, float):
                assert float(row[name]) == value or (math.isnan(value) and math.isnan(float(row[name])))
            else:
                assert row[name] == str(value)


def test_the_table_prints(study):
    text = str(study)
    assert "|x - x*|" in text
    assert text.count("newton") == 8
    assert study.table().row_count == len(study.records)


def test_runs_by_label(study):
    assert list(study.runs("bowl", 1, "forward")) == ["slow", "quick", "newton", "lost"]
    with pytest.raises(ad.ArgumentError, match="function='nothing'"):
        study.runs("nothing")


@pytest.mark.parametrize("given", [[3.0, 4.0], np.array([3.0, 4.0]), [[3.0, 4.0]], np.array([[3.0, 4.0]]),
                                   {"bowl": [3.0, 4.0]}])  # fmt: skip
def test_starts_in_every_form(given):
    records = lab.study(bowl, "newton", given, modes=["reverse"]).records
    assert [r.x0 for r in records] == ["3, 4"]


@pytest.mark.parametrize("asked", ["adam", Adam, ("adam", {}), (Adam, {}), ["adam"], {"adam": Adam}])
def test_optimizers_in_every_form(asked):
    assert [r.optimizer for r in lab.study(bowl, asked, [3.0, 4.0], ["reverse"], max_iter=3).records] == ["adam"]


def test_an_optimizer_of_the_users_own():
    class Halving(Optimizer):
        def step(self):
            self.params = (self.params + 1) / 2

    (record,) = lab.study(bowl, Halving, [3.0, 4.0], ["reverse"]).records
    assert record.optimizer == "Halving"
    assert (round(record.order, 3), round(record.constant, 3)) == (1, 0.5)


@pytest.mark.parametrize(
    "asked",
    ["rosenbrock", zoo.get("rosenbrock"), ("rosenbrock", 2), {"rosenbrock": "rosenbrock"}, ["rosenbrock"]],
)
def test_functions_in_every_form(asked):
    (record,) = lab.study(asked, "newton", modes=["reverse"]).records
    assert (record.function, record.n, record.x0) == ("rosenbrock", 2, "-1.2, 1")


def test_a_function_in_another_dimension():
    (record,) = lab.study([("rosenbrock", 4)], "lbfgs", modes=["reverse"]).records
    assert (record.function, record.n, record.solved) == ("rosenbrock 4-d", 4, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rosenbrok", "adam"), "did you mean 'rosenbrock'"),
        (("booth", "adman"), "unknown method 'adman'"),
        (("booth", "nowhere:BFGS"), "unknown family of methods 'nowhere'"),
        (("booth", ("adam", {"beta9": 1})), "no option beta9"),
        ((bowl, "adam"), r"bowl has no standard start: pass starts"),
        (("booth", ["adam", Adam]), "two of the optimizers are called 'adam'"),
        ((["booth", "booth"], "adam"), "two of the functions are called 'booth'"),
        (("booth", []), "there are no optimizers"),
        (("booth", "adam", [1.0, 2.0, 3.0]), "booth is a function of 2 numbers"),
        (("booth", "adam", None, ()), "there are no modes"),
        ((3, "adam"), "a name of the zoo, a Problem or a callable|not iterable"),
    ],
)
def test_what_cannot_be_studied(arguments, says):
    with pytest.raises((ad.ArgumentError, TypeError), match=says):
        lab.study(*arguments)


# The order of convergence


@pytest.mark.parametrize(
    ("errors", "order", "constant"),
    [
        (3 * 0.9 ** np.arange(200), 1, 0.9),
        (0.5 ** np.arange(12), 1, 0.5),
        ([0.1 ** (2**k) for k in range(5)], 2, 1),
        ([4 * 0.1 ** (2**k) for k in range(5)], 2, 0.25),
        ([0.3 ** (1.618**k) for k in range(9)], 1.618, 1),
        ([0.5 ** (3**k) for k in range(5)], 3, 1),
    ],
)
def test_order_of_known_sequences(errors, order, constant):
    assert fit_order(errors) == pytest.approx((order, constant), rel=1e-3)


def test_order_of_a_sequence_that_goes_up_and_down():
    k = np.arange(2000)
    order, constant = fit_order(0.98**k * np.abs(np.cos(k / 7)) + 1e-18)
    assert order == pytest.approx(1, abs=0.03)
    assert constant == pytest.approx(0.98, abs=0.01)


def test_a_few_odd_steps_do_not_turn_the_order():
    errors = 0.7 ** np.arange(40.0)
    errors[[12, 21]] *= 0.6
    assert fit_order(errors)[0] == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("errors", [[1, 0.1, 0.01], np.ones(50), [1.0, 0.5, math.nan, 0.1, 0.01], np.zeros(9)])
def test_no_order_where_nothing_can_be_said(errors):
    assert np.isnan(fit_order(errors)).all()


def test_rounding_is_not_part_of_the_tail():
    errors = [0.1 ** (2**k) for k in range(4)] + [3e-16, 2e-16, 2e-16]
    assert fit_order([1.0, *errors], floor=1e-15)[0] == pytest.approx(2, abs=0.1)


def test_printed_minimizers_are_refined():
    f = zoo.get("himmelblau").f
    better = refine(f, np.array([-2.805, 3.131]))
    assert np.abs(ad.grad(f)(better)).max() < 1e-12
    np.testing.assert_array_equal(refine(f, np.array([0.0, 0.0])), [0, 0])


# Profiles


def test_profiles_by_hand():
    study = lab.study(bowl, {"a": SLOW, "b": QUICK, "never": ("gd", {"lr": 5.0})}, [[0.0, 3.0], [2.0, 5.0]],
                      max_iter=1000)  # fmt: skip
    found = lab.profiles(study, "iterations")
    assert found.problems == 4
    for record, _ in study.select(optimizer="a", mode="reverse"):
        ((other, _),) = study.select(optimizer="b", mode="reverse", start=record.start)
        assert record.iterations / other.iterations in found.ratios["a"]
    assert found.share("b", 1) == 1
    assert found.share("a", 1) == 0
    assert found.share("a", 1e9) == 1
    assert found.share("never", 1e9) == 0
    with pytest.raises(ad.ArgumentError, match="measure must be one of"):
        lab.profiles(study, "beauty")


def test_profiles_of_nothing_solved():
    study = lab.study("booth", ("gd", {"lr": 1e-6}), max_iter=2)
    with pytest.raises(ad.ArgumentError, match="no optimizer solved any problem"):
        lab.profiles(study)


# Basins


@pytest.mark.parametrize("optimizer", [("gd", {"lr": 0.1}), "newton"])
def test_basins_tell_how_far_they_are(optimizer):
    seen = []
    lab.basins("booth", optimizer, grid=3, steps=20, watch=seen.append)
    shares = [one.step / one.total for one in seen]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1

    def end(glimpse):
        raise RuntimeError("nobody waits")

    with pytest.raises(RuntimeError, match="nobody waits"):
        lab.basins("booth", optimizer, grid=3, watch=end)


@pytest.mark.parametrize("optimizer", [("adam", {"lr": 0.1}), ("momentum", {"lr": 0.002}), ("rprop", {})])
def test_basins_agree_with_single_runs(optimizer):
    found = lab.basins("himmelblau", optimizer, grid=(6, 5), steps=150)
    assert found.batched
    assert found.label.shape == (5, 6)
    for j, i in [(0, 0), (1, 4), (3, 2), (4, 5)]:
        start = np.array([found.x[i], found.y[j]])
        run = minimize(zoo.get("himmelblau").f, start, method=optimizer[0], path=True, max_iter=150, gtol=1e-9,
                       **optimizer[1])  # fmt: skip
        np.testing.assert_allclose(found.ends[j, i], run.path[-1], rtol=1e-6, atol=1e-6)
        distances = np.linalg.norm(found.minima - run.path[-1], axis=1)
        assert found.label[j, i] == np.argmin(distances)
        # From the step of arrival on, the run stays where it ends.
        after = run.path[found.arrival[j, i] :]
        assert np.linalg.norm(after - run.path[-1], axis=1).max() <= 2 * found.radius


def test_second_order_methods_run_one_by_one():
    found = lab.basins("himmelblau", "newton", grid=4, steps=50)
    assert not found.batched
    assert len(found.minima) == 4
    assert found.known.all()


def test_a_method_that_mixes_its_numbers_is_not_batched():
    class Normalized(Optimizer):
        def step(self):
            self.params = self.params - self.lr * self.gradient / (1 + np.linalg.norm(self.gradient))

    assert not lab.basins(double_well, (Normalized, {"lr": 0.1}), [[-2, 2], [-1, 1]], grid=3, steps=60).batched


def test_a_function_that_branches_is_not_batched():
    def branching(x):
        return x[0] ** 2 + x[1] ** 2 if x[0] > 0 else 2 * x[0] ** 2 + x[1] ** 2

    found = lab.basins(branching, ("gd", {"lr": 0.2}), [[-1, 1], [-1, 1]], grid=4, steps=60)
    assert not found.batched
    assert (found.label == 0).all()


def test_unknown_minima_are_found_and_the_saddle_is_not_one():
    found = lab.basins(double_well, ("gd", {"lr": 0.05}), [[-2, 2], [-1, 1]], grid=(5, 3), steps=300)
    np.testing.assert_allclose(found.minima, [[-1, 0], [1, 0]], atol=1e-8)
    assert not found.known.any()
    np.testing.assert_array_equal(found.label[0], [0, 0, UNDER_WAY, 1, 1])
    assert found.arrival[0, 2] == 300
    assert found.shares() == {"(-1, 0)": 0.4, "(1, 0)": 0.4, "under way": 0.2, "diverged": 0.0}


def test_a_valley_without_end_is_no_minimum():
    found = lab.basins("constructed", ("adam", {"lr": 0.1}), grid=12, steps=400)
    np.testing.assert_allclose(found.minima, [[2.326, 2.326], [-2.065, -2.065]], atol=1e-3)
    assert found.known.tolist() == [True, False]
    assert found.label[0, -1] == found.label[-1, 0] == UNDER_WAY


def test_a_flat_minimum_is_one():
    found = lab.basins(lambda x: x[0] ** 4 + x[1] ** 2, ("adam", {"lr": 0.05}), [[-1, 1], [-1, 1]], grid=5)
    np.testing.assert_allclose(found.minima, [[0, 0]], atol=0.02)
    assert (found.label == 0).all()


@pytest.mark.filterwarnings("error")
def test_nan_and_divergence_stay_in_their_rows():
    def half(x):
        return np.log(x[0]) ** 2 + x[1] ** 4 + x[1] ** 2

    found = lab.basins(half, ("gd", {"lr": 0.05}), [[-2, 2], [-40, 40]], grid=(4, 5), steps=400)
    assert found.batched
    assert (found.label[:, :2] == DIVERGED).all()
    assert (found.label[[0, 4]] == DIVERGED).all()
    assert (found.label[2, 2:] == 0).all()
    assert np.isfinite(found.ends).all()
    np.testing.assert_allclose(found.minima, [[1, 0]], atol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (("booth", "adam"), {"steps": 0}, "steps must be positive"),
        (("booth", "adam"), {"grid": 0}, "grid must be a positive number"),
        (("booth", "adam", [[1, 0], [0, 1]]), {}, "region must be"),
        (("colville", "adam"), {}, "colville is a function of 4 numbers"),
    ],
)
def test_what_has_no_basins(arguments, options, says):
    with pytest.raises(ad.ArgumentError, match=says):
        lab.basins(*arguments, **options)


# Modes


def test_modes_by_dimension(tmp_path):
    timed = lab.modes_by_dimension({"bowl": bowl}, [2, 4], budget=0.002)
    assert [(r.n, r.mode) for r in timed.records] == [
        (2, "forward"),
        (2, "reverse"),
        (4, "forward"),
        (4, "reverse"),
    ]
    assert all(r.seconds > 0 and r.ratio == r.seconds / r.value_seconds for r in timed.records)
    timed.to_csv(tmp_path / "modes.csv")
    assert (tmp_path / "modes.csv").read_text(encoding="utf-8").startswith("function,n,mode,seconds")
    assert timed.table().row_count == 4


# Functions of several numbers


def of_two(x, y):
    return (x - 1) ** 2 + 10 * (y - 2) ** 2


class OfTwo:
    def __call__(self, x, y, scale=1.0):
        return scale * of_two(x, y)


@pytest.mark.parametrize("f", [of_two, OfTwo(), functools.partial(of_two)], ids=["def", "class", "partial"])
def test_functions_of_several_numbers(f):
    (record,) = lab.study({"f": f}, "newton", starts=[3.0, 3.0], modes=["reverse"]).records
    assert (record.n, record.solved) == (2, True)
    assert lab.race({"f": f}, "newton", start=[3.0, 3.0]).runs["newton"].x.round(6).tolist() == [1.0, 2.0]
    found = lab.basins({"f": f}, ("adam", {"lr": 0.2}), [[0, 4], [0, 4]], grid=3, steps=400)
    assert found.batched
    np.testing.assert_allclose(found.minima, [[1.0, 2.0]], atol=1e-6)


def test_functions_of_three_numbers_and_ufuncs():
    (record,) = lab.study(
        lambda a, b, c: a**2 + b**2 + c**2, "newton", starts=[1.0, 2.0, 3.0], modes=["reverse"]
    ).records
    assert (record.n, record.value) == (3, 0.0)
    case = cases(np.hypot)[0]
    assert (case.problem.n, case.problem.f(np.array([3.0, 4.0]))) == (2, 5.0)


def test_a_start_of_another_length_is_refused():
    with pytest.raises(ad.ArgumentError, match="of_two is a function of 2 numbers, not of 3"):
        lab.study(of_two, "gd", starts=[1.0, 2.0, 3.0])


# One count, one spelling


def test_table_heat_map_and_profiles_count_evaluations_alike(study):
    record = study.records[0]
    assert record.evaluations == record.nfev + record.njev + record.nhev
    assert measure_of(record, "evaluations") == record.evaluations
    assert "evals" in [column.header for column in study.table().columns]


@pytest.mark.parametrize(
    ("asked", "label"), [("lbfgs", "l-bfgs"), ("trust_ncg", "trust-ncg"), ("L-BFGS", "l-bfgs")]
)
def test_methods_have_one_spelling(asked, label):
    assert list(lab.race(of_two, asked, start=[0.0, 0.0], steps=2).runs) == [label]
