"""Detectors of films: recipe, file, maps, report and command, on small simulated films."""

import json
import re
import shlex
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.stats import spearmanr

from dragongrad import nn
from dragongrad.command import app as module
from dragongrad.command import xray
from dragongrad.core.errors import ArgumentError, ShapeError
from dragongrad.nn import images
from dragongrad.nn.images import drawing, report
from dragongrad.nn.images.explain import METHODS

pytest.importorskip("PIL.Image")
pytest.importorskip("safetensors")
pytestmark = pytest.mark.smoke

FILMS = images.simulate(patients=24, size=16)
PARTS = images.split(FILMS, {"train": 0.5, "val": 0.25, "test": 0.25})


@pytest.fixture(scope="module")
def detector():
    return images.fit(PARTS["train"], PARTS["val"], epochs=2, width=8, compile=False, batch=8)


class TestDetector:
    def test_a_file_holds_all_of_it(self, detector, tmp_path):
        detector.save(tmp_path / "model")
        again = images.load_detector(tmp_path / "model")
        np.testing.assert_array_equal(again.scores(FILMS.images), detector.scores(FILMS.images))
        for name in ("shape", "classes", "threshold", "temperature", "options", "about", "seen"):
            assert getattr(again, name) == getattr(detector, name), name
        assert b"person" not in (tmp_path / "model").read_bytes()

    def test_threshold_and_temperature_are_of_validation(self, detector):
        scores = detector.scores(PARTS["val"].images)
        assert detector.threshold == images.threshold_at(PARTS["val"].labels, scores, 0.9)
        assert detector.temperature == pytest.approx(images.temperature(PARTS["val"].labels, scores))
        out = detector.model(detector.params, PARTS["val"].images)
        np.testing.assert_allclose(scores, out[:, 1] - out[:, 0], atol=1e-5)

    def test_equal_seeds_are_equal(self, detector):
        again = images.fit(PARTS["train"], PARTS["val"], epochs=2, width=8, compile=False, batch=8)
        np.testing.assert_array_equal(again.params["head"]["w"], detector.params["head"]["w"])

    @pytest.mark.parametrize(("given", "kind", "why"), [
        (FILMS.images[:, :8], ShapeError, r"films of 16 x 16 x 1, got an array of shape \(48, 8, 16, 1\)"),
        (FILMS.images[..., 0], ShapeError, "films of 16 x 16 x 1"),
        (FILMS.images * 255, ArgumentError, r"in \[0, 1\], got float32 from"),
        ((FILMS.images * 255).astype(np.uint8), ArgumentError, "uint8"),
        (FILMS.images * np.float32(np.nan), ArgumentError, "nan"),
    ])  # fmt: skip
    def test_other_films_are_refused(self, detector, given, kind, why):
        with pytest.raises(kind, match=why):
            detector.scores(given)

    def test_other_classes_are_refused(self, detector):
        with pytest.raises(images.FilmError, match="tells nodule from normal, these films are a, b"):
            detector.check_classes(replace(FILMS, classes=("a", "b")))
        with pytest.raises(images.FilmError, match="have no labels"):
            detector.check_classes(replace(FILMS, labels=None))
        with pytest.raises(images.FilmError, match="these films have 3"):
            detector.check_classes(replace(FILMS, classes=("a", "b", "c")))

    def test_it_knows_what_it_has_seen(self, detector):
        left = detector.unseen(FILMS)
        assert set(left.names) == set(PARTS["test"].names)
        # Another film of a known patient is not new.
        other = replace(PARTS["test"].take([0]), groups=PARTS["train"].groups[:1])
        assert len(detector.unseen(other)) == 0

    def test_foreign_files_are_refused(self, tmp_path):
        nn.save(tmp_path / "x", {"w": np.ones(2)})
        with pytest.raises(nn.CheckpointError, match="holds no detector"):
            images.load_detector(tmp_path / "x")
        (tmp_path / "x").write_bytes(b"no")
        with pytest.raises(nn.CheckpointError, match="not a whole"):
            images.load_detector(tmp_path / "x")
        with pytest.raises(images.FilmError, match="no file"):
            images.load_detector(tmp_path / "y")


