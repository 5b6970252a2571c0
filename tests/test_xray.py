"""Detectors of films: recipe, file, maps, report and command, on small simulated films."""

from dataclasses import replace

import numpy as np
import pytest

from dragongrad import nn
from dragongrad.core.errors import ArgumentError, ShapeError
from dragongrad.nn import images
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
            assert -1 <= one.likeness <= 1
            assert np.any(one.values != one.control)

    def test_occlusion_covers_everything(self):
        for size, step in ((5, 3), (12, 12), (None, None)):
            assert np.isfinite(images.occlusion(Linear(), {"w": SQUARE}, X, size, step)).all()
        with pytest.raises(ArgumentError, match="does not cover"):
            images.occlusion(Linear(), {"w": SQUARE}, X, 3, 4)
