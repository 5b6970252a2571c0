"""Training: what comes out, what a checkpoint holds, and that a killed run comes to the same bits."""

import json
import os
import random
import signal
import time
from multiprocessing import get_context

import numpy as np
import pytest
from grid import assert_same

import dragongrad as ad
from dragongrad import nn
from dragongrad.core.nests import flatten, map_nest

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3)).astype(np.float32)
Y = (X[:, 0] > X[:, 1] * X[:, 2]).astype(np.int64)
MODEL = nn.Chain(hidden=nn.Dense(8), norm=nn.BatchNorm(), tanh=nn.tanh, drop=nn.Dropout(0.2), head=nn.Dense(2))
PARAMS = MODEL.init(np.random.default_rng(1), (3,))


GIVEN = MODEL, PARAMS, (X[40:], Y[40:])


def accuracy(out, y):
    return np.mean(out.argmax(axis=1) == y)


def shaken(rng, x):
    return x + rng.normal(0, 0.05, x.shape).astype(x.dtype)


def run(**options):
    given = {
        "loss": nn.cross_entropy, "update": nn.adam(0.01, average=0.9), "epochs": 4, "batch": 16, "seed": 3,
        "validation": (X[:40], Y[:40]), "metrics": {"accuracy": accuracy}, "augment": shaken, "compile": False,
    }  # fmt: skip
    model, params, data = (options.pop(k, v) for k, v in zip(("model", "params", "data"), GIVEN, strict=True))
    return nn.train(model, params, data, **{**given, **options})