class TestFit:
    def test_refusals(self):
        train, val = PARTS["train"], PARTS["val"]
        for one, other, why in (
            (train, train, "share films or patients"),
            (train.take(train.labels == 0), val, "training films are all of one class"),
            (train, replace(val, classes=("a", "b")), "validation films .'a', 'b'"),
        ):
            with pytest.raises(images.FilmError, match=why):
                images.fit(one, other)
        with pytest.raises(ArgumentError, match="different sizes"):
            images.fit(train, replace(val, images=val.images[:, :8]))
        with pytest.raises(ArgumentError, match="multiple of 8"):
            images.film_network((16, 16, 1), width=3)

    def test_parts(self):
        split = images.parted(FILMS)
        assert list(split) == ["train", "val", "test"]
        part = np.array(["train"] * 40 + ["test"] * 8)
        came = images.parted(replace(FILMS, parts=part))
        assert len(came["test"]) == 8
        assert not set(came["train"].groups) & set(came["val"].groups)
        # A training film that is a test film too is left out, with its patient's others.
        twice = FILMS.images.copy()
        twice[0] = twice[-1]
        came = images.parted(replace(FILMS, parts=part, images=twice))
        assert FILMS.names[0] not in came["train"].names + came["val"].names or (
            FILMS.names[0] in came["val"].names
        )
        assert len(images.parted(replace(FILMS, parts=np.array(["train"] * 48)))) == 3


# A network whose maps are known: the score is a weighted sum of the pixels of a square.
SQUARE = np.zeros((12, 12, 1))
SQUARE[2:6, 4:8] = np.random.default_rng(0).random((4, 4, 1)) + 0.5
X = np.random.default_rng(1).random((2, 12, 12, 1))


def linear(params, x):
    score = np.sum(x * params["w"], axis=(1, 2, 3))
    return np.stack([np.zeros(len(x)) * score, score], axis=-1)


@nn.layer
class Linear:
    def init(self, rng, shape, dtype=np.float64):
        return {"w": rng.normal(size=shape).astype(dtype)}

    def __call__(self, params, x):
        score = np.sum(x * params["w"], axis=(1, 2, 3))
        return np.stack([0.0 * score, score], axis=-1)


class TestMaps:
    def test_of_a_linear_network(self):
        model, params = Linear(), {"w": SQUARE}
        flat = np.abs(SQUARE[..., 0])
        for got in (images.saliency(model, params, X), images.smooth_gradient(model, params, X, count=3)):
            np.testing.assert_allclose(got, [flat, flat])
        np.testing.assert_allclose(images.integrated_gradients(model, params, X), (X * SQUARE)[..., 0])
        falls = images.occlusion(model, params, X, size=1, step=1)
        np.testing.assert_allclose(
            falls, ((X - X.mean(axis=(1, 2, 3), keepdims=True)) * SQUARE)[..., 0], atol=1e-12
        )

    def test_integrated_gradients_are_complete(self):
        model = images.film_network((16, 16, 1), width=8)
        params = model.init(np.random.default_rng(0), (16, 16, 1), np.float64)
        x = FILMS.images[:2].astype(np.float64)
        total = images.integrated_gradients(model, params, x, start=0.3, steps=200).sum(axis=(1, 2))
        ends = [np.diff(model(params, y))[:, 0] for y in (x, np.full_like(x, 0.3))]
        np.testing.assert_allclose(total, ends[0] - ends[1], rtol=2e-2)

    def test_grad_cam_is_that_of_its_paper(self):
        model = images.film_network((16, 16, 1), width=8)
        params = model.init(np.random.default_rng(0), (16, 16, 1), np.float64)
        x = FILMS.images[:1].astype(np.float64)
        features = model[:"mean"](params, x)
        # Behind a global mean the derivative is the head's weights, over the number of places.
        weights = np.diff(params["head"]["w"])[:, 0] / np.prod(features.shape[1:3])
        heat = np.maximum(features[0] @ weights, 0)
        got = images.grad_cam(model, params, x, "mean")[0]
        assert got.shape == (16, 16)
        np.testing.assert_allclose(got[2::4, 2::4].mean(), got[1::4, 1::4].mean(), rtol=0.5)
        np.testing.assert_allclose(
            got[[0, 0, -1, -1], [0, -1, 0, -1]], heat[[0, 0, -1, -1], [0, -1, 0, -1]], rtol=1e-6
        )
        with pytest.raises(ArgumentError, match="no images any more"):
            images.grad_cam(model, params, x, "head")
        with pytest.raises(ArgumentError, match="say before which layer"):
            images.grad_cam(nn.Chain(flat=nn.flatten, head=nn.Dense(2)), params, x)

    def test_controls(self, detector):
        found = images.maps(detector.model, detector.params, FILMS.images[0])
        assert [m.name for m in found] == list(METHODS)
        for one in found:
            assert one.values.shape == one.control.shape == (16, 16)
            assert np.isfinite(one.values).all()
            expected = spearmanr(np.abs(one.values).ravel(), np.abs(one.control).ravel()).statistic
            np.testing.assert_allclose(one.likeness, expected, atol=1e-9)
            assert np.any(one.values != one.control)

    def test_occlusion_covers_everything(self):
        for size, step in ((5, 3), (12, 12), (None, None)):
            assert np.isfinite(images.occlusion(Linear(), {"w": SQUARE}, X, size, step)).all()
        with pytest.raises(ArgumentError, match="does not cover"):
            images.occlusion(Linear(), {"w": SQUARE}, X, 3, 4)


