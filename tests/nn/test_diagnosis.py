"""Judging a diagnosis: each number against scikit-learn, SciPy, all pairs, or the bootstrap."""

import itertools

import numpy as np
import pytest
from scipy.stats import binomtest

from dragongrad import nn
from dragongrad.core.errors import ArgumentError, ShapeError
from dragongrad.nn import images

metrics = pytest.importorskip("sklearn.metrics")
pytestmark = pytest.mark.smoke


def drawn(seed=0, count=150, apart=1.2, ties=False):
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < 0.4).astype(int)
    scores = rng.normal(size=count) + apart * labels
    return labels, np.round(scores) if ties else scores


CASES = [(seed, ties) for seed in range(3) for ties in (False, True)]


@pytest.mark.parametrize(("seed", "ties"), CASES)
class TestRoc:
    def test_area_and_curve(self, seed, ties):
        y, s = drawn(seed, ties=ties)
        assert images.roc_auc(y, s).value == pytest.approx(metrics.roc_auc_score(y, s), abs=1e-14)
        for ours, theirs in zip(
            images.roc_curve(y, s), metrics.roc_curve(y, s, drop_intermediate=False), strict=True
        ):
            np.testing.assert_allclose(ours, theirs)

    def test_variance_is_that_of_all_pairs(self, seed, ties):
        """DeLong's own formula, of a matrix of pairs."""
        y, s = drawn(seed, ties=ties)
        ill, healthy = s[y == 1], s[y == 0]
        wins = (ill[:, None] > healthy) + 0.5 * (ill[:, None] == healthy)
        variance = wins.mean(1).var(ddof=1) / len(ill) + wins.mean(0).var(ddof=1) / len(healthy)
        found = images.roc_auc(y, s)
        logit = np.log(np.array([found.low, found.high]) / (1 - np.array([found.low, found.high])))
        half = 1.959964 * np.sqrt(variance) / (wins.mean() * (1 - wins.mean()))
        np.testing.assert_allclose(np.diff(logit) / 2, half, rtol=1e-6)

    def test_threshold_at_a_specificity(self, seed, ties):
        y, s = drawn(seed, ties=ties)
        for wanted in (0.5, 0.8, 0.9, 1.0):
            chosen = images.threshold_at(y, s, wanted)
            found = images.at_threshold(y, s, chosen)
            assert found.specificity.value >= wanted - 1e-12
            # Any milder one of those that occur leaves fewer.
            milder = s[s < chosen]
            if len(milder):
                assert images.at_threshold(y, s, milder.max()).specificity.value < wanted

    def test_counts(self, seed, ties):
        y, s = drawn(seed, ties=ties)
        found = images.at_threshold(y, s, 0.5)
        np.testing.assert_array_equal(found.table, metrics.confusion_matrix(y, s >= 0.5))
        assert found.accuracy.value == pytest.approx(metrics.accuracy_score(y, s >= 0.5))
        assert found.sensitivity.value == pytest.approx(metrics.recall_score(y, s >= 0.5))
        assert found.specificity.value == pytest.approx(metrics.recall_score(1 - y, s < 0.5))
        assert found.precision.value == pytest.approx(metrics.precision_score(y, s >= 0.5))


def test_interval_is_that_of_the_bootstrap():
    y, s = drawn()
    rng = np.random.default_rng(9)
    wins = (s[:, None] > s) + 0.5 * (s[:, None] == s)

    def area(rows):
        ill, healthy = rows[y[rows] == 1], rows[y[rows] == 0]
        return wins[np.ix_(ill, healthy)].mean()

    again = [area(rng.integers(0, len(y), len(y))) for _ in range(500)]
    found = images.roc_auc(y, s)
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.std(again), rel=0.15)


def test_intervals_cover():
    """Of 300 samples about 95 % of the intervals contain the true area."""
    true = 0.8021  # the normal distribution at 1.2 / sqrt(2)
    found = [images.roc_auc(*drawn(seed, 60)) for seed in range(300)]
    assert 0.91 < np.mean([e.low <= true <= e.high for e in found]) < 0.99