def same_bits(one, two):
    for a, b in zip(flatten(one)[0], flatten(two)[0], strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def losses(done):
    return [(e.epoch, e.loss, e.validation, e.metrics) for e in done.history]


def test_equal_seeds_are_equal_bits():
    one, two, other = run(), run(), run(seed=4)
    same_bits((one.params, one.state, one.last), (two.params, two.state, two.last))
    assert losses(one) == losses(two) != losses(other)
    assert [e.epoch for e in one.history] == [1, 2, 3, 4]


def test_weights_of_classes_are_compiled_once():
    step = ad.compile(ad.grad(lambda z, y: nn.cross_entropy(z, y, weights=np.array([1.0, 2.0]))))
    for y in ([0, 1], [1, 1], [0, 0]):
        step(np.ones((2, 2)), np.array(y))
    assert step.compiled == 1


def test_nothing_given_is_changed():
    before = map_nest(np.copy, PARAMS)
    run(epochs=1)
    same_bits(before, PARAMS)


def test_compiled_and_not():
    # Adam would make steps of rounding errors: nothing depends on the bias before the norm.
    for update in (nn.sgd(0.1), nn.momentum(0.05)):
        assert_same(run(epochs=2, update=update, compile=True).last, run(epochs=2, update=update).last, np.float32)


def test_the_best_epoch_is_kept():
    done = run(epochs=12, update=nn.sgd(2.0), monitor="accuracy")
    scores = [e.metrics["accuracy"] for e in done.history]
    assert done.best == 1 + int(np.argmax(scores))
    out = nn.predict(MODEL, done.params, X[:40], done.state)
    assert accuracy(out, Y[:40]) == max(scores)


def test_an_epoch_that_can_be_measured_is_better_than_one_that_cannot():
    scores = iter([np.nan, 0.5, np.nan, 0.4])
    assert run(metrics={"score": lambda out, y: next(scores)}, monitor="score").best == 2


def test_a_training_is_shown_in_a_line():
    assert repr(run(epochs=2)).startswith("<Training: all epochs, the best of 2 is epoch")
    assert "array" not in repr(run(epochs=0))


def test_no_improvement_ends_a_training():
    model = nn.Dense(2)
    done = nn.train(
        model, model.init(np.random.default_rng(0), (3,)), (X, Y), loss=nn.cross_entropy, update=nn.sgd(1e-12),
        epochs=50, patience=2, validation=(X, Y), metrics={"accuracy": accuracy}, monitor="accuracy",
    )  # fmt: skip
    assert done.stopped == "no improvement"
    assert (len(done.history), done.best) == (3, 1)


def test_without_validation_the_last_parameters_count():
    done = run(validation=None, metrics=None, update=nn.adam(0.01))
    same_bits(done.params, done.last)
    assert done.history[-1].validation is None


def test_a_loss_that_is_nan_is_said():
    with pytest.raises(ad.NonFiniteError, match=r"epoch 1, step 1: try a smaller"):
        nn.train(MODEL, PARAMS, (X * np.nan, Y), loss=nn.cross_entropy, update=nn.adam(0.01), epochs=1)


def test_ctrl_c_ends_with_the_best_so_far():
    seen = []

    def interrupting(rng, x):
        seen.append(1)
        if len(seen) == 8:
            os.kill(os.getpid(), signal.SIGINT)
        return x

    done = run(augment=interrupting)
    assert done.stopped == "interrupted"
    assert len(done.history) == 1
    assert done.best == 1


def test_predictions_of_any_number():
    layer = nn.Dense(2)
    params = layer.init(np.random.default_rng(0), (3,))
    for count in (0, 1, 7, 40):
        np.testing.assert_allclose(
            nn.predict(layer, params, X[:count], batch=7), layer(params, X[:count]), atol=1e-6
        )


def test_batches_cover_all():
    for drop, expected in ((True, 9), (False, 10)):
        rows = list(nn.batches(np.random.default_rng(0), 10, 3, drop=drop))
        assert len(set(np.concatenate(rows))) == expected
    order = [r.tolist() for r in nn.batches(np.random.default_rng(0), 10, 3)]
    assert order == [r.tolist() for r in nn.batches(np.random.default_rng(0), 10, 3)]


# Checkpoints

NEST = {
    "w": np.arange(6.0).reshape(2, 3), "half": np.ones(2, np.float16), "n": np.int64(3), "flag": np.array(True),
    "empty": np.zeros((0, 2), np.float32), "inner": [np.arange(3, dtype=np.uint8), (1, 2.5, None, "text", True)],
}  # fmt: skip


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "a.safetensors"
    nn.save(path, NEST, epoch=3, name="net")
    nest, more = nn.load(path)
    assert_same(nest, NEST)
    assert nest["inner"][1] == (1, 2.5, None, "text", True)
    assert isinstance(nest["n"], np.int64)
    assert more == {"epoch": 3, "name": "net"}


def test_other_programs_can_read_the_arrays(tmp_path):
    from safetensors.numpy import load_file

    nn.save(tmp_path / "a", NEST)
    np.testing.assert_array_equal(load_file(tmp_path / "a")["inner/0"], np.arange(3))


def test_damage_is_found_anywhere(tmp_path):
    path = tmp_path / "a"
    nn.save(path, {"w": np.arange(20.0)}, epoch=3, threshold=0.25, name="net")
    whole = path.read_bytes()
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 1
        path.write_bytes(data)
        try:
            nest, more = nn.load(path)
        except nn.CheckpointError:
            continue
        # Some bits of the frame are free: blanks, and whether a letter is written as it is.
        assert more == {"epoch": 3, "threshold": 0.25, "name": "net"}
        assert_same(nest, {"w": np.arange(20.0)})


def test_new_files_have_the_usual_permissions(tmp_path):
    nn.save(tmp_path / "a", {"w": np.ones(2)})
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_parts_of_processes_that_run_stay(tmp_path):
    ended = get_context("fork").Process(target=int)
    ended.start()
    ended.join()
    for process in (os.getpid(), os.getppid(), ended.pid):
        (tmp_path / f".a[1].{process}.x.part").write_bytes(b"")
    run(epochs=0, checkpoint=tmp_path / "a[1]")
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {f".a[1].{process}.x.part" for process in (os.getpid(), os.getppid())}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_full_disk_leaves_what_was_there(tmp_path):
    path = tmp_path / "a"
    nn.save(path, {"w": np.ones(2)})
    resource = pytest.importorskip("resource")

    def fill():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(OSError, match="File too large") as found:
            nn.save(path, {"w": np.ones(1000)})
        os._exit(found.value.filename != str(path))

    child = get_context("fork").Process(target=fill)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert nn.load(path)[0]["w"].tolist() == [1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("size", [0, 3, 8, 100, 500])
def test_a_file_that_ends_early_is_refused(tmp_path, size):
    path = tmp_path / "a"
    nn.save(path, {"w": np.arange(100.0)})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(nn.CheckpointError, match="not a whole"):
        nn.load(path)


def test_foreign_files_are_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(2)}, tmp_path / "foreign")
    with pytest.raises(nn.CheckpointError, match=r"not written by nn\.save"):
        nn.load(tmp_path / "foreign")
    (tmp_path / "text").write_text(json.dumps({"w": 1}))
    with pytest.raises(nn.CheckpointError):
        nn.load(tmp_path / "text")
    nn.save(tmp_path / "other", {"w": np.ones(2)})
    with pytest.raises(nn.CheckpointError, match="no checkpoint of a training"):
        run(checkpoint=tmp_path / "other")
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "none")