class TestCharts:
    @pytest.mark.parametrize(("ends", "wanted"), [
        ((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]), ((1, 15), [5, 10, 15]), ((-1 / 3, 1), [0, 0.5, 1]),
        ((0, 0.2), [0, 0.05, 0.1, 0.15, 0.2]), ((1, 2, 1), [1, 2]),
    ])  # fmt: skip
    def test_ticks_are_round(self, ends, wanted):
        np.testing.assert_allclose(drawing.ticks(*ends), wanted, atol=1e-12)
        assert not np.signbit(drawing.ticks(*ends)).any()

    def test_curves_end_where_they_leave_the_frame(self):
        x, y = drawing.inside([0, 1, 2], [0.5, -0.1, np.nan], (0, 1))
        assert (x.tolist(), y.tolist()) == ([0], [0.5])


class TestReport:
    def test_evaluation(self, detector):
        html, figures = report.evaluation(detector, PARTS["test"])
        assert html.count(report.HEADING) == 1
        assert html.count("for learning, not for clinical use") == 1
        assert "<title>Nodule on simulated films" in html
        found = dict(figures)
        scores = detector.scores(PARTS["test"].images)
        assert found["area under the ROC curve"] == str(images.roc_auc(PARTS["test"].labels, scores))
        for name, value in figures:
            assert name in html
            assert value in html
        wrong = np.sum((scores >= detector.threshold) != PARTS["test"].labels)
        assert f"{wrong} of {len(scores)} films were called wrongly" in html
        assert html.count("<img") == min(wrong, 12)
        assert "person" not in html

    def test_nothing_is_fetched_and_everything_is_closed(self, detector):
        for html in (report.evaluation(detector, FILMS)[0], report.explanation(detector, FILMS.take([0]))):
            assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:)[^"'>]*//""", html)
            closed = Tags()
            closed.feed(html)
            assert closed.open == []
            assert not re.search(r"\b(nan|inf)\b", re.sub(r"base64,[^\"]*", "", html))

    def test_explanation(self, detector):
        html = report.explanation(detector, FILMS.take([0, 1]))
        assert html.count("<h2>Film") == 2
        assert html.count("random weights</figcaption>") + html.count("random weights<small>") == 2 * len(METHODS)
        assert f"{detector.probabilities(FILMS.images[:1])[0]:.1%} nodule" in html
        for part, told in (("train", 1), ("val", 1), ("test", 0)):
            html = report.explanation(detector, PARTS[part].take([0]))
            assert html.count("was trained on") == told

    def test_what_is_not_known_is_said(self, detector):
        unknown = replace(detector, about={**detector.about, "patients": None})
        for judge, told in ((detector, 0), (unknown, 1)):
            html, _ = report.evaluation(judge, PARTS["test"])
            assert html.count("does not know whose films") == told
            assert html.count("somewhat too narrow") == 1
        certain = replace(detector, threshold=1e9)
        assert "there are none" in dict(report.evaluation(certain, PARTS["test"])[1]).values()

    def test_names_are_escaped(self, detector):
        odd = replace(detector, classes=("normal", "<b>&"))
        html, _ = report.evaluation(odd, replace(PARTS["test"], classes=("normal", "<b>&")))
        assert "<b>&" not in html.lower()