@pytest.mark.parametrize(("hits", "count"), [(0, 5), (5, 5), (1, 3), (45, 50), (700, 1000)])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_wilson(hits, count, level):
    found = images.wilson(hits, count, level)
    wanted = binomtest(hits, count).proportion_ci(level, method="wilson")
    np.testing.assert_allclose((found.low, found.high), (wanted.low, wanted.high), atol=1e-12)


def test_ends():
    perfect = images.roc_auc([0] * 30 + [1] * 30, np.arange(60))
    assert (perfect.value, perfect.low, perfect.high) == (1.0, 0.9, 1.0)
    worst = images.roc_auc([1] * 30 + [0] * 30, np.arange(60))
    assert (worst.value, worst.low) == (0.0, 0.0)
    assert images.roc_auc([0, 1, 1], [0.0, 0.0, 0.0]).value == 0.5
    assert np.isnan(images.wilson(0, 0).value)
    assert str(images.wilson(1, 2)) == "0.500 [0.095, 0.905]"
    assert images.at_threshold([1, 1], [0.0, 1.0], 0.5).specificity.high == 1


REFUSED = [
    (images.roc_auc, ([0, 0], [0.0, 1.0]), "of class 0"),
    (images.roc_auc, ([1, 1], [0.0, 1.0]), "of class 1"),
    (images.roc_auc, ([0, 1], [0.0, np.nan]), "1 scores are NaN"),
    (images.roc_auc, ([0, 2], [0.0, 1.0]), "0 for healthy and 1 for ill"),
    (images.roc_auc, ([], []), "no films"),
    (images.roc_auc, ([0, 1], [0.0, 1.0], 1.5), "level"),
    (images.roc_curve, ([0, 0], [0.0, 1.0]), "of class 0"),
    (images.threshold_at, ([0, 1], [0.0, 1.0], 0), "specificity lies"),
    (images.temperature, ([1, 1], [0.0, 1.0]), "of class 1"),
    (images.calibration_error, ([0, 1], [0.0, 2.0]), "0 to 2"),
    (images.brier, ([0, 1], [-1.0, 1.0]), "-1 to 1"),
    (images.net_benefit, ([0, 1], [0.0, 1.0], [0.0]), r"in \(0, 1\)"),
    (images.reliability, ([0, 1], [0.0, 1.0], 0), "at least 1 bin"),
    (images.wilson, (3, 2), "no share"),
    (images.opinions, ([0.5],), "shape"),
]


@pytest.mark.parametrize(("what", "args", "why"), REFUSED)
def test_refusals(what, args, why):
    with pytest.raises(ArgumentError, match=why):
        what(*args)


def test_shapes_that_differ():
    with pytest.raises(ShapeError, match=r"\(2,\) and \(3,\)"):
        images.roc_auc([0, 1], [0, 1, 2])