@pytest.mark.parametrize(
    ("nest", "words"),
    [
        ({"a": np.array([1j])}, "complex128 array at a"), ({"a": [object()]}, "object at a/0"),
        ({"a": np.array([None])}, "object array"), ({1: np.ones(2)}, "texts"), ({"a/b": np.ones(2)}, "texts"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_named(tmp_path, nest, words):
    with pytest.raises(ad.ArgumentError, match=words):
        nn.save(tmp_path / "a", nest)
    assert list(tmp_path.iterdir()) == []


WIDER = nn.Chain(**{**MODEL.layers, "hidden": nn.Dense(9)})
OTHERS = {
    "batch": {"batch": 8}, "seed": {"seed": 4}, "monitor": {"monitor": "accuracy"},
    "validation": {"validation": (X[:30], Y[:30])}, "data": {"data": (X[40:] + 1, Y[40:])},
    "parameters": {"model": WIDER, "params": WIDER.init(np.random.default_rng(1), (3,))},
    "optimizer": {"update": nn.amsgrad(0.01, average=0.9)},
    "generator": {"seed": np.random.Generator(np.random.MT19937(0))},
}  # fmt: skip


@pytest.mark.parametrize("what", OTHERS)
def test_another_training_is_not_continued(tmp_path, what):
    run(epochs=1, checkpoint=tmp_path / "a")
    with pytest.raises(ad.ArgumentError, match=f"with other .*{what}"):
        run(epochs=1, checkpoint=tmp_path / "a", **OTHERS[what])


def test_more_epochs_go_on(tmp_path):
    run(epochs=2, checkpoint=tmp_path / "a")
    done = run(epochs=4, checkpoint=tmp_path / "a")
    whole = run(epochs=4)
    same_bits((done.params, done.last), (whole.params, whole.last))
    assert losses(done) == losses(whole)
    # One that has ended already gives its result.
    same_bits(run(epochs=4, checkpoint=tmp_path / "a").params, whole.params)


def _train(path):
    return run(epochs=6, checkpoint=path, every=0.0, compile=True)


def _killed(path, seconds):
    """Whether a training in a process of its own was killed after so many seconds; if not, it came to its end."""
    child = get_context("fork").Process(target=_train, args=(path,))
    child.start()
    child.join(seconds)
    child.kill()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_killed_training_comes_to_the_same_bits(tmp_path, kills):
    whole, path, draw = run(epochs=6, compile=True), tmp_path / "a", random.Random(kills)

    def ends_as_the_whole():
        done = _train(path)
        same_bits((done.params, done.state, done.last), (whole.params, whole.state, whole.last))
        assert losses(done) == losses(whole)
        assert [p.name for p in tmp_path.iterdir()] == ["a"]
        path.unlink()

    start = time.monotonic()
    assert not _killed(path, None)
    longest, rest = time.monotonic() - start, kills
    ends_as_the_whole()
    while rest:
        if _killed(path, draw.uniform(0.0, longest)):
            rest -= 1
        else:
            # It was sooner done than killed.
            ends_as_the_whole()
    ends_as_the_whole()


def _writer(path, number):
    for k in range(60):
        nn.save(path, {"w": np.full(2000, number, np.int64)}, number=number, k=k)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_processes_write_one_checkpoint(tmp_path):
    path = tmp_path / "a"
    nn.save(path, {"w": np.zeros(2000, np.int64)}, number=0)
    children = [get_context("fork").Process(target=_writer, args=(path, number)) for number in (1, 2)]
    for child in children:
        child.start()
    seen = set()
    end = time.monotonic() + 60
    while any(child.is_alive() for child in children) and time.monotonic() < end:
        nest, more = nn.load(path)
        assert set(nest["w"]) == {more["number"]}
        seen.add(more["number"])
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert nn.load(path)[1]["k"] == 59
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


REFUSED = {
    "an array alone": (lambda: nn.train(MODEL, PARAMS, X, loss=nn.huber, update=nn.adam()), "tuple"),
    "a loss by name": (lambda: run(loss="cross_entropy"), "such as nn.cross_entropy"),
    "an optimizer by name": (lambda: run(update="adam"), r"nn.adam\(1e-3\)"),
    "an optimizer that is not made": (lambda: run(update=nn.adam), r"nn.adam\(1e-3\)"),
    "a metric by name": (lambda: run(metrics=["accuracy"]), "functions by name"),
    "no patience": (lambda: run(patience=0), "from 1 on"),
    "a folder": (lambda: run(checkpoint="."), "is a folder"),
    "a truth as a batch": (lambda: run(batch=True), "a batch has one"),
    "a batch of nothing": (lambda: run(batch=0), "a batch has one"),
    "a batch too large": (lambda: run(batch=1000), "batch=80"),
    "epochs": (lambda: run(epochs=1.5), "whole number"),
    "patience without validation": (lambda: run(validation=None, metrics=None, patience=3), "validation="),
    "a metric that is not there": (lambda: run(monitor="auc"), "monitor"),
    "rows": (
        lambda: nn.train(MODEL, PARAMS, (X, Y[:5]), loss=nn.cross_entropy, update=nn.adam()), "one example a row"
    ),
    "no validation": (lambda: run(validation=(X[:0], Y[:0])), "no examples"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, words = REFUSED[name]
    with pytest.raises(ad.DragongradError, match=words):
        call()


def test_the_history_is_drawn():
    pytest.importorskip("matplotlib").use("Agg")
    drawn = run(epochs=2).plot()
    assert [one.get_ylabel() for one in drawn] == ["loss", "accuracy"]