class Tags(HTMLParser):
    """Which tags are left open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass


def ended(words, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["dragongrad", "xray", *shlex.split(words)])
    with pytest.raises(SystemExit) as end:
        module.main()
    return end.value.code, capsys.readouterr()


@pytest.fixture
def folder(tmp_path, monkeypatch, detector):
    monkeypatch.chdir(tmp_path)
    images.write(FILMS, "films")
    (tmp_path / "plain").mkdir()
    images.write(replace(FILMS.take([0]), labels=None), "plain")
    images.write(replace(FILMS, classes=("a", "b")), "other")
    (tmp_path / "bad" / "normal").mkdir(parents=True)
    (tmp_path / "bad" / "normal" / "x.png").write_bytes(b"no")
    (tmp_path / "here.html").write_text("old")
    detector.save("model.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    return tmp_path


class TestCommand:
    def test_from_nothing_to_a_page(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(xray, "_MOST_SHOWN", 1)
        # Compiling is tried elsewhere.
        fit = images.fit
        monkeypatch.setattr(images, "fit", lambda *a, **k: fit(*a, **k, width=8, compile=False))
        for words, told in (
            ("simulate --out films --patients 20 --size 16", "40 simulated films of 20 patients"),
            ("train films --size 16 --epochs 1 --out model", "written: model.safetensors"),
            ("evaluate model films --out page.html", "area under the ROC curve"),
            ("explain model films/nodule --out film.html", "the first 1 are shown"),
        ):
            status, written = ended(words, capsys, monkeypatch)
            assert (status, written.err) == (0, "")
            assert told in written.out
            assert "or not" not in written.out
        assert {p.name for p in tmp_path.iterdir()} == {"films", "model.safetensors", "page.html", "film.html"}
        assert "simulated" in (tmp_path / "page.html").read_text()
        found = []
        for words in (
            "simulate --out more --patients 2 --size 16", "train films --size 16 --epochs 1 --out model -f",
            "evaluate model films", "explain model films/nodule --out film.html -f",
        ):  # fmt: skip
            status, written = ended(f"{words} --json", capsys, monkeypatch)
            assert (status, written.err) == (0, "")
            found.append(json.loads(written.out))
        assert found[0]["films"] == 4
        assert found[1]["roc_auc"].keys() == {"value", "low", "high"}
        assert found[2]["films"] + found[2]["left_out"] == 40
        assert len(found[3]["probabilities"]) == 1

    def test_what_was_trained_on_is_left_out(self, folder, capsys, monkeypatch):
        status, written = ended("evaluate model films", capsys, monkeypatch)
        assert status == 0
        assert f"{len(FILMS) - len(PARTS['test'])} of {len(FILMS)} films" in written.out

    @pytest.mark.parametrize(("words", "why"), [
        ("train nosuch --out new", "no file or folder nosuch"),
        ("train plain --out new", "no labels"),
        ("train bad --out new", "1 of 1 files in bad cannot be read"),
        ("train bad --out new --skip", "no films in bad"),
        ("train films --out model", "model.safetensors exists: add --force"),
        ("train films --out nosuch/model", "no folder nosuch"),
        ("train films --out new --specificity 2", "specificity lies in"),
        ("train films --out new --size 2", "Invalid value for '--size'"),
        ("train films --out new --pattern (", "no regular expression"),
        ("train films --out new --pattern zzz", "finds no patient"),
        ("train", "Missing argument"),
        ("evaluate nosuch films", "no file nosuch"),
        ("evaluate broken films", "not a whole safetensors file"),
        ("evaluate model other", "these films are a, b"),
        ("evaluate model plain", "no labels"),
        ("evaluate model films --out here.html", "exists: add --force"),
        ("evaluate model films --out page.txt", "ends in .html"),
        ("explain model nosuch.png --out a.html", "no file or folder nosuch.png"),
        ("explain model model.safetensors --out a.html", "cannot be read"),
        ("simulate --out films", "exists: add --force"),
        ("simulate --out new --nodules 2", "Invalid value for '--nodules'"),
        ("simulate --out new --patients 10000000", "GB of memory.*--patients [0-9]+ fits"),
        ("nosuch", "No such command"),
    ])  # fmt: skip
    def test_refusals_are_messages(self, words, why, folder, capsys, monkeypatch):
        before = {p.name for p in folder.iterdir()}
        words = words.replace("--pattern (", "--pattern '('")
        status, written = ended(words, capsys, monkeypatch)
        assert status == 2
        assert re.search(why, written.err), written.err
        assert "Traceback" not in written.err
        assert {p.name for p in folder.iterdir()} == before