class TestCalibration:
    Y, S = drawn(4, 600, 2.0)
    P = images.probability(S)

    def test_brier(self):
        assert images.brier(self.Y, self.P) == pytest.approx(metrics.brier_score_loss(self.Y, self.P))

    def test_curve(self):
        from sklearn.calibration import calibration_curve

        found = images.reliability(self.Y, self.P)
        shares, means = calibration_curve(self.Y, self.P, n_bins=10)
        np.testing.assert_allclose([b.observed.value for b in found], shares)
        np.testing.assert_allclose([b.predicted for b in found], means)
        assert sum(b.count for b in found) == 600
        assert [b.count for b in images.reliability([0, 1, 1], [0.0, 1.0, 1.0])] == [1, 2]

    def test_error_by_hand(self):
        y, p = [0, 1, 1, 1], [0.15, 0.15, 0.85, 0.95]
        # Bins hold 2, 1 and 1 films.
        assert images.calibration_error(y, p) == pytest.approx((2 * 0.35 + 0.15 + 0.05) / 4)

    def test_temperature_is_the_least_loss(self):
        found = images.temperature(self.Y, 3 * self.S)
        grid = np.exp(np.linspace(-3, 3, 4001))
        losses = [metrics.log_loss(self.Y, images.probability(3 * self.S, t)) for t in grid[::20]]
        best = grid[::20][np.argmin(losses)]
        assert found == pytest.approx(best, rel=0.03)
        assert metrics.log_loss(self.Y, images.probability(3 * self.S, found)) <= min(losses) + 1e-5

    def test_classes_that_are_apart_are_not_certain(self):
        scores = np.array([-2.0, -1.0, 1.0, 2.0])
        p = images.probability(scores, images.temperature([0, 0, 1, 1], scores))
        # Of two films each, three in four count as right.
        assert p[2] < 0.75 < p[3] < 0.9

    @pytest.mark.parametrize("scale", [1e-6, 1e5])
    def test_scores_of_any_size(self, scale):
        wanted = scale * images.temperature(self.Y, self.S)
        assert images.temperature(self.Y, scale * self.S) == pytest.approx(wanted, rel=1e-6)

    def test_decision_curve(self):
        t, model, everyone = images.net_benefit(self.Y, self.P, [0.1, 0.5])
        for k, threshold in enumerate(t):
            (_, false), (_, found) = metrics.confusion_matrix(self.Y, threshold <= self.P)
            assert model[k] == pytest.approx((found - false * threshold / (1 - threshold)) / 600)
        # Where everyone is called, both are the same.
        np.testing.assert_allclose(images.net_benefit(self.Y, np.ones(600), t)[1], everyone)

    def test_probability_does_not_overflow(self):
        np.testing.assert_array_equal(images.probability([-1e4, 0.0, 1e4]), [0, 0.5, 1])


X = np.random.default_rng(0).random((5, 8, 8, 1), np.float32)
MODEL = nn.Chain(flat=nn.flatten, hidden=nn.Dense(16), relu=nn.relu, drop=nn.Dropout(0.5), head=nn.Dense(2))
PARAMS = [MODEL.init(np.random.default_rng(k), (8, 8, 1)) for k in range(3)]


class TestOpinions:
    def test_entropies(self):
        found = images.opinions([[0.0, 0.5, 0.2], [1.0, 0.5, 0.4]])
        np.testing.assert_allclose(found.mean, [0.5, 0.5, 0.3])
        np.testing.assert_allclose(found.spread, [0.5, 0, 0.1])
        np.testing.assert_allclose(found.information[:2], [np.log(2), 0], atol=1e-15)
        each = [-(p * np.log(p) + (1 - p) * np.log(1 - p)) for p in (0.3, 0.2, 0.4)]
        np.testing.assert_allclose(found.information[2], each[0] - (each[1] + each[2]) / 2)

    def test_ensemble(self):
        found = images.ensemble(MODEL, PARAMS, X)
        outs = [MODEL(p, X) for p in PARAMS]
        powers = [np.exp(out) / np.exp(out).sum(axis=1, keepdims=True) for out in outs]
        np.testing.assert_allclose(found.mean, np.mean(powers, axis=0)[:, 1], rtol=1e-5)

    def test_dropout_kept_on(self):
        one, two, other = (images.with_dropout(MODEL, PARAMS[0], X, seed, 5) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one.mean, two.mean)
        assert np.all(one.spread > 0)
        assert np.any(one.mean != other.mean)
        with pytest.raises(ArgumentError, match="no dropout"):
            images.with_dropout(MODEL[:"drop"], PARAMS[0], X)


def test_every_pair_of_orders_gives_the_same():
    y, s = np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.4, 0.5])
    areas = {images.roc_auc(y[list(k)], s[list(k)]) for k in itertools.permutations(range(4))}
    assert len(areas) == 1
